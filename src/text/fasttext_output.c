/* From a text's vector to its most probable label, as fastText finds it: sums in its order, single
 * precision where it has it, ties as it breaks them (by the label that comes last). */
#include <math.h>

#include "base/alloc.h"
#include "text/fasttext_internal.h"

enum { LANES = MCI_FT_LANES };

/* fastText compares not probabilities but these. */
static float log_of(float probability)
{
    return (float)log((double)probability + 1e-5);
}

/* ---- scores: the product of each output row and the text's vector ---- */

static size_t n_blocks(const mci_fasttext *model)
{
    return (model->dictionary.n_labels + LANES - 1) / LANES;
}

/* A number of a row, less the row's norm. */
static float number_of(const mci_ft_matrix *m, uint32_t row, uint32_t i)
{
    if (m->floats)
        return mci_ft_float(m->floats + ((size_t)row * m->dim + i) * sizeof(float));
    uint32_t part = i / m->part;
    uint32_t n = part + 1 == m->n_parts ? m->last_part : m->part;
    unsigned code = m->codes[(size_t)row * m->n_parts + part];
    return m->centroids[(size_t)part * MCI_FT_CENTROIDS * m->part + (size_t)code * n +
                        (i - part * m->part)];
}

static mc_status make_columns(mci_fasttext *model, mc_error *err)
{
    size_t n = n_blocks(model) * model->dim * LANES;
    if (!(model->columns = mci_alloc_lines(n * sizeof *model->columns)))
        return mci_nomem(err, n * sizeof *model->columns);
    for (uint32_t row = 0; row < model->dictionary.n_labels; row++) {
        float *at = model->columns + (size_t)(row / LANES) * model->dim * LANES + row % LANES;
        for (uint32_t i = 0; i < model->dim; i++)
            at[(size_t)i * LANES] = number_of(&model->output, row, i);
    }
    return MC_OK;
}

typedef float lanes4 __attribute__((vector_size(16)));

static void score_block(const float *columns, const float *hidden, uint32_t dim, float *scores)
{
    lanes4 sums[LANES / 4] = { { 0 } };
    for (uint32_t i = 0; i < dim; i++)
        for (int k = 0; k < LANES / 4; k++) {
            lanes4 numbers;
            memcpy(&numbers, columns + (size_t)i * LANES + 4 * k, sizeof numbers);
            sums[k] += numbers * hidden[i];
        }
    memcpy(scores, sums, sizeof sums);
}

static void score(const mci_fasttext *model, mci_fasttext_scratch *s)
{
    const mci_ft_matrix *m = &model->output;
    size_t per_block = (size_t)model->dim * LANES;
    for (size_t i = 0; i < n_blocks(model); i++)
        score_block(model->columns + i * per_block, s->hidden, model->dim, s->scores + i * LANES);
    for (uint32_t i = 0; m->norm_codes && i < model->dictionary.n_labels; i++)
        s->scores[i] *= m->norms[m->norm_codes[i]];
}

/* ---- softmax, and a yes or no for each label ---- */

static int best_by_softmax(mci_fasttext_scratch *s, uint32_t n, float *probability)
{
    float most = s->scores[0], sum = 0;
    for (uint32_t i = 0; i < n; i++)
        most = s->scores[i] > most ? s->scores[i] : most;
    for (uint32_t i = 0; i < n; i++) {
        s->scores[i] = expf(s->scores[i] - most);
        sum += s->scores[i];
    }
    int best = MCI_NO_LABEL;
    float best_log = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!(s->scores[i] > 0.99F)) /* no logarithm makes these equal to the best, which is 1 */
            continue;
        float its = log_of(s->scores[i] / sum);
        if (best == MCI_NO_LABEL || its >= best_log) {
            best = (int)i;
            best_log = its;
            *probability = s->scores[i] / sum;
        }
    }
    return isnan(sum) ? MCI_NO_LABEL : best;
}

