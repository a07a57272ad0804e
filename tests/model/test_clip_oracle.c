/* The towers against the reference implementation's numbers, on every form of the two small models;
 * skipped where these are not there. */
#include <math.h>

#include "io/npy_array.h"
#include "model/clip_internal.h"
#include "model/pos_embed.h"

#include "test.h"

/* Largest differences that are allowed, on features, normalised ones and logits. */
typedef struct {
    double features, normed, logits;
} tolerance;

static const tolerance exact = { 1e-4, 2e-5, 3e-4 };

static const struct {
    const char *model, *file, *config, *expected;
} cases[] = {
    { "tiny-quickgelu", "checkpoint.pt", "config_open_clip.json", "expected" },
    { "tiny-quickgelu", "hf", NULL, "expected" },
    { "tiny-gelu", "checkpoint_bare.pt", "config_open_clip.json", "expected" },
    { "tiny-gelu", "checkpoint_legacy_f16.pt", "config_open_clip.json", "expected_f16" },
    { "tiny-gelu", "hf_bf16", NULL, "expected_bf16" },
};

static const char *model_path(const char *model, const char *folder, const char *name)
{
    static char paths[8][512];
    static int turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/oracle/models/%s/%s%s%s", getenv("METACLIP_SHARED"), model,
             folder, *folder ? "/" : "", name);
    return path;
}

static mci_array map(const char *path)
{
    mc_error err = { 0 };
    mci_array array;
    assert_ok(mci_array_map(path, &array, &err), err);
    return array;
}

static double largest_difference(const float *got, const float *want, size_t n)
{
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - (double)want[i]);
        largest = difference > largest || isnan(difference) ? difference : largest;
    }
    return largest;
}

static void check(const float *got, const char *path, double allowed)
{
    mci_array want = map(path);
    double difference = largest_difference(got, want.data, want.n_values);
    print_message("    %-28s %.1e\n", strrchr(path, '/') + 1, difference);
    assert_true(difference <= allowed);
    mci_array_unmap(&want);
}

static mc_clip *open_clip(size_t i, const char *backend, mc_precision precision)
{
    mc_error err = { 0 };
    mc_clip *clip = NULL;
    const char *config = cases[i].config;
    const mc_clip_options options = { .config_path =
                                          config ? model_path(cases[i].model, "", config) : NULL,
                                      .backend = backend,
                                      .precision = precision };
    assert_ok(mc_clip_open(model_path(cases[i].model, "", cases[i].file), &options, &clip, &err),
              err);
    return clip;
}

typedef struct {
    size_t n, D;
    float *images, *texts; /* [n, D] */
} features;

static features encode(const mc_clip *clip, const char *model, const mc_clip_ctx_options *options)
{
    mc_error err = { 0 };
    mc_clip_ctx *ctx = NULL;
    mci_array pixels = map(model_path(model, "", "images.npy"));
    mci_array tokens = map(model_path(model, "", "tokens.npy"));
    features f = { (size_t)pixels.shape[0], mc_clip_facts_of(clip).embed_dim, NULL, NULL };
    f.images = malloc(f.n * f.D * sizeof *f.images);
    f.texts = malloc(f.n * f.D * sizeof *f.texts);
    assert_ok(mc_clip_ctx_new(clip, options, &ctx, &err), err);
    assert_ok(mc_clip_encode_images(ctx, pixels.data, f.n, f.images, &err), err);
    assert_ok(mc_clip_encode_texts(ctx, tokens.data, f.n, f.texts, &err), err);
    mc_clip_ctx_free(ctx);
    mci_array_unmap(&pixels);
    mci_array_unmap(&tokens);
    return f;
}

static void release(features *f)
{
    free(f->images);
    free(f->texts);
}

