/* Inside the CPU backend: training.
 *
 * Every gradient of a product is a product again, and goes through linear() as any other:
 *
 *   dx = dy W        rows of dy      x strips of W^T
 *   dW += dy^T x     rows of dy^T    x strips of x: both are packed anew, the sums go into the
 *                                    vector
 *
 * With AMX, ROWS tensors are bf16 tiles as INPUT ones are: what is read by a product next lies as
 * products like it, and activations go through memory from end to end. Elsewhere they are f32 rows.
 *
 * Sums over rows (of norms, of biases, of places) are cut at places that depend on the shape alone,
 * and added in order: all gradients are the same bits for any number of threads. */
#ifndef MCI_NN_CPU_TRAIN_H
#define MCI_NN_CPU_TRAIN_H

#include "nn/cpu_internal.h"
#include "nn/nn_train.h"

struct mci_nn_vector {
    size_t n;
    float *values;
    double *squares; /* of each part of MCI_VECTOR_PART */
};

enum {
    MCI_VECTOR_PART = 1 << 16, /* values a task takes */
    MCI_NORM_ROWS = 32,        /* whose dgamma and dbeta are summed before they are added up */
};

/* What a step of AdamW does to each value, in f32. */
typedef struct {
    float scale; /* of the gradient */
    float beta1, take1, beta2, take2;
    float keep;            /* 1 - lr decay */
    float step, root, eps; /* lr / (1 - beta1^t);  1 / sqrt(1 - beta2^t) */
} mci_adamw_factors;

mci_adamw_factors mci_adamw_factors_of(mci_nn_adamw step);

/* As mci_cpu_kernels. Unless lines are spoken of, any number of values at any place. */
typedef struct mci_cpu_train_kernels {
    void (*adamw)(float *p, const float *g, float *m, float *v, size_t n,
                  const mci_adamw_factors *factors);
    double (*square)(const float *x, size_t n);
    void (*add_to)(float *sum, const float *x, size_t n);
    void (*activate)(float *y, const float *z, size_t n, mci_nn_activation f); /* n of lines */
    /* dz = dy f'(z), n of lines. */
    void (*slope)(float *dz, const float *dy, const float *z, size_t n, mci_nn_activation f);
    /* dx (+)= the gradient of a padded row; dgamma, dbeta of a padded row grow. dx may be dy. If y
     * is not NULL, it is the norm of the row. */
    void (*norm_back)(const mci_nn_norm *norm, const float *x, const float *dy, float *dx, bool add,
                      float *y, float *dgamma, float *dbeta);
    /* p: e^(score - largest) to weights, by `inverse` of their sum; dp to the gradient by the
     * scores before they are scaled. n of lines. */
    void (*softmax_back)(float *p, float *dp, size_t n, float inverse, float scale);
    /* to[c][r] = from[r][c] for n_rows x n_columns, at most 32 of each; 0 up to 32 x 32. */
    void (*transpose)(const float *from, size_t from_stride, size_t n_rows, size_t n_columns,
                      float *to, size_t to_stride);
} mci_cpu_train_kernels;

extern const mci_cpu_train_kernels mci_cpu_train_plain;
#ifdef __x86_64__
extern const mci_cpu_train_kernels mci_cpu_train_avx2;
extern const mci_cpu_train_kernels mci_cpu_train_avx512;
#endif

/* What becomes of a block of 32 x 32; NULL: not wanted. Forms have 2 KiB each.
 *   along    its rows are columns of a strip     (y = x W^T, W as it lies)
 *   across   its columns are columns of a strip  (y = x W)
 *   turned   its columns are rows of a panel
 *   sums     of its 32 columns, before they are rounded: these grow */
typedef struct {
    char *along, *across, *turned;
    float *sums;
} mci_block_forms;

typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *dqkv;
    const mci_nn_tensor *dy, *qkv;
    mci_nn_sequences s;
    size_t heads, D;
    bool causal;
    const uint32_t *only;
    bool past; /* as mci_linear_job's */
} mci_attention_back_job;

/* The queries of a sequence: all its rows, or the only one that is asked for. */
typedef struct {
    size_t row, n;   /* the first of them, in the sequence */
    size_t dy;       /* the row of dy that the first has */
    size_t start, T; /* the sequence */
} mci_queries;

