/* Sums over all shards, made in two steps so that no process reads the counts of every shard:
 *
 *     state/matched/HH/NAME.counts .json    one shard
 *       |  256 shards in the order of names, each group by whoever claims it
 *     state/groups/matched-0 .json
 *       |  all groups, by one
 *     state/groups/matched-all .json        what everybody reads
 *
 * and the same of what was drawn. Beside its counts (sparse_counts.h) every sum has a stamp, with
 * the counters of its shards, which says what it was made from. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/files.h"
#include "curate/problems.h"
#include "run/run_internal.h"
#include "run/sparse_counts.h"

static const struct {
    const char *name;
    mci_run_part stamp, counts; /* of a shard */
} kinds[] = {
    [MCI_RUN_SUM_MATCHED] = { "matched", MCI_RUN_MATCHED_STAMP, MCI_RUN_COUNTS },
    [MCI_RUN_SUM_CURATED] = { "curated", MCI_RUN_CURATED_STAMP, MCI_RUN_DRAWN_COUNTS },
};

/* ---- groups ---- */

size_t mci_run_n_groups(const mci_run *run)
{
    return (run->shards.n + MCI_RUN_GROUP_SHARDS - 1) / MCI_RUN_GROUP_SHARDS;
}

size_t mci_run_group(const mci_run *run, size_t group, size_t *first)
{
    *first = group * MCI_RUN_GROUP_SHARDS;
    size_t left = run->shards.n - *first;
    return left < MCI_RUN_GROUP_SHARDS ? left : MCI_RUN_GROUP_SHARDS;
}

/* ---- one sum ---- */

typedef struct {
    mci_run *run;
    mci_run_sum kind;
    mci_fingerprint key;
} sums;

typedef struct {
    const sums *of;
    char name[48]; /* "matched-0", "curated-all" */
    size_t group;
    bool is_all;
    uint64_t *counts;
    mci_stamp stamp;
    mci_buf path;
} sum;

static sum sum_of_group(const sums *of, size_t group)
{
    sum s = { .of = of, .group = group };
    snprintf(s.name, sizeof s.name, "%s-%zu", kinds[of->kind].name, group);
    return s;
}

static sum sum_of_all(const sums *of)
{
    sum s = { .of = of, .is_all = true };
    snprintf(s.name, sizeof s.name, "%s-all", kinds[of->kind].name);
    return s;
}

static mc_status set_path(sum *s, const char *suffix, mc_error *err)
{
    char file[80];
    snprintf(file, sizeof file, "state/groups/%s%s", s->name, suffix);
    return mci_run_file(&s->of->run->folder, file, &s->path, err);
}

/* Leaves s->path at the counts. */
static mc_status look_at_sum(void *user, bool *is_current, mc_error *err)
{
    sum *s = user;
    struct stat info;
    MC_TRY(set_path(s, ".json", err));
    MC_TRY(mci_stamp_load(s->path.data, &s->stamp, is_current, err));
    MC_TRY(set_path(s, "", err));
    *is_current = *is_current && strcmp(s->stamp.made_from.digits, s->of->key.digits) == 0 &&
                  stat(s->path.data, &info) == 0 && (uint64_t)info.st_size == s->stamp.n_bytes;
    return MC_OK;
}

/* The stamp of the file at s->path. */
static mc_status save_stamp(sum *s, mc_error *err)
{
    struct stat info;
    if (stat(s->path.data, &info) != 0)
        return mci_fail_errno(err, s->path.data, "cannot look at it");
    s->stamp.n_bytes = (uint64_t)info.st_size;
    MC_TRY(set_path(s, ".json", err));
    return mci_stamp_save(&s->stamp, s->path.data, err);
}

/* The old stamp goes before the old counts do. */
static mc_status save(sum *s, mc_error *err)
{
    size_t n = mci_run_n_counts(s->of->run);
    MC_TRY(set_path(s, ".json", err));
    MC_TRY(mci_make_folders(s->path.data, err));
    MC_TRY(mci_remove_file(s->path.data, err));
    MC_TRY(set_path(s, "", err));
    MC_TRY(mci_sparse_save(s->counts, n, s->path.data, err));
    return save_stamp(s, err);
}

static void add_summary(mc_summary *to, const mc_summary *from)
{
    mci_counters_add(&to->n, &from->n);
    mci_language_counts_add(&to->languages, &from->languages);
    mci_problems_carry(from, to);
    to->expected_pairs += from->expected_pairs;
}

