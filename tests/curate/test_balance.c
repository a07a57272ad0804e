#include <math.h>

#include "base/hash.h"
#include "curate/balance.h"
#include "io/npy.h"
#include "io/whole.h"

#include "test.h"

#define UUID  "3c2a7f1d9b0e4c5a6d8f7e21"
#define ZEROS "000000000000000000000000"

/* ---- the published vectors: docs/test-vectors.md holds the same numbers ---- */

static const struct {
    const char *uuid, *text;
    size_t times; /* the text so often */
    uint64_t seed, hash;
    double u;
} draws[] = {
    { "", "", 1, 0, 0xc44bdff4074eecdb, 0x1.8897bfe80e9ddp-1 },
    { UUID, "a red car", 1, 0, 0x509d5a1fb1d88fb5, 0x1.4275687ec7622p-2 },
    { UUID, "a red car", 1, 1, 0x7d26c7da800798f3, 0x1.f49b1f6a001e6p-2 },
    { UUID, "a red car", 1, UINT64_MAX, 0xab420d1d000af911, 0x1.56841a3a0015fp-1 },
    { UUID, "", 1, 0, 0xe2842c9b0c284006, 0x1.c508593618508p-1 },
    { UUID, "une tasse de caf\xC3\xA9", 1, 0, 0x515a843bcd7f152d, 0x1.456a10ef35fc4p-2 },
    { ZEROS, "x", 150, 7, 0x5ea5aad3d7f92a80, 0x1.7a96ab4f5fe4ap-2 },
    { ZEROS, "x", 300, 7, 0x6be43a6bd65b76c2, 0x1.af90e9af596dcp-2 },
    { ZEROS, "ab", 1000, 7, 0x0334ea2642bbcd29, 0x1.9a7513215de40p-7 },
};

static void draws_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(draws); i++) {
        print_message("  case: %zu\n", i);
        char text[2048] = "";
        for (size_t k = 0; k < draws[i].times; k++)
            strcat(text, draws[i].text);
        mc_str a = mc_str_of(draws[i].uuid), b = mc_str_of(text);
        assert_true(mci_hash64_pair(a, b, draws[i].seed) == draws[i].hash);
        assert_true(mc_draw(a, b, draws[i].seed) == draws[i].u);
    }
}

static void epoch_seeds_are_the_published_ones(void **state)
{
    (void)state;
    assert_true(mc_epoch_seed(0, 0) == 0);
    assert_true(mc_epoch_seed(77, 0) == 77);
    assert_true(mc_epoch_seed(0, 1) == 0x0cfbaea74a8cc0e5);
    assert_true(mc_epoch_seed(0, 2) == 0x59ea21c711c350c2);
    assert_true(mc_epoch_seed(1, 1) == 0x6ca7f978e15828a6);
    assert_true(mc_epoch_seed(UINT64_MAX, 3) == 0x9d3cae73e3fb4edd);
}

static const struct {
    const char *name;
    uint64_t counts[4];
    size_t n;
    uint64_t t;
    double want;
} laws[] = {
    { "no match", { 0 }, 0, 20000, 0.0 },
    { "an entry without matches", { 0 }, 1, 20000, 1.0 },
    { "a tail entry", { 19999 }, 1, 20000, 1.0 },
    { "exactly at t", { 20000 }, 1, 20000, 1.0 },
    { "a head entry", { 80000 }, 1, 20000, 0.25 },
    { "two thirds", { 30000 }, 1, 20000, 0x1.5555555555555p-1 },
    { "two head entries", { 80000, 30000 }, 2, 20000, 0.75 },
    { "a tail entry saves all", { 80000, 5, 30000 }, 3, 20000, 1.0 },
    { "three small ones", { 3, 7, 11 }, 3, 1, 0x1.ec0d4c77b0352p-2 },
    { "four large ones", { 1000003, 2000003, 5000011, 70000001 }, 4, 20000, 0x1.162c96f380560p-5 },
    { "a count beyond doubles", { UINT64_MAX }, 1, 1, 0.0 },
    { "counts of 10^12",
      { 1000000000000, 1000000000000, 1000000000000 },
      3,
      20000,
      0x1.01b2b24p-24 },
};

static const uint32_t ids_0_to_3[] = { 0, 1, 2, 3 };

static void probabilities_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(laws); i++) {
        print_message("  case: %s\n", laws[i].name);
        mc_error err = { 0 };
        mc_balancer *balancer = NULL;
        double got = -1;
        assert_ok(mc_balancer_new(laws[i].counts, laws[i].n, laws[i].t, 0, &balancer, &err), err);
        assert_ok(mc_keep_probability(balancer, ids_0_to_3, laws[i].n, &got, &err), err);
        assert_true(got == laws[i].want);
        mc_balancer_free(balancer);
    }
}