static inline mci_queries mci_queries_of(const mci_attention_back_job *job, size_t sequence)
{
    const size_t start = job->s.starts[sequence], T = job->s.starts[sequence + 1] - start;
    if (job->only)
        return (mci_queries){
            .row = job->only[sequence], .n = 1, .dy = sequence, .start = start, .T = T
        };
    return (mci_queries){ .row = 0, .n = T, .dy = start, .start = start, .T = T };
}

/* How many keys the query i of these sees. */
static inline size_t mci_keys_of(const mci_attention_back_job *job, mci_queries q, size_t i)
{
    return job->causal ? q.row + i + 1 : q.T;
}

/* What AMX does in training. */
typedef struct mci_amx_train {
    void (*pack_values)(const float *w, size_t stride, size_t n_rows, size_t n_columns,
                        const mci_block_forms *forms);
    /* The block of a tensor that has so many rows from `row`, a multiple of 32, on. */
    void (*pack_tensor)(const mci_nn_tensor *x, size_t row, size_t n_rows, size_t line,
                        const mci_block_forms *forms);
    void (*get_row)(const mci_nn_tensor *x, size_t row, float *values); /* a padded row */
    size_t (*attention_bytes)(size_t T, size_t D);
    void (*attention)(const mci_attention_back_job *job, size_t sequence, size_t head,
                      char *scratch);
} mci_amx_train;

void mci_cpu_linear_onto(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *base,
                         const mci_nn_tensor *x, const mci_nn_weight *weight);
void mci_cpu_linear_kept(mci_nn_ctx *ctx, mci_nn_tensor *y, mci_nn_tensor *z,
                         const mci_nn_tensor *x, const mci_nn_weight *weight, mci_nn_activation f);
void mci_cpu_input_gradient(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                            const mci_nn_weight *weight);
void mci_cpu_inner_gradient(mci_nn_ctx *ctx, mci_nn_tensor *dz, mci_nn_tensor *x,
                            const mci_nn_tensor *dy, const mci_nn_tensor *z,
                            const mci_nn_weight *weight, mci_nn_activation f);
void mci_cpu_weight_gradient(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                             const mci_nn_weight *weight, mci_nn_vector *grads);
void mci_cpu_layernorm_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, mci_nn_tensor *rows,
                                mci_nn_tensor *y, const mci_nn_tensor *dy, const mci_nn_tensor *x,
                                const mci_nn_norm *norm, mci_nn_vector *grads, bool add);
void mci_cpu_attention_backward(mci_nn_ctx *ctx, mci_nn_tensor *dqkv, const mci_nn_tensor *dy,
                                const mci_nn_tensor *qkv, mci_nn_sequences s, size_t heads,
                                bool causal, const uint32_t *only);
void mci_cpu_embed_backward(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                            mci_nn_sequences s, const mci_nn_table *words,
                            const mci_nn_table *places, mci_nn_vector *grads);
double mci_cpu_embed_step(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                          mci_nn_sequences s, const mci_nn_table *words, const mci_nn_table *places,
                          mci_nn_vector *grads, mci_nn_vector *values, mci_nn_vector *m,
                          mci_nn_vector *v, mci_nn_adamw step);
void mci_cpu_join_patches_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                                   size_t n, const mci_nn_table *first, const mci_nn_table *places,
                                   mci_nn_vector *grads);
void mci_cpu_pick_backward(mci_nn_ctx *ctx, mci_nn_tensor *dx, const mci_nn_tensor *dy,
                           const uint32_t *rows, size_t n, size_t R);

mc_status mci_cpu_weight_bind(mci_cpu_level level, mci_nn_precision precision,
                              const mci_nn_vector *values, mci_nn_place at, bool transposed,
                              mci_nn_place at_bias, size_t N, size_t K, mci_nn_weight **out,
                              mc_error *err);
mc_status mci_cpu_norm_bind(mci_nn_place at_gamma, mci_nn_place at_beta, float eps, size_t K,
                            mci_nn_norm **out, mc_error *err);
mc_status mci_cpu_table_bind(mci_nn_place at, size_t R, size_t K, mci_nn_table **out,
                             mc_error *err);
void mci_cpu_norm_refresh(mci_nn_ctx *ctx, mci_nn_norm *norm, const mci_nn_vector *values);
void mci_cpu_table_refresh(mci_nn_ctx *ctx, mci_nn_table *table, const mci_nn_vector *values);

extern const mci_nn_training mci_cpu_training_best, mci_cpu_training_plain, mci_cpu_training_avx2,
    mci_cpu_training_avx512, mci_cpu_training_amx; /* of the levels, as mci_nn_cpu_at */

#endif
