/* The header of a .npy file: "\x93NUMPY", a version, the length of the header, the header, then the
 * numbers. The header is a Python literal, {'descr': '<u8', 'fortran_order': False, 'shape': (3,),
 * }, filled up with spaces and LF so that the numbers start at a multiple of 64. Source: NumPy's
 * NEP 1 and the docs of numpy.lib.format. */
#include <stdio.h>

#include "io/npy_internal.h"

static const char magic[] = "\x93NUMPY";

enum { MAGIC_BYTES = sizeof magic - 1 };

/* ---- a small part of Python's literals ---- */

typedef struct {
    const char *at, *end;
} cursor;

static void pass_space(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

/* Takes the character, if it comes next behind white space. */
static bool take(cursor *c, char wanted)
{
    pass_space(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    size_t n = strlen(word);
    pass_space(c);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return false;
    c->at += n;
    return true;
}

/* A string without escapes: none of the words that a header may hold needs one. */
static bool take_string(cursor *c, mc_str *out)
{
    pass_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    const char *start = c->at + 1;
    const char *close = memchr(start, *c->at, (size_t)(c->end - start));
    if (!close)
        return false;
    *out = (mc_str){ start, (size_t)(close - start) };
    c->at = close + 1;
    return !memchr(out->data, '\\', out->len);
}

static bool take_number(cursor *c, uint64_t *out)
{
    uint64_t value = 0;
    pass_space(c);
    const char *start = c->at;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        uint64_t digit = (uint64_t)(*c->at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return c->at > start;
}

/* (), (3,), (3, 4), (3, 4,); but not (3), which is no tuple. */
static bool take_shape(cursor *c, mci_npy_head *head)
{
    bool comma = true;
    head->rank = 0;
    if (!take(c, '('))
        return false;
    while (!take(c, ')')) {
        uint64_t dimension;
        if (!comma || !take_number(c, &dimension))
            return false;
        if (head->rank < MCI_ARRAY_RANK)
            head->shape[head->rank] = dimension;
        head->rank++;
        comma = take(c, ',');
    }
    return head->rank != 1 || comma;
}

static bool take_member(cursor *c, mci_npy_head *head)
{
    mc_str key;
    bool *seen = NULL, good = false;
    if (!take_string(c, &key) || !take(c, ':'))
        return false;
    if (mc_str_equal(key, mc_str_of("descr"))) {
        seen = &head->has_descr;
        good = take_string(c, &head->descr);
        head->is_structured = !good && take(c, '[');
    } else if (mc_str_equal(key, mc_str_of("fortran_order"))) {
        seen = &head->has_order;
        head->is_fortran = take_word(c, "True");
        good = head->is_fortran || take_word(c, "False");
    } else if (mc_str_equal(key, mc_str_of("shape"))) {
        seen = &head->has_shape;
        good = take_shape(c, head);
    }
    if (!good || *seen)
        return false;
    *seen = true;
    return true;
}

bool mci_npy_read_head(mc_str text, mci_npy_head *head)
{
    cursor c = { text.data, text.data + text.len };
    bool comma = true;
    *head = (mci_npy_head){ 0 };
    if (!take(&c, '{'))
        return false;
    while (!take(&c, '}')) {
        if (!comma || !take_member(&c, head))
            return false;
        comma = take(&c, ',');
    }
    pass_space(&c);
    return c.at == c.end && head->has_descr && head->has_order && head->has_shape;
}

/* ---- the file ---- */

/* Cuts the file in header and numbers. */
mc_status mci_npy_split(mc_str file, mc_str *header, mc_str *numbers, mc_error *err)
{
    const unsigned char *bytes = (const unsigned char *)file.data;
    if (file.len < MAGIC_BYTES || memcmp(bytes, magic, MAGIC_BYTES) != 0)
        return mc_fail(err, MC_E_FORMAT, "not a .npy file");
    if (file.len < MAGIC_BYTES + 6)
        return mc_fail(err, MC_E_FORMAT, "the .npy file is cut in its header");
    unsigned version = bytes[6];
    if (version < 1 || version > 3 || bytes[7] != 0)
        return mc_fail(err, MC_E_FORMAT, ".npy format %u.%u is not known", version, bytes[7]);
    size_t start = version == 1 ? 10 : 12;
    size_t len = bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1)
        len |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (len > file.len - start)
        return mc_fail(err, MC_E_FORMAT, "the .npy file is cut in its header");
    *header = (mc_str){ file.data + start, len };
    *numbers = (mc_str){ file.data + start + len, file.len - start - len };
    return MC_OK;
}

/* What to call a descr: "u64" for "<u8", "big-endian u64" for ">u8", else the descr itself. */
void mci_npy_name_type(mc_str descr, char *out, size_t size)
{
    const char *c = descr.data;
    bool is_number = descr.len == 3 && strchr("<>|=", c[0]) && strchr("iufc", c[1]) &&
                     c[2] >= '1' && c[2] <= '8';
    if (is_number)
        snprintf(out, size, "%s%c%d", c[0] == '>' ? "big-endian " : "", c[1], 8 * (c[2] - '0'));
    else
        snprintf(out, size, "'%.*s'", descr.len > 32 ? 32 : (int)descr.len, c);
}

void mci_npy_header(const char *descr, const char *shape, char header[MCI_NPY_HEADER])
{
    const size_t len = MCI_NPY_HEADER - 10;
    memset(header, ' ', MCI_NPY_HEADER);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(len & 0xFF);
    header[9] = (char)(len >> 8);
    int used = snprintf(header + 10, len, "{'descr': %s, 'fortran_order': False, 'shape': %s, }",
                        descr, shape);
    header[10 + used] = ' '; /* snprintf's NUL */
    header[MCI_NPY_HEADER - 1] = '\n';
}
