/* The towers of ViT-B/32 with random weights on the CPU backend: single products at the side of
 * oneDNN's, then whole towers. The share is of the time that the tower's products alone would take
 * at oneDNN's rate. Answers in bf16 are compared with those in f32 before a rate is printed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "bench.h"
#include "dnnl_product.h"
#include "nn/nn.h"

static unsigned n_threads;
static const mci_nn_backend *cpu;

static void must(mc_status status, const mc_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "bench_nn: %s\n", err->text);
    exit(1);
}

/* Sum of twelve uniform numbers: normal enough. */
static float normal(uint64_t *state)
{
    double sum = -6.0;
    for (int i = 0; i < 12; i++) {
        uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        sum += (double)((z ^ z >> 31) >> 11) * 0x1p-53;
    }
    return (float)sum;
}

static float *normals(uint64_t *state, size_t n, double scale)
{
    float *values = malloc(n * sizeof *values);
    if (!values)
        exit(1);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)scale * normal(state);
    return values;
}

/* ---- towers ---- */

enum { MAX_LAYERS = 12 };

typedef struct {
    const char *name;
    size_t width, layers, heads, T;
    bool causal;
    size_t patch, image; /* 0: a text tower */
} shape;

static const shape vision = { "vision", 768, 12, 12, 50, false, 32, 224 };
static const shape text = { "text", 512, 12, 8, 77, true, 0, 0 };

typedef struct {
    const shape *s;
    mci_nn_weight *patches, *qkv[MAX_LAYERS], *out[MAX_LAYERS], *up[MAX_LAYERS], *down[MAX_LAYERS];
    mci_nn_norm *norm;
} tower;

static mci_nn_weight *random_weight(mci_nn_precision precision, uint64_t *state, size_t N, size_t K)
{
    float *w = normals(state, N * K, 1.0 / sqrt((double)K)), *bias = normals(state, N, 0.1);
    mci_nn_weight *weight = NULL;
    mc_error err = { 0 };
    must(cpu->weight_new(precision, w, false, bias, N, K, &weight, &err), &err);
    free(w);
    free(bias);
    return weight;
}

/* The same weights for both precisions. */
static tower new_tower(const shape *s, mci_nn_precision precision)
{
    tower t = { .s = s };
    uint64_t state = 7;
    size_t C = s->width;
    mc_error err = { 0 };
    float *gamma = normals(&state, C, 0.1), *beta = normals(&state, C, 0.1);
    for (size_t i = 0; i < C; i++)
        gamma[i] += 1.0f;
    must(cpu->norm_new(gamma, beta, 1e-5f, C, &t.norm, &err), &err);
    free(gamma);
    free(beta);
    if (s->patch)
        t.patches = random_weight(precision, &state, C, 3 * s->patch * s->patch);
    for (size_t i = 0; i < s->layers; i++) {
        t.qkv[i] = random_weight(precision, &state, 3 * C, C);
        t.out[i] = random_weight(precision, &state, C, C);
        t.up[i] = random_weight(precision, &state, 4 * C, C);
        t.down[i] = random_weight(precision, &state, C, 4 * C);
    }
    return t;
}

static void free_tower(tower *t)
{
    cpu->norm_free(t->norm);
    cpu->weight_free(t->patches);
    for (size_t i = 0; i < t->s->layers; i++) {
        cpu->weight_free(t->qkv[i]);
        cpu->weight_free(t->out[i]);
        cpu->weight_free(t->up[i]);
        cpu->weight_free(t->down[i]);
    }
}

/* Multiplications and additions of the products, for n sequences of T rows. */
static double flop_of(const shape *s, size_t n, size_t T)
{
    double C = (double)s->width, R = (double)(n * T), K = 3.0 * (double)(s->patch * s->patch);
    double attention = 4.0 * (double)T * C * R * (s->causal ? 0.5 : 1.0);
    return 2.0 * R * 12.0 * C * C * (double)s->layers + (double)s->layers * attention +
           (s->patch ? 2.0 * (double)(n * (T - 1)) * C * K : 0.0);
}

typedef struct {
    mci_nn_ctx *ctx;
    mci_nn_tensor *sum, *input, *pixels, *embedded, *qkv, *hidden;
} room;

