/* A folder of lists: which entries it has, which language goes where, which t is whose, and what
 * the data card says of it. */
#include <math.h>

#include "curate/limits.h"
#include "curate/list_route.h"
#include "io/json.h"
#include "io/whole.h"

#include "scratch.h"

/* ---- loading ---- */

static void a_folder_is_its_lists_in_the_order_of_their_names(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    const mc_metadata_list *lists = NULL;
    scratch_text(s, "zh.json", "[\"\xE7\x8C\xAB\"]");
    scratch_text(s, "en.json", "[\"cat\",\"dog\"]");
    scratch_text(s, "Zz.json", "[]");
    scratch_text(s, "other.json", "chat\ngato\n");
    scratch_text(s, "en.json.meta.json", "{\"kind\":\"metadata\"}");
    scratch_text(s, "README", "what these are");
    scratch_text(s, ".hidden.json", "[\"no\"]");
    scratch_text(s, "en.pkl", "no");
    assert_ok(mc_metadata_load_lists(s->dir, &metadata, &err), err);
    assert_int_equal(mc_metadata_lists(metadata, &lists), 4);
    static const struct {
        const char *name;
        uint64_t first, n;
    } want[] = { { "Zz", 0, 0 }, { "en", 0, 2 }, { "other", 2, 2 }, { "zh", 4, 1 } };
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        assert_string_equal(lists[i].name, want[i].name);
        assert_int_equal(lists[i].first_id, want[i].first);
        assert_int_equal(lists[i].n_entries, want[i].n);
    }
    assert_int_equal(mc_metadata_len(metadata), 5);
    assert_str(mc_metadata_entry(metadata, 3), "gato");
    mc_metadata_free(metadata);
}

/* Its SHA-256 is that of the entries one behind the other; a list's own, that of its file. */
static void a_folder_has_the_hash_of_all_its_entries(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mc_metadata *folder = NULL, *all = NULL, *one = NULL;
    const mc_metadata_list *lists = NULL;
    scratch_text(s, "en.json", "[\"cat\"]");
    scratch_text(s, "zh.json", "[\"\xE7\x8C\xAB\",\"b\"]");
    assert_ok(mc_metadata_load_lists(s->dir, &folder, &err), err);
    assert_ok(
        mc_metadata_load_lists(scratch_text(s, "all.txt", "cat\n\xE7\x8C\xAB\nb\n"), &all, &err),
        err);
    assert_ok(mc_metadata_load(scratch_path(s, "zh.json"), &one, &err), err);
    assert_string_equal(mc_metadata_sha256(folder), mc_metadata_sha256(all));
    assert_int_equal(mc_metadata_lists(all, &lists), 0);
    assert_null(lists);
    mc_metadata_lists(folder, &lists);
    assert_string_equal(lists[1].sha256, mc_metadata_sha256(one));
    mc_metadata_free(folder);
    mc_metadata_free(all);
    mc_metadata_free(one);
}

static void wrong_folders_are_refused_by_name(void **state)
{
    static const struct {
        const char *file, *text, *says;
    } cases[] = {
        { "notes", "", "no list LANG.json lies in this folder" },
        { "a b.json", "[\"x\"]", "a b.json: a list is called by its language" },
        { "0123456789012345678901234567890x.json", "[\"x\"]", "at most 31 of them" },
        { "zh.json", "[\"x\",]", "zh.json: " },
        { "zh.json", "[\"x\",1]", "entry 1 is no string" },
        { "zh.json", "{\"x\":1}", "not a list of entries" },
    };
    scratch *s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        mc_metadata *metadata = NULL;
        scratch_text(s, cases[i].file, cases[i].text);
        assert_int_equal(mc_metadata_load_lists(s->dir, &metadata, &err), MC_E_FORMAT);
        assert_says(err.text, cases[i].says);
        assert_says(err.text, s->dir);
        assert_null(metadata);
        unlink(scratch_path(s, cases[i].file));
    }
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    scratch_text(s, "zh.json", "[\"x\"]");
    scratch_text(s, "zh.json.gz", "[\"x\"]");
    assert_int_equal(mc_metadata_load_lists(s->dir, &metadata, &err), MC_E_FORMAT);
    assert_says(err.text, "are two lists of one name");
    assert_int_equal(mc_metadata_load_lists(scratch_path(s, "gone"), &metadata, &err), MC_E_IO);
}

