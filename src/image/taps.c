/* Compiled without fused multiply-add: weights are Pillow's to the last bit. */
#include "image/taps.h"

#include <math.h>

#include "base/alloc.h"

/* ---- filters: value at a distance, and the distance from which on it is 0 ---- */

static double box(double x)
{
    return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

static double triangle(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double hamming(double x)
{
    x = fabs(x);
    if (x == 0.0)
        return 1.0;
    if (x >= 1.0)
        return 0.0;
    x = x * M_PI;
    return sin(x) / x * (0.54f + 0.46f * cos(x)); /* floats, as in Pillow */
}

/* Keys 1981, with a = -1/2. */
static double bicubic(double x)
{
    static const double a = -0.5;
    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static double sinc(double x)
{
    if (x == 0.0)
        return 1.0;
    x = x * M_PI;
    return sin(x) / x;
}

static double lanczos(double x)
{
    return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

static const struct {
    double (*at)(double x);
    double support;
} filters[] = {
    [MC_RESAMPLE_LANCZOS] = { lanczos, 3.0 }, [MC_RESAMPLE_BILINEAR] = { triangle, 1.0 },
    [MC_RESAMPLE_BICUBIC] = { bicubic, 2.0 }, [MC_RESAMPLE_BOX] = { box, 0.5 },
    [MC_RESAMPLE_HAMMING] = { hamming, 1.0 },
};

/* ---- taps ---- */

void mci_taps_release(mci_taps *taps)
{
    mci_free(taps->first);
    mci_free(taps->count);
    mci_free(taps->real);
    mci_free(taps->fixed);
    *taps = (mci_taps){ 0 };
}

static mc_status make_room(mci_taps *taps, mc_error *err)
{
    uint64_t need = (uint64_t)taps->n * taps->most + taps->n;
    if (need <= taps->cap)
        return MC_OK;
    mci_taps wanted = *taps;
    mci_taps_release(taps);
    taps->first = mci_alloc_zeroed(need, sizeof *taps->first);
    taps->count = mci_alloc_zeroed(need, sizeof *taps->count);
    taps->real = mci_alloc_zeroed(need, sizeof *taps->real);
    taps->fixed = mci_alloc_zeroed(need, sizeof *taps->fixed);
    if (!taps->first || !taps->count || !taps->real || !taps->fixed)
        return mci_nomem(err, need * 20);
    wanted.first = taps->first;
    wanted.count = taps->count;
    wanted.real = taps->real;
    wanted.fixed = taps->fixed;
    *taps = wanted;
    taps->cap = need;
    return MC_OK;
}

static int32_t fixed_of(double weight)
{
    double scaled = weight * (1 << MCI_TAP_BITS);
    return (int32_t)(weight < 0 ? -0.5 + scaled : 0.5 + scaled);
}

/* One resized pixel. */
static void weigh(mci_taps *taps, uint32_t i, double scale, double filter_scale, double support)
{
    double *weights = taps->real + (size_t)i * taps->most;
    int32_t *fixed = taps->fixed + (size_t)i * taps->most;
    double center = 0 + (taps->from + (double)i + 0.5) * scale;
    double step = 1.0 / filter_scale, sum = 0.0;
    double low = center - support + 0.5, high = center + support + 0.5;
    uint32_t first = low > 0 ? (uint32_t)low : 0;
    uint32_t end = high < taps->in ? (uint32_t)high : taps->in;
    uint32_t n = end > first ? end - first : 0;
    for (uint32_t k = 0; k < n; k++) {
        weights[k] = filters[taps->filter].at((k + (double)first - center + 0.5) * step);
        sum += weights[k];
    }
    for (uint32_t k = 0; k < n; k++) {
        if (sum != 0.0)
            weights[k] /= sum;
        fixed[k] = fixed_of(weights[k]);
        taps->fits = taps->fits && fixed[k] < 127 << 16 && fixed[k] > -(127 << 16);
    }
    for (uint32_t k = n; k < taps->most; k++) {
        weights[k] = 0;
        fixed[k] = 0;
    }
    taps->first[i] = first;
    taps->count[i] = n;
}

/* Pillow leaves a side that keeps its length alone. */
static void copy_side(mci_taps *taps)
{
    for (uint32_t i = 0; i < taps->n; i++) {
        size_t at = (size_t)i * taps->most;
        memset(taps->fixed + at, 0, taps->most * sizeof *taps->fixed);
        memset(taps->real + at, 0, taps->most * sizeof *taps->real);
        taps->first[i] = taps->from + i;
        taps->count[i] = 1;
        taps->real[at] = 1;
        taps->fixed[at] = 1 << MCI_TAP_BITS;
    }
}

mc_status mci_taps_make(mci_taps *taps, mc_resample filter, uint32_t in, uint32_t out,
                        uint32_t from, uint32_t n, mc_error *err)
{
    if (taps->cap > 0 && taps->filter == filter && taps->in == in && taps->out == out &&
        taps->from == from && taps->n == n)
        return MC_OK;
    double scale = (double)in / out;
    double filter_scale = scale < 1.0 ? 1.0 : scale;
    double support = filters[filter].support * filter_scale;
    uint32_t most = (uint32_t)ceil(support) * 2 + 1;
    taps->filter = filter;
    taps->in = in;
    taps->out = out;
    taps->from = from;
    taps->n = n;
    taps->most = (most + MCI_TAP_BLOCK - 1) / MCI_TAP_BLOCK * MCI_TAP_BLOCK;
    taps->fits = true;
    mc_status status = make_room(taps, err);
    if (status < 0) {
        mci_taps_release(taps);
        return status;
    }
    if (in == out)
        copy_side(taps);
    for (uint32_t i = 0; i < n && in != out; i++)
        weigh(taps, i, scale, filter_scale, support);
    return MC_OK;
}

/* The steps are added up, one by one, since Pillow's are. */
void mci_taps_nearest(uint32_t in, uint32_t out, uint32_t from, uint32_t n, uint32_t *places)
{
    double step = (double)in / out, at = 0 + step * 0.5;
    for (uint32_t x = 0; x < from + n; x++, at += step)
        if (x >= from)
            places[x - from] = at < in ? (uint32_t)at : in - 1;
}
