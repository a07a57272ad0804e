/* JPEG through libjpeg-turbo, with the settings that Pillow has: the accurate inverse DCT, smooth
 * upsampling of colour, the library's guess of what the components are. Four components are CMYK as
 * Adobe writes it, inverted. A file that ends before its end marker is refused.
 *
 * libjpeg reports by longjmp, so each function that calls it is a setjmp around one that does the
 * work; nothing that has to be freed lives between the two. */
#include <setjmp.h>
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>

#include "base/alloc.h"
#include "io/image_internal.h"

/* A file can say "and now once more, over all of it" in a few bytes. */
enum { MAX_SCANS = 500 };

typedef struct {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    bool is_limit;
    char text[JMSG_LENGTH_MAX];
    mci_image_frame frame;
    size_t row_at; /* where in a row begins what is made of it */
} jpeg_state;

/* ---- what libjpeg calls ---- */

static void on_error(j_common_ptr jpeg)
{
    jpeg_state *s = jpeg->client_data;
    jpeg->err->format_message(jpeg, s->text);
    longjmp(s->escape, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0)
        jpeg->err->num_warnings++;
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    jpeg_state *s = jpeg->client_data;
    if (s->jpeg.input_scan_number <= MAX_SCANS)
        return;
    snprintf(s->text, sizeof s->text, "more than %d scans", MAX_SCANS);
    s->is_limit = true;
    longjmp(s->escape, 1);
}

