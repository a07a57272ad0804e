/* PNG through libpng, which is given a file of only the picture: a header of our making, the IDAT
 * chunks, and an end. Palettes are kept from it too (it is told that indices are grey), so that
 * indices come out as they are. What is beside the picture is png_chunks.h's.
 *
 * libpng reports by longjmp, so each function that calls it is a setjmp around one that does the
 * work; nothing that has to be freed lives between the two. */
#include <setjmp.h>
#include <stdio.h>

#include <png.h>

#include "base/alloc.h"
#include "io/image_internal.h"
#include "io/png_chunks.h"

enum {
    SIGNATURE_BYTES = 8,
    HEADER_BYTES = 8 + 13 + 4,
    END_BYTES = 4 + 12 /* the last checksum, and IEND */
};

typedef struct {
    png_structp png;
    png_infop png_info;
    mc_str file;
    mci_png_chunks chunks;
    mci_image_mode mode;
    mci_image_frame frame;
    mci_buf room;
    uint32_t next_row;
    bool is_deep; /* 16-bit grey */
    /* what is read: the header, the file's chunks, the end */
    uint8_t header[HEADER_BYTES], last_length[4], end[END_BYTES];
    size_t n_read;
    bool read_end; /* libpng looked for more behind the picture's chunks */
    bool is_nomem, is_damaged;
    char text[128];
} png_state;

/* ---- what libpng calls ---- */

static void on_error(png_structp png, png_const_charp text)
{
    png_state *s = png_get_error_ptr(png);
    snprintf(s->text, sizeof s->text, "%s", text);
    png_longjmp(png, 1);
}

/* That there is more than the picture needs is no damage; that its checksum is wrong is. */
static void on_warning(png_structp png, png_const_charp text)
{
    png_state *s = png_get_error_ptr(png);
    if (strstr(text, "Too much image data") || strstr(text, "Extra compressed data"))
        return;
    if (!strstr(text, "IDAT"))
        return;
    s->is_damaged = true;
    snprintf(s->text, sizeof s->text, "%s", text);
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t n_bytes)
{
    png_state *s = png_get_mem_ptr(png);
    void *memory = mci_alloc(n_bytes);
    s->is_nomem = s->is_nomem || !memory;
    return memory;
}

static void on_free(png_structp png, png_voidp memory)
{
    (void)png;
    mci_free(memory);
}

/* Copies what of the n bytes at s->n_read lies in this part, which begins at `at` of all parts. */
static void copy_part(const png_state *s, const void *part, size_t at, size_t len, uint8_t *to,
                      size_t n)
{
    size_t from = s->n_read > at ? s->n_read : at;
    size_t until = s->n_read + n < at + len ? s->n_read + n : at + len;
    if (from < until)
        memcpy(to + (from - s->n_read), (const uint8_t *)part + (from - at), until - from);
}

/* A last chunk that is cut is told to be as long as it is. */
static void on_read(png_structp png, png_bytep to, png_size_t n)
{
    png_state *s = png_get_io_ptr(png);
    const mci_png_chunks *c = &s->chunks;
    size_t data_bytes = c->data_end - c->data_at, behind = HEADER_BYTES + data_bytes;
    if (s->n_read + n > behind + END_BYTES)
        png_error(png, "cut short");
    copy_part(s, s->header, 0, HEADER_BYTES, to, n);
    copy_part(s, s->file.data + c->data_at, HEADER_BYTES, data_bytes, to, n);
    copy_part(s, s->last_length, HEADER_BYTES + c->last_at - c->data_at, 4, to, n);
    copy_part(s, s->end, behind, END_BYTES, to, n);
    s->n_read += n;
    s->read_end = s->read_end || s->n_read > behind + 4;
}

/* ---- state ---- */

static mc_status new_png(void **out, mc_error *err)
{
    png_state *s = mci_alloc_zeroed(1, sizeof *s);
    if (!s)
        return mci_nomem(err, sizeof *s);
    *out = s;
    return MC_OK;
}

static void drop_png(void *state)
{
    png_state *s = state;
    if (!s)
        return;
    if (s->png)
        png_destroy_read_struct(&s->png, &s->png_info, NULL);
    mci_image_frame_drop(&s->frame);
}

static void free_png(void *state)
{
    png_state *s = state;
    if (!s)
        return;
    drop_png(s);
    mci_image_frame_release(&s->frame);
    mci_buf_release(&s->room);
    mci_free(s);
}

static mc_status failed(const png_state *s, mc_error *err)
{
    if (s->is_nomem)
        return mc_fail(err, MC_E_NOMEM, "out of memory");
    if (s->read_end)
        return mc_fail(err, MC_E_FORMAT, "cut short: its picture is not whole");
    return mc_fail(err, MC_E_FORMAT, "damaged: %s", s->text);
}

