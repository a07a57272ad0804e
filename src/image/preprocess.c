/* From rows of a file to rows of a model's input:
 *
 *      decoder -> rows of the file's mode -> to RGB, or premultiplied -> across -> down ---+
 *                         |                        ^                                       |
 *                         +-> turned, as a whole --+          to floats, or bytes <- RGB <-+
 *
 * Eight rows at a time, which stay in the cache on their way. Only 16-bit grey that is to become
 * RGB last, and what is turned, is as a whole in memory. */
#include "image/preprocess.h"

#include "base/alloc.h"
#include "image/pixels.h"
#include "image/preprocess_internal.h"
#include "io/image.h"

static const uint64_t default_max_pixels = 178956970, default_max_bytes = (uint64_t)2 << 30;

/* More than this of one turned image is not kept for the next. */
static const size_t kept_bytes = (size_t)64 << 20;

/* What happens to a row before it is resized, and after. */
typedef enum { AS_RGB, AS_CMYK, AS_ALPHA, AS_INTS } treatment;

struct mc_image_scratch {
    mci_image_reader *reader;
    mci_resizer *resizer;
    const mci_image_info *info; /* of the image that was begun */
    bool is_turned;
    uint32_t width, height; /* after turning */
    uint64_t max_bytes;
    treatment how;
    uint8_t *rows, *whole; /* eight rows; all of them */
    size_t cap_rows, cap_whole;
    uint32_t n_read; /* rows of `whole`, if it is turned */
    /* where results go */
    const mci_prepared *to;
    uint32_t out_width, out_height, left, top, made_width;
    mci_pixel_table table;
    double rescale;
    float mean[3], std[3]; /* that the table was made with; std 0: none yet */
    uint8_t *made;
    size_t cap_made;
};

mc_status mc_image_scratch_new(mc_image_scratch **out, mc_error *err)
{
    mc_image_scratch *s = mci_alloc_zeroed(1, sizeof *s);
    if (!s)
        return mci_nomem(err, sizeof *s);
    mc_status status = mci_image_reader_new(&s->reader, err);
    if (status == MC_OK)
        status = mci_resizer_new(NULL, &s->resizer, err);
    if (status < 0) {
        mc_image_scratch_free(s);
        return status;
    }
    *out = s;
    return MC_OK;
}

void mc_image_scratch_free(mc_image_scratch *s)
{
    if (!s)
        return;
    mci_image_reader_free(s->reader);
    mci_resizer_free(s->resizer);
    mci_free(s->rows);
    mci_free(s->whole);
    mci_free(s->made);
    mci_free(s);
}

static mc_status room(uint8_t **memory, size_t *cap, uint64_t n, mc_error *err)
{
    if (n <= *cap)
        return MC_OK;
    mci_free(*memory);
    *memory = mci_alloc_zeroed(n, 1);
    *cap = *memory ? n : 0;
    return *memory ? MC_OK : mci_nomem(err, n);
}

static mc_status check_memory(const mc_image_scratch *s, uint64_t n_bytes, mc_error *err)
{
    if (n_bytes <= s->max_bytes)
        return MC_OK;
    return mc_fail(err, MC_E_LIMIT, "%u x %u pixels need %llu bytes, more than the limit of %llu",
                   s->width, s->height, (unsigned long long)n_bytes,
                   (unsigned long long)s->max_bytes);
}

/* ---- beginning ---- */

static void set_treatment(mc_image_scratch *s, const mc_image_options *o)
{
    mci_image_mode mode = s->info->mode;
    bool is_mixed = o->resample != MC_RESAMPLE_NEAREST; /* else the order does not matter */
    s->how = AS_RGB;
    if (!o->rgb_last || !is_mixed)
        return;
    if (mode == MCI_MODE_CMYK)
        s->how = AS_CMYK;
    else if (mode == MCI_MODE_LA || mode == MCI_MODE_RGBA)
        s->how = AS_ALPHA;
    else if (mode == MCI_MODE_I)
        s->how = AS_INTS;
}

