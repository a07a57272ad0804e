/* The learning rate of a step: linear warm-up, then half a cosine to 0. */
#ifndef MCI_TRAIN_SCHEDULE_H
#define MCI_TRAIN_SCHEDULE_H

#include <stdint.h>

typedef struct {
    double lr;
    uint64_t n_warmup, n_steps;
} mci_schedule;

/* step counts from 0; the rate is set before the step is made. */
double mci_schedule_lr(const mci_schedule *schedule, uint64_t step);

#endif
