/* States are the beginnings of patterns; where a character leads on from none, the automaton goes
 * on from the longest end that is a beginning too. Patterns 東京, 東京塔, 京都, "塔 ":
 *
 *     root -東-> 東 -京-> 東京* -塔-> 東京塔*     * a pattern ends here
 *          -京-> 京 -都-> 京都*                   fail: 東京 -> 京, 東京塔 -> 塔
 *          -塔-> 塔 --" "-> "塔 "*
 *
 *   states   | base 4 | check 4 | fail 4 | output 4 |    16 bytes, at a slot of one array
 *
 *            A state's children lie at base + code, among those of others; a slot is a child of
 *            whose base its `check` names (double_array.c). So a step looks at one place, whatever
 *            the number of characters. A state without children, half of them, has the base and
 *            fail of its fail: to come there is to be here already.
 *
 *   outputs  | id 4 | next 4 |    the pattern that ends in a state, and the next shorter one that
 *            ends there too. States where one ends, or that end in one, name the longest.
 *
 *   codes    characters by how common they are (characters.h): small numbers lie close together
 *
 * A text is read as codes, spaced on the way; what no pattern holds is 0, and a run of it is one.
 * A step waits for memory, so texts go in lanes, many at a time in turn: while one waits, the
 * others step. What a step finds out decides no branch. Patterns found are noted by their output
 * and looked up when the lane reads on. */
#include "text/automaton.h"

#include "base/alloc.h"
#include "text/automaton_internal.h"
#include "text/id_set.h"
#include "text/kernels.h"
#include "text/spacing.h"

enum { N_LANES = 32, LANE_CODES = 96, MARK_CODES = 3 }; /* found by bench_worldwide */

/* What is not touched by every step. */
typedef struct {
    const char *text, *text_end;
    size_t index;             /* of the text */
    uint32_t last;            /* code read */
    bool is_begun, is_closed; /* the space before, behind the text was read */
    mci_id_set set;
} reading;

typedef struct {
    uint32_t base, fail;      /* of the state */
    const uint32_t *at, *end; /* in codes */
    uint32_t n_outputs;
    uint32_t codes[LANE_CODES + 1];   /* and a 0 */
    uint32_t outputs[LANE_CODES + 1]; /* one a code at most */
    reading *reading;
} lane;

struct mci_automaton_scratch {
    const mci_kernels *kernels;
    lane lanes[N_LANES];
    reading readings[N_LANES];
    lane *active[N_LANES];
    size_t n_active;
    mci_found *found;
    uint32_t *ids;
    size_t cap_found, n_ids, cap_ids;
};

typedef struct {
    const mc_str *texts;
    size_t n, next;
} queue;

/* ---- reading ---- */

/* Where codes go to, and the last one: behind a 0 comes no second one. */
typedef struct {
    uint32_t *to, last;
} writing;

static inline void add_code(writing *w, uint32_t code)
{
    *w->to = code;
    w->to += (code | w->last) != 0;
    w->last = code;
}

static inline void add_character(const mci_characters *characters, uint32_t space, writing *w,
                                 uint32_t c)
{
    if (c < 0x80 && mci_becomes_space((char)c))
        c = ' ';
    bool is_mark = c < 0x80 && mci_mark_of((char)c) != 0;
    if (is_mark)
        add_code(w, space);
    add_code(w, mci_code_of(characters, c));
    if (is_mark)
        add_code(w, space);
}

/* Reads on. False if there is nothing more. */
static bool read_codes(const mci_automaton *automaton, lane *l)
{
    reading *r = l->reading;
    uint32_t space = mci_code_of(&automaton->characters, ' ');
    const uint32_t *enough = l->codes + LANE_CODES - MARK_CODES;
    writing w = { l->codes, r->last };
    const char *at = r->text;
    if (!r->is_begun)
        add_code(&w, space);
    while (w.to < enough && at < r->text_end)
        add_character(&automaton->characters, space, &w, mci_character_next(&at, r->text_end));
    if (w.to < enough && !r->is_closed) {
        add_code(&w, space);
        r->is_closed = true;
    }
    *w.to = 0;
    r->is_begun = true;
    r->text = at;
    r->last = w.last;
    l->at = l->codes;
    l->end = w.to;
    return w.to > l->codes;
}

static void begin_text(lane *l, queue *texts)
{
    mc_str text = texts->texts[texts->next];
    reading *r = l->reading;
    r->index = texts->next++;
    r->text = text.data;
    r->text_end = text.len ? text.data + text.len : text.data;
    r->last = 0;
    r->is_begun = r->is_closed = false;
    l->base = l->fail = 0;
    l->at = l->end = l->codes;
}

/* ---- what was found ---- */

/* The longest pattern of each place first, then the next shorter ones of those that have one: no
 * branch depends on how many end in a place. */
static void look_up_outputs(const mci_automaton *automaton, lane *l)
{
    mci_id_set *set = &l->reading->set;
    for (uint32_t n = l->n_outputs, n_next; n; n = n_next) {
        if (set->n_fresh + n > MCI_N_FRESH)
            mci_id_set_fold(set);
        n_next = 0;
        for (uint32_t i = 0; i < n; i++) {
            mci_output_entry output = automaton->outputs[l->outputs[i]];
            set->fresh[set->n_fresh + i] = output.id;
            l->outputs[n_next] = output.next;
            n_next += output.next != 0;
        }
        set->n_fresh += n;
    }
    l->n_outputs = 0;
}

