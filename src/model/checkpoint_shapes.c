/* Names and shapes: which tensor is which, whether all are there, and what they tell. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/alloc.h"
#include "model/checkpoint_internal.h"

/* ---- finding ---- */

static const mci_stored *find(const mci_checkpoint *checkpoint, const char *name)
{
    return mci_tensor_store_find(&checkpoint->store, mc_str_of(name));
}

/* OpenCLIP's models with a text tower of their own class have it under "text.". */
static const mci_stored *find_plain(const mci_checkpoint *checkpoint, const char *name)
{
    char text[MCI_TENSOR_NAME + 8];
    const mci_stored *found = find(checkpoint, name);
    if (found)
        return found;
    snprintf(text, sizeof text, "text.%s", name);
    return find(checkpoint, text);
}

bool mci_checkpoint_find(const mci_checkpoint *checkpoint, const char *name, mci_clip_view *out,
                         size_t used[3])
{
    mci_hugging_face_names theirs = { .n = 1 };
    if (checkpoint->is_hugging_face && !mci_hugging_face_names_of(name, &theirs))
        return false;
    out->n = theirs.n;
    for (size_t i = 0; i < out->n; i++) {
        const mci_stored *found = checkpoint->is_hugging_face ? find(checkpoint, theirs.names[i])
                                                              : find_plain(checkpoint, name);
        if (!found)
            return false;
        out->parts[i] = *found;
        if (used)
            used[i] = (size_t)(found - checkpoint->store.items);
        if (theirs.is_transposed && found->rank == 2)
            mci_view_transpose(&out->parts[i]);
    }
    return true;
}

bool mci_clip_view_shape(const mci_clip_view *view, size_t *rank, uint64_t dims[MCI_MAX_RANK])
{
    const mci_stored *first = &view->parts[0];
    *rank = first->rank;
    memcpy(dims, first->dims, first->rank * sizeof *dims);
    for (size_t i = 1; i < view->n; i++) {
        const mci_stored *part = &view->parts[i];
        if (part->rank != first->rank || part->rank == 0 ||
            memcmp(part->dims, first->dims, part->rank * sizeof *dims) != 0)
            return false;
        dims[0] += part->dims[0];
    }
    return true;
}

/* ---- checking ---- */

static void shape_text(size_t rank, const uint64_t *dims, char out[200])
{
    size_t used = 0;
    out[0] = '[';
    out[1] = '\0';
    for (size_t i = 0; i < rank; i++)
        used += (size_t)snprintf(out + 1 + used, 199 - used, "%s%" PRIu64, i ? "," : "", dims[i]);
    snprintf(out + 1 + used, 199 - used, "]");
}

static mc_status wrong_shape(mc_str name, size_t rank, const uint64_t *want, const mci_stored *got,
                             mc_error *err)
{
    char wanted[200], is[200];
    shape_text(rank, want, wanted);
    shape_text(got->rank, got->dims, is);
    return mc_fail(err, MC_E_SHAPE, "%.*s: want %s, got %s", name.len < 200 ? (int)name.len : 200,
                   name.data, wanted, is);
}

/* A scalar is often kept as one value in a row. */
static bool fits(size_t rank, const uint64_t *dims, const mci_stored *part)
{
    if (rank == 0)
        return part->rank == 0 || (part->rank == 1 && part->dims[0] == 1);
    return part->rank == rank && memcmp(part->dims, dims, rank * sizeof *dims) == 0;
}

