/* Searching against the plainest way: all scores, sorted. */
#include "scratch.h"

#include <math.h>

#include "base/dtype.h"
#include "io/npy_out.h"
#include "metaclip/metaclip.h"
#include "search/search_kernels.h"

enum { MOST_D = 400 };

/* ---- the plainest way ---- */

typedef struct {
    float score;
    uint64_t row;
} scored;

static int by_score(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

static float plain_product(const float *a, const float *b, size_t D)
{
    float out;
    mci_search_kernels_all()[0]->products(a, 1, D, b, 1, D, &out);
    return out;
}

static void scale_to_1(const float *from, size_t D, float *to)
{
    double square = 0;
    for (size_t i = 0; i < D; i++)
        square += (double)from[i] * from[i];
    double factor = square > 0 ? 1 / sqrt(square) : 1;
    for (size_t i = 0; i < D; i++)
        to[i] = (float)(from[i] * factor);
}

static float plain_score(const float *row, const float *query, size_t D, mc_search_measure measure)
{
    if (measure == MC_SEARCH_PRODUCT)
        return plain_product(row, query, D);
    float unit[MOST_D], square = plain_product(row, row, D);
    scale_to_1(query, D, unit);
    float factor = square == 0 ? 0 : isfinite(square) ? 1 / sqrtf(square) : NAN;
    return plain_product(row, unit, D) * factor;
}

static void search_plainly(const float *rows, size_t n, size_t D, const float *query, size_t k,
                           mc_search_measure measure, uint64_t *best, float *scores)
{
    scored *all = malloc((n + 1) * sizeof *all);
    size_t n_all = 0;
    for (size_t i = 0; i < n; i++) {
        float score = plain_score(rows + i * D, query, D, measure);
        if (!isnan(score))
            all[n_all++] = (scored){ score, i };
    }
    qsort(all, n_all, sizeof *all, by_score);
    for (size_t j = 0; j < k; j++) {
        best[j] = j < n_all ? all[j].row : MC_SEARCH_NONE;
        scores[j] = j < n_all ? all[j].score : -INFINITY;
    }
    free(all);
}

/* ---- random pools ---- */

typedef struct {
    float *rows, *queries;
    size_t n, D, n_queries, k;
    mc_search_measure measure;
} pool;

/* Small whole numbers make ties, and products that are exact; now and then a row of zeros, or one
 * that is no row of numbers. */
static void make_pool(test_random *random, pool *p, size_t most_rows)
{
    p->n = test_below(random, most_rows + 1);
    p->D = 1 + test_below(random, test_below(random, 2) ? 20 : 150);
    p->n_queries = 1 + test_below(random, test_below(random, 16) ? 6 : 300);
    p->k = 1 + test_below(random, test_below(random, 2) ? 5 : 50);
    p->measure = test_below(random, 2) ? MC_SEARCH_COSINE : MC_SEARCH_PRODUCT;
    p->rows = malloc((p->n * p->D + 1) * sizeof *p->rows);
    p->queries = malloc(p->n_queries * p->D * sizeof *p->queries);
    bool whole = test_below(random, 2);
    for (size_t i = 0; i < p->n * p->D; i++)
        p->rows[i] = whole ? (float)test_below(random, 5) - 2
                           : (float)(test_next(random) >> 40) * 0x1p-23f - 1;
    for (size_t i = 0; i < p->n; i++) {
        float *row = p->rows + i * p->D;
        size_t kind = test_below(random, 12);
        if (kind == 0)
            memset(row, 0, p->D * sizeof *row);
        if (kind == 1)
            row[test_below(random, p->D)] = NAN;
        if (kind == 2)
            row[test_below(random, p->D)] = test_below(random, 2) ? INFINITY : -INFINITY;
        if (kind == 3)
            row[test_below(random, p->D)] = 3e38f;
    }
    for (size_t i = 0; i < p->n_queries * p->D; i++)
        p->queries[i] = whole ? (float)test_below(random, 3) - 1
                              : (float)(test_next(random) >> 40) * 0x1p-23f - 1;
}

static void free_pool(pool *p)
{
    free(p->rows);
    free(p->queries);
}

static void assert_found(const mc_search_index *index, const pool *p, unsigned n_threads)
{
    mc_error err = { 0 };
    mc_search_options options = { .k = p->k, .measure = p->measure, .n_threads = n_threads };
    uint64_t *rows = malloc(p->n_queries * p->k * sizeof *rows),
             *want = malloc(p->k * sizeof *want);
    float *scores = malloc(p->n_queries * p->k * sizeof *scores);
    float *want_scores = malloc(p->k * sizeof *want_scores);
    assert_ok(mc_search_run(index, p->queries, p->n_queries, &options, rows, scores, NULL, &err),
              err);
    for (size_t q = 0; q < p->n_queries; q++) {
        search_plainly(p->rows, p->n, p->D, p->queries + q * p->D, p->k, p->measure, want,
                       want_scores);
        assert_memory_equal(rows + q * p->k, want, p->k * sizeof *want);
        for (size_t j = 0; j < p->k; j++)
            assert_true(scores[q * p->k + j] == want_scores[j]);
    }
    free(rows);
    free(want);
    free(scores);
    free(want_scores);
}

static void the_nearest_rows_are_found_in_order(void **state)
{
    (void)state;
    test_random random = { 1 };
    for (size_t round = 0; round < 80; round++) {
        pool p;
        mc_search_index *index = NULL;
        mc_error err = { 0 };
        make_pool(&random, &p, 300);
        assert_ok(mc_search_open_rows(p.rows, p.n, p.D, &index, &err), err);
        assert_found(index, &p, 1);
        mc_search_close(index);
        free_pool(&p);
    }
}

/* Enough rows for many tasks: 4 MiB each. */
static void threads_do_not_change_what_is_found(void **state)
{
    (void)state;
    enum { N = 9000, D = MOST_D, Q = 3, K = 40 };
    test_random random = { 2 };
    mc_search_index *index = NULL;
    mc_error err = { 0 };
    float *data = malloc((size_t)N * D * sizeof *data), queries[Q * D];
    static uint64_t want[Q * K], rows[Q * K];
    static float want_scores[Q * K], scores[Q * K];
    for (size_t i = 0; i < (size_t)N * D; i++)
        data[i] = (float)test_below(&random, 7) - 3;
    for (size_t i = 0; i < Q * D; i++)
        queries[i] = (float)test_below(&random, 7) - 3;
    assert_ok(mc_search_open_rows(data, N, D, &index, &err), err);
    for (unsigned n_threads = 1; n_threads <= 4; n_threads++) {
        mc_search_options options = { .k = K, .n_threads = n_threads };
        assert_ok(mc_search_run(index, queries, Q, &options, rows, scores, NULL, &err), err);
        if (n_threads == 1) {
            memcpy(want, rows, sizeof want);
            memcpy(want_scores, scores, sizeof scores);
        }
        assert_memory_equal(rows, want, sizeof want);
        assert_memory_equal(scores, want_scores, sizeof scores);
    }
    pool p = { data, queries, N, D, Q, K, MC_SEARCH_COSINE };
    assert_found(index, &p, 3);
    mc_search_close(index);
    free(data);
}

/* ---- files ---- */

static const char *write_rows(scratch *s, const char *name, const float *rows, size_t n, size_t D,
                              bool as_half)
{
    mc_error err = { 0 };
    mci_npy_out *out = NULL;
    const char *path = scratch_path(s, name);
    uint64_t dims[] = { D };
    uint16_t *halves = malloc((n * D + 1) * sizeof *halves);
    mci_dtype_convert(MCI_F32, rows, MCI_F16, halves, n * D);
    assert_ok(
        mci_npy_out_open_rows(path, as_half ? MCI_ARRAY_F16 : MCI_ARRAY_F32, 1, dims, &out, &err),
        err);
    if (n)
        assert_ok(mci_npy_out_add(out, as_half ? (const void *)halves : rows, n, &err), err);
    assert_ok(mci_npy_out_commit(out, &err), err);
    free(halves);
    return path;
}

static void shards_are_one_list_whatever_their_type_and_length(void **state)
{
    test_random random = { 3 };
    for (size_t round = 0; round < 40; round++) {
        pool p;
        mc_search_index *index = NULL;
        mc_error err = { 0 };
        const char *paths[3];
        static const char *const names[] = { "a.npy", "b.npy", "c.npy" };
        make_pool(&random, &p, 120);
        for (size_t i = 0; i < p.n * p.D; i++) /* what f16 can hold */
            p.rows[i] = mci_f32_of_f16(mci_f16_of(p.rows[i]));
        size_t cut[] = { 0, test_below(&random, p.n + 1), 0, p.n };
        cut[2] = cut[1] + test_below(&random, p.n - cut[1] + 1);
        for (size_t i = 0; i < 3; i++)
            paths[i] = write_rows(*state, names[i], p.rows + cut[i] * p.D, cut[i + 1] - cut[i], p.D,
                                  test_below(&random, 2));
        assert_ok(mc_search_open(paths, 3, NULL, &index, &err), err);
        assert_int_equal(mc_search_n_rows(index), p.n);
        assert_int_equal(mc_search_dims(index), p.D);
        assert_found(index, &p, 2);
        mc_search_close(index);
        free_pool(&p);
    }
}

static void names_are_lines_by_number(void **state)
{
    enum { N = 200 };
    float rows[N] = { 0 };
    char text[N * 8];
    size_t len = 0;
    mc_error err = { 0 };
    mc_search_index *index = NULL;
    for (int i = 0; i < N; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, i % 7 ? "row %d\n" : "\n", i);
    const char *features = write_rows(*state, "f.npy", rows, N, 1, false);
    for (size_t cut = 0; cut < 2; cut++) { /* the last line may end or not */
        const char *names = scratch_file(*state, "names.txt", text, len - cut);
        assert_ok(mc_search_open(&features, 1, names, &index, &err), err);
        for (int i = 0; i < N; i++) {
            char want[16];
            snprintf(want, sizeof want, i % 7 ? "row %d" : "", i);
            assert_str(mc_search_name(index, (uint64_t)i), want);
        }
        assert_str(mc_search_name(index, N), "");
        assert_str(mc_search_name(index, MC_SEARCH_NONE), "");
        mc_search_close(index);
    }
    const char *names = scratch_file(*state, "names.txt", text, len / 2);
    assert_int_equal(mc_search_open(&features, 1, names, &index, &err), MC_E_MISMATCH);
    assert_says(err.text, "names.txt: ");
    assert_says(err.text, "for 200 rows");
}

/* What embed writes beside an array: inputs without a row, and names with escapes, among others. */
static size_t write_list(char *text, size_t size, int n, int first)
{
    size_t len = 0;
    for (int i = 0; i < n; i++) {
        if (i % 5 == 3)
            len += (size_t)snprintf(text + len, size - len,
                                    "{\"row\":null,\"input\":\"bad\",\"error\":\"\\\"why\\\"\"}\n");
        len += (size_t)snprintf(text + len, size - len,
                                i % 70 ? "{\"row\":%d,\"input\":\"dir/%d.jpg\"}\n"
                                       : "{\"row\":%d,\"input\":\"a \\\"%d\\\"\\u001f\"}\n",
                                i, first + i);
    }
    return len;
}

static void images_are_called_as_embed_listed_them(void **state)
{
    enum { N = 200 };
    float rows[N] = { 0 };
    static char text[N * 96];
    mc_error err = { 0 };
    mc_search_index *index = NULL;
    scratch_file(*state, "one.npy.inputs.jsonl", text, write_list(text, sizeof text, N, 0));
    scratch_file(*state, "00000.inputs.jsonl", text, write_list(text, sizeof text, N, N));
    const char *paths[] = { write_rows(*state, "one.npy", rows, N, 1, false),
                            write_rows(*state, "none.npy", rows, 0, 1, false),
                            write_rows(*state, "00000.npy", rows, N, 1, false) };
    assert_ok(mc_search_open(paths, 3, NULL, &index, &err), err);
    assert_true(mc_search_has_names(index));
    for (int i = 0; i < 2 * N; i++) {
        char want[32];
        snprintf(want, sizeof want, i % N % 70 ? "dir/%d.jpg" : "a \"%d\"\x1f", i);
        assert_str(mc_search_name(index, (uint64_t)i), want);
    }
    assert_str(mc_search_name(index, 2 * N), "");
    mc_search_close(index);
    assert_ok(mc_search_open(paths, 3, "", &index, &err), err);
    assert_false(mc_search_has_names(index));
    assert_str(mc_search_name(index, 0), "");
    mc_search_close(index);
}

static void a_list_that_is_not_of_these_rows_is_refused(void **state)
{
    static const struct {
        const char *list, *why;
        mc_status status;
    } cases[] = {
        { "", "it has 0 rows, the features beside it 1; embed again", MC_E_MISMATCH },
        { "{\"row\":0,\"input\":\"a\"}\n{\"row\":1,\"input\":\"b\"}\n", "it has 2 rows",
          MC_E_MISMATCH },
        { "{\"row\":1,\"input\":\"a\"}\n", "line 1 is not what embed writes of row 0",
          MC_E_FORMAT },
        { "{\"row\":null,\"input\":\"a\"}\na\n", "line 2 is not", MC_E_FORMAT },
        { "{\"row\":0,\"input\":\"a}\n", "line 1 is not", MC_E_FORMAT },
        { "{\"row\":0,\"input\":\"a\\", "line 1 is not", MC_E_FORMAT },
        { "{\"row\":0,\"input\":\"\\q\"}\n", "line 1: is no JSON", MC_E_FORMAT },
        { "{\"row\":,\"input\":\"a\"}\n", "line 1 is not", MC_E_FORMAT },
    };
    float row = 0;
    mc_error err = { 0 };
    mc_search_index *index = NULL;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *path = write_rows(*state, "f.npy", &row, 1, 1, false);
        scratch_file(*state, "f.npy.inputs.jsonl", cases[i].list, strlen(cases[i].list));
        assert_int_equal(mc_search_open(&path, 1, NULL, &index, &err), cases[i].status);
        assert_says(err.text, "f.npy.inputs.jsonl: ");
        assert_says(err.text, cases[i].why);
    }
}

