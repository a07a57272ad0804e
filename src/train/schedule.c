#include "train/schedule.h"

#include <math.h>

double mci_schedule_lr(const mci_schedule *schedule, uint64_t step)
{
    const double pi = 3.14159265358979323846;
    if (step < schedule->n_warmup)
        return schedule->lr * (double)(step + 1) / (double)schedule->n_warmup;
    if (step >= schedule->n_steps)
        return 0.0;
    const double done = (double)(step - schedule->n_warmup);
    const double all = (double)(schedule->n_steps - schedule->n_warmup);
    return 0.5 * (1.0 + cos(pi * done / all)) * schedule->lr;
}
