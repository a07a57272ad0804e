/* The CPU's table of functions, and what does no arithmetic: which processor this is, contexts and
 * tensors. */
#include <string.h>

#include "base/alloc.h"
#include "nn/cpu.h"
#include "nn/cpu_train.h"

/* ---- the processor ---- */

static bool has(mci_cpu_level level)
{
#ifdef __x86_64__
    if (level == MCI_CPU_AMX)
        return has(MCI_CPU_AVX512) && mci_amx_if_usable();
    if (level == MCI_CPU_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("fma");
    if (level == MCI_CPU_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return level == MCI_CPU_PLAIN;
}

mci_cpu_level mci_cpu_best(void)
{
    mci_cpu_level level = MCI_CPU_AMX;
    while (!has(level))
        level--;
    return level;
}

const mci_cpu_kernels *mci_cpu_kernels_at(mci_cpu_level level)
{
#ifdef __x86_64__
    if (level >= MCI_CPU_AVX512)
        return &mci_cpu_avx512;
    if (level == MCI_CPU_AVX2)
        return &mci_cpu_avx2;
#endif
    (void)level;
    return &mci_cpu_plain;
}

const mci_cpu_train_kernels *mci_cpu_train_kernels_at(mci_cpu_level level)
{
#ifdef __x86_64__
    if (level >= MCI_CPU_AVX512)
        return &mci_cpu_train_avx512;
    if (level == MCI_CPU_AVX2)
        return &mci_cpu_train_avx2;
#endif
    (void)level;
    return &mci_cpu_train_plain;
}

static bool usable_at(mci_cpu_level level, mci_nn_precision precision, const char **how)
{
    static const char *const f32[] = { "plain f32", "AVX2 f32", "AVX-512 f32", "AVX-512 f32" };
    static const char *const bf16[] = {
        "plain f32 on values rounded to bf16 (this processor has no AMX)",
        "AVX2 f32 on values rounded to bf16 (this processor has no AMX)",
        "AVX-512 f32 on values rounded to bf16 (this processor has no AMX, or the system keeps it)",
        "AMX bf16",
    };
    if (how)
        *how = precision == MCI_NN_BF16 ? bf16[level] : f32[level];
    return has(level);
}

/* ---- contexts ---- */

static mc_status ctx_new_at(mci_cpu_level level, mci_nn_precision precision, unsigned n_threads,
                            mci_nn_ctx **out, mc_error *err)
{
    mci_nn_ctx *ctx = mci_alloc_zeroed(1, sizeof *ctx);
    if (!ctx)
        return mci_nomem(err, sizeof *ctx);
    ctx->precision = precision;
    ctx->kernels = mci_cpu_kernels_at(level);
    ctx->train = mci_cpu_train_kernels_at(level);
    if (level == MCI_CPU_AMX && precision == MCI_NN_BF16)
        ctx->amx = mci_amx_if_usable();
    mc_status status = mci_team_new(n_threads, &ctx->team, err);
    if (status < 0) {
        mci_free(ctx);
        return status;
    }
    if (!mci_cpu_reserve(ctx, MCI_SUMS_BYTES)) {
        if (err)
            *err = ctx->error;
        status = ctx->status;
        mci_team_free(ctx->team);
        mci_free(ctx);
        return status;
    }
    *out = ctx;
    return MC_OK;
}

static void ctx_free(mci_nn_ctx *ctx)
{
    if (!ctx)
        return;
    mci_team_free(ctx->team);
    mci_free(ctx->scratch);
    for (size_t i = 0; i < MCI_N_ROOMS; i++)
        mci_free(ctx->rooms[i].data);
    mci_free(ctx);
}

bool mci_cpu_reserve(mci_nn_ctx *ctx, size_t n_bytes)
{
    if (n_bytes <= ctx->scratch_bytes)
        return true;
    size_t n_workers = mci_team_size(ctx->team), each = (n_bytes + 4095) / 4096 * 4096;
    char *scratch =
        each >= n_bytes && each <= SIZE_MAX / n_workers ? mci_alloc_lines(each * n_workers) : NULL;
    if (!scratch) {
        if (ctx->status == MC_OK)
            ctx->status = mci_nomem(&ctx->error, n_bytes);
        return false;
    }
    mci_free(ctx->scratch);
    ctx->scratch = scratch;
    ctx->scratch_bytes = each;
    return true;
}

static mc_status finish(mci_nn_ctx *ctx, mc_error *err)
{
    mc_status status = ctx->status;
    if (status < 0 && err)
        *err = ctx->error;
    ctx->status = MC_OK;
    return status;
}

/* ---- tensors ---- */

static mci_cpu_form form_of(const mci_nn_ctx *ctx, mci_nn_use use)
{
    if (use == MCI_NN_SUM || !ctx->amx)
        return MCI_ROWS_F32;
    return use == MCI_NN_QKV ? MCI_ROWS_BF16 : MCI_TILES_BF16;
}

/* Of rows, an odd number of cache lines: see cpu_internal.h. */
static size_t stride_of(mci_cpu_form form, size_t n_lines)
{
    size_t stride = n_lines * MCI_LINE;
    if (form == MCI_ROWS_F32)
        return stride + 16;
    if (form == MCI_TILES_BF16)
        return stride;
    return n_lines % 2 ? stride : stride + MCI_LINE;
}

static void tensor_free(mci_nn_ctx *ctx, mci_nn_tensor *tensor)
{
    (void)ctx;
    if (!tensor)
        return;
    mci_free(tensor->data);
    mci_free(tensor);
}

/* Gives a tensor a shape; and the bytes it takes, 0 if they are more than can be. */
static size_t shape(mci_nn_tensor *tensor, size_t R, size_t K)
{
    const size_t n_lines = mci_lines_of(K), stride = stride_of(tensor->form, n_lines);
    const size_t row_bytes = stride * (tensor->form == MCI_ROWS_F32 ? 4 : 2);
    /* To attention, a panel may begin at any row, and is read to its end. */
    const bool any = tensor->use == MCI_NN_QKV || tensor->use == MCI_NN_ROWS;
    const size_t end = (R ? R : 1) + (any ? MCI_PANEL - 1 : 0);
    const size_t n_rows = (end + MCI_PANEL - 1) / MCI_PANEL * MCI_PANEL;
    if (n_lines > SIZE_MAX / 1024 || R > SIZE_MAX / 2 || n_rows > SIZE_MAX / row_bytes)
        return 0;
    tensor->n_rows = 0;
    tensor->max_rows = R;
    tensor->K = K;
    tensor->n_lines = n_lines;
    tensor->stride = stride;
    return n_rows * row_bytes;
}

static bool reserve_row(mci_nn_ctx *ctx, const mci_nn_tensor *tensor)
{
    return mci_cpu_reserve(ctx, tensor->n_lines * MCI_LINE * sizeof(float));
}

static mc_status tensor_new(mci_nn_ctx *ctx, mci_nn_use use, size_t R, size_t K,
                            mci_nn_tensor **out, mc_error *err)
{
    mci_nn_tensor *tensor = mci_alloc_zeroed(1, sizeof *tensor);
    if (!tensor)
        return mci_nomem(err, sizeof *tensor);
    *tensor = (mci_nn_tensor){ .use = use,
                               .form = form_of(ctx, use),
                               .rounded = ctx->precision == MCI_NN_BF16 && use != MCI_NN_SUM };
    const size_t n_bytes = shape(tensor, R, K);
    tensor->data = n_bytes ? mci_alloc_lines(n_bytes) : NULL;
    if (!tensor->data) {
        tensor_free(ctx, tensor);
        return mci_nomem(err, n_bytes ? n_bytes : SIZE_MAX);
    }
    tensor->n_bytes = n_bytes;
    if (!reserve_row(ctx, tensor)) {
        tensor_free(ctx, tensor);
        return finish(ctx, err);
    }
    *out = tensor;
    return MC_OK;
}

/* What pads rows lies elsewhere now, and is 0 there too. */
static bool tensor_reshape(mci_nn_ctx *ctx, mci_nn_tensor *tensor, size_t R, size_t K)
{
    mci_nn_tensor other = *tensor;
    const size_t n_bytes = shape(&other, R, K);
    if (n_bytes == 0 || n_bytes > tensor->n_bytes || !reserve_row(ctx, &other))
        return false;
    if (K % MCI_LINE)
        memset(other.data, 0, n_bytes);
    *tensor = other;
    return true;
}

/* ---- tables: one that takes the best, and one of each level ---- */

#define FUNCTIONS(prefix, LEVEL)                                                                 \
    static bool prefix##_usable(mci_nn_precision precision, const char **how)                    \
    {                                                                                            \
        return usable_at(LEVEL, precision, how);                                                 \
    }                                                                                            \
    static mc_status prefix##_weight_new(mci_nn_precision precision, const float *w,             \
                                         bool transposed, const float *bias, size_t N, size_t K, \
                                         mci_nn_weight **out, mc_error *err)                     \
    {                                                                                            \
        return mci_cpu_weight_new(LEVEL, precision, w, transposed, bias, N, K, out, err);        \
    }                                                                                            \
    static mc_status prefix##_ctx_new(mci_nn_precision precision, unsigned n_threads,            \
                                      mci_nn_ctx **out, mc_error *err)                           \
    {                                                                                            \
        return ctx_new_at(LEVEL, precision, n_threads, out, err);                                \
    }

