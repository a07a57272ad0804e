#include "pull/model_table.h"

#include "base/alloc.h"
#include "base/files.h"
#include "base/json_text.h"

#define ADDRESS    "https://dl.fbaipublicfiles.com/MMPT/metaclip/"
#define PAIRS_400M "400 million pairs of Common Crawl"
#define PAIRS_2_5B "2.5 billion pairs of Common Crawl"
#define ALTOGETHER "pairs of Common Crawl, captions re-aligned (Altogether)"
#define WORLDWIDE  "worldwide pairs of Common Crawl, 329 languages"

static const mc_published_model models[] = {
#define X(name, model, open_clip, tags, repository, data, size, activation, vocabulary, sha256) \
    { name,       model,      open_clip,          tags,   repository, data, size,               \
      activation, vocabulary, ADDRESS name ".pt", sha256, 0 },
#include "pull/model_table.inc"
#undef X
};

/* The first as OpenCLIP's source has it at v2.24.0; the second beside facebook/xlm-v-base. */
static const mci_vocabulary_file vocabularies[] = {
    { "clip",
      "https://raw.githubusercontent.com/mlfoundations/open_clip/v2.24.0/src/open_clip/"
      "bpe_simple_vocab_16e6.txt.gz",
      "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a" },
    { "xlm-v", "https://huggingface.co/facebook/xlm-v-base/resolve/main/sentencepiece.bpe.model",
      "" },
};

const mc_published_model *mc_models(size_t *n)
{
    *n = COUNT_OF(models);
    return models;
}

const mci_vocabulary_file *mci_vocabulary_of(const mc_published_model *model)
{
    for (size_t i = 0; i < COUNT_OF(vocabularies); i++) {
        if (strcmp(vocabularies[i].vocabulary, model->vocabulary) == 0)
            return &vocabularies[i];
    }
    return NULL;
}

/* ---- names ---- */

static bool has_tag(const mc_published_model *model, const char *tag)
{
    size_t n = strlen(tag);
    for (const char *at = model->tags; *at;) {
        size_t len = strcspn(at, " ");
        if (len == n && memcmp(at, tag, n) == 0)
            return true;
        at += len + (at[len] == ' ');
    }
    return false;
}

/* "MODEL:TAG", of either project. */
static bool has_pair(const mc_published_model *model, const char *what)
{
    const char *colon = strchr(what, ':');
    if (!colon || !has_tag(model, colon + 1))
        return false;
    size_t n = (size_t)(colon - what);
    return (strlen(model->model) == n && memcmp(model->model, what, n) == 0) ||
           (strlen(model->open_clip) == n && memcmp(model->open_clip, what, n) == 0);
}

static bool is_called(const mc_published_model *model, const char *what)
{
    return strcmp(model->name, what) == 0 || has_pair(model, what) ||
           (*model->repository && strcmp(model->repository, what) == 0);
}

/* "b32_400m, b16_400m, ..." */
static void list_tagged(const char *tag, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(models); i++) {
        size_t need = strlen(models[i].name) + 2;
        if (!has_tag(&models[i], tag))
            continue;
        if (used + need + sizeof ", ..." > size) {
            memcpy(out + used, ", ...", sizeof ", ...");
            return;
        }
        if (used)
            memcpy(out + used, ", ", 2);
        used += used ? 2 : 0;
        memcpy(out + used, models[i].name, need - 1);
        used += need - 2;
    }
}

const mc_published_model *mc_models_named(const char *what, mc_error *err)
{
    const mc_published_model *tagged = NULL;
    size_t n_tagged = 0;
    for (size_t i = 0; i < COUNT_OF(models); i++) {
        if (is_called(&models[i], what))
            return &models[i];
        if (has_tag(&models[i], what)) {
            tagged = &models[i];
            n_tagged++;
        }
    }
    if (n_tagged == 1)
        return tagged;
    char list[200];
    list_tagged(what, list, sizeof list);
    if (n_tagged)
        mc_fail(err, MC_E_ARG, "%s is what %zu models are called; say which: %s", what, n_tagged,
                list);
    else
        mc_fail(err, MC_E_ARG, "no published model is called %s; `metaclip models` lists them",
                what);
    return NULL;
}

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
}

bool mci_is_repository(const char *what)
{
    size_t n_slashes = 0;
    for (const char *at = what; *at; at++) {
        bool begins = at == what || at[-1] == '/';
        if (*at == '/' ? begins || at[1] == '\0' : !is_name_byte(*at) || (begins && *at == '.'))
            return false;
        n_slashes += *at == '/';
    }
    return n_slashes == 1 && strlen(what) < 200;
}

/* ---- places ---- */

mc_status mci_model_folder(const char *models_dir, const char *what, mci_buf *out, mc_error *err)
{
    const char *slash = strchr(what, '/');
    int n = slash ? (int)(slash - what) : (int)strlen(what);
    mci_buf_clear(out);
    MC_TRY(mci_buf_printf(out, err, "%s/%.*s%s%s", models_dir, n, what, slash ? "--" : "",
                          slash ? slash + 1 : ""));
    return mci_buf_terminate(out, err);
}

