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
    assert_ok(mci_key_writer_open(path, &writer, &err), err);
    for (size_t i = 0; i < n; i++)
        assert_ok(mci_key_writer_add(writer, keys[i], &err), err);
    assert_ok(mci_key_writer_commit(writer, &err), err);
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
            const mci_pair_key *pairs;
            size_t n_pairs = mci_key_run_range(file, run, range, &pairs);
            for (size_t i = 0; i < n_pairs; i++) {
                const mci_pair_key *pair = &pairs[i];
                assert_true(pair->position / MCI_KEY_RUN == run);
                assert_true(pair->key.high >= range.from &&
                            (!range.to || pair->key.high < range.to));
                assert_memory_equal(&pair->key, &keys[pair->position], sizeof pair->key);
                assert_int_equal(seen[pair->position], 0);
                seen[pair->position] = 1;
                n_seen++;
                if (i > 0 && memcmp(&pairs[i - 1].key, &pair->key, sizeof pair->key) == 0)
                    assert_true(pairs[i - 1].position < pair->position);
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
        assert_ok(mci_key_file_open(scratch_path(s, "keys"), &file, &err), err);
        assert_int_equal(file.n, sizes[i]);
        for (size_t j = 0; j < COUNT_OF(n_ranges); j++)
            check_ranges(&file, keys, sizes[i], n_ranges[j]);
        mci_key_file_close(&file);
        free(keys);
    }
}

static void a_cut_file_is_refused(void **state)
{
    scratch *s = *state;
    mci_key_file file;
    mc_error err = { 0 };
    assert_int_equal(mci_key_file_open(scratch_text(s, "cut", "no 24 bytes"), &file, &err),
                     MC_E_FORMAT);
    assert_says(err.text, "cut");
    assert_int_equal(mci_key_file_open(scratch_path(s, "none"), &file, &err), MC_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_pair_is_in_one_range, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(a_cut_file_is_refused, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
