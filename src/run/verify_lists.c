/* A run with a folder of lists: whose t is whose. */
#include "run/verify_lists.h"

#include <inttypes.h>

#include "base/alloc.h"

static bool same_list(const mc_metadata_list *a, const mc_metadata_list *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->sha256, b->sha256) == 0 &&
           a->first_id == b->first_id && a->n_entries == b->n_entries;
}

bool mci_verify_has_lists(const mci_verify *v, const mc_metadata *metadata)
{
    const mc_metadata_list *lists;
    size_t n = mc_metadata_lists(metadata, &lists);
    bool same = n == v->options.n_lists;
    for (size_t i = 0; i < n && same; i++)
        same = same_list(&lists[i], &v->options.lists[i]);
    return same;
}

mc_status mci_verify_limits(const mci_verify *v, double tail_ratio, uint64_t t, mci_limits *out,
                            mc_error *err)
{
    const mc_counts counts = { .counts = (uint64_t *)v->drawn_by, .n = v->n_entries };
    const mci_t_rule rule = { .tail_ratio = tail_ratio, .t = t };
    const mci_verify_options *options = &v->options;
    if (options->n_lists == 0)
        return mci_limits_of_t(v->n_entries, t, out, err);
    if (v->n_entries != options->n_entries)
        return mc_fail(err, MC_E_FORMAT,
                       "%s/run.json: its lists have %" PRIu64 " entries, want %" PRIu64,
                       v->job->dir, options->n_entries, v->n_entries);
    mc_status status =
        mci_limits_of_lists(options->lists, options->n_lists, &counts, &rule, out, err);
    return status == MC_E_ARG ? mc_add_context(err, MC_E_FORMAT, "%s/run.json", v->job->dir)
                              : status;
}

mc_status mci_verify_t_of_ratio(const mci_verify *v, double tail_ratio, uint64_t *t, mc_error *err)
{
    const mc_counts counts = { .counts = (uint64_t *)v->drawn_by, .n = v->n_entries };
    mci_limits limits;
    if (v->options.n_lists == 0)
        return mc_t_of_tail_ratio(&counts, tail_ratio, t, err);
    MC_TRY(mci_verify_limits(v, tail_ratio, 0, &limits, err));
    *t = mci_limits_main_t(&limits, v->options.lists, v->options.n_lists);
    mci_limits_release(&limits);
    return MC_OK;
}

/* ---- what is published of them ---- */

typedef struct {
    const char *file;
    const mc_card_list *lists;
    size_t n;
} published_lists;

static void compare_number(mci_verify *v, const char *file, const char *list, const char *name,
                           uint64_t published, uint64_t want)
{
    mci_checked(&v->findings, MC_CHECK_sums, 1);
    if (published != want)
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_LAST,
                  "%s: \"%s\" of the list %s is %" PRIu64 ", want %" PRIu64, file, name, list,
                  published, want);
}

static void compare_list(mci_verify *v, const char *file, const mc_card_list *published,
                         const mc_card_list *want)
{
    const char *name = want->list.name;
    mci_checked(&v->findings, MC_CHECK_metadata, 1);
    if (!same_list(&published->list, &want->list))
        mci_found(&v->findings, MC_CHECK_metadata, MCI_PLACE_LAST,
                  "%s: the list %s is not run.json's %s", file, published->list.name, name);
#define COMPARE(member) compare_number(v, file, name, #member, published->member, want->member)
    COMPARE(t);
    COMPARE(pool_matches);
    COMPARE(curated_matches);
    COMPARE(matched_pairs);
    COMPARE(curated_pairs);
#undef COMPARE
    mci_checked(&v->findings, MC_CHECK_sums, 1);
    if (published->tail_ratio != want->tail_ratio)
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_LAST,
                  "%s: \"tail_ratio\" of the list %s is %.17g, want %.17g", file, name,
                  published->tail_ratio, want->tail_ratio);
}

static void compare_lists(mci_verify *v, published_lists published, const mc_card *want)
{
    if (published.n != want->n_lists) {
        mci_found(&v->findings, MC_CHECK_metadata, MCI_PLACE_LAST, "%s: it has %zu lists, want %zu",
                  published.file, published.n, want->n_lists);
        return;
    }
    for (size_t i = 0; i < published.n; i++)
        compare_list(v, published.file, &published.lists[i], &want->lists[i]);
}

mc_status mci_verify_published_lists(mci_verify *v, mc_error *err)
{
    const mci_verify_options *options = &v->options;
    const mc_summary *summary = &v->summary.values;
    mc_card want = { .pool = v->pool, .curated = v->curated };
    MC_TRY(mci_card_set_lists(options->lists, options->n_lists, &v->limits, &want, err));
    for (size_t i = 0; i < want.n_lists; i++) {
        want.lists[i].matched_pairs = v->pool[v->n_entries + i];
        want.lists[i].curated_pairs = v->curated[v->n_entries + i];
    }
    if (v->has_card)
        compare_lists(v, (published_lists){ "datacard.json", v->card.lists, v->card.n_lists },
                      &want);
    if (v->summary.is_there)
        compare_lists(v, (published_lists){ "summary.json", summary->lists, summary->n_lists },
                      &want);
    mci_free(want.lists);
    return MC_OK;
}
