#include "curate/shards.h"

#include "curate/key_set.h"
#include "run/sparse_counts.h"

#include "scratch.h"

static void names_lose_their_format_suffixes(void **state)
{
    (void)state;
    static const struct {
        const char *file, *want;
    } cases[] = {
        { "CC-MAIN-2024.warc.wat.gz", "CC-MAIN-2024" },
        { "a.jsonl.zst", "a" },
        { "a.json", "a" },
        { "part.0001.jsonl", "part.0001" },
        { "plain", "plain" },
        { ".gz", ".gz" },
        { "a.tar.gz", "a" },
        { "00000.tar", "00000" },
        { "laion.snappy.parquet", "laion.snappy" },
        { "b.csv.zst", "b" },
        { "c.tsv", "c" },
        { "x.gz.gz", "x" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_str(mci_shard_name(mc_str_of(cases[i].file)), cases[i].want);
}

static void shards_are_sorted_by_the_bytes_of_their_names(void **state)
{
    scratch *s = *state;
    static const char *const files[] = { "b.warc.gz", "B.jsonl", "ab.warc", "a.warc" };
    static const char *const want[] = { "B", "a", "ab", "b" };
    const char *paths[4];
    char kept[4][512];
    for (size_t i = 0; i < 4; i++)
        paths[i] = strcpy(kept[i], scratch_text(s, files[i], "x"));
    mci_shards shards;
    mc_error err = { 0 };
    assert_ok(mci_shards_list(paths, 4, MCI_BY_NAME, false, &shards, &err), err);
    for (size_t i = 0; i < 4; i++)
        assert_str(shards.shards[i].name, want[i]);
    assert_int_equal(shards.n_bytes, 4);
    mci_shards_release(&shards);
}

static void equal_names_are_an_error_that_offers_a_way_out(void **state)
{
    scratch *s = *state;
    char a[512], b[512];
    strcpy(a, scratch_text(s, "x.warc.gz", ""));
    strcpy(b, scratch_text(s, "x.jsonl", ""));
    const char *paths[] = { a, b };
    mci_shards shards;
    mc_error err = { 0 };
    assert_int_equal(mci_shards_list(paths, 2, MCI_BY_NAME, false, &shards, &err), MC_E_ARG);
    assert_says(err.text, "--shard-names path");
    assert_int_equal(mci_shards_list(paths, 2, MCI_AS_GIVEN, false, &shards, &err), MC_OK);
    mci_shards_release(&shards);
    assert_int_equal(mci_shards_list(paths, 2, MCI_BY_NAME, true, &shards, &err), MC_OK);
    assert_memory_equal(shards.shards[0].name.data + shards.shards[0].name.len - 8, "_x.jsonl", 8);
    mci_shards_release(&shards);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    const char *path = "/no/such/file.warc.gz";
    mci_shards shards;
    mc_error err = { 0 };
    assert_int_equal(mci_shards_list(&path, 1, MCI_BY_NAME, false, &shards, &err), MC_E_IO);
    assert_says(err.text, path);
    assert_int_equal(mci_shards_list(NULL, 0, MCI_BY_NAME, false, &shards, &err), MC_E_ARG);
}

static void a_key_is_new_once(void **state)
{
    (void)state;
    mci_key_set set = { 0 };
    test_random random = { 3 };
    enum { N = 50000 };
    mci_hash128 *keys = calloc(N, sizeof *keys); /* the first one is the key 0 */
    for (size_t i = 1; i < N; i++) {
        keys[i] = (mci_hash128){ test_next(&random), test_next(&random) };
        if (i % 3 == 0)
            keys[i].low = keys[i - 1].low; /* alike in the half that chooses the slot */
    }
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < N; i++) {
            bool is_new;
            assert_int_equal(mci_key_set_add(&set, keys[i], &is_new, NULL), MC_OK);
            assert_int_equal(is_new, round == 0);
        }
    mci_key_set_release(&set);
    free(keys);
}

static void sparse_counts_add_up(void **state)
{
    scratch *s = *state;
    uint64_t a[5] = { 0, 7, 0, UINT64_C(1) << 40, 1 }, b[5] = { 1, 1, 0, 0, 0 }, sum[5] = { 0 };
    mc_error err = { 0 };
    assert_ok(mci_sparse_save(a, 5, scratch_path(s, "a"), &err), err);
    assert_ok(mci_sparse_save(b, 5, scratch_path(s, "b"), &err), err);
    assert_ok(mci_sparse_add(scratch_path(s, "a"), sum, 5, &err), err);
    assert_ok(mci_sparse_add(scratch_path(s, "b"), sum, 5, &err), err);
    for (size_t i = 0; i < 5; i++)
        assert_true(sum[i] == a[i] + b[i]);
    assert_int_equal(mci_sparse_add(scratch_path(s, "a"), sum, 4, &err), MC_E_FORMAT);
    assert_int_equal(mci_sparse_add(scratch_path(s, "none"), sum, 5, &err), MC_E_IO);
    assert_int_equal(mci_sparse_add(scratch_text(s, "cut", "1234567"), sum, 5, &err), MC_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lose_their_format_suffixes),
        cmocka_unit_test_setup_teardown(shards_are_sorted_by_the_bytes_of_their_names, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(equal_names_are_an_error_that_offers_a_way_out,
                                        scratch_open, scratch_close),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(a_key_is_new_once),
        cmocka_unit_test_setup_teardown(sparse_counts_add_up, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
