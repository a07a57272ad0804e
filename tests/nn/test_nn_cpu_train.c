/* Every operation of training on the CPU against the plain backend's, at each level that this
 * processor has, in both precisions, on shapes that fit nothing; and that no bit of a gradient
 * depends on the number of threads. */
#include "nn/two_backends.h"

/* ---- linear ---- */

typedef struct {
    size_t R, N, K;
    bool transposed, has_bias;
} linear_case;

static void check_linear(pair *p, linear_case c)
{
    const size_t n = c.N * c.K;
    const mci_nn_place at_bias = c.has_bias ? place(n) : mci_nn_nowhere();
    float *x = exact_floats(p, c.R * c.K, 2.0f);
    float *dy = exact_floats(p, c.R * c.N, 1.0f);
    mci_nn_tensor *tx[2], *tdy[2], *dx[2], *ty[2];
    set_vectors(p);
    make_tensors(p, tx, MCI_NN_INPUT, x, c.R, c.K);
    make_tensors(p, tdy, MCI_NN_ROWS, dy, c.R, c.N);
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        mci_nn_weight *weight = NULL;
        mc_error err = { 0 };
        dx[i] = tensor(s, MCI_NN_ROWS, c.R, c.K);
        ty[i] = tensor(s, MCI_NN_ROWS, c.R, c.N);
        assert_ok(s->t->weight_bind(p->precision, s->values, place(0), c.transposed, at_bias, c.N,
                                    c.K, &weight, &err),
                  err);
        s->b->linear(s->ctx, ty[i], tx[i], weight, MCI_NN_LINEAR, false);
        s->t->input_gradient(s->ctx, dx[i], tdy[i], weight);
        s->t->weight_gradient(s->ctx, tdy[i], tx[i], weight, s->grads);
        s->t->weight_gradient(s->ctx, tdy[i], tx[i], weight, s->grads);
        s->b->weight_free(weight);
    }
    compare_tensors(p, ty, c.R, c.N, tolerance(p, 2e-6, 4e-3), "linear, bound");
    compare_tensors(p, dx, c.R, c.K, tolerance(p, 2e-6, 4e-3), "dx");
    compare_grads(p, n + (c.has_bias ? c.N : 0), 2e-6, "dW, db");
    free_tensors(p, tx), free_tensors(p, tdy), free_tensors(p, dx), free_tensors(p, ty);
    free(x), free(dy);
}

static void linears(pair *p)
{
    static const linear_case fixed[] = {
        { 64, 96, 64, false, true }, { 64, 64, 96, true, false },   { 4200, 5, 7, false, true },
        { 1, 1, 1, false, true },    { 333, 160, 130, true, true }, { 257, 33, 320, false, true },
    };
    for (size_t i = 0; i < COUNT_OF(fixed); i++)
        check_linear(p, fixed[i]);
    for (int i = 0; i < 12; i++)
        check_linear(p,
                     (linear_case){ 1 + test_below(p->random, 150), 1 + test_below(p->random, 110),
                                    1 + test_below(p->random, 110), test_below(p->random, 2),
                                    test_below(p->random, 2) });
}

static void linear_backward_is_the_plain_one(void **state)
{
    (void)state;
    with_every_level(linears);
}

/* ---- linear with what is kept, and what is not ---- */

static mci_nn_weight *bind_weight(pair *p, side *s, size_t N, size_t K)
{
    mci_nn_weight *weight = NULL;
    mc_error err = { 0 };
    assert_ok(s->t->weight_bind(p->precision, s->values, place(0), false, place(N * K), N, K,
                                &weight, &err),
              err);
    return weight;
}

