#include "timed_backend.h"

#include <string.h>

#include "bench.h"

static const mci_nn_backend *plain; /* whose operations they are */
static mci_nn_backend timed;
static mci_nn_training timed_training;

/* X(table, kind, name, parameters, arguments), for what gives nothing. */
#define OPERATIONS(X)                                                                              \
    X(plain, TIMED_FORWARD, patches,                                                               \
      (mci_nn_ctx * c, mci_nn_tensor * y, const float *x, size_t n, size_t S, size_t P),           \
      (c, y, x, n, S, P))                                                                          \
    X(plain, TIMED_FORWARD, join_patches,                                                          \
      (mci_nn_ctx * c, mci_nn_tensor * y, const mci_nn_tensor *x, size_t n, const mci_nn_table *f, \
       const mci_nn_table *p),                                                                     \
      (c, y, x, n, f, p))                                                                          \
    X(plain, TIMED_FORWARD, embed,                                                                 \
      (mci_nn_ctx * c, mci_nn_tensor * y, const int32_t *i, mci_nn_sequences s,                    \
       const mci_nn_table *w, const mci_nn_table *p),                                              \
      (c, y, i, s, w, p))                                                                          \
    X(plain, TIMED_FORWARD, layernorm,                                                             \
      (mci_nn_ctx * c, mci_nn_tensor * y, const mci_nn_tensor *x, const mci_nn_norm *n),           \
      (c, y, x, n))                                                                                \
    X(plain, TIMED_FORWARD, linear,                                                                \
      (mci_nn_ctx * c, mci_nn_tensor * y, const mci_nn_tensor *x, const mci_nn_weight *w,          \
       mci_nn_activation f, bool add),                                                             \
      (c, y, x, w, f, add))                                                                        \
    X(plain, TIMED_FORWARD, attention,                                                             \
      (mci_nn_ctx * c, mci_nn_tensor * y, const mci_nn_tensor *q, mci_nn_sequences s, size_t h,    \
       bool causal, const uint32_t *only),                                                         \
      (c, y, q, s, h, causal, only))                                                               \
    X(plain, TIMED_FORWARD, pick,                                                                  \
      (mci_nn_ctx * c, mci_nn_tensor * y, const mci_nn_tensor *x, const uint32_t *r, size_t n),    \
      (c, y, x, r, n))                                                                             \
    X(plain->training, TIMED_FORWARD, linear_onto,                                                 \
      (mci_nn_ctx * c, mci_nn_tensor * y, const mci_nn_tensor *b, const mci_nn_tensor *x,          \
       const mci_nn_weight *w),                                                                    \
      (c, y, b, x, w))                                                                             \
    X(plain->training, TIMED_FORWARD, linear_kept,                                                 \
      (mci_nn_ctx * c, mci_nn_tensor * y, mci_nn_tensor * z, const mci_nn_tensor *x,               \
       const mci_nn_weight *w, mci_nn_activation f),                                               \
      (c, y, z, x, w, f))                                                                          \
    X(plain->training, TIMED_BACKWARD, input_gradient,                                             \
      (mci_nn_ctx * c, mci_nn_tensor * dx, const mci_nn_tensor *dy, const mci_nn_weight *w),       \
      (c, dx, dy, w))                                                                              \
    X(plain->training, TIMED_BACKWARD, inner_gradient,                                             \
      (mci_nn_ctx * c, mci_nn_tensor * dz, mci_nn_tensor * x, const mci_nn_tensor *dy,             \
       const mci_nn_tensor *z, const mci_nn_weight *w, mci_nn_activation f),                       \
      (c, dz, x, dy, z, w, f))                                                                     \
    X(plain->training, TIMED_BACKWARD, weight_gradient,                                            \
      (mci_nn_ctx * c, const mci_nn_tensor *dy, const mci_nn_tensor *x, const mci_nn_weight *w,    \
       mci_nn_vector *g),                                                                          \
      (c, dy, x, w, g))                                                                            \
    X(plain->training, TIMED_BACKWARD, layernorm_backward,                                         \
      (mci_nn_ctx * c, mci_nn_tensor * dx, mci_nn_tensor * r, mci_nn_tensor * y,                   \
       const mci_nn_tensor *dy, const mci_nn_tensor *x, const mci_nn_norm *n, mci_nn_vector *g,    \
       bool add),                                                                                  \
      (c, dx, r, y, dy, x, n, g, add))                                                             \
    X(plain->training, TIMED_BACKWARD, attention_backward,                                         \
      (mci_nn_ctx * c, mci_nn_tensor * dq, const mci_nn_tensor *dy, const mci_nn_tensor *q,        \
       mci_nn_sequences s, size_t h, bool causal, const uint32_t *only),                           \
      (c, dq, dy, q, s, h, causal, only))                                                          \
    X(plain->training, TIMED_BACKWARD, embed_backward,                                             \
      (mci_nn_ctx * c, const mci_nn_tensor *dy, const int32_t *i, mci_nn_sequences s,              \
       const mci_nn_table *w, const mci_nn_table *p, mci_nn_vector *g),                            \
      (c, dy, i, s, w, p, g))                                                                      \
    X(plain->training, TIMED_BACKWARD, join_patches_backward,                                      \
      (mci_nn_ctx * c, mci_nn_tensor * dx, const mci_nn_tensor *dy, size_t n,                      \
       const mci_nn_table *f, const mci_nn_table *p, mci_nn_vector *g),                            \
      (c, dx, dy, n, f, p, g))                                                                     \
    X(plain->training, TIMED_BACKWARD, pick_backward,                                              \
      (mci_nn_ctx * c, mci_nn_tensor * dx, const mci_nn_tensor *dy, const uint32_t *r, size_t n,   \
       size_t R),                                                                                  \
      (c, dx, dy, r, n, R))                                                                        \
    X(plain->training, TIMED_STEP, vector_zero,                                                    \
      (mci_nn_ctx * c, mci_nn_vector * v, size_t at, size_t n), (c, v, at, n))                     \
    X(plain->training, TIMED_STEP, adamw,                                                          \
      (mci_nn_ctx * c, mci_nn_vector * p, const mci_nn_vector *g, mci_nn_vector *m,                \
       mci_nn_vector *v, mci_nn_place at, size_t n, mci_nn_adamw how),                             \
      (c, p, g, m, v, at, n, how))                                                                 \
    X(plain->training, TIMED_STEP, table_refresh,                                                  \
      (mci_nn_ctx * c, mci_nn_table * t, const mci_nn_vector *v), (c, t, v))

