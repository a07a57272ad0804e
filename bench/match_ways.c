#include "match_ways.h"

#include <stdio.h>
#include <stdlib.h>

#include "aho_corasick.h"
#include "text/spacing.h"

/* The slower ones get the beginning of the texts. */
enum { NAIVE_BYTES = 1 << 8, AUTOMATON_BYTES = 4 << 20, BATCH_TEXTS = 256 };

void match_need(mc_status status, const mc_error *err)
{
    if (status == MC_OK)
        return;
    fprintf(stderr, "matching: %s\n", err->text);
    exit(1);
}

const char *match_name(const char *what, const char *kind)
{
    static char name[80];
    snprintf(name, sizeof name, "%s_%s", what, kind);
    return name;
}

/* The texts that make up the first n bytes or more. */
static captions first_bytes(const captions *all, size_t n)
{
    captions some = *all;
    some.n_bytes = some.n_texts = 0;
    while (some.n_texts < all->n_texts && some.n_bytes < n)
        some.n_bytes += all->texts[some.n_texts++].len;
    return some;
}

size_t match_count(const mc_matcher *matcher, mc_match_scratch *scratch, const mc_str *texts,
                   size_t n)
{
    mc_error err = { 0 };
    const uint32_t *ids;
    const size_t *offsets;
    size_t count = 0;
    for (size_t i = 0; i < n; i += BATCH_TEXTS) {
        size_t n_batch = n - i < BATCH_TEXTS ? n - i : BATCH_TEXTS;
        match_need(mc_match_batch(matcher, scratch, texts + i, n_batch, &offsets, &ids, &err),
                   &err);
        count += offsets[n_batch];
    }
    return count;
}

static size_t count_by_definition(match_definition *define, const captions *c)
{
    mc_error err = { 0 };
    uint32_t *ids = malloc((c->n_entries + 1) * sizeof *ids);
    size_t count = 0, n;
    for (size_t i = 0; ids && i < c->n_texts; i++) {
        match_need(define(c->entries, c->n_entries, c->texts[i], ids, &n, &err), &err);
        count += n;
    }
    free(ids);
    return count;
}

static size_t count_by_textbook(aho_corasick *automaton, const captions *c)
{
    mc_error err = { 0 };
    mci_buf spaced = { 0 };
    size_t count = 0;
    for (size_t i = 0; i < c->n_texts; i++) {
        mci_buf_clear(&spaced);
        match_need(mci_space_text(c->texts[i], &spaced, &err), &err);
        count += aho_corasick_count(automaton, mci_buf_str(&spaced));
    }
    mci_buf_release(&spaced);
    return count;
}

void bench_definition(const char *name, match_definition *define, const captions *all,
                      const mc_matcher *matcher, mc_match_scratch *scratch)
{
    captions some = first_bytes(all, NAIVE_BYTES);
    size_t want = match_count(matcher, scratch, some.texts, some.n_texts), got = 0;
    bench b = bench_begin(name);
    bench_bytes(&b, some.n_bytes);
    bench_items(&b, some.n_texts);
    while (bench_next(&b))
        got = count_by_definition(define, &some);
    bench_check(&b, got == want, "number of matches");
    bench_end(&b);
}

double bench_textbook(const char *name, mc_match_rule rule, const captions *all,
                      const mc_matcher *matcher, mc_match_scratch *scratch)
{
    captions some = first_bytes(all, AUTOMATON_BYTES);
    size_t want = match_count(matcher, scratch, some.texts, some.n_texts), got = 0;
    aho_corasick automaton = aho_corasick_build(rule, all->entries, all->n_entries);
    bench b = bench_begin(name);
    bench_bytes(&b, some.n_bytes);
    bench_items(&b, some.n_texts);
    while (bench_next(&b))
        got = count_by_textbook(&automaton, &some);
    bench_check(&b, got == want, "number of matches");
    fprintf(stderr, "textbook: %zu nodes, %.1f MB\n", automaton.n_nodes,
            (double)aho_corasick_bytes(&automaton) / 1e6);
    aho_corasick_release(&automaton);
    return bench_end(&b);
}