static void check_forward(pair *p, mci_nn_activation f, size_t R, size_t N, size_t K)
{
    float *x = exact_floats(p, R * K, 2.0f), *base = random_floats(p->random, R * N, 1.0f);
    mci_nn_tensor *tx[2], *tbase[2], *onto[2], *kept[2], *active[2];
    set_vectors(p);
    make_tensors(p, tx, MCI_NN_INPUT, x, R, K);
    make_tensors(p, tbase, MCI_NN_SUM, base, R, N);
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        mci_nn_weight *weight = bind_weight(p, s, N, K);
        onto[i] = tensor(s, MCI_NN_SUM, R, N);
        kept[i] = tensor(s, MCI_NN_ROWS, R, N);
        active[i] = tensor(s, MCI_NN_INPUT, R, N);
        s->t->linear_onto(s->ctx, onto[i], tbase[i], tx[i], weight);
        s->t->linear_kept(s->ctx, active[i], kept[i], tx[i], weight, f);
        s->b->weight_free(weight);
    }
    compare_tensors(p, onto, R, N, 2e-6, "linear onto");
    compare_tensors(p, kept, R, N, tolerance(p, 2e-6, 4e-3), "linear kept");
    compare_tensors(p, active, R, N, tolerance(p, 2e-6, 6e-3), "linear kept, activated");
    free_tensors(p, tx), free_tensors(p, tbase), free_tensors(p, onto);
    free_tensors(p, kept), free_tensors(p, active);
    free(x), free(base);
}

static void check_inner(pair *p, mci_nn_activation f, bool in_place, size_t R, size_t N, size_t K)
{
    float *z = exact_floats(p, R * K, 6.0f), *dy = exact_floats(p, R * N, 1.0f);
    mci_nn_tensor *tz[2], *tdy[2], *dz[2], *x[2];
    z[0] = -100.0f, z[R * K - 1] = 100.0f; /* far out, slopes are 0 and 1 */
    set_vectors(p);
    make_tensors(p, tz, MCI_NN_ROWS, z, R, K);
    make_tensors(p, tdy, MCI_NN_ROWS, dy, R, N);
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        mci_nn_weight *weight = bind_weight(p, s, N, K);
        dz[i] = in_place ? tz[i] : tensor(s, MCI_NN_ROWS, R, K);
        x[i] = tensor(s, MCI_NN_INPUT, R, K);
        s->t->inner_gradient(s->ctx, dz[i], x[i], tdy[i], tz[i], weight, f);
        s->b->weight_free(weight);
    }
    compare_tensors(p, dz, R, K, tolerance(p, 2e-6, 6e-3), "inner gradient");
    compare_tensors(p, x, R, K, tolerance(p, 1e-6, 4e-3), "activated anew");
    free_tensors(p, tz), free_tensors(p, tdy), free_tensors(p, x);
    if (!in_place)
        free_tensors(p, dz);
    free(z), free(dy);
}

static void activations(pair *p)
{
    static const size_t shapes[][3] = {
        { 37, 45, 33 }, { 64, 96, 64 }, { 2, 1, 1 }, { 70, 20, 300 }
    };
    for (mci_nn_activation f = MCI_NN_LINEAR; f <= MCI_NN_QUICK_GELU; f++)
        for (size_t i = 0; i < COUNT_OF(shapes); i++) {
            check_forward(p, f, shapes[i][0], shapes[i][1], shapes[i][2]);
            check_inner(p, f, false, shapes[i][0], shapes[i][1], shapes[i][2]);
            check_inner(p, f, true, shapes[i][0], shapes[i][1], shapes[i][2]);
        }
}

/* What was there before in another shape must not be met. */
static void reshaped(pair *p)
{
    static const size_t shapes[][2] = { { 50, 100 }, { 20, 33 }, { 64, 64 }, { 7, 130 } };
    mci_nn_tensor *x[2];
    float *first = random_floats(p->random, 64 * 130, 1.0f);
    make_tensors(p, x, MCI_NN_INPUT, first, 64, 130);
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        const size_t R = shapes[i][0], K = shapes[i][1], N = 40;
        float *rows = exact_floats(p, R * K, 1.0f);
        mci_nn_tensor *y[2];
        set_vectors(p);
        for (size_t j = 0; j < 2; j++) {
            side *s = &p->sides[j];
            mci_nn_weight *weight = bind_weight(p, s, N, K);
            y[j] = tensor(s, MCI_NN_SUM, R, N);
            assert_true(s->b->tensor_reshape(s->ctx, x[j], R, K));
            s->b->write(s->ctx, x[j], rows, R);
            s->b->linear(s->ctx, y[j], x[j], weight, MCI_NN_LINEAR, false);
            s->b->weight_free(weight);
            assert_false(s->b->tensor_reshape(s->ctx, x[j], 64, 1300));
        }
        compare_tensors(p, y, R, N, 2e-6, "linear of what has another shape");
        free_tensors(p, y);
        free(rows);
    }
    free_tensors(p, x);
    free(first);
}

