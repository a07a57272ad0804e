#include "curate/source.h"

#include <strings.h>

#include "base/alloc.h"
#include "io/csv.h"
#include "io/items.h"
#include "io/parquet.h"
#include "io/tar_rows.h"
#include "io/warc.h"

/* What a file's name says of it: to be believed where the content cannot tell, as of tables and
 * captions, or when its start is damaged. */
typedef enum {
    NAMED_OTHER,
    NAMED_ARCHIVE,
    NAMED_CSV,
    NAMED_TSV,
    NAMED_TEXT,
    NAMED_TAR
} source_name;

struct mci_source {
    mci_stream *stream;
    mci_warc *warc; /* one of these three, once the first bytes were seen */
    mci_items *items;
    mci_rows rows;
    mci_buf line; /* of a row */
    uint64_t max_item_bytes;
    char *path;
    source_name name;
    bool is_whole_file; /* Parquet: the stream showed its start and is not read on */
    bool is_ended;
    bool is_lost; /* rows whose start is damaged: nothing can be read */
};

static bool starts_with(mc_str bytes, const char *magic)
{
    size_t n = strlen(magic);
    return bytes.len >= n && memcmp(bytes.data, magic, n) == 0;
}

/* What is known and not taken is told by its name. */
static mc_status refuse_known(mc_str start, mc_error *err)
{
    if (starts_with(start, "filedesc://"))
        return mc_fail(err, MC_E_FORMAT,
                       "this is an ARC file, the form before WARC; convert it (warcio recompress)");
    return MC_OK;
}

static bool drop_suffix(mc_str *name, const char *suffix)
{
    size_t n = strlen(suffix);
    if (name->len < n || strncasecmp(name->data + name->len - n, suffix, n) != 0)
        return false;
    name->len -= n;
    return true;
}

static source_name name_says(const char *path)
{
    mc_str name = mc_str_of(path);
    if (!drop_suffix(&name, ".gz"))
        drop_suffix(&name, ".zst");
    if (drop_suffix(&name, ".csv"))
        return NAMED_CSV;
    if (drop_suffix(&name, ".tsv"))
        return NAMED_TSV;
    if (drop_suffix(&name, ".txt"))
        return NAMED_TEXT;
    if (drop_suffix(&name, ".tar") || drop_suffix(&name, ".tgz"))
        return NAMED_TAR;
    return strstr(path, ".warc") || strstr(path, ".wat") ? NAMED_ARCHIVE : NAMED_OTHER;
}

mc_status mci_source_open(const char *path, uint64_t max_item_bytes, mci_source **out,
                          mc_error *err)
{
    mci_source *source = mci_alloc_zeroed(1, sizeof *source);
    if (!source)
        return mci_nomem(err, sizeof *source);
    source->max_item_bytes = max_item_bytes;
    source->name = name_says(path);
    mc_status status = mci_stream_open(path, &source->stream, err);
    size_t n = strlen(path) + 1;
    source->path = status < 0 ? NULL : mci_alloc(n);
    if (source->path)
        memcpy(source->path, path, n);
    else if (status >= 0)
        status = mci_nomem(err, n);
    if (status < 0)
        mci_source_close(source);
    else
        *out = source;
    return status;
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
    mci_stream_close(source->stream);
    mci_free(source);
}

static bool is_tar(mc_str start)
{
    return start.len >= 262 && memcmp(start.data + 257, "ustar", 5) == 0;
}

/* Lines of pairs, and the array of them, that somebody called .txt or .csv. */
static bool looks_like_pairs(mc_str start)
{
    return starts_with(start, "{\"") || starts_with(start, "[{");
}

static mc_status open_by_name(mci_source *source, mc_str start, mc_error *err)
{
    mci_stream *stream = source->stream;
    uint64_t max = source->max_item_bytes;
    source_name name = looks_like_pairs(start) ? NAMED_OTHER : source->name;
    switch (name) {
    case NAMED_CSV:
    case NAMED_TSV:
        return mci_csv_open(stream, name == NAMED_TSV, max, &source->rows, err);
    case NAMED_TEXT:
        return mci_captions_open(stream, max, &source->rows, err);
    case NAMED_TAR:
        return mci_tar_rows_open(stream, max, &source->rows, err);
    case NAMED_ARCHIVE:
    case NAMED_OTHER:
        break;
    }
    return mci_items_open(stream, max, &source->items, err);
}

/* The first bytes are damaged: the rest of an archive, and of captions, is still one wherever it
 * begins; a table without header and a tar from the middle are nothing. */
static mc_status open_behind_damage(mci_source *source, mc_error *err)
{
    if (source->name == NAMED_ARCHIVE)
        MC_TRY(mci_warc_open(source->stream, source->max_item_bytes, &source->warc, err));
    source->is_lost =
        source->name == NAMED_CSV || source->name == NAMED_TSV || source->name == NAMED_TAR;
    return MC_SKIPPED;
}

/* Looks at the first bytes; MC_END for an empty file, MC_SKIPPED for damage before them. */
static mc_status decide_kind(mci_source *source, mc_error *err)
{
    mc_str start;
    if (source->is_lost)
        return MC_END;
    mc_status status = mci_stream_peek(source->stream, 512, &start, err);
    if (status == MC_SKIPPED)
        return open_behind_damage(source, err);
    if (status != MC_OK)
        return status;
    MC_TRY(refuse_known(start, err));
    if (starts_with(start, "WARC/"))
        return mci_warc_open(source->stream, source->max_item_bytes, &source->warc, err);
    source->is_whole_file = starts_with(start, "PAR1");
    if (source->is_whole_file)
        return mci_parquet_open(source->path, &source->rows, err);
    if (is_tar(start))
        return mci_tar_rows_open(source->stream, source->max_item_bytes, &source->rows, err);
    return open_by_name(source, start, err);
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
        mc_status status = decide_kind(source, err);
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
    if (source->is_whole_file && source->is_ended)
        return mci_stream_bytes_total(source->stream);
    return mci_stream_bytes_read(source->stream);
}
