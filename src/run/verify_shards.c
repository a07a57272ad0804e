/* The files of pairs: what is in matched/ is counted and drawn again, and what is drawn must be
 * what lies in curated/. */
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/threads.h"
#include "curate/languages.h"
#include "curate/stages.h"
#include "run/verify_internal.h"
#include "run/verify_lines.h"
#include "run/verify_rows.h"

typedef struct {
    mci_verify *v;
    bool with_draws;
    const char *phase;
    unsigned n_workers, n_threads_each; /* shards at a time, threads on each */
    mc_balancer *balancer;
    mci_match_stage matching; /* with metadata */
    mci_count_stage matched, drawn;
    mci_key_set pairs;    /* with --duplicates */
    pthread_mutex_t lock; /* guards the sums of v, pairs and the progress */
    uint64_t done_bytes, n_done;
} verify_pass;

typedef struct {
    verify_pass *pass;
    size_t shard;
    unsigned worker;
    mci_buf matched_path, curated_path;
    const char *matched, *curated; /* of these, what is shown: without OUT */
    mci_line_check *lines;         /* NULL: there is no file to compare with */
    uint64_t n_found;
    mc_summary summary; /* of the flow */
} shard_check;

/* What a thread that works on a batch has for the one that drains it, in order. */
typedef enum { NOTE_NO_IDS, NOTE_FAR_ID, NOTE_WRONG_IDS, NOTE_PAIR, NOTE_LISTED } note_kind;

typedef struct {
    note_kind kind;
    uint32_t number; /* of the text in the record; the id that is too large */
    size_t record;
    mci_hash128 key; /* of a pair, of a listed uuid */
} note;

static mc_status add_note(mci_batch *batch, note n, mc_error *err)
{
    return mci_buf_append(&batch->extra, &n, sizeof n, err);
}

/* ---- work: any thread ---- */

/* Drops texts without ids, or with ids that the list does not have, and notes them. */
static mc_status check_ids(void *user, mci_batch *batch, const mc_record *record, mc_text *text,
                           bool *keeps, mc_error *err)
{
    const shard_check *check = user;
    uint64_t n_entries = check->pass->v->n_entries;
    note n = { .kind = NOTE_NO_IDS, .record = (size_t)(record - batch->list.records) };
    n.number = (uint32_t)(text - record->texts);
    *keeps = text->is_matched && text->n_entries > 0;
    if (*keeps && text->entries[text->n_entries - 1] >= n_entries) {
        n.kind = NOTE_FAR_ID;
        n.number = text->entries[text->n_entries - 1];
        *keeps = false;
    }
    return *keeps ? MC_OK : add_note(batch, n, err);
}

/* Whether ids[from] up to, but without, ids[to] are the text's. */
static bool has_ids(const mc_text *text, const uint32_t *ids, size_t from, size_t to,
                    uint32_t first_id)
{
    size_t i = 0, n = to - from;
    while (i < n && i < text->n_entries && text->entries[i] == ids[from + i] + first_id)
        i++;
    return i == n && n == text->n_entries;
}

/* Compares what matches the group with the ids that are there. */
static mc_status check_group(void *user, mci_batch *batch, const mci_text_group *group,
                             const size_t *offsets, const uint32_t *ids, mc_error *err)
{
    (void)user;
    for (size_t i = 0; i < group->n; i++) {
        size_t record = group->records[i];
        const mc_text *text = group->texts[i];
        if (has_ids(text, ids, offsets[i], offsets[i + 1], group->first_id))
            continue;
        uint32_t number = (uint32_t)(text - batch->list.records[record].texts);
        MC_TRY(add_note(batch, (note){ NOTE_WRONG_IDS, number, record, { 0, 0 } }, err));
    }
    return MC_OK;
}

static mc_status note_pairs(mci_batch *batch, mc_error *err)
{
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        for (size_t j = 0; j < record->n_texts; j++) {
            note n = { NOTE_PAIR, (uint32_t)j, i, { 0, 0 } };
            n.key = mci_hash128_pair(record->uuid, record->texts[j].text);
            MC_TRY(add_note(batch, n, err));
        }
    }
    return MC_OK;
}