mc_status mci_prepare_begin(mc_image_scratch *s, const mc_image_options *o, mc_str file,
                            uint32_t *width, uint32_t *height, mc_error *err)
{
    unsigned shortest = o->shortest ? o->shortest : o->width > o->height ? o->width : o->height;
    mci_image_limits limits = { .max_pixels = o->max_pixels ? o->max_pixels : default_max_pixels,
                                .max_bytes = o->max_bytes ? o->max_bytes : default_max_bytes,
                                .enough = o->shrink ? 2 * shortest : 0 };
    MC_TRY(mci_image_begin(s->reader, file, &limits, &s->info, err));
    s->max_bytes = limits.max_bytes;
    if (s->cap_whole > kept_bytes) {
        mci_free(s->whole);
        s->whole = NULL;
        s->cap_whole = 0;
    }
    s->is_turned = o->exif && s->info->orientation > 1;
    bool is_tipped = s->is_turned && s->info->orientation >= 5;
    s->width = is_tipped ? s->info->height : s->info->width;
    s->height = is_tipped ? s->info->width : s->info->height;
    set_treatment(s, o);
    *width = s->width;
    *height = s->height;
    uint64_t row_bytes = (uint64_t)s->info->width * 4 + MCI_IMAGE_SLACK;
    return room(&s->rows, &s->cap_rows, row_bytes * MCI_IMAGE_ROWS, err);
}

/* ---- rows of the source, all of four bytes a pixel ---- */

/* Rows as they are to be resized. */
static mc_status read_rows(mc_image_scratch *s, uint32_t n, const uint8_t *rows[], mc_error *err)
{
    size_t n_pixels = s->info->width, row_bytes = n_pixels * 4 + MCI_IMAGE_SLACK;
    bool is_ready = s->how == AS_CMYK || s->how == AS_INTS ||
                    (s->how == AS_RGB && mci_pixels_are_rgb(s->info->mode));
    MC_TRY(mci_image_rows(s->reader, n, rows, err));
    for (uint32_t i = 0; i < n && !is_ready; i++) {
        uint8_t *to = s->rows + i * row_bytes;
        if (s->how == AS_ALPHA)
            mci_pixels_premultiply(rows[i], n_pixels, to);
        else
            mci_pixels_to_rgb(s->info, rows[i], n_pixels, to);
        rows[i] = to;
    }
    return MC_OK;
}

/* Puts a row to where EXIF's orientation wants it; 5 to 8 tip rows into columns. */
static void turn_row(mc_image_scratch *s, const uint8_t *row, uint32_t y)
{
    unsigned o = s->info->orientation;
    size_t n = s->info->width, w = s->width, h = s->height;
    bool is_tipped = o >= 5;
    bool from_right = o == 2 || o == 3 || o == 7 || o == 6;
    bool from_below = o == 3 || o == 4 || o == 7 || o == 8;
    for (size_t x = 0; x < n; x++) {
        size_t to_x = is_tipped ? y : x, to_y = is_tipped ? x : y;
        to_x = from_right ? w - 1 - to_x : to_x;
        to_y = from_below ? h - 1 - to_y : to_y;
        memcpy(s->whole + (to_y * w + to_x) * 4, row + 4 * x, 4);
    }
}

static mc_status read_turned(mc_image_scratch *s, mc_error *err)
{
    const uint8_t *rows[MCI_IMAGE_ROWS];
    uint64_t n_bytes = (uint64_t)s->width * s->height * 4 + MCI_IMAGE_SLACK;
    MC_TRY(check_memory(s, n_bytes, err));
    MC_TRY(room(&s->whole, &s->cap_whole, n_bytes, err));
    for (uint32_t y = 0; y < s->info->height; y += MCI_IMAGE_ROWS) {
        uint32_t left = s->info->height - y;
        uint32_t n = left < MCI_IMAGE_ROWS ? left : MCI_IMAGE_ROWS;
        MC_TRY(read_rows(s, n, rows, err));
        for (uint32_t i = 0; i < n; i++)
            turn_row(s, rows[i], y + i);
    }
    return MC_OK;
}

/* The next rows, upright. */
static mc_status next_rows(mc_image_scratch *s, uint32_t n, const uint8_t *rows[], mc_error *err)
{
    if (!s->is_turned)
        return read_rows(s, n, rows, err);
    for (uint32_t i = 0; i < n; i++)
        rows[i] = s->whole + (size_t)s->n_read++ * s->width * 4;
    return MC_OK;
}

/* Hands `n` rows from row `first` on, each from pixel x on, to `take`. */
typedef void take_rows(mc_image_scratch *s, const uint8_t *rows[], uint32_t n);

static mc_status read_part(mc_image_scratch *s, uint32_t first, uint32_t n, uint32_t x,
                           take_rows *take, mc_error *err)
{
    const uint8_t *rows[MCI_IMAGE_ROWS];
    MC_TRY(s->is_turned ? read_turned(s, err) : mci_image_skip(s->reader, first, err));
    s->n_read = first;
    for (uint32_t k; n > 0; n -= k) {
        k = n < MCI_IMAGE_ROWS ? n : MCI_IMAGE_ROWS;
        MC_TRY(next_rows(s, k, rows, err));
        for (uint32_t i = 0; i < k; i++)
            rows[i] += (size_t)x * 4;
        take(s, rows, k);
    }
    return mci_image_finish(s->reader, err);
}

