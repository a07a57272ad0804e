#include "model/checkpoint.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "io/json.h"
#include "io/whole.h"
#include "model/checkpoint_internal.h"

enum { MAX_CONFIG = 16 << 20, MAX_INDEX = 256 << 20 };

/* ---- weights ---- */

/* Adds the file of an index's shard, unless the shard before was the same file. */
static mc_status add_shard(mci_checkpoint *c, const char *folder, mc_str name, mc_error *err)
{
    mci_buf path = { 0 };
    if (name.len == 0 || memchr(name.data, '/', name.len) || memchr(name.data, '\0', name.len))
        return mc_fail(err, MC_E_FORMAT, "weight_map: %.*s is no name of a file in this folder",
                       name.len < 100 ? (int)name.len : 100, name.data);
    mc_status status = mci_buf_printf(&path, err, "%s/%.*s", folder, (int)name.len, name.data);
    if (status >= 0)
        status = mci_tensor_store_add_file(&c->store, path.data, err);
    mci_buf_release(&path);
    return status;
}

/* Every file that the map names, in the order in which they come first. */
static mc_status add_mapped(mci_checkpoint *c, const char *folder, mci_json_value map,
                            mc_error *err)
{
    mc_str *names = NULL;
    size_t n = 0, cap = 0;
    mci_json_value value;
    mc_status status = MC_OK;
    for (mci_json_iter it = mci_json_iterate(map);
         status >= 0 && mci_json_next(&it, NULL, &value);) {
        mc_str name = mci_json_string(value);
        size_t i = n;
        while (i > 0 && !mc_str_equal(names[i - 1], name)) /* mostly the last one */
            i--;
        if (i > 0)
            continue;
        status = mci_grow((void **)&names, &cap, n + 1, sizeof *names, err);
        if (status >= 0) {
            names[n++] = name;
            status = add_shard(c, folder, name, err);
        }
    }
    mci_free(names);
    return status;
}

static mc_status open_index(mci_checkpoint *c, const mci_model_files *files, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root, map;
    mc_status status = mci_json_load(files->weights.data, MAX_INDEX, &json, &root, err);
    if (status >= 0 &&
        (!mci_json_get(root, "weight_map", &map) || mci_json_type_of(map) != MCI_JSON_OBJECT))
        status = mc_fail(err, MC_E_FORMAT, "%s: has no weight_map", files->weights.data);
    else if (status >= 0)
        status = add_mapped(c, files->folder.data, map, err);
    mci_json_free(json);
    return status;
}

/* Whose names the tensors have. */
static mc_status find_names(mci_checkpoint *c, const char *path, mc_error *err)
{
    static const char theirs[] = "vision_model.embeddings.patch_embedding.weight";
    static const char *const others[][2] = {
        { "visual.attnpool.c_proj.weight", "a ResNet" },
        { "visual.trunk.patch_embed.proj.weight", "an image tower from timm" },
        { "vision_model.head.probe", "a SigLIP model" },
        { "logit_bias", "a SigLIP model" },
    };
    if (mci_tensor_store_find(&c->store, mc_str_of("visual.conv1.weight")) &&
        !mci_tensor_store_find(&c->store, mc_str_of("visual.attnpool.c_proj.weight")))
        return MC_OK;
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (mci_tensor_store_find(&c->store, mc_str_of(others[i][0])))
            return mc_fail(err, MC_E_FORMAT,
                           "%s: %s; what is taken are CLIP models of two plain transformers", path,
                           others[i][1]);
    c->is_hugging_face = mci_tensor_store_find(&c->store, mc_str_of(theirs)) != NULL;
    if (c->is_hugging_face)
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT,
                   "%s: not a CLIP model: it has neither visual.conv1.weight (OpenCLIP) nor %s "
                   "(Hugging Face)",
                   path, theirs);
}