/* The choice of texts in this shard alone, of which it is a flow. */
typedef struct {
    const mci_choice_lists *all;
    size_t index; /* of the shard among those listed */
} shard_choices;

static mc_status choices_of_shard(void *user, size_t shard, mci_buf *path, mc_error *err)
{
    (void)shard;
    const shard_choices *of = user;
    return of->all->list_path(of->all->user, of->index, path, err);
}

/* Sets *of, which *lists goes on pointing at; gives NULL if all texts go to the trial. */
static const mci_choice_lists *choices_of(const shard_check *check, const mci_one_text *one,
                                          shard_choices *of, mci_choice_lists *lists)
{
    if (!one)
        return NULL;
    of->all = mci_one_text_lists(one);
    of->index = check->pass->v->inputs[check->shard].matched_index;
    *lists = (mci_choice_lists){ choices_of_shard, of, of->all->made_from };
    return lists;
}

/* Whether the list's t and seed draw a text of the record. */
static mc_status is_listed_draw(const mci_uuid_list *list, mci_choice_cursor *choices,
                                const mc_record *record, bool *out, mc_error *err)
{
    *out = false;
    for (size_t j = 0; j < record->n_texts; j++) {
        const mc_text *text = &record->texts[j];
        double probability;
        bool is_chosen = mci_choices_next(choices).is_chosen;
        MC_TRY(
            mc_keep_probability(list->balancer, text->entries, text->n_entries, &probability, err));
        *out |= is_chosen && mc_draw(record->uuid, text->text, list->seed) < probability;
    }
    return MC_OK;
}

static mc_status note_draws(const mci_uuid_list *list, mci_choice_cursor *choices, mci_batch *batch,
                            mc_error *err)
{
    for (size_t i = 0; i < batch->list.n; i++) {
        bool is_drawn;
        MC_TRY(is_listed_draw(list, choices, &batch->list.records[i], &is_drawn, err));
        note n = { .kind = NOTE_LISTED, .record = i };
        if (!is_drawn)
            continue;
        n.key = mci_uuid_key(batch->list.records[i].uuid);
        MC_TRY(add_note(batch, n, err));
    }
    return MC_OK;
}

static mc_status note_listed(const shard_check *check, mci_batch *batch, mc_error *err)
{
    const mci_verify *v = check->pass->v;
    shard_choices of;
    mci_choice_lists lists;
    mci_choice_cursor choices;
    MC_TRY(
        mci_choices_begin(choices_of(check, v->list_text ? v->list_text : v->one_text, &of, &lists),
                          batch, &choices, err));
    mc_status status = note_draws(&v->list, &choices, batch, err);
    mci_choices_end(&choices);
    return status;
}

static mc_status draw(const shard_check *check, mci_batch *batch, mc_error *err)
{
    const mci_verify *v = check->pass->v;
    shard_choices of;
    mci_choice_lists lists;
    mci_drawing drawing = { check->pass->balancer, v->seed,
                            choices_of(check, v->one_text, &of, &lists) };
    return mci_draw_batch(&drawing, batch, err);
}

static void count_languages(mci_batch *batch)
{
    for (size_t i = 0; i < batch->list.n; i++)
        for (size_t j = 0; j < batch->list.records[i].n_texts; j++)
            mci_language_count(&batch->languages, batch->list.records[i].texts[j].lang, true);
}

static mc_status verify_work(void *user, mci_batch *batch, unsigned thread, mc_error *err)
{
    shard_check *check = user;
    verify_pass *pass = check->pass;
    mci_verify *v = pass->v;
    unsigned scratch = check->worker * pass->n_threads_each + thread;
    uint64_t n_emptied = 0;
    MC_TRY(mci_filter_batch(check_ids, check, batch, &n_emptied, err));
    MC_TRY(mci_count_batch(&pass->matched, batch, scratch, err));
    if (!pass->with_draws)
        return MC_OK;
    if (v->summary.has_languages)
        count_languages(batch);
    if (pass->matching.n_matchers)
        MC_TRY(mci_match_groups(&pass->matching, batch, scratch, check_group, NULL, err));
    if (v->job->duplicates && !v->options.keep_duplicates)
        MC_TRY(note_pairs(batch, err));
    if (v->list.path)
        MC_TRY(note_listed(check, batch, err));
    MC_TRY(draw(check, batch, err));
    MC_TRY(mci_count_batch(&pass->drawn, batch, scratch, err));
    return v->options.format == MC_PARQUET ? mci_format_pairs(batch, err)
                                           : mci_format_batch(batch, err);
}

