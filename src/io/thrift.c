#include "io/thrift.h"

#include <assert.h>

enum { TYPE_TRUE = 1, TYPE_FALSE = 2, TYPE_I8 = 3, TYPE_I64 = 6, TYPE_LIST = 9, MAX_SHORT = 15 };

static void put(mci_buf *out, unsigned byte)
{
    assert(out->len < out->cap);
    out->data[out->len++] = (char)byte;
}

void mci_put_varint(mci_buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put(out, 0x80 | (value & 0x7F));
    put(out, (unsigned)value);
}

static void put_number(mci_buf *out, int64_t value)
{
    mci_put_varint(out, (uint64_t)value << 1 ^ (uint64_t)(value >> 63));
}

static void put_string(mci_buf *out, const char *text)
{
    size_t n = strlen(text);
    assert(n < out->cap - out->len);
    mci_put_varint(out, n);
    memcpy(out->data + out->len, text, n);
    out->len += n;
}

/* Fields come in ascending order, so the delta is positive. */
static void put_field(mci_thrift *thrift, int field, int type)
{
    int *last = &thrift->last[thrift->depth];
    assert(field > *last && field - *last <= MAX_SHORT);
    put(thrift->out, (unsigned)((field - *last) << 4 | type));
    *last = field;
}

void mci_thrift_i8(mci_thrift *thrift, int field, int8_t value)
{
    put_field(thrift, field, TYPE_I8);
    put(thrift->out, (uint8_t)value);
}

void mci_thrift_i32(mci_thrift *thrift, int field, int32_t value)
{
    put_field(thrift, field, MCI_THRIFT_I32);
    put_number(thrift->out, value);
}

void mci_thrift_i64(mci_thrift *thrift, int field, int64_t value)
{
    put_field(thrift, field, TYPE_I64);
    put_number(thrift->out, value);
}

void mci_thrift_bool(mci_thrift *thrift, int field, bool value)
{
    put_field(thrift, field, value ? TYPE_TRUE : TYPE_FALSE);
}

void mci_thrift_string(mci_thrift *thrift, int field, const char *text)
{
    put_field(thrift, field, MCI_THRIFT_STRING);
    put_string(thrift->out, text);
}

void mci_thrift_element_begin(mci_thrift *thrift)
{
    assert(thrift->depth + 1 < MCI_THRIFT_DEPTH);
    thrift->last[++thrift->depth] = 0;
}

void mci_thrift_begin(mci_thrift *thrift, int field)
{
    put_field(thrift, field, MCI_THRIFT_STRUCT);
    mci_thrift_element_begin(thrift);
}

void mci_thrift_end(mci_thrift *thrift)
{
    put(thrift->out, 0);
    thrift->depth--;
}

void mci_thrift_list(mci_thrift *thrift, int field, mci_thrift_type type, size_t n)
{
    put_field(thrift, field, TYPE_LIST);
    if (n < MAX_SHORT) {
        put(thrift->out, (unsigned)(n << 4 | type));
        return;
    }
    put(thrift->out, (unsigned)(MAX_SHORT << 4 | type));
    mci_put_varint(thrift->out, n);
}

void mci_thrift_element_i32(mci_thrift *thrift, int32_t value)
{
    put_number(thrift->out, value);
}

void mci_thrift_element_string(mci_thrift *thrift, const char *text)
{
    put_string(thrift->out, text);
}
