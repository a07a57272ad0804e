#include "train/trainer.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "train/batch_loss.h"
#include "train/buckets.h"

struct mci_trainer {
    mci_trainer_options options;
    mci_params params;
    mci_nn_place at_scale;
    mci_nn_ctx *nn;
    mci_nn_vector *vectors[4]; /* by mci_trainer_vector */
    mci_vision_tower vision;
    mci_text_tower text;
    mci_tower_trace vision_trace, text_trace;
    mci_passing passing;
    mci_dist *alone; /* if no others were named */
    mci_batch_loss loss;
    mci_buckets buckets;
    uint64_t n_steps;
    bool fresh; /* the towers have the vector's values */
    /* Of the step that is being made: what AdamW does, the squares of gradients spent, and words'.
     */
    mci_nn_adamw how;
    double squares;
    mci_words_step words;
};

/* ---- making ---- */

static mc_status bind_towers(mci_trainer *t, const mci_clip_config *config, mc_error *err)
{
    mci_loader loader = { .place_of = mci_params_place,
                          .place_user = &t->params,
                          .values = t->vectors[MCI_VALUES],
                          .backend = t->options.backend,
                          .precision = t->options.precision };
    MC_TRY(mci_vision_tower_load(&t->vision, &loader, config, 0, err));
    return mci_text_tower_load(&t->text, &loader, config, err);
}

static mc_status make(mci_trainer *t, const mci_clip_config *config, mc_error *err)
{
    mci_trainer_options *o = &t->options;
    if (!o->dist) {
        MC_TRY(mci_dist_single(&t->alone, err));
        o->dist = t->alone;
    }
    MC_TRY(mci_params_list(config, &t->params, err));
    if (o->spend_grads)
        mci_params_share_grads(&t->params);
    t->at_scale = mci_params_place(&t->params, "logit_scale");
    MC_TRY(o->backend->ctx_new(o->precision, o->n_threads, &t->nn, err));
    for (size_t i = 0; i < 4; i++)
        MC_TRY(o->backend->training->vector_new(
            t->nn, i == MCI_GRADS ? t->params.n_grads : t->params.n_values, &t->vectors[i], err));
    MC_TRY(mci_batch_loss_make(&t->loss, o->dist, config->embed_dim, o->n_threads, err));
    MC_TRY(mci_buckets_make(&t->buckets, o->dist, &t->params, err));
    MC_TRY(bind_towers(t, config, err));
    MC_TRY(mci_vision_trace_make(&t->vision_trace, &t->vision, o->backend, t->nn, &t->passing,
                                 o->micro_batch, o->recompute, err));
    return mci_text_trace_make(&t->text_trace, &t->text, o->backend, t->nn, &t->passing,
                               o->micro_batch, o->recompute, err);
}

