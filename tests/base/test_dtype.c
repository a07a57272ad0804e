/* Conversions between floating-point types, against the compiler's own where it has them. */
#include "base/dtype.h"

#include <math.h>

#include "test.h"

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void every_half_comes_back_as_it_was(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        float half = mci_f32_of_f16((uint16_t)bits), brain = mci_f32_of_bf16((uint16_t)bits);
        if (isnan(half))
            assert_true(isnan(mci_f32_of_f16(mci_f16_of(half))));
        else
            assert_int_equal(mci_f16_of(half), bits);
        if (isnan(brain))
            assert_true(isnan(mci_f32_of_bf16(mci_bf16_of(brain))));
        else
            assert_int_equal(mci_bf16_of(brain), bits);
    }
}

static const struct {
    const char *name;
    float value;
    uint16_t f16, bf16;
} cases[] = {
    { "zero", 0.0f, 0x0000, 0x0000 },
    { "minus zero", -0.0f, 0x8000, 0x8000 },
    { "one", 1.0f, 0x3c00, 0x3f80 },
    { "the largest f16", 65504.0f, 0x7bff, 0x4780 },
    { "just below the way to infinity", 65519.0f, 0x7bff, 0x4780 },
    { "half-way to infinity", 65520.0f, 0x7c00, 0x4780 },
    { "the smallest normal f16", 0x1p-14f, 0x0400, 0x3880 },
    { "the smallest f16", 0x1p-24f, 0x0001, 0x3380 },
    { "half of it: to even", 0x1p-25f, 0x0000, 0x3300 },
    { "a little more than half of it", 0x1.8p-25f, 0x0001, 0x3340 },
    { "half-way, to even (down)", 1.0f + 0x1p-11f, 0x3c00, 0x3f80 },
    { "half-way, to even (up)", 1.0f + 0x3p-11f, 0x3c02, 0x3f80 },
    { "bf16 half-way, to even (down)", 1.0f + 0x1p-8f, 0x3c04, 0x3f80 },
    { "bf16 half-way, to even (up)", 1.0f + 0x3p-8f, 0x3c0c, 0x3f82 },
    { "infinity", INFINITY, 0x7c00, 0x7f80 },
    { "beyond bf16's largest", 0x1.fffffep127f, 0x7c00, 0x7f80 },
};

static void values_round_to_nearest_and_halves_to_even(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].name);
        assert_int_equal(mci_f16_of(cases[i].value), cases[i].f16);
        assert_int_equal(mci_bf16_of(cases[i].value), cases[i].bf16);
        if (cases[i].value != 0.0f) {
            assert_int_equal(mci_f16_of(-cases[i].value), cases[i].f16 | 0x8000);
            assert_int_equal(mci_bf16_of(-cases[i].value), cases[i].bf16 | 0x8000);
        }
    }
}

/* Of the two neighbours of any value none is nearer than the one that was chosen. */
static void no_other_half_is_nearer(void **state)
{
    (void)state;
    test_random random = { 7 };
    for (int i = 0; i < 200000; i++) {
        float value = float_of((uint32_t)test_below(&random, 0x477fe000));
        uint16_t half = mci_f16_of(value), brain = mci_bf16_of(value);
        double error = fabs((double)mci_f32_of_f16(half) - (double)value);
        assert_true(error <= fabs((double)mci_f32_of_f16((uint16_t)(half + 1)) - (double)value));
        if (half > 0)
            assert_true(error <=
                        fabs((double)mci_f32_of_f16((uint16_t)(half - 1)) - (double)value));
        error = fabs((double)mci_f32_of_bf16(brain) - (double)value);
        assert_true(error <= fabs((double)mci_f32_of_bf16((uint16_t)(brain + 1)) - (double)value));
    }
}

static void arrays_convert_from_any_address(void **state)
{
    (void)state;
    const float values[3] = { 1.0f, -2.5f, 0.125f };
    char bytes[1 + sizeof values];
    uint16_t halves[3];
    float back[3];
    memcpy(bytes + 1, values, sizeof values);
    for (mci_dtype type = MCI_F32; type <= MCI_BF16; type++) {
        mci_dtype_convert(MCI_F32, bytes + 1, type, type == MCI_F32 ? (void *)back : halves, 3);
        if (type != MCI_F32)
            mci_dtype_convert(type, halves, MCI_F32, back, 3);
        assert_memory_equal(back, values, sizeof values);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_comes_back_as_it_was),
        cmocka_unit_test(values_round_to_nearest_and_halves_to_even),
        cmocka_unit_test(no_other_half_is_nearer),
        cmocka_unit_test(arrays_convert_from_any_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
