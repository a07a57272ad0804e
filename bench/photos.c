#include "photos.h"

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

static void *get(size_t n)
{
    void *memory = calloc(n, 1);
    if (!memory)
        exit(1);
    return memory;
}

uint64_t photo_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static void add_grid(float *pixels, unsigned w, unsigned h, unsigned step, uint64_t *state)
{
    size_t n_x = w / step + 2, n_y = h / step + 2;
    float *grid = get(n_x * n_y * 3 * sizeof *grid);
    for (size_t i = 0; i < n_x * n_y * 3; i++)
        grid[i] = ((float)(photo_random(state) >> 40) / 0x1p24f - 0.5f) * (float)(2 * step + 16);
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++)
            for (size_t c = 0; c < 3; c++) {
                float fx = (float)(x % step) / (float)step, fy = (float)(y % step) / (float)step;
                const float *at = grid + ((y / step) * n_x + x / step) * 3 + c;
                float top = at[0] * (1 - fx) + at[3] * fx;
                float low = at[n_x * 3] * (1 - fx) + at[n_x * 3 + 3] * fx;
                pixels[(y * w + x) * 3 + c] += top * (1 - fy) + low * fy;
            }
    free(grid);
}

static void compress(photo *p, const unsigned char *rgb)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &p->bytes, &p->n_bytes);
    jpeg.image_width = p->width;
    jpeg.image_height = p->height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 88, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)jpeg.next_scanline * p->width * 3);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
}

photo photo_make(unsigned w, unsigned h, uint64_t seed)
{
    photo p = { .width = w, .height = h };
    size_t n = (size_t)w * h * 3;
    float *pixels = get(n * sizeof *pixels);
    unsigned char *rgb = get(n);
    for (unsigned step = 2; step <= 128; step *= 2)
        add_grid(pixels, w, h, step, &seed);
    for (size_t i = 0; i < n; i++) {
        float value = 128 + pixels[i];
        rgb[i] = (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
    compress(&p, rgb);
    free(pixels);
    free(rgb);
    return p;
}

void photo_release(photo *p)
{
    free(p->bytes);
    *p = (photo){ 0 };
}
