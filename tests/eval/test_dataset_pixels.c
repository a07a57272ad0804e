/* MNIST, CIFAR and STL10: each pixel where it belongs, each label its own; and files that are cut,
 * too long, or not what they should be. */
#include "eval/dataset_internal.h"
#include "metaclip/image.h"

#include "test.h"

enum { MOST_ITEMS = 8 };

typedef struct {
    uint32_t label;
    bool is_failure;
    uint8_t *pixels; /* [H, W, 3] */
    unsigned width, height;
} seen;

typedef struct {
    seen items[MOST_ITEMS];
    size_t n;
    mc_status status;
    mc_error err;
} reading;

static void decode(const mci_dataset_item *item, seen *out)
{
    mc_image_scratch *scratch = NULL;
    mc_image_options options = { 0 };
    mc_error err = { 0 };
    assert_ok(mc_image_scratch_new(&scratch, &err), err);
    assert_ok(mc_image_decode(scratch, &options, mci_buf_str(&item->image.bytes), &out->pixels,
                              &out->width, &out->height, &err),
              err);
    mc_image_scratch_free(scratch);
}

static void read_all(const mci_pixel_layout *layout, mc_str images, const mc_str *labels,
                     reading *r)
{
    mci_pixel_files files = { .name = "set" };
    mci_dataset_source source = { 0 };
    mci_dataset_item item = { 0 };
    *r = (reading){ 0 };
    assert_int_equal(mci_stream_open_bytes(images, &files.images, NULL), MC_OK);
    if (labels)
        assert_int_equal(mci_stream_open_bytes(*labels, &files.labels, NULL), MC_OK);
    r->status = mci_dataset_pixels_open(layout, &files, &source, &r->err);
    while (r->status >= 0 && r->status != MC_END) {
        r->status = source.next(source.self, &item, &r->err);
        if (r->status != MC_OK && r->status != MC_SKIPPED)
            continue;
        assert_true(r->n < MOST_ITEMS);
        seen *one = &r->items[r->n++];
        one->is_failure = r->status == MC_SKIPPED;
        one->label = item.label;
        decode(&item, one);
    }
    if (source.close)
        source.close(source.self);
    mci_dataset_item_release(&item);
}

static void forget(reading *r)
{
    for (size_t i = 0; i < r->n; i++)
        mc_free(r->items[i].pixels);
}

static uint8_t *noise(size_t n)
{
    test_random random = { n };
    uint8_t *bytes = malloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)test_next(&random);
    return bytes;
}

static const uint8_t *pixel(const seen *one, size_t x, size_t y)
{
    return one->pixels + 3 * (y * one->width + x);
}

static void cifar_is_read_plane_by_plane(void **state)
{
    (void)state;
    for (size_t lead = 1; lead <= 2; lead++) {
        const size_t record = lead + 3072;
        uint8_t *bytes = noise(3 * record);
        reading r;
        bytes[lead - 1] = 7;
        read_all(lead == 1 ? &mci_layout_cifar10 : &mci_layout_cifar100,
                 (mc_str){ (char *)bytes, 3 * record }, NULL, &r);
        assert_int_equal(r.status, MC_END);
        assert_int_equal(r.n, 3);
        assert_int_equal(r.items[0].label, 7);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(r.items[i].label, bytes[i * record + lead - 1]);
            for (size_t y = 0; y < 32; y++)
                for (size_t x = 0; x < 32; x++)
                    for (size_t c = 0; c < 3; c++)
                        assert_int_equal(pixel(&r.items[i], x, y)[c],
                                         bytes[i * record + lead + c * 1024 + y * 32 + x]);
        }
        forget(&r);
        free(bytes);
    }
}

static void stl10_is_read_column_by_column_and_counts_from_1(void **state)
{
    const size_t record = 3 * 96 * 96;
    const mc_str labels = { "\x01\x0A\x00", 3 };
    uint8_t *bytes = noise(3 * record);
    reading r;
    (void)state;
    read_all(&mci_layout_stl10, (mc_str){ (char *)bytes, 3 * record }, &labels, &r);
    assert_int_equal(r.status, MC_END);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.items[0].label, 0);
    assert_int_equal(r.items[1].label, 9);
    assert_true(r.items[2].is_failure);
    for (size_t y = 0; y < 96; y++)
        for (size_t x = 0; x < 96; x++)
            for (size_t c = 0; c < 3; c++)
                assert_int_equal(pixel(&r.items[1], x, y)[c],
                                 bytes[record + c * 96 * 96 + x * 96 + y]);
    forget(&r);
    free(bytes);
}

