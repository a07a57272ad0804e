/* What Parquet's own parts are made of, read back after its documentation. */
#include "io/parquet_levels.h"
#include "io/thrift.h"
#include "test.h"

/* ---- levels ---- */

static uint64_t read_varint(const uint8_t **at)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (!(byte & 0x80))
            return value;
    }
}

/* Reads n levels, one bit after the other; what follows the last one of packed bits is padding. */
static void read_levels(const mci_buf *bytes, size_t n, unsigned width, uint8_t *levels)
{
    const uint8_t *at = (const uint8_t *)bytes->data, *end = at + bytes->len;
    for (size_t i = 0; i < n;) {
        assert_true(at < end);
        uint64_t header = read_varint(&at), len = header & 1 ? header / 2 * 8 : header / 2;
        assert_true(len > 0);
        for (uint64_t k = 0; k < len; k++) {
            unsigned value = 0;
            for (unsigned bit = 0; header & 1 && bit < width; bit++)
                value |= (unsigned)(at[(k * width + bit) / 8] >> (k * width + bit) % 8 & 1) << bit;
            if (i < n)
                levels[i++] = header & 1 ? (uint8_t)value : *at;
        }
        at += header & 1 ? len / 8 * width : 1;
    }
    assert_true(at == end);
}

static void levels_come_back(void **state)
{
    (void)state;
    test_random random = { 11 };
    for (int round = 0; round < 3000; round++) {
        uint8_t levels[600], again[600];
        mci_buf out = { 0 };
        unsigned width = 1 + (unsigned)test_below(&random, 8);
        size_t n = test_below(&random, COUNT_OF(levels)), run = 1 + test_below(&random, 40);
        for (size_t i = 0; i < n; i++)
            levels[i] = i > 0 && test_below(&random, run)
                            ? levels[i - 1]
                            : (uint8_t)test_below(&random, 1u << width);
        assert_int_equal(mci_parquet_add_levels(levels, n, width, &out, NULL), MC_OK);
        read_levels(&out, n, width, again);
        assert_memory_equal(again, levels, n);
        mci_buf_release(&out);
    }
}

static void runs_are_short(void **state)
{
    (void)state;
    static uint8_t ones[100000];
    mci_buf out = { 0 };
    memset(ones, 1, sizeof ones);
    assert_int_equal(mci_parquet_add_levels(ones, sizeof ones, 1, &out, NULL), MC_OK);
    assert_true(out.len <= 4);
    mci_buf_release(&out);
}

/* ---- Thrift ---- */

static void thrift_is_compact(void **state)
{
    (void)state;
    static const uint8_t want[] = {
        0x15, 0x02,                   /* field 1: i32 1 */
        0x26, 0xFF, 0xFF, 0xFF, 0x7F, /* field 3: i64, zigzag of -2^27 */
        0x12,                         /* field 4: false */
        0x13, 0x20,                   /* field 5: i8 32 */
        0x18, 2,    'a',  'b',        /* field 6: string */
        0x19, 0x25, 0x01, 0xAC, 0x02, /* field 7: list of two i32, -1 and 150 */
        0x1C, 0x15, 0x00, 0x00,       /* field 8: struct { 1: i32 0 } */
        0x19, 0x1C, 0x11, 0x00,       /* field 9: list of one struct { 1: true } */
        0x00,
    };
    mci_buf out = { 0 };
    mci_thrift thrift = { .out = &out };
    assert_int_equal(mci_buf_reserve(&out, 256, NULL), MC_OK);
    mci_thrift_i32(&thrift, 1, 1);
    mci_thrift_i64(&thrift, 3, -(INT64_C(1) << 27));
    mci_thrift_bool(&thrift, 4, false);
    mci_thrift_i8(&thrift, 5, 32);
    mci_thrift_string(&thrift, 6, "ab");
    mci_thrift_list(&thrift, 7, MCI_THRIFT_I32, 2);
    mci_thrift_element_i32(&thrift, -1);
    mci_thrift_element_i32(&thrift, 150);
    mci_thrift_begin(&thrift, 8);
    mci_thrift_i32(&thrift, 1, 0);
    mci_thrift_end(&thrift);
    mci_thrift_list(&thrift, 9, MCI_THRIFT_STRUCT, 1);
    mci_thrift_element_begin(&thrift);
    mci_thrift_bool(&thrift, 1, true);
    mci_thrift_end(&thrift);
    mci_thrift_end(&thrift);
    assert_int_equal(out.len, sizeof want);
    assert_memory_equal(out.data, want, sizeof want);
    mci_buf_release(&out);
}

static void long_lists_have_a_length_of_their_own(void **state)
{
    (void)state;
    mci_buf out = { 0 };
    mci_thrift thrift = { .out = &out };
    assert_int_equal(mci_buf_reserve(&out, 256, NULL), MC_OK);
    mci_thrift_list(&thrift, 1, MCI_THRIFT_STRUCT, 300);
    assert_int_equal(out.len, 4);
    assert_memory_equal(out.data, "\x19\xFC\xAC\x02", 4);
    mci_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_come_back),
        cmocka_unit_test(runs_are_short),
        cmocka_unit_test(thrift_is_compact),
        cmocka_unit_test(long_lists_have_a_length_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
