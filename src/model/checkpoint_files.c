/* Which files make a model. */
#include <sys/stat.h>

#include "base/alloc.h"
#include "model/checkpoint_internal.h"

/* In this order: a folder of OpenCLIP's may hold other files too, which are only the image tower
 * for another library. */
static const struct {
    const char *weights;
    bool is_index;
    const char *config[2];
} forms[] = {
    { "open_clip_model.safetensors", false, { "open_clip_config.json", NULL } },
    { "open_clip_model.safetensors.index.json", true, { "open_clip_config.json", NULL } },
    { "open_clip_pytorch_model.bin", false, { "open_clip_config.json", NULL } },
    { "model.safetensors", false, { "config.json", "open_clip_config.json" } },
    { "model.safetensors.index.json", true, { "config.json", "open_clip_config.json" } },
    { "pytorch_model.bin", false, { "config.json", "open_clip_config.json" } },
    { "pytorch_model.bin.index.json", true, { "config.json", "open_clip_config.json" } },
};

void mci_model_files_release(mci_model_files *files)
{
    mci_buf_release(&files->weights);
    mci_buf_release(&files->config);
    mci_buf_release(&files->preprocess);
    mci_buf_release(&files->folder);
}

/* out = folder/name if that exists, else empty. */
static mc_status find_in(const mci_model_files *files, const char *name, mci_buf *out,
                         mc_error *err)
{
    mci_buf_clear(out);
    MC_TRY(mci_buf_printf(out, err, "%s/%s", files->folder.data, name));
    if (!mci_file_exists(out->data))
        mci_buf_clear(out);
    return mci_buf_terminate(out, err);
}

static mc_status find_config(mci_model_files *files, const char *const names[2], mc_error *err)
{
    for (size_t i = 0; i < 2 && names[i] && files->config.len == 0; i++)
        MC_TRY(find_in(files, names[i], &files->config, err));
    return find_in(files, "preprocessor_config.json", &files->preprocess, err);
}

/* PATH/checkpoints is what `metaclip train` makes in the folder of a run. */
static mc_status fail_without_weights(const char *path, mci_model_files *files, mc_error *err)
{
    MC_TRY(find_in(files, "checkpoints", &files->weights, err));
    if (files->weights.len)
        return mc_fail(
            err, MC_E_FORMAT,
            "%s: a run of `metaclip train`; its models are the folders in %s/checkpoints, "
            "name one of them",
            path, path);
    return mc_fail(err, MC_E_FORMAT,
                   "%s: a folder without weights: no model.safetensors, pytorch_model.bin, "
                   "open_clip_model.safetensors or open_clip_pytorch_model.bin. A .pt in it is "
                   "given by its own name",
                   path);
}

static mc_status find_in_folder(const char *path, mci_model_files *files, mc_error *err)
{
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        MC_TRY(find_in(files, forms[i].weights, &files->weights, err));
        if (files->weights.len == 0)
            continue;
        files->is_index = forms[i].is_index;
        return find_config(files, forms[i].config, err);
    }
    return fail_without_weights(path, files, err);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static mc_status find_beside(const char *path, mci_model_files *files, mc_error *err)
{
    static const char *const configs[] = { "open_clip_config.json", "config.json" };
    size_t n = mci_folder_length(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    MC_TRY(n ? mci_buf_append(&files->folder, path, n, err)
             : mci_buf_byte(&files->folder, '.', err));
    MC_TRY(mci_buf_terminate(&files->folder, err));
    MC_TRY(mci_buf_printf(&files->weights, err, "%s", path));
    files->is_index = ends_with(path, ".index.json");
    return find_config(files, configs, err);
}

mc_status mci_model_files_find(const char *path, mci_model_files *out, mc_error *err)
{
    struct stat info;
    size_t n = strlen(path);
    if (stat(path, &info) != 0)
        return mci_fail_errno(err, path, "cannot open it");
    if (!S_ISDIR(info.st_mode))
        return find_beside(path, out, err);
    while (n > 1 && path[n - 1] == '/')
        n--;
    MC_TRY(mci_buf_append(&out->folder, path, n, err));
    MC_TRY(mci_buf_terminate(&out->folder, err));
    return find_in_folder(path, out, err);
}
