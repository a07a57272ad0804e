/* How much a step computes, and how fast a backend could. */
#include "train/step_work.h"

#include <math.h>

#include "test.h"

/* Multiply-adds of a forward pass over an image and a text of 77 tokens, in units of 10^9, as
 * OpenCLIP's table of models has them. */
static const struct {
    const char *name;
    double image, text;
} published[] = {
    { "ViT-B-32-quickgelu", 4.40, 2.98 },
    { "ViT-B-16-quickgelu", 17.58, 2.98 },
    { "ViT-L-14-quickgelu", 81.08, 6.66 },
};

/* A text of so many tokens. */
static void put_text(const mci_clip_config *config, int32_t *tokens, size_t length)
{
    for (size_t t = 0; t < config->text.context_length; t++)
        tokens[t] = t + 1 < length ? 5 : t + 1 == length ? config->text.end_id : 0;
}

static void work_is_what_is_published_of_the_models(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(published); i++) {
        mci_clip_config config;
        int32_t tokens[2 * 77];
        assert_true(mci_clip_config_named(published[i].name, &config));
        put_text(&config, tokens, 77);
        put_text(&config, tokens + 77, 77);
        const double got = mci_step_work(&config, tokens, 2) / (2.0 * 3.0 * 2.0 * 1e9);
        const double want = published[i].image + published[i].text;
        print_message("  case: %s: %.2f, published %.2f\n", published[i].name, got, want);
        assert_true(fabs(got / want - 1.0) < 0.03);
    }
}

static void short_texts_are_less_work(void **state)
{
    (void)state;
    mci_clip_config config;
    int32_t tokens[77];
    assert_true(mci_clip_config_named("ViT-B-32", &config));
    put_text(&config, tokens, 77);
    const double whole = mci_step_work(&config, tokens, 1);
    put_text(&config, tokens, 20);
    const double part = mci_step_work(&config, tokens, 1);
    assert_true(part < whole && part > 0.5 * whole);
}

static void every_backend_has_a_rate(void **state)
{
    (void)state;
    for (const mci_nn_backend *const *b = mci_nn_backends(); *b; b++)
        for (int precision = MCI_NN_F32; precision <= MCI_NN_BF16; precision++) {
            mc_error err = { 0 };
            const char *how;
            double rate = 0.0;
            if (!(*b)->usable((mci_nn_precision)precision, &how))
                continue;
            assert_ok(mci_product_rate(*b, (mci_nn_precision)precision, 1, &rate, &err), err);
            print_message("  case: %s, %s: %.1f GFLOP/s\n", (*b)->name, how, rate / 1e9);
            assert_true(isfinite(rate) && rate > 0.0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_what_is_published_of_the_models),
        cmocka_unit_test(short_texts_are_less_work),
        cmocka_unit_test(every_backend_has_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
