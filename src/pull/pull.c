#include "base/alloc.h"
#include "base/files.h"
#include "io/whole.h"
#include "pull/model_table.h"
#include "pull/pull_file.h"
#include "pull/pull_repo.h"

#define HUB "https://huggingface.co"

enum { DEFAULT_STALL_S = 60, MOST_NAME = 200 };
#define MOST_INDEX_BYTES ((uint64_t)64 << 20)

typedef struct {
    const mc_pull_job *job;
    mci_puller puller;
    mc_pulled pulled;
    size_t cap;
    char sha256[MC_SHA256_DIGITS + 1]; /* the job's, in lower case; "" */
    mci_buf folder, path, url;
} pull;

/* ---- one file ---- */

static mc_status set_path(pull *p, const char *name, mc_error *err)
{
    mci_buf_clear(&p->path);
    MC_TRY(mci_buf_printf(&p->path, err, "%s/%s", p->folder.data, name));
    return mci_buf_terminate(&p->path, err);
}

static mc_status fetch(pull *p, const char *name, mci_wish wish, bool *is_missing, mc_error *err)
{
    mc_pulled_file file = { 0 };
    MC_TRY(mci_grow((void **)&p->pulled.files, &p->cap, p->pulled.n_files + 1,
                    sizeof *p->pulled.files, err));
    MC_TRY(set_path(p, name, err));
    wish.path = p->path.data;
    MC_TRY(mci_pull_file(&p->puller, &wish, &file, is_missing, err));
    if (!*is_missing)
        p->pulled.files[p->pulled.n_files++] = file;
    return MC_OK;
}

static mc_status set_folder(pull *p, const char *own, mc_error *err)
{
    const char *folder = p->job->out_dir ? p->job->out_dir : own;
    if (folder != p->folder.data) {
        mci_buf_clear(&p->folder);
        MC_TRY(mci_buf_add(&p->folder, mc_str_of(folder), err));
        MC_TRY(mci_buf_terminate(&p->folder, err));
    }
    MC_TRY(set_path(p, "x", err));
    return mci_make_folders(p->path.data, err);
}

/* What shall be told to be the model. */
static mc_status set_result(pull *p, const char *path, mc_error *err)
{
    size_t n = strlen(path) + 1;
    p->pulled.path = mci_alloc(n);
    if (!p->pulled.path)
        return mci_nomem(err, n);
    memcpy(p->pulled.path, path, n);
    return MC_OK;
}

/* ---- a name of the table ---- */

static void warn(const pull *p, const char *text)
{
    if (p->job->hooks.warn)
        p->job->hooks.warn(p->job->hooks.user, text);
}

static const char *last_part(const char *url)
{
    const char *slash = strrchr(url, '/');
    return slash ? slash + 1 : url;
}

static mc_status pull_vocabulary(pull *p, const mc_published_model *model, mc_error *err)
{
    const mci_vocabulary_file *file = mci_vocabulary_of(model);
    bool is_missing = false;
    if (!file) {
        warn(p, "nobody publishes its vocabulary by itself; its repository on Hugging Face has it");
        return MC_OK;
    }
    mci_wish wish = { .url = file->url,
                      .sha256 = *file->sha256 ? file->sha256 : NULL,
                      .checked = "published",
                      .is_optional = true };
    MC_TRY(fetch(p, last_part(file->url), wish, &is_missing, err));
    if (is_missing)
        warn(p, "its vocabulary is not where it was published; its repository on Hugging Face may "
                "have it");
    return MC_OK;
}

static mc_status pull_published(pull *p, const mc_published_model *model, mc_error *err)
{
    bool is_given = p->sha256[0], is_missing = false;
    MC_TRY(mci_model_folder(p->job->models_dir, model->name, &p->folder, err));
    MC_TRY(set_folder(p, p->folder.data, err));
    mci_wish wish = { .url = model->url,
                      .sha256 = is_given         ? p->sha256
                                : *model->sha256 ? model->sha256
                                                 : NULL,
                      .checked = is_given ? "given" : "published",
                      .model = model };
    MC_TRY(pull_vocabulary(p, model, err));
    MC_TRY(fetch(p, last_part(model->url), wish, &is_missing, err));
    return set_result(p, p->path.data, err);
}

/* ---- a repository ---- */

static mc_status fetch_of_repository(pull *p, const char *name, bool is_optional, bool *is_missing,
                                     mc_error *err)
{
    const char *revision = p->job->revision ? p->job->revision : "main";
    mci_buf_clear(&p->url);
    MC_TRY(mci_buf_printf(&p->url, err, HUB "/%s/resolve/%s/%s", p->job->what, revision, name));
    MC_TRY(mci_buf_terminate(&p->url, err));
    mci_wish wish = { .url = p->url.data, .is_optional = is_optional };
    return fetch(p, name, wish, is_missing, err);
}

static mc_status pull_shards(pull *p, mc_error *err)
{
    mci_buf text = { 0 }, names = { 0 };
    size_t n = 0;
    bool is_missing = false;
    mc_status status = mci_read_whole(p->path.data, MOST_INDEX_BYTES, &text, err);
    if (status >= 0) {
        status = mci_shard_names(mci_buf_str(&text), &names, &n, err);
        if (status < 0)
            mc_add_context(err, status, "%s", p->path.data);
    }
    for (size_t at = 0; status >= 0 && at < names.len; at += strlen(names.data + at) + 1)
        status = fetch_of_repository(p, names.data + at, false, &is_missing, err);
    mci_buf_release(&text);
    mci_buf_release(&names);
    return status;
}

