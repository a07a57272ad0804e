/* What a text is cut into, under both rules. The answers of the first rule are those of Python's
 * html.unescape, str.strip, str.lower and the module regex. */
#include "test.h"
#include "text/clip_clean.h"
#include "text/clip_split.h"

/* "[cat|'s|house]"; special tokens as "<S>" and "<E>". */
static void cut(mc_token_rule rule, mc_str text, mci_buf *out)
{
    mci_clean clean = { 0 };
    mci_nfc *nfc = NULL;
    mc_error err = { 0 };
    uint64_t n_replaced = 0;
    mc_str word;
    mci_word_kind kind;
    mci_buf_clear(out);
    assert_ok(mci_nfc_new(&nfc, &err), err);
    assert_ok(mci_clip_clean(rule, nfc, text, &clean, &text, &n_replaced, &err), err);
    mci_clip_splitter splitter = mci_clip_split(rule, text);
    while (mci_clip_next(&splitter, &word, &kind)) {
        if (out->len)
            mci_buf_byte(out, '|', NULL);
        mci_buf_add(
            out, kind == MCI_WORD_PLAIN ? word : mc_str_of(kind == MCI_WORD_START ? "<S>" : "<E>"),
            NULL);
    }
    mci_clean_release(&clean);
    mci_nfc_free(nfc);
}

static const struct {
    const char *name, *text, *openai, *hf;
} cases[] = {
    { "nothing", "", "", "" },
    { "white space alone", " \t\r\n\v\f ", "", "" },
    { "words and marks", "A Red car, 2x!", "a|red|car|,|2|x|!", "a|red|car|,|2|x|!" },
    { "numbers one by one", "2023", "2|0|2|3", "2|0|2|3" },
    { "contractions", "it's they're I'd we'll don't I'm I've",
      "it|'s|they|'re|i|'d|we|'ll|don|'t|i|'m|i|'ve",
      "it|'s|they|'re|i|'d|we|'ll|don|'t|i|'m|i|'ve" },
    { "contractions in capitals", "IT'S WE'LL", "it|'s|we|'ll", "it|'s|we|'ll" },
    { "no contraction", "'x 'r 'l ''s", "'|x|'|r|'|l|''|s", "'|x|'|r|'|l|''|s" },
    { "a contraction that a word goes on behind", "'star 'really", "'s|tar|'re|ally",
      "'s|tar|'re|ally" },
    { "a long s is an s, for regex", "it'\xC5\xBF", "it|'\xC5\xBF", "it|'|\xC5\xBF" },
    { "runs of marks", "a -- b...?!", "a|--|b|...?!", "a|--|b|...?!" },
    { "references, twice", "AT&amp;amp;T &lt;b&gt;", "at|&|t|<|b|>",
      "at|&|amp|;|amp|;|t|&|lt|;|b|&|gt|;" },
    { "a reference that becomes a space", "a&#32;b&nbsp;c", "a|b|c", "a|&#|3|2|;|b|&|nbsp|;|c" },
    { "special tokens in any case", "a <Start_Of_Text> b<END_OF_TEXT>", "a|<S>|b|<E>",
      "a|<|start|_|of|_|text|>|b|<|end|_|of|_|text|>" },
    { "a mark before takes the bracket", "!<end_of_text>", "!<|end|_|of|_|text|>",
      "!<|end|_|of|_|text|>" },
    { "special tokens of the other rule", "x!!<|startoftext|>y<|EndOfText|>",
      "x|!!<||startoftext||>|y|<||endoftext||>", "x|!!|<S>|y|<E>" },
    { "an odd special token is one word", "<\xC5\xBFtart_of_text>x", "<\xC5\xBFtart_of_text>|x",
      "<|\xC5\xBFtart|_|of|_|text|>|x" },
    { "a special token that is cut", "<start_of_text", "<|start|_|of|_|text",
      "<|start|_|of|_|text" },
    { "final sigmas", "\xCE\x91\xCE\xA3 \xCE\xA3 \xCE\x91\xCE\xA3'\xCE\xA3", /* ΑΣ Σ ΑΣ'Σ */
      "\xCE\xB1\xCF\x82|\xCF\x83|\xCE\xB1\xCF\x83|'|\xCF\x82",
      "\xCE\xB1\xCF\x83|\xCF\x83|\xCE\xB1\xCF\x83|'|\xCF\x83" },
    { "a dotted capital I", "\xC4\xB0x", "i|\xCC\x87|x", "i|\xCC\x87|x" },
    { "composed or not", "e\xCC\x81", "e|\xCC\x81", "\xC3\xA9" },
    { "separators that Python strips at the ends alone",
      "\x1C"
      "a\x1C"
      "b\x1D",
      "a|\x1C|b", "\x1C|a|\x1C|b|\x1D" },
    { "wide spaces",
      "a\xE3\x80\x80"
      "b\xC2\xA0"
      "c\xC2\x85"
      "d",
      "a|b|c|d", "a|b|c|d" },
    { "ideographs are letters", "\xE7\xBA\xA2\xE8\xBD\xA6 12", "\xE7\xBA\xA2\xE8\xBD\xA6|1|2",
      "\xE7\xBA\xA2\xE8\xBD\xA6|1|2" },
    { "other numbers", "\xC2\xBD\xE2\x85\xA7\xD9\xA3", "\xC2\xBD|\xE2\x85\xB7|\xD9\xA3",
      "\xC2\xBD|\xE2\x85\xB7|\xD9\xA3" },
    { "emoji with a joiner", "\xF0\x9F\x90\xB1\xE2\x80\x8D\xF0\x9F\x90\xB6!",
      "\xF0\x9F\x90\xB1\xE2\x80\x8D\xF0\x9F\x90\xB6!",
      "\xF0\x9F\x90\xB1\xE2\x80\x8D\xF0\x9F\x90\xB6!" },
    { "a letter that regex does not see: U+0345",
      "a\xCD\x85"
      "b!\xCD\x85?",
      "a|b|!|?", "a|\xCD\x85|b|!\xCD\x85?" },
    { "a letter of Unicode 15", "x\xF0\x91\xBC\x82y", "x\xF0\x91\xBC\x82y",
      "x|\xF0\x91\xBC\x82|y" },
    { "wrong bytes",
      "a\xFF"
      "b\xC3(",
      "a|\xEF\xBF\xBD|b|\xEF\xBF\xBD(", "a|\xEF\xBF\xBD|b|\xEF\xBF\xBD(" },
    { "a kelvin is a k", "\xE2\x84\xAA", "k", "k" },
};

