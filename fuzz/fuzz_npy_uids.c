/* Any bytes as a subset file: rows that lie in the bytes, or a refusal with a reason. */
#include "io/npy_uids.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_error err = { 0 };
    const unsigned char *rows = NULL;
    size_t n = 0;
    mc_status status = mci_npy_uids_parse((mc_str){ (const char *)data, size }, &rows, &n, &err);
    if (status == MC_OK ? rows < data || n > size / 16 || rows + 16 * n > data + size
                        : rows || err.text[0] == '\0')
        abort();
    return 0;
}
