/* Plain C, which says what search kernels do. fmaf is one instruction on most processors, and right
 * on all. */
#include <math.h>

#include "base/dtype.h"
#include "search/search_kernels_internal.h"

static float product(const float *a, const float *b, size_t D)
{
    float lanes[MCI_SEARCH_LANES] = { 0 };
    for (size_t i = 0; i < D; i++)
        lanes[i % MCI_SEARCH_LANES] = fmaf(a[i], b[i], lanes[i % MCI_SEARCH_LANES]);
    for (size_t n = MCI_SEARCH_LANES / 2; n > 0; n /= 2) {
        for (size_t j = 0; j < n; j++)
            lanes[j] += lanes[j + n];
    }
    return lanes[0];
}

static void products(const float *rows, size_t R, size_t D, const float *queries, size_t Q,
                     size_t stride, float *out)
{
    for (size_t q = 0; q < Q; q++) {
        for (size_t r = 0; r < R; r++)
            out[q * R + r] = product(rows + r * D, queries + q * stride, D);
    }
}

static void squares(const float *rows, size_t R, size_t D, float *out)
{
    for (size_t r = 0; r < R; r++)
        out[r] = product(rows + r * D, rows + r * D, D);
}

static void widen(const uint16_t *halves, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = mci_f32_of_f16(halves[i]);
}

const mci_search_kernels mci_search_kernels_plain = {
    .name = "plain", .products = products, .squares = squares, .widen = widen
};
