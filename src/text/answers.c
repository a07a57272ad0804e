#include "text/answers.h"

#include <stdatomic.h>

#include "base/alloc.h"

enum { LINES = 1 << 17, SLOTS = 4 }; /* 8 MiB: half a million texts */

typedef struct {
    _Atomic uint64_t check, what; /* what 0: free */
} slot;

struct mci_answers {
    slot (*lines)[SLOTS];
};

mc_status mci_answers_new(mci_answers **out, mc_error *err)
{
    size_t n_bytes = LINES * sizeof(slot[SLOTS]);
    mci_answers *answers = mci_alloc_zeroed(1, sizeof *answers);
    if (!answers)
        return mci_nomem(err, sizeof *answers);
    answers->lines = mci_alloc_lines(n_bytes);
    if (!answers->lines) {
        mci_answers_free(answers);
        return mci_nomem(err, n_bytes);
    }
    *out = answers;
    return MC_OK;
}

void mci_answers_free(mci_answers *answers)
{
    if (!answers)
        return;
    mci_free(answers->lines);
    mci_free(answers);
}

static slot *line_of(const mci_answers *answers, mci_hash128 text)
{
    return answers->lines[text.high % LINES];
}

/* An answer is kept as one more, so that none is a free slot's. */
static uint64_t what_of(mci_hash128 text, uint16_t answer)
{
    return text.low << 16 | (uint16_t)(answer + 1);
}

void mci_answers_prefetch(const mci_answers *answers, mci_hash128 text)
{
    __builtin_prefetch(line_of(answers, text));
}

bool mci_answers_find(const mci_answers *answers, mci_hash128 text, uint16_t *answer)
{
    const slot *line = line_of(answers, text);
    for (int i = 0; i < SLOTS; i++) {
        uint64_t what = atomic_load_explicit(&line[i].what, memory_order_relaxed);
        uint64_t check = atomic_load_explicit(&line[i].check, memory_order_relaxed) ^ what;
        if (check == text.high && what >> 16 == text.low << 16 >> 16 && (uint16_t)what != 0) {
            *answer = (uint16_t)(what - 1);
            return true;
        }
    }
    return false;
}

void mci_answers_keep(mci_answers *answers, mci_hash128 text, uint16_t answer)
{
    slot *line = line_of(answers, text), *at = &line[text.high / LINES % SLOTS];
    uint64_t what = what_of(text, answer);
    if (answer == UINT16_MAX)
        return;
    for (int i = 0; i < SLOTS; i++)
        if (atomic_load_explicit(&line[i].what, memory_order_relaxed) == 0)
            at = &line[i];
    atomic_store_explicit(&at->what, what, memory_order_relaxed);
    atomic_store_explicit(&at->check, text.high ^ what, memory_order_relaxed);
}
