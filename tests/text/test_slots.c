#include "test.h"

#include "text/slots.h"

/* Every key has a slot of its own, of those that there are. */
static void assert_placed(const uint64_t *hashes, size_t n)
{
    mc_error err = { 0 };
    mci_slots slots;
    bool placed;
    assert_ok(mci_slots_place(hashes, n, &placed, &slots, &err), err);
    assert_true(placed);
    bool *taken = calloc((size_t)slots.n_slots + 1, sizeof *taken);
    for (size_t i = 0; i < n; i++) {
        uint32_t slot = mci_slot_of(&slots, hashes[i]);
        assert_in_range(slot, 1, slots.n_slots);
        assert_false(taken[slot]);
        taken[slot] = true;
    }
    free(taken);
    mci_slots_release(&slots);
}

static void each_key_has_a_slot_of_its_own(void **state)
{
    (void)state;
    enum { LARGEST = 300000 };
    test_random random = { 1 };
    uint64_t *hashes = calloc(LARGEST, sizeof *hashes);
    for (size_t n = 0; n <= LARGEST; n += n < 40 ? 1 : n) {
        for (size_t i = 0; i < n; i++)
            hashes[i] = test_next(&random);
        assert_placed(hashes, n);
    }
    free(hashes);
}

static void any_other_key_has_a_slot_too(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_slots slots;
    bool placed;
    test_random random = { 2 };
    uint64_t hashes[20];
    for (size_t i = 0; i < COUNT_OF(hashes); i++)
        hashes[i] = test_next(&random);
    assert_ok(mci_slots_place(hashes, COUNT_OF(hashes), &placed, &slots, &err), err);
    static const uint64_t others[] = { 0, 1, UINT32_MAX, UINT64_MAX, UINT64_MAX << 32 };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_in_range(mci_slot_of(&slots, others[i]), 1, slots.n_slots);
    mci_slots_release(&slots);
}

/* What nobody can tell apart is said, and soon: the caller takes another seed. */
static void keys_that_are_too_alike_are_refused(void **state)
{
    (void)state;
    enum { N = 100000 };
    mc_error err = { 0 };
    bool placed = true;
    mci_slots slots = { 0 };
    test_random random = { 3 };
    uint64_t *hashes = malloc(N * sizeof *hashes);
    for (size_t i = 0; i < N; i++)
        hashes[i] = test_next(&random);
    hashes[N / 2] = hashes[7];
    assert_ok(mci_slots_place(hashes, N, &placed, &slots, &err), err);
    assert_false(placed);
    assert_null(slots.pilots);
    for (size_t i = 0; i < N; i++)
        hashes[i] = (uint32_t)test_next(&random); /* all in one bucket */
    assert_ok(mci_slots_place(hashes, N, &placed, &slots, &err), err);
    assert_false(placed);
    free(hashes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_has_a_slot_of_its_own),
        cmocka_unit_test(any_other_key_has_a_slot_too),
        cmocka_unit_test(keys_that_are_too_alike_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
