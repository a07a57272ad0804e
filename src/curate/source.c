#include "curate/source.h"

#include <strings.h>

#include "base/alloc.h"
#include "io/items.h"
#include "io/warc.h"

struct mci_source {
    mci_stream *stream;
    mci_warc *warc; /* one of these two, once the first bytes were seen */
    mci_items *items;
    uint64_t max_item_bytes;
    bool
        named_as_archive; /* .warc or .wat in the name: what to believe when the start is damaged */
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
    if (starts_with(start, "PAR1"))
        return mc_fail(err, MC_E_FORMAT,
                       "this is a Parquet file; WAT, WARC or JSON Lines of pairs is wanted");
    if (start.len >= 262 && memcmp(start.data + 257, "ustar", 5) == 0)
        return mc_fail(err, MC_E_FORMAT,
                       "this is a tar file; WAT, WARC or JSON Lines of pairs is wanted");
    return MC_OK;
}

mc_status mci_source_open(const char *path, uint64_t max_item_bytes, mci_source **out,
                          mc_error *err)
{
    mci_source *source = mci_alloc_zeroed(1, sizeof *source);
    if (!source)
        return mci_nomem(err, sizeof *source);
    source->max_item_bytes = max_item_bytes;
    source->named_as_archive = strstr(path, ".warc") || strstr(path, ".wat");
    mc_status status = mci_stream_open(path, &source->stream, err);
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
    mci_stream_close(source->stream);
    mci_free(source);
}

/* Looks at the first bytes; MC_END for an empty file, MC_SKIPPED for damage before them. */
static mc_status decide_kind(mci_source *source, mc_error *err)
{
    mc_str start;
    mc_status status = mci_stream_peek(source->stream, 512, &start, err);
    if (status == MC_SKIPPED && source->named_as_archive) {
        /* The rest of an archive is still one, wherever it begins. */
        MC_TRY(mci_warc_open(source->stream, source->max_item_bytes, &source->warc, err));
        return MC_SKIPPED;
    }
    if (status != MC_OK)
        return status;
    MC_TRY(refuse_known(start, err));
    if (starts_with(start, "WARC/"))
        return mci_warc_open(source->stream, source->max_item_bytes, &source->warc, err);
    return mci_items_open(source->stream, source->max_item_bytes, &source->items, err);
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
    if (!source->warc && !source->items) {
        mc_status status = decide_kind(source, err);
        if (status != MC_OK)
            return status;
    }
    if (source->warc)
        return next_archive_record(source, item, n_passed_over, err);
    *item = (mci_item){ .kind = MCI_ITEM_PAIRS };
    return mci_items_next(source->items, &item->bytes, &item->offset, err);
}

uint64_t mci_source_bytes_read(const mci_source *source)
{
    return mci_stream_bytes_read(source->stream);
}
