/* Files of pixels: MNIST's idx, and the binary versions of CIFAR and STL10. All of them are records
 * of one size:
 *
 *     CIFAR-10    label, 32 x 32 of red, of green, of blue
 *     CIFAR-100   coarse label, fine label, and the same
 *     STL10       96 x 96 of red, of green, of blue, each column by column; labels 1 to 10 apart
 *     MNIST       grey; labels apart; a header with the sizes before each
 */
#include <inttypes.h>

#include "base/alloc.h"
#include "eval/dataset_internal.h"
#include "io/png_write.h"

enum { IDX_LABELS = 0x801, IDX_IMAGES = 0x803, MOST_SIDE = 4096 };

const mci_pixel_layout mci_layout_mnist = { .channels = 1, .idx = true };
const mci_pixel_layout mci_layout_cifar10 = { .lead = 1, .width = 32, .height = 32, .channels = 3 };
const mci_pixel_layout mci_layout_cifar100 = {
    .lead = 2, .label_at = 1, .width = 32, .height = 32, .channels = 3
};
const mci_pixel_layout mci_layout_stl10 = {
    .width = 96, .height = 96, .channels = 3, .columns = true, .first_label = 1
};

typedef struct {
    mci_pixel_layout layout;
    mci_stream *images, *labels;
    mci_phrases paths; /* of more images */
    size_t next_path;
    mci_buf name;
    uint64_t number;   /* of the next image */
    uint64_t n_images; /* by idx's header; UINT64_MAX if nothing says it */
    uint8_t *pixels;   /* [height, width, channels] */
    size_t plane;      /* width * height */
} pixel_set;

static void close_pixels(void *self)
{
    pixel_set *p = self;
    mci_stream_close(p->images);
    mci_stream_close(p->labels);
    mci_phrases_release(&p->paths);
    mci_buf_release(&p->name);
    mci_free(p->pixels);
    mci_free(p);
}

/* ---- idx's headers ---- */

