/* Any bytes as the list of inputs that embed writes beside an array: a name for each of its rows,
 * or a refusal with a reason. */
#include <stdlib.h>

#include "search/search_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_error err = { 0 };
    mci_names names = { .map = { data, size } };
    mc_status status = mci_names_mark_list(&names, &err);
    uint64_t sum = 0;
    if (status > 0 || (status < 0 && err.text[0] == '\0'))
        abort();
    for (uint64_t i = 0; status == MC_OK && i < names.n; i++) {
        mc_str name = mci_names_at(&names, i);
        for (size_t j = 0; j < name.len; j++)
            sum += (unsigned char)name.data[j];
    }
    if (mci_names_at(&names, names.n).len)
        abort();
    volatile uint64_t used = sum;
    (void)used;
    names.map = (mci_mapped){ 0 }; /* the bytes are not ours to unmap */
    mci_names_close(&names);
    return 0;
}
