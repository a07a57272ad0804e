/* Hugging Face's configs. What a file leaves out has the default of CLIPConfig, CLIPTextConfig and
 * CLIPVisionConfig in transformers, which metaclip_2's classes share; Meta's own files leave out
 * nearly everything. */
#include <math.h>

#include "model/config_fields.h"

static mc_status read_activation(const mci_config_part *part, bool *quick, mc_error *err)
{
    mc_str act;
    MC_TRY(mci_config_text(part, "hidden_act", "quick_gelu", &act, err));
    *quick = mc_str_equal(act, mc_str_of("quick_gelu"));
    if (*quick || mc_str_equal(act, mc_str_of("gelu")))
        return MC_OK;
    return mci_config_wrong(part, "hidden_act", err, "%.*s; gelu and quick_gelu are taken",
                            act.len < 100 ? (int)act.len : 100, act.data);
}

/* What the two towers say of themselves and must agree on. */
typedef struct {
    bool quick_gelu;
    double eps;
} shared;

static mc_status read_shared(const mci_config_part *part, shared *out, mc_error *err)
{
    MC_TRY(read_activation(part, &out->quick_gelu, err));
    return mci_config_double(part, "layer_norm_eps", 1e-5, &out->eps, err);
}

static mc_status read_vision(const mci_config_part *part, mci_clip_config *c, mc_error *err)
{
    uint32_t channels;
    MC_TRY(mci_config_u32(part, "hidden_size", 768, &c->vision.width, err));
    MC_TRY(mci_config_u32(part, "intermediate_size", 3072, &c->vision.mlp_width, err));
    MC_TRY(mci_config_u32(part, "num_hidden_layers", 12, &c->vision.layers, err));
    MC_TRY(mci_config_u32(part, "num_attention_heads", 12, &c->vision.heads, err));
    MC_TRY(mci_config_side(part, "image_size", 224, &c->vision.image_size, err));
    MC_TRY(mci_config_side(part, "patch_size", 32, &c->vision.patch_size, err));
    MC_TRY(mci_config_u32(part, "num_channels", 3, &channels, err));
    c->vision.resize_size = c->vision.image_size;
    return channels == 3
               ? MC_OK
               : mci_config_wrong(part, "num_channels", err, "%u; images have 3", channels);
}

/* ---- text ---- */

/* One id, or a list of one. */
static mc_status read_id(const mci_config_part *part, const char *key, int32_t fallback,
                         int32_t *out, mc_error *err)
{
    mci_json_value value, element;
    uint64_t id;
    *out = fallback;
    if (!mci_config_member(part, key, &value))
        return MC_OK;
    if (mci_json_type_of(value) == MCI_JSON_ARRAY) {
        mci_json_iter it = mci_json_iterate(value);
        if (!mci_json_next(&it, NULL, &element) || mci_json_next(&it, NULL, &value))
            return mci_config_wrong(part, key, err, "want one id");
        value = element;
    }
    if (!mci_json_u64(value, &id) || id > INT32_MAX)
        return mci_config_wrong(part, key, err, "want the id of a token");
    *out = (int32_t)id;
    return MC_OK;
}

/* CLIP's files once said eos_token_id 2, which was wrong; such a model pools at the largest id. */
static mc_status read_clip_ids(const mci_config_part *part, mci_clip_config *c, mc_error *err)
{
    int32_t start, end;
    MC_TRY(read_id(part, "bos_token_id", 49406, &start, err));
    MC_TRY(read_id(part, "eos_token_id", 49407, &end, err));
    mci_clip_config_vocab(c, MCI_VOCAB_CLIP);
    if (end == 2)
        return MC_OK;
    c->text.pool = MCI_POOL_END;
    c->text.start_id = start;
    c->text.end_id = end;
    return MC_OK;
}

static mc_status read_worldwide_ids(const mci_config_part *part, mci_clip_config *c, mc_error *err)
{
    int32_t end;
    MC_TRY(read_id(part, "eos_token_id", 49407, &end, err));
    mci_clip_config_vocab(c, end == 1 ? MCI_VOCAB_MT5 : MCI_VOCAB_XLMV);
    c->text.pool = MCI_POOL_END;
    c->text.end_id = end;
    return MC_OK;
}