/* ---- properties ---- */

static void a_record(size_t i, char uuid[25])
{
    snprintf(uuid, 25, "%024zx", i * 0x9E3779B9);
}

static bool keeps(const mc_balancer *balancer, size_t i, const uint32_t *ids, size_t n,
                  uint64_t epoch)
{
    char uuid[25], text[32];
    bool kept = false;
    a_record(i, uuid);
    snprintf(text, sizeof text, "text %zu", i % 7);
    mc_error err = { 0 };
    assert_ok(
        mc_balancer_keeps(balancer, mc_str_of(uuid), mc_str_of(text), ids, n, epoch, &kept, &err),
        err);
    return kept;
}

static void as_many_are_kept_as_the_law_says(void **state)
{
    (void)state;
    enum { N = 200000 };
    for (size_t i = 0; i < COUNT_OF(laws); i++) {
        mc_balancer *balancer = NULL;
        size_t n_kept = 0, n_kept_later = 0;
        mc_balancer_new(laws[i].counts, laws[i].n, laws[i].t, 5, &balancer, NULL);
        for (size_t k = 0; k < N; k++) {
            n_kept += keeps(balancer, k, ids_0_to_3, laws[i].n, 0);
            n_kept_later += keeps(balancer, k, ids_0_to_3, laws[i].n, 3);
        }
        double sigma = sqrt(N * laws[i].want * (1 - laws[i].want));
        print_message("  case: %s: kept %zu and %zu, want %.1f\n", laws[i].name, n_kept,
                      n_kept_later, N * laws[i].want);
        assert_true(fabs((double)n_kept - N * laws[i].want) <= 5 * sigma + 1);
        assert_true(fabs((double)n_kept_later - N * laws[i].want) <= 5 * sigma + 1);
        mc_balancer_free(balancer);
    }
}

enum { N_COUNTS = 50, N_PAIRS = 20000, N_IDS = 4 };

static void random_counts(test_random *random, uint64_t counts[N_COUNTS])
{
    for (size_t i = 0; i < N_COUNTS; i++)
        counts[i] = test_below(random, (size_t)1 << test_below(random, 24));
}

static size_t random_ids(test_random *random, uint32_t ids[N_IDS])
{
    size_t n = 0;
    for (uint32_t id = 0; id < N_COUNTS && n < N_IDS; id++)
        if (test_below(random, N_COUNTS / N_IDS) == 0)
            ids[n++] = id;
    return n;
}

static void a_larger_t_keeps_a_superset(void **state)
{
    (void)state;
    static const uint64_t ts[] = { 1, 2, 3, 10, 100, 101, 5000, 1000000, UINT64_MAX };
    test_random random = { 1 };
    uint64_t counts[N_COUNTS];
    mc_balancer *balancers[COUNT_OF(ts)];
    random_counts(&random, counts);
    for (size_t i = 0; i < COUNT_OF(ts); i++)
        mc_balancer_new(counts, N_COUNTS, ts[i], 0, &balancers[i], NULL);
    for (size_t k = 0; k < N_PAIRS; k++) {
        uint32_t ids[N_IDS];
        size_t n = random_ids(&random, ids);
        bool kept = false;
        for (size_t i = 0; i < COUNT_OF(ts); i++) {
            bool now = keeps(balancers[i], k, ids, n, 0);
            assert_true(now || !kept);
            kept = now;
        }
        assert_true(kept == (n > 0)); /* the largest t keeps every match */
    }
    for (size_t i = 0; i < COUNT_OF(ts); i++)
        mc_balancer_free(balancers[i]);
}

static void what_is_kept_does_not_depend_on_the_order(void **state)
{
    (void)state;
    test_random random = { 2 };
    uint64_t counts[N_COUNTS];
    mc_balancer *balancer = NULL;
    static bool forward[N_PAIRS];
    random_counts(&random, counts);
    mc_balancer_new(counts, N_COUNTS, 100, 9, &balancer, NULL);
    for (size_t k = 0; k < N_PAIRS; k++) {
        test_random of_pair = { k };
        uint32_t ids[N_IDS];
        size_t n = random_ids(&of_pair, ids);
        forward[k] = keeps(balancer, k, ids, n, 0);
    }
    for (size_t k = N_PAIRS; k-- > 0;) {
        test_random of_pair = { k };
        uint32_t ids[N_IDS];
        size_t n = random_ids(&of_pair, ids);
        assert_true(keeps(balancer, k, ids, n, 0) == forward[k]);
    }
    mc_balancer_free(balancer);
}

