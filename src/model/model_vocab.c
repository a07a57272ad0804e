#include "model/model_vocab.h"

#include "metaclip/embed.h"
#include "model/clip_internal.h"

/* The worldwide models' tables have more rows than SentencePiece gives ids, and so may those of one
 * that says where a text ends. A model that takes the largest id for the end would find it by any
 * vocabulary, and have learnt none of the other ids. */
static bool fits(const mci_clip_config *config, mc_tokenizer_facts vocab)
{
    if (vocab.n_ids > config->text.vocab_size)
        return false;
    if (config->text.vocab != MCI_VOCAB_CLIP)
        return (int)vocab.kind == (int)config->text.vocab;
    return vocab.n_ids == config->text.vocab_size ||
           (config->text.pool == MCI_POOL_END && config->text.end_id == vocab.end_id);
}

mc_status mci_model_vocab_open(const mci_clip_config *config, const char *path, bool is_given,
                               mc_token_rule rule, mc_tokenizer **out, mc_error *err)
{
    mc_tokenizer *tokenizer = NULL;
    mc_status status = mc_tokenizer_open(path, rule, &tokenizer, err);
    if (status < 0)
        return is_given ? status
                        : mc_add_context(err, status,
                                         "there is no vocabulary beside the model that can be "
                                         "used, so name one (--vocab)");
    const mc_tokenizer_facts vocab = mc_tokenizer_tell(tokenizer);
    if (!fits(config, vocab)) {
        mc_tokenizer_free(tokenizer);
        return mc_fail(err, MC_E_MISMATCH,
                       "%s: a vocabulary of %zu ids, but the model's has %u: it was trained with "
                       "another%s",
                       path, vocab.n_ids, config->text.vocab_size,
                       is_given ? "" : ", so name that one (--vocab)");
    }
    *out = tokenizer;
    return MC_OK;
}

mc_status mc_clip_tokenizer_open(const mc_clip *clip, const char *vocab_path, mc_token_rule rule,
                                 mc_tokenizer **out, mc_error *err)
{
    return mci_model_vocab_open(&clip->config,
                                vocab_path ? vocab_path : mci_checkpoint_folder(clip->checkpoint),
                                vocab_path != NULL, rule, out, err);
}
