/* The matcher against its definition, with all kernels, in large and small rounds. */
#include "match_check.h"
#include "text/matcher_naive.h"
#include "text/matcher_round.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static expected e;
    mc_matcher *matcher = NULL;
    mc_match_scratch *scratch = NULL;
    expect((mc_str){ (const char *)data, size }, mci_match_naive, &e);
    require(mc_matcher_new(e.entries, e.n_entries, &matcher, NULL) == MC_OK);
    require(mc_match_scratch_new(&scratch, NULL) == MC_OK);
    for (const mci_kernels *const *kernels = mci_kernels_all(); *kernels; kernels++) {
        scratch->kernels = *kernels;
        scratch->round_bytes = MCI_ROUND_BYTES;
        check(&e, matcher, scratch);
        scratch->round_bytes = MCI_LEAST_ROUND + size % 16; /* so that texts are cut in pieces */
        check(&e, matcher, scratch);
    }
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    return 0;
}
