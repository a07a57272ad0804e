/* Any bytes as a .npy file: an array whose size fits the bytes, or a refusal with a reason. */
#include "io/npy.h"

#include <stdlib.h>

#include "base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t bytes[] = { 4, 8, 4, 8 };
    for (mci_npy_type type = MCI_NPY_U32; type <= MCI_NPY_F64; type++) {
        mc_error err = { 0 };
        void *numbers = NULL;
        size_t n = 0;
        mc_status status =
            mci_npy_parse((mc_str){ (const char *)data, size }, type, &numbers, &n, &err);
        if (status == MC_OK ? n > size / bytes[type] : numbers || err.text[0] == '\0')
            abort();
        mci_free(numbers);
    }
    return 0;
}
