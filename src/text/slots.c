#include "text/slots.h"

#include "base/alloc.h"

enum { KEYS_A_BUCKET = 6, MAX_PILOT = UINT16_MAX, MIN_BUCKET_BITS = 1 };

typedef struct {
    mci_slots slots;
    uint16_t *pilots;
    size_t n_buckets;
    uint32_t *keys;   /* the lower halves of the hashes, bucket by bucket */
    uint32_t *starts; /* [n_buckets + 1] of each bucket in `keys` */
    uint32_t *order;  /* the buckets, the fullest first */
    uint64_t *taken;  /* a bit for each slot */
    uint32_t largest; /* keys in the fullest bucket */
} placing;

static void release(placing *p)
{
    mci_free(p->keys);
    mci_free(p->starts);
    mci_free(p->order);
    mci_free(p->taken);
}

static mc_status allocate(placing *p, size_t n, mc_error *err)
{
    unsigned bits = MIN_BUCKET_BITS;
    while ((size_t)KEYS_A_BUCKET << bits < n)
        bits++;
    p->n_buckets = (size_t)1 << bits;
    p->slots.shift = 64 - bits;
    p->slots.n_slots = (uint32_t)(n + n / 8 + 1);
    p->keys = mci_alloc((n + 1) * sizeof *p->keys);
    p->starts = mci_alloc_zeroed(p->n_buckets + 1, sizeof *p->starts);
    p->order = mci_alloc(p->n_buckets * sizeof *p->order);
    p->taken = mci_alloc_zeroed(p->slots.n_slots / 64 + 1, sizeof *p->taken);
    if (!p->keys || !p->starts || !p->order || !p->taken)
        return mci_nomem(err, n * sizeof *p->keys);
    MC_TRY(mci_table_memory_new(p->n_buckets, sizeof *p->pilots, &p->slots.memory, err));
    p->pilots = p->slots.memory.data;
    p->slots.pilots = p->pilots;
    return MC_OK;
}

/* Sorts the keys by bucket, by counting. */
static void fill_buckets(placing *p, const uint64_t *hashes, size_t n)
{
    uint32_t *starts = p->starts, sum = 0;
    for (size_t i = 0; i < n; i++)
        starts[hashes[i] >> p->slots.shift]++;
    for (size_t b = 0; b < p->n_buckets; b++) {
        if (starts[b] > p->largest)
            p->largest = starts[b];
        sum += starts[b];
        starts[b] = sum; /* the end; filling moves it to the start */
    }
    starts[p->n_buckets] = sum;
    for (size_t i = 0; i < n; i++)
        p->keys[--starts[hashes[i] >> p->slots.shift]] = (uint32_t)hashes[i];
}

static uint32_t bucket_len(const placing *p, size_t bucket)
{
    return p->starts[bucket + 1] - p->starts[bucket];
}

static mc_status sort_buckets(placing *p, mc_error *err)
{
    uint32_t *places = mci_alloc_zeroed((size_t)p->largest + 2, sizeof *places);
    if (!places)
        return mci_nomem(err, ((size_t)p->largest + 2) * sizeof *places);
    for (size_t b = 0; b < p->n_buckets; b++)
        places[p->largest - bucket_len(p, b) + 1]++;
    for (size_t i = 1; i <= p->largest; i++)
        places[i] += places[i - 1];
    for (size_t b = 0; b < p->n_buckets; b++)
        p->order[places[p->largest - bucket_len(p, b)]++] = (uint32_t)b;
    mci_free(places);
    return MC_OK;
}

static uint32_t slot_under(const placing *p, uint32_t key, uint32_t pilot)
{
    return (uint32_t)((uint64_t)(uint32_t)(key * (2 * pilot + 1)) * p->slots.n_slots >> 32);
}

/* Whether no other bucket's key has one of the slots: without a branch for each, as most pilots
 * fail at a key that nobody can guess. */
static bool are_free(const placing *p, const uint32_t *keys, uint32_t n, uint32_t pilot)
{
    uint64_t taken = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t slot = slot_under(p, keys[i], pilot);
        taken |= p->taken[slot >> 6] >> (slot & 63);
    }
    return !(taken & 1);
}

/* Takes the slots of the bucket's keys under this pilot; takes none if one of them is not free. */
static bool take(placing *p, const uint32_t *keys, uint32_t n, uint32_t pilot)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t slot = slot_under(p, keys[i], pilot);
        uint64_t bit = UINT64_C(1) << (slot & 63);
        if (!(p->taken[slot >> 6] & bit)) {
            p->taken[slot >> 6] |= bit;
            continue;
        }
        while (i-- > 0) {
            slot = slot_under(p, keys[i], pilot);
            p->taken[slot >> 6] &= ~(UINT64_C(1) << (slot & 63));
        }
        return false;
    }
    return true;
}

static bool choose_pilots(placing *p)
{
    for (size_t i = 0; i < p->n_buckets; i++) {
        uint32_t bucket = p->order[i], n = bucket_len(p, bucket), pilot = 0;
        const uint32_t *keys = p->keys + p->starts[bucket];
        while (!are_free(p, keys, n, pilot) || !take(p, keys, n, pilot)) {
            if (pilot++ == MAX_PILOT)
                return false;
        }
        p->pilots[bucket] = (uint16_t)pilot;
    }
    return true;
}

static mc_status place(placing *p, const uint64_t *hashes, size_t n, bool *placed, mc_error *err)
{
    MC_TRY(allocate(p, n, err));
    fill_buckets(p, hashes, n);
    MC_TRY(sort_buckets(p, err));
    *placed = choose_pilots(p);
    return MC_OK;
}

mc_status mci_slots_place(const uint64_t *hashes, size_t n, bool *placed, mci_slots *out,
                          mc_error *err)
{
    placing p = { 0 };
    *placed = false;
    if (n > MCI_MAX_SLOT_KEYS)
        return mc_fail(err, MC_E_LIMIT, "more than %d different words, or pairs of them",
                       (int)MCI_MAX_SLOT_KEYS);
    mc_status status = place(&p, hashes, n, placed, err);
    release(&p);
    if (*placed)
        *out = p.slots;
    else
        mci_slots_release(&p.slots);
    return status;
}

void mci_slots_release(mci_slots *slots)
{
    mci_table_memory_release(&slots->memory);
    *slots = (mci_slots){ 0 };
}