static room new_room(const shape *s, mci_nn_precision precision, size_t n)
{
    room r = { 0 };
    size_t R = n * s->T, C = s->width;
    mc_error err = { 0 };
    must(cpu->ctx_new(precision, n_threads, &r.ctx, &err), &err);
    must(cpu->tensor_new(r.ctx, MCI_NN_SUM, R, C, &r.sum, &err), &err);
    must(cpu->tensor_new(r.ctx, MCI_NN_INPUT, R, C, &r.input, &err), &err);
    must(cpu->tensor_new(r.ctx, MCI_NN_QKV, R, 3 * C, &r.qkv, &err), &err);
    must(cpu->tensor_new(r.ctx, MCI_NN_INPUT, R, 4 * C, &r.hidden, &err), &err);
    if (s->patch) {
        size_t K = 3 * s->patch * s->patch;
        must(cpu->tensor_new(r.ctx, MCI_NN_INPUT, R, K, &r.pixels, &err), &err);
        must(cpu->tensor_new(r.ctx, MCI_NN_SUM, R, C, &r.embedded, &err), &err);
    }
    return r;
}

static void free_room(room *r)
{
    mci_nn_tensor *tensors[] = { r->sum, r->input, r->pixels, r->embedded, r->qkv, r->hidden };
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        cpu->tensor_free(r->ctx, tensors[i]);
    cpu->ctx_free(r->ctx);
}

/* n sequences of T rows; x is what the blocks begin with, pixels (vision) are made rows of, as much
 * as that takes. */
static void run_tower(const tower *t, room *r, const float *x, const float *pixels,
                      mci_nn_sequences s)
{
    if (t->patches) {
        cpu->patches(r->ctx, r->pixels, pixels, s.n, t->s->image, t->s->patch);
        cpu->linear(r->ctx, r->embedded, r->pixels, t->patches, MCI_NN_LINEAR, false);
    }
    cpu->write(r->ctx, r->sum, x, s.starts[s.n]);
    for (size_t i = 0; i < t->s->layers; i++) {
        cpu->layernorm(r->ctx, r->input, r->sum, t->norm);
        cpu->linear(r->ctx, r->qkv, r->input, t->qkv[i], MCI_NN_LINEAR, false);
        cpu->attention(r->ctx, r->input, r->qkv, s, t->s->heads, t->s->causal, NULL);
        cpu->linear(r->ctx, r->sum, r->input, t->out[i], MCI_NN_LINEAR, true);
        cpu->layernorm(r->ctx, r->input, r->sum, t->norm);
        cpu->linear(r->ctx, r->hidden, r->input, t->up[i], MCI_NN_QUICK_GELU, false);
        cpu->linear(r->ctx, r->sum, r->hidden, t->down[i], MCI_NN_LINEAR, true);
    }
}

/* ---- rates ---- */

static double products_rate[2]; /* of oneDNN, by precision, in operations a second; 0: not known */

static double smallest_cosine(const float *a, const float *b, size_t R, size_t C)
{
    double smallest = 1.0;
    for (size_t r = 0; r < R; r++, a += C, b += C) {
        double ab = 0.0, aa = 0.0, bb = 0.0;
        for (size_t i = 0; i < C; i++) {
            ab += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }
        smallest = fmin(smallest, ab / sqrt(aa * bb));
    }
    return smallest;
}

static void bench_tower(const tower *t, mci_nn_precision precision, size_t n, size_t T, float *want,
                        double must_reach)
{
    static const char *const names[] = { "f32", "bf16" };
    char name[80];
    uint64_t state = 5;
    size_t R = n * T, C = t->s->width, side = t->s->image;
    float *x = normals(&state, R * C, 1.0), *got = malloc(R * C * sizeof *got);
    float *pixels = normals(&state, n * 3 * side * side + 1, 1.0);
    uint32_t *starts = malloc((n + 1) * sizeof *starts);
    if (!got || !starts)
        exit(1);
    for (size_t i = 0; i <= n; i++)
        starts[i] = (uint32_t)(i * T);
    room r = new_room(t->s, precision, n);
    snprintf(name, sizeof name, "%s tower, %zu x %zu, %s", t->s->name, n, T, names[precision]);
    bench b = bench_begin(name);
    bench_items(&b, n);
    bench_threads(&b, n_threads);
    for (int warms = 0; warms < 2; warms++)
        run_tower(t, &r, x, pixels, (mci_nn_sequences){ starts, n });
    while (bench_next(&b))
        run_tower(t, &r, x, pixels, (mci_nn_sequences){ starts, n });
    cpu->read(r.ctx, r.sum, got);
    double cosine = precision == MCI_NN_F32 ? 1.0 : smallest_cosine(got, want, R, C);
    bench_check(&b, cosine >= must_reach, "too far from f32");
    double rate = bench_end(&b), flop = flop_of(t->s, n, T) * rate / (double)n;
    printf("{\"name\":\"%s\",\"tflop_per_s\":%.3f,\"ms\":%.2f,\"cosine\":%.6f", name, flop / 1e12,
           1e3 * (double)n / rate, cosine);
    if (products_rate[precision] > 0.0)
        printf(",\"share_of_onednn_products\":%.2f", flop / products_rate[precision]);
    printf("}\n");
    if (precision == MCI_NN_F32)
        memcpy(want, got, R * C * sizeof *want);
    free_room(&r);
    free(x);
    free(pixels);
    free(got);
    free(starts);
}

