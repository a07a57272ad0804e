/* Building a list from its sources: in order, first seen first. */
#include <stdio.h>

#include "base/alloc.h"
#include "curate/entry_map.h"
#include "curate/metadata.h"
#include "curate/wordnet.h"

typedef struct {
    const mc_metadata_job *job;
    mc_metadata_build *report;
    mc_metadata *sources[MC_MAX_SOURCES]; /* kept: `kept` points into them */
    mc_str *kept;
    size_t n_kept, cap_kept;
    mci_entry_map map;
} builder;

/* Neither can be a useful entry: every second text would match. */
static bool is_dropped(mc_str entry)
{
    unsigned char c = entry.len == 1 ? (unsigned char)entry.data[0] : 0;
    return entry.len == 0 || (c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') &&
                              !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'));
}

static mc_status add_entry(builder *b, mc_str entry, mc_metadata_source *source, mc_error *err)
{
    source->n_read++;
    if (is_dropped(entry)) {
        source->n_dropped++;
        return MC_OK;
    }
    if (b->n_kept == UINT32_MAX - 1)
        return mc_fail(err, MC_E_LIMIT, "the list has more than %zu entries", b->n_kept);
    void *kept = b->kept;
    MC_TRY(mci_grow(&kept, &b->cap_kept, b->n_kept + 1, sizeof *b->kept, err));
    b->kept = kept;
    b->kept[b->n_kept] = entry;
    uint32_t id = (uint32_t)b->n_kept, first;
    MC_TRY(mci_entry_map_add(&b->map, b->kept, id, &first, err));
    if (first == id) {
        source->n_added++;
        b->n_kept++;
    } else {
        source->n_duplicate++;
    }
    return MC_OK;
}

static void tell_progress(const builder *b)
{
    const mc_hooks *hooks = &b->job->hooks;
    mc_progress progress = { .phase = "build",
                             .n_shards_done = b->report->n_sources,
                             .n_shards = b->job->n_inputs + (b->job->wordnet_dir ? 2 : 0) };
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
}

/* Takes the source over. */
static mc_status add_source(builder *b, const char *name, mc_metadata *metadata, mc_error *err)
{
    mc_metadata_source *source = &b->report->sources[b->report->n_sources];
    *source = (mc_metadata_source){ 0 };
    snprintf(source->source, sizeof source->source, "%s", name);
    b->sources[b->report->n_sources++] = metadata;
    for (size_t i = 0; i < mc_metadata_len(metadata); i++)
        MC_TRY(add_entry(b, mc_metadata_entry(metadata, i), source, err));
    tell_progress(b);
    return MC_OK;
}

static mc_status add_numbers(builder *b, mc_error *err)
{
    mci_entry_list list = { 0 };
    mc_metadata *numbers = NULL;
    mc_status status = MC_OK;
    for (int i = 0; i < 100 && status >= 0; i++) {
        char digits[12];
        snprintf(digits, sizeof digits, "%d", i);
        status = mci_entry_list_add(&list, mc_str_of(digits), err);
    }
    if (status >= 0)
        status = mci_metadata_new(&list, &numbers, err);
    mci_entry_list_release(&list);
    return status < 0 ? status : add_source(b, "numbers 0 to 99", numbers, err);
}

static mc_status add_wordnet(builder *b, const char *folder, mc_error *err)
{
    mci_entry_list list = { 0 };
    mc_metadata *wordnet = NULL;
    mc_status status = mci_wordnet_add(&list, folder, err);
    if (status >= 0)
        status = mci_metadata_new(&list, &wordnet, err);
    mci_entry_list_release(&list);
    return status < 0 ? status : add_source(b, "WordNet", wordnet, err);
}

static mc_status add_all(builder *b, mc_error *err)
{
    const mc_metadata_job *job = b->job;
    if (job->wordnet_dir) {
        MC_TRY(add_numbers(b, err));
        MC_TRY(add_wordnet(b, job->wordnet_dir, err));
    }
    for (size_t i = 0; i < job->n_inputs; i++) {
        mc_metadata *input = NULL;
        MC_TRY(mc_metadata_load(job->inputs[i], &input, err));
        MC_TRY(add_source(b, job->inputs[i], input, err));
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
    size_t n_made = job->wordnet_dir ? 2 : 0;
    report->n_sources = 0;
    if (n_made + job->n_inputs == 0)
        return mc_fail(err, MC_E_ARG, "no sources: name WordNet's folder or a list");
    if (job->n_inputs > MC_MAX_SOURCES - n_made)
        return mc_fail(err, MC_E_ARG, "more than %d sources: merge them in steps", MC_MAX_SOURCES);
    builder b = { .job = job, .report = report };
    mc_status status = add_all(&b, err);
    if (status >= 0)
        status = finish(&b, out, err);
    for (size_t i = 0; i < report->n_sources; i++)
        mc_metadata_free(b.sources[i]);
    mci_entry_map_release(&b.map);
    mci_free(b.kept);
    return status;
}