static void what_gives_no_number_is_counted_and_never_a_neighbour(void **state)
{
    (void)state;
    const float rows[] = { NAN, 1, /**/ 1, 0, /**/ 0, 0, /**/ INFINITY, 1, /**/ -1, 0 };
    const float query[] = { 1, 0 };
    mc_search_index *index = NULL;
    mc_error err = { 0 };
    mc_search_options options = { .k = 7 };
    uint64_t found[7], n_odd = 99;
    float scores[7];
    assert_ok(mc_search_open_rows(rows, 5, 2, &index, &err), err);
    assert_ok(mc_search_run(index, query, 1, &options, found, scores, &n_odd, &err), err);
    const uint64_t want[] = {
        1, 2, 4, MC_SEARCH_NONE, MC_SEARCH_NONE, MC_SEARCH_NONE, MC_SEARCH_NONE
    };
    assert_memory_equal(found, want, sizeof want);
    assert_true(scores[0] == 1 && scores[1] == 0 && scores[2] == -1 && scores[3] == -INFINITY);
    assert_int_equal(n_odd, 2);
    mc_search_close(index);
}

static void an_empty_index_and_no_queries_are_no_failure(void **state)
{
    (void)state;
    mc_search_index *index = NULL;
    mc_error err = { 0 };
    mc_search_options options = { .k = 2 };
    uint64_t found[2] = { 0 };
    float scores[2] = { 0 };
    assert_ok(mc_search_open_rows(NULL, 0, 3, &index, &err), err);
    assert_ok(mc_search_run(index, NULL, 0, &options, NULL, NULL, NULL, &err), err);
    assert_ok(mc_search_run(index, (float[]){ 1, 2, 3 }, 1, &options, found, scores, NULL, &err),
              err);
    assert_true(found[0] == MC_SEARCH_NONE && scores[1] == -INFINITY);
    mc_search_close(index);
}

