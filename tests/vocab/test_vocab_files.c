/* The files that a tokenizer becomes: the same for the same tokenizer, and when they are opened
 * again, the same tokenizer. */
#include "metaclip/tokenizer.h"
#include "scratch.h"
#include "test.h"
#include "text/tokenizer.h"
#include "vocab/tokenizer_files.h"
#include "vocab/vocab_files.h"

enum { CONTEXT = 24 };

static const char *const texts[] = { "a photo of the cat's house",
                                     "AT&amp;T \xE9\xBB\x92\xE3\x81\x84 1234",
                                     "aaaaaaaaaaaaaaa the their they're",
                                     "Caf\xC3\xA9 e\xCC\x81 <start_of_text> <|endoftext|>",
                                     "\xFF\x80 wrong",
                                     "" };

static mc_tokenizer *open_path(const char *path, mc_token_rule rule)
{
    mc_tokenizer *tokenizer = NULL;
    mc_error err = { 0 };
    assert_ok(mc_tokenizer_open(path, rule, &tokenizer, &err), err);
    return tokenizer;
}

static mc_tokenizer *open_small(mc_token_rule rule)
{
    return open_path(test_path("METACLIP_TEST_DATA", "vocab_small.txt"), rule);
}

/* A vocabulary in OpenAI's form, of these merges. */
static mc_tokenizer *of_merges(const char *merges)
{
    mc_tokenizer *tokenizer = NULL;
    mc_error err = { 0 };
    assert_ok(mci_tokenizer_of_file(mc_str_of(merges), MCI_VOCAB_FILE_SIMPLE, MC_RULE_OPENAI,
                                    &tokenizer, &err),
              err);
    return tokenizer;
}

static void write_files(const mc_tokenizer *tokenizer, const char *folder)
{
    mci_vocab_files files = { 0 };
    mc_error err = { 0 };
    assert_ok(mci_vocab_files_make(tokenizer, CONTEXT, &files, &err), err);
    assert_ok(mci_vocab_files_write(&files, folder, &err), err);
    mci_vocab_files_release(&files);
}

/* The file that *differs from the folder's; NULL if none does. *n_there of them are there. */
static const char *compare(const mc_tokenizer *tokenizer, const char *folder, size_t *n_there)
{
    mci_vocab_files files = { 0 };
    mc_error err = { 0 };
    const char *differs;
    assert_ok(mci_vocab_files_make(tokenizer, CONTEXT, &files, &err), err);
    assert_ok(mci_vocab_files_compare(&files, folder, n_there, &differs, &err), err);
    mci_vocab_files_release(&files);
    return differs;
}

static void encode(const mc_tokenizer *tokenizer, int32_t ids[COUNT_OF(texts) * CONTEXT])
{
    mc_error err = { 0 };
    mc_str views[COUNT_OF(texts)];
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        views[i] = mc_str_of(texts[i]);
    assert_ok(mc_tokenize(tokenizer, views, COUNT_OF(texts), CONTEXT, 1, ids, NULL, &err), err);
}

/* Special ids keep their place, and get Hugging Face's names. */
static void assert_same_names(const mc_tokenizer *a, const mc_tokenizer *b)
{
    const mc_tokenizer_facts facts = mc_tokenizer_tell(a);
    for (int32_t id = 0; (size_t)id < facts.n_ids; id++)
        if (facts.kind != MC_VOCAB_CLIP || (id != facts.start_id && id != facts.end_id))
            assert_true(mc_str_equal(mc_token_name(a, id), mc_token_name(b, id)));
}

static void assert_same_tokenizer(const mc_tokenizer *a, const mc_tokenizer *b)
{
    const mc_tokenizer_facts x = mc_tokenizer_tell(a), y = mc_tokenizer_tell(b);
    int32_t want[COUNT_OF(texts) * CONTEXT], got[COUNT_OF(texts) * CONTEXT];
    assert_int_equal(x.kind, y.kind);
    assert_int_equal(x.rule, y.rule);
    assert_int_equal(x.n_ids, y.n_ids);
    assert_int_equal(x.start_id, y.start_id);
    assert_int_equal(x.end_id, y.end_id);
    assert_int_equal(x.pad_id, y.pad_id);
    assert_same_names(a, b);
    encode(a, want);
    encode(b, got);
    assert_memory_equal(got, want, sizeof want);
}

/* Written, opened, the same; and written again, the same bytes. Frees the tokenizer. */
static void check_round_trip(scratch *s, mc_tokenizer *tokenizer)
{
    size_t n_there;
    write_files(tokenizer, s->dir);
    mc_tokenizer *again = open_path(s->dir, MC_RULE_AUTO);
    assert_same_tokenizer(tokenizer, again);
    assert_null(compare(again, s->dir, &n_there));
    assert_int_equal(n_there, mc_tokenizer_tell(again).kind == MC_VOCAB_CLIP ? 3 : 2);
    mc_tokenizer_free(again);
    mc_tokenizer_free(tokenizer);
}

static void a_tokenizer_comes_back_from_its_files(void **state)
{
    check_round_trip(*state, open_small(MC_RULE_OPENAI));
    check_round_trip(*state, open_small(MC_RULE_HF));
}

static void clips_own_vocabulary_comes_back(void **state)
{
    const char *path =
        test_path("METACLIP_SHARED", "oracle/tokenizer/bpe_simple_vocab_16e6.txt.gz");
    if (!path || access(path, R_OK) != 0)
        skip();
    check_round_trip(*state, open_path(path, MC_RULE_OPENAI));
}

