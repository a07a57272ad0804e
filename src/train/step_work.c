#include "train/step_work.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "model/text_tower.h"
#include "train/draws.h"

/* ---- work ---- */

/* Of a tower's blocks: C is its width, M that of its MLP. */
typedef struct {
    double each_row;  /* the linear maps of a row */
    double each_pair; /* attention between two rows of a sequence */
} blocks_work;

static blocks_work work_of_blocks(double C, double M, double layers)
{
    return (blocks_work){ layers * 2.0 * (4.0 * C * C + 2.0 * C * M), layers * 4.0 * C };
}

static double image_work(const mci_clip_config *c)
{
    const blocks_work blocks =
        work_of_blocks(c->vision.width, c->vision.mlp_width, c->vision.layers);
    const double P = c->vision.patch_size, C = c->vision.width;
    const double G = c->vision.image_size / c->vision.patch_size, T = 1.0 + G * G;
    return T * blocks.each_row + T * T * blocks.each_pair + 2.0 * G * G * C * 3.0 * P * P +
           2.0 * C * c->embed_dim;
}

/* A row sees the rows before it: half of all. */
static double text_work(const mci_clip_config *c, double T)
{
    const blocks_work blocks = work_of_blocks(c->text.width, c->text.mlp_width, c->text.layers);
    return T * blocks.each_row + 0.5 * T * T * blocks.each_pair +
           2.0 * (double)c->text.width * c->embed_dim;
}

double mci_step_work(const mci_clip_config *config, const int32_t *tokens, size_t n)
{
    const mci_text_tower tower = { .T = config->text.context_length,
                                   .pool = config->text.pool,
                                   .end_id = config->text.end_id };
    double forward = (double)n * image_work(config);
    for (size_t i = 0; i < n; i++)
        forward +=
            text_work(config, (double)mci_text_tower_pool(&tower, tokens + i * tower.T) + 1.0);
    return 3.0 * forward;
}

/* ---- rate ---- */

typedef struct {
    size_t R, N, K;
} product;

/* The first tells whether there is time for the second. */
static const product small = { 64, 256, 256 }, large = { 512, 2048, 1024 };
static const double enough_seconds = 0.15, slow_seconds = 2e-3;

static double work_of(product p)
{
    return 2.0 * (double)p.R * (double)p.N * (double)p.K;
}

typedef struct {
    const mci_nn_backend *backend;
    mci_nn_ctx *ctx;
    mci_nn_tensor *x, *y;
    mci_nn_weight *weight;
    float *values; /* [max(R, N), K] */
} rating;

static mc_status make(rating *r, mci_nn_precision precision, product p, mc_error *err)
{
    const mci_nn_backend *backend = r->backend;
    const size_t n = (p.R > p.N ? p.R : p.N) * p.K;
    mci_draws draws = { 1 };
    r->values = mci_alloc(n * sizeof *r->values);
    if (!r->values)
        return mci_nomem(err, n * sizeof *r->values);
    for (size_t i = 0; i < n; i++)
        r->values[i] = (float)mci_draws_unit(&draws) - 0.5f;
    MC_TRY(backend->tensor_new(r->ctx, MCI_NN_INPUT, p.R, p.K, &r->x, err));
    MC_TRY(backend->tensor_new(r->ctx, MCI_NN_QKV, p.R, p.N, &r->y, err));
    MC_TRY(backend->weight_new(precision, r->values, false, NULL, p.N, p.K, &r->weight, err));
    backend->write(r->ctx, r->x, r->values, p.R);
    return backend->finish(r->ctx, err);
}

static void drop(rating *r)
{
    r->backend->weight_free(r->weight);
    r->backend->tensor_free(r->ctx, r->x);
    r->backend->tensor_free(r->ctx, r->y);
    mci_free(r->values);
    *r = (rating){ .backend = r->backend, .ctx = r->ctx };
}

/* At least twice: what comes first is not warm. */
static mc_status best_time(rating *r, double enough, double *out, mc_error *err)
{
    const double began = mci_clock_seconds();
    double now = began;
    *out = 1e9;
    for (int i = 0; i < 2 || now - began < enough; i++) {
        const double start = now;
        r->backend->linear(r->ctx, r->y, r->x, r->weight, MCI_NN_LINEAR, false);
        MC_TRY(r->backend->finish(r->ctx, err));
        now = mci_clock_seconds();
        *out = now - start < *out ? now - start : *out;
    }
    return MC_OK;
}

static mc_status time_product(rating *r, mci_nn_precision precision, product p, double enough,
                              double *seconds, mc_error *err)
{
    mc_status status = make(r, precision, p, err);
    if (status >= 0)
        status = best_time(r, enough, seconds, err);
    drop(r);
    return status;
}

mc_status mci_product_rate(const mci_nn_backend *backend, mci_nn_precision precision,
                           unsigned n_threads, double *out, mc_error *err)
{
    rating r = { .backend = backend };
    double seconds = 0.0;
    product p = small;
    MC_TRY(backend->ctx_new(precision, n_threads, &r.ctx, err));
    mc_status status = time_product(&r, precision, p, 0.0, &seconds, err);
    if (status >= 0 && seconds < slow_seconds) {
        p = large;
        status = time_product(&r, precision, p, enough_seconds, &seconds, err);
    }
    backend->ctx_free(r.ctx);
    if (status >= 0)
        *out = work_of(p) / seconds;
    return status;
}
