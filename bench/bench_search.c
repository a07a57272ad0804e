/* Exact search over features, 512 numbers a row. One query is answered as fast as memory is read,
 * so it is compared with plainly reading the same memory; 64 queries at a time are compared with
 * the loop that one writes, a query after the other. METACLIP_BENCH_ROWS sets the number of rows
 * (524288: 1 GiB of f32, more than most caches). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dtype.h"
#include "bench.h"
#include "io/npy_out.h"
#include "metaclip/metaclip.h"

enum { D = 512, Q = 64, K = 10 };

typedef struct {
    size_t n;
    float *rows, *queries;
    uint64_t found[Q * K], plain[Q];
    float scores[Q * K];
} fixture;

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static void fill(float *values, size_t n, uint64_t seed)
{
    for (size_t i = 0; i + 1 < n; i += 2) {
        uint64_t bits = next_random(&seed);
        values[i] = (float)(int32_t)bits * 0x1p-31f;
        values[i + 1] = (float)(int32_t)(bits >> 32) * 0x1p-31f;
    }
}

static void set_up(fixture *f)
{
    const char *rows = getenv("METACLIP_BENCH_ROWS");
    f->n = rows ? strtoul(rows, NULL, 10) : 524288;
    f->rows = malloc(f->n * D * sizeof *f->rows);
    f->queries = malloc(Q * D * sizeof *f->queries);
    if (!f->rows || !f->queries || f->n < K)
        exit(1);
    fill(f->rows, f->n * D, 1);
    fill(f->queries, Q * D, 2);
}

/* ---- plain ---- */

/* As wide as the compiler can make it for every processor of this kind. */
typedef uint64_t words __attribute__((vector_size(64)));

static double read_plainly(const fixture *f)
{
    size_t n_bytes = f->n * D * sizeof *f->rows;
    bench b = bench_begin("read memory");
    uint64_t sum = 0, first = 0;
    bench_bytes(&b, n_bytes);
    while (bench_next(&b)) {
        words one, other, sums = { 0 };
        for (size_t at = 0; at + 2 * sizeof one <= n_bytes; at += 2 * sizeof one) {
            memcpy(&one, (const char *)f->rows + at, sizeof one);
            memcpy(&other, (const char *)f->rows + at + sizeof one, sizeof other);
            sums ^= one ^ other;
        }
        sum = 0;
        for (size_t i = 0; i < 8; i++)
            sum ^= sums[i];
        first = first ? first : sum;
    }
    bench_check(&b, sum == first, "the same memory");
    return bench_end(&b);
}

static double copy_plainly(const fixture *f)
{
    size_t n_bytes = f->n * D * sizeof *f->rows;
    char *to = malloc(n_bytes);
    bench b = bench_begin("memcpy, bytes read");
    if (!to)
        return 0;
    memset(to, 1, n_bytes);
    bench_bytes(&b, n_bytes);
    while (bench_next(&b))
        memcpy(to, f->rows, n_bytes);
    bench_check(&b, memcmp(to + n_bytes - 64, (const char *)f->rows + n_bytes - 64, 64) == 0,
                "the copy");
    free(to);
    return bench_end(&b);
}

/* The nearest of one query, in plain C; lengths with it. */
static uint64_t nearest_plainly(const fixture *f, const float *query)
{
    uint64_t best = 0;
    float best_score = -INFINITY;
    for (size_t r = 0; r < f->n; r++) {
        const float *row = f->rows + r * D;
        float product = 0, square = 0;
        for (size_t i = 0; i < D; i++) {
            product += row[i] * query[i];
            square += row[i] * row[i];
        }
        float score = product / sqrtf(square);
        if (score > best_score) {
            best_score = score;
            best = r;
        }
    }
    return best;
}

static double search_plainly(fixture *f)
{
    bench b = bench_begin("search, plain loop, 2 queries");
    bench_items(&b, 2);
    while (bench_next(&b)) {
        for (size_t q = 0; q < 2; q++)
            f->plain[q] = nearest_plainly(f, f->queries + q * D);
    }
    return bench_end(&b);
}

