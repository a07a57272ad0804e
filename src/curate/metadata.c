#include "curate/metadata.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "io/items.h"
#include "io/json.h"
#include "io/output.h"

enum { LOOK_BYTES = 512, MAX_JSON_ENTRY = 64 * 1024 * 1024 };

static const char byte_order_mark[] = "\xEF\xBB\xBF";

struct mc_metadata {
    mci_entry_list list;
    char sha256[MC_SHA256_DIGITS + 1];
    mc_metadata_list *lists; /* of a folder */
    size_t n_lists;
};

/* ---- making ---- */

mc_status mci_metadata_new(mci_entry_list *list, mc_metadata **out, mc_error *err)
{
    mc_metadata *metadata = mci_alloc_zeroed(1, sizeof *metadata);
    if (!metadata) {
        mci_entry_list_release(list);
        return mci_nomem(err, sizeof *metadata);
    }
    metadata->list = *list;
    *list = (mci_entry_list){ 0 };
    const char *at = metadata->list.bytes.data;
    for (size_t i = 0; i < metadata->list.n; i++) {
        mc_str *entry = &metadata->list.entries[i];
        entry->data = at;
        at += entry->len + 1;
    }
    mc_status status = mci_sha256_of(mci_buf_str(&metadata->list.bytes), metadata->sha256, err);
    if (status < 0)
        mc_metadata_free(metadata);
    else
        *out = metadata;
    return status;
}

void mc_metadata_free(mc_metadata *metadata)
{
    if (!metadata)
        return;
    mci_entry_list_release(&metadata->list);
    mci_free(metadata->lists);
    mci_free(metadata);
}

void mci_metadata_set_lists(mc_metadata *metadata, mc_metadata_list *lists, size_t n)
{
    mci_free(metadata->lists);
    metadata->lists = lists;
    metadata->n_lists = n;
}

/* ---- reading ---- */

/* A string that stands for itself, as nearly all entries do; it ends where the element does. */
static bool is_plain_string(mc_str item)
{
    return item.len >= 2 && item.data[0] == '"' && item.data[item.len - 1] == '"' &&
           mci_json_is_plain((mc_str){ item.data + 1, item.len - 2 });
}

/* An element of the array. Wrong bytes become U+FFFD here, as in all JSON that is read. */
static mc_status add_json_string(mci_entry_list *list, mci_json *json, mc_str item,
                                 mci_buf *repaired, mc_error *err)
{
    mci_json_value value;
    uint64_t n_replaced = 0;
    if (!mci_utf8_valid(item)) {
        mci_buf_clear(repaired);
        MC_TRY(mci_utf8_repair(item, repaired, &n_replaced, err));
        item = mci_buf_str(repaired);
    }
    if (is_plain_string(item))
        return mci_entry_list_add(list, (mc_str){ item.data + 1, item.len - 2 }, err);
    mc_status status = mci_json_parse(json, item, &value, NULL, err);
    if (status == MC_SKIPPED)
        return mc_add_context(err, MC_E_FORMAT, "entry %zu", list->n);
    MC_TRY(status);
    if (mci_json_type_of(value) != MCI_JSON_STRING)
        return mc_fail(err, MC_E_FORMAT, "entry %zu is no string: metadata is an array of strings",
                       list->n);
    return mci_entry_list_add(list, mci_json_string(value), err);
}

static mc_status add_json_items(mci_entry_list *list, mci_items *items, mci_json *json,
                                mci_buf *repaired, mc_error *err)
{
    for (;;) {
        mc_str item;
        uint64_t offset;
        mc_status status = mci_items_next(items, &item, &offset, err);
        if (status == MC_END)
            return MC_OK;
        if (status == MC_SKIPPED)
            return mc_add_context(err, MC_E_FORMAT, "damaged");
        MC_TRY(status);
        status = add_json_string(list, json, item, repaired, err);
        if (status < 0)
            return mc_add_context(err, status, "offset %" PRIu64, offset);
    }
}

static mc_status add_json_array(mci_entry_list *list, mci_stream *stream, mc_error *err)
{
    mci_items *items = NULL;
    mci_json *json = NULL;
    mci_buf repaired = { 0 };
    mc_status status = mci_items_open(stream, MAX_JSON_ENTRY, &items, err);
    if (status >= 0)
        status = mci_json_new(&json, err);
    if (status >= 0)
        status = add_json_items(list, items, json, &repaired, err);
    mci_buf_release(&repaired);
    mci_json_free(json);
    mci_items_close(items);
    return status;
}

/* What the start of a file says it is: lines, unless it is an array or something else known. */
typedef enum { IS_LINES, IS_ARRAY, IS_OTHER } list_form;

static bool starts_with(mc_str text, const char *start)
{
    size_t n = strlen(start);
    return text.len >= n && memcmp(text.data, start, n) == 0;
}

/* `name` is set where the form is IS_OTHER: files named by mistake, whose lines would match nothing
 * and tell nobody. */
static list_form form_of(mc_str start, const char **name)
{
    static const struct {
        const char *start, *name;
    } others[] = {
        { "{\"", "JSON objects (pairs?)" },
        { "\x93NUMPY", "a .npy file" },
        { "WARC/", "a WARC archive" },
        { "PAR1", "a Parquet file" },
    };
    while (start.len && memchr(" \t\r\n", start.data[0], 4))
        start = (mc_str){ start.data + 1, start.len - 1 };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        *name = others[i].name;
        if (starts_with(start, others[i].start))
            return IS_OTHER;
    }
    return starts_with(start, "[") ? IS_ARRAY : IS_LINES;
}

