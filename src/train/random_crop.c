#include "train/random_crop.h"

#include <math.h>

enum { N_TRIES = 10 };

static double between(mci_draws *draws, double low, double high)
{
    return low + (high - low) * mci_draws_unit(draws);
}

static mci_image_box crop_from_middle(const mci_crop_range *range, uint32_t width, uint32_t height)
{
    double ratio = (double)width / height;
    mci_image_box box = { .width = width, .height = height };
    if (ratio < range->min_ratio)
        box.height = (uint32_t)fmin(rint(width / range->min_ratio), height);
    else if (ratio > range->max_ratio)
        box.width = (uint32_t)fmin(rint(height * range->max_ratio), width);
    box.width = box.width ? box.width : 1;
    box.height = box.height ? box.height : 1;
    box.x = (width - box.width) / 2;
    box.y = (height - box.height) / 2;
    return box;
}

mci_image_box mci_random_crop(mci_draws draws, const mci_crop_range *range, uint32_t width,
                              uint32_t height)
{
    double area = (double)width * height;
    double low = log(range->min_ratio), high = log(range->max_ratio);
    for (int i = 0; i < N_TRIES; i++) {
        double target = area * between(&draws, range->min_scale, range->max_scale);
        double ratio = exp(between(&draws, low, high));
        double w = rint(sqrt(target * ratio)), h = rint(sqrt(target / ratio));
        if (w < 1 || w > width || h < 1 || h > height)
            continue;
        mci_image_box box = { .width = (uint32_t)w, .height = (uint32_t)h };
        box.y = mci_draws_below(&draws, height - box.height + 1);
        box.x = mci_draws_below(&draws, width - box.width + 1);
        return box;
    }
    return crop_from_middle(range, width, height);
}
