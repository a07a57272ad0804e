/* The matcher against its definition. The input is entries and then the text, parted by '|'. */
#include <stdlib.h>

#include "metaclip/text.h"
#include "text/matcher_naive.h"

enum { MAX_ENTRIES = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Splits off what stands before the first '|'. False if there is none. */
static bool take_entry(mc_str *rest, mc_str *entry)
{
    const char *bar = rest->len ? memchr(rest->data, '|', rest->len) : NULL;
    if (!bar)
        return false;
    *entry = (mc_str){ rest->data, (size_t)(bar - rest->data) };
    *rest = (mc_str){ bar + 1, rest->len - entry->len - 1 };
    return true;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_str entries[MAX_ENTRIES], text = { (const char *)data, size };
    uint32_t want[MAX_ENTRIES];
    const uint32_t *got;
    size_t n = 0, n_want, n_got;
    mc_matcher *matcher = NULL;
    mc_match_scratch *scratch = NULL;
    while (n < MAX_ENTRIES && take_entry(&text, &entries[n]))
        n++;
    require(mc_matcher_new(entries, n, &matcher, NULL) == MC_OK);
    require(mc_match_scratch_new(&scratch, NULL) == MC_OK);
    require(mci_match_naive(entries, n, text, want, &n_want, NULL) == MC_OK);
    require(mc_match(matcher, scratch, text, &got, &n_got, NULL) == MC_OK);
    require(n_got == n_want && (n_want == 0 || memcmp(got, want, n_want * sizeof *want) == 0));
    for (size_t i = 0; i < n_got; i++)
        require(mc_entry_can_match(entries[got[i]], NULL));
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    return 0;
}
