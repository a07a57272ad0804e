/* Lists of entries, for the rest of this room; the public part is in metaclip/curate.h. */
#ifndef MCI_CURATE_METADATA_H
#define MCI_CURATE_METADATA_H

#include "base/buf.h"
#include "io/stream.h"
#include "metaclip/curate.h"

/* A list that is being made. Zero-initialise; release it, or hand it to mci_metadata_new.
 *
 *     bytes     "a\nred car\n\n..."      each entry followed by LF: what the SHA-256 is taken of
 *     entries   {1} {7} {0} ...          their lengths; where they lie is filled in at the end,
 *                                        since bytes moves while it grows */
typedef struct {
    mci_buf bytes;
    mc_str *entries;
    size_t n, cap;
    size_t n_open; /* bytes at the end that belong to the next entry */
} mci_entry_list;

void mci_entry_list_release(mci_entry_list *list);

/* Appends an entry. MC_E_LIMIT beyond 2^32 - 2 entries or 4 GiB of memory. */
mc_status mci_entry_list_add(mci_entry_list *list, mc_str entry, mc_error *err);

/* Appends all lines of the rest of a stream, whatever their bytes; without their ends, LF or CR LF.
 */
mc_status mci_entry_list_add_lines(mci_entry_list *list, mci_stream *stream, mc_error *err);

/* Takes the list over, also on failure; list is empty afterwards. */
mc_status mci_metadata_new(mci_entry_list *list, mc_metadata **out, mc_error *err);

/* Whether a list may be called so: 1 to MC_LIST_NAME - 1 letters, digits, - and _. */
bool mci_list_name_is_valid(mc_str name);

/* Whether a file of this name, without its folder, is read as a list of the folder that it lies in
 * (or refused for its name). */
bool mci_is_list_file(const char *name);

/* Tells it of the n lists that it is made of, an array on the heap that it takes over. */
void mci_metadata_set_lists(mc_metadata *metadata, mc_metadata_list *lists, size_t n);

/* What mc_metadata_load does, from a stream. */
mc_status mci_metadata_parse(mci_stream *stream, mc_metadata **out, mc_error *err);

#endif