static void a_tensor_in_another_shape_is_as_a_new_one(void **state)
{
    (void)state;
    with_every_level(reshaped);
}

static void activations_on_the_way_are_the_plain_ones(void **state)
{
    (void)state;
    with_every_level(activations);
}

/* ---- norm ---- */

static void check_norm(pair *p, size_t R, size_t K, bool add, bool sum)
{
    float *x = random_floats(p->random, R * K, 3.0f),
          *before = random_floats(p->random, R * K, 1.0f);
    float *dy = sum ? random_floats(p->random, R * K, 1.0f) : exact_floats(p, R * K, 1.0f);
    mci_nn_tensor *tx[2], *tdy[2], *dx[2], *rows[2], *y[2];
    set_vectors(p);
    make_tensors(p, tx, MCI_NN_SUM, x, R, K);
    make_tensors(p, tdy, sum ? MCI_NN_SUM : MCI_NN_ROWS, dy, R, K);
    make_tensors(p, dx, MCI_NN_SUM, before, R, K);
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        mci_nn_norm *norm = NULL;
        mc_error err = { 0 };
        assert_ok(s->t->norm_bind(place(0), place(K), 1e-5f, K, &norm, &err), err);
        s->t->norm_refresh(s->ctx, norm, s->values);
        rows[i] = tensor(s, MCI_NN_ROWS, R, K);
        y[i] = tensor(s, MCI_NN_INPUT, R, K);
        s->t->layernorm_backward(s->ctx, dx[i], rows[i], y[i], tdy[i], tx[i], norm, s->grads, add);
        if (sum) /* a gradient may become its own successor */
            s->t->layernorm_backward(s->ctx, tdy[i], NULL, NULL, tdy[i], tx[i], norm, s->grads,
                                     false);
        s->b->norm_free(norm);
    }
    compare_tensors(p, dx, R, K, 1e-5, "norm backward");
    compare_tensors(p, rows, R, K, tolerance(p, 1e-5, 4e-3), "norm backward, as rows");
    compare_tensors(p, y, R, K, tolerance(p, 1e-5, 4e-3), "norm anew");
    if (sum)
        compare_tensors(p, tdy, R, K, 1e-5, "norm backward in place");
    compare_grads(p, 2 * K, 5e-6, "dgamma, dbeta");
    free_tensors(p, tx), free_tensors(p, tdy), free_tensors(p, dx);
    free_tensors(p, rows), free_tensors(p, y);
    free(x), free(before), free(dy);
}

static void norms(pair *p)
{
    check_norm(p, 1, 7, false, true);
    check_norm(p, 100, 33, true, false);
    check_norm(p, 33, 64, false, false);
    check_norm(p, 70, 100, true, true);
    check_norm(p, 300, 768, true, false);
}

static void norm_backward_is_the_plain_one(void **state)
{
    (void)state;
    with_every_level(norms);
}

/* ---- attention ---- */

static void check_attention(pair *p, const uint32_t *starts, size_t n, size_t heads, size_t D,
                            bool causal, const uint32_t *only)
{
    const size_t R = starts[n], K = heads * D, n_dy = only ? n : R;
    float *qkv = exact_floats(p, R * 3 * K, 2.0f), *dy = exact_floats(p, n_dy * K, 1.0f);
    mci_nn_tensor *tx[2], *tdy[2], *dx[2];
    make_tensors(p, tx, MCI_NN_QKV, qkv, R, 3 * K);
    make_tensors(p, tdy, MCI_NN_ROWS, dy, n_dy, K);
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        dx[i] = tensor_of(s, MCI_NN_ROWS, qkv, R, 3 * K); /* what was there is gone */
        s->t->attention_backward(s->ctx, dx[i], tdy[i], tx[i], (mci_nn_sequences){ starts, n },
                                 heads, causal, only);
    }
    compare_tensors(p, dx, R, 3 * K, tolerance(p, 5e-6, 8e-3), "attention backward");
    free_tensors(p, tx), free_tensors(p, tdy), free_tensors(p, dx);
    free(qkv), free(dy);
}

