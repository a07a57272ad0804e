/* Every gradient of the plain backend against finite differences of its forward. */
#include <math.h>

#include "nn/nn_train.h"

#include "test.h"

/* A function of one tensor and some parameters, whose gradient is looked at. */
typedef struct {
    const mci_nn_backend *backend;
    mci_nn_ctx *nn;
    mci_nn_tensor *x, *y, *z, *hidden, *dx, *dy;
    mci_nn_vector *values, *grads;
    mci_nn_weight *weight, *one_to_one; /* the latter gives its input */
    mci_nn_norm *norm;
    mci_nn_table *one, *two;
    mci_nn_activation f;
    bool flag;
    size_t R, K, N, n_values;
    const uint32_t *starts;
    const int32_t *ids;
} fixture;

typedef struct {
    const char *name;
    void (*forward)(fixture *t);
    void (*backward)(fixture *t);
    mci_nn_activation f;
    bool flag; /* transposed, or causal */
    bool by_values, by_x;
    size_t R, K, N, out_rows, out_cols, n_values;
} op_case;

static const uint32_t starts[] = { 0, 1, 5, 7 };
static const int32_t ids[] = { 2, 0, 3, 3, 1, 2, 2 };
static const uint32_t picked[] = { 0, 4, 6 }, only[] = { 0, 2, 1 };

static mci_nn_place place(size_t at)
{
    return mci_nn_same_place(at);
}

static void bind(fixture *t, const op_case *c)
{
    const mci_nn_training *training = t->backend->training;
    mc_error err = { 0 };
    assert_ok(training->weight_bind(MCI_NN_F32, t->values, place(0), c->flag, place(t->N * t->K),
                                    t->N, t->K, &t->weight, &err),
              err);
    float identity[12 * 12] = { 0 };
    for (size_t i = 0; i < t->K; i++)
        identity[i * t->K + i] = 1.0f;
    assert_ok(
        t->backend->weight_new(MCI_NN_F32, identity, false, NULL, t->K, t->K, &t->one_to_one, &err),
        err);
    assert_ok(training->norm_bind(place(0), place(t->K), 1e-5f, t->K, &t->norm, &err), err);
    assert_ok(training->table_bind(place(0), 4, t->K, &t->one, &err), err);
    assert_ok(training->table_bind(place(4 * t->K), 4, t->K, &t->two, &err), err);
}

static void linear_forward(fixture *t)
{
    t->backend->linear(t->nn, t->y, t->x, t->weight, MCI_NN_LINEAR, false);
}

static void linear_backward(fixture *t)
{
    t->backend->training->input_gradient(t->nn, t->dx, t->dy, t->weight);
    t->backend->training->weight_gradient(t->nn, t->dy, t->x, t->weight, t->grads);
}

/* y = f(x) W^T + b: the second half of an MLP, by what is before its activation. */
static void inner_forward(fixture *t)
{
    t->backend->write(t->nn, t->z, (const float[100]){ 0 }, t->R);
    t->backend->linear(t->nn, t->hidden, t->x, t->one_to_one, t->f, false);
    t->backend->training->linear_onto(t->nn, t->y, t->z, t->hidden, t->weight);
}

/* dx, and W by what f(x) was, computed anew. */
static void inner_backward(fixture *t)
{
    t->backend->training->inner_gradient(t->nn, t->dx, t->hidden, t->dy, t->x, t->weight, t->f);
    t->backend->training->weight_gradient(t->nn, t->dy, t->hidden, t->weight, t->grads);
}

static void norm_forward(fixture *t)
{
    t->backend->training->norm_refresh(t->nn, t->norm, t->values);
    t->backend->layernorm(t->nn, t->y, t->x, t->norm);
}

static void norm_backward(fixture *t)
{
    t->backend->training->layernorm_backward(t->nn, t->dx, NULL, NULL, t->dy, t->x, t->norm,
                                             t->grads, false);
}

static void attention_forward(fixture *t)
{
    t->backend->attention(t->nn, t->y, t->x, (mci_nn_sequences){ starts, 3 }, 2, t->flag, NULL);
}

static void attention_backward(fixture *t)
{
    t->backend->training->attention_backward(t->nn, t->dx, t->dy, t->x,
                                             (mci_nn_sequences){ starts, 3 }, 2, t->flag, NULL);
}

static void only_forward(fixture *t)
{
    t->backend->attention(t->nn, t->y, t->x, (mci_nn_sequences){ starts, 3 }, 2, t->flag, only);
}

static void only_backward(fixture *t)
{
    t->backend->training->attention_backward(t->nn, t->dx, t->dy, t->x,
                                             (mci_nn_sequences){ starts, 3 }, 2, t->flag, only);
}

