#include "base/dtype.h"

#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [MCI_F32] = { "f32", 4 },
    [MCI_F16] = { "f16", 2 },
    [MCI_BF16] = { "bf16", 2 },
};

size_t mci_dtype_bytes(mci_dtype type)
{
    return types[type].bytes;
}

const char *mci_dtype_name(mci_dtype type)
{
    return types[type].name;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t mci_bf16_of(float value)
{
    uint32_t bits = bits_of(value);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return (uint16_t)(bits >> 16 |
                          0x40); /* not a number: quiet, and never rounded to infinity */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float mci_f32_of_bf16(uint16_t bits)
{
    return float_of((uint32_t)bits << 16);
}

/* An F16 has 5 bits of exponent (bias 15) and 10 of fraction, an F32 8 (bias 127) and 23. */
uint16_t mci_f16_of(float value)
{
    uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, size = bits & 0x7fffffff;
    if (size > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | (size >> 13 & 0x3ff));
    if (size >= 0x477ff000) /* 65520 and above round to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (size >= 0x38800000) { /* 2^-14 and above: normal */
        uint32_t moved = size - (112u << 23);
        return (uint16_t)(sign | (moved + 0xfff + (moved >> 13 & 1)) >> 13);
    }
    /* Below: multiples of 2^-24. Adding 0.5 leaves just these in the fraction, rounded as is due.
     */
    return (uint16_t)(sign | (bits_of(float_of(size) + 0.5f) - bits_of(0.5f)));
}

float mci_f32_of_f16(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, size = bits & 0x7fff;
    if (size >= 0x7c00)
        return float_of(sign | 0x7f800000 | (size & 0x3ff) << 13);
    if (size >= 0x400)
        return float_of(sign | ((size << 13) + (112u << 23)));
    float small = (float)size * 0x1p-24f;
    return sign ? -small : small;
}

static float read_one(mci_dtype type, const char *at)
{
    float value;
    uint16_t half;
    if (type == MCI_F32) {
        memcpy(&value, at, sizeof value);
        return value;
    }
    memcpy(&half, at, sizeof half);
    return type == MCI_F16 ? mci_f32_of_f16(half) : mci_f32_of_bf16(half);
}

static void write_one(mci_dtype type, float value, char *at)
{
    if (type == MCI_F32) {
        memcpy(at, &value, sizeof value);
        return;
    }
    uint16_t half = type == MCI_F16 ? mci_f16_of(value) : mci_bf16_of(value);
    memcpy(at, &half, sizeof half);
}

void mci_dtype_convert(mci_dtype from_type, const void *from, mci_dtype to_type, void *to, size_t n)
{
    size_t from_bytes = types[from_type].bytes, to_bytes = types[to_type].bytes;
    const char *source = from;
    char *target = to;
    if (from_type == to_type) {
        if (n)
            memcpy(to, from, n * to_bytes);
        return;
    }
    for (size_t i = 0; i < n; i++)
        write_one(to_type, read_one(from_type, source + i * from_bytes), target + i * to_bytes);
}
