/* A small model with random weights: what a step gives does not depend on how it is computed. */
#include "train/trainer.h"

#include <math.h>

#include "test.h"

enum { BATCH = 6, S = 12, T = 7 };

static const mci_clip_config config = {
    .embed_dim = 10,
    .quick_gelu = true,
    .layer_norm_eps = 1e-5f,
    .vision = { .image_size = S,
                .patch_size = 5,
                .width = 12,
                .layers = 2,
                .heads = 3,
                .mlp_width = 20 },
    .text = { .context_length = T,
              .vocab_size = 9,
              .width = 8,
              .layers = 3,
              .heads = 2,
              .mlp_width = 16,
              .start_id = 7,
              .end_id = 8 },
};

typedef struct {
    float pixels[BATCH * 3 * S * S];
    int32_t tokens[BATCH * T];
} batch;

static batch random_batch(void)
{
    test_random random = { 12 };
    batch b = { 0 };
    for (size_t i = 0; i < COUNT_OF(b.pixels); i++)
        b.pixels[i] = (float)test_below(&random, 2001) / 1000.0f - 1.0f;
    for (size_t i = 0; i < BATCH; i++) {
        size_t len = 2 + test_below(&random, T - 1); /* with start and end */
        b.tokens[i * T] = 7;
        for (size_t t = 1; t + 1 < len; t++)
            b.tokens[i * T + t] = (int32_t)test_below(&random, 7);
        b.tokens[i * T + len - 1] = 8;
    }
    return b;
}

static mci_trainer *new_trainer(size_t micro_batch, bool recompute)
{
    mc_error err = { 0 };
    test_random random = { 5 };
    mci_trainer *trainer = NULL;
    const mci_trainer_options options = { .backend = mci_nn_backend_named("ref"),
                                          .precision = MCI_NN_F32,
                                          .n_threads = 1,
                                          .micro_batch = micro_batch,
                                          .recompute = recompute,
                                          .beta1 = 0.9,
                                          .beta2 = 0.98,
                                          .eps = 1e-6,
                                          .decay = 0.2,
                                          .schedule = { 1e-2, 1, 20 } };
    assert_ok(mci_trainer_new(&config, &options, &trainer, &err), err);
    const mci_params *params = mci_trainer_params(trainer);
    for (size_t i = 0; i < params->n_values; i++) {
        float value = (float)test_below(&random, 2001) / 2000.0f - 0.5f;
        mci_trainer_write(trainer, MCI_VALUES, i, &value, 1);
    }
    return trainer;
}

static float *run(size_t micro_batch, bool recompute, size_t n_steps, size_t *n, double *loss)
{
    const batch b = random_batch();
    mc_error err = { 0 };
    mci_step_facts facts;
    mci_trainer *trainer = new_trainer(micro_batch, recompute);
    for (size_t i = 0; i < n_steps; i++)
        assert_ok(mci_trainer_step(trainer, b.pixels, b.tokens, BATCH, &facts, &err), err);
    *n = mci_trainer_params(trainer)->n_values;
    *loss = facts.loss;
    float *values = malloc(*n * sizeof *values);
    mci_trainer_read(trainer, MCI_VALUES, 0, values, *n);
    mci_trainer_free(trainer);
    return values;
}

static void computing_blocks_again_changes_no_bit(void **state)
{
    (void)state;
    size_t n;
    double loss, again_loss;
    float *once = run(BATCH, false, 3, &n, &loss), *again = run(BATCH, true, 3, &n, &again_loss);
    assert_memory_equal(once, again, n * sizeof *once);
    assert_true(loss == again_loss);
    free(once);
    free(again);
}

static void micro_batches_make_the_same_step(void **state)
{
    (void)state;
    for (size_t micro = 1; micro < BATCH; micro++) {
        size_t n;
        double whole_loss, loss;
        float *whole = run(BATCH, false, 1, &n, &whole_loss),
              *parts = run(micro, false, 1, &n, &loss);
        assert_true(fabs(loss - whole_loss) < 1e-12);
        for (size_t i = 0; i < n; i++)
            assert_true(fabsf(whole[i] - parts[i]) < 2e-4f);
        free(whole);
        free(parts);
    }
}

static void a_batch_is_learnt_by_heart(void **state)
{
    (void)state;
    size_t n;
    double first, last;
    free(run(BATCH, false, 1, &n, &first));
    free(run(BATCH, false, 20, &n, &last));
    print_message("    loss %.3f, then %.3f\n", first, last);
    assert_true(last < 0.7 * first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(computing_blocks_again_changes_no_bit),
        cmocka_unit_test(micro_batches_make_the_same_step),
        cmocka_unit_test(a_batch_is_learnt_by_heart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
