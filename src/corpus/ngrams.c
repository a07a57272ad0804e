/* The job that counts words and pairs and chooses the best of them. */
#include <inttypes.h>

#include "corpus/count_inputs.h"
#include "corpus/count_run.h"
#include "corpus/counted_list.h"

/* Changes when the same text would give other words. */
static const char rules[] = "words 1";

static const uint64_t default_page_bytes = (uint64_t)64 << 20;

typedef struct {
    const mc_ngrams_job *job;
    mci_text_inputs inputs;
    mci_letters *letters;
    mci_count_state state;
    mc_corpus_summary *summary;
    mci_ranking unigrams, bigrams;
    mci_count_table *frequent; /* words that may be part of a bigram, with their counts */
} ngrams;

static void tell_progress(const ngrams *n, const char *phase, const mci_run_merge *merge)
{
    const mc_hooks *hooks = &n->job->corpus.hooks;
    mc_progress progress = { .phase = phase,
                             .done = mci_run_merge_bytes_read(merge),
                             .total = mci_run_merge_bytes_total(merge) };
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
}

/* What is done with each string of the merged runs. */
typedef mc_status take_fn(ngrams *n, mc_str key, uint64_t count, mc_error *err);

static mc_status for_each(ngrams *n, const char *suffix, const char *phase, take_fn *take,
                          mc_error *err)
{
    mci_run_merge *merge = NULL;
    mci_run_paths paths = { 0 };
    mc_str key;
    uint64_t count, n_taken = 0;
    mc_status status = mci_count_state_paths(&n->state, suffix, &paths, err);
    if (status >= 0)
        status = mci_run_merge_open(paths.paths, paths.n, mci_corpus_memory(&n->job->corpus) / 8,
                                    &merge, err);
    while (status >= 0 && (status = mci_run_merge_next(merge, &key, &count, err)) == MC_OK) {
        status = take(n, key, count, err);
        if ((++n_taken & 0xFFFF) == 0)
            tell_progress(n, phase, merge);
    }
    mci_run_merge_close(merge);
    mci_run_paths_release(&paths);
    return status < 0 ? status : MC_OK;
}

/* ---- words ---- */

static mc_status count_kind(ngrams *n, mc_str key, uint64_t count, mc_error *err)
{
    (void)key;
    (void)count;
    (void)err;
    n->summary->kinds_of_words++;
    return MC_OK;
}

static mc_status take_word(ngrams *n, mc_str word, uint64_t count, mc_error *err)
{
    uint32_t id;
    if (count >= n->job->min_count)
        MC_TRY(mci_ranking_add(&n->unigrams, word, count, 1, 1, err));
    if (count < n->job->bigram_min_count)
        return MC_OK;
    if (mci_count_table_is_full(n->frequent))
        return mc_fail(err, MC_E_LIMIT,
                       "the words of bigrams need more than the %" PRIu64
                       " MiB of --memory: raise it, or --bigram-min-count",
                       mci_corpus_memory(&n->job->corpus) >> 20);
    return mci_count_word(n->frequent, word, count, &id, err);
}

static mc_status rank_words(ngrams *n, mc_error *err)
{
    n->summary->kinds_of_words = 0;
    MC_TRY(for_each(n, "words", "words", count_kind, err));
    n->unigrams.max =
        mci_list_limit(n->job->max_unigrams, n->job->share, n->summary->kinds_of_words);
    MC_TRY(mci_count_table_new(mci_corpus_memory(&n->job->corpus), &n->frequent, err));
    MC_TRY(for_each(n, "words", "words", take_word, err));
    mci_ranking_sort(&n->unigrams);
    n->summary->words_listed = n->unigrams.n;
    return MC_OK;
}

/* ---- pairs ---- */

static mc_status add_pair(ngrams *n, mc_str pair, mc_str first, mc_str second, uint64_t count,
                          mc_error *err)
{
    uint64_t x = mci_count_of(n->frequent, first), y = mci_count_of(n->frequent, second);
    char joined[MCI_MOST_KEY_BYTES];
    uint64_t least = n->job->min_pmi;
    if (x == 0 || y == 0)
        return mc_fail(err, MC_E_FORMAT, "%s: a pair of words that were not counted",
                       n->state.folder);
    if (least && !mci_pmi_reaches(count, x, y, n->summary->words, (unsigned)least))
        return MC_OK;
    if (mci_join_unspaced(n->letters, first, second)) {
        memcpy(joined, first.data, first.len);
        memcpy(joined + first.len, second.data, second.len);
        pair = (mc_str){ joined, first.len + second.len };
    }
    return mci_ranking_add(&n->bigrams, pair, count, x, y, err);
}

static mc_status take_pair(ngrams *n, mc_str pair, uint64_t count, mc_error *err)
{
    n->summary->kinds_of_pairs++;
    if (count < n->job->bigram_min_count)
        return MC_OK;
    const char *space = memchr(pair.data, ' ', pair.len);
    if (!space)
        return mc_fail(err, MC_E_FORMAT, "%s: a pair without a space", n->state.folder);
    mc_str first = { pair.data, (size_t)(space - pair.data) };
    mc_str second = { space + 1, pair.len - first.len - 1 };
    return add_pair(n, pair, first, second, count, err);
}

