/* A small model against a plain NumPy implementation (make_tiny_clip.py), and what must not change
 * its features. */
#include <math.h>

#include "io/npy_array.h"
#include "metaclip/embed.h"
#include "model/clip_internal.h"

#include "test.h"

enum { S = 16, C = 12, D = 10, IMAGES = 3, TEXTS = 4 };

static const char *data_path(const char *name)
{
    static char paths[4][512];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/tiny_clip/%s", getenv("METACLIP_TEST_DATA"), name);
    return path;
}

static mci_array map(const char *name)
{
    mc_error err = { 0 };
    mci_array array;
    assert_ok(mci_array_map(data_path(name), &array, &err), err);
    return array;
}

static mc_clip *open_clip(const mc_clip_options *options)
{
    mc_error err = { 0 };
    mc_clip *clip = NULL;
    assert_ok(mc_clip_open(data_path(""), options, &clip, &err), err);
    return clip;
}

typedef struct {
    float images[IMAGES * D], texts[TEXTS * D];
} features;

static features encode(const mc_clip *clip, const mc_clip_ctx_options *options)
{
    mc_error err = { 0 };
    mc_clip_ctx *ctx = NULL;
    features f;
    mci_array pixels = map("pixels.npy"), tokens = map("tokens.npy");
    assert_ok(mc_clip_ctx_new(clip, options, &ctx, &err), err);
    assert_ok(mc_clip_encode_images(ctx, pixels.data, IMAGES, f.images, &err), err);
    assert_ok(mc_clip_encode_texts(ctx, tokens.data, TEXTS, f.texts, &err), err);
    mc_clip_ctx_free(ctx);
    mci_array_unmap(&pixels);
    mci_array_unmap(&tokens);
    return f;
}

static void assert_near(const float *got, const char *name, double allowed)
{
    mci_array want = map(name);
    for (size_t i = 0; i < want.n_values; i++)
        assert_true(fabs((double)got[i] - (double)((const float *)want.data)[i]) <= allowed);
    mci_array_unmap(&want);
}

static void features_are_those_of_a_plain_implementation(void **state)
{
    (void)state;
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++) {
        print_message("  case: %s\n", (*backend)->name);
        mc_clip *clip = open_clip(&(mc_clip_options){ .backend = (*backend)->name });
        features f = encode(clip, &(mc_clip_ctx_options){ .raw = true });
        assert_near(f.images, "image_features.npy", 2e-5);
        assert_near(f.texts, "text_features.npy", 2e-5);
        mc_clip_close(clip);
    }
}

static const mc_clip_ctx_options ways[] = {
    { .batch = 1 },
    { .batch = 2 },
    { .batch = 3, .n_threads = 1 },
    { .batch = 32, .n_threads = 3 },
};

static void neither_batches_nor_threads_change_a_bit(void **state)
{
    (void)state;
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++) {
        mc_clip *clip = open_clip(&(mc_clip_options){ .backend = (*backend)->name });
        const features want = encode(clip, NULL);
        for (size_t i = 0; i < COUNT_OF(ways); i++) {
            const features got = encode(clip, &ways[i]);
            assert_memory_equal(&got, &want, sizeof want);
        }
        mc_clip_close(clip);
    }
}

static void ignore(void *user, size_t layer, const mci_nn_tensor *x)
{
    (void)user;
    (void)layer;
    (void)x;
}

/* With a tap every row of every block is computed, and texts keep their padding. */
static void what_is_left_out_changes_nothing(void **state)
{
    (void)state;
    mc_error err = { 0 };
    const mci_trunk_tap tap = { ignore, NULL };
    float whole[TEXTS * D], images[IMAGES * D];
    mci_array tokens = map("tokens.npy"), pixels = map("pixels.npy");
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++) {
        mc_clip *clip = open_clip(&(mc_clip_options){ .backend = (*backend)->name });
        const features f = encode(clip, NULL);
        mc_clip_ctx *ctx = NULL;
        assert_ok(mc_clip_ctx_new(clip, NULL, &ctx, &err), err);
        ctx->tap = &tap;
        assert_ok(mc_clip_encode_texts(ctx, tokens.data, TEXTS, whole, &err), err);
        assert_ok(mc_clip_encode_images(ctx, pixels.data, IMAGES, images, &err), err);
        for (size_t i = 0; i < COUNT_OF(whole); i++)
            assert_true(fabsf(whole[i] - f.texts[i]) < 1e-6f);
        for (size_t i = 0; i < COUNT_OF(images); i++)
            assert_true(fabsf(images[i] - f.images[i]) < 1e-6f);
        mc_clip_ctx_free(ctx);
        mc_clip_close(clip);
    }
    mci_array_unmap(&tokens);
    mci_array_unmap(&pixels);
}

