#include "model/clip_tensors.h"

#include <stdio.h>

#include "base/error.h"

/* A tensor's dimensions as letters:
 *   3  3, P patch size, G 1 + patches of an image, V width of vision, W width of text,
 *   C context length, N vocabulary, E embedding;
 *   in blocks: w width of the tower, q 3w, m its MLP */
typedef struct {
    const char *name, *dims;
} entry;

static const entry front[] = {
    { "positional_embedding", "CW" },
    { "text_projection", "WE" },
    { "logit_scale", "" },
    { "visual.class_embedding", "V" },
    { "visual.positional_embedding", "GV" },
    { "visual.proj", "VE" },
    { "visual.conv1.weight", "V3PP" },
    { "visual.ln_pre.weight", "V" },
    { "visual.ln_pre.bias", "V" },
};

static const entry block[] = {
    { "ln_1.weight", "w" },           { "ln_1.bias", "w" },
    { "attn.in_proj_weight", "qw" },  { "attn.in_proj_bias", "q" },
    { "attn.out_proj.weight", "ww" }, { "attn.out_proj.bias", "w" },
    { "ln_2.weight", "w" },           { "ln_2.bias", "w" },
    { "mlp.c_fc.weight", "mw" },      { "mlp.c_fc.bias", "m" },
    { "mlp.c_proj.weight", "wm" },    { "mlp.c_proj.bias", "w" },
};

static const entry middle[] = {
    { "visual.ln_post.weight", "V" },
    { "visual.ln_post.bias", "V" },
};

static const entry back[] = {
    { "token_embedding.weight", "NW" },
    { "ln_final.weight", "W" },
    { "ln_final.bias", "W" },
};

static const char vision_blocks[] = "visual.transformer.resblocks.";
static const char text_blocks[] = "transformer.resblocks.";

/* ---- which there are ---- */

size_t mci_clip_n_tensors(const mci_clip_config *c)
{
    size_t n_layers = (size_t)c->vision.layers + c->text.layers;
    return COUNT_OF(front) + COUNT_OF(middle) + COUNT_OF(back) + COUNT_OF(block) * n_layers;
}

static uint64_t size_of(const mci_clip_config *c, char letter, uint64_t width, uint64_t mlp)
{
    uint64_t grid = c->vision.image_size / c->vision.patch_size;
    switch (letter) {
    case '3':
        return 3;
    case 'P':
        return c->vision.patch_size;
    case 'G':
        return 1 + grid * grid;
    case 'V':
        return c->vision.width;
    case 'W':
        return c->text.width;
    case 'C':
        return c->text.context_length;
    case 'N':
        return c->text.vocab_size;
    case 'E':
        return c->embed_dim;
    case 'q':
        return 3 * width;
    case 'm':
        return mlp;
    default:
        return width;
    }
}

static void set_dims(const mci_clip_config *c, const char *dims, uint64_t width, uint64_t mlp,
                     mci_clip_tensor *out)
{
    out->rank = strlen(dims);
    for (size_t i = 0; i < out->rank; i++)
        out->dims[i] = size_of(c, dims[i], width, mlp);
}

static void set_plain(const mci_clip_config *c, const entry *from, mci_clip_tensor *out)
{
    snprintf(out->name, sizeof out->name, "%s", from->name);
    set_dims(c, from->dims, 0, 0, out);
}

static void set_block(const mci_clip_config *c, bool is_vision, size_t i, mci_clip_tensor *out)
{
    const entry *from = &block[i % COUNT_OF(block)];
    snprintf(out->name, sizeof out->name, "%s%zu.%s", is_vision ? vision_blocks : text_blocks,
             i / COUNT_OF(block), from->name);
    if (is_vision)
        set_dims(c, from->dims, c->vision.width, c->vision.mlp_width, out);
    else
        set_dims(c, from->dims, c->text.width, c->text.mlp_width, out);
}

void mci_clip_tensor_at(const mci_clip_config *c, size_t i, mci_clip_tensor *out)
{
    size_t n_vision = c->vision.layers * COUNT_OF(block);
    size_t n_text = c->text.layers * COUNT_OF(block);
    *out = (mci_clip_tensor){ 0 };
    if (i < COUNT_OF(front)) {
        set_plain(c, &front[i], out);
        return;
    }
    i -= COUNT_OF(front);
    if (i < n_vision) {
        set_block(c, true, i, out);
        return;
    }
    i -= n_vision;
    if (i < COUNT_OF(middle)) {
        set_plain(c, &middle[i], out);
        return;
    }
    i -= COUNT_OF(middle);
    if (i < n_text)
        set_block(c, false, i, out);
    else
        set_plain(c, &back[i - n_text], out);
}

