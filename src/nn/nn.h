/* What a CLIP model is computed with: tensors, packed weights and a few operations, as a table of
 * functions. `ref` is plain loops and defines every operation; `cpu` is the fast one; a GPU's would
 * stand beside them. This room knows no files and no models.
 *
 * A backend's tensors live where it puts them, in the form it likes; the caller sees rows and
 * columns, and says at birth what a tensor is for. Operations give no status: they may run later
 * than they are called, and the first failure is kept in the context until finish() tells it.
 * Wrong shapes are our own mistakes and asserted.
 *
 * Who owns what: weights are packed once and shared by any number of contexts; a context has the
 * threads and the scratch memory, belongs to one thread at a time, and allocates nothing once its
 * tensors are made and it has met its longest sequence (and in training, its largest weight).
 * Results are the same bits for the same number of threads and the same rows, whatever else is in
 * the batch. */
#ifndef MCI_NN_NN_H
#define MCI_NN_NN_H

#include "base/dtype.h"
#include "base/error.h"
#include "metaclip/base.h"

typedef struct mci_nn_weight mci_nn_weight; /* each backend's own */
typedef struct mci_nn_norm mci_nn_norm;
typedef struct mci_nn_table mci_nn_table;
typedef struct mci_nn_tensor mci_nn_tensor;
typedef struct mci_nn_ctx mci_nn_ctx;
struct mci_nn_training;

/* What arithmetic the large products are done in. With BF16, weights and the inputs of linear()
 * and attention() are rounded to bf16, and so are the e^(score - largest) that weigh V; sums,
 * norms, softmax and the residual stream stay f32. */
typedef enum { MCI_NN_F32, MCI_NN_BF16 } mci_nn_precision;

typedef enum {
    MCI_NN_LINEAR,    /* x */
    MCI_NN_GELU,      /* x * 0.5 * (1 + erf(x / sqrt 2)) */
    MCI_NN_QUICK_GELU /* x / (1 + exp(-1.702 x)) */
} mci_nn_activation;

/* What a tensor is for. */
typedef enum {
    MCI_NN_SUM,   /* the residual stream: added to, normalised, read; always f32 */
    MCI_NN_INPUT, /* read by linear(): what layernorm, attention, patches or an activation gives */
    MCI_NN_QKV,   /* read by attention(): what linear() of the three projections gives */
    MCI_NN_ROWS /* in training: what linear() gave, before its activation; and gradients of such */
} mci_nn_use;

/* A batch of sequences that lie one after the other in the rows of a tensor, each of its own
 * length: sequence i has the rows starts[i] .. starts[i + 1] - 1. No row is padding. */
typedef struct {
    const uint32_t *starts; /* n + 1 of them, starts[0] = 0 */
    size_t n;
} mci_nn_sequences;

/* A backend. K, N: columns of input and output; R: rows, the present number of which a tensor is
 * told by whatever writes it. */