/* ---- failures ---- */

static void what_cannot_be_searched_is_named(void **state)
{
    mc_error err = { 0 };
    mc_search_index *index = NULL;
    float rows[12] = { 0 };
    const char *two = write_rows(*state, "two.npy", rows, 6, 2, false);
    const char *three = write_rows(*state, "three.npy", rows, 4, 3, false);
    const char *text = scratch_text(*state, "text.npy", "not an array");
    const char *both[] = { two, three };
    assert_int_equal(mc_search_open(both, 2, NULL, &index, &err), MC_E_MISMATCH);
    assert_says(err.text,
                "three.npy: rows of 3 numbers, where those of the files before it have 2");
    assert_int_equal(mc_search_open(&text, 1, NULL, &index, &err), MC_E_FORMAT);
    assert_says(err.text, "text.npy: ");
    const char *gone = "/nowhere/f.npy";
    assert_int_equal(mc_search_open(&gone, 1, NULL, &index, &err), MC_E_IO);
    assert_says(err.text, gone);
    assert_int_equal(mc_search_open(NULL, 0, NULL, &index, &err), MC_E_ARG);
    assert_null(index);
    assert_int_equal(mc_search_open_rows(rows, 1, 0, &index, &err), MC_E_ARG);
}

static void other_types_and_ranks_are_refused(void **state)
{
    mc_error err = { 0 };
    mc_search_index *index = NULL;
    float *loaded = NULL;
    size_t n, D;
    const char *data = getenv("METACLIP_TEST_DATA");
    if (!data)
        skip();
    static const char *const cases[] = { "npy_f32_rank4.npy", "npy_u8_rank3.npy" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *path = test_path("METACLIP_TEST_DATA", cases[i]);
        assert_int_equal(mc_search_open(&path, 1, NULL, &index, &err), MC_E_SHAPE);
        assert_says(err.text, "features are f32 or f16 [n, D]");
        assert_int_equal(mc_features_load(path, &loaded, &n, &D, &err), MC_E_SHAPE);
        assert_says(err.text, cases[i]);
    }
}

