/* Any bytes as an image file, decoded, resized and cropped under small limits. The first byte
 * chooses the options. */
#include <stdlib.h>

#include "metaclip/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mc_image_options choose(uint8_t bits)
{
    mc_image_options options = mc_image_options_clip(13);
    options.rgb_last = bits & 1;
    options.exif = bits & 2;
    options.shrink = bits & 4;
    options.resample = (bits & 8) ? (mc_resample)(bits % 6) : MC_RESAMPLE_BICUBIC;
    if (bits & 16) {
        options.shortest = options.crop_width = options.crop_height = 0;
        options.width = 9;
        options.height = 21;
    }
    options.max_pixels = 1 << 18;
    options.max_bytes = 1 << 22;
    return options;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mc_image_scratch *scratch; /* as a thread uses it: for one image after the other */
    static float pixels[3 * 9 * 21];
    uint8_t *bytes = NULL;
    unsigned width = 0, height = 0;
    mc_error err = { 0 };
    if (size == 0 || (!scratch && mc_image_scratch_new(&scratch, &err) < 0))
        return 0;
    mc_image_options options = choose(data[0]);
    mc_str file = { (const char *)data + 1, size - 1 };
    mc_status status = mc_image_prepare(scratch, &options, file, pixels, &err);
    if (status != MC_OK && (status > 0 || err.text[0] == '\0'))
        abort();
    status = mc_image_decode(scratch, &options, file, &bytes, &width, &height, &err);
    if (status == MC_OK && (width == 0 || height == 0 || width > options.max_pixels / height))
        abort();
    mc_free(bytes);
    return 0;
}
