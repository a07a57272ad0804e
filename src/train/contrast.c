#include "train/contrast.h"

#include <math.h>

#include "train/contrast_kernels.h"

static double dot(const float *a, const float *b, size_t D)
{
    double sum = 0.0;
    for (size_t d = 0; d < D; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

/* ---- blocks of rows, shared among a team ---- */

enum { MOST_TASKS = 512, TASK_PARTS = 32, LEAST_ROWS = 24 };

/* Rows of a against all of b. */
typedef struct {
    const mci_contrast_kernels *kernels;
    const float *a, *b;
    size_t m, first, N, D;
    size_t task_rows; /* of a task: depends on m alone, so that results do not on threads */
    double scale;
    double *lse;                /* of rows of a: found, or known */
    const double *lse_b;        /* [N]: going back */
    float *da;                  /* [m, D] */
    double dscales[MOST_TASKS]; /* of each task's rows */
} job;

static size_t n_tasks(const job *j)
{
    return (j->m + j->task_rows - 1) / j->task_rows;
}

static void share_rows(job *j)
{
    j->kernels = mci_contrast_kernels_best();
    j->task_rows = MCI_CONTRAST_ROWS;
    if (j->m < (size_t)MCI_CONTRAST_ROWS * TASK_PARTS)
        j->task_rows = (j->m + TASK_PARTS - 1) / TASK_PARTS;
    if (j->task_rows < LEAST_ROWS)
        j->task_rows = LEAST_ROWS;
    while (n_tasks(j) > MOST_TASKS)
        j->task_rows *= 2;
}

static size_t less(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Runs `block` over all blocks of rows of a task. */
static void run_blocks(job *j, size_t task, void (*block)(job *j, size_t task, size_t at, size_t R))
{
    const size_t end = less((task + 1) * j->task_rows, j->m);
    for (size_t at = task * j->task_rows; at < end; at += MCI_CONTRAST_ROWS)
        block(j, task, at, less(end - at, MCI_CONTRAST_ROWS));
}

static void run_tasks(mci_team *team, job *j, mci_team_fn *run)
{
    if (team)
        mci_team_run(team, n_tasks(j), run, j);
    for (size_t task = 0; !team && task < n_tasks(j); task++)
        run(j, task, 0);
}

/* ---- log-sum-exps ---- */

static void lse_block(job *j, size_t task, size_t at, size_t R)
{
    _Alignas(64) double s[MCI_CONTRAST_ROWS * MCI_CONTRAST_COLUMNS];
    double largest[MCI_CONTRAST_ROWS], sums[MCI_CONTRAST_ROWS] = { 0 };
    (void)task;
    for (size_t i = 0; i < R; i++)
        largest[i] = -INFINITY;
    for (size_t c = 0; c < j->N; c += MCI_CONTRAST_COLUMNS) {
        const size_t C = less(j->N - c, MCI_CONTRAST_COLUMNS);
        j->kernels->logits(j->a + at * j->D, R, j->b + c * j->D, C, j->D, j->scale, s);
        for (size_t i = 0; i < R; i++)
            j->kernels->add_exps(s + i * MCI_CONTRAST_COLUMNS, &largest[i], &sums[i]);
    }
    for (size_t i = 0; i < R; i++)
        j->lse[at + i] = largest[i] + log(sums[i]);
}

static void lse_task(void *user, size_t task, unsigned worker)
{
    (void)worker;
    run_blocks(user, task, lse_block);
}

void mci_contrast_lse_on(mci_team *team, const float *a, size_t m, const float *b, size_t N,
                         size_t D, double scale, double *lse)
{
    job j = { .a = a, .m = m, .b = b, .N = N, .D = D, .scale = scale, .lse = lse };
    share_rows(&j);
    run_tasks(team, &j, lse_task);
}

/* ---- the loss ---- */

double mci_contrast_loss(const float *a, size_t m, size_t first, const float *b, size_t D,
                         double scale, const double *lse_a, const double *lse_b)
{
    double sum = 0.0;
    for (size_t i = 0; i < m; i++) {
        const double s = scale * dot(a + i * D, b + (first + i) * D, D);
        sum += 0.5 * (lse_a[i] + lse_b[i]) - s;
    }
    return sum;
}

/* ---- the gradient ---- */

/* With p = softmax over the row and q over the column: ds_ij = (p_ij + q_ij - 2 [i = j]) / 2N.
 * Here without the 2; then what that takes away of the one place, which is c of this block. */
static double row_weights(const job *j, const double *s, const double *lses, size_t row, size_t c,
                          float *w)
{
    const double each = 1.0 / (2.0 * (double)j->N), lse = j->lse[row];
    const size_t own = j->first + row - c; /* wraps around if it is before */
    double dscale = j->kernels->weights(s, lse, lses, each * j->scale, w) / j->scale;
    if (own < MCI_CONTRAST_COLUMNS && own + c < j->N) {
        const double less_two = exp(s[own] - lse) + exp(s[own] - lses[own]) - 2.0;
        w[own] = (float)(less_two * each * j->scale);
        dscale -= 2.0 * each * s[own];
    }
    return dscale;
}

static void backward_block(job *j, size_t task, size_t at, size_t R)
{
    _Alignas(64) double s[MCI_CONTRAST_ROWS * MCI_CONTRAST_COLUMNS];
    _Alignas(64) float w[MCI_CONTRAST_ROWS * MCI_CONTRAST_COLUMNS];
    _Alignas(64) double lses[MCI_CONTRAST_COLUMNS] = { 0 };
    double dscales[MCI_CONTRAST_ROWS] = { 0 };
    memset(j->da + at * j->D, 0, R * j->D * sizeof *j->da);
    for (size_t c = 0; c < j->N; c += MCI_CONTRAST_COLUMNS) {
        const size_t C = less(j->N - c, MCI_CONTRAST_COLUMNS);
        const float *b = j->b + c * j->D;
        j->kernels->logits(j->a + at * j->D, R, b, C, j->D, j->scale, s);
        memcpy(lses, j->lse_b + c, C * sizeof *lses);
        for (size_t i = 0; i < R; i++)
            dscales[i] += row_weights(j, s + i * MCI_CONTRAST_COLUMNS, lses, at + i, c,
                                      w + i * MCI_CONTRAST_COLUMNS);
        j->kernels->spread(w, R, b, C, j->D, j->da + at * j->D);
    }
    for (size_t i = 0; i < R; i++)
        j->dscales[task] += dscales[i];
}

static void backward_task(void *user, size_t task, unsigned worker)
{
    (void)worker;
    run_blocks(user, task, backward_block);
}

double mci_contrast_backward_on(mci_team *team, const float *a, size_t m, size_t first,
                                const float *b, size_t N, size_t D, double scale,
                                const double *lse_a, const double *lse_b, float *da)
{
    job j = { .a = a,
              .m = m,
              .first = first,
              .b = b,
              .N = N,
              .D = D,
              .scale = scale,
              .lse = (double *)lse_a,
              .lse_b = lse_b,
              .da = da };
    double dscale = 0.0;
    share_rows(&j);
    run_tasks(team, &j, backward_task);
    for (size_t task = 0; task < n_tasks(&j); task++)
        dscale += j.dscales[task];
    return dscale;
}

/* ---- lengths ---- */

void mci_normalize_rows(float *rows, size_t n, size_t D, double *lengths)
{
    for (size_t i = 0; i < n; i++) {
        float *row = rows + i * D;
        lengths[i] = fmax(sqrt(dot(row, row, D)), 1e-12);
        for (size_t d = 0; d < D; d++)
            row[d] = (float)((double)row[d] / lengths[i]);
    }
}

/* The part along the row itself cannot change it: df = (dy - y (y . dy)) / length. */
void mci_normalize_backward(const float *rows, size_t n, size_t D, const double *lengths,
                            float *drows)
{
    for (size_t i = 0; i < n; i++) {
        const float *y = rows + i * D;
        float *dy = drows + i * D;
        const double along = dot(y, dy, D);
        for (size_t d = 0; d < D; d++)
            dy[d] = (float)(((double)dy[d] - along * (double)y[d]) / lengths[i]);
    }
}
