/* Two ways to the same symbols. A short word is an array that is gone over once a merge: nothing
 * beats that while it fits into a few cache lines. A long one is a list of nodes, with a heap of
 * the pairs that have a rank:
 *
 *     nodes   h - e - l - l - o</w>      heap   (17, place 2) (95, place 0) ...
 *
 * All entries of the smallest rank are taken at once, left to right, before any pair that they give
 * rise to is looked at. That is how it is defined, and matters where a list of merges puts a pair
 * before one that makes its parts. A pair can never give rise to itself: what it becomes is longer
 * than either part. */
#include "text/bpe_merge.h"

#include "base/alloc.h"

#define NONE UINT32_MAX

/* ---- short words ---- */

typedef struct {
    uint32_t symbol;
    uint32_t rank, becomes; /* of the pair with the next one; rank NONE: it stays */
} cell;

static inline void look_up(const mci_bpe_vocab *vocab, cell *cells, size_t i)
{
    const mci_bpe_merge *merge = mci_bpe_find(vocab, cells[i].symbol, cells[i + 1].symbol);
    cells[i].rank = merge ? merge->rank : NONE;
    cells[i].becomes = merge ? merge->symbol : NONE;
}

static uint32_t smallest_rank(const cell *cells, size_t n)
{
    uint32_t rank = NONE;
    for (size_t i = 0; i < n; i++)
        rank = cells[i].rank < rank ? cells[i].rank : rank;
    return rank;
}

/* Merges the pairs of this rank, and looks up the pairs that a merged cell is part of; gives how
 * many cells are left. */
static size_t merge_round(const mci_bpe_vocab *vocab, cell *cells, size_t n, uint32_t rank)
{
    size_t to = 0;
    bool was_merged = false;
    for (size_t from = 0; from < n; to++) {
        bool is_merged = cells[from].rank == rank;
        cell moved = cells[from];
        if (is_merged)
            moved.symbol = moved.becomes;
        from += is_merged ? 2 : 1;
        cells[to] = moved;
        if (to > 0 && (is_merged || was_merged))
            look_up(vocab, cells, to - 1);
        was_merged = is_merged;
    }
    cells[to - 1].rank = NONE;
    return to;
}

static size_t short_word(const mci_bpe_vocab *vocab, mc_str word, int32_t *ids)
{
    cell cells[MCI_BPE_SHORT];
    size_t n = word.len;
    for (size_t i = 0; i < n; i++)
        cells[i].symbol = vocab->inner[(unsigned char)word.data[i]];
    cells[n - 1] = (cell){ vocab->last[(unsigned char)word.data[n - 1]], NONE, NONE };
    for (size_t i = 0; i + 1 < n; i++)
        look_up(vocab, cells, i);
    for (uint32_t rank; n > 1 && (rank = smallest_rank(cells, n)) != NONE;)
        n = merge_round(vocab, cells, n, rank);
    for (size_t i = 0; i < n; i++)
        ids[i] = vocab->ids[cells[i].symbol];
    return n;
}

/* ---- long words ---- */

typedef struct mci_bpe_node {
    uint32_t symbol, rank, becomes;
    uint32_t before, next; /* places; NONE at the ends */
} node;

static void push(mci_bpe_scratch *s, uint64_t entry)
{
    size_t at = s->n_heap++;
    while (at > 0 && s->heap[(at - 1) / 2] > entry) {
        s->heap[at] = s->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->heap[at] = entry;
}

static uint64_t pop(mci_bpe_scratch *s)
{
    uint64_t top = s->heap[0], last = s->heap[--s->n_heap];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= s->n_heap)
            break;
        child += child + 1 < s->n_heap && s->heap[child + 1] < s->heap[child];
        if (s->heap[child] >= last)
            break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = last;
    return top;
}

/* Looks up the pair that begins at a place, and has it wait its turn. */
static void rate(const mci_bpe_vocab *vocab, mci_bpe_scratch *s, uint32_t place)
{
    node *left = &s->nodes[place];
    const mci_bpe_merge *merge =
        left->next == NONE ? NULL : mci_bpe_find(vocab, left->symbol, s->nodes[left->next].symbol);
    left->rank = merge ? merge->rank : NONE;
    left->becomes = merge ? merge->symbol : NONE;
    if (merge)
        push(s, (uint64_t)left->rank << 32 | place);
}

static void merge_at(const mci_bpe_vocab *vocab, mci_bpe_scratch *s, uint32_t place)
{
    node *left = &s->nodes[place], *right = &s->nodes[left->next];
    left->symbol = left->becomes;
    left->next = right->next;
    right->rank = NONE; /* it is gone: its entry in the heap means nothing */
    if (left->next != NONE)
        s->nodes[left->next].before = place;
    rate(vocab, s, place);
    if (left->before != NONE)
        rate(vocab, s, left->before);
}

/* Takes all entries of the smallest rank off the heap, left to right, and merges those that still
 * stand. An entry is stale if its place has another pair now. */
static void heap_round(const mci_bpe_vocab *vocab, mci_bpe_scratch *s)
{
    uint32_t rank = (uint32_t)(s->heap[0] >> 32);
    size_t n = 0;
    while (s->n_heap > 0 && (uint32_t)(s->heap[0] >> 32) == rank)
        s->round[n++] = (uint32_t)pop(s);
    for (size_t i = 0; i < n; i++) {
        if (s->nodes[s->round[i]].rank == rank)
            merge_at(vocab, s, s->round[i]);
    }
}

/* A merge takes a place away and rates two: 3 entries a byte is the most that there can be. */
static mc_status make_room(mci_bpe_scratch *s, size_t len, mc_error *err)
{
    MC_TRY(mci_grow((void **)&s->nodes, &s->cap_nodes, len, sizeof *s->nodes, err));
    MC_TRY(mci_grow((void **)&s->heap, &s->cap_heap, 3 * len, sizeof *s->heap, err));
    return mci_grow((void **)&s->round, &s->cap_round, 3 * len, sizeof *s->round, err);
}

static mc_status long_word(const mci_bpe_vocab *vocab, mci_bpe_scratch *s, mc_str word,
                           int32_t *ids, size_t *n, mc_error *err)
{
    uint32_t len = (uint32_t)word.len;
    MC_TRY(make_room(s, word.len, err));
    for (uint32_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)word.data[i];
        s->nodes[i] = (node){ i + 1 < len ? vocab->inner[byte] : vocab->last[byte], NONE, NONE,
                              i - 1, i + 1 < len ? i + 1 : NONE }; /* 0 - 1 is NONE */
    }
    s->n_heap = 0;
    for (uint32_t i = 0; i < len; i++)
        rate(vocab, s, i);
    while (s->n_heap > 0)
        heap_round(vocab, s);
    *n = 0;
    for (uint32_t i = 0; i != NONE; i = s->nodes[i].next)
        ids[(*n)++] = vocab->ids[s->nodes[i].symbol];
    return MC_OK;
}

mc_status mci_bpe_word(const mci_bpe_vocab *vocab, mci_bpe_scratch *scratch, mc_str word,
                       int32_t *ids, size_t *n, mc_error *err)
{
    if (word.len > MCI_BPE_SHORT)
        return long_word(vocab, scratch, word, ids, n, err);
    *n = short_word(vocab, word, ids);
    return MC_OK;
}

void mci_bpe_scratch_release(mci_bpe_scratch *scratch)
{
    mci_free(scratch->nodes);
    mci_free(scratch->heap);
    mci_free(scratch->round);
    *scratch = (mci_bpe_scratch){ 0 };
}
