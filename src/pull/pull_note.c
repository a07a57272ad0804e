#include "pull/pull_note.h"

#include "base/alloc.h"
#include "base/json_text.h"
#include "io/output.h"
#include "io/whole.h"

static mc_status note_path(const char *path, mci_buf *out, mc_error *err)
{
    MC_TRY(mci_buf_printf(out, err, "%s.meta.json", path));
    return mci_buf_terminate(out, err);
}

/* ---- reading ---- */

static mc_status take_note(mci_json_value root, mci_note *note, mc_error *err)
{
    mci_json_value url, sha256;
    if (!mci_json_get(root, "url", &url) || !mci_json_get(root, "sha256", &sha256))
        return MC_OK;
    mc_str text = mci_json_string(url), digits = mci_json_string(sha256);
    if (text.len == 0 || digits.len != MC_SHA256_DIGITS || memchr(text.data, '\0', text.len))
        return MC_OK;
    note->url = mci_alloc(text.len + 1);
    if (!note->url)
        return mci_nomem(err, text.len + 1);
    memcpy(note->url, text.data, text.len);
    note->url[text.len] = '\0';
    memcpy(note->sha256, digits.data, digits.len);
    note->is_there = true;
    return MC_OK;
}

mc_status mci_note_read(const char *path, mci_note *out, mc_error *err)
{
    mci_buf name = { 0 };
    mci_json *json = NULL;
    mci_json_value root;
    bool found = false;
    *out = (mci_note){ 0 };
    mc_status status = note_path(path, &name, err);
    if (status >= 0)
        status = mci_json_recall(name.data, &json, &root, &found, err);
    if (status >= 0 && found)
        status = take_note(root, out, err);
    mci_json_free(json);
    mci_buf_release(&name);
    return status;
}

void mci_note_release(mci_note *note)
{
    mci_free(note->url);
    *note = (mci_note){ 0 };
}

/* ---- writing ---- */

static mc_status add_text(mci_buf *out, const char *key, const char *value, mc_error *err)
{
    if (!value || !*value)
        return MC_OK;
    MC_TRY(mci_buf_printf(out, err, "%s\"%s\":", out->len ? "," : "{", key));
    return mci_json_add_string(out, mc_str_of(value), err);
}

static mc_status add_all(mci_buf *out, const char *url, const mc_pulled_file *file,
                         const mc_published_model *model, mc_error *err)
{
    MC_TRY(add_text(out, "url", url, err));
    MC_TRY(add_text(out, "sha256", file->sha256, err));
    MC_TRY(add_text(out, "checked", file->checked, err));
    MC_TRY(mci_buf_add(out, mc_str_of(",\"bytes\":"), err));
    MC_TRY(mci_json_add_u64(out, file->bytes, err));
    if (model) {
        MC_TRY(add_text(out, "name", model->name, err));
        MC_TRY(add_text(out, "model", model->model, err));
        MC_TRY(add_text(out, "open_clip", model->open_clip, err));
        MC_TRY(add_text(out, "activation", model->activation, err));
        MC_TRY(add_text(out, "vocabulary", model->vocabulary, err));
    }
    return mci_buf_add(out, mc_str_of("}\n"), err);
}

mc_status mci_note_write(const char *path, const char *url, const mc_pulled_file *file,
                         const mc_published_model *model, mc_error *err)
{
    mci_buf name = { 0 }, text = { 0 };
    mc_status status = note_path(path, &name, err);
    if (status >= 0)
        status = add_all(&text, url, file, model, err);
    if (status >= 0)
        status = mci_output_file(name.data, mci_buf_str(&text), err);
    mci_buf_release(&name);
    mci_buf_release(&text);
    return status;
}
