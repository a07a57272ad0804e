/* Any bytes as a .safetensors: tensors that fill the file, or a reason. */
#include <stdlib.h>

#include "model/safetensors.h"
#include "model/tensor_view.h"

enum { MOST_VALUES = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static float values[MOST_VALUES];
    mc_error err = { 0 };
    mci_tensor_store store = { .most_values = size };
    mc_status status = mci_safetensors_parse((mc_str){ (const char *)data, size }, &store, &err);
    if (status < 0 && !err.text[0])
        abort();
    for (size_t i = 0; i < store.n; i++) {
        const mci_stored *item = &store.items[i];
        if (mci_stored_is_weight(item->type) &&
            mci_stored_n_values(item->rank, item->dims) <= MOST_VALUES)
            mci_view_read(item, values);
    }
    if (mci_tensor_store_index(&store, &err) < 0 && !err.text[0])
        abort();
    mci_tensor_store_release(&store);
    return 0;
}