/* By fastText's table of 512 steps. */
static float sigmoid(float x)
{
    enum { STEPS = 512, MOST = 8 };
    if (x < -MOST)
        return 0;
    if (x > MOST)
        return 1;
    int step = (int)((x + MOST) * STEPS / MOST / 2);
    float at = (float)(step * 2 * MOST) / STEPS - MOST;
    return (float)(1.0 / (1.0 + expf(-at)));
}

static int best_of_each(const mci_fasttext_scratch *s, uint32_t n, float *probability)
{
    int best = MCI_NO_LABEL;
    for (uint32_t i = 0; i < n; i++) {
        if (isnan(s->scores[i]))
            return MCI_NO_LABEL;
        float its = sigmoid(s->scores[i]);
        if (best == MCI_NO_LABEL || its >= *probability) {
            best = (int)i;
            *probability = its;
        }
    }
    return best;
}

/* ---- hierarchical softmax ----
 *
 * Labels are the leaves of a Huffman tree over their counts; at each other node a text goes left or
 * right with the probability that the node's row gives. */

static const uint64_t not_made_yet = UINT64_C(1000000000000000); /* more than all counts */

static mc_status check_counts(const mci_ft_dictionary *d, mc_error *err)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < d->n_labels; i++) {
        if (d->label_counts[i] >= not_made_yet - sum)
            return mc_fail(err, MC_E_FORMAT,
                           "this fastText model is damaged: its labels are counted more than 10^15 "
                           "times");
        sum += d->label_counts[i];
    }
    return MC_OK;
}

/* The two nodes with the smallest counts become one. Labels are taken from their end, other nodes
 * in the order in which they were made: both have ascending counts, if the file's are in order. */
static mc_status make_tree(mci_fasttext *model, mc_error *err)
{
    const mci_ft_dictionary *d = &model->dictionary;
    uint32_t n_labels = d->n_labels, n = 2 * n_labels - 1;
    MC_TRY(check_counts(d, err));
    if (!(model->tree = mci_alloc_zeroed(n, sizeof *model->tree)))
        return mci_nomem(err, n * sizeof *model->tree);
    for (uint32_t i = 0; i < n; i++)
        model->tree[i].count = i < n_labels ? d->label_counts[i] : not_made_yet;
    uint32_t labels_left = n_labels, next = n_labels;
    for (uint32_t i = n_labels; i < n; i++) {
        uint32_t child[2];
        for (int k = 0; k < 2; k++) {
            bool takes_label =
                labels_left > 0 && model->tree[labels_left - 1].count < model->tree[next].count;
            child[k] = takes_label ? --labels_left : next++;
        }
        model->tree[i] = (mci_ft_node){ child[0], child[1], 0,
                                        model->tree[child[0]].count + model->tree[child[1]].count };
        model->tree[child[0]].parent = model->tree[child[1]].parent = i;
    }
    return MC_OK;
}

/* The probability of going right. */
static float to_right(float score)
{
    return (float)(1. / (double)(1 + expf(-score)));
}

static float to_left(float right)
{
    return (float)(1.0 - (double)right);
}

/* fastText goes through the whole tree, left before right, sums logarithms and passes over what is
 * below the best leaf so far, or below 1e-5. */
static int search_exactly(const mci_fasttext *model, mci_fasttext_scratch *s, float *score)
{
    uint32_t n_labels = model->dictionary.n_labels;
    float least = log_of(0);
    int best = MCI_NO_LABEL;
    size_t n = 0;
    s->steps[n++] = (struct mci_ft_step){ 2 * n_labels - 2, 0 };
    while (n > 0) {
        struct mci_ft_step at = s->steps[--n];
        if (!(at.value >= least) || (best != MCI_NO_LABEL && at.value < *score))
            continue;
        if (at.node < n_labels) {
            best = (int)at.node;
            *score = at.value;
            continue;
        }
        const mci_ft_node *node = &model->tree[at.node];
        float right = to_right(s->scores[at.node - n_labels]);
        s->steps[n++] = (struct mci_ft_step){ node->right, at.value + log_of(right) };
        s->steps[n++] = (struct mci_ft_step){ node->left, at.value + log_of(to_left(right)) };
    }
    return best;
}

