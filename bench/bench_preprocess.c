/* Photographs, as JPEG, to a model's input: decoding alone, the whole way, and a plain way of the
 * same with the same result: decode all, resize all in two passes of plain loops, crop, normalise.
 */
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "bench.h"
#include "image/preprocess.h"
#include "image/taps.h"
#include "metaclip/image.h"
#include "photos.h"

enum { S = 224, PLANE = S * S, N_IMAGES = 8 };

static void need(mc_status status, const mc_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "bench_preprocess: %s\n", err->text);
    exit(1);
}

static void *get(size_t n)
{
    void *memory = calloc(n, 1);
    if (!memory)
        exit(1);
    return memory;
}

/* ---- the plain way ---- */

static unsigned char *decode(const photo *p)
{
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *rgb = get((size_t)p->width * p->height * 3);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, p->bytes, p->n_bytes);
    jpeg_read_header(&jpeg, TRUE);
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < jpeg.output_height) {
        JSAMPROW row = rgb + (size_t)jpeg.output_scanline * p->width * 3;
        jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    return rgb;
}

/* One pass: lines of n_in pixels become lines of n_out; a pixel's neighbours are `step` apart. */
static void pass(const unsigned char *in, unsigned char *out, size_t n_lines, size_t in_line,
                 size_t out_line, size_t step, size_t out_step, const mci_taps *taps)
{
    for (size_t line = 0; line < n_lines; line++)
        for (size_t i = 0; i < taps->n; i++)
            for (size_t c = 0; c < 3; c++) {
                int32_t sum = 1 << (MCI_TAP_BITS - 1);
                const unsigned char *from = in + line * in_line + taps->first[i] * step + c;
                for (size_t k = 0; k < taps->count[i]; k++)
                    sum += taps->fixed[i * taps->most + k] * from[k * step];
                sum >>= MCI_TAP_BITS;
                out[line * out_line + i * out_step + c] = (unsigned char)(sum < 0     ? 0
                                                                          : sum > 255 ? 255
                                                                                      : sum);
            }
}

static void prepare_plainly(const photo *p, float *pixels)
{
    mc_image_options o = mc_image_options_clip(S);
    mci_taps across = { 0 }, down = { 0 };
    mc_error err = { 0 };
    bool is_tall = p->height > p->width;
    size_t w = is_tall ? S : (size_t)((double)S * p->width / p->height);
    size_t h = is_tall ? (size_t)((double)S * p->height / p->width) : S;
    unsigned char *rgb = decode(p), *middle = get(w * p->height * 3), *small = get(w * h * 3);
    need(mci_taps_make(&across, o.resample, p->width, (uint32_t)w, 0, (uint32_t)w, &err), &err);
    need(mci_taps_make(&down, o.resample, p->height, (uint32_t)h, 0, (uint32_t)h, &err), &err);
    pass(rgb, middle, p->height, (size_t)p->width * 3, w * 3, 3, 3, &across);
    pass(middle, small, w, 3, 3, w * 3, w * 3, &down);
    size_t x0 = mci_crop_at((uint32_t)w, S), y0 = mci_crop_at((uint32_t)h, S);
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < S; y++)
            for (size_t x = 0; x < S; x++)
                pixels[c * PLANE + y * S + x] =
                    ((float)small[((y + y0) * w + x + x0) * 3 + c] / 255.0f - o.mean[c]) / o.std[c];
    mci_taps_release(&across);
    mci_taps_release(&down);
    free(rgb);
    free(middle);
    free(small);
}

/* ---- measuring ---- */

static void bench_size(unsigned w, unsigned h)
{
    static float plain[N_IMAGES][3 * PLANE], ours[N_IMAGES][3 * PLANE];
    photo photos[N_IMAGES];
    char name[64], baseline[64];
    mc_image_scratch *scratch = NULL;
    mc_image_options options = mc_image_options_clip(S);
    mc_error err = { 0 };
    need(mc_image_scratch_new(&scratch, &err), &err);
    for (size_t i = 0; i < N_IMAGES; i++)
        photos[i] = photo_make(w, h, i + 1);

    snprintf(name, sizeof name, "decode_%ux%u", w, h);
    bench b = bench_begin(name);
    bench_items(&b, N_IMAGES);
    while (bench_next(&b))
        for (size_t i = 0; i < N_IMAGES; i++)
            free(decode(&photos[i]));
    bench_end(&b);

    snprintf(baseline, sizeof baseline, "prepare_plainly_%ux%u", w, h);
    b = bench_begin(baseline);
    bench_items(&b, N_IMAGES);
    while (bench_next(&b))
        for (size_t i = 0; i < N_IMAGES; i++)
            prepare_plainly(&photos[i], plain[i]);
    double rate = bench_end(&b);

    snprintf(name, sizeof name, "prepare_%ux%u", w, h);
    b = bench_begin(name);
    bench_items(&b, N_IMAGES);
    bench_against(&b, baseline, rate);
    while (bench_next(&b))
        for (size_t i = 0; i < N_IMAGES; i++) {
            mc_str file = { (const char *)photos[i].bytes, photos[i].n_bytes };
            need(mc_image_prepare(scratch, &options, file, ours[i], &err), &err);
        }
    bench_check(&b, memcmp(ours, plain, sizeof ours) == 0, "the pixels");
    bench_end(&b);
    for (size_t i = 0; i < N_IMAGES; i++)
        photo_release(&photos[i]);
    mc_image_scratch_free(scratch);
}

static void drop_row(void *user, uint32_t y, const uint8_t *row)
{
    *(uint64_t *)user += row[0] + y;
}

/* Resizing alone, by each kind of loops: 1600 x 1200 to the crop's 224 x 224. */
static void bench_kernels(void)
{
    enum { W = 1600, H = 1200 };
    uint8_t *pixels = get((size_t)W * H * 4 + 64);
    uint64_t state = 1, first_sum = 0;
    double plain_rate = 0;
    for (size_t i = 0; i < (size_t)W * H * 4; i++)
        pixels[i] = (uint8_t)photo_random(&state);
    const mci_resize_kernels *const *kernels = mci_resize_kernels_all();
    for (size_t k = 0; kernels[k]; k++) {
        mci_resize_plan plan = { MC_RESAMPLE_BICUBIC, W, H, 298, S, 37, 0, S, S };
        mci_resizer *resizer = NULL;
        mc_error err = { 0 };
        char name[64];
        uint64_t sum = 0;
        need(mci_resizer_new(kernels[k], &resizer, &err), &err);
        snprintf(name, sizeof name, "resize_%s", kernels[k]->name);
        bench b = bench_begin(name);
        bench_items(&b, 1);
        if (k > 0)
            bench_against(&b, "resize_plain", plain_rate);
        while (bench_next(&b)) {
            mci_resize_need part;
            sum = 0;
            need(mci_resizer_begin(resizer, &plan, &part, &err), &err);
            for (uint32_t y = 0; y < part.height; y += 4) {
                const uint8_t *rows[4];
                for (uint32_t i = 0; i < 4; i++)
                    rows[i] = pixels + (size_t)(part.y + y + i) * W * 4;
                mci_resizer_rows(resizer, rows, 4, drop_row, &sum);
            }
        }
        first_sum = k == 0 ? sum : first_sum;
        bench_check(&b, sum == first_sum && sum > 0, "the sum of pixels");
        double rate = bench_end(&b);
        plain_rate = k == 0 ? rate : plain_rate;
        mci_resizer_free(resizer);
    }
    free(pixels);
}

int main(void)
{
    bench_size(640, 480);
    bench_size(1600, 1200);
    bench_size(480, 640);
    bench_kernels();
    return 0;
}