/* ---- drain: a shard's own thread, in order ---- */

static uint64_t next_place(shard_check *check)
{
    return mci_place(check->shard, check->n_found++);
}

static void tell(shard_check *check, mc_check_kind kind, const mc_record *record, const char *what,
                 uint64_t number)
{
    mci_found(&check->pass->v->findings, kind, next_place(check), "%s: record %.*s: %s %llu",
              check->matched, (int)(record->uuid.len < 64 ? record->uuid.len : 64),
              record->uuid.data, what, (unsigned long long)number);
}

static mc_status take_pair(shard_check *check, const mc_record *record, const note *n,
                           mc_error *err)
{
    verify_pass *pass = check->pass;
    bool is_new;
    pthread_mutex_lock(&pass->lock);
    mc_status status = mci_key_set_add(&pass->pairs, n->key, &is_new, err);
    pthread_mutex_unlock(&pass->lock);
    if (status >= 0 && !is_new)
        tell(check, MC_CHECK_duplicates, record, "a pair that stands elsewhere too: text",
             n->number);
    return status;
}

static mc_status take_listed(shard_check *check, const mc_record *record, const note *n,
                             mc_error *err)
{
    mci_verify *v = check->pass->v;
    bool is_listed;
    MC_TRY(mci_uuid_list_take(&v->list, n->key, &is_listed, err));
    if (!is_listed)
        mci_found(&v->findings, MC_CHECK_list, next_place(check),
                  "%s: record %.*s is in the set, but not in the list", check->matched,
                  (int)(record->uuid.len < 64 ? record->uuid.len : 64), record->uuid.data);
    return MC_OK;
}

static mc_status take_note(shard_check *check, const mci_batch *batch, const note *n, mc_error *err)
{
    const mc_record *record = &batch->list.records[n->record];
    switch (n->kind) {
    case NOTE_NO_IDS:
        tell(check, MC_CHECK_records, record, "no ids are with its text", n->number);
        return MC_OK;
    case NOTE_FAR_ID:
        tell(check, MC_CHECK_records, record, "the list of entries is too short for id", n->number);
        return MC_OK;
    case NOTE_WRONG_IDS:
        tell(check, MC_CHECK_texts, record, "the metadata gives other ids for its text", n->number);
        return MC_OK;
    case NOTE_PAIR:
        return take_pair(check, record, n, err);
    case NOTE_LISTED:
        return take_listed(check, record, n, err);
    }
    return MC_OK;
}

static mc_status verify_drain(void *user, mci_batch *batch, mc_error *err)
{
    shard_check *check = user;
    if (!check->pass->with_draws) /* a second pass will tell */
        return MC_OK;
    for (size_t at = 0; at + sizeof(note) <= batch->extra.len; at += sizeof(note)) {
        note n;
        memcpy(&n, batch->extra.data + at, sizeof n);
        MC_TRY(take_note(check, batch, &n, err));
    }
    if (!check->lines)
        return MC_OK;
    for (size_t at = 0; at < batch->out.len;) {
        const char *start = batch->out.data + at;
        const char *end = memchr(start, '\n', batch->out.len - at);
        mc_str line = { start, end ? (size_t)(end - start) + 1 : batch->out.len - at };
        MC_TRY(mci_line_check_expect(check->lines, line, err));
        at += line.len;
    }
    return MC_OK;
}

/* ---- a shard ---- */

uint64_t mci_verify_max_line(const mci_verify *v)
{
    const mc_pool pool = { .max_item_bytes = v->options.max_item_bytes };
    return v->job->max_item_bytes ? v->job->max_item_bytes : mci_max_own_bytes(&pool);
}