static mc_status open_weights(mci_checkpoint *c, const mci_model_files *files, mc_error *err)
{
    if (files->is_index)
        MC_TRY(open_index(c, files, err));
    else
        MC_TRY(mci_tensor_store_add_file(&c->store, files->weights.data, err));
    mc_status status = mci_tensor_store_index(&c->store, err);
    if (status < 0)
        return mc_add_context(err, status, "%s", files->weights.data);
    return find_names(c, files->weights.data, err);
}

/* ---- config ---- */

static void warn(const mci_checkpoint *c, const char *format, ...) MC_PRINTF(2, 3);
static void warn(const mci_checkpoint *c, const char *format, ...)
{
    char text[1200];
    va_list args;
    if (!c->hooks.warn)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->hooks.warn(c->hooks.user, text);
}

static mc_status load_config(const mci_checkpoint *c, const char *path, mci_clip_config *out,
                             bool *is_config, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_json_load(path, MAX_CONFIG, &json, &root, err);
    *is_config = status >= 0 && mci_clip_config_is(root);
    if (status >= 0) {
        status = mci_clip_config_read(root, &c->hooks, out, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_json_free(json);
    return status;
}

static mc_status load_preprocess(mci_checkpoint *c, const char *path, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_json_load(path, MAX_CONFIG, &json, &root, err);
    if (status >= 0) {
        status = mci_clip_preprocess_read(root, &c->hooks, &c->config, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_json_free(json);
    return status;
}

static const char *activation(bool quick_gelu)
{
    return quick_gelu ? "QuickGELU" : "GELU";
}

/* A name was given: it holds, but must not contradict what lies beside the weights unheard. */
static mc_status use_name(mci_checkpoint *c, const mci_model_files *files, const char *name,
                          mc_error *err)
{
    mci_clip_config beside;
    bool is_config;
    mc_error ignored = { 0 };
    mci_checkpoint quiet = { 0 };
    if (!mci_clip_config_named(name, &c->config))
        return mc_fail(err, MC_E_ARG,
                       "there is no model called %s; there are ViT-B-32, ViT-B-16, ViT-L-14, "
                       "ViT-L-14-336, ViT-H-14, ViT-bigG-14, these with -quickgelu, and Meta CLIP "
                       "2's with -worldwide",
                       name);
    if (files->config.len == 0 ||
        load_config(&quiet, files->config.data, &beside, &is_config, &ignored) < 0)
        return MC_OK;
    if (beside.quick_gelu != c->config.quick_gelu)
        warn(c,
             "%s says that the activation is %s, but %s has %s, which is taken: if this is wrong, "
             "so will all results be, a little",
             files->config.data, activation(beside.quick_gelu), name,
             activation(c->config.quick_gelu));
    return MC_OK;
}

static mc_status use_shapes(mci_checkpoint *c, const char *path, mc_error *err)
{
    bool is_known;
    mc_status status = mci_checkpoint_guess(c, &c->config, &is_known, err);
    if (status < 0)
        return mc_add_context(err, status, "%s", path);
    warn(c,
         "%s: nothing says which activation the model has; QuickGELU is taken, which OpenAI's and "
         "MetaCLIP's have. A config or the name of a model would settle it",
         path);
    if (!is_known)
        warn(c,
             "%s: nothing says how many heads the towers have; 64 channels a head are taken, "
             "which makes %u and %u",
             path, c->config.vision.heads, c->config.text.heads);
    return MC_OK;
}

/* What lies beside the weights unasked may be anybody's, and is then left alone. */
static mc_status use_beside(mci_checkpoint *c, const mci_model_files *files, mc_error *err)
{
    bool is_config = false;
    mc_status status = load_config(c, files->config.data, &c->config, &is_config, err);
    if (status >= 0)
        return mci_buf_printf(&c->config_path, err, "%s", files->config.data);
    if (is_config || status == MC_E_NOMEM)
        return status;
    warn(c, "%s is no config of a CLIP model and is passed over", files->config.data);
    return use_shapes(c, files->weights.data, err);
}

static mc_status find_config(mci_checkpoint *c, const mci_model_files *files,
                             const mci_checkpoint_options *options, mc_error *err)
{
    bool is_config;
    if (options->config_path) {
        MC_TRY(load_config(c, options->config_path, &c->config, &is_config, err));
        return mci_buf_printf(&c->config_path, err, "%s", options->config_path);
    }
    if (options->model_name)
        return use_name(c, files, options->model_name, err);
    if (files->config.len)
        MC_TRY(use_beside(c, files, err));
    else
        MC_TRY(use_shapes(c, files->weights.data, err));
    return files->preprocess.len ? load_preprocess(c, files->preprocess.data, err) : MC_OK;
}

/* ---- the whole ---- */

static mc_status open_all(mci_checkpoint *c, const char *path,
                          const mci_checkpoint_options *options, mc_error *err)
{
    mci_model_files files = { 0 };
    mc_status status = mci_model_files_find(path, &files, err);
    if (status >= 0)
        status = open_weights(c, &files, err);
    if (status >= 0)
        status = find_config(c, &files, options, err);
    if (status >= 0) {
        status = mci_checkpoint_check(c, err);
        if (status < 0)
            mc_add_context(err, status, "%s", files.weights.data);
    }
    if (status >= 0)
        status = mci_buf_printf(&c->folder, err, "%s", files.folder.data);
    mci_model_files_release(&files);
    return status;
}

mc_status mci_checkpoint_open(const char *path, const mci_checkpoint_options *options,
                              mci_checkpoint **out, mc_error *err)
{
    static const mci_checkpoint_options none = { 0 };
    mci_checkpoint *c = mci_alloc_zeroed(1, sizeof *c);
    if (!c)
        return mci_nomem(err, sizeof *c);
    options = options ? options : &none;
    c->hooks = (mci_config_hooks){ options->warn, options->user };
    mc_status status = open_all(c, path, options, err);
    c->hooks = (mci_config_hooks){ 0 }; /* the caller's for the call only */
    if (status < 0)
        mci_checkpoint_close(c);
    else
        *out = c;
    return status;
}

void mci_checkpoint_close(mci_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    mci_tensor_store_release(&checkpoint->store);
    mci_buf_release(&checkpoint->folder);
    mci_buf_release(&checkpoint->config_path);
    mci_free(checkpoint);
}

const mci_clip_config *mci_checkpoint_config(const mci_checkpoint *checkpoint)
{
    return &checkpoint->config;
}

const char *mci_checkpoint_folder(const mci_checkpoint *checkpoint)
{
    return checkpoint->folder.data;
}

/* ---- values ---- */

bool mci_checkpoint_shape(const mci_checkpoint *checkpoint, const char *name, size_t *rank,
                          uint64_t dims[MCI_MAX_RANK], mci_dtype *type)
{
    mci_clip_view view;
    if (!mci_checkpoint_find(checkpoint, name, &view, NULL) ||
        !mci_clip_view_shape(&view, rank, dims) || !mci_stored_is_weight(view.parts[0].type))
        return false;
    *type = (mci_dtype)view.parts[0].type;
    return true;
}

mc_status mci_checkpoint_read(const mci_checkpoint *checkpoint, const char *name, size_t rank,
                              const uint64_t *dims, float *out, mc_error *err)
{
    mci_clip_view view;
    MC_TRY(mci_checkpoint_view(checkpoint, name, rank, dims, &view, err));
    for (size_t i = 0; i < view.n; i++) {
        mci_view_read(&view.parts[i], out);
        out += mci_stored_n_values(view.parts[i].rank, view.parts[i].dims);
    }
    return MC_OK;
}

const float *mci_checkpoint_map(const mci_checkpoint *checkpoint, const char *name, size_t rank,
                                const uint64_t *dims)
{
    mci_clip_view view;
    if (mci_checkpoint_view(checkpoint, name, rank, dims, &view, NULL) < 0 || view.n != 1 ||
        view.parts[0].type != MCI_STORED_F32 || !mci_view_is_contiguous(&view.parts[0]) ||
        (uintptr_t)view.parts[0].data % sizeof(float) != 0)
        return NULL;
    return (const float *)(const void *)view.parts[0].data;
}
