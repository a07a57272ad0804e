/* Every shape of the published models once, with random weights: what memory it takes, how long it
 * takes to open, and how fast it computes. METACLIP_BENCH_MODELS lists names ("ViT-B-32,ViT-L-14");
 * unless it is set, only ViT-B-32 is run, since the largest write files of several gigabytes into
 * the folder of temporary files (TMPDIR, /tmp). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/dtype.h"
#include "bench.h"
#include "metaclip/metaclip.h"
#include "model/clip_config.h"
#include "model/safetensors.h"
#include "train/params.h"

enum { IMAGES = 8, TEXTS = 32 };

static void die(const mc_error *err)
{
    fprintf(stderr, "bench_shapes: %s\n", err->text);
    exit(1);
}

/* Small uniform numbers, so that what is computed stays finite. */
static void fill(uint16_t *out, size_t n, const mci_param *param)
{
    uint64_t z = param->at + 1;
    const float bound = param->rank < 2 ? 0.1f : 0.05f;
    const bool is_scale = strstr(param->name, "ln_") && strstr(param->name, ".weight");
    for (size_t i = 0; i < n; i++) {
        z ^= z << 13;
        z ^= z >> 7;
        z ^= z << 17;
        const float value = bound * ((float)(int32_t)(z >> 32) * 0x1p-31f);
        out[i] = mci_bf16_of(is_scale ? 1.0f + value : value);
    }
}

static mc_status write_values(mci_output *output, const mci_params *params, mc_error *err)
{
    enum { PIECE = 1 << 20 };
    uint16_t *room = malloc(PIECE * sizeof *room);
    mc_status status = room ? MC_OK : MC_E_NOMEM;
    for (size_t i = 0; status >= 0 && i < params->n; i++) {
        const mci_param *param = &params->items[i];
        for (size_t at = 0; status >= 0 && at < param->n; at += PIECE) {
            const size_t n = param->n - at < PIECE ? param->n - at : PIECE;
            fill(room, n, param);
            status = mci_output_write(output, (mc_str){ (const char *)room, 2 * n }, err);
        }
    }
    free(room);
    return status;
}

static uint64_t write_model(const char *path, const mci_clip_config *config)
{
    mc_error err = { 0 };
    mci_params params;
    mci_safetensors_header header = { 0 };
    mci_output *output = NULL;
    if (mci_params_list(config, &params, &err) < 0)
        die(&err);
    for (size_t i = 0; i < params.n; i++)
        if (mci_safetensors_add(&header, mc_str_of(params.items[i].name), MCI_BF16,
                                params.items[i].rank, params.items[i].dims, &err) < 0)
            die(&err);
    if (mci_output_open(path, MCI_PLAIN, &output, &err) < 0 ||
        mci_safetensors_begin(&header, output, &err) < 0 ||
        write_values(output, &params, &err) < 0 || mci_output_commit(output, &err) < 0)
        die(&err);
    const uint64_t n = params.n_values;
    mci_buf_release(&header.header);
    mci_params_release(&params);
    return n;
}

static mc_clip *open_timed(const char *path, const char *name, double *seconds)
{
    mc_error err = { 0 };
    mc_clip *clip = NULL;
    const double began = bench_now();
    const mc_clip_options options = { .model_name = name, .precision = MC_PRECISION_BF16 };
    if (mc_clip_open(path, &options, &clip, &err) < 0)
        die(&err);
    *seconds = bench_now() - began;
    return clip;
}

static double images_per_s(mc_clip_ctx *ctx, const mc_clip_facts *facts)
{
    mc_error err = { 0 };
    const size_t n = (size_t)IMAGES * 3 * facts->image_size * facts->image_size;
    float *pixels = malloc(n * sizeof *pixels),
          *out = malloc(IMAGES * facts->embed_dim * sizeof *out);
    for (size_t i = 0; i < n; i++)
        pixels[i] = (float)(i * 2654435761u % 2001) / 1000.0f - 1.0f;
    double best = 0.0;
    for (int round = 0; round < 3; round++) {
        const double began = bench_now();
        if (mc_clip_encode_images(ctx, pixels, IMAGES, out, &err) < 0)
            die(&err);
        const double rate = IMAGES / (bench_now() - began);
        best = rate > best ? rate : best;
    }
    if (!(out[0] > -1.0f && out[0] < 1.0f))
        die(&(mc_error){ .text = "a feature that is none" });
    free(pixels);
    free(out);
    return best;
}

static double texts_per_s(mc_clip_ctx *ctx, const mc_clip_facts *facts)
{
    mc_error err = { 0 };
    const size_t C = facts->context_length;
    int32_t *tokens = calloc(TEXTS * C, sizeof *tokens);
    float *out = malloc(TEXTS * facts->embed_dim * sizeof *out);
    for (size_t i = 0; i < TEXTS * C; i++)
        tokens[i] = i % C + 1 == C ? facts->end_id : (int32_t)(i % 1000 + 3);
    double best = 0.0;
    for (int round = 0; round < 3; round++) {
        const double began = bench_now();
        if (mc_clip_encode_texts(ctx, tokens, TEXTS, out, &err) < 0)
            die(&err);
        const double rate = TEXTS / (bench_now() - began);
        best = rate > best ? rate : best;
    }
    free(tokens);
    free(out);
    return best;
}

/* In a process of its own, whose memory can then be told. */
static void run_child(const char *path, const char *name, uint64_t n_values)
{
    mc_error err = { 0 };
    mc_clip_ctx *ctx = NULL;
    double seconds;
    struct rusage usage;
    mc_clip *clip = open_timed(path, name, &seconds);
    const mc_clip_facts facts = mc_clip_facts_of(clip);
    if (mc_clip_ctx_new(clip, &(mc_clip_ctx_options){ .batch = IMAGES }, &ctx, &err) < 0)
        die(&err);
    const double images = images_per_s(ctx, &facts), texts = texts_per_s(ctx, &facts);
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"name\":\"%s\",\"parameters_m\":%.0f,\"arithmetic\":\"%s\",\"open_s\":%.1f,"
           "\"peak_gb\":%.2f,\"images_per_s\":%.2f,\"full_texts_per_s\":%.2f}\n",
           name, (double)n_values / 1e6, facts.arithmetic, seconds, (double)usage.ru_maxrss / 1e6,
           images, texts);
    mc_clip_ctx_free(ctx);
    mc_clip_close(clip);
}

static int run_name(const char *name)
{
    mci_clip_config config;
    char path[4096];
    const char *folder = getenv("TMPDIR");
    if (!mci_clip_config_named(name, &config)) {
        fprintf(stderr, "bench_shapes: there is no %s\n", name);
        return 1;
    }
    snprintf(path, sizeof path, "%s/metaclip-shape-%d.safetensors", folder ? folder : "/tmp",
             (int)getpid());
    const uint64_t n_values = write_model(path, &config);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        run_child(path, name, n_values);
        exit(0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    unlink(path);
    return status != 0;
}

int main(void)
{
    const char *list = getenv("METACLIP_BENCH_MODELS");
    char names[2000];
    int failed = 0;
    snprintf(names, sizeof names, "%s", list ? list : "ViT-B-32-quickgelu");
    for (char *name = names; name && *name;) {
        char *comma = strchr(name, ',');
        if (comma)
            *comma = '\0';
        failed |= run_name(name);
        name = comma ? comma + 1 : NULL;
    }
    return failed;
}