static void the_first_epoch_is_the_offline_set_and_later_ones_are_fresh(void **state)
{
    (void)state;
    const uint64_t counts[] = { 400 };
    const uint32_t id = 0;
    mc_balancer *balancer = NULL;
    size_t n_both = 0;
    double p = 0;
    mc_balancer_new(counts, 1, 100, 123, &balancer, NULL);
    mc_keep_probability(balancer, &id, 1, &p, NULL);
    for (size_t k = 0; k < N_PAIRS; k++) {
        char uuid[25], text[32];
        a_record(k, uuid);
        snprintf(text, sizeof text, "text %zu", k % 7);
        bool offline = mc_draw(mc_str_of(uuid), mc_str_of(text), 123) < p;
        assert_true(keeps(balancer, k, &id, 1, 0) == offline);
        n_both += offline && keeps(balancer, k, &id, 1, 1);
    }
    double want = N_PAIRS / 16.0; /* independent: a quarter of a quarter */
    assert_true(fabs((double)n_both - want) < 5 * sqrt(want));
    mc_balancer_free(balancer);
}

static void wrong_arguments_are_named(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mc_balancer *balancer = NULL;
    const uint64_t counts[] = { 1, 2 };
    const uint32_t ids[] = { 1, 2 };
    double p = 0.5;
    bool kept = true;
    assert_int_equal(mc_balancer_new(counts, 2, 0, 0, &balancer, &err), MC_E_ARG);
    assert_says(err.text, "t must be at least 1");
    assert_null(balancer);
    assert_ok(mc_balancer_new(counts, 2, 1, 0, &balancer, &err), err);
    assert_int_equal(mc_keep_probability(balancer, ids, 2, &p, &err), MC_E_ARG);
    assert_says(err.text, "entry id 2, but there are only 2 entries");
    assert_true(p == 0.5);
    mc_str text = mc_str_of("x");
    assert_int_equal(mc_balancer_keeps(balancer, text, text, ids, 2, 0, &kept, &err), MC_E_ARG);
    assert_true(kept);
    mc_balancer_free(balancer);
    mc_balancer_free(NULL);
}

/* ---- many pairs in memory ---- */

static void many_at_once_are_each_one_for_itself(void **state)
{
    (void)state;
    enum { N = 500, N_ENTRIES = 64 };
    test_random random = { 8 };
    uint64_t counts[N_ENTRIES], offsets[N + 1] = { 3 };
    uint32_t ids[3 + N * 6];
    double u[N], probabilities[N];
    bool keeps[N];
    mc_balancer *balancer = NULL;
    mc_error err = { 0 };
    for (size_t i = 0; i < N_ENTRIES; i++)
        counts[i] = test_below(&random, 100);
    for (size_t i = 0; i < N; i++) {
        offsets[i + 1] = offsets[i] + test_below(&random, 7);
        for (uint64_t k = offsets[i]; k < offsets[i + 1]; k++)
            ids[k] = (uint32_t)test_below(&random, N_ENTRIES);
        u[i] = (double)test_below(&random, 1000) / 1000;
    }
    assert_ok(mc_balancer_new(counts, N_ENTRIES, 10, 0, &balancer, &err), err);
    assert_ok(mc_keep_probabilities(balancer, ids, offsets, N, probabilities, &err), err);
    assert_ok(mc_draw_pairs(balancer, ids, offsets, u, N, keeps, &err), err);
    for (size_t i = 0; i < N; i++) {
        double p;
        assert_ok(
            mc_keep_probability(balancer, ids + offsets[i], offsets[i + 1] - offsets[i], &p, &err),
            err);
        assert_true(p == probabilities[i]);
        assert_int_equal(keeps[i], u[i] < p);
    }
    ids[offsets[N] - 1] = N_ENTRIES;
    assert_int_equal(mc_keep_probabilities(balancer, ids, offsets, N, probabilities, &err),
                     MC_E_ARG);
    assert_says(err.text, "entry id 64, but there are only 64 entries");
    assert_int_equal(mc_draw_pairs(balancer, ids, offsets, u, N, keeps, &err), MC_E_ARG);
    assert_ok(mc_draw_pairs(balancer, NULL, NULL, NULL, 0, NULL, &err), err);
    mc_balancer_free(balancer);
}

