/* The only way to the heap. All give NULL when memory is out; mci_free takes NULL. */
#ifndef MCI_BASE_ALLOC_H
#define MCI_BASE_ALLOC_H

#include <stddef.h>

#include "base/error.h"

void *mci_alloc(size_t n_bytes);
void *mci_alloc_zeroed(size_t n_items, size_t item_bytes);
void *mci_realloc(void *memory, size_t n_bytes); /* on failure `memory` stays valid */
/* Zeroed, from the start of a cache line; large memory in pages as large as the system gives, for
 * what is read over and over. */
void *mci_alloc_lines(size_t n_bytes);
void mci_free(void *memory);

/* Grows *items, an array of items of item_bytes, so that it holds at least `need` of them;
 * doubles, so that appending stays linear. *items and *cap change only on success. */
mc_status mci_grow(void **items, size_t *cap, size_t need, size_t item_bytes, mc_error *err);

/* The failure every caller reports alike. */
mc_status mci_nomem(mc_error *err, size_t n_bytes);

#endif
