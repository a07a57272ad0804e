/* PyTorch's files by hand, byte for byte: the form before 1.6, odd tensors, and damage. */
#include "model/pt.h"

#include "base/buf.h"
#include "io/zip.h"
#include "scratch.h"
#include "tiny_model.h"

#define STORAGE_OF(type, key, n) \
    "(X\7\0\0\0storagectorch\n" type "\nX\1\0\0\0" key "X\3\0\0\0cpuK" n
#define TENSOR(name, storage, place)                                                 \
    "X\1\0\0\0" name "ctorch._utils\n_rebuild_tensor_v2\n(" storage "Q" place "\x89" \
    "ccollections\nOrderedDict\n)RtR"

typedef struct {
    const char *bytes;
    size_t n;
} piece;

#define PIECE(text)           \
    {                         \
        text, sizeof text - 1 \
    }

/* ---- the zip form, of any pickle ---- */

static char *make_zip(scratch *s, piece pickle, piece storage, const char *order, size_t *len)
{
    mc_error err = { 0 };
    mci_output *output = NULL;
    mci_zip_out *zip = NULL;
    const char *path = scratch_path(s, "x.pt");
    assert_ok(mci_output_open(path, MCI_PLAIN, &output, &err), err);
    assert_ok(mci_zip_out_new(output, &zip, &err), err);
    mc_str data = { pickle.bytes, pickle.n }, values = { storage.bytes, storage.n };
    assert_ok(mci_zip_out_entry(zip, mc_str_of("any/data.pkl"), data, &err), err);
    assert_ok(mci_zip_out_entry(zip, mc_str_of("any/byteorder"), mc_str_of(order), &err), err);
    assert_ok(mci_zip_out_entry(zip, mc_str_of("any/data/0"), values, &err), err);
    assert_ok(mci_zip_out_finish(zip, &err), err);
    mci_zip_out_free(zip);
    assert_ok(mci_output_commit(output, &err), err);
    return test_read_file(path, len);
}

static const float numbers[6] = { 1, 2, 3, 4, 5, 6 };

#define FLOATS STORAGE_OF("FloatStorage", "0", "\6t")

static const struct {
    const char *name;
    piece pickle;
    mc_status want;
    const char *says; /* or: */
    size_t n;
    float values[4]; /* of the tensor a, in C order */
} zips[] = {
    { "plain",
      PIECE("}" TENSOR("a", FLOATS, "K\0K\2K\2\x86K\2K\1\x86") "s."),
      MC_OK,
      "",
      4,
      { 1, 2, 3, 4 } },
    { "transposed, at an offset",
      PIECE("}" TENSOR("a", FLOATS, "K\1K\2K\2\x86K\1K\2\x86") "s."),
      MC_OK,
      "",
      4,
      { 2, 4, 3, 5 } },
    { "every second",
      PIECE("}" TENSOR("a", FLOATS, "K\0K\3\x85K\2\x85") "s."),
      MC_OK,
      "",
      3,
      { 1, 3, 5 } },
    { "one value thrice",
      PIECE("}" TENSOR("a", FLOATS, "K\5K\3\x85K\0\x85") "s."),
      MC_OK,
      "",
      3,
      { 6, 6, 6 } },
    { "a scalar", PIECE("}" TENSOR("a", FLOATS, "K\2))") "s."), MC_OK, "", 1, { 3 } },
    { "an empty one, far away",
      PIECE("}" TENSOR("a", FLOATS, "K\xffK\0\x85K\1\x85") "s."),
      MC_OK,
      "",
      0,
      { 0 } },
    { "wrapped",
      PIECE(
          "}X\5\0\0\0epochK\1sX\n\0\0\0state_dict}" TENSOR("a", FLOATS, "K\0K\1\x85K\1\x85") "ss."),
      MC_OK,
      "",
      1,
      { 1 } },
    { "a dict in itself",
      PIECE("}q\0X\4\0\0\0selfh\0s" TENSOR("a", FLOATS, "K\0K\1\x85K\1\x85") "s."),
      MC_OK,
      "",
      1,
      { 1 } },
    { "beyond its storage",
      PIECE("}" TENSOR("a", FLOATS, "K\3K\2K\2\x86K\2K\1\x86") "s."),
      MC_E_FORMAT,
      "a: its values reach beyond their storage",
      0,
      { 0 } },
    { "strides beyond 64 bits",
      PIECE("}" TENSOR("a", FLOATS, "K\0K\3\x85\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85") "s."),
      MC_E_FORMAT,
      "beyond their storage",
      0,
      { 0 } },
    { "a negative stride",
      PIECE("}" TENSOR("a", FLOATS, "K\3K\2\x85J\xff\xff\xff\xff\x85") "s."),
      MC_E_FORMAT,
      "a tensor without a shape",
      0,
      { 0 } },
    { "a great many of one value",
      PIECE("}" TENSOR("a", FLOATS, "K\0\x8a\x06\xff\xff\xff\xff\xff\x7f\x85K\0\x85") "s."),
      MC_E_LIMIT,
      "a: claims 140737488355327 values in a file of",
      0,
      { 0 } },
    { "a storage that is not there",
      PIECE("}" TENSOR("a", STORAGE_OF("FloatStorage", "9", "\6t"), "K\0K\1\x85K\1\x85") "s."),
      MC_E_FORMAT,
      "a: the storage 9 is missing",
      0,
      { 0 } },
    { "a storage shorter than stated",
      PIECE("}" TENSOR("a", STORAGE_OF("DoubleStorage", "0", "\6t"), "K\0K\1\x85K\1\x85") "s."),
      MC_E_FORMAT,
      "shorter than stated",
      0,
      { 0 } },
    { "no tensors", PIECE("}X\1\0\0\0aK\1s."), MC_E_FORMAT, "holds no tensors by name", 0, { 0 } },
    { "a list of tensors",
      PIECE("]"
            "ctorch._utils\n_rebuild_tensor_v2\n(" FLOATS "QK\0))\x89NtRa."),
      MC_E_FORMAT,
      "holds no tensors by name",
      0,
      { 0 } },
    { "one name twice",
      PIECE("}" TENSOR("a", FLOATS, "K\0))") "s" TENSOR("a", FLOATS, "K\0))") "s."),
      MC_E_FORMAT,
      "two tensors are called a",
      0,
      { 0 } },
    { "a program",
      PIECE("}X\1\0\0\0acposix\nsystem\n(X\2\0\0\0idtRs."),
      MC_E_FORMAT,
      "refuses posix.system",
      0,
      { 0 } },
};