static void check_model(size_t i, const char *backend)
{
    const char *model = cases[i].model, *folder = cases[i].expected;
    mc_clip *clip = open_clip(i, backend, MC_PRECISION_FP32);
    features f = encode(clip, model, &(mc_clip_ctx_options){ .raw = true });
    float scale = mc_clip_facts_of(clip).logit_scale, logits[64];
    check(f.images, model_path(model, folder, "image_features.npy"), exact.features);
    check(f.texts, model_path(model, folder, "text_features.npy"), exact.features);
    release(&f);
    f = encode(clip, model, NULL);
    check(f.images, model_path(model, folder, "image_features_norm.npy"), exact.normed);
    check(f.texts, model_path(model, folder, "text_features_norm.npy"), exact.normed);
    check(&scale, model_path(model, folder, "logit_scale_exp.npy"), 1e-4);
    assert_true(f.n * f.n <= COUNT_OF(logits));
    mc_features_logits(f.images, f.n, f.texts, f.n, f.D, scale, logits);
    check(logits, model_path(model, folder, "logits_per_image.npy"), exact.logits);
    release(&f);
    mc_clip_close(clip);
}

static void skip_without_oracle(void)
{
    const char *shared = getenv("METACLIP_SHARED");
    mc_error err = { 0 };
    mci_array array;
    if (!shared || mci_array_map(model_path("tiny-gelu", "", "images.npy"), &array, &err) < 0)
        skip();
    mci_array_unmap(&array);
}

static void every_form_of_a_model_gives_the_references_features(void **state)
{
    (void)state;
    skip_without_oracle();
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++) {
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            print_message("  case: %s/%s on %s\n", cases[i].model, cases[i].file, (*backend)->name);
            check_model(i, (*backend)->name);
        }
    }
}

/* ---- hidden states, of the first sample ---- */

typedef struct {
    const mc_clip *clip;
    mci_nn_ctx *nn;
    size_t n_values; /* of the first sample */
    const float *want, *want_first;
    size_t n_seen;
    float *rows;
} watcher;

static void see(void *user, size_t layer, const mci_nn_tensor *x)
{
    watcher *w = user;
    const float *want = layer == SIZE_MAX ? w->want_first : w->want + layer * w->n_values;
    w->clip->backend->read(w->nn, x, w->rows);
    double difference = largest_difference(w->rows, want, w->n_values);
    print_message("    layer %zd: %.1e\n", layer == SIZE_MAX ? (ssize_t)-1 : (ssize_t)layer,
                  difference);
    assert_true(difference <= exact.features);
    w->n_seen++;
}

static void check_hidden(size_t i, const char *backend, bool images)
{
    mc_error err = { 0 };
    const char *model = cases[i].model;
    mc_clip_ctx *ctx = NULL;
    mc_clip *clip = open_clip(i, backend, MC_PRECISION_FP32);
    mci_array want =
        map(model_path(model, "expected", images ? "hidden_vision.npy" : "hidden_text.npy"));
    mci_array first = map(model_path(model, "expected", "hidden_vision_ln_pre.npy"));
    mci_array input = map(model_path(model, "", images ? "images.npy" : "tokens.npy"));
    watcher w = { .clip = clip,
                  .n_values = (size_t)(want.shape[1] * want.shape[2]),
                  .want = want.data,
                  .want_first = first.data };
    const mci_trunk_tap tap = { see, &w };
    float *out = malloc(mc_clip_facts_of(clip).embed_dim * sizeof *out);
    w.rows = malloc(w.n_values * sizeof *w.rows);
    assert_ok(mc_clip_ctx_new(clip, NULL, &ctx, &err), err);
    w.nn = ctx->nn;
    ctx->tap = &tap;
    if (images)
        assert_ok(mc_clip_encode_images(ctx, input.data, 1, out, &err), err);
    else
        assert_ok(mc_clip_encode_texts(ctx, input.data, 1, out, &err), err);
    assert_int_equal(w.n_seen, want.shape[0] + images);
    free(w.rows);
    free(out);
    mci_array_unmap(&want);
    mci_array_unmap(&first);
    mci_array_unmap(&input);
    mc_clip_ctx_free(ctx);
    mc_clip_close(clip);
}

static void hidden_states_are_the_references(void **state)
{
    (void)state;
    skip_without_oracle();
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++) {
        for (size_t i = 0; i < 3; i += 2) {
            print_message("  case: %s on %s\n", cases[i].model, (*backend)->name);
            check_hidden(i, (*backend)->name, true);
            check_hidden(i, (*backend)->name, false);
        }
    }
}

/* ---- less exact arithmetic ---- */

