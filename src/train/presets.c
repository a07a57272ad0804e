/* Presets: the models and the amount of training of the published ones. */
#include "train/train_config.h"

/* CLIP's set-up; lr is smaller for large models. */
typedef struct {
    const char *name, *model;
    double lr;
    uint64_t batch, seen_pairs, warmup_steps, micro_batch;
    double beta2, weight_decay;
} preset;

#define BILLION UINT64_C(1000000000)

/* The first eight: MetaCLIP's, over 400 million pairs or all of Common Crawl's 2.5 billion, each
 * for 12.8 billion seen pairs. Then Meta CLIP 2's. The last is for trying things out: minutes on a
 * laptop. */
static const preset presets[] = {
    { "b32_400m", "ViT-B-32-quickgelu", 5e-4, 32768, 12800 * BILLION / 1000, 2000, 64, 0.98, 0.2 },
    { "b16_400m", "ViT-B-16-quickgelu", 5e-4, 32768, 12800 * BILLION / 1000, 2000, 32, 0.98, 0.2 },
    { "l14_400m", "ViT-L-14-quickgelu", 4e-4, 32768, 12800 * BILLION / 1000, 2000, 16, 0.98, 0.2 },
    { "b32_fullcc", "ViT-B-32-quickgelu", 5e-4, 32768, 12800 * BILLION / 1000, 2000, 64, 0.98,
      0.2 },
    { "b16_fullcc", "ViT-B-16-quickgelu", 5e-4, 32768, 12800 * BILLION / 1000, 2000, 32, 0.98,
      0.2 },
    { "l14_fullcc", "ViT-L-14-quickgelu", 4e-4, 32768, 12800 * BILLION / 1000, 2000, 16, 0.98,
      0.2 },
    { "h14_fullcc", "ViT-H-14-quickgelu", 4e-4, 32768, 12800 * BILLION / 1000, 2000, 8, 0.98, 0.2 },
    { "bigG14_fullcc", "ViT-bigG-14-quickgelu", 4e-4, 32768, 12800 * BILLION / 1000, 2000, 4, 0.98,
      0.2 },
    { "worldwide_h14", "ViT-H-14-quickgelu-worldwide", 4e-4, 32768, 29 * BILLION, 2000, 8, 0.95,
      0.1 },
    { "tiny", "tiny-64", 1e-3, 256, 1000000, 100, 0, 0.98, 0.2 },
};

void mci_tiny_clip_config(mci_clip_config *out)
{
    *out = (mci_clip_config){ .embed_dim = 128, .quick_gelu = true };
    mci_clip_config_defaults(out);
    out->vision.image_size = out->vision.resize_size = 64;
    out->vision.patch_size = 8;
    out->vision.width = 192;
    out->vision.layers = 6;
    out->vision.heads = 3;
    out->vision.mlp_width = 768;
    out->text.context_length = 32;
    out->text.vocab_size = 49408;
    out->text.width = 128;
    out->text.layers = 4;
    out->text.heads = 2;
    out->text.mlp_width = 512;
    mci_clip_config_vocab(out, MCI_VOCAB_CLIP);
}

const char *mc_train_preset(size_t i)
{
    return i < sizeof presets / sizeof presets[0] ? presets[i].name : NULL;
}

bool mci_train_preset_fill(const char *name, mc_train_config *config)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        const preset *p = &presets[i];
        if (strcmp(p->name, name) != 0)
            continue;
        config->model = p->model;
        config->lr = p->lr;
        config->batch = p->batch;
        config->seen_pairs = p->seen_pairs;
        config->warmup_steps = p->warmup_steps;
        config->micro_batch = p->micro_batch;
        config->beta2 = p->beta2;
        config->weight_decay = p->weight_decay;
        return true;
    }
    return false;
}
