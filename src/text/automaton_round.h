/* A round of matching: as many texts, or as much of a long one, as are worth taking through all
 * stages together. automaton.c draws it. */
#ifndef MCI_TEXT_AUTOMATON_ROUND_H
#define MCI_TEXT_AUTOMATON_ROUND_H

#include "text/automaton_internal.h"
#include "text/id_set.h"
#include "text/kernels.h"

enum {
    MCI_ROUND_CODES = 512, /* found by bench_worldwide */
    MCI_LEAST_ROUND_CODES = 8,
    MCI_CODES_SPILL = 4,                /* what a character and the end of its text may add */
    MCI_CODES_BEFORE = MCI_SHORT_CODES, /* the last of the round before, of which some may go on */
    MCI_MAX_CODES = MCI_CODES_BEFORE + MCI_ROUND_CODES + MCI_CODES_SPILL
};

/* A place, and what is to be known of it. */
typedef struct {
    uint32_t at, what;
} mci_round_place;

typedef struct {
    size_t n, next;
    mci_round_place places[MCI_MAX_CODES + 1];
} mci_round_list;

struct mci_automaton_scratch {
    const mci_kernels *kernels;
    size_t round_codes; /* at most MCI_ROUND_CODES; tests make it as small as the least */
    /* The state of MCI_SHORT_CODES or more that the codes before a place end with; base 0: none. */
    uint32_t run_base, run_fail;

    /* ---- a round; `n_codes` of it are laid down, the rest its stages find ---- */
    size_t n_codes, n_text_ends, n_open, n_levels;
    uint32_t codes[MCI_MAX_CODES + 1];  /* and a 0 */
    uint32_t text_ends[MCI_MAX_CODES];  /* places: of what comes behind */
    uint32_t slots[MCI_MAX_CODES];      /* where the state of a place and the one before is */
    uint32_t letter_ids[MCI_MAX_CODES]; /* plus 1, of the pattern of the place alone; 0: none */
    uint32_t pair_ids[MCI_MAX_CODES];   /* plus 1, of two codes that end there */
    mci_round_place open[MCI_MAX_CODES + 1];        /* slots where what ends there would be */
    mci_round_list longer_ids[MCI_SHORT_CODES - 2]; /* of patterns of 3 codes, 4, .. */

    /* ---- what was found ---- */
    mci_id_set set; /* in the open text; of one code or two, only in rounds before */
    uint32_t *ids;  /* of the texts that ended, one after another */
    size_t n_ids, cap_ids;
    size_t *offsets; /* [n_texts + 1] into `ids` */
    size_t n_texts, cap_offsets;
    const mci_other_ids *others;
};

/* Takes what was laid down through all stages, and empties the round but for the codes before. */
mc_status mci_automaton_round(const mci_automaton *automaton, mci_automaton_scratch *s,
                              mc_error *err);

#endif
