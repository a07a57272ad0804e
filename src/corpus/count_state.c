#include "corpus/count_state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/json_text.h"
#include "io/json.h"
#include "io/output.h"
#include "io/whole.h"

void mci_count_state_release(mci_count_state *state)
{
    if (state->folder)
        close(state->lock);
    mci_free(state->folder);
    mci_buf_release(&state->carry);
    *state = (mci_count_state){ 0 };
}

/* ---- paths ---- */

static mc_status path_of(const mci_count_state *state, const char *name, mci_buf *out,
                         mc_error *err)
{
    mci_buf_clear(out);
    return mci_buf_printf(out, err, "%s/%s", state->folder, name);
}

mc_status mci_count_state_path(const mci_count_state *state, uint64_t run, const char *suffix,
                               mci_buf *out, mc_error *err)
{
    mci_buf_clear(out);
    return mci_buf_printf(out, err, "%s/%06" PRIu64 ".%s", state->folder, run, suffix);
}

mc_status mci_count_state_paths(const mci_count_state *state, const char *suffix,
                                mci_run_paths *out, mc_error *err)
{
    for (size_t i = 0; i < state->n_runs; i++) {
        MC_TRY(mci_count_state_path(state, state->runs[i], suffix, &out->texts[i], err));
        out->paths[i] = out->texts[i].data;
        out->n = i + 1;
    }
    return MC_OK;
}

void mci_run_paths_release(mci_run_paths *paths)
{
    for (size_t i = 0; i <= MCI_MOST_RUNS; i++)
        mci_buf_release(&paths->texts[i]);
    *paths = (mci_run_paths){ 0 };
}

/* ---- reading ---- */

static bool read_u64(mci_json_value root, const char *name, uint64_t *out)
{
    mci_json_value member;
    return mci_json_get(root, name, &member) && mci_json_u64(member, out);
}

static bool read_runs(mci_json_value root, mci_count_state *state)
{
    uint64_t n = 0;
    if (!read_u64(root, "n_runs", &n) || n > MCI_MOST_RUNS)
        return false;
    for (state->n_runs = 0; state->n_runs < n; state->n_runs++) {
        char name[32];
        snprintf(name, sizeof name, "run_%zu", state->n_runs);
        if (!read_u64(root, name, &state->runs[state->n_runs]))
            return false;
    }
    return true;
}

static bool read_state(mci_json_value root, mci_count_state *state, mc_str *made_from)
{
    mci_json_value member;
    uint64_t next_input, complete;
    if (!mci_json_get(root, "made_from", &member))
        return false;
    *made_from = mci_json_string(member);
    if (!read_u64(root, "next_input", &next_input) || !read_u64(root, "next_at", &state->next_at) ||
        !read_u64(root, "complete", &complete) || !read_u64(root, "last_run", &state->last_run) ||
        !read_runs(root, state))
        return false;
    state->next_input = (size_t)next_input;
    state->is_complete = complete != 0;
    if (!mci_json_get(root, "counters", &member))
        return false;
#define X(name, text) read_u64(member, #name, &state->seen.name);
    MC_CORPUS_COUNTERS(X)
#undef X
    return true;
}

static mc_status take_state(mci_json_value root, mci_count_state *state, const char *made_from,
                            mc_error *err)
{
    mc_str other = { 0 };
    if (!read_state(root, state, &other))
        return mc_fail(err, MC_E_FORMAT,
                       "%s/state.json is damaged: remove the folder to begin anew", state->folder);
    if (!mc_str_equal(other, mc_str_of(made_from)))
        return mc_fail(err, MC_E_MISMATCH,
                       "%s holds counts of other inputs, or counted otherwise (language, case, "
                       "version): remove it, or name another -o",
                       state->folder);
    return MC_OK;
}

static mc_status load(mci_count_state *state, const char *made_from, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mci_buf path = { 0 };
    bool found = false;
    mc_status status = path_of(state, "state.json", &path, err);
    if (status >= 0)
        status = mci_json_recall(path.data, &json, &root, &found, err);
    if (status >= 0 && found)
        status = take_state(root, state, made_from, err);
    mci_json_free(json);
    if (status >= 0 && found)
        status = mci_count_state_path(state, state->last_run, "carry", &path, err);
    bool has_carry = false;
    if (status >= 0 && found)
        status = mci_read_file(path.data, &state->carry, &has_carry, err);
    mci_buf_release(&path);
    return status;
}

