/* The files that are read: those that are named, and all below the folders that are. */
#ifndef MCI_CORPUS_TEXT_INPUTS_H
#define MCI_CORPUS_TEXT_INPUTS_H

#include "base/buf.h"
#include "metaclip/base.h"

typedef struct {
    char *path;
    const char *name; /* without folders */
    uint64_t n_bytes;
    char sha256[MC_SHA256_DIGITS + 1];
} mci_text_input;

/* Zero-initialise, release at the end. */
typedef struct {
    mci_text_input *items; /* by name, then path: the order of naming does not matter */
    size_t n, cap;
    uint64_t n_bytes;
} mci_text_inputs;

/* Hidden files and folders are passed over. Errors: MC_E_IO, MC_E_ARG (a file is named twice,
 * standard input, no file at all). */
mc_status mci_text_inputs_find(const char *const *paths, size_t n, mci_text_inputs *inputs,
                               mc_error *err);
void mci_text_inputs_release(mci_text_inputs *inputs);

/* Sets the SHA-256 of each. */
mc_status mci_text_inputs_hash(mci_text_inputs *inputs, unsigned n_threads, const mc_hooks *hooks,
                               mc_error *err);

/* Appends `"inputs":[{"name":...,"bytes":...,"sha256":...},...]`. */
mc_status mci_text_inputs_json(const mci_text_inputs *inputs, mci_buf *out, mc_error *err);

#endif
