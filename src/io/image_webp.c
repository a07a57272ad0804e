/* WebP through libwebp, and its demuxer for files of several chunks. The picture is the first frame
 * on the canvas, which is transparent black where the frame is not; so Pillow shows it. */
#include <webp/decode.h>
#include <webp/demux.h>

#include "base/alloc.h"
#include "io/image_internal.h"

typedef struct {
    mci_image_frame frame;
    uint32_t next_row;
} webp_state;

static mc_status new_webp(void **out, mc_error *err)
{
    webp_state *s = mci_alloc_zeroed(1, sizeof *s);
    if (!s)
        return mci_nomem(err, sizeof *s);
    *out = s;
    return MC_OK;
}

static void free_webp(void *state)
{
    webp_state *s = state;
    if (!s)
        return;
    mci_image_frame_release(&s->frame);
    mci_free(s);
}

static void drop_webp(void *state)
{
    webp_state *s = state;
    if (s)
        mci_image_frame_drop(&s->frame);
}

static unsigned find_orientation(const WebPDemuxer *demuxer)
{
    WebPChunkIterator chunk;
    unsigned orientation = 1;
    if (!WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk))
        return 1;
    mc_str exif = { (const char *)chunk.chunk.bytes, chunk.chunk.size };
    if (exif.len >= 6 && memcmp(exif.data, "Exif\0\0", 6) == 0)
        exif = (mc_str){ exif.data + 6, exif.len - 6 };
    orientation = mci_exif_orientation(exif);
    WebPDemuxReleaseChunkIterator(&chunk);
    return orientation;
}

/* Decodes into its place on the canvas. */
static mc_status decode_frame(webp_state *s, const WebPIterator *it, const mci_image_info *info,
                              mc_error *err)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return mc_fail(err, MC_E_BACKEND, "libwebp is of another version");
    bool fits = it->x_offset >= 0 && it->y_offset >= 0 && it->width > 0 && it->height > 0 &&
                (uint64_t)it->x_offset + (uint64_t)it->width <= info->width &&
                (uint64_t)it->y_offset + (uint64_t)it->height <= info->height;
    if (!fits || !it->complete)
        return mc_fail(err, MC_E_FORMAT, "damaged: its first frame is not whole");
    size_t n_bytes = s->frame.row_bytes * info->height;
    bool covers = (uint32_t)it->width == info->width && (uint32_t)it->height == info->height;
    if (!covers)
        memset(s->frame.data, 0, n_bytes);
    size_t at = (size_t)it->y_offset * s->frame.row_bytes + (size_t)it->x_offset * 4;
    config.output.colorspace = MODE_RGBA;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = s->frame.data + at;
    config.output.u.RGBA.stride = (int)s->frame.row_bytes;
    config.output.u.RGBA.size = n_bytes - at;
    VP8StatusCode code = WebPDecode(it->fragment.bytes, it->fragment.size, &config);
    WebPFreeDecBuffer(&config.output);
    if (code == VP8_STATUS_OUT_OF_MEMORY)
        return mc_fail(err, MC_E_NOMEM, "out of memory");
    if (code != VP8_STATUS_OK)
        return mc_fail(err, MC_E_FORMAT, "damaged: its picture cannot be decoded");
    return MC_OK;
}

static mc_status read_canvas(webp_state *s, const WebPDemuxer *demuxer,
                             const mci_image_limits *limits, mci_image_info *info, mc_error *err)
{
    uint64_t width = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_WIDTH);
    uint64_t height = WebPDemuxGetI(demuxer, WEBP_FF_CANVAS_HEIGHT);
    /* libwebp has up to as much again of its own while it decodes. */
    uint64_t n_bytes = width * height * 4;
    MC_TRY(mci_image_check_size(limits, width, height, 2 * n_bytes, err));
    bool has_alpha = WebPDemuxGetI(demuxer, WEBP_FF_FORMAT_FLAGS) & ALPHA_FLAG;
    info->mode = has_alpha ? MCI_MODE_RGBA : MCI_MODE_RGB;
    info->width = (uint32_t)width;
    info->height = (uint32_t)height;
    info->orientation = find_orientation(demuxer);
    MC_TRY(mci_image_frame_make(&s->frame, width * 4, height, err));
    WebPIterator it;
    if (!WebPDemuxGetFrame(demuxer, 1, &it))
        return mc_fail(err, MC_E_FORMAT, "damaged: it has no picture");
    mc_status status = decode_frame(s, &it, info, err);
    WebPDemuxReleaseIterator(&it);
    return status;
}

static mc_status begin_webp(void *state, mc_str bytes, const mci_image_limits *limits,
                            mci_image_info *info, mc_error *err)
{
    webp_state *s = state;
    WebPData data = { (const uint8_t *)bytes.data, bytes.len };
    WebPDemuxer *demuxer = WebPDemux(&data);
    if (!demuxer)
        return mc_fail(err, MC_E_FORMAT, "damaged or cut short");
    s->next_row = 0;
    mc_status status = read_canvas(s, demuxer, limits, info, err);
    WebPDemuxDelete(demuxer);
    return status;
}

static mc_status webp_rows(void *state, uint32_t n, const uint8_t *rows[], mc_error *err)
{
    webp_state *s = state;
    (void)err;
    for (uint32_t i = 0; i < n; i++)
        rows[i] = s->frame.data + s->next_row++ * s->frame.row_bytes;
    return MC_OK;
}

static mc_status finish_webp(void *state, mc_error *err)
{
    (void)state;
    (void)err;
    return MC_OK;
}

const mci_image_decoder mci_webp_decoder = {
    .new_state = new_webp,
    .free_state = free_webp,
    .drop = drop_webp,
    .begin = begin_webp,
    .rows = webp_rows,
    .finish = finish_webp,
};
