/* Random numbers that depend on nothing but their name: a seed, a purpose and a place. Whoever
 * knows the name draws the same numbers, in any order, on any thread, after any restart. */
#ifndef MCI_TRAIN_DRAWS_H
#define MCI_TRAIN_DRAWS_H

#include "metaclip/base.h"

/* What numbers are drawn for, so that two uses of one place do not see the same ones. Their values
 * decide the order of training: they stay as they are. */
typedef enum {
    MCI_DRAW_SHARDS = 1,   /* the order of an epoch's shards */
    MCI_DRAW_UNITS = 2,    /* of a window's units */
    MCI_DRAW_TEXT = 3,     /* which of an image's texts */
    MCI_DRAW_CROP = 4,     /* which part of the image */
    MCI_DRAW_STAND_IN = 5, /* who stands in for what cannot be read */
} mci_draw_purpose;

typedef struct {
    uint64_t state;
} mci_draws;

/* The state is XXH3_64bits of the five numbers, each as 8 little-endian bytes. */
mci_draws mci_draws_of(uint64_t seed, mci_draw_purpose purpose, uint64_t a, uint64_t b, uint64_t c);

/* The next one: splitmix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014. */
uint64_t mci_draws_next(mci_draws *draws);
/* In [0, 1), a multiple of 2^-53. */
double mci_draws_unit(mci_draws *draws);
/* Below n (not 0), by the upper 32 bits; some numbers come more often than others, by less than n
 * in 2^32. */
uint32_t mci_draws_below(mci_draws *draws, uint32_t n);
/* items becomes 0..n-1 in a random order (Fisher and Yates, from the end). */
void mci_draws_order(mci_draws draws, uint32_t *items, uint32_t n);

#endif
