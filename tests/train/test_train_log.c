/* What a run says of itself. */
#include "train/train_log.h"

#include <math.h>

#include "io/json.h"
#include "scratch.h"

typedef struct {
    char lines[4][300];
    size_t n_lines, n_warnings;
    char warning[400];
} heard;

static void hear_line(void *user, const char *text)
{
    heard *h = user;
    snprintf(h->lines[h->n_lines++ % COUNT_OF(h->lines)], sizeof h->lines[0], "%s", text);
}

static void hear_warning(void *user, const char *text)
{
    heard *h = user;
    h->n_warnings++;
    snprintf(h->warning, sizeof h->warning, "%s", text);
}

static double log_of_batch(void)
{
    return log(8.0);
}

static const mci_step_facts facts = { .lr = 2e-4, .grad_norm = 0.5, .logit_scale = 2.0 };

/* A window of two steps of this loss. */
static void window_of(mci_train_log *log, uint64_t last_step, double loss)
{
    mc_error err = { 0 };
    mci_step_facts one = facts;
    for (int i = 0; i < 2; i++) {
        one.loss = loss + (i ? 0.25 : -0.25);
        mci_train_log_step(log, &one, 8, 3e9, 0.125, 0.5);
    }
    assert_ok(mci_train_log_end(log, last_step, &facts, 1, &err), err);
}

static double member(const char *line, const char *name)
{
    mci_json *json = NULL;
    mci_json_value root, value;
    double number = NAN;
    assert_int_equal(mci_json_new(&json, NULL), MC_OK);
    assert_int_equal(mci_json_parse(json, mc_str_of(line), &root, NULL, NULL), MC_OK);
    assert_true(mci_json_get(root, name, &value));
    mci_json_double(value, &number);
    mci_json_free(json);
    return number;
}

static void a_line_says_how_training_goes(void **state)
{
    scratch *s = *state;
    heard h = { 0 };
    mc_error err = { 0 };
    size_t len;
    const mc_hooks hooks = { .warn = hear_warning, .user = &h };
    mci_train_log log = { .n_all_steps = 40,
                          .batch = 8,
                          .product_rate = 12e9,
                          .line = hear_line,
                          .hooks = &hooks,
                          .user = &h };
    assert_ok(mci_train_log_open(&log, s->dir, 0, &err), err);
    window_of(&log, 2, 1.5);
    assert_string_equal(h.lines[0],
                        "step 2/40  loss 1.5000  lr 0.0002  scale 7.39  norm 0.5  16.0 samples/s  "
                        "data 25.0 %  matmul 50 %");
    char *line = test_read_file(scratch_path(s, "log.jsonl"), &len);
    const struct {
        const char *name;
        double want;
    } members[] = { { "step", 2 },          { "epoch", 1 },
                    { "seen", 16 },         { "loss", 1.5 },
                    { "lr", 2e-4 },         { "scale", exp(2.0) },
                    { "grad_norm", 0.5 },   { "samples_per_s", 16.0 },
                    { "data_share", 0.25 }, { "matmul_share", 0.5 } };
    for (size_t i = 0; i < COUNT_OF(members); i++)
        assert_true(fabs(member(line, members[i].name) - members[i].want) < 1e-6);
    free(line);

    /* A run that goes on from step 2 writes again what came behind it. */
    window_of(&log, 4, 1.25);
    assert_ok(mci_train_log_open(&log, s->dir, 2, &err), err);
    line = test_read_file(scratch_path(s, "log.jsonl"), &len);
    assert_true(strchr(line, '\n') == line + len - 1);
    assert_true(member(line, "step") == 2.0);
    free(line);
    log.product_rate = 0.0; /* not known */
    window_of(&log, 6, 1.0);
    assert_null(strstr(h.lines[2], "matmul"));
    line = test_read_file(scratch_path(s, "log.jsonl"), &len);
    assert_non_null(strstr(line, "\"matmul_share\":null"));
    free(line);
    assert_int_equal(h.n_warnings, 0);
}

static void a_loss_that_stays_at_guessing_is_told_once(void **state)
{
    (void)state;
    heard h = { 0 };
    const mc_hooks hooks = { .warn = hear_warning, .user = &h };
    mci_train_log log = { .n_all_steps = 100, .batch = 8, .warmup_steps = 20, .hooks = &hooks };
    uint64_t step = 0;
    while (step < 18) /* warming up, of which the second half counts */
        window_of(&log, step += 2, log_of_batch());
    assert_int_equal(h.n_warnings, 0);
    window_of(&log, step += 2, 1.9); /* it moved */
    for (int i = 0; i < 4; i++)
        window_of(&log, step += 2, log_of_batch() + 0.005);
    assert_int_equal(h.n_warnings, 0);
    window_of(&log, step += 2, log_of_batch());
    assert_int_equal(h.n_warnings, 1);
    assert_says(h.warning, "the loss stays at the logarithm of the batch");
    window_of(&log, step += 2, log_of_batch());
    assert_int_equal(h.n_warnings, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_says_how_training_goes, scratch_open, scratch_close),
        cmocka_unit_test(a_loss_that_stays_at_guessing_is_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