static mc_status flow_matched(shard_check *check, mc_error *err)
{
    const verify_pass *pass = check->pass;
    const char *path = check->matched_path.data;
    mc_pool pool = { .inputs = &path, .n_inputs = 1, .n_threads = pass->n_threads_each };
    pool.max_item_bytes = mci_verify_max_line(pass->v);
    mci_shards one = { 0 };
    mci_flow_steps steps = { .work = verify_work,
                             .drain = verify_drain,
                             .user = check,
                             .places = pass->v->one_text != NULL };
    MC_TRY(mci_shards_list(pool.inputs, 1, MCI_AS_GIVEN, false, &one, err));
    mc_status status = mci_flow_run(&pool, &one, pass->phase, &steps, &check->summary, err);
    mci_shards_release(&one);
    return status;
}

/* What the reading of matched/ skipped, or would not have met in a file that curate wrote. */
static void tell_unread(shard_check *check)
{
    mci_findings *findings = &check->pass->v->findings;
    const mc_counters *n = &check->summary.n;
    size_t n_named = check->summary.n_problems;
    for (size_t i = 0; i < n_named; i++)
        mci_found(findings, MC_CHECK_records, next_place(check), "%s", check->summary.problems[i]);
    if (n->items_skipped > n_named)
        mci_found_more(findings, MC_CHECK_records, n->items_skipped - n_named);
    if (n->records_without_text + n->texts_empty > 0)
        mci_found(findings, MC_CHECK_records, next_place(check),
                  "%s: it has %llu records and %llu texts without a text", check->matched,
                  (unsigned long long)n->records_without_text, (unsigned long long)n->texts_empty);
    if (n->replaced_bytes > 0)
        mci_found(findings, MC_CHECK_records, next_place(check),
                  "%s: it is no valid UTF-8 in %llu places", check->matched,
                  (unsigned long long)n->replaced_bytes);
}

static void report_progress(const verify_pass *pass)
{
    const mc_hooks *hooks = &pass->v->job->hooks;
    mc_progress progress = { .phase = pass->phase,
                             .done = pass->done_bytes,
                             .total = pass->v->n_bytes,
                             .n_shards_done = pass->n_done,
                             .n_shards = pass->v->n_inputs };
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
}

static uint64_t size_of(const char *path)
{
    struct stat info;
    return path && stat(path, &info) == 0 && info.st_size > 0 ? (uint64_t)info.st_size : 0;
}

static void sum_up(shard_check *check)
{
    verify_pass *pass = check->pass;
    pthread_mutex_lock(&pass->lock);
    mci_counters_add(&pass->v->n, &check->summary.n);
    mci_language_counts_add(&pass->v->languages, &check->summary.languages);
    pass->v->expected += check->summary.expected_pairs;
    pass->done_bytes += size_of(check->matched_path.data) + size_of(check->curated_path.data);
    pass->n_done++;
    report_progress(pass);
    pthread_mutex_unlock(&pass->lock);
}

/* A Parquet file may be none from its first byte on. */
static mc_status open_lines(shard_check *check, mc_error *err)
{
    mci_verify *v = check->pass->v;
    mc_error what = { 0 };
    mc_status status =
        mci_line_check_open(check->curated_path.data, check->curated, mci_verify_max_line(v),
                            check->shard, &v->findings, &check->lines, &what);
    return mci_found_failure(&v->findings, MC_CHECK_draws, next_place(check), status, &what, err);
}

static mc_status check_files(shard_check *check, mc_error *err)
{
    mci_verify *v = check->pass->v;
    const mci_verify_input *input = &v->inputs[check->shard];
    size_t n_dir = strlen(v->job->dir) + 1;
    mc_error what = { 0 };
    MC_TRY(mci_verify_path(v, input, MCI_VERIFY_MATCHED, &check->matched_path, err));
    check->matched = check->matched_path.data + n_dir;
    if (check->pass->with_draws && input->has[MCI_VERIFY_CURATED]) {
        MC_TRY(mci_verify_path(v, input, MCI_VERIFY_CURATED, &check->curated_path, err));
        check->curated = check->curated_path.data + n_dir;
        MC_TRY(open_lines(check, err));
    }
    mc_status status = flow_matched(check, &what);
    if (status == MC_E_IO && err)
        *err = what;
    if (status == MC_E_IO || !check->pass->with_draws)
        return status == MC_E_IO ? status : MC_OK;
    MC_TRY(
        mci_found_failure(&v->findings, MC_CHECK_records, next_place(check), status, &what, err));
    tell_unread(check);
    return check->lines ? mci_line_check_end(check->lines, err) : MC_OK;
}

