#include "io/tar_rows.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "io/fields.h"
#include "io/row_line.h"
#include "io/tar.h"

typedef struct {
    mci_tar *tar;
    mci_json *json;
    uint64_t max_item_bytes;
    mci_tar_member member; /* read, not yet taken */
    bool has_member;
    /* the sample that is being put together */
    bool has_sample, is_whole, saw_txt, saw_json, has_txt, has_json, is_spoiled;
    uint64_t offset;
    uint64_t n_samples, n_others;
    mci_tar_extent *members; /* of the sample; those beyond the most are counted only */
    size_t n_members, cap_members;
    bool is_open;            /* the end of the last of them is not known yet */
    mci_buf key, txt, bytes; /* bytes: of the json, and its repair */
    mci_buf repaired, uuid;
    mci_json_value root; /* of the json */
} tar_rows;

static void close_tar_rows(void *self)
{
    tar_rows *r = self;
    if (!r)
        return;
    mci_tar_close(r->tar);
    mci_json_free(r->json);
    mci_buf_release(&r->key);
    mci_buf_release(&r->txt);
    mci_buf_release(&r->bytes);
    mci_buf_release(&r->repaired);
    mci_buf_release(&r->uuid);
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
    r->is_whole = r->saw_txt = r->saw_json = r->has_txt = r->has_json = r->is_spoiled = false;
    r->offset = r->member.offset;
    r->n_samples++;
    r->n_members = 0;
    mci_buf_clear(&r->key);
    return mci_buf_add(&r->key, key, err);
}

static mc_status note_member(tar_rows *r, mc_error *err)
{
    void *members = r->members;
    if (r->n_members++ >= MCI_MAX_SAMPLE_MEMBERS)
        return MC_OK;
    MC_TRY(mci_grow(&members, &r->cap_members, r->n_members, sizeof *r->members, err));
    r->members = members;
    r->members[r->n_members - 1] = (mci_tar_extent){ .start = r->member.offset };
    r->is_open = true;
    return MC_OK;
}

static mc_status read_txt(tar_rows *r, mc_error *err)
{
    mc_status status = mci_tar_read(r->tar, r->max_item_bytes, &r->txt, err);
    mci_buf *txt = &r->txt;
    r->saw_txt = true;
    r->has_txt = status == MC_OK;
    if (txt->len > 0 && txt->data[txt->len - 1] == '\n')
        txt->len--;
    if (txt->len > 0 && txt->data[txt->len - 1] == '\r')
        txt->len--;
    return status;
}

