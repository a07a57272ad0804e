/* Any bytes as a .npy file of any rank: an array that lies within the bytes, or a refusal with a
 * reason. */
#include <stdlib.h>
#include <string.h>

#include "io/npy_array.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const mci_array *array, const char *file, size_t size)
{
    uint64_t n = 1, sum = 0;
    size_t bytes = mci_array_type_bytes(array->type);
    if (array->rank > MCI_ARRAY_RANK)
        abort();
    for (size_t i = 0; i < array->rank; i++)
        n *= array->shape[i]; /* a product that wraps around would have been refused */
    if (n != array->n_values || array->n_values > size / bytes)
        abort();
    const char *numbers = array->data;
    if (n && (numbers < file || numbers + n * bytes > file + size))
        abort();
    for (size_t i = 0; i < n * bytes; i++)
        sum += (unsigned char)numbers[i];
    volatile uint64_t used = sum;
    (void)used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_error err = { 0 };
    mci_array array = { 0 };
    /* Aligned as a mapped file is. */
    char *file = aligned_alloc(64, (size + 64) / 64 * 64);
    if (size)
        memcpy(file, data, size);
    mc_status status = mci_array_parse((mc_str){ file, size }, &array, &err);
    if (status == MC_OK)
        check(&array, file, size);
    else if (status > 0 || err.text[0] == '\0' || array.data)
        abort();
    if (status == MC_OK) { /* what is wanted is what is there, or is refused in words */
        uint64_t any[MCI_ARRAY_RANK] = { 0 };
        if (mci_array_expect(&array, array.type, array.rank, any, &err) != MC_OK ||
            mci_array_expect(&array, array.type, array.rank, array.shape, &err) != MC_OK ||
            (array.rank < MCI_ARRAY_RANK &&
             mci_array_expect(&array, array.type, array.rank + 1, any, &err) != MC_E_SHAPE))
            abort();
    }
    free(file);
    return 0;
}