static void ids_are_counted_all_or_none(void **state)
{
    (void)state;
    static const uint32_t ids[] = { 0, 2, 2, 1, 2, 3 };
    uint64_t counts[3] = { 10, 0, 0 };
    mc_error err = { 0 };
    assert_ok(mc_count_ids(ids, 5, counts, 3, &err), err);
    assert_int_equal(counts[0], 11);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 3);
    assert_int_equal(mc_count_ids(ids, 6, counts, 3, &err), MC_E_ARG);
    assert_says(err.text, "entry id 3");
    assert_int_equal(counts[0], 11);
    assert_int_equal(counts[1], 1);
    assert_int_equal(counts[2], 3);
    assert_ok(mc_count_ids(NULL, 0, counts, 3, &err), err);
}

/* ---- against the published implementation ---- */

typedef struct {
    uint64_t *counts;
    double *entry_probs, *keep_probs;
    float *float_probs;
    size_t n, n_texts;
    mci_json *json;
    mci_json_value matched;
} oracle;

static void *oracle_array(const char *name, mci_npy_type type, size_t *n)
{
    void *data = NULL;
    mc_error err = { 0 };
    assert_ok(mci_npy_load(test_path("METACLIP_SHARED", name), type, &data, n, &err), err);
    return data;
}

static bool oracle_open(oracle *o)
{
    mc_error err = { 0 };
    const char *path = test_path("METACLIP_SHARED", "oracle/curation/matched.json");
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file)
        return false;
    fclose(file);
    assert_ok(mci_json_load(path, MCI_MAX_WHOLE_BYTES, &o->json, &o->matched, &err), err);
    o->counts = oracle_array("oracle/curation/entry_count.npy", MCI_NPY_U64, &o->n);
    o->entry_probs = oracle_array("oracle/curation/entry_prob_t20.npy", MCI_NPY_F64, &o->n);
    o->float_probs =
        oracle_array("oracle/curation/entry_count_count_to_prob_t20.npy", MCI_NPY_F32, &o->n);
    o->keep_probs =
        oracle_array("oracle/curation/keep_probability_t20.npy", MCI_NPY_F64, &o->n_texts);
    return true;
}

static void oracle_close(oracle *o)
{
    mc_free(o->counts);
    mc_free(o->entry_probs);
    mc_free(o->float_probs);
    mc_free(o->keep_probs);
    mci_json_free(o->json);
}

static void assert_near(double got, double want)
{
    if (fabs(got - want) > 1e-12 * fabs(want))
        fail_msg("got %.17g, want %.17g", got, want);
}

static size_t ids_of(mci_json_value list, uint32_t *ids)
{
    size_t n = 0;
    uint64_t id;
    mci_json_value value;
    for (mci_json_iter it = mci_json_iterate(list); mci_json_next(&it, NULL, &value);) {
        assert_true(n < 256 && mci_json_u64(value, &id));
        ids[n++] = (uint32_t)id;
    }
    return n;
}

static void probabilities_are_the_originals(void **state)
{
    (void)state;
    oracle o = { 0 };
    if (!oracle_open(&o))
        skip();
    mc_balancer *balancer = NULL;
    float *floats = malloc(o.n * sizeof *floats);
    mci_entry_probs_f32(o.counts, o.n, 20, floats);
    for (size_t i = 0; i < o.n; i++) {
        assert_near(mc_entry_probability(o.counts[i], 20), o.entry_probs[i]);
        assert_true(floats[i] == o.float_probs[i]);
    }
    mc_balancer_new(o.counts, o.n, 20, 0, &balancer, NULL);
    size_t n_texts = 0;
    mci_json_value list;
    for (mci_json_iter it = mci_json_iterate(o.matched); mci_json_next(&it, NULL, &list);) {
        uint32_t ids[256];
        size_t n = ids_of(list, ids);
        double p = -1;
        mc_error err = { 0 };
        assert_true(n_texts < o.n_texts);
        assert_ok(mc_keep_probability(balancer, ids, n, &p, &err), err);
        assert_near(p, o.keep_probs[n_texts++]);
    }
    assert_int_equal(n_texts, o.n_texts);
    mc_balancer_free(balancer);
    free(floats);
    oracle_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_at_once_are_each_one_for_itself),
        cmocka_unit_test(ids_are_counted_all_or_none),
        cmocka_unit_test(draws_are_the_published_ones),
        cmocka_unit_test(epoch_seeds_are_the_published_ones),
        cmocka_unit_test(probabilities_are_the_published_ones),
        cmocka_unit_test(as_many_are_kept_as_the_law_says),
        cmocka_unit_test(a_larger_t_keeps_a_superset),
        cmocka_unit_test(what_is_kept_does_not_depend_on_the_order),
        cmocka_unit_test(the_first_epoch_is_the_offline_set_and_later_ones_are_fresh),
        cmocka_unit_test(wrong_arguments_are_named),
        cmocka_unit_test(probabilities_are_the_originals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
