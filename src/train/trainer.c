#include "train/trainer.h"

#include <math.h>

#include "base/alloc.h"
#include "train/contrast.h"

/* One side of a batch, images or texts, on its way through the loss. */
typedef struct {
    float *rows, *drows;   /* [n, D]: features, normalised; and the gradient by them */
    double *lengths, *lse; /* [n] */
} side;

struct mci_trainer {
    mci_trainer_options options;
    mci_params params;
    size_t at_scale;
    mci_nn_ctx *nn;
    mci_nn_vector *vectors[4]; /* by mci_trainer_vector */
    mci_vision_tower vision;
    mci_text_tower text;
    mci_tower_trace vision_trace, text_trace;
    side images, texts;
    size_t max_pairs; /* that the sides have room for */
    uint64_t n_steps;
    bool fresh; /* the towers have the vector's values */
};

/* ---- making ---- */

static mc_status bind_towers(mci_trainer *t, const mci_clip_config *config, mc_error *err)
{
    mci_loader loader = { .place_of = mci_params_place,
                          .place_user = &t->params,
                          .backend = t->options.backend,
                          .precision = t->options.precision };
    MC_TRY(mci_vision_tower_load(&t->vision, &loader, config, 0, err));
    return mci_text_tower_load(&t->text, &loader, config, err);
}

static mc_status make(mci_trainer *t, const mci_clip_config *config, mc_error *err)
{
    const mci_trainer_options *o = &t->options;
    MC_TRY(mci_params_list(config, &t->params, err));
    t->at_scale = mci_params_place(&t->params, "logit_scale");
    MC_TRY(o->backend->ctx_new(o->precision, o->n_threads, &t->nn, err));
    for (size_t i = 0; i < 4; i++)
        MC_TRY(o->backend->training->vector_new(t->nn, t->params.n_values, &t->vectors[i], err));
    MC_TRY(bind_towers(t, config, err));
    MC_TRY(mci_vision_trace_make(&t->vision_trace, &t->vision, o->backend, t->nn, o->micro_batch,
                                 o->recompute, err));
    return mci_text_trace_make(&t->text_trace, &t->text, o->backend, t->nn, o->micro_batch,
                               o->recompute, err);
}

mc_status mci_trainer_new(const mci_clip_config *config, const mci_trainer_options *options,
                          mci_trainer **out, mc_error *err)
{
    if (!options->backend->training)
        return mc_fail(err, MC_E_BACKEND, "the backend %s cannot train", options->backend->name);
    mci_trainer *t = mci_alloc_zeroed(1, sizeof *t);
    if (!t)
        return mci_nomem(err, sizeof *t);
    t->options = *options;
    mc_status status = make(t, config, err);
    if (status < 0)
        mci_trainer_free(t);
    else
        *out = t;
    return status;
}

static void release_side(side *s)
{
    mci_free(s->rows);
    mci_free(s->drows);
    mci_free(s->lengths);
    mci_free(s->lse);
    *s = (side){ 0 };
}

void mci_trainer_free(mci_trainer *t)
{
    if (!t)
        return;
    const mci_nn_backend *backend = t->options.backend;
    release_side(&t->images);
    release_side(&t->texts);
    mci_tower_trace_release(&t->vision_trace, &t->vision.trunk, backend, t->nn);
    mci_tower_trace_release(&t->text_trace, &t->text.trunk, backend, t->nn);
    mci_vision_tower_release(&t->vision, backend);
    mci_text_tower_release(&t->text, backend);
    for (size_t i = 0; i < 4; i++)
        backend->training->vector_free(t->nn, t->vectors[i]);
    backend->ctx_free(t->nn);
    mci_params_release(&t->params);
    mci_free(t);
}

/* ---- looking in ---- */

const mci_params *mci_trainer_params(const mci_trainer *t)
{
    return &t->params;
}

