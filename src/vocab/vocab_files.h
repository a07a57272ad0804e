/* The files that a tokenizer becomes beside a model: those that mc_tokenizer_open finds there, and
 * Hugging Face's tools, too.
 *
 *   CLIP's   vocab.json   merges.txt   tokenizer_config.json, which also says by which rule texts
 *                                      are cleaned, as "metaclip_rule"
 *   XLM-V's  sentencepiece.bpe.model   tokenizer_config.json
 *   mT5's    spiece.model              tokenizer_config.json
 */
#ifndef MCI_VOCAB_VOCAB_FILES_H
#define MCI_VOCAB_VOCAB_FILES_H

#include "base/buf.h"
#include "metaclip/tokenizer.h"

enum { MCI_VOCAB_FILES = 3 };

/* Zero-initialise, release in any case. */
typedef struct {
    struct {
        const char *name;
        mci_buf bytes;
    } items[MCI_VOCAB_FILES];
    size_t n;
} mci_vocab_files;

/* Opened from these files it is the same tokenizer: every text has the same ids, and they are made
 * again to the byte. context: ids of a row, which the model takes. Errors: MC_E_FORMAT (a word of
 * the vocabulary has the name of its start or end, or is no UTF-8, which vocab.json cannot say),
 * MC_E_NOMEM, MC_E_BACKEND. */
mc_status mci_vocab_files_make(const mc_tokenizer *tokenizer, size_t context, mci_vocab_files *out,
                               mc_error *err);
void mci_vocab_files_release(mci_vocab_files *files);

/* Writes them into a folder that is there. Errors: MC_E_IO, MC_E_LIMIT (too long a path). */
mc_status mci_vocab_files_write(const mci_vocab_files *files, const char *folder, mc_error *err);

/* Looks for them in a folder: *n_there of the files are there, and *differs names the first that
 * holds something else (NULL: none does). Errors: MC_E_IO, MC_E_LIMIT, MC_E_NOMEM. */
mc_status mci_vocab_files_compare(const mci_vocab_files *files, const char *folder, size_t *n_there,
                                  const char **differs, mc_error *err);

#endif
