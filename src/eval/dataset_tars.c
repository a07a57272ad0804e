/* CLIP_benchmark's webdataset: samples are members that follow each other and have one key.
 *
 *     SPLIT/nshards.txt  2
 *     SPLIT/0.tar        s0.webp s0.cls s1.webp s1.cls ...
 *     SPLIT/1.tar
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "eval/dataset_internal.h"
#include "io/fields.h"
#include "io/tar.h"
#include "io/whole.h"

enum { MOST_SHARDS = 1 << 20, MOST_TEXT_BYTES = 1 << 20 };

typedef struct {
    mci_phrases paths;
    size_t next;
    mc_eval_task task;
    uint64_t max_image_bytes;
    mci_buf path; /* of the tar that is read */
    mci_stream *stream;
    mci_tar *tar;
    mci_tar_member member; /* read, not yet taken */
    bool has_member;
    mci_buf key, text;
    bool has_sample, has_image, has_text;
    mc_error why, damage; /* what is wrong with the sample; what comes behind it */
    bool is_damaged;
} tar_set;

static void close_tar(tar_set *t)
{
    mci_tar_close(t->tar);
    mci_stream_close(t->stream);
    t->tar = NULL;
    t->stream = NULL;
    t->has_member = false;
}

static void close_tars(void *self)
{
    tar_set *t = self;
    close_tar(t);
    mci_phrases_release(&t->paths);
    mci_buf_release(&t->path);
    mci_buf_release(&t->key);
    mci_buf_release(&t->text);
    mci_free(t);
}

static mc_status open_tar(tar_set *t, mc_error *err)
{
    mc_str path = mci_phrases_get(&t->paths, t->next++);
    mci_buf_clear(&t->path);
    MC_TRY(mci_buf_printf(&t->path, err, "%.*s", (int)path.len, path.data));
    MC_TRY(mci_stream_open(t->path.data, &t->stream, err));
    return mci_tar_open(t->stream, &t->tar, err);
}

/* ---- members ---- */

/* "a/b.jpg" is the key a/b and the suffix jpg; webdataset cuts at the first dot behind the folder.
 */
static bool split_name(mc_str name, mc_str *key, mc_str *suffix)
{
    const char *slash = name.len ? memrchr(name.data, '/', name.len) : NULL;
    const size_t base = slash ? (size_t)(slash - name.data) + 1 : 0;
    const char *dot = base < name.len ? memchr(name.data + base, '.', name.len - base) : NULL;
    if (!dot || dot == name.data + base)
        return false;
    *key = (mc_str){ name.data, (size_t)(dot - name.data) };
    *suffix = (mc_str){ dot + 1, name.len - key->len - 1 };
    return true;
}

static bool is_image_suffix(mc_str suffix)
{
    static const char *const known[] = { "jpg", "jpeg", "png", "webp" };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (mci_field_is(suffix, known[i]))
            return true;
    return false;
}

/* What cannot be read is remembered as the sample's fault. */
static mc_status read_member(tar_set *t, uint64_t max_bytes, mci_buf *out, bool *has, mc_error *err)
{
    mc_error why = { 0 };
    const mc_status status = mci_tar_read(t->tar, max_bytes, out, &why);
    if (status == MC_OK)
        *has = true;
    else if (!t->why.status)
        t->why = why;
    if (status < 0 && err)
        *err = why;
    return status < 0 ? status : MC_OK;
}

static mc_status take_member(tar_set *t, mc_str suffix, mci_dataset_item *item, mc_error *err)
{
    const char *wanted = t->task == MC_TASK_RETRIEVAL ? "txt" : "cls";
    if (!t->has_image && is_image_suffix(suffix))
        return read_member(t, t->max_image_bytes, &item->image.bytes, &t->has_image, err);
    if (!t->has_text && mci_field_is(suffix, wanted))
        return read_member(t, MOST_TEXT_BYTES, &t->text, &t->has_text, err);
    return MC_OK;
}

static mc_status begin_sample(tar_set *t, mc_str key, mci_dataset_item *item, mc_error *err)
{
    MC_TRY(mci_item_begin(item, err, "%s/%.*s", t->path.data, (int)key.len, key.data));
    mci_buf_clear(&t->key);
    mci_buf_clear(&t->text);
    t->has_sample = true;
    t->has_image = t->has_text = false;
    t->why = (mc_error){ 0 };
    return mci_buf_add(&t->key, key, err);
}

/* ---- samples ---- */

static mc_status take_captions(tar_set *t, mci_dataset_item *item, mc_error *err)
{
    mc_str text = mci_buf_str(&t->text);
    while (text.len > 0) {
        mc_str line = mci_field_trim(mci_field_split(&text, '\n'));
        if (line.len > 0)
            MC_TRY(mci_item_add_text(item, line, err));
    }
    return item->n_texts ? MC_OK : mc_fail(err, MC_SKIPPED, "it has no caption");
}