/* Writes the text's ids in order, each once. */
static size_t take_ids(const mci_kernels *kernels, mci_id_set *set, uint32_t *to)
{
    if (kernels->collect && set->n_set == 0 && set->n_fresh <= MCI_COLLECT_IDS) {
        size_t n = kernels->collect(NULL, NULL, 0, set->fresh, set->n_fresh, to);
        if (n != MCI_NOT_COLLECTED) {
            set->n_fresh = 0;
            return n;
        }
    }
    return mci_id_set_take(set, to);
}

static mc_status end_text(mci_automaton_scratch *s, reading *r, mc_error *err)
{
    void *ids = s->ids;
    size_t room = mci_id_set_room(&r->set);
    if (room > SIZE_MAX - MCI_COLLECT_SPILL - s->n_ids)
        return mci_nomem(err, SIZE_MAX);
    MC_TRY(mci_grow(&ids, &s->cap_ids, s->n_ids + room + MCI_COLLECT_SPILL, sizeof *s->ids, err));
    s->ids = ids;
    mci_found *found = &s->found[r->index];
    found->first = s->n_ids;
    found->n = room ? take_ids(s->kernels, &r->set, s->ids + s->n_ids) : 0;
    s->n_ids += found->n;
    return MC_OK;
}

/* ---- stepping ---- */

/* To the state's child; if there is none, to its fail with the same code or, where that is the
 * root, to the root's child or the root. */
static inline void step(const mci_state *states, const mci_output_entry *outputs, lane *l)
{
    uint32_t code = *l->at, child = l->base + code;
    bool leads_on = states[child].check == l->base, fails_to_root = l->fail == 0;
    uint32_t begun = states[code].check == 0 ? code : 0;
    uint32_t otherwise = fails_to_root ? begun : l->fail;
    uint32_t slot = leads_on ? child : otherwise;
    bool advances = leads_on | fails_to_root;
    const mci_state *state = &states[slot];
    l->base = state->base;
    l->fail = state->fail;
    l->at += advances;
    l->outputs[l->n_outputs] = state->output;
    l->n_outputs += advances & (state->output != 0);
    __builtin_prefetch(&states[l->base + *l->at]);
    __builtin_prefetch(&outputs[state->output]);
}

/* The lane's codes are used up: it reads on, or ends its text and begins another. *goes_on is false
 * if there is none. */
static mc_status turn_page(const mci_automaton *automaton, mci_automaton_scratch *s, lane *l,
                           queue *texts, bool *goes_on, mc_error *err)
{
    look_up_outputs(automaton, l);
    *goes_on = true;
    if (read_codes(automaton, l))
        return MC_OK;
    MC_TRY(end_text(s, l->reading, err));
    *goes_on = texts->next < texts->n;
    if (*goes_on)
        begin_text(l, texts);
    return MC_OK;
}

static mc_status run_lanes(const mci_automaton *automaton, mci_automaton_scratch *s, queue *texts,
                           mc_error *err)
{
    while (s->n_active) {
        for (size_t i = 0; i < s->n_active; i++) {
            lane *l = s->active[i];
            if (l->at < l->end) {
                step(automaton->states, automaton->outputs, l);
                continue;
            }
            bool goes_on;
            MC_TRY(turn_page(automaton, s, l, texts, &goes_on, err));
            if (!goes_on)
                s->active[i--] = s->active[--s->n_active];
        }
    }
    return MC_OK;
}

static mc_status start_lanes(const mci_automaton *automaton, mci_automaton_scratch *s, queue *texts,
                             mc_error *err)
{
    s->n_ids = s->n_active = 0;
    for (size_t i = 0; i < N_LANES && texts->next < texts->n; i++) {
        lane *l = &s->lanes[i];
        l->reading = &s->readings[i];
        MC_TRY(mci_id_set_begin(&l->reading->set, automaton->n_ids, err));
        begin_text(l, texts);
        s->active[s->n_active++] = l;
    }
    return MC_OK;
}

mc_status mci_automaton_match(const mci_automaton *automaton, mci_automaton_scratch *s,
                              const mc_str *texts, size_t n, const mci_found **found,
                              const uint32_t **ids, mc_error *err)
{
    void *grown = s->found;
    queue all = { texts, n, 0 };
    MC_TRY(mci_grow(&grown, &s->cap_found, n, sizeof *s->found, err));
    s->found = grown;
    mc_status status = start_lanes(automaton, s, &all, err);
    if (status >= 0)
        status = run_lanes(automaton, s, &all, err);
    for (size_t i = 0; i < N_LANES && status < 0; i++)
        mci_id_set_clear(&s->readings[i].set);
    if (status < 0)
        return status;
    *found = s->found;
    *ids = s->ids;
    return MC_OK;
}

mc_status mci_automaton_scratch_new(mci_automaton_scratch **out, mc_error *err)
{
    mci_automaton_scratch *scratch = mci_alloc_zeroed(1, sizeof *scratch);
    if (!scratch)
        return mci_nomem(err, sizeof *scratch);
    scratch->kernels = mci_kernels_best();
    *out = scratch;
    return MC_OK;
}

void mci_automaton_scratch_free(mci_automaton_scratch *scratch)
{
    if (!scratch)
        return;
    for (size_t i = 0; i < N_LANES; i++)
        mci_id_set_release(&scratch->readings[i].set);
    mci_free(scratch->found);
    mci_free(scratch->ids);
    mci_free(scratch);
}
