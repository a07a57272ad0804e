/* Balancing: the head is thinned, the tail is kept whole.
 *
 * Algorithm 1 of arXiv 2309.16671 makes an independent trial for every entry that a text matches
 * and keeps the text if any succeeds. Its law for one text is P = 1 - prod(1 - p_e), so one number
 * u per pair, compared with P, gives the same law with one draw. u comes from the pair itself: the
 * set does not depend on the order of anything, and a larger t, whose P is nowhere smaller, keeps
 * a superset.
 *
 * The doubles are part of the format (docs/test-vectors.md): every operation below is one IEEE
 * operation, in this order, and the build forbids to fuse them. */
#include "curate/balance.h"

#include <float.h>

#include "base/alloc.h"
#include "base/hash.h"

_Static_assert(FLT_EVAL_METHOD == 0, "doubles must not be computed with more digits");

struct mc_balancer {
    uint64_t seed;
    size_t n;
    double miss[]; /* 1 - p_e: that the trial of entry e fails */
};

double mc_entry_probability(uint64_t count, uint64_t t)
{
    return count <= t ? 1.0 : (double)t / (double)count;
}

void mci_entry_probs_f32(const uint64_t *counts, size_t n, uint64_t t, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)mc_entry_probability(counts[i], t);
}

mc_status mci_balancer_new(const uint64_t *counts, const mci_limit *limits, size_t n_limits,
                           uint64_t seed, mc_balancer **out, mc_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < n_limits; i++) {
        if (limits[i].t == 0)
            return mc_fail(err, MC_E_ARG, "t must be at least 1");
        n += limits[i].n;
    }
    mc_balancer *balancer = NULL;
    if (n <= (SIZE_MAX - sizeof *balancer) / sizeof balancer->miss[0])
        balancer = mci_alloc(sizeof *balancer + n * sizeof balancer->miss[0]);
    if (!balancer)
        return mci_nomem(err, n);
    balancer->seed = seed;
    balancer->n = n;
    for (size_t i = 0; i < n_limits; i++)
        for (size_t id = limits[i].first; id < limits[i].first + limits[i].n; id++)
            balancer->miss[id] = 1.0 - mc_entry_probability(counts[id], limits[i].t);
    *out = balancer;
    return MC_OK;
}

mc_status mc_balancer_new(const uint64_t *counts, size_t n, uint64_t t, uint64_t seed,
                          mc_balancer **out, mc_error *err)
{
    const mci_limit all = { 0, n, t };
    return mci_balancer_new(counts, &all, 1, seed, out, err);
}

void mc_balancer_free(mc_balancer *balancer)
{
    mci_free(balancer);
}

/* ---- keep probabilities ---- */

/* False at an id that is too large, which is then at *ids. The loop is a plain one: processors work
 * on the next pair while they wait for a table that no near cache holds, and what was tried against
 * that (fetching ahead, multiplying by eight at a time) was slower. */
static inline bool multiply(const mc_balancer *balancer, const uint32_t **ids, const uint32_t *end,
                            double *out)
{
    double all_miss = 1.0;
    const uint32_t *id = *ids;
    while (id < end && *id < balancer->n)
        all_miss *= balancer->miss[*id++];
    *ids = id;
    *out = 1.0 - all_miss;
    return id == end;
}

static mc_status far_id(const mc_balancer *balancer, uint32_t id, mc_error *err)
{
    return mc_fail(err, MC_E_ARG, "entry id %u, but there are only %zu entries", id, balancer->n);
}

mc_status mc_keep_probability(const mc_balancer *balancer, const uint32_t *ids, size_t n_ids,
                              double *out, mc_error *err)
{
    double probability;
    if (!multiply(balancer, &ids, ids + n_ids, &probability))
        return far_id(balancer, *ids, err);
    *out = probability;
    return MC_OK;
}

mc_status mc_keep_probabilities(const mc_balancer *balancer, const uint32_t *ids,
                                const uint64_t *offsets, size_t n_pairs, double *out, mc_error *err)
{
    const uint32_t *id = ids + (n_pairs ? offsets[0] : 0);
    for (size_t i = 0; i < n_pairs; i++)
        if (!multiply(balancer, &id, ids + offsets[i + 1], &out[i]))
            return far_id(balancer, *id, err);
    return MC_OK;
}

mc_status mc_draw_pairs(const mc_balancer *balancer, const uint32_t *ids, const uint64_t *offsets,
                        const double *u, size_t n_pairs, bool *keeps, mc_error *err)
{
    const uint32_t *id = ids + (n_pairs ? offsets[0] : 0);
    for (size_t i = 0; i < n_pairs; i++) {
        double probability;
        if (!multiply(balancer, &id, ids + offsets[i + 1], &probability))
            return far_id(balancer, *id, err);
        keeps[i] = u[i] < probability;
    }
    return MC_OK;
}

/* ---- draws ---- */

double mc_draw(mc_str uuid, mc_str text, uint64_t seed)
{
    return (double)(mci_hash64_pair(uuid, text, seed) >> 11) * 0x1p-53;
}

uint64_t mc_text_number(mc_str uuid, mc_str text, uint64_t seed)
{
    return mci_hash64_text(uuid, text, seed);
}

static void put_u64(unsigned char *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)(value >> (8 * i));
}

uint64_t mc_epoch_seed(uint64_t seed, uint64_t epoch)
{
    if (epoch == 0)
        return seed;
    unsigned char bytes[16];
    put_u64(bytes, seed);
    put_u64(bytes + 8, epoch);
    return mci_hash64((mc_str){ (const char *)bytes, sizeof bytes }, 0);
}

mc_status mc_balancer_keeps(const mc_balancer *balancer, mc_str uuid, mc_str text,
                            const uint32_t *ids, size_t n_ids, uint64_t epoch, bool *out,
                            mc_error *err)
{
    double probability;
    MC_TRY(mc_keep_probability(balancer, ids, n_ids, &probability, err));
    *out = mc_draw(uuid, text, mc_epoch_seed(balancer->seed, epoch)) < probability;
    return MC_OK;
}
