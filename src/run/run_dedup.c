/* Duplicates over all shards (curate/duplicates.h): of pairs with equal keys, the one in the shard
 * with the smallest name, then the smallest position, stays; none stays that an earlier run had.
 *
 *     state/pool/HH/NAME.keys      the keys of each shard (pair_keys.h)
 *       |  part by part of the keys, each with a set of its own in memory
 *     state/duplicates/PART        (shard, position) of what goes, by shard
 *     state/keys/PART              with --state: the keys of what stays, in order
 *       |  group by group of shards
 *     state/drops/HH/NAME.drops    two bits for each pair of the shard; none if nothing goes
 *
 * There are as many parts as it takes for the sets to stay within --dedup-memory. Parts and groups
 * are units of work and resume, like shards, and bear the fingerprint of what they are made from:
 * those of other inputs are never taken for them. */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/files.h"
#include "curate/duplicates.h"
#include "io/output.h"
#include "run/run_internal.h"

static const uint64_t default_memory = UINT64_C(1) << 30;
static const char plan_file[] = "state/duplicates/plan";

typedef struct {
    mci_run *run;
    mci_duplicate_search search;
    uint64_t n_parts;
} dedup;

static bool has_state(const dedup *d)
{
    return d->run->job->state_dir != NULL;
}

/* ---- is it done? ---- */

static mc_status key_files_are_there(const dedup *d, uint64_t n_parts, bool *out, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    *out = true;
    for (uint64_t i = 0; i < n_parts && *out && status >= 0; i++) {
        status = mci_run_part_keys(d->run, n_parts, i, &path, err);
        *out = status >= 0 && mci_file_exists(path.data);
    }
    mci_buf_release(&path);
    return status;
}

/* The step's stamp; with --state the keys must also be there, or the state have them already. Of
 * this stamp, n_bytes is the number of parts: *n_parts, if *out. Any thread. */
static mc_status is_up_to_date(const dedup *d, bool *out, uint64_t *n_parts, mc_error *err)
{
    mci_stamp stamp;
    mci_buf path = { 0 };
    mc_status status = mci_run_file(&d->run->folder, "state/duplicates.json", &path, err);
    if (status >= 0)
        status = mci_stamp_load(path.data, &stamp, out, err);
    mci_buf_release(&path);
    if (status < 0)
        return status;
    *out = *out && strcmp(stamp.made_from.digits, d->run->dedup_key.digits) == 0;
    if (!*out)
        return MC_OK;
    *n_parts = stamp.n_bytes;
    if (!has_state(d))
        return MC_OK;
    MC_TRY(mci_run_is_taken_up(d->run, out, err));
    return *out ? MC_OK : key_files_are_there(d, stamp.n_bytes, out, err);
}

/* Whether a file of the step is there, or no longer needed. */
static mc_status file_or_all_done(const dedup *d, const char *path, bool *done, mc_error *err)
{
    uint64_t n_parts;
    *done = mci_file_exists(path);
    return *done ? MC_OK : is_up_to_date(d, done, &n_parts, err);
}

/* ---- parts: what goes ---- */

static mc_status key_file_of(void *user, size_t shard, mci_buf *path, mc_error *err)
{
    const mci_run *run = user;
    return mci_run_path(&run->folder, MCI_RUN_POOL_KEYS, run->shards.shards[shard].name, path, err);
}

static mc_status unit_path(const dedup *d, const char *kind, uint64_t unit, mci_buf *path,
                           mc_error *err)
{
    char name[128];
    snprintf(name, sizeof name, "state/duplicates/%.16s-%" PRIu64 "-%s%" PRIu64,
             d->run->dedup_key.digits, d->n_parts, kind, unit);
    return mci_run_file(&d->run->folder, name, path, err);
}

typedef struct {
    const dedup *d;
    uint64_t number;
    mci_buf path, keys_path;
} unit;

static mc_status look_at_file(void *user, bool *done, mc_error *err)
{
    const unit *u = user;
    return file_or_all_done(u->d, u->path.data, done, err);
}

static mc_status find_drops(const unit *u, mci_output *drops, mci_output *keys, mc_error *err)
{
    uint64_t n_keys = 0;
    mci_key_range range = mci_key_range_of(u->number, u->d->n_parts);
    return mci_duplicates_find(&u->d->search, range, drops, keys, &n_keys, err);
}

