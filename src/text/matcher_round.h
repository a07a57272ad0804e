/* A round of matching: as many texts, or as much of a long one, as fit into the scratch, through
 * all stages together. matcher.c draws it. */
#ifndef MCI_TEXT_MATCHER_ROUND_H
#define MCI_TEXT_MATCHER_ROUND_H

#include "text/id_set.h"
#include "text/matcher_internal.h"

enum {
    MCI_ROUND_BYTES = 2048,
    MCI_ROUND_ROOM = 128,                      /* behind them, so that wide loads stay inside */
    MCI_ROUND_TOKENS = 2 * MCI_ROUND_BYTES,    /* a mark ends a token and is one */
    MCI_ROUND_LONGS = MCI_ROUND_BYTES / MCI_KEY_BYTES + 1
};

/* Behind each text stands this byte, which is in none: laying a text makes it a space. */
#define MCI_TEXT_END '\r'

typedef struct {
    uint32_t token;
    uint32_t slot;
} mci_candidate;

typedef struct {
    uint32_t token;
    uint64_t hash;
    mc_str text;
} mci_long_token;

struct mc_match_scratch {
    size_t n_bytes, n_tokens, n_ends, n_longs, n_pairs, n_runs;
    /* Where an open text goes on: its last token, what the last two are, what the last three or
     * more are. All 0 where a text begins. */
    uint32_t last_word;
    mci_node last_pair, last_run;
    /* A token longer than a round, in its place stands MCI_KEY_BYTES bytes of filling. */
    mc_str giant;
    size_t giant_at;

    char bytes[MCI_ROUND_BYTES + MCI_ROUND_ROOM];
    mci_key keys[MCI_ROUND_TOKENS];
    uint32_t slots[MCI_ROUND_TOKENS];
    uint32_t words[MCI_ROUND_TOKENS + 2]; /* of token i: words[i + 1] */
    uint32_t word_entries[MCI_ROUND_TOKENS + 1]; /* plus 1; that end with token i; 0: none */
    uint32_t pair_entries[MCI_ROUND_TOKENS + 1];
    mci_candidate pairs[MCI_ROUND_TOKENS + 1];
    mci_candidate runs[MCI_ROUND_TOKENS + 1];
    uint32_t ends[MCI_ROUND_BYTES + 1]; /* behind the last token of a text */
    mci_long_token longs[MCI_ROUND_LONGS];

    mci_id_set set;
    uint32_t *ids;
    size_t n_ids, cap_ids;
    size_t *offsets;
    size_t n_texts, cap_offsets;
};

/* Takes what was laid through all stages and empties the round. Texts that end in it get their ids
 * at the end of s->ids. */
mc_status mci_round_run(const mc_matcher *matcher, mc_match_scratch *s, mc_error *err);
mc_status mci_round_end_text(const mc_matcher *matcher, mc_match_scratch *s, mc_error *err);

#endif
