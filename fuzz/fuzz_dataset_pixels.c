/* Any files as MNIST, CIFAR or STL10: the first byte says which, the second how many of the bytes
 * behind it are labels. No crash, no more memory than the files' own images need, every image is
 * one that can be decoded, and it ends. */
#include <stdlib.h>

#include "eval/dataset_internal.h"
#include "metaclip/image.h"

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static void check_image(mc_image_scratch *scratch, const mci_dataset_item *item)
{
    mc_image_options options = { 0 };
    uint8_t *pixels = NULL;
    unsigned width, height;
    expect(item->image.has_bytes);
    expect(mc_image_decode(scratch, &options, mci_buf_str(&item->image.bytes), &pixels, &width,
                           &height, NULL) == MC_OK);
    expect(width > 0 && height > 0);
    mc_free(pixels);
}

static void read_all(const mci_dataset_source *source)
{
    mci_dataset_item item = { 0 };
    mc_image_scratch *scratch = NULL;
    mc_status status;
    expect(mc_image_scratch_new(&scratch, NULL) == MC_OK);
    do {
        mc_error err = { 0 };
        status = source->next(source->self, &item, &err);
        expect(status == MC_OK || status == MC_END || err.text[0]);
        if (status == MC_OK)
            check_image(scratch, &item);
    } while (status == MC_OK || status == MC_SKIPPED);
    expect(status == MC_END || status == MC_E_FORMAT);
    mc_image_scratch_free(scratch);
    mci_dataset_item_release(&item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const mci_pixel_layout *const layouts[] = { &mci_layout_mnist, &mci_layout_cifar10,
                                                &mci_layout_cifar100, &mci_layout_stl10 };
    if (size < 2)
        return 0;
    const mci_pixel_layout *layout = layouts[data[0] % 4];
    const size_t n_labels = data[1] < size - 2 ? data[1] : size - 2;
    const mc_str labels = { (const char *)data + 2, n_labels };
    const mc_str images = { (const char *)data + 2 + n_labels, size - 2 - n_labels };
    mci_pixel_files files = { .name = "set" };
    mci_dataset_source source = { 0 };
    mc_error err = { 0 };
    expect(mci_stream_open_bytes(images, &files.images, NULL) == MC_OK);
    if (layout->lead == 0)
        expect(mci_stream_open_bytes(labels, &files.labels, NULL) == MC_OK);
    mc_status status = mci_dataset_pixels_open(layout, &files, &source, &err);
    expect(status == MC_OK || err.text[0]);
    if (status == MC_OK) {
        read_all(&source);
        source.close(source.self);
    }
    return 0;
}
