/* The matcher by the worldwide rule against its definition, with all kernels, in large and small
 * rounds. */
#include "match_check.h"
#include "text/automaton_round.h"
#include "text/matcher_naive.h"
#include "text/matcher_round.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static expected e;
    mc_matcher *matcher = NULL;
    mc_match_scratch *scratch = NULL;
    expect((mc_str){ (const char *)data, size }, mci_match_naive_worldwide, &e);
    require(mc_matcher_new_by_rule(MC_RULE_WORLDWIDE, e.entries, e.n_entries, &matcher, NULL) ==
            MC_OK);
    require(mc_match_scratch_new(&scratch, NULL) == MC_OK);
    check(&e, matcher, scratch);
    mci_automaton_scratch *automaton = scratch->worldwide.automaton; /* NULL: no entry goes by it */
    for (const mci_kernels *const *kernels = mci_kernels_all(); automaton && *kernels; kernels++) {
        automaton->kernels = *kernels;
        automaton->round_codes = MCI_ROUND_CODES;
        check(&e, matcher, scratch);
        automaton->round_codes = MCI_LEAST_ROUND_CODES + size % 16; /* texts are cut in pieces */
        check(&e, matcher, scratch);
    }
    mc_match_scratch_free(scratch);
    mc_matcher_free(matcher);
    return 0;
}
