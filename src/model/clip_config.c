#include "model/clip_config.h"

#include <inttypes.h>

#include "model/config_fields.h"

/* OpenAI's preprocessing, which MetaCLIP's models share. */
static const float mean[3] = { 0.48145466f, 0.4578275f, 0.40821073f };
static const float std[3] = { 0.26862954f, 0.26130258f, 0.27577711f };

void mci_clip_config_defaults(mci_clip_config *config)
{
    *config = (mci_clip_config){ .layer_norm_eps = 1e-5f };
    memcpy(config->vision.mean, mean, sizeof mean);
    memcpy(config->vision.std, std, sizeof std);
}

void mci_clip_config_vocab(mci_clip_config *config, mci_vocab vocab)
{
    int32_t last = (int32_t)config->text.vocab_size - 1;
    config->text.vocab = vocab;
    switch (vocab) {
    case MCI_VOCAB_CLIP:
        config->text.pool = MCI_POOL_LARGEST;
        config->text.start_id = last - 1;
        config->text.end_id = last;
        config->text.pad_id = 0;
        break;
    case MCI_VOCAB_XLMV:
        config->text.pool = MCI_POOL_END;
        config->text.start_id = 0;
        config->text.end_id = 2;
        config->text.pad_id = 1;
        break;
    case MCI_VOCAB_MT5:
        config->text.pool = MCI_POOL_COUNT;
        config->text.start_id = -1;
        config->text.end_id = 1;
        config->text.pad_id = 0;
        break;
    }
}

mci_vocab mci_vocab_of_size(uint32_t vocab_size)
{
    return vocab_size == 901629                           ? MCI_VOCAB_XLMV
           : vocab_size >= 250000 && vocab_size <= 250112 ? MCI_VOCAB_MT5
                                                          : MCI_VOCAB_CLIP;
}

/* ---- sanity ---- */

static mc_status check_range(const char *what, uint64_t value, uint64_t max, mc_error *err)
{
    if (value >= 1 && value <= max)
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "%s is %" PRIu64 "; 1 to %" PRIu64 " are taken", what, value,
                   max);
}

static mc_status check_heads(const char *tower, uint32_t width, uint32_t heads, mc_error *err)
{
    if (heads >= 1 && width % heads == 0)
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "the %s tower's width of %u does not make %u heads", tower,
                   width, heads);
}

static bool is_id(const mci_clip_config *config, int32_t id)
{
    return id >= 0 && (uint32_t)id < config->text.vocab_size;
}

mc_status mci_clip_config_check(const mci_clip_config *c, mc_error *err)
{
    const struct {
        const char *what;
        uint64_t value, max;
    } ranges[] = {
        { "embed_dim", c->embed_dim, 1 << 16 },
        { "the image size", c->vision.image_size, 1 << 13 },
        { "the patch size", c->vision.patch_size, c->vision.image_size },
        { "the resized image", c->vision.resize_size, 1 << 14 },
        { "the vision tower's width", c->vision.width, 1 << 16 },
        { "the vision tower's number of layers", c->vision.layers, 1 << 10 },
        { "the vision tower's MLP", c->vision.mlp_width, 1 << 20 },
        { "the context length", c->text.context_length, 1 << 16 },
        { "the vocabulary", c->text.vocab_size, 1 << 24 },
        { "the text tower's width", c->text.width, 1 << 16 },
        { "the text tower's number of layers", c->text.layers, 1 << 10 },
        { "the text tower's MLP", c->text.mlp_width, 1 << 20 },
    };
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        MC_TRY(check_range(ranges[i].what, ranges[i].value, ranges[i].max, err));
    MC_TRY(check_heads("vision", c->vision.width, c->vision.heads, err));
    MC_TRY(check_heads("text", c->text.width, c->text.heads, err));
    if (c->vision.resize_size < c->vision.image_size)
        return mc_fail(err, MC_E_FORMAT, "images are resized to %u, but cut to %u",
                       c->vision.resize_size, c->vision.image_size);
    if (!(c->layer_norm_eps > 0 && c->layer_norm_eps < 1))
        return mc_fail(err, MC_E_FORMAT, "the eps of the layer norms is not between 0 and 1");
    for (size_t i = 0; i < 3; i++)
        if (!(c->vision.std[i] > 0))
            return mc_fail(err, MC_E_FORMAT, "the std of pixels is not above 0");
    if (!is_id(c, c->text.end_id) || !is_id(c, c->text.pad_id) ||
        (c->text.start_id != -1 && !is_id(c, c->text.start_id)))
        return mc_fail(err, MC_E_FORMAT, "a special token lies outside the vocabulary of %u",
                       c->text.vocab_size);
    return MC_OK;
}

/* ---- which kind ---- */

static bool has(mci_json_value root, const char *key)
{
    mci_json_value value;
    return mci_json_get(root, key, &value);
}

static bool is_hugging_face(mci_json_value root)
{
    return has(root, "model_type") || has(root, "vision_config") || has(root, "text_config") ||
           has(root, "text_config_dict") || has(root, "vision_config_dict");
}

static bool is_open_clip(mci_json_value root)
{
    return has(root, "model_cfg") || has(root, "vision_cfg") || has(root, "text_cfg");
}

bool mci_clip_config_is(mci_json_value root)
{
    return is_open_clip(root) || is_hugging_face(root);
}

mc_status mci_clip_config_read(mci_json_value root, const mci_config_hooks *hooks,
                               mci_clip_config *out, mc_error *err)
{
    mci_clip_config config;
    if (is_open_clip(root))
        MC_TRY(mci_open_clip_read(root, hooks, &config, err));
    else if (is_hugging_face(root))
        MC_TRY(mci_hugging_face_read(root, hooks, &config, err));
    else
        return mc_fail(err, MC_E_FORMAT,
                       "neither OpenCLIP's config (vision_cfg, text_cfg) nor Hugging Face's "
                       "(model_type, vision_config, text_config)");
    MC_TRY(mci_clip_config_check(&config, err));
    *out = config;
    return MC_OK;
}
