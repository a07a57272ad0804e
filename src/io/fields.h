/* Header fields, "Name: value", as WARC and HTTP write them: lines end with LF or CR LF, a line
 * that begins with white space goes on with the value before it, a blank line ends them. */
#ifndef MCI_IO_FIELDS_H
#define MCI_IO_FIELDS_H

#include "metaclip/base.h"

/* Without spaces, tabs, CR and LF at both ends. */
mc_str mci_field_trim(mc_str text);
/* Whether text is this word, whatever the case of ASCII letters. */
bool mci_field_is(mc_str text, const char *word);
/* Splits off what stands before the first `mark`, or all; *text goes on behind the mark. */
mc_str mci_field_split(mc_str *text, char mark);

/* The next field, both parts trimmed (a folded value keeps its line ends inside; a line without
 * colon is all name). False at the blank line, which is passed over, and at the end of text. */
bool mci_field_next(mc_str *text, mc_str *name, mc_str *value);

#endif
