/* Training on the CPU: vectors, AdamW, rooms, and the table. */
#include "nn/cpu_train.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"

char *mci_cpu_room_of(mci_nn_ctx *ctx, size_t which, size_t n_bytes)
{
    mci_cpu_room *room = &ctx->rooms[which];
    if (n_bytes <= room->n_bytes)
        return room->data;
    mci_free(room->data);
    *room = (mci_cpu_room){ .data = mci_alloc_lines(n_bytes), .n_bytes = n_bytes };
    if (!room->data) {
        room->n_bytes = 0;
        if (ctx->status == MC_OK)
            ctx->status = mci_nomem(&ctx->error, n_bytes);
    }
    return room->data;
}

/* ---- vectors ---- */

static size_t n_parts(size_t n)
{
    return (n + MCI_VECTOR_PART - 1) / MCI_VECTOR_PART;
}

static void vector_free(mci_nn_ctx *ctx, mci_nn_vector *vector)
{
    (void)ctx;
    if (!vector)
        return;
    mci_free(vector->values);
    mci_free(vector->squares);
    mci_free(vector);
}

static mc_status vector_new(mci_nn_ctx *ctx, size_t n, mci_nn_vector **out, mc_error *err)
{
    mci_nn_vector *vector = mci_alloc_zeroed(1, sizeof *vector);
    if (!vector)
        return mci_nomem(err, sizeof *vector);
    vector->n = n;
    vector->values = n > SIZE_MAX / 2 / sizeof(float) ? NULL : mci_alloc_lines(n * sizeof(float));
    vector->squares = mci_alloc_zeroed(n_parts(n), sizeof *vector->squares);
    if (!vector->values || !vector->squares) {
        vector_free(ctx, vector);
        return mci_nomem(err, n > SIZE_MAX / sizeof(float) ? SIZE_MAX : n * sizeof(float));
    }
    *out = vector;
    return MC_OK;
}

/* Some values a task. */
typedef struct {
    mci_nn_ctx *ctx;
    float *p, *m, *v;
    const float *g;
    double *squares;
    size_t n;
    mci_adamw_factors factors;
} vector_job;

static size_t part_of(const vector_job *job, size_t at)
{
    return job->n - at < MCI_VECTOR_PART ? job->n - at : MCI_VECTOR_PART;
}

static void zero_part(void *user, size_t task, unsigned worker)
{
    const vector_job *job = user;
    size_t at = task * MCI_VECTOR_PART;
    (void)worker;
    memset(job->p + at, 0, part_of(job, at) * sizeof *job->p);
}

static void vector_zero(mci_nn_ctx *ctx, mci_nn_vector *vector, size_t at, size_t n)
{
    vector_job job = { .ctx = ctx, .p = vector->values + at, .n = n };
    assert(at <= vector->n && n <= vector->n - at);
    mci_team_run(ctx->team, n_parts(job.n), zero_part, &job);
}

static void vector_write(mci_nn_ctx *ctx, mci_nn_vector *vector, size_t at, const float *values,
                         size_t n)
{
    (void)ctx;
    assert(at <= vector->n && n <= vector->n - at);
    memcpy(vector->values + at, values, n * sizeof *values);
}

static void vector_read(mci_nn_ctx *ctx, const mci_nn_vector *vector, size_t at, float *out,
                        size_t n)
{
    (void)ctx;
    assert(at <= vector->n && n <= vector->n - at);
    memcpy(out, vector->values + at, n * sizeof *out);
}

static float *vector_host(mci_nn_vector *vector)
{
    return vector->values;
}

static void square_part(void *user, size_t task, unsigned worker)
{
    const vector_job *job = user;
    size_t at = task * MCI_VECTOR_PART;
    (void)worker;
    job->squares[task] = job->ctx->train->square(job->g + at, part_of(job, at));
}

static double vector_square(mci_nn_ctx *ctx, const mci_nn_vector *vector, size_t at, size_t n)
{
    vector_job job = { .ctx = ctx, .g = vector->values + at, .squares = vector->squares, .n = n };
    assert(at <= vector->n && n <= vector->n - at);
    double sum = 0.0;
    mci_team_run(ctx->team, n_parts(job.n), square_part, &job);
    for (size_t i = 0; i < n_parts(job.n); i++)
        sum += job.squares[i];
    return sum;
}

