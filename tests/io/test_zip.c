#include "io/zip.h"

#include "scratch.h"

/* ---- writing and reading ---- */

static char *write_archive(scratch *s, size_t n_entries, size_t *len)
{
    mc_error err = { 0 };
    mci_output *output = NULL;
    mci_zip_out *zip = NULL;
    const char *path = scratch_path(s, "a.zip");
    assert_ok(mci_output_open(path, MCI_PLAIN, &output, &err), err);
    assert_ok(mci_zip_out_new(output, &zip, &err), err);
    for (size_t i = 0; i < n_entries; i++) {
        char name[32], text[64];
        snprintf(name, sizeof name, "a/data/%zu", i);
        int n = snprintf(text, sizeof text, "%*zu", (int)i, i);
        assert_ok(mci_zip_out_begin(zip, mc_str_of(name), (uint64_t)n, &err), err);
        for (int at = 0; at < n; at += 5) /* in pieces */
            assert_ok(mci_zip_out_write(
                          zip, (mc_str){ text + at, n - at < 5 ? (size_t)(n - at) : 5 }, &err),
                      err);
        assert_ok(mci_zip_out_end(zip, &err), err);
    }
    assert_ok(mci_zip_out_finish(zip, &err), err);
    mci_zip_out_free(zip);
    assert_ok(mci_output_commit(output, &err), err);
    return test_read_file(path, len);
}

static void an_archive_is_read_as_it_was_written(void **state)
{
    mc_error err = { 0 };
    mci_zip zip = { 0 };
    size_t len;
    char *bytes = write_archive(*state, 30, &len);
    assert_true(mci_zip_is((mc_str){ bytes, len }));
    assert_ok(mci_zip_parse((mc_str){ bytes, len }, &zip, &err), err);
    assert_int_equal(zip.n, 30);
    for (size_t i = 0; i < 30; i++) {
        char name[32], text[64];
        snprintf(name, sizeof name, "a/data/%zu", i);
        snprintf(text, sizeof text, "%*zu", (int)i, i);
        const mci_zip_entry *entry = mci_zip_find(&zip, mc_str_of(name));
        assert_non_null(entry);
        assert_str(entry->bytes, text);
        assert_int_equal((entry->bytes.data - bytes) % MCI_ZIP_ALIGNMENT, 0);
    }
    assert_null(mci_zip_find(&zip, mc_str_of("a/data/30")));
    mci_zip_release(&zip);
    free(bytes);
}

static void every_prefix_fails(void **state)
{
    size_t len;
    char *bytes = write_archive(*state, 4, &len);
    for (size_t n = 0; n < len; n++) {
        mc_error err = { 0 };
        mci_zip zip = { 0 };
        char *copy = malloc(n + 1);
        memcpy(copy, bytes, n);
        assert_int_equal(mci_zip_parse((mc_str){ copy, n }, &zip, &err), MC_E_FORMAT);
        assert_true(err.text[0] && !zip.entries);
        free(copy);
    }
    free(bytes);
}

static void an_entry_of_another_length_than_announced_is_refused(void **state)
{
    mc_error err = { 0 };
    mci_output *output = NULL;
    mci_zip_out *zip = NULL;
    assert_ok(mci_output_open(scratch_path(*state, "a.zip"), MCI_PLAIN, &output, &err), err);
    assert_ok(mci_zip_out_new(output, &zip, &err), err);
    assert_ok(mci_zip_out_begin(zip, mc_str_of("a"), 3, &err), err);
    assert_ok(mci_zip_out_write(zip, mc_str_of("ab"), &err), err);
    assert_int_equal(mci_zip_out_end(zip, &err), MC_E_ARG);
    mci_zip_out_free(zip);
    mci_output_abort(output);
}

/* ---- tricks: a sound archive in which some bytes of the directory are others ---- */

static char *find_bytes(char *bytes, size_t len, const char *mark, size_t which)
{
    char *at = bytes;
    for (size_t i = 0; i <= which; i++) {
        at = memmem(at, len - (size_t)(at - bytes), mark, 4);
        assert_non_null(at);
        at += 4;
    }
    return at - 4;
}

static void put_number(char *at, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (char)(value >> 8 * i);
}

