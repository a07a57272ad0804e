/* The residual blocks that both towers are made of:
 *
 *     x = x + out_proj(attention(in_proj(ln_1(x))))
 *     x = x + c_proj(f(c_fc(ln_2(x))))
 *
 * Only one row of each sequence is asked for in the end, so the last block computes no others. */
#ifndef MCI_MODEL_TRUNK_H
#define MCI_MODEL_TRUNK_H

#include "model/loader.h"

typedef struct {
    mci_nn_norm *ln_1, *ln_2;
    mci_nn_weight *in_proj, *out_proj, *c_fc, *c_proj;
} mci_block;

typedef struct {
    size_t width, heads, mlp_width, n_layers;
    mci_nn_activation activation;
    bool causal;
    mci_block *blocks;
} mci_trunk;

/* The sizes are set by the caller; blocks are named PREFIX0.ln_1.weight and so on. On failure
 * mci_trunk_release is still the caller's to call. */
mc_status mci_trunk_load(mci_trunk *trunk, mci_loader *loader, const char *prefix, float eps,
                         mc_error *err);
void mci_trunk_release(mci_trunk *trunk, const mci_nn_backend *backend);

/* The tensors of one context. */
typedef struct {
    mci_nn_tensor *x;      /* SUM  [R, width]: goes in, and comes out changed */
    mci_nn_tensor *normed; /* INPUT [R, width] */
    mci_nn_tensor *qkv;    /* QKV  [R, 3*width] */
    mci_nn_tensor *mixed;  /* INPUT [R, width] */
    mci_nn_tensor *inner;  /* INPUT [R, mlp_width] */
    mci_nn_tensor *last;   /* SUM  [n, width]: the rows that were asked for */
} mci_trunk_room;

/* For at most R rows in at most n sequences. On failure mci_trunk_room_release is the caller's. */
mc_status mci_trunk_room_make(mci_trunk_room *room, const mci_trunk *trunk,
                              const mci_nn_backend *backend, mci_nn_ctx *ctx, size_t R, size_t n,
                              mc_error *err);
void mci_trunk_room_release(mci_trunk_room *room, const mci_nn_backend *backend, mci_nn_ctx *ctx);

/* Who wants to see what each block gave: x after it, all rows. */
typedef struct {
    void (*see)(void *user, size_t layer, const mci_nn_tensor *x);
    void *user;
} mci_trunk_tap;

/* Runs all blocks over room->x; room->last gets row only[i] of each sequence i. With a tap the last
 * block computes every row, which changes nothing but the time. tap may be NULL. */
void mci_trunk_run(const mci_trunk *trunk, const mci_nn_backend *backend, mci_nn_ctx *ctx,
                   mci_trunk_room *room, mci_nn_sequences s, const uint32_t *only, uint32_t *picked,
                   const mci_trunk_tap *tap);

#endif
