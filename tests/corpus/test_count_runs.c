#include "base/threads.h"
#include "corpus/count_run.h"
#include "corpus/count_table.h"
#include "scratch.h"

/* ---- the plain reference: strings in an array, sorted and added ---- */

typedef struct {
    char text[24];
    uint64_t count;
} naive_item;

typedef struct {
    naive_item *items;
    size_t n, cap;
} naive;

static void naive_add(naive *list, const char *text, uint64_t count)
{
    if (list->n == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 64;
        list->items = realloc(list->items, list->cap * sizeof *list->items);
        assert_non_null(list->items);
    }
    snprintf(list->items[list->n].text, sizeof list->items[0].text, "%s", text);
    list->items[list->n++].count = count;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const naive_item *)a)->text, ((const naive_item *)b)->text);
}

static void naive_sum(naive *list)
{
    size_t n = 0;
    qsort(list->items, list->n, sizeof *list->items, by_text);
    for (size_t i = 0; i < list->n; i++) {
        if (n > 0 && strcmp(list->items[n - 1].text, list->items[i].text) == 0)
            list->items[n - 1].count += list->items[i].count;
        else
            list->items[n++] = list->items[i];
    }
    list->n = n;
}

static void assert_merged(const char *const *paths, size_t n_paths, uint64_t memory, naive *want)
{
    mci_run_merge *merge = NULL;
    mc_str key;
    uint64_t count;
    mc_error err = { 0 };
    mc_status status;
    size_t n = 0;
    assert_ok(mci_run_merge_open(paths, n_paths, memory, &merge, &err), err);
    while ((status = mci_run_merge_next(merge, &key, &count, &err)) == MC_OK) {
        assert_true(n < want->n);
        assert_str(key, want->items[n].text);
        assert_int_equal(count, want->items[n++].count);
    }
    assert_int_equal(status, MC_END);
    assert_int_equal(n, want->n);
    assert_int_equal(mci_run_merge_bytes_read(merge), mci_run_merge_bytes_total(merge));
    mci_run_merge_close(merge);
}

/* ---- tables ---- */

enum { N_TABLES = 3, N_ROUNDS = 2 };

/* Random words and pairs into random tables; some of them written early. */
static void tables_and_runs_sum_what_was_counted(void **state)
{
    test_random random = { 11 };
    for (size_t vocabulary = 1; vocabulary < 3000; vocabulary *= 7) {
        mci_count_table *tables[N_TABLES];
        naive words = { 0 }, pairs = { 0 };
        char paths[2 * N_ROUNDS][256];
        const char *views[2 * N_ROUNDS];
        for (size_t i = 0; i < N_TABLES; i++)
            assert_int_equal(mci_count_table_new(1 << 20, &tables[i], NULL), MC_OK);
        for (size_t round = 0; round < N_ROUNDS; round++) {
            for (size_t i = 0; i < 6000; i++) {
                mci_count_table *table = tables[test_next(&random) % N_TABLES];
                char first[8], second[8], both[24];
                uint32_t x, y;
                snprintf(first, sizeof first, "w%u", (unsigned)(test_next(&random) % vocabulary));
                snprintf(second, sizeof second, "w%u", (unsigned)(test_next(&random) % vocabulary));
                snprintf(both, sizeof both, "%s %s", first, second);
                assert_int_equal(mci_count_word(table, mc_str_of(first), 1, &x, NULL), MC_OK);
                assert_int_equal(mci_count_word(table, mc_str_of(second), 3, &y, NULL), MC_OK);
                assert_int_equal(mci_count_pair(table, x, y, NULL), MC_OK);
                naive_add(&words, first, 1);
                naive_add(&words, second, 3);
                naive_add(&pairs, both, 1);
            }
            mc_error err = { 0 };
            for (size_t kind = 0; kind < 2; kind++) {
                char name[32];
                snprintf(name, sizeof name, "%zu-%zu", round, kind);
                snprintf(paths[2 * round + kind], sizeof paths[0], "%s",
                         scratch_path(*state, name));
            }
            assert_ok(mci_count_tables_write(tables, N_TABLES, 2, paths[2 * round],
                                             paths[2 * round + 1], &err),
                      err);
            assert_true(mci_count_table_is_empty(tables[0]));
        }
        naive_sum(&words);
        naive_sum(&pairs);
        for (size_t kind = 0; kind < 2; kind++) {
            for (size_t round = 0; round < N_ROUNDS; round++)
                views[round] = paths[2 * round + kind];
            assert_merged(views, N_ROUNDS, 1, kind ? &pairs : &words);
            const char *merged = scratch_path(*state, "merged");
            assert_int_equal(mci_run_merge_to(views, N_ROUNDS, 1 << 20, merged, NULL), MC_OK);
            assert_merged(&merged, 1, 1 << 20, kind ? &pairs : &words);
        }
        for (size_t i = 0; i < N_TABLES; i++)
            mci_count_table_free(tables[i]);
        free(words.items);
        free(pairs.items);
    }
}

