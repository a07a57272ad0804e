/* Products of bf16 by AMX. */
#include "nn/cpu_internal.h"

const mci_amx *mci_amx_if_usable(void)
{
    return NULL; /* not yet made use of */
}