static void bf16_features_point_the_same_way(void **state)
{
    (void)state;
    mc_clip *exact = open_clip(NULL);
    const features want = encode(exact, NULL);
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++) {
        mc_clip *clip = open_clip(
            &(mc_clip_options){ .backend = (*backend)->name, .precision = MC_PRECISION_BF16 });
        const features got = encode(clip, NULL);
        for (size_t i = 0; i < IMAGES; i++) {
            double cosine = 0.0;
            for (size_t d = 0; d < D; d++)
                cosine += (double)got.images[i * D + d] * (double)want.images[i * D + d];
            assert_true(cosine >= 0.9995);
        }
        mc_clip_close(clip);
    }
    mc_clip_close(exact);
}

static void images_may_have_another_size(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mc_clip_ctx *ctx = NULL;
    float *pixels = calloc(3 * 27 * 27, sizeof *pixels), out[D];
    mc_image_options prepare;
    mc_clip *clip = open_clip(&(mc_clip_options){ .image_size = 27, .towers = MC_IMAGE_TOWER });
    assert_int_equal(mc_clip_facts_of(clip).image_size, 27);
    assert_ok(mc_clip_image_options(clip, &prepare, &err), err);
    assert_int_equal(prepare.crop_width, 27);
    assert_ok(mc_clip_ctx_new(clip, NULL, &ctx, &err), err);
    assert_ok(mc_clip_encode_images(ctx, pixels, 1, out, &err), err);
    assert_true(isfinite(out[0]));
    mc_clip_ctx_free(ctx);
    mc_clip_close(clip);
    free(pixels);
    assert_int_equal(
        mc_clip_open(data_path(""), &(mc_clip_options){ .image_size = 4 }, &clip, &err), MC_E_ARG);
    assert_says(err.text, "smaller than one patch");
}

static void what_cannot_be_done_is_said(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mc_clip_ctx *ctx = NULL;
    float pixels[3 * S * S] = { 0 }, out[D];
    int32_t tokens[C] = { 722, 5, 723 };
    mc_clip *clip = open_clip(&(mc_clip_options){ .towers = MC_TEXT_TOWER });
    assert_ok(mc_clip_ctx_new(clip, NULL, &ctx, &err), err);
    assert_int_equal(mc_clip_encode_images(ctx, pixels, 1, out, &err), MC_E_ARG);
    assert_says(err.text, "image tower was not loaded");
    assert_ok(mc_clip_encode_texts(ctx, tokens, 1, out, &err), err);
    tokens[1] = 724;
    assert_int_equal(mc_clip_encode_texts(ctx, tokens, 1, out, &err), MC_E_ARG);
    assert_says(err.text, "text 0 has the token 724, but the model's vocabulary has 724");
    tokens[1] = -1;
    assert_int_equal(mc_clip_encode_texts(ctx, tokens, 1, out, &err), MC_E_ARG);
    mc_clip_ctx_free(ctx);
    mc_clip_close(clip);
    assert_int_equal(mc_clip_open("none", NULL, &clip, &err), MC_E_IO);
    assert_says(err.text, "none");
    assert_int_equal(
        mc_clip_open(data_path(""), &(mc_clip_options){ .backend = "abacus" }, &clip, &err),
        MC_E_ARG);
    assert_says(err.text, "abacus");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_are_those_of_a_plain_implementation),
        cmocka_unit_test(neither_batches_nor_threads_change_a_bit),
        cmocka_unit_test(what_is_left_out_changes_nothing),
        cmocka_unit_test(bf16_features_point_the_same_way),
        cmocka_unit_test(images_may_have_another_size),
        cmocka_unit_test(what_cannot_be_done_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
