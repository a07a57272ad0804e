#include "curate/source.h"

#include <strings.h>

#include "base/alloc.h"
#include "io/csv.h"
#include "io/items.h"
#include "io/parquet.h"
#include "io/tar_rows.h"
#include "io/warc.h"

struct mci_source {
    mci_stream *stream;
    mci_warc *warc; /* one of these three, once the first bytes were seen */
    mci_items *items;
    mci_rows rows;
    mci_buf line; /* of a row */
    uint64_t max_item_bytes;
    char *path, *name; /* where it is; what tells its form */
    mci_form form;
    bool is_damaged; /* at the start */
    bool is_ended;   /* rows; without any if such damage took what tells them apart */
};

static bool starts_with(mc_str bytes, const char *magic)
{
    size_t n = strlen(magic);
    return bytes.len >= n && memcmp(bytes.data, magic, n) == 0;
}

static bool drop_suffix(mc_str *name, const char *suffix)
{
    size_t n = strlen(suffix);
    if (name->len < n || strncasecmp(name->data + name->len - n, suffix, n) != 0)
        return false;
    name->len -= n;
    return true;
}

/* What the name alone says: to be believed where the content cannot tell, as of tables and
 * captions, or when its start is damaged. */
static mci_form form_by_name(const char *path)
{
    mc_str name = mc_str_of(path);
    if (!drop_suffix(&name, ".gz") && !drop_suffix(&name, ".zst"))
        drop_suffix(&name, ".bz2");
    if (drop_suffix(&name, ".csv"))
        return MCI_FORM_CSV;
    if (drop_suffix(&name, ".tsv"))
        return MCI_FORM_TSV;
    if (drop_suffix(&name, ".txt"))
        return MCI_FORM_CAPTIONS;
    if (drop_suffix(&name, ".tar") || drop_suffix(&name, ".tgz"))
        return MCI_FORM_TAR;
    return strstr(path, ".warc") || strstr(path, ".wat") ? MCI_FORM_ARCHIVE : MCI_FORM_PAIRS;
}

mci_form mci_form_of(const char *path, mc_str start)
{
    if (starts_with(start, "WARC/"))
        return MCI_FORM_ARCHIVE;
    if (starts_with(start, "PAR1"))
        return MCI_FORM_PARQUET;
    if (start.len >= 262 && memcmp(start.data + 257, "ustar", 5) == 0)
        return MCI_FORM_TAR;
    /* Lines of pairs, or an array of them, that somebody called .txt or .csv. */
    if (starts_with(start, "{\"") || starts_with(start, "[{"))
        return MCI_FORM_PAIRS;
    mci_form form = form_by_name(path);
    return form == MCI_FORM_ARCHIVE ? MCI_FORM_PAIRS : form;
}

static mc_status copy_text(const char *text, char **out, mc_error *err)
{
    size_t n = strlen(text) + 1;
    *out = mci_alloc(n);
    if (!*out)
        return mci_nomem(err, n);
    memcpy(*out, text, n);
    return MC_OK;
}

mc_status mci_source_open_as(const char *path, const char *name, uint64_t max_item_bytes,
                             mci_source **out, mc_error *err)
{
    mci_source *source = mci_alloc_zeroed(1, sizeof *source);
    if (!source)
        return mci_nomem(err, sizeof *source);
    source->max_item_bytes = max_item_bytes;
    mc_status status = mci_stream_open(path, &source->stream, err);
    if (status >= 0)
        status = copy_text(path, &source->path, err);
    if (status >= 0)
        status = copy_text(name, &source->name, err);
    if (status < 0)
        mci_source_close(source);
    else
        *out = source;
    return status;
}

mc_status mci_source_open(const char *path, uint64_t max_item_bytes, mci_source **out,
                          mc_error *err)
{
    return mci_source_open_as(path, path, max_item_bytes, out, err);
}

void mci_source_close(mci_source *source)
{
    if (!source)
        return;
    mci_warc_close(source->warc);
    mci_items_close(source->items);
    if (source->rows.close)
        source->rows.close(source->rows.self);
    mci_buf_release(&source->line);
    mci_free(source->path);
    mci_free(source->name);
    mci_stream_close(source->stream);
    mci_free(source);
}