/* ---- rows of the result ---- */

static void give_row(mc_image_scratch *s, uint32_t y, uint8_t *row)
{
    size_t at = (size_t)(s->top + y) * s->out_width + s->left;
    size_t plane = (size_t)s->out_width * s->out_height;
    if (s->how == AS_ALPHA)
        mci_pixels_unpremultiply(row, s->made_width);
    if (s->how == AS_CMYK)
        mci_pixels_to_rgb(s->info, row, s->made_width, row);
    if (s->to->bytes)
        mci_pixels_to_bytes(row, s->made_width, s->to->bytes + 3 * at);
    if (s->to->pixels) {
        float *red = s->to->pixels + at;
        float *planes[3] = { red, red + plane, red + 2 * plane };
        mci_pixels_to_floats(&s->table, row, s->made_width, planes);
    }
}

static void sink_row(void *user, uint32_t y, const uint8_t *row)
{
    mc_image_scratch *s = user;
    memcpy(s->made, row, (size_t)s->made_width * 4);
    give_row(s, y, s->made);
}

static void resize_rows(mc_image_scratch *s, const uint8_t *rows[], uint32_t n)
{
    mci_resizer_rows(s->resizer, rows, n, sink_row, s);
}

/* 16-bit grey: all rows are laid one behind the other. */
static void keep_rows(mc_image_scratch *s, const uint8_t *rows[], uint32_t n)
{
    for (uint32_t i = 0; i < n; i++, s->made += (size_t)s->made_width * 4)
        memcpy(s->made, rows[i], (size_t)s->made_width * 4);
}

static mc_status resize_ints(mc_image_scratch *s, const mci_resize_plan *plan, uint32_t first,
                             uint32_t n, uint32_t x, mc_error *err)
{
    uint64_t n_in = (uint64_t)plan->in_width * n, n_out = (uint64_t)plan->width * plan->height;
    MC_TRY(check_memory(s, 4 * (n_in + n_out + (uint64_t)n * plan->width), err));
    uint8_t *all = mci_alloc(4 * (n_in + n_out)), *made = s->made;
    if (!all)
        return mci_nomem(err, 4 * (n_in + n_out));
    s->made = all;
    s->made_width = plan->in_width;
    mc_status status = read_part(s, first, n, x, keep_rows, err);
    s->made = made;
    s->made_width = plan->width;
    int32_t *ints = (int32_t *)all, *out = ints + n_in;
    if (status == MC_OK)
        status = mci_resize_ints(s->resizer, ints, out, err);
    for (uint32_t y = 0; y < plan->height && status == MC_OK; y++) {
        const uint8_t *row = (const uint8_t *)(out + (size_t)y * plan->width);
        mci_pixels_to_rgb(s->info, row, plan->width, s->made);
        give_row(s, y, s->made);
    }
    mci_free(all);
    return status;
}

/* ---- the whole way ---- */

static void set_table(mc_image_scratch *s, const mc_image_options *o)
{
    if (s->std[0] != 0 && s->rescale == o->rescale &&
        memcmp(s->mean, o->mean, sizeof s->mean) == 0 && memcmp(s->std, o->std, sizeof s->std) == 0)
        return;
    s->rescale = o->rescale;
    memcpy(s->mean, o->mean, sizeof s->mean);
    memcpy(s->std, o->std, sizeof s->std);
    mci_pixel_table_make(&s->table, o->rescale, o->mean, o->std);
}

static void fill_black(mc_image_scratch *s)
{
    size_t plane = (size_t)s->out_width * s->out_height;
    if (s->to->bytes)
        memset(s->to->bytes, 0, 3 * plane);
    for (size_t i = 0; i < 3 * plane && s->to->pixels; i++)
        s->to->pixels[i] = s->table.of[i / plane][0];
}

