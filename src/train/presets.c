/* Presets: the configs of share/configs, which cmake/share.cmake makes a table of; and the one
 * model that no other room knows. */
#include "train/train_config.h"

static const struct {
    const char *name, *text;
} presets[] = {
#include "train/presets.inc"
};

const char *mc_train_preset(size_t i)
{
    return i < COUNT_OF(presets) ? presets[i].name : NULL;
}

const char *mci_train_preset_text(mc_str name)
{
    for (size_t i = 0; i < COUNT_OF(presets); i++)
        if (mc_str_equal(name, mc_str_of(presets[i].name)))
            return presets[i].text;
    return NULL;
}

void mci_tiny_clip_config(mci_clip_config *out)
{
    mci_clip_config_defaults(out);
    out->embed_dim = 128;
    out->quick_gelu = true;
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
