/* How fast the worldwide rule is: 500,000 Chinese and 500,000 Japanese entries, beside the
 * textbook's automaton over bytes; and what it costs on an English list, beside the first rule. All
 * must find the same number of matches before a rate is printed. */
#include <stdio.h>

#include "cjk_captions.h"
#include "match_ways.h"
#include "text/matcher_internal.h"
#include "text/matcher_naive.h"

typedef struct {
    const char *kind; /* of texts */
    mc_match_rule rule;
    captions all;
    mc_matcher *matcher;
    mc_match_scratch *scratch;
} fixture;

static void bench_build(fixture *f)
{
    mc_error err = { 0 };
    bench b = bench_begin(match_name("worldwide_build", f->kind));
    bench_items(&b, f->all.n_entries);
    while (bench_next(&b)) {
        mc_matcher_free(f->matcher);
        match_need(
            mc_matcher_new_by_rule(f->rule, f->all.entries, f->all.n_entries, &f->matcher, &err),
            &err);
    }
    bench_end(&b);
}

static double bench_match(const fixture *f, const char *baseline, double rate)
{
    const captions *all = &f->all;
    const char *what = f->rule == MC_RULE_WORLDWIDE ? "worldwide" : "words";
    size_t want = match_count(f->matcher, f->scratch, all->texts, all->n_texts), got = 0;
    bench b = bench_begin(match_name(what, f->kind));
    bench_bytes(&b, all->n_bytes);
    bench_items(&b, all->n_texts);
    if (baseline)
        bench_against(&b, baseline, rate);
    while (bench_next(&b))
        got = match_count(f->matcher, f->scratch, all->texts, all->n_texts);
    bench_check(&b, got == want, "number of matches");
    fprintf(stderr, "%s: %.2f matches a text of %.1f bytes\n", f->kind,
            (double)want / (double)all->n_texts, (double)all->n_bytes / (double)all->n_texts);
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
    match_need(mc_match_scratch_new(&f.scratch, &err), &err);
    bench_build(&f);
    tell_size(&f);
    bench_definition(match_name("worldwide_naive", name), mci_match_naive_worldwide, &f.all,
                     f.matcher, f.scratch);
    double rate = bench_textbook(match_name("worldwide_aho_corasick", name), f.rule, &f.all,
                                 f.matcher, f.scratch);
    bench_match(&f, "worldwide_aho_corasick", rate);
    release(&f);
}

static void bench_english(void)
{
    mc_error err = { 0 };
    double rate = 0;
    for (mc_match_rule rule = MC_RULE_WORDS; rule <= MC_RULE_WORLDWIDE; rule++) {
        fixture f = { .kind = "english", .rule = rule, .all = captions_get_kind(CAPTIONS_ALT) };
        match_need(mc_match_scratch_new(&f.scratch, &err), &err);
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