void mci_trainer_write(mci_trainer *t, mci_trainer_vector which, size_t at, const float *values,
                       size_t n)
{
    t->options.backend->training->vector_write(t->nn, t->vectors[which], at, values, n);
    t->fresh = t->fresh && which != MCI_VALUES;
}

void mci_trainer_read(mci_trainer *t, mci_trainer_vector which, size_t at, float *out, size_t n)
{
    t->options.backend->training->vector_read(t->nn, t->vectors[which], at, out, n);
}

uint64_t mci_trainer_steps(const mci_trainer *t)
{
    return t->n_steps;
}

void mci_trainer_set_steps(mci_trainer *t, uint64_t n)
{
    t->n_steps = n;
}

/* ---- a step ---- */

static mc_status make_side(side *s, size_t n, size_t D, mc_error *err)
{
    release_side(s);
    *s = (side){ mci_alloc(n * D * sizeof(float)), mci_alloc(n * D * sizeof(float)),
                 mci_alloc(n * sizeof(double)), mci_alloc(n * sizeof(double)) };
    if (!s->rows || !s->drows || !s->lengths || !s->lse)
        return mci_nomem(err, n * D * sizeof(float));
    return MC_OK;
}

static mc_status make_sides(mci_trainer *t, size_t n, mc_error *err)
{
    if (n <= t->max_pairs)
        return MC_OK;
    t->max_pairs = 0;
    MC_TRY(make_side(&t->images, n, t->vision.D, err));
    MC_TRY(make_side(&t->texts, n, t->text.D, err));
    t->max_pairs = n;
    return MC_OK;
}

static void refresh(mci_trainer *t)
{
    if (t->fresh)
        return;
    mci_vision_refresh(&t->vision, t->options.backend, t->nn, t->vectors[MCI_VALUES]);
    mci_text_refresh(&t->text, t->options.backend, t->nn, t->vectors[MCI_VALUES]);
    t->fresh = true;
}

static void forward(mci_trainer *t, const float *pixels, const int32_t *tokens, size_t n)
{
    mci_vision_forward(&t->vision, t->options.backend, t->nn, &t->vision_trace, pixels, n);
    mci_text_forward(&t->text, t->options.backend, t->nn, &t->text_trace, tokens, n);
}

static void backward(mci_trainer *t, size_t at, size_t n)
{
    const size_t D = t->vision.D;
    mci_nn_vector *grads = t->vectors[MCI_GRADS];
    mci_vision_backward(&t->vision, t->options.backend, t->nn, &t->vision_trace,
                        t->images.drows + at * D, n, grads);
    mci_text_backward(&t->text, t->options.backend, t->nn, &t->text_trace, t->texts.drows + at * D,
                      n, grads);
}

/* The loss over n pairs whose features are there, and the gradient by them (as the towers gave
 * them) and by the logarithm of the scale. */
static double run_loss(mci_trainer *t, size_t n, double scale, double *dscale)
{
    const size_t D = t->vision.D;
    side *i = &t->images, *x = &t->texts;
    mci_normalize_rows(i->rows, n, D, i->lengths);
    mci_normalize_rows(x->rows, n, D, x->lengths);
    mci_contrast_lse(i->rows, n, x->rows, n, D, scale, i->lse);
    mci_contrast_lse(x->rows, n, i->rows, n, D, scale, x->lse);
    double loss = mci_contrast_loss(i->rows, n, 0, x->rows, D, scale, i->lse, x->lse);
    *dscale = mci_contrast_backward(i->rows, n, 0, x->rows, n, D, scale, i->lse, x->lse, i->drows);
    mci_contrast_backward(x->rows, n, 0, i->rows, n, D, scale, x->lse, i->lse, x->drows);
    mci_normalize_backward(i->rows, n, D, i->lengths, i->drows);
    mci_normalize_backward(x->rows, n, D, x->lengths, x->drows);
    return loss / (double)n;
}

