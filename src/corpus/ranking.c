#include "corpus/ranking.h"

#include <stdlib.h>

#include "base/alloc.h"

typedef unsigned __int128 wide;

void mci_ranking_release(mci_ranking *ranking)
{
    for (size_t i = 0; i < ranking->n; i++)
        mci_free(ranking->items[i].text);
    mci_free(ranking->items);
    *ranking = (mci_ranking){ .max = ranking->max };
}

/* Negative if a comes before b. The products are below 2^126. */
static int compare(const mci_ranked *a, const mci_ranked *b)
{
    wide x = (wide)a->count * ((wide)b->first * b->second);
    wide y = (wide)b->count * ((wide)a->first * a->second);
    if (x != y)
        return x > y ? -1 : 1;
    size_t n = a->len < b->len ? a->len : b->len;
    int order = n ? memcmp(a->text, b->text, n) : 0;
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_for_qsort(const void *a, const void *b)
{
    return compare(a, b);
}

/* ---- a heap with the worst on top ---- */

static void swap(mci_ranked *a, mci_ranked *b)
{
    mci_ranked other = *a;
    *a = *b;
    *b = other;
}

static void sink(mci_ranking *ranking, size_t i)
{
    mci_ranked *items = ranking->items;
    for (;;) {
        size_t top = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < ranking->n && compare(&items[child], &items[top]) > 0)
                top = child;
        if (top == i)
            return;
        swap(&items[i], &items[top]);
        i = top;
    }
}

static mc_status copy_text(mci_ranked *item, mc_error *err)
{
    char *copy = mci_alloc(item->len + 1);
    if (!copy)
        return mci_nomem(err, item->len);
    memcpy(copy, item->text, item->len);
    item->text = copy;
    return MC_OK;
}

/* Takes the place of the worst, if it is better. */
static mc_status replace_worst(mci_ranking *ranking, mci_ranked item, mc_error *err)
{
    if (!ranking->is_heap)
        for (size_t i = ranking->n; i-- > 0;)
            sink(ranking, i);
    ranking->is_heap = true;
    if (compare(&item, &ranking->items[0]) > 0)
        return MC_OK;
    MC_TRY(copy_text(&item, err));
    mci_free(ranking->items[0].text);
    ranking->items[0] = item;
    sink(ranking, 0);
    return MC_OK;
}

mc_status mci_ranking_add(mci_ranking *ranking, mc_str text, uint64_t count, uint64_t first,
                          uint64_t second, mc_error *err)
{
    mci_ranked item = { count, first, second, (char *)(uintptr_t)text.data, text.len };
    void *items = ranking->items;
    if (ranking->max == 0)
        return MC_OK;
    if (ranking->n == ranking->max)
        return replace_worst(ranking, item, err);
    MC_TRY(mci_grow(&items, &ranking->cap, ranking->n + 1, sizeof *ranking->items, err));
    ranking->items = items;
    MC_TRY(copy_text(&item, err));
    ranking->items[ranking->n++] = item;
    return MC_OK;
}

void mci_ranking_sort(mci_ranking *ranking)
{
    if (ranking->n)
        qsort(ranking->items, ranking->n, sizeof *ranking->items, compare_for_qsort);
    ranking->is_heap = false;
}

/* ---- mutual information ---- */

bool mci_pmi_reaches(uint64_t count, uint64_t first, uint64_t second, uint64_t n, unsigned least)
{
    wide have = (wide)count * n, want = (wide)first * second;
    for (; least > 0; least--) { /* have is below 2^84 */
        if (want > have)
            return false;
        want <<= 1;
    }
    return have >= want;
}

static unsigned length_of(wide value)
{
    uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;
    return high ? 128 - (unsigned)__builtin_clzll(high) : 64 - (unsigned)__builtin_clzll(low | 1);
}

/* value as m * 2^(length - 1) with m in [1, 2), of which 63 bits behind the point are kept. */
static uint64_t mantissa_of(wide value, unsigned length)
{
    return length > 64 ? (uint64_t)(value >> (length - 64)) : (uint64_t)value << (64 - length);
}

int64_t mci_pmi_10000(uint64_t count, uint64_t first, uint64_t second, uint64_t n)
{
    enum { FRACTION_BITS = 24 };
    wide top = (wide)count * n, bottom = (wide)first * second;
    unsigned top_length = length_of(top), bottom_length = length_of(bottom);
    int64_t whole = (int64_t)top_length - bottom_length;
    wide ratio = ((wide)mantissa_of(top, top_length) << 62) / mantissa_of(bottom, bottom_length);
    uint64_t m = (uint64_t)ratio; /* 1 is 2^62; in (1/2, 2) */
    if (m < UINT64_C(1) << 62) {
        m <<= 1;
        whole--;
    }
    int64_t fraction = 0;
    for (unsigned i = 0; i < FRACTION_BITS; i++) { /* squaring shifts the logarithm's bits out */
        wide square = ((wide)m * m) >> 62;
        bool bit = square >= (wide)1 << 63;
        m = (uint64_t)(bit ? square >> 1 : square);
        fraction = fraction << 1 | bit;
    }
    int64_t fixed = whole * (INT64_C(1) << FRACTION_BITS) + fraction;
    int64_t scaled = fixed * 10000;
    int64_t unit = INT64_C(1) << FRACTION_BITS;
    return scaled >= 0 ? scaled / unit : -((-scaled + unit - 1) / unit);
}
