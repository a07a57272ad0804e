/* The stage that gives texts their entries; with a folder of lists, those of their language's. */
#include "base/alloc.h"
#include "curate/languages.h"
#include "curate/list_route.h"
#include "curate/stages.h"

/* ---- matchers ---- */

/* Of the n entries from `first` on; none of an empty list. */
static mc_status add_matcher(mci_match_stage *stage, const mc_metadata *metadata,
                             mc_match_rule rule, uint64_t first, uint64_t n, mc_error *err)
{
    mc_matcher **matcher = &stage->matchers[stage->n_matchers++];
    if (n == 0)
        return MC_OK;
    return mc_matcher_new_by_rule(rule, mc_metadata_entries(metadata) + first, n, matcher, err);
}

static mc_status add_matchers(mci_match_stage *stage, const mc_metadata *metadata,
                              mc_match_rule rule, mc_error *err)
{
    size_t n = stage->n_lists ? stage->n_lists : 1;
    stage->matchers = mci_alloc_zeroed(n, sizeof *stage->matchers);
    if (!stage->matchers)
        return mci_nomem(err, n * sizeof *stage->matchers);
    if (stage->n_lists == 0)
        return add_matcher(stage, metadata, rule, 0, mc_metadata_len(metadata), err);
    for (size_t i = 0; i < n; i++) {
        const mc_metadata_list *list = &stage->lists[i];
        MC_TRY(add_matcher(stage, metadata, rule, list->first_id, list->n_entries, err));
    }
    return MC_OK;
}

static mc_status check_metadata(const mc_metadata *metadata, bool has_lists, mc_match_rule rule,
                                mc_error *err)
{
    if (mc_metadata_len(metadata) == 0)
        return mc_fail(err, MC_E_ARG, "the metadata list is empty, so nothing can match");
    if (has_lists && rule != MC_RULE_WORLDWIDE)
        return mc_fail(err, MC_E_ARG,
                       "a folder of lists is matched by the worldwide rule; add --worldwide");
    return MC_OK;
}

mc_status mci_match_stage_open(const mc_metadata *metadata, mc_match_rule rule, unsigned n_workers,
                               mci_match_stage *out, mc_error *err)
{
    mci_match_stage stage = { .n_workers = n_workers };
    stage.n_lists = mc_metadata_lists(metadata, &stage.lists);
    MC_TRY(check_metadata(metadata, stage.n_lists > 0, rule, err));
    stage.scratches = mci_alloc_zeroed(n_workers, sizeof *stage.scratches);
    mc_status status = stage.scratches ? MC_OK : mci_nomem(err, n_workers);
    if (status >= 0)
        status = add_matchers(&stage, metadata, rule, err);
    for (unsigned i = 0; i < n_workers && status >= 0; i++)
        status = mc_match_scratch_new(&stage.scratches[i], err);
    if (status < 0)
        mci_match_stage_close(&stage);
    else
        *out = stage;
    return status;
}

void mci_match_stage_close(mci_match_stage *stage)
{
    for (unsigned i = 0; stage->scratches && i < stage->n_workers; i++)
        mc_match_scratch_free(stage->scratches[i]);
    for (size_t i = 0; i < stage->n_matchers; i++)
        mc_matcher_free(stage->matchers[i]);
    mci_free(stage->scratches);
    mci_free(stage->matchers);
    *stage = (mci_match_stage){ 0 };
}

/* ---- groups ---- */

/* While the texts of a batch are parted by list: a group for each, made when first needed. */
typedef struct {
    const mci_match_stage *stage;
    mci_batch *batch;
    unsigned worker;
    mci_match_taker *take;
    void *user;
    mci_text_group **groups;
} parting;

static mc_status match_group(const parting *p, size_t list, mc_error *err)
{
    static const size_t no_offsets[MCI_GROUP_TEXTS + 1];
    mci_text_group *group = p->groups[list];
    const mc_matcher *matcher = list < p->stage->n_matchers ? p->stage->matchers[list] : NULL;
    const size_t *offsets = no_offsets;
    const uint32_t *ids = NULL;
    if (matcher)
        MC_TRY(mc_match_batch(matcher, p->stage->scratches[p->worker], group->views, group->n,
                              &offsets, &ids, err));
    MC_TRY(p->take(p->user, p->batch, group, offsets, ids, err));
    group->n = 0;
    return MC_OK;
}

