/* Which list of a folder a language's texts go to. */
#ifndef MCI_CURATE_LIST_ROUTE_H
#define MCI_CURATE_LIST_ROUTE_H

#include "metaclip/metadata.h"

/* The list that gives the others their tail ratio, and the one of languages without a list. */
#define MCI_LIST_ENGLISH "en"
#define MCI_LIST_OTHER   "other"

enum { MCI_NO_LIST = -1 };

/* The index of the list with this name; lists are in the order of their names. */
int mci_list_find(const mc_metadata_list *lists, size_t n, mc_str name);

/* That of the list for texts of this language: the one of the code itself; else the one that the
 * table of codes names for it (list_codes.c); else, of a code with a script, such as eng_Latn, the
 * one of the language alone, found in the same way; else "other", if there is one. */
int mci_list_of_language(const mc_metadata_list *lists, size_t n, mc_str code);

/* That of the list which the id is of. */
int mci_list_of_id(const mc_metadata_list *lists, size_t n, uint32_t id);

/* ---- list_codes.c ---- */

/* Codes whose list has another name: that of the language's Wikipedia, as MetaCLIP 2's metadata
 * has it. A code may stand several times, its best name first. */
typedef struct {
    const char *code, *list;
} mci_list_code;

const mci_list_code *mci_list_codes(size_t *n);

#endif
