#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_text.h"
#include "model/clip_config.h"

/* The JSON that is being written: members of nested objects, one a line. */
typedef struct {
    mci_buf *out;
    unsigned depth;
    bool has_members;
    mc_status status; /* the first failure; what follows does nothing */
    mc_error *err;
} writer;

static void put(writer *w, const char *text)
{
    if (w->status >= 0)
        w->status = mci_buf_add(w->out, mc_str_of(text), w->err);
}

static void put_line(writer *w)
{
    put(w, "\n");
    for (unsigned i = 0; i < w->depth; i++)
        put(w, "  ");
}

static void put_key(writer *w, const char *key)
{
    put(w, w->has_members ? "," : "");
    put_line(w);
    put(w, "\"");
    put(w, key);
    put(w, "\": ");
    w->has_members = true;
}

static void begin(writer *w, const char *key)
{
    if (key)
        put_key(w, key);
    put(w, "{");
    w->depth++;
    w->has_members = false;
}

static void end(writer *w)
{
    w->depth--;
    put_line(w);
    put(w, "}");
    w->has_members = true;
}

static void put_whole(writer *w, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put_key(w, key);
    put(w, text);
}

static void put_bool(writer *w, const char *key, bool value)
{
    put_key(w, key);
    put(w, value ? "true" : "false");
}

static void put_text(writer *w, const char *key, const char *value)
{
    put_key(w, key);
    if (w->status >= 0)
        w->status = mci_json_add_string(w->out, mc_str_of(value), w->err);
}

/* ---- numbers ---- */

/* With the fewest digits that give the same float (or, if is_double, double) again; with a point or
 * an exponent, and whatever the locale's point is. */
static void number_text(double value, bool is_double, char out[48])
{
    char text[48], digits[24];
    size_t n = 0;
    int most = is_double ? 17 : 9;
    for (int precision = 0; precision < most; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, value);
        if (is_double ? strtod(text, NULL) == value : strtof(text, NULL) == (float)value)
            break;
    }
    const char *e = strchr(text, 'e');
    int exponent = (int)strtol(e + 1, NULL, 10);
    for (const char *c = text; c < e; c++)
        if (*c >= '0' && *c <= '9')
            digits[n++] = *c;
    digits[n] = '\0';
    const char *sign = value < 0 ? "-" : "";
    if (exponent < -4 || exponent > 15)
        snprintf(out, 48, "%s%c%s%se%d", sign, digits[0], n > 1 ? "." : "", digits + 1, exponent);
    else if (exponent < 0)
        snprintf(out, 48, "%s0.%.*s%s", sign, -exponent - 1, "0000", digits);
    else if ((size_t)exponent + 1 >= n)
        snprintf(out, 48, "%s%s%.*s.0", sign, digits, exponent + 1 - (int)n, "0000000000000000");
    else
        snprintf(out, 48, "%s%.*s.%s", sign, exponent + 1, digits, digits + exponent + 1);
}

static void put_double(writer *w, const char *key, double value)
{
    char text[48];
    number_text(value, true, text);
    put_key(w, key);
    put(w, text);
}

static void put_float(writer *w, const char *key, float value)
{
    char text[48];
    number_text(value, false, text);
    put_key(w, key);
    put(w, text);
}

static void put_triple(writer *w, const char *key, const float values[3])
{
    char text[48];
    put_key(w, key);
    for (size_t i = 0; i < 3; i++) {
        number_text(values[i], false, text);
        put(w, i ? ", " : "[");
        put(w, text);
    }
    put(w, "]");
}

static mc_status finish(writer *w)
{
    put(w, "\n");
    return w->status;
}

/* ---- OpenCLIP ---- */

/* A ratio that gives the MLP's width when it is multiplied and cut, as OpenCLIP does. */
static double ratio_of(uint32_t mlp, uint32_t width)
{
    double ratio = (double)mlp / width;
    return floor(width * ratio) == mlp ? ratio : ((double)mlp + 0.5) / width;
}

