/* One text an image: what balance keeps, expects and aims at is what a walk over all pairs says,
 * and so is what the files on the way hold, however many parts they are made in. */
#include <math.h>

#include "curate/choices.h"
#include "curate/expect.h"
#include "metaclip/metaclip.h"

#include "scratch.h"

#define UUID  "3c2a7f1d9b0e4c5a6d8f7e21"
#define ZEROS "000000000000000000000000"

/* ---- the number of a text: docs/test-vectors.md holds the same ones ---- */

static const struct {
    const char *uuid, *text;
    size_t times; /* the text so often */
    uint64_t seed, want;
} numbers[] = {
    { "", "", 1, 0, 0x60a770376dc2156d },
    { UUID, "a red car", 1, 0, 0x85524af4a6886d3c },
    { UUID, "a red car", 1, 1, 0x21d623cae900c32e },
    { UUID, "a red car", 1, UINT64_MAX, 0x6c280327434801f8 },
    { UUID, "", 1, 0, 0x6521333808b92b7c },
    { UUID, "une tasse de caf\xC3\xA9", 1, 0, 0x266bcf0c4d98d552 },
    { ZEROS, "x", 300, 7, 0xc7c706c1fc9ea7e9 },
    { ZEROS, "ab", 1000, 7, 0xfb4c5e49936fda87 },
};

static void numbers_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        print_message("  case: %zu\n", i);
        char text[2048] = "";
        for (size_t k = 0; k < numbers[i].times; k++)
            strcat(text, numbers[i].text);
        assert_true(mc_text_number(mc_str_of(numbers[i].uuid), mc_str_of(text), numbers[i].seed) ==
                    numbers[i].want);
    }
}

static void numbers_are_hashes_of_the_joined_bytes_at_any_length(void **state)
{
    (void)state;
    static char joined[2100] = "text";
    for (size_t n_uuid = 0; n_uuid < 1050; n_uuid += n_uuid < 3 || n_uuid > 1010 ? 1 : 337)
        for (size_t n_text = 0; n_text < 1040; n_text += n_text < 3 || n_text > 980 ? 1 : 163) {
            memset(joined + 5, 'u', n_uuid);
            joined[5 + n_uuid] = '\0';
            memset(joined + 6 + n_uuid, 't', n_text);
            mc_str uuid = { joined + 5, n_uuid }, text = { joined + 6 + n_uuid, n_text };
            assert_true(mc_text_number(uuid, text, 3) ==
                        mci_hash64((mc_str){ joined, 6 + n_uuid + n_text }, 3));
        }
}

/* ---- parts and lists ---- */

enum { N_FILES = 4, MOST_KEYS = 300000 };
#define CHOSEN ((uint64_t)1 << 63)

typedef struct {
    scratch *s;
    mci_image_key *keys[N_FILES];
    size_t n[N_FILES];
} key_fixture;

typedef struct {
    uint64_t position, n_texts;
} listed;

static mc_status path_of(void *user, const char *kind, size_t number, mci_buf *path, mc_error *err)
{
    const key_fixture *f = user;
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/%s%zu", f->s->dir, kind, number);
}

static mc_status keys_path(void *user, size_t number, mci_buf *path, mc_error *err)
{
    return path_of(user, "keys", number, path, err);
}

static mc_status part_path(void *user, size_t number, mci_buf *path, mc_error *err)
{
    return path_of(user, "part", number, path, err);
}

static mc_status list_path(void *user, size_t number, mci_buf *path, mc_error *err)
{
    return path_of(user, "list", number, path, err);
}

/* Few images and fewer numbers, so that many are equal; gaps, where texts match nothing. */
static void make_keys(key_fixture *f, test_random *random, size_t most, size_t n_images)
{
    mc_error err = { 0 };
    mci_buf path = { 0 };
    for (size_t i = 0; i < N_FILES; i++) {
        mci_key_writer *writer;
        uint64_t position = 0;
        f->n[i] = i == 1 ? 0 : 1 + test_below(random, most);
        for (size_t j = 0; j < f->n[i]; j++) {
            test_random of = { test_below(random, n_images) };
            position += 1 + (test_below(random, 5) == 0);
            f->keys[i][j] = (mci_image_key){ { test_next(&of), test_next(&of) },
                                             test_below(random, 4),
                                             position };
        }
        assert_ok(keys_path(f, i, &path, &err), err);
        assert_ok(mci_key_writer_open(path.data, sizeof(mci_image_key), &writer, &err), err);
        size_t cut = test_below(random, f->n[i] + 1);
        mc_str head = { (const char *)f->keys[i], cut * sizeof **f->keys };
        mc_str tail = { (const char *)(f->keys[i] + cut), (f->n[i] - cut) * sizeof **f->keys };
        assert_ok(mci_key_writer_add(writer, head, &err), err);
        assert_ok(mci_key_writer_add(writer, tail, &err), err);
        assert_ok(mci_key_writer_end(writer, MC_OK, &err), err);
    }
    mci_buf_release(&path);
}

