/* Processes that train together make the step that one alone makes of the whole batch. Run by hand
 * this starts itself under mpirun, if that is there. */
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "train/small_clip.h"

/* ---- what each process does under mpirun ---- */

typedef struct {
    float *values, *grads;
    size_t n;
    mci_step_facts facts;
} outcome;

static int complain(const char *what, const mc_error *err)
{
    fprintf(stderr, "test_dist: %s: %s\n", what, err->text);
    return 1;
}

static int train(mci_dist *dist, size_t first, size_t n, size_t micro, outcome *out)
{
    const batch b = random_batch();
    mc_error err = { 0 };
    mci_trainer *trainer = new_trainer(micro, false, false, dist);
    for (int step = 0; step < 2; step++)
        if (mci_trainer_step(trainer, b.pixels + first * 3 * S * S, b.tokens + first * T, n,
                             &out->facts, &err) < 0)
            return complain("a step", &err);
    out->n = mci_trainer_params(trainer)->n_values;
    out->values = malloc(out->n * sizeof(float));
    out->grads = malloc(out->n * sizeof(float));
    mci_trainer_read(trainer, MCI_VALUES, 0, out->values, out->n);
    mci_trainer_read(trainer, MCI_GRADS, 0, out->grads, out->n);
    mci_trainer_free(trainer);
    return 0;
}

static double largest_difference(const float *a, const float *b, size_t n)
{
    double largest = 0.0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

static bool is_like(const outcome *shared, const outcome *alone)
{
    const double values = largest_difference(shared->values, alone->values, alone->n);
    const double grads = largest_difference(shared->grads, alone->grads, alone->n);
    const double loss = fabs(shared->facts.loss - alone->facts.loss);
    printf("test_dist: values %.1e, gradients %.1e, loss %.1e apart\n", values, grads, loss);
    return values < 4e-4 && grads < 1e-4 && loss < 1e-5;
}

static int run_rank(const char *mode)
{
    /* Of six pairs: shares of different size. */
    static const size_t firsts[][4] = { { 0 }, { 0, 2 }, { 0, 1, 3 }, { 0, 1, 2, 4 } };
    mc_error err = { 0 };
    mci_dist *dist = NULL;
    outcome shared = { 0 }, alone = { 0 };
    if (mci_dist_mpi(&dist, &err) < 0)
        return complain("MPI", &err);
    const unsigned rank = mci_dist_rank(dist), size = mci_dist_size(dist);
    if (strcmp(mode, "die") == 0 && rank == 1)
        kill(getpid(), SIGKILL);
    const size_t first = firsts[size - 1][rank];
    const size_t end = rank + 1 < size ? firsts[size - 1][rank + 1] : BATCH;
    int code = train(dist, first, end - first, 2, &shared);
    code = code || train(NULL, 0, BATCH, BATCH, &alone);
    code = code || !is_like(&shared, &alone);
    free(shared.values);
    free(shared.grads);
    free(alone.values);
    free(alone.grads);
    mci_dist_close(dist);
    return code;
}

/* ---- the tests, which start the above ---- */

static char self[4096];

static int run_under_mpi(unsigned size, const char *mode)
{
    char command[8192];
    if (system("mpirun --version >/dev/null 2>&1") != 0)
        skip();
    /* Leaks of MPI's own are not ours to report. */
    snprintf(command, sizeof command,
             "ASAN_OPTIONS=detect_leaks=0 timeout 120 mpirun --allow-run-as-root --oversubscribe "
             "--mca btl_vader_single_copy_mechanism none -n %u '%s' %s >/dev/null 2>&1",
             size, self, mode);
    return system(command);
}

static void shares_of_a_batch_make_the_step_of_the_whole(void **state)
{
    (void)state;
    for (unsigned size = 1; size <= 4; size++) {
        print_message("  case: %u processes\n", size);
        assert_int_equal(run_under_mpi(size, "step"), 0);
    }
}

static void when_one_dies_the_others_end(void **state)
{
    (void)state;
    const int status = run_under_mpi(3, "die");
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    assert_int_not_equal(WEXITSTATUS(status), 124); /* timeout's: they would have waited for ever */
}

static void one_process_alone_needs_no_mpi(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_dist *dist = NULL;
    double number = 3.0;
    float values[2] = { 1.0f, 2.0f }, all[2] = { 0 };
    const size_t counts[] = { 2 };
    assert_ok(mci_dist_single(&dist, &err), err);
    assert_int_equal(mci_dist_size(dist), 1);
    assert_ok(mci_dist_sum_f64(dist, &number, 1, &err), err);
    assert_true(number == 3.0);
    assert_ok(mci_dist_sum_begin(dist, values, 2, &err), err);
    assert_ok(mci_dist_wait(dist, &err), err);
    assert_ok(mci_dist_gather_f32(dist, values, counts, all, &err), err);
    assert_memory_equal(values, all, sizeof all);
    mci_dist_close(dist);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return run_rank(argv[1]);
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_process_alone_needs_no_mpi),
        cmocka_unit_test(shares_of_a_batch_make_the_step_of_the_whole),
        cmocka_unit_test(when_one_dies_the_others_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