static mc_status read_list(mci_entry_list *list, mci_stream *stream, mc_error *err)
{
    mc_str start;
    const char *name;
    mc_status status = mci_stream_peek(stream, LOOK_BYTES, &start, err);
    if (status == MC_END)
        return MC_OK;
    if (status == MC_SKIPPED)
        return mc_add_context(err, MC_E_FORMAT, "damaged");
    MC_TRY(status);
    if (starts_with(start, byte_order_mark)) { /* no part of an entry */
        mci_stream_skip(stream, 3);
        start = (mc_str){ start.data + 3, start.len - 3 };
    }
    switch (form_of(start, &name)) {
    case IS_OTHER:
        return mc_fail(err, MC_E_FORMAT, "this is %s, not a list of entries", name);
    case IS_ARRAY:
        return add_json_array(list, stream, err);
    case IS_LINES:
        break;
    }
    return mci_entry_list_add_lines(list, stream, err);
}

mc_status mci_metadata_parse(mci_stream *stream, mc_metadata **out, mc_error *err)
{
    mci_entry_list list = { 0 };
    mc_status status = read_list(&list, stream, err);
    if (status >= 0)
        return mci_metadata_new(&list, out, err);
    mci_entry_list_release(&list);
    return status;
}

mc_status mc_metadata_load(const char *path, mc_metadata **out, mc_error *err)
{
    mci_stream *stream = NULL;
    MC_TRY(mci_stream_open(path, &stream, err));
    mc_status status = mci_metadata_parse(stream, out, err);
    mci_stream_close(stream);
    if (status < 0 && status != MC_E_IO) /* that one names the path already */
        mc_add_context(err, status, "%s", path);
    return status;
}

/* ---- asking ---- */

size_t mc_metadata_len(const mc_metadata *metadata)
{
    return metadata->list.n;
}

mc_str mc_metadata_entry(const mc_metadata *metadata, size_t id)
{
    return metadata->list.entries[id];
}

const mc_str *mc_metadata_entries(const mc_metadata *metadata)
{
    return metadata->list.entries;
}

size_t mc_metadata_lists(const mc_metadata *metadata, const mc_metadata_list **out)
{
    *out = metadata->lists;
    return metadata->n_lists;
}

const char *mc_metadata_sha256(const mc_metadata *metadata)
{
    return metadata->sha256;
}

/* ---- writing ---- */

/* Lines, unless they would be read back as something else. */
static mc_status write_lines(const mci_entry_list *list, mci_output *output, mc_error *err)
{
    const char *name;
    for (size_t i = 0; i < list->n; i++) {
        mc_str entry = list->entries[i];
        if (entry.len && (memchr(entry.data, '\n', entry.len) || entry.data[entry.len - 1] == '\r'))
            return mc_fail(err, MC_E_FORMAT,
                           "entry %zu holds a line end, which .txt cannot say: use .json", i);
    }
    mc_str lines = mci_buf_str(&list->bytes);
    if (starts_with(lines, byte_order_mark) || form_of(lines, &name) != IS_LINES)
        return mc_fail(err, MC_E_FORMAT,
                       "the first entries do not look like those of a .txt: use .json");
    return mci_output_write(output, lines, err);
}

/* One entry a line, so that people and diff can read it too. */
static mc_status write_json(const mci_entry_list *list, mci_output *output, mci_buf *line,
                            mc_error *err)
{
    MC_TRY(mci_output_write(output, mc_str_of("["), err));
    for (size_t i = 0; i < list->n; i++) {
        if (!mci_utf8_valid(list->entries[i]))
            return mc_fail(err, MC_E_FORMAT,
                           "entry %zu is not valid UTF-8, which JSON cannot hold: use .txt", i);
        mci_buf_clear(line);
        MC_TRY(mci_buf_add(line, mc_str_of(i ? ",\n" : "\n"), err));
        MC_TRY(mci_json_add_string(line, list->entries[i], err));
        MC_TRY(mci_output_write(output, mci_buf_str(line), err));
    }
    return mci_output_write(output, mc_str_of("\n]\n"), err);
}

static bool wants_lines(const char *path)
{
    mc_str name = mc_str_of(path);
    mci_codec codec = mci_codec_of(path);
    name.len -= codec == MCI_GZIP ? 3 : codec == MCI_ZSTD ? 4 : 0;
    return name.len >= 4 && memcmp(name.data + name.len - 4, ".txt", 4) == 0;
}

mc_status mc_metadata_save(const mc_metadata *metadata, const char *path, mc_error *err)
{
    mci_buf line = { 0 };
    mci_output *output = NULL;
    MC_TRY(mci_output_open(path, mci_codec_of(path), &output, err));
    mc_status status = wants_lines(path) ? write_lines(&metadata->list, output, err)
                                         : write_json(&metadata->list, output, &line, err);
    mci_buf_release(&line);
    if (status >= 0)
        return mci_output_commit(output, err);
    mci_output_abort(output);
    return status == MC_E_FORMAT ? mc_add_context(err, status, "%s", path) : status;
}
