/* Prepared images of many inputs, in order, made by threads in the background while the one who
 * takes them does something else:
 *
 *     while ((status = mci_image_stream_next(stream, &batch, &err)) == MC_OK)
 *         encode(batch.pixels, batch.n), note(batch.failures, batch.n_failures);
 *
 * Every input gets a position, counted from 0. One that gives no image is no row but a failure,
 * with its name, position and reason: rows and failures together are all inputs. */
#ifndef MCI_MODEL_IMAGE_STREAM_H
#define MCI_MODEL_IMAGE_STREAM_H

#include "metaclip/image.h"

typedef struct {
    const char *const *inputs; /* files, folders, tars; "-" is standard input (io/image_inputs.h) */
    size_t n_inputs;
    mc_image_options options;
    bool as_bytes;            /* u8 [H, W, 3] instead of f32 [3, H, W] */
    unsigned n_threads;       /* 0: one a processor */
    unsigned batch;           /* inputs a batch; 0: 32 */
    unsigned n_batches;       /* in memory: one taken, the others being filled; 0: 3, at least 2 */
    uint64_t max_image_bytes; /* a longer file is a failure; 0: 64 MiB */
    /* Inputs at positions that are not wanted are passed by; NULL: all are. Called in order, by one
     * thread at a time. */
    bool (*wanted)(void *user, uint64_t position);
    void *user;
} mci_image_stream_job;

typedef struct {
    mc_str name; /* with a NUL behind it; bytes as they are in the file system or the tar */
    uint64_t position;
} mci_image_row;

typedef struct {
    mc_str name;
    uint64_t position;
    mc_error why;
} mci_image_failure;

/* Lives until the next call on the stream. */
typedef struct {
    size_t n;             /* rows; may be 0 */
    const float *pixels;  /* f32 [n, 3, H, W], or NULL */
    const uint8_t *bytes; /* u8 [n, H, W, 3], or NULL */
    const mci_image_row *rows;
    size_t n_failures;
    const mci_image_failure *failures;
} mci_image_batch;

typedef struct mci_image_stream mci_image_stream;

/* Keeps job->inputs until mci_image_stream_close. Errors: MC_E_ARG (options), MC_E_NOMEM,
 * MC_E_BACKEND (no threads). */
mc_status mci_image_stream_open(const mci_image_stream_job *job, mci_image_stream **out,
                                mc_error *err);
/* MC_OK, MC_END. Errors: MC_E_NOMEM. */
mc_status mci_image_stream_next(mci_image_stream *stream, mci_image_batch *batch, mc_error *err);
/* How many files of folders and members of tars were passed over, since not named as images; final
 * after MC_END. */
uint64_t mci_image_stream_passed_over(mci_image_stream *stream);
void mci_image_stream_size(const mci_image_stream *stream, unsigned *width, unsigned *height);
/* Also in the middle. Takes NULL. */
void mci_image_stream_close(mci_image_stream *stream);

#endif
