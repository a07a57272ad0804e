/* Pairs to train on, out of webdataset tars of JPEGs of 640 x 480: decoding them alone, out of
 * memory; the whole way (read, decode, crop, resize, normalise, tokens), with as many threads; the
 * reading ahead of what is in the tars; and how long a step has to wait for its pairs, if it takes
 * a quarter longer than preparing them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/threads.h"
#include "bench.h"
#include "io/tar_out.h"
#include "photos.h"
#include "train/pair_loader_internal.h"

enum { S = 224, N_PHOTOS = 8, N_TARS = 4, PER_TAR = 200, N = N_TARS * PER_TAR, BATCH = 50 };

typedef struct {
    const char *dir;
    char paths[N_TARS][96], vocab[96];
    photo photos[N_PHOTOS];
    mc_tokenizer *tokenizer;
} fixture;

static void need(mc_status status, const mc_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "bench_loader: %s\n", err->text);
    exit(1);
}

/* ---- the set ---- */

static void write_tar(fixture *f, int k)
{
    mci_tar_out *tar = NULL;
    mc_error err = { 0 };
    snprintf(f->paths[k], sizeof f->paths[k], "%s/%d.tar", f->dir, k);
    need(mci_tar_out_open(f->paths[k], &tar, &err), &err);
    for (int i = 0; i < PER_TAR; i++) {
        const photo *p = &f->photos[i % N_PHOTOS];
        char name[32], text[256];
        snprintf(name, sizeof name, "%05d.jpg", i);
        need(mci_tar_out_add(tar, name, (mc_str){ (const char *)p->bytes, p->n_bytes }, &err),
             &err);
        snprintf(text, sizeof text, "a photo of thing %d, seen from shard %d", i, k);
        snprintf(name, sizeof name, "%05d.txt", i);
        need(mci_tar_out_add(tar, name, mc_str_of(text), &err), &err);
        snprintf(text, sizeof text,
                 "{\"caption\":\"a photo of thing %d, seen from shard %d\",\"url\":"
                 "\"http://photos.example/%d/%d.jpg\",\"key\":\"%05d\",\"status\":\"success\","
                 "\"width\":640,\"height\":480,\"exif\":\"{}\"}",
                 i, k, k, i, i);
        snprintf(name, sizeof name, "%05d.json", i);
        need(mci_tar_out_add(tar, name, mc_str_of(text), &err), &err);
    }
    need(mci_tar_out_commit(tar, NULL, &err), &err);
}

/* A vocabulary without merges is enough: texts are a small part of the work. */
static void open_tokenizer(fixture *f)
{
    mc_error err = { 0 };
    snprintf(f->vocab, sizeof f->vocab, "%s/vocab.txt", f->dir);
    FILE *file = fopen(f->vocab, "w");
    if (!file || fputs("bytes alone\nt h\nth e</w>", file) < 0 || fclose(file) != 0)
        exit(1);
    need(mc_tokenizer_open(f->vocab, MC_RULE_OPENAI, &f->tokenizer, &err), &err);
}

static void make_set(fixture *f)
{
    static char dir[] = "/tmp/metaclip-bench-XXXXXX";
    f->dir = mkdtemp(dir);
    if (!f->dir)
        exit(1);
    for (int i = 0; i < N_PHOTOS; i++)
        f->photos[i] = photo_make(640, 480, (uint64_t)i + 1);
    for (int k = 0; k < N_TARS; k++)
        write_tar(f, k);
    open_tokenizer(f);
}

static void remove_set(fixture *f)
{
    for (int k = 0; k < N_TARS; k++)
        unlink(f->paths[k]);
    unlink(f->vocab);
    rmdir(f->dir);
    for (int i = 0; i < N_PHOTOS; i++)
        photo_release(&f->photos[i]);
    mc_tokenizer_free(f->tokenizer);
}

static mci_pair_loader_job job_of(const fixture *f, const char *paths[N_TARS], unsigned n_threads)
{
    for (int k = 0; k < N_TARS; k++)
        paths[k] = f->paths[k];
    return (mci_pair_loader_job){ .inputs = paths,
                                  .n_inputs = N_TARS,
                                  .image = mci_pair_image_options(S),
                                  .crop = mci_pair_crop_range(),
                                  .tokenizer = f->tokenizer,
                                  .batch = BATCH,
                                  .n_threads = n_threads };
}

/* ---- measuring ---- */

