/* Computing with a model: one context a thread. */
#include <inttypes.h>
#include <math.h>

#include "base/alloc.h"
#include "model/clip_internal.h"

enum { DEFAULT_BATCH = 32 };

/* ---- a context ---- */

static mc_status make_rooms(mc_clip_ctx *ctx, size_t batch, mc_error *err)
{
    const mc_clip *clip = ctx->clip;
    if (clip->has_vision)
        MC_TRY(
            mci_vision_room_make(&ctx->vision, &clip->vision, clip->backend, ctx->nn, batch, err));
    if (clip->has_text)
        MC_TRY(mci_text_room_make(&ctx->text, &clip->text, clip->backend, ctx->nn, batch, err));
    return MC_OK;
}

mc_status mc_clip_ctx_new(const mc_clip *clip, const mc_clip_ctx_options *options,
                          mc_clip_ctx **out, mc_error *err)
{
    static const mc_clip_ctx_options usual = { 0 };
    if (!options)
        options = &usual;
    mc_clip_ctx *ctx = mci_alloc_zeroed(1, sizeof *ctx);
    if (!ctx)
        return mci_nomem(err, sizeof *ctx);
    ctx->clip = clip;
    ctx->raw = options->raw;
    mc_status status = clip->backend->ctx_new(clip->precision, options->n_threads, &ctx->nn, err);
    if (status >= 0)
        status = make_rooms(ctx, options->batch ? options->batch : DEFAULT_BATCH, err);
    if (status < 0) {
        mc_clip_ctx_free(ctx);
        return status;
    }
    *out = ctx;
    return MC_OK;
}

void mc_clip_ctx_free(mc_clip_ctx *ctx)
{
    if (!ctx)
        return;
    const mci_nn_backend *backend = ctx->clip->backend;
    if (ctx->nn) {
        mci_vision_room_release(&ctx->vision, backend, ctx->nn);
        mci_text_room_release(&ctx->text, backend, ctx->nn);
    }
    backend->ctx_free(ctx->nn);
    mci_free(ctx);
}

const mc_clip *mc_clip_ctx_model(const mc_clip_ctx *ctx)
{
    return ctx->clip;
}

/* ---- encoding ---- */

static mc_status take_features(mc_clip_ctx *ctx, const mci_nn_tensor *features, size_t n, size_t D,
                               float *out, mc_error *err)
{
    ctx->clip->backend->read(ctx->nn, features, out);
    MC_TRY(ctx->clip->backend->finish(ctx->nn, err));
    if (!ctx->raw)
        mc_features_normalize(out, n, D);
    return MC_OK;
}

mc_status mc_clip_encode_images(mc_clip_ctx *ctx, const float *pixels, size_t n, float *out,
                                mc_error *err)
{
    const mc_clip *clip = ctx->clip;
    const mci_vision_tower *tower = &clip->vision;
    if (!clip->has_vision)
        return mc_fail(err, MC_E_ARG, "the image tower was not loaded");
    for (size_t i = 0; i < n; i += ctx->vision.batch) {
        size_t part = n - i < ctx->vision.batch ? n - i : ctx->vision.batch;
        mci_vision_tower_run(tower, clip->backend, ctx->nn, &ctx->vision,
                             pixels + i * 3 * tower->S * tower->S, part, ctx->tap);
        MC_TRY(take_features(ctx, ctx->vision.features, part, tower->D, out + i * tower->D, err));
    }
    return MC_OK;
}

static mc_status check_tokens(const mci_text_tower *tower, const int32_t *tokens, size_t n,
                              mc_error *err)
{
    for (size_t i = 0; i < n * tower->T; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= tower->V)
            return mc_fail(err, MC_E_ARG,
                           "text %zu has the token %" PRId32
                           ", but the model's vocabulary has %zu; was "
                           "it made with another vocabulary?",
                           i / tower->T, tokens[i], tower->V);
    return MC_OK;
}

mc_status mc_clip_encode_texts(mc_clip_ctx *ctx, const int32_t *tokens, size_t n, float *out,
                               mc_error *err)
{
    const mc_clip *clip = ctx->clip;
    const mci_text_tower *tower = &clip->text;
    if (!clip->has_text)
        return mc_fail(err, MC_E_ARG, "the text tower was not loaded");
    MC_TRY(check_tokens(tower, tokens, n, err));
    for (size_t i = 0; i < n;) {
        size_t taken = mci_text_tower_run(tower, clip->backend, ctx->nn, &ctx->text,
                                          tokens + i * tower->T, n - i, ctx->tap);
        MC_TRY(take_features(ctx, ctx->text.features, taken, tower->D, out + i * tower->D, err));
        i += taken;
    }
    return MC_OK;
}
