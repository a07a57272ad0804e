/* Counting and drawing pairs in memory, as a program does that has its own data: entries as in a
 * pool, few of them nearly everywhere and most of them rare. The baselines are the plain loops that
 * one writes from the paper: a check for each id, and Algorithm 1's trial for each entry. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "metaclip/metaclip.h"

enum { N_ENTRIES = 500000, N_PAIRS = 4000000 };
static const uint64_t t = 20;

typedef struct {
    uint32_t *ids;
    uint64_t *offsets;
    double *u;
    uint64_t n_ids;
} pairs;

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static double uniform(uint64_t *state)
{
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The entry of a rank stands in pairs as often as 1 / rank says (Zipf), ranks are scattered over
 * ids; 1 to 8 entries a pair. */
static void make_pairs(pairs *p)
{
    uint64_t state = 1;
    p->ids = malloc(8 * (size_t)N_PAIRS * sizeof *p->ids);
    p->offsets = malloc(((size_t)N_PAIRS + 1) * sizeof *p->offsets);
    p->u = malloc((size_t)N_PAIRS * sizeof *p->u);
    if (!p->ids || !p->offsets || !p->u)
        exit(1);
    for (size_t i = 0; i < N_PAIRS; i++) {
        uint64_t n = 1 + next_random(&state) % 8;
        p->offsets[i] = p->n_ids;
        for (uint64_t k = 0; k < n; k++) {
            double rank = pow(N_ENTRIES, uniform(&state));
            uint64_t id = (uint64_t)rank * UINT64_C(7919);
            p->ids[p->n_ids++] = (uint32_t)(id % N_ENTRIES);
        }
        qsort(p->ids + p->offsets[i], n, sizeof *p->ids, ascending);
        p->u[i] = uniform(&state);
    }
    p->offsets[N_PAIRS] = p->n_ids;
}

/* ---- plain ---- */

static bool count_plainly(const pairs *p, uint64_t *counts)
{
    for (uint64_t i = 0; i < p->n_ids; i++) {
        if (p->ids[i] >= N_ENTRIES)
            return false;
        counts[p->ids[i]]++;
    }
    return true;
}

static uint64_t draw_plainly(const pairs *p, const double *probabilities)
{
    uint64_t state = 2, n_kept = 0;
    for (size_t i = 0; i < N_PAIRS; i++) {
        bool keeps = false;
        for (uint64_t k = p->offsets[i]; k < p->offsets[i + 1]; k++)
            keeps |= uniform(&state) < probabilities[p->ids[k]];
        n_kept += keeps;
    }
    return n_kept;
}

/* ---- ours ---- */

static void bench_count(const pairs *p, uint64_t *counts)
{
    uint64_t *plain = calloc(N_ENTRIES, sizeof *plain);
    bench b = bench_begin("count, plain loop"), c = bench_begin("count, mc_count_ids");
    uint64_t sum = 0, plain_sum = 0;
    bench_items(&b, p->n_ids);
    while (plain && bench_next(&b))
        count_plainly(p, plain);
    double rate = bench_end(&b);
    bench_items(&c, p->n_ids);
    bench_against(&c, "plain loop", rate);
    while (bench_next(&c))
        bench_check(&c, mc_count_ids(p->ids, p->n_ids, counts, N_ENTRIES, NULL) == MC_OK, "status");
    for (size_t i = 0; i < N_ENTRIES; i++) {
        sum += counts[i];
        plain_sum += plain[i];
        counts[i] /= c.n_rounds;
    }
    bench_check(&c, sum == plain_sum && sum == p->n_ids * c.n_rounds, "the counts");
    bench_end(&c);
    free(plain);
}

static void bench_draw(const pairs *p, const uint64_t *counts)
{
    mc_balancer *balancer = NULL;
    double *probabilities = malloc(N_ENTRIES * sizeof *probabilities);
    bool *keeps = malloc(N_PAIRS * sizeof *keeps);
    bench b = bench_begin("draw, a trial an entry"), c = bench_begin("draw, mc_draw_pairs");
    uint64_t n_plain = 0, n_kept = 0;
    if (!probabilities || !keeps ||
        mc_balancer_new(counts, N_ENTRIES, t, 0, &balancer, NULL) != MC_OK)
        exit(1);
    for (size_t i = 0; i < N_ENTRIES; i++)
        probabilities[i] = mc_entry_probability(counts[i], t);
    bench_items(&b, p->n_ids);
    while (bench_next(&b))
        n_plain = draw_plainly(p, probabilities);
    double rate = bench_end(&b);
    bench_items(&c, p->n_ids);
    bench_against(&c, "a trial an entry", rate);
    while (bench_next(&c))
        mc_draw_pairs(balancer, p->ids, p->offsets, p->u, N_PAIRS, keeps, NULL);
    for (size_t i = 0; i < N_PAIRS; i++)
        n_kept += keeps[i];
    /* The two draw by different numbers from the same law. */
    double difference = (double)n_kept - (double)n_plain;
    bench_check(&c, difference * difference < 36.0 * (double)n_kept, "the number of pairs kept");
    bench_end(&c);
    mc_balancer_free(balancer);
    free(probabilities);
    free(keeps);
}

int main(void)
{
    pairs p = { 0 };
    uint64_t *counts = calloc(N_ENTRIES, sizeof *counts);
    if (!counts)
        return 1;
    make_pairs(&p);
    bench_count(&p, counts);
    bench_draw(&p, counts);
    free(counts);
    free(p.ids);
    free(p.offsets);
    free(p.u);
    return 0;
}
