/* Entries and texts to measure with: METACLIP_BENCH_CORPUS/{entries,texts}.txt, one a line, if that
 * variable is set; else made up, always the same: 500,000 entries and 64 MiB of texts whose words
 * come as often as those of a language do. There are two kinds of them:
 *
 *   dense   sentences, most of whose words and many of whose pairs of words are entries
 *   alt     nearer to alt texts: shorter, names of files and words of other languages among them */
#ifndef METACLIP_BENCH_CAPTIONS_H
#define METACLIP_BENCH_CAPTIONS_H

#include "metaclip/base.h"

typedef struct {
    mc_str *entries, *texts;
    size_t n_entries, n_texts;
    size_t n_bytes; /* of the texts */
    char *entry_bytes, *text_bytes;
} captions;

typedef enum { CAPTIONS_DENSE, CAPTIONS_ALT } captions_kind;

/* They end the program with a message if memory or a file is missing. */
captions captions_get(void); /* dense ones */
captions captions_get_kind(captions_kind kind);
bool captions_are_given(void); /* by METACLIP_BENCH_CORPUS; the kind is then what it is */
void captions_release(captions *c);

#endif
