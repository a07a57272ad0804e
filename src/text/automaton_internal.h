/* What an automaton is made of, and the steps of making it. For the automaton*.c files only. */
#ifndef MCI_TEXT_AUTOMATON_INTERNAL_H
#define MCI_TEXT_AUTOMATON_INTERNAL_H

#include "text/automaton.h"
#include "text/characters.h"
#include "text/table_memory.h"

typedef struct {
    uint32_t base;   /* a code leads to slot base + code, if its `check` says so; the root's is 0 */
    uint32_t check;  /* the base of the parent, which is nobody else's; MCI_FREE_SLOT: of nobody */
    uint32_t fail;   /* the slot of the longest proper end that is a state */
    uint32_t output; /* the longest end that is a pattern, in `outputs`; 0: none */
} mci_state;         /* one without children has base and fail of its fail */

#define MCI_FREE_SLOT UINT32_MAX

typedef struct {
    uint32_t id;
    uint32_t next; /* the next shorter pattern that ends here too, in `outputs`; 0: none */
} mci_output_entry;

struct mci_automaton {
    mci_characters characters;
    mci_state *states;         /* [n_slots]; the root's slot is 0 */
    mci_output_entry *outputs; /* [n_outputs + 1]; 0 is none */
    size_t n_states, n_slots, n_outputs, n_ids;
    mci_table_memory state_memory, output_memory;
};

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

/* double_array.c: gives every node its slot and every node with children a base of its own, both
 * [n]; the others' bases stay as they are. The root's are 0. *n_slots: no base + code is beyond. */
mc_status mci_double_array_place(const mci_trie *trie, uint32_t n_codes, uint32_t *slots,
                                 uint32_t *bases, size_t *n_slots, mc_error *err);

#endif
