/* The CPU backend at each level beside the plain one: objects with the same values on both sides,
 * and how what they give is compared. */
#ifndef METACLIP_TESTS_TWO_BACKENDS_H
#define METACLIP_TESTS_TWO_BACKENDS_H

#include <math.h>

#include "base/dtype.h"
#include "nn/cpu_internal.h"
#include "nn/nn_train.h"
#include "nn/ref_backend.h"

#include "test.h"

/* ---- two backends side by side ---- */

/* One of them: its objects, with the same values as the other's. */
typedef struct {
    const mci_nn_backend *b;
    const mci_nn_training *t;
    mci_nn_ctx *ctx;
    mci_nn_vector *values, *grads;
} side;

typedef struct {
    side sides[2]; /* what is tested, and the plain one */
    mci_nn_precision precision;
    test_random *random;
} pair;

enum { N_VALUES = 60000 };

static mci_nn_place place(size_t at)
{
    return mci_nn_same_place(at);
}

static float uniform(test_random *random)
{
    return (float)((double)(test_next(random) >> 11) * 0x1p-52 - 1.0);
}

static float *random_floats(test_random *random, size_t n, float scale)
{
    float *values = malloc((n + 1) * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = scale * uniform(random);
    return values;
}

/* What both make the same of: so that rounding at the way in is no difference. */
static float *exact_floats(pair *p, size_t n, float scale)
{
    float *values = random_floats(p->random, n, scale);
    for (size_t i = 0; i < n && p->precision == MCI_NN_BF16; i++)
        values[i] = mci_f32_of_bf16(mci_bf16_of(values[i]));
    return values;
}

static side new_side(const mci_nn_backend *b, mci_nn_precision precision, unsigned n_threads)
{
    side s = { .b = b, .t = b->training };
    mc_error err = { 0 };
    assert_non_null(s.t);
    assert_ok(b->ctx_new(precision, n_threads, &s.ctx, &err), err);
    assert_ok(s.t->vector_new(s.ctx, N_VALUES, &s.values, &err), err);
    assert_ok(s.t->vector_new(s.ctx, N_VALUES, &s.grads, &err), err);
    return s;
}

static void free_side(side *s)
{
    mc_error err = { 0 };
    assert_ok(s->b->finish(s->ctx, &err), err);
    s->t->vector_free(s->ctx, s->values);
    s->t->vector_free(s->ctx, s->grads);
    s->b->ctx_free(s->ctx);
}

typedef void pair_test(pair *p);

static void with_every_level(pair_test *test)
{
    for (mci_cpu_level level = MCI_CPU_PLAIN; level <= MCI_CPU_AMX; level++)
        for (mci_nn_precision precision = MCI_NN_F32; precision <= MCI_NN_BF16; precision++) {
            const mci_nn_backend *b = mci_nn_cpu_at(level);
            const char *how = NULL;
            if (!b->usable(precision, &how)) {
                print_message("  not here: %s\n", b->name);
                continue;
            }
            print_message("  %s: %s\n", b->name, how);
            test_random random = { 4 };
            pair p = { .precision = precision, .random = &random };
            p.sides[0] = new_side(b, precision, 2);
            p.sides[1] = new_side(&mci_nn_ref, precision, 1);
            test(&p);
            free_side(&p.sides[0]);
            free_side(&p.sides[1]);
        }
}

/* Values and gradients that are there already, the same on both sides. */
static void set_vectors(pair *p)
{
    float *values = random_floats(p->random, N_VALUES, 1.0f);
    for (size_t i = 0; i < 2; i++) {
        p->sides[i].t->vector_write(p->sides[i].ctx, p->sides[i].values, 0, values, N_VALUES);
        p->sides[i].t->vector_write(p->sides[i].ctx, p->sides[i].grads, 0, values, N_VALUES);
    }
    free(values);
}

static mci_nn_tensor *tensor(side *s, mci_nn_use use, size_t R, size_t K)
{
    mci_nn_tensor *t = NULL;
    mc_error err = { 0 };
    assert_ok(s->b->tensor_new(s->ctx, use, R, K, &t, &err), err);
    return t;
}

/* More rows once were there than are now: they must not be met. */
static mci_nn_tensor *tensor_of(side *s, mci_nn_use use, const float *rows, size_t R, size_t K)
{
    mci_nn_tensor *t = tensor(s, use, R + 5, K);
    float *before = malloc((R + 5) * K * sizeof *before);
    for (size_t i = 0; i < (R + 5) * K; i++)
        before[i] = NAN;
    s->b->write(s->ctx, t, before, R + 5);
    s->b->write(s->ctx, t, rows, R);
    free(before);
    return t;
}

/* ---- comparing ---- */

/* By length, and each value by the size of the largest. */
static void compare(const float *got, const float *want, size_t n, double tolerance,
                    const char *what)
{
    double apart = 0.0, length = 0.0, largest = 0.0, off = 0.0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - (double)want[i]);
        assert_false(isnan(got[i]));
        apart += d * d;
        length += (double)want[i] * (double)want[i];
        largest = fmax(largest, fabs((double)want[i]));
        off = fmax(off, d);
    }
    if (sqrt(apart) > tolerance * sqrt(length) || off > 4.0 * tolerance * largest)
        fail_msg("%s: relative %.3g, largest %.3g of %.3g; %.3g allowed", what,
                 sqrt(apart / length), off, largest, tolerance);
}

/* tolerance_f32 of all; tolerance_bf16 of what is rounded to bf16 at the end or on the way. */
static double tolerance(const pair *p, double of_f32, double of_bf16)
{
    return p->precision == MCI_NN_BF16 ? of_bf16 : of_f32;
}

static void compare_tensors(pair *p, mci_nn_tensor *const t[2], size_t R, size_t K, double allowed,
                            const char *what)
{
    float *rows[2];
    for (size_t i = 0; i < 2; i++) {
        rows[i] = malloc((R * K + 1) * sizeof *rows[i]);
        p->sides[i].b->read(p->sides[i].ctx, t[i], rows[i]);
    }
    compare(rows[0], rows[1], R * K, allowed, what);
    free(rows[0]);
    free(rows[1]);
}

/* What was added, and that nothing else changed. */
static void compare_grads(pair *p, size_t n, double allowed, const char *what)
{
    float *got[2];
    for (size_t i = 0; i < 2; i++) {
        got[i] = malloc(N_VALUES * sizeof *got[i]);
        p->sides[i].t->vector_read(p->sides[i].ctx, p->sides[i].grads, 0, got[i], N_VALUES);
    }
    compare(got[0], got[1], n, allowed, what);
    assert_memory_equal(got[0] + n, got[1] + n, (N_VALUES - n) * sizeof *got[0]);
    free(got[0]);
    free(got[1]);
}

static void free_tensors(pair *p, mci_nn_tensor *const t[2])
{
    for (size_t i = 0; i < 2; i++)
        p->sides[i].b->tensor_free(p->sides[i].ctx, t[i]);
}

static void make_tensors(pair *p, mci_nn_tensor *t[2], mci_nn_use use, const float *rows, size_t R,
                         size_t K)
{
    for (size_t i = 0; i < 2; i++)
        t[i] = tensor_of(&p->sides[i], use, rows, R, K);
}

#endif
