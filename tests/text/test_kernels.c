/* The kernels of all kinds against plain C, or against the definition. */
#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "text/kernels.h"
#include "text/spacing.h"

enum { LONGEST = 600 };

static void laying_makes_ends_spaces_and_reads_nothing_else(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *block = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
         got[2 * 1024];
    assert_true(block != MAP_FAILED);
    assert_int_equal(mprotect(block + page, page, PROT_READ | PROT_WRITE), 0);
    test_random random = { 1 };
    for (const mci_kernels *const *kernels = mci_kernels_all(); *kernels; kernels++) {
        for (size_t len = 0; len <= LONGEST; len++) {
            char *places[] = { block + 2 * page - len, block + page }, want[LONGEST];
            for (size_t k = 0; k < COUNT_OF(places); k++) {
                for (size_t i = 0; i < len; i++) {
                    char byte = (char)(test_below(&random, 4) ? test_next(&random) : '\r');
                    places[k][i] = byte;
                    want[i] = byte == '\r' ? ' ' : byte;
                }
                memset(got, '#', sizeof got);
                (*kernels)->lay(got + 64, places[k], len);
                assert_memory_equal(got + 64, want, len);
                assert_int_equal(got[63], '#');
                assert_int_equal(got[64 + len + MCI_LAY_SPILL], '#');
            }
        }
    }
    munmap(block, 3 * page);
}

static void ends_of_tokens_are_found_wherever_they_are(void **state)
{
    (void)state;
    static char bytes[LONGEST + MCI_ENDS_READ];
    test_random random = { 2 };
    for (const mci_kernels *const *kernels = mci_kernels_all(); *kernels; kernels++) {
        for (size_t round = 0; round < 3000; round++) {
            size_t len = test_below(&random, LONGEST + 1), n_want = 0, dense = round % 3;
            uint32_t want[LONGEST], got[LONGEST + MCI_ENDS_SPILL];
            for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = dense == 0 ? (char)test_next(&random)
                                      : "a, .\t"[test_below(&random, dense == 1 ? 5 : 3)];
            for (size_t i = 0; i < len; i++) {
                if (mci_ends_token(bytes[i]))
                    want[n_want++] = (uint32_t)i;
            }
            assert_int_equal((*kernels)->find_ends(bytes, len, got), n_want);
            assert_memory_equal(got, want, n_want * sizeof *want);
        }
    }
}

static int by_number(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    return (first > second) - (first < second);
}

static size_t unify(uint32_t *ids, size_t n)
{
    size_t n_left = 0;
    qsort(ids, n, sizeof *ids, by_number);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || ids[i] != ids[n_left - 1])
            ids[n_left++] = ids[i];
    }
    return n_left;
}

/* An id plus 1, or 0; few different ones, or up to the largest that there can be. */
static uint32_t random_entry(test_random *random, size_t sparse, uint32_t largest)
{
    if (test_below(random, 4) < sparse)
        return 0;
    return test_below(random, 8) ? 1 + (uint32_t)test_below(random, largest) : largest;
}

static void assert_collected(const mci_kernels *kernels, test_random *random)
{
    enum { MOST = 40 };
    uint32_t of_tokens[MOST], of_pairs[MOST], more[MOST], want[3 * MOST];
    uint32_t got[MCI_COLLECT_IDS + MCI_COLLECT_SPILL];
    static const uint32_t largest[] = { 3, 100, UINT32_MAX - 1 };
    size_t n = test_below(random, test_below(random, 4) ? 12 : MOST), n_want = 0;
    size_t n_more = test_below(random, 3) ? 0 : test_below(random, MOST);
    size_t sparse = test_below(random, 5), scale = test_below(random, COUNT_OF(largest));
    for (size_t i = 0; i < n; i++) {
        of_tokens[i] = random_entry(random, sparse, largest[scale]);
        of_pairs[i] = random_entry(random, sparse, largest[scale]);
        want[n_want] = of_tokens[i] - 1;
        n_want += of_tokens[i] != 0;
        want[n_want] = of_pairs[i] - 1;
        n_want += of_pairs[i] != 0;
    }
    for (size_t i = 0; i < n_more; i++)
        want[n_want++] = more[i] = (uint32_t)test_below(random, largest[scale]);
    size_t n_found = n_want;
    n_want = unify(want, n_want);
    size_t n_got = kernels->collect(of_tokens, of_pairs, n, more, n_more, got);
    if (n_got == MCI_NOT_COLLECTED) {
        assert_true(n_found > MCI_COLLECT_IDS || n > MCI_COLLECT_IDS || n_more > MCI_COLLECT_IDS);
        return;
    }
    assert_int_equal(n_got, n_want);
    assert_memory_equal(got, want, n_want * sizeof *want);
}

static void ids_are_collected_ascending_each_once(void **state)
{
    (void)state;
    test_random random = { 3 };
    for (const mci_kernels *const *kernels = mci_kernels_all(); *kernels; kernels++) {
        for (size_t round = 0; (*kernels)->collect && round < 200000; round++)
            assert_collected(*kernels, &random);
    }
}

static void the_first_kernels_are_plain_and_the_best_are_the_last(void **state)
{
    (void)state;
    const mci_kernels *const *kernels = mci_kernels_all();
    assert_string_equal(kernels[0]->name, "plain");
    while (kernels[1])
        kernels++;
    assert_ptr_equal(mci_kernels_best(), *kernels);
    print_message("  the best here: %s\n", (*kernels)->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(laying_makes_ends_spaces_and_reads_nothing_else),
        cmocka_unit_test(ends_of_tokens_are_found_wherever_they_are),
        cmocka_unit_test(ids_are_collected_ascending_each_once),
        cmocka_unit_test(the_first_kernels_are_plain_and_the_best_are_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