static void embed_forward(fixture *t)
{
    t->backend->training->table_refresh(t->nn, t->one, t->values);
    t->backend->training->table_refresh(t->nn, t->two, t->values);
    t->backend->embed(t->nn, t->y, ids, (mci_nn_sequences){ starts, 3 }, t->one, t->two);
}

static void embed_backward(fixture *t)
{
    t->backend->training->embed_backward(t->nn, t->dy, ids, (mci_nn_sequences){ starts, 3 }, t->one,
                                         t->two, t->grads);
}

static void pick_forward(fixture *t)
{
    t->backend->pick(t->nn, t->y, t->x, picked, 3);
}

static void pick_backward(fixture *t)
{
    t->backend->training->pick_backward(t->nn, t->dx, t->dy, picked, 3, t->R);
}

/* `first` is a table of one row, `places` of four: two images of three patches. */
static void join_forward(fixture *t)
{
    t->backend->training->table_refresh(t->nn, t->one, t->values);
    t->backend->training->table_refresh(t->nn, t->two, t->values);
    t->backend->join_patches(t->nn, t->y, t->x, 2, t->one, t->two);
}

static void join_backward(fixture *t)
{
    t->backend->training->join_patches_backward(t->nn, t->dx, t->dy, 2, t->one, t->two, t->grads);
}

static const op_case cases[] = {
    { "linear", linear_forward, linear_backward, 0, false, true, true, 7, 5, 6, 7, 6, 36 },
    { "linear, transposed", linear_forward, linear_backward, 0, true, true, true, 7, 5, 6, 7, 6,
      36 },
    { "linear of gelu", inner_forward, inner_backward, MCI_NN_GELU, false, true, true, 7, 5, 6, 7,
      6, 36 },
    { "linear of quick gelu", inner_forward, inner_backward, MCI_NN_QUICK_GELU, true, true, true, 7,
      5, 6, 7, 6, 36 },
    { "layer norm", norm_forward, norm_backward, 0, false, true, true, 7, 6, 6, 7, 6, 12 },
    { "attention", attention_forward, attention_backward, 0, false, false, true, 7, 12, 4, 7, 4,
      0 },
    { "causal attention", attention_forward, attention_backward, 0, true, false, true, 7, 12, 4, 7,
      4, 0 },
    { "attention of one row", only_forward, only_backward, 0, false, false, true, 7, 12, 4, 3, 4,
      0 },
    { "causal attention of one row", only_forward, only_backward, 0, true, false, true, 7, 12, 4, 3,
      4, 0 },
    { "embed", embed_forward, embed_backward, 0, false, true, false, 7, 3, 3, 7, 3, 24 },
    { "pick", pick_forward, pick_backward, 0, false, false, true, 7, 3, 3, 3, 3, 0 },
    { "join patches", join_forward, join_backward, 0, false, true, true, 6, 3, 3, 8, 3, 24 },
};

static float random_value(test_random *random)
{
    return (float)test_below(random, 2001) / 1000.0f - 1.0f;
}

static void fill(test_random *random, float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = random_value(random);
}

static double weigh(fixture *t, const op_case *c, const float *weights)
{
    float *y = malloc(c->out_rows * c->out_cols * sizeof *y);
    double sum = 0.0;
    c->forward(t);
    t->backend->read(t->nn, t->y, y);
    for (size_t i = 0; i < c->out_rows * c->out_cols; i++)
        sum += (double)weights[i] * (double)y[i];
    free(y);
    return sum;
}

static void set_x(fixture *t, const float *x)
{
    t->backend->write(t->nn, t->x, x, t->R);
}

static void set_values(fixture *t, const float *values)
{
    t->backend->training->vector_write(t->nn, t->values, 0, values, t->n_values);
}

/* Moves each of n numbers up and down, and compares what that changes with the gradient. */
static void check(fixture *t, const op_case *c, float *at, size_t n,
                  void (*set)(fixture *, const float *), const float *gradient,
                  const float *weights)
{
    const float step = 1e-2f;
    for (size_t i = 0; i < n; i++) {
        const float was = at[i];
        at[i] = was + step;
        set(t, at);
        const double up = weigh(t, c, weights);
        at[i] = was - step;
        set(t, at);
        const double down = weigh(t, c, weights);
        at[i] = was;
        set(t, at);
        const double want = (up - down) / (2.0 * (double)step);
        if (fabs(want - (double)gradient[i]) > 2e-3 * (1.0 + fabs(want)))
            fail_msg("%s: place %zu: got %g, finite differences say %g", c->name, i,
                     (double)gradient[i], want);
    }
}