/* The drops appear last: a part that has them is done. */
static mc_status make_part(void *user, mc_error *err)
{
    unit *u = user;
    mci_output *drops = NULL, *keys = NULL;
    MC_TRY(mci_make_folders(u->path.data, err));
    mc_status status = mci_output_open(u->path.data, MCI_PLAIN, &drops, err);
    if (status >= 0 && has_state(u->d))
        status = mci_make_folders(u->keys_path.data, err);
    if (status >= 0 && has_state(u->d))
        status = mci_output_open(u->keys_path.data, MCI_PLAIN, &keys, err);
    if (status >= 0)
        status = find_drops(u, drops, keys, err);
    status = mci_output_end(keys, status, err);
    return mci_output_end(drops, status, err);
}

static mc_status look_at_unit(dedup *d, const char *kind, size_t number, bool *done,
                              mc_status (*make)(void *user, mc_error *err), mc_error *err)
{
    char name[48];
    unit u = { .d = d, .number = number };
    mci_run_unit_steps steps = { look_at_file, make, &u };
    snprintf(name, sizeof name, "%s%zu", kind, number);
    mc_status status = unit_path(d, kind, number, &u.path, err);
    if (status >= 0)
        status = mci_run_part_keys(d->run, d->n_parts, number, &u.keys_path, err);
    if (status >= 0)
        status = mci_run_unit(d->run, "duplicates", mc_str_of(name), &steps, done, err);
    mci_buf_release(&u.path);
    mci_buf_release(&u.keys_path);
    return status;
}

static mc_status look_at_part(void *user, size_t part, unsigned worker, bool *done, mc_error *err)
{
    (void)worker;
    return look_at_unit(user, "part", part, done, make_part, err);
}

/* ---- groups: two bits for each pair ---- */

typedef struct {
    size_t first, n;                     /* shards */
    mci_buf marks[MCI_RUN_GROUP_SHARDS]; /* of the shards, empty if nothing goes */
    uint64_t n_pairs[MCI_RUN_GROUP_SHARDS];
} group;

static mc_status measure_group(const dedup *d, group *g, mci_buf *path, mc_error *err)
{
    for (size_t i = 0; i < g->n; i++) {
        mci_key_file file;
        MC_TRY(key_file_of(d->run, g->first + i, path, err));
        MC_TRY(mci_key_file_open(path->data, sizeof(mci_pair_key), &file, err));
        g->n_pairs[i] = file.n;
        mci_key_file_close(&file);
    }
    return MC_OK;
}

static mc_status set_mark(group *g, const mci_drop *gone, mc_error *err)
{
    size_t i = (size_t)gone->file - g->first;
    mci_buf *marks = &g->marks[i];
    if ((gone->position & ~MCI_DROP_EARLIER) >= g->n_pairs[i])
        return mc_fail(err, MC_E_FORMAT,
                       "the run's lists of duplicates are damaged; remove its "
                       "state/duplicates and start again");
    if (marks->len == 0) {
        size_t n_bytes = mci_mark_bytes(g->n_pairs[i]);
        MC_TRY(mci_buf_reserve(marks, n_bytes, err));
        memset(marks->data, 0, n_bytes);
        marks->len = n_bytes;
    }
    mci_mark_drop((unsigned char *)marks->data, gone->position);
    return MC_OK;
}

/* Marks the part's drops that are of this group. Parts are sorted by shard. */
static mc_status take_part(const char *path, group *g, mc_error *err)
{
    mci_mapped map;
    MC_TRY(mci_map_file(path, &map, err));
    const mci_drop *drops = map.data;
    size_t from = 0, to = map.n_bytes / sizeof *drops, end = to;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (drops[middle].file < g->first)
            from = middle + 1;
        else
            to = middle;
    }
    mc_status status = MC_OK;
    for (; from < end && drops[from].file < g->first + g->n && status >= 0; from++)
        status = set_mark(g, &drops[from], err);
    mci_unmap_file(&map);
    return status;
}