static bool same_image(const mci_image_key *a, const mci_image_key *b)
{
    return a->image.high == b->image.high && a->image.low == b->image.low;
}

/* The definition, for a key: pairs of its image, and whether none comes before it. */
static listed judge(const key_fixture *f, size_t file, size_t which)
{
    const mci_image_key *key = &f->keys[file][which];
    listed is = { key->position, CHOSEN };
    for (size_t i = 0; i < N_FILES; i++)
        for (size_t j = 0; j < f->n[i]; j++) {
            const mci_image_key *other = &f->keys[i][j];
            if (!same_image(key, other))
                continue;
            is.n_texts++;
            bool is_before = i < file || (i == file && j < which);
            if (other->number < key->number || (other->number == key->number && is_before))
                is.n_texts &= ~CHOSEN;
        }
    return is;
}

static void make_lists(key_fixture *f, size_t n_parts, uint64_t memory, const char *made_from)
{
    mc_error err = { 0 };
    mci_buf path = { 0 };
    mci_choice_search search = { N_FILES, keys_path, f };
    mci_choice_parts parts = { n_parts, part_path, list_path, f, made_from, memory };
    for (size_t i = 0; i < n_parts; i++) {
        mci_output *part;
        assert_ok(part_path(f, i, &path, &err), err);
        assert_ok(mci_output_open(path.data, MCI_PLAIN, &part, &err), err);
        assert_ok(mci_choices_find(&search, mci_key_range_of(i, n_parts), part, &err), err);
        assert_ok(mci_output_commit(part, &err), err);
    }
    assert_ok(mci_choices_list(&parts, 0, 3, &err), err);
    assert_ok(mci_choices_list(&parts, 3, N_FILES - 3, &err), err);
    mci_buf_release(&path);
}

/* Gives the list of a file, which the caller frees. */
static listed *read_list(key_fixture *f, size_t file, const char *made_from, size_t *n)
{
    mc_error err = { 0 };
    mci_buf path = { 0 };
    size_t len;
    bool is_there;
    assert_ok(list_path(f, file, &path, &err), err);
    assert_ok(mci_choices_are_listed(path.data, made_from, &is_there, &err), err);
    assert_true(is_there);
    char *bytes = test_read_file(path.data, &len);
    assert_memory_equal(bytes, made_from, MC_SHA256_DIGITS);
    *n = (len - MC_SHA256_DIGITS) / sizeof(listed);
    memmove(bytes, bytes + MC_SHA256_DIGITS, *n * sizeof(listed));
    mci_buf_release(&path);
    return (listed *)bytes;
}

static void check_list(key_fixture *f, size_t file, const char *made_from)
{
    size_t n, at = 0;
    listed *list = read_list(f, file, made_from, &n);
    for (size_t j = 0; j < f->n[file]; j++) {
        listed want = judge(f, file, j);
        if ((want.n_texts & ~CHOSEN) == 1)
            continue;
        assert_true(at < n);
        assert_int_equal(list[at].position, want.position);
        assert_true(list[at].n_texts == want.n_texts);
        at++;
    }
    assert_int_equal(at, n);
    free(list);
}

static void open_fixture(key_fixture *f, scratch *s, size_t most)
{
    f->s = s;
    for (size_t i = 0; i < N_FILES; i++)
        assert_non_null(f->keys[i] = malloc(most * sizeof **f->keys));
}

static void close_fixture(key_fixture *f)
{
    for (size_t i = 0; i < N_FILES; i++)
        free(f->keys[i]);
}

static void lists_are_what_a_walk_over_all_pairs_says(void **state)
{
    test_random random = { 3 };
    key_fixture f;
    char made_from[MC_SHA256_DIGITS + 1];
    open_fixture(&f, *state, 600);
    for (int round = 0; round < 20; round++) {
        snprintf(made_from, sizeof made_from, "%064d", round);
        make_keys(&f, &random, 600, round % 2 ? 1500 : 60);
        make_lists(&f, 1 + test_below(&random, 9), round % 3 ? 100 : 1 << 20, made_from);
        for (size_t i = 0; i < N_FILES; i++)
            check_list(&f, i, made_from);
    }
    close_fixture(&f);
}

