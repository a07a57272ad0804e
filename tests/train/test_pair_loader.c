/* The order of pairs is a function of seed and position: not of threads, ranks, nor of stops. */
#include "train/pair_loader.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pair_set.h"

static const size_t sizes[] = { 5, 0, 9, 4, 7 };
enum { N_SHARDS = 5, N_ALL = 25 };

typedef struct {
    scratch *s;
    pair_set set;
} fixture;

static int open_set(void **state)
{
    void *folder;
    fixture *f = calloc(1, sizeof *f);
    if (!f || scratch_open(&folder) != 0)
        return -1;
    f->s = folder;
    add_samples(&f->set, f->s, N_SHARDS, sizes);
    open_tokenizer(&f->set);
    *state = f;
    return 0;
}

static int close_set(void **state)
{
    fixture *f = *state;
    void *folder = f->s;
    release_set(&f->set);
    free(f);
    return scratch_close(&folder);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Samples' names ("a2" of "a2too"), sorted. */
static void sample_names(const rows *r, size_t from, size_t n, char out[][64])
{
    for (size_t i = 0; i < n; i++) {
        memcpy(out[i], r->text[from + i], sizeof out[i]);
        out[i][strcspn(out[i], "t")] = '\0';
    }
    qsort(out, n, sizeof out[0], compare_texts);
}

static void an_epoch_has_every_image_once(void **state)
{
    fixture *f = *state;
    static char first[N_ALL][64], second[N_ALL][64];
    mci_pair_loader_job job = job_of(&f->set);
    job.batch = 5;
    rows *r = read_rows(&f->set, &job, 10);
    sample_names(r, 0, N_ALL, first);
    sample_names(r, N_ALL, N_ALL, second);
    for (size_t i = 0; i < N_ALL; i++) {
        assert_string_equal(first[i], second[i]);
        assert_true(i == 0 || strcmp(first[i - 1], first[i]) < 0);
    }
    assert_int_equal(r->counters.units % N_ALL, 0);
    assert_int_equal(r->counters.samples_read, r->counters.samples_used);
    assert_int_equal(r->counters.pairs_given, 50);
    assert_int_equal(r->counters.images_unusable, 0);
    assert_int_equal(r->n_problems, 0);
    free(r);
}

static size_t n_equal_texts(const rows *a, size_t at, const rows *b, size_t from, size_t n)
{
    size_t n_equal = 0;
    for (size_t i = 0; i < n; i++)
        n_equal += strcmp(a->text[at + i], b->text[from + i]) == 0;
    return n_equal;
}

static void seeds_and_epochs_have_orders_of_their_own(void **state)
{
    fixture *f = *state;
    mci_pair_loader_job job = job_of(&f->set);
    job.batch = 25;
    rows *a = read_rows(&f->set, &job, 2), *again = read_rows(&f->set, &job, 2);
    job.seed = 8;
    rows *b = read_rows(&f->set, &job, 2);
    assert_same_rows(a, 0, again, 0, 50);
    assert_true(n_equal_texts(a, 0, b, 0, 25) < 12);
    assert_true(n_equal_texts(a, 0, a, 25, 25) < 12);
    free(a);
    free(again);
    free(b);
}

/* Over many epochs every text of an image comes, each about as often. */
static void each_visit_takes_one_of_the_texts(void **state)
{
    fixture *f = *state;
    mci_pair_loader_job job = job_of(&f->set);
    size_t n = 0, n_second = 0;
    job.batch = 25;
    rows *r = read_rows(&f->set, &job, 20);
    for (size_t i = 0; i < r->n; i++) {
        n += strcmp(r->text[i], "c2") == 0 || strcmp(r->text[i], "c2too") == 0;
        n_second += strcmp(r->text[i], "c2too") == 0;
    }
    assert_int_equal(n, 20);
    assert_in_range(n_second, 3, 17);
    free(r);
}

static void threads_and_memory_do_not_matter(void **state)
{
    fixture *f = *state;
    mci_pair_loader_job job = job_of(&f->set);
    job.n_threads = 1;
    rows *want = read_rows(&f->set, &job, 20);
    for (unsigned n_threads = 1; n_threads <= 4; n_threads++)
        for (unsigned n_batches = 2; n_batches <= 4; n_batches += 2) {
            job.n_threads = n_threads;
            job.n_scan_threads = 5 - n_threads;
            job.n_batches = n_batches;
            rows *got = read_rows(&f->set, &job, 20);
            assert_same_rows(want, 0, got, 0, want->n);
            assert_memory_equal(&want->counters, &got->counters, sizeof want->counters);
            assert_memory_equal(want->after, got->after, sizeof want->after);
            free(got);
        }
    free(want);
}

static void inputs_may_come_in_any_order(void **state)
{
    fixture *f = *state;
    mci_pair_loader_job job = job_of(&f->set);
    const char *turned[N_SHARDS];
    rows *want = read_rows(&f->set, &job, 12);
    for (size_t i = 0; i < N_SHARDS; i++)
        turned[i] = f->set.paths[N_SHARDS - 1 - i];
    job.inputs = turned;
    rows *got = read_rows(&f->set, &job, 12);
    assert_same_rows(want, 0, got, 0, want->n);
    free(want);
    free(got);
}

/* Batches of all ranks together are those of one process with as many pairs a step. */
static void ranks_share_the_batches_of_one(void **state)
{
    fixture *f = *state;
    static const struct {
        unsigned n_ranks, batch;
    } cases[] = { { 1, 6 }, { 2, 3 }, { 3, 2 }, { 6, 1 } };
    mci_pair_loader_job job = job_of(&f->set);
    enum { STEPS = 14 };
    job.batch = 6;
    rows *want = read_rows(&f->set, &job, STEPS);
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        job.n_ranks = cases[c].n_ranks;
        job.batch = cases[c].batch;
        for (job.rank = 0; job.rank < job.n_ranks; job.rank++) {
            rows *got = read_rows(&f->set, &job, STEPS);
            for (size_t step = 0; step < STEPS; step++) {
                size_t at = step * 6 + (size_t)job.rank * job.batch;
                assert_same_rows(want, at, got, step * job.batch, job.batch);
                assert_int_equal(want->after[step].epoch, got->after[step].epoch);
                assert_int_equal(want->after[step].window, got->after[step].window);
                assert_int_equal(want->after[step].place, got->after[step].place);
            }
            free(got);
        }
    }
    free(want);
}

