#include "curate/pair_keys.h"

#include "scratch.h"

static mci_hash128 random_key(test_random *random)
{
    mci_hash128 key = { test_next(random), test_next(random) };
    if (test_below(random, 4) == 0)
        key.high = key.high >> 62 << 62; /* some stand on the bounds of ranges, many are equal */
    if (test_below(random, 4) == 0)
        key.low = 0;
    return key;
}

static void write_keys(const char *path, const mci_hash128 *keys, size_t n)
{
    mci_key_writer *writer;
    mc_error err = { 0 };
    assert_ok(mci_key_writer_open(path, sizeof(mci_pair_key), &writer, &err), err);
    for (size_t i = 0; i < n; i++)
        assert_ok(mci_pair_key_add(writer, keys[i], &err), err);
    assert_ok(mci_key_writer_end(writer, MC_OK, &err), err);
}

/* By the key, and of equal ones by what was added first. */
static bool comes_before(const mci_pair_key *a, const mci_pair_key *b)
{
    if (a->key.high != b->key.high)
        return a->key.high < b->key.high;
    return a->key.low != b->key.low ? a->key.low < b->key.low : a->position < b->position;
}

/* Every pair is in exactly one range, in its run, after the equal ones that came before it. */
static void check_ranges(const mci_key_file *file, const mci_hash128 *keys, size_t n,
                         uint64_t n_ranges)
{
    size_t n_seen = 0;
    char *seen = calloc(n + 1, 1);
    for (uint64_t part = 0; part < n_ranges; part++) {
        mci_key_range range = mci_key_range_of(part, n_ranges);
        for (size_t run = 0; run < mci_key_file_runs(file); run++) {
            size_t n_pairs;
            const mci_pair_key *pairs = mci_key_file_range(file, run, range, &n_pairs);
            for (size_t i = 0; i < n_pairs; i++) {
                const mci_pair_key *pair = &pairs[i];
                assert_true(pair->position / MCI_KEY_RUN == run);
                assert_true(pair->key.high >= range.from &&
                            (!range.to || pair->key.high < range.to));
                assert_memory_equal(&pair->key, &keys[pair->position], sizeof pair->key);
                assert_int_equal(seen[pair->position], 0);
                seen[pair->position] = 1;
                n_seen++;
                assert_true(i == 0 || comes_before(&pairs[i - 1], pair));
            }
        }
    }
    assert_int_equal(n_seen, n);
    free(seen);
}

static void every_pair_is_in_one_range(void **state)
{
    scratch *s = *state;
    static const size_t sizes[] = { 0, 1, 2, 1000, MCI_KEY_RUN, 2 * MCI_KEY_RUN + 77 };
    static const uint64_t n_ranges[] = { 1, 3, 64 };
    test_random random = { 5 };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        mci_hash128 *keys = calloc(sizes[i] + 1, sizeof *keys);
        for (size_t k = 0; k < sizes[i]; k++)
            keys[k] = random_key(&random);
        write_keys(scratch_path(s, "keys"), keys, sizes[i]);
        mci_key_file file;
        mc_error err = { 0 };
        assert_ok(mci_key_file_open(scratch_path(s, "keys"), sizeof(mci_pair_key), &file, &err),
                  err);
        assert_int_equal(file.n, sizes[i]);
        for (size_t j = 0; j < COUNT_OF(n_ranges); j++)
            check_ranges(&file, keys, sizes[i], n_ranges[j]);
        mci_key_file_close(&file);
        free(keys);
    }
}

/* Whoever names the pairs could choose them so that their keys are alike. */
static void keys_that_are_alike_take_no_longer(void **state)
{
    scratch *s = *state;
    const size_t n = MCI_KEY_RUN + 1000;
    mci_hash128 *keys = calloc(n, sizeof *keys);
    for (size_t i = 0; i < n; i++)
        keys[i] = (mci_hash128){ 7, (n - i) / 3 };
    write_keys(scratch_path(s, "keys"), keys, n);
    mci_key_file file;
    mc_error err = { 0 };
    assert_ok(mci_key_file_open(scratch_path(s, "keys"), sizeof(mci_pair_key), &file, &err), err);
    check_ranges(&file, keys, n, 3);
    mci_key_file_close(&file);
    free(keys);
}

static void a_cut_file_is_refused(void **state)
{
    scratch *s = *state;
    mci_key_file file;
    mc_error err = { 0 };
    assert_int_equal(
        mci_key_file_open(scratch_text(s, "cut", "no 24 bytes"), sizeof(mci_pair_key), &file, &err),
        MC_E_FORMAT);
    assert_says(err.text, "cut");
    assert_int_equal(mci_key_file_open(scratch_path(s, "none"), sizeof(mci_pair_key), &file, &err),
                     MC_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_pair_is_in_one_range, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(keys_that_are_alike_take_no_longer, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(a_cut_file_is_refused, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