static mc_status open_form(mci_source *source, mc_error *err)
{
    mci_stream *stream = source->stream;
    uint64_t max = source->max_item_bytes;
    switch (source->form) {
    case MCI_FORM_ARCHIVE:
        return mci_warc_open(stream, max, &source->warc, err);
    case MCI_FORM_PARQUET:
        return mci_parquet_open(source->path, &source->rows, err);
    case MCI_FORM_TAR:
        return mci_tar_rows_open(stream, max, &source->rows, err);
    case MCI_FORM_CSV:
    case MCI_FORM_TSV:
        return mci_csv_open(stream, source->form == MCI_FORM_TSV, max, &source->rows, err);
    case MCI_FORM_CAPTIONS:
        return mci_captions_open(stream, source->is_damaged, max, &source->rows, err);
    case MCI_FORM_PAIRS:
        break;
    }
    return mci_items_open(stream, max, &source->items, err);
}

/* The first bytes are damaged. The rest of an archive, of captions and of pairs is still one
 * wherever it begins; a table without header and a tar from the middle are nothing. */
static mc_status open_behind_damage(mci_source *source, mc_error *err)
{
    source->is_damaged = true;
    source->form = form_by_name(source->name);
    source->is_ended = source->form == MCI_FORM_CSV || source->form == MCI_FORM_TSV ||
                       source->form == MCI_FORM_TAR;
    if (source->form == MCI_FORM_ARCHIVE)
        MC_TRY(open_form(source, err));
    return MC_SKIPPED;
}

/* Looks at the first bytes; MC_END for an empty file, MC_SKIPPED for damage before them. */
static mc_status decide_form(mci_source *source, mc_error *err)
{
    mc_str start;
    if (source->is_ended)
        return MC_END;
    mc_status status = mci_stream_peek(source->stream, 512, &start, err);
    if (status == MC_SKIPPED)
        return open_behind_damage(source, err);
    if (status != MC_OK)
        return status;
    if (starts_with(start, "filedesc://"))
        return mc_fail(err, MC_E_FORMAT,
                       "this is an ARC file, the form before WARC; convert it (warcio recompress)");
    source->form = mci_form_of(source->name, start);
    return open_form(source, err);
}

static bool is_json(mc_str content_type)
{
    static const char json[] = "application/json";
    return content_type.len >= sizeof json - 1 &&
           strncasecmp(content_type.data, json, sizeof json - 1) == 0;
}

static mc_status next_archive_record(mci_source *source, mci_item *item, uint64_t *n_passed_over,
                                     mc_error *err)
{
    for (;;) {
        mci_warc_record record;
        mc_status status = mci_warc_next(source->warc, &record, err);
        if (status != MC_OK)
            return status;
        if (record.type == MCI_WARC_CONVERSION)
            return mc_fail(err, MC_E_FORMAT,
                           "this is a WET file, which holds no images; take the WAT or WARC file");
        *item =
            (mci_item){ .bytes = record.block, .uri = record.target_uri, .offset = record.offset };
        item->kind = record.type == MCI_WARC_RESPONSE ? MCI_ITEM_RESPONSE : MCI_ITEM_WAT;
        if (record.type == MCI_WARC_RESPONSE ||
            (record.type == MCI_WARC_METADATA && is_json(record.content_type)))
            return MC_OK;
        ++*n_passed_over;
    }
}

mc_status mci_source_next(mci_source *source, mci_item *item, uint64_t *n_passed_over,
                          mc_error *err)
{
    if (!source->warc && !source->items && !source->rows.next) {
        mc_status status = decide_form(source, err);
        if (status != MC_OK)
            return status;
    }
    if (source->warc)
        return next_archive_record(source, item, n_passed_over, err);
    *item = (mci_item){ .kind = MCI_ITEM_PAIRS };
    if (source->rows.next) {
        mc_status status = source->rows.next(source->rows.self, &source->line, &item->offset, err);
        item->bytes = mci_buf_str(&source->line);
        source->is_ended = status == MC_END;
        return status;
    }
    return mci_items_next(source->items, &item->bytes, &item->offset, err);
}

uint64_t mci_source_bytes_read(const mci_source *source)
{
    if (source->form == MCI_FORM_PARQUET && source->is_ended) /* the stream showed its start only */
        return mci_stream_bytes_total(source->stream);
    return mci_stream_bytes_read(source->stream);
}
