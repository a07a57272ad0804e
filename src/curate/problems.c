#include "curate/problems.h"

#include <string.h>

void mci_problems_note(mci_problems *problems, const mc_error *what, const char *path)
{
    if (problems->n < MC_MAX_PROBLEMS) {
        mc_error *place = &problems->first[problems->n];
        *place = *what;
        mc_add_context(place, what->status, "%s", path);
    }
    problems->n++;
}

void mci_problems_report(const mci_problems *problems, mc_summary *summary)
{
    for (size_t i = 0; i < problems->n && i < MC_MAX_PROBLEMS; i++) {
        if (summary->n_problems == MC_MAX_PROBLEMS)
            return;
        char *place = summary->problems[summary->n_problems++];
        memcpy(place, problems->first[i].text, sizeof problems->first[i].text);
    }
}
