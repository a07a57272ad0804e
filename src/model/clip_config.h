/* What a CLIP model looks like, with every default filled in, whatever the file said; and the files
 * that say it: OpenCLIP's JSON, Hugging Face's config.json, their preprocessing, and built-in
 * names. */
#ifndef MCI_MODEL_CLIP_CONFIG_H
#define MCI_MODEL_CLIP_CONFIG_H

#include "base/buf.h"
#include "base/error.h"
#include "io/json.h"
#include "metaclip/base.h"

/* Which row of the text tower's output speaks for the text. */
typedef enum {
    MCI_POOL_LARGEST, /* the first place of the largest id, which is the end token (OpenAI) */
    MCI_POOL_END,     /* the first place of text.end_id (Meta CLIP 2: XLM-V, end 2) */
    MCI_POOL_COUNT    /* the number of ids above 1 (Meta CLIP 2: mT5, end 1, padding 0) */
} mci_text_pool;

/* Which vocabulary the text tower was trained with. */
typedef enum { MCI_VOCAB_CLIP, MCI_VOCAB_XLMV, MCI_VOCAB_MT5 } mci_vocab;

/* How an image gets the size that the tower takes. */
typedef enum {
    MCI_RESIZE_SHORTEST, /* the short side becomes resize_size; then the centre is cut out */
    MCI_RESIZE_SQUASH,   /* both sides become resize_size, whatever they were; the same */
    MCI_RESIZE_LONGEST   /* the long side becomes resize_size; the short one is filled up */
} mci_resize_mode;

typedef enum {
    MCI_RESAMPLE_BICUBIC,
    MCI_RESAMPLE_BILINEAR,
    MCI_RESAMPLE_LANCZOS,
    MCI_RESAMPLE_NEAREST
} mci_resample;

typedef struct {
    uint32_t embed_dim;
    bool quick_gelu;
    float layer_norm_eps;
    struct {
        uint32_t image_size, patch_size; /* the patch need not divide the image */
        uint32_t width, layers, heads, mlp_width;
        float mean[3], std[3]; /* of pixels in [0, 1], red first */
        mci_resize_mode resize_mode;
        mci_resample resample;
        uint32_t resize_size; /* image_size, or more where a margin is cut off */
    } vision;
    struct {
        uint32_t context_length, vocab_size;
        uint32_t width, layers, heads, mlp_width;
        mci_vocab vocab;
        mci_text_pool pool;
        int32_t start_id, end_id, pad_id; /* start_id -1: there is none */
    } text;
} mci_clip_config;

/* How a reader tells of what it passes over. Both members may be NULL. */
typedef struct {
    void (*warn)(void *user, const char *text);
    void *user;
} mci_config_hooks;

/* The config of a built-in name: OpenCLIP's ("ViT-B-32-quickgelu", "ViT-H-14-worldwide-quickgelu")
 * and Meta's ("ViT-H-14-quickgelu-worldwide"); false if there is none. */
bool mci_clip_config_named(const char *name, mci_clip_config *out);
/* The i-th of them, without "-quickgelu", which any may have; NULL behind the last. */
const char *mci_clip_config_name(size_t i);

/* Reads OpenCLIP's JSON (a model config, or an open_clip_config.json with its preprocess_cfg) or
 * Hugging Face's config.json (model_type clip or metaclip_2), whichever it is.
 * Errors: MC_E_FORMAT naming the member: what it should be, or why such a model is not taken. */
mc_status mci_clip_config_read(mci_json_value root, const mci_config_hooks *hooks,
                               mci_clip_config *out, mc_error *err);
/* Whether read would try: the JSON is of one of these kinds. */
bool mci_clip_config_is(mci_json_value root);
/* Reads a Hugging Face preprocessor_config.json into config->vision. */
mc_status mci_clip_preprocess_read(mci_json_value root, const mci_config_hooks *hooks,
                                   mci_clip_config *config, mc_error *err);

/* ---- the two of clip_config_read's kinds, each in its file ---- */
mc_status mci_open_clip_read(mci_json_value root, const mci_config_hooks *hooks,
                             mci_clip_config *out, mc_error *err);
mc_status mci_hugging_face_read(mci_json_value root, const mci_config_hooks *hooks,
                                mci_clip_config *out, mc_error *err);

/* Everything that is not said by the towers' sizes: OpenAI's preprocessing, eps 1e-5. */
void mci_clip_config_defaults(mci_clip_config *config);
/* Start, end, padding and pooling as the models of a vocabulary have them; vocab_size is set. */
void mci_clip_config_vocab(mci_clip_config *config, mci_vocab vocab);
/* The vocabulary whose size this is: 901,629 is XLM-V's, 250,000 to 250,112 mT5's. */
mci_vocab mci_vocab_of_size(uint32_t vocab_size);
/* MC_E_FORMAT unless all sizes are sane and fit each other. */
mc_status mci_clip_config_check(const mci_clip_config *config, mc_error *err);

/* ---- writing: JSON with two spaces of indent and a line end ---- */

/* open_clip_config.json: model_cfg and preprocess_cfg. */
mc_status mci_open_clip_write(const mci_clip_config *config, mci_buf *out, mc_error *err);
/* config.json, with every member that the model depends on; dtype "float32", ... */
mc_status mci_hugging_face_write(const mci_clip_config *config, const char *dtype, mci_buf *out,
                                 mc_error *err);
/* preprocessor_config.json */
mc_status mci_clip_preprocess_write(const mci_clip_config *config, mci_buf *out, mc_error *err);

#endif