static void on_source(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

/* Nothing comes after what is there: libjpeg then stops wherever it is and says so. */
static boolean on_need(j_decompress_ptr jpeg)
{
    (void)jpeg;
    return FALSE;
}

static void on_skip(j_decompress_ptr jpeg, long n)
{
    struct jpeg_source_mgr *source = jpeg->src;
    size_t skip = n > 0 ? (size_t)n : 0;
    if (skip > source->bytes_in_buffer)
        skip = source->bytes_in_buffer;
    source->next_input_byte += skip;
    source->bytes_in_buffer -= skip;
}

/* ---- state ---- */

static void free_jpeg(void *state)
{
    jpeg_state *s = state;
    if (!s)
        return;
    jpeg_destroy_decompress(&s->jpeg);
    mci_image_frame_release(&s->frame);
    mci_free(s);
}

static mc_status failed(jpeg_state *s, mc_error *err)
{
    if (s->is_limit)
        return mc_fail(err, MC_E_LIMIT, "%s", s->text);
    if (s->jpeg.err->msg_code == JERR_OUT_OF_MEMORY)
        return mc_fail(err, MC_E_NOMEM, "out of memory");
    return mc_fail(err, MC_E_FORMAT, "damaged: %s", s->text);
}

static mc_status cut_short(mc_error *err)
{
    return mc_fail(err, MC_E_FORMAT, "cut short: its end marker is missing");
}

static mc_status new_jpeg(void **out, mc_error *err)
{
    jpeg_state *s = mci_alloc_zeroed(1, sizeof *s);
    if (!s)
        return mci_nomem(err, sizeof *s);
    s->jpeg.err = jpeg_std_error(&s->errors);
    s->errors.error_exit = on_error;
    s->errors.emit_message = on_message;
    s->errors.output_message = on_output;
    s->jpeg.client_data = s;
    if (setjmp(s->escape)) {
        mc_status status = failed(s, err);
        free_jpeg(s);
        return status;
    }
    jpeg_create_decompress(&s->jpeg);
    s->jpeg.client_data = s;
    s->source = (struct jpeg_source_mgr){ .init_source = on_source,
                                          .fill_input_buffer = on_need,
                                          .skip_input_data = on_skip,
                                          .resync_to_restart = jpeg_resync_to_restart,
                                          .term_source = on_source };
    s->progress.progress_monitor = on_progress;
    s->jpeg.src = &s->source;
    s->jpeg.progress = &s->progress;
    *out = s;
    return MC_OK;
}

static void drop_jpeg(void *state)
{
    jpeg_state *s = state;
    if (!s)
        return;
    jpeg_abort_decompress(&s->jpeg);
    mci_image_frame_drop(&s->frame);
}

/* ---- the header ---- */

/* The orientation that the first EXIF segment before the picture says. */
static unsigned find_orientation(mc_str file)
{
    const uint8_t *bytes = (const uint8_t *)file.data;
    size_t at = 2;
    while (file.len >= 4 && at <= file.len - 4) {
        if (bytes[at] != 0xFF || bytes[at + 1] == 0xFF || bytes[at + 1] == 0) {
            at++; /* between two segments may be anything */
            continue;
        }
        size_t n = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (bytes[at + 1] == 0xDA || n > file.len - at - 2)
            break;
        mc_str body = { file.data + at + 4, n >= 2 ? n - 2 : 0 };
        if (bytes[at + 1] == 0xE1 && body.len >= 6 && memcmp(body.data, "Exif\0", 5) == 0)
            return mci_exif_orientation((mc_str){ body.data + 6, body.len - 6 });
        at += 2 + n;
    }
    return 1;
}

/* Coefficients of all components, if the picture comes in several scans; and rows. */
static uint64_t memory_of(const struct jpeg_decompress_struct *jpeg)
{
    uint64_t n = (uint64_t)jpeg->image_width * 4 * 64;
    if (!jpeg_has_multiple_scans((j_decompress_ptr)jpeg))
        return n;
    for (int i = 0; i < jpeg->num_components; i++)
        n += (uint64_t)jpeg->comp_info[i].width_in_blocks * jpeg->comp_info[i].height_in_blocks *
             DCTSIZE2 * sizeof(JCOEF);
    return n;
}

static mc_status choose_mode(struct jpeg_decompress_struct *jpeg, mci_image_mode *mode,
                             mc_error *err)
{
    switch (jpeg->num_components) {
    case 1:
        *mode = MCI_MODE_L;
        jpeg->out_color_space = JCS_GRAYSCALE;
        return MC_OK;
    case 3:
        *mode = MCI_MODE_RGB;
        jpeg->out_color_space = JCS_EXT_RGBX;
        return MC_OK;
    case 4:
        *mode = MCI_MODE_CMYK;
        jpeg->out_color_space = JCS_CMYK;
        return MC_OK;
    default:
        return mc_fail(err, MC_E_FORMAT, "%d components: 1, 3 and 4 are understood",
                       jpeg->num_components);
    }
}

static void choose_scale(struct jpeg_decompress_struct *jpeg, uint32_t enough, unsigned *shrunk)
{
    uint32_t side = jpeg->image_width < jpeg->image_height ? jpeg->image_width : jpeg->image_height;
    *shrunk = 8;
    while (*shrunk > 1 && (enough == 0 || side / *shrunk < enough))
        *shrunk /= 2;
    jpeg->scale_num = 1;
    jpeg->scale_denom = *shrunk;
}

static mc_status read_header(jpeg_state *s, const mci_image_limits *limits, mci_image_info *info,
                             mc_error *err)
{
    struct jpeg_decompress_struct *jpeg = &s->jpeg;
    if (jpeg_read_header(jpeg, TRUE) != JPEG_HEADER_OK)
        return cut_short(err);
    MC_TRY(
        mci_image_check_size(limits, jpeg->image_width, jpeg->image_height, memory_of(jpeg), err));
    MC_TRY(choose_mode(jpeg, &info->mode, err));
    choose_scale(jpeg, limits->enough, &info->shrunk);
    if (!jpeg_start_decompress(jpeg))
        return cut_short(err);
    info->width = jpeg->output_width;
    info->height = jpeg->output_height;
    size_t row_bytes = (size_t)info->width * (size_t)jpeg->output_components;
    return mci_image_frame_make(&s->frame, row_bytes + MCI_IMAGE_SLACK, MCI_IMAGE_ROWS, err);
}

static mc_status begin_jpeg(void *state, mc_str bytes, const mci_image_limits *limits,
                            mci_image_info *info, mc_error *err)
{
    jpeg_state *s = state;
    s->source.next_input_byte = (const JOCTET *)bytes.data;
    s->source.bytes_in_buffer = bytes.len;
    s->is_limit = false;
    s->row_at = 0;
    info->orientation = find_orientation(bytes);
    if (setjmp(s->escape))
        return failed(s, err);
    return read_header(s, limits, info, err);
}

/* ---- pixels ---- */

static void invert(uint8_t *row, size_t n)
{
    for (size_t i = 0; i < n; i++)
        row[i] = (uint8_t)~row[i];
}

static mc_status read_rows(jpeg_state *s, uint32_t n, mc_error *err)
{
    struct jpeg_decompress_struct *jpeg = &s->jpeg;
    uint32_t n_read = 0;
    while (n_read < n) {
        JSAMPROW rows[MCI_IMAGE_ROWS];
        for (uint32_t i = n_read; i < n; i++)
            rows[i - n_read] = s->frame.data + i * s->frame.row_bytes + s->row_at;
        uint32_t got = jpeg_read_scanlines(jpeg, rows, n - n_read);
        if (got == 0)
            return cut_short(err);
        n_read += got;
    }
    return MC_OK;
}

static mc_status jpeg_rows(void *state, uint32_t n, const uint8_t *rows[], mc_error *err)
{
    jpeg_state *s = state;
    if (setjmp(s->escape))
        return failed(s, err);
    MC_TRY(read_rows(s, n, err));
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *row = s->frame.data + i * s->frame.row_bytes;
        if (s->jpeg.out_color_space == JCS_CMYK)
            invert(row + s->row_at, (size_t)s->jpeg.output_width * 4);
        rows[i] = row;
    }
    return MC_OK;
}