static void attentions(pair *p)
{
    static const uint32_t mixed[] = { 0, 1, 4, 54, 131, 147, 180 }, one[] = { 0, 200 };
    static const uint32_t last[] = { 0, 2, 49, 76, 15, 32 }, some[] = { 0, 1, 0, 40, 7, 31 };
    static const size_t depths[] = { 64, 32, 5, 12, 24, 80, 1, 45 };
    for (size_t i = 0; i < COUNT_OF(depths); i++)
        for (int causal = 0; causal < 2; causal++)
            for (int only = 0; only < 3; only++)
                check_attention(p, mixed, 6, 1 + i % 3, depths[i], causal,
                                only == 0   ? NULL
                                : only == 1 ? last
                                            : some);
    check_attention(p, one, 1, 2, 64, false, NULL);
    check_attention(p, one, 1, 2, 64, false, &(uint32_t){ 150 });
}

static void attention_backward_is_the_plain_one(void **state)
{
    (void)state;
    with_every_level(attentions);
}

/* ---- rows ---- */

static void check_embed(pair *p, size_t K)
{
    enum { WORDS = 11, PLACES = 9 };
    static const uint32_t starts[] = { 0, 1, 10, 12, 20 };
    int32_t ids[20];
    float *dy = random_floats(p->random, 20 * K, 1.0f);
    mci_nn_tensor *tdy[2], *ty[2];
    for (size_t i = 0; i < 20; i++)
        ids[i] = (int32_t)test_below(p->random, WORDS);
    set_vectors(p);
    make_tensors(p, tdy, MCI_NN_SUM, dy, 20, K);
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        const mci_nn_sequences all = { starts, 4 };
        mci_nn_table *words = NULL, *places = NULL;
        mc_error err = { 0 };
        assert_ok(s->t->table_bind(place(0), WORDS, K, &words, &err), err);
        assert_ok(s->t->table_bind(place(WORDS * K), PLACES, K, &places, &err), err);
        s->t->table_refresh(s->ctx, words, s->values);
        s->t->table_refresh(s->ctx, places, s->values);
        ty[i] = tensor(s, MCI_NN_SUM, 20, K);
        s->b->embed(s->ctx, ty[i], ids, all, words, places);
        s->t->embed_backward(s->ctx, tdy[i], ids, all, words, places, s->grads);
        s->b->table_free(words);
        s->b->table_free(places);
    }
    compare_tensors(p, ty, 20, K, 1e-7, "embed, bound");
    compare_grads(p, (WORDS + PLACES) * K, 1e-6, "embed backward");
    free_tensors(p, tdy), free_tensors(p, ty);
    free(dy);
}