static void put_eps(writer *w, const mci_clip_config *c)
{
    if (c->layer_norm_eps == 1e-5f)
        return;
    begin(w, "norm_kwargs");
    put_float(w, "eps", c->layer_norm_eps);
    end(w);
}

static void put_vision_cfg(writer *w, const mci_clip_config *c)
{
    begin(w, "vision_cfg");
    put_whole(w, "image_size", c->vision.image_size);
    put_whole(w, "layers", c->vision.layers);
    put_whole(w, "width", c->vision.width);
    put_whole(w, "head_width", c->vision.width / c->vision.heads);
    put_double(w, "mlp_ratio", ratio_of(c->vision.mlp_width, c->vision.width));
    put_whole(w, "patch_size", c->vision.patch_size);
    put_eps(w, c);
    end(w);
}

/* Whether the first largest id of a text is its end: then OpenCLIP's default pooling is right. */
static bool pools_at_largest(const mci_clip_config *c)
{
    return c->text.pool == MCI_POOL_LARGEST ||
           (c->text.pool == MCI_POOL_END && (uint32_t)c->text.end_id == c->text.vocab_size - 1);
}

static void put_text_cfg(writer *w, const mci_clip_config *c)
{
    begin(w, "text_cfg");
    if (c->text.vocab != MCI_VOCAB_CLIP)
        put_text(w, "hf_tokenizer_name",
                 c->text.vocab == MCI_VOCAB_XLMV ? "facebook/xlm-v-base" : "google/mt5-base");
    if (!pools_at_largest(c)) {
        put_text(w, "pool_type", "eos");
        put_whole(w, "eos_id", c->text.end_id);
    } else if (c->text.vocab != MCI_VOCAB_CLIP) {
        put_text(w, "pool_type", "argmax");
    }
    put_whole(w, "context_length", c->text.context_length);
    put_whole(w, "vocab_size", c->text.vocab_size);
    put_whole(w, "width", c->text.width);
    put_whole(w, "heads", c->text.heads);
    put_whole(w, "layers", c->text.layers);
    if (c->text.mlp_width != 4 * (uint64_t)c->text.width)
        put_double(w, "mlp_ratio", ratio_of(c->text.mlp_width, c->text.width));
    put_eps(w, c);
    end(w);
}

mc_status mci_open_clip_write(const mci_clip_config *c, mci_buf *out, mc_error *err)
{
    static const char *const modes[] = { "shortest", "squash", "longest" };
    writer w = { .out = out, .err = err };
    begin(&w, NULL);
    begin(&w, "model_cfg");
    put_whole(&w, "embed_dim", c->embed_dim);
    put_bool(&w, "quick_gelu", c->quick_gelu);
    put_vision_cfg(&w, c);
    put_text_cfg(&w, c);
    end(&w);
    begin(&w, "preprocess_cfg");
    put_triple(&w, "mean", c->vision.mean);
    put_triple(&w, "std", c->vision.std);
    put_text(&w, "interpolation",
             c->vision.resample == MCI_RESAMPLE_BILINEAR ? "bilinear" : "bicubic");
    put_text(&w, "resize_mode", modes[c->vision.resize_mode]);
    end(&w);
    end(&w);
    return finish(&w);
}

/* ---- Hugging Face ---- */

/* What both towers have. */
static void put_tower(writer *w, const mci_clip_config *c, uint32_t width, uint32_t mlp_width,
                      uint32_t layers, uint32_t heads)
{
    put_whole(w, "hidden_size", width);
    put_whole(w, "intermediate_size", mlp_width);
    put_whole(w, "num_hidden_layers", layers);
    put_whole(w, "num_attention_heads", heads);
    put_text(w, "hidden_act", c->quick_gelu ? "quick_gelu" : "gelu");
    put_float(w, "layer_norm_eps", c->layer_norm_eps);
    put_float(w, "attention_dropout", 0);
    put_float(w, "initializer_range", 0.02f);
    put_float(w, "initializer_factor", 1);
    put_whole(w, "projection_dim", c->embed_dim);
}