/* ---- routing ---- */

static mc_metadata_list named(const char *name, uint64_t first, uint64_t n)
{
    mc_metadata_list list = { .first_id = first, .n_entries = n };
    snprintf(list.name, sizeof list.name, "%s", name);
    memset(list.sha256, 'a', MC_SHA256_DIGITS);
    return list;
}

static void a_language_goes_to_its_list(void **state)
{
    const mc_metadata_list lists[] = { named("ace", 0, 0),   named("als", 0, 0),
                                       named("en", 0, 2),    named("fr", 2, 0),
                                       named("he", 2, 3),    named("jv", 5, 1),
                                       named("other", 6, 1), named("zh", 7, 1),
                                       named("zh_yue", 8, 1) };
    static const struct {
        const char *code, *list;
    } cases[] = {
        { "en", "en" },           { "fr", "fr" },           { "iw", "he" },
        { "he", "he" },           { "jw", "jv" },           { "zh", "zh" },
        { "zh-Hant", "zh" },      { "yue", "zh_yue" },      { "lzh", "zh" },
        { "und", "other" },       { "de", "other" },        { "", "other" },
        { "e", "other" },         { "eng", "en" },          { "EN", "other" },
        { "other", "other" },     { "xx-Hani", "other" }, /* lid218e: */
        { "eng_Latn", "en" },     { "zho_Hans", "zh" },     { "zho_Hant", "zh" },
        { "yue_Hant", "zh_yue" }, { "heb_Hebr", "he" },     { "deu_Latn", "other" },
        { "ace_Latn", "ace" },    { "als_Latn", "other" },  { "als", "als" },
        { "eng_latn", "other" },  { "eng_Latin", "other" }, { "eng-Latn", "other" },
        { "ENG_Latn", "other" },  { "en_Latn", "other" },   { "_Latn", "other" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int found = mci_list_of_language(lists, COUNT_OF(lists), mc_str_of(cases[i].code));
        assert_in_range(found, 0, (int)COUNT_OF(lists) - 1);
        assert_string_equal(lists[found].name, cases[i].list);
    }
    assert_int_equal(mci_list_of_language(lists, 5, mc_str_of("de")), MCI_NO_LIST);
    assert_int_equal(mci_list_of_language(lists, 0, mc_str_of("en")), MCI_NO_LIST);
}

/* No list of the table is one that is not looked for, and none of its codes is a list's name of
 * its own accord. */
static void the_table_of_codes_is_in_form(void **state)
{
    size_t n;
    const mci_list_code *codes = mci_list_codes(&n);
    (void)state;
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        assert_string_not_equal(codes[i].code, codes[i].list);
        assert_true(strlen(codes[i].list) < MC_LIST_NAME);
        for (size_t j = 0; j < i; j++)
            assert_true(strcmp(codes[i].code, codes[j].code) ||
                        strcmp(codes[i].list, codes[j].list));
    }
}

static void an_id_is_of_one_list(void **state)
{
    const mc_metadata_list lists[] = { named("a", 0, 0), named("b", 0, 2), named("c", 2, 0),
                                       named("d", 2, 1), named("e", 3, 0) };
    static const int want[] = { 1, 1, 3, MCI_NO_LIST };
    (void)state;
    for (uint32_t id = 0; id < COUNT_OF(want); id++)
        assert_int_equal(mci_list_of_id(lists, COUNT_OF(lists), id), want[id]);
    assert_int_equal(mci_list_of_id(lists, 0, 0), MCI_NO_LIST);
}

/* ---- t ---- */

/* p and t by their definitions, in the plainest way. */
static double plain_p(const uint64_t *counts, size_t n, uint64_t t)
{
    uint64_t all = 0, tail = 0;
    for (size_t i = 0; i < n; i++) {
        all += counts[i];
        tail += counts[i] < t ? counts[i] : 0;
    }
    return all ? (double)tail / (double)all : 0;
}

static uint64_t plain_t(const uint64_t *counts, size_t n, double p)
{
    uint64_t sorted[64], all = 0, sum = 0, best_t = 0;
    double best = INFINITY;
    memcpy(sorted, counts, n * sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        all += sorted[i];
        for (size_t j = i; j > 0 && sorted[j] < sorted[j - 1]; j--) {
            uint64_t swap = sorted[j];
            sorted[j] = sorted[j - 1];
            sorted[j - 1] = swap;
        }
    }
    for (size_t i = 0; i < n; i++) {
        sum += sorted[i];
        double distance = fabs((double)sum / (double)all - p);
        if (distance < best) {
            best = distance;
            best_t = sorted[i];
        }
    }
    return all && best_t ? best_t : 1;
}