/* ---- ours ---- */

static void run(bench *b, fixture *f, const mc_search_index *index, size_t n_queries)
{
    mc_search_options options = { .k = K, .n_threads = b->n_threads };
    while (bench_next(b))
        bench_check(b,
                    mc_search_run(index, f->queries, n_queries, &options, f->found, f->scores, NULL,
                                  NULL) == MC_OK,
                    "status");
    for (size_t q = 0; q < 2 && q < n_queries; q++)
        bench_check(b, f->found[q * K] == f->plain[q], "the nearest row");
}

static void bench_one_query(fixture *f, const mc_search_index *index, size_t row_bytes,
                            const char *name, unsigned n_threads, double read_rate)
{
    bench b = bench_begin(name);
    bench_bytes(&b, f->n * row_bytes);
    bench_threads(&b, n_threads);
    bench_against(&b, "read memory, one thread", read_rate);
    run(&b, f, index, 1);
    bench_end(&b);
}

static void bench_batch(fixture *f, const mc_search_index *index, const char *name,
                        unsigned n_threads, double plain_rate)
{
    bench b = bench_begin(name);
    bench_items(&b, Q);
    bench_threads(&b, n_threads);
    bench_against(&b, "plain loop", plain_rate);
    run(&b, f, index, Q);
    double rate = bench_end(&b);
    printf("  %.1f billion multiplications a second\n", rate * (double)f->n * D / 1e9);
}

/* The same rows as f16 in a file, mapped. They are rounded, so the nearest may be another: checked
 * is that the score is. */
static void bench_halves(fixture *f, double read_rate)
{
    const char *path = "bench_search.npy";
    uint64_t dims[] = { D };
    mci_npy_out *out = NULL;
    mc_search_index *index = NULL;
    static uint16_t halves[1024 * D];
    bool written = mci_npy_out_open_rows(path, MCI_ARRAY_F16, 1, dims, &out, NULL) == MC_OK;
    for (size_t r = 0; written && r < f->n; r += 1024) {
        size_t n = f->n - r < 1024 ? f->n - r : 1024;
        mci_dtype_convert(MCI_F32, f->rows + r * D, MCI_F16, halves, n * D);
        written = mci_npy_out_add(out, halves, n, NULL) == MC_OK;
    }
    if (!written || mci_npy_out_commit(out, NULL) < 0 ||
        mc_search_open(&path, 1, NULL, &index, NULL) < 0)
        exit(1);
    bench b = bench_begin("search f16 in a file, one query");
    mc_search_options options = { .k = K, .n_threads = 1 };
    float want = f->scores[0];
    bench_bytes(&b, f->n * D * 2);
    bench_against(&b, "read memory, one thread", read_rate);
    while (bench_next(&b))
        bench_check(
            &b,
            mc_search_run(index, f->queries, 1, &options, f->found, f->scores, NULL, NULL) == MC_OK,
            "status");
    bench_check(&b, fabsf(f->scores[0] - want) < 1e-3f, "the score of the nearest");
    bench_end(&b);
    mc_search_close(index);
    remove(path);
}

int main(void)
{
    static fixture f;
    mc_search_index *index = NULL;
    set_up(&f);
    if (mc_search_open_rows(f.rows, f.n, D, &index, NULL) < 0)
        return 1;
    double read_rate = read_plainly(&f);
    copy_plainly(&f);
    double plain_rate = search_plainly(&f);
    bench_one_query(&f, index, D * 4, "search f32, one query", 1, read_rate);
    bench_one_query(&f, index, D * 4, "search f32, one query", 2, read_rate);
    bench_batch(&f, index, "search f32, 64 queries at a time", 1, plain_rate);
    bench_batch(&f, index, "search f32, 64 queries at a time", 2, plain_rate);
    bench_halves(&f, read_rate);
    mc_search_close(index);
    free(f.rows);
    free(f.queries);
    return 0;
}
