/* How a vocabulary file writes bytes: each as a character that can be seen, as GPT-2 did. The 188
 * bytes that Latin-1 prints stand for themselves; the others, ascending, are U+0100 and so on. The
 * last symbol of a word ends in "</w>". */
#ifndef MCI_TEXT_BPE_NAMES_H
#define MCI_TEXT_BPE_NAMES_H

#include "base/buf.h"

#define MCI_WORD_END "</w>"

enum { MCI_N_BYTES = 256, MCI_N_BASE = 2 * MCI_N_BYTES, MCI_NAME_BYTES = 8 };

/* The byte at a place of the order in which base symbols are numbered. */
unsigned char mci_bpe_byte_at(unsigned place);

/* The name of a byte (without a NUL), gives its length: 1 or 2. */
size_t mci_bpe_byte_name(unsigned char byte, char out[MCI_NAME_BYTES]);

/* Appends the bytes that a name stands for. A character that stands for none stays as it is. A name
 * that ends a word loses its mark: *ends_word says so. */
mc_status mci_bpe_name_bytes(mc_str name, mci_buf *out, bool *ends_word, mc_error *err);

#endif
