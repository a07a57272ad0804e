/* Values of options: text to number, with a sentence when it is none. */
#ifndef METACLIP_CLI_VALUES_H
#define METACLIP_CLI_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A phrase that follows the option's name: "-5 is too small: at least 1". */
typedef struct {
    char text[256];
} cli_why;

/* A whole number in min..max. On failure *out is untouched and why is set. */
bool cli_read_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out, cli_why *why);

/* Bytes: a whole number, then nothing or one of K, M, G, T (powers of 1024; KB, KiB too). */
bool cli_read_bytes(const char *text, uint64_t min, uint64_t max, uint64_t *out, cli_why *why);

/* A number in 0..1, in decimal. */
bool cli_read_share(const char *text, double *out, cli_why *why);

/* One of "a|b|c". */
bool cli_read_choice(const char *text, const char *choices, cli_why *why);

/* Some of "a,b,c", with commas between them: sets the flag of each word that is named, and clears
 * the others. */
bool cli_read_set(const char *text, const char *words, bool *const flags[], cli_why *why);

/* "64M" for 67108864: the largest unit that leaves no rest. */
const char *cli_show_bytes(uint64_t bytes, char out[32]);

#endif
