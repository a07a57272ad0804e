/* States are the beginnings of patterns. Patterns 京, 東京塔, 京塔, "京都市 ", 都市部:
 *
 *   東 -京-> 東京 -塔-> 東京塔*                           * a pattern ends here
 *   京*-塔-> 京塔*
 *      -都-> 京都 -市-> 京都市 --" "-> "京都市 "*
 *   都 -市-> 都市 -部-> 都市部*
 *
 *   codes    characters by how common they are (characters.h): small numbers lie close together
 *   letters  | base 4 | id 4 |                    what a character is by itself: few, and near
 *   states   | base 4 | check 4 | successors or fail 4 | id or output 4 |    two characters or more
 *
 *            A state is a slot of one array. What leads on from a beginning lies at base + code,
 *            among that of others; `check` names the base that a slot belongs to (double_array.c).
 *            So a step looks at one place, whatever the number of characters.
 *
 *   outputs  | id 4 | next 4 |    patterns of many characters: the longest that ends in a state,
 *            and the next shorter one that ends there too
 *
 * Aho and Corasick are always in one state, the longest end of the text so far that is a beginning,
 * and go on from shorter ends where a character leads on from none. So each step waits for the
 * memory that the one before named, and most steps are for finding out that nothing goes on. As
 * most of what is to be found is short, beginnings are instead looked up from every place of a text
 * at once, in stages; each asks for the memory that the next one reads, and no branch depends on
 * what is found. Where MCI_SHORT_CODES codes are a beginning and may go on, the automaton walks.
 * Its states are as long as that or longer, what is shorter being nothing to go on from. So a text
 * takes time in proportion to its length and to what is found, whatever the patterns are.
 *
 *   text      去東京都市
 *   codes     " " 0 東 京 都 市 " " 0         spaced on the way; what no pattern holds is 0, and
 *                                             a run of it is one; a 0 stands behind each text
 *   stage 1   京                              alone: id              asks for two
 *   stage 2   東京 京都 都市                  id, what may follow    asks for three
 *   stage 3   京都市                          the same               asks for four
 *   ...       "京都市 "
 *   the last                                  what is longer is walked
 *   ids       kernel collect: sorted, each once, by text, with what was found by tokens
 *
 * A round takes many short texts, or a piece of a long one. The next begins with the last codes of
 * this one, and with what is being walked; to find the same twice is no harm. */
#include "text/automaton.h"

#include "base/alloc.h"
#include "text/automaton_round.h"
#include "text/spacing.h"

/* ---- laying codes down ---- */

/* Where codes go to, and the last one: behind a 0 comes no second one. */
typedef struct {
    uint32_t *to, last;
} writing;

static inline writing begin_writing(mci_automaton_scratch *s)
{
    return (writing){ s->codes + s->n_codes, s->codes[s->n_codes - 1] };
}

static inline void end_writing(mci_automaton_scratch *s, writing w)
{
    s->n_codes = (size_t)(w.to - s->codes);
}

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

/* Lays down what there is room for, from *at on. */
static void lay(const mci_characters *characters, uint32_t space, mci_automaton_scratch *s,
                const char **at, const char *end)
{
    const uint32_t *enough = s->codes + MCI_CODES_BEFORE + s->round_codes;
    writing w = begin_writing(s);
    const char *from = *at;
    while (w.to < enough && from < end)
        add_character(characters, space, &w, mci_character_next(&from, end));
    *at = from;
    end_writing(s, w);
}

static void lay_space(mci_automaton_scratch *s, uint32_t space)
{
    writing w = begin_writing(s);
    add_code(&w, space);
    end_writing(s, w);
}

/* One even where there is a 0 already, so that no round has more texts than codes. */
static void lay_end(mci_automaton_scratch *s)
{
    s->codes[s->n_codes++] = 0;
    s->text_ends[s->n_text_ends++] = (uint32_t)s->n_codes;
}

/* ---- texts ---- */

static mc_status match_text(const mci_automaton *automaton, mci_automaton_scratch *s, mc_str text,
                            mc_error *err)
{
    uint32_t space = mci_code_of(&automaton->characters, ' ');
    const char *at = text.data, *end = text.len ? text.data + text.len : text.data;
    lay_space(s, space);
    lay(&automaton->characters, space, s, &at, end);
    while (at < end) {
        MC_TRY(mci_automaton_round(automaton, s, err));
        lay(&automaton->characters, space, s, &at, end);
    }
    lay_space(s, space);
    lay_end(s);
    bool is_full = s->n_codes >= MCI_CODES_BEFORE + s->round_codes;
    return is_full ? mci_automaton_round(automaton, s, err) : MC_OK;
}

static mc_status match_texts(const mci_automaton *automaton, mci_automaton_scratch *s,
                             const mc_str *texts, size_t n, mc_error *err)
{
    void *offsets = s->offsets;
    if (n == SIZE_MAX)
        return mci_nomem(err, n);
    MC_TRY(mci_grow(&offsets, &s->cap_offsets, n + 1, sizeof *s->offsets, err));
    s->offsets = offsets;
    s->offsets[0] = 0;
    for (size_t i = 0; i < n; i++)
        MC_TRY(match_text(automaton, s, texts[i], err));
    return mci_automaton_round(automaton, s, err);
}

mc_status mci_automaton_match(const mci_automaton *automaton, mci_automaton_scratch *s,
                              const mc_str *texts, size_t n, const mci_other_ids *others,
                              const size_t **offsets, const uint32_t **ids, mc_error *err)
{
    s->n_ids = s->n_texts = s->n_text_ends = 0;
    s->n_codes = MCI_CODES_BEFORE;
    memset(s->codes, 0, MCI_CODES_BEFORE * sizeof *s->codes);
    s->run_base = s->run_fail = 0;
    s->others = others;
    MC_TRY(mci_id_set_begin(&s->set, automaton->n_ids, err));
    mc_status status = match_texts(automaton, s, texts, n, err);
    if (status < 0) {
        mci_id_set_clear(&s->set);
        return status;
    }
    *offsets = s->offsets;
    *ids = s->ids;
    return MC_OK;
}

mc_status mci_automaton_scratch_new(mci_automaton_scratch **out, mc_error *err)
{
    mci_automaton_scratch *scratch = mci_alloc_zeroed(1, sizeof *scratch);
    if (!scratch)
        return mci_nomem(err, sizeof *scratch);
    scratch->kernels = mci_kernels_best();
    scratch->round_codes = MCI_ROUND_CODES;
    *out = scratch;
    return MC_OK;
}

void mci_automaton_scratch_free(mci_automaton_scratch *scratch)
{
    if (!scratch)
        return;
    mci_id_set_release(&scratch->set);
    mci_free(scratch->ids);
    mci_free(scratch->offsets);
    mci_free(scratch);
}