static mc_status open_folder(mci_count_state *state, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = path_of(state, "lock", &path, err);
    if (status >= 0)
        status = mci_make_folders(path.data, err);
    int fd = status < 0 ? -1 : open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (status >= 0 && fd < 0)
        status = mci_fail_errno(err, path.data, "cannot create it");
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        status = mc_fail(err, MC_E_IO, "%s: another process counts there", state->folder);
        close(fd);
        fd = -1;
    }
    state->lock = fd;
    mci_buf_release(&path);
    return status;
}

mc_status mci_count_state_open(const char *dir, const char *kind, bool has_pairs,
                               const char *made_from, mci_count_state *state, mc_error *err)
{
    mci_buf folder = { 0 };
    MC_TRY(mci_buf_printf(&folder, err, "%s/state/%s", dir, kind));
    *state = (mci_count_state){ .folder = folder.data, .lock = -1, .has_pairs = has_pairs };
    memcpy(state->made_from, made_from, sizeof state->made_from);
    mc_status status = open_folder(state, err);
    if (status >= 0)
        status = load(state, made_from, err);
    if (status < 0)
        mci_count_state_release(state);
    return status;
}

/* ---- writing ---- */

static mc_status format(const mci_count_state *state, mci_buf *text, mc_error *err)
{
    MC_TRY(mci_buf_printf(text, err,
                          "{\"made_from\":\"%s\",\"next_input\":%zu,\"next_at\":%" PRIu64
                          ",\"complete\":%d,\"last_run\":%" PRIu64 ",\"n_runs\":%zu",
                          state->made_from, state->next_input, state->next_at, state->is_complete,
                          state->last_run, state->n_runs));
    for (size_t i = 0; i < state->n_runs; i++)
        MC_TRY(mci_buf_printf(text, err, ",\"run_%zu\":%" PRIu64, i, state->runs[i]));
    MC_TRY(mci_buf_printf(text, err, ",\"counters\":{"));
    const char *comma = "";
#define X(name, what)                                                                       \
    MC_TRY(mci_buf_printf(text, err, "%s\"" #name "\":%" PRIu64, comma, state->seen.name)); \
    comma = ",";
    MC_CORPUS_COUNTERS(X)
#undef X
    return mci_buf_printf(text, err, "}}\n");
}

static bool is_live(const mci_count_state *state, uint64_t run)
{
    for (size_t i = 0; i < state->n_runs; i++)
        if (state->runs[i] == run)
            return true;
    return false;
}

static mc_status remove_one(const mci_count_state *state, uint64_t run, const char *suffix,
                            mci_buf *path, mc_error *err)
{
    MC_TRY(mci_count_state_path(state, run, suffix, path, err));
    unlink(path->data);
    return MC_OK;
}

/* Removes the runs that were merged into others, and what was carried before. */
static mc_status remove_dead(const mci_count_state *state, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (uint64_t run = 1; run <= state->last_run && status >= 0; run++) {
        bool live = is_live(state, run);
        if (!live)
            status = remove_one(state, run, "words", &path, err);
        if (status >= 0 && !live)
            status = remove_one(state, run, "pairs", &path, err);
        if (status >= 0 && run != state->last_run)
            status = remove_one(state, run, "carry", &path, err);
    }
    mci_buf_release(&path);
    return status;
}

mc_status mci_count_state_save(mci_count_state *state, mc_error *err)
{
    mci_buf path = { 0 }, text = { 0 };
    mc_status status = mci_count_state_path(state, state->last_run, "carry", &path, err);
    if (status >= 0)
        status = mci_output_file(path.data, mci_buf_str(&state->carry), err);
    if (status >= 0)
        status = format(state, &text, err);
    if (status >= 0)
        status = path_of(state, "state.json", &path, err);
    if (status >= 0)
        status = mci_output_file(path.data, mci_buf_str(&text), err);
    mci_buf_release(&path);
    mci_buf_release(&text);
    return status < 0 ? status : remove_dead(state, err);
}