/* ---- Hugging Face's names ---- */

static const struct {
    const char *ours, *theirs;
    bool is_transposed;
} renamed[] = {
    { "positional_embedding", "text_model.embeddings.position_embedding.weight", false },
    { "text_projection", "text_projection.weight", true },
    { "logit_scale", "logit_scale", false },
    { "visual.class_embedding", "vision_model.embeddings.class_embedding", false },
    { "visual.positional_embedding", "vision_model.embeddings.position_embedding.weight", false },
    { "visual.proj", "visual_projection.weight", true },
    { "visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight", false },
    { "visual.ln_pre.weight", "vision_model.pre_layrnorm.weight", false }, /* sic */
    { "visual.ln_pre.bias", "vision_model.pre_layrnorm.bias", false },
    { "visual.ln_post.weight", "vision_model.post_layernorm.weight", false },
    { "visual.ln_post.bias", "vision_model.post_layernorm.bias", false },
    { "token_embedding.weight", "text_model.embeddings.token_embedding.weight", false },
    { "ln_final.weight", "text_model.final_layer_norm.weight", false },
    { "ln_final.bias", "text_model.final_layer_norm.bias", false },
};

/* In blocks; a star stands for q, k and v in turn. */
static const entry renamed_block[] = {
    { "ln_1.weight", "layer_norm1.weight" },
    { "ln_1.bias", "layer_norm1.bias" },
    { "attn.in_proj_weight", "self_attn.*_proj.weight" },
    { "attn.in_proj_bias", "self_attn.*_proj.bias" },
    { "attn.out_proj.weight", "self_attn.out_proj.weight" },
    { "attn.out_proj.bias", "self_attn.out_proj.bias" },
    { "ln_2.weight", "layer_norm2.weight" },
    { "ln_2.bias", "layer_norm2.bias" },
    { "mlp.c_fc.weight", "mlp.fc1.weight" },
    { "mlp.c_fc.bias", "mlp.fc1.bias" },
    { "mlp.c_proj.weight", "mlp.fc2.weight" },
    { "mlp.c_proj.bias", "mlp.fc2.bias" },
};

/* "visual.transformer.resblocks.11.ln_1.bias" -> true, the tower, "11", "ln_1.bias". */
static bool split_block(const char *name, bool *is_vision, int *n_digits, const char **digits,
                        const char **rest)
{
    size_t n = 0;
    *is_vision = strncmp(name, vision_blocks, sizeof vision_blocks - 1) == 0;
    if (*is_vision)
        name += sizeof vision_blocks - 1;
    else if (strncmp(name, text_blocks, sizeof text_blocks - 1) == 0)
        name += sizeof text_blocks - 1;
    else
        return false;
    while (name[n] >= '0' && name[n] <= '9')
        n++;
    *digits = name;
    *n_digits = (int)n;
    *rest = name + n + 1;
    return n > 0 && n < 8 && name[n] == '.';
}

static void set_block_names(bool is_vision, const char *digits, int n_digits, const char *theirs,
                            mci_hugging_face_names *out)
{
    const char *tower = is_vision ? "vision_model" : "text_model", *star = strchr(theirs, '*');
    out->n = star ? 3 : 1;
    for (size_t i = 0; i < out->n; i++) {
        char *name = out->names[i];
        snprintf(name, MCI_TENSOR_NAME, "%s.encoder.layers.%.*s.%s", tower, n_digits, digits,
                 theirs);
        if (star)
            *strchr(name, '*') = "qkv"[i];
    }
}

bool mci_hugging_face_names_of(const char *name, mci_hugging_face_names *out)
{
    const char *digits, *rest;
    int n_digits;
    bool is_vision;
    *out = (mci_hugging_face_names){ .n = 1 };
    for (size_t i = 0; i < COUNT_OF(renamed); i++) {
        if (strcmp(name, renamed[i].ours) != 0)
            continue;
        snprintf(out->names[0], MCI_TENSOR_NAME, "%s", renamed[i].theirs);
        out->is_transposed = renamed[i].is_transposed;
        return true;
    }
    if (!split_block(name, &is_vision, &n_digits, &digits, &rest))
        return false;
    for (size_t i = 0; i < COUNT_OF(renamed_block); i++) {
        if (strcmp(rest, renamed_block[i].name) != 0)
            continue;
        set_block_names(is_vision, digits, n_digits, renamed_block[i].dims, out);
        return true;
    }
    return false;
}
