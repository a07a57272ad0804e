/* The table of published models, and what else belongs to a model that is pulled. */
#ifndef MCI_MODEL_MODEL_TABLE_H
#define MCI_MODEL_MODEL_TABLE_H

#include "base/buf.h"
#include "metaclip/models.h"

/* The file that holds a vocabulary, for a model whose weights come without it. */
typedef struct {
    const char *vocabulary;
    const char *url;
    const char *sha256; /* "" if none is published */
} mci_vocabulary_file;

/* NULL if nobody publishes one by itself. */
const mci_vocabulary_file *mci_vocabulary_of(const mc_published_model *model);

/* Whether what looks like a repository of Hugging Face: two names with a slash between. */
bool mci_is_repository(const char *what);

/* Puts the folder of a model into out, with a NUL behind: MODELS_DIR/NAME, or
 * MODELS_DIR/OWNER--NAME of a repository. */
mc_status mci_model_folder(const char *models_dir, const char *what, mci_buf *out, mc_error *err);

#endif
