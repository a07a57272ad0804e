#include "io/npy.h"

#include "base/alloc.h"
#include "base/buf.h"

#include "scratch.h"

/* A file with this header text (padded as NumPy does) and `n_data` bytes 0, 1, 2, ... */
static mc_str make(mci_buf *buf, int version, const char *header, size_t n_data)
{
    size_t len = strlen(header), start = version == 1 ? 10 : 12;
    size_t padded = (start + len + 1 + 63) / 64 * 64 - start;
    mci_buf_clear(buf);
    mci_buf_append(buf, "\x93NUMPY", 6, NULL);
    mci_buf_byte(buf, (char)version, NULL);
    mci_buf_byte(buf, 0, NULL);
    for (size_t i = 0; i < start - 8; i++)
        mci_buf_byte(buf, (char)(padded >> (8 * i)), NULL);
    mci_buf_append(buf, header, len, NULL);
    for (size_t i = len; i + 1 < padded; i++)
        mci_buf_byte(buf, ' ', NULL);
    mci_buf_byte(buf, '\n', NULL);
    for (size_t i = 0; i < n_data; i++)
        mci_buf_byte(buf, (char)i, NULL);
    return mci_buf_str(buf);
}

#define U64(shape) "{'descr': '<u8', 'fortran_order': False, 'shape': " shape ", }"

static const struct {
    const char *name, *header;
    int version;
    size_t n_data, want;
} good[] = {
    { "as NumPy writes it", U64("(2,)"), 1, 16, 2 },
    { "format 2.0", U64("(2,)"), 2, 16, 2 },
    { "format 3.0", U64("(2,)"), 3, 16, 2 },
    { "nothing in it", U64("(0,)"), 1, 0, 0 },
    { "other order, other quotes", "{\"shape\":(1,),\"descr\":\"<u8\",\"fortran_order\":True}", 1,
      8, 1 },
    { "white space everywhere",
      " { 'descr' :\t'<u8' , 'fortran_order' : False , 'shape' : ( 1 , ) } ", 1, 8, 1 },
};

static void headers_are_read_as_python_reads_them(void **state)
{
    (void)state;
    mci_buf buf = { 0 };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        print_message("  case: %s\n", good[i].name);
        mc_error err = { 0 };
        void *data = NULL;
        size_t n = 99;
        mc_str file = make(&buf, good[i].version, good[i].header, good[i].n_data);
        assert_ok(mci_npy_parse(file, MCI_NPY_U64, &data, &n, &err), err);
        assert_int_equal(n, good[i].want);
        assert_memory_equal(data, "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", n * 8);
        mci_free(data);
    }
    mci_buf_release(&buf);
}

