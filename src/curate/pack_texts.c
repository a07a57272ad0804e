/* What is said of an image, from the table or from beside it, and the sample's .json made of it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "curate/pack_internal.h"
#include "io/fields.h"
#include "io/json_write.h"
#include "io/pairs.h"
#include "io/rows.h"

enum { READ_BYTES = 64 * 1024 };

mc_status mci_pack_reader_init(mci_pack_reader *reader, const mci_pack_list *list, mc_error *err)
{
    *reader = (mci_pack_reader){ .list = list };
    return mci_json_new(&reader->json, err);
}

void mci_pack_reader_release(mci_pack_reader *reader)
{
    mci_json_free(reader->json);
    mci_sample_release(&reader->sample);
    mci_arena_release(&reader->arena);
    mci_buf_release(&reader->line);
    mci_buf_release(&reader->scratch);
    mci_buf_release(&reader->path);
    mci_free(reader->texts);
    *reader = (mci_pack_reader){ 0 };
}

mc_str mci_pack_stem(mc_str path)
{
    size_t n = path.len;
    while (n > 0 && path.data[n - 1] != '.' && path.data[n - 1] != '/')
        n--;
    if (n <= 1 || path.data[n - 1] != '.' || path.data[n - 2] == '/')
        return path;
    return (mc_str){ path.data, n - 1 };
}

/* ---- sidecars ---- */