static mc_status verify_shard(void *user, size_t shard, unsigned worker, mc_error *err)
{
    verify_pass *pass = user;
    shard_check check = { .pass = pass, .shard = shard, .worker = worker };
    if (!pass->v->inputs[shard].has[MCI_VERIFY_MATCHED])
        return MC_OK;
    mc_status status = check_files(&check, err);
    if (status >= 0)
        sum_up(&check);
    mci_line_check_close(check.lines);
    mci_buf_release(&check.matched_path);
    mci_buf_release(&check.curated_path);
    return status;
}

/* ---- all of them ---- */

static mc_status open_counting(const mci_verify *v, unsigned n_workers, mci_count_stage *out,
                               mc_error *err)
{
    MC_TRY(mci_count_stage_open(v->n_entries, n_workers, out, err));
    out->lists = v->options.lists;
    out->n_lists = v->options.n_lists;
    return MC_OK;
}

static mc_status open_pass(verify_pass *pass, mc_error *err)
{
    mci_verify *v = pass->v;
    mc_pool threads = { .n_threads = v->job->n_threads };
    unsigned n = mci_flow_workers(&threads);
    pass->n_workers = v->n_inputs && v->n_inputs < n ? (unsigned)v->n_inputs : n;
    pass->n_threads_each = n / pass->n_workers;
    n = pass->n_workers * pass->n_threads_each;
    MC_TRY(open_counting(v, n, &pass->matched, err));
    if (!pass->with_draws)
        return MC_OK;
    MC_TRY(open_counting(v, n, &pass->drawn, err));
    MC_TRY(
        mci_balancer_new(v->drawn_by, v->limits.parts, v->limits.n, v->seed, &pass->balancer, err));
    if (!v->metadata)
        return MC_OK;
    return mci_match_stage_open(v->metadata, v->options.rule, n, &pass->matching, err);
}

static void close_pass(verify_pass *pass)
{
    mci_match_stage_close(&pass->matching);
    mci_count_stage_close(&pass->matched);
    mci_count_stage_close(&pass->drawn);
    mci_key_set_release(&pass->pairs);
    mc_balancer_free(pass->balancer);
    pthread_mutex_destroy(&pass->lock);
}

static void note_what_was_checked(verify_pass *pass)
{
    mci_verify *v = pass->v;
    mci_findings *findings = &v->findings;
    mci_checked(findings, MC_CHECK_records, v->n.records_read);
    mci_checked(findings, MC_CHECK_draws, v->n.pairs_read);
    if (v->metadata)
        mci_checked(findings, MC_CHECK_texts, v->n.pairs_read);
    if (v->job->duplicates && !v->options.keep_duplicates)
        mci_checked(findings, MC_CHECK_duplicates, v->n.pairs_read);
    mci_count_stage_fold(&pass->drawn, v->curated);
}

mc_status mci_verify_shards(mci_verify *v, bool with_draws, mc_error *err)
{
    verify_pass pass = { .v = v, .with_draws = with_draws };
    pass.phase = with_draws ? "verify" : "count";
    pthread_mutex_init(&pass.lock, NULL);
    memset(v->pool, 0, (v->n_entries + v->options.n_lists) * sizeof *v->pool);
    v->n = (mc_counters){ 0 };
    v->languages = (mc_language_counts){ .n = 0 };
    v->expected = 0;
    mc_status status = open_pass(&pass, err);
    if (status >= 0)
        status = mci_run_tasks(pass.n_workers, v->n_inputs, verify_shard, &pass, err);
    if (status >= 0)
        mci_count_stage_fold(&pass.matched, v->pool);
    if (status >= 0 && with_draws)
        note_what_was_checked(&pass);
    close_pass(&pass);
    return status;
}
