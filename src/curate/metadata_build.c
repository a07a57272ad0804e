/* Building a list from its sources: in order, first seen first. */
#include <stdio.h>

#include "base/alloc.h"
#include "curate/counted_entries.h"
#include "curate/entry_map.h"
#include "curate/entry_rules.h"
#include "curate/metadata.h"
#include "curate/metadata_sources.h"
#include "curate/wordnet.h"

enum { N_MADE = 6 }; /* sources that are no lists in their final form */

typedef struct {
    const mc_metadata_job *job;
    mc_metadata_build *report;
    mc_metadata *sources[MC_MAX_SOURCES]; /* kept: `kept` points into them */
    mc_str *kept;
    size_t n_kept, cap_kept;
    mci_entry_map map;
} builder;

/* A source to be added; it hands over a list, or fails. */
typedef struct {
    const char *name; /* as it is reported */
    const char *path;
    uint64_t limit; /* of new entries; 0: none */
    mc_status (*read)(const char *path, mc_metadata **out, mc_error *err);
} source_kind;

/* Which source gave the entry with this id. */
static size_t source_of(const builder *b, uint64_t id)
{
    size_t i = b->report->n_sources;
    while (i > 1 && b->report->sources[i - 1].first_id > id)
        i--;
    return i - 1;
}

/* Whether one more entry of the source may be added. */
static bool has_room(const builder *b, const mc_metadata_source *source, uint64_t limit)
{
    return (limit == 0 || source->n_added < limit) &&
           (b->job->budget == 0 || b->n_kept < b->job->budget);
}

static mc_status add_entry(builder *b, mc_str entry, mc_metadata_source *source, uint64_t limit,
                           mc_error *err)
{
    uint32_t id = (uint32_t)b->n_kept, first;
    source->n_read++;
    if (!mci_may_be_entry(entry)) {
        source->n_dropped++;
        return MC_OK;
    }
    if (mci_entry_map_find(&b->map, b->kept, entry, &first)) {
        source->n_duplicate++;
        source->overlap[source_of(b, first)]++;
        return MC_OK;
    }
    if (!has_room(b, source, limit)) {
        source->n_over++;
        return MC_OK;
    }
    if (b->n_kept == UINT32_MAX - 1)
        return mc_fail(err, MC_E_LIMIT, "the list has more than %zu entries", b->n_kept);
    void *kept = b->kept;
    MC_TRY(mci_grow(&kept, &b->cap_kept, b->n_kept + 1, sizeof *b->kept, err));
    b->kept = kept;
    b->kept[b->n_kept] = entry;
    MC_TRY(mci_entry_map_add(&b->map, b->kept, id, &first, err));
    source->n_added++;
    b->n_kept++;
    return MC_OK;
}

/* ---- the sources ---- */

static mc_status hand_over(mci_entry_list *list, mc_status status, mc_metadata **out, mc_error *err)
{
    if (status >= 0)
        return mci_metadata_new(list, out, err);
    mci_entry_list_release(list);
    return status;
}

static mc_status read_numbers(const char *path, mc_metadata **out, mc_error *err)
{
    mci_entry_list list = { 0 };
    mc_status status = MC_OK;
    (void)path;
    for (int i = 0; i < 100 && status >= 0; i++) {
        char digits[12];
        snprintf(digits, sizeof digits, "%d", i);
        status = mci_entry_list_add(&list, mc_str_of(digits), err);
    }
    return hand_over(&list, status, out, err);
}

static mc_status read_wordnet(const char *folder, mc_metadata **out, mc_error *err)
{
    mci_entry_list list = { 0 };
    return hand_over(&list, mci_wordnet_add(&list, folder, err), out, err);
}

static mc_status read_omw(const char *path, mc_metadata **out, mc_error *err)
{
    mci_entry_list list = { 0 };
    return hand_over(&list, mci_omw_add(&list, path, err), out, err);
}

