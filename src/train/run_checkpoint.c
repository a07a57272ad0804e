#include "train/run_checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/files.h"
#include "io/output.h"
#include "io/whole.h"
#include "model/safetensors.h"
#include "model/tensor_view.h"

enum { DIGITS = 8, PATH_BYTES = MCI_RUN_PATH };

/* What a checkpoint consists of. */
static const char config_name[] = "open_clip_config.json",
                  weights_name[] = "open_clip_model.safetensors",
                  moments_name[] = "optimizer.safetensors", state_name[] = "state.json";

static mc_status make_path(char path[PATH_BYTES], mc_error *err, const char *format, ...)
    MC_PRINTF(3, 4);

static mc_status make_path(char path[PATH_BYTES], mc_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(path, PATH_BYTES, format, args);
    va_end(args);
    return n >= 0 && n < PATH_BYTES ? MC_OK
                                    : mc_fail(err, MC_E_LIMIT, "%.100s...: too long a path", path);
}

/* ---- writing ---- */

/* A vector's values under "PREFIXname", those of one parameter at a time. */
typedef struct {
    const char *prefix;
    mci_trainer_vector which;
} part;

static const part weights[] = { { "", MCI_VALUES } };
static const part moments[] = { { "m.", MCI_FIRST_MOMENT }, { "v.", MCI_SECOND_MOMENT } };

static mc_status add_headers(mci_safetensors_header *header, const part *parts, size_t n_parts,
                             const mci_params *params, mc_error *err)
{
    for (size_t p = 0; p < n_parts; p++) {
        for (size_t i = 0; i < params->n; i++) {
            const mci_param *param = &params->items[i];
            char name[MCI_PARAM_NAME + 2];
            snprintf(name, sizeof name, "%s%s", parts[p].prefix, param->name);
            MC_TRY(mci_safetensors_add(header, mc_str_of(name), MCI_F32, param->rank, param->dims,
                                       err));
        }
    }
    return MC_OK;
}

static mc_status write_values(mci_output *output, const part *parts, size_t n_parts,
                              mci_trainer *trainer, mc_error *err)
{
    const mci_params *params = mci_trainer_params(trainer);
    for (size_t p = 0; p < n_parts; p++) {
        for (size_t i = 0; i < params->n; i++) {
            const mci_param *param = &params->items[i];
            const float *values = mci_trainer_lend(trainer, parts[p].which, param->at);
            MC_TRY(mci_output_write(
                output, (mc_str){ (const char *)values, param->n * sizeof *values }, err));
        }
    }
    return MC_OK;
}

static mc_status write_tensors(const char *path, const part *parts, size_t n_parts,
                               mci_trainer *trainer, mc_error *err)
{
    const mci_params *params = mci_trainer_params(trainer);
    mci_safetensors_header header = { 0 };
    mci_output *output = NULL;
    mc_status status = add_headers(&header, parts, n_parts, params, err);
    if (status >= 0)
        status = mci_output_open(path, MCI_PLAIN, &output, err);
    if (status >= 0)
        status = mci_safetensors_begin(&header, output, err);
    if (status >= 0)
        status = write_values(output, parts, n_parts, trainer, err);
    status = mci_output_end(output, status, err);
    mci_buf_release(&header.header);
    return status;
}

static mc_status write_config(const char *path, const mci_clip_config *config, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status = mci_open_clip_write(config, &text, err);
    if (status >= 0)
        status = mci_output_file(path, mci_buf_str(&text), err);
    mci_buf_release(&text);
    return status;
}

static mc_status write_state(const char *path, const mci_run_state *state, mc_error *err)
{
    char text[500], best[100] = "";
    if (state->best_step)
        snprintf(best, sizeof best, ",\"best_step\":%" PRIu64 ",\"best_value\":%.17g",
                 state->best_step, state->best_value);
    snprintf(text, sizeof text,
             "{\"version\":1,\"step\":%" PRIu64 ",\"epoch\":%" PRIu64 ",\"window\":%" PRIu64
             ",\"place\":%" PRIu64 ",\"data\":%" PRIu64 ",\"window_steps\":%" PRIu64
             ",\"window_loss\":%.17g%s}\n",
             state->step, state->position.epoch, state->position.window, state->position.place,
             state->fingerprint, state->n_window, state->window_loss, best);
    return mci_output_file(path, mc_str_of(text), err);
}

/* All files of a model in training, into a folder that is not seen yet. */
static mc_status write_model(const char *folder, const mci_clip_config *config,
                             const mci_vocab_files *vocab, mci_trainer *trainer, mc_error *err)
{
    char path[PATH_BYTES];
    MC_TRY(make_path(path, err, "%s/%s", folder, config_name));
    MC_TRY(mci_make_folders(path, err));
    MC_TRY(write_config(path, config, err));
    MC_TRY(mci_vocab_files_write(vocab, folder, err));
    MC_TRY(make_path(path, err, "%s/%s", folder, weights_name));
    MC_TRY(write_tensors(path, weights, 1, trainer, err));
    MC_TRY(make_path(path, err, "%s/%s", folder, moments_name));
    return write_tensors(path, moments, 2, trainer, err);
}

