/* The SentencePiece vocabularies of Meta CLIP 2, by small ones with the same special ids. What the
 * pieces of a text are is SentencePiece's business; these tests look at ids. */
#include "metaclip/tokenizer.h"
#include "test.h"
#include "text/pieces.h"
#include "text/tokenizer.h"

enum { CONTEXT = 12 };

static char *load(const char *name, mc_str *bytes)
{
    char *data = test_read_file(test_path("METACLIP_TEST_DATA", name), &bytes->len);
    assert_non_null(data);
    bytes->data = data;
    return data;
}

static mc_tokenizer *open_model(const char *name)
{
    mc_error err = { 0 };
    mc_tokenizer *tokenizer = NULL;
    assert_ok(
        mc_tokenizer_open(test_path("METACLIP_TEST_DATA", name), MC_RULE_OPENAI, &tokenizer, &err),
        err);
    return tokenizer;
}

static mc_encoded encode(const mc_tokenizer *tokenizer, const char *text, int32_t ids[CONTEXT])
{
    mc_error err = { 0 };
    mc_token_scratch *scratch = NULL;
    mc_encoded encoded;
    assert_ok(mc_token_scratch_new(tokenizer, &scratch, &err), err);
    assert_ok(mc_encode(tokenizer, scratch, mc_str_of(text), CONTEXT, ids, &encoded, &err), err);
    mc_token_scratch_free(scratch);
    return encoded;
}

static mc_status keep_ids(void *user, const int *ids, size_t n, mc_error *err)
{
    (void)err;
    int *kept = user; /* first how many */
    kept[0] = (int)n;
    for (size_t i = 0; i < n && i < 63; i++)
        kept[1 + i] = ids[i];
    return MC_OK;
}

/* SentencePiece's own ids, the number of them first. */
static void raw_ids(const char *name, const char *text, int kept[64])
{
    mc_str bytes;
    char *data = load(name, &bytes);
    mci_pieces *pieces = NULL;
    mc_error err = { 0 };
    assert_ok(mci_pieces_new(bytes, &pieces, &err), err);
    assert_ok(mci_pieces_encode(pieces, mc_str_of(text), keep_ids, kept, &err), err);
    mci_pieces_free(pieces);
    free(data);
}

static const char *const texts[] = { "a cat", "the old bridge \xE7\xBA\xA2", "\xF0\x9F\xA6\x84", "",
                                     "  " };

static void xlmv_ids_are_the_pieces_plus_one(void **state)
{
    (void)state;
    mc_tokenizer *tokenizer = open_model("pieces_xlmv.model");
    mc_tokenizer_facts facts = mc_tokenizer_tell(tokenizer);
    assert_int_equal(facts.kind, MC_VOCAB_XLMV);
    assert_int_equal(facts.start_id, 0);
    assert_int_equal(facts.pad_id, 1);
    assert_int_equal(facts.end_id, 2);
    for (size_t t = 0; t < COUNT_OF(texts); t++) {
        int raw[64];
        int32_t ids[CONTEXT];
        raw_ids("pieces_xlmv.model", texts[t], raw);
        mc_encoded encoded = encode(tokenizer, texts[t], ids);
        int n = raw[0] < CONTEXT - 2 ? raw[0] : CONTEXT - 2;
        assert_int_equal(encoded.n_ids, n + 2);
        assert_int_equal(encoded.is_truncated, raw[0] > CONTEXT - 2);
        assert_int_equal(ids[0], 0);
        for (int i = 0; i < n; i++)
            assert_int_equal(ids[1 + i], raw[1 + i] == 0 ? 3 : raw[1 + i] + 1);
        assert_int_equal(ids[n + 1], 2);
        for (int i = n + 2; i < CONTEXT; i++)
            assert_int_equal(ids[i], 1);
    }
    mc_tokenizer_free(tokenizer);
}

static void mt5_ids_are_the_pieces_without_start(void **state)
{
    (void)state;
    mc_tokenizer *tokenizer = open_model("pieces_mt5.model");
    mc_tokenizer_facts facts = mc_tokenizer_tell(tokenizer);
    assert_int_equal(facts.kind, MC_VOCAB_MT5);
    assert_int_equal(facts.start_id, -1);
    assert_int_equal(facts.pad_id, 0);
    assert_int_equal(facts.end_id, 1);
    for (size_t t = 0; t < COUNT_OF(texts); t++) {
        int raw[64];
        int32_t ids[CONTEXT];
        raw_ids("pieces_mt5.model", texts[t], raw);
        mc_encoded encoded = encode(tokenizer, texts[t], ids);
        int n = raw[0] < CONTEXT - 1 ? raw[0] : CONTEXT - 1;
        assert_int_equal(encoded.n_ids, n + 1);
        for (int i = 0; i < n; i++)
            assert_int_equal(ids[i], raw[1 + i]);
        assert_int_equal(ids[n], 1);
        for (int i = n + 1; i < CONTEXT; i++)
            assert_int_equal(ids[i], 0);
    }
    mc_tokenizer_free(tokenizer);
}

