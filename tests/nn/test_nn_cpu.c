/* The CPU's operations against plain loops in double, at each level that this processor has, in
 * both precisions; and that no bit of a row depends on its neighbours or on the number of threads.
 */
#include <math.h>

#include "base/dtype.h"
#include "nn/cpu_internal.h"
#include "test.h"

/* ---- what is tested ---- */

typedef struct {
    const mci_nn_backend *b;
    mci_nn_precision precision;
    mci_nn_ctx *ctx;
} face;

typedef void face_test(face *f, test_random *random);

static void with_every_face(face_test *test)
{
    static const mci_nn_precision precisions[] = { MCI_NN_F32, MCI_NN_BF16 };
    for (mci_cpu_level level = MCI_CPU_PLAIN; level <= MCI_CPU_AMX; level++)
        for (size_t p = 0; p < COUNT_OF(precisions); p++)
            for (unsigned n_threads = 1; n_threads <= 3; n_threads += 2) {
                face f = { .b = mci_nn_cpu_at(level), .precision = precisions[p] };
                const char *how = NULL;
                mc_error err = { 0 };
                if (!f.b->usable(f.precision, &how)) {
                    print_message("  not here: %s\n", f.b->name);
                    continue;
                }
                print_message("  %s, %u threads: %s\n", f.b->name, n_threads, how);
                test_random random = { 1 };
                assert_ok(f.b->ctx_new(f.precision, n_threads, &f.ctx, &err), err);
                test(&f, &random);
                assert_ok(f.b->finish(f.ctx, &err), err);
                f.b->ctx_free(f.ctx);
            }
}

static float uniform(test_random *random)
{
    return (float)((double)(test_next(random) >> 11) * 0x1p-52 - 1.0);
}