static mc_status parse_json(tar_rows *r, mc_error *err)
{
    mc_str text = mci_buf_str(&r->bytes);
    uint64_t n_replaced = 0;
    if (text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
        text = (mc_str){ text.data + 3, text.len - 3 };
    if (!mci_utf8_valid(text)) {
        mci_buf_clear(&r->repaired);
        MC_TRY(mci_utf8_repair(text, &r->repaired, &n_replaced, err));
        text = mci_buf_str(&r->repaired);
    }
    mc_status status = mci_json_parse(r->json, text, &r->root, NULL, err);
    if (status != MC_OK)
        return status;
    if (mci_json_type_of(r->root) != MCI_JSON_OBJECT)
        return mc_fail(err, MC_SKIPPED, "not a JSON object");
    mci_json_value texts;
    if (mci_json_get(r->root, "texts", &texts) && mci_json_type_of(texts) != MCI_JSON_ARRAY)
        return mc_fail(err, MC_SKIPPED, "texts is no array");
    return MC_OK;
}

static mc_status read_json(tar_rows *r, mc_error *err)
{
    mc_status status = mci_tar_read(r->tar, r->max_item_bytes, &r->bytes, err);
    if (status == MC_OK)
        status = parse_json(r, err);
    r->saw_json = true;
    r->has_json = status == MC_OK;
    return status;
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
    MC_TRY(note_member(r, err));
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

/* ---- the sample's line ---- */

/* A string, or a number's digits; empty for everything else. */
static mc_status scalar(mci_json_value value, mci_buf *buf, mc_str *out, mc_error *err)
{
    *out = mci_json_string(value);
    if (mci_json_type_of(value) != MCI_JSON_NUMBER)
        return MC_OK;
    char digits[MCI_JSON_NUMBER_BYTES];
    mci_buf_clear(buf);
    MC_TRY(mci_buf_append(buf, digits, mci_json_number_text(value, digits), err));
    *out = mci_buf_str(buf);
    return MC_OK;
}

typedef struct {
    mc_str uuid, url, lang;
    bool has_texts;
    mci_json_value texts;
} sample_names;

static bool may_be_text(mci_json_value value)
{
    mci_json_type type = mci_json_type_of(value);
    return type == MCI_JSON_STRING || type == MCI_JSON_NULL;
}

/* Whether the member is one of the record's own, and takes it if so. The first of each counts. */
static mc_status take_name(tar_rows *r, mc_str key, mci_json_value value, sample_names *names,
                           bool *is_own, mc_error *err)
{
    mci_json_type type = mci_json_type_of(value);
    bool is_string = type == MCI_JSON_STRING;
    *is_own = false;
    switch (mci_column_role_of(key)) {
    case MCI_COLUMN_UUID:
        *is_own = names->uuid.len == 0 && (is_string || type == MCI_JSON_NUMBER);
        return *is_own ? scalar(value, &r->uuid, &names->uuid, err) : MC_OK;
    case MCI_COLUMN_URL:
        *is_own = names->url.len == 0 && is_string;
        if (*is_own)
            names->url = mci_json_string(value);
        break;
    case MCI_COLUMN_LANG:
        *is_own = names->lang.len == 0 && is_string;
        if (*is_own)
            names->lang = mci_json_string(value);
        break;
    case MCI_COLUMN_TEXT:
        *is_own = may_be_text(value);
        break;
    case MCI_COLUMN_KEY:
    case MCI_COLUMN_ENTRIES:
    case MCI_COLUMN_EXTRA:
        break;
    }
    return MC_OK;
}

/* Our own names cannot be those of extras; what is called so but is none is left out. */
static bool is_reserved(mc_str key)
{
    return mc_str_equal(key, mc_str_of("uuid")) || mc_str_equal(key, mc_str_of("url")) ||
           mc_str_equal(key, mc_str_of("texts")) || mc_str_equal(key, mc_str_of("__key__"));
}

static mc_status put_members(tar_rows *r, mci_row_line *row, sample_names *names, mc_error *err)
{
    mc_str key;
    mci_json_value value;
    for (mci_json_iter it = mci_json_iterate(r->root); mci_json_next(&it, &key, &value);) {
        bool is_own = false;
        MC_TRY(take_name(r, key, value, names, &is_own, err));
        if (!is_own && !is_reserved(key))
            mci_row_extra_json(row, key, value);
    }
    names->has_texts = mci_json_get(r->root, "texts", &names->texts);
    return MC_OK;
}

/* The second element of a [key, text]. */
static mc_str text_of(mci_json_value pair)
{
    mci_json_value value;
    mci_json_iter it = mci_json_iterate(pair);
    if (mci_json_type_of(pair) != MCI_JSON_ARRAY || !mci_json_next(&it, NULL, &value) ||
        !mci_json_next(&it, NULL, &value))
        return (mc_str){ 0 };
    return mci_json_string(value);
}

static void put_texts(tar_rows *r, mci_row_line *row, const sample_names *names, mc_str txt,
                      bool *has_txt)
{
    mc_str key;
    mci_json_value value;
    if (names->has_texts)
        for (mci_json_iter it = mci_json_iterate(names->texts); mci_json_next(&it, NULL, &value);) {
            mci_row_text_json(row, value);
            *has_txt |= mc_str_equal(text_of(value), txt);
        }
    for (mci_json_iter it = mci_json_iterate(r->root); mci_json_next(&it, &key, &value);) {
        if (mci_column_role_of(key) != MCI_COLUMN_TEXT || !may_be_text(value))
            continue;
        mci_row_text(row, key, mci_json_string(value), names->lang);
        *has_txt |= mc_str_equal(mci_json_string(value), txt);
    }
}

static mc_status make_line(tar_rows *r, mci_buf *line, mc_error *err)
{
    mci_row_line row;
    sample_names names = { 0 };
    mc_str txt = mci_buf_str(&r->txt);
    bool has_txt = false;
    mci_row_begin(&row, line, r->max_item_bytes, err);
    mci_row_extra(&row, mc_str_of("__key__"), mci_buf_str(&r->key));
    if (r->has_json)
        MC_TRY(put_members(r, &row, &names, err));
    mci_row_names(&row, names.uuid, names.url);
    if (r->has_json)
        put_texts(r, &row, &names, txt, &has_txt);
    if (r->has_txt && !has_txt)
        mci_row_text(&row, mc_str_of("txt"), txt, names.lang);
    mc_status status = mci_row_end(&row);
    if (status == MC_SKIPPED)
        mc_add_context(err, status, "%.*s", r->key.len < 200 ? (int)r->key.len : 200, r->key.data);
    return status;
}

/* ---- rows ---- */

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
        if (r->has_txt || r->has_json || !r->is_spoiled)
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
    mc_status status = mci_json_new(&r->json, err);
    if (status >= 0)
        status = mci_tar_open(stream, &r->tar, err);
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
                             .is_spoiled = r->is_spoiled,
                             .lacks_end = mci_tar_lacks_end(r->tar) };
}

uint64_t mci_tar_rows_n_others(const mci_rows *rows)
{
    return ((const tar_rows *)rows->self)->n_others;
}
