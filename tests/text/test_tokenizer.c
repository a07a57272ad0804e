/* Rows of ids: of small vocabularies, and of random texts against the plain reference. */
#include "base/alloc.h"
#include "metaclip/tokenizer.h"
#include "test.h"
#include "text/clip_naive.h"
#include "text/tokenizer.h"

enum { CONTEXT = 12 };

static mc_tokenizer *open_data(const char *name, mc_token_rule rule)
{
    mc_error err = { 0 };
    mc_tokenizer *tokenizer = NULL;
    assert_ok(mc_tokenizer_open(test_path("METACLIP_TEST_DATA", name), rule, &tokenizer, &err),
              err);
    return tokenizer;
}

/* Every word in bytes: no merges. */
static mc_tokenizer *open_bytes(mc_token_rule rule)
{
    mc_error err = { 0 };
    mci_bpe_vocab *vocab = NULL;
    mc_tokenizer *tokenizer = NULL;
    assert_ok(mci_bpe_vocab_parse(mc_str_of("heading"), &vocab, &err), err);
    assert_ok(mci_tokenizer_of_bpe(vocab, rule, &tokenizer, &err), err);
    return tokenizer;
}

static void encode(const mc_tokenizer *tokenizer, const char *text, size_t context, int32_t *ids,
                   mc_encoded *encoded)
{
    mc_error err = { 0 };
    mc_token_scratch *scratch = NULL;
    assert_ok(mc_token_scratch_new(tokenizer, &scratch, &err), err);
    assert_ok(mc_encode(tokenizer, scratch, mc_str_of(text), context, ids, encoded, &err), err);
    mc_token_scratch_free(scratch);
}

static void a_row_is_start_text_end_and_padding(void **state)
{
    (void)state;
    for (int rule = MC_RULE_OPENAI; rule <= MC_RULE_HF; rule++) {
        mc_tokenizer *tokenizer = open_bytes(rule);
        mc_tokenizer_facts facts = mc_tokenizer_tell(tokenizer);
        int32_t ids[8], pad = rule == MC_RULE_HF ? 513 : 0;
        const int32_t want[8] = { 512, 'a' - '!', 256 + 'b' - '!', 256 + '!' - '!', 513, pad,
                                  pad, pad };
        mc_encoded encoded;
        encode(tokenizer, "Ab !", 8, ids, &encoded);
        assert_memory_equal(ids, want, sizeof want);
        assert_int_equal(encoded.n_ids, 5);
        assert_false(encoded.is_truncated);
        assert_int_equal(facts.n_ids, 514);
        assert_int_equal(facts.pad_id, pad);
        mc_tokenizer_free(tokenizer);
    }
}

static void what_does_not_fit_is_cut_and_the_end_kept(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        size_t context, n_ids;
        bool is_truncated;
    } cases[] = {
        { "fits just so", "abc", 5, 5, false },
        { "one too many", "abcd", 5, 5, true },
        { "nothing fits", "a", 2, 2, true },
        { "nothing to fit", "", 2, 2, false },
        { "only the end", "", 1, 1, true },
        { "a number too many", "abc1", 5, 5, true },
        { "far too many", "abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz abcdefgh", 5, 5,
          true },
    };
    mc_tokenizer *tokenizer = open_bytes(MC_RULE_OPENAI);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int32_t ids[8];
        mc_encoded encoded;
        print_message("  case: %s\n", cases[i].name);
        encode(tokenizer, cases[i].text, cases[i].context, ids, &encoded);
        assert_int_equal(encoded.n_ids, cases[i].n_ids);
        assert_int_equal(encoded.is_truncated, cases[i].is_truncated);
        assert_int_equal(ids[cases[i].n_ids - 1], 513);
        assert_int_equal(ids[0], cases[i].context == 1 ? 513 : 512);
    }
    mc_tokenizer_free(tokenizer);
}

