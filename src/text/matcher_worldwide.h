/* The worldwide rule by two engines: entries with a space on both sides go by tokens, as those of
 * the first rule do; all others by the automaton. */
#ifndef MCI_TEXT_MATCHER_WORLDWIDE_H
#define MCI_TEXT_MATCHER_WORLDWIDE_H

#include "metaclip/text.h"
#include "text/automaton.h"

typedef struct {
    mc_matcher *words;  /* NULL: no entry goes by tokens */
    uint32_t *word_ids; /* what its ids stand for; ascending */
    size_t n_word_ids;
    mci_automaton *automaton; /* NULL: no entry goes by it */
} mci_worldwide;

/* Of equal entries only the last is taken. Zero-initialise *out, and release it, on failure too. */
mc_status mci_worldwide_build(const mc_str *entries, size_t n, mci_worldwide *out, mc_error *err);
void mci_worldwide_release(mci_worldwide *worldwide);
size_t mci_worldwide_bytes(const mci_worldwide *worldwide);

/* What matching needs beside the scratch of tokens. Zero-initialise. */
typedef struct {
    mci_automaton_scratch *automaton; /* made when it is needed first */
    size_t *offsets;                  /* for matchers without one */
    uint32_t *ids;
    size_t cap_offsets, cap_ids;
} mci_worldwide_scratch;

void mci_worldwide_scratch_release(mci_worldwide_scratch *scratch);

/* As mc_match_batch; `words` is the scratch that own is a part of. */
mc_status mci_worldwide_match(const mci_worldwide *worldwide, mci_worldwide_scratch *own,
                              mc_match_scratch *words, const mc_str *texts, size_t n,
                              const size_t **offsets, const uint32_t **ids, mc_error *err);

#endif
