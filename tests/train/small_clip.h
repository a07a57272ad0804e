/* A small CLIP model in training, with random weights, and a random batch for it. */
#ifndef METACLIP_TESTS_SMALL_CLIP_H
#define METACLIP_TESTS_SMALL_CLIP_H

#include "train/trainer.h"

#include "test.h"

enum { BATCH = 6, S = 12, T = 7 };

static const mci_clip_config config = {
    .embed_dim = 10,
    .quick_gelu = true,
    .layer_norm_eps = 1e-5f,
    .vision = { .image_size = S,
                .patch_size = 5,
                .width = 12,
                .layers = 2,
                .heads = 3,
                .mlp_width = 20 },
    .text = { .context_length = T,
              .vocab_size = 9,
              .width = 8,
              .layers = 3,
              .heads = 2,
              .mlp_width = 16,
              .start_id = 7,
              .end_id = 8 },
};

typedef struct {
    float pixels[BATCH * 3 * S * S];
    int32_t tokens[BATCH * T];
} batch;

static inline batch random_batch(void)
{
    test_random random = { 12 };
    batch b = { 0 };
    for (size_t i = 0; i < COUNT_OF(b.pixels); i++)
        b.pixels[i] = (float)test_below(&random, 2001) / 1000.0f - 1.0f;
    for (size_t i = 0; i < BATCH; i++) {
        size_t len = 2 + test_below(&random, T - 1); /* with start and end */
        b.tokens[i * T] = 7;
        for (size_t t = 1; t + 1 < len; t++)
            b.tokens[i * T + t] = (int32_t)test_below(&random, 7);
        b.tokens[i * T + len - 1] = 8;
    }
    return b;
}

static inline mci_trainer *new_trainer(size_t micro_batch, bool recompute, bool spend_grads,
                                       mci_dist *dist)
{
    mc_error err = { 0 };
    test_random random = { 5 };
    mci_trainer *trainer = NULL;
    const mci_trainer_options options = { .backend = mci_nn_backend_named("ref"),
                                          .precision = MCI_NN_F32,
                                          .n_threads = 1,
                                          .micro_batch = micro_batch,
                                          .recompute = recompute,
                                          .spend_grads = spend_grads,
                                          .dist = dist,
                                          .beta1 = 0.9,
                                          .beta2 = 0.98,
                                          .eps = 1e-6,
                                          .decay = 0.2,
                                          .schedule = { 1e-2, 1, 20 } };
    assert_ok(mci_trainer_new(&config, &options, &trainer, &err), err);
    const mci_params *params = mci_trainer_params(trainer);
    for (size_t i = 0; i < params->n_values; i++) {
        float value = (float)test_below(&random, 2001) / 2000.0f - 0.5f;
        mci_trainer_write(trainer, MCI_VALUES, i, &value, 1);
    }
    return trainer;
}

#endif
