/* From the tree to the automaton: slots, then fails and outputs level by level. */
#include "base/alloc.h"
#include "text/automaton_internal.h"

typedef struct {
    mci_automaton *automaton;
    mci_trie trie;
    uint32_t *slots, *bases, *parents; /* by node */
} builder;

static bool has_children(const builder *b, size_t node)
{
    return b->trie.first_child[node + 1] > b->trie.first_child[node];
}

/* The first nodes of one code, of two, of MCI_SHORT_CODES, and of more: a node's children stand
 * behind those of the nodes before it, and so do levels. */
typedef struct {
    size_t letter, pair, last_short, longer;
} levels;

static levels find_levels(const mci_trie *trie)
{
    levels l = { .letter = trie->first_child[0], .pair = trie->first_child[1] };
    l.last_short = l.pair;
    for (size_t n_codes = 2; n_codes < MCI_SHORT_CODES; n_codes++)
        l.last_short = trie->first_child[l.last_short];
    l.longer = trie->first_child[l.last_short];
    return l;
}

static mc_status make_tables(builder *b, size_t n_outputs, mc_error *err)
{
    mci_automaton *a = b->automaton;
    MC_TRY(mci_table_memory_new(a->characters.n_codes, sizeof *a->letters, &a->letter_memory, err));
    a->letters = a->letter_memory.data;
    MC_TRY(mci_table_memory_new(a->n_slots, sizeof *a->states, &a->state_memory, err));
    a->states = a->state_memory.data;
    MC_TRY(mci_table_memory_new(n_outputs + 1, sizeof *a->outputs, &a->output_memory, err));
    a->outputs = a->output_memory.data;
    for (size_t i = 0; i < a->n_slots; i++)
        a->states[i].check = MCI_FREE_SLOT;
    return MC_OK;
}

static void fill_letters(builder *b, const levels *l)
{
    for (size_t i = l->letter; i < l->pair; i++)
        b->automaton->letters[b->trie.codes[i]] = (mci_letter){ b->bases[i], b->trie.id_plus_1[i] };
}

static uint32_t find_successors(const mci_trie *trie, size_t node)
{
    uint32_t set = 0;
    for (uint32_t i = trie->first_child[node]; i < trie->first_child[node + 1]; i++)
        set |= UINT32_C(1) << mci_successor_class(trie->codes[i]);
    return set;
}

/* All but what long states have beside, which is 0. */
static void fill_states(builder *b, const levels *l)
{
    for (size_t i = l->pair; i < b->trie.n; i++) {
        mci_state *state = &b->automaton->states[b->slots[i]];
        *state = (mci_state){ .base = b->bases[i], .check = b->bases[b->parents[i]] };
        if (i < l->last_short)
            state->successors = find_successors(&b->trie, i);
        if (i < l->longer)
            state->output = b->trie.id_plus_1[i];
    }
}

/* Where the code leads from the state or, failing that, from the ends of it. */
static uint32_t go_from(const mci_state *states, uint32_t slot, uint32_t code)
{
    uint32_t next = 0;
    for (; slot && !next; slot = states[slot].fail)
        next = mci_state_next(states, states[slot].base, code);
    return next;
}

/* The state of the node's last MCI_SHORT_CODES; 0: there is none. */
static uint32_t last_short(const builder *b, size_t node)
{
    const mci_automaton *a = b->automaton;
    uint32_t codes[MCI_SHORT_CODES], slot = 0;
    for (size_t i = MCI_SHORT_CODES; i > 0; i--, node = b->parents[node])
        codes[i - 1] = b->trie.codes[node];
    uint32_t base = a->letters[codes[0]].base;
    for (size_t i = 1; i < MCI_SHORT_CODES; i++) {
        slot = mci_state_next(a->states, base, codes[i]);
        base = a->states[slot].base;
    }
    return slot;
}

