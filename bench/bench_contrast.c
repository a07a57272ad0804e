/* The loss of a batch and its gradients by the features, forward and back, beside plain loops in
 * f64 over some of its rows, whose answer it must have. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/threads.h"
#include "bench.h"
#include "train/contrast.h"

/* Rows of which the plain loops compute all. */
enum { PLAIN_ROWS = 8 };

typedef struct {
    size_t N, D;
    double scale;
    float *sides[2], *dsides[2];
    double *lses[2];
    double dscale;
} batch;

static void *must_have(void *memory)
{
    if (!memory)
        exit(1);
    return memory;
}

/* Of the processors, by all threads: what others leave of them decides the clock's seconds. */
static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static double uniform(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Pairs that have something in common, as those of a model that has learnt. */
static batch new_batch(size_t N, size_t D)
{
    batch b = { .N = N, .D = D, .scale = 50.0 };
    uint64_t state = 7;
    double *lengths = must_have(malloc(N * sizeof *lengths));
    for (int side = 0; side < 2; side++) {
        b.sides[side] = must_have(malloc(N * D * sizeof(float)));
        b.dsides[side] = must_have(malloc(N * D * sizeof(float)));
        b.lses[side] = must_have(malloc(N * sizeof(double)));
        for (size_t i = 0; i < N * D; i++)
            b.sides[side][i] =
                (float)(uniform(&state) - 0.5) + (side ? b.sides[0][i] * 0.4f : 0.0f);
        mci_normalize_rows(b.sides[side], N, D, lengths);
    }
    free(lengths);
    return b;
}

static void free_batch(batch *b)
{
    for (int side = 0; side < 2; side++) {
        free(b->sides[side]);
        free(b->dsides[side]);
        free(b->lses[side]);
    }
}

static void run(batch *b, mci_team *team)
{
    b->dscale = 0.0;
    for (int side = 0; side < 2; side++)
        mci_contrast_lse_on(team, b->sides[side], b->N, b->sides[!side], b->N, b->D, b->scale,
                            b->lses[side]);
    for (int side = 0; side < 2; side++)
        b->dscale =
            mci_contrast_backward_on(team, b->sides[side], b->N, 0, b->sides[!side], b->N, b->D,
                                     b->scale, b->lses[side], b->lses[!side], b->dsides[side]);
}

/* ---- plain loops ---- */

static double logit(const batch *b, size_t i, size_t j)
{
    double sum = 0.0;
    for (size_t d = 0; d < b->D; d++)
        sum += (double)b->sides[0][i * b->D + d] * (double)b->sides[1][j * b->D + d];
    return b->scale * sum;
}

static double plain_lse(const batch *b, size_t i)
{
    double largest = -INFINITY, sum = 0.0;
    for (size_t j = 0; j < b->N; j++) {
        const double s = logit(b, i, j);
        sum = s > largest ? sum * exp(largest - s) + 1.0 : sum + exp(s - largest);
        largest = fmax(largest, s);
    }
    return largest + log(sum);
}

static void plain_gradient(const batch *b, size_t i, double *da)
{
    memset(da, 0, b->D * sizeof *da);
    for (size_t j = 0; j < b->N; j++) {
        const double s = logit(b, i, j), two = i == j ? 2.0 : 0.0;
        const double ds =
            (exp(s - b->lses[0][i]) + exp(s - b->lses[1][j]) - two) / (2.0 * (double)b->N);
        for (size_t d = 0; d < b->D; d++)
            da[d] += ds * b->scale * (double)b->sides[1][j * b->D + d];
    }
}

/* How far the fast one is from it, relative to the largest number; and the processor's
 * seconds a row. */
static double compare(const batch *b, double *seconds)
{
    double *da = must_have(malloc(b->D * sizeof *da)), worst = 0.0;
    const double start = processor_seconds();
    for (size_t k = 0; k < PLAIN_ROWS; k++) {
        const size_t i = k * (b->N - 1) / (PLAIN_ROWS - 1);
        double most = 0.0, off = 0.0;
        worst = fmax(worst, fabs(plain_lse(b, i) - b->lses[0][i]));
        plain_gradient(b, i, da);
        for (size_t d = 0; d < b->D; d++) {
            most = fmax(most, fabs(da[d]));
            off = fmax(off, fabs(da[d] - (double)b->dsides[0][i * b->D + d]));
        }
        worst = fmax(worst, off / most);
    }
    *seconds = (processor_seconds() - start) / PLAIN_ROWS;
    free(da);
    return worst;
}

static void bench_size(size_t N, size_t D, mci_team *team)
{
    char name[64];
    double plain_row;
    batch b = new_batch(N, D);
    snprintf(name, sizeof name, "loss of %zu pairs of %zu", N, D);
    bench one = bench_begin(name);
    bench_items(&one, N);
    bench_threads(&one, mci_team_size(team));
    const double before = processor_seconds();
    while (bench_next(&one))
        run(&b, team);
    const double processor = (processor_seconds() - before) / (double)one.n_done;
    const double off = compare(&b, &plain_row);
    bench_check(&one, off < 1e-6, "it is not the plain loops' answer");
    const double rate = bench_end(&one);
    /* Three products of each side: twice the logits, and the gradient. */
    const double work = 12.0 * (double)N * (double)N * (double)D,
                 plain = 2.0 * (double)N * plain_row;
    printf("{\"name\":\"%s\",\"seconds\":%.3f,\"processor_s\":%.3f,\"gflop_per_s\":%.1f,"
           "\"times_plain_loops_by_processor\":%.1f,\"largest_difference\":%.2g}\n",
           name, (double)N / rate, processor, work / processor / 1e9, plain / processor, off);
    free_batch(&b);
}

/* Batches up to the first argument (32768 is the standard set-up's), by as many threads as the
 * second says. */
int main(int argc, char **argv)
{
    const size_t most = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 4096;
    mc_error err = { 0 };
    mci_team *team = NULL;
    if (mci_team_new(argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0, &team, &err) < 0)
        return 1;
    for (size_t N = 256; N <= most; N *= N < 4096 ? 4 : 8)
        bench_size(N, 512, team);
    if (most >= 4096)
        bench_size(4096, 1024, team);
    mci_team_free(team);
    return 0;
}
