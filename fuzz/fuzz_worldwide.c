/* The matcher by the worldwide rule against its definition: each text alone, all together. The
 * input is entries, parted by '|', and then texts, parted by '/', all of which together are one
 * more. */
#include <stdlib.h>

#include "metaclip/text.h"
#include "text/matcher_naive.h"

enum { MAX_ENTRIES = 256, MAX_TEXTS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Splits off what stands before the first `mark`. False if there is none. */
static bool take_part(mc_str *rest, char mark, mc_str *part)
{
    const char *end = rest->len ? memchr(rest->data, mark, rest->len) : NULL;
    if (!end)
        return false;
    *part = (mc_str){ rest->data, (size_t)(end - rest->data) };
    *rest = (mc_str){ end + 1, rest->len - part->len - 1 };
    return true;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

typedef struct {
    mc_str entries[MAX_ENTRIES], texts[MAX_TEXTS];
    size_t n_entries, n_texts;
    uint32_t want[MAX_TEXTS][MAX_ENTRIES];
    size_t n_want[MAX_TEXTS];
} expected;

static void expect(mc_str input, expected *e)
{
    while (e->n_entries < MAX_ENTRIES && take_part(&input, '|', &e->entries[e->n_entries]))
        e->n_entries++;
    e->texts[e->n_texts++] = input;
    while (e->n_texts < MAX_TEXTS && take_part(&input, '/', &e->texts[e->n_texts]))
        e->n_texts++;
    for (size_t i = 0; i < e->n_texts; i++) {
        require(mci_match_naive_worldwide(e->entries, e->n_entries, e->texts[i], e->want[i],
                                          &e->n_want[i], NULL) == MC_OK);
        for (size_t k = 0; k < e->n_want[i]; k++)
            require(mc_entry_can_match(e->entries[e->want[i][k]], NULL));
    }
}

static void require_ids(const expected *e, size_t text, const uint32_t *ids, size_t n)
{
    size_t n_want = e->n_want[text];
    require(n == n_want && (n == 0 || memcmp(ids, e->want[text], n * sizeof *ids) == 0));
}

static void check(const expected *e, const mc_matcher *matcher, mc_match_scratch *scratch)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static expected e;
    mc_matcher *matcher = NULL;
    mc_match_scratch *scratch = NULL;
    e.n_entries = e.n_texts = 0;
    expect((mc_str){ (const char *)data, size }, &e);
    require(mc_matcher_new_by_rule(MC_RULE_WORLDWIDE, e.entries, e.n_entries, &matcher, NULL) ==
            MC_OK);
    require(mc_match_scratch_new(&scratch, NULL) == MC_OK);
    check(&e, matcher, scratch);
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    return 0;
}
