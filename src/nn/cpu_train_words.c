/* The gradients of words and their places: into a vector, or, of the words, straight into a step.
 */
#include <assert.h>
#include <string.h>

#include "nn/cpu_train.h"

enum {
    EMBED_COLUMNS = 64, /* that a task adds up */
    WORDS_A_TASK = 64,
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

typedef struct {
    mci_nn_ctx *ctx;
    const mci_nn_tensor *dy;
    const int32_t *ids;
    mci_nn_sequences s;
    float *words, *places; /* gradients; words NULL: these are for a step */
} embed_job;

/* Some columns of all rows: a word may stand in many, and each has its turn. */
static void embed_columns(void *user, size_t task, unsigned worker)
{
    const embed_job *job = user;
    const size_t K = job->dy->K, at = task * EMBED_COLUMNS, n = smaller(EMBED_COLUMNS, K - at);
    (void)worker;
    for (size_t i = 0; i < job->s.n; i++)
        for (size_t start = job->s.starts[i], r = start; r < job->s.starts[i + 1]; r++) {
            const float *row = mci_row_f32(job->dy, r) + at;
            if (job->words)
                job->ctx->train->add_to(job->words + (size_t)job->ids[r] * K + at, row, n);
            job->ctx->train->add_to(job->places + (r - start) * K + at, row, n);
        }
}

static void run_columns(const embed_job *job)
{
    const size_t K = job->dy->K;
    mci_team_run(job->ctx->team, (K + EMBED_COLUMNS - 1) / EMBED_COLUMNS, embed_columns,
                 (void *)job);
}

static void check(const mci_nn_tensor *dy, mci_nn_sequences s, const mci_nn_table *words,
                  const mci_nn_table *places)
{
    assert(dy->use == MCI_NN_SUM && words->K == dy->K && places->K == dy->K);
    assert(dy->n_rows == s.starts[s.n]);
    (void)dy, (void)s, (void)words, (void)places;
}

void mci_cpu_embed_backward(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                            mci_nn_sequences s, const mci_nn_table *words,
                            const mci_nn_table *places, mci_nn_vector *grads)
{
    check(dy, s, words, places);
    run_columns(&(embed_job){ .ctx = ctx,
                              .dy = dy,
                              .ids = ids,
                              .s = s,
                              .words = grads->values + words->at.grad,
                              .places = grads->values + places->at.grad });
}

/* ---- a step ---- */

/* The rows in which a word stands are a chain: first[word] is the first of them, next[row] the one
 * behind, NOBODY none. */
enum { NOBODY = -1 };

typedef struct {
    mci_nn_ctx *ctx;
    const mci_nn_tensor *dy;
    size_t n_words, K;
    int32_t *first, *next;
    double *squares; /* of each task */
    float *p, *m, *v;
    mci_adamw_factors factors;
} step_job;

static void chain_rows(const step_job *job, const int32_t *ids)
{
    memset(job->first, 0xff, job->n_words * sizeof *job->first); /* NOBODY */
    for (size_t row = job->dy->n_rows; row-- > 0;) {
        job->next[row] = job->first[ids[row]];
        job->first[ids[row]] = (int32_t)row;
    }
}

static void step_words(void *user, size_t task, unsigned worker)
{
    const step_job *job = user;
    const mci_cpu_train_kernels *kernels = job->ctx->train;
    const size_t K = job->K, begin = task * WORDS_A_TASK;
    const size_t end = smaller(begin + WORDS_A_TASK, job->n_words);
    float *g = (float *)(void *)mci_scratch_of(job->ctx, worker);
    double square = 0.0;
    for (size_t word = begin; word < end; word++) {
        const size_t at = word * K;
        memset(g, 0, K * sizeof *g);
        for (int32_t row = job->first[word]; row != NOBODY; row = job->next[row])
            kernels->add_to(g, mci_row_f32(job->dy, (size_t)row), K);
        if (job->first[word] != NOBODY)
            square += kernels->square(g, K);
        kernels->adamw(job->p + at, g, job->m + at, job->v + at, K, &job->factors);
    }
    job->squares[task] = square;
}

/* Chains and squares have a room together. */
static bool lay_room(step_job *job, size_t n_tasks)
{
    const size_t n_rows = job->dy->n_rows;
    char *room =
        mci_cpu_room_of(job->ctx, MCI_ROOM_SUMS,
                        n_tasks * sizeof *job->squares + (job->n_words + n_rows) * sizeof(int32_t));
    if (!room)
        return false;
    job->squares = (double *)(void *)room;
    job->first = (int32_t *)(void *)(job->squares + n_tasks);
    job->next = job->first + job->n_words;
    return true;
}

double mci_cpu_embed_step(mci_nn_ctx *ctx, const mci_nn_tensor *dy, const int32_t *ids,
                          mci_nn_sequences s, const mci_nn_table *words, const mci_nn_table *places,
                          mci_nn_vector *grads, mci_nn_vector *values, mci_nn_vector *m,
                          mci_nn_vector *v, mci_nn_adamw step)
{
    const size_t n_tasks = (words->R + WORDS_A_TASK - 1) / WORDS_A_TASK, at = words->at.value;
    double square = 0.0;
    step_job job = { .ctx = ctx,
                     .dy = dy,
                     .n_words = words->R,
                     .K = words->K,
                     .p = values->values + at,
                     .m = m->values + at,
                     .v = v->values + at,
                     .factors = mci_adamw_factors_of(step) };
    check(dy, s, words, places);
    run_columns(
        &(embed_job){ .ctx = ctx, .dy = dy, .s = s, .places = grads->values + places->at.grad });
    if (!lay_room(&job, n_tasks))
        return 0.0;
    chain_rows(&job, ids);
    mci_team_run(ctx->team, n_tasks, step_words, &job);
    for (size_t i = 0; i < n_tasks; i++)
        square += job.squares[i];
    return square;
}
