/* A loaded model: immutable, shared by contexts. */
#include <math.h>

#include "base/alloc.h"
#include "model/clip_internal.h"

static const char *how_of(const mci_nn_backend *backend, mci_nn_precision precision)
{
    const char *how = "";
    backend->usable(precision, &how);
    return how;
}

static mc_status choose_backend(mc_clip *clip, const char *name, mc_error *err)
{
    const char *how = "";
    const mci_nn_backend *const *all = mci_nn_backends();
    for (; *all; all++) {
        if (name && strcmp(name, (*all)->name) != 0)
            continue;
        if ((*all)->usable(clip->precision, &how)) {
            clip->backend = *all;
            return MC_OK;
        }
        if (name)
            return mc_fail(err, MC_E_BACKEND, "%s cannot compute here: %s", name, how);
    }
    return mc_fail(err, MC_E_ARG, "there is no backend \"%s\"; there are cpu and ref",
                   name ? name : "");
}

static mc_status load_scale(mc_clip *clip, mc_error *err)
{
    float scale;
    MC_TRY(mci_checkpoint_read(clip->checkpoint, "logit_scale", 0, (uint64_t[]){ 0 }, &scale, err));
    clip->logit_scale = expf(scale);
    return MC_OK;
}

static mc_status load_towers(mc_clip *clip, const mc_clip_options *options, mc_error *err)
{
    mci_loader loader = { .checkpoint = clip->checkpoint,
                          .backend = clip->backend,
                          .precision = clip->precision };
    mc_status status = MC_OK;
    clip->has_vision = options->towers != MC_TEXT_TOWER;
    clip->has_text = options->towers != MC_IMAGE_TOWER;
    if (clip->has_vision)
        status =
            mci_vision_tower_load(&clip->vision, &loader, &clip->config, options->image_size, err);
    if (status >= 0 && clip->has_text)
        status = mci_text_tower_load(&clip->text, &loader, &clip->config, err);
    mci_loader_release(&loader);
    return status;
}

static mc_status load(mc_clip *clip, const char *path, const mc_clip_options *options,
                      mc_error *err)
{
    const mci_checkpoint_options how = { .config_path = options->config_path,
                                         .model_name = options->model_name,
                                         .warn = options->hooks ? options->hooks->warn : NULL,
                                         .user = options->hooks ? options->hooks->user : NULL };
    MC_TRY(choose_backend(clip, options->backend, err));
    MC_TRY(mci_checkpoint_open(path, &how, &clip->checkpoint, err));
    clip->config = *mci_checkpoint_config(clip->checkpoint);
    MC_TRY(load_scale(clip, err));
    return load_towers(clip, options, err);
}

mc_status mc_clip_open(const char *path, const mc_clip_options *options, mc_clip **out,
                       mc_error *err)
{
    static const mc_clip_options usual = { 0 };
    mc_clip *clip = mci_alloc_zeroed(1, sizeof *clip);
    if (!clip)
        return mci_nomem(err, sizeof *clip);
    if (!options)
        options = &usual;
    clip->precision = options->precision == MC_PRECISION_BF16 ? MCI_NN_BF16 : MCI_NN_F32;
    mc_status status = load(clip, path, options, err);
    if (status < 0) {
        mc_clip_close(clip);
        return mc_add_context(err, status, "%s", path);
    }
    *out = clip;
    return MC_OK;
}

void mc_clip_close(mc_clip *clip)
{
    if (!clip)
        return;
    if (clip->has_vision)
        mci_vision_tower_release(&clip->vision, clip->backend);
    if (clip->has_text)
        mci_text_tower_release(&clip->text, clip->backend);
    mci_checkpoint_close(clip->checkpoint);
    mci_free(clip);
}

mc_clip_facts mc_clip_facts_of(const mc_clip *clip)
{
    const mci_clip_config *config = &clip->config;
    mc_clip_facts facts = {
        .embed_dim = config->embed_dim,
        .image_size = clip->has_vision ? (uint32_t)clip->vision.S : config->vision.image_size,
        .patch_size = config->vision.patch_size,
        .context_length = config->text.context_length,
        .vocab_size = config->text.vocab_size,
        .quick_gelu = config->quick_gelu,
        .logit_scale = clip->logit_scale,
        .start_id = config->text.start_id,
        .end_id = config->text.end_id,
        .pad_id = config->text.pad_id,
        .backend = clip->backend->name,
        .arithmetic = how_of(clip->backend, clip->precision),
        .folder = mci_checkpoint_folder(clip->checkpoint),
    };
    memcpy(facts.mean, config->vision.mean, sizeof facts.mean);
    memcpy(facts.std, config->vision.std, sizeof facts.std);
    return facts;
}
