/* OpenCLIP's configs. Source: open_clip's model_configs/ and the dataclasses CLIPVisionCfg and
 * CLIPTextCfg, whose defaults stand here. */
#include <math.h>

#include "model/config_fields.h"

static const mci_config_refusal top_refusals[] = {
    { "multimodal_cfg", NULL, "a CoCa model, which has a third transformer" },
    { "audio_cfg", NULL, "a model of sound" },
    { "init_logit_bias", NULL, "a SigLIP model, whose scores are no softmax" },
    { "nonscalar_logit_scale", NULL, "logit_scale is more than one number" },
};

static const mci_config_refusal vision_refusals[] = {
    { "timm_model_name", NULL, "an image tower from timm" },
    { "hf_model_name", NULL, "an image tower from Hugging Face" },
    { "attentional_pool", NULL, "pools by attention" },
    { "no_ln_pre", NULL, "has no first layer norm" },
    { "final_ln_after_pool", NULL, "has its last layer norm elsewhere" },
    { "global_average_pool", NULL, "pools by the mean" },
    { "pool_type", "tok", "does not pool at the class token" },
    { "pos_embed_type", "learnable", "has fixed positions" },
    { "ls_init_value", NULL, "scales its layers (LayerScale)" },
    { "act_kwargs", NULL, "has another activation" },
    { "block_type", "default", "has blocks of another kind" },
    { "input_patchnorm", NULL, "normalises patches" },
    { "qk_norm", NULL, "normalises queries and keys" },
    { "scaled_cosine_attn", NULL, "has cosine attention" },
    { "scale_heads", NULL, "scales its heads" },
    { "scale_attn_inner", NULL, "normalises inside its attention" },
    { "scale_attn", NULL, "normalises its attention" },
    { "scale_fc", NULL, "normalises inside its MLP" },
};

static const char *const vision_known[] = {
    "layers",
    "width",
    "head_width",
    "mlp_ratio",
    "patch_size",
    "image_size",
    "patch_dropout",
    "norm_kwargs",
    "output_tokens",
    "attn_pooler_queries",
    "attn_pooler_heads",
    "n_queries",
    "timm_model_pretrained",
    "timm_pool",
    "timm_proj",
    "timm_proj_bias",
    "timm_drop",
    "timm_drop_path",
};

static const mci_config_refusal text_refusals[] = {
    { "hf_model_name", NULL, "a text tower from Hugging Face" },
    { "embed_cls", NULL, "a class token in the text tower" },
    { "no_causal_mask", NULL, "a text tower without a causal mask" },
    { "final_ln_after_pool", NULL, "has its last layer norm elsewhere" },
    { "proj_bias", NULL, "a projection with a bias" },
    { "proj_type", "linear", "has no projection" },
    { "ls_init_value", NULL, "scales its layers (LayerScale)" },
    { "act_kwargs", NULL, "has another activation" },
    { "block_type", "default", "has blocks of another kind" },
    { "ln_post_emb", NULL, "normalises its embeddings" },
    { "qk_norm", NULL, "normalises queries and keys" },
    { "scaled_cosine_attn", NULL, "has cosine attention" },
    { "scale_heads", NULL, "scales its heads" },
    { "scale_attn_inner", NULL, "normalises inside its attention" },
    { "scale_attn", NULL, "normalises its attention" },
    { "scale_fc", NULL, "normalises inside its MLP" },
};

static const char *const text_known[] = {
    "context_length",
    "vocab_size",
    "width",
    "heads",
    "layers",
    "mlp_ratio",
    "hf_tokenizer_name",
    "tokenizer_kwargs",
    "pool_type",
    "eos_id",
    "pad_id",
    "norm_kwargs",
    "output_tokens",
    "hf_model_pretrained",
    "hf_proj_type",
    "hf_pooler_type",
    "bos_id",
    "tokenizer_mode",
};

/* int(width * ratio), as Python has it. */
static mc_status read_mlp(const mci_config_part *part, uint32_t width, uint32_t *out, mc_error *err)
{
    double ratio;
    MC_TRY(mci_config_double(part, "mlp_ratio", 4.0, &ratio, err));
    if (!(ratio > 0 && ratio < 1e9))
        return mci_config_wrong(part, "mlp_ratio", err, "want a number above 0");
    double mlp = floor(width * ratio);
    if (mlp > UINT32_MAX)
        return mci_config_wrong(part, "mlp_ratio", err, "too large for a width of %u", width);
    *out = (uint32_t)mlp;
    return MC_OK;
}

