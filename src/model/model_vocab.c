#include "metaclip/embed.h"

mc_status mc_clip_tokenizer_open(const mc_clip *clip, const char *vocab_path, mc_token_rule rule,
                                 mc_tokenizer **out, mc_error *err)
{
    const mc_clip_facts facts = mc_clip_facts_of(clip);
    const char *path = vocab_path ? vocab_path : facts.folder;
    mc_tokenizer *tokenizer = NULL;
    mc_status status = mc_tokenizer_open(path, rule, &tokenizer, err);
    if (status < 0)
        return vocab_path ? status
                          : mc_add_context(err, status,
                                           "there is no vocabulary beside the model, so name one "
                                           "(--vocab)");
    const size_t n = mc_tokenizer_tell(tokenizer).n_ids;
    if (n > facts.vocab_size) {
        mc_tokenizer_free(tokenizer);
        return mc_fail(err, MC_E_MISMATCH,
                       "%s: a vocabulary of %zu ids, but the model's has %u: it was trained with "
                       "another",
                       path, n, facts.vocab_size);
    }
    *out = tokenizer;
    return MC_OK;
}
