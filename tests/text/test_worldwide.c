#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "failing_heap.h"
#include "text/automaton_round.h"
#include "text/matcher_naive.h"
#include "text/matcher_round.h"
#include "text/oracle_lists.h"
#include "text/worldwide.h"

enum { MAX_ENTRIES = 300 };

/* ---- which sides are open ---- */

static const struct {
    const char *entry, *spaced;
} spaced_cases[] = {
    { "a red car", " a red car " },
    { "", "  " },
    { " ", "   " },
    { "北京", "北京" },
    { "abc猫", " abc猫" },
    { "猫 dog", "猫 dog " },
    { "東京タワー", "東京タワー " }, /* kana want their space */
    { "서울", " 서울 " },            /* and so do Hangul */
    { "１２８", " １２８ " },        /* and full-width letters */
    { "・", " ・ " },
    { "々", " 々 " },
    { "〇", " 〇 " },
    { "(film)", "(film)" },
    { "c++", " c++" },
    { "#1", "#1 " },
    { "yahoo!", " yahoo!" },
    { "«x»", " «x» " }, /* punctuation, but none of the list's */
    { "《书》", "《书》" },
    { "a～", " a～" },
    { "—", "—" },
    { "–", " – " },
    { "ไทย", "ไทย" },
    { "ລາວ", "ລາວ" },
    { "བོད", "བོད" },
    { "မြန်မာ", "မြန်မာ" },
    { "ខ្មែរ", "ខ្មែរ" },
    { "𠮷", "𠮷" },
    { "\xF0\xAA\x9C\x80", "\xF0\xAA\x9C\x80" },   /* U+2A700 begins a block */
    { "\xF0\xAA\x9B\xA0", " \xF0\xAA\x9B\xA0 " }, /* U+2A6E0 is behind one */
    { "\xE4\xB8", " \xE4\xB8 " },                 /* half a character is none */
    { "\x80\x80\x80\x80\x80", " \x80\x80\x80\x80\x80 " },
    { "\xE4\xB8\xAD\x80", "\xE4\xB8\xAD\x80 " },
    { "\xF8\xE4\xB8\xAD", " \xF8\xE4\xB8\xAD" },
};

static void a_space_is_left_out_beside_scripts_without_spaces_and_punctuation(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(spaced_cases); i++) {
        mc_str entry = mc_str_of(spaced_cases[i].entry);
        mci_open_sides open = mci_entry_open_sides(entry);
        char got[64];
        snprintf(got, sizeof got, "%s%s%s", open.left ? "" : " ", spaced_cases[i].entry,
                 open.right ? "" : " ");
        assert_string_equal(got, spaced_cases[i].spaced);
    }
}

/* ---- one table of cases, run through both engines ---- */

typedef struct {
    const char *name, *text;
    const char *entries[8];
    const char *ids; /* as "0 2 5" */
} match_case;

static const match_case cases[] = {
    { "inside other characters", "我爱北京天安门", { "北京", "京天", "天安门", "门口" }, "0 1 2" },
    { "one character, and longer ones",
      "東京塔",
      { "東", "東京", "東京塔", "京", "塔" },
      "0 1 2 3 4" },
    { "ends of longer ones", "東京都庁", { "東京都市", "京都", "都庁" }, "1 2" },
    { "a word in Latin letters wants its spaces",
      "猫cats 猫 cat",
      { "cat", "猫cat", "猫 cat" },
      "0 2" },
    { "kana between kana",
      "アイスクリーム アイス",
      { "アイス", "クリーム", "アイスクリーム" },
      "0 2" },
    { "kana behind an ideograph", "東京タワー と", { "東京タワー", "タワー", "東京" }, "0 2" },
    { "full-width marks are no marks",
      "猫，狗",
      { "猫", "，", "狗", "猫，狗", "猫 ， 狗" },
      "0 1 2 3" },
    { "marks are spaced", "a,猫!", { "a", ",", "a ,", "猫!", "猫 !", "!", " !" }, "0 1 2 4 5" },
    { "of equal entries the last", "猫 a", { "猫", "a", "猫", "a", "b" }, "2 3" },
    { "both engines, ids in order",
      "a猫 b (film)",
      { "b", "猫", "film", "(film)", "a猫" },
      "0 1 3 4" },
    { "a space at an end", "5$", { "5$", "$", "5", "$5" }, "0 1" },
    { "an empty text", "", { "", " ", "猫" }, "0" },
    { "the empty entry wants two spaces", "猫", { "", "猫" }, "1" },
    { "tab and line ends are spaces", "\t猫\r\n\tabc猫", { "abc猫", "猫", "猫  " }, "0 1 2" },
    { "half a character", "\xE4\xB8 中", { "中", "\xE4\xB8", "\xE4" }, "0 1" },
    { "no entries", "猫", { NULL }, "" },
};