static void wrong_arguments_are_named(void **state)
{
    (void)state;
    mc_tokenizer *tokenizer = open_bytes(MC_RULE_OPENAI);
    mc_token_scratch *scratch = NULL;
    mc_error err = { 0 };
    int32_t id = 0;
    assert_int_equal(mc_token_scratch_new(tokenizer, &scratch, NULL), MC_OK);
    assert_int_equal(mc_encode(tokenizer, scratch, mc_str_of(""), 0, &id, NULL, &err), MC_E_ARG);
    assert_says(err.text, "a context of 0 ids");
    char *text = malloc(MC_MAX_TEXT_BYTES + 1);
    memset(text, ' ', MC_MAX_TEXT_BYTES + 1);
    mc_str too_long = { text, MC_MAX_TEXT_BYTES + 1 }, longest = { text, MC_MAX_TEXT_BYTES };
    assert_int_equal(mc_encode(tokenizer, scratch, too_long, 1, &id, NULL, &err), MC_E_LIMIT);
    assert_says(err.text, "a text of 1048577 bytes");
    assert_int_equal(mc_encode(tokenizer, scratch, longest, 1, &id, NULL, &err), MC_OK);
    assert_int_equal(mc_tokenize(tokenizer, &too_long, 1, 1, 1, &id, NULL, &err), MC_E_LIMIT);
    assert_says(err.text, "text 0: a text of");
    char *back = NULL;
    id = 514;
    assert_int_equal(mc_decode(tokenizer, &id, 1, &back, &err), MC_E_ARG);
    assert_says(err.text, "the id 514: the vocabulary has 514");
    free(text);
    mc_token_scratch_free(scratch);
    mc_tokenizer_free(tokenizer);
}

static void ids_lead_back_to_the_text(void **state)
{
    (void)state;
    mc_tokenizer *tokenizer = open_data("vocab_small.txt", MC_RULE_OPENAI);
    static const char *const texts[][2] = {
        { "A photo of  a CAT's house!", "a photo of a cat 's house !" },
        { "\xE9\xBB\x92\xE3\x81\x84\xE7\x8C\xAB \xF0\x9F\x90\xB1",
          "\xE9\xBB\x92\xE3\x81\x84\xE7\x8C\xAB \xF0\x9F\x90\xB1" },
        { "", "" },
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        int32_t ids[MC_CLIP_CONTEXT];
        char *back = NULL;
        encode(tokenizer, texts[i][0], MC_CLIP_CONTEXT, ids, NULL);
        assert_int_equal(mc_decode(tokenizer, ids, MC_CLIP_CONTEXT, &back, NULL), MC_OK);
        assert_string_equal(back, texts[i][1]);
        mc_free(back);
    }
    mc_tokenizer_free(tokenizer);
}

static void half_a_character_becomes_a_mark(void **state)
{
    (void)state;
    mc_tokenizer *tokenizer = open_bytes(MC_RULE_OPENAI);
    int32_t ids[4];
    char *back = NULL;
    encode(tokenizer, "x\xC3\xA9", 4, ids, NULL); /* start, x, half, end */
    assert_int_equal(mc_decode(tokenizer, ids, 4, &back, NULL), MC_OK);
    assert_string_equal(back, "x\xEF\xBF\xBD");
    mc_free(back);
    mc_tokenizer_free(tokenizer);
}

/* ---- against the plain reference ---- */

static const char *const parts[] = {
    "a photo",
    " of ",
    "the cat's ",
    "&amp;",
    "&#x27;s",
    "&lt",
    "\xCE\xA3",
    "\xCE\x91",
    "'",
    "'S",
    "'ll",
    "1",
    "23",
    "\xC2\xBD",
    "\xC5\xBF",
    "\xC4\xB0",
    "<start_of_text>",
    "<END_OF_TEXT>",
    "<|startoftext|>",
    "<|endoftext|>",
    "<",
    "\x1C",
    "\xC2\xA0",
    "\xE3\x80\x80",
    "\xCD\x85",
    "e\xCC\x81",
    "\xE9\xBB\x92\xE7\x8C\xAB",
    "\xF0\x9F\x90\xB1",
    "\xFF",
    "\xC3",
    "...",
    "\n",
    "\t ",
    "Stra\xC3\x9F"
    "e",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\xE1\x84\x80\xE1\x85\xA1",
};

