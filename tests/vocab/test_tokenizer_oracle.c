/* CLIP's own vocabulary and 400 texts against what the reference made of them: all ids equal.
 * Skipped where the oracle is not there. */
#include "base/alloc.h"
#include "io/json.h"
#include "io/npy_array.h"
#include "io/whole.h"
#include "metaclip/tokenizer.h"
#include "test.h"
#include "text/clip_naive.h"
#include "text/tokenizer.h"

enum { MAX_TEXTS = 400, CONTEXT = 77, SHORT_CONTEXT = 16 };

typedef struct {
    mci_json *json;
    mc_str texts[MAX_TEXTS];
    size_t n;
    bool needs_ftfy[MAX_TEXTS];
} oracle;

static const char *oracle_path(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "oracle/tokenizer/%s", name);
    return test_path("METACLIP_SHARED", path);
}

static mci_json *load_json(const char *name, mci_json_value *root)
{
    mc_error err = { 0 };
    mci_json *json = NULL;
    assert_ok(mci_json_load(oracle_path(name), 1 << 24, &json, root, &err), err);
    return json;
}

static int load_oracle(void **state)
{
    static oracle o;
    mci_json_value root, value;
    uint64_t index;
    size_t len;
    char *there = test_read_file(oracle_path("texts.json"), &len);
    free(there);
    if (!there)
        return 0;
    o.json = load_json("texts.json", &root);
    for (mci_json_iter it = mci_json_iterate(root); mci_json_next(&it, NULL, &value);)
        o.texts[o.n++] = mci_json_string(value);
    mci_json *differs = load_json("ftfy_differs.json", &root);
    for (mci_json_iter it = mci_json_iterate(root); mci_json_next(&it, NULL, &value);) {
        assert_true(mci_json_u64(value, &index) && index < o.n);
        o.needs_ftfy[index] = true;
    }
    mci_json_free(differs);
    *state = &o;
    return 0;
}

static int release_oracle(void **state)
{
    if (*state)
        mci_json_free(((oracle *)*state)->json);
    return 0;
}

static const oracle *oracle_of(void **state)
{
    if (!*state)
        skip();
    return *state;
}

static mc_tokenizer *open_clip(mc_token_rule rule)
{
    mc_error err = { 0 };
    mc_tokenizer *tokenizer = NULL;
    assert_ok(mc_tokenizer_open(oracle_path(""), rule, &tokenizer, &err), err);
    return tokenizer;
}

static mci_array load_ids(const char *name, uint64_t n, uint64_t context)
{
    mc_error err = { 0 };
    mci_array array;
    const uint64_t shape[] = { n, context };
    assert_ok(mci_array_map(oracle_path(name), &array, &err), err);
    assert_ok(mci_array_expect(&array, MCI_ARRAY_I32, context ? 2 : 1, shape, &err), err);
    return array;
}

static void assert_row(const int32_t *got, const int32_t *want, size_t context, size_t text)
{
    for (size_t i = 0; i < context; i++) {
        if (got[i] != want[i])
            fail_msg("text %zu, id %zu: got %d, want %d", text, i, (int)got[i], (int)want[i]);
    }
}

static void ids_equal_the_reference_without_ftfy(void **state)
{
    const oracle *o = oracle_of(state);
    mc_tokenizer *tokenizer = open_clip(MC_RULE_OPENAI);
    mci_array want = load_ids("tokens_noftfy.npy", o->n, CONTEXT);
    int32_t *got = malloc(o->n * CONTEXT * sizeof *got);
    mc_error err = { 0 };
    assert_ok(mc_tokenize(tokenizer, o->texts, o->n, CONTEXT, 2, got, NULL, &err), err);
    for (size_t i = 0; i < o->n; i++)
        assert_row(got + i * CONTEXT, (const int32_t *)want.data + i * CONTEXT, CONTEXT, i);
    free(got);
    mci_array_unmap(&want);
    mc_tokenizer_free(tokenizer);
}

static void a_short_context_keeps_the_end_token(void **state)
{
    const oracle *o = oracle_of(state);
    mc_tokenizer *tokenizer = open_clip(MC_RULE_OPENAI);
    enum { N = 200 };
    mci_array want = load_ids("tokens_ctx16.npy", N, SHORT_CONTEXT);
    int32_t got[N * SHORT_CONTEXT];
    mc_error err = { 0 };
    assert_ok(mc_tokenize(tokenizer, o->texts, N, SHORT_CONTEXT, 1, got, NULL, &err), err);
    for (size_t i = 0; i < N; i++) {
        if (!o->needs_ftfy[i])
            assert_row(got + i * SHORT_CONTEXT, (const int32_t *)want.data + i * SHORT_CONTEXT,
                       SHORT_CONTEXT, i);
    }
    mci_array_unmap(&want);
    mc_tokenizer_free(tokenizer);
}

static void ids_equal_hugging_faces_rule(void **state)
{
    const oracle *o = oracle_of(state);
    mc_tokenizer *tokenizer = open_clip(MC_RULE_HF);
    mci_array want = load_ids("tokens_hf.npy", o->n, CONTEXT);
    mci_array lengths = load_ids("tokens_hf_len.npy", o->n, 0);
    int32_t *got = malloc(o->n * CONTEXT * sizeof *got);
    mc_encoded *encoded = malloc(o->n * sizeof *encoded);
    mc_error err = { 0 };
    assert_ok(mc_tokenize(tokenizer, o->texts, o->n, CONTEXT, 2, got, encoded, &err), err);
    for (size_t i = 0; i < o->n; i++) {
        int32_t length = ((const int32_t *)lengths.data)[i];
        if (length == 0)
            continue; /* not stated */
        assert_row(got + i * CONTEXT, (const int32_t *)want.data + i * CONTEXT, CONTEXT, i);
        assert_int_equal(encoded[i].n_ids, length);
    }
    free(encoded);
    free(got);
    mci_array_unmap(&lengths);
    mci_array_unmap(&want);
    mc_tokenizer_free(tokenizer);
}

static void the_plain_reference_gives_the_same(void **state)
{
    const oracle *o = oracle_of(state);
    mc_error err = { 0 };
    for (int rule = MC_RULE_OPENAI; rule <= MC_RULE_HF; rule++) {
        mc_tokenizer *tokenizer = open_clip(rule);
        int32_t row[CONTEXT];
        mc_token_scratch *scratch = NULL;
        assert_ok(mc_token_scratch_new(tokenizer, &scratch, &err), err);
        for (size_t i = 0; i < o->n; i++) {
            int32_t *ids = NULL;
            size_t n;
            assert_ok(mci_clip_encode_naive(mci_tokenizer_bpe(tokenizer), rule,
                                            mci_tokenizer_nfc(tokenizer), o->texts[i], &ids, &n,
                                            &err),
                      err);
            assert_ok(mc_encode(tokenizer, scratch, o->texts[i], CONTEXT, row, NULL, &err), err);
            assert_row(row + 1, ids, n < CONTEXT - 2 ? n : CONTEXT - 2, i);
            mci_free(ids);
        }
        mc_token_scratch_free(scratch);
        mc_tokenizer_free(tokenizer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_equal_the_reference_without_ftfy),
        cmocka_unit_test(a_short_context_keeps_the_end_token),
        cmocka_unit_test(ids_equal_hugging_faces_rule),
        cmocka_unit_test(the_plain_reference_gives_the_same),
    };
    return cmocka_run_group_tests(tests, load_oracle, release_oracle);
}
