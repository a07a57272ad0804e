/* What a model file is, as facts for people. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/info_facts.h"
#include "metaclip/checkpoint.h"
#include "model/checkpoint_internal.h"
#include "model/pt.h"
#include "model/safetensors.h"

const char *mc_model_name(size_t i)
{
    return mci_clip_config_name(i);
}

/* ---- a look ---- */

static bool is_model_folder(const char *path)
{
    mci_model_files files = { 0 };
    bool is_one = mci_model_files_find(path, &files, NULL) >= 0;
    mci_model_files_release(&files);
    return is_one;
}

bool mc_model_is(const char *path)
{
    struct stat info;
    char start[64];
    if (stat(path, &info) != 0)
        return false;
    if (S_ISDIR(info.st_mode))
        return is_model_folder(path);
    if (!S_ISREG(info.st_mode))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, start, sizeof start);
    if (fd >= 0)
        close(fd);
    mc_str bytes = { start, n > 0 ? (size_t)n : 0 };
    return mci_pt_is(bytes) || mci_safetensors_is(bytes);
}

/* ---- facts ---- */

/* Warnings come while the model is opened, before the facts they belong behind. */
typedef struct {
    mc_info notes;
    const mc_hooks *hooks;
} listener;

static void hear(void *user, const char *text)
{
    listener *l = user;
    mci_info_fact(&l->notes, "note", "%s", text);
    if (l->hooks && l->hooks->warn)
        l->hooks->warn(l->hooks->user, text);
}

static void tell_towers(const mci_clip_config *c, mc_info *info)
{
    mci_info_fact(info, "activation", "%s", c->quick_gelu ? "QuickGELU" : "GELU");
    mci_info_count(info, "embedding", c->embed_dim);
    mci_info_fact(info, "image tower", "width %u, %u layers, %u heads, MLP %u, patches of %u",
                  c->vision.width, c->vision.layers, c->vision.heads, c->vision.mlp_width,
                  c->vision.patch_size);
    mci_info_fact(info, "text tower", "width %u, %u layers, %u heads, MLP %u", c->text.width,
                  c->text.layers, c->text.heads, c->text.mlp_width);
    if (c->layer_norm_eps != 1e-5f)
        mci_info_fact(info, "layer norm eps", "%g", (double)c->layer_norm_eps);
}

static void tell_texts(const mci_clip_config *c, mc_info *info)
{
    static const char *const names[] = { "CLIP", "XLM-V", "mT5" };
    mci_info_fact(info, "texts", "%u tokens of %u (%s)", c->text.context_length, c->text.vocab_size,
                  names[c->text.vocab]);
    switch (c->text.pool) {
    case MCI_POOL_LARGEST:
        mci_info_fact(info, "text pooling", "at the largest token");
        break;
    case MCI_POOL_END:
        mci_info_fact(info, "text pooling", "at token %d", c->text.end_id);
        break;
    case MCI_POOL_COUNT:
        mci_info_fact(info, "text pooling", "behind the last token above 1");
        break;
    }
}

static void tell_images(const mci_clip_config *c, mc_info *info)
{
    static const char *const by[] = { "bicubic", "bilinear", "Lanczos", "nearest" };
    static const char *const how[] = { "short side to", "both sides to", "long side to" };
    uint32_t size = c->vision.image_size;
    const float *mean = c->vision.mean, *std = c->vision.std;
    mci_info_fact(info, "images", "%u x %u; %s %u, %s%s", size, size, how[c->vision.resize_mode],
                  c->vision.resize_size, by[c->vision.resample],
                  c->vision.resize_mode == MCI_RESIZE_SHORTEST ? ", centre" : "");
    mci_info_fact(info, "mean, std", "%g %g %g, %g %g %g", (double)mean[0], (double)mean[1],
                  (double)mean[2], (double)std[0], (double)std[1], (double)std[2]);
}

/* "f32", or "f16 (301), f32 (1)" by tensors. */
static void tell_types(const mci_tensor_store *store, mc_info *info)
{
    size_t counts[MCI_STORED_OTHER + 1] = { 0 }, used = 0;
    char text[200] = "";
    for (size_t i = 0; i < store->n; i++)
        counts[store->items[i].type]++;
    for (int type = 0; type <= MCI_STORED_OTHER; type++)
        if (counts[type] > 0)
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s (%zu)", used ? ", " : "",
                                 mci_stored_type_name((mci_stored_type)type), counts[type]);
    mci_info_fact(info, "tensors", "%s", text);
}

static void tell_tokenizer(const mci_checkpoint *c, mc_info *info, mc_error *err)
{
    static const char *const files[] = {
        "tokenizer.json",          "vocab.json",  "merges.txt", "bpe_simple_vocab_16e6.txt.gz",
        "sentencepiece.bpe.model", "spiece.model"
    };
    char text[200] = "";
    size_t used = 0;
    mci_buf path = { 0 };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        mci_buf_clear(&path);
        if (mci_buf_printf(&path, err, "%s/%s", mci_checkpoint_folder(c), files[i]) >= 0 &&
            mci_file_exists(path.data))
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "",
                                     files[i]);
    }
    mci_buf_release(&path);
    mci_info_fact(info, "tokenizer", "%s", used ? text : "none beside it");
}

static void tell(const mci_checkpoint *c, mc_info *info, mc_error *err)
{
    mci_info_kind(info, "CLIP model");
    mci_info_fact(info, "form", "%s's names; %s", c->is_hugging_face ? "Hugging Face" : "OpenCLIP",
                  c->store.form);
    if (c->config_path.len)
        mci_info_fact(info, "config", "%s", c->config_path.data);
    tell_towers(&c->config, info);
    tell_images(&c->config, info);
    tell_texts(&c->config, info);
    mci_info_count(info, "parameters", c->n_values);
    tell_types(&c->store, info);
    if (c->n_passed_over)
        mci_info_count(info, "tensors passed over", c->n_passed_over);
    if (c->store.n_maps > 1)
        mci_info_count(info, "files of weights", c->store.n_maps);
    mci_info_count(info, "bytes", c->store.n_bytes);
    tell_tokenizer(c, info, err);
}

mc_status mc_model_info(const char *path, const mc_model_options *options, mc_info *out,
                        mc_error *err)
{
    static const mc_model_options none = { 0 };
    options = options ? options : &none;
    listener *l = mci_alloc_zeroed(1, sizeof *l);
    if (!l)
        return mci_nomem(err, sizeof *l);
    l->hooks = &options->hooks;
    mci_checkpoint_options open = { options->config_path, options->model_name, hear, l };
    mci_checkpoint *c = NULL;
    mc_status status = mci_checkpoint_open(path, &open, &c, err);
    if (status >= 0) {
        *out = (mc_info){ 0 };
        tell(c, out, err);
        for (size_t i = 0; i < l->notes.n_facts; i++)
            mci_info_fact(out, "note", "%s", l->notes.facts[i].value);
    }
    mci_checkpoint_close(c);
    mci_free(l);
    return status;
}
