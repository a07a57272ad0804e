/* The pairs of a finished tar as Parquet: what the reader of tars finds in it, so that the table
 * says what everybody will read. Images are passed over without being read. */
#include "base/alloc.h"
#include "curate/pack_internal.h"
#include "curate/records.h"
#include "curate/shards.h"

/* A sample's line is made of a caption, perhaps many texts, and what else was in its .json: all of
 * it is held by limits of its own. */
#define MAX_LINE_BYTES ((uint64_t)1 << 40)

typedef struct {
    mci_parquet_out *table;
    mci_source *source;
    mci_record_parser *parser;
    mci_record_list list;
    mci_arena arena;
    mci_shard shard;
} copying;

static mc_status copy_records(copying *c, uint64_t n_records, mc_error *err)
{
    uint64_t n = 0, n_passed_over = 0;
    mc_counters counters = { 0 };
    for (;; n++) {
        mci_item item;
        mc_status status = mci_source_next(c->source, &item, &n_passed_over, err);
        if (status == MC_END)
            break;
        mci_arena_reset(&c->arena);
        c->list.n = 0;
        if (status == MC_OK)
            status =
                mci_parse_item(c->parser, &item, &c->shard, n, &c->arena, &c->list, &counters, err);
        if (status != MC_OK)
            return status < 0 ? status : mc_add_context(err, MC_E_FORMAT, "reading it again");
        for (size_t i = 0; i < c->list.n; i++)
            MC_TRY(mci_parquet_out_add(c->table, &c->list.records[i], err));
    }
    if (n == n_records)
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "reading it again: %llu samples were packed, %llu are found",
                   (unsigned long long)n_records, (unsigned long long)n);
}

mc_status mci_pack_parquet(mci_parquet_out *table, const char *tar_path, uint64_t n_records,
                           mc_error *err)
{
    copying c = { .table = table };
    const char *slash = strrchr(tar_path, '/');
    c.shard.name = mci_shard_name(mc_str_of(slash ? slash + 1 : tar_path));
    mc_status status = mci_source_open(tar_path, MAX_LINE_BYTES, &c.source, err);
    if (status >= 0)
        status = mci_record_parser_new(&(mci_record_options){ .max_body_bytes = MAX_LINE_BYTES },
                                       &c.parser, err);
    if (status >= 0 && n_records > 0)
        status = copy_records(&c, n_records, err);
    mci_source_close(c.source);
    mci_record_parser_free(c.parser);
    mci_arena_release(&c.arena);
    mci_free(c.list.records);
    return status < 0 ? mc_add_context(err, status, "%s", tar_path) : MC_OK;
}
