/* Inside the CPU backend: how its weights and tensors lie in memory, and the kernels that are made
 * for each kind of processor.
 *
 * Columns are padded to whole lines of 32, and what pads them is 0 everywhere: a product over the
 * padding adds nothing, and no kernel needs to know where a row really ends. A *strip* is 32
 * columns of a product's output with all that is needed of the weight for them; a *panel* is 32
 * rows of its input.
 *
 * Tensors:
 *
 *   rows f32     | r0: c0 c1 .. pad | r1: ..     an odd number of cache lines a row, so that rows
 *   rows bf16    the same, of 2 bytes            do not meet in the cache
 *   tiles bf16   | panel 0: | columns 0-31: rows 0-15, rows 16-31 | columns 32-63: .. | panel 1: ..
 *                a tile is 16 rows of 32 columns, 1 KiB
 *
 * Weights:
 *
 *   strips f32   | strip 0: | k0: 32 columns | k1: 32 columns | .. | strip 1: ..
 *   strips bf16  | strip 0: | k 0-31: columns 0-15, columns 16-31 | k 32-63: .. | strip 1: ..
 *                a tile is 16 columns of 32 k, two k of a column side by side:
 *                k0 k1 of c0, of c1, .. of c15; k2 k3 of c0, ..; .. k30 k31 of c15 */
#ifndef MCI_NN_CPU_INTERNAL_H
#define MCI_NN_CPU_INTERNAL_H

#include "base/threads.h"
#include "nn/nn_train.h"

enum {
    MCI_LINE = 32,                                   /* columns are padded to a multiple */
    MCI_PANEL = 32,                                  /* rows */
    MCI_TILE_BYTES = 1024,                           /* 16 rows of 64 bytes */
    MCI_PAIR_BYTES = 2 * MCI_TILE_BYTES,             /* 32 x 32 of bf16 */
    MCI_BLOCK = MCI_PANEL * MCI_LINE,                /* floats of a block of output */
    MCI_MAX_PANELS = 32,                             /* in a task of linear() in f32 */
    MCI_SUMS_BYTES = MCI_MAX_PANELS * MCI_BLOCK * 4, /* a worker's, for a strip's unfinished sums */
};

/* What of a processor is made use of. */
typedef enum { MCI_CPU_PLAIN, MCI_CPU_AVX2, MCI_CPU_AVX512, MCI_CPU_AMX } mci_cpu_level;

typedef enum { MCI_ROWS_F32, MCI_ROWS_BF16, MCI_TILES_BF16 } mci_cpu_form;

struct mci_nn_weight {
    mci_cpu_form form;        /* MCI_ROWS_F32: strips f32; MCI_TILES_BF16: strips bf16 */
    size_t N, K;              /* as they were given */
    size_t n_strips, n_lines; /* of 32 columns each: of the output, of the input */
    size_t strip_bytes;
    float *bias; /* one of each padded column */
    char *strips;
    /* Bound: there are no strips, bias and strip_bytes. at_bias nowhere: no bias. */
    const mci_nn_vector *values;
    mci_nn_place at, at_bias;
    bool transposed;
};

struct mci_nn_norm {
    size_t K;
    float eps;
    float *gamma, *beta; /* padded */
    mci_nn_place at_gamma, at_beta;
};

struct mci_nn_table {
    size_t R, K, stride; /* rows are padded */
    float *rows;
    mci_nn_place at;
    bool lent; /* the rows are the vector's own */
};

struct mci_nn_tensor {
    mci_nn_use use;
    mci_cpu_form form;
    bool rounded; /* f32 that are rounded to bf16, where the processor has no bf16 */
    size_t n_rows, max_rows, K;
    size_t n_lines; /* of 32 columns */
    size_t stride;  /* of rows, in elements */
    size_t n_bytes; /* of data, which may be more than the shape takes */
    char *data;
};