static void an_unknown_character_is_unknown(void **state)
{
    (void)state;
    int32_t ids[CONTEXT];
    mc_tokenizer *tokenizer = open_model("pieces_xlmv.model");
    encode(tokenizer, "\xF0\x9F\xA6\x84", ids); /* a unicorn; the texts have none */
    assert_int_equal(ids[2], 3);
    assert_str(mc_token_name(tokenizer, 3), "<unk>");
    mc_tokenizer_free(tokenizer);
    tokenizer = open_model("pieces_mt5.model");
    encode(tokenizer, "\xF0\x9F\xA6\x84", ids);
    assert_int_equal(ids[1], 2);
    mc_tokenizer_free(tokenizer);
}

static void the_character_map_is_used(void **state)
{
    (void)state;
    int32_t wide[CONTEXT], narrow[CONTEXT];
    mc_tokenizer *tokenizer = open_model("pieces_mt5.model");
    encode(tokenizer, "\xEF\xBC\xA1", wide); /* a full-width A */
    encode(tokenizer, "A", narrow);
    assert_memory_equal(wide, narrow, sizeof wide);
    mc_tokenizer_free(tokenizer);
}

static void pieces_lead_back_to_the_text(void **state)
{
    (void)state;
    static const char *const models[] = { "pieces_xlmv.model", "pieces_mt5.model" };
    for (size_t i = 0; i < COUNT_OF(models); i++) {
        int32_t ids[CONTEXT];
        char *back = NULL;
        mc_tokenizer *tokenizer = open_model(models[i]);
        encode(tokenizer, "a red car", ids);
        assert_int_equal(mc_decode(tokenizer, ids, CONTEXT, &back, NULL), MC_OK);
        assert_string_equal(back, "a red car");
        mc_free(back);
        mc_tokenizer_free(tokenizer);
    }
}

static void wrong_bytes_are_repaired_and_counted(void **state)
{
    (void)state;
    int32_t ids[CONTEXT];
    mc_tokenizer *tokenizer = open_model("pieces_xlmv.model");
    assert_int_equal(encode(tokenizer, "a\xFF\xC3", ids).n_replaced, 2);
    mc_tokenizer_free(tokenizer);
}

static void a_model_of_another_kind_is_refused(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mc_tokenizer *tokenizer = NULL;
    assert_int_equal(mc_tokenizer_open(test_path("METACLIP_TEST_DATA", "pieces_other.model"),
                                       MC_RULE_OPENAI, &tokenizer, &err),
                     MC_E_FORMAT);
    assert_says(err.text, "neither XLM-V's vocabulary");
}

/* No prefix crashes; what the library takes of them has all special pieces. */
static void a_cut_model_is_refused_or_whole(void **state)
{
    (void)state;
    mc_str bytes;
    char *data = load("pieces_mt5.model", &bytes);
    size_t n_taken = 0;
    for (size_t len = 0; len < bytes.len; len++) {
        mc_error err = { 0 };
        mci_pieces *pieces = NULL;
        char *copy = malloc(len + 1);
        memcpy(copy, data, len);
        mc_status status = mci_pieces_check((mc_str){ copy, len }, &err);
        assert_true(status == MC_OK || (status == MC_E_FORMAT && err.text[0]));
        if (status == MC_OK && n_taken++ % 16 == 0 && /* loading each would take long */
            mci_pieces_new((mc_str){ copy, len }, &pieces, &err) == MC_OK)
            mci_pieces_free(pieces);
        free(copy);
    }
    assert_true(n_taken < bytes.len / 4);
    free(data);
}

/* A byte that is another: the map is looked at before the library walks it. */
static void a_character_map_that_leads_astray_is_refused(void **state)
{
    (void)state;
    mc_str bytes;
    mc_error err = { 0 };
    char *data = load("pieces_mt5.model", &bytes);
    static const char size_of_trie[] = { 0, 4, 0, 0 }; /* 1024 bytes */
    char *map = memmem(data, bytes.len, size_of_trie, sizeof size_of_trie);
    assert_non_null(map);
    map[4 + 3] = 0x7F; /* the offset of the root */
    assert_int_equal(mci_pieces_check(bytes, &err), MC_E_FORMAT);
    assert_says(err.text, "character map leads astray");
    map[4 + 3] = 0;
    map[1] = 5;
    assert_int_equal(mci_pieces_check(bytes, &err), MC_E_FORMAT);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xlmv_ids_are_the_pieces_plus_one),
        cmocka_unit_test(mt5_ids_are_the_pieces_without_start),
        cmocka_unit_test(an_unknown_character_is_unknown),
        cmocka_unit_test(the_character_map_is_used),
        cmocka_unit_test(pieces_lead_back_to_the_text),
        cmocka_unit_test(wrong_bytes_are_repaired_and_counted),
        cmocka_unit_test(a_model_of_another_kind_is_refused),
        cmocka_unit_test(a_cut_model_is_refused_or_whole),
        cmocka_unit_test(a_character_map_that_leads_astray_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
