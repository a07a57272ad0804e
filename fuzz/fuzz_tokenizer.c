/* Any bytes as texts: the fast way gives what the plain reference gives, and what is given can be
 * decoded. A zero byte parts two texts. They are encoded under both rules with a fixed vocabulary,
 * whose tokenizer remembers words from input to input; and with one that is learnt from the first
 * text, and remembers none. */
#include <stdlib.h>

#include "base/alloc.h"
#include "text/bpe_train.h"
#include "text/clip_naive.h"
#include "text/tokenizer.h"

enum { CONTEXT = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static mci_bpe_vocab *learn(mc_token_rule rule, mc_str text)
{
    mci_bpe_trainer *trainer = NULL;
    mci_bpe_vocab *vocab = NULL;
    mci_buf file = { 0 };
    size_t n_ids;
    bool is_repaired;
    require(mci_bpe_trainer_new(rule, UINT64_MAX, &trainer, NULL) == MC_OK);
    require(mci_bpe_trainer_add(trainer, text, &is_repaired, NULL) == MC_OK);
    require(mci_bpe_trainer_learn(trainer, 700, &file, &n_ids, NULL) == MC_OK);
    require(mci_bpe_vocab_parse(mci_buf_str(&file), &vocab, NULL) == MC_OK);
    require(vocab->n_ids == n_ids);
    mci_buf_release(&file);
    mci_bpe_trainer_free(trainer);
    return vocab;
}

/* The ids of the plain reference; to be freed. */
static int32_t *plain(const mci_bpe_vocab *vocab, mc_token_rule rule, const mci_nfc *nfc,
                      mc_str text, size_t *n)
{
    int32_t *ids = NULL;
    require(mci_clip_encode_naive(vocab, rule, nfc, text, &ids, n, NULL) == MC_OK);
    return ids;
}

/* ---- a fixed vocabulary ---- */

typedef struct {
    mc_tokenizer *tokenizer;
    mc_token_scratch *scratch;
} fixed;

static const fixed *fixed_of(mc_token_rule rule)
{
    static const char text[] = "the cat's photo of the house, a photo of the cat; photos don't "
                               "they're we'll aaaa aaaaaaaa 2023 2023 ... \xCE\xB1\xCF\x83 "
                               "\xCE\xB1\xCF\x83\xCF\x82 \xE9\xBB\x92\xE9\xBB\x92";
    static fixed of[MC_RULE_HF + 1];
    fixed *f = &of[rule];
    if (!f->tokenizer) {
        require(mci_tokenizer_of_bpe(learn(rule, mc_str_of(text)), rule, &f->tokenizer, NULL) ==
                MC_OK);
        require(mc_token_scratch_new(f->tokenizer, &f->scratch, NULL) == MC_OK);
    }
    return f;
}

static void check_fixed(mc_token_rule rule, mc_str text)
{
    const fixed *f = fixed_of(rule);
    int32_t ids[CONTEXT];
    size_t n;
    mc_encoded encoded;
    char *back = NULL;
    int32_t *want =
        plain(mci_tokenizer_bpe(f->tokenizer), rule, mci_tokenizer_nfc(f->tokenizer), text, &n);
    size_t kept = n < CONTEXT - 2 ? n : CONTEXT - 2;
    require(mc_encode(f->tokenizer, f->scratch, text, CONTEXT, ids, &encoded, NULL) == MC_OK);
    require(encoded.n_ids == kept + 2 && encoded.is_truncated == (n > kept));
    require(kept == 0 || memcmp(ids + 1, want, kept * sizeof *ids) == 0);
    require(mc_decode(f->tokenizer, ids, CONTEXT, &back, NULL) == MC_OK);
    mc_free(back);
    mci_free(want);
}

/* ---- a vocabulary of the text's own ---- */

static void check_own(const mci_bpe_vocab *vocab, mci_clip_scratch *scratch, mc_str text)
{
    const int32_t *ids;
    size_t n, n_want;
    uint64_t n_replaced = 0;
    int32_t *want = plain(vocab, MC_RULE_OPENAI, NULL, text, &n_want);
    require(mci_clip_encode(vocab, MC_RULE_OPENAI, NULL, scratch, text, 1 << 16, &ids, &n,
                            &n_replaced, NULL) == MC_OK);
    require(n == n_want && (n == 0 || memcmp(ids, want, n * sizeof *ids) == 0));
    mci_free(want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_str texts[2] = { { (const char *)data, size } };
    const char *mark = size ? memchr(data, '\0', size) : NULL;
    if (mark) {
        texts[0].len = (size_t)(mark - texts[0].data);
        texts[1] = (mc_str){ mark + 1, size - texts[0].len - 1 };
    }
    mci_bpe_vocab *vocab = learn(MC_RULE_OPENAI, texts[0]);
    mci_clip_scratch scratch = { 0 };
    for (int i = 0; i < 2; i++) {
        check_fixed(MC_RULE_OPENAI, texts[i]);
        check_fixed(MC_RULE_HF, texts[i]);
        check_own(vocab, &scratch, texts[i]);
    }
    mci_clip_scratch_release(&scratch);
    mci_bpe_vocab_free(vocab);
    return 0;
}