static mc_status group_of(const parting *p, size_t list, mci_text_group **out, mc_error *err)
{
    if (!p->groups[list]) {
        mci_text_group *group = mci_arena_alloc(&p->batch->arena, sizeof *group);
        if (!group)
            return mci_nomem(err, sizeof *group);
        group->n = 0;
        group->first_id = list < p->stage->n_lists ? (uint32_t)p->stage->lists[list].first_id : 0;
        p->groups[list] = group;
    }
    *out = p->groups[list];
    return MC_OK;
}

/* The last group is of those without a list. */
static size_t list_of(const mci_match_stage *stage, const mc_text *text)
{
    if (stage->n_lists == 0)
        return 0;
    int list = mci_list_of_language(stage->lists, stage->n_lists, text->lang);
    return list == MCI_NO_LIST ? stage->n_lists : (size_t)list;
}

static mc_status add_text(const parting *p, size_t record, mc_text *text, mc_error *err)
{
    size_t list = list_of(p->stage, text);
    mci_text_group *group = NULL;
    MC_TRY(group_of(p, list, &group, err));
    group->texts[group->n] = text;
    group->records[group->n] = record;
    group->views[group->n++] = text->text;
    return group->n == MCI_GROUP_TEXTS ? match_group(p, list, err) : MC_OK;
}

mc_status mci_match_groups(const mci_match_stage *stage, mci_batch *batch, unsigned worker,
                           mci_match_taker *take, void *user, mc_error *err)
{
    size_t n_groups = stage->n_matchers + 1;
    parting p = { stage, batch, worker, take, user, NULL };
    p.groups = mci_arena_alloc(&batch->arena, n_groups * sizeof *p.groups);
    if (!p.groups)
        return mci_nomem(err, n_groups * sizeof *p.groups);
    memset(p.groups, 0, n_groups * sizeof *p.groups);
    for (size_t i = 0; i < batch->list.n; i++)
        for (size_t j = 0; j < batch->list.records[i].n_texts; j++)
            MC_TRY(add_text(&p, i, &batch->list.records[i].texts[j], err));
    for (size_t list = 0; list < n_groups; list++)
        if (p.groups[list] && p.groups[list]->n > 0)
            MC_TRY(match_group(&p, list, err));
    return MC_OK;
}

/* ---- the stage ---- */

static mc_status give_entries(void *user, mci_batch *batch, const mci_text_group *group,
                              const size_t *offsets, const uint32_t *ids, mc_error *err)
{
    (void)user;
    size_t n_ids = offsets[group->n];
    uint32_t *copy = mci_arena_alloc(&batch->arena, n_ids * sizeof *copy);
    if (!copy)
        return mci_nomem(err, n_ids * sizeof *copy);
    for (size_t i = 0; i < n_ids; i++)
        copy[i] = ids[i] + group->first_id;
    for (size_t i = 0; i < group->n; i++) {
        mc_text *text = group->texts[i];
        batch->n.entries_replaced += text->is_matched;
        text->is_matched = true;
        text->entries = copy + offsets[i];
        text->n_entries = offsets[i + 1] - offsets[i];
    }
    batch->n.matches += n_ids;
    return MC_OK;
}

static mc_status has_list(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                          bool *keeps, mc_error *err)
{
    const mci_match_stage *stage = user;
    (void)record, (void)err;
    *keeps = mci_list_of_language(stage->lists, stage->n_lists, text->lang) != MCI_NO_LIST;
    batch->n.pairs_other_language += !*keeps;
    if (!*keeps)
        mci_language_uncount(&batch->languages, text->lang);
    return MC_OK;
}

static mc_status has_entries(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                             bool *keeps, mc_error *err)
{
    (void)user, (void)record, (void)err;
    *keeps = text->n_entries > 0;
    batch->n.pairs_unmatched += !*keeps;
    return MC_OK;
}

mc_status mci_match_batch(const mci_match_stage *stage, mci_batch *batch, unsigned worker,
                          mc_error *err)
{
    if (stage->n_lists > 0)
        MC_TRY(mci_filter_batch(has_list, (void *)stage, batch, &batch->n.records_other_language,
                                err));
    MC_TRY(mci_match_groups(stage, batch, worker, give_entries, NULL, err));
    return mci_filter_batch(has_entries, NULL, batch, &batch->n.records_unmatched, err);
}