static void every_list_gets_the_tail_ratio_of_english(void **state)
{
    test_random random = { 5 };
    (void)state;
    for (int round = 0; round < 300; round++) {
        uint64_t numbers[192];
        size_t n[3], total = 0;
        mc_metadata_list lists[3];
        static const char *const names[] = { "de", "en", "zh" };
        for (size_t l = 0; l < 3; l++) {
            n[l] = 1 + test_below(&random, 60);
            lists[l] = named(names[l], total, n[l]);
            for (size_t i = 0; i < n[l]; i++)
                numbers[total++] = test_below(&random, 3) ? test_below(&random, 40) : 0;
        }
        numbers[n[0]] = 7; /* English has a match */
        const mc_counts counts = { .counts = numbers, .n = total };
        mci_t_rule rule = { .tail_ratio = -1, .t = 1 + test_below(&random, 50) };
        mci_limits limits = { 0 };
        mc_error err = { 0 };
        assert_ok(mci_limits_of_lists(lists, 3, &counts, &rule, &limits, &err), err);
        double p = plain_p(numbers + n[0], n[1], rule.t);
        assert_int_equal(limits.parts[1].t, rule.t);
        assert_int_equal(limits.parts[0].t, plain_t(numbers, n[0], p));
        assert_int_equal(limits.parts[2].t, plain_t(numbers + n[0] + n[1], n[2], p));
        assert_int_equal(mci_limits_main_t(&limits, lists, 3), rule.t);
        mci_limits_release(&limits);

        rule.tail_ratio = p;
        assert_ok(mci_limits_of_lists(lists, 3, &counts, &rule, &limits, &err), err);
        assert_int_equal(limits.parts[1].t, plain_t(numbers + n[0], n[1], p));
        mci_limits_release(&limits);
    }
}

