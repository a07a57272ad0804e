/* Five steps of training against the reference's numbers: losses, gradients, weights; skipped where
 * these are not there. */
#include <math.h>

#include "io/npy_array.h"
#include "io/whole.h"
#include "model/checkpoint.h"
#include "train/trainer.h"

#include "test.h"

enum { BATCH = 16, STEPS = 5 };

static const char *oracle_path(const char *name)
{
    static char paths[8][512];
    static int turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/oracle/%s", getenv("METACLIP_SHARED"), name);
    return path;
}

static mci_array map(const char *name)
{
    mc_error err = { 0 };
    mci_array array;
    assert_ok(mci_array_map(oracle_path(name), &array, &err), err);
    return array;
}

static mci_checkpoint *open_weights(const char *name)
{
    mc_error err = { 0 };
    mci_checkpoint *checkpoint = NULL;
    const mci_checkpoint_options options = { .config_path = oracle_path(
                                                 "models/tiny-quickgelu/config_open_clip.json") };
    assert_ok(mci_checkpoint_open(oracle_path(name), &options, &checkpoint, &err), err);
    return checkpoint;
}

/* ---- the batches ---- */

typedef struct {
    size_t S, T;
    float *pixels;    /* [STEPS, BATCH, 3, S, S] */
    mci_array tokens; /* [STEPS, BATCH, T] */
} batches;

static batches read_batches(void)
{
    mci_array images = map("training/images_u8.npy");
    batches b = { .S = (size_t)images.shape[4], .tokens = map("training/tokens.npy") };
    b.T = (size_t)b.tokens.shape[2];
    b.pixels = malloc(images.n_values * sizeof *b.pixels);
    for (size_t i = 0; i < images.n_values; i++)
        b.pixels[i] = ((float)((const uint8_t *)images.data)[i] - 128.0f) / 64.0f;
    mci_array_unmap(&images);
    return b;
}

static void release_batches(batches *b)
{
    free(b->pixels);
    mci_array_unmap(&b->tokens);
}

/* ---- a trainer ---- */

static mci_trainer *new_trainer(const mci_nn_backend *backend, double lr, double clip, size_t micro,
                                bool recompute, bool spend_grads)
{
    mc_error err = { 0 };
    mci_trainer *trainer = NULL;
    mci_checkpoint *start = open_weights("models/tiny-quickgelu/checkpoint.pt");
    const mci_trainer_options options = { .backend = backend,
                                          .precision = MCI_NN_F32,
                                          .n_threads = 1,
                                          .micro_batch = micro,
                                          .recompute = recompute,
                                          .spend_grads = spend_grads,
                                          .beta1 = 0.9,
                                          .beta2 = 0.98,
                                          .eps = 1e-6,
                                          .decay = 0.2,
                                          .clip_norm = clip,
                                          .schedule = { lr, 2, 10 } };
    assert_ok(mci_trainer_new(mci_checkpoint_config(start), &options, &trainer, &err), err);
    const mci_params *params = mci_trainer_params(trainer);
    for (size_t i = 0; i < params->n; i++) {
        const mci_param *param = &params->items[i];
        float *values = malloc(param->n * sizeof *values);
        assert_ok(mci_checkpoint_read(start, param->name, param->rank, param->dims, values, &err),
                  err);
        mci_trainer_write(trainer, MCI_VALUES, param->at, values, param->n);
        free(values);
    }
    mci_checkpoint_close(start);
    return trainer;
}

static mci_step_facts step(mci_trainer *trainer, const batches *b, size_t i)
{
    mc_error err = { 0 };
    mci_step_facts facts;
    assert_ok(mci_trainer_step(trainer, b->pixels + i * BATCH * 3 * b->S * b->S,
                               (const int32_t *)b->tokens.data + i * BATCH * b->T, BATCH, &facts,
                               &err),
              err);
    return facts;
}

/* ---- vectors of all parameters ---- */

typedef struct {
    double largest, relative; /* difference, and its length over the expected length */
} difference;

static difference compare(mci_trainer *trainer, mci_trainer_vector which, const char *name)
{
    mc_error err = { 0 };
    const mci_params *params = mci_trainer_params(trainer);
    mci_checkpoint *want = open_weights(name);
    double largest = 0.0, apart = 0.0, length = 0.0;
    for (size_t i = 0; i < params->n; i++) {
        const mci_param *param = &params->items[i];
        float *a = malloc(param->n * sizeof *a), *b = malloc(param->n * sizeof *b);
        mci_trainer_read(trainer, which, param->at, a, param->n);
        assert_ok(mci_checkpoint_read(want, param->name, param->rank, param->dims, b, &err), err);
        for (size_t k = 0; k < param->n; k++) {
            const double d = fabs((double)a[k] - (double)b[k]);
            largest = d > largest || isnan(d) ? d : largest;
            apart += d * d;
            length += (double)b[k] * (double)b[k];
        }
        free(a);
        free(b);
    }
    mci_checkpoint_close(want);
    print_message("    %-36s largest %.1e  relative %.1e\n", name, largest, sqrt(apart / length));
    return (difference){ largest, sqrt(apart / length) };
}

/* ---- what the reference says of each step ---- */

typedef struct {
    mci_json *json;
    mci_json_value root;
} reference;

static reference read_reference(void)
{
    mc_error err = { 0 };
    reference r = { 0 };
    assert_ok(mci_json_load(oracle_path("training/training.json"), MCI_MAX_WHOLE_BYTES, &r.json,
                            &r.root, &err),
              err);
    return r;
}

