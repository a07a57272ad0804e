/* A run that was given a target: is its t the smallest that is expected to keep so many pairs? */
#include <inttypes.h>

#include "base/alloc.h"
#include "curate/expect.h"
#include "curate/target.h"
#include "run/verify_internal.h"

/* The expected sizes for t - 1 (if there is one) and t. */
static mc_status expect(const mci_verify *v, const char **paths, size_t n, mci_expect *expected,
                        mc_error *err)
{
    const mc_counts counts = { .counts = (uint64_t *)v->drawn_by, .n = v->n_entries };
    mc_pool pool = { .inputs = paths,
                     .n_inputs = n,
                     .n_threads = v->job->n_threads,
                     .max_item_bytes = mci_verify_max_line(v),
                     .hooks = v->job->hooks };
    mc_summary summary = { 0 };
    mci_shards shards = { 0 };
    expected->choices = v->one_text ? mci_one_text_lists(v->one_text) : NULL;
    expected->n = v->t > 1 ? 2 : 1;
    expected->t[0] = v->t > 1 ? v->t - 1 : v->t;
    expected->t[1] = v->t;
    MC_TRY(mci_shards_list(paths, n, MCI_AS_GIVEN, false, &shards, err));
    mc_status status =
        mci_expect_shards(&pool, &shards, &counts, "target", expected, &summary, err);
    mci_shards_release(&shards);
    return status;
}

/* With one text an image the sum at the largest count may be less than its images. */
static bool only_rounding(const mci_verify *v, const mci_expect *expected)
{
    const mc_counts counts = { .counts = (uint64_t *)v->drawn_by, .n = v->n_entries };
    return v->one_text && v->t == mci_largest_count(&counts) &&
           v->options.target <= expected->n_pairs;
}

static void judge(mci_verify *v, const mci_expect *expected)
{
    mci_u128 want = (mci_u128)v->options.target << 32;
    mci_checked(&v->findings, MC_CHECK_sums, 1);
    if (expected->kept[expected->n - 1] < want && !only_rounding(v, expected))
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_FIRST,
                  "run.json: target %" PRIu64 ": t %" PRIu64 " is too small for it",
                  v->options.target, v->t);
    else if (expected->n == 2 && expected->kept[0] >= want)
        mci_found(&v->findings, MC_CHECK_sums, MCI_PLACE_FIRST,
                  "run.json: target %" PRIu64 ": t %" PRIu64 " is not the smallest that reaches it",
                  v->options.target, v->t);
}

mc_status mci_verify_target(mci_verify *v, mc_error *err)
{
    mci_arena arena = { 0 };
    mc_error what = { 0 };
    size_t n = 0;
    if (v->options.target == 0 || v->n_inputs == 0)
        return MC_OK;
    mci_expect *expected = mci_alloc_zeroed(1, sizeof *expected);
    const char **paths = mci_alloc(v->n_inputs * sizeof *paths);
    mc_status status = expected && paths ? MC_OK : mci_nomem(&what, v->n_inputs * sizeof *paths);
    if (status >= 0)
        status = mci_verify_matched_list(v, &arena, paths, &n, &what);
    if (status >= 0 && n > 0)
        status = expect(v, paths, n, expected, &what);
    if (status >= 0 && n > 0)
        judge(v, expected);
    mci_free(expected);
    mci_free(paths);
    mci_arena_release(&arena);
    return mci_found_failure(&v->findings, MC_CHECK_sums, MCI_PLACE_FIRST, status, &what, err);
}
