/* Unicode's composed form, as of Unicode 14 whatever version the library at hand knows: characters
 * that came later are left alone. */
#ifndef MCI_TEXT_NFC_H
#define MCI_TEXT_NFC_H

#include "base/buf.h"

typedef struct mci_nfc mci_nfc;

/* Immutable, shared by threads. Errors: MC_E_BACKEND, MC_E_NOMEM. */
mc_status mci_nfc_new(mci_nfc **out, mc_error *err);
void mci_nfc_free(mci_nfc *nfc);

/* Appends text (valid UTF-8, at most 256 MiB) composed. */
mc_status mci_nfc_add(const mci_nfc *nfc, mc_str text, mci_buf *out, mc_error *err);

#endif
