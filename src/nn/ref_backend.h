/* The plain backend: loops that anyone can check. It defines what every operation gives. */
#ifndef MCI_NN_REF_BACKEND_H
#define MCI_NN_REF_BACKEND_H

#include "nn/nn.h"

extern const mci_nn_backend mci_nn_ref;

#endif
