/* What is this file? A look at its first bytes, then at some of what follows. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "curate/info_internal.h"
#include "curate/sidecar.h"
#include "curate/source.h"
#include "io/json.h"
#include "io/npy.h"
#include "io/pairs.h"
#include "io/stream.h"
#include "io/warc.h"
#include "text/fasttext.h"

enum { LOOK_BYTES = 512, LOOK_ITEMS = 1000, MAX_ITEM_BYTES = 64 << 20 };

/* ---- archives ---- */

typedef struct {
    uint64_t n[MCI_WARC_CONVERSION + 1];
    uint64_t n_skipped;
    bool is_wat, is_all; /* is_all: the end was reached */
} archive_look;

static mc_status look_at_archive(mci_stream *stream, archive_look *look, mc_error *err)
{
    mci_warc *warc = NULL;
    MC_TRY(mci_warc_open(stream, MAX_ITEM_BYTES, &warc, err));
    mc_status status = MC_OK;
    for (int i = 0; i < LOOK_ITEMS && status >= 0 && !look->is_all; i++) {
        mci_warc_record record;
        status = mci_warc_next(warc, &record, err);
        look->is_all = status == MC_END;
        look->n_skipped += status == MC_SKIPPED;
        if (status != MC_OK)
            continue;
        look->n[record.type]++;
        look->is_wat |= record.type == MCI_WARC_METADATA && record.content_type.len >= 16 &&
                        memcmp(record.content_type.data, "application/json", 16) == 0;
    }
    mci_warc_close(warc);
    return status < 0 ? status : MC_OK;
}

static mc_status tell_archive(mci_stream *stream, mc_info *info, mc_error *err)
{
    archive_look look = { 0 };
    MC_TRY(look_at_archive(stream, &look, err));
    mci_info_kind(info, look.n[MCI_WARC_CONVERSION] ? "WET" : look.is_wat ? "WAT" : "WARC");
    mci_info_fact(info, "looked at", "%s", look.is_all ? "all of it" : "the first 1000 records");
    mci_info_count(info, "response records", look.n[MCI_WARC_RESPONSE]);
    mci_info_count(info, "metadata records", look.n[MCI_WARC_METADATA]);
    mci_info_count(info, "conversion records", look.n[MCI_WARC_CONVERSION]);
    mci_info_count(info, "other records", look.n[MCI_WARC_OTHER]);
    mci_info_count(info, "damaged records", look.n_skipped);
    if (look.n[MCI_WARC_CONVERSION])
        mci_info_fact(info, "note", "WET files hold no images; curate takes the WAT or WARC file");
    return MC_OK;
}

/* ---- metadata ---- */

static mc_status tell_metadata(const char *path, mc_info *info, mc_error *err)
{
    mc_metadata *metadata = NULL;
    MC_TRY(mc_metadata_load(path, &metadata, err));
    size_t n = mc_metadata_len(metadata);
    mci_info_kind(info, "metadata");
    mci_info_count(info, "entries", n);
    mci_info_fact(info, "SHA-256", "%s", mc_metadata_sha256(metadata));
    for (size_t i = 0; i < n && i < 3; i++) {
        mc_str entry = mc_metadata_entry(metadata, i);
        char name[32];
        snprintf(name, sizeof name, "entry %zu", i);
        mci_info_fact(info, name, "%.*s", (int)(entry.len < 100 ? entry.len : 100), entry.data);
    }
    mc_metadata_free(metadata);
    return MC_OK;
}

/* ---- pairs and other JSON ---- */

typedef struct {
    uint64_t n_records, n_texts, n_matched, n_matches, n_skipped;
    bool is_all;
} pairs_look;

static mc_status look_at_pairs(mci_source *source, pairs_look *look, mc_error *err)
{
    mci_json *json = NULL;
    mci_buf scratch = { 0 };
    mci_arena arena = { 0 };
    mc_status status = mci_json_new(&json, err);
    for (int i = 0; i < LOOK_ITEMS && status >= 0 && !look->is_all; i++) {
        mci_item item;
        mc_record record;
        uint64_t n = 0;
        mci_arena_reset(&arena);
        status = mci_source_next(source, &item, &n, err);
        look->is_all = status == MC_END;
        if (status == MC_OK)
            status = mci_pairs_parse(json, &scratch, item.bytes, &arena, &record, &n, &n, err);
        look->n_skipped += status == MC_SKIPPED;
        if (status != MC_OK)
            continue;
        look->n_records++;
        look->n_texts += record.n_texts;
        for (size_t j = 0; j < record.n_texts; j++) {
            look->n_matched += record.texts[j].is_matched;
            look->n_matches += record.texts[j].n_entries;
        }
    }
    mci_json_free(json);
    mci_buf_release(&scratch);
    mci_arena_release(&arena);
    return status < 0 ? status : MC_OK;
}