mc_status mci_checkpoint_view(const mci_checkpoint *checkpoint, const char *name, size_t rank,
                              const uint64_t *dims, mci_clip_view *out, mc_error *err)
{
    uint64_t want[MCI_MAX_RANK];
    if (!mci_checkpoint_find(checkpoint, name, out, NULL)) {
        mci_hugging_face_names theirs = { 0 };
        bool is_theirs = checkpoint->is_hugging_face && mci_hugging_face_names_of(name, &theirs);
        return mc_fail(err, MC_E_FORMAT, "%s is missing", is_theirs ? theirs.names[0] : name);
    }
    memcpy(want, dims, rank * sizeof *dims);
    if (out->n > 1) {
        if (rank == 0 || want[0] % out->n != 0)
            return mc_fail(err, MC_E_SHAPE, "%s: want a shape that makes three", name);
        want[0] /= out->n;
    }
    for (size_t i = 0; i < out->n; i++) {
        const mci_stored *part = &out->parts[i];
        if (!fits(rank, want, part))
            return wrong_shape(part->name, rank, want, part, err);
        if (!mci_stored_is_weight(part->type))
            return mc_fail(err, MC_E_SHAPE, "%.*s: want f32, f16 or bf16, got %s",
                           (int)part->name.len, part->name.data, mci_stored_type_name(part->type));
        if (rank == 0)
            out->parts[i].rank = 0;
    }
    return MC_OK;
}

