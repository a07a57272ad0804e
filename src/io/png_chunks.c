#include "io/png_chunks.h"

#include <ctype.h>

#include <isa-l/crc.h>

#include "base/error.h"
#include "io/stream.h"

/* Pillow's limits: of one text or profile after inflating, and of all texts. */
#define MAX_INFLATED ((uint64_t)1 << 20)
#define MAX_TEXTS    ((uint64_t)64 << 20)

enum { SIGNATURE_BYTES = 8, FRAME_BYTES = 12 }; /* of a chunk: length, name, checksum */

typedef struct {
    char name[5];
    mc_str body;
    uint32_t checksum;
    size_t at, end; /* in the file, `end` behind the checksum */
} chunk;

static uint32_t big_endian(const char *bytes)
{
    const uint8_t *b = (const uint8_t *)bytes;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool is(const chunk *c, const char *name)
{
    return memcmp(c->name, name, 4) == 0;
}

static mc_status cut_short(const chunk *c, mc_error *err)
{
    return mc_fail(err, MC_E_FORMAT, "cut short in its %s chunk", c->name);
}

/* The name and place of a chunk, whose body may be cut. False: there is none. */
static bool find_chunk(mc_str file, size_t at, chunk *c)
{
    *c = (chunk){ .at = at };
    if (at > file.len || file.len - at < 8)
        return false;
    memcpy(c->name, file.data + at + 4, 4);
    for (size_t i = 0; i < 4; i++)
        if (!isalnum((unsigned char)c->name[i]) && c->name[i] != '_')
            return false;
    c->body = (mc_str){ file.data + at + 8, big_endian(file.data + at) };
    c->end = at + FRAME_BYTES + c->body.len;
    if (c->end <= file.len)
        c->checksum = big_endian(file.data + c->end - 4);
    return true;
}

static bool has_body(mc_str file, const chunk *c)
{
    return c->body.len <= file.len - c->at - 8;
}

/* ---- what single chunks must be ---- */

static const struct {
    const char *name;
    uint32_t n_bytes; /* at least */
} shortest[] = {
    { "IHDR", 13 }, { "gAMA", 4 }, { "sRGB", 1 },  { "pHYs", 9 },
    { "acTL", 8 },  { "iCCP", 1 }, { "fcTL", 26 }, { "fdAT", 4 },
};

static mc_status check_length(const chunk *c, const mci_png_chunks *all, mc_error *err)
{
    size_t least = 0;
    for (size_t i = 0; i < COUNT_OF(shortest); i++)
        if (is(c, shortest[i].name))
            least = shortest[i].n_bytes;
    if (is(c, "tRNS"))
        least = all->color_type == 0 ? 2 : all->color_type == 2 ? 6 : 0;
    if (c->body.len < least || (is(c, "cHRM") && c->body.len % 4 != 0))
        return mc_fail(err, MC_E_FORMAT, "damaged: its %s chunk is too short", c->name);
    return MC_OK;
}

static mc_status take_header(const chunk *c, mci_png_chunks *out, mc_error *err)
{
    const char *b = c->body.data;
    out->width = big_endian(b);
    out->height = big_endian(b + 4);
    out->bit_depth = (uint8_t)b[8];
    out->color_type = (uint8_t)b[9];
    out->interlace = (uint8_t)b[12];
    if (b[11] != 0)
        return mc_fail(err, MC_E_FORMAT, "damaged: its header names an unknown filter");
    return MC_OK;
}

static mc_status count_text(const chunk *c, mci_png_chunks *all, uint64_t n_bytes, mc_error *err)
{
    all->text_bytes += n_bytes;
    if (all->text_bytes > MAX_TEXTS)
        return mc_fail(err, MC_E_LIMIT, "its texts up to a %s chunk are larger than 64 MiB",
                       c->name);
    return MC_OK;
}

/* What is damaged in a text or profile is no matter, what is huge may be a trap. */
static mc_status check_inflated(const chunk *c, mc_str packed, mci_png_chunks *all, mci_buf *room,
                                mc_error *err)
{
    mc_error why = { 0 };
    mc_status status = mci_inflate_body(packed, MCI_BODY_ZLIB, MAX_INFLATED, room, &why);
    if (status == MC_E_LIMIT)
        return mc_fail(err, MC_E_LIMIT, "its %s chunk inflates to more than 1 MiB", c->name);
    if (status == MC_E_NOMEM)
        return mc_fail(err, status, "%s", why.text);
    return count_text(c, all, is(c, "iCCP") ? 0 : room->len, err);
}

/* Behind the n-th NUL; empty if there are not so many. */
static mc_str behind_nul(mc_str text, int n)
{
    for (; n > 0; n--) {
        const char *nul = text.len ? memchr(text.data, 0, text.len) : NULL;
        if (!nul)
            return (mc_str){ 0 };
        text = (mc_str){ nul + 1, text.len - (size_t)(nul + 1 - text.data) };
    }
    return text;
}

static mc_status check_text(const chunk *c, mci_png_chunks *all, mci_buf *room, mc_error *err)
{
    mc_str rest = behind_nul(c->body, 1);
    if (is(c, "tEXt"))
        return count_text(c, all, rest.len, err);
    if (is(c, "zTXt")) {
        if (rest.len > 0 && rest.data[0] != 0)
            return mc_fail(err, MC_E_FORMAT, "damaged: its zTXt chunk is packed in no known way");
        return rest.len > 1
                   ? check_inflated(c, (mc_str){ rest.data + 1, rest.len - 1 }, all, room, err)
                   : MC_OK;
    }
    if (rest.len < 2) /* iTXt: whether packed, how, language, translated key, text */
        return MC_OK;
    mc_str text = behind_nul((mc_str){ rest.data + 2, rest.len - 2 }, 2);
    if (rest.data[0] == 0)
        return count_text(c, all, text.len, err);
    return rest.data[1] == 0 && text.len > 0 ? check_inflated(c, text, all, room, err) : MC_OK;
}

static mc_status check_profile(const chunk *c, mci_png_chunks *all, mci_buf *room, mc_error *err)
{
    mc_str packed = behind_nul(c->body, 1);
    return packed.len > 1
               ? check_inflated(c, (mc_str){ packed.data + 1, packed.len - 1 }, all, room, err)
               : MC_OK;
}

static mc_status check_sequence(const chunk *c, mci_png_chunks *all, mc_error *err)
{
    int64_t number = big_endian(c->body.data);
    bool is_next = number == all->sequence + 1 && !(is(c, "fdAT") && all->sequence < 0);
    all->sequence = number;
    if (!is_next)
        return mc_fail(err, MC_E_FORMAT, "damaged: the frames of its animation are out of order");
    return MC_OK;
}

static mc_status take_chunk(const chunk *c, mci_png_chunks *all, mci_buf *room, mc_error *err)
{
    MC_TRY(check_length(c, all, err));
    if (is(c, "IHDR"))
        return take_header(c, all, err);
    if (is(c, "PLTE"))
        all->palette = c->body;
    if (is(c, "eXIf"))
        all->exif = c->body;
    if (is(c, "acTL"))
        all->is_animated = big_endian(c->body.data) > 1;
    if (is(c, "fcTL") || is(c, "fdAT"))
        return check_sequence(c, all, err);
    if (is(c, "tEXt") || is(c, "zTXt") || is(c, "iTXt"))
        return check_text(c, all, room, err);
    return is(c, "iCCP") ? check_profile(c, all, room, err) : MC_OK;
}

/* ---- the file ---- */

static mc_status check_checksum(const chunk *c, mc_error *err)
{
    uint32_t sum = crc32_gzip_refl(0, (const unsigned char *)c->name, 4);
    sum = crc32_gzip_refl(sum, (const unsigned char *)c->body.data, c->body.len);
    if (sum != c->checksum)
        return mc_fail(err, MC_E_FORMAT, "damaged: the checksum of its %s chunk is wrong", c->name);
    return MC_OK;
}

static void find_picture(mc_str file, const chunk *first, mci_png_chunks *out)
{
    chunk c = *first;
    out->data_at = c.at;
    do {
        out->last_at = c.at;
        out->data_end = has_body(file, &c) ? c.at + 8 + c.body.len : file.len;
    } while (find_chunk(file, c.end, &c) && is(&c, "IDAT"));
}

mc_status mci_png_read_start(mc_str file, mci_png_chunks *out, mci_buf *room, mc_error *err)
{
    *out = (mci_png_chunks){ .sequence = -1 };
    chunk c;
    for (size_t at = SIGNATURE_BYTES;; at = c.end) {
        if (!find_chunk(file, at, &c))
            return mc_fail(err, MC_E_FORMAT, "%s before its picture",
                           file.len - at < 8 ? "cut short" : "damaged: no chunk");
        if (is(&c, "IDAT"))
            break;
        if (is(&c, "IEND") || is(&c, "fdAT"))
            return mc_fail(err, MC_E_FORMAT, "damaged: it has no picture");
        if (!has_body(file, &c) || c.end > file.len)
            return cut_short(&c, err);
        MC_TRY(take_chunk(&c, out, room, err));
        MC_TRY(check_checksum(&c, err));
    }
    find_picture(file, &c, out);
    return MC_OK;
}

mc_status mci_png_read_end(mc_str file, mci_png_chunks *chunks, size_t used_end, mci_buf *room,
                           mc_error *err)
{
    chunk c;
    for (size_t at = chunks->data_at; find_chunk(file, at, &c) && !is(&c, "IEND"); at = c.end) {
        if (c.at < used_end)
            continue;
        if (is(&c, "fcTL") && chunks->is_animated)
            break; /* the next picture */
        if (!has_body(file, &c))
            return cut_short(&c, err);
        if (!is(&c, "IDAT"))
            MC_TRY(take_chunk(&c, chunks, room, err));
    }
    return MC_OK;
}
