#include "text/automaton_round.h"

#include "base/alloc.h"

static inline void prefetch(const void *at)
{
#ifdef __GNUC__
    __builtin_prefetch(at);
#else
    (void)at;
#endif
}

/* ---- stage 1: each code alone, and where it would be with the one before ---- */

static void place_pairs(const mci_automaton *automaton, mci_automaton_scratch *s)
{
    const mci_letter *letters = automaton->letters;
    const mci_state *states = automaton->states;
    uint32_t base = letters[s->codes[0]].base;
    for (size_t i = 1; i < s->n_codes; i++) {
        uint32_t code = s->codes[i], slot = base + code;
        mci_letter letter = letters[code];
        prefetch(&states[slot]);
        s->slots[i] = slot;
        s->letter_ids[i] = letter.id_plus_1;
        base = letter.base;
    }
}

/* ---- stage 2: two codes, and where they would be with the next ---- */

/* What is found is taken by masks of all ones or zero: a branch could not be guessed. */
static void find_pairs(const mci_automaton *automaton, mci_automaton_scratch *s)
{
    const mci_state *states = automaton->states;
    size_t n = 0;
    for (size_t i = 1; i < s->n_codes; i++) {
        uint32_t slot = s->slots[i], code = s->codes[i + 1];
        const mci_state *state = &states[slot];
        uint32_t is_it = (uint32_t)0 - (state->check == slot - s->codes[i]);
        uint32_t may_go_on = state->successors >> mci_successor_class(code) & is_it & 1;
        uint32_t next = (state->base + code) & (0 - may_go_on);
        s->pair_ids[i] = state->output & is_it;
        s->open[n] = (mci_round_place){ (uint32_t)i + 1, next };
        n += may_go_on;
        prefetch(&states[next]);
    }
    s->n_open = n;
}

/* ---- stages 3 and on: one code more ---- */

/* `any` is 1 where states have no filter. */
static void find_longer(const mci_automaton *automaton, mci_automaton_scratch *s,
                        mci_round_list *ids, uint32_t any)
{
    const mci_state *states = automaton->states;
    size_t n = 0, n_ids = 0;
    for (size_t i = 0; i < s->n_open; i++) {
        uint32_t at = s->open[i].at, slot = s->open[i].what, code = s->codes[at + 1];
        const mci_state *state = &states[slot];
        uint32_t is_it = (uint32_t)0 - (state->check == slot - s->codes[at]);
        uint32_t filter = state->successors >> mci_successor_class(code) | any;
        uint32_t may_go_on = filter & is_it & (state->base != 0);
        uint32_t next = (state->base + code) & (0 - may_go_on);
        ids->places[n_ids] = (mci_round_place){ at, state->output - 1 };
        n_ids += (state->output & is_it) != 0;
        s->open[n] = (mci_round_place){ at + 1, next };
        n += may_go_on;
        prefetch(&states[next]);
    }
    s->n_open = n;
    ids->n = n_ids;
    ids->next = 0;
}

/* ---- the last stage: what is longer yet ---- */

/* Adds the patterns that end here. Where an id is among the bits already, so are all behind it: a
 * long text goes each way once. */
static void report(const mci_output_entry *outputs, uint32_t output, mci_id_set *set)
{
    while (output) {
        mci_output_entry entry = outputs[output];
        if (mci_id_set_has_bit(set, entry.id))
            return;
        mci_id_set_add_if(set, entry.id, true);
        output = entry.next;
    }
}

/* Leads the run over the code; failing that, what it ends with. */
static void follow(const mci_automaton *automaton, mci_automaton_scratch *s, uint32_t code)
{
    const mci_state *states = automaton->states;
    uint32_t next = mci_state_next(states, s->run_base, code);
    while (!next && s->run_fail) {
        const mci_state *shorter = &states[s->run_fail];
        next = mci_state_next(states, shorter->base, code);
        s->run_fail = shorter->fail;
    }
    s->run_base = states[next].base; /* of slot 0: 0 */
    s->run_fail = states[next].fail;
    report(automaton->outputs, states[next].output, &s->set);
}

/* Walks runs over the places from..end. While one goes on, those that begin inside it are among its
 * ends. *next is the first of the round's that is not behind. */
static void walk_runs(const mci_automaton *automaton, mci_automaton_scratch *s, size_t from,
                      size_t end, size_t *next)
{
    size_t at = from, i = *next;
    for (;;) {
        for (; s->run_base && at < end; at++)
            follow(automaton, s, s->codes[at]);
        while (i < s->n_open && s->open[i].at < at)
            i++;
        if (s->run_base || i == s->n_open || s->open[i].at >= end)
            break;
        at = s->open[i].at;
        s->run_base = s->open[i++].what - s->codes[at];
        s->run_fail = 0;
    }
    *next = i;
}

