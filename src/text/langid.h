/* The language of a text, by CLD2: Compact Language Detector 2, a C++ library. */
#ifndef MCI_TEXT_LANGID_H
#define MCI_TEXT_LANGID_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is undecided: CLD2 knows no language or is not sure. So are most short captions. */
#define MCI_LANGUAGE_UNDECIDED "und"

/* The text's language by CLD2's numbers, below 2^16. Texts are UTF-8, taken as plain; of a long one
 * the first 64 KiB are looked at. */
unsigned mci_language_number(mc_str text);
/* The code of such a number as CLD2 has it (ISO 639-1 mostly: "en", "zh"; "zh-Hant"), or "und".
 * Constant. */
const char *mci_language_code(unsigned number);
/* Both. */
const char *mci_language_of(mc_str text);
/* Which CLD2 this is: its version. Constant. */
const char *mci_language_version(void);
/* Whether mci_language_of can give this code. */
bool mci_language_is_known(mc_str code);

#ifdef __cplusplus
}
#endif
#endif
