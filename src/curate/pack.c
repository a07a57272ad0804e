/* The job: images with their texts -> webdataset tars. */
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "curate/job_output.h"
#include "curate/pack_internal.h"

enum { MAX_SHARDS = 100000, DEFAULT_SAMPLES = 10000, KEY_DIGITS = 4 };
#define DEFAULT_BYTES ((uint64_t)64 << 20)

/* Sizes beyond this do not fit a tar's plain header, and nobody's image has them. */
#define MAX_IMAGE_BYTES ((uint64_t)8 << 30)

static mc_status check_job(const mc_pack_job *job, mc_pack_job *whole, mc_error *err)
{
    *whole = *job;
    if (whole->samples == 0)
        whole->samples = DEFAULT_SAMPLES;
    if (whole->max_image_bytes == 0)
        whole->max_image_bytes = DEFAULT_BYTES;
    if (whole->pool.max_item_bytes == 0)
        whole->pool.max_item_bytes = DEFAULT_BYTES;
    if (job->pool.n_inputs == 0 && !job->table_path)
        return mc_fail(err, MC_E_ARG, "no input; name a folder or images, or a table");
    if (whole->max_image_bytes >= MAX_IMAGE_BYTES)
        return mc_fail(err, MC_E_ARG, "the limit of an image's size must be below 8 GiB");
    return MC_OK;
}

/* "12" takes two digits: of the largest number in a shard, and at least four. */
static unsigned key_digits(uint64_t samples)
{
    unsigned n = 1;
    for (uint64_t largest = samples - 1; largest >= 10; largest /= 10)
        n++;
    return n > KEY_DIGITS ? n : KEY_DIGITS;
}

static mc_status check_list(const mci_pack_list *list, uint64_t n_shards, mc_error *err)
{
    if (n_shards > MAX_SHARDS)
        return mc_fail(err, MC_E_ARG,
                       "%zu images are more than %d tars of %llu: give more --samples",
                       list->n_images, MAX_SHARDS, (unsigned long long)list->job->samples);
    if (list->n_images > 0)
        return MC_OK;
    const char *first = list->problems.n > 0 ? list->problems.first[0].text : NULL;
    return mc_fail(
        err, MC_E_FORMAT,
        "nothing to pack: none of the files found (%llu) is an image with a text%s%.300s%s",
        (unsigned long long)list->n.files_found, first ? " (" : "", first ? first : "",
        first ? ")" : "");
}

static mc_status start(mci_pack *pack, mc_error *err)
{
    const mci_pack_list *list = pack->list;
    uint64_t samples = pack->job->samples;
    pack->n_shards = list->n_images / samples + (list->n_images % samples > 0);
    pack->key_digits = key_digits(samples);
    MC_TRY(check_list(list, pack->n_shards, err));
    MC_TRY(mci_pack_folder_begin(pack->job, list, err));
    pack->made = mci_alloc_zeroed(pack->n_shards, sizeof *pack->made);
    pack->is_done = mci_alloc_zeroed(pack->n_shards, sizeof *pack->is_done);
    return pack->made && pack->is_done ? MC_OK : mci_nomem(err, pack->n_shards);
}

/* ---- the end ---- */

static void keep_problems(const mc_summary *from, mc_pack_summary *to)
{
    for (size_t i = 0; i < from->n_problems && to->n_problems < MC_MAX_PROBLEMS; i++)
        memcpy(to->problems[to->n_problems++], from->problems[i], sizeof to->problems[0]);
}

/* The first few, in the order of the shards, whoever made them, and when. */
static mc_status gather_problems(const mci_pack *pack, mc_pack_summary *summary, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    mc_summary listed = { 0 };
    mci_problems_report(&pack->list->problems, &listed);
    keep_problems(&listed, summary);
    for (size_t i = 0; i < pack->n_shards && status >= 0; i++) {
        mci_pack_stamp stamp;
        bool found;
        if (summary->n_problems == MC_MAX_PROBLEMS)
            break;
        if (pack->made[i].images_found == pack->made[i].images_packed)
            continue;
        status = mci_pack_stamp_path(pack->job->out_dir, i, &path, err);
        if (status >= 0)
            status = mci_pack_stamp_load(path.data, &stamp, &found, err);
        if (status >= 0 && found)
            keep_problems(&stamp.problems, summary);
    }
    mci_buf_release(&path);
    return status;
}

static mc_status finish(const mci_pack *pack, mc_pack_summary *summary, mc_error *err)
{
    summary->n = pack->list->n;
    summary->n.shards = pack->n_shards;
    for (size_t i = 0; i < pack->n_shards; i++)
        mci_pack_counters_add(&summary->n, &pack->made[i]);
    MC_TRY(gather_problems(pack, summary, err));
    return mci_pack_stats_save(pack->job, pack->made, pack->n_shards, &summary->n, err);
}

/* ---- all of it ---- */

static mc_status pack_list(const mc_pack_job *job, const mci_pack_list *list,
                           mc_pack_summary *summary, bool *has_begun, mc_error *err)
{
    mci_pack pack = { .job = job, .list = list };
    pthread_mutex_init(&pack.lock, NULL);
    mc_status status = start(&pack, err);
    *has_begun = status >= 0;
    if (status >= 0)
        status = mci_pack_shards(&pack, err);
    if (status >= 0)
        status = finish(&pack, summary, err);
    mci_free(pack.made);
    mci_free(pack.is_done);
    pthread_mutex_destroy(&pack.lock);
    return status;
}

mc_status mc_pack_run(const mc_pack_job *job, mc_pack_summary *summary, mc_error *err)
{
    mc_pack_job whole;
    mci_pack_list list;
    struct timespec begin;
    bool is_new, has_begun = false;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    MC_TRY(check_job(job, &whole, err));
    MC_TRY(mci_pack_folder_open(whole.out_dir, &is_new, err));
    mc_status status = mci_pack_list_make(&whole, &list, err);
    if (status >= 0)
        status = pack_list(&whole, &list, summary, &has_begun, err);
    mci_pack_list_release(&list);
    if (is_new && !has_begun)
        rmdir(whole.out_dir); /* nothing came of it; it is empty */
    summary->seconds = mci_seconds_since(begin);
    return status;
}
