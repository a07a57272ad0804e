#include "model/safetensors.h"

#include "scratch.h"

/* A file of this header and n zero bytes behind it; free with free. */
static char *make_file(const char *header, size_t n, size_t *len)
{
    size_t m = strlen(header);
    char *file = calloc(8 + m + n + 1, 1);
    assert_non_null(file);
    for (size_t i = 0; i < 8; i++)
        file[i] = (char)(m >> 8 * i);
    memcpy(file + 8, header, m);
    *len = 8 + m + n;
    return file;
}

static mc_status parse(const char *header, size_t n, mci_tensor_store *store, mc_error *err)
{
    size_t len;
    char *file = make_file(header, n, &len);
    mc_status status = mci_tensor_store_add_bytes(store, (mc_str){ file, len }, err);
    if (status >= 0)
        status = mci_tensor_store_index(store, err);
    free(file);
    return status;
}

#define A(place) "\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":" place "}"

static const struct {
    const char *name, *header;
    size_t n; /* bytes behind it */
    mc_status want;
    const char *says;
} cases[] = {
    { "one", "{" A("[0,24]") "}", 24, MC_OK, "" },
    { "with metadata", "{\"__metadata__\":{\"format\":\"pt\"}," A("[0,24]") "}  ", 24, MC_OK, "" },
    { "none", "{}", 0, MC_OK, "" },
    { "a scalar and an empty one",
      "{\"s\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[0,2]},"
      "\"e\":{\"dtype\":\"I64\",\"shape\":[0,7],\"data_offsets\":[2,2]}}",
      2, MC_OK, "" },
    { "a type of others", "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3,
      MC_OK, "" },
    { "cut short", "{" A("[0,24]") "}", 20, MC_E_FORMAT, "a: bytes 0 to 24 of 20" },
    { "a rest", "{" A("[0,24]") "}", 25, MC_E_FORMAT, "need 24 bytes, 25 are there" },
    { "a hole", "{" A("[4,28]") "}", 28, MC_E_FORMAT, "bytes between them are no one's" },
    { "overlap",
      "{" A("[0,24]") ",\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[20,28]}}", 28,
      MC_E_FORMAT, "two tensors overlap" },
    { "backwards", "{" A("[24,0]") "}", 24, MC_E_FORMAT, "a: bytes 24 to 0" },
    { "too few bytes for the shape", "{" A("[0,20]") "}", 20, MC_E_FORMAT, "shape and its bytes" },
    { "a shape beyond 64 bits",
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
      MC_E_FORMAT, "shape and its bytes" },
    { "nine dimensions",
      "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
      MC_E_FORMAT, "a shape of at most 8" },
    { "a negative size", "{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,0]}}", 0,
      MC_E_FORMAT, "wants a dtype" },
    { "no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, MC_E_FORMAT,
      "wants a dtype" },
    { "three offsets", "{" A("[0,8,24]") "}", 24, MC_E_FORMAT, "two data_offsets" },
    { "a number for a tensor", "{\"a\":3}", 0, MC_E_FORMAT, "wants a dtype" },
    { "twice", "{" A("[0,24]") "," A("[24,48]") "}", 48, MC_E_FORMAT, "two tensors are called a" },
    { "with a wrapper's prefix, twice",
      "{" A("[0,24]") ",\"module.a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[24,25]}}",
      25, MC_E_FORMAT, "two tensors are called a" },
    { "no JSON", "{\"a\":", 0, MC_E_FORMAT, "JSON" },
};

static void headers_are_taken_or_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_error err = { 0 };
        mci_tensor_store store = { 0 };
        print_message("  case: %s\n", cases[i].name);
        assert_int_equal(parse(cases[i].header, cases[i].n, &store, &err), cases[i].want);
        assert_says(err.text, cases[i].says);
        mci_tensor_store_release(&store);
    }
}

static void every_prefix_fails(void **state)
{
    (void)state;
    size_t len;
    char *file = make_file("{" A("[0,24]") "}", 24, &len);
    for (size_t n = 0; n < len; n++) {
        mc_error err = { 0 };
        mci_tensor_store store = { 0 };
        char *copy = malloc(n + 1);
        memcpy(copy, file, n);
        assert_int_equal(mci_safetensors_parse((mc_str){ copy, n }, &store, &err), MC_E_FORMAT);
        assert_true(err.text[0]);
        free(copy);
        mci_tensor_store_release(&store);
    }
    free(file);
}

static void a_header_beyond_the_formats_limit_is_refused(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_tensor_store store = { 0 };
    char file[16] = { 1, (char)0xe1, (char)0xf5, 5, 0, 0, 0, 0, '{' }; /* 100,000,001 */
    assert_int_equal(mci_tensor_store_add_bytes(&store, (mc_str){ file, 16 }, &err), MC_E_LIMIT);
    assert_says(err.text, "a header of 100000001 bytes");
    mci_tensor_store_release(&store);
}

static void what_is_written_is_read_again(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_output *output = NULL;
    mci_safetensors_header header = { 0 };
    const uint64_t dims[] = { 2, 3 };
    const float values[6] = { 1, 2, 3, 4, 5, 6 };
    const uint16_t half = 0x3c00;
    assert_ok(mci_output_open(scratch_path(s, "m"), MCI_PLAIN, &output, &err), err);
    assert_ok(mci_safetensors_add(&header, mc_str_of("a\"b"), MCI_F32, 2, dims, &err), err);
    assert_ok(mci_safetensors_add(&header, mc_str_of("scale"), MCI_F16, 0, NULL, &err), err);
    assert_ok(mci_safetensors_begin(&header, output, &err), err);
    assert_ok(mci_output_write(output, (mc_str){ (const char *)values, sizeof values }, &err), err);
    assert_ok(mci_output_write(output, (mc_str){ (const char *)&half, 2 }, &err), err);
    assert_ok(mci_output_commit(output, &err), err);
    mci_buf_release(&header.header);
    mci_tensor_store store = { 0 };
    assert_ok(mci_tensor_store_add_file(&store, scratch_path(s, "m"), &err), err);
    assert_ok(mci_tensor_store_index(&store, &err), err);
    assert_int_equal(store.n, 2);
    const mci_stored *a = mci_tensor_store_find(&store, mc_str_of("a\"b"));
    const mci_stored *scale = mci_tensor_store_find(&store, mc_str_of("scale"));
    assert_true(a && a->type == MCI_STORED_F32 && a->rank == 2 && a->dims[1] == 3);
    assert_memory_equal(a->data, values, sizeof values);
    assert_int_equal((uintptr_t)a->data % sizeof(float), 0);
    assert_true(scale && scale->type == MCI_STORED_F16 && scale->rank == 0);
    mci_tensor_store_release(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_taken_or_refused_with_a_reason),
        cmocka_unit_test(every_prefix_fails),
        cmocka_unit_test(a_header_beyond_the_formats_limit_is_refused),
        cmocka_unit_test_setup_teardown(what_is_written_is_read_again, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
