#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "metaclip/text.h"
#include "text/matcher_naive.h"
#include "text/matcher_round.h"
#include "text/oracle_lists.h"

enum { MAX_ENTRIES = 400 };

/* ---- one table of cases, run through every engine ---- */

typedef struct {
    const char *name, *text;
    const char *entries[8];
    const char *ids; /* as "0 2 5" */
} match_case;

static const match_case cases[] = {
    { "a word", "a red car", { "red", "ed", "car", "cars" }, "0 2" },
    { "words at both ends", "red", { "red", "r", "red " }, "0" },
    { "runs of words", "a red car", { "a red", "red car", "a red car", "a car" }, "0 1 2" },
    { "case is kept", "Red car", { "red", "Red", "CAR" }, "1" },
    { "a mark parts words", "a,b", { "a", "b", ",", "a , b", "a,b", "a ,", "" }, "0 1 2 3 5" },
    { "a mark and a space", "a, b", { "a , b", "a ,  b", "", ", ", " b" }, "1 2 3 4" },
    { "two marks", ",,", { ",", ", ,", ",  ,", " ,", ", ", "" }, "0 2 3 4 5" },
    { "other punctuation stays", "(a) b-c d's", { "a", "(a)", "b", "b-c", "d's", "d" }, "1 3 4" },
    { "an empty text", "", { "", " ", "a" }, "0" },
    { "one space", " ", { "", " ", "  " }, "0 1" },
    { "double spaces", "a  b", { "a b", "a  b", "", " b", "a ", " ", "a   b" }, "1 2 3 4" },
    { "tabs and line ends", "a\tb\nc\r\nd", { "a b c", "a\tb", "c  d", "", "\n" }, "0 2 3" },
    { "once however often", "a a a", { "a", "a a", "a a a", "a a a a" }, "0 1 2" },
    { "an entry twice", "x y x", { "x", "x y", "x", "y x", "x y", "z", "x" }, "0 1 2 3 4 6" },
    { "ends of a longer run", "p q r s", { "p q r t", "q r s", "r s", "q r", "s" }, "1 2 3 4" },
    { "a run inside a run", "p q r s", { "p q r s", "q r", "q r s t", "r s" }, "0 1 3" },
    { "beginnings again", "p p q", { "p q", "p p q", "p p p" }, "0 1" },
    { "bytes that are no UTF-8",
      "\xff \xc3 \xe9t\xe9",
      { "\xff", "\xc3", "\xe9t\xe9", "\xe9" },
      "0 1 2" },
    { "letters beyond ASCII",
      "caf\xc3\xa9 \xe4\xb8\xad",
      { "caf\xc3\xa9", "caf", "\xe4\xb8\xad" },
      "0 2" },
    { "words of 15, 16, 17 bytes",
      "aaaaaaaaaaaaaaa aaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaa",
      { "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaa" },
      "0 1 2 5" },
    { "long words that differ late",
      "abcdefghijklmnopqrstuvwxyz0",
      { "abcdefghijklmnopqrstuvwxyz1", "abcdefghijklmnopqrstuvwxyz0", "abcdefghijklmnop" },
      "1" },
    { "no-break space is no space",
      "a\xc2\xa0"
      "b",
      { "a", "a\xc2\xa0"
             "b" },
      "1" },
    { "no entries", "a red car", { NULL }, "" },
};

typedef mc_status engine(const mci_kernels *kernels, const mc_str *entries, size_t n, mc_str text,
                         uint32_t *ids, size_t *n_ids, mc_error *err);

static mc_status match_naively(const mci_kernels *kernels, const mc_str *entries, size_t n,
                               mc_str text, uint32_t *ids, size_t *n_ids, mc_error *err)
{
    (void)kernels;
    return mci_match_naive(entries, n, text, ids, n_ids, err);
}