static void tensors_of_any_stride_are_read(void **state)
{
    for (size_t i = 0; i < COUNT_OF(zips); i++) {
        mc_error err = { 0 };
        mci_tensor_store store = { 0 };
        size_t len;
        float got[4] = { 0 };
        print_message("  case: %s\n", zips[i].name);
        piece values = { (const char *)numbers, sizeof numbers };
        char *file = make_zip(*state, zips[i].pickle, values, "little", &len);
        mc_status status = mci_tensor_store_add_bytes(&store, (mc_str){ file, len }, &err);
        if (status >= 0)
            status = mci_tensor_store_index(&store, &err);
        assert_int_equal(status, zips[i].want);
        assert_says(err.text, zips[i].says);
        const mci_stored *a = mci_tensor_store_find(&store, mc_str_of("a"));
        if (status == MC_OK) {
            assert_non_null(a);
            assert_int_equal(mci_stored_n_values(a->rank, a->dims), zips[i].n);
            mci_view_read(a, got);
            assert_memory_equal(got, zips[i].values, sizeof got);
        }
        mci_tensor_store_release(&store);
        free(file);
    }
}

static void big_endian_files_are_refused(void **state)
{
    mc_error err = { 0 };
    mci_tensor_store store = { 0 };
    size_t len;
    piece values = { (const char *)numbers, sizeof numbers };
    char *file = make_zip(*state, zips[0].pickle, values, "big", &len);
    assert_int_equal(mci_pt_parse((mc_str){ file, len }, &store, &err), MC_E_FORMAT);
    assert_says(err.text, "its numbers are big-endian");
    mci_tensor_store_release(&store);
    free(file);
}

/* ---- the form before 1.6 ---- */

#define MAGIC    "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define PROTOCOL "\x80\2M\xe9\3."
#define SYSTEM   "\x80\2}X\r\0\0\0little_endian\x88s."
#define KEYS           \
    "\x80\2]X\1\0\0\0" \
    "0a."
#define HALVES "\3\0\0\0\0\0\0\0\0\x3c\0\x40\0\x42" /* three: 1, 2, 3 */
#define OBJECT \
    "\x80\2}" TENSOR("a", STORAGE_OF("HalfStorage", "0", "\3Nt"), "K\1K\2\x85K\1\x85") "s."

static const piece legacy = PIECE(MAGIC PROTOCOL SYSTEM OBJECT KEYS HALVES);

static void the_form_before_1_6_is_read_too(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_tensor_store store = { 0 };
    float got[2];
    const float want[2] = { 2, 3 };
    assert_ok(mci_tensor_store_add_bytes(&store, (mc_str){ legacy.bytes, legacy.n }, &err), err);
    assert_ok(mci_tensor_store_index(&store, &err), err);
    const mci_stored *a = mci_tensor_store_find(&store, mc_str_of("a"));
    assert_true(a && a->type == MCI_STORED_F16);
    mci_view_read(a, got);
    assert_memory_equal(got, want, sizeof got);
    mci_tensor_store_release(&store);
}