static const struct {
    const char *name, *header;
    size_t n_data;
    mc_status status;
    const char *says;
} bad[] = {
    { "another type", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8, MC_E_SHAPE,
      "want u64 rank 1, got f32 rank 1" },
    { "big-endian", "{'descr': '>u8', 'fortran_order': False, 'shape': (2,), }", 16, MC_E_SHAPE,
      "want u64 rank 1, got big-endian u64 rank 1" },
    { "text", "{'descr': '<U12', 'fortran_order': False, 'shape': (2,), }", 96, MC_E_SHAPE,
      "want u64 rank 1, got '<U12' rank 1" },
    { "no type at all", "{'descr': '', 'fortran_order': False, 'shape': (2,), }", 16, MC_E_SHAPE,
      "want u64 rank 1, got '' rank 1" },
    { "structured",
      "{'descr': [('a', '<u8'), ('b', '<u8')], 'fortran_order': False, 'shape': (1,)}", 16,
      MC_E_SHAPE, "want u64 rank 1, got a structured type" },
    { "rank 2", U64("(2, 3)"), 48, MC_E_SHAPE, "got u64 rank 2" },
    { "rank 0", U64("()"), 8, MC_E_SHAPE, "got u64 rank 0" },
    { "no tuple", U64("(3)"), 24, MC_E_FORMAT, "header of the .npy file is malformed" },
    { "a negative shape", U64("(-1,)"), 8, MC_E_FORMAT, "malformed" },
    { "a shape beyond 64 bits", U64("(18446744073709551616,)"), 8, MC_E_FORMAT, "malformed" },
    { "a shape whose bytes wrap to 16", U64("(2305843009213693954,)"), 16, MC_E_FORMAT,
      "2305843009213693954 numbers of 8 bytes are stated, 16 bytes are there" },
    { "too few bytes", U64("(3,)"), 23, MC_E_FORMAT, "23 bytes are there" },
    { "too many bytes", U64("(3,)"), 25, MC_E_FORMAT, "25 bytes are there" },
    { "eight too many", U64("(3,)"), 32, MC_E_FORMAT, "32 bytes are there" },
    { "a key twice", "{'descr': '<u8', 'descr': '<u8', 'fortran_order': False, 'shape': (1,)}", 8,
      MC_E_FORMAT, "malformed" },
    { "a key missing", "{'descr': '<u8', 'shape': (1,)}", 8, MC_E_FORMAT, "malformed" },
    { "a key unknown", "{'descr': '<u8', 'fortran_order': False, 'shape': (1,), 'x': 1}", 8,
      MC_E_FORMAT, "malformed" },
    { "no comma", "{'descr': '<u8' 'fortran_order': False, 'shape': (1,)}", 8, MC_E_FORMAT,
      "malformed" },
    { "something behind it", U64("(1,)") " x", 8, MC_E_FORMAT, "malformed" },
    { "an open string", "{'descr': '<u8", 8, MC_E_FORMAT, "malformed" },
    { "empty", "", 8, MC_E_FORMAT, "malformed" },
};

static void other_arrays_are_refused_by_name(void **state)
{
    (void)state;
    mci_buf buf = { 0 };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        print_message("  case: %s\n", bad[i].name);
        mc_error err = { 0 };
        void *data = NULL;
        size_t n = 99;
        mc_str file = make(&buf, 1, bad[i].header, bad[i].n_data);
        assert_int_equal(mci_npy_parse(file, MCI_NPY_U64, &data, &n, &err), bad[i].status);
        assert_says(err.text, bad[i].says);
        assert_null(data);
        assert_int_equal(n, 99);
    }
    mci_buf_release(&buf);
}

static void every_prefix_of_a_file_is_refused(void **state)
{
    (void)state;
    mci_buf buf = { 0 };
    mc_str file = make(&buf, 1, U64("(3,)"), 24);
    for (size_t len = 0; len < file.len; len++) {
        mc_error err = { 0 };
        void *data = NULL;
        size_t n;
        char *copy = malloc(len ? len : 1); /* so that a read too far is seen */
        memcpy(copy, file.data, len);
        assert_int_equal(mci_npy_parse((mc_str){ copy, len }, MCI_NPY_U64, &data, &n, &err),
                         MC_E_FORMAT);
        assert_true(err.text[0] != '\0');
        free(copy);
    }
    mci_buf_release(&buf);
}

static void other_formats_are_named(void **state)
{
    (void)state;
    mc_error err = { 0 };
    void *data = NULL;
    size_t n;
    mc_str file = { "\x93NUMPY\x04\x00\x10\x00 padding padding", 26 };
    assert_int_equal(mci_npy_parse(file, MCI_NPY_U32, &data, &n, &err), MC_E_FORMAT);
    assert_says(err.text, ".npy format 4.0 is not known");
    assert_int_equal(mci_npy_parse(mc_str_of("{\"a\":1}"), MCI_NPY_U32, &data, &n, &err),
                     MC_E_FORMAT);
    assert_says(err.text, "not a .npy file");
}

