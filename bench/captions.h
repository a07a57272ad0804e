/* Entries and texts to measure with: METACLIP_BENCH_CORPUS/{entries,texts}.txt, one a line, if that
 * variable is set; else made up, always the same: 500,000 entries and 64 MiB of captions whose
 * words come as often as those of a language do. */
#ifndef METACLIP_BENCH_CAPTIONS_H
#define METACLIP_BENCH_CAPTIONS_H

#include "metaclip/base.h"

typedef struct {
    mc_str *entries, *texts;
    size_t n_entries, n_texts;
    size_t n_bytes; /* of the texts */
    char *entry_bytes, *text_bytes;
} captions;

/* Ends the program with a message if memory or a file is missing. */
captions captions_get(void);
void captions_release(captions *c);

#endif
