#include "base/alloc.h"
#include "text/fasttext_internal.h"

static void release_matrix(mci_ft_matrix *matrix)
{
    mci_free(matrix->centroids);
}

void mci_fasttext_free(mci_fasttext *model)
{
    if (!model)
        return;
    mci_free(model->dictionary.entries);
    mci_free(model->dictionary.label_counts);
    mci_free(model->dictionary.slots);
    mci_free(model->dictionary.kept.buckets);
    mci_free(model->dictionary.kept.rows);
    mci_free(model->dictionary.kept.bins);
    release_matrix(&model->input);
    release_matrix(&model->output);
    mci_free(model->columns);
    mci_free(model->tree);
    mci_free(model);
}

mc_status mci_fasttext_open(mc_str bytes, mci_fasttext **out, mc_error *err)
{
    mci_fasttext *model = mci_alloc_zeroed(1, sizeof *model);
    if (!model)
        return mci_nomem(err, sizeof *model);
    mc_status status = mci_ft_read(bytes, model, err);
    if (status >= 0)
        status = mci_ft_prepare_output(model, err);
    if (status < 0)
        mci_fasttext_free(model);
    else
        *out = model;
    return status;
}

size_t mci_fasttext_n_labels(const mci_fasttext *model)
{
    return model->dictionary.n_labels;
}

mci_fasttext_facts mci_fasttext_tell(const mci_fasttext *model)
{
    static const char *const losses[] = {
        [MCI_FT_TREE] = "hierarchical softmax",
        [MCI_FT_SAMPLED] = "negative sampling",
        [MCI_FT_SOFTMAX] = "softmax",
        [MCI_FT_EACH] = "one against all",
    };
    const mci_ft_dictionary *d = &model->dictionary;
    return (mci_fasttext_facts){
        .dim = model->dim,
        .n_words = d->n_words,
        .n_labels = d->n_labels,
        .min_chars = model->minn,
        .max_chars = model->maxn,
        .word_ngrams = model->word_ngrams,
        .buckets = model->bucket,
        .is_quantised = !model->input.floats,
        .is_output_quantised = !model->output.floats,
        .is_pruned = d->is_pruned,
        .n_kept = d->kept.n,
        .loss = losses[model->loss],
    };
}

/* ---- predicting ---- */

static mc_status make_room(const mci_fasttext *model, mci_fasttext_scratch *s, mc_error *err)
{
    size_t n_labels = (model->dictionary.n_labels + MCI_FT_LANES - 1) / MCI_FT_LANES * MCI_FT_LANES;
    s->hidden = mci_alloc_lines(model->dim * sizeof *s->hidden);
    s->scores = mci_alloc_lines(n_labels * sizeof *s->scores);
    s->steps = mci_alloc((n_labels + 1) * sizeof *s->steps);
    s->word = mci_alloc(MCI_FASTTEXT_TEXT + 2);
    if (!s->hidden || !s->scores || !s->steps || !s->word)
        return mci_nomem(err, n_labels * sizeof *s->steps);
    if (model->word_ngrams <= 1)
        return MC_OK;
    size_t n_words = MCI_FASTTEXT_TEXT / 2 + 2;
    s->hashes = mci_alloc(n_words * sizeof *s->hashes);
    return s->hashes ? MC_OK : mci_nomem(err, n_words * sizeof *s->hashes);
}

mc_status mci_fasttext_scratch_new(const mci_fasttext *model, mci_fasttext_scratch **out,
                                   mc_error *err)
{
    mci_fasttext_scratch *s = mci_alloc_zeroed(1, sizeof *s);
    mc_status status = s ? make_room(model, s, err) : mci_nomem(err, sizeof *s);
    if (status < 0)
        mci_fasttext_scratch_free(s);
    else
        *out = s;
    return status;
}

void mci_fasttext_scratch_free(mci_fasttext_scratch *s)
{
    if (!s)
        return;
    mci_free(s->hidden);
    mci_free(s->scores);
    mci_free(s->steps);
    mci_free(s->word);
    mci_free(s->hashes);
    mci_free(s);
}

int mci_fasttext_predict(const mci_fasttext *model, mci_fasttext_scratch *s, mc_str text,
                         float *probability)
{
    float its = 0;
    if (!mci_ft_hidden(model, s, text))
        return MCI_NO_LABEL;
    int label = mci_ft_best_label(model, s, &its);
    if (label != MCI_NO_LABEL)
        *probability = its;
    return label;
}