static mc_status give_sample(tar_set *t, mci_dataset_item *item, mc_error *err)
{
    t->has_sample = false;
    if (t->why.status) {
        if (err)
            *err = t->why;
        return MC_SKIPPED;
    }
    if (!t->has_image)
        return mc_fail(err, MC_SKIPPED, "the sample has no image (.jpg, .png or .webp)");
    item->image.has_bytes = true;
    if (!t->has_text)
        return mc_fail(err, MC_SKIPPED, "the sample has no %s",
                       t->task == MC_TASK_RETRIEVAL ? "captions (.txt)" : "label (.cls)");
    return t->task == MC_TASK_RETRIEVAL ? take_captions(t, item, err)
                                        : mci_item_set_label(item, mci_buf_str(&t->text), err);
}

static mc_status tell_damage(tar_set *t, mci_dataset_item *item, mc_error *err)
{
    MC_TRY(mci_item_begin(item, err, "%s", t->path.data));
    t->is_damaged = false;
    if (err)
        *err = t->damage;
    return MC_SKIPPED;
}

/* MC_OK: the sample is whole, or there is none; MC_END: the tar is at its end. */
static mc_status collect(tar_set *t, mci_dataset_item *item, mc_error *err)
{
    for (;;) {
        mc_str key, suffix;
        mc_status status = MC_OK;
        if (!t->has_member)
            status = mci_tar_next(t->tar, &t->member, &t->damage);
        if (status == MC_SKIPPED)
            t->is_damaged = true;
        if (status < 0 && err)
            *err = t->damage;
        if (status != MC_OK)
            return status == MC_SKIPPED ? MC_OK : status;
        t->has_member = true;
        const bool counts = t->member.is_file && split_name(t->member.name, &key, &suffix);
        if (counts && t->has_sample && !mc_str_equal(key, mci_buf_str(&t->key)))
            return MC_OK;
        t->has_member = false;
        if (counts && !t->has_sample)
            MC_TRY(begin_sample(t, key, item, err));
        if (counts)
            MC_TRY(take_member(t, suffix, item, err));
    }
}

static mc_status next_in_tars(void *self, mci_dataset_item *item, mc_error *err)
{
    tar_set *t = self;
    for (;;) {
        if (t->is_damaged)
            return tell_damage(t, item, err);
        if (!t->tar && t->next == t->paths.n)
            return MC_END;
        if (!t->tar)
            MC_TRY(open_tar(t, err));
        mc_status status = collect(t, item, err);
        MC_TRY(status);
        if (status == MC_END)
            close_tar(t);
        if (t->has_sample)
            return give_sample(t, item, err);
    }
}

/* ---- shards ---- */

/* All that nshards.txt counts must be there, or this is not the whole set. */
static mc_status count_shards(tar_set *t, const char *folder, mci_buf *path, mc_error *err)
{
    mci_dataset_item number = { 0 };
    MC_TRY(mci_join_path(path, folder, "nshards.txt", err));
    mc_status status = mci_read_whole(path->data, 64, &t->text, err);
    if (status >= 0 && (mci_item_set_label(&number, mci_buf_str(&t->text), NULL) != MC_OK ||
                        number.label > MOST_SHARDS))
        status = mc_fail(err, MC_E_FORMAT, "%s: does not hold a number of tars", path->data);
    for (uint32_t i = 0; status >= 0 && i < number.label; i++) {
        char name[32];
        struct stat facts;
        snprintf(name, sizeof name, "%" PRIu32 ".tar", i);
        MC_TRY(mci_join_path(path, folder, name, err));
        if (stat(path->data, &facts) != 0)
            return mc_fail(err, MC_E_IO, "%s: is not there, but nshards.txt counts %" PRIu32,
                           path->data, number.label);
        status = mci_phrases_add(&t->paths, mci_buf_str(path), true, err);
    }
    return status;
}

static mc_status find_shards(tar_set *t, const char *path, mc_error *err)
{
    mci_buf joined = { 0 };
    mci_phrases names = { 0 };
    mc_status status = MC_OK;
    if (!mci_dataset_is_folder(path)) {
        status = mci_phrases_add(&t->paths, mc_str_of(path), true, err);
        goto done;
    }
    status = mci_list_files(path, "nshards.txt", &names, err);
    if (status >= 0 && names.n > 0) {
        status = count_shards(t, path, &joined, err);
        goto done;
    }
    if (status >= 0)
        status = mci_list_files(path, ".tar", &names, err);
    for (size_t i = 0; status >= 0 && i < names.n; i++) {
        mc_str name = mci_phrases_get(&names, i);
        mci_buf_clear(&joined);
        status = mci_buf_printf(&joined, err, "%s/%.*s", path, (int)name.len, name.data);
        if (status >= 0)
            status = mci_phrases_add(&t->paths, mci_buf_str(&joined), true, err);
    }
done:
    mci_buf_release(&joined);
    mci_phrases_release(&names);
    if (status >= 0 && t->paths.n == 0)
        status = mc_fail(err, MC_E_FORMAT, "%s: there are no tars in it", path);
    return status;
}

mc_status mci_dataset_tars_open(const char *path, mc_eval_task task, uint64_t max_image_bytes,
                                mci_dataset_source *out, mc_error *err)
{
    tar_set *t = mci_alloc_zeroed(1, sizeof *t);
    if (!t)
        return mci_nomem(err, sizeof *t);
    t->task = task;
    t->max_image_bytes = max_image_bytes;
    mc_status status = find_shards(t, path, err);
    if (status < 0)
        close_tars(t);
    else
        *out = (mci_dataset_source){ t, next_in_tars, close_tars };
    return status;
}