/* The best leaf by products, which cost no logarithms; no label if another one comes so near that
 * only those tell, or if a score is no number. A factor has 1e-5 added, as fastText's logarithms
 * have, and so may be above 1: `slack` allows for that, and for rounding, on any way down. */
static int search_by_products(const mci_fasttext *model, mci_fasttext_scratch *s)
{
    uint32_t n_labels = model->dictionary.n_labels;
    float slack = 1 - (0.01F + 3e-5F * (float)n_labels), most = 0, next = 0;
    int best = MCI_NO_LABEL;
    size_t n = 0;
    s->steps[n++] = (struct mci_ft_step){ 2 * n_labels - 2, 1 };
    while (n > 0) {
        struct mci_ft_step at = s->steps[--n];
        if (at.value < most * slack)
            continue;
        if (at.node < n_labels) {
            bool is_best = at.value > most;
            next = is_best ? most : at.value > next ? at.value : next;
            best = is_best ? (int)at.node : best;
            most = is_best ? at.value : most;
            continue;
        }
        const mci_ft_node *node = &model->tree[at.node];
        float right = to_right(s->scores[at.node - n_labels]), left = to_left(right);
        if (isnan(right))
            return MCI_NO_LABEL;
        struct mci_ft_step steps[2] = { { node->left, at.value * (left + 1e-5F) },
                                        { node->right, at.value * (right + 1e-5F) } };
        s->steps[n++] = steps[left > right]; /* the likelier one is looked at first */
        s->steps[n++] = steps[left <= right];
    }
    return next < most * slack ? best : MCI_NO_LABEL;
}

/* The leaf's sum of logarithms, from the root down; less than any if the search ends above it. */
static float score_of_leaf(const mci_fasttext *model, mci_fasttext_scratch *s, uint32_t leaf)
{
    uint32_t n_labels = model->dictionary.n_labels, root = 2 * n_labels - 2;
    float sum = 0, least = log_of(0);
    size_t n = 0;
    for (uint32_t node = leaf; node != root; node = model->tree[node].parent)
        s->steps[n++].node = node;
    while (n > 0 && sum >= least) {
        uint32_t node = s->steps[--n].node, parent = model->tree[node].parent;
        float right = to_right(s->scores[parent - n_labels]);
        sum += log_of(model->tree[parent].right == node ? right : to_left(right));
    }
    return sum;
}

static int best_of_tree(const mci_fasttext *model, mci_fasttext_scratch *s, float *probability)
{
    float score = 0;
    int best = search_by_products(model, s);
    if (best != MCI_NO_LABEL) {
        score = score_of_leaf(model, s, (uint32_t)best);
        best = score >= log_of(0) ? best : MCI_NO_LABEL;
    } else {
        best = search_exactly(model, s, &score);
    }
    *probability = expf(score);
    return best;
}

/* ---- all of it ---- */

mc_status mci_ft_prepare_output(mci_fasttext *model, mc_error *err)
{
    MC_TRY(make_columns(model, err));
    return model->loss == MCI_FT_TREE ? make_tree(model, err) : MC_OK;
}

int mci_ft_best_label(const mci_fasttext *model, mci_fasttext_scratch *s, float *probability)
{
    uint32_t n = model->dictionary.n_labels;
    score(model, s);
    if (model->loss == MCI_FT_TREE)
        return best_of_tree(model, s, probability);
    return model->loss == MCI_FT_SOFTMAX ? best_by_softmax(s, n, probability)
                                         : best_of_each(s, n, probability);
}
