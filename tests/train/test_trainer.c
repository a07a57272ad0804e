/* A small model with random weights: what a step gives does not depend on how it is computed. */
#include <math.h>

#include "train/small_clip.h"

static float *run_so(size_t micro_batch, bool recompute, bool spend_grads, size_t n_steps,
                     size_t *n, double *loss)
{
    const batch b = random_batch();
    mc_error err = { 0 };
    mci_step_facts facts;
    mci_trainer *trainer = new_trainer(micro_batch, recompute, spend_grads, NULL);
    for (size_t i = 0; i < n_steps; i++)
        assert_ok(mci_trainer_step(trainer, b.pixels, b.tokens, BATCH, &facts, &err), err);
    *n = mci_trainer_params(trainer)->n_values;
    *loss = facts.loss;
    float *values = malloc(*n * sizeof *values);
    mci_trainer_read(trainer, MCI_VALUES, 0, values, *n);
    mci_trainer_free(trainer);
    return values;
}

static float *run(size_t micro_batch, bool recompute, size_t n_steps, size_t *n, double *loss)
{
    return run_so(micro_batch, recompute, false, n_steps, n, loss);
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

/* Each parameter is stepped by the same gradient, only earlier. */
static void spending_gradients_changes_no_bit(void **state)
{
    (void)state;
    size_t n;
    double loss, spent_loss;
    float *whole = run(BATCH, false, 4, &n, &loss);
    for (int recompute = 0; recompute < 2; recompute++) {
        float *spent = run_so(BATCH, recompute, true, 4, &n, &spent_loss);
        assert_memory_equal(whole, spent, n * sizeof *whole);
        assert_true(loss == spent_loss);
        free(spent);
    }
    free(whole);
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
        cmocka_unit_test(spending_gradients_changes_no_bit),
        cmocka_unit_test(micro_batches_make_the_same_step),
        cmocka_unit_test(a_batch_is_learnt_by_heart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
