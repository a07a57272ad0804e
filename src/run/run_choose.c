/* One text of each image (`--one-text`, curate/choices.h), over all matched files:
 *
 *     state/images/HH/NAME.keys       the image keys of each shard, and its stamp
 *       |  part by part of the images, each with a table of its own in memory
 *     state/texts/PART                the pairs of images with several, by shard
 *       |  group by group of shards
 *     state/choices/HH/NAME.choices   a list for each shard
 *
 * Parts and groups are units of work and resume, like shards. The lists bear the fingerprint of
 * what they are made from, the matched files and the seed; once they are there, the parts go. */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/files.h"
#include "run/run_internal.h"

static const uint64_t default_memory = UINT64_C(1) << 30;
/* Of a part, in a run that does not say how many parts of keys fit into its memory. */
static const uint64_t pairs_a_part = UINT64_C(1) << 20;

typedef struct {
    mci_run *run;
    uint64_t n_parts;
} choosing;

/* ---- files ---- */

static mc_status keys_path(void *user, size_t shard, mci_buf *path, mc_error *err)
{
    const choosing *c = user;
    mc_str name = c->run->shards.shards[shard].name;
    return mci_run_path(&c->run->folder, MCI_RUN_IMAGE_KEYS, name, path, err);
}

static mc_status part_path(void *user, size_t part, mci_buf *path, mc_error *err)
{
    const choosing *c = user;
    char name[128];
    snprintf(name, sizeof name, "state/texts/%.16s-%" PRIu64 "-part%zu", c->run->choice_key.digits,
             c->n_parts, part);
    return mci_run_file(&c->run->folder, name, path, err);
}

mc_status mci_run_choices_path(void *user, size_t shard, mci_buf *path, mc_error *err)
{
    const mci_run *run = user;
    mc_str name = run->shards.shards[shard].name;
    return mci_run_path(&run->folder, MCI_RUN_CHOICES, name, path, err);
}

static mc_status list_path(void *user, size_t shard, mci_buf *path, mc_error *err)
{
    const choosing *c = user;
    return mci_run_choices_path(c->run, shard, path, err);
}

/* ---- is it done? ---- */

static mc_status is_group_listed(const choosing *c, size_t group, bool *out, mc_error *err)
{
    size_t first, n = mci_run_group(c->run, group, &first);
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    *out = true;
    for (size_t i = first; i < first + n && *out && status >= 0; i++) {
        status = mci_run_choices_path(c->run, i, &path, err);
        if (status >= 0)
            status = mci_choices_are_listed(path.data, c->run->choice_key.digits, out, err);
    }
    mci_buf_release(&path);
    return status;
}

static mc_status are_all_listed(const choosing *c, bool *out, mc_error *err)
{
    *out = true;
    for (size_t i = 0; i < mci_run_n_groups(c->run) && *out; i++)
        MC_TRY(is_group_listed(c, i, out, err));
    return MC_OK;
}

/* ---- units ---- */

typedef struct {
    choosing *c;
    size_t number;
    mci_buf path; /* of a part */
} unit;

/* A part may be gone because it has served. */
static mc_status look_for_part(void *user, bool *done, mc_error *err)
{
    const unit *u = user;
    *done = mci_file_exists(u->path.data);
    return *done ? MC_OK : are_all_listed(u->c, done, err);
}

static mc_status make_part(void *user, mc_error *err)
{
    unit *u = user;
    mci_output *part = NULL;
    mci_choice_search search = { u->c->run->shards.n, keys_path, u->c };
    mci_key_range range = mci_key_range_of(u->number, u->c->n_parts);
    MC_TRY(mci_make_folders(u->path.data, err));
    MC_TRY(mci_output_open(u->path.data, MCI_PLAIN, &part, err));
    return mci_output_end(part, mci_choices_find(&search, range, part, err), err);
}

static mc_status look_for_group(void *user, bool *done, mc_error *err)
{
    const unit *u = user;
    return is_group_listed(u->c, u->number, done, err);
}

static uint64_t memory_of(const mci_run *run)
{
    return run->job->dedup_memory ? run->job->dedup_memory : default_memory;
}

