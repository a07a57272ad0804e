/* A shard's units: samples are read without their images, and of those that fit the texts that are
 * drawn are kept. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/hash.h"
#include "curate/list_route.h"
#include "curate/records.h"
#include "io/tar_rows.h"
#include "text/langid.h"
#include "train/pair_loader_internal.h"
#include "train/pair_table.h"

enum { TAR_BLOCK = 512 };
static const uint64_t default_item_bytes = (uint64_t)1 << 20;

struct mci_pair_scan {
    const mci_pair_loader_job *job;
    const atomic_bool *is_closing;
    uint64_t max_item_bytes;
    mci_record_parser *parser;
    mc_match_scratch *match_scratch;
    mci_arena arena; /* of one record */
    mci_record_list list;
    mci_buf line, path;
    /* the shard at hand */
    const mci_shard *shard;
    mci_pair_scanned *to;
    uint64_t epoch, position;
};

/* Where a sample's image is. */
typedef struct {
    mc_str name;
    uint64_t start, n_bytes;
    bool has_image, is_cut;
} image_place;

void mci_pair_scan_free(mci_pair_scan *s)
{
    if (!s)
        return;
    mci_record_parser_free(s->parser);
    mc_match_scratch_free(s->match_scratch);
    mci_arena_release(&s->arena);
    mci_free(s->list.records);
    mci_buf_release(&s->line);
    mci_buf_release(&s->path);
    mci_free(s);
}

mc_status mci_pair_scan_new(const mci_pair_loader_job *job, const atomic_bool *is_closing,
                            mci_pair_scan **out, mc_error *err)
{
    mci_pair_scan *s = mci_alloc_zeroed(1, sizeof *s);
    if (!s)
        return mci_nomem(err, sizeof *s);
    s->job = job;
    s->is_closing = is_closing;
    s->max_item_bytes = job->max_item_bytes ? job->max_item_bytes : default_item_bytes;
    mci_record_options options = { .max_body_bytes = s->max_item_bytes };
    mc_status status = mci_record_parser_new(&options, &s->parser, err);
    if (status == MC_OK && job->matching)
        status = mc_match_scratch_new(&s->match_scratch, err);
    if (status < 0)
        mci_pair_scan_free(s);
    else
        *out = s;
    return status;
}

void mci_pair_scanned_free(mci_pair_scanned *scanned)
{
    if (!scanned)
        return;
    mci_arena_release(&scanned->arena);
    mci_free(scanned->units);
    mci_free(scanned);
}

/* ---- what does not fit ---- */

void mci_pair_layouts_add(mci_pair_layouts *layouts, mc_str name)
{
    char text[MCI_PAIR_LAYOUT_BYTES];
    snprintf(text, sizeof text, "%.*s", (int)(name.len < sizeof text ? name.len : sizeof text),
             name.len ? name.data : "");
    for (size_t i = 0; i < layouts->n; i++)
        if (strcmp(layouts->names[i], text) == 0)
            return;
    if (layouts->n < MCI_PAIR_LAYOUTS)
        memcpy(layouts->names[layouts->n++], text, sizeof text);
}

static void note_problem(mci_pair_scanned *to, const mc_error *what)
{
    if (to->n_problems == MCI_PAIR_PROBLEMS)
        return;
    mc_error *place = &to->problems[to->n_problems++];
    *place = *what;
    mc_add_context(place, what->status, "%s", to->path);
}

static void note_damage(mci_pair_scanned *to, const mc_error *what)
{
    to->n.damages++;
    note_problem(to, what);
}

/* ---- units ---- */

static mc_status add_unit(mci_pair_scanned *to, const image_place *image, mc_str *name, mc_str text,
                          mc_error *err)
{
    void *units = to->units;
    mc_str kept = { 0 };
    MC_TRY(mci_grow(&units, &to->cap_units, to->n_units + 1, sizeof *to->units, err));
    to->units = units;
    if (!name->data) /* once for all units of a sample */
        MC_TRY(mci_arena_copy(&to->arena, image->name, name, err));
    MC_TRY(mci_arena_copy(&to->arena, text, &kept, err));
    to->units[to->n_units++] = (mci_pair_unit){ *name, kept, image->start, image->n_bytes };
    to->n.units++;
    return MC_OK;
}