/* In one file or in several; OpenCLIP's, or PyTorch's own. */
static mc_status pull_weights(pull *p, mc_error *err)
{
    static const char *const names[] = { "model.safetensors", "model.safetensors.index.json",
                                         "open_clip_model.safetensors", "pytorch_model.bin" };
    bool is_missing = true;
    size_t i = 0;
    for (; is_missing && i < COUNT_OF(names); i++)
        MC_TRY(fetch_of_repository(p, names[i], true, &is_missing, err));
    if (is_missing)
        return mc_fail(err, MC_E_IO,
                       "%s: the repository has no weights that are known here (%s, ...)",
                       p->job->what, names[0]);
    return i == 2 ? pull_shards(p, err) : MC_OK;
}

static mc_status pull_repository(pull *p, mc_error *err)
{
    bool is_missing = false, has_config = false;
    if (p->sha256[0])
        return mc_fail(err, MC_E_ARG, "%s has several files: a SHA-256 can be given for one only",
                       p->job->what);
    MC_TRY(mci_model_folder(p->job->models_dir, p->job->what, &p->folder, err));
    MC_TRY(set_folder(p, p->folder.data, err));
    for (size_t i = 0; mci_repo_files[i]; i++) {
        MC_TRY(fetch_of_repository(p, mci_repo_files[i], true, &is_missing, err));
        has_config |= !is_missing && i < 2; /* config.json, open_clip_config.json */
    }
    if (!has_config)
        return mc_fail(err, MC_E_IO, "%s: the repository has no config.json, so it is no model",
                       p->job->what);
    MC_TRY(pull_weights(p, err));
    return set_result(p, p->folder.data, err);
}

/* ---- an address ---- */

/* The last part of an address' path, as a name in a folder. */
static mc_status set_url_name(const char *url, char name[MOST_NAME + 1], mc_error *err)
{
    const char *host = strstr(url, "://") + 3, *slash = NULL;
    size_t len = strcspn(host, "?#");
    for (size_t i = 0; i < len; i++)
        slash = host[i] == '/' ? host + i : slash;
    size_t n = slash ? (size_t)(host + len - slash - 1) : 0;
    if (n == 0 || n > MOST_NAME || slash[1] == '.')
        return mc_fail(err, MC_E_ARG, "%s: the address does not end in the name of a file", url);
    memcpy(name, slash + 1, n);
    name[n] = '\0';
    return MC_OK;
}

static mc_status check_url(const char *url, mc_error *err)
{
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return mc_fail(err, MC_E_ARG, "%s: only http and https addresses can be pulled", url);
    for (const char *at = url; *at; at++) {
        if (*at <= ' ' || *at > '~')
            return mc_fail(err, MC_E_ARG,
                           "%s: an address has no spaces, nor bytes beyond ASCII; "
                           "percent-encode them",
                           url);
    }
    return MC_OK;
}

static mc_status pull_url(pull *p, mc_error *err)
{
    char name[MOST_NAME + 1];
    bool is_missing = false;
    MC_TRY(check_url(p->job->what, err));
    MC_TRY(set_url_name(p->job->what, name, err));
    MC_TRY(set_folder(p, p->job->models_dir, err));
    mci_wish wish = { .url = p->job->what,
                      .sha256 = p->sha256[0] ? p->sha256 : NULL,
                      .checked = "given" };
    MC_TRY(fetch(p, name, wish, &is_missing, err));
    return set_result(p, p->path.data, err);
}

/* ---- the whole ---- */

static mc_status check_revision(const char *revision, mc_error *err)
{
    for (const char *at = revision; at && *at; at++) {
        if (*at <= ' ' || *at > '~' || *at == '?' || *at == '#' || *at == '%')
            return mc_fail(err, MC_E_ARG, "%s is no name of a revision", revision);
    }
    return MC_OK;
}

static mc_status take_sha256(pull *p, mc_error *err)
{
    const char *given = p->job->sha256;
    if (!given)
        return MC_OK;
    size_t n = strlen(given);
    for (size_t i = 0; i < n && n == MC_SHA256_DIGITS; i++) {
        char c = given[i];
        c = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            n = 0;
        p->sha256[i] = c;
    }
    return n == MC_SHA256_DIGITS
               ? MC_OK
               : mc_fail(err, MC_E_ARG, "%s is no SHA-256, which has 64 hex digits", given);
}

static mc_status pull_what(pull *p, mc_error *err)
{
    const char *what = p->job->what;
    if (strstr(what, "://"))
        return pull_url(p, err);
    if (mci_is_repository(what))
        return pull_repository(p, err);
    const mc_published_model *model = mc_models_named(what, err);
    return model ? pull_published(p, model, err) : MC_E_ARG;
}

mc_status mc_pull_run(const mc_pull_job *job, mc_pulled *pulled, mc_error *err)
{
    pull p = { .job = job, .puller.job = job };
    mc_status status = take_sha256(&p, err);
    if (status >= 0)
        status = check_revision(job->revision, err);
    if (status >= 0 && job->mirror)
        status = check_url(job->mirror, err);
    if (status >= 0)
        status = mci_http_open(job->stall_s ? job->stall_s : DEFAULT_STALL_S, &p.puller.http, err);
    if (status >= 0)
        status = pull_what(&p, err);
    mci_http_close(p.puller.http);
    mci_buf_release(&p.folder);
    mci_buf_release(&p.path);
    mci_buf_release(&p.url);
    if (status < 0)
        mc_pulled_release(&p.pulled);
    else
        *pulled = p.pulled;
    return status;
}

void mc_pulled_release(mc_pulled *pulled)
{
    for (size_t i = 0; i < pulled->n_files; i++)
        mci_free(pulled->files[i].path);
    mci_free(pulled->files);
    mci_free(pulled->path);
    *pulled = (mc_pulled){ 0 };
}