static void a_query_that_is_not_finite_is_named(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mc_search_index *index = NULL;
    const float rows[] = { 1, 2, 3, 4 }, queries[] = { 1, 1, 1, NAN };
    uint64_t found[2];
    float scores[2];
    assert_ok(mc_search_open_rows(rows, 2, 2, &index, &err), err);
    mc_search_options options = { .k = 1 };
    assert_int_equal(mc_search_run(index, queries, 2, &options, found, scores, NULL, &err),
                     MC_E_FORMAT);
    assert_says(err.text, "query 1: number 1 of it is not finite");
    options.k = 0;
    assert_int_equal(mc_search_run(index, queries, 1, &options, found, scores, NULL, &err),
                     MC_E_ARG);
    options.k = SIZE_MAX; /* more than there are: as many as there are */
    assert_int_equal(mc_search_save(NULL, NULL, found, scores, 1, options.k, &err), MC_E_ARG);
    mc_search_close(index);
}

static void results_and_queries_go_through_files(void **state)
{
    mc_error err = { 0 };
    const uint64_t rows[] = { 3, 1, 2, MC_SEARCH_NONE };
    const float scores[] = { 1, 0.5f, 0.25f, -INFINITY };
    const char *rows_path = scratch_path(*state, "rows.npy");
    const char *scores_path = scratch_path(*state, "scores.npy");
    assert_ok(mc_search_save(rows_path, scores_path, rows, scores, 2, 2, &err), err);
    mci_array array = { 0 };
    assert_ok(mci_array_map(rows_path, &array, &err), err);
    assert_ok(mci_array_expect(&array, MCI_ARRAY_U64, 2, (uint64_t[]){ 2, 2 }, &err), err);
    assert_memory_equal(array.data, rows, sizeof rows);
    mci_array_unmap(&array);
    float *loaded = NULL;
    size_t n, D;
    assert_ok(mc_features_load(scores_path, &loaded, &n, &D, &err), err);
    assert_true(n == 2 && D == 2);
    assert_memory_equal(loaded, scores, sizeof scores);
    mc_free(loaded);
}