static mc_status pick_text(mci_pair_scan *s, const mc_record *record, const image_place *image,
                           mc_error *err)
{
    mc_str name = { 0 };
    uint64_t who = mci_hash64(record->uuid, 0);
    mci_draws draws = mci_draws_of(s->job->seed, MCI_DRAW_TEXT, s->epoch, who, 0);
    size_t i = record->n_texts > 1 ? mci_draws_below(&draws, (uint32_t)record->n_texts) : 0;
    s->to->n.samples_used++;
    return add_unit(s->to, image, &name, record->texts[i].text, err);
}

/* Which of a folder's lists the text goes to; MCI_NO_LIST: none. */
static int list_of(const mci_match_stage *matching, const mc_text *text)
{
    mc_str language = text->lang;
    if (language.len == 0)
        language = mc_str_of(mci_language_of(text->text));
    return mci_list_of_language(matching->lists, matching->n_lists, language);
}

static mc_status shift_ids(mci_pair_scan *s, uint32_t first, const uint32_t **ids, size_t n,
                           mc_error *err)
{
    uint32_t *shifted = mci_arena_alloc(&s->arena, n * sizeof *shifted);
    if (!shifted)
        return mci_nomem(err, n * sizeof *shifted);
    for (size_t i = 0; i < n; i++)
        shifted[i] = (*ids)[i] + first;
    *ids = shifted;
    return MC_OK;
}

/* What the text matches, ids of the metadata as a whole. */
static mc_status match(mci_pair_scan *s, const mc_text *text, const uint32_t **ids, size_t *n,
                       mc_error *err)
{
    const mci_match_stage *matching = s->job->matching;
    const int list = matching->n_lists ? list_of(matching, text) : 0;
    *n = 0;
    if (list == MCI_NO_LIST || !matching->matchers[list])
        return MC_OK;
    MC_TRY(mc_match(matching->matchers[list], s->match_scratch, text->text, ids, n, err));
    const uint64_t first = matching->n_lists ? matching->lists[list].first_id : 0;
    return first && *n ? shift_ids(s, (uint32_t)first, ids, *n, err) : MC_OK;
}

/* Whether the pair is kept in this epoch. */
static mc_status draw(mci_pair_scan *s, const mc_record *record, const mc_text *text, bool *keeps,
                      mc_error *err)
{
    const uint32_t *ids = text->entries;
    size_t n_ids = text->is_matched ? text->n_entries : 0;
    if (s->job->matching)
        MC_TRY(match(s, text, &ids, &n_ids, err));
    s->to->n.texts_unmatched += n_ids == 0;
    MC_TRY(mc_balancer_keeps(s->job->balancer, record->uuid, text->text, ids, n_ids, s->epoch,
                             keeps, err));
    s->to->n.texts_not_drawn += n_ids > 0 && !*keeps;
    return MC_OK;
}

static mc_status draw_texts(mci_pair_scan *s, const mc_record *record, const image_place *image,
                            mc_error *err)
{
    mc_str name = { 0 };
    size_t n_kept = 0;
    s->to->n.texts_read += record->n_texts;
    for (size_t i = 0; i < record->n_texts; i++) {
        bool keeps = false;
        MC_TRY(draw(s, record, &record->texts[i], &keeps, err));
        if (keeps)
            MC_TRY(add_unit(s->to, image, &name, record->texts[i].text, err));
        n_kept += keeps;
    }
    s->to->n.texts_kept += n_kept;
    s->to->n.samples_not_drawn += n_kept == 0;
    s->to->n.samples_used += n_kept > 0;
    return MC_OK;
}

