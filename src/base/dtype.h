/* The floating-point types that weights and features come in, and the ways between them. */
#ifndef MCI_BASE_DTYPE_H
#define MCI_BASE_DTYPE_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    MCI_F32,
    MCI_F16, /* IEEE binary16 */
    MCI_BF16 /* the upper half of an F32 */
} mci_dtype;

size_t mci_dtype_bytes(mci_dtype type);
const char *mci_dtype_name(mci_dtype type); /* "f32", "f16", "bf16" */

/* Rounded to nearest, halves to even, as PyTorch does; what is not a number stays none, quietly. */
uint16_t mci_bf16_of(float value);
uint16_t mci_f16_of(float value);
/* Exact. */
float mci_f32_of_bf16(uint16_t bits);
float mci_f32_of_f16(uint16_t bits);

/* n values of one type as another. `from` need not be aligned; the two do not overlap. */
void mci_dtype_convert(mci_dtype from_type, const void *from, mci_dtype to_type, void *to,
                       size_t n);

#endif