static mc_status decode_one(void *user, size_t task, unsigned worker, mc_error *err)
{
    const fixture *f = user;
    static mc_image_scratch *scratches[64];
    const photo *p = &f->photos[task % N_PHOTOS];
    mc_image_options options = mci_pair_image_options(S);
    uint8_t *bytes;
    unsigned width, height;
    if (!scratches[worker]) /* kept until the end */
        need(mc_image_scratch_new(&scratches[worker], err), err);
    need(mc_image_decode(scratches[worker], &options,
                         (mc_str){ (const char *)p->bytes, p->n_bytes }, &bytes, &width, &height,
                         err),
         err);
    mc_free(bytes);
    return MC_OK;
}

static double bench_decode(fixture *f, const char *name, unsigned n_threads)
{
    mc_error err = { 0 };
    bench b = bench_begin(name);
    bench_items(&b, N);
    bench_threads(&b, n_threads);
    while (bench_next(&b))
        need(mci_run_tasks(n_threads, N, decode_one, f, &err), &err);
    return bench_end(&b);
}

/* An epoch a round, with what it takes to begin. */
static double bench_pairs(const fixture *f, const char *name, unsigned n_threads,
                          const char *baseline, double rate)
{
    const char *paths[N_TARS];
    mci_pair_loader_job job = job_of(f, paths, n_threads);
    mci_pair_counters n = { 0 };
    mc_error err = { 0 };
    bench b = bench_begin(name);
    bench_items(&b, N);
    bench_threads(&b, n_threads);
    bench_against(&b, baseline, rate);
    mci_pair_loader *loader = NULL;
    need(mci_pair_loader_open(&job, &loader, &err), &err);
    while (bench_next(&b)) {
        mci_pair_batch batch;
        for (int i = 0; i < N / BATCH; i++)
            need(mci_pair_loader_next(loader, &batch, &err), &err);
        n = mci_pair_loader_counters(loader);
    }
    mci_pair_loader_close(loader);
    bench_check(&b, n.images_unusable == 0 && n.units == n.windows * N && n.units > 0, "the pairs");
    return bench_end(&b);
}

static void bench_scan(const fixture *f)
{
    const char *paths[N_TARS];
    mci_pair_loader_job job = job_of(f, paths, 1);
    atomic_bool is_closing = false;
    mci_pair_scan *scan = NULL;
    mc_error err = { 0 };
    size_t n = 0;
    need(mci_pair_scan_new(&job, &is_closing, &scan, &err), &err);
    bench b = bench_begin("scan");
    bench_items(&b, N);
    while (bench_next(&b)) {
        n = 0;
        for (int k = 0; k < N_TARS; k++) {
            mci_shard shard = { .path = f->paths[k], .name = mc_str_of(f->paths[k]) };
            mci_pair_scanned *scanned = NULL;
            need(mci_pair_scan_shard(scan, &shard, 0, &scanned, &err), &err);
            n += scanned->n_units;
            mci_pair_scanned_free(scanned);
        }
    }
    bench_check(&b, n == N, "the number of units");
    bench_end(&b);
    mci_pair_scan_free(scan);
}

static void wait_for(double seconds)
{
    struct timespec time = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
    nanosleep(&time, NULL);
}

/* Steps that leave the processors to the loader, as those of a GPU do. */
static void bench_waiting(const fixture *f, double pairs_per_second)
{
    const char *paths[N_TARS];
    mci_pair_loader_job job = job_of(f, paths, mci_n_processors());
    double step = 1.25 * BATCH / pairs_per_second, waited = 0, began = 0;
    enum { STEPS = 64 };
    mci_pair_loader *loader = NULL;
    mc_error err = { 0 };
    job.n_batches = 3;
    need(mci_pair_loader_open(&job, &loader, &err), &err);
    for (int i = 0; i < STEPS; i++) {
        mci_pair_batch batch;
        double before = bench_now();
        need(mci_pair_loader_next(loader, &batch, &err), &err);
        if (i == 0)
            began = bench_now(); /* nothing is ready at the very first */
        else
            waited += bench_now() - before;
        wait_for(step);
    }
    double all = bench_now() - began;
    mci_pair_loader_close(loader);
    printf("{\"name\":\"data_time\",\"steps\":%d,\"step_ms\":%.1f,\"share\":%.4f}\n", STEPS,
           1e3 * all / STEPS, waited / all);
}

int main(void)
{
    static fixture f;
    unsigned n = mci_n_processors() < 64 ? mci_n_processors() : 64;
    make_set(&f);
    double alone = bench_decode(&f, "decode_1_thread", 1);
    bench_pairs(&f, "pairs_1_thread", 1, "decode_1_thread", alone);
    double all = bench_decode(&f, "decode_all", n);
    double rate = bench_pairs(&f, "pairs_all", n, "decode_all", all);
    bench_scan(&f);
    bench_waiting(&f, rate);
    remove_set(&f);
    return 0;
}
