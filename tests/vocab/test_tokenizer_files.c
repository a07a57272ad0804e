/* The forms that a vocabulary comes in: all give the same ids, and none is trusted. */
#include "base/json_text.h"
#include "io/output.h"
#include "metaclip/tokenizer.h"
#include "scratch.h"
#include "test.h"
#include "text/tokenizer.h"
#include "vocab/tokenizer_files.h"
#include "vocab/vocab_json.h"

enum { CONTEXT = 40 };

static const char *const texts[] = { "a photo of the cat's house",
                                     "AT&amp;T \xE9\xBB\x92\xE3\x81\x84", "" };

/* The small vocabulary in Hugging Face's forms, made of its own tokenizer. */
typedef struct {
    mci_buf simple, vocab_json, merges_txt, tokenizer_json;
} forms;

static void add(mci_buf *out, const char *text)
{
    assert_int_equal(mci_buf_add(out, mc_str_of(text), NULL), MC_OK);
}

static void add_vocab(const mc_tokenizer *tokenizer, mci_buf *out)
{
    mc_tokenizer_facts facts = mc_tokenizer_tell(tokenizer);
    add(out, "{");
    for (size_t id = 0; id < facts.n_ids; id++) {
        mc_str name = (int32_t)id == facts.start_id ? mc_str_of("<|startoftext|>")
                      : (int32_t)id == facts.end_id ? mc_str_of("<|endoftext|>")
                                                    : mc_token_name(tokenizer, (int32_t)id);
        add(out, id ? "," : "");
        mci_json_add_string(out, name, NULL);
        mci_buf_printf(out, NULL, ":%zu", id);
    }
    add(out, "}");
}

static void add_merges(mc_str simple, mci_buf *out)
{
    const char *line = memchr(simple.data, '\n', simple.len), *end = simple.data + simple.len;
    add(out, "[");
    while (line) {
        const char *next = memchr(line + 1, '\n', (size_t)(end - line - 1));
        add(out, out->data[out->len - 1] == '[' ? "" : ",");
        mci_json_add_string(out, (mc_str){ line + 1, (size_t)((next ? next : end) - line - 1) },
                            NULL);
        line = next;
    }
    add(out, "]");
}

static forms make_forms(void)
{
    forms f = { 0 };
    mc_error err = { 0 };
    mc_tokenizer *tokenizer = NULL;
    size_t len;
    char *simple = test_read_file(test_path("METACLIP_TEST_DATA", "vocab_small.txt"), &len);
    assert_non_null(simple);
    mci_buf_append(&f.simple, simple, len, NULL);
    free(simple);
    assert_ok(mci_tokenizer_of_file(mci_buf_str(&f.simple), MCI_VOCAB_FILE_SIMPLE, MC_RULE_OPENAI,
                                    &tokenizer, &err),
              err);
    add_vocab(tokenizer, &f.vocab_json);
    char *first_merge = memchr(f.simple.data, '\n', f.simple.len);
    add(&f.merges_txt, "#version: 0.2");
    mci_buf_append(&f.merges_txt, first_merge, f.simple.len - (size_t)(first_merge - f.simple.data),
                   NULL);
    add(&f.merges_txt, "\n");
    add(&f.tokenizer_json,
        "{\"added_tokens\":[{\"id\":0,\"content\":\"!\"}],\"model\":{\"type\":\"BPE\","
        "\"end_of_word_suffix\":\"</w>\",\"vocab\":");
    mci_buf_add(&f.tokenizer_json, mci_buf_str(&f.vocab_json), NULL);
    add(&f.tokenizer_json, ",\"merges\":");
    add_merges(mci_buf_str(&f.simple), &f.tokenizer_json);
    add(&f.tokenizer_json, "}}");
    mc_tokenizer_free(tokenizer);
    return f;
}

static void release_forms(forms *f)
{
    mci_buf_release(&f->simple);
    mci_buf_release(&f->vocab_json);
    mci_buf_release(&f->merges_txt);
    mci_buf_release(&f->tokenizer_json);
}