static float *random_floats(test_random *random, size_t n, float scale)
{
    float *values = malloc((n + 1) * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = scale * uniform(random);
    return values;
}

/* What the face makes of an input before it multiplies. */
static double seen(const face *f, float x)
{
    return f->precision == MCI_NN_BF16 ? mci_f32_of_bf16(mci_bf16_of(x)) : x;
}

static void see_all(const face *f, float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (float)seen(f, values[i]);
}

/* How far what is kept in bf16 may be from what it was. */
static double step(const face *f, mci_nn_use use, double x)
{
    return f->precision == MCI_NN_BF16 && use != MCI_NN_SUM ? fabs(x) * 0x1p-8 : 0.0;
}

/* How far an activation may be from what it is. Tiles have it as exact as bf16 wants it, with much
 * to spare: a step of bf16 is 4e-3. */
static double off(const face *f, mci_nn_activation a, double x)
{
    bool tiles = f->b == mci_nn_cpu_at(MCI_CPU_AMX) && f->precision == MCI_NN_BF16;
    return a == MCI_NN_LINEAR ? 0.0 : 4e-7 + (tiles ? 2e-4 : 5e-7) * fabs(x);
}

static mci_nn_tensor *tensor(face *f, mci_nn_use use, size_t R, size_t K)
{
    mci_nn_tensor *t = NULL;
    mc_error err = { 0 };
    assert_ok(f->b->tensor_new(f->ctx, use, R, K, &t, &err), err);
    return t;
}

static mci_nn_tensor *tensor_of(face *f, mci_nn_use use, const float *rows, size_t R, size_t K)
{
    mci_nn_tensor *t = tensor(f, use, R + 3, K);
    f->b->write(f->ctx, t, rows, R);
    return t;
}

static float *read_all(face *f, mci_nn_tensor *t, size_t R, size_t K)
{
    float *rows = malloc((R * K + 1) * sizeof *rows);
    f->b->read(f->ctx, t, rows);
    return rows;
}

static void near_at(double got, double want, double tolerance, const char *what, size_t i, int line)
{
    if (fabs(got - want) <= tolerance)
        return;
    print_error("%s %zu: got %.9g, want %.9g, off by %.3g of %.3g\n", what, i, got, want,
                fabs(got - want), tolerance);
    _fail(__FILE__, line);
}
#define assert_near(got, want, tolerance, what, i) near_at(got, want, tolerance, what, i, __LINE__)

/* ---- linear ---- */

static double activation(double x, mci_nn_activation f)
{
    if (f == MCI_NN_GELU)
        return x * 0.5 * (1.0 + erf(x / sqrt(2.0)));
    return f == MCI_NN_QUICK_GELU ? x / (1.0 + exp(-1.702 * x)) : x;
}

typedef struct {
    size_t R, N, K;
    mci_nn_use use;
    mci_nn_activation f;
    bool add, transposed, has_bias;
} linear_case;

static void check_linear(face *f, test_random *random, linear_case c)
{
    float *x = random_floats(random, c.R * c.K, 2.0f), *w = random_floats(random, c.N * c.K, 1.0f);
    float *bias = random_floats(random, c.N, 1.0f),
          *before = random_floats(random, c.R * c.N, 1.0f);
    mci_nn_tensor *tx = tensor_of(f, MCI_NN_INPUT, x, c.R, c.K);
    mci_nn_tensor *ty = tensor_of(f, c.use, before, c.R, c.N);
    mci_nn_weight *weight = NULL;
    mc_error err = { 0 };
    assert_ok(f->b->weight_new(f->precision, w, c.transposed, c.has_bias ? bias : NULL, c.N, c.K,
                               &weight, &err),
              err);
    f->b->linear(f->ctx, ty, tx, weight, c.f, c.add);
    float *y = read_all(f, ty, c.R, c.N);
    see_all(f, x, c.R * c.K);
    see_all(f, w, c.N * c.K);
    for (size_t i = 0; i < c.R * c.N; i++) {
        size_t r = i / c.N, n = i % c.N;
        double sum = c.has_bias ? bias[n] : 0.0, size = 1.0;
        for (size_t k = 0; k < c.K; k++) {
            double term = (double)x[r * c.K + k] * (c.transposed ? w[k * c.N + n] : w[n * c.K + k]);
            sum += term;
            size += fabs(term);
        }
        double active = activation(sum, c.f), want = active + (c.add ? before[i] : 0.0);
        assert_near(y[i], want, 1e-6 * size + off(f, c.f, active) + step(f, c.use, want), "linear",
                    i);
    }
    f->b->weight_free(weight);
    f->b->tensor_free(f->ctx, tx);
    f->b->tensor_free(f->ctx, ty);
    free(x), free(w), free(bias), free(before), free(y);
}

static void small_linears(face *f, test_random *random)
{
    for (int i = 0; i < 30; i++) {
        linear_case c = { .R = 1 + test_below(random, 90),
                          .N = 1 + test_below(random, 120),
                          .K = 1 + test_below(random, 120),
                          .use = (mci_nn_use)test_below(random, 3),
                          .f = (mci_nn_activation)test_below(random, 3),
                          .transposed = test_below(random, 2),
                          .has_bias = test_below(random, 4) };
        c.add = c.use == MCI_NN_SUM && test_below(random, 2);
        check_linear(f, random, c);
    }
}

static void large_linears(face *f, test_random *random)
{
    static const linear_case cases[] = {
        { 330, 130, 700, MCI_NN_SUM, MCI_NN_LINEAR, true, false, true },
        { 37, 70, 3100, MCI_NN_INPUT, MCI_NN_GELU, false, true, true },
        { 1100, 33, 65, MCI_NN_QKV, MCI_NN_LINEAR, false, false, true },
        { 2, 700, 256, MCI_NN_SUM, MCI_NN_QUICK_GELU, true, false, false },
        /* more than goes through the caches */
        { 1101, 3000, 3, MCI_NN_SUM, MCI_NN_LINEAR, true, false, true },
        { 2201, 3000, 3, MCI_NN_INPUT, MCI_NN_QUICK_GELU, false, false, true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check_linear(f, random, cases[i]);
}

static void linear_is_a_product_with_what_follows(void **state)
{
    (void)state;
    with_every_face(small_linears);
    with_every_face(large_linears);
}

/* x goes in through the identity, so that the activation alone is seen. */
static void activations_of_many(face *f, test_random *random)
{
    (void)random;
    enum { N = 4096 };
    float one = 1.0f, *x = malloc(N * sizeof *x);
    mc_error err = { 0 };
    for (size_t i = 0; i < N; i++)
        x[i] = (float)seen(f, (float)((double)i / N * 40.0 - 20.0));
    x[0] = -1e30f, x[1] = 1e30f, x[2] = -1e-30f, x[3] = 0.0f;
    for (mci_nn_activation a = MCI_NN_GELU; a <= MCI_NN_QUICK_GELU; a++) {
        mci_nn_tensor *tx = tensor_of(f, MCI_NN_INPUT, x, N, 1), *ty = tensor(f, MCI_NN_SUM, N, 1);
        mci_nn_weight *weight = NULL;
        assert_ok(f->b->weight_new(f->precision, &one, false, NULL, 1, 1, &weight, &err), err);
        f->b->linear(f->ctx, ty, tx, weight, a, false);
        float *y = read_all(f, ty, N, 1);
        for (size_t i = 0; i < N; i++) {
            double value = seen(f, x[i]), want = activation(value, a);
            assert_near(y[i], want, off(f, a, want), "activation", i);
        }
        free(y);
        f->b->weight_free(weight);
        f->b->tensor_free(f->ctx, tx);
        f->b->tensor_free(f->ctx, ty);
    }
    free(x);
}

static void activations_are_as_exact_as_they_are_kept(void **state)
{
    (void)state;
    with_every_face(activations_of_many);
}

/* ---- attention ---- */

typedef struct {
    const uint32_t *starts;
    size_t n, heads, D;
    bool causal;
    const uint32_t *only;
} attention_case;

/* y [D] of a row of a head. */
static void attend_plainly(const attention_case *c, const float *qkv, size_t start, size_t T,
                           size_t row, size_t head, double *y)
{
    size_t K = c->heads * c->D, n = c->causal ? row + 1 : T;
    double *p = malloc(n * sizeof *p), max = -INFINITY, sum = 0.0;
    const float *q = qkv + (start + row) * 3 * K + head * c->D;
    for (size_t t = 0; t < n; t++) {
        const float *k = qkv + (start + t) * 3 * K + K + head * c->D;
        p[t] = 0.0;
        for (size_t d = 0; d < c->D; d++)
            p[t] += (double)q[d] * k[d];
        p[t] /= sqrt((double)c->D);
        max = fmax(max, p[t]);
    }
    for (size_t t = 0; t < n; t++)
        sum += p[t] = exp(p[t] - max);
    for (size_t d = 0; d < c->D; d++) {
        y[d] = 0.0;
        for (size_t t = 0; t < n; t++)
            y[d] += p[t] / sum * qkv[(start + t) * 3 * K + 2 * K + head * c->D + d];
    }
    free(p);
}

static void check_attention(face *f, test_random *random, attention_case c)
{
    size_t K = c.heads * c.D, R = c.starts[c.n], n_rows = c.only ? c.n : R;
    float *qkv = random_floats(random, R * 3 * K, 2.0f);
    double *want = malloc(c.D * sizeof *want);
    mci_nn_tensor *tx = tensor_of(f, MCI_NN_QKV, qkv, R, 3 * K);
    mci_nn_tensor *ty = tensor(f, MCI_NN_INPUT, n_rows, K);
    mci_nn_sequences s = { .starts = c.starts, .n = c.n };
    f->b->attention(f->ctx, ty, tx, s, c.heads, c.causal, c.only);
    float *y = read_all(f, ty, n_rows, K);
    see_all(f, qkv, R * 3 * K);
    double tolerance = f->precision == MCI_NN_BF16 ? 2.0 * 0x1p-8 : 1e-5;
    for (size_t i = 0; i < c.n; i++)
        for (size_t r = 0; r < c.starts[i + 1] - c.starts[i]; r++)
            for (size_t h = 0; h < c.heads; h++) {
                if (c.only && c.only[i] != r)
                    continue;
                attend_plainly(&c, qkv, c.starts[i], c.starts[i + 1] - c.starts[i], r, h, want);
                const float *got = y + (c.only ? i : c.starts[i] + r) * K + h * c.D;
                for (size_t d = 0; d < c.D; d++)
                    assert_near(got[d], want[d], tolerance, "attention", r);
            }
    f->b->tensor_free(f->ctx, tx);
    f->b->tensor_free(f->ctx, ty);
    free(qkv), free(want), free(y);
}

static void attentions(face *f, test_random *random)
{
    static const uint32_t mixed[] = { 0, 1, 4, 54, 131, 147, 180 }, pictures[] = { 0, 50, 100 };
    static const uint32_t only[] = { 0, 1, 49, 40, 15, 32 }, long_one[] = { 0, 577 };
    static const size_t depths[] = { 64, 80, 88, 8, 12, 24, 5, 104, 1 };
    for (size_t i = 0; i < COUNT_OF(depths); i++)
        for (size_t heads = 1; heads <= 4; heads += 3) {
            size_t D = depths[i];
            check_attention(f, random, (attention_case){ mixed, 6, heads, D, false, NULL });
            check_attention(f, random, (attention_case){ mixed, 6, heads, D, true, NULL });
            check_attention(f, random, (attention_case){ mixed, 6, heads, D, false, only });
            check_attention(f, random, (attention_case){ mixed, 6, heads, D, true, only });
        }
    check_attention(f, random, (attention_case){ pictures, 2, 2, 64, false, NULL });
    check_attention(f, random, (attention_case){ long_one, 1, 1, 64, false, NULL });
}

static void attention_weighs_what_each_row_sees(void **state)
{
    (void)state;
    with_every_face(attentions);
}

/* ---- the others ---- */

static void norms(face *f, test_random *random)
{
    static const size_t widths[] = { 1, 2, 7, 16, 31, 33, 48, 56, 96, 768, 1000 };
    for (size_t i = 0; i < COUNT_OF(widths); i++)
        for (mci_nn_use use = MCI_NN_SUM; use <= MCI_NN_INPUT; use++) {
            size_t K = widths[i], R = 1 + test_below(random, 70);
            float *x = random_floats(random, R * K, 3.0f), *gamma = random_floats(random, K, 2.0f);
            float *beta = random_floats(random, K, 1.0f);
            for (size_t k = 0; k < R * K; k++)
                x[k] += 5.0f; /* a mean that is not 0 */
            mci_nn_tensor *tx = tensor_of(f, MCI_NN_SUM, x, R, K), *ty = tensor(f, use, R, K);
            mci_nn_norm *norm = NULL;
            mc_error err = { 0 };
            assert_ok(f->b->norm_new(gamma, beta, 1e-5f, K, &norm, &err), err);
            f->b->layernorm(f->ctx, ty, tx, norm);
            f->b->layernorm(f->ctx, tx, tx, norm);
            float *y = read_all(f, ty, R, K), *same = read_all(f, tx, R, K);
            for (size_t r = 0; r < R; r++) {
                double mean = 0.0, variance = 0.0;
                for (size_t k = 0; k < K; k++)
                    mean += x[r * K + k] / (double)K;
                for (size_t k = 0; k < K; k++)
                    variance += pow(x[r * K + k] - mean, 2) / (double)K;
                for (size_t k = 0; k < K; k++) {
                    double z = (x[r * K + k] - mean) / sqrt(variance + 1e-5f);
                    double want = z * gamma[k] + beta[k];
                    assert_near(y[r * K + k], want, 2e-4 + step(f, use, want), "norm", k);
                    assert_near(same[r * K + k], want, 2e-4, "norm in place", k);
                }
            }
            f->b->norm_free(norm);
            f->b->tensor_free(f->ctx, tx);
            f->b->tensor_free(f->ctx, ty);
            free(x), free(gamma), free(beta), free(y), free(same);
        }
}

static void norm_is_over_a_row(void **state)
{
    (void)state;
    with_every_face(norms);
}

static void patch_cases(face *f, test_random *random)
{
    static const struct {
        size_t n, S, P;
    } cases[] = { { 2, 64, 32 }, { 3, 30, 7 }, { 1, 28, 14 }, { 5, 3, 1 }, { 1, 33, 16 } };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t n = cases[i].n, S = cases[i].S, P = cases[i].P, G = S / P, K = 3 * P * P;
        float *pixels = random_floats(random, n * 3 * S * S, 2.0f);
        mci_nn_tensor *t = tensor(f, MCI_NN_INPUT, n * G * G, K);
        f->b->patches(f->ctx, t, pixels, n, S, P);
        float *y = read_all(f, t, n * G * G, K);
        for (size_t row = 0; row < n * G * G; row++)
            for (size_t k = 0; k < K; k++) {
                size_t image = row / (G * G), r = row % (G * G) / G, c = row % G;
                size_t channel = k / (P * P), down = k % (P * P) / P, across = k % P;
                float want =
                    pixels[((image * 3 + channel) * S + r * P + down) * S + c * P + across];
                assert_true(y[row * K + k] == (float)seen(f, want));
            }
        f->b->tensor_free(f->ctx, t);
        free(pixels), free(y);
    }
}

static void patches_are_cut_row_by_row(void **state)
{
    (void)state;
    with_every_face(patch_cases);
}

static mci_nn_table *table(face *f, const float *rows, size_t R, size_t K)
{
    mci_nn_table *t = NULL;
    mc_error err = { 0 };
    assert_ok(f->b->table_new(rows, R, K, &t, &err), err);
    return t;
}

static void looked_up(face *f, test_random *random)
{
    enum { K = 56, T = 5, N_WORDS = 100, N = 4 };
    static const uint32_t starts[] = { 0, 5, 6, 9, 13 }, rows[] = { 12, 0, 6, 6 };
    float *words = random_floats(random, N_WORDS * K, 1.0f);
    float *places = random_floats(random, T * K, 1.0f);
    float *x = random_floats(random, N * (T - 1) * K, 1.0f);
    int32_t ids[13];
    for (size_t i = 0; i < 13; i++)
        ids[i] = (int32_t)test_below(random, N_WORDS);
    mci_nn_table *tw = table(f, words, N_WORDS, K), *tp = table(f, places, T, K);
    mci_nn_table *first = table(f, words, 1, K);
    mci_nn_tensor *ty = tensor(f, MCI_NN_SUM, 20, K), *tx = tensor(f, MCI_NN_SUM, 20, K);
    f->b->embed(f->ctx, ty, ids, (mci_nn_sequences){ starts, N }, tw, tp);
    f->b->pick(f->ctx, tx, ty, rows, N);
    float *y = read_all(f, ty, 13, K), *picked = read_all(f, tx, N, K);
    for (size_t i = 0; i < N; i++)
        for (size_t r = starts[i]; r < starts[i + 1]; r++)
            for (size_t k = 0; k < K; k++)
                assert_true(y[r * K + k] ==
                            words[(size_t)ids[r] * K + k] + places[(r - starts[i]) * K + k]);
    for (size_t i = 0; i < N * K; i++)
        assert_true(picked[i] == y[rows[i / K] * K + i % K]);
    f->b->write(f->ctx, tx, x, N * (T - 1));
    f->b->join_patches(f->ctx, ty, tx, N, first, tp);
    float *joined = read_all(f, ty, N * T, K);
    for (size_t i = 0; i < N * T * K; i++) {
        size_t r = i / K % T, k = i % K;
        float from = r ? x[(i / K / T * (T - 1) + r - 1) * K + k] : words[k];
        assert_true(joined[i] == from + places[r * K + k]);
    }
    f->b->tensor_free(f->ctx, tx);
    f->b->tensor_free(f->ctx, ty);
    f->b->table_free(tw);
    f->b->table_free(tp);
    f->b->table_free(first);
    free(words), free(places), free(x), free(y), free(picked), free(joined);
}

static void words_and_patches_get_their_places(void **state)
{
    (void)state;
    with_every_face(looked_up);
}

static void written_and_read(face *f, test_random *random)
{
    for (mci_nn_use use = MCI_NN_SUM; use <= MCI_NN_QKV; use++)
        for (size_t K = 1; K < 100; K += 11) {
            float *x = random_floats(random, 70 * K, 1e3f);
            mci_nn_tensor *t = tensor(f, use, 70, K);
            f->b->write(f->ctx, t, x, 70);
            f->b->write(f->ctx, t, x, 37); /* fewer now */
            float *y = read_all(f, t, 37, K);
            for (size_t i = 0; i < 37 * K; i++)
                assert_true(y[i] == (use == MCI_NN_SUM ? x[i] : (float)seen(f, x[i])));
            f->b->tensor_free(f->ctx, t);
            free(x), free(y);
        }
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    with_every_face(written_and_read);
}

/* ---- no row depends on another ---- */

/* Norm, projections, attention, and back: R rows in, R rows out. */
static float *through_a_layer(face *f, const float *x, const float *w, mci_nn_sequences s, size_t K,
                              size_t heads)
{
    size_t R = s.starts[s.n];
    mci_nn_tensor *sum = tensor_of(f, MCI_NN_SUM, x, R, K);
    mci_nn_tensor *input = tensor(f, MCI_NN_INPUT, R, K), *qkv = tensor(f, MCI_NN_QKV, R, 3 * K);
    mci_nn_weight *in = NULL, *out = NULL;
    mci_nn_norm *norm = NULL;
    f->b->weight_new(f->precision, w, false, w, 3 * K, K, &in, NULL);
    f->b->weight_new(f->precision, w, true, w, K, K, &out, NULL);
    f->b->norm_new(w, w + K, 1e-5f, K, &norm, NULL);
    f->b->layernorm(f->ctx, input, sum, norm);
    f->b->linear(f->ctx, qkv, input, in, MCI_NN_LINEAR, false);
    f->b->attention(f->ctx, input, qkv, s, heads, true, NULL);
    f->b->linear(f->ctx, sum, input, out, MCI_NN_GELU, true);
    float *y = read_all(f, sum, R, K);
    f->b->tensor_free(f->ctx, sum);
    f->b->tensor_free(f->ctx, input);
    f->b->tensor_free(f->ctx, qkv);
    f->b->weight_free(in);
    f->b->weight_free(out);
    f->b->norm_free(norm);
    return y;
}

static void rows_alone(face *f, test_random *random)
{
    enum { N = 9, K = 96, HEADS = 4 };
    uint32_t starts[N + 1] = { 0 }, alone[2] = { 0 };
    for (size_t i = 0; i < N; i++)
        starts[i + 1] = starts[i] + 1 + (uint32_t)test_below(random, 80);
    float *x = random_floats(random, starts[N] * (size_t)K, 1.0f);
    float *w = random_floats(random, 3 * K * K, 0.2f);
    float *all = through_a_layer(f, x, w, (mci_nn_sequences){ starts, N }, K, HEADS);
    for (size_t i = 0; i < N; i++) {
        alone[1] = starts[i + 1] - starts[i];
        float *one =
            through_a_layer(f, x + starts[i] * K, w, (mci_nn_sequences){ alone, 1 }, K, HEADS);
        assert_memory_equal(one, all + starts[i] * K, alone[1] * K * sizeof *one);
        free(one);
    }
    face other = *f;
    assert_int_equal(f->b->ctx_new(f->precision, 2, &other.ctx, NULL), MC_OK);
    float *by_two = through_a_layer(&other, x, w, (mci_nn_sequences){ starts, N }, K, HEADS);
    assert_memory_equal(by_two, all, starts[N] * K * sizeof *all);
    f->b->ctx_free(other.ctx);
    free(x), free(w), free(all), free(by_two);
}

static void rows_depend_on_no_neighbour_and_no_thread(void **state)
{
    (void)state;
    with_every_face(rows_alone);
}

/* The one row that is asked for is the bits that it is among all. */
static void one_of_all(face *f, test_random *random)
{
    enum { D = 24, HEADS = 2, K = D * HEADS };
    static const uint32_t starts[] = { 0, 77, 90 }, only[] = { 61, 3 };
    float *qkv = random_floats(random, (size_t)90 * 3 * K, 2.0f);
    mci_nn_tensor *tx = tensor_of(f, MCI_NN_QKV, qkv, 90, (size_t)3 * K);
    mci_nn_tensor *ty = tensor(f, MCI_NN_INPUT, 90, K);
    for (int causal = 0; causal < 2; causal++) {
        f->b->attention(f->ctx, ty, tx, (mci_nn_sequences){ starts, 2 }, HEADS, causal, NULL);
        float *all = read_all(f, ty, 90, K);
        f->b->attention(f->ctx, ty, tx, (mci_nn_sequences){ starts, 2 }, HEADS, causal, only);
        float *some = read_all(f, ty, 2, K);
        assert_memory_equal(some, all + (size_t)61 * K, K * sizeof *all);
        assert_memory_equal(some + K, all + (size_t)80 * K, K * sizeof *all);
        free(all), free(some);
    }
    f->b->tensor_free(f->ctx, tx);
    f->b->tensor_free(f->ctx, ty);
    free(qkv);
}

static void one_row_is_what_it_is_among_all(void **state)
{
    (void)state;
    with_every_face(one_of_all);
}

/* ---- memory that is out ---- */

static size_t n_allocations_left = SIZE_MAX;

void *__real_mci_alloc_lines(size_t n_bytes);
void *__wrap_mci_alloc_lines(size_t n_bytes);

void *__wrap_mci_alloc_lines(size_t n_bytes)
{
    if (n_allocations_left == 0)
        return NULL;
    n_allocations_left--;
    return __real_mci_alloc_lines(n_bytes);
}

static void out_of_memory(face *f, test_random *random)
{
    static const uint32_t starts[] = { 0, 1000 };
    mc_error err = { 0 };
    mci_nn_weight *weight = NULL;
    mci_nn_tensor *none = NULL;
    mci_nn_ctx *no_ctx = NULL;
    float *qkv = random_floats(random, 1000 * 3 * 64, 1.0f);
    mci_nn_tensor *tx = tensor_of(f, MCI_NN_QKV, qkv, 1000, 3 * 64);
    mci_nn_tensor *ty = tensor(f, MCI_NN_INPUT, 1000, 64);
    n_allocations_left = 0;
    assert_int_equal(f->b->weight_new(f->precision, qkv, false, NULL, 8, 8, &weight, &err),
                     MC_E_NOMEM);
    assert_int_equal(f->b->tensor_new(f->ctx, MCI_NN_SUM, 1, 1, &none, &err), MC_E_NOMEM);
    assert_int_equal(f->b->ctx_new(f->precision, 2, &no_ctx, &err), MC_E_NOMEM);
    f->b->attention(f->ctx, ty, tx, (mci_nn_sequences){ starts, 1 }, 1, false, NULL);
    assert_int_equal(f->b->finish(f->ctx, &err), MC_E_NOMEM);
    assert_says(err.text, "out of memory");
    n_allocations_left = SIZE_MAX;
    assert_true(!weight && !none && !no_ctx);
    assert_ok(f->b->finish(f->ctx, &err), err); /* told once */
    assert_int_equal(f->b->tensor_new(f->ctx, MCI_NN_SUM, SIZE_MAX / 4, 64, &none, &err),
                     MC_E_NOMEM);
    f->b->tensor_free(f->ctx, tx);
    f->b->tensor_free(f->ctx, ty);
    free(qkv);
}

static void memory_that_is_out_is_told(void **state)
{
    (void)state;
    with_every_face(out_of_memory);
}

static void it_is_found_by_name(void **state)
{
    (void)state;
    const mci_nn_backend *cpu = mci_nn_backend_named("cpu");
    const char *how = NULL;
    assert_non_null(cpu);
    assert_ptr_equal(mci_nn_backends()[0], cpu);
    assert_true(cpu->usable(MCI_NN_F32, &how) && strstr(how, "f32"));
    assert_true(cpu->usable(MCI_NN_BF16, &how) && strstr(how, "bf16"));
    assert_null(mci_nn_backend_named("abacus"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_found_by_name),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(linear_is_a_product_with_what_follows),
        cmocka_unit_test(activations_are_as_exact_as_they_are_kept),
        cmocka_unit_test(attention_weighs_what_each_row_sees),
        cmocka_unit_test(norm_is_over_a_row),
        cmocka_unit_test(patches_are_cut_row_by_row),
        cmocka_unit_test(words_and_patches_get_their_places),
        cmocka_unit_test(rows_depend_on_no_neighbour_and_no_thread),
        cmocka_unit_test(one_row_is_what_it_is_among_all),
        cmocka_unit_test(memory_that_is_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