typedef struct {
    uint64_t done, total;
} progress_seen;

static void see_progress(void *user, const mc_progress *progress)
{
    progress_seen *seen = user;
    assert_true(progress->done >= seen->done && progress->done <= progress->total);
    *seen = (progress_seen){ progress->done, progress->total };
}

static void progress_ends_at_all_bytes_of_all_batches(void **state)
{
    (void)state;
    enum { N = 50000, D = 32, Q = 300 };
    float *data = calloc((size_t)N * D, sizeof *data), *queries = calloc(Q * D, sizeof *queries);
    static uint64_t found[Q];
    static float scores[Q];
    mc_search_index *index = NULL;
    mc_error err = { 0 };
    progress_seen seen = { 0 };
    assert_ok(mc_search_open_rows(data, N, D, &index, &err), err);
    mc_search_options options = { .k = 1,
                                  .n_threads = 1,
                                  .hooks = { .progress = see_progress, .user = &seen } };
    assert_ok(mc_search_run(index, queries, Q, &options, found, scores, NULL, &err), err);
    assert_int_equal(seen.done, 2 * (uint64_t)N * D * 4); /* 256 queries, then 44 */
    assert_int_equal(seen.total, seen.done);
    for (size_t q = 0; q < Q; q++)
        assert_true(found[q] == 0 && scores[q] == 0); /* all are equal: the smallest row */
    mc_search_close(index);
    free(data);
    free(queries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_rows_are_found_in_order),
        cmocka_unit_test(threads_do_not_change_what_is_found),
        cmocka_unit_test_setup_teardown(shards_are_one_list_whatever_their_type_and_length,
                                        scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(names_are_lines_by_number, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(images_are_called_as_embed_listed_them, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(a_list_that_is_not_of_these_rows_is_refused, scratch_open,
                                        scratch_close),
        cmocka_unit_test(what_gives_no_number_is_counted_and_never_a_neighbour),
        cmocka_unit_test(an_empty_index_and_no_queries_are_no_failure),
        cmocka_unit_test_setup_teardown(what_cannot_be_searched_is_named, scratch_open,
                                        scratch_close),
        cmocka_unit_test(other_types_and_ranks_are_refused),
        cmocka_unit_test(a_query_that_is_not_finite_is_named),
        cmocka_unit_test_setup_teardown(results_and_queries_go_through_files, scratch_open,
                                        scratch_close),
        cmocka_unit_test(progress_ends_at_all_bytes_of_all_batches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