/* ---- the header ---- */

static const struct {
    uint8_t color_type, depths; /* the sum of those there may be */
    mci_image_mode mode;
} modes[] = {
    { PNG_COLOR_TYPE_GRAY, 2 + 4 + 8, MCI_MODE_L },
    { PNG_COLOR_TYPE_GRAY, 1, MCI_MODE_1 },
    { PNG_COLOR_TYPE_GRAY, 16, MCI_MODE_I },
    { PNG_COLOR_TYPE_RGB, 8 + 16, MCI_MODE_RGB },
    { PNG_COLOR_TYPE_PALETTE, 1 + 2 + 4 + 8, MCI_MODE_P },
    { PNG_COLOR_TYPE_GRAY_ALPHA, 8, MCI_MODE_LA },
    { PNG_COLOR_TYPE_GRAY_ALPHA, 16, MCI_MODE_RGBA },
    { PNG_COLOR_TYPE_RGB_ALPHA, 8 + 16, MCI_MODE_RGBA },
};

static mc_status find_mode(const mci_png_chunks *chunks, mci_image_mode *mode, mc_error *err)
{
    uint8_t depth = chunks->bit_depth;
    bool is_depth = depth && (depth & (depth - 1)) == 0;
    for (size_t i = 0; i < COUNT_OF(modes) && is_depth; i++)
        if (modes[i].color_type == chunks->color_type && (modes[i].depths & depth)) {
            *mode = modes[i].mode;
            return MC_OK;
        }
    return mc_fail(err, MC_E_FORMAT, "damaged: there is no colour type %u with %u bits",
                   chunks->color_type, depth);
}

/* Indices that a palette does not have are grey, as in Pillow. */
static void fill_palette(mc_str colors, uint8_t palette[256][4])
{
    for (size_t i = 0; i < 256; i++) {
        bool has = 3 * i + 3 <= colors.len;
        for (size_t c = 0; c < 3; c++)
            palette[i][c] = has ? (uint8_t)colors.data[3 * i + c] : (uint8_t)i;
        palette[i][3] = 255;
    }
}

static void put_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void make_parts(png_state *s)
{
    uint8_t *h = s->header;
    memset(s->end, 0, END_BYTES);
    memcpy(s->end + 8, "IEND", 4);
    put_u32(s->last_length, (uint32_t)(s->chunks.data_end - s->chunks.last_at - 8));
    memset(h, 0, HEADER_BYTES); /* the checksum is not looked at */
    put_u32(h, 13);
    memcpy(h + 4, "IHDR", 4);
    put_u32(h + 8, s->chunks.width);
    put_u32(h + 12, s->chunks.height);
    h[16] = s->chunks.bit_depth;
    h[17] = s->mode == MCI_MODE_P ? PNG_COLOR_TYPE_GRAY : s->chunks.color_type;
    h[20] = s->chunks.interlace ? 1 : 0;
}

/* Whole pictures are kept of interlaced files only. */
static uint64_t memory_of(const png_state *s)
{
    uint64_t row = (uint64_t)s->chunks.width * 4 + MCI_IMAGE_SLACK;
    return row * (s->chunks.interlace ? s->chunks.height : MCI_IMAGE_ROWS) + 8 * row;
}

static void set_transforms(png_state *s)
{
    png_structp png = s->png;
    if (s->is_deep)
        return;
    if (s->chunks.bit_depth == 16)
        png_set_strip_16(png); /* the upper byte, as in Pillow */
    if (s->mode == MCI_MODE_P)
        png_set_packing(png);
    if (s->mode == MCI_MODE_1 || s->mode == MCI_MODE_L)
        png_set_expand_gray_1_2_4_to_8(png);
    if (s->chunks.color_type == PNG_COLOR_TYPE_GRAY_ALPHA)
        png_set_gray_to_rgb(png);
    if (s->mode == MCI_MODE_RGB)
        png_set_filler(png, 255, PNG_FILLER_AFTER);
}

static mc_status make_png(png_state *s, mc_error *err)
{
    s->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, s, on_error, on_warning, s, on_alloc,
                                      on_free);
    s->png_info = s->png ? png_create_info_struct(s->png) : NULL;
    if (s->png_info)
        return MC_OK;
    return mc_fail(err, MC_E_NOMEM, "out of memory, or libpng is of another version");
}

