#include "vocab/text_source.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "io/items.h"
#include "io/output.h"
#include "io/stream.h"

enum { MAX_JSON_BYTES = 4 * MC_MAX_TEXT_BYTES, FIRST_LOOK = 4096 };

struct mci_text_source {
    const char *const *inputs;
    size_t n_inputs, input; /* the one that is read */
    mc_texts_form form;
    const mc_hooks *hooks;
    mci_stream *stream; /* NULL between inputs */
    mci_items *items;   /* of a JSON array, else NULL */
    bool is_json;
    uint64_t number;
    size_t n_lent;              /* bytes of the stream that the last line lies in */
    uint64_t done, total, told; /* bytes of files, for progress */
};

/* ---- opening ---- */

/* Bytes of all inputs; 0 if one is no regular file. */
static uint64_t total_bytes(const char *const *inputs, size_t n)
{
    uint64_t total = 0;
    struct stat info;
    for (size_t i = 0; i < n; i++) {
        if (stat(inputs[i], &info) != 0 || !S_ISREG(info.st_mode))
            return 0;
        total += (uint64_t)info.st_size;
    }
    return total;
}

mc_status mci_text_source_open(const char *const *inputs, size_t n_inputs, mc_texts_form form,
                               const mc_hooks *hooks, mci_text_source **out, mc_error *err)
{
    size_t n_stdin = 0;
    for (size_t i = 0; i < n_inputs; i++)
        n_stdin += strcmp(inputs[i], "-") == 0;
    if (n_stdin > 1)
        return mc_fail(err, MC_E_ARG, "standard input (-) is named twice");
    mci_text_source *source = mci_alloc_zeroed(1, sizeof *source);
    if (!source)
        return mci_nomem(err, sizeof *source);
    *source = (mci_text_source){ .inputs = inputs,
                                 .n_inputs = n_inputs,
                                 .form = form,
                                 .hooks = hooks,
                                 .total = total_bytes(inputs, n_inputs) };
    *out = source;
    return MC_OK;
}

static void end_input(mci_text_source *source)
{
    if (source->stream)
        source->done += mci_stream_bytes_read(source->stream);
    mci_items_close(source->items);
    mci_stream_close(source->stream);
    source->items = NULL;
    source->stream = NULL;
}

void mci_text_source_close(mci_text_source *source)
{
    if (!source)
        return;
    end_input(source);
    mci_free(source);
}

static bool ends_with(mc_str text, const char *end)
{
    size_t n = strlen(end);
    return text.len >= n && memcmp(text.data + text.len - n, end, n) == 0;
}

static bool is_named_json(const char *path)
{
    mc_str name = mc_str_of(path);
    mci_codec codec = mci_codec_of(path);
    name.len -= codec == MCI_GZIP ? 3 : codec == MCI_ZSTD ? 4 : 0;
    return ends_with(name, ".json") || ends_with(name, ".jsonl");
}

static mc_status damaged(const mci_text_source *source, mc_error *err)
{
    return mc_add_context(err, MC_E_FORMAT, "%s: damaged, and nobody knows how many texts are lost",
                          source->inputs[source->input]);
}

/* A window of at least `want` bytes, if there are so many. MC_END. */
static mc_status peek(mci_text_source *source, size_t want, mc_str *window, mc_error *err)
{
    mc_status status = mci_stream_peek(source->stream, want, window, err);
    return status == MC_SKIPPED ? damaged(source, err) : status;
}

/* Passes over a byte order mark, and in JSON the white space behind it; says whether an array
 * begins there. */
static mc_status look_at_start(mci_text_source *source, bool *is_array, mc_error *err)
{
    mc_str window;
    mc_status status = peek(source, FIRST_LOOK, &window, err);
    *is_array = false;
    if (status != MC_OK)
        return status;
    size_t n = window.len >= 3 && memcmp(window.data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    mci_stream_skip(source->stream, n);
    while (source->is_json && n < window.len && memchr(" \t\r\n", window.data[n], 4))
        n++;
    *is_array = source->is_json && n < window.len && window.data[n] == '[';
    return MC_OK;
}

static mc_status begin_input(mci_text_source *source, mc_error *err)
{
    const char *path = source->inputs[source->input];
    bool is_array;
    MC_TRY(mci_stream_open(path, &source->stream, err));
    source->number = 0;
    source->is_json =
        source->form == MC_TEXTS_BY_NAME ? is_named_json(path) : source->form == MC_TEXTS_JSON;
    MC_TRY(look_at_start(source, &is_array, err));
    if (is_array)
        return mci_items_open(source->stream, MAX_JSON_BYTES, &source->items, err);
    return MC_OK;
}

/* ---- lines ---- */

static size_t max_bytes(const mci_text_source *source)
{
    return source->is_json ? MAX_JSON_BYTES : MC_MAX_TEXT_BYTES;
}

/* Passes over the rest of a line. */
static mc_status skip_line(mci_text_source *source, mc_error *err)
{
    mc_str window;
    mc_status status;
    while ((status = peek(source, 1, &window, err)) == MC_OK) {
        const char *end = memchr(window.data, '\n', window.len);
        mci_stream_skip(source->stream, end ? (size_t)(end - window.data) + 1 : window.len);
        if (end)
            break;
    }
    return status < 0 ? status : MC_OK;
}

/* The next line, which stays in the window; *n: its bytes with its end. */
static mc_status find_line(mci_text_source *source, mc_str *line, size_t *n, bool *is_long,
                           mc_error *err)
{
    size_t want = 1, max = max_bytes(source);
    mci_stream_skip(source->stream, source->n_lent);
    source->n_lent = 0;
    *is_long = false;
    for (;;) {
        mc_str window;
        mc_status status = peek(source, want, &window, err);
        if (status != MC_OK)
            return status;
        const char *end = memchr(window.data, '\n', window.len);
        size_t len = end ? (size_t)(end - window.data) : window.len;
        *line = (mc_str){ window.data, len };
        *n = len + (end != NULL);
        *is_long = len > max;
        if (end || *is_long || window.len < want)
            return MC_OK;
        want = window.len + 1 < FIRST_LOOK ? FIRST_LOOK : 2 * window.len;
        want = want <= max + 1 ? want : max + 1 > window.len ? max + 1 : window.len + 1;
    }
}

static bool is_blank(mc_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (!memchr(" \t\r", line.data[i], 3))
            return false;
    }
    return true;
}

