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

mc_status mci_loader_linear(mci_loader *loader, const char *prefix, const char *name, size_t N,
                            size_t K, mci_nn_weight **out, mc_error *err)
{
    char full[NAME_BYTES];
    const float *w, *bias;
    name_of(full, name, "weight");
    MC_TRY(mci_loader_values(loader, 0, prefix, full, 2, (uint64_t[]){ N, K }, &w, err));
    name_of(full, name, "bias");
    MC_TRY(mci_loader_values(loader, 1, prefix, full, 1, (uint64_t[]){ N }, &bias, err));
    return loader->backend->weight_new(loader->precision, w, false, bias, N, K, out, err);
}

mc_status mci_loader_projection(mci_loader *loader, const char *name, size_t K, size_t N,
                                mci_nn_weight **out, mc_error *err)
{
    const float *w;
    MC_TRY(mci_loader_values(loader, 0, "", name, 2, (uint64_t[]){ K, N }, &w, err));
    return loader->backend->weight_new(loader->precision, w, true, NULL, N, K, out, err);
}

mc_status mci_loader_norm(mci_loader *loader, const char *prefix, const char *name, size_t K,
                          float eps, mci_nn_norm **out, mc_error *err)
{
    char full[NAME_BYTES];
    const float *gamma, *beta;
    name_of(full, name, "weight");
    MC_TRY(mci_loader_values(loader, 0, prefix, full, 1, (uint64_t[]){ K }, &gamma, err));
    name_of(full, name, "bias");
    MC_TRY(mci_loader_values(loader, 1, prefix, full, 1, (uint64_t[]){ K }, &beta, err));
    return loader->backend->norm_new(gamma, beta, eps, K, out, err);
}

mc_status mci_loader_table(mci_loader *loader, const char *name, size_t R, size_t K,
                           mci_nn_table **out, mc_error *err)
{
    const float *rows;
    MC_TRY(mci_loader_values(loader, 0, "", name, 2, (uint64_t[]){ R, K }, &rows, err));
    return loader->backend->table_new(rows, R, K, out, err);
}
