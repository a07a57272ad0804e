/* A file of pairs that is written batch by batch: JSON Lines, or Parquet by its name. */
#ifndef MCI_CURATE_PAIRS_OUTPUT_H
#define MCI_CURATE_PAIRS_OUTPUT_H

#include "curate/flow.h"
#include "io/output.h"
#include "io/parquet_out.h"

typedef struct {
    mci_output *file;       /* one of these two while it is open: JSON Lines, */
    mci_parquet_out *table; /* or Parquet, if the name ends in .parquet */
} mci_pairs_output;

/* The codec is for JSON Lines; mci_codec_of(path) as a rule. */
mc_status mci_pairs_output_open(mci_pairs_output *output, const char *path, mci_codec codec,
                                mc_error *err);
/* Counts what is left of the batch as kept and makes what is to be written; for any thread. */
mc_status mci_pairs_output_format(const mci_pairs_output *output, mci_batch *batch, mc_error *err);
/* Writes what was made. */
mc_status mci_pairs_output_write(mci_pairs_output *output, const mci_batch *batch, mc_error *err);
/* Lets the file appear, or takes it back if status is a failure; gives the status of both. */
mc_status mci_pairs_output_end(mci_pairs_output *output, mc_status status, mc_error *err);

#endif
