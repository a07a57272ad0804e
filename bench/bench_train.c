/* Whole steps of training on the CPU backend: ViT-B/32 and a small model, in bf16 and f32, with
 * where the time goes. A rate is printed only if the loss of the batch, the same each step, has
 * fallen.
 *
 * Each case is a process of its own, so that its memory is its own. Operations are timed by a table
 * that calls the backend's; what is counted as work is three times the products of a forward pass.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/threads.h"
#include "bench.h"
#include "timed_backend.h"
#include "train/init.h"
#include "train/trainer.h"

static unsigned n_threads;
static const mci_nn_backend *cpu;

static void must(mc_status status, const mc_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "bench_train: %s\n", err->text);
    exit(1);
}

/* ---- what is trained ---- */

static const mci_clip_config vit_b_32 = {
    .embed_dim = 512,
    .quick_gelu = true,
    .layer_norm_eps = 1e-5f,
    .vision = { .image_size = 224,
                .patch_size = 32,
                .width = 768,
                .layers = 12,
                .heads = 12,
                .mlp_width = 3072 },
    .text = { .context_length = 77,
              .vocab_size = 49408,
              .width = 512,
              .layers = 12,
              .heads = 8,
              .mlp_width = 2048,
              .start_id = 49406,
              .end_id = 49407 },
};

static const mci_clip_config small = {
    .embed_dim = 128,
    .quick_gelu = true,
    .layer_norm_eps = 1e-5f,
    .vision = { .image_size = 64,
                .patch_size = 8,
                .width = 192,
                .layers = 6,
                .heads = 3,
                .mlp_width = 768 },
    .text = { .context_length = 32,
              .vocab_size = 49408,
              .width = 128,
              .layers = 4,
              .heads = 2,
              .mlp_width = 512,
              .start_id = 49406,
              .end_id = 49407 },
};

typedef struct {
    const char *name;
    const mci_clip_config *config;
    mci_nn_precision precision;
    size_t batch, text_length; /* tokens of each text, with start and end */
    bool recompute;
    size_t product[3]; /* one of its products, whose rate is measured: rows, N, K */
} training_case;

static const training_case cases[] = {
    { "ViT-B/32, bf16", &vit_b_32, MCI_NN_BF16, 32, 77, false, { 1600, 3072, 768 } },
    { "ViT-B/32, bf16, texts of 20 tokens",
      &vit_b_32,
      MCI_NN_BF16,
      32,
      20,
      false,
      { 1600, 3072, 768 } },
    { "ViT-B/32, bf16, recomputing", &vit_b_32, MCI_NN_BF16, 32, 77, true, { 1600, 3072, 768 } },
    { "ViT-B/32, f32", &vit_b_32, MCI_NN_F32, 32, 77, false, { 1600, 3072, 768 } },
    { "small, bf16", &small, MCI_NN_BF16, 256, 32, false, { 16640, 768, 192 } },
    { "small, f32", &small, MCI_NN_F32, 256, 32, false, { 16640, 768, 192 } },
};

/* Multiplications and additions of a tower's blocks, forward, for n sequences of T rows. */
static double blocks_flop(double C, double M, double layers, double n, double T, double seen)
{
    return layers * n * T * (2.0 * (4.0 * C * C + 2.0 * C * M) + 4.0 * T * C * seen);
}

static double forward_flop(const training_case *c)
{
    const mci_clip_config *m = c->config;
    const double n = (double)c->batch, P = m->vision.patch_size, C = m->vision.width;
    const double G = floor(m->vision.image_size / P), W = m->text.width;
    const double ends = 2.0 * n * m->embed_dim * (C + W);
    return blocks_flop(C, m->vision.mlp_width, m->vision.layers, n, 1.0 + G * G, 1.0) +
           2.0 * n * G * G * C * 3.0 * P * P +
           blocks_flop(W, m->text.mlp_width, m->text.layers, n, (double)c->text_length, 0.5) + ends;
}

/* ---- a batch ---- */

