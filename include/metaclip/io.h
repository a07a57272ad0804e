/** Records of image-text pairs, and their form in files. */
#ifndef METACLIP_IO_H
#define METACLIP_IO_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One caption candidate of an image. With its record it makes a pair. */
typedef struct {
    mc_str key;              /* alt, title, data-image-title, ... */
    mc_str text;             /* UTF-8 */
    const uint32_t *entries; /* ascending ids of the entries that match */
    size_t n_entries;
    bool is_matched; /* false: not matched yet, entries say nothing */
    mc_str lang;     /* ISO 639 code; empty if not known */
} mc_text;

/** An image and its texts. */
typedef struct {
    mc_str uuid;
    mc_str url;
    mc_text *texts;
    size_t n_texts;
    /* Whatever else is known of the image (its size, scores, ...), carried from input to output:
     * members of a JSON object, written one after the other without the braces, such as
     *   "similarity":0.31,"WIDTH":512
     * compact valid JSON, UTF-8, without line ends; none is called uuid, url or texts. */
    mc_str extra;
} mc_record;

#ifdef __cplusplus
}
#endif
#endif