static mc_status add_list_fact(const char *path, mc_info *info, mc_error *err)
{
    char sha256[MC_SHA256_DIGITS + 1];
    uint64_t n_entries;
    bool found = false;
    MC_TRY(mci_sidecar_load(path, sha256, &n_entries, &found, err));
    if (found)
        mci_info_fact(info, "metadata SHA-256", "%s", sha256);
    return MC_OK;
}

static mc_status tell_pairs(const char *path, mc_info *info, mc_error *err)
{
    mci_source *source = NULL;
    pairs_look look = { 0 };
    MC_TRY(mci_source_open(path, MAX_ITEM_BYTES, &source, err));
    mc_status status = look_at_pairs(source, &look, err);
    mci_source_close(source);
    if (status < 0)
        return status;
    if (look.n_records == 0 && look.n_skipped > 0)
        return mc_fail(err, MC_E_FORMAT,
                       "%s: neither pairs, metadata, counts, a data card nor an "
                       "archive",
                       path);
    mci_info_kind(info, look.n_matched ? "matched pairs" : "pairs");
    mci_info_fact(info, "looked at", "%s", look.is_all ? "all of it" : "the first 1000 records");
    mci_info_count(info, "records", look.n_records);
    mci_info_count(info, "texts", look.n_texts);
    mci_info_count(info, "matches", look.n_matches);
    mci_info_count(info, "malformed lines", look.n_skipped);
    return add_list_fact(path, info, err);
}

static mc_status tell_card(const char *path, mc_info *info, mc_error *err)
{
    mc_card card;
    MC_TRY(mc_card_load(path, &card, err));
    mci_info_kind(info, "data card");
    mci_info_fact(info, "metadata SHA-256", "%s", card.metadata_sha256);
    mci_info_count(info, "entries", card.n_entries);
    if (card.t) {
        mci_info_count(info, "t", card.t);
        mci_info_count(info, "seed", card.seed);
    }
    mci_info_count(info, "pairs in the pool", card.pool_pairs);
    mci_info_count(info, "matched pairs", card.matched_pairs);
    mci_info_count(info, "curated pairs", card.curated_pairs);
    mc_card_release(&card);
    return MC_OK;
}

/* ---- arrays ---- */

static const struct {
    mci_npy_type type;
    const char *kind, *dtype;
} arrays[] = {
    { MCI_NPY_U64, "entry counts", "uint64" },
    { MCI_NPY_F32, "entry probabilities", "float32" },
    { MCI_NPY_F64, "array", "float64" },
    { MCI_NPY_U32, "array", "uint32" },
};

static void tell_counts(uint64_t *counts, size_t n, mc_info *info)
{
    mc_counts view = { .counts = counts, .n = n };
    mc_count_shape shape = mc_counts_shape(&view, 1);
    mci_info_count(info, "matches", shape.n_matches);
    mci_info_count(info, "entries never matched", shape.n_zero);
}

static mc_status tell_npy(const char *path, mc_info *info, mc_error *err)
{
    void *data = NULL;
    size_t i = 0, n = 0;
    mc_status status;
    do
        status = mci_npy_load(path, arrays[i].type, &data, &n, err);
    while (status == MC_E_SHAPE && ++i < COUNT_OF(arrays));
    if (status < 0)
        return status;
    mci_info_kind(info, arrays[i].kind);
    mci_info_fact(info, "dtype", "%s", arrays[i].dtype);
    mci_info_count(info, "entries", n);
    if (arrays[i].type == MCI_NPY_U64)
        tell_counts(data, n, info);
    mci_free(data);
    return add_list_fact(path, info, err);
}

/* ---- folders ---- */

