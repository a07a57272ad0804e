#include "corpus/tokens.h"

#include "test.h"

/* Words with a space before those that make a pair with the one before, and a bar before others. */
static mc_status collect(void *user, mc_str word, bool follows, mc_error *err)
{
    mci_buf *out = user;
    MC_TRY(mci_buf_byte(out, follows ? ' ' : '|', err));
    return mci_buf_add(out, word, err);
}

static const struct {
    const char *name, *language;
    bool folds;
    const char *text, *want;
} cases[] = {
    { "spaces", "en", false, "a red  car\there", "|a red car here" },
    { "marks part pairs", "en", false, "red, green car. End", "|red|green car|End" },
    { "lines part pairs", "en", false, "a b\nc d\r\ne", "|a b|c d|e" },
    { "case stays", "en", false, "New York", "|New York" },
    { "lower case", "en", true, "New YORK \xC3\x84rger", "|new york \xC3\xA4rger" },
    { "apostrophe and hyphen", "en", false, "don't non-profit 'tis dogs' a--b -c-",
      "|don't non-profit|tis dogs|a|b|c" },
    { "typographic apostrophe", "en", false, "don\xE2\x80\x99t", "|don't" },
    { "numbers", "en", false, "3.14 1,000 x2", "|3|14 1|000 x2" },
    { "underscore and symbols", "en", false, "a_b c\xC2\xB0 5\xE2\x82\xAC x", "|a|b c|5|x" },
    { "no-break space", "en", false,
      "a\xC2\xA0"
      "b",
      "|a b" },
    { "wrong bytes", "en", false,
      "a\xFF"
      "b \xE4\xBD",
      "|a|b" },
    { "marks of Indic scripts", "hi", false,
      "\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8\xE0\xA5\x8D\xE0\xA4\xA6\xE0\xA5\x80 x",
      "|\xE0\xA4\xB9\xE0\xA4\xBF\xE0\xA4\xA8\xE0\xA5\x8D\xE0\xA4\xA6\xE0\xA5\x80 x" },
    { "joiner within a word", "fa", false, "\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE",
      "|\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE" },
    /* "we are in Beijing" and "the cat drinks water" */
    { "Chinese", "zh", false,
      "\xE6\x88\x91\xE4\xBB\xAC\xE5\x9C\xA8\xE5\x8C\x97\xE4\xBA\xAC\xE3\x80\x82\xE7\x8C\xAB",
      "|\xE6\x88\x91\xE4\xBB\xAC \xE5\x9C\xA8 \xE5\x8C\x97\xE4\xBA\xAC|\xE7\x8C\xAB" },
    { "Thai", "th", false,
      "\xE0\xB9\x81\xE0\xB8\xA1\xE0\xB8\xA7\xE0\xB8\x81\xE0\xB8\xB4\xE0\xB8\x99\xE0\xB8\x99\xE0\xB9"
      "\x89\xE0\xB8\xB3",
      "|\xE0\xB9\x81\xE0\xB8\xA1\xE0\xB8\xA7 \xE0\xB8\x81\xE0\xB8\xB4\xE0\xB8\x99 "
      "\xE0\xB8\x99\xE0\xB9\x89\xE0\xB8\xB3" },
    { "scripts in one run", "zh", false, "iPhone\xE6\x89\x8B\xE6\x9C\xBA",
      "|iPhone \xE6\x89\x8B\xE6\x9C\xBA" },
    { "empty", "en", false, "", "" },
};

static void texts_become_words(void **state)
{
    const mci_letters *letters = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mci_tokenizer *tokenizer = NULL;
        mci_buf out = { 0 };
        mc_error err = { 0 };
        print_message("  case: %s\n", cases[i].name);
        assert_ok(mci_tokenizer_new(letters, cases[i].language, cases[i].folds, &tokenizer, &err),
                  err);
        assert_ok(mci_tokenize(tokenizer, mc_str_of(cases[i].text), collect, &out, &err), err);
        assert_str(mci_buf_str(&out), cases[i].want);
        mci_tokenizer_free(tokenizer);
        mci_buf_release(&out);
    }
}

static void words_of_more_than_256_characters_are_dropped(void **state)
{
    char text[700];
    mci_tokenizer *tokenizer = NULL;
    mci_buf out = { 0 };
    memset(text, 'x', sizeof text);
    text[0] = 'a';
    text[1] = ' ';
    text[2 + 257] = ' ';
    text[2 + 257 + 1 + 256] = ' ';
    assert_int_equal(mci_tokenizer_new(*state, "en", false, &tokenizer, NULL), MC_OK);
    assert_int_equal(
        mci_tokenize(tokenizer, (mc_str){ text, 2 + 257 + 1 + 256 + 2 }, collect, &out, NULL),
        MC_OK);
    assert_int_equal(out.len, 2 + 1 + 256 + 2); /* "|a", "|xxx...", " x" */
    assert_int_equal(out.data[2], '|');
    mci_tokenizer_free(tokenizer);
    mci_buf_release(&out);
}

static void pairs_of_unspaced_scripts_are_joined(void **state)
{
    assert_true(mci_join_unspaced(*state, mc_str_of("\xE5\x8C\x97"), mc_str_of("\xE4\xBA\xAC")));
    assert_false(mci_join_unspaced(*state, mc_str_of("a"), mc_str_of("\xE4\xBA\xAC")));
    assert_false(mci_join_unspaced(*state, mc_str_of("a"), mc_str_of("b")));
    assert_false(mci_join_unspaced(*state, mc_str_of(""), mc_str_of("b")));
}

static int open_letters(void **state)
{
    return mci_letters_new((mci_letters **)state, NULL);
}

static int close_letters(void **state)
{
    mci_letters_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_words),
        cmocka_unit_test(words_of_more_than_256_characters_are_dropped),
        cmocka_unit_test(pairs_of_unspaced_scripts_are_joined),
    };
    return cmocka_run_group_tests(tests, open_letters, close_letters);
}
