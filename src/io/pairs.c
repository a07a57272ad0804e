#include "io/pairs_internal.h"

#include "base/json_text.h"
#include "base/utf8.h"
#include "io/json_write.h"

static const char *type_name(mci_json_value value)
{
    switch (mci_json_type_of(value)) {
    case MCI_JSON_NULL:
        return "null";
    case MCI_JSON_BOOL:
        return "a boolean";
    case MCI_JSON_NUMBER:
        return "a number";
    case MCI_JSON_STRING:
        return "a string";
    case MCI_JSON_ARRAY:
        return "an array";
    case MCI_JSON_OBJECT:
        return "an object";
    }
    return "an unknown type";
}

/* ---- reading ---- */

typedef struct {
    mci_arena *arena;
    mci_buf *scratch;
    uint64_t n_empty_texts;
    mc_error *err;
} reading;

/* Says what is wrong with the element of texts[] that is read; the caller adds which one. */
static mc_status wrong_type(reading *r, const char *what, const char *want, mci_json_value got)
{
    return mc_fail(r->err, MC_SKIPPED, "%s: want %s, got %s", what, want, type_name(got));
}

static mc_status copy_string(reading *r, const char *what, mci_json_value value, mc_str *out)
{
    if (mci_json_type_of(value) != MCI_JSON_STRING)
        return wrong_type(r, what, "a string", value);
    return mci_arena_copy(r->arena, mci_json_string(value), out, r->err);
}

/* A member that may be missing or null. */
static mc_status copy_member(reading *r, mci_json_value record, const char *key, mc_str *out)
{
    mci_json_value value;
    if (!mci_json_get(record, key, &value) || mci_json_type_of(value) == MCI_JSON_NULL)
        return MC_OK;
    return copy_string(r, key, value, out);
}

static size_t count_elements(mci_json_value array)
{
    size_t n = 0;
    mci_json_value element;
    for (mci_json_iter it = mci_json_iterate(array); mci_json_next(&it, NULL, &element);)
        n++;
    return n;
}

static mc_status read_entries(reading *r, mci_json_value value, mc_text *text)
{
    if (mci_json_type_of(value) == MCI_JSON_NULL)
        return MC_OK;
    if (mci_json_type_of(value) != MCI_JSON_ARRAY)
        return wrong_type(r, "ids", "an array", value);
    size_t n = count_elements(value), i = 0;
    uint32_t *entries = mci_arena_alloc(r->arena, n * sizeof *entries);
    if (!entries)
        return mci_nomem(r->err, n * sizeof *entries);
    mci_json_value element;
    for (mci_json_iter it = mci_json_iterate(value); mci_json_next(&it, NULL, &element); i++) {
        uint64_t id;
        if (!mci_json_u64(element, &id) || id > UINT32_MAX)
            return mc_fail(r->err, MC_SKIPPED, "ids[%zu] is no whole number below 2^32", i);
        if (i > 0 && id <= entries[i - 1])
            return mc_fail(r->err, MC_SKIPPED, "ids[%zu] is not above the one before it", i);
        entries[i] = (uint32_t)id;
    }
    text->entries = entries;
    text->n_entries = n;
    text->is_matched = true;
    return MC_OK;
}

static mc_status read_lang(reading *r, mci_json_value value, mc_text *text)
{
    if (mci_json_type_of(value) == MCI_JSON_NULL)
        return MC_OK;
    return copy_string(r, "language", value, &text->lang);
}

/* One [key, text, ids, language]; MC_END if it has no text. */
static mc_status read_text(reading *r, mci_json_value value, mc_text *out)
{
    if (mci_json_type_of(value) != MCI_JSON_ARRAY)
        return mc_fail(r->err, MC_SKIPPED, "want an array, got %s", type_name(value));
    *out = (mc_text){ 0 };
    mci_json_iter it = mci_json_iterate(value);
    mci_json_value element;
    if (!mci_json_next(&it, NULL, &element))
        return mc_fail(r->err, MC_SKIPPED, "an empty array");
    mc_status status = copy_string(r, "key", element, &out->key);
    if (status != MC_OK)
        return status;
    if (!mci_json_next(&it, NULL, &element) || mci_json_type_of(element) == MCI_JSON_NULL)
        return MC_END;
    status = copy_string(r, "text", element, &out->text);
    if (status == MC_OK && mci_json_next(&it, NULL, &element))
        status = read_entries(r, element, out);
    if (status == MC_OK && mci_json_next(&it, NULL, &element))
        status = read_lang(r, element, out);
    return status;
}

