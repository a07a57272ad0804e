/* What tells the language of a text: CLD2, or a fastText model that the user gives. */
#ifndef MCI_CURATE_IDENTIFY_H
#define MCI_CURATE_IDENTIFY_H

#include "metaclip/curate.h"

/* Shared by threads. */
typedef struct mci_identifier mci_identifier;
/* Room to work in; one a thread. */
typedef struct mci_identifier_scratch mci_identifier_scratch;

/* By pool->lid_model and pool->lid_least. MC_E_IO, MC_E_FORMAT, MC_E_LIMIT: the model cannot be
 * read; the text begins with its path. MC_E_ARG: a least probability without a model, or one that
 * is none. */
mc_status mci_identifier_open(const mc_pool *pool, mci_identifier **out, mc_error *err);
void mci_identifier_close(mci_identifier *identifier);

mc_status mci_identifier_scratch_new(const mci_identifier *identifier, mci_identifier_scratch **out,
                                     mc_error *err);
void mci_identifier_scratch_free(mci_identifier_scratch *scratch);

/* Says that a text will come soon. */
void mci_identify_soon(const mci_identifier *identifier, mc_str text);
/* The code of the text's language, which lives as long as the identifier; "und": undecided. */
mc_str mci_identify(const mci_identifier *identifier, mci_identifier_scratch *scratch, mc_str text);

/* For people and data cards: "CLD2 V2.0 - 20141016", "fastText lid.176.bin, SHA-256 ...". */
const char *mci_identifier_name(const mci_identifier *identifier);
/* The SHA-256 of the model; empty: CLD2. */
const char *mci_identifier_sha256(const mci_identifier *identifier);

/* MC_E_ARG, with codes that there are: this one is never given. */
mc_status mci_identifier_check(const mci_identifier *identifier, mc_str code, mc_error *err);

#endif