mc_status mci_trainer_new(const mci_clip_config *config, const mci_trainer_options *options,
                          mci_trainer **out, mc_error *err)
{
    assert(!options->spend_grads ||
           ((!options->dist || mci_dist_size(options->dist) == 1) && options->clip_norm <= 0.0));
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

void mci_trainer_free(mci_trainer *t)
{
    if (!t)
        return;
    const mci_nn_backend *backend = t->options.backend;
    mci_batch_loss_release(&t->loss);
    mci_buckets_release(&t->buckets);
    mci_tower_trace_release(&t->vision_trace, &t->vision.trunk, backend, t->nn);
    mci_tower_trace_release(&t->text_trace, &t->text.trunk, backend, t->nn);
    mci_passing_release(&t->passing, backend, t->nn);
    mci_vision_tower_release(&t->vision, backend);
    mci_text_tower_release(&t->text, backend);
    for (size_t i = 0; i < 4; i++)
        backend->training->vector_free(t->nn, t->vectors[i]);
    backend->ctx_free(t->nn);
    mci_params_release(&t->params);
    mci_dist_close(t->alone);
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
    assert(which != MCI_GRADS || !t->options.spend_grads);
    t->options.backend->training->vector_write(t->nn, t->vectors[which], at, values, n);
    t->fresh = t->fresh && which != MCI_VALUES;
}

void mci_trainer_read(mci_trainer *t, mci_trainer_vector which, size_t at, float *out, size_t n)
{
    assert(which != MCI_GRADS || !t->options.spend_grads);
    t->options.backend->training->vector_read(t->nn, t->vectors[which], at, out, n);
}

float *mci_trainer_lend(mci_trainer *t, mci_trainer_vector which, size_t at)
{
    float *values = t->options.backend->training->vector_host(t->vectors[which]);
    assert(values && (which != MCI_GRADS || !t->options.spend_grads));
    t->fresh = t->fresh && which != MCI_VALUES;
    return values + at;
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

static void refresh(mci_trainer *t)
{
    if (t->fresh)
        return;
    mci_vision_refresh(&t->vision, t->options.backend, t->nn, t->vectors[MCI_VALUES]);
    mci_text_refresh(&t->text, t->options.backend, t->nn, t->vectors[MCI_VALUES]);
    t->fresh = true;
}

static void forward(mci_trainer *t, const float *pixels, const int32_t *tokens, size_t at, size_t n)
{
    const size_t pixels_each = 3 * t->vision.S * t->vision.S;
    mci_vision_forward(&t->vision, t->options.backend, t->nn, &t->vision_trace,
                       pixels + at * pixels_each, n);
    mci_text_forward(&t->text, t->options.backend, t->nn, &t->text_trace, tokens + at * t->text.T,
                     n);
}

static void backward(mci_trainer *t, size_t at, size_t n)
{
    const size_t D = t->vision.D;
    mci_nn_vector *grads = t->vectors[MCI_GRADS];
    mci_vision_backward(&t->vision, t->options.backend, t->nn, &t->vision_trace,
                        t->loss.images.drows + at * D, n, grads);
    mci_text_backward(&t->text, t->options.backend, t->nn, &t->text_trace,
                      t->loss.texts.drows + at * D, n, grads);
}

static size_t part_of(const mci_trainer *t, size_t at, size_t n)
{
    return n - at < t->options.micro_batch ? n - at : t->options.micro_batch;
}

/* ---- gradients that are whole ---- */

static void step_range(mci_trainer *t, mci_nn_place at, size_t n, bool decays)
{
    mci_nn_vector **v = t->vectors;
    mci_nn_adamw how = t->how;
    if (!decays)
        how.decay = 0.0;
    t->options.backend->training->adamw(t->nn, v[MCI_VALUES], v[MCI_GRADS], v[MCI_FIRST_MOMENT],
                                        v[MCI_SECOND_MOMENT], at, n, how);
}

/* Uses up the gradients of the parameters of a prefix. */
static void spend(mci_trainer *t, const char *prefix)
{
    const mci_nn_training *training = t->options.backend->training;
    for (int decays = 1; decays >= 0; decays--) {
        size_t n;
        const mci_nn_place at = mci_params_range(&t->params, prefix, decays, &n);
        if (n == 0)
            continue;
        t->squares += training->vector_square(t->nn, t->vectors[MCI_GRADS], at.grad, n);
        step_range(t, at, n, decays);
        training->vector_zero(t->nn, t->vectors[MCI_GRADS], at.grad, n);
    }
}

/* A block's are whole: they are spent, or the others may have them. */
static void block_done(void *user, const mci_trunk *trunk, size_t layer)
{
    mci_trainer *t = user;
    char prefix[MCI_PARAM_NAME];
    snprintf(prefix, sizeof prefix, "%stransformer.resblocks.%zu.",
             trunk == &t->vision.trunk ? "visual." : "", layer);
    if (t->options.spend_grads)
        spend(t, prefix);
    else
        mci_buckets_send(&t->buckets, prefix);
}

static void watch_blocks(mci_trainer *t, bool watch)
{
    mci_trunk_trace *const traces[] = { &t->vision_trace.trunk, &t->text_trace.trunk };
    watch = watch && (t->options.spend_grads || mci_dist_size(t->options.dist) > 1);
    for (size_t i = 0; i < 2; i++) {
        traces[i]->block_done = watch ? block_done : NULL;
        traces[i]->user = t;
    }
}

/* ---- the batch ---- */

static mc_status forward_all(mci_trainer *t, const float *pixels, const int32_t *tokens, size_t n,
                             mc_error *err)
{
    const mci_nn_backend *backend = t->options.backend;
    const size_t D = t->vision.D;
    for (size_t at = 0; at < n; at += t->options.micro_batch) {
        forward(t, pixels, tokens, at, part_of(t, at, n));
        backend->read(t->nn, t->vision_trace.features, t->loss.images.rows + at * D);
        backend->read(t->nn, t->text_trace.features, t->loss.texts.rows + at * D);
    }
    return backend->finish(t->nn, err);
}

/* The gradients by features are there. If the batch was computed at once, so is all they need. */
static void backward_all(mci_trainer *t, const float *pixels, const int32_t *tokens, size_t n)
{
    for (size_t at = 0; at < n; at += t->options.micro_batch) {
        const size_t part = part_of(t, at, n);
        if (n > t->options.micro_batch)
            forward(t, pixels, tokens, at, part);
        watch_blocks(t, at + part == n);
        backward(t, at, part);
    }
}

/* Loss and gradients of the whole batch, of all processes. */
static mc_status run_batch(mci_trainer *t, const float *pixels, const int32_t *tokens, size_t n,
                           double *loss, mc_error *err)
{
    const mci_nn_backend *backend = t->options.backend;
    float log_scale, dscale_own;
    double dscale;
    MC_TRY(mci_batch_loss_begin(&t->loss, n, err));
    MC_TRY(forward_all(t, pixels, tokens, n, err));
    mci_trainer_read(t, MCI_VALUES, t->at_scale.value, &log_scale, 1);
    MC_TRY(mci_batch_loss_run(&t->loss, exp((double)log_scale), loss, &dscale, err));
    dscale_own = (float)dscale;
    backend->training->vector_write(t->nn, t->vectors[MCI_GRADS], t->at_scale.grad, &dscale_own, 1);
    if (!t->options.spend_grads)
        mci_buckets_start(&t->buckets, backend->training->vector_host(t->vectors[MCI_GRADS]));
    backward_all(t, pixels, tokens, n);
    MC_TRY(backend->finish(t->nn, err));
    return t->options.spend_grads ? MC_OK : mci_buckets_finish(&t->buckets, err);
}

/* ---- a step ---- */

/* Words make their step with the text tower's way back. */
static void prepare_words(mci_trainer *t)
{
    if (!t->options.spend_grads)
        return;
    t->words = (mci_words_step){ .values = t->vectors[MCI_VALUES],
                                 .m = t->vectors[MCI_FIRST_MOMENT],
                                 .v = t->vectors[MCI_SECOND_MOMENT],
                                 .how = t->how };
    t->text_trace.words_step = &t->words;
}

/* Outside the blocks, and but for words: one parameter after the other. */
static void spend_rest(mci_trainer *t)
{
    for (size_t i = 0; i < t->params.n; i++)
        if (t->params.items[i].grad_at != SIZE_MAX &&
            !strstr(t->params.items[i].name, "resblocks."))
            spend(t, t->params.items[i].name);
    t->squares += t->words.square;
}

/* AdamW over both groups. */
static void update_all(mci_trainer *t)
{
    const mci_trainer_options *o = &t->options;
    const size_t n = t->params.n_values, n_decaying = t->params.n_decaying;
    t->squares = o->backend->training->vector_square(t->nn, t->vectors[MCI_GRADS], 0, n);
    if (o->clip_norm > 0.0)
        t->how.grad_scale = fmin(1.0, o->clip_norm / (sqrt(t->squares) + 1e-6));
    step_range(t, mci_nn_same_place(0), n_decaying, true);
    step_range(t, mci_nn_same_place(n_decaying), n - n_decaying, false);
}

/* logit_scale stays in [0, ln 100]. */
static double clamp_scale(mci_trainer *t)
{
    float scale;
    mci_trainer_read(t, MCI_VALUES, t->at_scale.value, &scale, 1);
    scale = fminf(fmaxf(scale, 0.0f), (float)log(100.0));
    mci_trainer_write(t, MCI_VALUES, t->at_scale.value, &scale, 1);
    return (double)scale;
}

mc_status mci_trainer_step(mci_trainer *t, const float *pixels, const int32_t *tokens, size_t n,
                           mci_step_facts *facts, mc_error *err)
{
    const mci_trainer_options *o = &t->options;
    assert(!o->spend_grads || n <= o->micro_batch);
    refresh(t);
    *facts = (mci_step_facts){ .lr = mci_schedule_lr(&o->schedule, t->n_steps) };
    t->how = (mci_nn_adamw){ .lr = facts->lr,
                             .beta1 = o->beta1,
                             .beta2 = o->beta2,
                             .eps = o->eps,
                             .decay = o->decay,
                             .step = t->n_steps + 1,
                             .grad_scale = 1.0 };
    t->squares = 0.0;
    prepare_words(t);
    if (!o->spend_grads) /* else they are 0 since they were spent */
        o->backend->training->vector_zero(t->nn, t->vectors[MCI_GRADS], 0, t->params.n_grads);
    MC_TRY(run_batch(t, pixels, tokens, n, &facts->loss, err));
    if (o->spend_grads)
        spend_rest(t);
    else
        update_all(t);
    facts->grad_norm = sqrt(t->squares);
    facts->logit_scale = clamp_scale(t);
    t->fresh = false;
    t->n_steps++;
    return o->backend->finish(t->nn, err);
}
