/* The bytes of many files, piece by piece, in order. What can be decompressed by somebody else is
 * handed on as it is: blocks of bzip2; all else comes decompressed. */
#ifndef MCI_CORPUS_TEXT_PIECES_H
#define MCI_CORPUS_TEXT_PIECES_H

#include "corpus/text_inputs.h"
#include "io/bzip2_blocks.h"

/* Zero-initialise, release at the end. */
typedef struct {
    size_t input;
    bool is_xml;  /* a dump of MediaWiki; else lines of text */
    bool is_span; /* blocks to be decoded; else text */
    bool is_end;  /* of the input; the piece holds nothing */
    mci_bzip2_span span;
    mci_buf text;
    mc_error gap;   /* status MC_SKIPPED: something is missing before the text */
    mci_buf hidden; /* namespaces of the dump, see mci_wikitext_to_prose */
    /* Where the piece after this one begins: of which input, and where in it. */
    size_t next_input;
    uint64_t next_at;
} mci_piece;

void mci_piece_release(mci_piece *piece);

typedef struct mci_piece_reader mci_piece_reader;

/* Keeps inputs. Begins where the piece after another one began. */
mc_status mci_piece_reader_open(const mci_text_inputs *inputs, size_t next_input, uint64_t next_at,
                                mci_piece_reader **out, mc_error *err);
void mci_piece_reader_close(mci_piece_reader *reader);
/* MC_END: all inputs were read. Errors: MC_E_IO, MC_E_FORMAT (this is no text). */
mc_status mci_piece_reader_next(mci_piece_reader *reader, mci_piece *piece, mc_error *err);
/* Bytes of all inputs that were read. */
uint64_t mci_piece_reader_bytes_read(const mci_piece_reader *reader);

#endif
