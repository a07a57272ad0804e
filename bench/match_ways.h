/* What the benchmarks of matching share: texts against a list in several ways, which must all find
 * the same number of matches before a rate is printed. They end the program if something fails. */
#ifndef METACLIP_BENCH_MATCH_WAYS_H
#define METACLIP_BENCH_MATCH_WAYS_H

#include "bench.h"
#include "captions.h"
#include "metaclip/text.h"

typedef mc_status match_definition(const mc_str *entries, size_t n, mc_str text, uint32_t *ids,
                                   size_t *n_ids, mc_error *err);

void match_need(mc_status status, const mc_error *err);

/* "WHAT_KIND", until it is asked for the next. */
const char *match_name(const char *what, const char *kind);

/* The number of matches of n texts, in batches. */
size_t match_count(const mc_matcher *matcher, mc_match_scratch *scratch, const mc_str *texts,
                   size_t n);

/* The definition over the first few texts, and the textbook's automaton over more of them, whose
 * rate is given. */
void bench_definition(const char *name, match_definition *define, const captions *all,
                      const mc_matcher *matcher, mc_match_scratch *scratch);
double bench_textbook(const char *name, mc_match_rule rule, const captions *all,
                      const mc_matcher *matcher, mc_match_scratch *scratch);

#endif
