#include "train/init.h"

#include <math.h>

#include "base/hash.h"

/* splitmix64. */
typedef struct {
    uint64_t state;
} generator;

static uint64_t next(generator *g)
{
    uint64_t z = g->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* In (0, 1). */
static double next_uniform(generator *g)
{
    return ((double)(next(g) >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller's. */
static void fill_normal(generator *g, double deviation, float *out, size_t n)
{
    const double two_pi = 6.28318530717958647692;
    for (size_t i = 0; i < n; i += 2) {
        const double radius = deviation * sqrt(-2.0 * log(next_uniform(g)));
        const double angle = two_pi * next_uniform(g);
        out[i] = (float)(radius * cos(angle));
        if (i + 1 < n)
            out[i + 1] = (float)(radius * sin(angle));
    }
}

static void fill_uniform(generator *g, double bound, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(bound * (2.0 * next_uniform(g) - 1.0));
}

static void fill_with(float value, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = value;
}

static bool ends(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

/* The deviation of a text tower's parameter, or of the vision tower's few that are normal; 0: not
 * normal. */
static double deviation_of(const mci_clip_config *config, const char *name)
{
    const bool vision = strncmp(name, "visual.", 7) == 0;
    const double C = vision ? config->vision.width : config->text.width;
    const double L = config->text.layers;
    if (vision)
        return ends(name, "_embedding") || ends(name, ".proj") ? pow(C, -0.5) : 0.0;
    if (ends(name, "token_embedding.weight"))
        return 0.02;
    if (ends(name, "positional_embedding"))
        return 0.01;
    if (ends(name, "in_proj_weight") || ends(name, "text_projection"))
        return pow(C, -0.5);
    if (ends(name, "out_proj.weight") || ends(name, "c_proj.weight"))
        return pow(2.0 * L * C, -0.5);
    return ends(name, "c_fc.weight") ? pow(2.0 * C, -0.5) : 0.0;
}

/* The bound of a uniform one. */
static double bound_of(const mci_clip_config *config, const mci_param *param)
{
    const bool vision = strncmp(param->name, "visual.", 7) == 0;
    const double C = vision ? config->vision.width : config->text.width;
    const double M = vision ? config->vision.mlp_width : config->text.mlp_width;
    if (ends(param->name, "in_proj_weight"))
        return sqrt(6.0 / (double)(param->dims[0] + param->dims[1]));
    if (ends(param->name, "c_fc.bias"))
        return pow(C, -0.5);
    if (ends(param->name, "c_proj.bias"))
        return pow(M, -0.5);
    return pow((double)(param->n / (size_t)param->dims[0]), -0.5); /* fan_in of a weight */
}

static bool is_norm(const char *name)
{
    return strstr(name, "ln_") != NULL;
}

void mci_init_param(const mci_clip_config *config, const mci_param *param, uint64_t seed,
                    float *out)
{
    generator g = { mci_hash64(mc_str_of(param->name), seed) };
    const double deviation = deviation_of(config, param->name);
    if (strcmp(param->name, "logit_scale") == 0)
        fill_with((float)log(1.0 / 0.07), out, param->n);
    else if (is_norm(param->name))
        fill_with(ends(param->name, ".weight") ? 1.0f : 0.0f, out, param->n);
    else if (ends(param->name, "in_proj_bias") || ends(param->name, "out_proj.bias"))
        fill_with(0.0f, out, param->n);
    else if (deviation > 0.0)
        fill_normal(&g, deviation, out, param->n);
    else
        fill_uniform(&g, bound_of(config, param), out, param->n);
}