/* Several runs in a file, few images: each has one chosen pair, and as
 * many pairs as all of its own say. */
static void files_of_several_runs(void **state)
{
    test_random random = { 4 };
    key_fixture f;
    char made_from[MC_SHA256_DIGITS + 1];
    size_t n_listed = 0, n_all = 0;
    double n_images = 0, n_chosen = 0;
    open_fixture(&f, *state, MOST_KEYS);
    snprintf(made_from, sizeof made_from, "%064d", 7);
    do
        make_keys(&f, &random, MOST_KEYS, 40);
    while (f.n[0] < (size_t)1 << 18 && f.n[2] < (size_t)1 << 18 && f.n[3] < (size_t)1 << 18);
    make_lists(&f, 3, 1 << 20, made_from);
    for (size_t i = 0; i < N_FILES; i++) {
        size_t n;
        listed *list = read_list(&f, i, made_from, &n);
        for (size_t j = 0; j < n; j++) {
            assert_true(j == 0 || list[j - 1].position < list[j].position);
            n_chosen += (list[j].n_texts & CHOSEN) != 0;
            n_images += 1.0 / (double)(list[j].n_texts & ~CHOSEN);
        }
        n_listed += n;
        n_all += f.n[i];
        free(list);
    }
    assert_int_equal(n_listed, n_all);
    assert_true(fabs(n_images - 40) < 1e-6 && n_chosen == 40);
    close_fixture(&f);
}

static void damaged_parts_and_foreign_lists_are_refused(void **state)
{
    key_fixture f;
    test_random random = { 5 };
    mc_error err = { 0 };
    char made_from[MC_SHA256_DIGITS + 1], other[MC_SHA256_DIGITS + 1];
    bool is_there = true;
    size_t len;
    open_fixture(&f, *state, 100);
    snprintf(made_from, sizeof made_from, "%064d", 1);
    snprintf(other, sizeof other, "%064d", 2);
    make_keys(&f, &random, 100, 9);
    make_lists(&f, 1, 1 << 20, made_from);
    const char *list = scratch_path(*state, "list0");
    assert_ok(mci_choices_are_listed(list, other, &is_there, &err), err);
    assert_false(is_there);
    char *bytes = test_read_file(list, &len);
    for (size_t n = 0; n < len; n++) {
        const char *cut = scratch_file(*state, "cut", bytes, n);
        assert_ok(mci_choices_are_listed(cut, made_from, &is_there, &err), err);
        assert_true(is_there == (n >= MC_SHA256_DIGITS && (n - MC_SHA256_DIGITS) % 16 == 0));
    }
    free(bytes);
    bytes = test_read_file(scratch_path(*state, "part0"), &len);
    scratch_file(*state, "part0", bytes, len - 1);
    free(bytes);
    mci_choice_parts parts = { 1, part_path, list_path, &f, made_from, 1 << 20 };
    assert_int_equal(mci_choices_list(&parts, 0, N_FILES, &err), MC_E_FORMAT);
    close_fixture(&f);
}

/* ---- balance ---- */

enum { MOST_PAIRS = 500, N_ENTRIES = 30, MOST_IDS = 4, N_INPUTS = 3 };

typedef struct {
    struct {
        char uuid[16], text[24];
        uint32_t ids[MOST_IDS];
        size_t n;
    } pairs[MOST_PAIRS];
    size_t n_pairs, n_images; /* images with a match */
    uint64_t counts[N_ENTRIES], seed;
    char paths[N_INPUTS][512], counts_path[512];
    const char *inputs[N_INPUTS];
    /* by the definition */
    size_t k[MOST_PAIRS];
    bool is_chosen[MOST_PAIRS];
} small_pool;

static void make_pairs(small_pool *pool, test_random *random)
{
    size_t n_images = 1 + test_below(random, 200);
    pool->n_pairs = 1 + test_below(random, MOST_PAIRS);
    pool->seed = test_next(random);
    for (size_t e = 0; e < N_ENTRIES; e++)
        pool->counts[e] = test_below(random, 60);
    for (size_t i = 0; i < pool->n_pairs; i++) {
        size_t n = 0, want = test_below(random, 6) ? 1 + test_below(random, MOST_IDS) : 0;
        snprintf(pool->pairs[i].uuid, sizeof pool->pairs[i].uuid, "u%zu",
                 test_below(random, n_images));
        snprintf(pool->pairs[i].text, sizeof pool->pairs[i].text, "text %zu", i);
        for (uint32_t id = 0; id < N_ENTRIES && n < want; id++)
            if (test_below(random, 4) == 0)
                pool->pairs[i].ids[n++] = id;
        pool->pairs[i].n = n;
    }
}