/* Whether the file FOLDER/NAME is there; path holds FOLDER before and after. */
static mc_status look_for(mci_buf *path, const char *name, const char *suffix, bool *found,
                          mc_error *err)
{
    size_t n = path->len;
    MC_TRY(mci_buf_printf(path, err, "/%s%s", name, suffix));
    MC_TRY(mci_buf_terminate(path, err));
    *found = mci_file_exists(path->data);
    path->len = n;
    path->data[n] = '\0';
    return MC_OK;
}

static mc_status find_weights(const char *models_dir, const mc_published_model *model,
                              mci_buf *path, bool *found, mc_error *err)
{
    MC_TRY(mci_model_folder(models_dir, model->name, path, err));
    MC_TRY(look_for(path, model->name, ".pt", found, err));
    if (!*found)
        return MC_OK;
    MC_TRY(mci_buf_printf(path, err, "/%s.pt", model->name));
    return mci_buf_terminate(path, err);
}

static mc_status find_repository(const char *models_dir, const char *repository, mci_buf *path,
                                 bool *found, mc_error *err)
{
    MC_TRY(mci_model_folder(models_dir, repository, path, err));
    MC_TRY(look_for(path, "config.json", "", found, err));
    return *found ? MC_OK : look_for(path, "open_clip_config.json", "", found, err);
}

static mc_status find_model(const char *models_dir, const char *what,
                            const mc_published_model *model, mci_buf *path, mc_error *err)
{
    bool found = false;
    if (model)
        MC_TRY(find_weights(models_dir, model, path, &found, err));
    if (!found && (!model || *model->repository))
        MC_TRY(find_repository(models_dir, model ? model->repository : what, path, &found, err));
    if (!found)
        return mc_fail(err, MC_E_IO, "%s is not in %s; `metaclip pull %s` gets it", what,
                       models_dir, what);
    return MC_OK;
}

mc_status mc_models_find(const char *models_dir, const char *what, char **path,
                         const mc_published_model **model, mc_error *err)
{
    mc_error unknown = { 0 };
    mci_buf found = { 0 };
    const mc_published_model *row = mc_models_named(what, &unknown);
    if (!row && !mci_is_repository(what))
        return mc_fail(err, MC_E_ARG, "%s", unknown.text);
    mc_status status = find_model(models_dir, what, row, &found, err);
    if (status < 0) {
        mci_buf_release(&found);
        return status;
    }
    *path = found.data;
    *model = row;
    return MC_OK;
}

/* ---- JSON ---- */

static mc_status add_member(mci_buf *out, const char *key, const char *value, mc_error *err)
{
    MC_TRY(mci_buf_printf(out, err, ",\"%s\":", key));
    if (!*value)
        return mci_buf_add(out, mc_str_of("null"), err);
    return mci_json_add_string(out, mc_str_of(value), err);
}

static mc_status add_tags(mci_buf *out, const char *tags, mc_error *err)
{
    MC_TRY(mci_buf_add(out, mc_str_of(",\"tags\":["), err));
    for (const char *at = tags; *at;) {
        size_t len = strcspn(at, " ");
        if (at != tags)
            MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(mci_json_add_string(out, (mc_str){ at, len }, err));
        at += len + (at[len] == ' ');
    }
    return mci_buf_byte(out, ']', err);
}

static mc_status add_model(mci_buf *out, const mc_published_model *model, mc_error *err)
{
    MC_TRY(mci_buf_add(out, mc_str_of("{\"name\":"), err));
    MC_TRY(mci_json_add_string(out, mc_str_of(model->name), err));
    MC_TRY(add_member(out, "model", model->model, err));
    MC_TRY(add_member(out, "open_clip", model->open_clip, err));
    MC_TRY(add_tags(out, model->tags, err));
    MC_TRY(add_member(out, "repository", model->repository, err));
    MC_TRY(add_member(out, "data", model->data, err));
    MC_TRY(mci_buf_printf(out, err, ",\"image_size\":%u", model->image_size));
    MC_TRY(add_member(out, "activation", model->activation, err));
    MC_TRY(add_member(out, "vocabulary", model->vocabulary, err));
    MC_TRY(add_member(out, "url", model->url, err));
    MC_TRY(add_member(out, "sha256", model->sha256, err));
    MC_TRY(mci_buf_add(out, mc_str_of(",\"bytes\":"), err));
    MC_TRY(model->bytes ? mci_json_add_u64(out, model->bytes, err)
                        : mci_buf_add(out, mc_str_of("null"), err));
    MC_TRY(mci_buf_byte(out, '}', err));
    return mci_buf_terminate(out, err);
}

mc_status mc_models_json(const mc_published_model *model, char **json, mc_error *err)
{
    mci_buf out = { 0 };
    mc_status status = add_model(&out, model, err);
    if (status < 0)
        mci_buf_release(&out);
    else
        *json = out.data;
    return status;
}