/* A line of the input; the blank ones of JSON Lines are none. MC_END. */
static mc_status next_line(mci_text_source *source, mci_text_item *item, mc_error *err)
{
    mc_str line;
    size_t n;
    do {
        mc_status status = find_line(source, &line, &n, &item->is_long, err);
        if (status != MC_OK)
            return status;
        item->number = ++source->number;
        if (item->is_long) {
            item->raw = (mc_str){ "", 0 };
            return skip_line(source, err);
        }
        source->n_lent = n;
    } while (source->is_json && is_blank(line));
    line.len -= line.len > 0 && line.data[line.len - 1] == '\r';
    item->raw = line;
    return MC_OK;
}

static mc_status next_element(mci_text_source *source, mci_text_item *item, mc_error *err)
{
    uint64_t offset;
    mc_status status = mci_items_next(source->items, &item->raw, &offset, err);
    if (status == MC_SKIPPED)
        return damaged(source, err);
    item->is_long = false;
    item->number = ++source->number;
    return status;
}

/* ---- all inputs ---- */

static uint64_t bytes_read(const mci_text_source *source)
{
    return source->done + (source->stream ? mci_stream_bytes_read(source->stream) : 0);
}

/* Of the input at hand, what was read and taken; what waits in the stream's window was not, where
 * it is known how much that is. */
static double bytes_taken(const mci_text_source *source)
{
    const uint64_t left = source->stream ? mci_stream_most_left(source->stream) : 0;
    if (!source->stream || left == UINT64_MAX)
        return (double)bytes_read(source);
    const double offset = (double)mci_stream_offset(source->stream), all = offset + (double)left;
    const double size = (double)mci_stream_bytes_total(source->stream);
    return (double)source->done + (all > 0.0 ? size * (offset / all) : size);
}

double mci_text_source_share(const mci_text_source *source)
{
    if (source->total == 0)
        return 0.0;
    const double share = bytes_taken(source) / (double)source->total;
    return share < 1.0 ? share : 1.0;
}

static void tell_progress(mci_text_source *source)
{
    enum { STEP = 1 << 20 };
    uint64_t done = bytes_read(source);
    if (!source->hooks || !source->hooks->progress || done < source->told + STEP)
        return;
    mc_progress progress = { .phase = "read",
                             .done = done,
                             .total = source->total,
                             .n_shards_done = source->input,
                             .n_shards = source->n_inputs };
    source->told = done;
    source->hooks->progress(source->hooks->user, &progress);
}

mc_status mci_text_source_next(mci_text_source *source, mci_text_item *item, mc_error *err)
{
    while (source->input < source->n_inputs) {
        if (!source->stream)
            MC_TRY(begin_input(source, err));
        tell_progress(source);
        item->input = source->input;
        item->is_json = source->is_json;
        mc_status status =
            source->items ? next_element(source, item, err) : next_line(source, item, err);
        if (status != MC_END)
            return status;
        end_input(source);
        source->input++;
    }
    return MC_END;
}

/* ---- what an item says ---- */

static mc_status decode_json(mci_text_decoder *decoder, mc_str raw, mc_str *text, uint64_t *n_wrong,
                             mc_error *err)
{
    mci_json_value value;
    if (!decoder->json)
        MC_TRY(mci_json_new(&decoder->json, err));
    if (!mci_json_is_utf8(raw)) {
        mci_buf_clear(&decoder->repaired);
        MC_TRY(mci_utf8_repair(raw, &decoder->repaired, n_wrong, err));
        raw = mci_buf_str(&decoder->repaired);
    }
    mc_status status = mci_json_parse(decoder->json, raw, &value, n_wrong, err);
    if (status != MC_OK)
        return status;
    if (mci_json_type_of(value) != MCI_JSON_STRING)
        return mc_fail(err, MC_SKIPPED, "no JSON string");
    *text = mci_json_string(value);
    return MC_OK;
}

mc_status mci_text_decode(mci_text_decoder *decoder, const mci_text_item *item, mc_str *text,
                          bool *is_repaired, mc_error *err)
{
    uint64_t n_wrong = 0;
    mc_status status = MC_OK;
    *is_repaired = false;
    *text = item->raw;
    if (!item->is_long && item->is_json)
        status = decode_json(decoder, item->raw, text, &n_wrong, err);
    if (status != MC_OK)
        return status;
    *is_repaired = n_wrong > 0;
    if (item->is_long || text->len > MC_MAX_TEXT_BYTES)
        return mc_fail(err, MC_SKIPPED, "longer than %d bytes", MC_MAX_TEXT_BYTES);
    return MC_OK;
}

void mci_text_decoder_release(mci_text_decoder *decoder)
{
    mci_json_free(decoder->json);
    mci_buf_release(&decoder->repaired);
    *decoder = (mci_text_decoder){ 0 };
}
