/* What both jobs end in: a list of entries with their counts, and a sidecar that says what it was
 * made from. docs/formats/counted-lists.md describes both. */
#ifndef MCI_CORPUS_COUNTED_LIST_H
#define MCI_CORPUS_COUNTED_LIST_H

#include "corpus/ranking.h"
#include "corpus/text_inputs.h"
#include "metaclip/corpus.h"

/* Writes DIR/NAME and DIR/NAME.meta.json. n_words: if not 0, each line says its mutual information.
 * facts: further members of the sidecar, each followed by a comma. */
mc_status mci_counted_list_save(const char *dir, const char *name, const char *kind,
                                const mci_ranking *ranking, uint64_t n_words,
                                const mci_text_inputs *inputs, mc_str facts, mc_error *err);

/* min(max, share of n), where 0 of either is no limit (SIZE_MAX). */
size_t mci_list_limit(uint64_t max, double share, uint64_t n);

/* The SHA-256 of facts and what the inputs hold: what counts were made from. */
mc_status mci_made_from(mc_str facts, const mci_text_inputs *inputs,
                        char sha256[MC_SHA256_DIGITS + 1], mc_error *err);

/* A language's code becomes part of no path, but of domains: letters, digits and hyphens. */
mc_status mci_check_corpus(const mc_corpus *corpus, mc_error *err);

#endif
