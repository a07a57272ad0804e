/* The job that sums the views of titles and chooses the most seen. */
#include <inttypes.h>

#include "corpus/count_inputs.h"
#include "corpus/count_run.h"
#include "corpus/counted_list.h"

static const char rules[] = "titles 1"; /* changes when the same lines would give other titles */

enum { MAX_LINE_BYTES = 1 << 20 };

typedef struct {
    const mc_titles_job *job;
    mci_text_inputs inputs;
    mci_letters *letters;
    mci_count_state state;
    mc_corpus_summary *summary;
    mci_ranking titles;
} titles;

/* Two passes: a share is of a number that is known only after the first. */
static mc_status pass_over(titles *t, bool ranks, mc_error *err)
{
    mci_run_merge *merge = NULL;
    mci_run_paths paths = { 0 };
    mc_str title;
    uint64_t views;
    mc_status status = mci_count_state_paths(&t->state, "words", &paths, err);
    if (status >= 0)
        status = mci_run_merge_open(paths.paths, paths.n, mci_corpus_memory(&t->job->corpus) / 8,
                                    &merge, err);
    while (status >= 0 && (status = mci_run_merge_next(merge, &title, &views, err)) == MC_OK) {
        t->summary->kinds_of_words += !ranks;
        if (ranks && views >= t->job->min_views)
            status = mci_ranking_add(&t->titles, title, views, 1, 1, err);
    }
    mci_run_merge_close(merge);
    mci_run_paths_release(&paths);
    return status < 0 ? status : MC_OK;
}

static mc_status rank(titles *t, mc_error *err)
{
    t->summary->kinds_of_words = 0;
    MC_TRY(pass_over(t, false, err));
    t->titles.max = mci_list_limit(t->job->max_titles, t->job->share, t->summary->kinds_of_words);
    MC_TRY(pass_over(t, true, err));
    mci_ranking_sort(&t->titles);
    t->summary->words_listed = t->titles.n;
    return MC_OK;
}

static mc_status count(titles *t, mc_str facts, mc_error *err)
{
    const mc_corpus *corpus = &t->job->corpus;
    char made_from[MC_SHA256_DIGITS + 1];
    mci_buf mobile = { 0 };
    mci_count_job job = { .corpus = corpus,
                          .inputs = &t->inputs,
                          .rule = { .is_titles = true,
                                    .domain = mc_str_of(corpus->language),
                                    .min_line_views = t->job->min_line_views,
                                    .max_page_bytes = MAX_LINE_BYTES } };
    MC_TRY(mci_text_inputs_find(corpus->inputs, corpus->n_inputs, &t->inputs, err));
    MC_TRY(mci_text_inputs_hash(&t->inputs, corpus->n_threads, &corpus->hooks, err));
    MC_TRY(mci_made_from(facts, &t->inputs, made_from, err));
    MC_TRY(mci_count_state_open(corpus->out_dir, "titles", false, made_from, &t->state, err));
    MC_TRY(mci_letters_new(&t->letters, err));
    job.letters = t->letters;
    bool counted_before = t->state.is_complete;
    mc_status status =
        t->job->mobile ? mci_buf_printf(&mobile, err, "%s.m", corpus->language) : MC_OK;
    job.rule.mobile_domain = mci_buf_str(&mobile);
    if (status >= 0)
        status = mci_count_corpus(&job, &t->state, err);
    mci_buf_release(&mobile);
    *t->summary = t->state.seen;
    t->summary->counted_before = counted_before;
    t->summary->inputs = t->inputs.n;
    t->summary->bytes_read = t->inputs.n_bytes;
    return status;
}

static mc_status run(titles *t, mci_buf *facts, mc_error *err)
{
    const mc_titles_job *job = t->job;
    char icu[32];
    mci_tokens_version(icu);
    MC_TRY(mci_buf_printf(facts, err,
                          "\"rules\":\"%s\",\"icu\":\"%s\",\"language\":\"%s\",\"mobile\":%s,"
                          "\"min_line_views\":%" PRIu64 ",",
                          rules, icu, job->corpus.language, job->mobile ? "true" : "false",
                          job->min_line_views));
    MC_TRY(count(t, mci_buf_str(facts), err));
    MC_TRY(rank(t, err));
    MC_TRY(mci_buf_printf(facts, err,
                          "\"views\":%" PRIu64 ",\"kinds\":%" PRIu64 ",\"min_views\":%" PRIu64 ",",
                          t->summary->words, t->summary->kinds_of_words, job->min_views));
    return mci_counted_list_save(job->corpus.out_dir, "titles.tsv", "titles", &t->titles, 0,
                                 &t->inputs, mci_buf_str(facts), err);
}

mc_status mc_titles_run(const mc_titles_job *job, mc_corpus_summary *summary, mc_error *err)
{
    titles t = { .job = job, .summary = summary };
    mci_buf facts = { 0 };
    MC_TRY(mci_check_corpus(&job->corpus, err));
    mc_status status = run(&t, &facts, err);
    mci_ranking_release(&t.titles);
    mci_count_state_release(&t.state);
    mci_letters_free(t.letters);
    mci_text_inputs_release(&t.inputs);
    mci_buf_release(&facts);
    return status;
}