/* libjpeg can leave out what is right and left of a part, but smooths colours across its edges: so
 * the part is given a margin. */
static void crop(jpeg_state *s, uint32_t x, uint32_t n)
{
    struct jpeg_decompress_struct *jpeg = &s->jpeg;
    uint32_t margin = 2 * (uint32_t)jpeg->max_h_samp_factor * (uint32_t)jpeg->min_DCT_scaled_size;
    uint32_t from = x > margin ? x - margin : 0;
    uint32_t end = jpeg->output_width - x - n > margin ? x + n + margin : jpeg->output_width;
    JDIMENSION offset = from, width = end - from;
    if (width == jpeg->output_width)
        return;
    jpeg_crop_scanline(jpeg, &offset, &width);
    s->row_at = (size_t)offset * (size_t)jpeg->output_components;
}

static mc_status want_jpeg(void *state, uint32_t x, uint32_t n, mc_error *err)
{
    jpeg_state *s = state;
    if (setjmp(s->escape))
        return failed(s, err);
    crop(s, x, n);
    return MC_OK;
}

/* It also passes over rows without making them. If data ran out meanwhile, the end will tell. */
static mc_status skip_jpeg(void *state, uint32_t n, mc_error *err)
{
    jpeg_state *s = state;
    if (setjmp(s->escape))
        return failed(s, err);
    return jpeg_skip_scanlines(&s->jpeg, n) == n ? MC_OK : cut_short(err);
}

static mc_status finish_jpeg(void *state, mc_error *err)
{
    jpeg_state *s = state;
    if (setjmp(s->escape))
        return failed(s, err);
    return jpeg_finish_decompress(&s->jpeg) ? MC_OK : cut_short(err);
}

const mci_image_decoder mci_jpeg_decoder = {
    .new_state = new_jpeg,
    .free_state = free_jpeg,
    .drop = drop_jpeg,
    .begin = begin_jpeg,
    .rows = jpeg_rows,
    .finish = finish_jpeg,
    .want = want_jpeg,
    .skip = skip_jpeg,
};
