/* A CLIP model of some 2,000 numbers, made on the spot with the library's own writers: towers of
 * two layers and one, 4 and 2 heads, every tensor random under a seed. Two calls with one seed give
 * the same bytes. */
#ifndef METACLIP_TESTS_TINY_MODEL_H
#define METACLIP_TESTS_TINY_MODEL_H

#include <math.h>

#include "base/alloc.h"
#include "io/output.h"
#include "model/convert_plan.h"
#include "test.h"

static inline mci_clip_config tiny_config(bool quick_gelu)
{
    mci_clip_config c;
    mci_clip_config_defaults(&c);
    c.embed_dim = 12;
    c.quick_gelu = quick_gelu;
    c.vision.image_size = c.vision.resize_size = 8;
    c.vision.patch_size = 4;
    c.vision.width = 16;
    c.vision.layers = 2;
    c.vision.heads = 4;
    c.vision.mlp_width = 64;
    c.text.context_length = 6;
    c.text.vocab_size = 20;
    c.text.width = 8;
    c.text.layers = 1;
    c.text.heads = 2;
    c.text.mlp_width = 32;
    mci_clip_config_vocab(&c, MCI_VOCAB_CLIP);
    return c;
}

/* A value in [-1, 1) with 10 bits of fraction, so that every number type but bf16 holds it. */
static inline float tiny_value(test_random *random)
{
    return (float)(int)test_below(random, 2048) / 1024.0f - 1.0f;
}

/* All tensors one after the other, in OpenCLIP's order; free with free. */
static inline float *tiny_values(const mci_clip_config *config, uint64_t seed, size_t *n)
{
    test_random random = { seed };
    mci_clip_tensor tensor;
    *n = 0;
    for (size_t i = 0; i < mci_clip_n_tensors(config); i++) {
        mci_clip_tensor_at(config, i, &tensor);
        *n += (size_t)mci_stored_n_values(tensor.rank, tensor.dims);
    }
    float *values = calloc(*n, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < *n; i++)
        values[i] = tiny_value(&random);
    return values;
}

/* What a writer takes; plan->items is of the library's heap. Values stay the caller's. */
static inline void tiny_plan(const mci_clip_config *config, const float *values,
                             mci_convert_plan *plan)
{
    mc_error err = { 0 };
    size_t n = mci_clip_n_tensors(config);
    assert_ok(mci_grow((void **)&plan->items, &plan->cap, n, sizeof *plan->items, &err), err);
    for (plan->n = 0; plan->n < n; plan->n++) {
        mci_clip_tensor tensor;
        mci_clip_tensor_at(config, plan->n, &tensor);
        mci_planned *item = &plan->items[plan->n];
        *item = (mci_planned){ .type = MCI_F32, .rank = tensor.rank, .n_parts = 1 };
        snprintf(item->name, sizeof item->name, "%s", tensor.name);
        memcpy(item->dims, tensor.dims, sizeof tensor.dims);
        item->parts[0] = (mci_stored){ .rank = tensor.rank, .data = (const char *)values };
        memcpy(item->parts[0].dims, tensor.dims, sizeof tensor.dims);
        mci_stored_set_strides(&item->parts[0]);
        values += mci_stored_n_values(tensor.rank, tensor.dims);
    }
}

/* Writes the model as OpenCLIP's .pt at path. The config is not written: give it by
 * tiny_write_config, or in the options. */
static inline void tiny_write_pt(const mci_clip_config *config, uint64_t seed, const char *path)
{
    mc_error err = { 0 };
    mci_convert_plan plan = { 0 };
    mci_output *output = NULL;
    size_t n;
    float *values = tiny_values(config, seed, &n);
    tiny_plan(config, values, &plan);
    assert_ok(mci_output_open(path, MCI_PLAIN, &output, &err), err);
    assert_ok(mci_output_end(output, mci_pt_write(&plan, output, &err), &err), err);
    mci_convert_plan_release(&plan);
    free(values);
}

/* Writes OpenCLIP's JSON: beside a .pt it is called open_clip_config.json. */
static inline void tiny_write_config(const mci_clip_config *config, const char *path)
{
    mc_error err = { 0 };
    mci_buf text = { 0 };
    assert_ok(mci_open_clip_write(config, &text, &err), err);
    assert_ok(mci_output_file(path, mci_buf_str(&text), &err), err);
    mci_buf_release(&text);
}

#endif