static mc_status read_eps(const mci_config_part *part, double *out, mc_error *err)
{
    mci_config_part norm;
    MC_TRY(mci_config_part_of(part, "norm_kwargs", &norm, err));
    return mci_config_double(&norm, "eps", 1e-5, out, err);
}

static mc_status read_vision(const mci_config_part *part, mci_clip_config *c, mc_error *err)
{
    uint32_t head_width;
    mci_json_value layers;
    if (mci_config_member(part, "layers", &layers) && mci_json_type_of(layers) == MCI_JSON_ARRAY)
        return mci_config_wrong(part, "layers", err,
                                "a ResNet; what is taken are vision transformers");
    MC_TRY(mci_config_refuse(part, vision_refusals, COUNT_OF(vision_refusals), err));
    MC_TRY(mci_config_side(part, "image_size", 224, &c->vision.image_size, err));
    MC_TRY(mci_config_side(part, "patch_size", 16, &c->vision.patch_size, err));
    MC_TRY(mci_config_u32(part, "width", 768, &c->vision.width, err));
    MC_TRY(mci_config_u32(part, "layers", 12, &c->vision.layers, err));
    MC_TRY(mci_config_u32(part, "head_width", 64, &head_width, err));
    if (head_width == 0 || c->vision.width % head_width != 0)
        return mci_config_wrong(part, "head_width", err, "%u does not divide the width of %u",
                                head_width, c->vision.width);
    c->vision.heads = c->vision.width / head_width;
    c->vision.resize_size = c->vision.image_size;
    return read_mlp(part, c->vision.width, &c->vision.mlp_width, err);
}

/* ---- text ---- */

static bool holds(mc_str text, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= text.len; i++) {
        size_t same = 0;
        while (same < n && (text.data[i + same] | 0x20) == part[same])
            same++;
        if (same == n)
            return true;
    }
    return false;
}

/* Meta's own configs of its worldwide models say nothing of the vocabulary but its size. */
static mc_status read_vocab(const mci_config_part *part, mci_clip_config *c,
                            const mci_config_hooks *hooks, mc_error *err)
{
    mc_str tokenizer;
    MC_TRY(mci_config_text(part, "hf_tokenizer_name", NULL, &tokenizer, err));
    mci_vocab vocab = mci_vocab_of_size(c->text.vocab_size);
    if (holds(tokenizer, "xlm-v"))
        vocab = MCI_VOCAB_XLMV;
    else if (holds(tokenizer, "mt5"))
        vocab = MCI_VOCAB_MT5;
    else if (tokenizer.len && !holds(tokenizer, "clip"))
        mci_config_warn(hooks,
                        "text_cfg.hf_tokenizer_name: %.*s is not known here; give ids of "
                        "tokens instead of texts",
                        tokenizer.len < 100 ? (int)tokenizer.len : 100, tokenizer.data);
    mci_clip_config_vocab(c, vocab);
    return MC_OK;
}

static mc_status read_pool(const mci_config_part *part, mci_clip_config *c, mc_error *err)
{
    mc_str pool;
    uint32_t id;
    MC_TRY(mci_config_text(part, "pool_type", NULL, &pool, err));
    if (pool.len == 0)
        return MC_OK; /* as the vocabulary has it */
    if (mc_str_equal(pool, mc_str_of("argmax"))) {
        c->text.pool = MCI_POOL_LARGEST;
        return MC_OK;
    }
    if (!mc_str_equal(pool, mc_str_of("eos")))
        return mci_config_wrong(part, "pool_type", err,
                                "%.*s; text towers that pool at their end token are taken "
                                "(argmax, eos)",
                                pool.len < 100 ? (int)pool.len : 100, pool.data);
    MC_TRY(mci_config_u32(part, "eos_id", 2, &id, err));
    if (id >= c->text.vocab_size)
        return mci_config_wrong(part, "eos_id", err, "%u is outside the vocabulary", id);
    c->text.pool = MCI_POOL_END;
    c->text.end_id = (int32_t)id;
    return MC_OK;
}

