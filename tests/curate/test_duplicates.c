/* Finding duplicates over several files, part by part, with and without keys that were known
 * before: the same as one walk over all pairs with a list of what was seen. */
#include "curate/duplicates.h"

#include "scratch.h"

enum { N_FILES = 4, MOST_PAIRS = 3000 };

typedef struct {
    scratch *s;
    char paths[N_FILES][128];
    mci_hash128 keys[N_FILES][MOST_PAIRS];
    size_t n[N_FILES];
    mci_hash128 known[3][500]; /* of two earlier runs, and of pairs that passed before */
} fixture;

/* Few enough that many are equal. */
static mci_hash128 random_key(test_random *random)
{
    uint64_t n = test_below(random, 3000);
    if (n == 0)
        return (mci_hash128){ 0, 0 };
    test_random of = { n };
    mci_hash128 key = { test_next(&of), test_next(&of) };
    if (n % 50 == 1)
        key.high = UINT64_MAX;
    return key;
}

static mc_status path_of(void *user, size_t file, mci_buf *path, mc_error *err)
{
    const fixture *f = user;
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s", f->paths[file]);
}

static void make_files(fixture *f, test_random *random)
{
    mc_error err = { 0 };
    for (size_t i = 0; i < N_FILES; i++) {
        mci_key_writer *writer;
        char name[16];
        snprintf(name, sizeof name, "keys%zu", i);
        snprintf(f->paths[i], sizeof f->paths[i], "%s", scratch_path(f->s, name));
        f->n[i] = i == 1 ? 0 : test_below(random, MOST_PAIRS) + 1;
        assert_ok(mci_key_writer_open(f->paths[i], sizeof(mci_pair_key), &writer, &err), err);
        for (size_t j = 0; j < f->n[i]; j++) {
            f->keys[i][j] = random_key(random);
            assert_ok(mci_pair_key_add(writer, f->keys[i][j], &err), err);
        }
        assert_ok(mci_key_writer_end(writer, MC_OK, &err), err);
    }
}

static const char *write_known(scratch *s, const char *name, const mci_hash128 *keys, size_t n,
                               const char *made_from)
{
    char digits[MC_SHA256_DIGITS + 1];
    mc_error err = { 0 };
    mci_output *file;
    const char *path = scratch_path(s, name);
    snprintf(digits, sizeof digits, "%064d", atoi(made_from));
    assert_ok(mci_output_open(path, MCI_PLAIN, &file, &err), err);
    assert_ok(mci_output_write(file, (mc_str){ (const char *)keys, n * sizeof *keys }, &err), err);
    assert_ok(mci_known_keys_end(file, n, digits, mc_str_of("/the/run"), &err), err);
    assert_ok(mci_output_commit(file, &err), err);
    return path;
}

static bool holds(const mci_hash128 *keys, size_t n, mci_hash128 key)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i].high == key.high && keys[i].low == key.low)
            return true;
    return false;
}

/* The definition: marks of all pairs, and the keys of those that stay. */
static size_t mark_plainly(const fixture *f, const size_t n_known[3],
                           unsigned char marks[N_FILES][MOST_PAIRS], mci_hash128 *kept)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < N_FILES; i++) {
        for (size_t j = 0; j < f->n[i]; j++) {
            mci_hash128 key = f->keys[i][j];
            bool was_earlier =
                holds(f->known[0], n_known[0], key) || holds(f->known[1], n_known[1], key);
            bool was_seen = holds(kept, n_kept, key) || holds(f->known[2], n_known[2], key);
            marks[i][j] = was_earlier ? MCI_PAIR_IS_EARLIER
                          : was_seen  ? MCI_PAIR_IS_DUPLICATE
                                      : MCI_PAIR_STAYS;
            if (marks[i][j] == MCI_PAIR_STAYS)
                kept[n_kept++] = key;
        }
    }
    return n_kept;
}

