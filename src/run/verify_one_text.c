/* A run of one text an image: which ones go to the trial, chosen again from what is in matched/. */
#include "base/alloc.h"
#include "run/verify_internal.h"

mc_status mci_verify_matched_list(const mci_verify *v, mci_arena *arena, const char **paths,
                                  size_t *n, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < v->n_inputs && status >= 0; i++) {
        mc_str copy = { 0 };
        if (!v->inputs[i].has[MCI_VERIFY_MATCHED])
            continue;
        status = mci_verify_path(v, &v->inputs[i], MCI_VERIFY_MATCHED, &path, err);
        if (status >= 0) /* with its NUL */
            status =
                mci_arena_copy(arena, (mc_str){ path.data, strlen(path.data) + 1 }, &copy, err);
        if (status >= 0) {
            v->inputs[i].matched_index = *n;
            paths[(*n)++] = copy.data;
        }
    }
    mci_buf_release(&path);
    return status;
}

static mc_status choose(const mci_verify *v, const char **paths, size_t n, uint64_t seed,
                        mci_one_text **out, mc_error *err)
{
    mc_pool pool = { .inputs = paths,
                     .n_inputs = n,
                     .n_threads = v->job->n_threads,
                     .max_item_bytes = mci_verify_max_line(v),
                     .hooks = v->job->hooks };
    mci_shards shards = { 0 };
    mci_one_text_job job = {
        .pool = &pool, .shards = &shards, .seed = seed, .n_entries = v->n_entries
    };
    MC_TRY(mci_shards_list(paths, n, MCI_AS_GIVEN, false, &shards, err));
    mc_status status = mci_one_text_make(&job, out, err);
    mci_shards_release(&shards);
    return status;
}

mc_status mci_verify_choose_texts(mci_verify *v, uint64_t seed, mci_one_text **out, mc_error *err)
{
    mci_arena arena = { 0 };
    size_t n = 0;
    if (!v->options.one_text || v->n_inputs == 0)
        return MC_OK;
    const char **paths = mci_alloc(v->n_inputs * sizeof *paths);
    mc_status status = paths ? MC_OK : mci_nomem(err, v->n_inputs * sizeof *paths);
    if (status >= 0)
        status = mci_verify_matched_list(v, &arena, paths, &n, err);
    if (status >= 0 && n > 0)
        status = choose(v, paths, n, seed, out, err);
    mci_free(paths);
    mci_arena_release(&arena);
    return status;
}
