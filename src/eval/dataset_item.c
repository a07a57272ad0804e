/* Items, and the folders that they are found in. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/utf8.h"
#include "eval/dataset_internal.h"

void mci_dataset_item_release(mci_dataset_item *item)
{
    mci_image_input_release(&item->image);
    mci_buf_release(&item->texts);
}

mc_status mci_item_begin(mci_dataset_item *item, mc_error *err, const char *format, ...)
{
    mci_buf *name = &item->image.name;
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    mci_buf_clear(name);
    mci_buf_clear(&item->image.bytes);
    mci_buf_clear(&item->texts);
    item->image.has_bytes = item->has_label = false;
    item->n_texts = 0;
    MC_TRY(mci_buf_reserve(name, (size_t)n + 1, err));
    va_start(args, format);
    vsnprintf(name->data, (size_t)n + 1, format, args);
    va_end(args);
    name->len = (size_t)n;
    return MC_OK;
}

mc_status mci_item_add_text(mci_dataset_item *item, mc_str text, mc_error *err)
{
    const char *nul = text.len ? memchr(text.data, 0, text.len) : NULL;
    if (nul) /* which would end it */
        text.len = (size_t)(nul - text.data);
    MC_TRY(mci_buf_add(&item->texts, text, err));
    MC_TRY(mci_buf_byte(&item->texts, '\0', err));
    item->n_texts++;
    return MC_OK;
}

mc_status mci_item_set_label(mci_dataset_item *item, mc_str text, mc_error *err)
{
    uint64_t label = 0;
    mc_str digits = mci_trim_space(text);
    bool is_number = digits.len > 0 && digits.len < 10;
    for (size_t i = 0; is_number && i < digits.len; i++) {
        is_number = digits.data[i] >= '0' && digits.data[i] <= '9';
        label = label * 10 + (uint64_t)(digits.data[i] - '0');
    }
    if (!is_number)
        return mc_fail(err, MC_SKIPPED, "its label \"%.*s\" is no number",
                       (int)(text.len < 40 ? text.len : 40), text.len ? text.data : "");
    item->label = (uint32_t)label;
    item->has_label = true;
    return MC_OK;
}

/* ---- folders ---- */

mc_status mci_join_path(mci_buf *out, const char *folder, const char *name, mc_error *err)
{
    const size_t n = strlen(folder);
    mci_buf_clear(out);
    return mci_buf_printf(out, err, "%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name);
}

bool mci_dataset_is_folder(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct {
    const char *path, *suffix; /* NULL: folders */
    mci_buf entry;
    char **names;
    size_t n, cap;
} listing;

static bool is_wanted(listing *l, const char *name)
{
    const size_t n = strlen(name), m = l->suffix ? strlen(l->suffix) : 0;
    if (name[0] == '.' || n < m)
        return false;
    return l->suffix ? strcmp(name + n - m, l->suffix) == 0 : mci_dataset_is_folder(l->entry.data);
}

static mc_status list_name(listing *l, const char *name, mc_error *err)
{
    void *names = l->names;
    MC_TRY(mci_join_path(&l->entry, l->path, name, err));
    if (!is_wanted(l, name))
        return MC_OK;
    MC_TRY(mci_grow(&names, &l->cap, l->n + 1, sizeof *l->names, err));
    l->names = names;
    char *copy = mci_alloc(strlen(name) + 1);
    if (!copy)
        return mci_nomem(err, strlen(name) + 1);
    l->names[l->n++] = strcpy(copy, name);
    return MC_OK;
}

static mc_status read_names(listing *l, mc_error *err)
{
    mc_status status = MC_OK;
    DIR *dir = opendir(l->path);
    if (!dir)
        return mci_fail_errno(err, l->path, "cannot open the folder");
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry && errno != 0)
            status = mci_fail_errno(err, l->path, "cannot read the folder");
        if (!entry || status < 0)
            break;
        status = list_name(l, entry->d_name, err);
    }
    closedir(dir);
    return status;
}

static mc_status list(const char *path, const char *suffix, mci_phrases *out, mc_error *err)
{
    listing l = { .path = path, .suffix = suffix };
    mci_phrases_clear(out);
    mc_status status = read_names(&l, err);
    if (status >= 0 && l.n > 1)
        qsort(l.names, l.n, sizeof *l.names, by_name);
    for (size_t i = 0; i < l.n; i++) {
        if (status >= 0)
            status = mci_phrases_add(out, mc_str_of(l.names[i]), true, err);
        mci_free(l.names[i]);
    }
    mci_free(l.names);
    mci_buf_release(&l.entry);
    return status;
}

mc_status mci_list_folders(const char *path, mci_phrases *out, mc_error *err)
{
    return list(path, NULL, out, err);
}

mc_status mci_list_files(const char *path, const char *suffix, mci_phrases *out, mc_error *err)
{
    return list(path, suffix, out, err);
}