/* A sample as a line of pairs. layout is what it consists of. */
static mc_status take_sample(mci_pair_scan *s, mc_str line, const image_place *image, mc_str layout,
                             mc_error *err)
{
    mci_pair_counters *n = &s->to->n;
    mci_item item = { .kind = MCI_ITEM_PAIRS, .bytes = line };
    mc_counters counters = { 0 };
    mc_error what = { 0 };
    n->samples_read++;
    mci_arena_reset(&s->arena);
    s->list.n = 0;
    mc_status status = mci_parse_item(s->parser, &item, s->shard, s->position++, &s->arena,
                                      &s->list, &counters, &what);
    if (status < 0)
        return mc_fail(err, status, "%s", what.text);
    if (status == MC_SKIPPED) {
        n->samples_malformed++;
        note_problem(s->to, &what);
    } else if (image->is_cut) {
        n->samples_malformed++; /* the damage itself was noted when it was met */
    } else if (!image->has_image) {
        n->samples_without_image++;
        mci_pair_layouts_add(&s->to->layouts, layout);
    } else if (s->list.n == 0) {
        n->samples_without_text++;
        mci_pair_layouts_add(&s->to->layouts, layout);
    } else if (s->job->subset && !mci_uuid_set_has(s->job->subset, s->list.records[0].uuid)) {
        n->samples_not_in_subset++;
    } else {
        return s->job->balancer ? draw_texts(s, s->list.records, image, err)
                                : pick_text(s, s->list.records, image, err);
    }
    return MC_OK;
}

/* ---- tars ---- */

/* Content comes last in a member, filled up to whole blocks. What is claimed to be longer than the
 * member is none of it (a sparse file, say). */
static void find_image(const mci_tar_extent *member, image_place *image)
{
    uint64_t room = member->end > member->start ? member->end - member->start : 0;
    uint64_t n_blocks = member->n_bytes / TAR_BLOCK + (member->n_bytes % TAR_BLOCK != 0);
    image->has_image = room / TAR_BLOCK > n_blocks;
    image->is_cut = !image->has_image;
    image->start = image->has_image ? member->end - n_blocks * TAR_BLOCK : 0;
    image->n_bytes = member->n_bytes;
}

static mc_status take_tar_sample(mci_pair_scan *s, const mci_rows *rows, mc_error *err)
{
    mci_tar_sample sample;
    image_place image = { 0 };
    mci_tar_rows_sample(rows, &sample);
    image.name = sample.key;
    if (sample.image != MCI_NO_IMAGE)
        find_image(&sample.members[sample.image], &image);
    return take_sample(s, mci_buf_str(&s->line), &image, sample.suffixes, err);
}

static mc_status scan_rows(mci_pair_scan *s, const mci_rows *rows, mc_error *err)
{
    while (!atomic_load_explicit(s->is_closing, memory_order_relaxed)) {
        uint64_t offset;
        mc_error what = { 0 };
        mc_status status = rows->next(rows->self, &s->line, &offset, &what);
        if (status < 0)
            return mc_fail(err, status, "%s", what.text);
        if (status == MC_END)
            break;
        if (status == MC_SKIPPED)
            note_damage(s->to, &what);
        else
            MC_TRY(take_tar_sample(s, rows, err));
    }
    s->to->n.others += mci_tar_rows_n_others(rows);
    return MC_OK;
}

static mc_status check_plain(const char *path, mc_error *err)
{
    unsigned char start[4] = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, start, sizeof start);
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return mc_fail(err, MC_E_IO, "cannot read it: %s", strerror(reason));
    bool is_gzip = start[0] == 0x1F && start[1] == 0x8B;
    bool is_zstd = memcmp(start, "\x28\xB5\x2F\xFD", 4) == 0;
    if (is_gzip || is_zstd)
        return mc_fail(err, MC_E_FORMAT,
                       "a compressed tar: images are read from the middle of tars, so decompress "
                       "it first (%s)",
                       is_gzip ? "gzip -d" : "zstd -d");
    return MC_OK;
}

static mc_status scan_tar(mci_pair_scan *s, mci_stream *stream, mc_error *err)
{
    mci_rows rows;
    MC_TRY(check_plain(s->to->path, err));
    MC_TRY(mci_tar_rows_open(stream, s->max_item_bytes, &rows, err));
    mc_status status = scan_rows(s, &rows, err);
    rows.close(rows.self);
    return status;
}

/* ---- tables ---- */

