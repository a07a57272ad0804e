/* Texts -> a small vocabulary. */
#include <time.h>

#include "io/output.h"
#include "text/bpe_train.h"
#include "vocab/text_problems.h"

enum { LEAST_IDS = 515, MOST_IDS = 49408 };
static const uint64_t default_max_words = (uint64_t)1 << 26;

typedef struct {
    const mc_train_vocab_job *job;
    mc_train_vocab_summary *summary;
    mci_bpe_trainer *trainer;
    mci_text_source *source;
    mci_text_decoder decoder;
    mci_buf file;
} run;

static mc_status add_item(run *r, const mci_text_item *item, mc_error *err)
{
    const mc_train_vocab_job *job = r->job;
    mc_train_vocab_summary *sum = r->summary;
    mc_error why = { 0 };
    mc_str text;
    bool is_repaired, has_wrong_bytes = false;
    mc_status status = mci_text_decode(&r->decoder, item, &text, &is_repaired, &why);
    if (status < 0) {
        if (err)
            *err = why;
        return status;
    }
    sum->n_texts++;
    if (status == MC_SKIPPED) {
        sum->n_unusable++;
        return mci_text_problem_note(sum->problems, &sum->n_problems, job->inputs[item->input],
                                     item, why.text, job->strict, err);
    }
    MC_TRY(mci_bpe_trainer_add(r->trainer, text, &has_wrong_bytes, err));
    sum->n_repaired += is_repaired || has_wrong_bytes;
    return MC_OK;
}

static mc_status count_words(run *r, mc_error *err)
{
    for (;;) {
        mci_text_item item;
        mc_status status = mci_text_source_next(r->source, &item, err);
        if (status == MC_END)
            return MC_OK;
        MC_TRY(status);
        MC_TRY(add_item(r, &item, err));
    }
}

static mc_status run_all(run *r, mc_error *err)
{
    const mc_train_vocab_job *job = r->job;
    uint64_t max_words = job->max_words ? job->max_words : default_max_words;
    size_t n_ids;
    MC_TRY(mci_text_files_check(job->inputs, job->n_inputs, job->out_path, err));
    MC_TRY(
        mci_text_source_open(job->inputs, job->n_inputs, job->form, &job->hooks, &r->source, err));
    MC_TRY(mci_bpe_trainer_new(job->rule, max_words, &r->trainer, err));
    MC_TRY(count_words(r, err));
    MC_TRY(mci_bpe_trainer_learn(r->trainer, job->n_ids, &r->file, &n_ids, err));
    mci_bpe_trainer_facts facts = mci_bpe_trainer_tell(r->trainer);
    r->summary->n_words = facts.n_words;
    r->summary->n_different_words = facts.n_different;
    r->summary->n_long_words = facts.n_long;
    r->summary->n_ids = n_ids;
    return mci_output_file(job->out_path, mci_buf_str(&r->file), err);
}

mc_status mc_train_vocab_run(const mc_train_vocab_job *job, mc_train_vocab_summary *summary,
                             mc_error *err)
{
    struct timespec began, ended;
    run r = { .job = job, .summary = summary };
    if (job->n_ids < LEAST_IDS || job->n_ids > MOST_IDS)
        return mc_fail(err, MC_E_ARG,
                       "a vocabulary of %zu ids: it must have %d (every byte, the same at the end "
                       "of a word, start, end, and a merge) to %d (what others read)",
                       job->n_ids, LEAST_IDS, MOST_IDS);
    clock_gettime(CLOCK_MONOTONIC, &began);
    mc_status status = run_all(&r, err);
    mci_bpe_trainer_free(r.trainer);
    mci_text_source_close(r.source);
    mci_text_decoder_release(&r.decoder);
    mci_buf_release(&r.file);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    summary->seconds =
        (double)(ended.tv_sec - began.tv_sec) + 1e-9 * (double)(ended.tv_nsec - began.tv_nsec);
    return status;
}
