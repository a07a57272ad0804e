/* SentencePiece vocabularies: a C face of libsentencepiece, which lets no exception out. */
#ifndef MCI_TEXT_PIECES_H
#define MCI_TEXT_PIECES_H

#include "base/buf.h"
#include "base/error.h"
#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mci_pieces mci_pieces; /* immutable, shared by threads */

/* Makes one of a model file's bytes (sentencepiece.bpe.model), after mci_pieces_check.
 * Errors: MC_E_FORMAT, MC_E_NOMEM, MC_E_BACKEND. */
mc_status mci_pieces_new(mc_str model, mci_pieces **out, mc_error *err);
void mci_pieces_free(mci_pieces *pieces);

typedef struct {
    size_t n;
    int32_t unknown, start, end, padding; /* -1: there is none */
} mci_pieces_facts;

mci_pieces_facts mci_pieces_tell(const mci_pieces *pieces);
/* The piece with this id (0 <= id < n), as long as `pieces` lives. */
mc_str mci_pieces_name(const mci_pieces *pieces, int32_t id);

/* Appends the model's file, as SentencePiece writes it. Errors: MC_E_NOMEM, MC_E_BACKEND. */
mc_status mci_pieces_file(const mci_pieces *pieces, mci_buf *out, mc_error *err);

/* Called with all ids of the text, which it copies. */
typedef mc_status mci_pieces_take(void *user, const int *ids, size_t n, mc_error *err);

/* text is valid UTF-8. Errors: MC_E_NOMEM, MC_E_BACKEND, what take answers. */
mc_status mci_pieces_encode(const mci_pieces *pieces, mc_str text, mci_pieces_take *take,
                            void *user, mc_error *err);

/* Whether the bytes look like a model that the library can be given: it trusts them more than one
 * should. MC_E_FORMAT says what is wrong. */
mc_status mci_pieces_check(mc_str model, mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