static bool holds(mc_str text, const char *part)
{
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

/* What is left over. Whole numbers (position_ids and the like) are nothing to speak of. */
static mc_status look_at_rest(mci_checkpoint *c, const bool *is_used, mc_error *err)
{
    const mci_stored *first = NULL;
    uint64_t n = 0;
    for (size_t i = 0; i < c->store.n; i++) {
        const mci_stored *item = &c->store.items[i];
        if (is_used[i])
            continue;
        c->n_passed_over++;
        if (!mci_stored_is_weight(item->type))
            continue;
        if (holds(item->name, ".resblocks.") || holds(item->name, ".encoder.layers."))
            return mc_fail(err, MC_E_SHAPE,
                           "%.*s is not in the config, which has %u layers for images and %u for "
                           "texts",
                           item->name.len < 200 ? (int)item->name.len : 200, item->name.data,
                           c->config.vision.layers, c->config.text.layers);
        first = first ? first : item;
        n++;
    }
    if (n > 0 && c->hooks.warn) {
        char text[400];
        snprintf(text, sizeof text,
                 "%" PRIu64 " tensor%s of the file %s no part of the model: %.*s%s", n,
                 n > 1 ? "s" : "", n > 1 ? "are" : "is",
                 first->name.len < 200 ? (int)first->name.len : 200, first->name.data,
                 n > 1 ? ", ..." : "");
        c->hooks.warn(c->hooks.user, text);
    }
    return MC_OK;
}

static mc_status check_all(mci_checkpoint *c, bool *is_used, mc_error *err)
{
    size_t n = mci_clip_n_tensors(&c->config);
    for (size_t i = 0; i < n; i++) {
        mci_clip_tensor tensor;
        mci_clip_view view;
        size_t used[3];
        mci_clip_tensor_at(&c->config, i, &tensor);
        MC_TRY(mci_checkpoint_view(c, tensor.name, tensor.rank, tensor.dims, &view, err));
        mci_checkpoint_find(c, tensor.name, &view, used);
        for (size_t j = 0; j < view.n; j++)
            is_used[used[j]] = true;
        c->n_values += mci_stored_n_values(tensor.rank, tensor.dims);
    }
    return look_at_rest(c, is_used, err);
}

mc_status mci_checkpoint_check(mci_checkpoint *c, mc_error *err)
{
    bool *is_used = mci_alloc_zeroed(c->store.n, sizeof *is_used);
    if (!is_used)
        return mci_nomem(err, c->store.n);
    mc_status status = check_all(c, is_used, err);
    mci_free(is_used);
    return status;
}

/* ---- guessing ---- */

/* One dimension of a tensor of the given rank. */
static mc_status dim_of(const mci_checkpoint *c, const char *name, size_t rank, size_t i,
                        uint32_t *out, mc_error *err)
{
    mci_clip_view view;
    size_t got;
    uint64_t dims[MCI_MAX_RANK];
    if (!mci_checkpoint_find(c, name, &view, NULL))
        return mc_fail(err, MC_E_FORMAT, "%s is missing: not a CLIP model of two transformers",
                       name);
    if (!mci_clip_view_shape(&view, &got, dims) || got != rank || dims[i] > 1 << 24)
        return mc_fail(err, MC_E_FORMAT,
                       "%s: a shape that no CLIP model has; give the config of this model", name);
    *out = (uint32_t)dims[i];
    return MC_OK;
}

static uint32_t count_layers(const mci_checkpoint *c, const char *blocks)
{
    char name[MCI_TENSOR_NAME];
    mci_clip_view view;
    for (uint32_t n = 0; n < 1 << 10; n++) {
        snprintf(name, sizeof name, "%s%u.ln_1.weight", blocks, n);
        if (!mci_checkpoint_find(c, name, &view, NULL))
            return n;
    }
    return 1 << 10;
}

static mc_status guess_vision(const mci_checkpoint *c, mci_clip_config *g, mc_error *err)
{
    uint32_t places;
    MC_TRY(dim_of(c, "visual.conv1.weight", 4, 0, &g->vision.width, err));
    MC_TRY(dim_of(c, "visual.conv1.weight", 4, 2, &g->vision.patch_size, err));
    MC_TRY(dim_of(c, "visual.positional_embedding", 2, 0, &places, err));
    MC_TRY(dim_of(c, "visual.proj", 2, 1, &g->embed_dim, err));
    MC_TRY(dim_of(c, "visual.transformer.resblocks.0.mlp.c_fc.weight", 2, 0, &g->vision.mlp_width,
                  err));
    uint32_t grid = places ? (uint32_t)lround(sqrt(places - 1.0)) : 0;
    if (grid == 0 || (uint64_t)grid * grid + 1 != places || g->vision.patch_size > 1 << 13)
        return mc_fail(err, MC_E_FORMAT,
                       "visual.positional_embedding: %u places are no square and one more", places);
    g->vision.image_size = g->vision.resize_size = grid * g->vision.patch_size;
    g->vision.layers = count_layers(c, "visual.transformer.resblocks.");
    g->vision.heads = g->vision.width / 64;
    return MC_OK;
}

static mc_status guess_text(const mci_checkpoint *c, mci_clip_config *g, mc_error *err)
{
    MC_TRY(dim_of(c, "positional_embedding", 2, 0, &g->text.context_length, err));
    MC_TRY(dim_of(c, "positional_embedding", 2, 1, &g->text.width, err));
    MC_TRY(dim_of(c, "token_embedding.weight", 2, 0, &g->text.vocab_size, err));
    MC_TRY(dim_of(c, "transformer.resblocks.0.mlp.c_fc.weight", 2, 0, &g->text.mlp_width, err));
    g->text.layers = count_layers(c, "transformer.resblocks.");
    g->text.heads = g->text.width / 64;
    mci_clip_config_vocab(g, mci_vocab_of_size(g->text.vocab_size));
    return MC_OK;
}

static bool has_sizes_of(const mci_clip_config *a, const mci_clip_config *b)
{
    return a->embed_dim == b->embed_dim && a->vision.patch_size == b->vision.patch_size &&
           a->vision.width == b->vision.width && a->vision.layers == b->vision.layers &&
           a->vision.mlp_width == b->vision.mlp_width && a->text.width == b->text.width &&
           a->text.layers == b->text.layers && a->text.mlp_width == b->text.mlp_width;
}

mc_status mci_checkpoint_guess(const mci_checkpoint *c, mci_clip_config *out, bool *is_known,
                               mc_error *err)
{
    mci_clip_config guess, named;
    mci_clip_config_defaults(&guess);
    guess.quick_gelu = true;
    MC_TRY(guess_vision(c, &guess, err));
    MC_TRY(guess_text(c, &guess, err));
    *is_known = false;
    for (size_t i = 0; mci_clip_config_name(i) && !*is_known; i++) {
        mci_clip_config_named(mci_clip_config_name(i), &named);
        *is_known = has_sizes_of(&guess, &named);
    }
    if (*is_known) {
        guess.vision.heads = named.vision.heads;
        guess.text.heads = named.text.heads;
    } else if (guess.vision.width % 64 != 0 || guess.text.width % 64 != 0) {
        return mc_fail(err, MC_E_FORMAT,
                       "shapes do not tell the number of heads of towers %u and %u wide; give the "
                       "config of this model",
                       guess.vision.width, guess.text.width);
    }
    MC_TRY(mci_clip_config_check(&guess, err));
    *out = guess;
    return MC_OK;
}
