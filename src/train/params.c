#include "train/params.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"

static bool decays(const char *name, size_t rank)
{
    static const char *const never[] = { "bn", "ln", "bias", "logit_scale", "norm" };
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strstr(name, never[i]))
            return false;
    return rank >= 2;
}

/* Adds PREFIXname with `rank` dimensions, which follow as uint64_t. */
static mc_status add(mci_params *params, mc_error *err, const char *prefix, const char *name,
                     size_t rank, ...)
{
    va_list dims;
    MC_TRY(
        mci_grow((void **)&params->items, &params->cap, params->n + 1, sizeof *params->items, err));
    mci_param *param = &params->items[params->n++];
    *param = (mci_param){ .rank = rank, .n = 1 };
    snprintf(param->name, sizeof param->name, "%s%s", prefix, name);
    param->decays = decays(param->name, rank);
    va_start(dims, rank);
    for (size_t i = 0; i < rank; i++) {
        param->dims[i] = va_arg(dims, uint64_t);
        param->n *= (size_t)param->dims[i];
    }
    va_end(dims);
    return MC_OK;
}

static mc_status add_norm(mci_params *params, mc_error *err, const char *prefix, const char *name,
                          uint64_t C)
{
    char full[MCI_PARAM_NAME];
    snprintf(full, sizeof full, "%s.weight", name);
    MC_TRY(add(params, err, prefix, full, 1, C));
    snprintf(full, sizeof full, "%s.bias", name);
    return add(params, err, prefix, full, 1, C);
}

static mc_status add_block(mci_params *params, mc_error *err, const char *prefix, uint64_t C,
                           uint64_t M)
{
    MC_TRY(add_norm(params, err, prefix, "ln_1", C));
    MC_TRY(add(params, err, prefix, "attn.in_proj_weight", 2, 3 * C, C));
    MC_TRY(add(params, err, prefix, "attn.in_proj_bias", 1, 3 * C));
    MC_TRY(add(params, err, prefix, "attn.out_proj.weight", 2, C, C));
    MC_TRY(add(params, err, prefix, "attn.out_proj.bias", 1, C));
    MC_TRY(add_norm(params, err, prefix, "ln_2", C));
    MC_TRY(add(params, err, prefix, "mlp.c_fc.weight", 2, M, C));
    MC_TRY(add(params, err, prefix, "mlp.c_fc.bias", 1, M));
    MC_TRY(add(params, err, prefix, "mlp.c_proj.weight", 2, C, M));
    return add(params, err, prefix, "mlp.c_proj.bias", 1, C);
}

static mc_status add_blocks(mci_params *params, mc_error *err, const char *prefix, uint64_t n,
                            uint64_t C, uint64_t M)
{
    for (uint64_t i = 0; i < n; i++) {
        char name[MCI_PARAM_NAME];
        snprintf(name, sizeof name, "%s%u.", prefix, (unsigned)i);
        MC_TRY(add_block(params, err, name, C, M));
    }
    return MC_OK;
}

static mc_status add_vision(mci_params *params, const mci_clip_config *config, mc_error *err)
{
    const uint64_t C = config->vision.width, P = config->vision.patch_size;
    const uint64_t G = config->vision.image_size / P, three = 3;
    MC_TRY(add(params, err, "visual.", "class_embedding", 1, C));
    MC_TRY(add(params, err, "visual.", "positional_embedding", 2, 1 + G * G, C));
    MC_TRY(add(params, err, "visual.", "proj", 2, C, (uint64_t)config->embed_dim));
    MC_TRY(add(params, err, "visual.", "conv1.weight", 4, C, three, P, P));
    MC_TRY(add_norm(params, err, "visual.", "ln_pre", C));
    MC_TRY(add_blocks(params, err, "visual.transformer.resblocks.", config->vision.layers, C,
                      config->vision.mlp_width));
    return add_norm(params, err, "visual.", "ln_post", C);
}

static mc_status add_text(mci_params *params, const mci_clip_config *config, mc_error *err)
{
    const uint64_t C = config->text.width;
    MC_TRY(
        add(params, err, "", "positional_embedding", 2, (uint64_t)config->text.context_length, C));
    MC_TRY(add(params, err, "", "text_projection", 2, C, (uint64_t)config->embed_dim));
    MC_TRY(add_blocks(params, err, "transformer.resblocks.", config->text.layers, C,
                      config->text.mlp_width));
    MC_TRY(add(params, err, "", "token_embedding.weight", 2, (uint64_t)config->text.vocab_size, C));
    return add_norm(params, err, "", "ln_final", C);
}

