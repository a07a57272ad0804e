/* What a matcher must find in a fuzzer's input, for the targets that hold one against its
 * definition. The input is entries, parted by '|', and then texts, parted by '/', all of which
 * together are one more. */
#ifndef METACLIP_FUZZ_MATCH_CHECK_H
#define METACLIP_FUZZ_MATCH_CHECK_H

#include "metaclip/text.h"
#include "parts.h"

enum { MAX_ENTRIES = 256, MAX_TEXTS = 64 };

typedef mc_status match_definition(const mc_str *entries, size_t n, mc_str text, uint32_t *ids,
                                   size_t *n_ids, mc_error *err);

typedef struct {
    mc_str entries[MAX_ENTRIES], texts[MAX_TEXTS];
    size_t n_entries, n_texts;
    uint32_t want[MAX_TEXTS][MAX_ENTRIES];
    size_t n_want[MAX_TEXTS];
} expected;

/* By the definition, whose answers are also held against mc_entry_can_match. */
static inline void expect(mc_str input, match_definition *define, expected *e)
{
    e->n_entries = e->n_texts = 0;
    while (e->n_entries < MAX_ENTRIES && take_part(&input, '|', &e->entries[e->n_entries]))
        e->n_entries++;
    e->texts[e->n_texts++] = input;
    while (e->n_texts < MAX_TEXTS && take_part(&input, '/', &e->texts[e->n_texts]))
        e->n_texts++;
    for (size_t i = 0; i < e->n_texts; i++) {
        require(define(e->entries, e->n_entries, e->texts[i], e->want[i], &e->n_want[i], NULL) ==
                MC_OK);
        for (size_t k = 0; k < e->n_want[i]; k++)
            require(mc_entry_can_match(e->entries[e->want[i][k]], NULL));
    }
}

static inline void require_ids(const expected *e, size_t text, const uint32_t *ids, size_t n)
{
    size_t n_want = e->n_want[text];
    require(n == n_want && (n == 0 || memcmp(ids, e->want[text], n * sizeof *ids) == 0));
}

/* Each text alone, and all together. */
static inline void check(const expected *e, const mc_matcher *matcher, mc_match_scratch *scratch)
{
    const uint32_t *ids;
    const size_t *offsets;
    size_t n;
    for (size_t i = 0; i < e->n_texts; i++) {
        require(mc_match(matcher, scratch, e->texts[i], &ids, &n, NULL) == MC_OK);
        require_ids(e, i, ids, n);
    }
    require(mc_match_batch(matcher, scratch, e->texts, e->n_texts, &offsets, &ids, NULL) == MC_OK);
    for (size_t i = 0; i < e->n_texts; i++)
        require_ids(e, i, ids + offsets[i], offsets[i + 1] - offsets[i]);
}

#endif
