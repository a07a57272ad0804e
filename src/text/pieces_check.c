/* A SentencePiece model is a protocol buffer:
 *
 *   1 piece            { 1 name, 2 score, 3 type } of each
 *   2 trainer spec     { 3 model type, ... }
 *   3 normalizer spec  { 2 character map, ... }, and 5, the same for the way back
 *
 * The library walks the character map, a double-array trie, without looking where it treads; so the
 * map is looked at here. It is 4 bytes n, n bytes of trie, and NUL-terminated strings, to which the
 * trie's values point. A unit of the trie (darts-clone) is 32 bits:
 *
 *   | leaf 1 | ... value, 31 bits                      |   reached only from a unit that has a leaf
 *   | leaf 0 | offset 21 | wide 1 | has leaf 1 | label 8 |
 *
 * From unit i a step by a byte leads to i ^ offset ^ byte; its value, if it has one, is at
 * i ^ offset. */
#include <inttypes.h>
#include <math.h>

#include "base/utf8.h"
#include "text/pieces.h"

enum { MAX_PIECES = 1 << 22, VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

typedef struct {
    uint64_t number;
    unsigned wire; /* how it is written */
    uint64_t value;
    mc_str bytes;
} field;

static mc_status fail(mc_error *err, const char *what)
{
    return mc_fail(err, MC_E_FORMAT, "no sound SentencePiece model: %s", what);
}

static bool take_varint(mc_str *rest, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && rest->len > 0; shift += 7) {
        unsigned char byte = (unsigned char)*rest->data;
        *rest = (mc_str){ rest->data + 1, rest->len - 1 };
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static bool take_bytes(mc_str *rest, uint64_t n, mc_str *bytes)
{
    if (n > rest->len)
        return false;
    *bytes = (mc_str){ rest->data, (size_t)n };
    *rest = (mc_str){ rest->data + n, rest->len - (size_t)n };
    return true;
}

/* The next field of a message that is not at its end. */
static bool take_field(mc_str *rest, field *out)
{
    uint64_t tag, n;
    if (!take_varint(rest, &tag))
        return false;
    *out = (field){ .number = tag >> 3, .wire = tag & 7 };
    switch (out->wire) {
    case VARINT:
        return take_varint(rest, &out->value);
    case FIXED64:
        return take_bytes(rest, 8, &out->bytes);
    case FIXED32:
        return take_bytes(rest, 4, &out->bytes);
    case BYTES:
        return take_varint(rest, &n) && take_bytes(rest, n, &out->bytes);
    default:
        return false;
    }
}

/* ---- pieces ---- */

static mc_status check_piece(mc_str message, mc_error *err)
{
    field f;
    bool has_name = false;
    while (message.len > 0) {
        if (!take_field(&message, &f))
            return fail(err, "a piece is cut");
        float score = 0;
        if (f.number == 2 && f.wire == FIXED32)
            memcpy(&score, f.bytes.data, sizeof score);
        if (!isfinite(score))
            return fail(err, "the score of a piece is no number");
        if (f.number != 1 || f.wire != BYTES)
            continue;
        has_name = f.bytes.len > 0;
        if (!mci_utf8_valid(f.bytes) || (has_name && memchr(f.bytes.data, '\0', f.bytes.len)))
            return fail(err, "a piece is no text");
    }
    return has_name ? MC_OK : fail(err, "a piece is empty");
}

/* ---- the character map ---- */

static uint32_t unit_at(mc_str trie, size_t i)
{
    uint32_t unit;
    memcpy(&unit, trie.data + 4 * i, 4);
    return unit;
}

static size_t base_of(uint32_t unit, size_t i)
{
    return i ^ ((size_t)(unit >> 10) << ((unit & 0x200) >> 6));
}

static mc_status check_trie(mc_str trie, size_t strings_bytes, mc_error *err)
{
    static const uint32_t leaf = UINT32_C(1) << 31, has_leaf = 1 << 8;
    size_t n = trie.len / 4;
    for (size_t i = 0; i < n; i++) {
        uint32_t unit = unit_at(trie, i);
        if (unit & leaf) /* no label is like it: nobody steps on it */
            continue;
        size_t base = base_of(unit, i);
        if ((base | 0xFF) >= n)
            return fail(err, "its character map leads astray");
        if ((unit & has_leaf) && (unit_at(trie, base) & ~leaf) >= strings_bytes)
            return fail(err, "a value of its character map leads astray");
    }
    return MC_OK;
}

static mc_status check_map(mc_str map, mc_error *err)
{
    uint32_t n_bytes;
    if (map.len == 0)
        return MC_OK;
    if (map.len < 4)
        return fail(err, "its character map is cut");
    memcpy(&n_bytes, map.data, 4);
    if (n_bytes < 1024 || n_bytes % 4 != 0 || n_bytes >= map.len - 4 ||
        map.data[map.len - 1] != '\0')
        return fail(err, "its character map is damaged");
    return check_trie((mc_str){ map.data + 4, n_bytes }, map.len - 4 - n_bytes, err);
}

static mc_status check_normalizer(mc_str message, mc_error *err)
{
    field f;
    while (message.len > 0) {
        if (!take_field(&message, &f))
            return fail(err, "the normalizer is cut");
        if (f.number == 2 && f.wire == BYTES)
            MC_TRY(check_map(f.bytes, err));
    }
    return MC_OK;
}

mc_status mci_pieces_check(mc_str model, mc_error *err)
{
    field f;
    uint64_t n_pieces = 0;
    while (model.len > 0) {
        if (!take_field(&model, &f))
            return fail(err, "it is cut, or something else");
        bool is_message = f.wire == BYTES;
        if (is_message && f.number == 1) {
            if (++n_pieces > MAX_PIECES)
                return fail(err, "it has more pieces than any vocabulary");
            MC_TRY(check_piece(f.bytes, err));
        } else if (is_message && (f.number == 3 || f.number == 5)) {
            MC_TRY(check_normalizer(f.bytes, err));
        }
    }
    return n_pieces ? MC_OK : fail(err, "it has no pieces");
}
