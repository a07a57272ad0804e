#include "io/tar_rows.h"

#include "base/alloc.h"
#include "io/fields.h"
#include "io/sample_row.h"
#include "io/tar.h"

typedef struct {
    mci_tar *tar;
    uint64_t max_item_bytes;
    mci_tar_member member; /* read, not yet taken */
    bool has_member;
    /* the sample that is being put together */
    bool has_sample, is_whole, saw_txt, saw_json, is_spoiled;
    uint64_t offset;
    uint64_t n_samples, n_others;
    mci_tar_extent *members; /* of the sample; those beyond the most are counted only */
    size_t n_members, cap_members;
    bool is_open;     /* the end of the last of them is not known yet */
    size_t image;     /* which of them is the image; MCI_NO_IMAGE */
    mci_buf suffixes; /* of all of them */
    mci_buf key;
    mci_sample sample;
} tar_rows;

static void close_tar_rows(void *self)
{
    tar_rows *r = self;
    if (!r)
        return;
    mci_tar_close(r->tar);
    mci_sample_release(&r->sample);
    mci_buf_release(&r->key);
    mci_buf_release(&r->suffixes);
    mci_free(r->members);
    mci_free(r);
}

/* ---- the sample's members ---- */

/* Splits "a/b.seg.png" into "a/b" and "seg.png"; false if there is no such key. */
static bool split_name(mc_str name, mc_str *key, mc_str *suffix)
{
    size_t base = name.len;
    while (base > 0 && name.data[base - 1] != '/')
        base--;
    const char *dot = base < name.len ? memchr(name.data + base, '.', name.len - base) : NULL;
    if (!dot || dot == name.data + base)
        return false;
    key->data = name.data;
    key->len = (size_t)(dot - name.data);
    suffix->data = dot + 1;
    suffix->len = name.len - key->len - 1;
    return true;
}

static mc_status begin_sample(tar_rows *r, mc_str key, mc_error *err)
{
    r->has_sample = true;
    r->is_whole = r->saw_txt = r->saw_json = r->is_spoiled = false;
    mci_sample_clear(&r->sample);
    r->offset = r->member.offset;
    r->n_samples++;
    r->n_members = 0;
    r->image = MCI_NO_IMAGE;
    mci_buf_clear(&r->suffixes);
    mci_buf_clear(&r->key);
    return mci_buf_add(&r->key, key, err);
}

static bool is_image_suffix(mc_str suffix)
{
    static const char *const suffixes[] = { "jpg", "jpeg", "png", "webp" };
    for (size_t i = 0; i < COUNT_OF(suffixes); i++)
        if (mci_field_is(suffix, suffixes[i]))
            return true;
    return false;
}

static mc_status note_suffix(tar_rows *r, mc_str suffix, mc_error *err)
{
    if (r->suffixes.len + 1 + suffix.len > MCI_MAX_SUFFIXES_BYTES)
        return MC_OK;
    if (r->suffixes.len > 0)
        MC_TRY(mci_buf_byte(&r->suffixes, ' ', err));
    return mci_buf_add(&r->suffixes, suffix, err);
}

static mc_status note_member(tar_rows *r, mc_str suffix, mc_error *err)
{
    void *members = r->members;
    MC_TRY(note_suffix(r, suffix, err));
    if (r->n_members++ >= MCI_MAX_SAMPLE_MEMBERS)
        return MC_OK;
    if (r->image == MCI_NO_IMAGE && is_image_suffix(suffix))
        r->image = r->n_members - 1;
    MC_TRY(mci_grow(&members, &r->cap_members, r->n_members, sizeof *r->members, err));
    r->members = members;
    r->members[r->n_members - 1] =
        (mci_tar_extent){ .start = r->member.offset, .n_bytes = r->member.n_bytes };
    r->is_open = true;
    return MC_OK;
}

static mc_status read_txt(tar_rows *r, mc_error *err)
{
    mc_status status = mci_tar_read(r->tar, r->max_item_bytes, &r->sample.txt, err);
    r->saw_txt = true;
    if (status == MC_OK)
        mci_sample_take_txt(&r->sample);
    return status;
}

static mc_status read_json(tar_rows *r, mc_error *err)
{
    mc_status status = mci_tar_read(r->tar, r->max_item_bytes, &r->sample.bytes, err);
    r->saw_json = true;
    return status == MC_OK ? mci_sample_take_json(&r->sample, err) : status;
}