static void going_on_anywhere_equals_never_stopping(void **state)
{
    fixture *f = *state;
    mci_pair_loader_job job = job_of(&f->set);
    enum { STEPS = 26 };
    rows *want = read_rows(&f->set, &job, STEPS);
    for (size_t stop = 0; stop < STEPS; stop++) {
        job.start = want->after[stop];
        job.n_threads = 1 + (unsigned)stop % 3;
        size_t n = STEPS - stop - 1 < 6 ? STEPS - stop - 1 : 6;
        rows *got = read_rows(&f->set, &job, n);
        assert_same_rows(want, (stop + 1) * job.batch, got, 0, n * job.batch);
        free(got);
    }
    free(want);
}

/* A batch as a run writes it down: what it held, and where to go on. */
typedef struct {
    char texts[3][64];
    float pixels[3][3 * SIDE * SIDE];
    mci_pair_position after;
} written;

/* Reads on, and writes each batch down whole, until it is killed. */
static void run_until_killed(const pair_set *set, const mci_pair_loader_job *job, int fd)
{
    mci_pair_loader *loader = NULL;
    mci_pair_batch batch;
    static rows r;
    if (mci_pair_loader_open(job, &loader, NULL) < 0)
        _exit(1);
    for (written w = { 0 };; memset(&w, 0, sizeof w)) {
        if (mci_pair_loader_next(loader, &batch, NULL) < 0)
            _exit(1);
        r.n = r.n_batches = 0;
        add_rows(&r, set, &batch);
        memcpy(w.texts, r.text, sizeof w.texts);
        memcpy(w.pixels, r.pixels, sizeof w.pixels);
        w.after = batch.after;
        if (write(fd, &w, sizeof w) != sizeof w)
            _exit(1);
    }
}

/* Starts it as its own process, takes some of what it writes, and kills it in the middle of things.
 */
static size_t run_and_kill(const pair_set *set, const mci_pair_loader_job *job, size_t n,
                           written *to)
{
    int ends[2];
    size_t n_read = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_until_killed(set, job, ends[1]);
    close(ends[1]);
    for (size_t at = 0; n_read < n; at = 0, n_read++)
        for (ssize_t got = 1; at < sizeof *to && got > 0; at += (size_t)got) {
            got = read(ends[0], (char *)&to[n_read] + at, sizeof *to - at);
            assert_true(got > 0);
        }
    kill(child, SIGKILL);
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return n_read;
}

static void being_killed_again_and_again_changes_nothing(void **state)
{
    fixture *f = *state;
    enum { STEPS = 40, BATCH = 3 };
    mci_pair_loader_job job = job_of(&f->set);
    rows *want = read_rows(&f->set, &job, STEPS);
    static written got[STEPS];
    test_random random = { 4 };
    size_t n = 0;
    while (n < STEPS) {
        size_t some = 1 + test_below(&random, 6);
        if (n > 0)
            job.start = got[n - 1].after;
        n += run_and_kill(&f->set, &job, some < STEPS - n ? some : STEPS - n, got + n);
    }
    for (size_t i = 0; i < STEPS; i++) {
        for (size_t k = 0; k < BATCH; k++)
            assert_string_equal(got[i].texts[k], want->text[i * BATCH + k]);
        assert_memory_equal(got[i].pixels, want->pixels[i * BATCH], sizeof got[i].pixels);
    }
    free(want);
}

