/* Retrieval where an image may have several captions. */
#ifndef MCI_EVAL_CAPTION_RANKS_H
#define MCI_EVAL_CAPTION_RANKS_H

#include "base/error.h"
#include "eval/metrics.h"

typedef struct {
    const float *images;      /* f32 [n, D], of length 1 */
    const float *texts;       /* f32 [m, stride]; stride is D rounded up to a multiple of 16, and
                                 zeros fill it */
    const uint32_t *image_of; /* [m]: whose caption each is; every image has one at least */
    size_t n, m, D, stride;
} mci_captioned;

/* Counts from 0, by the product of features; of equal ones the smaller place comes first.
 *   of_images  [m]: the rank of a text's own image among all images
 *   of_texts   [n]: the rank of an image's best caption among all texts
 * So a text finds its image among the best k, or an image one of its captions, if the rank is below
 * k: the recall of CLIP_benchmark. Results do not depend on threads. Errors: MC_E_NOMEM,
 * MC_E_BACKEND. */
mc_status mci_caption_ranks(const mci_captioned *set, unsigned n_threads, size_t *of_images,
                            size_t *of_texts, mc_error *err);

#endif