static const struct {
    const char *name, *mark;
    size_t which, offset;
    uint64_t value;
    size_t n;
    const char *says;
} tricks[] = {
    { "encrypted", "PK\1\2", 1, 8, 1, 2, "a/data/1 is encrypted" },
    { "two sizes", "PK\1\2", 1, 20, 9, 4, "as long as it is not" },
    { "longer than the archive", "PK\1\2", 2, 20, 0x7fffffff7fffffff, 8,
      "longer than the archive" },
    { "zip64 without its field", "PK\1\2", 1, 20, UINT64_MAX, 8, "longer than the archive" },
    { "somewhere else", "PK\1\2", 1, 42, 13, 4, "not where its directory says" },
    { "beyond the end", "PK\1\2", 1, 42, 0xfffffff0, 4, "not where its directory says" },
    { "in the place of another", "PK\1\2", 2, 42, 0, 4, "one name in its directory and another" },
    { "a name beyond the directory", "PK\1\2", 3, 28, 0xffff, 2, "cut short" },
    { "more entries than there are", "PK\6\6", 0, 32, 5, 8, "its directory" },
    { "a great many entries", "PK\6\6", 0, 32, UINT64_MAX, 8, "does not fit in" },
    { "a directory beyond the end", "PK\6\6", 0, 48, UINT64_MAX - 4, 8, "does not fit in" },
    { "a directory too long", "PK\6\6", 0, 40, UINT64_MAX / 2, 8, "does not fit in" },
    { "a locator that points out", "PK\6\7", 0, 8, UINT64_MAX - 3, 8, "zip64 end" },
    { "no directory", "PK\1\2", 0, 0, 0, 4, "its directory is" },
};

static void tricks_are_seen(void **state)
{
    size_t len;
    char *sound = write_archive(*state, 4, &len), *bytes = malloc(len);
    for (size_t i = 0; i < COUNT_OF(tricks); i++) {
        mc_error err = { 0 };
        mci_zip zip = { 0 };
        print_message("  case: %s\n", tricks[i].name);
        memcpy(bytes, sound, len);
        put_number(find_bytes(bytes, len, tricks[i].mark, tricks[i].which) + tricks[i].offset,
                   tricks[i].value, tricks[i].n);
        assert_int_equal(mci_zip_parse((mc_str){ bytes, len }, &zip, &err), MC_E_FORMAT);
        assert_says(err.text, tricks[i].says);
        assert_null(zip.entries);
    }
    free(bytes);
    free(sound);
}

/* Two entries in one place, and two of one name in two places. */
static void entries_that_overlap_or_share_a_name_are_refused(void **state)
{
    mc_error err = { 0 };
    mci_zip zip = { 0 };
    size_t len;
    char *bytes = write_archive(*state, 4, &len);
    char *one = find_bytes(bytes, len, "PK\1\2", 1), *two = find_bytes(bytes, len, "PK\1\2", 2);
    char *local = find_bytes(bytes, len, "PK\3\4", 2);
    char name = two[46 + 7];
    two[46 + 7] = '1';
    local[30 + 7] = '1';
    assert_int_equal(mci_zip_parse((mc_str){ bytes, len }, &zip, &err), MC_E_FORMAT);
    assert_says(err.text, "two entries have one name");
    two[46 + 7] = name;
    local[30 + 7] = name;
    memcpy(two, one, 46 + 8);
    assert_int_equal(mci_zip_parse((mc_str){ bytes, len }, &zip, &err), MC_E_FORMAT);
    assert_says(err.text, "two entries lie in one place");
    free(bytes);
}

static void a_comment_and_bytes_before_the_end_are_no_hindrance(void **state)
{
    mc_error err = { 0 };
    mci_zip zip = { 0 };
    size_t len;
    char *bytes = write_archive(*state, 2, &len);
    bytes = realloc(bytes, len + 5);
    memcpy(bytes + len, "hello", 5);
    bytes[len - 2] = 5;
    assert_ok(mci_zip_parse((mc_str){ bytes, len + 5 }, &zip, &err), err);
    assert_int_equal(zip.n, 2);
    mci_zip_release(&zip);
    free(bytes);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(an_archive_is_read_as_it_was_written),
        IN_FOLDER(every_prefix_fails),
        IN_FOLDER(an_entry_of_another_length_than_announced_is_refused),
        IN_FOLDER(tricks_are_seen),
        IN_FOLDER(entries_that_overlap_or_share_a_name_are_refused),
        IN_FOLDER(a_comment_and_bytes_before_the_end_are_no_hindrance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
