/* The fast backend for processors: AMX where there is, AVX-512, AVX2 or plain vectors elsewhere,
 * chosen when the program runs. docs/performance.md says how it is made. */
#ifndef MCI_NN_CPU_H
#define MCI_NN_CPU_H

#include "nn/nn.h"

extern const mci_nn_backend mci_nn_cpu;

#endif