static void check_drops(scratch *s, const fixture *f, unsigned char marks[N_FILES][MOST_PAIRS])
{
    size_t len;
    char *bytes = test_read_file(scratch_path(s, "drops"), &len);
    const mci_drop *drops = (const mci_drop *)bytes;
    unsigned char got[MOST_PAIRS / 4 + 1];
    assert_int_equal(len % sizeof *drops, 0);
    for (size_t i = 0; i < N_FILES; i++) {
        memset(got, 0, sizeof got);
        for (size_t k = 0; k < len / sizeof *drops; k++)
            if (drops[k].file == i)
                mci_mark_drop(got, drops[k].position);
        for (size_t j = 0; j < f->n[i]; j++)
            assert_int_equal(got[j / 4] >> 2 * (j % 4) & 3, marks[i][j]);
    }
    free(bytes);
}

/* In the order of the parts the files of keys are one ascending list. */
static void check_kept(scratch *s, mci_hash128 *kept, size_t n_kept)
{
    size_t len;
    char *bytes = test_read_file(scratch_path(s, "kept"), &len);
    assert_int_equal(mci_keys_sort(kept, n_kept), n_kept);
    assert_int_equal(len, n_kept * sizeof *kept);
    if (len > 0)
        assert_memory_equal(bytes, kept, len);
    free(bytes);
}

static void find_all(scratch *s, const mci_duplicate_search *search, uint64_t n_parts,
                     bool with_keys, uint64_t *n_keys)
{
    mci_output *drops, *keys = NULL;
    mc_error err = { 0 };
    assert_ok(mci_output_open(scratch_path(s, "drops"), MCI_PLAIN, &drops, &err), err);
    if (with_keys)
        assert_ok(mci_output_open(scratch_path(s, "kept"), MCI_PLAIN, &keys, &err), err);
    for (uint64_t part = 0; part < n_parts; part++)
        assert_ok(
            mci_duplicates_find(search, mci_key_range_of(part, n_parts), drops, keys, n_keys, &err),
            err);
    assert_ok(mci_output_commit(drops, &err), err);
    if (keys)
        assert_ok(mci_output_commit(keys, &err), err);
}

static void check_round(fixture *f, test_random *random, int round)
{
    static unsigned char marks[N_FILES][MOST_PAIRS];
    static mci_hash128 kept[N_FILES * MOST_PAIRS];
    bool has_earlier = round % 2, has_before = round % 3 == 2, with_keys = !has_before;
    size_t n_known[3] = { 0 };
    mci_known_runs earlier = { 0 };
    mci_known_keys before = { 0 };
    uint64_t n_keys = 0;
    mc_error err = { 0 };
    make_files(f, random);
    for (int i = 0; i < 3; i++) {
        if (i < 2 ? !has_earlier : !has_before)
            continue;
        n_known[i] = test_below(random, 500);
        for (size_t k = 0; k < n_known[i]; k++)
            f->known[i][k] = random_key(random);
        n_known[i] = mci_keys_sort(f->known[i], n_known[i]);
        write_known(f->s,
                    i == 0   ? "a.keys"
                    : i == 1 ? "b.keys"
                             : "before",
                    f->known[i], n_known[i], "1");
    }
    if (has_earlier)
        assert_ok(mci_known_runs_open(f->s->dir, mc_str_of("own"), &earlier, &err), err);
    if (has_before)
        assert_ok(mci_known_keys_open(scratch_path(f->s, "before"), &before, &err), err);
    assert_int_equal(earlier.n, has_earlier ? 2 : 0);
    mci_duplicate_search search = { N_FILES, path_of, f, has_earlier ? &earlier : NULL,
                                    has_before ? &before : NULL };
    find_all(f->s, &search, test_below(random, 9) + 1, with_keys, &n_keys);
    size_t n_kept = mark_plainly(f, n_known, marks, kept);
    check_drops(f->s, f, marks);
    if (with_keys) {
        assert_int_equal(n_keys, n_kept);
        check_kept(f->s, kept, n_kept);
    }
    mci_known_runs_close(&earlier);
    mci_known_keys_close(&before);
}

static void what_goes_is_what_a_plain_walk_drops(void **state)
{
    static fixture f;
    test_random random = { 3 };
    f.s = *state;
    for (int round = 0; round < 24; round++)
        check_round(&f, &random, round);
}

