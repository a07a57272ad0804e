#include "curate/key_table.h"

#include "base/alloc.h"

enum {
    KEY_BYTES = 16,
    FEW = 32,            /* so many keys are sorted by insertion */
    KEYS_OF_A_START = 8, /* at most so many share one, on the average */
};

void mci_key_table_release(mci_key_table *table)
{
    mci_free(table->keys);
    mci_free(table->starts);
    *table = (mci_key_table){ 0 };
}

mc_status mci_key_table_add(mci_key_table *table, mci_hash128 key, mc_error *err)
{
    void *keys = table->keys;
    if (table->n == UINT32_MAX)
        return mc_fail(err, MC_E_LIMIT, "more than %u items", UINT32_MAX);
    MC_TRY(mci_grow(&keys, &table->cap, table->n + 1, sizeof *table->keys, err));
    table->keys = keys;
    table->keys[table->n++] = key;
    return MC_OK;
}

/* ---- sorting ---- */

static bool is_before(mci_hash128 a, mci_hash128 b)
{
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

static bool is_equal(mci_hash128 a, mci_hash128 b)
{
    return a.high == b.high && a.low == b.low;
}

static void sort_few(mci_hash128 *keys, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        mci_hash128 key = keys[i];
        size_t j = i;
        for (; j > 0 && is_before(key, keys[j - 1]); j--)
            keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

/* The byte of a key at this place, 0 for the most significant one. */
static size_t byte_of(mci_hash128 key, unsigned place)
{
    uint64_t half = place < 8 ? key.high : key.low;
    return half >> (56 - place % 8 * 8) & 0xFF;
}

/* By the byte at `place`, then each of the 256 parts by the next one: linear whatever the keys are,
 * and in place (qsort would take as much memory again). */
static void sort_keys(mci_hash128 *keys, size_t n, unsigned place)
{
    size_t at[256], ends[256] = { 0 }, start = 0;
    if (n <= FEW)
        sort_few(keys, n);
    if (n <= FEW || place == KEY_BYTES)
        return;
    for (size_t i = 0; i < n; i++)
        ends[byte_of(keys[i], place)]++;
    for (size_t b = 0; b < 256; b++) {
        at[b] = start;
        start = ends[b] += start;
    }
    for (size_t b = 0; b < 256; b++)
        while (at[b] < ends[b]) {
            mci_hash128 key = keys[at[b]];
            size_t home = byte_of(key, place);
            keys[at[b]] = keys[at[home]];
            keys[at[home]++] = key;
        }
    for (size_t b = 0; b < 256; b++)
        sort_keys(keys + (b ? ends[b - 1] : 0), ends[b] - (b ? ends[b - 1] : 0), place + 1);
}

static void drop_repeated(mci_key_table *table)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n; i++)
        if (n == 0 || !is_equal(table->keys[i], table->keys[n - 1]))
            table->keys[n++] = table->keys[i];
    table->n = n;
}

/* ---- finding ---- */

static size_t start_of(const mci_key_table *table, mci_hash128 key)
{
    return table->n_bits ? (size_t)(key.high >> (64 - table->n_bits)) : 0;
}

static mc_status make_starts(mci_key_table *table, mc_error *err)
{
    while (table->n >> table->n_bits > KEYS_OF_A_START)
        table->n_bits++;
    size_t n_starts = ((size_t)1 << table->n_bits) + 1;
    table->starts = mci_alloc_zeroed(n_starts, sizeof *table->starts);
    if (!table->starts)
        return mci_nomem(err, n_starts * sizeof *table->starts);
    for (size_t i = 0; i < table->n; i++)
        table->starts[start_of(table, table->keys[i]) + 1]++;
    for (size_t i = 1; i < n_starts; i++)
        table->starts[i] += table->starts[i - 1];
    return MC_OK;
}

mc_status mci_key_table_seal(mci_key_table *table, mc_error *err)
{
    if (table->n == 0)
        return MC_OK;
    sort_keys(table->keys, table->n, 0);
    drop_repeated(table);
    void *keys = mci_realloc(table->keys, table->n * sizeof *table->keys);
    if (!keys)
        return mci_nomem(err, table->n * sizeof *table->keys);
    table->keys = keys;
    table->cap = table->n;
    return make_starts(table, err);
}

bool mci_key_table_has(const mci_key_table *table, mci_hash128 key)
{
    if (!table->starts)
        return false;
    size_t start = start_of(table, key);
    size_t low = table->starts[start], high = table->starts[start + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_before(table->keys[middle], key))
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->starts[start + 1] && is_equal(table->keys[low], key);
}
