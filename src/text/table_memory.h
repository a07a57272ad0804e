/* Memory of a large table: zeroed, starting on a cache line, on huge pages where the system gives
 * them (a table of tens of megabytes is read all over: with small pages each read would also miss
 * the address cache). */
#ifndef MCI_TEXT_TABLE_MEMORY_H
#define MCI_TEXT_TABLE_MEMORY_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct {
    void *data;
    size_t n_bytes;
    void *block;     /* what was allocated, */
    size_t n_mapped; /* or mapped: so many bytes; 0: it is of the heap */
} mci_table_memory;

/* *out is written only on success. */
mc_status mci_table_memory_new(size_t n_items, size_t item_bytes, mci_table_memory *out,
                               mc_error *err);
void mci_table_memory_release(mci_table_memory *memory);

#endif
