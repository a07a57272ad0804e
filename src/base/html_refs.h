/* The character references of HTML: the names of the standard, and what its numbers stand for. Who
 * reads them differs in where a reference ends and what becomes of a wrong one; that is theirs. */
#ifndef MCI_BASE_HTML_REFS_H
#define MCI_BASE_HTML_REFS_H

#include "metaclip/base.h"

typedef struct {
    const char *name;       /* without the &; with the ; unless it may be left out */
    uint32_t first, second; /* its characters; second 0: there is one */
} mci_html_entity;

/* The entity with the longest name that text (behind the &) begins with, and the name's length;
 * NULL: none. */
const mci_html_entity *mci_html_entity_find(mc_str text, size_t *len);

/* The value of a digit in base 10 or 16; -1 if it is none. */
int mci_html_digit(char c, unsigned base);

/* The character of a number: windows-1252's for those that are controls there, U+FFFD for 0 and
 * for what is beyond Unicode. */
uint32_t mci_html_char_of_number(uint64_t number);

#endif