static void put_text_config(writer *w, const mci_clip_config *c, bool is_worldwide)
{
    begin(w, "text_config");
    put_text(w, "model_type", is_worldwide ? "metaclip_2_text_model" : "clip_text_model");
    put_whole(w, "vocab_size", c->text.vocab_size);
    put_whole(w, "max_position_embeddings", c->text.context_length);
    put_tower(w, c, c->text.width, c->text.mlp_width, c->text.layers, c->text.heads);
    if (c->text.start_id >= 0)
        put_whole(w, "bos_token_id", c->text.start_id);
    put_whole(w, "eos_token_id", c->text.end_id);
    put_whole(w, "pad_token_id", is_worldwide ? c->text.pad_id : 1);
    end(w);
}

static void put_vision_config(writer *w, const mci_clip_config *c, bool is_worldwide)
{
    begin(w, "vision_config");
    put_text(w, "model_type", is_worldwide ? "metaclip_2_vision_model" : "clip_vision_model");
    put_whole(w, "image_size", c->vision.image_size);
    put_whole(w, "patch_size", c->vision.patch_size);
    put_whole(w, "num_channels", 3);
    put_tower(w, c, c->vision.width, c->vision.mlp_width, c->vision.layers, c->vision.heads);
    end(w);
}

mc_status mci_hugging_face_write(const mci_clip_config *c, const char *dtype, mci_buf *out,
                                 mc_error *err)
{
    writer w = { .out = out, .err = err };
    bool is_worldwide = c->text.vocab != MCI_VOCAB_CLIP;
    begin(&w, NULL);
    put_key(&w, "architectures");
    put(&w, is_worldwide ? "[\"MetaClip2Model\"]" : "[\"CLIPModel\"]");
    put_text(&w, "model_type", is_worldwide ? "metaclip_2" : "clip");
    put_whole(&w, "projection_dim", c->embed_dim);
    put_float(&w, "logit_scale_init_value", 2.6592f);
    put_float(&w, "initializer_factor", 1);
    put_text(&w, "torch_dtype", dtype);
    put_text_config(&w, c, is_worldwide);
    put_vision_config(&w, c, is_worldwide);
    end(&w);
    return finish(&w);
}

/* ---- preprocessor_config.json ---- */

static void put_square(writer *w, const char *key, uint32_t side)
{
    begin(w, key);
    put_whole(w, "height", side);
    put_whole(w, "width", side);
    end(w);
}

mc_status mci_clip_preprocess_write(const mci_clip_config *c, mci_buf *out, mc_error *err)
{
    static const int by_resample[] = { 3, 2, 1, 0 }; /* PIL's numbers */
    writer w = { .out = out, .err = err };
    bool is_squashed = c->vision.resize_mode == MCI_RESIZE_SQUASH;
    begin(&w, NULL);
    put_text(&w, "image_processor_type", "CLIPImageProcessor");
    put_bool(&w, "do_convert_rgb", true);
    put_bool(&w, "do_resize", true);
    put_whole(&w, "resample", by_resample[c->vision.resample]);
    if (is_squashed) {
        put_square(&w, "size", c->vision.resize_size);
    } else {
        begin(&w, "size");
        put_whole(&w, "shortest_edge", c->vision.resize_size);
        end(&w);
    }
    put_bool(&w, "do_center_crop", true);
    put_square(&w, "crop_size", c->vision.image_size);
    put_bool(&w, "do_rescale", true);
    put_double(&w, "rescale_factor", 1.0 / 255);
    put_bool(&w, "do_normalize", true);
    put_triple(&w, "image_mean", c->vision.mean);
    put_triple(&w, "image_std", c->vision.std);
    end(&w);
    return finish(&w);
}