static mc_status read_open(int fd, uint64_t max_bytes, mci_buf *out, mc_error *err)
{
    while (out->len <= max_bytes) {
        MC_TRY(mci_buf_reserve(out, READ_BYTES, err));
        ssize_t n = read(fd, out->data + out->len, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mc_fail(err, MC_SKIPPED, "cannot read it: %s", strerror(errno));
        if (n == 0)
            return MC_OK;
        out->len += (size_t)n;
    }
    return mc_fail(err, MC_SKIPPED, "more than %" PRIu64 " bytes", max_bytes);
}

static mc_status open_file(const char *path, int *fd, mc_error *err)
{
    struct stat info;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return mc_fail(err, MC_SKIPPED, "cannot open it: %s", strerror(errno));
    if (fstat(*fd, &info) == 0 && S_ISREG(info.st_mode))
        return MC_OK;
    close(*fd);
    return mc_fail(err, MC_SKIPPED, "this is no file");
}

/* Reads the file beside the image into out; MC_SKIPPED where it cannot be. */
static mc_status read_beside(mci_pack_reader *reader, const mci_pack_image *image,
                             const char *suffix, mci_buf *out, mc_error *err)
{
    int fd;
    mc_str stem = mci_pack_stem(mc_str_of(image->path));
    mci_buf_clear(&reader->path);
    mci_buf_clear(out);
    MC_TRY(mci_buf_printf(&reader->path, err, "%.*s%s", (int)stem.len, stem.data, suffix));
    mc_status status = open_file(reader->path.data, &fd, err);
    if (status != MC_OK)
        return mc_add_context(err, status, "its %s", suffix);
    status = read_open(fd, reader->list->job->pool.max_item_bytes, out, err);
    close(fd);
    return status == MC_OK ? MC_OK : mc_add_context(err, status, "its %s", suffix);
}

static mc_status take_sidecars(mci_pack_reader *reader, const mci_pack_image *image, mc_error *err)
{
    mci_sample *sample = &reader->sample;
    mc_status status = MC_OK;
    mci_sample_clear(sample);
    if (image->has_txt) {
        status = read_beside(reader, image, ".txt", &sample->txt, err);
        if (status != MC_OK)
            return status;
        mci_sample_take_txt(sample);
    }
    if (image->has_json) {
        status = read_beside(reader, image, ".json", &sample->bytes, err);
        if (status != MC_OK)
            return status;
        status = mci_sample_take_json(sample, err);
        if (status != MC_OK)
            return mc_add_context(err, status, "its .json");
    }
    return mci_sample_line(sample, (mc_str){ 0 }, SIZE_MAX / 4, &reader->line, err);
}

/* ---- records ---- */

static mc_status keep_texts(mci_pack_reader *reader, const mc_record *record, mc_pack_counters *n,
                            mc_error *err)
{
    void *texts = reader->texts;
    MC_TRY(mci_grow(&texts, &reader->cap_texts, reader->n_texts + record->n_texts,
                    sizeof *reader->texts, err));
    reader->texts = texts;
    for (size_t i = 0; i < record->n_texts; i++) {
        bool is_empty = mci_trim_space(record->texts[i].text).len == 0;
        n->texts_read++;
        n->texts_empty += is_empty;
        if (!is_empty)
            reader->texts[reader->n_texts++] = record->texts[i];
    }
    return MC_OK;
}

/* Reads the line's record and adds its texts to those that are kept. */
static mc_status parse_line(mci_pack_reader *reader, mc_record *record, mc_pack_counters *n,
                            mc_error *err)
{
    uint64_t n_empty = 0;
    mc_status status = mci_pairs_parse(reader->json, &reader->scratch, mci_buf_str(&reader->line),
                                       &reader->arena, record, &n->replaced_bytes, &n_empty, err);
    if (status != MC_OK)
        return status;
    n->texts_read += n_empty;
    n->texts_empty += n_empty;
    return keep_texts(reader, record, n, err);
}

/* The image's own url, which in a table may not be what names the file. */
static mc_status find_url(mci_pack_reader *reader, mc_str *out, mc_error *err)
{
    mci_json_value root;
    mc_str path, url;
    mc_status status =
        mci_pack_row_parse(reader->json, mci_buf_str(&reader->line), &reader->scratch, &root, err);
    if (status != MC_OK)
        return status;
    mci_pack_row_names(root, &path, &url);
    return mci_arena_copy(&reader->arena, url, out, err);
}

static mc_status check_rows(const mci_pack_reader *reader, const mci_pack_image *image,
                            mc_error *err)
{
    uint64_t n_bytes = 0, max = reader->list->job->pool.max_item_bytes;
    for (size_t i = 0; i < image->n_rows; i++)
        n_bytes += reader->list->rows[image->first_row + i].len;
    if (n_bytes <= max)
        return MC_OK;
    return mc_fail(err, MC_SKIPPED, "its %zu rows of the table have more than %" PRIu64 " bytes",
                   image->n_rows, max);
}

/* All texts of all its rows; whatever else is known, from the first. */
static mc_status read_rows(mci_pack_reader *reader, const mci_pack_image *image, mc_record *out,
                           mc_pack_counters *n, mc_error *err)
{
    mc_status status = check_rows(reader, image, err);
    for (size_t i = 0; i < image->n_rows && status == MC_OK; i++) {
        mc_record record;
        const mci_pack_row *row = &reader->list->rows[image->first_row + i];
        MC_TRY(mci_pack_row_line(reader->list, row, &reader->line, err));
        status = parse_line(reader, i == 0 ? out : &record, n, err);
        if (status == MC_OK && i == 0)
            status = find_url(reader, &out->url, err);
    }
    return status;
}

mc_status mci_pack_read_texts(mci_pack_reader *reader, const mci_pack_image *image, mc_record *out,
                              mc_pack_counters *n, mc_error *err)
{
    mc_status status;
    mc_pack_counters found = { 0 };
    *out = (mc_record){ 0 };
    reader->n_texts = 0;
    mci_arena_reset(&reader->arena);
    if (image->n_rows > 0) {
        status = read_rows(reader, image, out, &found, err);
    } else {
        status = take_sidecars(reader, image, err);
        if (status == MC_OK)
            status = parse_line(reader, out, &found, err);
    }
    if (status != MC_OK)
        return status;
    out->texts = reader->texts;
    out->n_texts = reader->n_texts;
    mci_pack_counters_add(n, &found);
    return MC_OK;
}

/* ---- the .json ---- */

static mc_status add_name(mci_buf *out, const char *name, mc_error *err)
{
    return mci_buf_printf(out, err, "%s\"%s\":", out->len > 1 ? "," : "", name);
}

static mc_status add_string(mci_buf *out, const char *name, mc_str text, mc_error *err)
{
    MC_TRY(add_name(out, name, err));
    return mci_json_add_string(out, text, err);
}

/* One text without more to tell stands as the caption alone. */
static bool says_more(const mc_record *record)
{
    const mc_text *text = &record->texts[0];
    bool is_plain =
        mc_str_equal(text->key, mc_str_of("txt")) || mc_str_equal(text->key, mc_str_of("caption"));
    return record->n_texts > 1 || !is_plain || text->is_matched || text->lang.len > 0;
}

/* What we write ourselves; uuid, url and texts are never among the others. */
enum { CAPTION, KEY, PATH, SHA256, N_OWN };
static const char *const own_names[N_OWN] = { "caption", "key", "path", "sha256" };

static bool is_own_name(mc_str name)
{
    for (size_t i = 0; i < N_OWN; i++)
        if (mc_str_equal(name, mc_str_of(own_names[i])))
            return true;
    return false;
}

/* Others' members of our names, if they say something else, are kept under "original_" and the
 * name, as often as it takes. */
static mc_status add_renamed(mci_json_value root, const char *name, mc_str own, mci_buf *out,
                             mc_error *err)
{
    static const char prefix[] = "original_";
    enum { N_PREFIX = sizeof prefix - 1 };
    char fresh[128];
    mci_json_value value, other;
    if (!mci_json_get(root, name, &value) || mc_str_equal(mci_json_string(value), own))
        return MC_OK;
    size_t n = strlen(name);
    memcpy(fresh, name, n + 1);
    do {
        if (n + N_PREFIX >= sizeof fresh)
            return MC_OK;
        memmove(fresh + N_PREFIX, fresh, n + 1);
        memcpy(fresh, prefix, N_PREFIX);
        n += N_PREFIX;
    } while (mci_json_get(root, fresh, &other));
    MC_TRY(add_name(out, fresh, err));
    return mci_json_write(value, out, err);
}

/* What was carried along and would be read as a text of the image does not become one by this. */
static mc_status add_member_name(mci_pack_reader *reader, mc_str key, mci_json_value value,
                                 mci_buf *out, mc_error *err)
{
    mci_json_type type = mci_json_type_of(value);
    bool is_text = mci_column_role_of(key) == MCI_COLUMN_TEXT &&
                   (type == MCI_JSON_STRING || type == MCI_JSON_NULL);
    mci_buf_clear(&reader->scratch);
    MC_TRY(mci_buf_add(&reader->scratch, mc_str_of(is_text ? "original_" : ""), err));
    MC_TRY(mci_buf_add(&reader->scratch, key, err));
    MC_TRY(mci_buf_byte(out, ',', err));
    MC_TRY(mci_json_add_string(out, mci_buf_str(&reader->scratch), err));
    return mci_buf_byte(out, ':', err);
}

/* Of a table, filepath is the path, which is said already (and would be taken for a url). */
static mc_status add_extra(mci_pack_reader *reader, mc_str extra, bool is_row,
                           const mc_str own[N_OWN], mci_buf *out, mc_error *err)
{
    mc_str key;
    mci_json_value root, value;
    mci_buf_clear(&reader->line);
    MC_TRY(mci_buf_byte(&reader->line, '{', err));
    MC_TRY(mci_buf_add(&reader->line, extra, err));
    MC_TRY(mci_buf_byte(&reader->line, '}', err));
    mc_status status = mci_json_parse(reader->json, mci_buf_str(&reader->line), &root, NULL, err);
    if (status != MC_OK)
        return status < 0 ? status : mc_add_context(err, MC_E_FORMAT, "what else is known");
    for (mci_json_iter it = mci_json_iterate(root); mci_json_next(&it, &key, &value);) {
        if (is_own_name(key) || (is_row && mci_field_is(key, "filepath")))
            continue;
        MC_TRY(add_member_name(reader, key, value, out, err));
        MC_TRY(mci_json_write(value, out, err));
    }
    for (size_t i = 0; i < N_OWN; i++)
        MC_TRY(add_renamed(root, own_names[i], own[i], out, err));
    return MC_OK;
}

mc_status mci_pack_format_json(mci_pack_reader *reader, const mci_pack_image *image,
                               const mc_record *record, const char *key, const char *sha256,
                               mci_buf *out, mc_error *err)
{
    mc_str own[N_OWN] = {
        [CAPTION] = record->texts[0].text, [KEY] = mc_str_of(key), [SHA256] = mc_str_of(sha256)
    };
    uint64_t n_replaced = 0; /* file names may be any bytes, JSON is UTF-8 */
    mci_buf_clear(out);
    mci_buf_clear(&reader->path);
    MC_TRY(mci_utf8_repair(image->name, &reader->path, &n_replaced, err));
    own[PATH] = mci_buf_str(&reader->path);
    MC_TRY(mci_buf_byte(out, '{', err));
    if (record->uuid.len > 0)
        MC_TRY(add_string(out, "uuid", record->uuid, err));
    if (record->url.len > 0)
        MC_TRY(add_string(out, "url", record->url, err));
    for (size_t i = 0; i < N_OWN; i++)
        MC_TRY(add_string(out, own_names[i], own[i], err));
    if (says_more(record)) {
        MC_TRY(add_name(out, "texts", err));
        MC_TRY(mci_pairs_format_texts(record->texts, record->n_texts, out, err));
    }
    if (record->extra.len > 0)
        MC_TRY(add_extra(reader, record->extra, image->n_rows > 0, own, out, err));
    return mci_buf_byte(out, '}', err);
}