static mc_status read_text(const mci_config_part *part, bool is_worldwide, mci_clip_config *c,
                           mc_error *err)
{
    MC_TRY(mci_config_u32(part, "vocab_size", 49408, &c->text.vocab_size, err));
    MC_TRY(mci_config_u32(part, "hidden_size", 512, &c->text.width, err));
    MC_TRY(mci_config_u32(part, "intermediate_size", 2048, &c->text.mlp_width, err));
    MC_TRY(mci_config_u32(part, "num_hidden_layers", 12, &c->text.layers, err));
    MC_TRY(mci_config_u32(part, "num_attention_heads", 8, &c->text.heads, err));
    MC_TRY(mci_config_u32(part, "max_position_embeddings", 77, &c->text.context_length, err));
    if (c->text.vocab_size < 3 || c->text.vocab_size > 1 << 24)
        return mci_config_wrong(part, "vocab_size", err, "%u is not between 3 and 16777216",
                                c->text.vocab_size);
    return is_worldwide ? read_worldwide_ids(part, c, err) : read_clip_ids(part, c, err);
}

/* ---- the whole ---- */

/* Where an older file has text_config_dict beside text_config, the former holds, with the defaults
 * of what it leaves out. */
static mc_status tower_of(const mci_config_part *whole, const char *key, const char *older,
                          mci_config_part *out, mc_error *err)
{
    MC_TRY(mci_config_part_of(whole, older, out, err));
    return out->is_there ? MC_OK : mci_config_part_of(whole, key, out, err);
}

static mc_status check_type(const mci_config_part *whole, bool *is_worldwide, mc_error *err)
{
    mc_str type;
    MC_TRY(mci_config_text(whole, "model_type", "clip", &type, err));
    *is_worldwide = mc_str_equal(type, mc_str_of("metaclip_2"));
    if (*is_worldwide || mc_str_equal(type, mc_str_of("clip")))
        return MC_OK;
    return mci_config_wrong(whole, "model_type", err, "%.*s; clip and metaclip_2 are taken",
                            type.len < 100 ? (int)type.len : 100, type.data);
}

mc_status mci_hugging_face_read(mci_json_value root, const mci_config_hooks *hooks,
                                mci_clip_config *out, mc_error *err)
{
    mci_config_part whole = { root, "", true }, vision, text;
    bool is_worldwide;
    shared of_vision, of_text;
    (void)hooks;
    mci_clip_config_defaults(out);
    MC_TRY(check_type(&whole, &is_worldwide, err));
    MC_TRY(tower_of(&whole, "vision_config", "vision_config_dict", &vision, err));
    MC_TRY(tower_of(&whole, "text_config", "text_config_dict", &text, err));
    MC_TRY(mci_config_u32(&whole, "projection_dim", 512, &out->embed_dim, err));
    MC_TRY(read_vision(&vision, out, err));
    MC_TRY(read_text(&text, is_worldwide, out, err));
    MC_TRY(read_shared(&vision, &of_vision, err));
    MC_TRY(read_shared(&text, &of_text, err));
    if (of_vision.quick_gelu != of_text.quick_gelu)
        return mci_config_wrong(&text, "hidden_act", err, "another one than the vision tower's");
    if (of_vision.eps != of_text.eps)
        return mci_config_wrong(&text, "layer_norm_eps", err,
                                "another one than the vision tower's");
    out->quick_gelu = of_text.quick_gelu;
    out->layer_norm_eps = (float)of_text.eps;
    return MC_OK;
}

/* ---- preprocessor_config.json ---- */

static mc_status read_resample(const mci_config_part *whole, mci_clip_config *c, mc_error *err)
{
    /* PIL's numbers. */
    static const mci_resample by_number[] = { MCI_RESAMPLE_NEAREST, MCI_RESAMPLE_LANCZOS,
                                              MCI_RESAMPLE_BILINEAR, MCI_RESAMPLE_BICUBIC };
    uint32_t number;
    MC_TRY(mci_config_u32(whole, "resample", 3, &number, err));
    if (number >= COUNT_OF(by_number))
        return mci_config_wrong(whole, "resample", err,
                                "%u; 0 (nearest), 1 (Lanczos), 2 (bilinear), 3 (bicubic) are taken",
                                number);
    c->vision.resample = by_number[number];
    return MC_OK;
}