/* Two images of 3 x 2. */
#define IDX_HEAD "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"
static const char idx_images[] = IDX_HEAD "abcdefghijkl";
static const char idx_labels[] = "\0\0\x08\x01\0\0\0\x02\x05\x09";

static const mc_str whole_images = { idx_images, sizeof idx_images - 1 };
static const mc_str whole_labels = { idx_labels, sizeof idx_labels - 1 };

static void idx_is_read(void **state)
{
    reading r;
    (void)state;
    read_all(&mci_layout_mnist, whole_images, &whole_labels, &r);
    assert_int_equal(r.status, MC_END);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.items[0].label, 5);
    assert_int_equal(r.items[1].label, 9);
    assert_int_equal(r.items[1].width, 3);
    assert_int_equal(r.items[1].height, 2);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pixel(&r.items[1], i % 3, i / 3)[1], 'g' + i);
    forget(&r);
}

/* A set that is cut is not the set. */
static void every_prefix_fails(void **state)
{
    (void)state;
    for (size_t n = 0; n < whole_images.len; n++) {
        reading r;
        read_all(&mci_layout_mnist, (mc_str){ idx_images, n }, &whole_labels, &r);
        assert_int_equal(r.status, MC_E_FORMAT);
        assert_says(r.err.text, n < 16 ? "cut in its header" : "the pixels end inside of image");
        assert_int_equal(r.n, n < 16 ? 0 : (n - 16) / 6);
        forget(&r);
    }
    for (size_t n = 0; n < whole_labels.len; n++) {
        const mc_str labels = { idx_labels, n };
        reading r;
        read_all(&mci_layout_mnist, whole_images, &labels, &r);
        assert_int_equal(r.status, MC_E_FORMAT);
        assert_says(r.err.text, n < 8 ? "cut in its header" : "the labels end inside of image");
        forget(&r);
    }
    uint8_t *bytes = noise(2 * 3073);
    for (size_t n = 1; n < 2 * 3073; n += n == 3072 ? 2 : 1) {
        reading r;
        read_all(&mci_layout_cifar10, (mc_str){ (char *)bytes, n }, NULL, &r);
        assert_int_equal(r.status, MC_E_FORMAT);
        assert_int_equal(r.n, n / 3073);
        forget(&r);
    }
    free(bytes);
}

static const struct {
    const char *name, *images;
    size_t n_images;
    const char *labels;
    size_t n_labels;
    mc_status status;
    const char *says;
} bad[] = {
    { "labels for images", idx_labels, 10, idx_labels, 10, MC_E_FORMAT, "cut in its header" },
    { "images for labels", idx_images, 28, idx_images, 28, MC_E_FORMAT, "no idx of 1 dim" },
    { "other counts", idx_images, 28, "\0\0\x08\x01\0\0\0\x03\1\2\3", 11, MC_E_FORMAT,
      "2 images, but 3 labels" },
    { "more labels", idx_images, 28, "\0\0\x08\x01\0\0\0\x02\1\2\3", 11, MC_E_FORMAT,
      "more labels than images" },
    { "more pixels", IDX_HEAD "abcdefghijkl+", 29, idx_labels, 10, MC_E_FORMAT,
      "more pixels than images" },
    { "no pixels", "\0\0\x08\x03\0\0\0\x02\0\0\0\0\0\0\0\x03", 16, idx_labels, 10, MC_E_LIMIT,
      "sides are 1 to" },
    { "huge", "\0\0\x08\x03\0\0\0\x02\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16, idx_labels, 10,
      MC_E_LIMIT, "sides are 1 to" },
};

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const mc_str labels = { bad[i].labels, bad[i].n_labels };
        reading r;
        print_message("  case: %s\n", bad[i].name);
        read_all(&mci_layout_mnist, (mc_str){ bad[i].images, bad[i].n_images }, &labels, &r);
        assert_int_equal(r.status, bad[i].status);
        assert_says(r.err.text, bad[i].says);
        assert_says(r.err.text, "set: ");
        forget(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cifar_is_read_plane_by_plane),
        cmocka_unit_test(stl10_is_read_column_by_column_and_counts_from_1),
        cmocka_unit_test(idx_is_read),
        cmocka_unit_test(every_prefix_fails),
        cmocka_unit_test(what_does_not_fit_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
