#include "curate/limits.h"

#include "base/alloc.h"
#include "curate/list_route.h"

void mci_limits_release(mci_limits *limits)
{
    mci_free(limits->parts);
    *limits = (mci_limits){ 0 };
}

static mc_status new_limits(size_t n, mci_limits *out, mc_error *err)
{
    mci_limit *parts = mci_alloc_zeroed(n, sizeof *parts);
    if (!parts)
        return mci_nomem(err, n * sizeof *parts);
    *out = (mci_limits){ parts, n };
    return MC_OK;
}

mc_status mci_limits_of_t(uint64_t n_entries, uint64_t t, mci_limits *out, mc_error *err)
{
    MC_TRY(new_limits(1, out, err));
    out->parts[0] = (mci_limit){ 0, n_entries, t };
    return MC_OK;
}

/* ---- of lists ---- */

static mc_counts counts_of(const mci_limit *part, const uint64_t *counts)
{
    return (mc_counts){ .counts = (uint64_t *)counts + part->first, .n = part->n };
}

static mc_status t_of_part(mci_limit *part, const uint64_t *counts, double ratio, mc_error *err)
{
    const mc_counts own = counts_of(part, counts);
    part->t = 1;
    if (mc_counts_shape(&own, 1).n_matches == 0)
        return MC_OK;
    return mc_t_of_tail_ratio(&own, ratio, &part->t, err);
}

/* p: what the others get. */
static mc_status ratio_of_english(const mci_limits *limits, int english, const uint64_t *counts,
                                  uint64_t t, double *ratio, mc_error *err)
{
    if (english == MCI_NO_LIST)
        return mc_fail(err, MC_E_ARG,
                       "t is given for English, but the folder has no list en.json; give a tail "
                       "ratio instead");
    limits->parts[english].t = t;
    mc_count_shape shape = mci_limit_shape(&limits->parts[english], counts);
    *ratio = shape.tail_ratio;
    if (shape.n_matches > 0 || mci_limits_shape(limits, counts).n_matches == 0)
        return MC_OK;
    return mc_fail(err, MC_E_ARG,
                   "no text matches en.json, so t has no tail ratio for the other lists; give a "
                   "tail ratio instead");
}

static mc_status choose(const mc_metadata_list *lists, const uint64_t *counts,
                        const mci_t_rule *rule, mci_limits *limits, mc_error *err)
{
    double ratio = rule->tail_ratio;
    int english = MCI_NO_LIST;
    if (!(ratio >= 0)) {
        english = mci_list_find(lists, limits->n, mc_str_of(MCI_LIST_ENGLISH));
        MC_TRY(ratio_of_english(limits, english, counts, rule->t, &ratio, err));
    }
    for (size_t i = 0; i < limits->n; i++)
        if ((int)i != english)
            MC_TRY(t_of_part(&limits->parts[i], counts, ratio, err));
    return MC_OK;
}

mc_status mci_limits_of_lists(const mc_metadata_list *lists, size_t n_lists,
                              const mc_counts *counts, const mci_t_rule *rule, mci_limits *out,
                              mc_error *err)
{
    mci_limits limits = { 0 };
    if (rule->target)
        return mc_fail(
            err, MC_E_ARG,
            "a target is for one list; of a folder of lists give -t, which is English's, "
            "or a tail ratio");
    if (rule->t == 0 && !(rule->tail_ratio >= 0))
        return mc_fail(err, MC_E_ARG, "t must be at least 1");
    MC_TRY(new_limits(n_lists, &limits, err));
    for (size_t i = 0; i < n_lists; i++)
        limits.parts[i] = (mci_limit){ lists[i].first_id, lists[i].n_entries, 1 };
    mc_status status = choose(lists, counts->counts, rule, &limits, err);
    if (status < 0)
        mci_limits_release(&limits);
    else
        *out = limits;
    return status;
}

uint64_t mci_limits_main_t(const mci_limits *limits, const mc_metadata_list *lists, size_t n_lists)
{
    int english = mci_list_find(lists, n_lists, mc_str_of(MCI_LIST_ENGLISH));
    return limits->parts[english == MCI_NO_LIST ? 0 : english].t;
}

/* ---- what they mean ---- */

mc_count_shape mci_limit_shape(const mci_limit *part, const uint64_t *counts)
{
    const mc_counts own = counts_of(part, counts);
    return mc_counts_shape(&own, part->t);
}

mc_count_shape mci_limits_shape(const mci_limits *limits, const uint64_t *counts)
{
    mc_count_shape all = { 0 };
    for (size_t i = 0; i < limits->n; i++) {
        mc_count_shape one = mci_limit_shape(&limits->parts[i], counts);
        all.n_entries += one.n_entries;
        all.n_head += one.n_head;
        all.n_tail += one.n_tail;
        all.n_zero += one.n_zero;
        all.n_matches += one.n_matches; /* counts that are taken have a sum of 64 bits */
        all.n_tail_matches += one.n_tail_matches;
    }
    if (all.n_matches)
        all.tail_ratio = (double)all.n_tail_matches / (double)all.n_matches;
    return all;
}

void mci_limits_probs_f32(const mci_limits *limits, const uint64_t *counts, float *out)
{
    for (size_t i = 0; i < limits->n; i++) {
        const mci_limit *part = &limits->parts[i];
        mci_entry_probs_f32(counts + part->first, part->n, part->t, out + part->first);
    }
}

/* ---- of a job ---- */

mc_status mci_choose_limits(const mci_t_rule *rule, const mc_pool *pool, const mci_shards *matched,
                            const mc_metadata *metadata, const mc_counts *counts,
                            mc_summary *summary, mci_limits *out, mc_error *err)
{
    const mc_metadata_list *lists = NULL;
    size_t n_lists = metadata ? mc_metadata_lists(metadata, &lists) : 0;
    if (n_lists == 0) {
        MC_TRY(mci_choose_t(rule, pool, matched, counts, summary, err));
        return mci_limits_of_t(counts->n, summary->t, out, err);
    }
    MC_TRY(mci_limits_of_lists(lists, n_lists, counts, rule, out, err));
    summary->t = mci_limits_main_t(out, lists, n_lists);
    summary->shape = mci_limits_shape(out, counts->counts);
    return MC_OK;
}

static uint64_t sum_of(const uint64_t *counts, const mc_metadata_list *list)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; counts && i < list->n_entries; i++)
        sum += counts[list->first_id + i];
    return sum;
}

mc_status mci_card_set_lists(const mc_metadata_list *lists, size_t n_lists,
                             const mci_limits *limits, mc_card *card, mc_error *err)
{
    if (n_lists == 0)
        return MC_OK;
    card->lists = mci_alloc_zeroed(n_lists, sizeof *card->lists);
    if (!card->lists)
        return mci_nomem(err, n_lists * sizeof *card->lists);
    card->n_lists = n_lists;
    for (size_t i = 0; i < n_lists; i++) {
        mc_card_list *list = &card->lists[i];
        *list = (mc_card_list){ .list = lists[i],
                                .pool_matches = sum_of(card->pool, &lists[i]),
                                .curated_matches = sum_of(card->curated, &lists[i]) };
        if (limits) {
            list->t = limits->parts[i].t;
            list->tail_ratio = mci_limit_shape(&limits->parts[i], card->pool).tail_ratio;
        }
    }
    return MC_OK;
}
