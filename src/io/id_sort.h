/* Sorts any number of 128-bit ids in bounded memory: what does not fit is written, in sorted runs,
 * to a temporary file, and all runs are merged in the end.
 *
 *     ids -> | memory | -> run, run, run, ... -> merged, each id once
 *
 * The file has no name while it is used, so nothing is left of a run that was killed. */
#ifndef MCI_IO_ID_SORT_H
#define MCI_IO_ID_SORT_H

#include "base/error.h"
#include "metaclip/base.h"

/* Compared by high, then by low. */
typedef struct {
    uint64_t high, low;
} mci_id;

typedef struct mci_id_sort mci_id_sort;

/* The temporary file lies beside path (whose folder must be there) and takes 16 bytes an id; a
 * memory of 0 is 256 MiB. Free with mci_id_sort_free, which takes NULL. */
mc_status mci_id_sort_new(const char *path, uint64_t memory_bytes, mci_id_sort **out,
                          mc_error *err);
void mci_id_sort_free(mci_id_sort *sort);

mc_status mci_id_sort_add(mci_id_sort *sort, mci_id id, mc_error *err);
/* Nothing is added any more; mci_id_sort_next is next. */
mc_status mci_id_sort_end(mci_id_sort *sort, mc_error *err);
/* The next id in ascending order, each once; MC_END. */
mc_status mci_id_sort_next(mci_id_sort *sort, mci_id *id, mc_error *err);

#endif
