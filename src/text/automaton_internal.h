/* What an automaton is made of, and the steps of making it. For the automaton*.c files only. */
#ifndef MCI_TEXT_AUTOMATON_INTERNAL_H
#define MCI_TEXT_AUTOMATON_INTERNAL_H

#include "text/automaton.h"
#include "text/characters.h"
#include "text/table_memory.h"

/* A code as the first one of patterns. */
typedef struct {
    uint32_t base;      /* a second code leads to slot base + code, if its `check` says so; 0: none
                           does */
    uint32_t id_plus_1; /* the pattern that is this code alone; 0: none */
} mci_letter;

/* States of up to so many codes are looked up, and those of more walked; found by
 * bench_worldwide. */
enum { MCI_SHORT_CODES = 12 };

/* Two codes or more that patterns begin with. A long one where no code leads on has base and fail
 * of its fail. */
typedef struct {
    uint32_t base;  /* a code leads to slot base + code, if its `check` says so; 0: none does */
    uint32_t check; /* the base of what is shorter by the last code, which is nobody else's;
                       MCI_FREE_SLOT: of nobody */
    union {
        uint32_t successors; /* of fewer than MCI_SHORT_CODES: filter, the codes that lead on */
        uint32_t fail;       /* of more: the slot of the longest proper end that is a state of
                                MCI_SHORT_CODES or more; 0: none */
    };
    uint32_t output; /* of up to MCI_SHORT_CODES: the pattern's id, plus 1; of more: the longest end
                        of more that is a pattern, in `outputs`; 0: none */
} mci_state;

#define MCI_FREE_SLOT UINT32_MAX

typedef struct {
    uint32_t id;
    uint32_t next; /* the next shorter pattern of more codes that ends here too; 0: none */
} mci_output_entry;

struct mci_automaton {
    mci_characters characters;
    mci_letter *letters;       /* [characters.n_codes] */
    mci_state *states;         /* [n_slots]; slot 0 is nobody's */
    mci_output_entry *outputs; /* 0 is none */
    size_t n_patterns, n_states, n_slots, n_ids;
    mci_table_memory letter_memory, state_memory, output_memory;
};

/* Where the code leads from a base; 0: nowhere. */
static inline uint32_t mci_state_next(const mci_state *states, uint32_t base, uint32_t code)
{
    return base && states[base + code].check == base ? base + code : 0;
}

/* The filter is a set of classes of codes. */
static inline uint32_t mci_successor_class(uint32_t code)
{
    return code & 31;
}

/* The tree of patterns, level by level, so that the children of a node stand in a row. */
typedef struct {
    size_t n; /* nodes; the root is 0 */
    size_t cap;
    uint32_t *first_child; /* [n + 1] those of i: first_child[i] up to first_child[i + 1] */
    uint32_t *codes;       /* [n] that lead to the node */
    uint32_t *id_plus_1;   /* [n] of the pattern that ends here; 0: none */
} mci_trie;

/* automaton_trie.c: numbers the characters, and grows the tree. Zero-initialise both outs; they are
 * released, on failure too. */
mc_status mci_trie_grow(const mci_pattern *patterns, size_t n, mci_characters *characters,
                        mci_trie *out, mc_error *err);
void mci_trie_release(mci_trie *trie);

/* double_array.c: gives every node below the root's children its slot, and every node with children
 * but the root a base of its own, both [n]; nothing else is written. Neither is ever 0. *n_slots:
 * no base + code is beyond. */
mc_status mci_double_array_place(const mci_trie *trie, uint32_t n_codes, uint32_t *slots,
                                 uint32_t *bases, size_t *n_slots, mc_error *err);

#endif