static mc_status match_fast(const mci_kernels *kernels, const mc_str *entries, size_t n,
                            mc_str text, uint32_t *ids, size_t *n_ids, mc_error *err)
{
    mc_matcher *matcher = NULL;
    mc_match_scratch *scratch = NULL;
    const uint32_t *found = NULL;
    MC_TRY(mc_matcher_new(entries, n, &matcher, err));
    MC_TRY(mc_match_scratch_new(&scratch, err));
    scratch->kernels = kernels;
    MC_TRY(mc_match(matcher, scratch, text, &found, n_ids, err));
    if (*n_ids)
        memcpy(ids, found, *n_ids * sizeof *ids);
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    return MC_OK;
}

static void run_cases(engine *match, const mci_kernels *kernels)
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
        assert_ok(match(kernels, entries, n, mc_str_of(cases[i].text), ids, &n_ids, &err), err);
        for (size_t k = 0; k < n_ids; k++)
            at += (size_t)sprintf(got + at, "%s%u", k ? " " : "", ids[k]);
        assert_string_equal(got, cases[i].ids);
    }
}

static void the_definition_finds_what_it_should(void **state)
{
    (void)state;
    run_cases(match_naively, NULL);
}

static void the_matcher_finds_what_it_should(void **state)
{
    (void)state;
    for (const mci_kernels *const *kernels = mci_kernels_all(); *kernels; kernels++) {
        print_message(" kernels: %s\n", (*kernels)->name);
        run_cases(match_fast, *kernels);
    }
}

/* ---- the matcher against the definition, on random input ---- */

/* Random bytes of an alphabet; it may hold NUL. */
static mc_str random_string(test_random *random, mc_str alphabet, size_t max, char *to)
{
    size_t len = test_below(random, max + 1);
    for (size_t i = 0; i < len; i++)
        to[i] = alphabet.data[test_below(random, alphabet.len)];
    return (mc_str){ to, len };
}

typedef struct {
    char bytes[MAX_ENTRIES][64];
    mc_str entries[MAX_ENTRIES];
    size_t n;
    mc_matcher *matcher;
} random_list;

static void fill_list(random_list *list, test_random *random, mc_str alphabet)
{
    mc_error err = { 0 };
    list->n = test_below(random, MAX_ENTRIES);
    for (size_t i = 0; i < list->n; i++) {
        size_t max = test_below(random, 8) ? 7 : 60;
        list->entries[i] = random_string(random, alphabet, max, list->bytes[i]);
        if (i > 0 && test_below(random, 20) == 0)
            list->entries[i] = list->entries[test_below(random, i)];
    }
    assert_ok(mc_matcher_new(list->entries, list->n, &list->matcher, &err), err);
}

/* With all kernels, in rounds as they are and in small ones. */
static void assert_same_ids(const random_list *list, mc_match_scratch *scratch, mc_str text)
{
    mc_error err = { 0 };
    uint32_t want[MAX_ENTRIES];
    const uint32_t *got;
    size_t n_want, n_got;
    const mci_kernels *const *kernels = mci_kernels_all();
    assert_ok(mci_match_naive(list->entries, list->n, text, want, &n_want, &err), err);
    for (size_t i = 0; kernels[i / 2]; i++) {
        scratch->kernels = kernels[i / 2];
        scratch->round_bytes = i % 2 ? MCI_LEAST_ROUND + text.len % 7 : MCI_ROUND_BYTES;
        assert_ok(mc_match(list->matcher, scratch, text, &got, &n_got, &err), err);
        assert_int_equal(n_got, n_want);
        if (n_want)
            assert_memory_equal(got, want, n_want * sizeof *want);
    }
}

/* All texts at once, with all kernels, and each alone, by the definition. */
static void assert_batch(const random_list *list, mc_match_scratch *scratch, const mc_str *texts,
                         size_t n)
{
    mc_error err = { 0 };
    uint32_t want[MAX_ENTRIES];
    const uint32_t *ids;
    const size_t *offsets;
    size_t n_want;
    const mci_kernels *const *kernels = mci_kernels_all();
    for (size_t k = 0; kernels[k / 2]; k++) {
        scratch->kernels = kernels[k / 2];
        scratch->round_bytes = k % 2 ? MCI_LEAST_ROUND + n % 7 : MCI_ROUND_BYTES;
        assert_ok(mc_match_batch(list->matcher, scratch, texts, n, &offsets, &ids, &err), err);
        assert_int_equal(offsets[0], 0);
        for (size_t i = 0; i < n; i++) {
            assert_ok(mci_match_naive(list->entries, list->n, texts[i], want, &n_want, &err), err);
            assert_int_equal(offsets[i + 1] - offsets[i], n_want);
            if (n_want)
                assert_memory_equal(ids + offsets[i], want, n_want * sizeof *want);
        }
    }
}

