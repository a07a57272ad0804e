/* A stored tensor seen in another way: transposed, or some of its rows. Views share the values;
 * only reading moves them. */
#ifndef MCI_MODEL_TENSOR_VIEW_H
#define MCI_MODEL_TENSOR_VIEW_H

#include "model/tensor_store.h"

/* Swaps the two dimensions of a matrix. */
void mci_view_transpose(mci_stored *view);
/* Leaves rows first .. first + n - 1 of the first dimension; there are as many. */
void mci_view_rows(mci_stored *view, uint64_t first, uint64_t n);
/* Whether the values lie in C order, one after the other. */
bool mci_view_is_contiguous(const mci_stored *view);
/* The values as f32 in C order. The type is a weight's. */
void mci_view_read(const mci_stored *view, float *out);

#endif
