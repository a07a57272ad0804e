#include "vocab/vocab_json.h"

#include "base/alloc.h"
#include "io/json.h"
#include "io/whole.h"

/* Names with their ids and pairs, views of what was parsed. */
typedef struct {
    mc_str *names, *lefts, *rights;
    uint32_t *ids;
    size_t n_names, cap_names, cap_ids;
    size_t n_merges, cap_lefts, cap_rights;
} lists;

static void release(lists *l)
{
    mci_free(l->names);
    mci_free(l->lefts);
    mci_free(l->rights);
    mci_free(l->ids);
}

static mc_status add_name(lists *l, mc_str name, mci_json_value id, mc_error *err)
{
    uint64_t value;
    if (!mci_json_u64(id, &value) || value >= MCI_MAX_VOCAB)
        return mc_fail(err, MC_E_FORMAT, "the id of \"%.*s\" is no number below %d",
                       name.len > 60 ? 60 : (int)name.len, name.data, MCI_MAX_VOCAB);
    MC_TRY(mci_grow((void **)&l->names, &l->cap_names, l->n_names + 1, sizeof *l->names, err));
    MC_TRY(mci_grow((void **)&l->ids, &l->cap_ids, l->n_names + 1, sizeof *l->ids, err));
    l->names[l->n_names] = name;
    l->ids[l->n_names++] = (uint32_t)value;
    return MC_OK;
}

static mc_status add_names(lists *l, mci_json_value vocab, mc_error *err)
{
    mc_str name;
    mci_json_value id;
    if (mci_json_type_of(vocab) != MCI_JSON_OBJECT)
        return mc_fail(err, MC_E_FORMAT, "the vocabulary is no object of names and ids");
    for (mci_json_iter it = mci_json_iterate(vocab); mci_json_next(&it, &name, &id);)
        MC_TRY(add_name(l, name, id, err));
    return MC_OK;
}

static mc_status build(const lists *l, mci_bpe_vocab **out, mc_error *err)
{
    mci_bpe_parts parts = { l->names, l->ids, l->n_names, l->lefts, l->rights, l->n_merges };
    return mci_bpe_vocab_new(&parts, out, err);
}

/* ---- vocab.json and merges.txt ---- */

mc_status mci_bpe_of_vocab_json(mc_str vocab_json, mc_str merges_txt, mci_bpe_vocab **out,
                                mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    lists l = { 0 };
    mc_status status = mci_parse_whole(vocab_json, &json, &root, err);
    if (status >= 0)
        status = add_names(&l, root, err);
    if (status >= 0) {
        status = mci_bpe_split_merges(merges_txt, &l.lefts, &l.rights, &l.n_merges, err);
        if (status < 0)
            mc_add_context(err, status, "merges.txt");
    }
    if (status >= 0)
        status = build(&l, out, err);
    release(&l);
    mci_json_free(json);
    return status;
}

/* ---- tokenizer.json ---- */

/* "a b", or ["a", "b"]. */
static bool read_merge(mci_json_value merge, mc_str *left, mc_str *right)
{
    mci_json_value parts[2];
    if (mci_json_type_of(merge) == MCI_JSON_STRING) {
        mc_str text = mci_json_string(merge);
        const char *space = text.len ? memchr(text.data, ' ', text.len) : NULL;
        if (!space)
            return false;
        *left = (mc_str){ text.data, (size_t)(space - text.data) };
        *right = (mc_str){ space + 1, text.len - left->len - 1 };
        return true;
    }
    if (mci_json_type_of(merge) != MCI_JSON_ARRAY)
        return false;
    mci_json_iter it = mci_json_iterate(merge);
    for (int i = 0; i < 2; i++) {
        if (!mci_json_next(&it, NULL, &parts[i]) || mci_json_type_of(parts[i]) != MCI_JSON_STRING)
            return false;
    }
    *left = mci_json_string(parts[0]);
    *right = mci_json_string(parts[1]);
    return !mci_json_next(&it, NULL, &parts[0]);
}