static mc_status read_texts(reading *r, mci_json_value record, mc_record *out)
{
    mci_json_value texts, element;
    if (!mci_json_get(record, "texts", &texts))
        return mc_fail(r->err, MC_SKIPPED, "texts is missing");
    if (mci_json_type_of(texts) != MCI_JSON_ARRAY)
        return wrong_type(r, "texts", "an array", texts);
    size_t n = count_elements(texts), i = 0;
    if (n > SIZE_MAX / sizeof *out->texts)
        return mci_nomem(r->err, SIZE_MAX);
    out->texts = mci_arena_alloc(r->arena, n * sizeof *out->texts);
    if (!out->texts)
        return mci_nomem(r->err, n * sizeof *out->texts);
    for (mci_json_iter it = mci_json_iterate(texts); mci_json_next(&it, NULL, &element); i++) {
        mc_status status = read_text(r, element, &out->texts[out->n_texts]);
        if (status == MC_OK)
            out->n_texts++;
        else if (status == MC_END)
            r->n_empty_texts++;
        else
            return mc_add_context(r->err, status, "texts[%zu]", i);
    }
    return MC_OK;
}

static bool is_own_member(mc_str key)
{
    return mc_str_equal(key, mc_str_of("uuid")) || mc_str_equal(key, mc_str_of("url")) ||
           mc_str_equal(key, mc_str_of("texts"));
}

/* All members that are not ours. */
static mc_status read_extra(reading *r, mci_json_value record, mc_str *out)
{
    mci_buf *extra = r->scratch;
    mc_str key;
    mci_json_value value;
    mci_buf_clear(extra);
    for (mci_json_iter it = mci_json_iterate(record); mci_json_next(&it, &key, &value);) {
        if (is_own_member(key))
            continue;
        if (extra->len > 0)
            MC_TRY(mci_buf_byte(extra, ',', r->err));
        MC_TRY(mci_json_add_string(extra, key, r->err));
        MC_TRY(mci_buf_byte(extra, ':', r->err));
        MC_TRY(mci_json_write(value, extra, r->err));
    }
    return extra->len > 0 ? mci_arena_copy(r->arena, mci_buf_str(extra), out, r->err) : MC_OK;
}

static mc_status read_record(reading *r, mci_json_value root, mc_record *out)
{
    if (mci_json_type_of(root) != MCI_JSON_OBJECT)
        return mc_fail(r->err, MC_SKIPPED, "want an object, got %s", type_name(root));
    *out = (mc_record){ 0 };
    mc_status status = copy_member(r, root, "uuid", &out->uuid);
    if (status == MC_OK)
        status = copy_member(r, root, "url", &out->url);
    if (status == MC_OK)
        status = read_texts(r, root, out);
    if (status == MC_OK)
        status = read_extra(r, root, &out->extra);
    return status;
}

/* Sound lines, nearly all, are looked at once: only what the parser refuses is repaired. */
static mc_status parse_line(mci_json *json, mci_buf *scratch, mc_str line, mci_json_value *root,
                            uint64_t *n_replaced, mc_error *err)
{
    mc_status status = mci_json_parse(json, line, root, n_replaced, err);
    if (status != MC_SKIPPED || mci_utf8_valid(line))
        return status;
    mci_buf_clear(scratch);
    MC_TRY(mci_utf8_repair(line, scratch, n_replaced, err));
    return mci_json_parse(json, mci_buf_str(scratch), root, n_replaced, err);
}