static void make_tensors(fixture *t, const op_case *c)
{
    mc_error err = { 0 };
    const bool qkv = c->forward == attention_forward || c->forward == only_forward;
    assert_ok(t->backend->ctx_new(MCI_NN_F32, 1, &t->nn, &err), err);
    assert_ok(t->backend->tensor_new(t->nn, qkv ? MCI_NN_QKV : MCI_NN_SUM, c->R, c->K, &t->x, &err),
              err);
    assert_ok(t->backend->tensor_new(t->nn, MCI_NN_SUM, c->out_rows, c->out_cols, &t->y, &err),
              err);
    assert_ok(t->backend->tensor_new(t->nn, MCI_NN_SUM, c->out_rows, c->out_cols, &t->dy, &err),
              err);
    assert_ok(t->backend->tensor_new(t->nn, MCI_NN_ROWS, c->R, c->K, &t->dx, &err), err);
    assert_ok(t->backend->tensor_new(t->nn, MCI_NN_SUM, c->R, c->out_cols, &t->z, &err), err);
    assert_ok(t->backend->tensor_new(t->nn, MCI_NN_INPUT, c->R, c->K, &t->hidden, &err), err);
    assert_ok(t->backend->training->vector_new(t->nn, 100, &t->values, &err), err);
    assert_ok(t->backend->training->vector_new(t->nn, 100, &t->grads, &err), err);
}

static void release(fixture *t)
{
    t->backend->weight_free(t->weight);
    t->backend->weight_free(t->one_to_one);
    t->backend->norm_free(t->norm);
    t->backend->table_free(t->one);
    t->backend->table_free(t->two);
    t->backend->tensor_free(t->nn, t->x);
    t->backend->tensor_free(t->nn, t->y);
    t->backend->tensor_free(t->nn, t->z);
    t->backend->tensor_free(t->nn, t->hidden);
    t->backend->tensor_free(t->nn, t->dx);
    t->backend->tensor_free(t->nn, t->dy);
    t->backend->training->vector_free(t->nn, t->values);
    t->backend->training->vector_free(t->nn, t->grads);
    t->backend->ctx_free(t->nn);
}

static void run_case(const op_case *c)
{
    test_random random = { 3 };
    float x[100], values[100], weights[100], dx[100], dvalues[100];
    fixture t = { .backend = mci_nn_backend_named("ref"),
                  .f = c->f,
                  .flag = c->flag,
                  .R = c->R,
                  .K = c->K,
                  .N = c->N,
                  .n_values = c->n_values };
    print_message("  case: %s\n", c->name);
    make_tensors(&t, c);
    bind(&t, c);
    fill(&random, x, c->R * c->K);
    fill(&random, values, COUNT_OF(values));
    fill(&random, weights, c->out_rows * c->out_cols);
    set_x(&t, x);
    set_values(&t, values);
    c->forward(&t);
    t.backend->write(t.nn, t.dy, weights, c->out_rows);
    c->backward(&t);
    if (c->by_x) {
        t.backend->read(t.nn, t.dx, dx);
        check(&t, c, x, c->R * c->K, set_x, dx, weights);
    }
    if (c->by_values) {
        t.backend->training->vector_read(t.nn, t.grads, 0, dvalues, c->n_values);
        check(&t, c, values, c->n_values, set_values, dvalues, weights);
    }
    release(&t);
}

static void gradients_are_what_finite_differences_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        run_case(&cases[i]);
}

/* A second backward adds to the first: so micro-batches accumulate. */
static void gradients_of_parameters_add_up(void **state)
{
    (void)state;
    test_random random = { 9 };
    const op_case *c = &cases[0];
    float x[100], weights[100], once[100], twice[100];
    fixture t = {
        .backend = mci_nn_backend_named("ref"), .R = c->R, .K = c->K, .N = c->N, .n_values = 36
    };
    make_tensors(&t, c);
    bind(&t, c);
    fill(&random, x, COUNT_OF(x));
    fill(&random, weights, COUNT_OF(weights));
    set_x(&t, x);
    set_values(&t, weights);
    c->forward(&t);
    t.backend->write(t.nn, t.dy, weights, c->out_rows);
    c->backward(&t);
    t.backend->training->vector_read(t.nn, t.grads, 0, once, 36);
    c->backward(&t);
    t.backend->training->vector_read(t.nn, t.grads, 0, twice, 36);
    for (size_t i = 0; i < 36; i++)
        assert_true(twice[i] == 2.0f * once[i]);
    release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_what_finite_differences_say),
        cmocka_unit_test(gradients_of_parameters_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
