/* Any bytes as a vocabulary, in each of its forms: refused with a sentence, or a tokenizer that
 * encodes as the plain reference does, and comes back from the files that it becomes. For
 * vocab.json with merges.txt a zero byte parts the two. */
#include <stdlib.h>

#include "base/alloc.h"
#include "text/clip_naive.h"
#include "text/tokenizer.h"
#include "vocab/tokenizer_files.h"
#include "vocab/vocab_files.h"
#include "vocab/vocab_json.h"

enum { CONTEXT = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static const char text[] = "a photo of the cat's aaaaaaaaaaaaa house \xE9\xBB\x92 <end_of_text>";

/* The tokenizer of the files, which mc_tokenizer_open would find by their names. */
static mc_tokenizer *open_files(const mci_vocab_files *files)
{
    mci_bpe_vocab *vocab = NULL;
    mc_tokenizer *tokenizer = NULL;
    const mc_str first = mci_buf_str(&files->items[0].bytes);
    if (files->n == 2) {
        require(mci_tokenizer_of_pieces(first, &tokenizer, NULL) == MC_OK);
        return tokenizer;
    }
    require(mci_bpe_of_vocab_json(first, mci_buf_str(&files->items[1].bytes), &vocab, NULL) ==
            MC_OK);
    require(mci_tokenizer_of_bpe(vocab, MC_RULE_OPENAI, &tokenizer, NULL) == MC_OK);
    return tokenizer;
}

/* ids: what the tokenizer gave for the text; NULL if it failed. */
static void write_and_read(const mc_tokenizer *tokenizer, const int32_t *ids)
{
    mci_vocab_files files = { 0 };
    mc_token_scratch *scratch = NULL;
    int32_t again[CONTEXT];
    mc_error err = { 0 };
    mc_status status = mci_vocab_files_make(tokenizer, CONTEXT, &files, &err);
    require(status == MC_OK || (status == MC_E_FORMAT && err.text[0]));
    mc_tokenizer *copy = status == MC_OK ? open_files(&files) : NULL;
    if (copy) {
        mc_tokenizer_facts a = mc_tokenizer_tell(tokenizer), b = mc_tokenizer_tell(copy);
        require(a.n_ids == b.n_ids && a.start_id == b.start_id && a.end_id == b.end_id);
        require(mc_token_scratch_new(copy, &scratch, NULL) == MC_OK);
        status = mc_encode(copy, scratch, mc_str_of(text), CONTEXT, again, NULL, NULL);
        require((status == MC_OK) == (ids != NULL));
        require(!ids || memcmp(again, ids, sizeof again) == 0);
    }
    mc_token_scratch_free(scratch);
    mc_tokenizer_free(copy);
    mci_vocab_files_release(&files);
}

static void use(mc_tokenizer *tokenizer)
{
    int32_t ids[CONTEXT], *want = NULL;
    size_t n;
    char *back = NULL;
    mc_token_scratch *scratch = NULL;
    mc_encoded encoded;
    mc_tokenizer_facts facts = mc_tokenizer_tell(tokenizer);
    require(mc_token_scratch_new(tokenizer, &scratch, NULL) == MC_OK);
    mc_status status = mc_encode(tokenizer, scratch, mc_str_of(text), CONTEXT, ids, &encoded, NULL);
    require(status == MC_OK || (facts.kind != MC_VOCAB_CLIP && status == MC_E_BACKEND));
    for (size_t i = 0; status == MC_OK && i < CONTEXT; i++)
        require(ids[i] >= 0 && (size_t)ids[i] < facts.n_ids);
    if (status == MC_OK) {
        require(mc_decode(tokenizer, ids, CONTEXT, &back, NULL) == MC_OK);
        mc_free(back);
    }
    if (facts.kind == MC_VOCAB_CLIP) {
        require(mci_clip_encode_naive(mci_tokenizer_bpe(tokenizer), MC_RULE_OPENAI, NULL,
                                      mc_str_of(text), &want, &n, NULL) == MC_OK);
        n = n < CONTEXT - 2 ? n : CONTEXT - 2;
        require(memcmp(ids + 1, want, n * sizeof *ids) == 0);
        mci_free(want);
    }
    write_and_read(tokenizer, status == MC_OK ? ids : NULL);
    mc_token_scratch_free(scratch);
    mc_tokenizer_free(tokenizer);
}

static void try_file(mc_str bytes, mci_vocab_file form)
{
    mc_tokenizer *tokenizer = NULL;
    mc_error err = { 0 };
    mc_status status = mci_tokenizer_of_file(bytes, form, MC_RULE_OPENAI, &tokenizer, &err);
    require(status == MC_OK || err.text[0]);
    if (status == MC_OK)
        use(tokenizer);
}

static void try_pair(mc_str bytes)
{
    mci_bpe_vocab *vocab = NULL;
    mc_tokenizer *tokenizer = NULL;
    const char *mark = bytes.len ? memchr(bytes.data, '\0', bytes.len) : NULL;
    if (!mark)
        return;
    mc_str json = { bytes.data, (size_t)(mark - bytes.data) };
    mc_str merges = { mark + 1, bytes.len - json.len - 1 };
    if (mci_bpe_of_vocab_json(json, merges, &vocab, NULL) == MC_OK &&
        mci_tokenizer_of_bpe(vocab, MC_RULE_OPENAI, &tokenizer, NULL) == MC_OK)
        use(tokenizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_str bytes = { (const char *)data, size };
    try_file(bytes, mci_vocab_file_of(bytes));
    try_file(bytes, MCI_VOCAB_FILE_SIMPLE);
    try_pair(bytes);
    return 0;
}