static const mc_str alphabets[] = {
    { "a ", 2 },
    { "ab ", 3 },
    { "a ,", 3 },
    { "ab  ,.", 6 },
    { "abc   ", 6 },
    { "a ,.;:?!`\t\n\r", 12 },
    { "a\0 \xff,", 5 },
    { "abcdefgh        ", 16 },
    { "aaaaaaaaaaaaaaaaaaaaaaa ", 24 },
};

static void the_matcher_agrees_with_the_definition(void **state)
{
    (void)state;
    static random_list list;
    static char bytes[2000];
    mc_match_scratch *scratch;
    test_random random = { 1 };
    assert_int_equal(mc_match_scratch_new(&scratch, NULL), MC_OK);
    for (size_t round = 0; round < 270; round++) {
        mc_str alphabet = alphabets[round % COUNT_OF(alphabets)];
        fill_list(&list, &random, alphabet);
        for (size_t i = 0; i < 30; i++) {
            size_t max = i < 25 ? 90 : i < 29 ? 400 : sizeof bytes;
            assert_same_ids(&list, scratch, random_string(&random, alphabet, max, bytes));
        }
        mc_matcher_free(list.matcher);
    }
    mc_match_scratch_free(scratch);
}

/* Texts of all sizes together: rounds begin and end anywhere, some with a long text. */
static void a_batch_gives_what_each_text_gives(void **state)
{
    (void)state;
    enum { N = 200 };
    static random_list list;
    static char bytes[N][3000];
    mc_str texts[N];
    mc_match_scratch *scratch;
    test_random random = { 3 };
    assert_int_equal(mc_match_scratch_new(&scratch, NULL), MC_OK);
    for (size_t round = 0; round < 2 * COUNT_OF(alphabets); round++) {
        mc_str alphabet = alphabets[round % COUNT_OF(alphabets)];
        size_t n = test_below(&random, N + 1);
        fill_list(&list, &random, alphabet);
        for (size_t i = 0; i < n; i++) {
            size_t dice = test_below(&random, 40), max = dice == 0 ? 3000 : dice < 4 ? 400 : 60;
            texts[i] = random_string(&random, alphabet, max, bytes[i]);
        }
        assert_batch(&list, scratch, texts, n);
        mc_matcher_free(list.matcher);
    }
    mc_match_scratch_free(scratch);
}

/* n bytes or more between pages that cannot be read. */
typedef struct {
    char *block, *begin, *end;
    size_t n_bytes;
} guarded;

static guarded guard(size_t n_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n_inner = (n_bytes + page - 1) / page * page;
    char *block = mmap(NULL, n_inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block != MAP_FAILED);
    assert_int_equal(mprotect(block + page, n_inner, PROT_READ | PROT_WRITE), 0);
    return (guarded){ block, block + page, block + page + n_inner, n_inner + 2 * page };
}

/* Reads of many bytes at once must not reach beyond, nor before. */
static void texts_of_every_length_are_read_from_their_first_byte_to_their_last(void **state)
{
    (void)state;
    enum { LONGEST = MCI_ROUND_BYTES + 200 };
    static random_list list;
    mc_match_scratch *scratch;
    test_random random = { 2 };
    guarded memory = guard(LONGEST);
    mc_str alphabets_here[] = { { "abcd efgh, ", 11 }, { "aaaaaaaaaaaaaaaaaaaaaaaa ,", 26 } };
    assert_int_equal(mc_match_scratch_new(&scratch, NULL), MC_OK);
    for (size_t k = 0; k < COUNT_OF(alphabets_here); k++) {
        fill_list(&list, &random, alphabets_here[k]);
        for (size_t len = 0; len < LONGEST; len += len < 300 ? 1 : 29) {
            mc_str texts[] = { { memory.end - len, len }, { memory.begin, len } };
            for (size_t i = 0; i < COUNT_OF(texts); i++) {
                for (size_t at = 0; at < len; at++)
                    (i ? memory.begin : memory.end - len)[at] =
                        alphabets_here[k].data[test_below(&random, alphabets_here[k].len)];
                assert_same_ids(&list, scratch, texts[i]);
            }
            assert_batch(&list, scratch, texts, 2);
        }
        mc_matcher_free(list.matcher);
    }
    mc_match_scratch_free(scratch);
    munmap(memory.block, memory.n_bytes);
}