static double uniform(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static void *must_have(void *memory)
{
    if (!memory)
        exit(1);
    return memory;
}

static float *random_pixels(const training_case *c, uint64_t *state)
{
    const size_t S = (size_t)c->config->vision.image_size, n = c->batch * 3 * S * S;
    float *pixels = must_have(malloc(n * sizeof *pixels));
    for (size_t i = 0; i < n; i++)
        pixels[i] = (float)(uniform(state) * 4.0 - 2.0);
    return pixels;
}

static int32_t *random_tokens(const training_case *c, uint64_t *state)
{
    const size_t T = (size_t)c->config->text.context_length;
    int32_t *tokens = must_have(calloc(c->batch * T, sizeof *tokens));
    for (size_t i = 0; i < c->batch; i++) {
        int32_t *text = tokens + i * T;
        text[0] = c->config->text.start_id;
        for (size_t t = 1; t + 1 < c->text_length; t++)
            text[t] = 1 + (int32_t)(uniform(state) * 49000.0);
        text[c->text_length - 1] = c->config->text.end_id;
    }
    return tokens;
}

/* ---- steps ---- */

static mci_trainer *new_trainer(const training_case *c)
{
    mc_error err = { 0 };
    mci_trainer *trainer = NULL;
    const mci_trainer_options options = { .backend = timed_backend(cpu),
                                          .precision = c->precision,
                                          .n_threads = n_threads,
                                          .micro_batch = c->batch,
                                          .recompute = c->recompute,
                                          .spend_grads = true,
                                          .beta1 = 0.9,
                                          .beta2 = 0.98,
                                          .eps = 1e-6,
                                          .decay = 0.2,
                                          .schedule = { 2e-4, 2, 1000 } };
    must(mci_trainer_new(c->config, &options, &trainer, &err), &err);
    const mci_params *params = mci_trainer_params(trainer);
    for (size_t i = 0; i < params->n; i++) {
        const mci_param *param = &params->items[i];
        mci_init_param(c->config, param, 1, mci_trainer_lend(trainer, MCI_VALUES, param->at));
    }
    return trainer;
}

enum { PRODUCTS = 15 };

static int by_size(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

/* Operations a second of one of the model's products, by this backend, in the median: what a step
 * could be. */
static double product_rate(const training_case *c)
{
    const size_t R = c->product[0], N = c->product[1], K = c->product[2];
    mc_error err = { 0 };
    mci_nn_ctx *ctx = NULL;
    mci_nn_tensor *x = NULL, *y = NULL;
    mci_nn_weight *weight = NULL;
    uint64_t state = 3;
    float *values = must_have(malloc((R + N) * K * sizeof *values));
    double taken[PRODUCTS];
    for (size_t i = 0; i < (R + N) * K; i++)
        values[i] = (float)(uniform(&state) - 0.5);
    must(cpu->ctx_new(c->precision, n_threads, &ctx, &err), &err);
    must(cpu->tensor_new(ctx, MCI_NN_INPUT, R, K, &x, &err), &err);
    must(cpu->tensor_new(ctx, MCI_NN_QKV, R, N, &y, &err), &err);
    must(cpu->weight_new(c->precision, values, false, NULL, N, K, &weight, &err), &err);
    cpu->write(ctx, x, values, R);
    for (int i = 0; i < PRODUCTS; i++) {
        double start = bench_now();
        cpu->linear(ctx, y, x, weight, MCI_NN_LINEAR, false);
        taken[i] = bench_now() - start;
    }
    qsort(taken, PRODUCTS, sizeof *taken, by_size);
    cpu->weight_free(weight);
    cpu->tensor_free(ctx, x);
    cpu->tensor_free(ctx, y);
    cpu->ctx_free(ctx);
    free(values);
    return 2.0 * (double)R * (double)N * (double)K / taken[PRODUCTS / 2];
}

static void print_parts(const training_case *c, double n_steps)
{
    static const char *const parts[] = { "linear",
                                         "linear_onto",
                                         "linear_kept",
                                         "attention",
                                         "layernorm",
                                         "input_gradient",
                                         "inner_gradient",
                                         "weight_gradient",
                                         "attention_backward",
                                         "layernorm_backward",
                                         "adamw",
                                         "embed_step",
                                         "vector_zero",
                                         "vector_square" };
    printf("{\"name\":\"%s, parts\"", c->name);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        printf(",\"%s_ms\":%.1f", parts[i], 1e3 * timed_seconds_of(parts[i]) / n_steps);
    printf("}\n");
}

/* Of the processors, by all threads of this process: what is left of a rate when others compute
 * too. */
static double processor_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void bench_case(const training_case *c)
{
    mc_error err = { 0 };
    uint64_t state = 11;
    float *pixels = random_pixels(c, &state);
    int32_t *tokens = random_tokens(c, &state);
    const double products_before = product_rate(c);
    mci_trainer *trainer = new_trainer(c);
    mci_step_facts facts, first;
    must(mci_trainer_step(trainer, pixels, tokens, c->batch, &first, &err), &err);
    timed_backend(cpu); /* counts from here */
    const double before = processor_seconds();
    bench b = bench_begin(c->name);
    bench_items(&b, c->batch);
    bench_threads(&b, n_threads);
    while (bench_next(&b))
        must(mci_trainer_step(trainer, pixels, tokens, c->batch, &facts, &err), &err);
    bench_check(&b, facts.loss < 0.95 * first.loss, "the loss did not fall");
    const double processors = processor_seconds() - before;
    const double rate = bench_end(&b), n = (double)b.n_done, each = (double)c->batch / rate;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage); /* here: products are measured in memory of their own */
    const double products = (products_before + product_rate(c)) / 2.0;
    const double flop = 3.0 * forward_flop(c) / each;
    print_parts(c, n);
    printf("{\"name\":\"%s\",\"samples_per_s\":%.2f,\"processor_s\":%.3f,\"forward_s\":%.3f,"
           "\"backward_s\":%.3f,"
           "\"adamw_s\":%.4f,\"adamw_gb_per_s\":%.1f,\"tflop_per_s\":%.3f,"
           "\"product_tflop_per_s\":%.3f,\"share_of_products\":%.2f,\"memory_mb\":%ld,"
           "\"loss\":[%.3f,%.3f]}\n",
           c->name, rate, processors / n, timed_seconds(TIMED_FORWARD) / n,
           timed_seconds(TIMED_BACKWARD) / n, timed_seconds_of("adamw") / n,
           28e-9 * (double)mci_trainer_params(trainer)->n_values * n / timed_seconds_of("adamw"),
           flop / 1e12, products / 1e12, flop / products, usage.ru_maxrss / 1024, first.loss,
           facts.loss);
    mci_trainer_free(trainer);
    free(pixels);
    free(tokens);
}

/* Whether a case is asked for: by its name, or by what its name begins with. */
static bool is_wanted(const char *name, const char *asked)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strcmp(cases[i].name, asked) == 0)
            return strcmp(name, asked) == 0;
    return strncmp(name, asked, strlen(asked)) == 0;
}

/* All cases, or that which the first argument names, or those whose names begin with it; on as many
 * threads as the second says. */
int main(int argc, char **argv)
{
    n_threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : mci_n_processors();
    cpu = mci_nn_backend_named("cpu");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = 0;
        if (argc > 1 && !is_wanted(cases[i].name, argv[1]))
            continue;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            bench_case(&cases[i]);
            fflush(stdout);
            _exit(0);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
            return 1;
    }
    return 0;
}
