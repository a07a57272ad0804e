/* The tree of patterns: they are written in codes and sorted, so that those with a common beginning
 * are neighbours, and a node is a row of them. */
#include <stdlib.h>

#include "base/alloc.h"
#include "text/automaton_internal.h"

enum { MAX_NODES = 1 << 30 };

typedef struct {
    const uint32_t *codes; /* in builder.codes */
    uint32_t len, id;
} coded;

typedef struct {
    const mci_pattern *patterns;
    size_t n;
    uint32_t *codes;
    coded *sorted;
    uint32_t *from, *to; /* [trie->cap] the row of each node */
    mci_trie *trie;
} builder;

/* ---- characters ---- */

static void count_characters(const builder *b, mci_character_counts *counts)
{
    for (size_t i = 0; i < b->n; i++) {
        const mci_pattern *pattern = &b->patterns[i];
        const char *at = pattern->text.data, *end = at + pattern->text.len;
        if (!pattern->open.left)
            mci_character_count(counts, ' ');
        while (at < end)
            mci_character_count(counts, mci_character_next(&at, end));
        if (!pattern->open.right)
            mci_character_count(counts, ' ');
    }
}

static mc_status number_characters(const builder *b, mci_characters *characters, mc_error *err)
{
    mci_character_counts counts = { .counts =
                                        mci_alloc_zeroed(MCI_N_CHARACTERS, sizeof(uint32_t)) };
    if (!counts.counts)
        return mci_nomem(err, MCI_N_CHARACTERS * sizeof(uint32_t));
    count_characters(b, &counts);
    mc_status status = mci_characters_number(&counts, characters, err);
    mci_free(counts.counts);
    return status;
}

/* ---- patterns in codes ---- */

static uint32_t *encode(const mci_characters *characters, const mci_pattern *pattern, uint32_t *to)
{
    const char *at = pattern->text.data, *end = at + pattern->text.len;
    if (!pattern->open.left)
        *to++ = mci_code_of(characters, ' ');
    while (at < end)
        *to++ = mci_code_of(characters, mci_character_next(&at, end));
    if (!pattern->open.right)
        *to++ = mci_code_of(characters, ' ');
    return to;
}

static int by_codes(const void *a, const void *b)
{
    const coded *x = a, *y = b;
    uint32_t n = x->len < y->len ? x->len : y->len, i = 0;
    while (i < n && x->codes[i] == y->codes[i])
        i++;
    if (i < n)
        return x->codes[i] < y->codes[i] ? -1 : 1;
    return (x->len > y->len) - (x->len < y->len);
}

static mc_status sort_patterns(builder *b, const mci_characters *characters, mc_error *err)
{
    size_t n_codes = 1;
    for (size_t i = 0; i < b->n; i++)
        n_codes += b->patterns[i].text.len + 2;
    if (n_codes > UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, "entries of more than 4 GiB");
    b->codes = mci_alloc(n_codes * sizeof *b->codes);
    b->sorted = mci_alloc_zeroed(b->n + 1, sizeof *b->sorted);
    if (!b->codes || !b->sorted)
        return mci_nomem(err, n_codes * sizeof *b->codes);
    uint32_t *to = b->codes;
    for (size_t i = 0; i < b->n; i++) {
        uint32_t *end = encode(characters, &b->patterns[i], to);
        b->sorted[i] = (coded){ to, (uint32_t)(end - to), b->patterns[i].id };
        to = end;
    }
    qsort(b->sorted, b->n, sizeof *b->sorted, by_codes);
    return MC_OK;
}

/* ---- nodes ---- */

static mc_status grow_array(uint32_t **array, size_t cap, mc_error *err)
{
    uint32_t *grown = mci_realloc(*array, cap * sizeof *grown);
    if (!grown)
        return mci_nomem(err, cap * sizeof *grown);
    *array = grown;
    return MC_OK;
}

static mc_status make_room(builder *b, mc_error *err)
{
    mci_trie *trie = b->trie;
    if (trie->n + 1 < trie->cap)
        return MC_OK;
    if (trie->n >= MAX_NODES)
        return mc_fail(err, MC_E_LIMIT, "more than 2^30 different beginnings of entries");
    size_t cap = trie->cap ? 2 * trie->cap : 1024;
    MC_TRY(grow_array(&trie->first_child, cap, err));
    MC_TRY(grow_array(&trie->codes, cap, err));
    MC_TRY(grow_array(&trie->id_plus_1, cap, err));
    MC_TRY(grow_array(&b->from, cap, err));
    MC_TRY(grow_array(&b->to, cap, err));
    trie->cap = cap;
    return MC_OK;
}

static mc_status add_node(builder *b, uint32_t code, size_t from, size_t to, mc_error *err)
{
    MC_TRY(make_room(b, err));
    size_t node = b->trie->n++;
    b->trie->codes[node] = code;
    b->trie->id_plus_1[node] = 0;
    b->from[node] = (uint32_t)from;
    b->to[node] = (uint32_t)to;
    return MC_OK;
}

/* All patterns of the node's row agree in their first `depth` codes. One that is no longer comes
 * first. */
static mc_status add_children(builder *b, size_t node, uint32_t depth, mc_error *err)
{
    size_t i = b->from[node], to = b->to[node];
    b->trie->first_child[node] = (uint32_t)b->trie->n;
    for (; i < to && b->sorted[i].len == depth; i++)
        b->trie->id_plus_1[node] = b->sorted[i].id + 1;
    while (i < to) {
        uint32_t code = b->sorted[i].codes[depth];
        size_t from = i;
        while (i < to && b->sorted[i].codes[depth] == code)
            i++;
        MC_TRY(add_node(b, code, from, i, err));
    }
    return MC_OK;
}

static mc_status grow_tree(builder *b, mc_error *err)
{
    mci_trie *trie = b->trie;
    MC_TRY(add_node(b, 0, 0, b->n, err));
    size_t node = 0;
    for (uint32_t depth = 0; node < trie->n; depth++) {
        for (size_t level_end = trie->n; node < level_end; node++)
            MC_TRY(add_children(b, node, depth, err));
    }
    trie->first_child[trie->n] = (uint32_t)trie->n;
    return MC_OK;
}

mc_status mci_trie_grow(const mci_pattern *patterns, size_t n, mci_characters *characters,
                        mci_trie *out, mc_error *err)
{
    builder b = { .patterns = patterns, .n = n, .trie = out };
    mc_status status = number_characters(&b, characters, err);
    if (status >= 0)
        status = sort_patterns(&b, characters, err);
    if (status >= 0)
        status = grow_tree(&b, err);
    mci_free(b.codes);
    mci_free(b.sorted);
    mci_free(b.from);
    mci_free(b.to);
    return status;
}

void mci_trie_release(mci_trie *trie)
{
    mci_free(trie->first_child);
    mci_free(trie->codes);
    mci_free(trie->id_plus_1);
    *trie = (mci_trie){ 0 };
}
