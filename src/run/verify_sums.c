/* What was recounted, against what the small files say. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "io/npy.h"
#include "run/verify_lists.h"

/* ---- arrays ---- */

static void compare_counts(mci_verify *v, const char *file, const uint64_t *published,
                           const uint64_t *counted)
{
    mci_checked(&v->findings, MC_CHECK_counts, v->n_entries);
    for (uint64_t id = 0; id < v->n_entries; id++)
        if (published[id] != counted[id])
            mci_found(&v->findings, MC_CHECK_counts, MCI_PLACE_LAST,
                      "%s: entry %" PRIu64 " has count %" PRIu64 ", want %" PRIu64, file, id,
                      published[id], counted[id]);
}

static void check_counts(mci_verify *v)
{
    if (v->counts.counts && v->counts.n == v->n_entries)
        compare_counts(v, "entry_count.npy", v->counts.counts, v->pool);
    if (!v->has_card || v->card.n_entries != v->n_entries)
        return;
    compare_counts(v, "datacard.json, \"pool\"", v->card.pool, v->pool);
    if (v->card.curated)
        compare_counts(v, "datacard.json, \"curated\"", v->card.curated, v->curated);
    else
        mci_found(&v->findings, MC_CHECK_counts, MCI_PLACE_FIRST,
                  "datacard.json: \"curated\" is missing");
}

static void compare_probabilities(mci_verify *v, const float *published, const float *want)
{
    mci_checked(&v->findings, MC_CHECK_probabilities, v->n_entries);
    for (uint64_t id = 0; id < v->n_entries; id++)
        if (published[id] != want[id]) /* NaN is not, either */
            mci_found(&v->findings, MC_CHECK_probabilities, MCI_PLACE_LAST,
                      "entry_prob.npy: entry %" PRIu64 " has %.9g, want %.9g", id,
                      (double)published[id], (double)want[id]);
}

static mc_status load_probabilities(mci_verify *v, void **out, size_t *n, mc_error *err)
{
    mci_buf path = { 0 };
    mc_error what = { 0 };
    MC_TRY(mci_buf_printf(&path, err, "%s/entry_prob.npy", v->job->dir));
    mc_status status = mci_npy_load(path.data, MCI_NPY_F32, out, n, &what);
    mci_buf_release(&path);
    return mci_found_failure(&v->findings, MC_CHECK_probabilities, MCI_PLACE_FIRST, status, &what,
                             err);
}

/* Of the counts that were drawn by: another count is a finding already. */
static mc_status check_probabilities(mci_verify *v, mc_error *err)
{
    void *published = NULL;
    size_t n = 0;
    MC_TRY(load_probabilities(v, &published, &n, err));
    if (!published)
        return MC_OK;
    if (n != v->n_entries) {
        mci_found(&v->findings, MC_CHECK_probabilities, MCI_PLACE_FIRST,
                  "entry_prob.npy: it has %zu entries, want %" PRIu64, n, v->n_entries);
        mci_free(published);
        return MC_OK;
    }
    float *want = mci_alloc(n * sizeof *want);
    if (want) {
        mci_limits_probs_f32(&v->limits, v->drawn_by, want);
        compare_probabilities(v, published, want);
    }
    mci_free(published);
    mci_free(want);
    return want ? MC_OK : mci_nomem(err, n * sizeof *want);
}

/* ---- numbers ---- */

static void same(mci_verify *v, const char *file, const char *name, uint64_t published,
                 uint64_t want)
{
    mci_checked(&v->findings, MC_CHECK_sums, 1);
    if (published != want)
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_LAST,
                  "%s: \"%s\" is %" PRIu64 ", want %" PRIu64, file, name, published, want);
}

static void check_card(mci_verify *v)
{
    static const char file[] = "datacard.json";
    if (!v->has_card)
        return;
    same(v, file, "matched_pairs", v->card.matched_pairs, v->n.pairs_read);
    same(v, file, "curated_pairs", v->card.curated_pairs, v->n.pairs_kept);
    same(v, file, "one_text", v->card.one_text, v->options.one_text);
    if (v->summary.is_there)
        same(v, file, "pool_pairs", v->card.pool_pairs, v->summary.values.n.pairs_read);
}

