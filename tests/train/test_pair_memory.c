/* Whichever allocation fails: a loader says so, leaks nothing, and hangs nowhere. Its threads
 * allocate too, so which one is the n-th differs from run to run; all are met in the long run. */
#include <sys/stat.h>

#include "failing_heap.h"
#include "pair_set.h"
#include "train/train_config.h"

/* Lets one allocation after the other fail until none is left to fail; gives how often `run` did.
 */
static size_t fail_each(mc_status (*run)(void *what, mc_error *err), void *what)
{
    mc_error err = { 0 };
    assert_ok(run(what, &err), err); /* what is made once is made */
    size_t n_failures = 0;
    bool has_failed = true;
    for (long n = 1; has_failed; n++) {
        long before = heap.n_live;
        err = (mc_error){ 0 };
        heap_fail(n, false);
        mc_status status = run(what, &err);
        heap_mend();
        has_failed = heap.has_failed;
        assert_int_equal(heap.n_live, before);
        assert_true(status == MC_OK || status == MC_E_NOMEM);
        assert_true(status == MC_OK || (has_failed && err.text[0] != '\0'));
        n_failures += status != MC_OK;
    }
    return n_failures;
}

static mc_status read_some(void *what, mc_error *err)
{
    mci_pair_loader *loader = NULL;
    mci_pair_batch batch;
    mc_status status = mci_pair_loader_open(what, &loader, err);
    assert_true((status < 0) == (loader == NULL));
    for (int i = 0; i < 5 && status == MC_OK; i++)
        status = mci_pair_loader_next(loader, &batch, err);
    mci_pair_loader_close(loader);
    return status;
}

static void a_loader_survives_each_failure(void **state)
{
    scratch *s = *state;
    pair_set set = { 0 };
    add_samples(&set, s, 3, (const size_t[]){ 4, 1, 3 });
    add_shard(&set, s, "t.csv", mc_str_of("filepath,title\nnone.jpg,x\n"));
    open_tokenizer(&set);
    mci_pair_loader_job job = job_of(&set);
    job.batch = 2;
    assert_true(fail_each(read_some, &job) > 30);
    release_set(&set);
}

/* ---- balancing online, with a list for each language ---- */

typedef struct {
    mci_online_balance_job how;
    mci_pair_loader_job job;
} balanced;

static mc_status read_balanced(void *what, mc_error *err)
{
    balanced *b = what;
    mci_online_balance online = { 0 };
    mc_status status = mci_online_balance_open(&b->how, &online, err);
    if (status == MC_OK) {
        b->job.balancer = online.balancer;
        b->job.matching = &online.matching;
        status = read_some(&b->job, err);
    }
    mci_online_balance_release(&online);
    return status;
}

static void balancing_online_survives_each_failure(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    uint64_t numbers[] = { 4, 9, 2, 7 };
    pair_set set = { 0 };
    assert_int_equal(mkdir(scratch_path(s, "lists"), 0777), 0);
    scratch_text(s, "lists/en.json", "[\"too\", \"a\"]");
    scratch_text(s, "lists/other.json", "[\"too\", \"b2\"]");
    const mc_counts counts = { .counts = numbers, .n = COUNT_OF(numbers) };
    assert_ok(mc_counts_save(&counts, scratch_path(s, "counts.npy"), &err), err);
    add_samples(&set, s, 2, (const size_t[]){ 6, 6 });
    open_tokenizer(&set);
    balanced b = { .how = { .metadata_path = strdup(scratch_path(s, "lists")),
                            .counts_path = strdup(scratch_path(s, "counts.npy")),
                            .worldwide = true,
                            .t = 20,
                            .tail_ratio = -1.0 },
                   .job = job_of(&set) };
    b.job.batch = 2;
    assert_true(fail_each(read_balanced, &b) > 30);
    free((char *)b.how.metadata_path);
    free((char *)b.how.counts_path);
    release_set(&set);
    unlink(scratch_path(s, "lists/en.json"));
    unlink(scratch_path(s, "lists/other.json"));
    rmdir(scratch_path(s, "lists"));
}

/* ---- a config ---- */

static mc_status write_config(void *what, mc_error *err)
{
    mc_train_config *config = NULL;
    char *text = NULL;
    MC_TRY(mci_train_config_of_text(mc_str_of(what), &config, err));
    mc_status status = mc_train_config_set(config, "data=a.tar,b.tar", err);
    if (status >= 0)
        status = mc_train_config_json(config, &text, err);
    mc_free(text);
    mc_train_config_free(config);
    return status;
}

static void a_config_survives_each_failure(void **state)
{
    (void)state;
    char text[] = "{\"preset\": \"tiny\", \"subset\": [\"x\", \"y\"], \"out\": \"run\"}";
    assert_true(fail_each(write_config, text) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_loader_survives_each_failure, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(balancing_online_survives_each_failure, scratch_open,
                                        scratch_close),
        cmocka_unit_test(a_config_survives_each_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