static mc_status run(mc_image_scratch *s, const mc_image_options *o, const mci_image_box *box,
                     mci_resize_plan *plan, const mci_prepared *to, mc_error *err)
{
    mci_resize_need need;
    bool is_palette = s->info->mode == MCI_MODE_P || s->info->mode == MCI_MODE_1;
    plan->filter = o->rgb_last && is_palette ? MC_RESAMPLE_NEAREST : o->resample;
    plan->in_width = box->width;
    plan->in_height = box->height;
    if (plan->in_width == plan->out_width && plan->in_height == plan->out_height)
        s->how = AS_RGB; /* nothing is mixed, so alpha and ink are not in the way */
    s->to = to;
    s->left = (s->out_width - plan->width) / 2;
    s->top = (s->out_height - plan->height) / 2;
    s->made_width = plan->width;
    set_table(s, o);
    if (plan->width < s->out_width || plan->height < s->out_height)
        fill_black(s);
    MC_TRY(room(&s->made, &s->cap_made, (uint64_t)plan->width * 4, err));
    MC_TRY(mci_resizer_begin(s->resizer, plan, &need, err));
    if (!s->is_turned)
        MC_TRY(mci_image_want(s->reader, box->x + need.x, need.width, err));
    if (s->how == AS_INTS)
        return resize_ints(s, plan, box->y + need.y, need.height, box->x, err);
    return read_part(s, box->y + need.y, need.height, box->x, resize_rows, err);
}

mc_status mci_prepare_box(mc_image_scratch *s, const mc_image_options *o, const mci_image_box *box,
                          const mci_prepared *to, mc_error *err)
{
    if (box->width == 0 || box->height == 0 || box->x >= s->width || box->y >= s->height ||
        box->width > s->width - box->x || box->height > s->height - box->y)
        return mc_fail(err, MC_E_ARG, "the box is not in the image");
    MC_TRY(mc_image_out_size(o, &s->out_width, &s->out_height, err));
    mci_resize_plan plan = { .out_width = s->out_width,
                             .out_height = s->out_height,
                             .width = s->out_width,
                             .height = s->out_height };
    return run(s, o, box, &plan, to, err);
}

mc_status mci_prepare_whole(mc_image_scratch *s, const mc_image_options *o, const mci_prepared *to,
                            mc_error *err)
{
    mci_image_box box = { 0, 0, s->width, s->height };
    mci_resize_plan plan = { 0 };
    MC_TRY(mc_image_out_size(o, &s->out_width, &s->out_height, err));
    MC_TRY(mci_resized_size(o, s->width, s->height, &plan.out_width, &plan.out_height, err));
    plan.width = plan.out_width < s->out_width ? plan.out_width : s->out_width;
    plan.height = plan.out_height < s->out_height ? plan.out_height : s->out_height;
    plan.x = mci_crop_at(plan.out_width, plan.width);
    plan.y = mci_crop_at(plan.out_height, plan.height);
    return run(s, o, &box, &plan, to, err);
}

static mc_status prepare(mc_image_scratch *s, const mc_image_options *o, mc_str file,
                         const mci_prepared *to, mc_error *err)
{
    uint32_t width, height;
    unsigned out_width, out_height;
    MC_TRY(mc_image_out_size(o, &out_width, &out_height, err));
    MC_TRY(mci_prepare_begin(s, o, file, &width, &height, err));
    return mci_prepare_whole(s, o, to, err);
}

mc_status mc_image_prepare(mc_image_scratch *s, const mc_image_options *o, mc_str file,
                           float *pixels, mc_error *err)
{
    return prepare(s, o, file, &(mci_prepared){ .pixels = pixels }, err);
}

mc_status mc_image_prepare_u8(mc_image_scratch *s, const mc_image_options *o, mc_str file,
                              uint8_t *bytes, mc_error *err)
{
    return prepare(s, o, file, &(mci_prepared){ .bytes = bytes }, err);
}

/* ---- decoding alone ---- */

/* The rows, each behind the one before. */
static void append_rows(mc_image_scratch *s, const uint8_t *rows[], uint32_t n)
{
    for (uint32_t i = 0; i < n; i++, s->made += (size_t)s->width * 3)
        mci_pixels_to_bytes(rows[i], s->width, s->made);
}

mc_status mc_image_decode(mc_image_scratch *s, const mc_image_options *o, mc_str file,
                          uint8_t **bytes, unsigned *width, unsigned *height, mc_error *err)
{
    mc_image_options plain = { .exif = o->exif,
                               .max_pixels = o->max_pixels,
                               .max_bytes = o->max_bytes };
    uint32_t w, h;
    MC_TRY(mci_prepare_begin(s, &plain, file, &w, &h, err));
    uint64_t n_bytes = (uint64_t)w * h * 3;
    MC_TRY(check_memory(s, n_bytes, err));
    uint8_t *all = mci_alloc(n_bytes), *made = s->made;
    if (!all)
        return mci_nomem(err, n_bytes);
    s->made = all;
    mc_status status = read_part(s, 0, h, 0, append_rows, err);
    s->made = made;
    if (status < 0) {
        mci_free(all);
        return status;
    }
    *bytes = all;
    *width = w;
    *height = h;
    return MC_OK;
}
