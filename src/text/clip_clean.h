/* What a text is before it is cut into words: decoded, stripped, composed, in lower case. */
#ifndef MCI_TEXT_CLIP_CLEAN_H
#define MCI_TEXT_CLIP_CLEAN_H

#include "base/buf.h"
#include "metaclip/tokenizer.h"
#include "text/nfc.h"

enum { MCI_CLEAN_PAD = 64 }; /* zero bytes behind a clean text, for who reads many at once */

/* Zero-initialise, release at the end. */
typedef struct {
    mci_buf steps[2]; /* what is not clean yet */
    mci_buf clean;
} mci_clean;

/* Sets *out to the clean text, which lives in `clean` until the next call and has MCI_CLEAN_PAD
 * bytes behind it. Wrong bytes become U+FFFD and are added to *n_replaced.
 *
 *   openai  Python's html.unescape twice, strip (str.isspace), str.lower()
 *   hf      NFC, each character in lower case by itself
 *
 * Both also make one space of each run of white space; here that is left out, because what comes
 * after takes all white space for a gap, however long, and nothing else looks at it.
 * nfc is needed for hf only. */
mc_status mci_clip_clean(mc_token_rule rule, const mci_nfc *nfc, mc_str text, mci_clean *scratch,
                         mc_str *out, uint64_t *n_replaced, mc_error *err);
void mci_clean_release(mci_clean *scratch);

#endif