static void numbers_survive_a_round_trip(void **state)
{
    static const size_t bytes[] = { 4, 8, 4, 8 };
    static const char *const descrs[] = { "'<u4'", "'<u8'", "'<f4'", "'<f8'" };
    unsigned char numbers[800];
    test_random random = { 3 };
    for (size_t i = 0; i < sizeof numbers; i++)
        numbers[i] = (unsigned char)test_next(&random);
    for (mci_npy_type type = MCI_NPY_U32; type <= MCI_NPY_F64; type++) {
        mc_error err = { 0 };
        const char *path = scratch_path(*state, "a.npy");
        void *data = NULL;
        size_t n = 0, len = 0;
        assert_ok(mci_npy_save(path, type, numbers, 100, &err), err);
        char *file = test_read_file(path, &len);
        assert_non_null(file);
        assert_int_equal(len, 128 + 100 * bytes[type]);
        assert_non_null(strstr(file + 10, descrs[type]));
        free(file);
        assert_ok(mci_npy_load(path, type, &data, &n, &err), err);
        assert_int_equal(n, 100);
        assert_memory_equal(data, numbers, 100 * bytes[type]);
        mci_free(data);
    }
}

/* What numpy.save(f, numpy.array([1, 2, 2**64 - 1], "u8")) writes (NumPy 1.24.2). */
static void files_are_numpys_to_the_byte(void **state)
{
    const uint64_t numbers[] = { 1, 2, UINT64_MAX };
    char want[152];
    memset(want, ' ', 128);
    memcpy(want, "\x93NUMPY\x01\x00v\x00", 10);
    memcpy(want + 10, "{'descr': '<u8', 'fortran_order': False, 'shape': (3,), }", 57);
    want[127] = '\n';
    memcpy(want + 128, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 24);
    mc_error err = { 0 };
    size_t len = 0;
    const char *path = scratch_path(*state, "b.npy");
    assert_ok(mci_npy_save(path, MCI_NPY_U64, numbers, 3, &err), err);
    char *file = test_read_file(path, &len);
    assert_int_equal(len, sizeof want);
    assert_memory_equal(file, want, sizeof want);
    free(file);
}

static void files_of_the_original_are_rewritten_to_the_byte(void **state)
{
    size_t len, len_again, n;
    void *data = NULL;
    mc_error err = { 0 };
    char *file =
        test_read_file(test_path("METACLIP_SHARED", "oracle/curation/entry_count.npy"), &len);
    if (!file)
        skip();
    assert_ok(mci_npy_parse((mc_str){ file, len }, MCI_NPY_U64, &data, &n, &err), err);
    const char *path = scratch_path(*state, "c.npy");
    assert_ok(mci_npy_save(path, MCI_NPY_U64, data, n, &err), err);
    char *again = test_read_file(path, &len_again);
    assert_int_equal(len, len_again);
    assert_memory_equal(file, again, len);
    free(file);
    free(again);
    mci_free(data);
}

static void missing_files_are_named(void **state)
{
    mc_error err = { 0 };
    void *data = NULL;
    size_t n;
    const char *path = scratch_path(*state, "none.npy");
    assert_int_equal(mci_npy_load(path, MCI_NPY_U64, &data, &n, &err), MC_E_IO);
    assert_says(err.text, "none.npy: No such file");
    path = scratch_text(*state, "text.npy", "hello");
    assert_int_equal(mci_npy_load(path, MCI_NPY_U64, &data, &n, &err), MC_E_FORMAT);
    assert_says(err.text, "text.npy: not a .npy file");
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_read_as_python_reads_them),
        cmocka_unit_test(other_arrays_are_refused_by_name),
        cmocka_unit_test(every_prefix_of_a_file_is_refused),
        cmocka_unit_test(other_formats_are_named),
        IN_SCRATCH(numbers_survive_a_round_trip),
        IN_SCRATCH(files_are_numpys_to_the_byte),
        IN_SCRATCH(files_of_the_original_are_rewritten_to_the_byte),
        IN_SCRATCH(missing_files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
