/* Whichever allocation fails: opening, encoding and learning say so, leak nothing, and hand nothing
 * over. */
#include "failing_heap.h"
#include "metaclip/tokenizer.h"
#include "scratch.h"
#include "test.h"
#include "vocab/vocab_files.h"

/* ---- what is done over and over ---- */

static const char long_word[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static mc_status encode(const char *vocab, mc_token_rule rule, mc_error *err)
{
    static const char *const texts[] = { "a photo", "AT&amp;amp;T \xFF \xCE\xA3", long_word,
                                         "e\xCC\x81" };
    mc_tokenizer *tokenizer = NULL;
    mc_token_scratch *memory = NULL;
    int32_t ids[MC_CLIP_CONTEXT];
    char *back = NULL;
    mc_status status = mc_tokenizer_open(vocab, rule, &tokenizer, err);
    assert_true((status < 0) == (tokenizer == NULL));
    if (status >= 0)
        status = mc_token_scratch_new(tokenizer, &memory, err);
    for (size_t i = 0; i < COUNT_OF(texts) && status >= 0; i++)
        status = mc_encode(tokenizer, memory, mc_str_of(texts[i]), MC_CLIP_CONTEXT, ids, NULL, err);
    if (status >= 0)
        status = mc_decode(tokenizer, ids, MC_CLIP_CONTEXT, &back, err);
    mc_free(back);
    mc_token_scratch_free(memory);
    mc_tokenizer_free(tokenizer);
    return status;
}

/* Runs it with the n-th allocation failing, for every n until none does. */
#define FAIL_EACH(call)                               \
    do {                                              \
        long before = heap.n_live;                    \
        bool has_failed = true;                       \
        for (long n = 1; has_failed; n++) {           \
            mc_error err = { 0 };                     \
            heap_fail(n, false);                      \
            mc_status status = call;                  \
            heap_mend();                              \
            has_failed = heap.has_failed;             \
            assert_int_equal(heap.n_live, before);    \
            if (status != MC_OK) {                    \
                assert_true(has_failed);              \
                assert_int_equal(status, MC_E_NOMEM); \
                assert_true(err.text[0] != '\0');     \
            }                                         \
        }                                             \
    } while (0)

static void encoding_survives_each_failure(void **state)
{
    (void)state;
    const char *data = getenv("METACLIP_TEST_DATA");
    static const char *const vocabs[] = { "vocab_small.txt", "pieces_xlmv.model" };
    for (size_t i = 0; i < COUNT_OF(vocabs); i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", data, vocabs[i]);
        FAIL_EACH(encode(path, MC_RULE_OPENAI, &err));
        FAIL_EACH(encode(path, MC_RULE_HF, &err));
    }
}

static mc_status make_files(const mc_tokenizer *tokenizer, mc_error *err)
{
    mci_vocab_files files = { 0 };
    mc_status status = mci_vocab_files_make(tokenizer, MC_CLIP_CONTEXT, &files, err);
    mci_vocab_files_release(&files);
    return status;
}

static void making_files_survives_each_failure(void **state)
{
    (void)state;
    static const char *const vocabs[] = { "vocab_small.txt", "pieces_xlmv.model" };
    for (size_t i = 0; i < COUNT_OF(vocabs); i++) {
        mc_error open_err = { 0 };
        mc_tokenizer *tokenizer = NULL;
        assert_ok(mc_tokenizer_open(test_path("METACLIP_TEST_DATA", vocabs[i]), MC_RULE_AUTO,
                                    &tokenizer, &open_err),
                  open_err);
        FAIL_EACH(make_files(tokenizer, &err));
        mc_tokenizer_free(tokenizer);
    }
}

/* What a run left: after success all of it; after a failure nothing, or all, if it was making the
 * name last that failed. */
static void check_output(const char *path, mc_status status, size_t *whole)
{
    size_t len;
    long kept = heap.countdown;
    heap.countdown = 0; /* the test's own memory does not fail */
    char *bytes = test_read_file(path, &len);
    if (status == MC_OK && *whole == 0)
        *whole = len;
    assert_true(bytes ? len == *whole : status != MC_OK);
    free(bytes);
    remove(path);
    heap.countdown = kept;
}

static mc_status tokenize_file(const char *vocab, const char *in, const char *out, size_t *whole,
                               mc_error *err)
{
    mc_tokenize_job job = { .vocab_path = vocab,
                            .inputs = &in,
                            .n_inputs = 1,
                            .format = MC_TOKENS_TEXT,
                            .out_path = out,
                            .n_threads = 1 };
    mc_tokenize_summary summary = { 0 };
    mc_status status = mc_tokenize_run(&job, &summary, err);
    check_output(out, status, whole);
    return status;
}

static mc_status train(const char *in, const char *out, size_t *whole, mc_error *err)
{
    mc_train_vocab_job job = { .inputs = &in, .n_inputs = 1, .n_ids = 540, .out_path = out };
    mc_train_vocab_summary summary = { 0 };
    mc_status status = mc_train_vocab_run(&job, &summary, err);
    check_output(out, status, whole);
    return status;
}

static void jobs_survive_each_failure(void **state)
{
    char vocab[4096], in[512], out[512];
    snprintf(vocab, sizeof vocab, "%s/vocab_small.txt", getenv("METACLIP_TEST_DATA"));
    snprintf(in, sizeof in, "%s",
             scratch_text(*state, "in.jsonl", "\"a photo of a photo\"\n7\n\"b\\ud800\"\n"));
    snprintf(out, sizeof out, "%s", scratch_path(*state, "out"));
    size_t whole[2] = { 0, 0 };
    assert_int_equal(tokenize_file(vocab, in, out, &whole[0], NULL), MC_OK);
    assert_int_equal(train(in, out, &whole[1], NULL), MC_OK);
    FAIL_EACH(tokenize_file(vocab, in, out, &whole[0], &err));
    FAIL_EACH(train(in, out, &whole[1], &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_survives_each_failure),
        cmocka_unit_test(making_files_survives_each_failure),
        cmocka_unit_test_setup_teardown(jobs_survive_each_failure, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
