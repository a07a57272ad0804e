/* What oneDNN takes for one product, as the measure of ours. */
#ifndef METACLIP_DNNL_PRODUCT_H
#define METACLIP_DNNL_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

/* The median seconds of y [M, N] = x [M, K] W^T (+ b), with the weights in the form that oneDNN
 * likes best, on n_threads threads of its own; 0 if it was not built in or cannot. */
double dnnl_product_seconds(size_t M, size_t N, size_t K, bool bf16, unsigned n_threads,
                            size_t n_rounds);

#endif
