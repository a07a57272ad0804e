/* The summary for programs: one JSON object. */
#include "base/alloc.h"
#include "base/json_text.h"
#include "curate/card.h"
#include "curate/languages.h"
#include "curate/problems.h"

static mc_status add_name(mci_buf *out, const char *name, mc_error *err)
{
    return mci_buf_printf(out, err, "%s\"%s\":", out->len > 1 ? "," : "", name);
}

static mc_status add_u64(mci_buf *out, const char *name, uint64_t value, mc_error *err)
{
    MC_TRY(add_name(out, name, err));
    return mci_json_add_u64(out, value, err);
}

static mc_status add_counters(mci_buf *out, const mc_counters *n, mc_error *err)
{
#define X(name, text) MC_TRY(add_u64(out, #name, n->name, err));
    MC_COUNTERS(X)
#undef X
    return MC_OK;
}

static mc_status add_draw(mci_buf *out, const mc_summary *summary, mc_error *err)
{
    const mc_count_shape *shape = &summary->shape;
    MC_TRY(add_u64(out, "t", summary->t, err));
    MC_TRY(add_u64(out, "seed", summary->seed, err));
    MC_TRY(add_u64(out, "entries_head", shape->n_head, err));
    MC_TRY(add_u64(out, "entries_tail", shape->n_tail, err));
    MC_TRY(add_u64(out, "entries_never_matched", shape->n_zero, err));
    MC_TRY(add_u64(out, "pool_matches", shape->n_matches, err));
    MC_TRY(add_u64(out, "tail_matches", shape->n_tail_matches, err));
    MC_TRY(mci_buf_printf(out, err, ",\"tail_ratio\":%.17g", shape->tail_ratio));
    return mci_buf_printf(out, err, ",\"expected_pairs\":%.3f", summary->expected_pairs);
}

static mc_status add_block_list(mci_buf *out, const mc_summary *summary, mc_error *err)
{
    MC_TRY(mci_buf_printf(out, err, ",\"block_sha256\":\"%s\"", summary->block.sha256));
    MC_TRY(add_u64(out, "block_uuids", summary->block.n_uuids, err));
    MC_TRY(add_u64(out, "block_urls", summary->block.n_urls, err));
    return add_u64(out, "block_hosts", summary->block.n_hosts, err);
}

static mc_status add_languages(mci_buf *out, const mc_summary *summary, mc_error *err)
{
    MC_TRY(add_name(out, "identified_by", err));
    MC_TRY(mci_json_add_string(out, mc_str_of(summary->identified_by), err));
    MC_TRY(add_name(out, "by_language", err));
    return mci_language_counts_write(&summary->languages, out, err);
}

static mc_status add_all(mci_buf *out, const mc_summary *summary, mc_error *err)
{
    MC_TRY(mci_buf_byte(out, '{', err));
    MC_TRY(mci_buf_printf(out, err, "\"tool\":\"metaclip %s\"", METACLIP_VERSION));
    MC_TRY(add_counters(out, &summary->n, err));
    if (summary->metadata_sha256[0]) {
        MC_TRY(mci_buf_printf(out, err, ",\"metadata_sha256\":\"%s\"", summary->metadata_sha256));
        MC_TRY(add_u64(out, "entries", summary->n_entries, err));
    }
    if (summary->block.sha256[0])
        MC_TRY(add_block_list(out, summary, err));
    if (summary->identified_by[0])
        MC_TRY(add_languages(out, summary, err));
    if (summary->t)
        MC_TRY(add_draw(out, summary, err));
    if (summary->n_lists) {
        MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(mci_card_lists_format(out, summary->lists, summary->n_lists, ",", err));
    }
    MC_TRY(add_name(out, "problems", err));
    MC_TRY(mci_problems_json(summary, out, err));
    MC_TRY(mci_buf_printf(out, err, ",\"seconds\":%.3f}", summary->seconds));
    return mci_buf_terminate(out, err);
}

mc_status mc_summary_json(const mc_summary *summary, char **out, mc_error *err)
{
    mci_buf json = { 0 };
    mc_status status = add_all(&json, summary, err);
    if (status < 0)
        mci_buf_release(&json);
    else
        *out = json.data;
    return status;
}

void mc_summary_release(mc_summary *summary)
{
    mci_free(summary->lists);
    summary->lists = NULL;
    summary->n_lists = 0;
}
