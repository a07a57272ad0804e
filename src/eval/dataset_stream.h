/* The images of a data set, prepared for a model by threads in the background, in order, each with
 * its label or captions: what image_stream.h is for images alone. */
#ifndef MCI_EVAL_DATASET_STREAM_H
#define MCI_EVAL_DATASET_STREAM_H

#include "eval/dataset.h"
#include "metaclip/image.h"

typedef struct {
    const mci_dataset_source *source; /* read by one thread at a time, not by the caller's */
    mc_image_options options;
    uint32_t n_classes;       /* a label beyond it is a failure; 0: items have texts instead */
    unsigned n_threads;       /* 0: one a processor */
    unsigned batch;           /* items a batch */
    uint64_t max_image_bytes; /* a longer file is a failure */
} mci_dataset_stream_job;

typedef struct {
    mc_str name; /* with a NUL behind it */
    uint32_t label;
    const char *texts; /* each with a NUL behind it */
    size_t n_texts;
} mci_dataset_row;

typedef struct {
    mc_str name;
    mc_error why;
} mci_dataset_failure;

/* Lives until the next call. */
typedef struct {
    size_t n;            /* rows; may be 0 */
    const float *pixels; /* f32 [n, 3, H, W] */
    const mci_dataset_row *rows;
    size_t n_failures;
    const mci_dataset_failure *failures;
} mci_dataset_batch;

typedef struct mci_dataset_stream mci_dataset_stream;

/* Errors: MC_E_ARG (options), MC_E_NOMEM, MC_E_BACKEND (no threads). */
mc_status mci_dataset_stream_open(const mci_dataset_stream_job *job, mci_dataset_stream **out,
                                  mc_error *err);
/* MC_OK, MC_END. Errors: MC_E_NOMEM, and those of the source. */
mc_status mci_dataset_stream_next(mci_dataset_stream *stream, mci_dataset_batch *batch,
                                  mc_error *err);
void mci_dataset_stream_close(mci_dataset_stream *stream);

#endif
