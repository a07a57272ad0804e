/* From the tree to the automaton: slots, then fails and outputs level by level. */
#include "base/alloc.h"
#include "text/automaton_internal.h"

typedef struct {
    mci_automaton *automaton;
    mci_trie trie;
    uint32_t *slots, *bases; /* by node */
} builder;

static bool has_children(const builder *b, size_t node)
{
    return b->trie.first_child[node + 1] > b->trie.first_child[node];
}

static mc_status make_tables(builder *b, mc_error *err)
{
    mci_automaton *a = b->automaton;
    for (size_t i = 0; i < b->trie.n; i++)
        a->n_outputs += b->trie.id_plus_1[i] != 0;
    MC_TRY(mci_table_memory_new(a->n_slots, sizeof *a->states, &a->state_memory, err));
    a->states = a->state_memory.data;
    MC_TRY(mci_table_memory_new(a->n_outputs + 1, sizeof *a->outputs, &a->output_memory, err));
    a->outputs = a->output_memory.data;
    for (size_t i = 0; i < a->n_slots; i++)
        a->states[i].check = MCI_FREE_SLOT;
    return MC_OK;
}

static void fill_states(builder *b)
{
    for (size_t node = 0; node < b->trie.n; node++) {
        b->automaton->states[b->slots[node]].base = b->bases[node];
        for (uint32_t i = b->trie.first_child[node]; i < b->trie.first_child[node + 1]; i++)
            b->automaton->states[b->slots[i]].check = b->bases[node];
    }
}

/* Where the code leads from the state or, failing that, from the ends of it. */
static uint32_t go_from(const mci_state *states, uint32_t slot, uint32_t code)
{
    for (;; slot = states[slot].fail) {
        uint32_t base = states[slot].base;
        if (states[base + code].check == base)
            return base + code;
        if (base == 0)
            return 0;
    }
}

/* The parent's own link is done, and so are those of all shorter states. */
static void link_child(builder *b, uint32_t parent, size_t node, uint32_t *n_outputs)
{
    mci_automaton *a = b->automaton;
    mci_state *states = a->states, *state = &states[b->slots[node]];
    state->fail = parent ? go_from(states, states[parent].fail, b->trie.codes[node]) : 0;
    const mci_state *fail = &states[state->fail];
    state->output = fail->output;
    if (b->trie.id_plus_1[node]) {
        a->outputs[++*n_outputs] = (mci_output_entry){ b->trie.id_plus_1[node] - 1, fail->output };
        state->output = *n_outputs;
    }
    if (!has_children(b, node)) {
        state->base = fail->base;
        state->fail = fail->fail;
    }
}

static void link_states(builder *b)
{
    uint32_t n_outputs = 0;
    for (size_t node = 0; node < b->trie.n; node++)
        for (uint32_t i = b->trie.first_child[node]; i < b->trie.first_child[node + 1]; i++)
            link_child(b, b->slots[node], i, &n_outputs);
}

static mc_status build(builder *b, const mci_pattern *patterns, size_t n, mc_error *err)
{
    mci_automaton *a = b->automaton;
    MC_TRY(mci_trie_grow(patterns, n, &a->characters, &b->trie, err));
    a->n_states = b->trie.n;
    b->slots = mci_alloc(b->trie.n * sizeof *b->slots);
    b->bases = mci_alloc_zeroed(b->trie.n, sizeof *b->bases);
    if (!b->slots || !b->bases)
        return mci_nomem(err, b->trie.n * sizeof *b->slots);
    MC_TRY(mci_double_array_place(&b->trie, a->characters.n_codes, b->slots, b->bases, &a->n_slots,
                                  err));
    MC_TRY(make_tables(b, err));
    fill_states(b);
    link_states(b);
    return MC_OK;
}

mc_status mci_automaton_new(const mci_pattern *patterns, size_t n, size_t n_ids,
                            mci_automaton **out, mc_error *err)
{
    mci_automaton *automaton = mci_alloc_zeroed(1, sizeof *automaton);
    if (!automaton)
        return mci_nomem(err, sizeof *automaton);
    builder b = { .automaton = automaton };
    automaton->n_ids = n_ids;
    mc_status status = build(&b, patterns, n, err);
    mci_trie_release(&b.trie);
    mci_free(b.slots);
    mci_free(b.bases);
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
    mci_table_memory_release(&automaton->state_memory);
    mci_table_memory_release(&automaton->output_memory);
    mci_free(automaton);
}

mci_automaton_size mci_automaton_measure(const mci_automaton *a)
{
    return (mci_automaton_size){
        .n_states = a->n_states,
        .n_slots = a->n_slots,
        .n_outputs = a->n_outputs,
        .n_bytes = sizeof *a + a->state_memory.n_bytes + a->output_memory.n_bytes +
                   a->characters.n_pages * MCI_PAGE * sizeof *a->characters.codes
    };
}
