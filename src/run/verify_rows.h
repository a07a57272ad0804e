/* The pairs of a Parquet file, each as the line of JSON that it would be as a record of its own:
 * rows do not tell where a record ends and the next one of the same image begins. */
#ifndef MCI_RUN_VERIFY_ROWS_H
#define MCI_RUN_VERIFY_ROWS_H

#include "curate/flow.h"

/* Appends to batch->out a line for each text of the batch, and counts them as kept. */
mc_status mci_format_pairs(mci_batch *batch, mc_error *err);

typedef struct mci_pair_lines mci_pair_lines;

/* Errors: as mci_parquet_open. */
mc_status mci_pair_lines_open(const char *path, mci_pair_lines **out, mc_error *err);
void mci_pair_lines_close(mci_pair_lines *lines);
/* The next line with its LF, until it is passed. MC_END; MC_SKIPPED: a row is unusable. */
mc_status mci_pair_lines_peek(mci_pair_lines *lines, mc_str *line, mc_error *err);
void mci_pair_lines_pass(mci_pair_lines *lines);

#endif