static void what_gives_no_t_is_refused(void **state)
{
    const mc_metadata_list lists[] = { named("de", 0, 1), named("en", 1, 1) };
    uint64_t numbers[] = { 5, 0 };
    const mc_counts counts = { .counts = numbers, .n = 2 };
    static const struct {
        mci_t_rule rule;
        size_t n_lists;
        const char *says;
    } cases[] = {
        { { 10, -1, 0, NULL }, 2, "a target is for one list" },
        { { 0, -1, 0, NULL }, 2, "t must be at least 1" },
        { { 0, -1, 5, NULL }, 1, "no list en.json" },
        { { 0, -1, 5, NULL }, 2, "no text matches en.json" },
        { { 0, 1.5, 5, NULL }, 2, "between 0 and 1" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mci_limits limits = { 0 };
        mc_error err = { 0 };
        assert_int_equal(
            mci_limits_of_lists(lists, cases[i].n_lists, &counts, &cases[i].rule, &limits, &err),
            MC_E_ARG);
        assert_says(err.text, cases[i].says);
        assert_null(limits.parts);
    }
    mci_limits limits = { 0 };
    mc_error err = { 0 };
    const mci_t_rule rule = { .tail_ratio = -1, .t = 5 };
    numbers[0] = 0; /* an empty pool is no failure */
    assert_ok(mci_limits_of_lists(lists, 2, &counts, &rule, &limits, &err), err);
    assert_true(limits.parts[0].t == 1 && limits.parts[1].t == 5);
    mci_limits_release(&limits);
}

/* Each list's entries are drawn as they are alone with its t. */
static void a_list_is_drawn_with_its_own_t(void **state)
{
    const uint64_t counts[] = { 10, 20, 30, 40, 0 };
    const mci_limit limits[] = { { 0, 2, 15 }, { 2, 0, 1 }, { 2, 3, 6 } };
    mc_balancer *all = NULL, *second = NULL;
    mc_error err = { 0 };
    float probs[5];
    (void)state;
    assert_ok(mci_balancer_new(counts, limits, 3, 9, &all, &err), err);
    assert_ok(mc_balancer_new(counts + 2, 3, 6, 9, &second, &err), err);
    const uint32_t ids[] = { 2, 3, 4 }, own[] = { 0, 1, 2 };
    for (size_t n = 0; n <= 3; n++) {
        double a = -1, b = -2;
        assert_ok(mc_keep_probability(all, ids, n, &a, &err), err);
        assert_ok(mc_keep_probability(second, own, n, &b, &err), err);
        assert_true(a == b);
    }
    mci_limits_probs_f32(&(mci_limits){ (mci_limit *)limits, 3 }, counts, probs);
    const float want[] = { 1, 0.75F, 0.2F, 0.15F, 1 };
    assert_memory_equal(probs, want, sizeof want);
    mc_count_shape shape = mci_limits_shape(&(mci_limits){ (mci_limit *)limits, 3 }, counts);
    assert_true(shape.n_tail == 2 && shape.n_head == 3 && shape.n_matches == 100);
    assert_true(shape.tail_ratio == 0.1);
    const mci_limit none = { 0, 5, 0 };
    mc_balancer *nothing = NULL;
    assert_int_equal(mci_balancer_new(counts, &none, 1, 9, &nothing, &err), MC_E_ARG);
    mc_balancer_free(all);
    mc_balancer_free(second);
}

static void the_transfer_is_the_originals(void **state)
{
    (void)state;
    const char *path = test_path("METACLIP_SHARED", "oracle/curation/thresholds.json");
    if (!path || access(path, R_OK) != 0)
        skip();
    mci_json *json = NULL;
    mci_json_value root, transfer, value;
    mc_counts en = { 0 }, zh = { 0 };
    mc_error err = { 0 };
    uint64_t t_first = 0, t_second = 0;
    assert_ok(mci_json_load(path, MCI_MAX_WHOLE_BYTES, &json, &root, &err), err);
    assert_true(mci_json_get(root, "transfer", &transfer));
    assert_true(mci_json_get(transfer, "t_first", &value) && mci_json_u64(value, &t_first));
    assert_true(mci_json_get(transfer, "t_second", &value) && mci_json_u64(value, &t_second));
    mci_json_free(json);
    path = test_path("METACLIP_SHARED", "oracle/curation/entry_count.npy");
    assert_ok(mc_counts_load(path, NULL, NULL, &en, &err), err);
    path = test_path("METACLIP_SHARED", "oracle/curation/v2_entry_count.npy");
    assert_ok(mc_counts_load(path, NULL, NULL, &zh, &err), err);
    mc_counts both = { .n = en.n + zh.n };
    both.counts = malloc(both.n * sizeof *both.counts);
    memcpy(both.counts, en.counts, en.n * sizeof *en.counts);
    memcpy(both.counts + en.n, zh.counts, zh.n * sizeof *zh.counts);
    const mc_metadata_list lists[] = { named("en", 0, en.n), named("zh", en.n, zh.n) };
    const mci_t_rule rule = { .tail_ratio = -1, .t = t_first };
    mci_limits limits = { 0 };
    assert_ok(mci_limits_of_lists(lists, 2, &both, &rule, &limits, &err), err);
    assert_int_equal(limits.parts[1].t, t_second);
    mci_limits_release(&limits);
    free(both.counts);
    mc_counts_release(&en);
    mc_counts_release(&zh);
}

/* ---- counts and cards ---- */

static void counts_of_a_folder_want_the_folder(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mc_metadata *folder = NULL, *all = NULL;
    uint64_t numbers[] = { 1, 2 };
    mc_counts counts = { .counts = numbers, .n = 2, .by_language = true }, again = { 0 };
    scratch_text(s, "en.json", "[\"a\"]");
    scratch_text(s, "zh.json", "[\"b\"]");
    assert_ok(mc_metadata_load_lists(s->dir, &folder, &err), err);
    assert_ok(mc_metadata_load(scratch_text(s, "all.txt", "a\nb\n"), &all, &err), err);
    strcpy(counts.metadata_sha256, mc_metadata_sha256(folder));
    const char *path = scratch_path(s, "c.npy");
    assert_ok(mc_counts_save(&counts, path, &err), err);
    assert_ok(mc_counts_load(path, folder, NULL, &again, &err), err);
    assert_true(again.by_language);
    mc_counts_release(&again);
    assert_int_equal(mc_counts_load(path, NULL, NULL, &again, &err), MC_E_MISMATCH);
    assert_says(err.text, "give the folder as the metadata");
    assert_int_equal(mc_counts_load(path, all, NULL, &again, &err), MC_E_MISMATCH);
    mc_metadata_free(folder);
    mc_metadata_free(all);
}

static void a_card_tells_of_its_lists(void **state)
{
    uint64_t pool[] = { 4, 1, 2 }, curated[] = { 2, 1, 2 };
    mc_card_list lists[] = { { named("en", 0, 2), 3, 0.2, 5, 3, 4, 2 },
                             { named("zh", 2, 1), 9, 1, 2, 2, 2, 2 } };
    mc_card card = { .tool_version = "0.1.0",
                     .n_entries = 3,
                     .t = 3,
                     .pool = pool,
                     .curated = curated,
                     .lists = lists,
                     .n_lists = 2 };
    mc_card again = { 0 };
    mc_error err = { 0 };
    memset(card.metadata_sha256, 'b', MC_SHA256_DIGITS);
    const char *path = scratch_path(*state, "datacard.json");
    assert_ok(mc_card_save(&card, path, &err), err);
    assert_ok(mc_card_load(path, &again, &err), err);
    assert_int_equal(again.n_lists, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(&again.lists[i].list, &lists[i].list, sizeof lists[i].list);
        assert_true(again.lists[i].t == lists[i].t &&
                    again.lists[i].tail_ratio == lists[i].tail_ratio &&
                    again.lists[i].pool_matches == lists[i].pool_matches &&
                    again.lists[i].curated_matches == lists[i].curated_matches &&
                    again.lists[i].matched_pairs == lists[i].matched_pairs &&
                    again.lists[i].curated_pairs == lists[i].curated_pairs);
    }
    mc_card_release(&again);
}

static void wrong_lists_of_a_card_are_refused(void **state)
{
    mc_card_list good[] = { { .list = named("en", 0, 2) }, { .list = named("zh", 2, 1) } };
    uint64_t pool[] = { 0, 0, 0 };
    static const struct {
        mc_metadata_list second; /* without its SHA-256 */
        const char *says;
    } cases[] = {
        { { "zh", "", 3, 0 }, "the ids from 3 on, want 2" },
        { { "zh", "", 2, 0 }, "\"lists\" have 2 entries, want 3" },
        { { "zh", "", 2, 2 }, "\"lists\" have 4 entries, want 3" },
        { { "zh", "", 2, UINT64_MAX }, "the list zh" },
        { { "en", "", 2, 1 }, "the list en stands behind en" },
        { { "de", "", 2, 1 }, "the list de stands behind en" },
        { { "", "", 2, 1 }, "\"name\" of a list" },
        { { "z h", "", 2, 1 }, "\"name\" of a list" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_card card = {
            .tool_version = "0.1.0", .n_entries = 3, .pool = pool, .lists = good, .n_lists = 2
        };
        mc_card again = { 0 };
        mc_error err = { 0 };
        good[1].list = cases[i].second;
        memset(good[1].list.sha256, 'a', MC_SHA256_DIGITS);
        memset(card.metadata_sha256, 'b', MC_SHA256_DIGITS);
        const char *path = scratch_path(*state, "datacard.json");
        assert_ok(mc_card_save(&card, path, &err), err);
        assert_int_equal(mc_card_load(path, &again, &err), MC_E_FORMAT);
        assert_says(err.text, cases[i].says);
        assert_null(again.lists);
    }
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(a_folder_is_its_lists_in_the_order_of_their_names),
        IN_SCRATCH(a_folder_has_the_hash_of_all_its_entries),
        IN_SCRATCH(wrong_folders_are_refused_by_name),
        cmocka_unit_test(a_language_goes_to_its_list),
        cmocka_unit_test(the_table_of_codes_is_in_form),
        cmocka_unit_test(an_id_is_of_one_list),
        cmocka_unit_test(every_list_gets_the_tail_ratio_of_english),
        cmocka_unit_test(what_gives_no_t_is_refused),
        cmocka_unit_test(a_list_is_drawn_with_its_own_t),
        cmocka_unit_test(the_transfer_is_the_originals),
        IN_SCRATCH(counts_of_a_folder_want_the_folder),
        IN_SCRATCH(a_card_tells_of_its_lists),
        IN_SCRATCH(wrong_lists_of_a_card_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
