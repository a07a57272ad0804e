#include "aho_corasick.h"

#include <stdio.h>
#include <stdlib.h>

#include "metaclip/text.h"

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

static size_t pattern_len(mc_str entry)
{
    return entry.len + 2;
}

static uint8_t pattern_letter(mc_str entry, size_t i)
{
    return i == 0 || i == entry.len + 1 ? ' ' : (uint8_t)entry.data[i - 1];
}

static int by_pattern(const void *a, const void *b)
{
    const mc_str *first = a, *second = b;
    for (size_t i = 0; i < pattern_len(*first) && i < pattern_len(*second); i++) {
        int order = pattern_letter(*first, i) - pattern_letter(*second, i);
        if (order)
            return order;
    }
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
    while (all.lo < all.hi && pattern_len(sorted[all.lo]) == depth) {
        a->n_entries[node]++;
        all.lo++;
    }
    while (all.lo < all.hi) {
        uint8_t letter = pattern_letter(sorted[all.lo], depth);
        uint32_t made = (uint32_t)a->n_nodes++, hi = all.lo;
        while (hi < all.hi && pattern_letter(sorted[hi], depth) == letter)
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

aho_corasick aho_corasick_build(const mc_str *entries, size_t n)
{
    aho_corasick a = { .n_nodes = 1 };
    mc_str *sorted = allocate(n, sizeof *sorted);
    size_t n_sorted = 0, n_letters = 0;
    for (size_t i = 0; i < n; i++) {
        if (!mc_entry_can_match(entries[i], NULL))
            continue;
        sorted[n_sorted++] = entries[i];
        n_letters += pattern_len(entries[i]);
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
