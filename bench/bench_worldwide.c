/* How fast the worldwide rule is: 500,000 Chinese and 500,000 Japanese entries, beside the
 * textbook's automaton over bytes; and what it costs on an English list, beside the first rule. All
 * must find the same number of matches before a rate is printed. */
#include <stdio.h>
#include <stdlib.h>

#include "aho_corasick.h"
#include "bench.h"
#include "cjk_captions.h"
#include "text/matcher_internal.h"
#include "text/matcher_naive.h"
#include "text/spacing.h"

enum { NAIVE_BYTES = 1 << 8, AUTOMATON_BYTES = 4 << 20, BATCH_TEXTS = 256 };

typedef struct {
    const char *kind; /* of texts */
    mc_match_rule rule;
    captions all;
    mc_matcher *matcher;
    mc_match_scratch *scratch;
} fixture;

static void need(mc_status status, const mc_error *err)
{
    if (status == MC_OK)
        return;
    fprintf(stderr, "bench_worldwide: %s\n", err->text);
    exit(1);
}

static const char *name_of(const fixture *f, const char *what)
{
    static char name[80];
    snprintf(name, sizeof name, "%s_%s", what, f->kind);
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

/* ---- ways to match: each gives the number of matches ---- */

static size_t match_all(const fixture *f, const captions *c)
{
    mc_error err = { 0 };
    const uint32_t *ids;
    const size_t *offsets;
    size_t count = 0;
    for (size_t i = 0; i < c->n_texts; i += BATCH_TEXTS) {
        size_t n = c->n_texts - i < BATCH_TEXTS ? c->n_texts - i : BATCH_TEXTS;
        need(mc_match_batch(f->matcher, f->scratch, c->texts + i, n, &offsets, &ids, &err), &err);
        count += offsets[n];
    }
    return count;
}

static size_t match_all_naively(const captions *c)
{
    mc_error err = { 0 };
    uint32_t *ids = malloc((c->n_entries + 1) * sizeof *ids);
    size_t count = 0, n;
    for (size_t i = 0; ids && i < c->n_texts; i++) {
        need(mci_match_naive_worldwide(c->entries, c->n_entries, c->texts[i], ids, &n, &err), &err);
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

/* ---- measuring them ---- */

static void bench_build(fixture *f)
{
    mc_error err = { 0 };
    bench b = bench_begin(name_of(f, "worldwide_build"));
    bench_items(&b, f->all.n_entries);
    while (bench_next(&b)) {
        mc_matcher_free(f->matcher);
        need(mc_matcher_new_by_rule(f->rule, f->all.entries, f->all.n_entries, &f->matcher, &err),
             &err);
    }
    bench_end(&b);
}

static void bench_naive(const fixture *f)
{
    captions some = first_bytes(&f->all, NAIVE_BYTES);
    size_t want = match_all(f, &some), got = 0;
    bench b = bench_begin(name_of(f, "worldwide_naive"));
    bench_bytes(&b, some.n_bytes);
    while (bench_next(&b))
        got = match_all_naively(&some);
    bench_check(&b, got == want, "number of matches");
    bench_end(&b);
}

static double bench_textbook(const fixture *f)
{
    captions some = first_bytes(&f->all, AUTOMATON_BYTES);
    size_t want = match_all(f, &some), got = 0;
    aho_corasick automaton = aho_corasick_build(f->rule, f->all.entries, f->all.n_entries);
    bench b = bench_begin(name_of(f, "worldwide_aho_corasick"));
    bench_bytes(&b, some.n_bytes);
    bench_items(&b, some.n_texts);
    while (bench_next(&b))
        got = match_all_by_automaton(&automaton, &some);
    bench_check(&b, got == want, "number of matches");
    fprintf(stderr, "textbook: %zu nodes, %.1f MB\n", automaton.n_nodes,
            (double)aho_corasick_bytes(&automaton) / 1e6);
    aho_corasick_release(&automaton);
    return bench_end(&b);
}

static double bench_match(const fixture *f, const char *baseline, double rate)
{
    size_t want = match_all(f, &f->all), got = 0;
    bench b = bench_begin(name_of(f, f->rule == MC_RULE_WORLDWIDE ? "worldwide" : "words"));
    bench_bytes(&b, f->all.n_bytes);
    bench_items(&b, f->all.n_texts);
    if (baseline)
        bench_against(&b, baseline, rate);
    while (bench_next(&b))
        got = match_all(f, &f->all);
    bench_check(&b, got == want, "number of matches");
    fprintf(stderr, "%s: %.2f matches a text of %.1f bytes\n", f->kind,
            (double)want / (double)f->all.n_texts, (double)f->all.n_bytes / (double)f->all.n_texts);
    return bench_end(&b);
}

static void tell_size(const fixture *f)
{
    const mci_automaton *automaton = f->matcher->worldwide.automaton;
    fprintf(stderr, "%s: matcher: %.1f MB", f->kind, (double)mc_matcher_bytes(f->matcher) / 1e6);
    if (automaton) {
        mci_automaton_size size = mci_automaton_measure(automaton);
        fprintf(stderr, "; automaton: %zu patterns, %zu states in %zu slots, %.1f bytes a pattern",
                size.n_patterns, size.n_states, size.n_slots,
                (double)size.n_bytes / (double)size.n_patterns);
    }
    fprintf(stderr, "\n");
}

static void release(fixture *f)
{
    mc_matcher_free(f->matcher);
    mc_match_scratch_free(f->scratch);
    captions_release(&f->all);
}

static void bench_cjk(cjk_kind kind, const char *name)
{
    mc_error err = { 0 };
    fixture f = { .kind = name, .rule = MC_RULE_WORLDWIDE, .all = cjk_captions_get(kind) };
    need(mc_match_scratch_new(&f.scratch, &err), &err);
    bench_build(&f);
    tell_size(&f);
    bench_naive(&f);
    bench_match(&f, "worldwide_aho_corasick", bench_textbook(&f));
    release(&f);
}

static void bench_english(void)
{
    mc_error err = { 0 };
    double rate = 0;
    for (mc_match_rule rule = MC_RULE_WORDS; rule <= MC_RULE_WORLDWIDE; rule++) {
        fixture f = { .kind = "english", .rule = rule, .all = captions_get_kind(CAPTIONS_ALT) };
        need(mc_match_scratch_new(&f.scratch, &err), &err);
        bench_build(&f);
        tell_size(&f);
        rate = bench_match(&f, rule == MC_RULE_WORLDWIDE ? "words" : NULL, rate);
        release(&f);
    }
}

int main(void)
{
    bench_cjk(CJK_CHINESE, "chinese");
    bench_cjk(CJK_JAPANESE, "japanese");
    bench_english();
    return 0;
}
