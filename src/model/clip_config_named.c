/* The models that have names. Sizes are those of OpenCLIP's and Meta's published configs. */
#include "model/clip_config.h"

/* The towers, by OpenCLIP's names for them. */
enum { S_16, M_16, B_32, B_16, L_14, H_14, BIGG_14 };

static const struct {
    uint32_t embed_dim, patch_size;
    uint32_t width, layers, heads, mlp_width;     /* vision */
    uint32_t text_width, text_layers, text_heads; /* its MLP is 4 times as wide */
} towers[] = {
    [S_16] = { 384, 16, 384, 12, 6, 1536, 384, 12, 6 },
    [M_16] = { 512, 16, 512, 12, 8, 2048, 512, 12, 8 },
    [B_32] = { 512, 32, 768, 12, 12, 3072, 512, 12, 8 },
    [B_16] = { 512, 16, 768, 12, 12, 3072, 512, 12, 8 },
    [L_14] = { 768, 14, 1024, 24, 16, 4096, 768, 12, 12 },
    [H_14] = { 1024, 14, 1280, 32, 16, 5120, 1024, 24, 16 },
    [BIGG_14] = { 1280, 14, 1664, 48, 16, 8192, 1280, 32, 20 },
};

enum { CLIP = 49408, XLMV = 901629, MT5 = 250100, MT5_SMALL = 250000 };

static const struct {
    const char *name;
    int tower;
    uint32_t image_size, vocab_size;
} models[] = {
    { "ViT-B-32", B_32, 224, CLIP },
    { "ViT-B-16", B_16, 224, CLIP },
    { "ViT-L-14", L_14, 224, CLIP },
    { "ViT-L-14-336", L_14, 336, CLIP },
    { "ViT-H-14", H_14, 224, CLIP },
    { "ViT-H-14-378", H_14, 378, CLIP },
    { "ViT-bigG-14", BIGG_14, 224, CLIP },
    { "ViT-S-16-worldwide", S_16, 224, XLMV },
    { "ViT-S-16-384-worldwide", S_16, 384, XLMV },
    { "ViT-M-16-worldwide", M_16, 224, XLMV },
    { "ViT-M-16-384-worldwide", M_16, 384, XLMV },
    { "ViT-B-32-worldwide", B_32, 224, XLMV },
    { "ViT-B-32-384-worldwide", B_32, 384, XLMV },
    { "ViT-B-16-worldwide", B_16, 224, XLMV },
    { "ViT-B-16-384-worldwide", B_16, 384, XLMV },
    { "ViT-L-14-378-worldwide", L_14, 378, XLMV },
    { "ViT-H-14-worldwide", H_14, 224, XLMV },
    { "ViT-H-14-378-worldwide", H_14, 378, XLMV },
    { "ViT-H-14-worldwide-378", H_14, 378, XLMV },
    { "ViT-bigG-14-worldwide", BIGG_14, 224, XLMV },
    { "ViT-bigG-14-378-worldwide", BIGG_14, 378, XLMV },
    { "ViT-bigG-14-worldwide-378", BIGG_14, 378, XLMV },
    { "ViT-bigG-14-392-worldwide", BIGG_14, 392, XLMV },
    { "ViT-L-14-worldwide", L_14, 224, MT5 }, /* OpenCLIP's name; Meta's is the next */
    { "ViT-L-14-mT5", L_14, 224, MT5 },
    { "ViT-S-16-mT5-worldwide", S_16, 224, MT5_SMALL },
    { "ViT-M-16-mT5-worldwide", M_16, 224, MT5_SMALL },
    { "ViT-B-32-mT5-worldwide", B_32, 224, MT5_SMALL },
    { "ViT-B-16-mT5-worldwide", B_16, 224, MT5_SMALL },
};

static const char quick[] = "-quickgelu";

const char *mci_clip_config_name(size_t i)
{
    return i < COUNT_OF(models) ? models[i].name : NULL;
}

static void fill(size_t i, bool quick_gelu, mci_clip_config *out)
{
    int t = models[i].tower;
    mci_clip_config_defaults(out);
    out->embed_dim = towers[t].embed_dim;
    out->quick_gelu = quick_gelu;
    out->vision.image_size = out->vision.resize_size = models[i].image_size;
    out->vision.patch_size = towers[t].patch_size;
    out->vision.width = towers[t].width;
    out->vision.layers = towers[t].layers;
    out->vision.heads = towers[t].heads;
    out->vision.mlp_width = towers[t].mlp_width;
    out->text.context_length = 77;
    out->text.vocab_size = models[i].vocab_size;
    out->text.width = towers[t].text_width;
    out->text.layers = towers[t].text_layers;
    out->text.heads = towers[t].text_heads;
    out->text.mlp_width = 4 * towers[t].text_width;
    mci_clip_config_vocab(out, mci_vocab_of_size(models[i].vocab_size));
}

bool mci_clip_config_named(const char *name, mci_clip_config *out)
{
    char plain[64];
    size_t len = strlen(name), n = sizeof quick - 1;
    const char *at = strstr(name, quick);
    bool is_quick = at && (at[n] == '\0' || at[n] == '-');
    if (len >= sizeof plain)
        return false;
    memcpy(plain, name, len + 1);
    if (is_quick) /* in the middle or at the end */
        memmove(plain + (at - name), at + n, strlen(at + n) + 1);
    for (size_t i = 0; i < COUNT_OF(models); i++) {
        if (strcmp(plain, models[i].name) != 0)
            continue;
        fill(i, is_quick, out);
        return true;
    }
    return false;
}
