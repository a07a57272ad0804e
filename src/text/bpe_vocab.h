/* The vocabulary of a byte-level BPE: symbols, which of them have ids, and which pairs become one.
 * A symbol is its name, whatever way it was made. Immutable once built. */
#ifndef MCI_TEXT_BPE_VOCAB_H
#define MCI_TEXT_BPE_VOCAB_H

#include "base/buf.h"
#include "text/bpe_names.h"
#include "text/slots.h"

enum { MCI_MAX_VOCAB = 1 << 22, MCI_NO_SYMBOL = -1 };

/* Two symbols that become one. Of several pairs in a word the one of the smallest rank goes first.
 */
typedef struct {
    uint64_t key;    /* left << 32 | right */
    uint32_t rank;   /* UINT32_MAX: the slot is empty */
    uint32_t symbol; /* what they become */
} mci_bpe_merge;

typedef struct {
    mci_buf names;       /* of the symbols, one behind the other */
    uint64_t *name_ends; /* [n_symbols] */
    int32_t *ids;        /* [n_symbols]; -1: the symbol has none */
    size_t n_symbols;
    uint32_t inner[MCI_N_BYTES], last[MCI_N_BYTES]; /* the symbol of a byte in a word, at its end */
    mci_bpe_merge *merges;                          /* open addressing */
    size_t merge_mask;
    uint64_t seed;      /* of hashes */
    int32_t *id_symbol; /* [n_ids]: its symbol; MCI_NO_SYMBOL: no word gives this id */
    size_t n_ids;
    int32_t start_id, end_id;
} mci_bpe_vocab;

/* Where a pair is looked for first. */
static inline size_t mci_bpe_slot(const mci_bpe_vocab *vocab, uint64_t key)
{
    return mci_mix(key ^ vocab->seed, vocab->seed | 1) & vocab->merge_mask;
}

/* What the pair becomes; NULL: it stays two. */
static inline const mci_bpe_merge *mci_bpe_find(const mci_bpe_vocab *vocab, uint32_t left,
                                                uint32_t right)
{
    uint64_t key = (uint64_t)left << 32 | right;
    size_t slot = mci_bpe_slot(vocab, key);
    for (;; slot = (slot + 1) & vocab->merge_mask) {
        const mci_bpe_merge *merge = &vocab->merges[slot];
        if (merge->rank == UINT32_MAX)
            return NULL;
        if (merge->key == key)
            return merge;
    }
}

mc_str mci_bpe_symbol_name(const mci_bpe_vocab *vocab, uint32_t symbol);

/* OpenAI's file (decompressed): a heading, then a line a merge, "i n" or "t h</w>". Ids are places:
 * the 256 bytes, the same at the end of a word, the merges, start, end. At most 48,894 merges are
 * read; a blank last line is a merge that nothing needs but that has its id, as in the original.
 * Errors: MC_E_FORMAT naming the line, MC_E_NOMEM. Free with mci_bpe_vocab_free. */
mc_status mci_bpe_vocab_parse(mc_str file, mci_bpe_vocab **out, mc_error *err);

enum { MCI_CLIP_MERGES = 49152 - 256 - 2 };

/* A vocabulary whose ids are given, as Hugging Face's files do. All is lent for the call. */
typedef struct {
    const mc_str *names; /* [n_names]; of equal ones the last counts */
    const uint32_t *ids;
    size_t n_names;
    const mc_str *lefts, *rights; /* [n_merges], in the order of their ranks */
    size_t n_merges;
} mci_bpe_parts;

/* The start and end tokens are found by their names: <|startoftext|> or <start_of_text>, and so on.
 * Errors: MC_E_FORMAT (a byte, a part of a merge, or one of these tokens is missing; an id is
 * 2^22 or more), MC_E_NOMEM. */
mc_status mci_bpe_vocab_new(const mci_bpe_parts *parts, mci_bpe_vocab **out, mc_error *err);

/* Splits merges.txt into its pairs: views of file in *lefts and *rights, which are the caller's
 * (mci_free). A first line that begins with "#version" is passed over, and a blank last one. */
mc_status mci_bpe_split_merges(mc_str file, mc_str **lefts, mc_str **rights, size_t *n,
                               mc_error *err);

void mci_bpe_vocab_free(mci_bpe_vocab *vocab);

#endif