static uint32_t get_big(const char *at)
{
    const uint8_t *b = (const uint8_t *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* *dims: 1 or 3 of them, as the magic number says. */
static mc_status read_idx(mci_stream *stream, uint32_t magic, uint32_t *dims, mc_error *err)
{
    const char *what = magic == IDX_IMAGES ? "images" : "labels";
    const size_t n_dims = magic & 0xFF, n = 4 + 4 * n_dims;
    mc_str window;
    mc_status status = mci_stream_peek(stream, n, &window, err);
    MC_TRY(status);
    if (status != MC_OK || window.len < n)
        return mc_fail(err, MC_E_FORMAT, "the file of %s is cut in its header", what);
    if (get_big(window.data) != magic)
        return mc_fail(err, MC_E_FORMAT, "the file of %s is no idx of %zu dimensions of bytes",
                       what, n_dims);
    for (size_t i = 0; i < n_dims; i++)
        dims[i] = get_big(window.data + 4 + 4 * i);
    mci_stream_skip(stream, n);
    return MC_OK;
}

static mc_status read_headers(pixel_set *p, mc_error *err)
{
    uint32_t dims[3], n_labels;
    MC_TRY(read_idx(p->images, IDX_IMAGES, dims, err));
    MC_TRY(read_idx(p->labels, IDX_LABELS, &n_labels, err));
    if (dims[0] != n_labels)
        return mc_fail(err, MC_E_FORMAT,
                       "%" PRIu32 " images, but %" PRIu32 " labels: files of different sets",
                       dims[0], n_labels);
    p->n_images = dims[0];
    p->layout.height = dims[1];
    p->layout.width = dims[2];
    return MC_OK;
}

/* ---- records ---- */

/* Red, green and blue of a pixel come together. */
static void gather_pixels(const pixel_set *p, const uint8_t *planes)
{
    const mci_pixel_layout *l = &p->layout;
    for (size_t c = 0; c < l->channels; c++)
        for (size_t y = 0; y < l->height; y++)
            for (size_t x = 0; x < l->width; x++)
                p->pixels[(y * l->width + x) * l->channels + c] =
                    planes[c * p->plane + (l->columns ? x * l->height + y : y * l->width + x)];
}

static mc_status cut(const pixel_set *p, const char *what, const mc_error *why, mc_error *err)
{
    return mc_fail(err, MC_E_FORMAT, "%s: the %s end inside of image %" PRIu64 "%s%s", p->name.data,
                   what, p->number, why->text[0] ? ": " : "", why->text);
}

/* At least n bytes; MC_END: there is nothing more, at all. */
static mc_status peek(const pixel_set *p, mci_stream *stream, size_t n, const char *what,
                      mc_str *window, mc_error *err)
{
    mc_error why = { 0 };
    mc_status status = mci_stream_peek(stream, n, window, &why);
    if (status < 0) {
        if (err)
            *err = why;
        return status;
    }
    if (status == MC_END && p->n_images == UINT64_MAX)
        return MC_END;
    return status == MC_OK && window->len >= n ? MC_OK : cut(p, what, &why, err);
}

static mc_status open_next(pixel_set *p, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = mci_buf_add(&path, mci_phrases_get(&p->paths, p->next_path), err);
    if (status >= 0)
        status = mci_buf_terminate(&path, err);
    mci_stream_close(p->images);
    p->images = NULL;
    if (status >= 0)
        status = mci_stream_open(path.data, &p->images, err);
    p->next_path += status >= 0;
    mci_buf_release(&path);
    return status;
}

/* The next record: MC_END behind the last of all files. */
static mc_status next_record(pixel_set *p, mc_str *window, mc_error *err)
{
    const size_t n = p->layout.lead + p->plane * p->layout.channels;
    for (;;) {
        mc_status status =
            p->images ? peek(p, p->images, n, "pixels", window, err) : (mc_status)MC_END;
        if (status != MC_END || p->next_path == p->paths.n)
            return status;
        MC_TRY(open_next(p, err));
    }
}

static mc_status next_label(pixel_set *p, const char *record, uint8_t *label, mc_error *err)
{
    mc_str window;
    *label = (uint8_t)record[p->layout.lead ? p->layout.label_at : 0];
    if (!p->labels)
        return MC_OK;
    mc_status status = peek(p, p->labels, 1, "labels", &window, err);
    if (status == MC_END)
        return mc_fail(err, MC_E_FORMAT, "%s: there are fewer labels than images: %" PRIu64,
                       p->name.data, p->number);
    MC_TRY(status);
    *label = (uint8_t)window.data[0];
    mci_stream_skip(p->labels, 1);
    return MC_OK;
}

/* Behind the last image nothing may be left. */
static mc_status check_end(pixel_set *p, mc_error *err)
{
    mc_str window;
    mc_status status = p->labels ? mci_stream_peek(p->labels, 1, &window, err) : MC_END;
    MC_TRY(status);
    if (status == MC_OK)
        return mc_fail(err, MC_E_FORMAT, "%s: there are more labels than images", p->name.data);
    status = p->images ? mci_stream_peek(p->images, 1, &window, err) : MC_END;
    MC_TRY(status);
    if (status == MC_OK)
        return mc_fail(err, MC_E_FORMAT, "%s: there are more pixels than images", p->name.data);
    return MC_END;
}

static mc_status take_record(pixel_set *p, mci_dataset_item *item, mc_error *err)
{
    const mci_pixel_layout *l = &p->layout;
    mc_str window;
    uint8_t label;
    mc_status status = next_record(p, &window, err);
    if (status != MC_OK)
        return status;
    MC_TRY(next_label(p, window.data, &label, err));
    MC_TRY(mci_item_begin(item, err, "%s/%" PRIu64, p->name.data, p->number));
    gather_pixels(p, (const uint8_t *)window.data + l->lead);
    mci_stream_skip(p->images, l->lead + p->plane * l->channels);
    p->number++;
    MC_TRY(mci_png_write(p->pixels, l->width, l->height, l->channels, &item->image.bytes, err));
    item->image.has_bytes = true;
    if (label < l->first_label)
        return mc_fail(err, MC_SKIPPED, "its label is %u, and the first is %" PRIu32, label,
                       l->first_label);
    item->label = label - l->first_label;
    item->has_label = true;
    return MC_OK;
}

static mc_status next_pixels(void *self, mci_dataset_item *item, mc_error *err)
{
    pixel_set *p = self;
    mc_status status = p->number < p->n_images ? take_record(p, item, err) : MC_END;
    return status == MC_END ? check_end(p, err) : status;
}

/* ---- opening ---- */

static mc_status prepare(pixel_set *p, const mci_pixel_files *files, mc_error *err)
{
    mci_pixel_layout *l = &p->layout;
    MC_TRY(mci_buf_printf(&p->name, err, "%s", files->name));
    for (size_t i = 0; i < files->n_paths; i++)
        MC_TRY(mci_phrases_add(&p->paths, mc_str_of(files->paths[i]), true, err));
    if (l->idx)
        MC_TRY(read_headers(p, err));
    if (l->width == 0 || l->width > MOST_SIDE || l->height == 0 || l->height > MOST_SIDE)
        return mc_fail(err, MC_E_LIMIT,
                       "images of %" PRIu32 " x %" PRIu32 " pixels: sides are 1 to %d", l->width,
                       l->height, (int)MOST_SIDE);
    p->plane = (size_t)l->width * l->height;
    p->pixels = mci_alloc(p->plane * l->channels);
    return p->pixels ? MC_OK : mci_nomem(err, p->plane * l->channels);
}

mc_status mci_dataset_pixels_open(const mci_pixel_layout *layout, const mci_pixel_files *files,
                                  mci_dataset_source *out, mc_error *err)
{
    pixel_set *p = mci_alloc_zeroed(1, sizeof *p);
    if (!p) {
        mci_stream_close(files->images);
        mci_stream_close(files->labels);
        return mci_nomem(err, sizeof *p);
    }
    *p = (pixel_set){
        .layout = *layout, .images = files->images, .labels = files->labels, .n_images = UINT64_MAX
    };
    mc_status status = prepare(p, files, err);
    if (status < 0) {
        close_pixels(p);
        return mc_add_context(err, status, "%s", files->name);
    }
    *out = (mci_dataset_source){ p, next_pixels, close_pixels };
    return MC_OK;
}
