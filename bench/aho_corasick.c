#include "aho_corasick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/worldwide.h"

/* The patterns lo..hi of the sorted list share the letters that lead to a node. */
typedef struct {
    uint32_t lo, hi;
} range;

static void *allocate(size_t n, size_t item_bytes)
{
    void *memory = calloc(n ? n : 1, item_bytes);
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

static int by_pattern(const void *a, const void *b)
{
    const mc_str *first = a, *second = b;
    size_t n = first->len < second->len ? first->len : second->len;
    int order = n ? memcmp(first->data, second->data, n) : 0;
    if (order)
        return order;
    return (first->len > second->len) - (first->len < second->len);
}

/* The node that letter leads to; 0: none. */
static uint32_t child(const aho_corasick *a, uint32_t node, uint8_t letter)
{
    if (node == 0)
        return a->root[letter];
    for (uint32_t i = a->first_child[node]; i < a->first_child[node + 1]; i++) {
        if (a->letters[i] == letter)
            return i;
    }
    return 0;
}

static uint32_t step(const aho_corasick *a, uint32_t node, uint8_t letter)
{
    uint32_t next = child(a, node, letter);
    while (!next && node) {
        node = a->fail[node];
        next = child(a, node, letter);
    }
    return next;
}

/* Appends the children of a node at this depth: one for each next letter of its patterns. */
static void add_children(aho_corasick *a, const mc_str *sorted, range *ranges, uint32_t node,
                         size_t depth)
{
    range all = ranges[node];
    a->first_child[node] = (uint32_t)a->n_nodes;
    while (all.lo < all.hi && sorted[all.lo].len == depth) {
        a->n_entries[node]++;
        all.lo++;
    }
    while (all.lo < all.hi) {
        uint8_t letter = (uint8_t)sorted[all.lo].data[depth];
        uint32_t made = (uint32_t)a->n_nodes++, hi = all.lo;
        while (hi < all.hi && (uint8_t)sorted[hi].data[depth] == letter)
            hi++;
        ranges[made] = (range){ all.lo, hi };
        a->letters[made] = letter;
        a->fail[made] = node; /* for now: the parent */
        all.lo = hi;
        if (node == 0)
            a->root[letter] = made;
    }
}

static void link_nodes(aho_corasick *a)
{
    a->first_child[a->n_nodes] = (uint32_t)a->n_nodes;
    for (uint32_t node = 1; node < a->n_nodes; node++) {
        uint32_t parent = a->fail[node];
        a->fail[node] = parent ? step(a, a->fail[parent], a->letters[node]) : 0;
        uint32_t end = a->fail[node];
        a->report[node] = a->n_entries[end] ? end : a->report[end];
    }
}

/* Writes the entry with the spaces that the rule wants. */
static mc_str space_entry(mc_match_rule rule, mc_str entry, char *to)
{
    mci_open_sides open = { false, false };
    size_t n = 0;
    if (rule == MC_RULE_WORLDWIDE)
        open = mci_entry_open_sides(entry);
    if (!open.left)
        to[n++] = ' ';
    memcpy(to + n, entry.data, entry.len);
    n += entry.len;
    if (!open.right)
        to[n++] = ' ';
    return (mc_str){ to, n };
}

aho_corasick aho_corasick_build(mc_match_rule rule, const mc_str *entries, size_t n)
{
    aho_corasick a = { .n_nodes = 1 };
    mc_str *sorted = allocate(n, sizeof *sorted);
    size_t n_sorted = 0, n_letters = 0, n_most = 0;
    for (size_t i = 0; i < n; i++)
        n_most += entries[i].len + 2;
    char *patterns = allocate(n_most, 1);
    for (size_t i = 0; i < n; i++) {
        if (!mc_entry_can_match(entries[i], NULL))
            continue;
        sorted[n_sorted] = space_entry(rule, entries[i], patterns + n_letters);
        n_letters += sorted[n_sorted++].len;
    }
    qsort(sorted, n_sorted, sizeof *sorted, by_pattern);
    a.letters = allocate(n_letters + 2, sizeof *a.letters);
    a.first_child = allocate(n_letters + 2, sizeof *a.first_child);
    a.fail = allocate(n_letters + 2, sizeof *a.fail);
    a.report = allocate(n_letters + 2, sizeof *a.report);
    a.n_entries = allocate(n_letters + 2, sizeof *a.n_entries);
    a.seen = allocate(n_letters + 2, sizeof *a.seen);
    range *ranges = allocate(n_letters + 2, sizeof *ranges);
    ranges[0] = (range){ 0, (uint32_t)n_sorted };
    size_t level_end = 1, depth = 0;
    for (uint32_t node = 0; node < a.n_nodes; node++) {
        if (node == level_end) {
            level_end = a.n_nodes;
            depth++;
        }
        add_children(&a, sorted, ranges, node, depth);
    }
    link_nodes(&a);
    free(ranges);
    free(sorted);
    free(patterns);
    return a;
}

size_t aho_corasick_count(aho_corasick *a, mc_str spaced)
{
    size_t count = 0;
    uint32_t node = 0;
    a->n_texts++;
    for (size_t i = 0; i < spaced.len; i++) {
        node = step(a, node, (uint8_t)spaced.data[i]);
        uint32_t end = a->n_entries[node] ? node : a->report[node];
        for (; end && a->seen[end] != a->n_texts; end = a->report[end]) {
            a->seen[end] = a->n_texts;
            count += a->n_entries[end];
        }
    }
    return count;
}

size_t aho_corasick_bytes(const aho_corasick *a)
{
    return a->n_nodes * (1 + 5 * sizeof(uint32_t));
}

void aho_corasick_release(aho_corasick *a)
{
    free(a->letters);
    free(a->first_child);
    free(a->fail);
    free(a->report);
    free(a->n_entries);
    free(a->seen);
    *a = (aho_corasick){ 0 };
}