static mc_status rank_pairs(ngrams *n, mc_error *err)
{
    n->summary->kinds_of_pairs = 0;
    n->bigrams.max = mci_list_limit(n->job->max_bigrams, n->job->bigram_share, n->unigrams.n);
    MC_TRY(for_each(n, "pairs", "pairs", take_pair, err));
    mci_ranking_sort(&n->bigrams);
    n->summary->pairs_listed = n->bigrams.n;
    return MC_OK;
}

/* ---- all of it ---- */

static mc_status describe(const mc_ngrams_job *job, mci_buf *facts, mc_error *err)
{
    char icu[32];
    mci_tokens_version(icu);
    return mci_buf_printf(facts, err,
                          "\"rules\":\"%s\",\"icu\":\"%s\",\"language\":\"%s\",\"lower_case\":%s,"
                          "\"max_page_bytes\":%" PRIu64 ",",
                          rules, icu, job->corpus.language, job->lower_case ? "true" : "false",
                          job->corpus.max_page_bytes);
}

static mc_status count(ngrams *n, mc_str facts, mc_error *err)
{
    const mc_corpus *corpus = &n->job->corpus;
    char made_from[MC_SHA256_DIGITS + 1];
    mci_count_job job = { .corpus = corpus,
                          .inputs = &n->inputs,
                          .rule.max_page_bytes = corpus->max_page_bytes,
                          .folds = n->job->lower_case };
    MC_TRY(mci_text_inputs_find(corpus->inputs, corpus->n_inputs, &n->inputs, err));
    MC_TRY(mci_text_inputs_hash(&n->inputs, corpus->n_threads, &corpus->hooks, err));
    MC_TRY(mci_made_from(facts, &n->inputs, made_from, err));
    MC_TRY(mci_count_state_open(corpus->out_dir, "ngrams", true, made_from, &n->state, err));
    MC_TRY(mci_letters_new(&n->letters, err));
    job.letters = n->letters;
    n->summary->counted_before = n->state.is_complete;
    MC_TRY(mci_count_corpus(&job, &n->state, err));
    bool counted_before = n->summary->counted_before;
    *n->summary = n->state.seen;
    n->summary->counted_before = counted_before;
    n->summary->inputs = n->inputs.n;
    n->summary->bytes_read = n->inputs.n_bytes;
    return MC_OK;
}

static mc_status save(const ngrams *n, mci_buf *facts, mc_error *err)
{
    const mc_ngrams_job *job = n->job;
    const mc_corpus_summary *s = n->summary;
    size_t common = facts->len;
    MC_TRY(mci_buf_printf(facts, err,
                          "\"words\":%" PRIu64 ",\"kinds\":%" PRIu64 ",\"min_count\":%" PRIu64 ",",
                          s->words, s->kinds_of_words, job->min_count));
    MC_TRY(mci_counted_list_save(job->corpus.out_dir, "unigrams.tsv", "unigrams", &n->unigrams, 0,
                                 &n->inputs, mci_buf_str(facts), err));
    facts->len = common;
    MC_TRY(mci_buf_printf(facts, err,
                          "\"words\":%" PRIu64 ",\"kinds\":%" PRIu64 ",\"min_count\":%" PRIu64
                          ",\"min_pmi\":%" PRIu64 ",",
                          s->words, s->kinds_of_pairs, job->bigram_min_count, job->min_pmi));
    return mci_counted_list_save(job->corpus.out_dir, "bigrams.tsv", "bigrams", &n->bigrams,
                                 s->words, &n->inputs, mci_buf_str(facts), err);
}

mc_status mc_ngrams_run(const mc_ngrams_job *given, mc_corpus_summary *summary, mc_error *err)
{
    mc_ngrams_job job = *given;
    mci_buf facts = { 0 };
    ngrams n = { .job = &job, .summary = summary };
    if (job.corpus.max_page_bytes == 0)
        job.corpus.max_page_bytes = default_page_bytes;
    if (job.bigram_min_count == 0)
        job.bigram_min_count = 1;
    if (job.min_pmi > 63)
        return mc_fail(err, MC_E_ARG, "no mutual information is above 63");
    MC_TRY(mci_check_corpus(&job.corpus, err));
    mc_status status = describe(&job, &facts, err);
    if (status >= 0)
        status = count(&n, mci_buf_str(&facts), err);
    if (status >= 0)
        status = rank_words(&n, err);
    if (status >= 0)
        status = rank_pairs(&n, err);
    if (status >= 0)
        status = save(&n, &facts, err);
    mci_ranking_release(&n.unigrams);
    mci_ranking_release(&n.bigrams);
    mci_count_table_free(n.frequent);
    mci_count_state_release(&n.state);
    mci_letters_free(n.letters);
    mci_text_inputs_release(&n.inputs);
    mci_buf_release(&facts);
    return status;
}