static void adamw_part(void *user, size_t task, unsigned worker)
{
    const vector_job *job = user;
    size_t at = task * MCI_VECTOR_PART;
    (void)worker;
    job->ctx->train->adamw(job->p + at, job->g + at, job->m + at, job->v + at, part_of(job, at),
                           &job->factors);
}

mci_adamw_factors mci_adamw_factors_of(mci_nn_adamw s)
{
    return (mci_adamw_factors){
        .scale = (float)s.grad_scale,
        .beta1 = (float)s.beta1,
        .take1 = (float)(1.0 - s.beta1),
        .beta2 = (float)s.beta2,
        .take2 = (float)(1.0 - s.beta2),
        .keep = (float)(1.0 - s.lr * s.decay),
        .step = (float)(s.lr / (1.0 - pow(s.beta1, (double)s.step))),
        .root = (float)(1.0 / sqrt(1.0 - pow(s.beta2, (double)s.step))),
        .eps = (float)s.eps,
    };
}

static void adamw(mci_nn_ctx *ctx, mci_nn_vector *values, const mci_nn_vector *grads,
                  mci_nn_vector *m, mci_nn_vector *v, mci_nn_place at, size_t n, mci_nn_adamw s)
{
    vector_job job = { .ctx = ctx,
                       .p = values->values + at.value,
                       .g = grads->values + at.grad,
                       .m = m->values + at.value,
                       .v = v->values + at.value,
                       .n = n,
                       .factors = mci_adamw_factors_of(s) };
    assert(at.value <= values->n && n <= values->n - at.value);
    assert(at.grad <= grads->n && n <= grads->n - at.grad);
    mci_team_run(ctx->team, n_parts(n), adamw_part, &job);
}

/* ---- the tables ---- */

#define TRAINING(prefix, LEVEL)                                                                    \
    static mc_status prefix##_weight_bind(mci_nn_precision precision, const mci_nn_vector *values, \
                                          mci_nn_place at, bool transposed, mci_nn_place at_bias,  \
                                          size_t N, size_t K, mci_nn_weight **out, mc_error *err)  \
    {                                                                                              \
        return mci_cpu_weight_bind(LEVEL, precision, values, at, transposed, at_bias, N, K, out,   \
                                   err);                                                           \
    }                                                                                              \
    const mci_nn_training mci_cpu_training_##prefix = {                                            \
        .vector_new = vector_new,                                                                  \
        .vector_free = vector_free,                                                                \
        .vector_zero = vector_zero,                                                                \
        .vector_write = vector_write,                                                              \
        .vector_read = vector_read,                                                                \
        .vector_host = vector_host,                                                                \
        .vector_square = vector_square,                                                            \
        .adamw = adamw,                                                                            \
        .weight_bind = prefix##_weight_bind,                                                       \
        .norm_bind = mci_cpu_norm_bind,                                                            \
        .table_bind = mci_cpu_table_bind,                                                          \
        .norm_refresh = mci_cpu_norm_refresh,                                                      \
        .table_refresh = mci_cpu_table_refresh,                                                    \
        .linear_onto = mci_cpu_linear_onto,                                                        \
        .linear_kept = mci_cpu_linear_kept,                                                        \
        .input_gradient = mci_cpu_input_gradient,                                                  \
        .inner_gradient = mci_cpu_inner_gradient,                                                  \
        .weight_gradient = mci_cpu_weight_gradient,                                                \
        .layernorm_backward = mci_cpu_layernorm_backward,                                          \
        .attention_backward = mci_cpu_attention_backward,                                          \
        .embed_backward = mci_cpu_embed_backward,                                                  \
        .embed_step = mci_cpu_embed_step,                                                          \
        .join_patches_backward = mci_cpu_join_patches_backward,                                    \
        .pick_backward = mci_cpu_pick_backward,                                                    \
    }

TRAINING(best, mci_cpu_best());
TRAINING(plain, MCI_CPU_PLAIN);
TRAINING(avx2, MCI_CPU_AVX2);
TRAINING(avx512, MCI_CPU_AVX512);
TRAINING(amx, MCI_CPU_AMX);