/* ---- which there are ---- */

static bool is_step(const char *name, uint64_t *step)
{
    if (strlen(name) < DIGITS || strspn(name, "0123456789") != strlen(name))
        return false;
    *step = strtoull(name, NULL, 10);
    return true;
}

/* The largest step below `below`; false if there is none. */
static bool find_below(const char *folder, uint64_t below, uint64_t *out)
{
    bool found = false;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        uint64_t step;
        if (is_step(entry->d_name, &step) && step < below && (!found || step > *out)) {
            *out = step;
            found = true;
        }
    }
    if (dir)
        closedir(dir);
    return found;
}

static void drop_old(const char *folder, uint64_t newest, uint64_t keep)
{
    uint64_t step = newest, n = 1;
    char path[PATH_BYTES];
    while (find_below(folder, step, &step))
        if (++n > keep && make_path(path, NULL, "%s/%0*" PRIu64, folder, DIGITS, step) >= 0)
            mci_remove_folder(path, 0);
}

static mc_status hidden_path(char path[PATH_BYTES], const char *out_dir, uint64_t step,
                             mc_error *err)
{
    return make_path(path, err, "%s/checkpoints/.%0*" PRIu64 ".tmp", out_dir, DIGITS, step);
}

mc_status mci_run_checkpoint_begin(const char *out_dir, const mci_clip_config *config,
                                   const mci_vocab_files *vocab, mci_trainer *trainer,
                                   uint64_t step, char path[MCI_RUN_PATH], mc_error *err)
{
    MC_TRY(hidden_path(path, out_dir, step, err));
    mci_remove_folder(path, 0); /* left by a run that was killed */
    return write_model(path, config, vocab, trainer, err);
}

mc_status mci_run_checkpoint_end(const char *out_dir, const mci_run_state *state, uint64_t keep,
                                 mc_error *err)
{
    char folder[PATH_BYTES], hidden[PATH_BYTES], path[PATH_BYTES];
    MC_TRY(make_path(folder, err, "%s/checkpoints", out_dir));
    MC_TRY(hidden_path(hidden, out_dir, state->step, err));
    MC_TRY(make_path(path, err, "%s/%s", hidden, state_name));
    MC_TRY(write_state(path, state, err));
    MC_TRY(make_path(path, err, "%s/%0*" PRIu64, folder, DIGITS, state->step));
    mci_remove_folder(path, 0);
    if (rename(hidden, path) != 0)
        return mci_fail_errno(err, path, "cannot give it its name");
    MC_TRY(mci_sync_folder_of(path, err));
    if (keep)
        drop_old(folder, state->step, keep);
    return MC_OK;
}

/* ---- the best one ---- */

static mc_status copy_file(const char *from, const char *to, mc_error *err)
{
    mci_mapped file;
    MC_TRY(mci_map_file(from, &file, err));
    mc_status status = mci_output_file(to, (mc_str){ file.data, file.n_bytes }, err);
    mci_unmap_file(&file);
    return status;
}

static mc_status link_file(const char *from, const char *to, const char *name, mc_error *err)
{
    char old[PATH_BYTES], new[PATH_BYTES];
    MC_TRY(make_path(old, err, "%s/%s", from, name));
    MC_TRY(make_path(new, err, "%s/%s", to, name));
    return link(old, new) == 0 ? MC_OK : copy_file(old, new, err);
}

