/* One text, one image. */
#include "base/alloc.h"
#include "base/buf.h"
#include "io/image_inputs.h"
#include "metaclip/embed.h"

mc_status mc_embed_text(mc_clip_ctx *ctx, const mc_tokenizer *tokenizer, mc_str text, float *out,
                        mc_error *err)
{
    const size_t C = mc_clip_facts_of(mc_clip_ctx_model(ctx)).context_length;
    mc_token_scratch *scratch = NULL;
    mc_encoded encoded;
    int32_t *ids = mci_alloc(C * sizeof *ids);
    mc_status status = ids ? MC_OK : mci_nomem(err, C * sizeof *ids);
    if (status >= 0)
        status = mc_token_scratch_new(tokenizer, &scratch, err);
    if (status >= 0)
        status = mc_encode(tokenizer, scratch, text, C, ids, &encoded, err);
    if (status >= 0)
        status = mc_clip_encode_texts(ctx, ids, 1, out, err);
    mc_token_scratch_free(scratch);
    mci_free(ids);
    return status;
}

static mc_status read_image(const char *path, mci_image_input *input, mc_error *err)
{
    MC_TRY(mci_buf_add(&input->name, mc_str_of(path), err));
    MC_TRY(mci_buf_terminate(&input->name, err));
    return mci_image_input_read(input, (uint64_t)64 << 20, err);
}

static mc_status embed(mc_clip_ctx *ctx, mci_image_input *input, mc_image_scratch *scratch,
                       float *out, mc_error *err)
{
    const mc_clip *clip = mc_clip_ctx_model(ctx);
    const size_t S = mc_clip_facts_of(clip).image_size;
    mc_image_options options;
    MC_TRY(mc_clip_image_options(clip, &options, err));
    float *pixels = mci_alloc(3 * S * S * sizeof *pixels);
    if (!pixels)
        return mci_nomem(err, 3 * S * S * sizeof *pixels);
    mc_status status = mc_image_prepare(scratch, &options, mci_buf_str(&input->bytes), pixels, err);
    if (status >= 0)
        status = mc_clip_encode_images(ctx, pixels, 1, out, err);
    mci_free(pixels);
    return status;
}

mc_status mc_embed_image(mc_clip_ctx *ctx, const char *path, float *out, mc_error *err)
{
    mci_image_input input = { 0 };
    mc_image_scratch *scratch = NULL;
    mc_status status = read_image(path, &input, err);
    if (status >= 0)
        status = mc_image_scratch_new(&scratch, err);
    if (status >= 0)
        status = embed(ctx, &input, scratch, out, err);
    mc_image_scratch_free(scratch);
    mci_image_input_release(&input);
    return status < 0 ? mc_add_context(err, status, "%s", path) : MC_OK;
}
