/* What the options of an image mean. */
#include "image/preprocess_internal.h"

enum { MAX_SIDE = 16384 };

mc_image_options mc_image_options_clip(unsigned size)
{
    return (mc_image_options){
        .shortest = size,
        .crop_width = size,
        .crop_height = size,
        .resample = MC_RESAMPLE_BICUBIC,
        .mean = { 0.48145466f, 0.4578275f, 0.40821073f },
        .std = { 0.26862954f, 0.26130258f, 0.27577711f },
    };
}

static bool is_side(unsigned side)
{
    return side >= 1 && side <= MAX_SIDE;
}

static mc_status check_sizes(const mc_image_options *o, mc_error *err)
{
    bool is_fixed = o->width != 0 || o->height != 0;
    bool is_cropped = o->crop_width != 0 || o->crop_height != 0;
    if (is_fixed == (o->shortest != 0))
        return mc_fail(err, MC_E_ARG,
                       "images are resized either to a shortest side or to a width and a height");
    if (!is_fixed && !is_cropped)
        return mc_fail(err, MC_E_ARG, "a shortest side needs a crop: images differ in shape");
    if ((is_fixed && (!is_side(o->width) || !is_side(o->height))) ||
        (!is_fixed && !is_side(o->shortest)) ||
        (is_cropped && (!is_side(o->crop_width) || !is_side(o->crop_height))))
        return mc_fail(err, MC_E_ARG, "the sides of prepared images are 1 to %d", MAX_SIDE);
    return MC_OK;
}

mc_status mc_image_out_size(const mc_image_options *o, unsigned *width, unsigned *height,
                            mc_error *err)
{
    MC_TRY(check_sizes(o, err));
    if ((unsigned)o->resample > MC_RESAMPLE_HAMMING)
        return mc_fail(err, MC_E_ARG, "there is no resampling filter %u", (unsigned)o->resample);
    for (int c = 0; c < 3; c++)
        if (!(o->std[c] > 0))
            return mc_fail(err, MC_E_ARG, "standard deviations must be above 0");
    *width = o->crop_width ? o->crop_width : o->width;
    *height = o->crop_height ? o->crop_height : o->height;
    return MC_OK;
}

uint32_t mci_crop_at(uint32_t resized, uint32_t crop)
{
    if (resized <= crop)
        return 0;
    uint32_t twice = resized - crop;
    uint32_t down = twice / 2;
    return twice % 2 == 0 ? down : down + down % 2; /* halves go to the even one */
}

/* int(S * long / short), in Python's arithmetic. */
static mc_status long_side(uint32_t size, uint32_t longer, uint32_t shorter, uint32_t *out,
                           mc_error *err)
{
    double side = (double)((uint64_t)size * longer) / shorter;
    if (side > INT32_MAX)
        return mc_fail(err, MC_E_LIMIT, "too narrow: %u x %u pixels cannot be resized", shorter,
                       longer);
    *out = (uint32_t)side;
    return MC_OK;
}

mc_status mci_resized_size(const mc_image_options *o, uint32_t width, uint32_t height,
                           uint32_t *out_width, uint32_t *out_height, mc_error *err)
{
    *out_width = o->width;
    *out_height = o->height;
    if (o->width)
        return MC_OK;
    *out_width = *out_height = o->shortest;
    return width <= height ? long_side(o->shortest, height, width, out_height, err)
                           : long_side(o->shortest, width, height, out_width, err);
}