static mc_status read_counted(const char *path, mc_metadata **out, mc_error *err)
{
    mci_entry_list list = { 0 };
    return hand_over(&list, mci_counted_add(&list, path, err), out, err);
}

/* ---- adding them ---- */

static void tell_progress(const builder *b, size_t n)
{
    const mc_hooks *hooks = &b->job->hooks;
    mc_progress progress = { .phase = "build",
                             .n_shards_done = b->report->n_sources,
                             .n_shards = n };
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
}

static mc_status add_source(builder *b, const source_kind *kind, mc_error *err)
{
    mc_metadata_source *source = &b->report->sources[b->report->n_sources];
    mc_metadata *metadata = NULL;
    *source = (mc_metadata_source){ .first_id = b->n_kept };
    snprintf(source->source, sizeof source->source, "%s", kind->name);
    MC_TRY(kind->read(kind->path, &metadata, err));
    b->sources[b->report->n_sources++] = metadata;
    MC_TRY(mci_source_hash(kind->path, source->sha256, err));
    for (size_t i = 0; i < mc_metadata_len(metadata); i++)
        MC_TRY(add_entry(b, mc_metadata_entry(metadata, i), source, kind->limit, err));
    return MC_OK;
}

/* The sources that stand before the lists, in their order. */
static size_t list_kinds(const mc_metadata_job *job, source_kind kinds[N_MADE])
{
    const source_kind all[N_MADE - 1] = {
        { "WordNet", job->wordnet_dir, 0, read_wordnet },
        { "Open Multilingual WordNet", job->omw_path, 0, read_omw },
        { "unigrams", job->unigrams_path, job->max_unigrams, read_counted },
        { "bigrams", job->bigrams_path, job->max_bigrams, read_counted },
        { "titles", job->titles_path, job->max_titles, read_counted },
    };
    size_t n = 1;
    for (size_t i = 0; i < COUNT_OF(all); i++)
        if (all[i].path)
            kinds[n++] = all[i];
    if (n == 1)
        return 0;
    kinds[0] = (source_kind){ "numbers 0 to 99", NULL, 0, read_numbers };
    return n;
}

static mc_status add_all(builder *b, const source_kind *kinds, size_t n_kinds, mc_error *err)
{
    const mc_metadata_job *job = b->job;
    size_t n = n_kinds + job->n_inputs;
    for (size_t i = 0; i < n; i++) {
        source_kind kind = { .read = mc_metadata_load };
        if (i < n_kinds)
            kind = kinds[i];
        else
            kind.name = kind.path = job->inputs[i - n_kinds];
        MC_TRY(add_source(b, &kind, err));
        tell_progress(b, n);
    }
    return MC_OK;
}

static mc_status finish(const builder *b, mc_metadata **out, mc_error *err)
{
    mci_entry_list list = { 0 };
    for (size_t i = 0; i < b->n_kept; i++) {
        mc_status status = mci_entry_list_add(&list, b->kept[i], err);
        if (status < 0) {
            mci_entry_list_release(&list);
            return status;
        }
    }
    return mci_metadata_new(&list, out, err);
}

mc_status mc_metadata_build_run(const mc_metadata_job *job, mc_metadata **out,
                                mc_metadata_build *report, mc_error *err)
{
    source_kind kinds[N_MADE];
    size_t n_made = list_kinds(job, kinds);
    report->n_sources = 0;
    if (n_made + job->n_inputs == 0)
        return mc_fail(err, MC_E_ARG, "no sources: name WordNet's folder or a list");
    if (job->n_inputs > MC_MAX_SOURCES - n_made)
        return mc_fail(err, MC_E_ARG, "more than %d sources: merge them in steps", MC_MAX_SOURCES);
    builder b = { .job = job, .report = report };
    mc_status status = add_all(&b, kinds, n_made, err);
    if (status >= 0)
        status = finish(&b, out, err);
    for (size_t i = 0; i < report->n_sources; i++)
        mc_metadata_free(b.sources[i]);
    mci_entry_map_release(&b.map);
    mci_free(b.kept);
    return status;
}
