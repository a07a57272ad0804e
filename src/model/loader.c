#include "model/loader.h"

#include <stdio.h>

#include "base/alloc.h"

enum { NAME_BYTES = 256 };

void mci_loader_release(mci_loader *loader)
{
    for (int slot = 0; slot < 2; slot++)
        mci_free(loader->room[slot]);
    *loader = (mci_loader){ 0 };
}

static mc_status make_room(mci_loader *loader, int slot, size_t n, mc_error *err)
{
    if (n <= loader->cap[slot])
        return MC_OK;
    mci_free(loader->room[slot]);
    loader->cap[slot] = 0;
    loader->room[slot] = mci_alloc(n * sizeof(float));
    if (!loader->room[slot])
        return mci_nomem(err, n * sizeof(float));
    loader->cap[slot] = n;
    return MC_OK;
}

mc_status mci_loader_values(mci_loader *loader, int slot, const char *prefix, const char *name,
                            size_t rank, const uint64_t *dims, const float **out, mc_error *err)
{
    char full[NAME_BYTES];
    size_t n = 1;
    snprintf(full, sizeof full, "%s%s", prefix, name);
    *out = mci_checkpoint_map(loader->checkpoint, full, rank, dims);
    if (*out)
        return MC_OK;
    for (size_t i = 0; i < rank; i++)
        n *= (size_t)dims[i];
    MC_TRY(make_room(loader, slot, n, err));
    *out = loader->room[slot];
    return mci_checkpoint_read(loader->checkpoint, full, rank, dims, loader->room[slot], err);
}

/* OpenCLIP writes "attn.in_proj_weight", without a dot, but "attn.out_proj.weight". */
static void name_of(char out[NAME_BYTES], const char *name, const char *part)
{
    size_t n = strlen(name);
    const char *dot = n >= 7 && strcmp(name + n - 7, "in_proj") == 0 ? "_" : ".";
    snprintf(out, NAME_BYTES, "%s%s%s", name, dot, part);
}

bool mci_loader_binds(const mci_loader *loader)
{
    return loader->place_of != NULL;
}

static mc_status find_place(const mci_loader *loader, const char *prefix, const char *name,
                            mci_nn_place *out, mc_error *err)
{
    char full[NAME_BYTES];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    *out = loader->place_of(loader->place_user, full);
    return mci_nn_is_somewhere(*out) ? MC_OK
                                     : mc_fail(err, MC_E_ARG, "there is no parameter %s", full);
}

/* Of a name with its two parts: the weight's and the bias's name, and when binding their places. */
typedef struct {
    char weight[NAME_BYTES], bias[NAME_BYTES];
    mci_nn_place at_weight, at_bias;
} pair_of_names;

static mc_status find_pair(const mci_loader *loader, const char *prefix, const char *name,
                           pair_of_names *pair, mc_error *err)
{
    name_of(pair->weight, name, "weight");
    name_of(pair->bias, name, "bias");
    if (!mci_loader_binds(loader))
        return MC_OK;
    MC_TRY(find_place(loader, prefix, pair->weight, &pair->at_weight, err));
    return find_place(loader, prefix, pair->bias, &pair->at_bias, err);
}

mc_status mci_loader_linear(mci_loader *loader, const char *prefix, const char *name, size_t N,
                            size_t K, mci_nn_weight **out, mc_error *err)
{
    pair_of_names pair;
    const float *w, *bias;
    MC_TRY(find_pair(loader, prefix, name, &pair, err));
    if (mci_loader_binds(loader))
        return loader->backend->training->weight_bind(
            loader->precision, loader->values, pair.at_weight, false, pair.at_bias, N, K, out, err);
    MC_TRY(mci_loader_values(loader, 0, prefix, pair.weight, 2, (uint64_t[]){ N, K }, &w, err));
    MC_TRY(mci_loader_values(loader, 1, prefix, pair.bias, 1, (uint64_t[]){ N }, &bias, err));
    return loader->backend->weight_new(loader->precision, w, false, bias, N, K, out, err);
}

mc_status mci_loader_norm(mci_loader *loader, const char *prefix, const char *name, size_t K,
                          float eps, mci_nn_norm **out, mc_error *err)
{
    pair_of_names pair;
    const float *gamma, *beta;
    MC_TRY(find_pair(loader, prefix, name, &pair, err));
    if (mci_loader_binds(loader))
        return loader->backend->training->norm_bind(pair.at_weight, pair.at_bias, eps, K, out, err);
    MC_TRY(mci_loader_values(loader, 0, prefix, pair.weight, 1, (uint64_t[]){ K }, &gamma, err));
    MC_TRY(mci_loader_values(loader, 1, prefix, pair.bias, 1, (uint64_t[]){ K }, &beta, err));
    return loader->backend->norm_new(gamma, beta, eps, K, out, err);
}

/* A matrix without bias. */
static mc_status load_matrix(mci_loader *loader, const char *name, size_t rank,
                             const uint64_t *dims, bool transposed, size_t N, size_t K,
                             mci_nn_weight **out, mc_error *err)
{
    mci_nn_place at;
    const float *w;
    if (mci_loader_binds(loader)) {
        MC_TRY(find_place(loader, "", name, &at, err));
        return loader->backend->training->weight_bind(loader->precision, loader->values, at,
                                                      transposed, mci_nn_nowhere(), N, K, out, err);
    }
    MC_TRY(mci_loader_values(loader, 0, "", name, rank, dims, &w, err));
    return loader->backend->weight_new(loader->precision, w, transposed, NULL, N, K, out, err);
}

mc_status mci_loader_kernels(mci_loader *loader, const char *name, size_t N, size_t P,
                             mci_nn_weight **out, mc_error *err)
{
    return load_matrix(loader, name, 4, (uint64_t[]){ N, 3, P, P }, false, N, 3 * P * P, out, err);
}

mc_status mci_loader_projection(mci_loader *loader, const char *name, size_t K, size_t N,
                                mci_nn_weight **out, mc_error *err)
{
    return load_matrix(loader, name, 2, (uint64_t[]){ K, N }, true, N, K, out, err);
}

static mc_status load_rows(mci_loader *loader, const char *name, size_t rank, const uint64_t *dims,
                           size_t R, size_t K, mci_nn_table **out, mc_error *err)
{
    mci_nn_place at;
    const float *rows;
    if (mci_loader_binds(loader)) {
        MC_TRY(find_place(loader, "", name, &at, err));
        return loader->backend->training->table_bind(at, R, K, out, err);
    }
    MC_TRY(mci_loader_values(loader, 0, "", name, rank, dims, &rows, err));
    return loader->backend->table_new(rows, R, K, out, err);
}

mc_status mci_loader_table(mci_loader *loader, const char *name, size_t R, size_t K,
                           mci_nn_table **out, mc_error *err)
{
    return load_rows(loader, name, 2, (uint64_t[]){ R, K }, R, K, out, err);
}

mc_status mci_loader_row(mci_loader *loader, const char *name, size_t K, mci_nn_table **out,
                         mc_error *err)
{
    return load_rows(loader, name, 1, (uint64_t[]){ K }, 1, K, out, err);
}
