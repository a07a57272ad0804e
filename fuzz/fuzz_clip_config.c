/* Any JSON as a model's config and as its preprocessing: sane sizes that are written and read again
 * as the same, or a reason. */
#include <stdlib.h>

#include "io/whole.h"
#include "model/clip_config.h"
#include "model/clip_tensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mc_status read_text(mc_str text, mci_clip_config *out, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_parse_whole(text, &json, &root, err);
    if (status >= 0)
        status = mci_clip_config_read(root, NULL, out, err);
    if (status >= 0)
        mci_clip_preprocess_read(root, NULL, out, NULL); /* either is part of other files */
    mci_json_free(json);
    return status;
}

/* Both forms round to float and say pooling in their own way; sizes come back as they were. */
static void check_written(const mci_clip_config *c, bool is_hugging_face)
{
    mc_error err = { 0 };
    mci_buf text = { 0 };
    mci_clip_config again;
    mc_status status = is_hugging_face ? mci_hugging_face_write(c, "float32", &text, &err)
                                       : mci_open_clip_write(c, &text, &err);
    if (status < 0 || read_text(mci_buf_str(&text), &again, &err) < 0)
        abort();
    if (again.embed_dim != c->embed_dim || again.quick_gelu != c->quick_gelu ||
        again.layer_norm_eps != c->layer_norm_eps || again.vision.heads != c->vision.heads ||
        mci_clip_n_tensors(&again) != mci_clip_n_tensors(c))
        abort();
    for (size_t i = 0; i < mci_clip_n_tensors(c); i += 7) {
        mci_clip_tensor x, y;
        mci_clip_tensor_at(c, i, &x);
        mci_clip_tensor_at(&again, i, &y);
        if (memcmp(&x, &y, sizeof x) != 0)
            abort();
    }
    mci_buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_error err = { 0 };
    mci_clip_config config;
    if (read_text((mc_str){ (const char *)data, size }, &config, &err) < 0) {
        if (!err.text[0])
            abort();
        return 0;
    }
    check_written(&config, false);
    check_written(&config, true);
    return 0;
}