static void merges_that_no_text_needs_change_nothing(void **state)
{
    static const char *const cases[] = {
        "heading\nt h\nth e</w>\n",            /* a blank last line, which takes an id */
        "heading\nt h\nt h\nt he\nth e\n t h", /* twice; a part that nothing makes */
        "#version: 0.2\n#ver sion:\nt h</w>",  /* a part that looks like the heading */
        "heading\na \xC3\xA9\nt h\r\nx \xE2\x80\xA8",
        "heading\n",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_tokenizer *tokenizer = NULL;
        print_message("  case: %zu\n", i);
        if (mci_tokenizer_of_file(mc_str_of(cases[i]), MCI_VOCAB_FILE_SIMPLE, MC_RULE_OPENAI,
                                  &tokenizer, NULL) == MC_OK)
            check_round_trip(*state, tokenizer);
    }
}

static void sentencepiece_models_come_back_to_the_byte(void **state)
{
    static const struct {
        const char *name, *written;
    } cases[] = { { "pieces_xlmv.model", "sentencepiece.bpe.model" },
                  { "pieces_mt5.model", "spiece.model" } };
    scratch *s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t n_want, n_got;
        const char *path = test_path("METACLIP_TEST_DATA", cases[i].name);
        char *want = test_read_file(path, &n_want);
        check_round_trip(s, open_path(path, MC_RULE_AUTO));
        char *got = test_read_file(scratch_path(s, cases[i].written), &n_got);
        assert_int_equal(n_got, n_want);
        assert_memory_equal(got, want, n_want);
        free(got);
        free(want);
        unlink(scratch_path(s, cases[i].written));
    }
}

static void words_with_the_name_of_a_special_token_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *merges, *says;
    } cases[] = {
        { "heading\n< |startoftext|>", "a word <|startoftext|> that is not its start" },
        { "heading\n<|endoftext| >", "a word <|endoftext|> that is not its end" },
        { "heading\n<start_of_text >\na <start_of_text>", "makes its start or end" },
        { "heading\n<end_of_text> <", "makes its start or end, or something of them" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mci_vocab_files files = { 0 };
        mc_error err = { 0 };
        mc_tokenizer *tokenizer = of_merges(cases[i].merges);
        mc_status status = mci_vocab_files_make(tokenizer, CONTEXT, &files, &err);
        print_message("  case: %s\n", cases[i].merges);
        assert_int_equal(status, MC_E_FORMAT);
        assert_says(err.text, cases[i].says);
        mci_vocab_files_release(&files);
        mc_tokenizer_free(tokenizer);
    }
}

static void another_vocabulary_is_told_by_its_file(void **state)
{
    scratch *s = *state;
    size_t n_there;
    mc_tokenizer *openai = open_small(MC_RULE_OPENAI), *hf = open_small(MC_RULE_HF),
                 *other = of_merges("heading\nt h");
    assert_null(compare(openai, s->dir, &n_there));
    assert_int_equal(n_there, 0);
    write_files(openai, s->dir);
    assert_string_equal(compare(other, s->dir, &n_there), "vocab.json");
    assert_string_equal(compare(hf, s->dir, &n_there), "tokenizer_config.json");
    unlink(scratch_path(s, "merges.txt"));
    assert_null(compare(openai, s->dir, &n_there));
    assert_int_equal(n_there, 2);
    mc_tokenizer_free(openai);
    mc_tokenizer_free(hf);
    mc_tokenizer_free(other);
}

static void what_is_said_of_the_rule_is_taken_unless_one_is_given(void **state)
{
    scratch *s = *state;
    static const struct {
        const char *config;
        mc_token_rule rule;
    } cases[] = {
        { "{\"metaclip_rule\": \"hf\"}", MC_RULE_HF },
        { "{\"metaclip_rule\": \"openai\"}", MC_RULE_OPENAI },
        { "{\"tokenizer_class\": \"CLIPTokenizer\"}", MC_RULE_OPENAI },
        { "[]", MC_RULE_OPENAI },
    };
    mc_tokenizer *tokenizer = open_small(MC_RULE_OPENAI);
    mc_error err = { 0 };
    write_files(tokenizer, s->dir);
    mc_tokenizer_free(tokenizer);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        scratch_text(s, "tokenizer_config.json", cases[i].config);
        for (mc_token_rule rule = MC_RULE_AUTO; rule <= MC_RULE_HF; rule++) {
            tokenizer = open_path(s->dir, rule);
            assert_int_equal(mc_tokenizer_tell(tokenizer).rule,
                             rule == MC_RULE_AUTO ? cases[i].rule : rule);
            mc_tokenizer_free(tokenizer);
        }
    }
    scratch_text(s, "tokenizer_config.json", "{\"metaclip_rule\": 3}");
    assert_int_equal(mc_tokenizer_open(s->dir, MC_RULE_AUTO, &tokenizer, &err), MC_E_FORMAT);
    assert_says(err.text, "tokenizer_config.json: metaclip_rule: want \"openai\" or \"hf\"");
    scratch_text(s, "tokenizer_config.json", "{");
    assert_int_equal(mc_tokenizer_open(s->dir, MC_RULE_AUTO, &tokenizer, &err), MC_E_FORMAT);
    mc_tokenizer_free(open_path(s->dir, MC_RULE_HF)); /* which does not look */
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_tokenizer_comes_back_from_its_files),
        IN_A_FOLDER(clips_own_vocabulary_comes_back),
        IN_A_FOLDER(merges_that_no_text_needs_change_nothing),
        IN_A_FOLDER(sentencepiece_models_come_back_to_the_byte),
        cmocka_unit_test(words_with_the_name_of_a_special_token_are_refused),
        IN_A_FOLDER(another_vocabulary_is_told_by_its_file),
        IN_A_FOLDER(what_is_said_of_the_rule_is_taken_unless_one_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