static mc_status start_png(png_state *s, mc_error *err)
{
    if (setjmp(png_jmpbuf(s->png)))
        return failed(s, err);
    png_set_crc_action(s->png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    png_set_user_limits(s->png, 0x7FFFFFFF, 0x7FFFFFFF); /* they are checked before */
    png_set_chunk_malloc_max(s->png, 0);
    png_set_read_fn(s->png, s, on_read);
    png_set_sig_bytes(s->png, SIGNATURE_BYTES);
    png_read_info(s->png, s->png_info);
    set_transforms(s);
    if (s->chunks.interlace)
        png_set_interlace_handling(s->png);
    png_read_update_info(s->png, s->png_info);
    return MC_OK;
}

static mc_status read_interlaced(png_state *s, mc_error *err);

static mc_status begin_png(void *state, mc_str bytes, const mci_image_limits *limits,
                           mci_image_info *info, mc_error *err)
{
    png_state *s = state;
    s->file = bytes;
    s->n_read = s->next_row = 0;
    s->read_end = s->is_nomem = s->is_damaged = false;
    MC_TRY(mci_png_read_start(bytes, &s->chunks, &s->room, err));
    MC_TRY(find_mode(&s->chunks, &s->mode, err));
    MC_TRY(mci_image_check_size(limits, s->chunks.width, s->chunks.height, memory_of(s), err));
    s->is_deep = s->mode == MCI_MODE_I;
    info->mode = s->mode;
    info->width = s->chunks.width;
    info->height = s->chunks.height;
    info->orientation = mci_exif_orientation(s->chunks.exif);
    if (s->mode == MCI_MODE_P)
        fill_palette(s->chunks.palette, info->palette);
    make_parts(s);
    size_t row_bytes = (size_t)info->width * mci_image_pixel_bytes(s->mode) + MCI_IMAGE_SLACK;
    size_t n_rows = s->chunks.interlace ? info->height : MCI_IMAGE_ROWS;
    MC_TRY(mci_image_frame_make(&s->frame, row_bytes, n_rows, err));
    MC_TRY(make_png(s, err));
    MC_TRY(start_png(s, err));
    return s->chunks.interlace ? read_interlaced(s, err) : MC_OK;
}

/* ---- pixels ---- */

/* Two bytes each, big-endian, to int32_t, in place. */
static void widen(uint8_t *row, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        int32_t value = row[2 * i] << 8 | row[2 * i + 1];
        memcpy(row + 4 * i, &value, sizeof value);
    }
}

/* Whether libpng gave up only behind the last row: how the data ends does not matter if it is cut.
 */
static bool has_all(const png_state *s)
{
    return s->chunks.interlace ? png_get_current_pass_number(s->png) >= PNG_INTERLACE_ADAM7_PASSES
                               : png_get_current_row_number(s->png) >= s->chunks.height;
}

static mc_status read_row(png_state *s, uint8_t *row, mc_error *err)
{
    if (setjmp(png_jmpbuf(s->png)))
        return has_all(s) ? MC_OK : failed(s, err);
    png_read_row(s->png, row, NULL);
    return MC_OK;
}

static mc_status read_all(png_state *s, mc_error *err)
{
    if (setjmp(png_jmpbuf(s->png)))
        return has_all(s) ? MC_OK : failed(s, err);
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++)
        for (uint32_t y = 0; y < s->chunks.height; y++)
            png_read_row(s->png, s->frame.data + y * s->frame.row_bytes, NULL);
    return MC_OK;
}

static mc_status read_interlaced(png_state *s, mc_error *err)
{
    MC_TRY(read_all(s, err));
    for (uint32_t y = 0; y < s->chunks.height && s->is_deep; y++)
        widen(s->frame.data + y * s->frame.row_bytes, s->chunks.width);
    return MC_OK;
}

static mc_status png_rows(void *state, uint32_t n, const uint8_t *rows[], mc_error *err)
{
    png_state *s = state;
    for (uint32_t i = 0; i < n; i++, s->next_row++) {
        size_t at = s->chunks.interlace ? s->next_row : i;
        uint8_t *row = s->frame.data + at * s->frame.row_bytes;
        rows[i] = row;
        if (s->chunks.interlace)
            continue;
        MC_TRY(read_row(s, row, err));
        if (s->is_deep)
            widen(row, s->chunks.width);
    }
    return MC_OK;
}

static mc_status finish_png(void *state, mc_error *err)
{
    png_state *s = state;
    if (s->is_damaged && !s->read_end)
        return mc_fail(err, MC_E_FORMAT, "damaged: its picture's data ends badly (%s)", s->text);
    size_t used_end = s->chunks.data_at + (s->n_read - HEADER_BYTES);
    return mci_png_read_end(s->file, &s->chunks, used_end, &s->room, err);
}

const mci_image_decoder mci_png_decoder = {
    .new_state = new_png,
    .free_state = free_png,
    .drop = drop_png,
    .begin = begin_png,
    .rows = png_rows,
    .finish = finish_png,
};