/* Each step counts what it dropped; what was read the first one says, what is kept the last. */
static mc_status add_stamps(const mci_run *run, size_t shard, sum *s, mc_error *err)
{
    mci_stamp first, stamp;
    MC_TRY(mci_run_load_stamp(run, kinds[s->of->kind].stamp, shard, &s->path, &stamp, err));
    mc_counters own = stamp.summary.n;
    if (s->of->kind == MCI_RUN_SUM_CURATED) {
        stamp.summary.n = (mc_counters){ .pairs_not_chosen = own.pairs_not_chosen,
                                         .records_not_chosen = own.records_not_chosen,
                                         .pairs_not_drawn = own.pairs_not_drawn,
                                         .records_not_drawn = own.records_not_drawn,
                                         .pairs_kept = own.pairs_kept,
                                         .records_kept = own.records_kept };
        add_summary(&s->stamp.summary, &stamp.summary);
        return MC_OK;
    }
    MC_TRY(mci_run_load_stamp(run, MCI_RUN_POOL_STAMP, shard, &s->path, &first, err));
    mc_counters *n = &first.summary.n;
    mci_counters_add_drops(n, &own);
    n->matches = own.matches;
    n->pairs_kept = n->records_kept = 0;
    add_summary(&s->stamp.summary, &first.summary);
    return MC_OK;
}

static mc_status add_shard(sum *s, size_t shard, mc_error *err)
{
    const mci_run *run = s->of->run;
    MC_TRY(mci_run_path(&run->folder, kinds[s->of->kind].counts, run->shards.shards[shard].name,
                        &s->path, err));
    MC_TRY(mci_sparse_add(s->path.data, s->counts, mci_run_n_counts(run), err));
    return add_stamps(run, shard, s, err);
}

/* Adds what a sum that was made holds. */
static mc_status add_sum(sum *made, uint64_t *counts, mc_summary *summary, mc_error *err)
{
    bool is_current;
    mc_status status = look_at_sum(made, &is_current, err);
    if (status >= 0 && !is_current)
        status = mc_fail(err, MC_E_IO, "%s: it is gone; start again", made->path.data);
    if (status >= 0)
        status = mci_sparse_add(made->path.data, counts, mci_run_n_counts(made->of->run), err);
    if (status >= 0)
        add_summary(summary, &made->stamp.summary);
    mci_buf_release(&made->path);
    return status;
}

static mc_status add_group(sum *s, size_t group, mc_error *err)
{
    sum made = sum_of_group(s->of, group);
    return add_sum(&made, s->counts, &s->stamp.summary, err);
}

static mc_status add_parts(sum *s, mc_error *err)
{
    size_t first = 0, n = mci_run_n_groups(s->of->run);
    if (!s->is_all)
        n = mci_run_group(s->of->run, s->group, &first);
    for (size_t i = first; i < first + n; i++)
        MC_TRY(s->is_all ? add_group(s, i, err) : add_shard(s, i, err));
    return MC_OK;
}

static mc_status make_sum(void *user, mc_error *err)
{
    sum *s = user;
    size_t n = mci_run_n_counts(s->of->run);
    s->stamp = (mci_stamp){ .made_from = s->of->key };
    s->counts = mci_alloc_zeroed(n, sizeof *s->counts);
    mc_status status = s->counts ? add_parts(s, err) : mci_nomem(err, n * sizeof *s->counts);
    if (status >= 0)
        status = save(s, err);
    mci_free(s->counts);
    return status;
}

/* ---- all of them ---- */

static mc_status make_if_stale(sum *s, bool *done, mc_error *err)
{
    mci_run_unit_steps steps = { look_at_sum, make_sum, s };
    mc_status status = mci_run_unit(s->of->run, "sum", mc_str_of(s->name), &steps, done, err);
    mci_buf_release(&s->path);
    return status;
}

static mc_status look_at_group(void *user, size_t group, unsigned worker, bool *done, mc_error *err)
{
    (void)worker;
    sum s = sum_of_group(user, group);
    return make_if_stale(&s, done, err);
}

static mc_status look_at_all(void *user, size_t unit, unsigned worker, bool *done, mc_error *err)
{
    (void)unit;
    (void)worker;
    sum s = sum_of_all(user);
    return make_if_stale(&s, done, err);
}

static mc_status make_key(sums *of, mc_error *err)
{
    const mci_run *run = of->run;
    mci_buf text = { 0 };
    mc_status status = mci_buf_printf(&text, err, "%s %s %s %s", kinds[of->kind].name,
                                      run->dedup_key.digits, run->summary->block.sha256,
                                      of->kind == MCI_RUN_SUM_CURATED ? run->draw_key.digits : "");
    if (status >= 0)
        status = mci_sha256_of(mci_buf_str(&text), of->key.digits, err);
    mci_buf_release(&text);
    return status;
}

mc_status mci_run_sum_up(mci_run *run, mci_run_sum kind, uint64_t *counts, mc_summary *summary,
                         mc_error *err)
{
    sums of = { .run = run, .kind = kind };
    mci_run_units groups = { mci_run_n_groups(run), run->n_workers, look_at_group, &of };
    mci_run_units all = { 1, 1, look_at_all, &of };
    MC_TRY(make_key(&of, err));
    MC_TRY(mci_run_all_units(run, &groups, err));
    MC_TRY(mci_run_all_units(run, &all, err));
    sum made = sum_of_all(&of);
    return add_sum(&made, counts, summary, err);
}
