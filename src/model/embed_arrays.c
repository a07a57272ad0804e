/* Prepared inputs -> features: arrays of pixels or tokens, mapped. */
#include "model/embed_internal.h"

/* Rows of one array, of which the first is at position `first` of all. */
static mc_status embed_rows(mci_embed_run *run, mci_embed_todo *todo, const mci_array *array,
                            size_t row_values, uint64_t first, mc_error *err)
{
    const bool pixels = run->job->kind == MC_EMBED_PIXELS;
    const uint64_t n = array->shape[0], shard_rows = run->job->shard_rows;
    for (uint64_t row = 0, part; row < n; row += part) {
        const uint64_t position = first + row;
        part = n - row < run->batch ? n - row : run->batch;
        if (shard_rows && part > shard_rows - position % shard_rows)
            part = shard_rows - position % shard_rows;
        if (!mci_embed_wants(todo, position))
            continue;
        const size_t at = (size_t)row * row_values;
        if (pixels)
            MC_TRY(mc_clip_encode_images(run->ctx, (const float *)array->data + at, (size_t)part,
                                         run->features, err));
        else
            MC_TRY(mc_clip_encode_texts(run->ctx, (const int32_t *)array->data + at, (size_t)part,
                                        run->features, err));
        for (uint64_t i = 0; i < part; i++)
            MC_TRY(mci_embed_out_add(run->out, position + i, (mc_str){ 0 },
                                     run->features + i * run->D, NULL, err));
    }
    return MC_OK;
}

static mc_status check_shape(const mci_embed_run *run, const mci_array *array, mc_error *err)
{
    const mc_clip_facts facts = mc_clip_facts_of(run->clip);
    if (run->job->kind == MC_EMBED_TOKENS)
        return mci_array_expect(array, MCI_ARRAY_I32, 2, (uint64_t[]){ 0, facts.context_length },
                                err);
    return mci_array_expect(array, MCI_ARRAY_F32, 4,
                            (uint64_t[]){ 0, 3, facts.image_size, facts.image_size }, err);
}

static size_t values_of_row(const mci_array *array)
{
    size_t n = 1;
    for (size_t i = 1; i < array->rank; i++)
        n *= (size_t)array->shape[i];
    return n;
}

mc_status mci_embed_arrays(mci_embed_run *run, mc_error *err)
{
    mci_embed_todo todo = { .job = run->job };
    uint64_t first = 0;
    mc_status status = MC_OK;
    for (size_t i = 0; status >= 0 && i < run->job->n_inputs; i++) {
        mci_array array;
        MC_TRY(mci_array_map(run->job->inputs[i], &array, err));
        status = check_shape(run, &array, err);
        if (status >= 0)
            status = embed_rows(run, &todo, &array, values_of_row(&array), first, err);
        if (status < 0)
            mc_add_context(err, status, "%s", run->job->inputs[i]);
        first += array.shape[0];
        mci_array_unmap(&array);
    }
    run->sum->n_shards_kept = todo.n_kept;
    return status;
}