/* Arithmetic on padded rows. All kinds compute the same sums, in an order of their own. */
typedef struct {
    const char *name;
    /* c[r][0..31] = (c, if it adds, +) sum over k of a[r][k] * strip[k][0..31], k ascending. */
    void (*product)(const float *a, size_t a_stride, size_t n_rows, const float *strip, size_t K,
                    float *c, size_t c_stride, bool adds);
    /* c = f(c + bias), rows of 32. */
    void (*finish)(float *c, size_t n_rows, const float *bias, mci_nn_activation f);
    void (*norm)(const mci_nn_norm *norm, const float *x, float *y);
    /* scores[i] = exp(scale * (scores[i] - the largest)) for i < n, and 0 up to n_padded; gives
     * their sum. */
    float (*softmax)(float *scores, size_t n, size_t n_padded, float scale);
    void (*add)(float *y, const float *a, const float *b, size_t n); /* y = a + b, n of lines */
    void (*scale)(float *x, size_t n, float by);
    void (*round)(float *x, size_t n); /* to bf16 */
} mci_cpu_kernels;

/* One product with all that goes with it. Panels and strips are the caller's choice, and
 * no result depends on it.
 *
 *   y = f(x W^T + b)                              of base, also and z, none is there
 *   y = base + f(x W^T + b)                       base: SUM; it may be y
 *   also = x W^T + b, y = f(also)                 with tiles only
 *   y = (x W^T + b) f'(z), also = f(z)            with tiles only */
typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *y;
    const mci_nn_tensor *x;
    const mci_nn_weight *weight;
    bool turned; /* of a bound weight: y = x W */
    mci_nn_activation f;
    const mci_nn_tensor *base, *z;
    mci_nn_tensor *also;
    size_t n_panels, chunk; /* panels of x, and how many of them a task has */
    size_t n_strips, group; /* of the weight, and how many strips a task has */
    bool near;              /* with tiles: panels are in the second cache already */
    bool past; /* with tiles: what is written goes past the caches, being too much for them */
} mci_linear_job;

typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *y;
    const mci_nn_tensor *qkv;
    mci_nn_sequences s;
    size_t heads, D;
    bool causal;
    const uint32_t *only;
} mci_attention_job;

/* What AMX does; NULL where it is not to be had. */
typedef struct {
    void (*put_row)(mci_nn_tensor *y, size_t row, const float *values); /* a padded row */
    void (*pack_strip)(char *strip, const float *w, size_t row_step, size_t column_step,
                       size_t n_columns, size_t K);
    void (*linear)(const mci_linear_job *job, size_t first_panel, size_t end_panel,
                   size_t first_strip, size_t end_strip, char *scratch);
    size_t (*attention_bytes)(size_t T, size_t D); /* of scratch for sequences up to T */
    void (*attention)(const mci_attention_job *job, size_t sequence, size_t head, char *scratch);
    const struct mci_amx_train *train; /* cpu_train.h */
} mci_amx;

/* Memory of a context that grows as it is wanted, for all workers together. */
typedef struct {
    char *data;
    size_t n_bytes;
} mci_cpu_room;

/* The rooms of a context. STRIPS: of what a product is multiplied by, packed for it alone. */
enum { MCI_ROOM_OWNED, MCI_ROOM_STRIPS, MCI_ROOM_SUMS, MCI_ROOM_ZEROS, MCI_N_ROOMS };

struct mci_nn_ctx {
    mci_nn_precision precision;
    const mci_cpu_kernels *kernels;
    const struct mci_cpu_train_kernels *train; /* cpu_train.h */
    const mci_amx *amx;                        /* NULL: bf16 is f32 that is rounded */
    mci_cpu_room rooms[MCI_N_ROOMS];           /* in training */
    mci_team *team;
    char *scratch; /* scratch_bytes for each worker */
    size_t scratch_bytes;
    mc_status status; /* the first failure since it was told */
    mc_error error;
};

extern const mci_cpu_kernels mci_cpu_plain;
#ifdef __x86_64__
extern const mci_cpu_kernels mci_cpu_avx2;   /* with FMA */
extern const mci_cpu_kernels mci_cpu_avx512; /* F, BW, DQ, VL */
#endif
/* Asks the system for the use of AMX; NULL if it or the processor does not give it. */
const mci_amx *mci_amx_if_usable(void);

const mci_cpu_kernels *mci_cpu_kernels_at(mci_cpu_level level);
const struct mci_cpu_train_kernels *mci_cpu_train_kernels_at(mci_cpu_level level);
mci_cpu_level mci_cpu_best(void);
/* As mci_nn_cpu, but with no more of the processor than `level` says, which it must have: for
 * tests and comparisons. */
const mci_nn_backend *mci_nn_cpu_at(mci_cpu_level level);