typedef struct {
    const char *name; /* "ref", "cpu" */

    /* Whether this machine can, and how: a sentence for `info`, e.g. "AMX bf16" or "AVX-512 f32
     * (this processor has no bf16)". It may ask the system for leave to use the processor so. */
    bool (*usable)(mci_nn_precision precision, const char **how);

    /* ---- weights: copied and packed; values stay the caller's ---- */

    /* y = x W^T + b. w is f32 [N, K] row-major, or [K, N] if transposed (then y = x W + b); bias
     * f32 [N] or NULL. */
    mc_status (*weight_new)(mci_nn_precision precision, const float *w, bool transposed,
                            const float *bias, size_t N, size_t K, mci_nn_weight **out,
                            mc_error *err);
    void (*weight_free)(mci_nn_weight *weight);
    /* gamma, beta f32 [K]. */
    mc_status (*norm_new)(const float *gamma, const float *beta, float eps, size_t K,
                          mci_nn_norm **out, mc_error *err);
    void (*norm_free)(mci_nn_norm *norm);
    /* Rows to be looked up, f32 [R, K]. */
    mc_status (*table_new)(const float *rows, size_t R, size_t K, mci_nn_table **out,
                           mc_error *err);
    void (*table_free)(mci_nn_table *table);

    /* ---- a context and its tensors ---- */

    mc_status (*ctx_new)(mci_nn_precision precision, unsigned n_threads, mci_nn_ctx **out,
                         mc_error *err);
    void (*ctx_free)(mci_nn_ctx *ctx);
    /* Room for R rows of K columns. Freed before the context. */
    mc_status (*tensor_new)(mci_nn_ctx *ctx, mci_nn_use use, size_t R, size_t K,
                            mci_nn_tensor **out, mc_error *err);
    void (*tensor_free)(mci_nn_ctx *ctx, mci_nn_tensor *tensor);
    /* Another shape for a tensor, whose rows are lost; false, and nothing is changed, if its memory
     * is too small for that. */
    bool (*tensor_reshape)(mci_nn_ctx *ctx, mci_nn_tensor *tensor, size_t R, size_t K);

    /* ---- operations ---- */

    /* The patches of n images as rows, for the first convolution as a product:
     * y[i*G*G + r*G + c] = pixels[i, :, r*P:(r+1)*P, c*P:(c+1)*P] flattened, G = S / P (the rest at
     * the right and the bottom is left out, as a convolution does).
     *   pixels  f32 [n, 3, S, S];  y: INPUT, K = 3*P*P */
    void (*patches)(mci_nn_ctx *ctx, mci_nn_tensor *y, const float *pixels, size_t n, size_t S,
                    size_t P);
    /* Sequences of T = 1 + R_x/n rows each: first[0] + places[0], then x's rows + places[1..].
     *   x: SUM [n*(T-1), K];  first: table of one row;  places: table of T rows;  y: SUM [n*T, K]
     */
    void (*join_patches)(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, size_t n,
                         const mci_nn_table *first, const mci_nn_table *places);
    /* y[r] = words[ids[r]] + places[r - start of its sequence].   y: SUM */
    void (*embed)(mci_nn_ctx *ctx, mci_nn_tensor *y, const int32_t *ids, mci_nn_sequences s,
                  const mci_nn_table *words, const mci_nn_table *places);
    /* y = (x - mean) / sqrt(var + eps) * gamma + beta, row by row; var over K without correction.
     *   x: SUM;  y: SUM or INPUT;  y may be x */
    void (*layernorm)(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                      const mci_nn_norm *norm);
    /* y = f(x W^T + b), or y += f(x W^T + b) if `add` (y: SUM then, with as many rows as x).
     *   x: INPUT [R, K];  y: any use, [R, N] */
    void (*linear)(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                   const mci_nn_weight *weight, mci_nn_activation f, bool add);
    /* Softmax(Q K^T / sqrt(D)) V for each sequence and head; D = K_y / heads. A row of qkv holds Q
     * of all heads, then K, then V. With `causal`, a row sees the rows up to itself. If `only` is
     * not NULL, y has one row a sequence: the answer for its row only[i] (counted from the
     * sequence's start).
     *   qkv: QKV [R, 3*K_y];  y: INPUT [R or s.n, K_y] */
    void (*attention)(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *qkv,
                      mci_nn_sequences s, size_t heads, bool causal, const uint32_t *only);
    /* y[i] = x[rows[i]], n rows.   x, y: SUM */
    void (*pick)(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, const uint32_t *rows,
                 size_t n);
    /* A tensor's rows as f32 [R, K], and the way back; read() waits for what is going on. */
    void (*read)(mci_nn_ctx *ctx, const mci_nn_tensor *x, float *out);
    void (*write)(mci_nn_ctx *ctx, mci_nn_tensor *x, const float *rows, size_t R);
    /* Waits; the first failure since the last call. */
    mc_status (*finish)(mci_nn_ctx *ctx, mc_error *err);

    const struct mci_nn_training *training; /* nn_train.h; NULL if it cannot */
} mci_nn_backend;

/* The backends that were built in, best first; NULL-terminated. */
const mci_nn_backend *const *mci_nn_backends(void);
/* By name; NULL if there is none. */
const mci_nn_backend *mci_nn_backend_named(const char *name);

#endif