static mc_status make_group(void *user, mc_error *err)
{
    const unit *u = user;
    const mci_run *run = u->c->run;
    mci_choice_parts parts = { (size_t)u->c->n_parts,
                               part_path,
                               list_path,
                               u->c,
                               run->choice_key.digits,
                               memory_of(run) / mci_flow_workers(&run->job->pool) };
    size_t first, n = mci_run_group(run, u->number, &first);
    return mci_choices_list(&parts, first, n, err);
}

static mc_status look_at_part(void *user, size_t part, unsigned worker, bool *done, mc_error *err)
{
    (void)worker;
    char name[48];
    unit u = { .c = user, .number = part };
    mci_run_unit_steps steps = { look_for_part, make_part, &u };
    snprintf(name, sizeof name, "part%zu", part);
    mc_status status = part_path(user, part, &u.path, err);
    if (status >= 0)
        status = mci_run_unit(u.c->run, "texts", mc_str_of(name), &steps, done, err);
    mci_buf_release(&u.path);
    return status;
}

static mc_status look_at_group(void *user, size_t group, unsigned worker, bool *done, mc_error *err)
{
    (void)worker;
    char name[48];
    unit u = { .c = user, .number = group };
    mci_run_unit_steps steps = { look_for_group, make_group, &u };
    snprintf(name, sizeof name, "group%zu", group);
    return mci_run_unit(u.c->run, "texts", mc_str_of(name), &steps, done, err);
}

/* ---- the step ---- */

/* As all workers see it: the search for duplicates has settled how many parts of its keys fit into
 * memory; a table's slot is twice as large as a set's. */
static uint64_t count_parts(const mci_run *run)
{
    return run->n_key_parts ? 2 * run->n_key_parts : run->n_pool_pairs / pairs_a_part + 1;
}

static unsigned parts_at_a_time(const choosing *c)
{
    uint64_t bytes = (c->run->n_pool_pairs / c->n_parts + 1) * MCI_CHOICE_BYTES;
    uint64_t n = memory_of(c->run) / bytes, most = mci_flow_workers(&c->run->job->pool);
    return (unsigned)(n < 1 ? 1 : n < most ? n : most);
}

/* Parts may go once all lists are there: nobody comes to look for them any more. */
static mc_status remove_parts(const mci_run *run, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_run_empty_folder(&run->folder, "state/texts", &path, err);
    mci_buf_release(&path);
    return status;
}

/* The matched files, in order, and the seed. */
static mc_status hash_matched(const mci_run *run, mci_sha256 *sha, mc_error *err)
{
    char seed[48];
    mci_buf path = { 0 };
    snprintf(seed, sizeof seed, "one text %" PRIu64, run->job->seed);
    mc_status status = mci_sha256_add(sha, mc_str_of(seed), err);
    for (size_t i = 0; i < run->shards.n && status >= 0; i++) {
        mci_stamp stamp;
        status = mci_run_load_stamp(run, MCI_RUN_MATCHED_STAMP, i, &path, &stamp, err);
        if (status >= 0)
            status = mci_sha256_add(sha, mc_str_of(stamp.made_from.digits), err);
    }
    mci_buf_release(&path);
    return status;
}

static mc_status make_key(mci_run *run, mc_error *err)
{
    mci_sha256 *sha = NULL;
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = hash_matched(run, sha, err);
    if (status >= 0)
        status = mci_sha256_end(sha, run->choice_key.digits, err);
    mci_sha256_free(sha);
    return status;
}

mc_status mci_run_choose(mci_run *run, mc_error *err)
{
    bool done;
    choosing c = { .run = run, .n_parts = count_parts(run) };
    if (!run->job->one_text)
        return MC_OK;
    MC_TRY(make_key(run, err));
    run->choices = (mci_choice_lists){ mci_run_choices_path, run, run->choice_key.digits };
    MC_TRY(are_all_listed(&c, &done, err));
    if (!done) {
        mci_run_units parts = { (size_t)c.n_parts, parts_at_a_time(&c), look_at_part, &c };
        mci_run_units groups = { mci_run_n_groups(run), mci_flow_workers(&run->job->pool),
                                 look_at_group, &c };
        MC_TRY(mci_run_image_keys(run, err));
        MC_TRY(mci_run_all_units(run, &parts, err));
        MC_TRY(mci_run_all_units(run, &groups, err));
    }
    return remove_parts(run, err);
}
