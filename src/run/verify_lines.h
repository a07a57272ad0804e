/* The lines that a file should hold, one after the other, against those that it holds: to the byte,
 * in bounded memory. After a difference the two find together again, as a diff would have them, if
 * that takes no more than a thousand lines. */
#ifndef MCI_RUN_VERIFY_LINES_H
#define MCI_RUN_VERIFY_LINES_H

#include "run/verify_findings.h"

typedef struct mci_line_check mci_line_check;

/* A Parquet file is taken as lines of its pairs (verify_rows.h). `shown` names the file in
 * findings, of which the shard's n-th has mci_place(shard, n); keeps shown and findings. Lines
 * longer than max_bytes are findings of their own. */
mc_status mci_line_check_open(const char *path, const char *shown, uint64_t max_bytes, size_t shard,
                              mci_findings *findings, mci_line_check **out, mc_error *err);
void mci_line_check_close(mci_line_check *check);

/* The next line of the file should be this one, which ends with LF. */
mc_status mci_line_check_expect(mci_line_check *check, mc_str line, mc_error *err);
/* Nothing should follow. */
mc_status mci_line_check_end(mci_line_check *check, mc_error *err);

#endif
