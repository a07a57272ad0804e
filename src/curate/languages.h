/* The languages of a pool's texts: they are identified, and those that nobody wants are dropped. */
#ifndef MCI_CURATE_LANGUAGES_H
#define MCI_CURATE_LANGUAGES_H

#include "curate/flow.h"
#include "curate/identify.h"

enum { MCI_MAX_LANGUAGES = 64 };

struct mci_languages {
    mc_str
        codes[MCI_MAX_LANGUAGES]; /* in the order of their bytes, each once; in the pool's text */
    size_t n;                     /* 0: all are kept */
    mci_identifier *identifier;   /* NULL: none is identified */
};

/* By pool->languages, such as "en,und", which has to stay, and by what identifies them there. Where
 * no languages are named none are identified, unless texts are routed by them. MC_E_ARG: a code
 * that identification never gives; too many; a model that nothing needs. And those of
 * mci_identifier_open. */
mc_status mci_languages_open(const mc_pool *pool, bool routes, mci_languages *out, mc_error *err);
void mci_languages_close(mci_languages *languages);

/* For a data card, and for a summary. */
void mci_languages_tell(const mci_languages *languages, mc_card *card);
void mci_languages_sum_up(const mci_languages *languages, mc_summary *summary);
/* Appends them, parted by commas. */
mc_status mci_languages_write(const mci_languages *languages, mci_buf *out, mc_error *err);

/* Gives each text that has none its language, drops those of others, and counts. Nothing to do if
 * none is identified. */
mc_status mci_language_batch(const mci_languages *languages, mci_identifier_scratch *scratch,
                             mci_batch *batch, mc_error *err);

/* ---- language_counts.c ---- */

/* One more text of a language. */
void mci_language_count(mc_language_counts *counts, mc_str code, bool is_kept);
/* One that was counted as kept is dropped after all. */
void mci_language_uncount(mc_language_counts *counts, mc_str code);
void mci_language_counts_add(mc_language_counts *to, const mc_language_counts *more);
/* Appends them as a JSON object, {"en":{"kept":3,"dropped":0},...}, in the order of the codes, ""
 * for all others, and reads such a one, adding to what there is. */
mc_status mci_language_counts_write(const mc_language_counts *counts, mci_buf *out, mc_error *err);
void mci_language_counts_read(mci_json_value object, mc_language_counts *counts);

#endif
