/* Ranks of 1,000 images and 5,000 captions, 512 numbers each, as Flickr30k's test set has them
 * (items: pairs of a caption and an image), compared with plain loops over the same pairs. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "eval/caption_ranks.h"

enum { N = 1000, M = 5000, D = 512, PLAIN_TEXTS = 100 };

typedef struct {
    float *images, *texts;
    uint32_t image_of[M];
    size_t of_images[M], of_texts[N], plain[PLAIN_TEXTS];
} fixture;

static float next_number(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (float)(int32_t)(*state >> 32) * 0x1p-36f;
}

/* A caption is its image with as much noise again, so that ranks are of all sizes. */
static void set_up(fixture *f)
{
    uint64_t state = 1;
    f->images = malloc(sizeof(float) * N * D);
    f->texts = malloc(sizeof(float) * M * D);
    if (!f->images || !f->texts)
        exit(1);
    for (size_t i = 0; i < (size_t)N * D; i++)
        f->images[i] = next_number(&state);
    for (size_t t = 0; t < M; t++) {
        f->image_of[t] = (uint32_t)(t / (M / N));
        for (size_t d = 0; d < D; d++)
            f->texts[t * D + d] =
                f->images[f->image_of[t] * (size_t)D + d] / 8.0f + next_number(&state);
    }
}

static float product(const float *a, const float *b)
{
    double sum = 0.0;
    for (size_t d = 0; d < D; d++)
        sum += (double)a[d] * (double)b[d];
    return (float)sum;
}

static double rank_plainly(fixture *f)
{
    bench b = bench_begin("ranks of captions, plain loops");
    bench_items(&b, (size_t)PLAIN_TEXTS * N);
    while (bench_next(&b)) {
        for (size_t t = 0; t < PLAIN_TEXTS; t++) {
            const float *text = f->texts + t * D;
            const float own = product(text, f->images + f->image_of[t] * (size_t)D);
            f->plain[t] = 0;
            for (size_t i = 0; i < N; i++)
                f->plain[t] += product(text, f->images + i * D) > own;
        }
    }
    return bench_end(&b);
}

/* Sums of floats and of doubles may put two near ones the other way round. */
static bool are_near(const fixture *f)
{
    size_t n_other = 0;
    for (size_t t = 0; t < PLAIN_TEXTS; t++) {
        if (f->plain[t] + 1 < f->of_images[t] || f->of_images[t] + 1 < f->plain[t])
            return false;
        n_other += f->plain[t] != f->of_images[t];
    }
    return n_other < PLAIN_TEXTS / 20;
}

static void rank(fixture *f, unsigned n_threads, double plain_rate)
{
    const mci_captioned set = { f->images, f->texts, f->image_of, N, M, D, D };
    mc_status status = MC_OK;
    bench b = bench_begin("ranks of captions");
    bench_items(&b, (size_t)M * N);
    bench_threads(&b, n_threads);
    bench_against(&b, "plain loops", plain_rate);
    while (bench_next(&b))
        status = mci_caption_ranks(&set, n_threads, f->of_images, f->of_texts, NULL);
    bench_check(&b, status == MC_OK && are_near(f), "ranks");
    bench_end(&b);
}

int main(void)
{
    static fixture f;
    set_up(&f);
    const double plain_rate = rank_plainly(&f);
    rank(&f, 1, plain_rate);
    rank(&f, 2, plain_rate);
    free(f.images);
    free(f.texts);
    return 0;
}
