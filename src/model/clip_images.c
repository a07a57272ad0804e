/* How a model's images are prepared. */
#include "metaclip/embed.h"
#include "model/clip_internal.h"

static mc_resample resample_of(mci_resample resample)
{
    switch (resample) {
    case MCI_RESAMPLE_BILINEAR:
        return MC_RESAMPLE_BILINEAR;
    case MCI_RESAMPLE_LANCZOS:
        return MC_RESAMPLE_LANCZOS;
    case MCI_RESAMPLE_NEAREST:
        return MC_RESAMPLE_NEAREST;
    default:
        return MC_RESAMPLE_BICUBIC;
    }
}

mc_status mc_clip_image_options(const mc_clip *clip, mc_image_options *out, mc_error *err)
{
    const mci_clip_config *config = &clip->config;
    const unsigned S = mc_clip_facts_of(clip).image_size;
    const unsigned margin = config->vision.resize_size > config->vision.image_size
                                ? config->vision.resize_size - config->vision.image_size
                                : 0;
    mc_image_options options = mc_image_options_clip(S);
    if (config->vision.resize_mode == MCI_RESIZE_LONGEST)
        return mc_fail(err, MC_E_ARG,
                       "the model wants images filled up to a square, which is not done "
                       "here; prepare them yourself (--pixels)");
    options.shortest = S + margin;
    if (config->vision.resize_mode == MCI_RESIZE_SQUASH) {
        options.shortest = 0;
        options.width = options.height = S + margin;
    }
    options.resample = resample_of(config->vision.resample);
    memcpy(options.mean, config->vision.mean, sizeof options.mean);
    memcpy(options.std, config->vision.std, sizeof options.std);
    *out = options;
    return MC_OK;
}