/* Of a node of more codes. Its parent is linked, and so are all shorter states. */
static void link_state(builder *b, size_t node, uint32_t *n_outputs)
{
    mci_automaton *a = b->automaton;
    mci_state *states = a->states, *state = &states[b->slots[node]];
    uint32_t parent = b->slots[b->parents[node]];
    state->fail = go_from(states, states[parent].fail, b->trie.codes[node]);
    if (state->fail)
        state->output = states[state->fail].output;
    else
        state->fail = last_short(b, node);
    if (b->trie.id_plus_1[node]) {
        a->outputs[++*n_outputs] = (mci_output_entry){ b->trie.id_plus_1[node] - 1, state->output };
        state->output = *n_outputs;
    }
    if (!has_children(b, node)) {
        state->base = states[state->fail].base;
        state->fail = states[state->fail].fail;
    }
}

static mc_status lay_out(builder *b, mc_error *err)
{
    mci_automaton *a = b->automaton;
    size_t n = b->trie.n;
    a->n_states = n;
    b->slots = mci_alloc_zeroed(n, sizeof *b->slots);
    b->bases = mci_alloc_zeroed(n, sizeof *b->bases);
    b->parents = mci_alloc_zeroed(n, sizeof *b->parents);
    if (!b->slots || !b->bases || !b->parents)
        return mci_nomem(err, n * sizeof *b->slots);
    for (size_t node = 0; node < n; node++)
        for (uint32_t i = b->trie.first_child[node]; i < b->trie.first_child[node + 1]; i++)
            b->parents[i] = (uint32_t)node;
    return mci_double_array_place(&b->trie, a->characters.n_codes, b->slots, b->bases, &a->n_slots,
                                  err);
}

static mc_status build(builder *b, const mci_pattern *patterns, size_t n, mc_error *err)
{
    mci_automaton *a = b->automaton;
    MC_TRY(mci_trie_grow(patterns, n, &a->characters, &b->trie, err));
    MC_TRY(lay_out(b, err));
    levels l = find_levels(&b->trie);
    size_t n_outputs = 0;
    for (size_t i = l.longer; i < b->trie.n; i++)
        n_outputs += b->trie.id_plus_1[i] != 0;
    MC_TRY(make_tables(b, n_outputs, err));
    fill_letters(b, &l);
    fill_states(b, &l);
    uint32_t n_linked = 0;
    for (size_t i = l.longer; i < b->trie.n; i++)
        link_state(b, i, &n_linked);
    return MC_OK;
}

mc_status mci_automaton_new(const mci_pattern *patterns, size_t n, size_t n_ids,
                            mci_automaton **out, mc_error *err)
{
    mci_automaton *automaton = mci_alloc_zeroed(1, sizeof *automaton);
    if (!automaton)
        return mci_nomem(err, sizeof *automaton);
    builder b = { .automaton = automaton };
    automaton->n_patterns = n;
    automaton->n_ids = n_ids;
    mc_status status = build(&b, patterns, n, err);
    mci_trie_release(&b.trie);
    mci_free(b.slots);
    mci_free(b.bases);
    mci_free(b.parents);
    if (status < 0)
        mci_automaton_free(automaton);
    else
        *out = automaton;
    return status;
}

void mci_automaton_free(mci_automaton *automaton)
{
    if (!automaton)
        return;
    mci_characters_release(&automaton->characters);
    mci_table_memory_release(&automaton->letter_memory);
    mci_table_memory_release(&automaton->state_memory);
    mci_table_memory_release(&automaton->output_memory);
    mci_free(automaton);
}

mci_automaton_size mci_automaton_measure(const mci_automaton *a)
{
    return (mci_automaton_size){ .n_patterns = a->n_patterns,
                                 .n_states = a->n_states,
                                 .n_slots = a->n_slots,
                                 .n_bytes = sizeof *a + a->letter_memory.n_bytes +
                                            a->state_memory.n_bytes + a->output_memory.n_bytes +
                                            a->characters.n_pages * MCI_PAGE *
                                                sizeof *a->characters.codes };
}