/* Puts the image's path, with a NUL that is counted, into s->path. */
static mc_status make_path(mci_pair_scan *s, mc_str image, mc_error *err)
{
    mc_str root = mc_str_of(s->job->image_root);
    mci_buf_clear(&s->path);
    if (!s->job->image_root)
        root = (mc_str){ s->shard->path, mci_folder_length(s->shard->path) };
    if (image.data[0] != '/') {
        MC_TRY(mci_buf_add(&s->path, root, err));
        if (root.len > 0 && root.data[root.len - 1] != '/')
            MC_TRY(mci_buf_byte(&s->path, '/', err));
    }
    MC_TRY(mci_buf_add(&s->path, image, err));
    return mci_buf_byte(&s->path, '\0', err);
}

static mc_status take_table_row(mci_pair_scan *s, mc_str line, mc_str image, mc_error *err)
{
    image_place place = { .has_image = image.len > 0 && !memchr(image.data, '\0', image.len) };
    if (place.has_image) {
        MC_TRY(make_path(s, image, err));
        place.name = mci_buf_str(&s->path);
    }
    return take_sample(s, line, &place, mc_str_of("a row with an empty field"), err);
}

static mc_status scan_table_rows(mci_pair_scan *s, mci_pair_table *table, mc_error *err)
{
    while (!atomic_load_explicit(s->is_closing, memory_order_relaxed)) {
        mc_str line, image;
        mc_error what = { 0 };
        mc_status status = mci_pair_table_next(table, &line, &image, &what);
        if (status < 0)
            return mc_fail(err, status, "%s", what.text);
        if (status == MC_END)
            break;
        if (status == MC_SKIPPED)
            note_damage(s->to, &what);
        else
            MC_TRY(take_table_row(s, line, image, err));
    }
    return MC_OK;
}

static mc_status scan_table(mci_pair_scan *s, mci_stream *stream, bool is_tsv, mc_error *err)
{
    mci_pair_table_options options = { s->job->image_column, s->job->text_column, is_tsv,
                                       s->max_item_bytes };
    mci_pair_table *table = NULL;
    MC_TRY(mci_pair_table_open(stream, &options, &table, err));
    mc_status status = scan_table_rows(s, table, err);
    mci_pair_table_close(table);
    return status;
}

/* ---- shards ---- */

static mc_status scan_stream(mci_pair_scan *s, mci_stream *stream, mc_error *err)
{
    mc_str start = { 0 };
    mc_error what = { 0 };
    mc_status status = mci_stream_peek(stream, 512, &start, &what);
    if (status < 0)
        return mc_fail(err, status, "%s", what.text);
    switch (mci_form_of(s->shard->path, start)) {
    case MCI_FORM_TAR:
        return scan_tar(s, stream, err);
    case MCI_FORM_CSV:
        return scan_table(s, stream, false, err);
    case MCI_FORM_TSV:
        return scan_table(s, stream, true, err);
    default:
        return mc_fail(err, MC_E_FORMAT,
                       "neither a tar nor a table: want webdataset tars, .csv or .tsv");
    }
}

static mc_status scan_path(mci_pair_scan *s, const char *path, mc_error *err)
{
    mci_stream *stream = NULL;
    MC_TRY(mci_stream_open(path, &stream, err)); /* which names the path */
    mc_status status = scan_stream(s, stream, err);
    mci_stream_close(stream);
    return status < 0 ? mc_add_context(err, status, "%s", path) : MC_OK;
}

mc_status mci_pair_scan_shard(mci_pair_scan *s, const mci_shard *shard, uint64_t epoch,
                              mci_pair_scanned **out, mc_error *err)
{
    mci_pair_scanned *to = mci_alloc_zeroed(1, sizeof *to);
    if (!to)
        return mci_nomem(err, sizeof *to);
    *to = (mci_pair_scanned){ .path = shard->path, .n.shards = 1 };
    s->to = to;
    s->shard = shard;
    s->epoch = epoch;
    s->position = 0;
    mc_status status = scan_path(s, shard->path, err);
    if (status < 0)
        mci_pair_scanned_free(to);
    else
        *out = to;
    return status;
}