static void a_run_is_known_by_its_id(void **state)
{
    scratch *s = *state;
    static const mci_hash128 keys[] = { { 1, 2 }, { 3, 4 } };
    mci_known_runs runs;
    mc_error err = { 0 };
    write_known(s, "b.keys", keys, 2, "7");
    write_known(s, "a.keys", keys, 1, "8");
    scratch_text(s, ".c.keys.tmp", "half");
    scratch_text(s, "README", "not ours");
    assert_ok(mci_known_runs_open(s->dir, mc_str_of("b"), &runs, &err), err);
    assert_int_equal(runs.n, 1);
    assert_string_equal(runs.runs[0].id, "a");
    assert_int_equal(runs.runs[0].n, 1);
    assert_str(runs.runs[0].origin, "/the/run");
    mci_known_runs_close(&runs);
    assert_ok(mci_known_runs_open(s->dir, mc_str_of("c"), &runs, &err), err);
    assert_int_equal(runs.n, 2);
    assert_string_equal(runs.runs[1].id, "b");
    mci_known_runs_close(&runs);
    assert_ok(mci_known_runs_open(scratch_path(s, "none"), mc_str_of("c"), &runs, &err), err);
    assert_int_equal(runs.n, 0);
}

static void a_damaged_list_of_keys_is_refused(void **state)
{
    scratch *s = *state;
    static const mci_hash128 keys[] = { { 1, 2 }, { 3, 4 } };
    mci_known_keys known;
    mci_known_runs runs;
    mc_error err = { 0 };
    size_t len;
    char *bytes = test_read_file(write_known(s, "whole.keys", keys, 2, "7"), &len);
    for (size_t n = 0; n < len; n++) {
        const char *path = scratch_file(s, "cut", bytes, n);
        assert_int_equal(mci_known_keys_open(path, &known, &err), MC_E_FORMAT);
        assert_says(err.text, "no keys of a run");
    }
    for (size_t i = len - 16 - MC_SHA256_DIGITS - 16; i < len - 16 - MC_SHA256_DIGITS; i++) {
        bytes[i] ^= 0x55; /* the numbers in the trailer */
        assert_int_equal(mci_known_keys_open(scratch_file(s, "bad", bytes, len), &known, &err),
                         MC_E_FORMAT);
        bytes[i] ^= 0x55;
    }
    scratch_file(s, "x.keys", bytes, len - 1);
    assert_int_equal(mci_known_runs_open(s->dir, mc_str_of("b"), &runs, &err), MC_E_FORMAT);
    free(bytes);
}

static void a_run_has_the_name_of_its_output(void **state)
{
    scratch *s = *state;
    static mci_run_name name;
    mc_error err = { 0 };
    char want[600];
    assert_ok(mci_run_name_choose(&name, s->dir, NULL, scratch_path(s, "set.jsonl.gz"), &err), err);
    assert_str(name.id, "set");
    snprintf(want, sizeof want, "%s/set.jsonl.gz", s->dir);
    assert_str(name.origin, want);
    assert_ok(mci_run_name_choose(&name, s->dir, NULL, scratch_path(s, "out///"), &err), err);
    assert_str(name.id, "out");
    assert_ok(mci_run_name_choose(&name, s->dir, "2024-10", "-", &err), err);
    assert_str(name.id, "2024-10");
    static const char *const bad[] = { "", "a/b", ".a", "a\nb" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(mci_run_name_choose(&name, s->dir, bad[i], "out", &err), MC_E_ARG);
    /* Another output had the id. */
    write_known(s, "out.keys", NULL, 0, "7");
    assert_int_equal(mci_run_name_choose(&name, s->dir, NULL, scratch_path(s, "out"), &err),
                     MC_E_MISMATCH);
    assert_says(err.text, "/the/run");
    assert_ok(mci_run_name_choose(&name, s->dir, "out", scratch_path(s, "out"), &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_goes_is_what_a_plain_walk_drops, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(a_run_is_known_by_its_id, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(a_damaged_list_of_keys_is_refused, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(a_run_has_the_name_of_its_output, scratch_open,
                                        scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
