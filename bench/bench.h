/* The frame of a benchmark: a few rounds, a check of the answer, one line of JSON.
 *
 *     bench b = bench_begin("match_captions");
 *     bench_bytes(&b, captions.len);
 *     while (bench_next(&b))
 *         hits = match_all(captions);
 *     bench_check(&b, hits == known_hits, "the number of matches");
 *     double rate = bench_end(&b);
 *
 * A wrong answer prints no rate and ends the program with 1. */
#ifndef METACLIP_BENCH_H
#define METACLIP_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_MAX_ROUNDS = 64 };

typedef struct {
    const char *name;
    size_t n_bytes, n_items;
    unsigned n_threads;
    const char *baseline; /* its name, NULL: none */
    double baseline_rate;
    size_t n_rounds, n_done;
    double started, seconds[BENCH_MAX_ROUNDS];
} bench;

/* One thread and, unless METACLIP_BENCH_ROUNDS says another number, 5 rounds. */
bench bench_begin(const char *name);
void bench_bytes(bench *b, size_t n); /* of input, a round */
void bench_items(bench *b, size_t n); /* a round */
void bench_threads(bench *b, unsigned n);
/* What this one is to be compared with: the rate that its bench_end gave. */
void bench_against(bench *b, const char *name, double rate);
/* Whether there is another round; its time is from here to the next call. */
bool bench_next(bench *b);
void bench_check(const bench *b, bool holds, const char *what);
/* Prints the line. Gives bytes a second (items, if no bytes were told) in the median round. */
double bench_end(bench *b);
/* Seconds of a clock that only goes forward. */
double bench_now(void);

#endif