/* Tokens around each width that is loaded at once, and longer than a round. */
static const size_t lengths[] = { 0,
                                  1,
                                  2,
                                  3,
                                  4,
                                  5,
                                  7,
                                  8,
                                  9,
                                  14,
                                  15,
                                  16,
                                  17,
                                  31,
                                  32,
                                  33,
                                  63,
                                  64,
                                  65,
                                  100,
                                  127,
                                  128,
                                  129,
                                  255,
                                  1000,
                                  MCI_ROUND_BYTES - 17,
                                  MCI_ROUND_BYTES - 16,
                                  MCI_ROUND_BYTES - 2,
                                  MCI_ROUND_BYTES - 1,
                                  MCI_ROUND_BYTES,
                                  MCI_ROUND_BYTES + 1,
                                  MCI_ROUND_BYTES + 16,
                                  2 * MCI_ROUND_BYTES,
                                  3 * MCI_ROUND_BYTES + 5 };

static void words_of_every_length_are_told_apart(void **state)
{
    (void)state;
    enum { N = COUNT_OF(lengths), MAX = 3 * MCI_ROUND_BYTES + 6 };
    mc_error err = { 0 };
    static char word[MAX];
    mc_str entries[N];
    random_list list = { .n = N };
    mc_match_scratch *scratch;
    memset(word, 'w', sizeof word);
    for (size_t i = 0; i < N; i++)
        entries[i] = list.entries[i] = (mc_str){ word, lengths[i] };
    assert_ok(mc_matcher_new(entries, N, &list.matcher, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    for (size_t i = 0; i < N; i++) {
        static char text[MAX + 8];
        mc_str alone = { text, lengths[i] }, last = { text, lengths[i] + 2 };
        mc_str first = { text + 2, lengths[i] + 2 }, between = { text, lengths[i] + 5 };
        memcpy(text, word, lengths[i]);
        assert_same_ids(&list, scratch, alone);
        for (size_t at = 0; at < lengths[i]; at += at < lengths[i] - 1 ? lengths[i] - 1 : 1) {
            text[at] = 'v'; /* another word, that differs in its first byte, or in its last */
            assert_same_ids(&list, scratch, alone);
            text[at] = 'w';
        }
        memcpy(text, "x ", 2);
        memcpy(text + 2, word, lengths[i]);
        memcpy(text + 2 + lengths[i], " ww", 3);
        assert_same_ids(&list, scratch, last);
        assert_same_ids(&list, scratch, first);
        assert_batch(&list, scratch, (mc_str[]){ between, alone, last, first, between }, 5);
    }
    mc_match_scratch_free(scratch);
    mc_matcher_free(list.matcher);
}

/* Words of 17 bytes and more whose first byte makes up for their length: once, hashes that mixed
 * the two carelessly were equal under every seed. */
static void words_that_undo_their_length_are_told_apart(void **state)
{
    (void)state;
    enum { N = 128 };
    static char words[N][MCI_KEY_BYTES + N];
    static random_list list = { .n = N };
    mc_error err = { 0 };
    mc_match_scratch *scratch;
    for (size_t i = 0; i < N; i++) {
        size_t len = MCI_KEY_BYTES + i;
        memset(words[i], 'w', len);
        words[i][0] = (char)(0x80 | ((len ^ 'w') & 0x7F));
        list.entries[i] = (mc_str){ words[i], len };
    }
    assert_ok(mc_matcher_new(list.entries, list.n, &list.matcher, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    for (size_t i = 0; i < N; i++)
        assert_same_ids(&list, scratch, list.entries[i]);
    mc_match_scratch_free(scratch);
    mc_matcher_free(list.matcher);
}

/* A run of tokens at every place around the end of a round, so that each part of it is cut off. */
static void runs_go_on_from_round_to_round(void **state)
{
    (void)state;
    static const char *const entries[] = {
        "red",       "red car",         "a red car",         "car red",   "car a",
        "red car a", "a red car a red", "red car a red car", "car a red", "a red car a red car"
    };
    static char text[MCI_ROUND_BYTES + 200];
    random_list list = { .n = COUNT_OF(entries) };
    mc_error err = { 0 };
    mc_match_scratch *scratch;
    for (size_t i = 0; i < list.n; i++)
        list.entries[i] = mc_str_of(entries[i]);
    assert_ok(mc_matcher_new(list.entries, list.n, &list.matcher, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    static const char *const run = "a red car a red car";
    for (size_t at = MCI_ROUND_BYTES - 40; at < MCI_ROUND_BYTES + 10; at++) {
        for (size_t n = 1; n <= strlen(run); n++) {
            memset(text, 'x', sizeof text);
            text[at - 1] = ' ';
            memcpy(text + at, run, n);
            assert_same_ids(&list, scratch, (mc_str){ text, at + n });
            text[at + n] = ' ';
            assert_same_ids(&list, scratch, (mc_str){ text, sizeof text });
        }
    }
    mc_match_scratch_free(scratch);
    mc_matcher_free(list.matcher);
}

/* ---- large and ill-natured input ---- */

/* "a", "a a", "a a a", ...: at every word of the text, all of them end. */
static void entries_that_all_end_together_do_not_slow_a_long_text(void **state)
{
    (void)state;
    enum { N = 3000, TEXT = 4 << 20 };
    mc_error err = { 0 };
    char *text = malloc(TEXT);
    mc_str *entries = malloc(N * sizeof *entries);
    for (size_t i = 0; i < TEXT; i++)
        text[i] = i % 2 ? ' ' : 'a';
    for (size_t i = 0; i < N; i++)
        entries[i] = (mc_str){ text, 2 * i + 1 };
    mc_matcher *matcher;
    mc_match_scratch *scratch;
    const uint32_t *ids;
    size_t n;
    assert_ok(mc_matcher_new(entries, N, &matcher, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    assert_ok(mc_match(matcher, scratch, (mc_str){ text, TEXT - 1 }, &ids, &n, &err), err);
    assert_int_equal(n, N);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(ids[i], i);
    assert_ok(mc_match(matcher, scratch, (mc_str){ text, 2 * 1500 - 1 }, &ids, &n, &err), err);
    assert_int_equal(n, 1500);
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    free(entries);
    free(text);
}

/* Millions of empty tokens, of marks, and one token of megabytes that is a word, or nearly. */
static void ill_natured_texts_match_too(void **state)
{
    (void)state;
    enum { TEXT = 4 << 20 };
    mc_error err = { 0 };
    char *text = malloc(TEXT), *word = malloc(TEXT);
    memset(word, 'w', TEXT);
    const mc_str entries[] = { mc_str_of(""),  mc_str_of(" "),    mc_str_of("    "),
                               mc_str_of(","), mc_str_of(",  ,"), { word, TEXT } };
    static const struct {
        char fill;
        size_t n_ids;
        uint32_t ids[3];
    } texts[] = {
        { ' ', 3, { 0, 1, 2 } }, { ',', 3, { 0, 3, 4 } }, { 'w', 1, { 5 } }, { 'v', 0, { 0 } }
    };
    mc_matcher *matcher;
    mc_match_scratch *scratch;
    assert_ok(mc_matcher_new(entries, COUNT_OF(entries), &matcher, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const uint32_t *ids;
        size_t n;
        memset(text, texts[i].fill, TEXT);
        assert_ok(mc_match(matcher, scratch, (mc_str){ text, TEXT }, &ids, &n, &err), err);
        assert_int_equal(n, texts[i].n_ids);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(ids[k], texts[i].ids[k]);
    }
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    free(text);
    free(word);
}

static void one_scratch_serves_matchers_of_any_size(void **state)
{
    (void)state;
    enum { N = 100000 };
    mc_error err = { 0 };
    char(*names)[8] = malloc(N * sizeof *names);
    mc_str *entries = malloc(N * sizeof *entries);
    mci_buf text = { 0 };
    for (size_t i = 0; i < N; i++) {
        entries[i] = (mc_str){ names[i], (size_t)sprintf(names[i], "%zu", i) };
        assert_ok(mci_buf_add(&text, entries[i], &err), err);
        assert_ok(mci_buf_byte(&text, ' ', &err), err);
    }
    mc_matcher *small, *large;
    mc_match_scratch *scratch;
    const uint32_t *ids;
    size_t n;
    assert_ok(mc_matcher_new(entries, 10, &small, &err), err);
    assert_ok(mc_matcher_new(entries, N, &large, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    for (size_t round = 0; round < 3; round++) {
        assert_ok(mc_match(small, scratch, mci_buf_str(&text), &ids, &n, &err), err);
        assert_int_equal(n, 10);
        assert_ok(mc_match(large, scratch, mci_buf_str(&text), &ids, &n, &err), err);
        assert_int_equal(n, N);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(ids[i], i);
        assert_ok(mc_match(large, scratch, mc_str_of("7 99999 x 3 7"), &ids, &n, &err), err);
        assert_int_equal(n, 3);
        assert_int_equal(ids[2], 99999);
    }
    assert_true(mc_matcher_bytes(large) > mc_matcher_bytes(small));
    mc_match_scratch_free(scratch);
    mc_matcher_free(small);
    mc_matcher_free(large);
    mci_buf_release(&text);
    free(entries);
    free(names);
}

static void free_takes_null(void **state)
{
    (void)state;
    mc_matcher_free(NULL);
    mc_match_scratch_free(NULL);
}

/* ---- the reference implementation's own results ---- */

static void ids_are_those_of_the_reference_implementation(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_json_value list_root, texts_root, want_root, want;
    mci_json *list_json = parse_oracle("oracle/curation/metadata.json", &list_root);
    mci_json *texts_json = parse_oracle("oracle/curation/texts.json", &texts_root);
    mci_json *want_json = parse_oracle("oracle/curation/matched.json", &want_root);
    mc_str *entries, *texts;
    size_t n_entries = strings_of(list_root, &entries), n_texts = strings_of(texts_root, &texts);
    mc_matcher *matcher;
    mc_match_scratch *scratch;
    assert_ok(mc_matcher_new(entries, n_entries, &matcher, &err), err);
    assert_ok(mc_match_scratch_new(&scratch, &err), err);
    mci_json_iter it = mci_json_iterate(want_root);
    for (size_t i = 0; i < n_texts; i++) {
        const uint32_t *ids;
        size_t n;
        assert_true(mci_json_next(&it, NULL, &want));
        assert_ok(mc_match(matcher, scratch, texts[i], &ids, &n, &err), err);
        assert_ids(want, ids, n);
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
        cmocka_unit_test(the_definition_finds_what_it_should),
        cmocka_unit_test(the_matcher_finds_what_it_should),
        cmocka_unit_test(the_matcher_agrees_with_the_definition),
        cmocka_unit_test(a_batch_gives_what_each_text_gives),
        cmocka_unit_test(texts_of_every_length_are_read_from_their_first_byte_to_their_last),
        cmocka_unit_test(words_of_every_length_are_told_apart),
        cmocka_unit_test(words_that_undo_their_length_are_told_apart),
        cmocka_unit_test(runs_go_on_from_round_to_round),
        cmocka_unit_test(entries_that_all_end_together_do_not_slow_a_long_text),
        cmocka_unit_test(ill_natured_texts_match_too),
        cmocka_unit_test(one_scratch_serves_matchers_of_any_size),
        cmocka_unit_test(free_takes_null),
        cmocka_unit_test(ids_are_those_of_the_reference_implementation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
