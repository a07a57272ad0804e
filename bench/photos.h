/* JPEGs to measure with, always the same: random values on grids of 2 to 128 pixels, the coarser
 * the stronger, which pack about as photographs do. */
#ifndef METACLIP_BENCH_PHOTOS_H
#define METACLIP_BENCH_PHOTOS_H

#include <stdint.h>

typedef struct {
    unsigned width, height;
    unsigned char *bytes;
    unsigned long n_bytes;
} photo;

/* Ends the program if memory is missing. */
photo photo_make(unsigned width, unsigned height, uint64_t seed);
void photo_release(photo *p);

/* The next number of a seeded generator (splitmix64). */
uint64_t photo_random(uint64_t *state);

#endif