static void place(mci_params *params)
{
    for (int decaying = 1; decaying >= 0; decaying--) {
        for (size_t i = 0; i < params->n; i++) {
            if (params->items[i].decays != decaying)
                continue;
            params->items[i].at = params->items[i].grad_at = params->n_values;
            params->n_values += params->items[i].n;
        }
        if (decaying)
            params->n_decaying = params->n_values;
    }
    params->n_grads = params->n_values;
}

static const char blocks[] = "resblocks.";

static bool is_of_block(const mci_param *param)
{
    return strstr(param->name, blocks) != NULL;
}

/* The parameter of the tower's first block that is this one's like; NULL if it is in none, or in
 * the first. */
static const mci_param *like_of(const mci_params *params, const mci_param *param)
{
    const char *at = strstr(param->name, blocks),
               *dot = at ? strchr(at + sizeof blocks, '.') : NULL;
    char name[MCI_PARAM_NAME];
    if (!dot)
        return NULL;
    snprintf(name, sizeof name, "%.*s0%s", (int)(at + sizeof blocks - 1 - param->name), param->name,
             dot);
    const mci_param *like = mci_params_find(params, name);
    return like == param ? NULL : like;
}

/* Of the blocks' gradients, from their common place on: those of a first block get theirs, the one
 * tower's where the other's are, and those of later blocks the first one's. Gives where they end.
 */
static size_t place_blocks(mci_params *params, bool decay, size_t begin)
{
    size_t ends[2] = { begin, begin };
    for (size_t i = 0; i < params->n; i++) {
        mci_param *param = &params->items[i];
        const mci_param *like = like_of(params, param);
        size_t *end = &ends[strncmp(param->name, "visual.", 7) == 0];
        if (param->decays != decay || !is_of_block(param))
            continue;
        param->grad_at = like ? like->grad_at : *end;
        *end += like ? 0 : param->n;
    }
    return ends[0] > ends[1] ? ends[0] : ends[1];
}

void mci_params_share_grads(mci_params *params)
{
    params->n_grads = 0;
    for (int decaying = 1; decaying >= 0; decaying--) {
        for (size_t i = 0; i < params->n; i++) {
            mci_param *param = &params->items[i];
            if (param->decays != decaying || is_of_block(param))
                continue;
            if (strcmp(param->name, "token_embedding.weight") == 0) {
                param->grad_at = SIZE_MAX;
                continue;
            }
            param->grad_at = params->n_grads;
            params->n_grads += param->n;
        }
        params->n_grads = place_blocks(params, decaying, params->n_grads);
    }
}

mci_nn_place mci_params_range(const mci_params *params, const char *prefix, bool decays, size_t *n)
{
    mci_nn_place place = mci_nn_nowhere();
    *n = 0;
    for (size_t i = 0; i < params->n; i++) {
        const mci_param *param = &params->items[i];
        if (param->decays != decays || strncmp(param->name, prefix, strlen(prefix)) != 0)
            continue;
        if (*n == 0)
            place = (mci_nn_place){ param->at, param->grad_at };
        assert(param->at == place.value + *n && param->grad_at == place.grad + *n);
        *n += param->n;
    }
    return place;
}

mc_status mci_params_list(const mci_clip_config *config, mci_params *out, mc_error *err)
{
    *out = (mci_params){ 0 };
    MC_TRY(add_text(out, config, err));
    MC_TRY(add_vision(out, config, err));
    MC_TRY(add(out, err, "", "logit_scale", 0));
    place(out);
    return MC_OK;
}

void mci_params_release(mci_params *params)
{
    mci_free(params->items);
    *params = (mci_params){ 0 };
}

const mci_param *mci_params_find(const mci_params *params, const char *name)
{
    for (size_t i = 0; i < params->n; i++)
        if (strcmp(params->items[i].name, name) == 0)
            return &params->items[i];
    return NULL;
}

mci_nn_place mci_params_place(const void *params, const char *name)
{
    const mci_param *param = mci_params_find(params, name);
    return param ? (mci_nn_place){ param->at, param->grad_at } : mci_nn_nowhere();
}