static mc_status add_merges(lists *l, mci_json_value merges, mc_error *err)
{
    mci_json_value merge;
    if (mci_json_type_of(merges) != MCI_JSON_ARRAY)
        return mc_fail(err, MC_E_FORMAT, "model.merges is no array");
    for (mci_json_iter it = mci_json_iterate(merges); mci_json_next(&it, NULL, &merge);) {
        size_t n = l->n_merges + 1;
        MC_TRY(mci_grow((void **)&l->lefts, &l->cap_lefts, n, sizeof *l->lefts, err));
        MC_TRY(mci_grow((void **)&l->rights, &l->cap_rights, n, sizeof *l->rights, err));
        if (!read_merge(merge, &l->lefts[n - 1], &l->rights[n - 1]))
            return mc_fail(err, MC_E_FORMAT, "model.merges[%zu] is no pair of symbols", n - 1);
        l->n_merges = n;
    }
    return MC_OK;
}

static mc_status add_tokens(lists *l, mci_json_value root, mc_error *err)
{
    mci_json_value tokens, token, id, content;
    if (!mci_json_get(root, "added_tokens", &tokens))
        return MC_OK;
    for (mci_json_iter it = mci_json_iterate(tokens); mci_json_next(&it, NULL, &token);) {
        if (!mci_json_get(token, "id", &id) || !mci_json_get(token, "content", &content) ||
            mci_json_type_of(content) != MCI_JSON_STRING)
            return mc_fail(err, MC_E_FORMAT, "an element of added_tokens has no id or no content");
        MC_TRY(add_name(l, mci_json_string(content), id, err));
    }
    return MC_OK;
}

static bool is_string(mci_json_value object, const char *key, const char *text)
{
    mci_json_value value;
    return mci_json_get(object, key, &value) &&
           mc_str_equal(mci_json_string(value), mc_str_of(text));
}

static mc_status check_model(mci_json_value root, mci_json_value *model, mc_error *err)
{
    mci_json_value type;
    if (!mci_json_get(root, "model", model) || mci_json_type_of(*model) != MCI_JSON_OBJECT)
        return mc_fail(err, MC_E_FORMAT, "it has no model: this is no tokenizer.json");
    if (is_string(*model, "type", "Unigram"))
        return mc_fail(err, MC_E_FORMAT,
                       "a SentencePiece vocabulary, which is read in its own form: put "
                       "sentencepiece.bpe.model (XLM-V's) or spiece.model (mT5's) beside it");
    if (mci_json_get(*model, "type", &type) && !is_string(*model, "type", "BPE"))
        return mc_fail(err, MC_E_FORMAT, "model.type is not BPE");
    if (!is_string(*model, "end_of_word_suffix", MCI_WORD_END))
        return mc_fail(err, MC_E_FORMAT,
                       "model.end_of_word_suffix is not \"" MCI_WORD_END "\": not a vocabulary of "
                       "CLIP's kind");
    return MC_OK;
}

static mc_status read_tokenizer(lists *l, mci_json_value root, mc_error *err)
{
    mci_json_value model, vocab, merges;
    MC_TRY(check_model(root, &model, err));
    if (!mci_json_get(model, "vocab", &vocab) || !mci_json_get(model, "merges", &merges))
        return mc_fail(err, MC_E_FORMAT, "model.vocab or model.merges is missing");
    MC_TRY(add_names(l, vocab, err));
    MC_TRY(add_tokens(l, root, err));
    return add_merges(l, merges, err);
}

mc_status mci_bpe_of_tokenizer_json(mc_str file, mci_bpe_vocab **out, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    lists l = { 0 };
    mc_status status = mci_parse_whole(file, &json, &root, err);
    if (status >= 0)
        status = read_tokenizer(&l, root, err);
    if (status >= 0)
        status = build(&l, out, err);
    release(&l);
    mci_json_free(json);
    return status;
}