/* The sums of the summary close: a whole is its parts (metaclip/curate.h says which). */
static void check_closing(mci_verify *v)
{
    const mc_counters *n = &v->summary.values.n;
    static const char file[] = "summary.json";
    same(v, file, "items_read", n->items_read,
         n->items_used + n->items_passed_over + n->items_skipped);
    same(v, file, "texts_read", n->texts_read, n->texts_empty + n->texts_bad_url + n->pairs_read);
    same(v, file, "records_read", n->records_read,
         n->records_kept + n->records_bad_url + n->records_without_text +
             n->records_other_language + n->records_duplicate + n->records_earlier +
             n->records_blocked + n->records_unmatched + n->records_not_chosen +
             n->records_not_drawn);
    same(v, file, "pairs_read", n->pairs_read,
         n->pairs_kept + n->pairs_other_language + n->pairs_duplicate + n->pairs_earlier +
             n->pairs_blocked + n->pairs_unmatched + n->pairs_not_chosen + n->pairs_not_drawn);
    same(v, file, "records_blocked", n->records_blocked,
         n->blocked_by_uuid + n->blocked_by_url + n->blocked_by_host);
}

static void check_recounted(mci_verify *v, const mc_count_shape *shape)
{
    const mc_summary *s = &v->summary.values;
    static const char file[] = "summary.json";
    same(v, file, "shards", s->n.shards, v->n_inputs);
    same(v, file, "pairs_kept", s->n.pairs_kept, v->n.pairs_kept);
    same(v, file, "pairs_not_chosen", s->n.pairs_not_chosen, v->n.pairs_not_chosen);
    same(v, file, "pairs_not_drawn", s->n.pairs_not_drawn,
         v->n.pairs_read - v->n.pairs_not_chosen - v->n.pairs_kept);
    if (v->options.format != MC_PARQUET) { /* whose rows do not tell records apart */
        same(v, file, "records_kept", s->n.records_kept, v->n.records_kept);
        same(v, file, "records_not_drawn", s->n.records_not_drawn,
             v->n.records_read - v->n.records_not_chosen - v->n.records_kept);
        same(v, file, "records_not_chosen", s->n.records_not_chosen, v->n.records_not_chosen);
    }
    same(v, file, "matches", s->n.matches, shape->n_matches);
    same(v, file, "entries_head", s->shape.n_head, shape->n_head);
    same(v, file, "entries_tail", s->shape.n_tail, shape->n_tail);
    same(v, file, "entries_never_matched", s->shape.n_zero, shape->n_zero);
    same(v, file, "pool_matches", s->shape.n_matches, shape->n_matches);
    same(v, file, "tail_matches", s->shape.n_tail_matches, shape->n_tail_matches);
}

static void check_fractions(mci_verify *v, const mc_count_shape *shape)
{
    const mc_summary *s = &v->summary.values;
    mci_checked(&v->findings, MC_CHECK_sums, 2);
    if (s->shape.tail_ratio != shape->tail_ratio)
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_LAST,
                  "summary.json: \"tail_ratio\" is %.17g, want %.17g", s->shape.tail_ratio,
                  shape->tail_ratio);
    /* Printed with three decimals, and summed in whatever order. */
    if (fabs(s->expected_pairs - v->expected) > 0.001 + 1e-9 * v->expected)
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_LAST,
                  "summary.json: \"expected_pairs\" is %.3f, want %.3f", s->expected_pairs,
                  v->expected);
}

mc_status mci_verify_sums(mci_verify *v, mc_error *err)
{
    mc_count_shape shape = mci_limits_shape(&v->limits, v->pool);
    check_counts(v);
    MC_TRY(check_probabilities(v, err));
    check_card(v);
    MC_TRY(mci_verify_published_lists(v, err));
    mci_verify_languages(v);
    if (!v->summary.is_there)
        return MC_OK;
    check_closing(v);
    check_recounted(v, &shape);
    check_fractions(v, &shape);
    return MC_OK;
}