/* Neighbours of one image make a record of several texts. */
static void write_pairs(const small_pool *pool, size_t first, size_t end, const char *path)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (size_t i = first; i < end;) {
        const char *uuid = pool->pairs[i].uuid;
        fprintf(file, "{\"uuid\":\"%s\",\"url\":\"http://a/\",\"texts\":[", uuid);
        for (size_t j = i; i < end && strcmp(uuid, pool->pairs[i].uuid) == 0; i++) {
            fprintf(file, "%s[\"alt\",\"%s\",[", i > j ? "," : "", pool->pairs[i].text);
            for (size_t k = 0; k < pool->pairs[i].n; k++)
                fprintf(file, "%s%u", k ? "," : "", (unsigned)pool->pairs[i].ids[k]);
            fprintf(file, "]]");
        }
        fprintf(file, "]}\n");
    }
    assert_int_equal(fclose(file), 0);
}

static uint64_t number_of(const small_pool *pool, size_t i)
{
    return mc_text_number(mc_str_of(pool->pairs[i].uuid), mc_str_of(pool->pairs[i].text),
                          pool->seed);
}

static void choose_plainly(small_pool *pool)
{
    pool->n_images = 0;
    for (size_t i = 0; i < pool->n_pairs; i++) {
        pool->k[i] = 1;
        pool->is_chosen[i] = true;
        for (size_t j = 0; j < pool->n_pairs && pool->pairs[i].n > 0; j++) {
            if (i == j || pool->pairs[j].n == 0 ||
                strcmp(pool->pairs[i].uuid, pool->pairs[j].uuid) != 0)
                continue;
            pool->k[i]++;
            pool->is_chosen[i] &= number_of(pool, i) < number_of(pool, j);
        }
        pool->n_images += pool->pairs[i].n > 0 && pool->is_chosen[i];
    }
}

static void make_pool(scratch *s, test_random *random, small_pool *pool)
{
    mc_error err = { 0 };
    mc_counts counts = { .counts = pool->counts, .n = N_ENTRIES };
    static const char *const names[N_INPUTS] = { "a.jsonl", "b.jsonl", "c.jsonl" };
    make_pairs(pool, random);
    choose_plainly(pool);
    strcpy(pool->counts_path, scratch_path(s, "counts.npy"));
    assert_ok(mc_counts_save(&counts, pool->counts_path, &err), err);
    for (size_t i = 0; i < N_INPUTS; i++) {
        strcpy(pool->paths[i], scratch_path(s, names[i]));
        pool->inputs[i] = pool->paths[i];
        write_pairs(pool, pool->n_pairs * i / N_INPUTS, pool->n_pairs * (i + 1) / N_INPUTS,
                    pool->paths[i]);
    }
}

static mc_balance_job job_of(scratch *s, const small_pool *pool, unsigned n_threads)
{
    return (mc_balance_job){
        .pool = { .inputs = pool->inputs, .n_inputs = N_INPUTS, .n_threads = n_threads },
        .counts_path = pool->counts_path,
        .tail_ratio = -1,
        .seed = pool->seed,
        .out_path = scratch_path(s, "out.jsonl"),
        .one_text = true
    };
}

static mc_balancer *balancer_of(const small_pool *pool, uint64_t t)
{
    mc_balancer *balancer = NULL;
    mc_error err = { 0 };
    assert_ok(mc_balancer_new(pool->counts, N_ENTRIES, t, pool->seed, &balancer, &err), err);
    return balancer;
}

static double probability_of(const small_pool *pool, const mc_balancer *balancer, size_t i)
{
    double p = -1;
    mc_keep_probability(balancer, pool->pairs[i].ids, pool->pairs[i].n, &p, NULL);
    return p;
}

/* The texts that must be there, one behind the other, and the sum of P / k. */
static void keep_plainly(const small_pool *pool, uint64_t t, mci_buf *texts, double *expected)
{
    mc_balancer *balancer = balancer_of(pool, t);
    for (size_t i = 0; i < pool->n_pairs; i++) {
        double p = probability_of(pool, balancer, i);
        double u =
            mc_draw(mc_str_of(pool->pairs[i].uuid), mc_str_of(pool->pairs[i].text), pool->seed);
        *expected += p / (double)pool->k[i];
        if (pool->is_chosen[i] && u < p)
            mci_buf_printf(texts, NULL, "\"%s\"", pool->pairs[i].text);
    }
    mc_balancer_free(balancer);
}