static void a_batch_may_be_larger_than_an_epoch(void **state)
{
    fixture *f = *state;
    mci_pair_loader_job job = job_of(&f->set);
    job.batch = 60;
    rows *large = read_rows(&f->set, &job, 2);
    job.batch = 1;
    rows *small = read_rows(&f->set, &job, 120);
    assert_same_rows(large, 0, small, 0, 120);
    free(large);
    free(small);
}

static void positions_of_another_set_are_refused(void **state)
{
    fixture *f = *state;
    mc_error err;
    mci_pair_loader_job job = job_of(&f->set);
    job.start.window = 3;
    assert_int_equal(read_failure(&job, &err), MC_E_MISMATCH);
    assert_says(err.text, "not the set of that position");
    job.start = (mci_pair_position){ 0, 1, 26 };
    assert_int_equal(read_failure(&job, &err), MC_E_MISMATCH);
    assert_says(err.text, "place 26 of window 1");
}

static uint64_t fingerprint_of(const mci_pair_loader_job *job)
{
    mc_error err = { 0 };
    mci_pair_loader *loader = NULL;
    assert_ok(mci_pair_loader_open(job, &loader, &err), err);
    uint64_t fingerprint = mci_pair_loader_fingerprint(loader);
    mci_pair_loader_close(loader);
    return fingerprint;
}

static void the_fingerprint_tells_sets_and_orders_apart(void **state)
{
    fixture *f = *state;
    mci_pair_loader_job job = job_of(&f->set);
    uint64_t want = fingerprint_of(&job);
    job.batch = 4;
    job.n_threads = 3;
    assert_true(fingerprint_of(&job) == want);
    job.seed++;
    assert_false(fingerprint_of(&job) == want);
    job = job_of(&f->set);
    job.n_inputs--;
    assert_false(fingerprint_of(&job) == want);
    job = job_of(&f->set);
    job.shuffle_shards++;
    assert_false(fingerprint_of(&job) == want);
}

static void what_cannot_be_is_refused(void **state)
{
    fixture *f = *state;
    mc_error err;
    mci_pair_loader_job job = job_of(&f->set);
    job.n_inputs = 0;
    assert_int_equal(read_failure(&job, &err), MC_E_ARG);
    assert_says(err.text, "no shards");
    job = job_of(&f->set);
    job.batch = 0;
    assert_int_equal(read_failure(&job, &err), MC_E_ARG);
    job = job_of(&f->set);
    job.rank = 1;
    assert_int_equal(read_failure(&job, &err), MC_E_ARG);
    assert_says(err.text, "a rank below 1");
    job = job_of(&f->set);
    job.crop.max_scale = 1.5;
    assert_int_equal(read_failure(&job, &err), MC_E_ARG);
    assert_says(err.text, "scale 0.9 to 1.5");
    job = job_of(&f->set);
    job.image = mc_image_options_clip(SIDE);
    assert_int_equal(read_failure(&job, &err), MC_E_ARG);
    assert_says(err.text, "no crop");
    const char *pipe[] = { "-" };
    job = job_of(&f->set);
    job.inputs = pipe;
    job.n_inputs = 1;
    assert_int_equal(read_failure(&job, &err), MC_E_ARG);
    assert_says(err.text, "standard input");
    const char *none[] = { "/nowhere/x.tar" };
    job.inputs = none;
    assert_int_equal(read_failure(&job, &err), MC_E_IO);
    assert_says(err.text, "/nowhere/x.tar");
}

/* Closed at once, with all threads at work. */
static void it_may_be_closed_at_any_time(void **state)
{
    fixture *f = *state;
    mci_pair_loader_job job = job_of(&f->set);
    mc_error err = { 0 };
    for (int i = 0; i < 20; i++) {
        mci_pair_loader *loader = NULL;
        mci_pair_batch batch;
        job.n_threads = 1 + (unsigned)i % 4;
        assert_ok(mci_pair_loader_open(&job, &loader, &err), err);
        for (int k = 0; k < i % 3; k++)
            assert_ok(mci_pair_loader_next(loader, &batch, &err), err);
        mci_pair_loader_close(loader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_has_every_image_once),
        cmocka_unit_test(seeds_and_epochs_have_orders_of_their_own),
        cmocka_unit_test(each_visit_takes_one_of_the_texts),
        cmocka_unit_test(threads_and_memory_do_not_matter),
        cmocka_unit_test(inputs_may_come_in_any_order),
        cmocka_unit_test(ranks_share_the_batches_of_one),
        cmocka_unit_test(going_on_anywhere_equals_never_stopping),
        cmocka_unit_test(being_killed_again_and_again_changes_nothing),
        cmocka_unit_test(a_batch_may_be_larger_than_an_epoch),
        cmocka_unit_test(positions_of_another_set_are_refused),
        cmocka_unit_test(the_fingerprint_tells_sets_and_orders_apart),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(it_may_be_closed_at_any_time),
    };
    return cmocka_run_group_tests(tests, open_set, close_set);
}