mc_status mci_pairs_read(mci_json *json, mci_buf *scratch, mc_str line, mci_arena *arena,
                         mc_record *out, uint64_t *n_replaced, uint64_t *n_empty_texts,
                         mc_error *err)
{
    reading r = { arena, scratch, 0, err };
    mci_json_value root;
    mc_record record;
    uint64_t n = 0;
    mc_status status = parse_line(json, scratch, line, &root, &n, err);
    if (status == MC_OK)
        status = read_record(&r, root, &record);
    if (status != MC_OK)
        return status;
    *out = record;
    *n_replaced += n;
    *n_empty_texts += r.n_empty_texts;
    return MC_OK;
}

mc_status mci_pairs_parse(mci_json *json, mci_buf *scratch, mc_str line, mci_arena *arena,
                          mc_record *out, uint64_t *n_replaced, uint64_t *n_empty_texts,
                          mc_error *err)
{
    mc_status status = mci_pairs_scan(line, arena, out, err);
    if (status != MC_SKIPPED)
        return status;
    return mci_pairs_read(json, scratch, line, arena, out, n_replaced, n_empty_texts, err);
}

/* ---- members of extra ---- */

/* Behind the string that begins at *at. Extra is valid JSON, so it ends. */
static const char *behind_string(const char *at)
{
    for (at++; *at != '"'; at++)
        at += *at == '\\';
    return at + 1;
}

bool mci_extra_has(mc_str extra, const char *name)
{
    size_t n = strlen(name), depth = 0;
    if (extra.len == 0)
        return false;
    const char *end = extra.data + extra.len;
    for (const char *at = extra.data; at < end;) {
        if (*at == '"') {
            const char *start = at + 1;
            at = behind_string(at);
            bool is_name = depth == 0 && at < end && *at == ':';
            if (is_name && (size_t)(at - 1 - start) == n && memcmp(start, name, n) == 0)
                return true;
            continue;
        }
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        at++;
    }
    return false;
}

/* ---- writing ---- */

static inline mc_status add_literal(mci_buf *out, const char *text, mc_error *err)
{
    return mci_buf_add(out, mc_str_of(text), err);
}

static mc_status add_entries(const mc_text *text, mci_buf *out, mc_error *err)
{
    MC_TRY(add_literal(out, ",[", err));
    MC_TRY(mci_json_add_u32s(out, text->entries, text->n_entries, err));
    return mci_buf_byte(out, ']', err);
}

static mc_status add_text(const mc_text *text, mci_buf *out, mc_error *err)
{
    MC_TRY(mci_buf_byte(out, '[', err));
    MC_TRY(mci_json_add_string(out, text->key, err));
    MC_TRY(mci_buf_byte(out, ',', err));
    MC_TRY(mci_json_add_string(out, text->text, err));
    if (text->is_matched)
        MC_TRY(add_entries(text, out, err));
    else if (text->lang.len > 0)
        MC_TRY(add_literal(out, ",null", err));
    if (text->lang.len > 0) {
        MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(mci_json_add_string(out, text->lang, err));
    }
    return mci_buf_byte(out, ']', err);
}

mc_status mci_pairs_format_texts(const mc_text *texts, size_t n, mci_buf *out, mc_error *err)
{
    MC_TRY(mci_buf_byte(out, '[', err));
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(add_text(&texts[i], out, err));
    }
    return mci_buf_byte(out, ']', err);
}

mc_status mci_pairs_format(const mc_record *record, mci_buf *out, mc_error *err)
{
    MC_TRY(add_literal(out, "{\"uuid\":", err));
    MC_TRY(mci_json_add_string(out, record->uuid, err));
    MC_TRY(add_literal(out, ",\"url\":", err));
    MC_TRY(mci_json_add_string(out, record->url, err));
    MC_TRY(add_literal(out, ",\"texts\":", err));
    MC_TRY(mci_pairs_format_texts(record->texts, record->n_texts, out, err));
    if (record->extra.len > 0) {
        MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(mci_buf_add(out, record->extra, err));
    }
    return add_literal(out, "}\n", err);
}
