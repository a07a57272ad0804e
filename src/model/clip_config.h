/* What a CLIP model looks like, with every default filled in, whatever the file said. */
#ifndef MCI_MODEL_CLIP_CONFIG_H
#define MCI_MODEL_CLIP_CONFIG_H

#include "base/error.h"
#include "metaclip/base.h"

/* Which row of the text tower's output speaks for the text. */
typedef enum {
    MCI_POOL_LARGEST, /* the first place of the largest id, which is the end token (OpenAI) */
    MCI_POOL_END,     /* the first place of text.end_id (Meta CLIP 2: XLM-V, end 2) */
    MCI_POOL_COUNT    /* the number of ids above 1 (Meta CLIP 2: mT5, end 1, padding 0) */
} mci_text_pool;

/* Which vocabulary the text tower was trained with. */
typedef enum { MCI_VOCAB_CLIP, MCI_VOCAB_XLMV, MCI_VOCAB_MT5 } mci_vocab;

typedef struct {
    uint32_t embed_dim;
    bool quick_gelu;
    float layer_norm_eps;
    struct {
        uint32_t image_size, patch_size; /* the patch need not divide the image */
        uint32_t width, layers, heads, mlp_width;
        float mean[3], std[3]; /* of pixels in [0, 1], red first */
    } vision;
    struct {
        uint32_t context_length, vocab_size;
        uint32_t width, layers, heads, mlp_width;
        mci_vocab vocab;
        mci_text_pool pool;
        int32_t start_id, end_id, pad_id; /* start_id -1: there is none */
    } text;
} mci_clip_config;

#endif
