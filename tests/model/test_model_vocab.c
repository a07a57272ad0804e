/* Which vocabularies a model takes: its own, as far as sizes and ends can tell. */
#include "model/model_vocab.h"

#include "test.h"

/* How many ids the small ones of tests/data have. */
static size_t n_ids_of(const char *name)
{
    mc_tokenizer *tokenizer = NULL;
    mc_error err = { 0 };
    assert_ok(
        mc_tokenizer_open(test_path("METACLIP_TEST_DATA", name), MC_RULE_AUTO, &tokenizer, &err),
        err);
    const size_t n = mc_tokenizer_tell(tokenizer).n_ids;
    mc_tokenizer_free(tokenizer);
    return n;
}

static mci_clip_config model_of(mci_vocab vocab, size_t n_ids)
{
    mci_clip_config config;
    mci_clip_config_defaults(&config);
    config.text.vocab_size = (uint32_t)n_ids;
    mci_clip_config_vocab(&config, vocab);
    return config;
}

static mc_status try_vocab(const mci_clip_config *config, const char *name, bool is_given,
                           mc_error *err)
{
    mc_tokenizer *tokenizer = NULL;
    mc_status status = mci_model_vocab_open(config, test_path("METACLIP_TEST_DATA", name), is_given,
                                            MC_RULE_AUTO, &tokenizer, err);
    assert_true((status < 0) == (tokenizer == NULL));
    mc_tokenizer_free(tokenizer);
    return status;
}

static void a_model_takes_a_vocabulary_of_its_size_and_kind(void **state)
{
    (void)state;
    static const struct {
        const char *name, *vocab;
        mci_vocab kind; /* of the model */
        int more;       /* ids than the vocabulary */
        mc_status want;
    } cases[] = {
        { "CLIP's own", "vocab_small.txt", MCI_VOCAB_CLIP, 0, MC_OK },
        { "a smaller one", "vocab_small.txt", MCI_VOCAB_CLIP, 1, MC_E_MISMATCH },
        { "a larger one", "vocab_small.txt", MCI_VOCAB_CLIP, -1, MC_E_MISMATCH },
        { "XLM-V's own", "pieces_xlmv.model", MCI_VOCAB_XLMV, 0, MC_OK },
        { "mT5's, with rows to spare", "pieces_mt5.model", MCI_VOCAB_MT5, 12, MC_OK },
        { "mT5's, larger", "pieces_mt5.model", MCI_VOCAB_MT5, -1, MC_E_MISMATCH },
        { "mT5's for XLM-V's", "pieces_mt5.model", MCI_VOCAB_XLMV, 12, MC_E_MISMATCH },
        { "CLIP's for mT5's", "vocab_small.txt", MCI_VOCAB_MT5, 12, MC_E_MISMATCH },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const size_t n = (size_t)((long)n_ids_of(cases[i].vocab) + cases[i].more);
        const mci_clip_config config = model_of(cases[i].kind, n);
        mc_error err = { 0 };
        print_message("  case: %s\n", cases[i].name);
        assert_int_equal(try_vocab(&config, cases[i].vocab, true, &err), cases[i].want);
        if (cases[i].want == MC_E_MISMATCH)
            assert_says(err.text, "it was trained with another");
    }
}

static void the_end_of_a_text_may_tell_instead_of_the_size(void **state)
{
    (void)state;
    const size_t n = n_ids_of("vocab_small.txt");
    mci_clip_config config = model_of(MCI_VOCAB_CLIP, n + 40);
    mc_error err = { 0 };
    config.text.pool = MCI_POOL_END;
    assert_int_equal(try_vocab(&config, "vocab_small.txt", true, &err), MC_E_MISMATCH);
    config.text.end_id = (int32_t)n - 1;
    assert_ok(try_vocab(&config, "vocab_small.txt", true, &err), err);
}

static void who_named_none_is_told_to(void **state)
{
    (void)state;
    const mci_clip_config config = model_of(MCI_VOCAB_CLIP, 600);
    mc_error err = { 0 };
    assert_int_equal(try_vocab(&config, "vocab_small.txt", false, &err), MC_E_MISMATCH);
    assert_says(err.text, "so name that one (--vocab)");
    assert_int_equal(try_vocab(&config, "images", false, &err), MC_E_FORMAT);
    assert_says(err.text, "so name one (--vocab)");
    err = (mc_error){ 0 };
    assert_int_equal(try_vocab(&config, "images", true, &err), MC_E_FORMAT);
    assert_null(strstr(err.text, "--vocab"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_takes_a_vocabulary_of_its_size_and_kind),
        cmocka_unit_test(the_end_of_a_text_may_tell_instead_of_the_size),
        cmocka_unit_test(who_named_none_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