static void counts_are_found_again(void **state)
{
    (void)state;
    mci_count_table *table = NULL;
    uint32_t id;
    assert_int_equal(mci_count_table_new(1 << 20, &table, NULL), MC_OK);
    assert_int_equal(mci_count_of(table, mc_str_of("a")), 0);
    assert_int_equal(mci_count_word(table, mc_str_of("a"), 7, &id, NULL), MC_OK);
    assert_int_equal(mci_count_of(table, mc_str_of("a")), 7);
    assert_int_equal(mci_count_of(table, mc_str_of("b")), 0);
    mci_count_table_free(table);
}

static void a_table_says_when_it_is_full(void **state)
{
    (void)state;
    mci_count_table *table = NULL;
    char word[16];
    uint32_t id = 0, n = 0;
    assert_int_equal(mci_count_table_new(1 << 20, &table, NULL), MC_OK);
    for (; !mci_count_table_is_full(table); n++) {
        snprintf(word, sizeof word, "%u", n);
        assert_int_equal(mci_count_word(table, mc_str_of(word), 1, &id, NULL), MC_OK);
        assert_int_equal(mci_count_pair(table, id, n / 2, NULL), MC_OK);
    }
    assert_in_range(n, 1000, 1 << 20);
    mci_count_table_free(table);
}

/* ---- damage ---- */

static void write_run(const char *path)
{
    mci_run_writer *writer = NULL;
    assert_int_equal(mci_run_writer_open(path, &writer, NULL), MC_OK);
    mc_status status = mci_run_writer_add(writer, mc_str_of("red"), 300, NULL);
    if (status >= 0)
        status = mci_run_writer_add(writer, mc_str_of("red car"), 1, NULL);
    assert_int_equal(mci_run_writer_end(writer, status, NULL), MC_OK);
}

static void damaged_runs_are_told(void **state)
{
    char bytes[256];
    const char *path = scratch_path(*state, "run");
    write_run(path);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (size_t cut = 0; cut < n; cut++) {
        const char *cut_path = scratch_file(*state, "cut", bytes, cut);
        mci_run_merge *merge = NULL;
        mc_str key;
        uint64_t count;
        mc_error err = { 0 };
        mc_status status = mci_run_merge_open(&cut_path, 1, 1, &merge, &err);
        while (status == MC_OK)
            status = mci_run_merge_next(merge, &key, &count, &err);
        assert_int_equal(status, MC_E_FORMAT);
        assert_says(err.text, "damaged counts");
        mci_run_merge_close(merge);
    }
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(tables_and_runs_sum_what_was_counted),
        cmocka_unit_test(counts_are_found_again),
        cmocka_unit_test(a_table_says_when_it_is_full),
        IN_SCRATCH(damaged_runs_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