static size_t part_of(const mci_trainer *t, size_t at, size_t n)
{
    return n - at < t->options.micro_batch ? n - at : t->options.micro_batch;
}

/* Loss and gradients of the whole batch. */
static double run_batch(mci_trainer *t, const float *pixels, const int32_t *tokens, size_t n)
{
    const mci_nn_backend *backend = t->options.backend;
    const size_t D = t->vision.D, pixels_each = 3 * t->vision.S * t->vision.S, T = t->text.T;
    const bool at_once = n <= t->options.micro_batch;
    float log_scale, grad;
    double dscale;
    for (size_t at = 0; at < n; at += t->options.micro_batch) {
        forward(t, pixels + at * pixels_each, tokens + at * T, part_of(t, at, n));
        backend->read(t->nn, t->vision_trace.features, t->images.rows + at * D);
        backend->read(t->nn, t->text_trace.features, t->texts.rows + at * D);
    }
    mci_trainer_read(t, MCI_VALUES, t->at_scale, &log_scale, 1);
    double loss = run_loss(t, n, exp((double)log_scale), &dscale);
    for (size_t at = 0; at < n; at += t->options.micro_batch) {
        if (!at_once)
            forward(t, pixels + at * pixels_each, tokens + at * T, part_of(t, at, n));
        backward(t, at, part_of(t, at, n));
    }
    grad = (float)dscale;
    mci_trainer_write(t, MCI_GRADS, t->at_scale, &grad, 1);
    return loss;
}

/* AdamW over both groups, then the clamp: logit_scale stays in [0, ln 100]. */
static void update(mci_trainer *t, mci_step_facts *facts)
{
    const mci_trainer_options *o = &t->options;
    const mci_nn_training *training = o->backend->training;
    const size_t n_decaying = t->params.n_decaying;
    mci_nn_vector **v = t->vectors;
    float scale;
    mci_nn_adamw how = { .lr = facts->lr,
                         .beta1 = o->beta1,
                         .beta2 = o->beta2,
                         .eps = o->eps,
                         .decay = o->decay,
                         .step = t->n_steps + 1,
                         .grad_scale = 1.0 };
    if (o->clip_norm > 0.0)
        how.grad_scale = fmin(1.0, o->clip_norm / (facts->grad_norm + 1e-6));
    training->adamw(t->nn, v[MCI_VALUES], v[MCI_GRADS], v[MCI_FIRST_MOMENT], v[MCI_SECOND_MOMENT],
                    0, n_decaying, how);
    how.decay = 0.0;
    training->adamw(t->nn, v[MCI_VALUES], v[MCI_GRADS], v[MCI_FIRST_MOMENT], v[MCI_SECOND_MOMENT],
                    n_decaying, t->params.n_values - n_decaying, how);
    mci_trainer_read(t, MCI_VALUES, t->at_scale, &scale, 1);
    scale = fminf(fmaxf(scale, 0.0f), (float)log(100.0));
    mci_trainer_write(t, MCI_VALUES, t->at_scale, &scale, 1);
    facts->logit_scale = (double)scale;
}

mc_status mci_trainer_step(mci_trainer *t, const float *pixels, const int32_t *tokens, size_t n,
                           mci_step_facts *facts, mc_error *err)
{
    const mci_nn_training *training = t->options.backend->training;
    MC_TRY(make_sides(t, n, err));
    refresh(t);
    *facts = (mci_step_facts){ .lr = mci_schedule_lr(&t->options.schedule, t->n_steps) };
    training->vector_zero(t->nn, t->vectors[MCI_GRADS]);
    facts->loss = run_batch(t, pixels, tokens, n);
    MC_TRY(t->options.backend->finish(t->nn, err));
    facts->grad_norm = sqrt(training->vector_square(t->nn, t->vectors[MCI_GRADS]));
    update(t, facts);
    t->fresh = false;
    t->n_steps++;
    return t->options.backend->finish(t->nn, err);
}