static mc_status read_text(const mci_config_part *part, mci_clip_config *c,
                           const mci_config_hooks *hooks, mc_error *err)
{
    MC_TRY(mci_config_refuse(part, text_refusals, COUNT_OF(text_refusals), err));
    MC_TRY(mci_config_u32(part, "context_length", 77, &c->text.context_length, err));
    MC_TRY(mci_config_u32(part, "vocab_size", 49408, &c->text.vocab_size, err));
    MC_TRY(mci_config_u32(part, "width", 512, &c->text.width, err));
    MC_TRY(mci_config_u32(part, "heads", 8, &c->text.heads, err));
    MC_TRY(mci_config_u32(part, "layers", 12, &c->text.layers, err));
    MC_TRY(read_mlp(part, c->text.width, &c->text.mlp_width, err));
    if (c->text.vocab_size < 3 || c->text.vocab_size > 1 << 24)
        return mci_config_wrong(part, "vocab_size", err, "%u is not between 3 and 16777216",
                                c->text.vocab_size);
    MC_TRY(read_vocab(part, c, hooks, err));
    return read_pool(part, c, err);
}

/* ---- preprocessing ---- */

static mc_status read_preprocess(const mci_config_part *part, mci_clip_config *c, mc_error *err)
{
    static const struct {
        const char *key, *word;
        int value;
    } words[] = {
        { "resize_mode", "shortest", MCI_RESIZE_SHORTEST },
        { "resize_mode", "squash", MCI_RESIZE_SQUASH },
        { "resize_mode", "longest", MCI_RESIZE_LONGEST },
        { "interpolation", "bicubic", MCI_RESAMPLE_BICUBIC },
        { "interpolation", "bilinear", MCI_RESAMPLE_BILINEAR },
        { "interpolation", "random", MCI_RESAMPLE_BICUBIC }, /* in training only */
    };
    const char *const keys[] = { "resize_mode", "interpolation" };
    MC_TRY(mci_config_triple(part, "mean", c->vision.mean, err));
    MC_TRY(mci_config_triple(part, "std", c->vision.std, err));
    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        mc_str word;
        MC_TRY(mci_config_text(part, keys[k], NULL, &word, err));
        bool is_known = word.len == 0;
        for (size_t i = 0; i < COUNT_OF(words) && !is_known; i++) {
            is_known =
                strcmp(words[i].key, keys[k]) == 0 && mc_str_equal(word, mc_str_of(words[i].word));
            if (is_known && k == 0)
                c->vision.resize_mode = (mci_resize_mode)words[i].value;
            else if (is_known)
                c->vision.resample = (mci_resample)words[i].value;
        }
        if (!is_known)
            return mci_config_wrong(part, keys[k], err, "%.*s is not known here",
                                    word.len < 100 ? (int)word.len : 100, word.data);
    }
    return MC_OK;
}

mc_status mci_open_clip_read(mci_json_value root, const mci_config_hooks *hooks,
                             mci_clip_config *out, mc_error *err)
{
    mci_config_part whole = { root, "", true }, model, preprocess, vision, text;
    double eps[2];
    mci_clip_config_defaults(out);
    MC_TRY(mci_config_part_of(&whole, "model_cfg", &model, err));
    MC_TRY(mci_config_part_of(&whole, "preprocess_cfg", &preprocess, err));
    if (!model.is_there)
        model = whole;
    MC_TRY(mci_config_part_of(&model, "vision_cfg", &vision, err));
    MC_TRY(mci_config_part_of(&model, "text_cfg", &text, err));
    MC_TRY(mci_config_refuse(&model, top_refusals, COUNT_OF(top_refusals), err));
    if (!vision.is_there || !text.is_there)
        return mci_config_wrong(&model, vision.is_there ? "text_cfg" : "vision_cfg", err,
                                "is missing; a CLIP model has two towers");
    MC_TRY(mci_config_u32(&model, "embed_dim", 0, &out->embed_dim, err));
    MC_TRY(mci_config_bool(&model, "quick_gelu", false, &out->quick_gelu, err));
    MC_TRY(read_vision(&vision, out, err));
    MC_TRY(read_text(&text, out, hooks, err));
    MC_TRY(read_eps(&vision, &eps[0], err));
    MC_TRY(read_eps(&text, &eps[1], err));
    if (eps[0] != eps[1])
        return mci_config_wrong(&text, "norm_kwargs", err, "another eps than the vision tower's");
    out->layer_norm_eps = (float)eps[0];
    mci_config_warn_unknown(&vision, vision_known, COUNT_OF(vision_known), vision_refusals,
                            COUNT_OF(vision_refusals), hooks);
    mci_config_warn_unknown(&text, text_known, COUNT_OF(text_known), text_refusals,
                            COUNT_OF(text_refusals), hooks);
    return read_preprocess(&preprocess, out, err);
}