static void tell_run(mci_json_value root, mc_info *info)
{
    mci_json_value member, input;
    uint64_t value, n_inputs = 0;
    mci_info_kind(info, "run folder");
    if (mci_json_get(root, "metadata_sha256", &member)) {
        mc_str sha256 = mci_json_string(member);
        mci_info_fact(info, "metadata SHA-256", "%.*s", (int)sha256.len, sha256.data);
    }
    if (mci_json_get(root, "t", &member) && mci_json_u64(member, &value))
        mci_info_count(info, "t", value);
    if (mci_json_get(root, "seed", &member) && mci_json_u64(member, &value))
        mci_info_count(info, "seed", value);
    if (mci_json_get(root, "inputs", &member))
        for (mci_json_iter it = mci_json_iterate(member); mci_json_next(&it, NULL, &input);)
            n_inputs++;
    mci_info_count(info, "shards", n_inputs);
}

static void tell_packing(mci_json_value root, mc_info *info)
{
    mci_json_value member;
    uint64_t value, n_images = 0;
    mci_info_kind(info, "folder of packed images");
    if (mci_json_get(root, "images", &member) && mci_json_u64(member, &n_images))
        mci_info_count(info, "images with a text", n_images);
    if (mci_json_get(root, "samples", &member) && mci_json_u64(member, &value) && value > 0) {
        mci_info_count(info, "images a tar", value);
        mci_info_count(info, "tars", (n_images + value - 1) / value);
    }
}

static void tell_features(mci_json_value root, mc_info *info)
{
    static const char *const texts[] = { "kind", "type", "precision" };
    mci_json_value member;
    uint64_t value;
    mci_info_kind(info, "folder of features");
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (mci_json_get(root, texts[i], &member)) {
            mc_str text = mci_json_string(member);
            mci_info_fact(info, i ? texts[i] : "of", "%.*s", (int)text.len, text.data);
        }
    if (mci_json_get(root, "embed_dim", &member) && mci_json_u64(member, &value))
        mci_info_count(info, "numbers a row", value);
    if (mci_json_get(root, "shard_rows", &member) && mci_json_u64(member, &value))
        mci_info_count(info, "inputs a file", value);
}

static void tell_training(mci_json_value root, mc_info *info)
{
    mci_json_value member;
    uint64_t seen = 0, batch = 0;
    mci_info_kind(info, "training run");
    if (mci_json_get(root, "model", &member)) {
        mc_str model = mci_json_string(member);
        mci_info_fact(info, "model", "%.*s", (int)model.len, model.data);
    }
    if (mci_json_get(root, "batch", &member) && mci_json_u64(member, &batch))
        mci_info_count(info, "batch", batch);
    if (mci_json_get(root, "seen_pairs", &member) && mci_json_u64(member, &seen))
        mci_info_count(info, "pairs to be seen", seen);
    mci_info_fact(info, "models", "the folders in its checkpoints");
}

/* Folders of ours, each with two names that tell what it is, the first being a file of JSON, and
 * the one that says it is finished, if there is one. */
static const struct {
    const char *file, *beside, *last;
    void (*tell)(mci_json_value root, mc_info *info);
} folders[] = {
    { "run.json", "run.json", "summary.json", tell_run },
    { "pack.json", "pack.json", "stats.json", tell_packing },
    { "embed.json", "embed.json", NULL, tell_features },
    { "config.json", "checkpoints", NULL, tell_training },
};

static mc_status parse_folder(const char *path, size_t kind, mc_str text, mc_info *info,
                              mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    MC_TRY(mci_json_new(&json, err));
    mc_status status = mci_json_parse(json, text, &root, NULL, err);
    if (status == MC_OK)
        folders[kind].tell(root, info);
    else if (status == MC_SKIPPED)
        status = mc_add_context(err, MC_E_FORMAT, "%s/%s", path, folders[kind].file);
    mci_json_free(json);
    return status;
}

static mc_status tell_if_of_kind(const char *path, size_t kind, mc_info *info, bool *found,
                                 mc_error *err)
{
    mci_buf name = { 0 }, text = { 0 };
    const char *last = folders[kind].last;
    mc_status status = mci_buf_printf(&name, err, "%s/%s", path, folders[kind].beside);
    *found = status >= 0 && mci_file_exists(name.data);
    mci_buf_clear(&name);
    if (status >= 0 && *found)
        status = mci_buf_printf(&name, err, "%s/%s", path, folders[kind].file);
    if (status >= 0 && *found)
        status = mci_read_file(name.data, &text, found, err);
    if (status >= 0 && *found)
        status = parse_folder(path, kind, mci_buf_str(&text), info, err);
    mci_buf_clear(&name);
    if (status >= 0 && *found && last)
        status = mci_buf_printf(&name, err, "%s/%s", path, last);
    if (status >= 0 && *found && last)
        mci_info_yes_no(info, "finished", mci_file_exists(name.data));
    mci_buf_release(&name);
    mci_buf_release(&text);
    return status;
}