/* A size in one of its spellings: 224, {"shortest_edge":224}, {"height":224,"width":224}. */
static mc_status read_size(const mci_config_part *whole, const char *key, uint32_t *out,
                           bool *is_both, mc_error *err)
{
    mci_json_value value;
    mci_config_part size;
    uint32_t width;
    *is_both = false;
    if (!mci_config_member(whole, key, &value))
        return MC_OK;
    if (mci_json_type_of(value) != MCI_JSON_OBJECT)
        return mci_config_side(whole, key, 0, out, err);
    MC_TRY(mci_config_part_of(whole, key, &size, err));
    if (mci_config_member(&size, "shortest_edge", &value))
        return mci_config_u32(&size, "shortest_edge", 0, out, err);
    MC_TRY(mci_config_u32(&size, "height", 0, out, err));
    MC_TRY(mci_config_u32(&size, "width", 0, &width, err));
    *is_both = true;
    if (*out == 0 || *out != width)
        return mci_config_wrong(whole, key, err,
                                "want a number, shortest_edge, or equal height and width");
    return MC_OK;
}

static mc_status read_sizes(const mci_config_part *whole, const mci_config_hooks *hooks,
                            mci_clip_config *c, mc_error *err)
{
    uint32_t size = c->vision.image_size, crop = 0;
    bool is_squashed, is_both, does_crop;
    MC_TRY(read_size(whole, "size", &size, &is_squashed, err));
    MC_TRY(read_size(whole, "crop_size", &crop, &is_both, err));
    MC_TRY(mci_config_bool(whole, "do_center_crop", true, &does_crop, err));
    if (crop == 0 || !does_crop)
        crop = size;
    if (crop != c->vision.image_size) {
        mci_config_warn(hooks,
                        "the preprocessing gives images of %u, the model takes %u; they are "
                        "given %u",
                        crop, c->vision.image_size, c->vision.image_size);
        return MC_OK;
    }
    if (size < crop)
        return mci_config_wrong(whole, "size", err, "%u, less than what is cut out of it (%u)",
                                size, crop);
    if (!does_crop && !is_squashed)
        mci_config_warn(hooks, "do_center_crop is off, but the model takes squares: the centre is "
                               "cut out");
    c->vision.resize_mode = is_squashed ? MCI_RESIZE_SQUASH : MCI_RESIZE_SHORTEST;
    c->vision.resize_size = size;
    return MC_OK;
}

/* Values are (255 * pixel * factor - mean) / std here, (pixel - mean) / std with us. */
static mc_status read_scale(const mci_config_part *whole, mci_clip_config *c, mc_error *err)
{
    double factor;
    bool does_rescale, does_normalize;
    MC_TRY(mci_config_bool(whole, "do_rescale", true, &does_rescale, err));
    MC_TRY(mci_config_bool(whole, "do_normalize", true, &does_normalize, err));
    MC_TRY(mci_config_double(whole, "rescale_factor", 1.0 / 255, &factor, err));
    if (!does_rescale)
        factor = 1;
    if (!(factor > 1e-9 && factor < 1e9))
        return mci_config_wrong(whole, "rescale_factor", err, "want a number above 0");
    MC_TRY(mci_config_triple(whole, "image_mean", c->vision.mean, err));
    MC_TRY(mci_config_triple(whole, "image_std", c->vision.std, err));
    bool is_usual = fabs(factor * 255 - 1) < 1e-6;
    for (size_t i = 0; i < 3; i++) {
        float mean = does_normalize ? c->vision.mean[i] : 0,
              std = does_normalize ? c->vision.std[i] : 1;
        c->vision.mean[i] = is_usual ? mean : (float)(mean / (255 * factor));
        c->vision.std[i] = is_usual ? std : (float)(std / (255 * factor));
    }
    return MC_OK;
}

mc_status mci_clip_preprocess_read(mci_json_value root, const mci_config_hooks *hooks,
                                   mci_clip_config *config, mc_error *err)
{
    mci_config_part whole = { root, "", true };
    mci_clip_config read = *config;
    bool does_resize;
    if (mci_json_type_of(root) != MCI_JSON_OBJECT)
        return mc_fail(err, MC_E_FORMAT, "want an object");
    MC_TRY(mci_config_bool(&whole, "do_resize", true, &does_resize, err));
    if (!does_resize)
        mci_config_warn(hooks, "do_resize is off, but the model takes images of one size: they are "
                               "resized");
    MC_TRY(read_resample(&whole, &read, err));
    MC_TRY(read_sizes(&whole, hooks, &read, err));
    MC_TRY(read_scale(&whole, &read, err));
    MC_TRY(mci_clip_config_check(&read, err));
    *config = read;
    return MC_OK;
}
