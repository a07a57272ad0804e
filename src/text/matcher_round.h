/* A round of matching: as many texts, or as much of a long one, as are worth taking through all
 * stages together. matcher.c draws it. */
#ifndef MCI_TEXT_MATCHER_ROUND_H
#define MCI_TEXT_MATCHER_ROUND_H

#include "text/id_set.h"
#include "text/kernels.h"
#include "text/matcher_internal.h"

enum {
    MCI_ROUND_BYTES = 2048, /* of texts and the ends between them; found by bench_matcher */
    MCI_LEAST_ROUND = 32,
    MCI_ROUND_TOKENS = 2 * MCI_ROUND_BYTES, /* a mark ends a token and is one */
    MCI_ROUND_LONGS = MCI_ROUND_BYTES / (MCI_SHORT_BYTES + 1) + 1
};

typedef struct {
    uint32_t token;
    uint32_t slot;
} mci_round_pair;

typedef struct {
    uint32_t token;
    mci_node before; /* the pair that the token may go on from */
} mci_round_run;

typedef struct {
    uint32_t token;
    uint64_t hash;
    mc_str text;
} mci_round_long;

struct mc_match_scratch {
    const mci_kernels *kernels;
    size_t round_bytes; /* at most MCI_ROUND_BYTES; tests make it as small as MCI_LEAST_ROUND */
    /* Where an open text goes on: its last token, the pair that its last two are, the run that its
     * last three or more are. All 0 where a text begins. */
    uint32_t last_word;
    mci_node last_pair, last_run;

    /* ---- a round; `n_bytes` of it are laid down, the rest its stages find ---- */
    size_t n_bytes, n_token_ends, n_tokens, n_text_ends, n_longs, n_pairs, n_runs;
    mc_str giant; /* a token longer than a round: in its place stand its first 16 bytes */
    size_t giant_at;
    char bytes[MCI_ROUND_BYTES + MCI_LAY_SPILL + MCI_ENDS_READ];
    uint32_t token_ends[MCI_ROUND_BYTES + MCI_ENDS_SPILL]; /* places in `bytes` */
    uint32_t text_ends[MCI_ROUND_BYTES + 1];               /* tokens up to here */
    mci_key keys[MCI_ROUND_TOKENS + 1];
    uint32_t slots[MCI_ROUND_TOKENS + 1];    /* where a token is if it is a word */
    uint32_t words[MCI_ROUND_TOKENS + 2];    /* of token i: words[i + 1]; words[0] is before it */
    uint32_t word_entries[MCI_ROUND_TOKENS]; /* plus 1, by the token that they end with; 0: none */
    uint32_t pair_entries[MCI_ROUND_TOKENS];
    mci_round_long longs[MCI_ROUND_LONGS];
    mci_round_pair pairs[MCI_ROUND_TOKENS + 1]; /* two tokens that may be one */
    mci_round_run runs[MCI_ROUND_TOKENS + 1];   /* three that may be one */

    /* ---- what was found ---- */
    mci_id_set set; /* in the open text; those of one token or two that end in the round are not */
    uint32_t *ids;  /* of the texts that ended, one after another */
    size_t n_ids, cap_ids;
    size_t *offsets; /* [n_texts + 1] into `ids` */
    size_t n_texts, cap_offsets;

    mci_worldwide_scratch worldwide; /* for matchers by that rule */
};

/* Takes what was laid down through all stages, and empties the round. */
mc_status mci_match_round(const mc_matcher *matcher, mc_match_scratch *s, mc_error *err);

#endif