typedef mc_status engine(const mc_str *entries, size_t n, mc_str text, uint32_t *ids, size_t *n_ids,
                         mc_error *err);

static mc_status match_fast(const mc_str *entries, size_t n, mc_str text, uint32_t *ids,
                            size_t *n_ids, mc_error *err)
{
    mc_matcher *matcher = NULL;
    mc_match_scratch *scratch = NULL;
    const uint32_t *found = NULL;
    MC_TRY(mc_matcher_new_by_rule(MC_RULE_WORLDWIDE, entries, n, &matcher, err));
    MC_TRY(mc_match_scratch_new(&scratch, err));
    MC_TRY(mc_match(matcher, scratch, text, &found, n_ids, err));
    if (*n_ids)
        memcpy(ids, found, *n_ids * sizeof *ids);
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    return MC_OK;
}

static void run_cases(engine *match)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        mc_str entries[COUNT_OF(cases[i].entries)];
        uint32_t ids[COUNT_OF(cases[i].entries)];
        size_t n = 0, n_ids = 0, at = 0;
        char got[64] = "";
        for (; n < COUNT_OF(entries) && cases[i].entries[n]; n++)
            entries[n] = mc_str_of(cases[i].entries[n]);
        print_message("  case: %s\n", cases[i].name);
        assert_ok(match(entries, n, mc_str_of(cases[i].text), ids, &n_ids, &err), err);
        for (size_t k = 0; k < n_ids; k++)
            at += (size_t)sprintf(got + at, "%s%u", k ? " " : "", ids[k]);
        assert_string_equal(got, cases[i].ids);
    }
}

static void the_definition_finds_what_it_should(void **state)
{
    (void)state;
    run_cases(mci_match_naive_worldwide);
}

static void the_matcher_finds_what_it_should(void **state)
{
    (void)state;
    run_cases(match_fast);
}

/* ---- the matcher against the definition, on random input ---- */

/* Of pieces, whole characters or not. */
static const char *const alphabets[][8] = {
    { "猫", "狗" },
    { "猫", "狗", " " },
    { "猫", "犬", "a", "ア", " " },
    { "猫", "a", ",", "，", " ", "!" },
    { "\xE4", "\xB8", "\xAD", "猫", " ", "a" },
    { "a", "b", " ", "(", ")", "$" },
    { "ก", "า", "한", "𠮷", " ", ".", "\t", "\n" },
    { "猫", "猫", "猫", "猫", "猫", "猫", "猫", "犬" },
};

typedef struct {
    char bytes[MAX_ENTRIES][128];
    mc_str entries[MAX_ENTRIES];
    size_t n;
    mc_matcher *matcher;
} random_list;