/* A step is what the gradient and a step are. */
static void check_embed_step(pair *p, size_t K)
{
    enum { WORDS = 70, PLACES = 9 };
    static const uint32_t starts[] = { 0, 1, 10, 12, 20 };
    static const mci_nn_adamw how = { .lr = 1e-2,
                                      .beta1 = 0.9,
                                      .beta2 = 0.98,
                                      .eps = 1e-6,
                                      .decay = 0.2,
                                      .grad_scale = 1.0,
                                      .step = 1 };
    const mci_nn_sequences all = { starts, 4 };
    const size_t n_words = WORDS * K;
    int32_t ids[20];
    float *dy = random_floats(p->random, 20 * K, 1.0f);
    float *moments = random_floats(p->random, N_VALUES, 0.1f);
    for (size_t i = 0; i < N_VALUES; i++)
        moments[i] = fabsf(moments[i]);
    for (size_t i = 0; i < 20; i++)
        ids[i] = (int32_t)test_below(p->random, 11) * 6;
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        float *got[2];
        double squares[2];
        mci_nn_tensor *tdy = tensor_of(s, MCI_NN_SUM, dy, 20, K);
        for (int at_once = 0; at_once < 2; at_once++) {
            mci_nn_table *words = NULL, *places = NULL;
            mci_nn_vector *m = NULL, *v = NULL;
            mc_error err = { 0 };
            const mci_nn_place at = { 3, at_once ? SIZE_MAX : 0 };
            assert_ok(s->t->table_bind(at, WORDS, K, &words, &err), err);
            assert_ok(s->t->table_bind(place(n_words), PLACES, K, &places, &err), err);
            assert_ok(s->t->vector_new(s->ctx, N_VALUES, &m, &err), err);
            assert_ok(s->t->vector_new(s->ctx, N_VALUES, &v, &err), err);
            s->t->vector_write(s->ctx, s->values, 0, moments, N_VALUES);
            s->t->vector_write(s->ctx, m, 0, moments, N_VALUES);
            s->t->vector_write(s->ctx, v, 0, moments, N_VALUES);
            s->t->vector_zero(s->ctx, s->grads, 0, N_VALUES);
            if (at_once) {
                squares[1] = s->t->embed_step(s->ctx, tdy, ids, all, words, places, s->grads,
                                              s->values, m, v, how);
            } else {
                s->t->embed_backward(s->ctx, tdy, ids, all, words, places, s->grads);
                squares[0] = s->t->vector_square(s->ctx, s->grads, 0, n_words);
                s->t->adamw(s->ctx, s->values, s->grads, m, v, at, n_words, how);
            }
            got[at_once] = malloc((3 * N_VALUES + PLACES * K) * sizeof(float));
            s->t->vector_read(s->ctx, s->values, 0, got[at_once], N_VALUES);
            s->t->vector_read(s->ctx, m, 0, got[at_once] + N_VALUES, N_VALUES);
            s->t->vector_read(s->ctx, v, 0, got[at_once] + 2 * N_VALUES, N_VALUES);
            s->t->vector_read(s->ctx, s->grads, n_words, got[at_once] + 3 * N_VALUES, PLACES * K);
            s->b->table_free(words);
            s->b->table_free(places);
            s->t->vector_free(s->ctx, m);
            s->t->vector_free(s->ctx, v);
        }
        assert_memory_equal(got[0], got[1], (3 * N_VALUES + PLACES * K) * sizeof(float));
        assert_true(fabs(squares[0] - squares[1]) <= 1e-6 * squares[0]);
        free(got[0]), free(got[1]);
        s->b->tensor_free(s->ctx, tdy);
    }
    free(dy), free(moments);
}

static void check_join(pair *p, size_t K)
{
    enum { N = 6, T = 10 };
    float *dy = random_floats(p->random, N * T * K, 1.0f);
    mci_nn_tensor *tdy[2], *dx[2];
    set_vectors(p);
    make_tensors(p, tdy, MCI_NN_SUM, dy, N * T, K);
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        mci_nn_table *first = NULL, *places = NULL;
        mc_error err = { 0 };
        assert_ok(s->t->table_bind(place(0), 1, K, &first, &err), err);
        assert_ok(s->t->table_bind(place(K), T, K, &places, &err), err);
        dx[i] = tensor(s, MCI_NN_ROWS, N * (T - 1), K);
        s->t->join_patches_backward(s->ctx, dx[i], tdy[i], N, first, places, s->grads);
        s->b->table_free(first);
        s->b->table_free(places);
    }
    compare_tensors(p, dx, N * (T - 1), K, tolerance(p, 0.0, 4e-3), "join backward");
    compare_grads(p, (T + 1) * K, 1e-6, "places");
    free_tensors(p, tdy), free_tensors(p, dx);
    free(dy);
}

