/* Texts out of files, one after the other: lines, or strings of JSON. Nothing is lost between them,
 * so that the i-th text stays the i-th. */
#ifndef MCI_MODEL_TEXT_SOURCE_H
#define MCI_MODEL_TEXT_SOURCE_H

#include "base/buf.h"
#include "io/json.h"
#include "metaclip/tokenizer.h"

typedef struct mci_text_source mci_text_source;

/* inputs and hooks are lent until close. Errors: MC_E_ARG (standard input is named twice). */
mc_status mci_text_source_open(const char *const *inputs, size_t n_inputs, mc_texts_form form,
                               const mc_hooks *hooks, mci_text_source **out, mc_error *err);
void mci_text_source_close(mci_text_source *source);

typedef struct {
    mc_str raw; /* as it stands in the file, without its line end; empty if is_long */
    bool is_json;
    bool is_long; /* of more than MC_MAX_TEXT_BYTES (of JSON: four times as many) */
    size_t input;
    uint64_t number; /* of the line, or the element of an array, from 1 */
} mci_text_item;

/* The next text; raw lives until the next call. MC_END. Errors: MC_E_IO; MC_E_FORMAT for damage:
 * nobody knows how many texts it swallowed. All name the path. */
mc_status mci_text_source_next(mci_text_source *source, mci_text_item *item, mc_error *err);

/* Which share of the inputs was given, up to 1; 0 when nobody knows (a pipe). */
double mci_text_source_share(const mci_text_source *source);

/* ---- what an item says ---- */

/* One per thread. Zero-initialise, release at the end. */
typedef struct {
    mci_json *json;
    mci_buf repaired;
} mci_text_decoder;

/* The text of an item (any bytes, if it was a line). MC_SKIPPED with err: it is too long, or no
 * JSON string. *is_repaired: wrong bytes or lone surrogates of JSON became U+FFFD. */
mc_status mci_text_decode(mci_text_decoder *decoder, const mci_text_item *item, mc_str *text,
                          bool *is_repaired, mc_error *err);
void mci_text_decoder_release(mci_text_decoder *decoder);

#endif