static mc_status link_files(const char *from, const char *to, mc_error *err)
{
    char path[PATH_BYTES];
    MC_TRY(make_path(path, err, "%s/", to));
    MC_TRY(mci_make_folders(path, err));
    DIR *dir = opendir(from);
    if (!dir)
        return mci_fail_errno(err, from, "cannot look into it");
    mc_status status = MC_OK;
    for (struct dirent *entry; status >= 0 && (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            status = link_file(from, to, entry->d_name, err);
    closedir(dir);
    return status;
}

/* There is no moment without a best one, if the system can exchange two names. */
static mc_status take_place(const char *hidden, const char *path, mc_error *err)
{
#ifdef RENAME_EXCHANGE
    if (renameat2(AT_FDCWD, hidden, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
        mci_remove_folder(hidden, 0);
        return mci_sync_folder_of(path, err);
    }
#endif
    mci_remove_folder(path, 0);
    if (rename(hidden, path) != 0)
        return mci_fail_errno(err, path, "cannot give it its name");
    return mci_sync_folder_of(path, err);
}

mc_status mci_run_checkpoint_set_best(const char *out_dir, uint64_t step, mc_error *err)
{
    char from[PATH_BYTES], hidden[PATH_BYTES], path[PATH_BYTES];
    MC_TRY(make_path(from, err, "%s/checkpoints/%0*" PRIu64, out_dir, DIGITS, step));
    MC_TRY(make_path(hidden, err, "%s/checkpoints/.best.tmp", out_dir));
    MC_TRY(make_path(path, err, "%s/checkpoints/best", out_dir));
    mci_remove_folder(hidden, 0); /* left by a run that was killed */
    MC_TRY(link_files(from, hidden, err));
    return take_place(hidden, path, err);
}

/* ---- reading ---- */

static mc_status take_state(mci_json_value root, mci_run_state *out, mc_error *err)
{
    const struct {
        const char *key;
        uint64_t *to;
    } members[] = {
        { "step", &out->step },
        { "epoch", &out->position.epoch },
        { "window", &out->position.window },
        { "place", &out->position.place },
        { "data", &out->fingerprint },
        { "window_steps", &out->n_window },
    };
    mci_json_value value;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (!mci_json_get(root, members[i].key, &value) || !mci_json_u64(value, members[i].to))
            return mc_fail(err, MC_E_FORMAT, "it has no number \"%s\"", members[i].key);
    if (!mci_json_get(root, "window_loss", &value) || !mci_json_double(value, &out->window_loss))
        return mc_fail(err, MC_E_FORMAT, "it has no number \"window_loss\"");
    if (mci_json_get(root, "best_step", &value) &&
        (!mci_json_u64(value, &out->best_step) || !mci_json_get(root, "best_value", &value) ||
         !mci_json_double(value, &out->best_value)))
        return mc_fail(err, MC_E_FORMAT, "it has no numbers \"best_step\" and \"best_value\"");
    return MC_OK;
}

mc_status mci_run_checkpoint_find(const char *out_dir, mci_run_state *state, bool *found,
                                  mc_error *err)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    uint64_t step = 0;
    mci_json *json = NULL;
    mci_json_value root;
    MC_TRY(make_path(folder, err, "%s/checkpoints", out_dir));
    *found = find_below(folder, UINT64_MAX, &step);
    if (!*found)
        return MC_OK;
    MC_TRY(make_path(path, err, "%s/%0*" PRIu64 "/state.json", folder, DIGITS, step));
    mc_status status = mci_json_load(path, 1 << 16, &json, &root, err);
    if (status >= 0) {
        status = take_state(root, state, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_json_free(json);
    return status;
}

static bool has_shape(const mci_stored *stored, const mci_param *param)
{
    bool same = stored->type == MCI_STORED_F32 && stored->rank == param->rank;
    for (size_t i = 0; same && i < param->rank; i++)
        same = stored->dims[i] == param->dims[i];
    return same;
}

static mc_status take_param(const mci_tensor_store *store, const part *p, const mci_param *param,
                            mci_trainer *trainer, mc_error *err)
{
    char name[MCI_PARAM_NAME + 2];
    snprintf(name, sizeof name, "%s%s", p->prefix, param->name);
    const mci_stored *stored = mci_tensor_store_find(store, mc_str_of(name));
    if (!stored)
        return mc_fail(err, MC_E_FORMAT, "there is no %s", name);
    if (!has_shape(stored, param))
        return mc_fail(err, MC_E_SHAPE, "%s is of another shape or type than the run's", name);
    mci_view_read(stored, mci_trainer_lend(trainer, p->which, param->at));
    return MC_OK;
}

static mc_status read_tensors(const char *path, const part *parts, size_t n_parts,
                              mci_trainer *trainer, mc_error *err)
{
    const mci_params *params = mci_trainer_params(trainer);
    mci_tensor_store store = { 0 };
    mc_status status = mci_tensor_store_add_file(&store, path, err);
    if (status >= 0)
        status = mci_tensor_store_index(&store, err);
    for (size_t p = 0; p < n_parts; p++)
        for (size_t i = 0; status >= 0 && i < params->n; i++)
            status = take_param(&store, &parts[p], &params->items[i], trainer, err);
    mci_tensor_store_release(&store);
    return status < 0 ? mc_add_context(err, status, "%s", path) : MC_OK;
}

mc_status mci_run_checkpoint_vocab(const char *out_dir, uint64_t step, const mci_vocab_files *vocab,
                                   mc_error *err)
{
    char folder[PATH_BYTES];
    const char *differs;
    size_t n_there;
    MC_TRY(make_path(folder, err, "%s/checkpoints/%0*" PRIu64, out_dir, DIGITS, step));
    MC_TRY(mci_vocab_files_compare(vocab, folder, &n_there, &differs, err));
    if (n_there == 0 || (n_there == vocab->n && !differs))
        return MC_OK;
    return mc_fail(err, MC_E_MISMATCH,
                   "%s: the run began with another vocabulary (%s is not what is in the last "
                   "checkpoint); go on with that one, or choose another folder",
                   out_dir, differs ? differs : vocab->items[0].name);
}

mc_status mci_run_checkpoint_load(const char *out_dir, uint64_t step, mci_trainer *trainer,
                                  mc_error *err)
{
    char path[PATH_BYTES];
    MC_TRY(make_path(path, err, "%s/checkpoints/%0*" PRIu64 "/open_clip_model.safetensors", out_dir,
                     DIGITS, step));
    MC_TRY(read_tensors(path, weights, 1, trainer, err));
    MC_TRY(make_path(path, err, "%s/checkpoints/%0*" PRIu64 "/optimizer.safetensors", out_dir,
                     DIGITS, step));
    MC_TRY(read_tensors(path, moments, 2, trainer, err));
    mci_trainer_set_steps(trainer, step);
    return MC_OK;
}