/* ---- the ids of each text ---- */

/* Adds the ids of three codes or more, but not too many for stages, that end among from..end. */
static void gather_longer(mci_automaton_scratch *s, size_t from, size_t end)
{
    for (size_t level = 0; level < s->n_levels; level++) {
        mci_round_list *ids = &s->longer_ids[level];
        for (; ids->next < ids->n && ids->places[ids->next].at < end; ids->next++)
            mci_id_set_add_if(&s->set, ids->places[ids->next].what,
                              ids->places[ids->next].at >= from);
    }
}

/* Adds those of one code or two that end with the places from..end. */
static void gather(mci_automaton_scratch *s, size_t from, size_t end)
{
    for (size_t i = from; i < end; i++) {
        mci_id_set_add_if(&s->set, s->letter_ids[i] - 1, s->letter_ids[i] != 0);
        mci_id_set_add_if(&s->set, s->pair_ids[i] - 1, s->pair_ids[i] != 0);
    }
}

static void gather_others(mci_automaton_scratch *s)
{
    const mci_other_ids *others = s->others;
    for (size_t i = others->offsets[s->n_texts]; i < others->offsets[s->n_texts + 1]; i++)
        mci_id_set_add_if(&s->set, others->names[others->ids[i]], true);
}

static mc_status reserve_ids(mci_automaton_scratch *s, size_t extra, mc_error *err)
{
    void *ids = s->ids;
    if (s->cap_ids - s->n_ids >= extra)
        return MC_OK;
    mc_status status = mci_grow(&ids, &s->cap_ids, s->n_ids + extra, sizeof *s->ids, err);
    s->ids = ids;
    return status;
}

/* Whether the kernel could do it: a text that is short and lies in this round alone. */
static bool collect(mci_automaton_scratch *s, size_t from, size_t end)
{
    if (!s->kernels->collect || s->set.n_set)
        return false;
    size_t n = s->kernels->collect(s->letter_ids + from, s->pair_ids + from, end - from,
                                   s->set.fresh, s->set.n_fresh, s->ids + s->n_ids);
    if (n == MCI_NOT_COLLECTED)
        return false;
    s->n_ids += n;
    s->set.n_fresh = 0;
    return true;
}

/* A text ends with the place before `end`. */
static mc_status end_text(mci_automaton_scratch *s, size_t from, size_t end, mc_error *err)
{
    if (s->others)
        gather_others(s);
    MC_TRY(reserve_ids(s, MCI_COLLECT_IDS + MCI_COLLECT_SPILL, err));
    if (!collect(s, from, end)) {
        gather(s, from, end);
        MC_TRY(reserve_ids(s, mci_id_set_room(&s->set), err));
        s->n_ids += mci_id_set_take(&s->set, s->ids + s->n_ids);
    }
    s->offsets[++s->n_texts] = s->n_ids;
    return MC_OK;
}

static mc_status end_texts(const mci_automaton *automaton, mci_automaton_scratch *s, mc_error *err)
{
    size_t from = MCI_CODES_BEFORE, run = 0;
    for (size_t i = 0; i < s->n_text_ends; i++) {
        size_t end = s->text_ends[i];
        walk_runs(automaton, s, from, end, &run);
        gather_longer(s, from, end);
        MC_TRY(end_text(s, from, end, err));
        from = end;
    }
    walk_runs(automaton, s, from, s->n_codes, &run);
    gather_longer(s, from, s->n_codes);
    gather(s, from, s->n_codes);
    return MC_OK;
}

mc_status mci_automaton_round(const mci_automaton *automaton, mci_automaton_scratch *s,
                              mc_error *err)
{
    s->codes[s->n_codes] = 0;
    place_pairs(automaton, s);
    find_pairs(automaton, s);
    size_t i = 0;
    for (; i < COUNT_OF(s->longer_ids) && s->n_open; i++)
        find_longer(automaton, s, &s->longer_ids[i], i + 1 == COUNT_OF(s->longer_ids));
    s->n_levels = i;
    MC_TRY(end_texts(automaton, s, err));
    memmove(s->codes, s->codes + s->n_codes - MCI_CODES_BEFORE,
            MCI_CODES_BEFORE * sizeof *s->codes);
    s->n_codes = MCI_CODES_BEFORE;
    s->n_text_ends = 0;
    return MC_OK;
}