#define TABLE(prefix, NAME)                                                                       \
    {                                                                                             \
        .name = NAME, .usable = prefix##_usable, .weight_new = prefix##_weight_new,               \
        .weight_free = mci_cpu_weight_free, .norm_new = mci_cpu_norm_new,                         \
        .norm_free = mci_cpu_norm_free, .table_new = mci_cpu_table_new,                           \
        .table_free = mci_cpu_table_free, .ctx_new = prefix##_ctx_new, .ctx_free = ctx_free,      \
        .tensor_new = tensor_new, .tensor_free = tensor_free, .tensor_reshape = tensor_reshape,   \
        .patches = mci_cpu_patches, .join_patches = mci_cpu_join_patches, .embed = mci_cpu_embed, \
        .layernorm = mci_cpu_layernorm, .linear = mci_cpu_linear, .attention = mci_cpu_attention, \
        .pick = mci_cpu_pick, .read = mci_cpu_read, .write = mci_cpu_write, .finish = finish,     \
        .training = &mci_cpu_training_##prefix,                                                   \
    }

FUNCTIONS(best, mci_cpu_best())
FUNCTIONS(plain, MCI_CPU_PLAIN)
FUNCTIONS(avx2, MCI_CPU_AVX2)
FUNCTIONS(avx512, MCI_CPU_AVX512)
FUNCTIONS(amx, MCI_CPU_AMX)

const mci_nn_backend mci_nn_cpu = TABLE(best, "cpu");

static const mci_nn_backend at_level[] = {
    [MCI_CPU_PLAIN] = TABLE(plain, "cpu-plain"),
    [MCI_CPU_AVX2] = TABLE(avx2, "cpu-avx2"),
    [MCI_CPU_AVX512] = TABLE(avx512, "cpu-avx512"),
    [MCI_CPU_AMX] = TABLE(amx, "cpu-amx"),
};

const mci_nn_backend *mci_nn_cpu_at(mci_cpu_level level)
{
    return &at_level[level];
}
