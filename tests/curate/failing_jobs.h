/* The jobs whose allocations test_out_of_memory.c lets fail: each on the files of one fixture. */
#ifndef METACLIP_TESTS_FAILING_JOBS_H
#define METACLIP_TESTS_FAILING_JOBS_H

#include "base/buf.h"
#include "base/hash.h"
#include "metaclip/metaclip.h"

#include "curate/small_pool.h"

typedef struct {
    scratch *s;
    unsigned n_threads;
    char in[3][128], rows[3][128], list[128], text_list[128], matched[128], counts[128], card[128],
        images[128], run[128], uids[128], out[128], out_card[128], out_gz[128], state[128],
        block[2][128], lists[128];
    const char *inputs[3];
} fixture;

typedef mc_status run_job(const fixture *f, mc_error *err);

static mc_pool pool_of(const fixture *f, const char *const *inputs, size_t n)
{
    return (mc_pool){ .inputs = inputs, .n_inputs = n, .n_threads = f->n_threads };
}

static mc_status load_list(const fixture *f, const char *path, mc_error *err)
{
    mc_metadata *list = NULL;
    mc_status status = mc_metadata_load(path, &list, err);
    if (status >= 0)
        status = mc_metadata_save(list, f->out, err);
    mc_metadata_free(list);
    return status;
}

static mc_status load_json_list(const fixture *f, mc_error *err)
{
    return load_list(f, f->list, err);
}

static mc_status load_text_list(const fixture *f, mc_error *err)
{
    return load_list(f, f->text_list, err);
}

static mc_status build_list(const fixture *f, mc_error *err)
{
    const char *inputs[] = { f->list, f->text_list };
    mc_metadata_job job = { .wordnet_dir = f->s->dir, .inputs = inputs, .n_inputs = 2 };
    mc_metadata *list = NULL;
    mc_metadata_build report;
    mc_metadata_report check;
    mc_status status = mc_metadata_build_run(&job, &list, &report, err);
    if (status >= 0)
        status = mc_metadata_check(list, &check, err);
    if (status >= 0)
        status = mc_metadata_save(list, f->out, err);
    mc_metadata_free(list);
    return status;
}

static mc_status extract(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    mc_extract_job job = { .pool = pool_of(f, f->inputs, 3), .out_path = f->out_gz };
    return mc_extract_run(&job, &summary, err);
}

static mc_status extract_rows(const fixture *f, mc_error *err)
{
    const char *inputs[] = { f->rows[0], f->rows[1], f->rows[2] };
    mc_summary summary = { 0 };
    mc_extract_job job = { .pool = pool_of(f, inputs, 3), .out_path = f->out_gz };
    return mc_extract_run(&job, &summary, err);
}

/* A pruned fastText model with all that such a one has. */
static mc_status extract_by_model(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    mc_extract_job job = { .pool = pool_of(f, f->inputs, 3), .out_path = f->out_gz };
    job.pool.languages = "en,de,fr,es,ru,zh,ja,und";
    job.pool.lid_model = test_path("METACLIP_TEST_DATA", "fasttext/tree.ftz");
    return mc_extract_run(&job, &summary, err);
}

/* The first batch fills the memory, the others wait on disk. */
static mc_status extract_spilling(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    mc_extract_job job = { .pool = pool_of(f, f->inputs, 3),
                           .out_path = f->out_gz,
                           .dedup_memory = 1 };
    return mc_extract_run(&job, &summary, err);
}

static mc_status extract_the_rest(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    mc_extract_job job = { .pool = pool_of(f, f->inputs, 3),
                           .out_path = f->out_gz,
                           .state_dir = f->state };
    return mc_extract_run(&job, &summary, err);
}

static mc_status match(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    mc_match_job job = { .pool = pool_of(f, f->inputs, 3),
                         .metadata_path = f->list,
                         .out_path = f->out };
    return mc_match_run(&job, &summary, err);
}

static mc_status match_blocked(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    char *json = NULL;
    const char *block[] = { f->block[0], f->block[1] };
    mc_match_job job = { .pool = pool_of(f, f->inputs, 3),
                         .metadata_path = f->list,
                         .out_path = f->out,
                         .block_paths = block,
                         .n_block_paths = 2 };
    job.pool.keep_page_url = job.pool.keep_source = true;
    MC_TRY(mc_match_run(&job, &summary, err));
    assert_int_equal(summary.n.records_blocked, 4);
    assert_true(summary.n.records_kept > 0);
    mc_status status = mc_summary_json(&summary, &json, err);
    mc_free(json);
    return status;
}

static mc_status count(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    const char *input = f->matched;
    mc_count_job job = { pool_of(f, &input, 1), f->list, f->out };
    return mc_count_run(&job, &summary, err);
}

static mc_status balance(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    const char *input = f->matched;
    mc_balance_job job = { .pool = pool_of(f, &input, 1),
                           .metadata_path = f->list,
                           .counts_path = f->counts,
                           .t = 2,
                           .tail_ratio = -1,
                           .out_path = f->out,
                           .card_path = f->out_card };
    return mc_balance_run(&job, &summary, err);
}

static mc_status balance_one_text(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    const char *input = f->matched;
    mc_balance_job job = { .pool = pool_of(f, &input, 1),
                           .counts_path = f->counts,
                           .target = 1,
                           .tail_ratio = -1,
                           .out_path = f->out,
                           .one_text = true };
    return mc_balance_run(&job, &summary, err);
}