static double cosine(const float *a, const float *b, size_t D)
{
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (size_t d = 0; d < D; d++) {
        ab += (double)a[d] * (double)b[d];
        aa += (double)a[d] * (double)a[d];
        bb += (double)b[d] * (double)b[d];
    }
    return ab / sqrt(aa * bb);
}

static void bf16_features_point_the_same_way(void **state)
{
    (void)state;
    skip_without_oracle();
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++) {
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            const char *model = cases[i].model, *folder = cases[i].expected;
            mc_clip *clip = open_clip(i, (*backend)->name, MC_PRECISION_BF16);
            features f = encode(clip, model, NULL);
            mci_array images = map(model_path(model, folder, "image_features.npy"));
            mci_array texts = map(model_path(model, folder, "text_features.npy"));
            double least = 1.0;
            for (size_t row = 0; row < f.n; row++) {
                least = fmin(least, cosine(f.images + row * f.D,
                                           (const float *)images.data + row * f.D, f.D));
                least = fmin(
                    least, cosine(f.texts + row * f.D, (const float *)texts.data + row * f.D, f.D));
            }
            print_message("  case: %s/%s on %s: %.6f\n", model, cases[i].file, (*backend)->name,
                          least);
            assert_true(least >= 0.9995);
            mci_array_unmap(&images);
            mci_array_unmap(&texts);
            release(&f);
            mc_clip_close(clip);
        }
    }
}

/* ---- the text towers of Meta CLIP 2, with the same weights ---- */

static void check_worldwide(const char *backend, mci_text_pool pool, int32_t end_id,
                            const char *tokens_file, const char *want_file)
{
    mc_error err = { 0 };
    mc_clip_ctx *ctx = NULL;
    mc_clip *clip = open_clip(0, backend, MC_PRECISION_FP32);
    mci_array tokens = map(model_path("tiny-quickgelu", "", tokens_file));
    float *out = malloc(tokens.shape[0] * clip->text.D * sizeof *out);
    clip->text.pool = pool;
    clip->text.end_id = end_id;
    assert_ok(mc_clip_ctx_new(clip, &(mc_clip_ctx_options){ .raw = true }, &ctx, &err), err);
    assert_ok(mc_clip_encode_texts(ctx, tokens.data, tokens.shape[0], out, &err), err);
    check(out, model_path("tiny-quickgelu", "expected", want_file), exact.features);
    free(out);
    mci_array_unmap(&tokens);
    mc_clip_ctx_free(ctx);
    mc_clip_close(clip);
}

static void worldwide_texts_are_pooled_at_their_end(void **state)
{
    (void)state;
    skip_without_oracle();
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++) {
        check_worldwide((*backend)->name, MCI_POOL_END, 2, "worldwide_tokens.npy",
                        "worldwide_text_features.npy");
        check_worldwide((*backend)->name, MCI_POOL_COUNT, 1, "worldwide_mt5_tokens.npy",
                        "worldwide_mt5_text_features.npy");
    }
}

/* ---- other image sizes ---- */

static void position_tables_are_resized_as_the_reference_does(void **state)
{
    static const size_t sides[] = { 2, 6, 7 };
    (void)state;
    skip_without_oracle();
    mci_array in = map(model_path("pos_embed_resize", "", "input.npy"));
    const size_t K = (size_t)in.shape[1], from = (size_t)lround(sqrt((double)in.shape[0] - 1.0));
    for (size_t i = 0; i < COUNT_OF(sides); i++) {
        char name[32];
        float *out = malloc((1 + sides[i] * sides[i]) * K * sizeof *out);
        snprintf(name, sizeof name, "expected_%zux%zu.npy", sides[i], sides[i]);
        mci_pos_embed_resize(in.data, from, out, sides[i], K);
        check(out, model_path("pos_embed_resize", "", name), 1e-5);
        free(out);
    }
    mci_array_unmap(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_tables_are_resized_as_the_reference_does),
        cmocka_unit_test(every_form_of_a_model_gives_the_references_features),
        cmocka_unit_test(hidden_states_are_the_references),
        cmocka_unit_test(bf16_features_point_the_same_way),
        cmocka_unit_test(worldwide_texts_are_pooled_at_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
