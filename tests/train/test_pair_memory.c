/* Whichever allocation fails: a loader says so, leaks nothing, and hangs nowhere. Its threads
 * allocate too, so which one is the n-th differs from run to run; all are met in the long run. */
#include <stdatomic.h>

#include "pair_set.h"

static atomic_long countdown; /* 1: the next allocation fails; 0 and below: none */
static atomic_long n_live;    /* blocks that nobody freed yet */

void *__real_malloc(size_t n_bytes);
void *__real_calloc(size_t n_items, size_t item_bytes);
void *__real_realloc(void *memory, size_t n_bytes);
void *__real_aligned_alloc(size_t alignment, size_t n_bytes);
void __real_free(void *memory);
void *__wrap_malloc(size_t n_bytes);
void *__wrap_calloc(size_t n_items, size_t item_bytes);
void *__wrap_realloc(void *memory, size_t n_bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t n_bytes);
void __wrap_free(void *memory);

static bool is_out(void)
{
    return atomic_fetch_sub(&countdown, 1) == 1;
}

static void *counted(void *memory)
{
    atomic_fetch_add(&n_live, memory != NULL);
    return memory;
}

void *__wrap_malloc(size_t n_bytes)
{
    return is_out() ? NULL : counted(__real_malloc(n_bytes));
}

void *__wrap_calloc(size_t n_items, size_t item_bytes)
{
    return is_out() ? NULL : counted(__real_calloc(n_items, item_bytes));
}

void *__wrap_realloc(void *memory, size_t n_bytes)
{
    if (is_out())
        return NULL;
    return memory ? __real_realloc(memory, n_bytes) : counted(__real_realloc(NULL, n_bytes));
}

void *__wrap_aligned_alloc(size_t alignment, size_t n_bytes)
{
    return is_out() ? NULL : counted(__real_aligned_alloc(alignment, n_bytes));
}

void __wrap_free(void *memory)
{
    atomic_fetch_sub(&n_live, memory != NULL);
    __real_free(memory);
}

static mc_status read_some(const mci_pair_loader_job *job, mc_error *err)
{
    mci_pair_loader *loader = NULL;
    mci_pair_batch batch;
    mc_status status = mci_pair_loader_open(job, &loader, err);
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
    mc_error err = { 0 };
    job.batch = 2;
    assert_ok(read_some(&job, &err), err); /* what is made once is made */
    size_t n_failures = 0;
    bool has_failed = true;
    for (long n = 1; has_failed; n++) {
        long before = n_live;
        err = (mc_error){ 0 };
        countdown = n;
        mc_status status = read_some(&job, &err);
        has_failed = countdown < 1;
        countdown = 0;
        assert_int_equal(n_live, before);
        assert_true(status == MC_OK || status == MC_E_NOMEM);
        assert_true(status == MC_OK || (has_failed && err.text[0] != '\0'));
        n_failures += status != MC_OK;
    }
    assert_true(n_failures > 30);
    release_set(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_loader_survives_each_failure, scratch_open,
                                        scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
