#include "vocab/vocab_files.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/files.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "io/output.h"
#include "text/tokenizer.h"

enum { PATH_BYTES = 4096 };

/* Start and end are called as Hugging Face's tools expect it, and not as OpenAI's file implies. */
static const char start_name[] = "<|startoftext|>", end_name[] = "<|endoftext|>";

void mci_vocab_files_release(mci_vocab_files *files)
{
    for (size_t i = 0; i < MCI_VOCAB_FILES; i++)
        mci_buf_release(&files->items[i].bytes);
    *files = (mci_vocab_files){ 0 };
}

static mci_buf *add_file(mci_vocab_files *files, const char *name)
{
    files->items[files->n].name = name;
    return &files->items[files->n++].bytes;
}

/* ---- vocab.json ---- */

typedef struct {
    int32_t id;
    uint32_t symbol;
} numbered;

static int by_id(const void *a, const void *b)
{
    const numbered *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

/* Whether it is the start or the end, under OpenAI's name. */
static bool is_renamed(const mci_bpe_vocab *vocab, uint32_t symbol)
{
    const mc_str name = mci_bpe_symbol_name(vocab, symbol);
    return (vocab->ids[symbol] == vocab->start_id &&
            mc_str_equal(name, mc_str_of("<start_of_text>"))) ||
           (vocab->ids[symbol] == vocab->end_id && mc_str_equal(name, mc_str_of("<end_of_text>")));
}

static mc_str name_of(const mci_bpe_vocab *vocab, numbered item)
{
    if (is_renamed(vocab, item.symbol))
        return mc_str_of(item.id == vocab->start_id ? start_name : end_name);
    return mci_bpe_symbol_name(vocab, item.symbol);
}

static mc_status check_name(const mci_bpe_vocab *vocab, numbered item, mc_error *err)
{
    const mc_str name = mci_bpe_symbol_name(vocab, item.symbol);
    const bool is_start = mc_str_equal(name, mc_str_of(start_name)),
               is_end = mc_str_equal(name, mc_str_of(end_name));
    if ((is_start && item.id != vocab->start_id) || (is_end && item.id != vocab->end_id))
        return mc_fail(err, MC_E_FORMAT,
                       "the vocabulary has a word %.*s that is not its %s: vocab.json could not "
                       "tell the two apart",
                       (int)name.len, name.data, is_start ? "start" : "end");
    if (!mci_utf8_valid(name))
        return mc_fail(err, MC_E_FORMAT, "the name of id %d is no UTF-8", (int)item.id);
    return MC_OK;
}

/* All symbols that have an id, in the order of ids. */
static mc_status list_symbols(const mci_bpe_vocab *vocab, numbered **out, size_t *n, mc_error *err)
{
    numbered *items = mci_alloc(vocab->n_symbols * sizeof *items);
    if (!items)
        return mci_nomem(err, vocab->n_symbols * sizeof *items);
    for (size_t i = 0; i < vocab->n_symbols; i++)
        if (vocab->ids[i] >= 0)
            items[(*n)++] = (numbered){ vocab->ids[i], (uint32_t)i };
    qsort(items, *n, sizeof *items, by_id);
    *out = items;
    return MC_OK;
}

static mc_status put_names(const mci_bpe_vocab *vocab, const numbered *items, size_t n,
                           mci_buf *out, mc_error *err)
{
    for (size_t i = 0; i < n; i++) {
        MC_TRY(check_name(vocab, items[i], err));
        MC_TRY(mci_buf_byte(out, i ? ',' : '{', err));
        MC_TRY(mci_json_add_string(out, name_of(vocab, items[i]), err));
        MC_TRY(mci_buf_byte(out, ':', err));
        MC_TRY(mci_json_add_u64(out, (uint64_t)items[i].id, err));
    }
    return mci_buf_add(out, mc_str_of("}\n"), err);
}

static mc_status put_vocab(const mci_bpe_vocab *vocab, mci_buf *out, mc_error *err)
{
    numbered *items = NULL;
    size_t n = 0;
    MC_TRY(list_symbols(vocab, &items, &n, err));
    mc_status status = put_names(vocab, items, n, out, err);
    mci_free(items);
    return status;
}

/* ---- merges.txt ---- */

static int by_rank(const void *a, const void *b)
{
    const mci_bpe_merge *x = a, *y = b;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Whether a text can lead to the symbol at all, as far as its name tells: bytes have names without
 * a space or a line end, and what has no id is no byte and nothing that others became. Only such
 * symbols stand in merges.txt, so leaving the others out changes no ids. */
static bool can_be_met(const mci_bpe_vocab *vocab, uint32_t symbol)
{
    const mc_str name = mci_bpe_symbol_name(vocab, symbol);
    if (vocab->ids[symbol] < 0 || name.len == 0)
        return false;
    return !memchr(name.data, ' ', name.len) && !memchr(name.data, '\n', name.len) &&
           !memchr(name.data, '\r', name.len);
}

static mc_status put_merge(const mci_bpe_vocab *vocab, const mci_bpe_merge *merge, mci_buf *out,
                           mc_error *err)
{
    const uint32_t left = (uint32_t)(merge->key >> 32), right = (uint32_t)merge->key;
    if (!can_be_met(vocab, left) || !can_be_met(vocab, right))
        return MC_OK;
    if (is_renamed(vocab, left) || is_renamed(vocab, right) || is_renamed(vocab, merge->symbol))
        return mc_fail(err, MC_E_FORMAT,
                       "a merge of the vocabulary makes its start or end, or something of them: "
                       "vocab.json could not tell these from words");
    MC_TRY(mci_buf_add(out, mci_bpe_symbol_name(vocab, left), err));
    MC_TRY(mci_buf_byte(out, ' ', err));
    MC_TRY(mci_buf_add(out, mci_bpe_symbol_name(vocab, right), err));
    return mci_buf_byte(out, '\n', err);
}

static mc_status put_merges(const mci_bpe_vocab *vocab, mci_buf *out, mc_error *err)
{
    const size_t n_slots = vocab->merge_mask + 1;
    size_t n = 0;
    mci_bpe_merge *merges = mci_alloc(n_slots * sizeof *merges);
    if (!merges)
        return mci_nomem(err, n_slots * sizeof *merges);
    for (size_t i = 0; i < n_slots; i++)
        if (vocab->merges[i].rank != UINT32_MAX)
            merges[n++] = vocab->merges[i];
    qsort(merges, n, sizeof *merges, by_rank);
    mc_status status = mci_buf_add(out, mc_str_of("#version: 0.2\n"), err);
    for (size_t i = 0; i < n && status >= 0; i++)
        status = put_merge(vocab, &merges[i], out, err);
    mci_free(merges);
    return status;
}

/* ---- tokenizer_config.json ---- */

static mc_status put_config(const mc_tokenizer *tokenizer, size_t context, mci_buf *out,
                            mc_error *err)
{
    static const char *const classes[] = { [MC_VOCAB_CLIP] = "CLIPTokenizer",
                                           [MC_VOCAB_XLMV] = "XLMRobertaTokenizer",
                                           [MC_VOCAB_MT5] = "T5Tokenizer" };
    const mc_tokenizer_facts facts = mc_tokenizer_tell(tokenizer);
    MC_TRY(mci_buf_printf(out, err,
                          "{\n  \"tokenizer_class\": \"%s\",\n  \"model_max_length\": %zu",
                          classes[facts.kind], context));
    if (facts.kind == MC_VOCAB_CLIP)
        MC_TRY(mci_buf_printf(out, err,
                              ",\n  \"bos_token\": \"%s\",\n  \"eos_token\": \"%s\",\n"
                              "  \"unk_token\": \"%s\",\n  \"pad_token\": \"%s\",\n"
                              "  \"do_lower_case\": true,\n  \"errors\": \"replace\",\n"
                              "  \"metaclip_rule\": \"%s\"",
                              start_name, end_name, end_name, end_name,
                              facts.rule == MC_RULE_HF ? "hf" : "openai"));
    return mci_buf_add(out, mc_str_of("\n}\n"), err);
}

/* ---- the whole ---- */

mc_status mci_vocab_files_make(const mc_tokenizer *tokenizer, size_t context, mci_vocab_files *out,
                               mc_error *err)
{
    const mc_vocab_kind kind = mc_tokenizer_tell(tokenizer).kind;
    if (kind == MC_VOCAB_CLIP) {
        MC_TRY(put_vocab(mci_tokenizer_bpe(tokenizer), add_file(out, "vocab.json"), err));
        MC_TRY(put_merges(mci_tokenizer_bpe(tokenizer), add_file(out, "merges.txt"), err));
    } else {
        const char *name = kind == MC_VOCAB_XLMV ? "sentencepiece.bpe.model" : "spiece.model";
        MC_TRY(mci_tokenizer_pieces_file(tokenizer, add_file(out, name), err));
    }
    return put_config(tokenizer, context, add_file(out, "tokenizer_config.json"), err);
}

static mc_status path_in(char path[PATH_BYTES], const char *folder, const char *name, mc_error *err)
{
    const int n = snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return n >= 0 && n < PATH_BYTES
               ? MC_OK
               : mc_fail(err, MC_E_LIMIT, "%.100s...: too long a path", folder);
}

mc_status mci_vocab_files_write(const mci_vocab_files *files, const char *folder, mc_error *err)
{
    char path[PATH_BYTES];
    for (size_t i = 0; i < files->n; i++) {
        MC_TRY(path_in(path, folder, files->items[i].name, err));
        MC_TRY(mci_output_file(path, mci_buf_str(&files->items[i].bytes), err));
    }
    return MC_OK;
}

static mc_status is_same(const char *path, mc_str bytes, bool *same, mc_error *err)
{
    mci_mapped file;
    MC_TRY(mci_map_file(path, &file, err));
    *same = mc_str_equal((mc_str){ file.data, file.n_bytes }, bytes);
    mci_unmap_file(&file);
    return MC_OK;
}

mc_status mci_vocab_files_compare(const mci_vocab_files *files, const char *folder, size_t *n_there,
                                  const char **differs, mc_error *err)
{
    char path[PATH_BYTES];
    *n_there = 0;
    *differs = NULL;
    for (size_t i = 0; i < files->n; i++) {
        bool same = true;
        MC_TRY(path_in(path, folder, files->items[i].name, err));
        if (!mci_file_exists(path))
            continue;
        MC_TRY(is_same(path, mci_buf_str(&files->items[i].bytes), &same, err));
        ++*n_there;
        if (!same && !*differs)
            *differs = files->items[i].name;
    }
    return MC_OK;
}
