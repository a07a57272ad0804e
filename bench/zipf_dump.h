/* A dump of Wikipedia's form and any size, of Zipf-distributed words with known counts. */
#ifndef METACLIP_BENCH_ZIPF_DUMP_H
#define METACLIP_BENCH_ZIPF_DUMP_H

#include <stdint.h>

enum { ZIPF_WORDS = 200000 };

typedef struct {
    uint64_t counts[ZIPF_WORDS]; /* of word number i, which is called "w" and i in base 26 */
    uint64_t n_words, n_pages, text_bytes, file_bytes;
} zipf_dump;

/* Writes some text_bytes of pages as streams of bzip2, 100 pages each. Ends the program if that
 * fails. */
void zipf_dump_write(const char *path, uint64_t text_bytes, zipf_dump *dump);

/* The name of a word, without NUL; gives its length. */
unsigned zipf_word(uint64_t number, char out[16]);

#endif