static double number(const reference *r, const char *run, const char *key, size_t step)
{
    mci_json_value value, element;
    double out = NAN;
    assert_true(mci_json_get(r->root, run, &value));
    if (mci_json_type_of(value) == MCI_JSON_OBJECT) {
        assert_true(mci_json_get(value, key, &value));
        key = NULL;
    }
    mci_json_iter it = mci_json_iterate(value);
    for (size_t i = 0; i <= step; i++)
        assert_true(mci_json_next(&it, NULL, &element));
    if (key)
        assert_true(mci_json_get(element, key, &element));
    assert_true(mci_json_double(element, &out));
    return out;
}

static void skip_without_oracle(void)
{
    size_t n;
    char *file = getenv("METACLIP_SHARED")
                     ? test_read_file(oracle_path("training/training.json"), &n)
                     : NULL;
    if (!file)
        skip();
    free(file);
}

/* ---- tests ---- */

static const struct {
    const char *name;
    size_t micro;
    bool recompute, spend_grads;
} ways[] = {
    { "at once", BATCH, false, false },
    { "recomputing", BATCH, true, false },
    { "recomputing, gradients spent", BATCH, true, true },
    { "in micro-batches of 5", 5, false, false },
    { "in micro-batches of 1, recomputing", 1, true, false },
};

static void check_plain(const mci_nn_backend *backend, size_t way, const batches *b,
                        const reference *r)
{
    mci_trainer *trainer = new_trainer(backend, 5e-4, 0.0, ways[way].micro, ways[way].recompute,
                                       ways[way].spend_grads);
    for (size_t i = 0; i < STEPS; i++) {
        const mci_step_facts facts = step(trainer, b, i);
        assert_true(fabs(facts.loss - number(r, "plain", "loss", i)) <= 1e-4);
        assert_true(fabs(facts.lr - number(r, "plain", "lr", i)) <= 1e-12);
        assert_true(fabs(facts.logit_scale - number(r, "plain", "logit_scale_after", i)) <= 3e-4);
        assert_true(fabs(facts.grad_norm - number(r, "plain", "grad_norm", i)) <= 1e-3);
        difference d = { 0 };
        if (i == 0) {
            if (!ways[way].spend_grads)
                d = compare(trainer, MCI_GRADS, "training/gradients_step0.safetensors");
            assert_true(d.largest <= 2e-5 && d.relative <= 2e-5);
            d = compare(trainer, MCI_VALUES, "training/weights_after_1.safetensors");
        } else if (i == STEPS - 1) {
            d = compare(trainer, MCI_VALUES, "training/weights_after_5.safetensors");
        }
        assert_true(d.largest <= 3e-4 && d.relative <= 2e-5);
    }
    mci_trainer_free(trainer);
}

static void losses_gradients_and_weights_are_the_references(void **state)
{
    (void)state;
    skip_without_oracle();
    batches b = read_batches();
    reference r = read_reference();
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++) {
        for (size_t way = 0; (*backend)->training && way < COUNT_OF(ways); way++) {
            print_message("  case: %s on %s\n", ways[way].name, (*backend)->name);
            check_plain(*backend, way, &b, &r);
        }
    }
    mci_json_free(r.json);
    release_batches(&b);
}

static const struct {
    const char *run;
    double lr, clip, start; /* of logit_scale; NAN: the checkpoint's */
    size_t n_steps;
    double loss_tolerance;
} runs[] = {
    { "clip_norm_1", 5e-4, 1.0, NAN, STEPS, 1e-4 },
    { "logit_scale_start_4p70", 5e-4, 0.0, 4.70, 3, 5e-3 },
    { "lr_0p05_logit_scale_start_0p01", 0.05, 0.0, 0.01, 3, 5e-3 },
};

static void clipping_and_clamping_are_the_references(void **state)
{
    (void)state;
    skip_without_oracle();
    batches b = read_batches();
    reference r = read_reference();
    for (size_t run = 0; run < COUNT_OF(runs); run++) {
        print_message("  case: %s\n", runs[run].run);
        mci_trainer *trainer = new_trainer(mci_nn_backend_named("ref"), runs[run].lr,
                                           runs[run].clip, BATCH, false, false);
        if (!isnan(runs[run].start)) {
            const float start = (float)runs[run].start;
            mci_trainer_write(trainer, MCI_VALUES,
                              mci_params_place(mci_trainer_params(trainer), "logit_scale").value,
                              &start, 1);
        }
        for (size_t i = 0; i < runs[run].n_steps; i++) {
            const mci_step_facts facts = step(trainer, &b, i);
            print_message("    loss %.6f, %.6f wanted; scale %.6f, %.6f wanted\n", facts.loss,
                          number(&r, runs[run].run, "loss", i), facts.logit_scale,
                          number(&r, runs[run].run, "logit_scale_after", i));
            assert_true(fabs(facts.loss - number(&r, runs[run].run, "loss", i)) <=
                        runs[run].loss_tolerance);
            assert_true(fabs(facts.logit_scale -
                             number(&r, runs[run].run, "logit_scale_after", i)) <= 5e-3);
        }
        mci_trainer_free(trainer);
    }
    mci_json_free(r.json);
    release_batches(&b);
}

static void the_learning_rate_warms_up_and_falls(void **state)
{
    (void)state;
    skip_without_oracle();
    reference r = read_reference();
    const mci_schedule schedule = { 5e-4, 2, 10 };
    for (size_t i = 0; i < 10; i++)
        assert_true(fabs(mci_schedule_lr(&schedule, i) -
                         number(&r, "scheduler_lr_all_10_steps", NULL, i)) <= 1e-15);
    mci_json_free(r.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_learning_rate_warms_up_and_falls),
        cmocka_unit_test(losses_gradients_and_weights_are_the_references),
        cmocka_unit_test(clipping_and_clamping_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