static void texts_are_cut_as_the_rules_say(void **state)
{
    (void)state;
    mci_buf got = { 0 };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].name);
        cut(MC_RULE_OPENAI, mc_str_of(cases[i].text), &got);
        assert_str(mci_buf_str(&got), cases[i].openai);
        cut(MC_RULE_HF, mc_str_of(cases[i].text), &got);
        assert_str(mci_buf_str(&got), cases[i].hf);
    }
    mci_buf_release(&got);
}

static void a_zero_byte_is_a_mark(void **state)
{
    (void)state;
    mci_buf got = { 0 };
    cut(MC_RULE_OPENAI, (mc_str){ "a\0b\0\0", 5 }, &got);
    assert_int_equal(got.len, 8);
    assert_memory_equal(got.data, "a|\0|b|\0\0", 8);
    mci_buf_release(&got);
}

static void wrong_bytes_are_counted(void **state)
{
    (void)state;
    mci_clean clean = { 0 };
    uint64_t n_replaced = 0;
    mc_str out;
    assert_int_equal(mci_clip_clean(MC_RULE_OPENAI, NULL, mc_str_of("a\xFF\xC3 b\xE2\x82"), &clean,
                                    &out, &n_replaced, NULL),
                     MC_OK);
    assert_int_equal(n_replaced, 3);
    mci_clean_release(&clean);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cut_as_the_rules_say),
        cmocka_unit_test(a_zero_byte_is_a_mark),
        cmocka_unit_test(wrong_bytes_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