/* The same of a file of pairs. */
static void texts_of_file(const char *path, mci_buf *texts)
{
    size_t len;
    char *bytes = test_read_file(path, &len);
    bytes = realloc(bytes, len + 1);
    assert_non_null(bytes);
    bytes[len] = '\0';
    for (const char *at = bytes; (at = strstr(at, "\"text "));) {
        size_t n = (size_t)(strchr(at + 1, '"') - at) + 1;
        mci_buf_printf(texts, NULL, "%.*s", (int)n, at);
        at += n;
    }
    free(bytes);
}

static void balance_keeps_what_the_definition_keeps(void **state)
{
    test_random random = { 6 };
    for (int round = 0; round < 30; round++) {
        static small_pool pool;
        mc_error err = { 0 };
        mc_summary summary = { 0 };
        mci_buf want = { 0 }, got = { 0 };
        double expected = 0;
        make_pool(*state, &random, &pool);
        mc_balance_job job = job_of(*state, &pool, 1 + (unsigned)round % 4);
        job.t = 1 + test_below(&random, 40);
        keep_plainly(&pool, job.t, &want, &expected);
        assert_ok(mc_balance_run(&job, &summary, &err), err);
        texts_of_file(job.out_path, &got);
        assert_int_equal(got.len, want.len);
        assert_true(got.len == 0 || memcmp(got.data, want.data, got.len) == 0);
        assert_true(fabs(summary.expected_pairs - expected) < 1e-6);
        const mc_counters *n = &summary.n;
        assert_int_equal(n->pairs_read, pool.n_pairs);
        assert_int_equal(n->pairs_read, n->pairs_kept + n->pairs_not_chosen + n->pairs_not_drawn);
        assert_int_equal(n->records_read,
                         n->records_kept + n->records_not_chosen + n->records_not_drawn);
        mci_buf_release(&want);
        mci_buf_release(&got);
    }
}

static mci_u128 sum_at(const small_pool *pool, uint64_t t)
{
    mci_u128 sum = 0;
    mc_balancer *balancer = balancer_of(pool, t);
    for (size_t i = 0; i < pool->n_pairs; i++)
        sum += (mci_u128)llrint(probability_of(pool, balancer, i) / (double)pool->k[i] * 0x1p32);
    mc_balancer_free(balancer);
    return sum;
}

static void the_t_of_a_target_is_the_smallest_of_the_sums_of_thirds(void **state)
{
    test_random random = { 7 };
    for (int round = 0; round < 10; round++) {
        static small_pool pool;
        mc_error err = { 0 };
        uint64_t t = 1, largest = 1; /* t grows with the target */
        make_pool(*state, &random, &pool);
        for (size_t e = 0; e < N_ENTRIES; e++)
            largest = pool.counts[e] > largest ? pool.counts[e] : largest;
        for (uint64_t target = 1; target <= pool.n_images; target += 1 + target / 3) {
            mc_summary summary = { 0 };
            mc_balance_job job = job_of(*state, &pool, 1 + (unsigned)round % 3);
            job.target = target;
            while (t < largest && sum_at(&pool, t) < (mci_u128)target << 32)
                t++;
            assert_ok(mc_balance_run(&job, &summary, &err), err);
            assert_int_equal(summary.t, t);
        }
        mc_summary summary = { 0 };
        mc_balance_job job = job_of(*state, &pool, 2);
        job.target = pool.n_images;
        if (pool.n_images > 0) {
            assert_ok(mc_balance_run(&job, &summary, &err), err);
            assert_int_equal(summary.n.pairs_kept, pool.n_images);
        }
        job.target = pool.n_images + 1;
        assert_int_equal(mc_balance_run(&job, &summary, &err), MC_E_ARG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_the_published_ones),
        cmocka_unit_test(numbers_are_hashes_of_the_joined_bytes_at_any_length),
        cmocka_unit_test_setup_teardown(lists_are_what_a_walk_over_all_pairs_says, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(files_of_several_runs, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(damaged_parts_and_foreign_lists_are_refused, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(balance_keeps_what_the_definition_keeps, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(the_t_of_a_target_is_the_smallest_of_the_sums_of_thirds,
                                        scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
