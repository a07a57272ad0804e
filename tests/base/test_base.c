/* Errors, buffers, arenas, hashes: the small things everything stands on. */
#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

#include "test.h"

static void an_error_tells_what_and_where(void **state)
{
    (void)state;
    mc_error err = { 0 };
    assert_int_equal(mc_fail(&err, MC_E_SHAPE, "want %s", "u64"), MC_E_SHAPE);
    assert_int_equal(mc_add_context(&err, MC_E_SHAPE, "loading %s", "a.npy"), MC_E_SHAPE);
    assert_string_equal(err.text, "loading a.npy: want u64");
    assert_int_equal(mc_fail(NULL, MC_E_IO, "nobody listens"), MC_E_IO);
    mc_add_context(&err, MC_E_SHAPE,
                   "loading a.npy"); /* what stands there already is not said twice */
    assert_null(strstr(strstr(err.text, "loading a.npy") + 1, "loading a.npy"));
    mc_add_context(&err, MC_E_SHAPE, "loading");
    assert_says(err.text, "loading: loading a.npy: ");
    assert_int_equal(mc_add_context(NULL, MC_E_IO, "nobody listens"), MC_E_IO);
    mc_error empty = { 0 };
    mc_add_context(&empty, MC_E_NOMEM, "somewhere");
    assert_string_equal(empty.text, "somewhere: out of memory");
}

static void a_long_error_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    char text[1024];
    for (int shift = 0; shift < 4; shift++) {
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)shift; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xF0\x9F\x98\x80", 4);
        text[sizeof text - 1] = '\0';
        mc_error err = { 0 };
        mc_fail(&err, MC_E_IO, "%s", text);
        size_t n = strlen(err.text);
        assert_in_range(n, sizeof err.text - 5, sizeof err.text - 1);
        assert_true((n - (size_t)shift) % 4 == 0);
        mc_add_context(&err, MC_E_IO, "%s", text);
        assert_true((strlen(err.text) - (size_t)shift) % 4 == 0);
    }
}

static void a_buffer_holds_what_was_put_in(void **state)
{
    (void)state;
    mci_buf buf = { 0 };
    for (int i = 0; i < 1000; i++)
        assert_int_equal(mci_buf_printf(&buf, NULL, "%d,", i % 10), MC_OK);
    assert_int_equal(buf.len, 2000);
    assert_memory_equal(buf.data, "0,1,2,3,4,5,6,7,8,9,0,", 22);
    assert_int_equal(mci_buf_terminate(&buf, NULL), MC_OK);
    assert_int_equal(strlen(buf.data), 2000);
    mc_error err = { 0 };
    assert_int_equal(mci_buf_reserve(&buf, SIZE_MAX, &err), MC_E_NOMEM);
    assert_int_equal(buf.len, 2000);
    mci_buf_release(&buf);
    assert_null(buf.data);
}

static void arena_memory_is_apart_and_aligned(void **state)
{
    (void)state;
    mci_arena arena = { 0 };
    test_random random = { 1 };
    for (int round = 0; round < 20; round++) {
        struct {
            unsigned char *memory;
            size_t n;
        } got[200];
        for (size_t i = 0; i < COUNT_OF(got); i++) {
            got[i].n = test_below(&random, i % 50 == 0 ? 3 << 20 : 300);
            got[i].memory = mci_arena_alloc(&arena, got[i].n);
            assert_non_null(got[i].memory);
            assert_int_equal((uintptr_t)got[i].memory % _Alignof(max_align_t), 0);
            memset(got[i].memory, (int)i, got[i].n);
        }
        for (size_t i = 0; i < COUNT_OF(got); i++)
            for (size_t j = 0; j < got[i].n; j++)
                if (got[i].memory[j] != (unsigned char)i)
                    fail_msg("allocation %zu was overwritten", i);
        mci_arena_reset(&arena);
    }
    assert_null(mci_arena_alloc(&arena, SIZE_MAX));
    mci_arena_release(&arena);
}

/* From the xxhsum tool and from sha224sum, sha256sum. */
static void hashes_are_the_published_ones(void **state)
{
    (void)state;
    char digits[MC_SHA256_DIGITS + 1], uuid[MCI_UUID_DIGITS];
    assert_true(mci_hash64(mc_str_of(""), 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(mci_hash64(mc_str_of("a red car"), 0) == mci_hash64(mc_str_of("a red car"), 0));
    assert_int_equal(mci_sha256_of(mc_str_of("abc"), digits, NULL), MC_OK);
    assert_string_equal(digits, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    mci_sha224 *sha224;
    assert_int_equal(mci_sha224_new(&sha224, NULL), MC_OK);
    assert_int_equal(mci_sha224_uuid(sha224, mc_str_of("another"), uuid, NULL), MC_OK);
    assert_int_equal(mci_sha224_uuid(sha224, mc_str_of("abc"), uuid, NULL), MC_OK);
    mci_sha224_free(sha224);
    assert_memory_equal(uuid, "23097d223405d8228642a477", MCI_UUID_DIGITS);
}

/* The quick way for short keys and the way for long ones must be one function. */
static void pair_hashes_do_not_depend_on_length(void **state)
{
    (void)state;
    char joined[4096];
    memset(joined, 'u', sizeof joined);
    for (size_t n = 0; n < 2000; n += 7) {
        size_t m = 2000 - n / 2;
        joined[n] = '\0';
        mc_str first = { joined, n }, second = { joined + n + 1, m };
        mc_str both = { joined, n + 1 + m };
        assert_true(mci_hash64_pair(first, second, 42) == mci_hash64(both, 42));
        joined[n] = 'u';
    }
    mci_hash128 a = mci_hash128_pair(mc_str_of("ab"), mc_str_of("c"));
    mci_hash128 b = mci_hash128_pair(mc_str_of("a"), mc_str_of("bc"));
    assert_true(a.low != b.low && a.high != b.high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_tells_what_and_where),
        cmocka_unit_test(a_long_error_is_cut_at_a_whole_character),
        cmocka_unit_test(a_buffer_holds_what_was_put_in),
        cmocka_unit_test(arena_memory_is_apart_and_aligned),
        cmocka_unit_test(hashes_are_the_published_ones),
        cmocka_unit_test(pair_hashes_do_not_depend_on_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