static void check_pick(pair *p, size_t K)
{
    static const uint32_t rows[] = { 0, 13, 69 };
    float *dy = random_floats(p->random, 3 * K, 1.0f);
    mci_nn_tensor *tdy[2], *dx[2];
    make_tensors(p, tdy, MCI_NN_SUM, dy, 3, K);
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        dx[i] = tensor(s, MCI_NN_SUM, 70, K);
        s->t->pick_backward(s->ctx, dx[i], tdy[i], rows, 3, 70);
    }
    compare_tensors(p, dx, 70, K, 0.0, "pick backward");
    free_tensors(p, tdy), free_tensors(p, dx);
    free(dy);
}

static void row_movers(pair *p)
{
    static const size_t widths[] = { 1, 31, 64, 100 };
    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        check_embed(p, widths[i]);
        check_embed_step(p, widths[i]);
        check_join(p, widths[i]);
        check_pick(p, widths[i]);
    }
}

static void rows_go_back_to_where_they_came_from(void **state)
{
    (void)state;
    with_every_level(row_movers);
}

/* ---- vectors ---- */

static void steps(pair *p)
{
    enum { AT = 3, N = N_VALUES - 20 };
    const float *host;
    float *got[2], *squares = random_floats(p->random, N_VALUES, 1.0f);
    set_vectors(p);
    for (size_t i = 0; i < 2; i++) {
        side *s = &p->sides[i];
        mci_nn_vector *m = NULL, *v = NULL;
        mc_error err = { 0 };
        mci_nn_adamw how = {
            .lr = 1e-2, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-6, .decay = 0.2, .grad_scale = 0.5
        };
        assert_ok(s->t->vector_new(s->ctx, N_VALUES, &m, &err), err);
        assert_ok(s->t->vector_new(s->ctx, N_VALUES, &v, &err), err);
        for (how.step = 1; how.step <= 3; how.step++)
            s->t->adamw(s->ctx, s->values, s->grads, m, v, (mci_nn_place){ AT, AT + 7 }, N, how);
        got[i] = malloc(3 * N_VALUES * sizeof *got[i]);
        s->t->vector_read(s->ctx, s->values, 0, got[i], N_VALUES);
        s->t->vector_read(s->ctx, m, 0, got[i] + N_VALUES, N_VALUES);
        s->t->vector_read(s->ctx, v, 0, got[i] + 2 * N_VALUES, N_VALUES);
        host = s->t->vector_host(s->values);
        assert_memory_equal(host, got[i], N_VALUES * sizeof *host);
        s->t->vector_write(s->ctx, s->grads, 0, squares, N_VALUES);
        s->t->vector_free(s->ctx, m);
        s->t->vector_free(s->ctx, v);
    }
    compare(got[0], got[1], 3 * N_VALUES, 1e-6, "AdamW");
    const double square =
        p->sides[0].t->vector_square(p->sides[0].ctx, p->sides[0].grads, 0, N_VALUES);
    const double want =
        p->sides[1].t->vector_square(p->sides[1].ctx, p->sides[1].grads, 0, N_VALUES);
    assert_true(fabs(square - want) <= 1e-6 * want);
    p->sides[0].t->vector_zero(p->sides[0].ctx, p->sides[0].grads, 0, N_VALUES);
    assert_true(p->sides[0].t->vector_square(p->sides[0].ctx, p->sides[0].grads, 0, N_VALUES) ==
                0.0);
    free(got[0]), free(got[1]), free(squares);
}

static void adamw_steps_are_the_plain_ones(void **state)
{
    (void)state;
    with_every_level(steps);
}

/* ---- threads ---- */

