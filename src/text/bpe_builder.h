/* Building a vocabulary: names are interned, so that a symbol is its name. */
#ifndef MCI_TEXT_BPE_BUILDER_H
#define MCI_TEXT_BPE_BUILDER_H

#include "text/bpe_vocab.h"

typedef struct mci_bpe_builder mci_bpe_builder;

/* Hashes are seeded by the bytes given, so that no list of names can be made to collide. */
mc_status mci_bpe_builder_new(mc_str seed, mci_bpe_builder **out, mc_error *err);
void mci_bpe_builder_free(mci_bpe_builder *builder);

/* Ids by place: each call takes the next one. Of equal names the last one's id counts. */
mc_status mci_bpe_builder_next_id(mci_bpe_builder *builder, mc_str name, mc_error *err);
mc_status mci_bpe_builder_skip_id(mci_bpe_builder *builder, mc_error *err);
/* The pair of the next rank, and the next id for what it becomes. */
mc_status mci_bpe_builder_merge_next_id(mci_bpe_builder *builder, mc_str left, mc_str right,
                                        mc_error *err);
mc_status mci_bpe_builder_next_specials(mci_bpe_builder *builder, mc_error *err);

/* Whether a name has an id. */
bool mci_bpe_builder_knows(const mci_bpe_builder *builder, mc_str name);

/* Ids as they are given. */
mc_status mci_bpe_builder_give_id(mci_bpe_builder *builder, mc_str name, uint32_t id,
                                  mc_error *err);
/* The pair of the next rank. MC_E_FORMAT unless its parts and what it becomes have ids. */
mc_status mci_bpe_builder_merge_known(mci_bpe_builder *builder, mc_str left, mc_str right,
                                      mc_error *err);
mc_status mci_bpe_builder_known_specials(mci_bpe_builder *builder, mc_error *err);

/* Makes the vocabulary of all that was added. MC_E_FORMAT if the symbol of a byte is missing. */
mc_status mci_bpe_builder_finish(mci_bpe_builder *builder, mci_bpe_vocab **out, mc_error *err);

#endif
