/* The counters of a packing, in all their forms. None holds a time: equal inputs, equal bytes. */
#include "base/json_text.h"
#include "curate/pack_internal.h"
#include "io/output.h"

void mci_pack_counters_add(mc_pack_counters *to, const mc_pack_counters *more)
{
#define X(name, text) to->name += more->name;
    MC_PACK_COUNTERS(X)
#undef X
}

static mc_status add_counter(mci_buf *out, const char *name, uint64_t value, mc_error *err)
{
    MC_TRY(mci_buf_printf(out, err, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", name));
    return mci_json_add_u64(out, value, err);
}

mc_status mci_pack_counters_json(const mc_pack_counters *n, bool of_shard, mci_buf *out,
                                 mc_error *err)
{
#define X(name, text) MC_TRY(add_counter(out, #name, n->name, err));
    if (!of_shard) {
        MC_PACK_COUNTERS(X)
        return MC_OK;
    }
    MC_PACK_SHARD_COUNTERS(X)
#undef X
    return MC_OK;
}

void mci_pack_counters_read(mci_json_value object, mc_pack_counters *n)
{
    mci_json_value member;
#define X(name, text)                         \
    if (mci_json_get(object, #name, &member)) \
        mci_json_u64(member, &n->name);
    MC_PACK_COUNTERS(X)
#undef X
}

/* ---- the folder's two files ---- */

static mc_status add_row(mci_buf *out, size_t shard, const mc_pack_counters *n, mc_error *err)
{
    MC_TRY(mci_buf_printf(out, err, "%05zu", shard));
#define X(name, text)                    \
    MC_TRY(mci_buf_byte(out, ',', err)); \
    MC_TRY(mci_json_add_u64(out, n->name, err));
    MC_PACK_SHARD_COUNTERS(X)
#undef X
    return mci_buf_byte(out, '\n', err);
}

static mc_status add_table(mci_buf *out, const mc_pack_counters *shards, size_t n, mc_error *err)
{
#define X(name, text) "," #name
    MC_TRY(mci_buf_add(out, mc_str_of("shard" MC_PACK_SHARD_COUNTERS(X) "\n"), err));
#undef X
    for (size_t i = 0; i < n; i++)
        MC_TRY(add_row(out, i, &shards[i], err));
    return MC_OK;
}

static mc_status add_sums(mci_buf *out, const mc_pack_counters *sum, mc_error *err)
{
    MC_TRY(mci_buf_add(out, mc_str_of("{"), err));
    MC_TRY(mci_pack_counters_json(sum, false, out, err));
    return mci_buf_add(out, mc_str_of("}\n"), err);
}

static mc_status save(const char *dir, const char *name, mci_buf *path, const mci_buf *text,
                      mc_error *err)
{
    mci_buf_clear(path);
    MC_TRY(mci_buf_printf(path, err, "%s/%s", dir, name));
    return mci_output_file(path->data, mci_buf_str(text), err);
}

mc_status mci_pack_stats_save(const mc_pack_job *job, const mc_pack_counters *shards, size_t n,
                              const mc_pack_counters *sum, mc_error *err)
{
    mci_buf path = { 0 }, text = { 0 };
    mc_status status = add_table(&text, shards, n, err);
    if (status >= 0)
        status = save(job->out_dir, "stats.csv", &path, &text, err);
    mci_buf_clear(&text);
    if (status >= 0)
        status = add_sums(&text, sum, err);
    if (status >= 0) /* the last of all: a folder that has it is finished */
        status = save(job->out_dir, "stats.json", &path, &text, err);
    mci_buf_release(&path);
    mci_buf_release(&text);
    return status;
}

/* ---- the summary ---- */

static mc_status add_summary(mci_buf *out, const mc_pack_summary *summary, mc_error *err)
{
    mc_summary carrier = { .n_problems = summary->n_problems };
    memcpy(carrier.problems, summary->problems, sizeof carrier.problems);
    MC_TRY(mci_buf_printf(out, err, "{\"tool\":\"metaclip %s\"", METACLIP_VERSION));
    MC_TRY(mci_pack_counters_json(&summary->n, false, out, err));
    MC_TRY(mci_buf_add(out, mc_str_of(",\"problems\":"), err));
    MC_TRY(mci_problems_json(&carrier, out, err));
    MC_TRY(mci_buf_printf(out, err, ",\"seconds\":%.3f}", summary->seconds));
    return mci_buf_terminate(out, err);
}

mc_status mc_pack_summary_json(const mc_pack_summary *summary, char **out, mc_error *err)
{
    mci_buf json = { 0 };
    mc_status status = add_summary(&json, summary, err);
    if (status < 0)
        mci_buf_release(&json);
    else
        *out = json.data;
    return status;
}