static bool is_member_of(const tar_rows *r, mc_str key, bool is_txt, bool is_json)
{
    return mc_str_equal(key, mci_buf_str(&r->key)) && !(is_txt && r->saw_txt) &&
           !(is_json && r->saw_json);
}

/* Takes the member into the sample, or finds that the sample ended before it. */
static mc_status take_member(tar_rows *r, mc_error *err)
{
    mc_str key, suffix;
    mc_status status = MC_OK;
    if (!r->member.is_file || !split_name(r->member.name, &key, &suffix)) {
        r->has_member = false;
        r->n_others++;
        return MC_OK;
    }
    bool is_txt = mci_field_is(suffix, "txt"), is_json = mci_field_is(suffix, "json");
    if (r->has_sample && !is_member_of(r, key, is_txt, is_json)) {
        r->is_whole = true;
        return MC_OK;
    }
    if (!r->has_sample)
        MC_TRY(begin_sample(r, key, err));
    MC_TRY(note_member(r, suffix, err));
    r->has_member = false;
    if (is_txt)
        status = read_txt(r, err);
    else if (is_json)
        status = read_json(r, err);
    r->is_spoiled |= status == MC_SKIPPED;
    if (status == MC_SKIPPED)
        mc_add_context(err, status, "%.*s.%s", r->key.len < 200 ? (int)r->key.len : 200,
                       r->key.data, is_txt ? "txt" : "json");
    return status;
}

/* ---- rows ---- */

static mc_status make_line(tar_rows *r, mci_buf *line, mc_error *err)
{
    mc_str key = mci_buf_str(&r->key);
    mc_status status = mci_sample_line(&r->sample, key, r->max_item_bytes, line, err);
    if (status == MC_SKIPPED)
        mc_add_context(err, status, "%.*s", key.len < 200 ? (int)key.len : 200, key.data);
    return status;
}

static mc_status read_member(tar_rows *r, mc_error *err)
{
    mc_status status = r->has_member ? MC_OK : mci_tar_next(r->tar, &r->member, err);
    if (r->is_open) {
        r->members[r->n_members - 1].end = mci_tar_last_end(r->tar);
        r->is_open = false;
    }
    r->has_member = status == MC_OK;
    r->is_spoiled |= status == MC_SKIPPED;
    if (status == MC_END && r->has_sample) {
        r->is_whole = true;
        return MC_OK;
    }
    return status;
}

/* Puts samples together until one is whole. */
static mc_status find_sample(tar_rows *r, mc_error *err)
{
    while (!r->is_whole) {
        mc_status status = read_member(r, err);
        if (status == MC_OK && !r->is_whole)
            status = take_member(r, err);
        if (status != MC_OK)
            return status;
    }
    return MC_OK;
}

static mc_status next_sample(void *self, mci_buf *line, uint64_t *offset, mc_error *err)
{
    tar_rows *r = self;
    mci_buf_clear(line);
    for (;;) {
        *offset = r->has_sample ? r->offset : r->member.offset;
        mc_status status = find_sample(r, err);
        if (status != MC_OK)
            return status;
        r->has_sample = r->is_whole = false;
        *offset = r->offset;
        /* What was said of a sample that has nothing left is enough. */
        if (r->sample.has_txt || r->sample.has_json || !r->is_spoiled)
            return make_line(r, line, err);
    }
}

mc_status mci_tar_rows_open(mci_stream *stream, uint64_t max_item_bytes, mci_rows *out,
                            mc_error *err)
{
    tar_rows *r = mci_alloc_zeroed(1, sizeof *r);
    if (!r)
        return mci_nomem(err, sizeof *r);
    r->max_item_bytes = max_item_bytes;
    mc_status status = mci_tar_open(stream, &r->tar, err);
    if (status < 0)
        close_tar_rows(r);
    else
        *out = (mci_rows){ r, next_sample, close_tar_rows };
    return status;
}

/* ---- samples ---- */

void mci_tar_rows_sample(const mci_rows *rows, mci_tar_sample *out)
{
    const tar_rows *r = rows->self;
    *out = (mci_tar_sample){ .key = mci_buf_str(&r->key),
                             .number = r->n_samples - 1,
                             .members = r->members,
                             .n_members = r->n_members,
                             .image = r->image,
                             .suffixes = mci_buf_str(&r->suffixes),
                             .is_spoiled = r->is_spoiled,
                             .lacks_end = mci_tar_lacks_end(r->tar) };
}

uint64_t mci_tar_rows_n_others(const mci_rows *rows)
{
    return ((const tar_rows *)rows->self)->n_others;
}