static mc_status save_group(const dedup *d, const group *g, mci_buf *path, mc_error *err)
{
    for (size_t i = 0; i < g->n; i++) {
        mc_str name = d->run->shards.shards[g->first + i].name;
        MC_TRY(mci_run_path_for_writing(&d->run->folder, MCI_RUN_DROPS, name, path, err));
        if (g->marks[i].len == 0)
            MC_TRY(mci_remove_file(path->data, err));
        else
            MC_TRY(mci_output_file(path->data, mci_buf_str(&g->marks[i]), err));
    }
    return MC_OK;
}

static mc_status mark_group(const dedup *d, group *g, mci_buf *path, mc_error *err)
{
    MC_TRY(measure_group(d, g, path, err));
    for (uint64_t part = 0; part < d->n_parts; part++) {
        MC_TRY(unit_path(d, "part", part, path, err));
        MC_TRY(take_part(path->data, g, err));
    }
    return save_group(d, g, path, err);
}

/* The unit's own file says no more than that the group is done. */
static mc_status make_group(void *user, mc_error *err)
{
    unit *u = user;
    mci_buf path = { 0 };
    group *g = mci_alloc_zeroed(1, sizeof *g);
    if (!g)
        return mci_nomem(err, sizeof *g);
    g->n = mci_run_group(u->d->run, (size_t)u->number, &g->first);
    mc_status status = mark_group(u->d, g, &path, err);
    if (status >= 0)
        status = mci_output_file(u->path.data, (mc_str){ 0 }, err);
    for (size_t i = 0; i < g->n; i++)
        mci_buf_release(&g->marks[i]);
    mci_free(g);
    mci_buf_release(&path);
    return status;
}

static mc_status look_at_group(void *user, size_t number, unsigned worker, bool *done,
                               mc_error *err)
{
    (void)worker;
    return look_at_unit(user, "group", number, done, make_group, err);
}

/* ---- the step ---- */

static uint64_t memory_of(const mci_run *run)
{
    return run->job->dedup_memory ? run->job->dedup_memory : default_memory;
}

static uint64_t bytes_a_pair(const dedup *d)
{
    return has_state(d) ? MCI_DUPLICATE_BYTES_KNOWN : MCI_DUPLICATE_BYTES;
}

static uint64_t count_parts(const dedup *d)
{
    uint64_t memory = memory_of(d->run) / mci_flow_workers(&d->run->job->pool) + 1;
    return d->run->n_pool_pairs / (memory / bytes_a_pair(d) + 1) + 1;
}

/* The first worker decides how many parts there are, by its own memory and threads; the others
 * take as many at a time as fit into theirs. */
static mc_status read_or_write_plan(dedup *d, const char *path, mc_error *err)
{
    char digits[MC_SHA256_DIGITS + 1] = "";
    bool found;
    mci_buf text = { 0 };
    mc_status status = mci_read_file(path, &text, &found, err);
    if (status >= 0 && found && sscanf(text.data, "%64s %" SCNu64, digits, &d->n_parts) == 2 &&
        strcmp(digits, d->run->dedup_key.digits) == 0 && d->n_parts > 0) {
        mci_buf_release(&text);
        return MC_OK;
    }
    d->n_parts = count_parts(d);
    mci_buf_clear(&text);
    if (status >= 0)
        status =
            mci_buf_printf(&text, err, "%s %" PRIu64 "\n", d->run->dedup_key.digits, d->n_parts);
    if (status >= 0)
        status = mci_output_file(path, mci_buf_str(&text), err);
    mci_buf_release(&text);
    return status;
}

static mc_status write_plan(dedup *d, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_run_file(&d->run->folder, plan_file, &path, err);
    if (status >= 0)
        status = mci_make_folders(path.data, err);
    if (status >= 0)
        status = read_or_write_plan(d, path.data, err);
    mci_buf_release(&path);
    return status;
}

/* Once all is done the stamp says so; whoever comes later looks at it. */
static mc_status finish(dedup *d, mc_error *err)
{
    mci_buf path = { 0 };
    mci_stamp stamp = { .made_from = d->run->dedup_key, .n_bytes = d->n_parts };
    mc_status status = mci_run_file(&d->run->folder, "state/duplicates.json", &path, err);
    if (status >= 0)
        status = mci_stamp_save(&stamp, path.data, err);
    mci_buf_release(&path);
    d->run->n_key_parts = d->n_parts;
    return status;
}

/* Parts and groups may go when the stamp vouches for what was made of them: they do when it is
 * written, or, if that worker died, when the next one sees it. */