static inline size_t mci_lines_of(size_t n)
{
    return (n + MCI_LINE - 1) / MCI_LINE;
}

static inline char *mci_scratch_of(const mci_nn_ctx *ctx, unsigned worker)
{
    return ctx->scratch + worker * ctx->scratch_bytes;
}

static inline float *mci_row_f32(const mci_nn_tensor *x, size_t row)
{
    return (float *)(void *)x->data + row * x->stride;
}

/* Where the line of 32 columns of a row begins, in bf16. */
static inline char *mci_line_bf16(const mci_nn_tensor *x, size_t row, size_t line)
{
    if (x->form == MCI_ROWS_BF16)
        return x->data + 2 * (row * x->stride + line * MCI_LINE);
    return x->data + (row / MCI_PANEL * x->n_lines + line) * MCI_PAIR_BYTES + row % MCI_PANEL * 64;
}

/* Whether a tensor's rows are more than the caches keep for who reads them next. */
static inline bool mci_is_for_memory(const mci_nn_tensor *x)
{
    return x->n_rows * x->stride * (x->form == MCI_ROWS_F32 ? 4 : 2) > (12 << 20);
}

/* Room for so many bytes a worker; on failure the context keeps it and false is given. */
bool mci_cpu_reserve(mci_nn_ctx *ctx, size_t n_bytes);

/* So many bytes, of any value (but ROOM_ZEROS', which nobody writes); NULL if there are none, which
 * the context keeps. */
char *mci_cpu_room_of(mci_nn_ctx *ctx, size_t which, size_t n_bytes);
/* A bound weight, or its transpose without a bias, as it is now: in ROOM_STRIPS, until that is
 * wanted again. */
bool mci_cpu_pack_bound(mci_nn_ctx *ctx, const mci_nn_weight *weight, bool turned,
                        mci_nn_weight *packed);

/* A padded row, in the form of the tensor and rounded if that is; it may be where it goes. */
void mci_cpu_put_row(const mci_nn_ctx *ctx, mci_nn_tensor *y, size_t row, const float *values);
/* The caller says what; this cuts it and runs. */
void mci_cpu_run_linear(mci_linear_job job);
/* Some panels with some strips, by this worker alone. In f32, MCI_MAX_PANELS at most. */
void mci_cpu_linear_range(const mci_linear_job *job, size_t panel, size_t end_panel, size_t strip,
                          size_t end_strip, unsigned worker);
void mci_cpu_linear(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                    const mci_nn_weight *weight, mci_nn_activation f, bool add);
void mci_cpu_attention(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *qkv,
                       mci_nn_sequences s, size_t heads, bool causal, const uint32_t *only);
void mci_cpu_patches(mci_nn_ctx *ctx, mci_nn_tensor *y, const float *pixels, size_t n, size_t S,
                     size_t P);
void mci_cpu_join_patches(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, size_t n,
                          const mci_nn_table *first, const mci_nn_table *places);
void mci_cpu_embed(mci_nn_ctx *ctx, mci_nn_tensor *y, const int32_t *ids, mci_nn_sequences s,
                   const mci_nn_table *words, const mci_nn_table *places);
void mci_cpu_layernorm(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x,
                       const mci_nn_norm *norm);
void mci_cpu_pick(mci_nn_ctx *ctx, mci_nn_tensor *y, const mci_nn_tensor *x, const uint32_t *rows,
                  size_t n);
void mci_cpu_read(mci_nn_ctx *ctx, const mci_nn_tensor *x, float *out);
void mci_cpu_write(mci_nn_ctx *ctx, mci_nn_tensor *x, const float *rows, size_t R);

mc_status mci_cpu_weight_new(mci_cpu_level level, mci_nn_precision precision, const float *w,
                             bool transposed, const float *bias, size_t N, size_t K,
                             mci_nn_weight **out, mc_error *err);
void mci_cpu_weight_free(mci_nn_weight *weight);
mc_status mci_cpu_norm_new(const float *gamma, const float *beta, float eps, size_t K,
                           mci_nn_norm **out, mc_error *err);
void mci_cpu_norm_free(mci_nn_norm *norm);
mc_status mci_cpu_table_new(const float *rows, size_t R, size_t K, mci_nn_table **out,
                            mc_error *err);
void mci_cpu_table_free(mci_nn_table *table);

#endif
