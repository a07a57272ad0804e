/* All products of texts and images are looked at once, and none is kept: a first pass finds what
 * each text, and each image, scores with its own; then each product is compared with both.
 *
 *                images  0 .. n
 *     texts 0    s(t, i) ahead of s(t, own image)    -> one more before the image of t
 *           ..           ahead of i's best own text  -> one more before the texts of i
 *           m
 *
 * A task is some texts, and goes over the images tile by tile. What a worker counts of images is
 * its own, and summed at the end. */
#include "eval/caption_ranks.h"

#include "base/alloc.h"
#include "base/threads.h"
#include "search/search_kernels.h"

enum { TASK_TEXTS = 64, TILE_IMAGES = 128 };

typedef struct {
    const mci_captioned *set;
    const mci_search_kernels *kernels;
    float *own;        /* [m]: each text with its image */
    float *best;       /* [n]: each image with the best of its texts */
    size_t *best_text; /* [n]: which that is */
    size_t *of_images; /* [m] */
    size_t *counts;    /* [n_workers, n] */
    float *scores;     /* [n_workers, TASK_TEXTS, TILE_IMAGES] */
    unsigned n_workers;
} ranking;

/* Comparing with what is no number puts it behind nothing: it cannot do good. */
static size_t is_ahead(float score, size_t place, float own, size_t own_place)
{
    return place != own_place && !(score < own || (score == own && place > own_place));
}

static void score_own(ranking *r)
{
    const mci_captioned *set = r->set;
    for (size_t i = 0; i < set->n; i++)
        r->best_text[i] = SIZE_MAX;
    for (size_t t = 0; t < set->m; t++) {
        const size_t i = set->image_of[t];
        r->kernels->products(set->images + i * set->D, 1, set->D, set->texts + t * set->stride, 1,
                             set->stride, &r->own[t]);
        if (r->best_text[i] == SIZE_MAX || r->own[t] > r->best[i]) {
            r->best[i] = r->own[t];
            r->best_text[i] = t;
        }
    }
}

static void count_tile(ranking *r, unsigned worker, const float *scores, size_t first_text,
                       size_t n_texts, size_t first_image, size_t n_images)
{
    size_t *counts = r->counts + worker * r->set->n;
    for (size_t q = 0; q < n_texts; q++) {
        const size_t t = first_text + q, own = r->set->image_of[t];
        size_t rank = 0;
        for (size_t k = 0; k < n_images; k++) {
            const size_t i = first_image + k;
            const float score = scores[q * n_images + k];
            rank += is_ahead(score, i, r->own[t], own);
            counts[i] += is_ahead(score, t, r->best[i], r->best_text[i]);
        }
        r->of_images[t] += rank;
    }
}

static mc_status run_task(void *user, size_t task, unsigned worker, mc_error *err)
{
    ranking *r = user;
    const mci_captioned *set = r->set;
    const size_t first = task * TASK_TEXTS;
    const size_t n_texts = set->m - first < TASK_TEXTS ? set->m - first : TASK_TEXTS;
    float *scores = r->scores + (size_t)worker * TASK_TEXTS * TILE_IMAGES;
    (void)err;
    for (size_t t = first; t < first + n_texts; t++)
        r->of_images[t] = 0;
    for (size_t i = 0; i < set->n; i += TILE_IMAGES) {
        const size_t n_images = set->n - i < TILE_IMAGES ? set->n - i : TILE_IMAGES;
        r->kernels->products(set->images + i * set->D, n_images, set->D,
                             set->texts + first * set->stride, n_texts, set->stride, scores);
        count_tile(r, worker, scores, first, n_texts, i, n_images);
    }
    return MC_OK;
}

static mc_status make_room(ranking *r, mc_error *err)
{
    const size_t n = r->set->n, m = r->set->m, w = r->n_workers;
    r->own = mci_alloc_zeroed(m, sizeof *r->own);
    r->best = mci_alloc_zeroed(n, sizeof *r->best);
    r->best_text = mci_alloc_zeroed(n, sizeof *r->best_text);
    r->counts = mci_alloc_zeroed(w * n, sizeof *r->counts);
    r->scores = mci_alloc_zeroed(w * TASK_TEXTS * TILE_IMAGES, sizeof *r->scores);
    return r->own && r->best && r->best_text && r->counts && r->scores
               ? MC_OK
               : mci_nomem(err, w * n * sizeof *r->counts);
}

mc_status mci_caption_ranks(const mci_captioned *set, unsigned n_threads, size_t *of_images,
                            size_t *of_texts, mc_error *err)
{
    ranking r = { .set = set,
                  .kernels = mci_search_kernels_best(),
                  .of_images = of_images,
                  .n_workers = n_threads ? n_threads : mci_n_processors() };
    mc_status status = make_room(&r, err);
    if (status >= 0) {
        score_own(&r);
        status =
            mci_run_tasks(r.n_workers, (set->m + TASK_TEXTS - 1) / TASK_TEXTS, run_task, &r, err);
    }
    for (size_t i = 0; status >= 0 && i < set->n; i++) {
        of_texts[i] = 0;
        for (size_t w = 0; w < r.n_workers; w++)
            of_texts[i] += r.counts[w * set->n + i];
    }
    mci_free(r.own);
    mci_free(r.best);
    mci_free(r.best_text);
    mci_free(r.counts);
    mci_free(r.scores);
    return status;
}
