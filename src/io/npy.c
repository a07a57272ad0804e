/* The .npy form: "\x93NUMPY", a version, the length of a header, the header, the numbers.
 * The header is a Python literal, {'descr': '<u8', 'fortran_order': False, 'shape': (3,), }, filled
 * up with spaces and LF so that the numbers start at a multiple of 64.
 * Source: NumPy's NEP 1 and the docs of numpy.lib.format. */
#include "io/npy.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "io/npy_internal.h"
#include "io/output.h"
#include "io/whole.h"

static const char magic[] = "\x93NUMPY";

enum { MAGIC_BYTES = sizeof magic - 1 };

/* The numbers are copied to and from memory as they are. */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "this file wants a little-endian machine"
#endif

static const struct {
    const char *descr, *name;
    size_t bytes;
} types[] = {
    [MCI_NPY_U32] = { "<u4", "u32", 4 },
    [MCI_NPY_U64] = { "<u8", "u64", 8 },
    [MCI_NPY_F32] = { "<f4", "f32", 4 },
    [MCI_NPY_F64] = { "<f8", "f64", 8 },
};

/* ---- the header: a small part of Python's literals ---- */

typedef struct {
    mc_str descr;
    uint64_t n; /* of the first dimension */
    size_t rank;
    bool has_descr, has_order, has_shape;
    bool is_structured; /* descr is a list: such arrays are not taken, nor read any further */
} npy_header;

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
static bool take_shape(cursor *c, npy_header *header)
{
    bool comma = true;
    header->rank = 0;
    if (!take(c, '('))
        return false;
    while (!take(c, ')')) {
        uint64_t dimension;
        if (!comma || !take_number(c, &dimension))
            return false;
        if (header->rank++ == 0)
            header->n = dimension;
        comma = take(c, ',');
    }
    return header->rank != 1 || comma;
}

static bool take_member(cursor *c, npy_header *header)
{
    mc_str key;
    bool *seen = NULL, good = false;
    if (!take_string(c, &key) || !take(c, ':'))
        return false;
    if (mc_str_equal(key, mc_str_of("descr"))) {
        seen = &header->has_descr;
        good = take_string(c, &header->descr);
        header->is_structured = !good && take(c, '[');
    } else if (mc_str_equal(key, mc_str_of("fortran_order"))) {
        seen = &header->has_order; /* means nothing where the rank is 1 */
        good = take_word(c, "False") || take_word(c, "True");
    } else if (mc_str_equal(key, mc_str_of("shape"))) {
        seen = &header->has_shape;
        good = take_shape(c, header);
    }
    if (!good || *seen)
        return false;
    *seen = true;
    return true;
}

static bool parse_header(mc_str text, npy_header *header)
{
    cursor c = { text.data, text.data + text.len };
    bool comma = true;
    *header = (npy_header){ 0 };
    if (!take(&c, '{'))
        return false;
    while (!take(&c, '}')) {
        if (!comma || !take_member(&c, header))
            return false;
        comma = take(&c, ',');
    }
    pass_space(&c);
    return c.at == c.end && header->has_descr && header->has_order && header->has_shape;
}

/* ---- reading ---- */

/* Cuts the file in header and numbers. */
static mc_status split(mc_str file, mc_str *header, mc_str *numbers, mc_error *err)
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
static void name_type(mc_str descr, char *out, size_t size)
{
    const char *c = descr.data;
    bool is_number = descr.len == 3 && strchr("<>|=", c[0]) && strchr("iufc", c[1]) &&
                     c[2] >= '1' && c[2] <= '8';
    if (is_number)
        snprintf(out, size, "%s%c%d", c[0] == '>' ? "big-endian " : "", c[1], 8 * (c[2] - '0'));
    else
        snprintf(out, size, "'%.*s'", descr.len > 32 ? 32 : (int)descr.len, c);
}

static mc_status read_header(mc_str text, mci_npy_type type, npy_header *header, mc_error *err)
{
    bool parsed = parse_header(text, header);
    if (header->is_structured)
        return mc_fail(err, MC_E_SHAPE, "want %s rank 1, got a structured type", types[type].name);
    if (!parsed)
        return mc_fail(err, MC_E_FORMAT, "the header of the .npy file is malformed");
    if (header->rank == 1 && mc_str_equal(header->descr, mc_str_of(types[type].descr)))
        return MC_OK;
    char name[64];
    name_type(header->descr, name, sizeof name);
    return mc_fail(err, MC_E_SHAPE, "want %s rank 1, got %s rank %zu", types[type].name, name,
                   header->rank);
}

mc_status mci_npy_parse(mc_str file, mci_npy_type type, void **data, size_t *n, mc_error *err)
{
    mc_str text = { 0 }, numbers = { 0 };
    npy_header header;
    MC_TRY(split(file, &text, &numbers, err));
    MC_TRY(read_header(text, type, &header, err));
    /* Compared by division: a shape that claims more than memory has must not wrap around. */
    size_t bytes = types[type].bytes;
    if (header.n != numbers.len / bytes || numbers.len % bytes != 0)
        return mc_fail(err, MC_E_FORMAT,
                       "the .npy file is damaged: %" PRIu64 " numbers of %zu bytes are stated, "
                       "%zu bytes are there",
                       header.n, bytes, numbers.len);
    void *copy = mci_alloc(numbers.len);
    if (!copy)
        return mci_nomem(err, numbers.len);
    if (numbers.len)
        memcpy(copy, numbers.data, numbers.len);
    *data = copy;
    *n = (size_t)header.n;
    return MC_OK;
}

mc_status mci_npy_load(const char *path, mci_npy_type type, void **data, size_t *n, mc_error *err)
{
    mci_buf file = { 0 };
    mc_status status = mci_read_whole(path, MCI_MAX_WHOLE_BYTES, &file, err);
    if (status >= 0) {
        status = mci_npy_parse(mci_buf_str(&file), type, data, n, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_buf_release(&file);
    return status;
}

/* ---- writing ---- */

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

mc_status mci_npy_save(const char *path, mci_npy_type type, const void *data, size_t n,
                       mc_error *err)
{
    char header[MCI_NPY_HEADER], descr[8], shape[32];
    mci_output *output = NULL;
    snprintf(descr, sizeof descr, "'%s'", types[type].descr);
    snprintf(shape, sizeof shape, "(%zu,)", n);
    mci_npy_header(descr, shape, header);
    MC_TRY(mci_output_open(path, MCI_PLAIN, &output, err));
    mc_status status = mci_output_write(output, (mc_str){ header, sizeof header }, err);
    if (status >= 0)
        status = mci_output_write(output, (mc_str){ data, n * types[type].bytes }, err);
    if (status < 0) {
        mci_output_abort(output);
        return status;
    }
    return mci_output_commit(output, err);
}
