#include "io/sample_row.h"

#include "base/utf8.h"
#include "io/fields.h"
#include "io/row_line.h"
#include "io/rows.h"

static const char byte_order_mark[] = "\xEF\xBB\xBF";

static bool has_mark(mc_str text)
{
    return text.len >= 3 && memcmp(text.data, byte_order_mark, 3) == 0;
}

void mci_sample_release(mci_sample *sample)
{
    mci_json_free(sample->json);
    mci_buf_release(&sample->txt);
    mci_buf_release(&sample->bytes);
    mci_buf_release(&sample->repaired);
    mci_buf_release(&sample->uuid);
    *sample = (mci_sample){ 0 };
}

void mci_sample_clear(mci_sample *sample)
{
    sample->has_txt = sample->has_json = false;
}

/* ---- what is taken ---- */

void mci_sample_take_txt(mci_sample *sample)
{
    mci_buf *txt = &sample->txt;
    if (txt->len > 0 && txt->data[txt->len - 1] == '\n')
        txt->len--;
    if (txt->len > 0 && txt->data[txt->len - 1] == '\r')
        txt->len--;
    sample->has_txt = true;
}

/* The text without a mark; the buffer keeps it, for it is the caller's to read into. */
static mc_str text_of_txt(const mci_sample *sample)
{
    mc_str text = mci_buf_str(&sample->txt);
    return has_mark(text) ? (mc_str){ text.data + 3, text.len - 3 } : text;
}

static mc_status parse_json(mci_sample *sample, mc_error *err)
{
    mc_str text = mci_buf_str(&sample->bytes);
    uint64_t n_replaced = 0;
    if (has_mark(text))
        text = (mc_str){ text.data + 3, text.len - 3 };
    if (!mci_utf8_valid(text)) {
        mci_buf_clear(&sample->repaired);
        MC_TRY(mci_utf8_repair(text, &sample->repaired, &n_replaced, err));
        text = mci_buf_str(&sample->repaired);
    }
    mc_status status = mci_json_parse(sample->json, text, &sample->root, NULL, err);
    if (status != MC_OK)
        return status;
    if (mci_json_type_of(sample->root) != MCI_JSON_OBJECT)
        return mc_fail(err, MC_SKIPPED, "not a JSON object");
    mci_json_value texts;
    if (mci_json_get(sample->root, "texts", &texts) && mci_json_type_of(texts) != MCI_JSON_ARRAY)
        return mc_fail(err, MC_SKIPPED, "texts is no array");
    return MC_OK;
}

mc_status mci_sample_take_json(mci_sample *sample, mc_error *err)
{
    if (!sample->json)
        MC_TRY(mci_json_new(&sample->json, err));
    mc_status status = parse_json(sample, err);
    sample->has_json = status == MC_OK;
    return status;
}

/* ---- the line ---- */

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
static mc_status take_name(mci_sample *sample, mc_str key, mci_json_value value,
                           sample_names *names, bool *is_own, mc_error *err)
{
    mci_json_type type = mci_json_type_of(value);
    bool is_string = type == MCI_JSON_STRING;
    *is_own = false;
    switch (mci_column_role_of(key)) {
    case MCI_COLUMN_UUID:
        *is_own = names->uuid.len == 0 && (is_string || type == MCI_JSON_NUMBER);
        return *is_own ? scalar(value, &sample->uuid, &names->uuid, err) : MC_OK;
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

static mc_status put_members(mci_sample *sample, mci_row_line *row, sample_names *names,
                             mc_error *err)
{
    mc_str key;
    mci_json_value value;
    for (mci_json_iter it = mci_json_iterate(sample->root); mci_json_next(&it, &key, &value);) {
        bool is_own = false;
        MC_TRY(take_name(sample, key, value, names, &is_own, err));
        if (!is_own && !is_reserved(key))
            mci_row_extra_json(row, key, value);
    }
    names->has_texts = mci_json_get(sample->root, "texts", &names->texts);
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

/* The elements of "texts"; *first is the text of the first one. */
static void put_list(mci_row_line *row, mci_json_value texts, mc_str txt, mc_str *first,
                     bool *has_txt)
{
    mci_json_value value;
    bool is_first = true;
    for (mci_json_iter it = mci_json_iterate(texts); mci_json_next(&it, NULL, &value);) {
        mc_str text = text_of(value);
        mci_row_text_json(row, value);
        *has_txt |= mc_str_equal(text, txt);
        if (is_first)
            *first = text;
        is_first = false;
    }
}

static void put_texts(const mci_sample *sample, mci_row_line *row, const sample_names *names,
                      mc_str txt, bool *has_txt)
{
    mc_str key, first = { 0 };
    mci_json_value value;
    if (names->has_texts)
        put_list(row, names->texts, txt, &first, has_txt);
    for (mci_json_iter it = mci_json_iterate(sample->root); mci_json_next(&it, &key, &value);) {
        if (mci_column_role_of(key) != MCI_COLUMN_TEXT || !may_be_text(value))
            continue;
        mc_str text = mci_json_string(value);
        *has_txt |= mc_str_equal(text, txt);
        if (first.len == 0 || !mci_field_is(key, "caption") || !mc_str_equal(text, first))
            mci_row_text(row, key, text, names->lang);
    }
}

mc_status mci_sample_line(mci_sample *sample, mc_str key, uint64_t max_bytes, mci_buf *line,
                          mc_error *err)
{
    mci_row_line row;
    sample_names names = { 0 };
    mc_str txt = text_of_txt(sample);
    bool has_txt = false;
    mci_row_begin(&row, line, max_bytes, err);
    if (key.len > 0)
        mci_row_extra(&row, mc_str_of("__key__"), key);
    if (sample->has_json)
        MC_TRY(put_members(sample, &row, &names, err));
    mci_row_names(&row, names.uuid, names.url);
    if (sample->has_json)
        put_texts(sample, &row, &names, txt, &has_txt);
    if (sample->has_txt && !has_txt)
        mci_row_text(&row, mc_str_of("txt"), txt, names.lang);
    return mci_row_end(&row);
}
