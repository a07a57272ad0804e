/* A backend whose operations look at the clock: where the time of a step goes. */
#ifndef METACLIP_TIMED_BACKEND_H
#define METACLIP_TIMED_BACKEND_H

#include "nn/nn_train.h"

typedef enum { TIMED_FORWARD, TIMED_BACKWARD, TIMED_STEP, N_TIMED } timed_kind;

/* A table that calls `backend`'s. There is one at a time, and it counts from 0 again. */
const mci_nn_backend *timed_backend(const mci_nn_backend *backend);
/* Seconds since it was made, by kind; or of one operation ("linear_backward"), 0 if it has no such.
 */
double timed_seconds(timed_kind kind);
double timed_seconds_of(const char *operation);

#endif