static mc_status remove_parts(const dedup *d, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_run_empty_folder(&d->run->folder, "state/duplicates", &path, err);
    mci_buf_release(&path);
    return status;
}

/* Calls `what` unless the step is done. Who comes late must not leave a plan behind him. */
static mc_status unless_done(dedup *d, mc_status (*what)(dedup *d, mc_error *err), bool *done,
                             mc_error *err)
{
    static const char step[] = "duplicates";
    MC_TRY(mci_claim_wait(d->run->workers, step, mc_str_of("plan"), err));
    mc_status status = is_up_to_date(d, done, &d->run->n_key_parts, err);
    if (status >= 0 && !*done)
        status = what(d, err);
    if (status >= 0 && (*done || what == finish))
        status = remove_parts(d, err);
    mci_claim_release(d->run->workers, step, mc_str_of("plan"));
    return status;
}

mc_status mci_run_forget_plan(const mci_run_folder *folder, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_run_file(folder, plan_file, &path, err);
    if (status >= 0)
        status = mci_remove_file(path.data, err);
    mci_buf_release(&path);
    return status;
}

static unsigned parts_at_a_time(const dedup *d)
{
    uint64_t bytes = (d->run->n_pool_pairs / d->n_parts + 1) * bytes_a_pair(d);
    uint64_t n = memory_of(d->run) / bytes, most = mci_flow_workers(&d->run->job->pool);
    return (unsigned)(n < 1 ? 1 : n < most ? n : most);
}

static mc_status find_duplicates(dedup *d, mc_error *err)
{
    bool done;
    MC_TRY(unless_done(d, write_plan, &done, err));
    if (done)
        return MC_OK;
    mci_run_units parts = { (size_t)d->n_parts, parts_at_a_time(d), look_at_part, d };
    mci_run_units groups = { mci_run_n_groups(d->run), mci_flow_workers(&d->run->job->pool),
                             look_at_group, d };
    MC_TRY(mci_run_all_units(d->run, &parts, err));
    MC_TRY(mci_run_all_units(d->run, &groups, err));
    return unless_done(d, finish, &done, err);
}

/* ---- what it all depends on ---- */

/* The pool files, in order. Sums up their pairs on the way. */
static mc_status look_at_pool(mci_run *run, mci_sha256 *sha, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    run->n_pool_pairs = 0;
    for (size_t i = 0; i < run->shards.n && status >= 0; i++) {
        mci_stamp stamp;
        status = mci_run_load_stamp(run, MCI_RUN_POOL_STAMP, i, &path, &stamp, err);
        if (status < 0)
            break;
        run->n_pool_pairs += stamp.summary.n.pairs_read - stamp.summary.n.pairs_other_language -
                             stamp.summary.n.pairs_unmatched;
        status = mci_sha256_add(sha, mc_str_of(stamp.made_from.digits), err);
    }
    mci_buf_release(&path);
    return status;
}

/* And what was there before. */
static mc_status look_at_earlier(const mci_run *run, mci_sha256 *sha, mc_error *err)
{
    if (!run->job->state_dir)
        return MC_OK;
    MC_TRY(mci_sha256_add(sha, mc_str_of("with keys"), err));
    for (size_t i = 0; i < run->earlier.n; i++)
        MC_TRY(mci_sha256_add(sha, mc_str_of(run->earlier.runs[i].made_from), err));
    return MC_OK;
}

static mc_status make_key(mci_run *run, mc_error *err)
{
    mci_sha256 *sha = NULL;
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = look_at_pool(run, sha, err);
    if (status >= 0)
        status = look_at_earlier(run, sha, err);
    if (status >= 0)
        status = mci_sha256_end(sha, run->dedup_key.digits, err);
    mci_sha256_free(sha);
    return status;
}

mc_status mci_run_dedup(mci_run *run, mc_error *err)
{
    MC_TRY(make_key(run, err));
    if (run->job->keep_duplicates)
        return MC_OK;
    mci_run_start_phase(run, "duplicates");
    dedup d = { .run = run };
    d.search = (mci_duplicate_search){ run->shards.n, key_file_of, run,
                                       run->earlier.n ? &run->earlier : NULL, NULL };
    return find_duplicates(&d, err);
}
