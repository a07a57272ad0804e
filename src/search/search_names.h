/* What the rows of features are called: the lines of a text file by their number, or the inputs of
 * a list that mc_embed_run wrote beside its array:
 *
 *     {"row":0,"input":"a.jpg"}
 *     {"row":null,"input":"b.jpg","error":"empty: there is no image"}     no row, so no name
 *     {"row":1,"input":"c \"d\".jpg"}                                     decoded when opened
 *
 * The file is mapped; of its names every 64th is known by its place, so that they cost an eighth of
 * a byte a row beside themselves, and those with an escape, which are few, their length and 24. */
#ifndef MCI_MODEL_SEARCH_NAMES_H
#define MCI_MODEL_SEARCH_NAMES_H

#include "base/arena.h"
#include "base/files.h"

typedef struct {
    uint64_t row;
    mc_str name;
} mci_decoded_name;

typedef struct {
    mci_mapped map;
    bool is_list;
    size_t *marks; /* where the line of row 0, 64, 128, ... begins */
    uint64_t n;
    mci_decoded_name *decoded; /* of a list: names with escapes, in the order of rows */
    size_t n_decoded, cap_decoded;
    mci_arena texts;
} mci_names;

/* Lines. Errors: MC_E_IO, MC_E_NOMEM; MC_E_MISMATCH if there are not n lines. */
mc_status mci_names_open(const char *path, uint64_t n, mci_names *out, mc_error *err);
/* A list of inputs. Errors: the same, and MC_E_FORMAT with the line that is none of embed's. */
mc_status mci_names_open_list(const char *path, uint64_t n, mci_names *out, mc_error *err);
/* The same of text that is the caller's, of a list as it comes from outside: n is set to the number
 * of its rows. For both, what failed is to be closed too. */
mc_status mci_names_mark_list(mci_names *names, mc_error *err);
void mci_names_close(mci_names *names);
/* The name of row i < n, a line without its LF or an input; empty if names is zeroed. */
mc_str mci_names_at(const mci_names *names, uint64_t i);

#endif
