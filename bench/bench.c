#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

bench bench_begin(const char *name)
{
    const char *rounds = getenv("METACLIP_BENCH_ROUNDS");
    unsigned long n = rounds ? strtoul(rounds, NULL, 10) : 5;
    if (n < 1)
        n = 1;
    if (n > BENCH_MAX_ROUNDS)
        n = BENCH_MAX_ROUNDS;
    return (bench){ .name = name, .n_threads = 1, .n_rounds = n };
}

void bench_bytes(bench *b, size_t n)
{
    b->n_bytes = n;
}

void bench_items(bench *b, size_t n)
{
    b->n_items = n;
}

void bench_threads(bench *b, unsigned n)
{
    b->n_threads = n;
}

void bench_against(bench *b, const char *name, double rate)
{
    b->baseline = name;
    b->baseline_rate = rate;
}

bool bench_next(bench *b)
{
    double now = bench_now();
    if (b->started != 0)
        b->seconds[b->n_done++] = now - b->started;
    b->started = bench_now();
    return b->n_done < b->n_rounds;
}

void bench_check(const bench *b, bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s: wrong: %s\n", b->name, what);
    exit(1);
}

static int by_size(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

double bench_end(bench *b)
{
    qsort(b->seconds, b->n_done, sizeof *b->seconds, by_size);
    double median = b->seconds[b->n_done / 2];
    double bytes_rate = (double)b->n_bytes / median, items_rate = (double)b->n_items / median;
    double rate = b->n_bytes ? bytes_rate : items_rate;
    printf("{\"name\":\"%s\",\"median_s\":%.6f,\"min_s\":%.6f,\"max_s\":%.6f,\"rounds\":%zu",
           b->name, median, b->seconds[0], b->seconds[b->n_done - 1], b->n_done);
    if (b->n_bytes)
        printf(",\"bytes_per_s\":%.0f,\"mb_per_s\":%.1f", bytes_rate, bytes_rate / 1e6);
    if (b->n_items)
        printf(",\"items_per_s\":%.0f", items_rate);
    printf(",\"threads\":%u", b->n_threads);
    if (b->baseline)
        printf(",\"baseline\":\"%s\",\"ratio\":%.2f", b->baseline, rate / b->baseline_rate);
    printf("}\n");
    fflush(stdout);
    return rate;
}