/* All that sums over rows, with so many threads. The caller frees. */
static float *gradients_with(const mci_nn_backend *b, mci_nn_precision precision,
                             unsigned n_threads, double *square)
{
    enum { R = 700, K = 96, N = 160 };
    static const uint32_t starts[] = { 0, 77, 100, 350, 700 };
    test_random random = { 8 };
    side s = new_side(b, precision, n_threads);
    mci_nn_weight *weight = NULL;
    mci_nn_norm *norm = NULL;
    mci_nn_table *words = NULL;
    mc_error err = { 0 };
    int32_t ids[R];
    for (size_t i = 0; i < R; i++)
        ids[i] = (int32_t)test_below(&random, 5);
    float *rows = random_floats(&random, R * 3 * K, 1.0f); /* more than there are values */
    mci_nn_tensor *x = tensor_of(&s, MCI_NN_INPUT, rows, R, K);
    mci_nn_tensor *dy = tensor_of(&s, MCI_NN_ROWS, rows, R, N), *dx = tensor(&s, MCI_NN_ROWS, R, K);
    mci_nn_tensor *sum = tensor_of(&s, MCI_NN_SUM, rows, R, K);
    mci_nn_tensor *qkv = tensor_of(&s, MCI_NN_QKV, rows, R, 3 * K);
    mci_nn_tensor *dqkv = tensor(&s, MCI_NN_ROWS, R, 3 * K);
    assert_ok(
        s.t->weight_bind(precision, s.values, place(0), false, place(N * K), N, K, &weight, &err),
        err);
    assert_ok(s.t->norm_bind(place(20000), place(21000), 1e-5f, K, &norm, &err), err);
    assert_ok(s.t->table_bind(place(25000), 350, K, &words, &err), err);
    s.t->vector_write(s.ctx, s.values, 0, rows, N_VALUES);
    s.t->norm_refresh(s.ctx, norm, s.values);
    s.t->input_gradient(s.ctx, dx, dy, weight);
    s.t->weight_gradient(s.ctx, dy, x, weight, s.grads);
    s.t->attention_backward(s.ctx, dqkv, dx, qkv, (mci_nn_sequences){ starts, 4 }, 3, true, NULL);
    s.t->layernorm_backward(s.ctx, sum, NULL, NULL, dx, sum, norm, s.grads, true);
    s.t->embed_backward(s.ctx, sum, ids, (mci_nn_sequences){ starts, 4 }, words, words, s.grads);
    float *got = malloc((N_VALUES + R * 3 * K) * sizeof *got);
    *square = s.t->vector_square(s.ctx, s.grads, 0, N_VALUES);
    s.t->vector_read(s.ctx, s.grads, 0, got, N_VALUES);
    s.b->read(s.ctx, dqkv, got + N_VALUES);
    mci_nn_tensor *const tensors[] = { x, dy, dx, sum, qkv, dqkv };
    for (size_t i = 0; i < COUNT_OF(tensors); i++)
        b->tensor_free(s.ctx, tensors[i]);
    b->weight_free(weight);
    b->norm_free(norm);
    b->table_free(words);
    free_side(&s);
    free(rows);
    return got;
}

static void gradients_are_the_same_bits_for_any_threads(void **state)
{
    (void)state;
    for (mci_cpu_level level = MCI_CPU_PLAIN; level <= MCI_CPU_AMX; level++)
        for (mci_nn_precision precision = MCI_NN_F32; precision <= MCI_NN_BF16; precision++) {
            const mci_nn_backend *b = mci_nn_cpu_at(level);
            if (!b->usable(precision, NULL))
                continue;
            double one_square, square;
            float *one = gradients_with(b, precision, 1, &one_square);
            for (unsigned n_threads = 2; n_threads <= 5; n_threads++) {
                float *many = gradients_with(b, precision, n_threads, &square);
                assert_memory_equal(one, many, (N_VALUES + 700 * 288) * sizeof *one);
                assert_true(square == one_square);
                free(many);
            }
            free(one);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_backward_is_the_plain_one),
        cmocka_unit_test(activations_on_the_way_are_the_plain_ones),
        cmocka_unit_test(a_tensor_in_another_shape_is_as_a_new_one),
        cmocka_unit_test(norm_backward_is_the_plain_one),
        cmocka_unit_test(attention_backward_is_the_plain_one),
        cmocka_unit_test(rows_go_back_to_where_they_came_from),
        cmocka_unit_test(adamw_steps_are_the_plain_ones),
        cmocka_unit_test(gradients_are_the_same_bits_for_any_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