static void write_file(const char *folder, const char *name, const mci_buf *bytes)
{
    char path[512];
    mc_error err = { 0 };
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(mci_output_file(path, mci_buf_str(bytes), &err), err);
}

static void remove_file(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static void encode_texts(const char *folder, const char *name, int32_t *ids)
{
    char path[512];
    mc_error err = { 0 };
    mc_tokenizer *tokenizer = NULL;
    mc_str views[COUNT_OF(texts)];
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        views[i] = mc_str_of(texts[i]);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_ok(mc_tokenizer_open(path, MC_RULE_OPENAI, &tokenizer, &err), err);
    assert_ok(mc_tokenize(tokenizer, views, COUNT_OF(texts), CONTEXT, 1, ids, NULL, &err), err);
    mc_tokenizer_free(tokenizer);
}

static void all_forms_give_the_same_ids(void **state)
{
    (void)state;
    static const char *const names[] = { "bpe_simple_vocab_16e6.txt.gz", "vocab.json", "merges.txt",
                                         "tokenizer.json", "" };
    char folder[] = "/tmp/metaclip-vocab-XXXXXX";
    forms f = make_forms();
    assert_non_null(mkdtemp(folder));
    write_file(folder, names[0], &f.simple); /* gzip, by its name */
    write_file(folder, names[1], &f.vocab_json);
    write_file(folder, names[2], &f.merges_txt);
    write_file(folder, names[3], &f.tokenizer_json);
    int32_t want[COUNT_OF(texts) * CONTEXT], got[COUNT_OF(texts) * CONTEXT];
    encode_texts(folder, names[0], want);
    for (size_t i = 1; i < COUNT_OF(names); i++) {
        print_message("  case: %s\n", names[i]);
        encode_texts(folder, names[i], got);
        assert_memory_equal(got, want, sizeof want);
    }
    remove_file(folder, names[1]); /* without vocab.json, merges.txt is whole by itself */
    encode_texts(folder, names[2], got);
    for (size_t i = 0; i < 4; i++)
        if (i != 1)
            remove_file(folder, names[i]);
    assert_int_equal(rmdir(folder), 0);
    release_forms(&f);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    char folder[] = "/tmp/metaclip-vocab-XXXXXX", path[512];
    forms f = make_forms();
    mc_error err = { 0 };
    mc_tokenizer *tokenizer = NULL;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(mc_tokenizer_open(folder, MC_RULE_OPENAI, &tokenizer, &err), MC_E_FORMAT);
    assert_says(err.text, "no vocabulary is in this folder");
    snprintf(path, sizeof path, "%s/vocab.json", folder);
    assert_int_equal(mc_tokenizer_open(path, MC_RULE_OPENAI, &tokenizer, &err), MC_E_IO);
    assert_says(err.text, path);
    write_file(folder, "vocab.json", &f.vocab_json);
    assert_int_equal(mc_tokenizer_open(folder, MC_RULE_OPENAI, &tokenizer, &err), MC_E_IO);
    assert_says(err.text, "vocab.json and merges.txt belong together");
    remove_file(folder, "vocab.json");
    assert_int_equal(rmdir(folder), 0);
    release_forms(&f);
}

/* ---- bad files ---- */

static void files_are_told_by_content(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        mci_vocab_file form;
    } cases[] = {
        { "\"bpe_simple_vocab_16e6.txt#version: 0.2\na b", MCI_VOCAB_FILE_SIMPLE },
        { "#version: 0.2\na b", MCI_VOCAB_FILE_MERGES },
        { " {\"a\":1}", MCI_VOCAB_FILE_JSON },
        { "{\"model\":{\"merges\":[]}}", MCI_VOCAB_FILE_TOKENIZER },
        { "\x0A\x05", MCI_VOCAB_FILE_PIECES },
        { "\x93NUMPY", MCI_VOCAB_FILE_OTHER },
        { "PK\x03\x04\xFF", MCI_VOCAB_FILE_OTHER },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(mci_vocab_file_of(mc_str_of(cases[i].bytes)), cases[i].form);
    mc_error err = { 0 };
    mc_tokenizer *tokenizer = NULL;
    assert_int_equal(mci_tokenizer_of_file(mc_str_of("\x93"), MCI_VOCAB_FILE_OTHER, MC_RULE_HF,
                                           &tokenizer, &err),
                     MC_E_FORMAT);
    assert_says(err.text, "this is no vocabulary: wanted are bpe_simple_vocab_16e6.txt.gz");
}

static void a_bad_tokenizer_json_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *file, *says;
    } cases[] = {
        { "{", "" },
        { "[]", "no model" },
        { "{\"model\":3}", "no model" },
        { "{\"model\":{\"type\":\"Unigram\"}}", "put sentencepiece.bpe.model" },
        { "{\"model\":{\"type\":\"WordPiece\"}}", "model.type is not BPE" },
        { "{\"model\":{\"type\":\"BPE\"}}", "end_of_word_suffix" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\"}}",
          "model.vocab or model.merges is missing" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":[],\"merges\":[]}}", "no object" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{\"a\":-1},\"merges\":[]}}",
          "the id of \"a\" is no number" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{\"a\":9999999},\"merges\":[]}}",
          "the id of \"a\" is no number below" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{},\"merges\":{}}}", "no array" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{},\"merges\":[\"ab\"]}}",
          "model.merges[0] is no pair" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{},\"merges\":[[\"a\"]]}}",
          "model.merges[0] is no pair" },
        { "{\"model\":{\"end_of_word_suffix\":\"</"
          "w>\",\"vocab\":{},\"merges\":[[\"a\",\"b\",\"c\"]]}}",
          "model.merges[0] is no pair" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{},\"merges\":[[\"a\",\"b\"]]}}",
          "merge 1: \"a\" is not in the vocabulary" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{\"a\":1},\"merges\":[]}}",
          "neither \"<|startoftext|>\" nor" },
        { "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{\"<|startoftext|>\":1,"
          "\"<|endoftext|>\":2},\"merges\":[]}}",
          "the byte 00 has no symbol" },
        { "{\"added_tokens\":[{\"id\":1}],\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{},"
          "\"merges\":[]}}",
          "added_tokens" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        mci_bpe_vocab *vocab = NULL;
        print_message("  case: %s\n", cases[i].file);
        assert_int_equal(mci_bpe_of_tokenizer_json(mc_str_of(cases[i].file), &vocab, &err),
                         MC_E_FORMAT);
        assert_says(err.text, cases[i].says);
        assert_null(vocab);
    }
}

static void a_cut_file_is_refused(void **state)
{
    (void)state;
    forms f = make_forms();
    mci_bpe_vocab *vocab = NULL;
    for (size_t len = 0; len < f.tokenizer_json.len; len += len < 200 ? 1 : 13) {
        mc_error err = { 0 };
        mc_str cut = { f.tokenizer_json.data, len };
        assert_int_equal(mci_bpe_of_tokenizer_json(cut, &vocab, &err), MC_E_FORMAT);
        assert_true(err.text[0] != '\0');
    }
    for (size_t len = 0; len < f.vocab_json.len; len += len < 200 ? 1 : 13)
        assert_int_equal(mci_bpe_of_vocab_json((mc_str){ f.vocab_json.data, len },
                                               mci_buf_str(&f.merges_txt), &vocab, NULL),
                         MC_E_FORMAT);
    for (size_t len = 0; len < f.merges_txt.len; len++) { /* fewer merges, or a wrong line */
        mc_status status = mci_bpe_of_vocab_json(mci_buf_str(&f.vocab_json),
                                                 (mc_str){ f.merges_txt.data, len }, &vocab, NULL);
        assert_true(status == MC_OK || status == MC_E_FORMAT);
        if (status == MC_OK)
            mci_bpe_vocab_free(vocab);
    }
    release_forms(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_give_the_same_ids),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(files_are_told_by_content),
        cmocka_unit_test(a_bad_tokenizer_json_says_what_is_wrong),
        cmocka_unit_test(a_cut_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
