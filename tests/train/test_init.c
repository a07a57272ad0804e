/* The weights to start from: their distribution, and that they are a function of the seed. */
#include "train/init.h"

#include <math.h>

#include "test.h"

static const mci_clip_config config = {
    .embed_dim = 64,
    .vision = { .image_size = 32,
                .patch_size = 8,
                .width = 96,
                .layers = 2,
                .heads = 3,
                .mlp_width = 384 },
    .text = { .context_length = 16,
              .vocab_size = 500,
              .width = 64,
              .layers = 3,
              .heads = 2,
              .mlp_width = 256 },
};

/* deviation 0: all values are `value`. */
static const struct {
    const char *name;
    double value, deviation;
    bool uniform;
} cases[] = {
    { "token_embedding.weight", 0.0, 0.02, false },
    { "positional_embedding", 0.0, 0.01, false },
    { "transformer.resblocks.1.attn.in_proj_weight", 0.0, 0.125, false },
    { "transformer.resblocks.1.attn.out_proj.weight", 0.0, 0.05103104, false },
    { "transformer.resblocks.1.mlp.c_fc.weight", 0.0, 0.08838835, false },
    { "transformer.resblocks.1.mlp.c_proj.weight", 0.0, 0.05103104, false },
    { "text_projection", 0.0, 0.125, false },
    { "visual.proj", 0.0, 0.10206207, false },
    { "visual.positional_embedding", 0.0, 0.10206207, false },
    { "visual.conv1.weight", 0.0, 0.07216878 / 1.73205081, true },
    { "visual.transformer.resblocks.0.attn.in_proj_weight", 0.0, 0.125 / 1.73205081, true },
    { "visual.transformer.resblocks.0.mlp.c_proj.weight", 0.0, 0.05103104 / 1.73205081, true },
    { "transformer.resblocks.0.mlp.c_fc.bias", 0.0, 0.125 / 1.73205081, true },
    { "visual.transformer.resblocks.0.attn.out_proj.bias", 0.0, 0.0, false },
    { "visual.ln_pre.weight", 1.0, 0.0, false },
    { "ln_final.bias", 0.0, 0.0, false },
    { "logit_scale", 2.6592600369327783, 0.0, false },
};

static void weights_are_distributed_as_clips(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_params params;
    assert_ok(mci_params_list(&config, &params, &err), err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const mci_param *param = mci_params_find(&params, cases[i].name);
        print_message("  case: %s\n", cases[i].name);
        assert_non_null(param);
        float *values = malloc(param->n * sizeof *values);
        double mean = 0.0, square = 0.0, largest = 0.0;
        mci_init_param(&config, param, 1, values);
        for (size_t k = 0; k < param->n; k++) {
            mean += (double)values[k] / (double)param->n;
            square += (double)values[k] * (double)values[k] / (double)param->n;
            largest = fmax(largest, fabs((double)values[k]));
        }
        const double n = (double)param->n, deviation = sqrt(fmax(square - mean * mean, 0.0));
        assert_true(fabs(mean - cases[i].value) < 1e-6 + 5.0 * cases[i].deviation / sqrt(n));
        assert_true(fabs(deviation - cases[i].deviation) <
                    1e-3 + 5.0 * cases[i].deviation / sqrt(2.0 * n));
        if (cases[i].uniform)
            assert_true(largest <= cases[i].deviation * 1.7320509);
        free(values);
    }
    mci_params_release(&params);
}

static void the_seed_decides(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_params params;
    float a[96 * 64], b[96 * 64];
    assert_ok(mci_params_list(&config, &params, &err), err);
    const mci_param *param = mci_params_find(&params, "visual.proj");
    assert_int_equal(param->n, COUNT_OF(a));
    mci_init_param(&config, param, 7, a);
    mci_init_param(&config, param, 7, b);
    assert_memory_equal(a, b, sizeof a);
    mci_init_param(&config, param, 8, b);
    assert_true(memcmp(a, b, sizeof a) != 0);
    mci_params_release(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_distributed_as_clips),
        cmocka_unit_test(the_seed_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