static size_t random_text(test_random *random, char *text, size_t room)
{
    size_t n = test_below(random, 12), len = 0;
    for (size_t i = 0; i < n; i++) {
        const char *part = parts[test_below(random, COUNT_OF(parts))];
        char byte = (char)test_below(random, 256);
        mc_str piece = test_below(random, 6) ? mc_str_of(part) : (mc_str){ &byte, 1 };
        if (piece.len > room - len)
            break;
        memcpy(text + len, piece.data, piece.len);
        len += piece.len;
    }
    return len;
}

static void any_text_gives_what_the_plain_reference_gives(void **state)
{
    (void)state;
    test_random random = { 3 };
    for (int rule = MC_RULE_OPENAI; rule <= MC_RULE_HF; rule++) {
        mc_tokenizer *tokenizer = open_data("vocab_small.txt", rule);
        mc_token_scratch *scratch = NULL;
        assert_int_equal(mc_token_scratch_new(tokenizer, &scratch, NULL), MC_OK);
        for (int i = 0; i < 4000; i++) {
            char bytes[512];
            mc_str text = { bytes, random_text(&random, bytes, sizeof bytes) };
            int32_t *want = NULL, row[1024];
            size_t n, context = 1 + test_below(&random, COUNT_OF(row));
            mc_encoded encoded;
            assert_int_equal(mci_clip_encode_naive(mci_tokenizer_bpe(tokenizer), rule,
                                                   mci_tokenizer_nfc(tokenizer), text, &want, &n,
                                                   NULL),
                             MC_OK);
            assert_int_equal(mc_encode(tokenizer, scratch, text, context, row, &encoded, NULL),
                             MC_OK);
            size_t kept = context < 2 ? 0 : n < context - 2 ? n : context - 2;
            assert_int_equal(encoded.is_truncated, n + 2 > context);
            assert_int_equal(encoded.n_ids, kept + (context < 2 ? 1 : 2));
            if (kept)
                assert_memory_equal(row + 1, want, kept * sizeof *row);
            mci_free(want);
        }
        mc_token_scratch_free(scratch);
        mc_tokenizer_free(tokenizer);
    }
}

static void the_number_of_threads_changes_nothing(void **state)
{
    (void)state;
    enum { N = 3000 };
    test_random random = { 4 };
    mc_tokenizer *tokenizer = open_data("vocab_small.txt", MC_RULE_HF);
    char(*bytes)[128] = malloc(N * sizeof *bytes);
    mc_str texts[N];
    int32_t *rows[2];
    mc_encoded *encoded[2];
    for (size_t i = 0; i < N; i++)
        texts[i] = (mc_str){ bytes[i], random_text(&random, bytes[i], sizeof bytes[i]) };
    for (unsigned k = 0; k < 2; k++) {
        rows[k] = malloc(N * CONTEXT * sizeof *rows[k]);
        encoded[k] = calloc(N, sizeof *encoded[k]);
        unsigned n_threads = k ? 3 : 1;
        assert_int_equal(
            mc_tokenize(tokenizer, texts, N, CONTEXT, n_threads, rows[k], encoded[k], NULL), MC_OK);
    }
    assert_memory_equal(rows[0], rows[1], N * CONTEXT * sizeof *rows[0]);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(encoded[0][i].n_ids, encoded[1][i].n_ids);
    for (unsigned k = 0; k < 2; k++) {
        free(rows[k]);
        free(encoded[k]);
    }
    free(bytes);
    mc_tokenizer_free(tokenizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_start_text_end_and_padding),
        cmocka_unit_test(what_does_not_fit_is_cut_and_the_end_kept),
        cmocka_unit_test(wrong_arguments_are_named),
        cmocka_unit_test(ids_lead_back_to_the_text),
        cmocka_unit_test(half_a_character_becomes_a_mark),
        cmocka_unit_test(any_text_gives_what_the_plain_reference_gives),
        cmocka_unit_test(the_number_of_threads_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
