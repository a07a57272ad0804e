/* The images of a packing: what the walk and the table's rows found, merged and sorted. */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "curate/pack_internal.h"

/* ---- adding ---- */

static bool ends_with(mc_str text, mc_str end)
{
    return text.len >= end.len && memcmp(text.data + text.len - end.len, end.data, end.len) == 0;
}

mc_status mci_pack_list_add(mci_pack_list *list, const mci_pack_image *image, mc_error *err)
{
    void *images = list->images;
    mc_str path = mc_str_of(image->path), copy;
    MC_TRY(mci_grow(&images, &list->cap_images, list->n_images + 1, sizeof *image, err));
    list->images = images;
    mci_pack_image *place = &list->images[list->n_images];
    *place = *image;
    MC_TRY(mci_arena_copy(&list->arena, (mc_str){ path.data, path.len + 1 }, &copy, err));
    place->path = copy.data;
    if (ends_with(path, image->name))
        place->name.data = copy.data + path.len - image->name.len;
    else
        MC_TRY(mci_arena_copy(&list->arena, image->name, &place->name, err));
    list->n_images++;
    return MC_OK;
}

mc_status mci_pack_strict(const mc_pack_job *job, const char *problem, mc_error *err)
{
    if (!job->pool.strict)
        return MC_OK;
    char text[sizeof err->text]; /* may be err's own */
    memcpy(text, problem, sizeof text);
    return mc_fail(err, MC_E_FORMAT, "%s (and --strict was asked for)", text);
}

mc_status mci_pack_list_skip(mci_pack_list *list, uint64_t *counter, const char *where,
                             mc_error *err)
{
    ++*counter;
    mci_problems_note(&list->problems, err, where);
    return mci_pack_strict(list->job, list->problems.first[0].text, err);
}

/* ---- merging ---- */

static int compare_views(mc_str a, mc_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* By file; what the walk found before the rows of the table, and these as the table has them. */
static int compare_paths(const void *x, const void *y)
{
    const mci_pack_image *a = x, *b = y;
    int order = strcmp(a->path, b->path);
    if (order == 0)
        order = (a->n_rows > 0) - (b->n_rows > 0);
    if (order == 0 && a->n_rows > 0)
        return (a->first_row > b->first_row) - (a->first_row < b->first_row);
    return order ? order : compare_views(a->name, b->name);
}

static int compare_names(const void *x, const void *y)
{
    const mci_pack_image *a = x, *b = y;
    int order = compare_views(a->name, b->name);
    return order ? order : strcmp(a->path, b->path);
}

/* Whether there is a text to hope for; if not it is counted, and named if it is an image. */
static mc_status judge(mci_pack_list *list, const mci_pack_image *image, bool *keeps, mc_error *err)
{
    list->n.files_found++;
    *keeps = image->n_rows > 0 || image->has_txt || image->has_json;
    if (*keeps)
        return MC_OK;
    if (!image->is_meant) {
        list->n.files_other++;
        return MC_OK;
    }
    mc_str stem = mci_pack_stem(image->name);
    list->n.images_found++;
    mc_fail(err, MC_SKIPPED, "without a text: there is no %.*s.txt or .json%s",
            stem.len < 160 ? (int)stem.len : 160, stem.data,
            list->job->table_path ? ", and no row of the table" : "");
    return mci_pack_list_skip(list, &list->n.images_without_text, image->path, err);
}

/* Makes one image of all that is known of a file, and one range of its rows. */
static mc_status merge_files(mci_pack_list *list, mci_pack_row *rows, mc_error *err)
{
    size_t n_kept = 0, n_rows = 0;
    for (size_t i = 0; i < list->n_images;) {
        mci_pack_image image = list->images[i];
        bool keeps;
        image.first_row = n_rows;
        image.n_rows = 0;
        const char *path = image.path;
        for (; i < list->n_images && strcmp(list->images[i].path, path) == 0; i++) {
            const mci_pack_image *same = &list->images[i];
            image.is_meant |= same->is_meant;
            image.n_rows += same->n_rows;
            if (same->n_rows > 0)
                rows[n_rows++] = list->rows[same->first_row];
        }
        MC_TRY(judge(list, &image, &keeps, err));
        list->n_bytes += keeps ? image.n_bytes : 0;
        if (keeps)
            list->images[n_kept++] = image;
    }
    list->n_images = n_kept;
    return MC_OK;
}

static mc_status merge(mci_pack_list *list, mc_error *err)
{
    if (list->n_images == 0)
        return MC_OK;
    mci_pack_row *rows = mci_alloc_zeroed(list->n_rows + 1, sizeof *rows);
    if (!rows)
        return mci_nomem(err, list->n_rows * sizeof *rows);
    qsort(list->images, list->n_images, sizeof *list->images, compare_paths);
    mc_status status = merge_files(list, rows, err);
    mci_free(list->rows);
    list->rows = rows;
    if (status >= 0)
        qsort(list->images, list->n_images, sizeof *list->images, compare_names);
    return status;
}

mc_status mci_pack_list_make(const mc_pack_job *job, mci_pack_list *list, mc_error *err)
{
    *list = (mci_pack_list){ .job = job, .rows_fd = -1 };
    MC_TRY(mci_pack_walk(list, err));
    if (job->table_path)
        MC_TRY(mci_pack_read_rows(list, err));
    return merge(list, err);
}

void mci_pack_list_release(mci_pack_list *list)
{
    if (list->rows_fd >= 0)
        close(list->rows_fd);
    mci_free(list->images);
    mci_free(list->rows);
    mci_arena_release(&list->arena);
    *list = (mci_pack_list){ .rows_fd = -1 };
}