static const struct {
    const char *name;
    piece file;
    mc_status want;
    const char *says;
} legacies[] = {
    { "a view of a part of a storage",
      PIECE(MAGIC PROTOCOL SYSTEM
            "}" TENSOR("a", STORAGE_OF("HalfStorage", "0", "\3(X\1\0\0\0vK\1K\2tt"),
                       "K\0K\2\x85K\1\x85") "s." KEYS HALVES),
      MC_OK, "" },
    { "a view beyond",
      PIECE(MAGIC PROTOCOL SYSTEM
            "}" TENSOR("a", STORAGE_OF("HalfStorage", "0", "\3(X\1\0\0\0vK\2K\2tt"),
                       "K\0K\2\x85K\1\x85") "s." KEYS HALVES),
      MC_E_FORMAT, "a view reaches beyond its storage" },
    { "another protocol", PIECE(MAGIC "K\7." SYSTEM OBJECT KEYS HALVES), MC_E_FORMAT, "protocol" },
    { "big-endian", PIECE(MAGIC PROTOCOL "}X\r\0\0\0little_endian\x89s." OBJECT KEYS HALVES),
      MC_E_FORMAT, "big-endian" },
    { "a storage that nobody named",
      PIECE(MAGIC PROTOCOL SYSTEM OBJECT "]X\1\0\0\0"
                                         "7a." HALVES),
      MC_E_FORMAT, "that nobody named" },
    { "a storage that does not come", PIECE(MAGIC PROTOCOL SYSTEM OBJECT "]."), MC_E_FORMAT,
      "a: the storage 0 is missing" },
    { "one that comes twice",
      PIECE(MAGIC PROTOCOL SYSTEM OBJECT "](X\1\0\0\0"
                                         "0X\1\0\0\0"
                                         "0e." HALVES HALVES),
      MC_E_FORMAT, "or twice" },
    { "more values than there are",
      PIECE(MAGIC PROTOCOL SYSTEM OBJECT KEYS "\xff\xff\xff\xff\xff\xff\xff\xff"), MC_E_FORMAT,
      "cut short" },
};

static void what_is_wrong_with_it_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(legacies); i++) {
        mc_error err = { 0 };
        mci_tensor_store store = { 0 };
        print_message("  case: %s\n", legacies[i].name);
        mc_str file = { legacies[i].file.bytes, legacies[i].file.n };
        assert_int_equal(mci_tensor_store_add_bytes(&store, file, &err), legacies[i].want);
        assert_says(err.text, legacies[i].says);
        mci_tensor_store_release(&store);
    }
}

/* ---- every prefix, and every byte another ---- */

static void assert_all_prefixes_fail(const char *bytes, size_t len)
{
    for (size_t n = 0; n < len; n++) {
        mc_error err = { 0 };
        mci_tensor_store store = { 0 };
        char *copy = malloc(n + 1);
        memcpy(copy, bytes, n);
        assert_int_equal(mci_tensor_store_add_bytes(&store, (mc_str){ copy, n }, &err),
                         MC_E_FORMAT);
        assert_true(err.text[0]);
        mci_tensor_store_release(&store);
        free(copy);
    }
}

/* Whatever it gives: no crash, and all that is found can be read. */
static void read_with_each_byte_changed(const char *bytes, size_t len)
{
    static const char changes[] = { 1, (char)0x80, (char)0xff };
    char *copy = malloc(len);
    for (size_t i = 0; i < len * COUNT_OF(changes); i++) {
        mc_error err = { 0 };
        mci_tensor_store store = { 0 };
        memcpy(copy, bytes, len);
        copy[i / COUNT_OF(changes)] ^= changes[i % COUNT_OF(changes)];
        if (mci_tensor_store_add_bytes(&store, (mc_str){ copy, len }, &err) < 0)
            assert_true(err.text[0]);
        for (size_t j = 0; j < store.n; j++) {
            float values[64];
            if (mci_stored_is_weight(store.items[j].type) &&
                mci_stored_n_values(store.items[j].rank, store.items[j].dims) <= COUNT_OF(values))
                mci_view_read(&store.items[j], values);
        }
        mci_tensor_store_release(&store);
    }
    free(copy);
}

static void damage_of_any_kind_is_survived(void **state)
{
    size_t len;
    piece values = { (const char *)numbers, sizeof numbers };
    char *file = make_zip(*state, zips[1].pickle, values, "little", &len);
    assert_all_prefixes_fail(file, len);
    read_with_each_byte_changed(file, len);
    free(file);
    assert_all_prefixes_fail(legacy.bytes, legacy.n);
    read_with_each_byte_changed(legacy.bytes, legacy.n);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(tensors_of_any_stride_are_read),
        IN_FOLDER(big_endian_files_are_refused),
        cmocka_unit_test(the_form_before_1_6_is_read_too),
        cmocka_unit_test(what_is_wrong_with_it_is_said),
        IN_FOLDER(damage_of_any_kind_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
