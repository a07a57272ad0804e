/* Reads all inputs and leaves their counts as runs, by epochs:
 *
 *     pieces --> harvesters, one a thread --> tables ..full.. --> one run --> state.json
 *                                               ^______________________________|
 *
 * An epoch ends when a table is full; then all are written as one run and the state is saved, so
 * that a job that is killed goes on from there. Where epochs end depends on threads and memory; the
 * sum of all runs does not. */
#ifndef MCI_CORPUS_COUNT_INPUTS_H
#define MCI_CORPUS_COUNT_INPUTS_H

#include "corpus/count_state.h"
#include "corpus/harvest.h"

typedef struct {
    const mc_corpus *corpus;
    const mci_text_inputs *inputs; /* hashed */
    const mci_letters *letters;
    mci_harvest_rule rule;
    bool folds;
} mci_count_job;

/* 2 GiB unless the corpus says another number. */
uint64_t mci_corpus_memory(const mc_corpus *corpus);

/* On success state is complete. */
mc_status mci_count_corpus(const mci_count_job *job, mci_count_state *state, mc_error *err);

#endif
