/* How fast the matcher is: beside the definition and beside the textbook's automaton; one text at a
 * time and many, with each kind of kernels, on one thread and two. All must find the same number of
 * matches before a rate is printed. */
#include <stdio.h>

#include "base/threads.h"
#include "match_ways.h"
#include "text/matcher_naive.h"
#include "text/matcher_round.h"

enum { MAX_THREADS = 2 };

typedef struct {
    const char *kind; /* of texts */
    captions all;
    mc_matcher *matcher;
    mc_match_scratch *scratches[MAX_THREADS];
    double baseline; /* rate of the automaton */
} fixture;

/* ---- ways to match: each gives the number of matches ---- */

static size_t match_all(const fixture *f, const captions *c)
{
    mc_error err = { 0 };
    const uint32_t *ids;
    size_t count = 0, n;
    for (size_t i = 0; i < c->n_texts; i++) {
        match_need(mc_match(f->matcher, f->scratches[0], c->texts[i], &ids, &n, &err), &err);
        count += n;
    }
    return count;
}

typedef struct {
    const fixture *f;
    unsigned n_threads;
    size_t counts[MAX_THREADS];
} shared_work;

static mc_status match_share(void *user, size_t task, unsigned worker, mc_error *err)
{
    shared_work *work = user;
    const captions *all = &work->f->all;
    size_t from = all->n_texts * task / work->n_threads;
    size_t to = all->n_texts * (task + 1) / work->n_threads;
    (void)err;
    work->counts[task] =
        match_count(work->f->matcher, work->f->scratches[worker], all->texts + from, to - from);
    return MC_OK;
}

static size_t match_on_threads(const fixture *f, unsigned n_threads)
{
    mc_error err = { 0 };
    shared_work work = { .f = f, .n_threads = n_threads };
    size_t count = 0;
    match_need(mci_run_tasks(n_threads, n_threads, match_share, &work, &err), &err);
    for (unsigned i = 0; i < n_threads; i++)
        count += work.counts[i];
    return count;
}

/* ---- measuring them ---- */

static void bench_build(fixture *f)
{
    mc_error err = { 0 };
    bench b = bench_begin(match_name("matcher_build", f->kind));
    bench_items(&b, f->all.n_entries);
    while (bench_next(&b)) {
        mc_matcher_free(f->matcher);
        match_need(mc_matcher_new(f->all.entries, f->all.n_entries, &f->matcher, &err), &err);
    }
    bench_end(&b);
}

static bench begin_match(const fixture *f, const char *what)
{
    bench b = bench_begin(match_name(what, f->kind));
    bench_bytes(&b, f->all.n_bytes);
    bench_items(&b, f->all.n_texts);
    bench_against(&b, "match_aho_corasick", f->baseline);
    return b;
}

static void bench_one_by_one(const fixture *f, size_t want)
{
    size_t got = 0;
    bench b = begin_match(f, "match");
    while (bench_next(&b))
        got = match_all(f, &f->all);
    bench_check(&b, got == want, "number of matches");
    bench_end(&b);
}

static void bench_batches(const fixture *f, unsigned n_threads, const char *what, size_t want)
{
    size_t got = 0;
    bench b = begin_match(f, what);
    bench_threads(&b, n_threads);
    while (bench_next(&b))
        got = match_on_threads(f, n_threads);
    bench_check(&b, got == want, "number of matches");
    bench_end(&b);
}

static void bench_kernels(const fixture *f, size_t want)
{
    for (const mci_kernels *const *kernels = mci_kernels_all(); *kernels; kernels++) {
        char what[40];
        snprintf(what, sizeof what, "match_batch_%s", (*kernels)->name);
        f->scratches[0]->kernels = *kernels;
        bench_batches(f, 1, what, want);
    }
}

static void bench_kind(captions_kind kind, const char *name)
{
    mc_error err = { 0 };
    fixture f = { .kind = name, .all = captions_get_kind(kind) };
    for (size_t i = 0; i < MAX_THREADS; i++)
        match_need(mc_match_scratch_new(&f.scratches[i], &err), &err);
    bench_build(&f);
    size_t want = match_all(&f, &f.all);
    fprintf(stderr, "%s: matcher: %.1f MB; %.2f matches a text of %.1f bytes\n", name,
            (double)mc_matcher_bytes(f.matcher) / 1e6, (double)want / (double)f.all.n_texts,
            (double)f.all.n_bytes / (double)f.all.n_texts);
    bench_definition(match_name("match_naive", name), mci_match_naive, &f.all, f.matcher,
                     f.scratches[0]);
    f.baseline = bench_textbook(match_name("match_aho_corasick", name), MC_RULE_WORDS, &f.all,
                                f.matcher, f.scratches[0]);
    bench_one_by_one(&f, want);
    bench_kernels(&f, want);
    bench_batches(&f, 2, "match_batch", want);
    for (size_t i = 0; i < MAX_THREADS; i++)
        mc_match_scratch_free(f.scratches[i]);
    mc_matcher_free(f.matcher);
    captions_release(&f.all);
}

int main(void)
{
    if (captions_are_given()) {
        bench_kind(CAPTIONS_DENSE, "given");
        return 0;
    }
    bench_kind(CAPTIONS_DENSE, "dense");
    bench_kind(CAPTIONS_ALT, "alt");
    return 0;
}
