/* How fast the matcher is: beside the definition and beside the textbook's automaton. All must find
 * the same number of matches before a rate is printed. */
#include <stdio.h>
#include <stdlib.h>

#include "aho_corasick.h"
#include "bench.h"
#include "captions.h"
#include "metaclip/text.h"
#include "text/matcher_naive.h"
#include "text/spacing.h"

/* The slower ones get the beginning of the texts. */
enum { NAIVE_BYTES = 1 << 8, AUTOMATON_BYTES = 4 << 20 };

static void need(mc_status status, const mc_error *err)
{
    if (status == MC_OK)
        return;
    fprintf(stderr, "bench_matcher: %s\n", err->text);
    exit(1);
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

static size_t match_all(const mc_matcher *matcher, mc_match_scratch *scratch, const captions *c)
{
    mc_error err = { 0 };
    const uint32_t *ids;
    size_t count = 0, n;
    for (size_t i = 0; i < c->n_texts; i++) {
        need(mc_match(matcher, scratch, c->texts[i], &ids, &n, &err), &err);
        count += n;
    }
    return count;
}

static size_t match_all_naively(const captions *c)
{
    mc_error err = { 0 };
    uint32_t *ids = malloc((c->n_entries + 1) * sizeof *ids);
    size_t count = 0, n;
    for (size_t i = 0; ids && i < c->n_texts; i++) {
        need(mci_match_naive(c->entries, c->n_entries, c->texts[i], ids, &n, &err), &err);
        count += n;
    }
    free(ids);
    return count;
}

static size_t match_all_by_automaton(aho_corasick *automaton, const captions *c)
{
    mc_error err = { 0 };
    mci_buf spaced = { 0 };
    size_t count = 0;
    for (size_t i = 0; i < c->n_texts; i++) {
        mci_buf_clear(&spaced);
        need(mci_space_text(c->texts[i], &spaced, &err), &err);
        count += aho_corasick_count(automaton, mci_buf_str(&spaced));
    }
    mci_buf_release(&spaced);
    return count;
}

static double bench_naive(const captions *all, const mc_matcher *matcher, mc_match_scratch *scratch)
{
    captions some = first_bytes(all, NAIVE_BYTES);
    size_t want = match_all(matcher, scratch, &some), got = 0;
    bench b = bench_begin("match_naive");
    bench_bytes(&b, some.n_bytes);
    bench_items(&b, some.n_texts);
    while (bench_next(&b))
        got = match_all_naively(&some);
    bench_check(&b, got == want, "number of matches");
    return bench_end(&b);
}

static double bench_automaton(const captions *all, const mc_matcher *matcher,
                              mc_match_scratch *scratch)
{
    captions some = first_bytes(all, AUTOMATON_BYTES);
    size_t want = match_all(matcher, scratch, &some), got = 0;
    aho_corasick automaton = aho_corasick_build(all->entries, all->n_entries);
    bench b = bench_begin("match_aho_corasick");
    bench_bytes(&b, some.n_bytes);
    bench_items(&b, some.n_texts);
    while (bench_next(&b))
        got = match_all_by_automaton(&automaton, &some);
    bench_check(&b, got == want, "number of matches");
    fprintf(stderr, "automaton: %zu nodes, %.1f MB\n", automaton.n_nodes,
            (double)aho_corasick_bytes(&automaton) / 1e6);
    aho_corasick_release(&automaton);
    return bench_end(&b);
}

static mc_matcher *bench_build(const captions *all)
{
    mc_error err = { 0 };
    mc_matcher *matcher = NULL;
    bench b = bench_begin("matcher_build");
    bench_items(&b, all->n_entries);
    while (bench_next(&b)) {
        mc_matcher_free(matcher);
        need(mc_matcher_new(all->entries, all->n_entries, &matcher, &err), &err);
    }
    bench_end(&b);
    return matcher;
}

static void bench_match(const captions *all, const mc_matcher *matcher, mc_match_scratch *scratch,
                        double baseline)
{
    size_t want = match_all(matcher, scratch, all), got = 0;
    bench b = bench_begin("match");
    bench_bytes(&b, all->n_bytes);
    bench_items(&b, all->n_texts);
    bench_against(&b, "match_aho_corasick", baseline);
    while (bench_next(&b))
        got = match_all(matcher, scratch, all);
    bench_check(&b, got == want, "number of matches");
    bench_end(&b);
    fprintf(stderr, "matcher: %.1f MB; %.2f matches a text of %.1f bytes\n",
            (double)mc_matcher_bytes(matcher) / 1e6, (double)got / (double)all->n_texts,
            (double)all->n_bytes / (double)all->n_texts);
}

int main(void)
{
    mc_error err = { 0 };
    mc_match_scratch *scratch = NULL;
    captions all = captions_get();
    mc_matcher *matcher = bench_build(&all);
    need(mc_match_scratch_new(&scratch, &err), &err);
    bench_naive(&all, matcher, scratch);
    bench_match(&all, matcher, scratch, bench_automaton(&all, matcher, scratch));
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    captions_release(&all);
    return 0;
}