static mc_str random_string(test_random *random, size_t alphabet, size_t max, char *to)
{
    const char *const *pieces = alphabets[alphabet];
    size_t n = 0, len = 0;
    while (n < 8 && pieces[n])
        n++;
    for (size_t i = test_below(random, max + 1); i > 0; i--) {
        const char *piece = pieces[test_below(random, n)];
        memcpy(to + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return (mc_str){ to, len };
}

static void fill_list(random_list *list, test_random *random, size_t alphabet)
{
    mc_error err = { 0 };
    list->n = test_below(random, MAX_ENTRIES);
    for (size_t i = 0; i < list->n; i++) {
        size_t max = test_below(random, 8) ? 5 : 30; /* some are longer than MCI_SHORT_CODES */
        list->entries[i] = random_string(random, alphabet, max, list->bytes[i]);
        if (i > 0 && test_below(random, 20) == 0)
            list->entries[i] = list->entries[test_below(random, i)];
    }
    assert_ok(
        mc_matcher_new_by_rule(MC_RULE_WORLDWIDE, list->entries, list->n, &list->matcher, &err),
        err);
}

static void assert_found(const random_list *list, mc_match_scratch *scratch, const mc_str *texts,
                         size_t n)
{
    mc_error err = { 0 };
    uint32_t want[MAX_ENTRIES];
    const uint32_t *ids;
    const size_t *offsets;
    size_t n_want;
    assert_ok(mc_match_batch(list->matcher, scratch, texts, n, &offsets, &ids, &err), err);
    assert_int_equal(offsets[0], 0);
    for (size_t i = 0; i < n; i++) {
        assert_ok(mci_match_naive_worldwide(list->entries, list->n, texts[i], want, &n_want, &err),
                  err);
        assert_int_equal(offsets[i + 1] - offsets[i], n_want);
        if (n_want)
            assert_memory_equal(ids + offsets[i], want, n_want * sizeof *want);
    }
}

/* Also in rounds so small that texts are cut in pieces, and without the best kernels. */
static void assert_batch(const random_list *list, mc_match_scratch *scratch, const mc_str *texts,
                         size_t n)
{
    assert_found(list, scratch, texts, n);
    mci_automaton_scratch *automaton = scratch->worldwide.automaton;
    if (!automaton)
        return;
    const mci_kernels *best = automaton->kernels;
    automaton->kernels = mci_kernels_all()[0];
    automaton->round_codes = MCI_LEAST_ROUND_CODES + list->n % 16;
    assert_found(list, scratch, texts, n);
    automaton->kernels = best;
    automaton->round_codes = MCI_ROUND_CODES;
}

static void the_matcher_agrees_with_the_definition(void **state)
{
    (void)state;
    enum { N = 90, LONGEST = 1200 };
    static random_list list;
    static char bytes[N][4 * LONGEST];
    mc_str texts[N];
    mc_match_scratch *scratch;
    test_random random = { 1 };
    assert_int_equal(mc_match_scratch_new(&scratch, NULL), MC_OK);
    for (size_t round = 0; round < 25 * COUNT_OF(alphabets); round++) {
        size_t alphabet = round % COUNT_OF(alphabets), n = test_below(&random, N + 1);
        fill_list(&list, &random, alphabet);
        for (size_t i = 0; i < n; i++) {
            size_t dice = test_below(&random, 40), max = dice == 0 ? LONGEST : dice < 4 ? 200 : 30;
            texts[i] = random_string(&random, alphabet, max, bytes[i]);
        }
        assert_batch(&list, scratch, texts, n);
        mc_matcher_free(list.matcher);
    }
    mc_match_scratch_free(scratch);
}

/* All codes of a large alphabet, so that rows of children interlock over many slots. */
static void entries_of_many_characters_are_told_apart(void **state)
{
    (void)state;
    enum { N = 30000 };
    mc_error err = { 0 };
    static char bytes[N][16];
    static mc_str entries[N];
    mc_matcher *matcher;
    mc_match_scratch *scratch;
    for (uint32_t i = 0; i < N; i++) {
        uint32_t first = 0x4E00 + i * 7919 % 3000, second = 0x4E00 + i * 104729 % 20000;
        int n = snprintf(bytes[i], sizeof bytes[i], "%c%c%c%c%c%c", (char)(0xE0 | first >> 12),
                         (char)(0x80 | (first >> 6 & 0x3F)), (char)(0x80 | (first & 0x3F)),
                         (char)(0xE0 | second >> 12), (char)(0x80 | (second >> 6 & 0x3F)),
                         (char)(0x80 | (second & 0x3F)));
        entries[i] = (mc_str){ bytes[i], (size_t)n };
    }
    assert_ok(mc_matcher_new_by_rule(MC_RULE_WORLDWIDE, entries, N, &matcher, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t *ids;
        size_t n;
        assert_ok(mc_match(matcher, scratch, entries[i], &ids, &n, &err), err);
        assert_int_equal(n, 1);
        assert_true(mc_str_equal(entries[ids[0]], entries[i]));
        assert_true(ids[0] >= i);
    }
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
}

/* Every end of the text is an entry: the automaton must not follow them all each time. */
static void entries_that_all_end_together_do_not_slow_a_long_text(void **state)
{
    (void)state;
    enum { N = 500, TEXT = 1 << 21 };
    mc_error err = { 0 };
    char *bytes = malloc(3 * TEXT);
    mc_str entries[N];
    mc_matcher *matcher;
    mc_match_scratch *scratch;
    const uint32_t *ids;
    size_t n;
    for (size_t i = 0; i < TEXT; i++)
        memcpy(bytes + 3 * i, i % 1000 == 999 ? "狗" : "猫", 3);
    for (size_t i = 0; i < N; i++)
        entries[i] = (mc_str){ bytes, 3 * (2 * i + 1) };
    assert_ok(mc_matcher_new_by_rule(MC_RULE_WORLDWIDE, entries, N, &matcher, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    assert_ok(mc_match(matcher, scratch, (mc_str){ bytes, 3 * 4000 }, &ids, &n, &err), err);
    assert_int_equal(n, N);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(ids[i], i);
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    free(bytes);
}

/* What is walked by fails: entries that are beginnings and ends of each other, longer than what is
 * looked up in stages. */
static void long_entries_that_overlap_are_all_found(void **state)
{
    (void)state;
    enum { PIECES = 64, LONGEST = 3 * MCI_SHORT_CODES };
    static random_list list;
    static char bytes[3 * PIECES];
    test_random random = { 8 };
    mc_match_scratch *scratch;
    mc_error err = { 0 };
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    for (size_t round = 0; round < 300; round++) {
        size_t period = 1 + test_below(&random, 5);
        for (size_t i = 0; i < PIECES; i++)
            memcpy(bytes + 3 * i, i % period == 0 || test_below(&random, 40) == 0 ? "狗" : "猫", 3);
        list.n = 1 + test_below(&random, 60);
        for (size_t i = 0; i < list.n; i++) {
            size_t n = 1 + test_below(&random, LONGEST), at = test_below(&random, PIECES - n);
            list.entries[i] = (mc_str){ bytes + 3 * at, 3 * n };
        }
        assert_ok(
            mc_matcher_new_by_rule(MC_RULE_WORLDWIDE, list.entries, list.n, &list.matcher, &err),
            err);
        mc_str texts[] = { { bytes, sizeof bytes }, { bytes + 9, 3 * 50 }, { bytes, 3 * 20 } };
        assert_batch(&list, scratch, texts, COUNT_OF(texts));
        mc_matcher_free(list.matcher);
    }
    mc_match_scratch_free(scratch);
}

/* Reads must not reach beyond the text, nor before. */
static void texts_are_read_from_their_first_byte_to_their_last(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    static random_list list;
    test_random random = { 2 };
    mc_match_scratch *scratch;
    char *block = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block != MAP_FAILED);
    assert_int_equal(mprotect(block + page, page, PROT_READ | PROT_WRITE), 0);
    for (size_t i = 0; i < page; i++)
        block[page + i] = "\xE4\xB8\xAD\xE5 "[i % 5];
    fill_list(&list, &random, 4);
    assert_int_equal(mc_match_scratch_new(&scratch, NULL), MC_OK);
    for (size_t len = 0; len < 300; len++) {
        mc_str texts[] = { { block + 2 * page - len, len }, { block + page, len } };
        assert_batch(&list, scratch, texts, 2);
    }
    mc_match_scratch_free(scratch);
    mc_matcher_free(list.matcher);
    munmap(block, 3 * page);
}

static void one_scratch_serves_matchers_of_any_rule_and_size(void **state)
{
    (void)state;
    mc_error err = { 0 };
    static random_list list;
    test_random random = { 5 };
    mc_match_scratch *scratch;
    mc_matcher *words;
    mc_str entries[] = { { "a", 1 }, { "b", 1 } }, text = { "b, a", 4 };
    const uint32_t *ids;
    size_t n;
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    assert_ok(mc_matcher_new(entries, 2, &words, &err), err);
    for (size_t round = 0; round < 2 * COUNT_OF(alphabets); round++) {
        fill_list(&list, &random, round % COUNT_OF(alphabets));
        assert_batch(&list, scratch, &text, 1);
        assert_ok(mc_match(words, scratch, text, &ids, &n, &err), err);
        assert_int_equal(n, 2);
        mc_matcher_free(list.matcher);
    }
    mc_matcher_free(words);
    mc_match_scratch_free(scratch);
}

/* ---- memory that is out ---- */

static mc_status build_and_match(const mc_str *entries, size_t n, const mc_str *texts,
                                 size_t n_texts, size_t *n_ids, mc_error *err)
{
    mc_matcher *matcher = NULL;
    mc_match_scratch *scratch = NULL;
    const size_t *offsets;
    const uint32_t *ids;
    mc_status status = mc_matcher_new_by_rule(MC_RULE_WORLDWIDE, entries, n, &matcher, err);
    if (status >= 0)
        status = mc_match_scratch_new(&scratch, err);
    if (status >= 0)
        status = mc_match_batch(matcher, scratch, texts, n_texts, &offsets, &ids, err);
    if (status >= 0)
        *n_ids = offsets[n_texts];
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    return status;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const mc_str entries[] = { { "猫", 3 }, { "a", 1 }, { "猫狗", 6 }, { "(b)", 3 }, { "c d", 3 } };
    const mc_str texts[] = { { "猫狗 a", 8 }, { "(b) c d", 7 }, { "", 0 } };
    mc_status status = MC_E_NOMEM;
    for (long i = 1; status != MC_OK; i++) {
        mc_error err = { 0 };
        size_t n_ids = 0;
        long live = heap.n_live;
        heap_fail(i, true);
        status = build_and_match(entries, COUNT_OF(entries), texts, COUNT_OF(texts), &n_ids, &err);
        heap_mend();
        assert_int_equal(heap.n_live, live);
        assert_true(status == MC_E_NOMEM || n_ids == 5);
        assert_true(i < 1000);
        if (status < 0)
            assert_says(err.text, "out of memory");
    }
}

/* ---- the reference implementation's own results ---- */

static void spaced_entries_are_those_of_the_reference_implementation(void **state)
{
    (void)state;
    mci_json_value list_root, want_root;
    mci_json *list_json = parse_oracle("oracle/curation/v2_metadata.json", &list_root);
    mci_json *want_json = parse_oracle("oracle/curation/v2_spaced_metadata.json", &want_root);
    mc_str *entries, *want;
    size_t n = strings_of(list_root, &entries);
    assert_int_equal(strings_of(want_root, &want), n);
    for (size_t i = 0; i < n; i++) {
        mci_open_sides open = mci_entry_open_sides(entries[i]);
        assert_int_equal(open.left, want[i].data[0] != ' ');
        assert_int_equal(open.right, want[i].data[want[i].len - 1] != ' ');
    }
    free(entries);
    free(want);
    mci_json_free(list_json);
    mci_json_free(want_json);
}

static void ids_are_those_of_the_reference_implementation(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_json_value list_root, texts_root, want_root, want;
    mci_json *list_json = parse_oracle("oracle/curation/v2_metadata.json", &list_root);
    mci_json *texts_json = parse_oracle("oracle/curation/v2_texts.json", &texts_root);
    mci_json *want_json = parse_oracle("oracle/curation/v2_matched.json", &want_root);
    mc_str *entries, *texts;
    size_t n_entries = strings_of(list_root, &entries), n_texts = strings_of(texts_root, &texts);
    mc_matcher *matcher;
    mc_match_scratch *scratch;
    const uint32_t *ids;
    const size_t *offsets;
    assert_ok(mc_matcher_new_by_rule(MC_RULE_WORLDWIDE, entries, n_entries, &matcher, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    assert_ok(mc_match_batch(matcher, scratch, texts, n_texts, &offsets, &ids, &err), err);
    mci_json_iter it = mci_json_iterate(want_root);
    for (size_t i = 0; i < n_texts; i++) {
        assert_true(mci_json_next(&it, NULL, &want));
        assert_ids(want, ids + offsets[i], offsets[i + 1] - offsets[i]);
    }
    assert_false(mci_json_next(&it, NULL, &want));
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    free(entries);
    free(texts);
    mci_json_free(list_json);
    mci_json_free(texts_json);
    mci_json_free(want_json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_space_is_left_out_beside_scripts_without_spaces_and_punctuation),
        cmocka_unit_test(the_definition_finds_what_it_should),
        cmocka_unit_test(the_matcher_finds_what_it_should),
        cmocka_unit_test(the_matcher_agrees_with_the_definition),
        cmocka_unit_test(entries_of_many_characters_are_told_apart),
        cmocka_unit_test(entries_that_all_end_together_do_not_slow_a_long_text),
        cmocka_unit_test(long_entries_that_overlap_are_all_found),
        cmocka_unit_test(texts_are_read_from_their_first_byte_to_their_last),
        cmocka_unit_test(one_scratch_serves_matchers_of_any_rule_and_size),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(spaced_entries_are_those_of_the_reference_implementation),
        cmocka_unit_test(ids_are_those_of_the_reference_implementation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