static mc_status plan(const fixture *f, mc_error *err)
{
    mc_plan found = { 0 };
    mc_summary summary = { 0 };
    const char *input = f->matched;
    mc_balance_job job = { .pool = pool_of(f, &input, 1),
                           .metadata_path = f->list,
                           .counts_path = f->counts,
                           .target = 2,
                           .tail_ratio = -1 };
    return mc_plan_run(&job, &found, &summary, err);
}

static mc_status make_card(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    const char *input = f->matched;
    mc_card_job job = { .pool = pool_of(f, &input, 1),
                        .metadata_path = f->list,
                        .curated_inputs = &input,
                        .n_curated_inputs = 1,
                        .t = 2,
                        .out_path = f->out };
    return mc_card_run(&job, &summary, err);
}

static mc_status compare_cards(const fixture *f, mc_error *err)
{
    mc_card a = { 0 }, b = { 0 };
    mc_card_difference difference;
    mc_status status = mc_card_load(f->card, &a, err);
    if (status >= 0)
        status = mc_card_load(f->card, &b, err);
    if (status >= 0)
        status = mc_card_compare(&a, &b, &difference, err);
    mc_card_release(&a);
    mc_card_release(&b);
    return status;
}

static mc_status tell(const fixture *f, mc_error *err)
{
    const char *paths[] = { f->list,      f->text_list, f->inputs[0], f->inputs[1],
                            f->inputs[2], f->matched,   f->counts,    f->card };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        mc_info info;
        MC_TRY(mc_info_read(paths[i], &info, err));
    }
    return MC_OK;
}

static mc_status curate(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    char *json = NULL;
    mc_curate_job job = { .pool = pool_of(f, f->inputs, 2),
                          .metadata_path = f->list,
                          .out_dir = f->out,
                          .target = 1,
                          .tail_ratio = -1 };
    MC_TRY(mc_curate_run(&job, &summary, err));
    mc_status status = mc_summary_json(&summary, &json, err);
    mc_free(json);
    return status;
}

static mc_status curate_the_rest(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    const char *block[] = { f->block[0], f->block[1] };
    mc_curate_job job = { .pool = pool_of(f, f->inputs, 2),
                          .metadata_path = f->list,
                          .out_dir = f->out,
                          .t = 2,
                          .tail_ratio = -1,
                          .state_dir = f->state,
                          .block_paths = block,
                          .n_block_paths = 2,
                          .one_text = true };
    return mc_curate_run(&job, &summary, err);
}

static mc_status verify_by_language(const fixture *f, mc_error *err)
{
    mc_verification verified;
    mc_verify_job check = { .dir = f->out, .metadata_path = f->lists, .n_threads = f->n_threads };
    MC_TRY(mc_verify_run(&check, &verified, err));
    assert_int_equal(verified.n_findings, 0);
    return MC_OK;
}

/* With a list for each language, and looked at afterwards. */
static mc_status curate_by_language(const fixture *f, mc_error *err)
{
    mc_summary summary = { 0 };
    mc_curate_job job = { .pool = pool_of(f, f->inputs, 2),
                          .metadata_path = f->lists,
                          .rule = MC_RULE_WORLDWIDE,
                          .out_dir = f->out,
                          .tail_ratio = 0.5 };
    mc_status status = mc_curate_run(&job, &summary, err);
    if (status == MC_OK)
        assert_true(summary.n.pairs_kept > 0);
    mc_summary_release(&summary);
    return status == MC_OK ? verify_by_language(f, err) : status;
}

static mc_status pack(const fixture *f, mc_error *err)
{
    mc_pack_summary summary = { 0 };
    char table[160], *json = NULL;
    const char *input = f->images;
    snprintf(table, sizeof table, "%s/t.csv", f->images);
    mc_pack_job job = {
        .pool = pool_of(f, &input, 1), .table_path = table, .out_dir = f->out, .samples = 2
    };
    MC_TRY(mc_pack_run(&job, &summary, err));
    assert_int_equal(summary.n.images_packed, 3);
    mc_status status = mc_pack_summary_json(&summary, &json, err);
    mc_free(json);
    return status;
}

static mc_status export_to(const fixture *f, mc_export_form form, const char *input,
                           const char *output, mc_error *err)
{
    mc_export done = { 0 };
    const char *run = f->run;
    mc_export_job job = { .pool = pool_of(f, &input, 1),
                          .form = form,
                          .out_path = output,
                          .skip_others = true,
                          .sort_memory = 1 };
    if (form == MC_EXPORT_TAR) {
        job.curated_inputs = &run;
        job.n_curated_inputs = 1;
    }
    return mc_export_run(&job, &done, err);
}

static mc_status export_uuids(const fixture *f, mc_error *err)
{
    return export_to(f, MC_EXPORT_UUIDS, f->run, f->out_gz, err);
}

static mc_status export_uids(const fixture *f, mc_error *err)
{
    return export_to(f, MC_EXPORT_DATACOMP, f->uids, f->out, err);
}

static mc_status export_pairs(const fixture *f, mc_error *err)
{
    return export_to(f, MC_EXPORT_PAIRS, f->run, f->out, err);
}

static mc_status export_index(const fixture *f, mc_error *err)
{
    return export_to(f, MC_EXPORT_INVERTED, f->run, f->out, err);
}

static mc_status export_subset(const fixture *f, mc_error *err)
{
    return export_to(f, MC_EXPORT_SUBSET, f->run, f->out, err);
}

static mc_status export_tar(const fixture *f, mc_error *err)
{
    return export_to(f, MC_EXPORT_TAR, f->rows[2], f->out, err);
}

#endif
