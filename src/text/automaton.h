/* Aho and Corasick's automaton over characters, as a compact double array: finds the patterns that
 * a spaced text holds, wherever they begin. For entries that do not begin and end with a space,
 * which go by no tokens. automaton.c draws it. */
#ifndef MCI_TEXT_AUTOMATON_H
#define MCI_TEXT_AUTOMATON_H

#include "base/error.h"
#include "metaclip/base.h"
#include "text/worldwide.h"

typedef struct mci_automaton mci_automaton;

/* " "? + text + " "?, found as `id`. */
typedef struct {
    mc_str text;
    mci_open_sides open;
    uint32_t id;
} mci_pattern;

/* Builds it over n patterns, which differ; ids are below n_ids. Copies what it needs. Immutable.
 * Errors: MC_E_NOMEM, MC_E_LIMIT (2^30 states). */
mc_status mci_automaton_new(const mci_pattern *patterns, size_t n, size_t n_ids,
                            mci_automaton **out, mc_error *err);
void mci_automaton_free(mci_automaton *automaton);

typedef struct {
    size_t n_patterns, n_states, n_bytes;
    size_t n_slots; /* states and what is free between them */
} mci_automaton_size;
mci_automaton_size mci_automaton_measure(const mci_automaton *automaton);

/* One per thread, usable with any automaton. */
typedef struct mci_automaton_scratch mci_automaton_scratch;
mc_status mci_automaton_scratch_new(mci_automaton_scratch **out, mc_error *err);
void mci_automaton_scratch_free(mci_automaton_scratch *scratch);

/* Ids that other ways found in the texts: of text i names[ids[k]], k from offsets[i] up to
 * offsets[i + 1]; below n_ids too. */
typedef struct {
    const size_t *offsets;
    const uint32_t *ids, *names;
} mci_other_ids;

/* Matches n texts, as they are: the automaton spaces them. Their ids, and `others` (may be NULL)
 * among them, are (*ids)[(*offsets)[i]] up to (*ids)[(*offsets)[i + 1]], ascending, each once. Both
 * live until the scratch's next use. */
mc_status mci_automaton_match(const mci_automaton *automaton, mci_automaton_scratch *scratch,
                              const mc_str *texts, size_t n, const mci_other_ids *others,
                              const size_t **offsets, const uint32_t **ids, mc_error *err);

#endif
