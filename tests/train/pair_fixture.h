/* A folder and a set to be filled, for tests of what a loader finds. */
#ifndef METACLIP_TESTS_PAIR_FIXTURE_H
#define METACLIP_TESTS_PAIR_FIXTURE_H

#include "pair_set.h"

typedef struct {
    scratch *s;
    pair_set set;
} fixture;

static inline int open_empty(void **state)
{
    void *folder;
    fixture *f = calloc(1, sizeof *f);
    if (!f || scratch_open(&folder) != 0)
        return -1;
    f->s = folder;
    open_tokenizer(&f->set);
    *state = f;
    return 0;
}

static inline int close_all(void **state)
{
    fixture *f = *state;
    void *folder = f->s;
    release_set(&f->set);
    free(f);
    return scratch_close(&folder);
}

static inline void assert_closes(const mci_pair_counters *n)
{
    assert_int_equal(n->samples_read, n->samples_without_image + n->samples_without_text +
                                          n->samples_malformed + n->samples_not_in_subset +
                                          n->samples_not_drawn + n->samples_used);
    assert_int_equal(n->texts_read, n->texts_unmatched + n->texts_not_drawn + n->texts_kept);
}

#endif