static mc_status tell_folder(const char *path, mc_info *info, mc_error *err)
{
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(folders) && !found; i++)
        MC_TRY(tell_if_of_kind(path, i, info, &found, err));
    if (found)
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT,
                   "%s: a folder, but none of ours: neither of curate, pack, embed or train, nor a "
                   "model",
                   path);
}

/* ---- by the first bytes ---- */

static bool starts_with(mc_str bytes, const char *magic, size_t n)
{
    return bytes.len >= n && memcmp(bytes.data, magic, n) == 0;
}

static char first_visible(mc_str bytes, size_t from)
{
    for (size_t i = from; i < bytes.len; i++)
        if (!strchr(" \t\r\n\xEF\xBB\xBF", bytes.data[i]))
            return bytes.data[i];
    return '\0';
}

static bool holds(mc_str bytes, const char *text)
{
    return memmem(bytes.data, bytes.len, text, strlen(text)) != NULL;
}

/* Tables and tars, which hold pairs. (A .txt may be captions, but also a list of entries.) */
static const char *form_of_rows(const char *path, mc_str start)
{
    switch (mci_form_of(path, start)) {
    case MCI_FORM_PARQUET:
        return "Parquet";
    case MCI_FORM_TAR:
        return "webdataset tar";
    case MCI_FORM_CSV:
    case MCI_FORM_TSV:
        return "table";
    case MCI_FORM_PAIRS:
    case MCI_FORM_ARCHIVE:
    case MCI_FORM_CAPTIONS:
        break;
    }
    return NULL;
}

static mc_status tell_by_content(const char *path, mci_stream *stream, mc_str start, mc_info *info,
                                 mc_error *err)
{
    if (starts_with(start, "\x93NUMPY", 6))
        return tell_npy(path, info, err);
    if (mci_fasttext_is(start))
        return mci_info_fasttext(path, info, err);
    if (starts_with(start, "WARC/", 5))
        return tell_archive(stream, info, err);
    if (starts_with(start, "filedesc://", 11)) {
        mci_info_kind(info, "ARC");
        mci_info_fact(info, "note", "the form before WARC; convert it, for example with warcio");
        return MC_OK;
    }
    const char *form = form_of_rows(path, start);
    if (form) {
        mci_info_fact(info, "form", "%s", form);
        return tell_pairs(path, info, err);
    }
    char first = first_visible(start, 0);
    if (first == '{' && holds(start, "metaclip data card"))
        return tell_card(path, info, err);
    if (first == '[') {
        const char *bracket = memchr(start.data, '[', start.len);
        char second = first_visible(start, (size_t)(bracket - start.data) + 1);
        return second == '{' ? tell_pairs(path, info, err) : tell_metadata(path, info, err);
    }
    if (first == '{')
        return tell_pairs(path, info, err);
    return tell_metadata(path, info, err);
}

mc_status mc_info_read(const char *path, mc_info *out, mc_error *err)
{
    struct stat stats;
    *out = (mc_info){ 0 };
    if (strcmp(path, "-") == 0)
        return mc_fail(err, MC_E_ARG, "info looks more than once, so it reads files, not pipes");
    if (stat(path, &stats) != 0)
        return mci_fail_errno(err, path, "cannot open it");
    if (S_ISDIR(stats.st_mode))
        return tell_folder(path, out, err);
    if (!S_ISREG(stats.st_mode))
        return mc_fail(err, MC_E_IO, "%s: info looks more than once, so it reads files, not pipes",
                       path);
    mci_stream *stream = NULL;
    MC_TRY(mci_stream_open(path, &stream, err));
    mc_str start;
    mc_status status = mci_stream_peek(stream, LOOK_BYTES, &start, err);
    if (status == MC_END)
        mci_info_kind(out, "empty file");
    else if (status == MC_SKIPPED)
        status = MC_E_FORMAT;
    else if (status == MC_OK)
        status = tell_by_content(path, stream, start, out, err);
    mci_stream_close(stream);
    return status < 0 ? mc_add_context(err, status, "%s", path) : MC_OK;
}
