/* How fast the whole way is, from a WAT file to a finished run folder, on one thread: what
 * docs/scale.md plans with. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "crawl.h"
#include "metaclip/metaclip.h"

enum { WAT_BYTES = 96 << 20 };

static void need(mc_status status, const mc_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "bench_curate: %s\n", err->text);
    exit(1);
}

/* One entry a line. */
static void write_metadata(const captions *c, const char *path)
{
    FILE *file = fopen(path, "wb");
    for (size_t i = 0; file && i < c->n_entries; i++) {
        fwrite(c->entries[i].data, 1, c->entries[i].len, file);
        fputc('\n', file);
    }
    if (file && fclose(file) == 0)
        return;
    fprintf(stderr, "bench_curate: cannot write %s\n", path);
    exit(1);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static double bench_curate(const crawl_file *wat, mc_curate_job job, const char *name, double rate)
{
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    bench b = bench_begin(name);
    bench_bytes(&b, wat->n_bytes);
    bench_items(&b, wat->n_records);
    if (rate > 0)
        bench_against(&b, "curate_wat", rate);
    while (bench_next(&b)) {
        remove_folder(job.out_dir);
        summary = (mc_summary){ 0 };
        need(mc_curate_run(&job, &summary, &err), &err);
    }
    const mc_counters *n = &summary.n;
    bench_check(&b,
                n->pairs_read == wat->n_records &&
                    n->pairs_kept + n->pairs_not_drawn + n->pairs_duplicate + n->pairs_unmatched ==
                        n->pairs_read,
                "the number of pairs");
    return bench_end(&b);
}

int main(void)
{
    char folder[] = "/tmp/metaclip-bench-XXXXXX", metadata[64], out[64];
    if (!mkdtemp(folder))
        return 1;
    snprintf(metadata, sizeof metadata, "%s/metadata.txt", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    captions c = captions_get();
    crawl_file wat = crawl_make(&c, folder, CRAWL_WAT, WAT_BYTES);
    write_metadata(&c, metadata);
    captions_release(&c);
    const char *input = wat.path;
    mc_curate_job job = { .pool = { .inputs = &input, .n_inputs = 1, .n_threads = 1 },
                          .metadata_path = metadata,
                          .out_dir = out,
                          .tail_ratio = -1,
                          .t = 1000 };
    double rate = bench_curate(&wat, job, "curate_wat", 0);
    job.keep_duplicates = true;
    bench_curate(&wat, job, "curate_wat_no_dedup", rate);
    job.keep_duplicates = false;
    job.format = MC_JSONL_ZST;
    bench_curate(&wat, job, "curate_wat_zst", rate);
    job.format = MC_PARQUET;
    bench_curate(&wat, job, "curate_wat_parquet", rate);
    remove_folder(folder);
    return 0;
}
