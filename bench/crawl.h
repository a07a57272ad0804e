/* A made-up crawl to measure with: a WAT and a WARC file, one gzip member a record as Common Crawl
 * has them, in which a little over a quarter of a page's links are images, as there. */
#ifndef METACLIP_BENCH_CRAWL_H
#define METACLIP_BENCH_CRAWL_H

#include "captions.h"

typedef struct {
    char path[512];
    size_t n_bytes;   /* decompressed */
    size_t n_records; /* images with a text */
} crawl_file;

typedef enum { CRAWL_WAT, CRAWL_WARC } crawl_kind;

/* Writes about n_bytes of records into folder. Ends the program with a message if it cannot. */
crawl_file crawl_make(const captions *c, const char *folder, crawl_kind kind, size_t n_bytes);

#endif
