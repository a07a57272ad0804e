/* Made-up texts of scripts without spaces, always the same: 500,000 different entries and 64 MiB of
 * texts whose words are entries, the r'th of which comes about 1/r as often as the first, and whose
 * characters are as unevenly spread.
 *
 *   chinese    one character to five, few names in Latin letters, full-width marks
 *   japanese   the same with kana: words in katakana, particles and endings in hiragana between */
#ifndef METACLIP_BENCH_CJK_CAPTIONS_H
#define METACLIP_BENCH_CJK_CAPTIONS_H

#include "captions.h"

typedef enum { CJK_CHINESE, CJK_JAPANESE } cjk_kind;

/* Ends the program with a message if memory is missing. Release with captions_release. */
captions cjk_captions_get(cjk_kind kind);

#endif
