/* How long things take. */
#ifndef MCI_BASE_CLOCK_H
#define MCI_BASE_CLOCK_H

/* Seconds of a clock that only goes forward, from some point in the past. */
double mci_clock_seconds(void);

#endif
