/* The textbook's answer to "which of these strings does this one hold": Aho and Corasick's
 * automaton over bytes, for comparison. Nodes are numbered by level, so that the children of one
 * are a row.
 *
 *   " a "   " ab "        0 -' '-> 1 -'a'-> 2 -' '-> 3*      children of 2: 3, 4
 *                                             -'b'-> 4 -' '-> 5* */
#ifndef METACLIP_BENCH_AHO_CORASICK_H
#define METACLIP_BENCH_AHO_CORASICK_H

#include "metaclip/text.h"

typedef struct {
    size_t n_nodes;
    uint8_t *letters;      /* [n_nodes] of the edge from the parent */
    uint32_t *first_child; /* [n_nodes + 1] children of i: first_child[i] .. first_child[i + 1] */
    uint32_t *fail;        /* [n_nodes] the longest proper end that is a node */
    uint32_t *report;      /* [n_nodes] the longest proper end that is an entry, 0: none */
    uint32_t *n_entries;   /* [n_nodes] entries that end here */
    uint32_t *seen;        /* [n_nodes] the last text whose entry it was */
    uint32_t root[256], n_texts;
} aho_corasick;

/* Over " " + entry + " ", or what the worldwide rule makes of it, for entries that can match. Ends
 * the program if memory is missing. */
aho_corasick aho_corasick_build(mc_match_rule rule, const mc_str *entries, size_t n);
/* The number of entries that the spaced text holds. */
size_t aho_corasick_count(aho_corasick *automaton, mc_str spaced);
size_t aho_corasick_bytes(const aho_corasick *automaton);
void aho_corasick_release(aho_corasick *automaton);

#endif
