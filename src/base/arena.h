/* Memory for one item or batch: many allocations, one reset. Zero-initialise, release at the end.
 * After a reset all blocks but unusually large ones are kept: a steady state allocates nothing. */
#ifndef MCI_BASE_ARENA_H
#define MCI_BASE_ARENA_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct mci_arena_block mci_arena_block;

typedef struct {
    mci_arena_block *first, *current;
} mci_arena;

/* n_bytes aligned for any type; NULL when memory is out. Lives until reset or release. */
void *mci_arena_alloc(mci_arena *arena, size_t n_bytes);
/* A copy of text in the arena. *out is written only on success. */
mc_status mci_arena_copy(mci_arena *arena, mc_str text, mc_str *out, mc_error *err);
void mci_arena_reset(mci_arena *arena);
void mci_arena_release(mci_arena *arena);

#endif