#define OF_ENUM(table, kind, name, parameters, arguments) OF_##name,
enum { OPERATIONS(OF_ENUM) OF_embed_step, OF_vector_square, N_OPERATIONS };

#define OF_FACTS(table, kind, name, parameters, arguments) { kind, #name },
static const struct {
    timed_kind kind;
    const char *name;
} operations[] = { OPERATIONS(OF_FACTS){ TIMED_STEP, "embed_step" },
                   { TIMED_STEP, "vector_square" } };

static double seconds[N_OPERATIONS];

#define OF_FUNCTION(table, kind, name, parameters, arguments) \
    static void timed_##name parameters                       \
    {                                                         \
        double start = bench_now();                           \
        table->name arguments;                                \
        seconds[OF_##name] += bench_now() - start;            \
    }
OPERATIONS(OF_FUNCTION)

static double timed_embed_step(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                               mci_nn_sequences s, const mci_nn_table *words,
                               const mci_nn_table *places, mci_nn_vector *grads,
                               mci_nn_vector *values, mci_nn_vector *m, mci_nn_vector *v,
                               mci_nn_adamw step)
{
    double start = bench_now();
    double square =
        plain->training->embed_step(ctx, dy, ids, s, words, places, grads, values, m, v, step);
    seconds[OF_embed_step] += bench_now() - start;
    return square;
}

static double timed_vector_square(mci_nn_ctx *ctx, const mci_nn_vector *vector, size_t at, size_t n)
{
    double start = bench_now(), square = plain->training->vector_square(ctx, vector, at, n);
    seconds[OF_vector_square] += bench_now() - start;
    return square;
}

const mci_nn_backend *timed_backend(const mci_nn_backend *backend)
{
    plain = backend;
    timed = *backend;
    timed_training = *backend->training;
    timed.training = &timed_training;
    memset(seconds, 0, sizeof seconds);
    timed.patches = timed_patches;
    timed.join_patches = timed_join_patches;
    timed.embed = timed_embed;
    timed.layernorm = timed_layernorm;
    timed.linear = timed_linear;
    timed.attention = timed_attention;
    timed.pick = timed_pick;
    timed_training.linear_onto = timed_linear_onto;
    timed_training.linear_kept = timed_linear_kept;
    timed_training.input_gradient = timed_input_gradient;
    timed_training.inner_gradient = timed_inner_gradient;
    timed_training.weight_gradient = timed_weight_gradient;
    timed_training.layernorm_backward = timed_layernorm_backward;
    timed_training.attention_backward = timed_attention_backward;
    timed_training.embed_backward = timed_embed_backward;
    timed_training.embed_step = timed_embed_step;
    timed_training.join_patches_backward = timed_join_patches_backward;
    timed_training.pick_backward = timed_pick_backward;
    timed_training.vector_zero = timed_vector_zero;
    timed_training.adamw = timed_adamw;
    timed_training.table_refresh = timed_table_refresh;
    timed_training.vector_square = timed_vector_square;
    return &timed;
}

double timed_seconds(timed_kind kind)
{
    double sum = 0.0;
    for (size_t i = 0; i < N_OPERATIONS; i++)
        sum += operations[i].kind == kind ? seconds[i] : 0.0;
    return sum;
}

double timed_seconds_of(const char *operation)
{
    for (size_t i = 0; i < N_OPERATIONS; i++)
        if (strcmp(operations[i].name, operation) == 0)
            return seconds[i];
    return 0.0;
}
