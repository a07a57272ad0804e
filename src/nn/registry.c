#include <string.h>

#include "nn/cpu.h"
#include "nn/nn.h"
#include "nn/ref_backend.h"

const mci_nn_backend *const *mci_nn_backends(void)
{
    static const mci_nn_backend *const backends[] = { &mci_nn_cpu, &mci_nn_ref, NULL };
    return backends;
}

const mci_nn_backend *mci_nn_backend_named(const char *name)
{
    for (const mci_nn_backend *const *backend = mci_nn_backends(); *backend; backend++)
        if (strcmp((*backend)->name, name) == 0)
            return *backend;
    return NULL;
}
