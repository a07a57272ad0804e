/* Which languages a pool is to keep. */
#ifndef MCI_CURATE_LANGUAGES_H
#define MCI_CURATE_LANGUAGES_H

#include "curate/flow.h"

enum { MCI_MAX_LANGUAGES = 64 };

typedef struct {
    mc_str codes[MCI_MAX_LANGUAGES]; /* in the order of their bytes, each once; in the list */
    size_t n;                        /* 0: all, and none is identified */
} mci_languages;

/* From "en,und"; NULL: all. MC_E_ARG: a code that identification never gives; too many. */
mc_status mci_languages_parse(const char *list, mci_languages *out, mc_error *err);
/* For a data card. */
void mci_languages_tell(const mci_languages *languages, mc_card *card);
/* What identifies languages, for a card. */
void mci_languages_tell_source(mc_card *card);
/* Appends them, parted by commas. */
mc_status mci_languages_write(const mci_languages *languages, mci_buf *out, mc_error *err);

/* Gives each text that has none its language, drops those of others, and counts. Nothing to do if
 * all are kept. */
mc_status mci_language_batch(const mci_languages *languages, mci_batch *batch, mc_error *err);

#endif
