/* The first few things that were skipped, by name. */
#ifndef MCI_CURATE_PROBLEMS_H
#define MCI_CURATE_PROBLEMS_H

#include "base/buf.h"
#include "io/json.h"
#include "metaclip/curate.h"

typedef struct {
    size_t n; /* noted; the first MC_MAX_PROBLEMS are kept */
    mc_error first[MC_MAX_PROBLEMS];
} mci_problems;

void mci_problems_note(mci_problems *problems, const mc_error *what, const char *path);
/* Puts the texts kept into the summary, as far as it has room. */
void mci_problems_report(const mci_problems *problems, mc_summary *summary);
/* The same for those another summary kept. */
void mci_problems_carry(const mc_summary *from, mc_summary *to);
/* Takes texts from a JSON array that mci_problems_json wrote, as far as there is room. */
void mci_problems_read(mci_json_value array, mc_summary *summary);
/* Appends the summary's texts as a JSON array. */
mc_status mci_problems_json(const mc_summary *summary, mci_buf *out, mc_error *err);

#endif
