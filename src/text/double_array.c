/* Lays the rows of children into one array, so that they interlock:
 *
 *     node A, codes 1 3      base 4   slots  . . . . . A1 . A3 .
 *     node B, codes 1 2 4    base 5                    . B1 .      B1 is 6: free; B2 is 7: taken
 *                            base 7                          . B1 B2 . B4
 *
 * Nodes with the most children come first, while there is room; those with one child fill what is
 * left between. Free slots are chained. A row is tried at a window of them, which moves on if it
 * fits nowhere there, and at last begins behind all others. The window goes back to the first free
 * slot only when rows have become half as long, so building takes time in proportion to the nodes.
 */
#include "base/alloc.h"
#include "text/automaton_internal.h"

enum { WINDOW = 256 }; /* free slots; found by bench_worldwide */

typedef struct {
    uint32_t *next, *before; /* of free slots, a ring through slot 0, which is nobody's */
    size_t n, cap;           /* slots that are in use or chained */
    bool *taken, *is_base;
    uint32_t cursor;  /* the free slot where the search begins; 0: the next to be made */
    size_t row_scale; /* of the rows since it was there */
} places;

/* ---- free slots ---- */

static mc_status grow_places(places *p, size_t n, mc_error *err)
{
    if (n > UINT32_MAX / 2)
        return mc_fail(err, MC_E_LIMIT, "the entries' automaton has more than 2^31 slots");
    if (n > p->cap) {
        size_t cap = 2 * p->cap > n ? 2 * p->cap : n;
        uint32_t *next = mci_realloc(p->next, cap * sizeof *next);
        p->next = next ? next : p->next;
        uint32_t *before = mci_realloc(p->before, cap * sizeof *before);
        p->before = before ? before : p->before;
        bool *taken = mci_realloc(p->taken, cap * sizeof *taken);
        p->taken = taken ? taken : p->taken;
        bool *is_base = mci_realloc(p->is_base, cap * sizeof *is_base);
        p->is_base = is_base ? is_base : p->is_base;
        if (!next || !before || !taken || !is_base)
            return mci_nomem(err, cap * sizeof *next);
        p->cap = cap;
    }
    for (; p->n < n; p->n++) {
        uint32_t slot = (uint32_t)p->n, last = p->n ? p->before[0] : 0;
        if (p->cursor == 0)
            p->cursor = slot;
        p->taken[slot] = p->is_base[slot] = slot == 0;
        p->before[slot] = last;
        p->next[slot] = 0;
        p->next[last] = slot;
        p->before[0] = slot;
    }
    return MC_OK;
}

static void take(places *p, size_t slot)
{
    if (p->cursor == slot)
        p->cursor = p->next[slot];
    p->taken[slot] = true;
    p->next[p->before[slot]] = p->next[slot];
    p->before[p->next[slot]] = p->before[slot];
}

static bool fits(const places *p, size_t base, const uint32_t *codes, size_t n)
{
    size_t i = 0;
    if (p->is_base[base])
        return false;
    while (i < n && (base + codes[i] >= p->n || !p->taken[base + codes[i]]))
        i++;
    return i == n;
}

/* The codes of a row ascend, as patterns were sorted by them. */
static size_t find_base(places *p, const uint32_t *codes, size_t n)
{
    if (2 * n <= p->row_scale || p->row_scale == 0) {
        p->row_scale = n;
        p->cursor = p->next[0];
    }
    while (p->cursor) {
        uint32_t slot = p->cursor;
        for (int i = 0; slot && i < WINDOW; i++, slot = p->next[slot]) {
            if (slot >= codes[0] && fits(p, slot - codes[0], codes, n))
                return slot - codes[0];
        }
        p->cursor = slot;
    }
    size_t base = p->n - codes[0];
    while (base < p->n && p->is_base[base])
        base++;
    return base;
}

/* ---- rows ---- */

static size_t n_children(const mci_trie *trie, size_t node)
{
    return trie->first_child[node + 1] - trie->first_child[node];
}

static mc_status place_row(const mci_trie *trie, size_t node, places *p, uint32_t *slots,
                           uint32_t *bases, mc_error *err)
{
    uint32_t first = trie->first_child[node];
    const uint32_t *codes = trie->codes + first;
    size_t n = n_children(trie, node), base = find_base(p, codes, n);
    if (base + codes[n - 1] >= p->n)
        MC_TRY(grow_places(p, base + codes[n - 1] + 1, err));
    p->is_base[base] = true;
    for (size_t i = 0; i < n; i++) {
        slots[first + i] = (uint32_t)(base + codes[i]);
        take(p, base + codes[i]);
    }
    bases[node] = (uint32_t)base;
    return MC_OK;
}

/* The nodes with children but the root, those with the most first; of equal ones in their order. */
static size_t order_nodes(const mci_trie *trie, uint32_t n_codes, uint32_t *starts, uint32_t *order)
{
    for (size_t node = 1; node < trie->n; node++)
        starts[n_codes - n_children(trie, node)]++;
    uint32_t sum = 0;
    for (size_t i = 0; i <= n_codes; i++) {
        uint32_t count = starts[i];
        starts[i] = sum;
        sum += count;
    }
    size_t n = starts[n_codes]; /* behind it are those without */
    for (size_t node = 1; node < trie->n; node++)
        order[starts[n_codes - n_children(trie, node)]++] = (uint32_t)node;
    return n;
}

mc_status mci_double_array_place(const mci_trie *trie, uint32_t n_codes, uint32_t *slots,
                                 uint32_t *bases, size_t *n_slots, mc_error *err)
{
    places p = { 0 };
    uint32_t *starts = mci_alloc_zeroed((size_t)n_codes + 1, sizeof *starts);
    uint32_t *order = mci_alloc(trie->n * sizeof *order);
    mc_status status =
        starts && order ? grow_places(&p, n_codes, err) : mci_nomem(err, trie->n * sizeof *order);
    size_t n = status >= 0 ? order_nodes(trie, n_codes, starts, order) : 0;
    for (size_t i = 0; i < n && status >= 0; i++)
        status = place_row(trie, order[i], &p, slots, bases, err);
    if (status >= 0)
        *n_slots = p.n + n_codes;
    mci_free(starts);
    mci_free(order);
    mci_free(p.next);
    mci_free(p.before);
    mci_free(p.taken);
    mci_free(p.is_base);
    return status;
}
