/* How fast images come out of archives, beside inflating alone: nobody can be faster than that. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "crawl.h"
#include "io/stream.h"
#include "metaclip/metaclip.h"

enum { WAT_BYTES = 96 << 20, WARC_BYTES = 24 << 20 };

static void need(mc_status status, const mc_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "bench_extract: %s\n", err->text);
    exit(1);
}

static size_t inflate_all(const char *path)
{
    mc_error err = { 0 };
    mci_stream *stream;
    mc_str window;
    size_t n = 0;
    need(mci_stream_open(path, &stream, &err), &err);
    while (mci_stream_peek(stream, 1, &window, &err) == MC_OK) {
        n += window.len;
        mci_stream_skip(stream, window.len);
    }
    mci_stream_close(stream);
    return n;
}

static double bench_inflate(const crawl_file *file, const char *name)
{
    size_t n = 0;
    bench b = bench_begin(name);
    bench_bytes(&b, file->n_bytes);
    while (bench_next(&b))
        n = inflate_all(file->path);
    bench_check(&b, n == file->n_bytes, "the number of bytes");
    return bench_end(&b);
}

static void bench_extract(const crawl_file *file, const char *name, unsigned n_threads,
                          const char *baseline, double rate)
{
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    const char *input = file->path;
    mc_extract_job job = { .pool = { .inputs = &input, .n_inputs = 1, .n_threads = n_threads },
                           .out_path = "/dev/null",
                           .keep_duplicates = true };
    bench b = bench_begin(name);
    bench_bytes(&b, file->n_bytes);
    bench_items(&b, file->n_records);
    bench_threads(&b, n_threads);
    bench_against(&b, baseline, rate);
    while (bench_next(&b)) {
        summary = (mc_summary){ 0 };
        need(mc_extract_run(&job, &summary, &err), &err);
    }
    bench_check(&b, summary.n.records_kept == file->n_records && summary.n.items_skipped == 0,
                "the number of images");
    bench_end(&b);
}

int main(void)
{
    char folder[] = "/tmp/metaclip-bench-XXXXXX";
    if (!mkdtemp(folder))
        return 1;
    captions c = captions_get();
    crawl_file wat = crawl_make(&c, folder, CRAWL_WAT, WAT_BYTES);
    crawl_file warc = crawl_make(&c, folder, CRAWL_WARC, WARC_BYTES);
    captions_release(&c);
    double rate = bench_inflate(&wat, "inflate_wat");
    bench_extract(&wat, "extract_wat", 1, "inflate_wat", rate);
    bench_extract(&wat, "extract_wat_2_threads", 2, "inflate_wat", rate);
    rate = bench_inflate(&warc, "inflate_warc");
    bench_extract(&warc, "extract_warc", 1, "inflate_warc", rate);
    bench_extract(&warc, "extract_warc_2_threads", 2, "inflate_warc", rate);
    unlink(wat.path);
    unlink(warc.path);
    rmdir(folder);
    return 0;
}
