#include "io/image.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "io/image_internal.h"

/* A frame of more than this is given back after its image. */
static const size_t kept_frame_bytes = (size_t)16 << 20;

enum { N_DECODERS = 3 };

static const struct {
    mci_image_kind kind;
    const mci_image_decoder *decoder;
} decoders[N_DECODERS] = {
    { MCI_IMAGE_JPEG, &mci_jpeg_decoder },
    { MCI_IMAGE_PNG, &mci_png_decoder },
    { MCI_IMAGE_WEBP, &mci_webp_decoder },
};

struct mci_image_reader {
    mci_image_info info;
    void *states[N_DECODERS];
    const mci_image_decoder *decoder; /* of the image that was begun; NULL: none */
    void *state;
    uint32_t n_given;
};

const char *mci_image_mode_name(mci_image_mode mode)
{
    static const char *const names[] = { "1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I" };
    return names[mode];
}

size_t mci_image_pixel_bytes(mci_image_mode mode)
{
    return mode <= MCI_MODE_P ? 1 : 4;
}

mc_status mci_image_reader_new(mci_image_reader **out, mc_error *err)
{
    mci_image_reader *reader = mci_alloc_zeroed(1, sizeof *reader);
    if (!reader)
        return mci_nomem(err, sizeof *reader);
    *out = reader;
    return MC_OK;
}

void mci_image_reader_free(mci_image_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; i < N_DECODERS; i++)
        decoders[i].decoder->free_state(reader->states[i]);
    mci_free(reader);
}

/* ---- one image ---- */

static void drop(mci_image_reader *reader)
{
    if (reader->decoder)
        reader->decoder->drop(reader->state);
    reader->decoder = NULL;
}

static mc_status no_decoder(mc_str bytes, mci_image_kind kind, const char *name, mc_error *err)
{
    if (bytes.len == 0)
        return mc_fail(err, MC_E_FORMAT, "empty: there is no image");
    if (kind == MCI_IMAGE_OTHER)
        return mc_fail(err, MC_E_FORMAT, "%s: only JPEG, PNG and WebP are decoded; convert it",
                       name);
    if (name)
        return mc_fail(err, MC_E_FORMAT, "no image but %s", name);
    return mc_fail(err, MC_E_FORMAT, "no image: it begins as no JPEG, PNG or WebP does");
}

mc_status mci_image_begin(mci_image_reader *reader, mc_str bytes, const mci_image_limits *limits,
                          const mci_image_info **info, mc_error *err)
{
    const char *name = NULL;
    mci_image_kind kind = mci_image_kind_of(bytes, &name);
    size_t i = 0;
    drop(reader);
    while (i < N_DECODERS && decoders[i].kind != kind)
        i++;
    if (i == N_DECODERS)
        return no_decoder(bytes, kind, name, err);
    if (!reader->states[i])
        MC_TRY(decoders[i].decoder->new_state(&reader->states[i], err));
    reader->decoder = decoders[i].decoder;
    reader->state = reader->states[i];
    reader->n_given = 0;
    reader->info.kind = kind;
    reader->info.orientation = reader->info.shrunk = 1;
    mc_status status = reader->decoder->begin(reader->state, bytes, limits, &reader->info, err);
    if (status < 0) {
        drop(reader);
        return mc_add_context(err, status, "%s", name);
    }
    *info = &reader->info;
    return MC_OK;
}

/* A failure ends the image: nothing more is asked of a decoder that failed. */
static mc_status check(mci_image_reader *reader, mc_status status, mc_error *err)
{
    if (status >= 0)
        return MC_OK;
    drop(reader);
    const char *name = reader->info.kind == MCI_IMAGE_JPEG  ? "JPEG"
                       : reader->info.kind == MCI_IMAGE_PNG ? "PNG"
                                                            : "WebP";
    return mc_add_context(err, status, "%s", name);
}

mc_status mci_image_rows(mci_image_reader *reader, uint32_t n, const uint8_t *rows[], mc_error *err)
{
    if (!reader->decoder || n > MCI_IMAGE_ROWS || n > reader->info.height - reader->n_given)
        return mc_fail(err, MC_E_ARG, "there are no such rows");
    reader->n_given += n;
    return check(reader, reader->decoder->rows(reader->state, n, rows, err), err);
}

mc_status mci_image_want(mci_image_reader *reader, uint32_t x, uint32_t n, mc_error *err)
{
    if (!reader->decoder || reader->n_given > 0 || n == 0 || x >= reader->info.width ||
        n > reader->info.width - x)
        return mc_fail(err, MC_E_ARG, "there are no such pixels");
    if (!reader->decoder->want)
        return MC_OK;
    return check(reader, reader->decoder->want(reader->state, x, n, err), err);
}

mc_status mci_image_skip(mci_image_reader *reader, uint32_t n, mc_error *err)
{
    const uint8_t *rows[MCI_IMAGE_ROWS];
    if (!reader->decoder || n > reader->info.height - reader->n_given)
        return mc_fail(err, MC_E_ARG, "there are no such rows");
    if (reader->decoder->skip && n > 0) {
        reader->n_given += n;
        return check(reader, reader->decoder->skip(reader->state, n, err), err);
    }
    for (uint32_t k; n > 0; n -= k) {
        k = n < MCI_IMAGE_ROWS ? n : MCI_IMAGE_ROWS;
        MC_TRY(mci_image_rows(reader, k, rows, err));
    }
    return MC_OK;
}

mc_status mci_image_finish(mci_image_reader *reader, mc_error *err)
{
    if (!reader->decoder)
        return mc_fail(err, MC_E_ARG, "no image was begun");
    MC_TRY(mci_image_skip(reader, reader->info.height - reader->n_given, err));
    MC_TRY(check(reader, reader->decoder->finish(reader->state, err), err));
    drop(reader);
    return MC_OK;
}

/* ---- what decoders share ---- */

mc_status mci_image_check_size(const mci_image_limits *limits, uint64_t width, uint64_t height,
                               uint64_t n_bytes, mc_error *err)
{
    if (width == 0 || height == 0)
        return mc_fail(err, MC_E_FORMAT, "damaged: %" PRIu64 " x %" PRIu64 " pixels", width,
                       height);
    if (height > limits->max_pixels / width)
        return mc_fail(err, MC_E_LIMIT,
                       "%" PRIu64 " x %" PRIu64 " pixels, more than the limit of %" PRIu64, width,
                       height, limits->max_pixels);
    if (n_bytes > limits->max_bytes)
        return mc_fail(err, MC_E_LIMIT,
                       "%" PRIu64 " x %" PRIu64 " pixels need %" PRIu64
                       " bytes to decode, more than the limit of %" PRIu64,
                       width, height, n_bytes, limits->max_bytes);
    return MC_OK;
}

mc_status mci_image_frame_make(mci_image_frame *frame, size_t row_bytes, size_t n_rows,
                               mc_error *err)
{
    size_t need = row_bytes * n_rows + MCI_IMAGE_SLACK;
    if (frame->cap < need) {
        mci_image_frame_release(frame);
        frame->data = mci_alloc_zeroed(need, 1);
        if (!frame->data)
            return mci_nomem(err, need);
        frame->cap = need;
    }
    frame->row_bytes = row_bytes;
    return MC_OK;
}

void mci_image_frame_drop(mci_image_frame *frame)
{
    if (frame->cap > kept_frame_bytes)
        mci_image_frame_release(frame);
}

void mci_image_frame_release(mci_image_frame *frame)
{
    mci_free(frame->data);
    *frame = (mci_image_frame){ 0 };
}
