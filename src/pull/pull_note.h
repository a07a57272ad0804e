/* What is noted of a file that was pulled, beside it: FILE.meta.json. */
#ifndef MCI_MODEL_PULL_NOTE_H
#define MCI_MODEL_PULL_NOTE_H

#include "metaclip/models.h"

typedef struct {
    bool is_there;
    char *url; /* never NULL if it is there */
    char sha256[MC_SHA256_DIGITS + 1];
} mci_note;

/* A note that is gone, or spoiled, is not there. */
mc_status mci_note_read(const char *path, mci_note *out, mc_error *err);
void mci_note_release(mci_note *note);
/* model may be NULL. */
mc_status mci_note_write(const char *path, const char *url, const mc_pulled_file *file,
                         const mc_published_model *model, mc_error *err);

#endif
