/* The images of inputs, one after the other: files as they are named, folders looked through in the
 * order of their names with all that is below them, and the members of tars. What is named is taken
 * for an image, or a tar, whatever its name; of folders and tars only what is named as images are.
 * Hidden files, and links to folders, are passed over. */
#ifndef MCI_IO_IMAGE_INPUTS_H
#define MCI_IO_IMAGE_INPUTS_H

#include "base/buf.h"

/* One image: where it is, or what it is. Zero-initialise it before, release it at the end. */
typedef struct {
    mci_buf name;  /* its path; of a member "TAR/MEMBER"; with a NUL that is not counted */
    mci_buf bytes; /* of a member; of others after mci_image_input_read */
    bool has_bytes;
} mci_image_input;

void mci_image_input_release(mci_image_input *input);

typedef struct mci_image_inputs mci_image_inputs; /* one thread at a time */

/* Keeps paths. */
mc_status mci_image_inputs_open(const char *const *paths, size_t n_paths, uint64_t max_image_bytes,
                                mci_image_inputs **out, mc_error *err);
void mci_image_inputs_close(mci_image_inputs *inputs);
/* The next one. MC_END; MC_SKIPPED with err: what input->name names cannot be read (the rest of a
 * damaged tar is sought), and is an input that gives no image. Errors: MC_E_NOMEM. */
mc_status mci_image_inputs_next(mci_image_inputs *inputs, mci_image_input *input, mc_error *err);
/* Files of folders, and members of tars, that were passed over so far. */
uint64_t mci_image_inputs_passed_over(const mci_image_inputs *inputs);

/* Reads a file's bytes, unless they are there; by any thread. Errors: MC_E_IO (with the system's
 * reason), MC_E_LIMIT, MC_E_NOMEM; without the name. */
mc_status mci_image_input_read(mci_image_input *input, uint64_t max_image_bytes, mc_error *err);

#endif