/* The four products of a block and that of the patches, for 32 images. */
static void bench_products(mci_nn_precision precision)
{
    static const struct {
        size_t M, N, K;
        mci_nn_use use;
        mci_nn_activation f;
        bool add;
    } cases[] = { { 1600, 2304, 768, MCI_NN_QKV, MCI_NN_LINEAR, false },
                  { 1600, 768, 768, MCI_NN_SUM, MCI_NN_LINEAR, true },
                  { 1600, 3072, 768, MCI_NN_INPUT, MCI_NN_QUICK_GELU, false },
                  { 1600, 768, 3072, MCI_NN_SUM, MCI_NN_LINEAR, true } };
    double flop = 0.0, their_seconds = 0.0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t M = cases[i].M, N = cases[i].N, K = cases[i].K;
        mc_error err = { 0 };
        mci_nn_ctx *ctx = NULL;
        mci_nn_tensor *x = NULL, *y = NULL;
        uint64_t state = 3;
        mci_nn_weight *w = random_weight(precision, &state, N, K);
        char name[80];
        must(cpu->ctx_new(precision, n_threads, &ctx, &err), &err);
        must(cpu->tensor_new(ctx, MCI_NN_INPUT, M, K, &x, &err), &err);
        must(cpu->tensor_new(ctx, cases[i].use, M, N, &y, &err), &err);
        float *rows = normals(&state, M * K, 1.0), *before = calloc(M * N, sizeof *before);
        cpu->write(ctx, x, rows, M);
        cpu->write(ctx, y, before, M);
        snprintf(name, sizeof name, "product, %zu x %zu x %zu, %s", M, N, K,
                 precision == MCI_NN_F32 ? "f32" : "bf16");
        double theirs = dnnl_product_seconds(M, N, K, precision == MCI_NN_BF16, n_threads, 9);
        bench b = bench_begin(name);
        double mflop = 2e-6 * (double)M * (double)N * (double)K;
        bench_items(&b, (size_t)mflop);
        bench_threads(&b, n_threads);
        if (theirs > 0.0)
            bench_against(&b, "oneDNN without what follows", mflop / theirs);
        cpu->linear(ctx, y, x, w, cases[i].f, cases[i].add);
        while (bench_next(&b))
            cpu->linear(ctx, y, x, w, cases[i].f, cases[i].add);
        double rate = bench_end(&b);
        printf("{\"name\":\"%s\",\"tflop_per_s\":%.3f,\"onednn_tflop_per_s\":%.3f}\n", name,
               rate / 1e6, theirs > 0.0 ? mflop / theirs / 1e6 : 0.0);
        flop += mflop * 1e6;
        their_seconds += theirs;
        free(rows);
        free(before);
        cpu->tensor_free(ctx, x);
        cpu->tensor_free(ctx, y);
        cpu->ctx_free(ctx);
        cpu->weight_free(w);
    }
    products_rate[precision] = their_seconds > 0.0 ? flop / their_seconds : 0.0;
}

static void bench_towers(const shape *s, const size_t (*sizes)[2], size_t n_sizes)
{
    tower f32 = new_tower(s, MCI_NN_F32), bf16 = new_tower(s, MCI_NN_BF16);
    for (size_t i = 0; i < n_sizes; i++) {
        size_t n = sizes[i][0], T = sizes[i][1];
        float *want = malloc(n * T * s->width * sizeof *want);
        if (!want)
            exit(1);
        bench_tower(&f32, MCI_NN_F32, n, T, want, 1.0);
        bench_tower(&bf16, MCI_NN_BF16, n, T, want, 0.999);
        free(want);
    }
    free_tower(&f32);
    free_tower(&bf16);
}

int main(void)
{
    static const size_t images[][2] = { { 32, 50 }, { 1, 50 } };
    static const size_t texts[][2] = { { 32, 77 }, { 32, 12 }, { 1, 12 } };
    const char *how = "";
    n_threads = mci_n_processors();
    cpu = mci_nn_backend_named("cpu");
    cpu->usable(MCI_NN_BF16, &how);
    printf("{\"name\":\"cpu\",\"bf16\":\"%s\"}\n", how);
    bench_products(MCI_NN_F32);
    bench_products(MCI_NN_BF16);
    bench_towers(&vision, images, 2);
    bench_towers(&text, texts, 3);
    return 0;
}
