#include "train/batch_loss.h"

#include "base/alloc.h"
#include "train/contrast.h"

mc_status mci_batch_loss_make(mci_batch_loss *loss, mci_dist *dist, size_t D, unsigned n_threads,
                              mc_error *err)
{
    const unsigned size = mci_dist_size(dist);
    *loss = (mci_batch_loss){ .dist = dist,
                              .D = D,
                              .pairs = mci_alloc_zeroed(size, sizeof *loss->pairs),
                              .rows = mci_alloc_zeroed(size, sizeof *loss->rows),
                              .counts = mci_alloc_zeroed(size, sizeof *loss->counts) };
    if (!loss->pairs || !loss->rows || !loss->counts)
        return mci_nomem(err, size * sizeof(size_t));
    return mci_team_new(n_threads, &loss->team, err);
}

static void release_side(mci_loss_side *side)
{
    mci_free(side->rows);
    mci_free(side->drows);
    mci_free(side->all);
    mci_free(side->lengths);
    mci_free(side->lse);
    mci_free(side->all_lse);
    *side = (mci_loss_side){ 0 };
}

void mci_batch_loss_release(mci_batch_loss *loss)
{
    release_side(&loss->images);
    release_side(&loss->texts);
    mci_team_free(loss->team);
    mci_free(loss->pairs);
    mci_free(loss->rows);
    mci_free(loss->counts);
    *loss = (mci_batch_loss){ 0 };
}

/* ---- how many there are ---- */

static mc_status make_side(mci_loss_side *side, size_t n, size_t N, size_t D, mc_error *err)
{
    release_side(side);
    *side = (mci_loss_side){ .rows = mci_alloc(n * D * sizeof(float)),
                             .drows = mci_alloc(n * D * sizeof(float)),
                             .all = mci_alloc(N * D * sizeof(float)),
                             .lengths = mci_alloc(n * sizeof(double)),
                             .lse = mci_alloc(n * sizeof(double)),
                             .all_lse = mci_alloc(N * sizeof(double)) };
    if (!side->rows || !side->drows || !side->all || !side->lengths || !side->lse || !side->all_lse)
        return mci_nomem(err, N * D * sizeof(float));
    return MC_OK;
}

static mc_status make_sides(mci_batch_loss *loss, mc_error *err)
{
    if (loss->n <= loss->max_own && loss->N <= loss->max_all)
        return MC_OK;
    loss->max_own = loss->max_all = 0;
    MC_TRY(make_side(&loss->images, loss->n, loss->N, loss->D, err));
    MC_TRY(make_side(&loss->texts, loss->n, loss->N, loss->D, err));
    loss->max_own = loss->n;
    loss->max_all = loss->N;
    return MC_OK;
}

mc_status mci_batch_loss_begin(mci_batch_loss *loss, size_t n, mc_error *err)
{
    const unsigned size = mci_dist_size(loss->dist), rank = mci_dist_rank(loss->dist);
    memset(loss->counts, 0, size * sizeof *loss->counts);
    loss->counts[rank] = (double)n;
    MC_TRY(mci_dist_sum_f64(loss->dist, loss->counts, size, err));
    loss->n = n;
    loss->N = loss->first = 0;
    for (unsigned r = 0; r < size; r++) {
        loss->pairs[r] = (size_t)loss->counts[r];
        loss->rows[r] = loss->pairs[r] * loss->D;
        loss->first += r < rank ? loss->pairs[r] : 0;
        loss->N += loss->pairs[r];
    }
    return make_sides(loss, err);
}

/* ---- the loss ---- */

/* Normalises own features and makes everybody's known. */
static mc_status gather(mci_batch_loss *loss, mci_loss_side *side, mc_error *err)
{
    mci_normalize_rows(side->rows, loss->n, loss->D, side->lengths);
    return mci_dist_gather_f32(loss->dist, side->rows, loss->rows, side->all, err);
}

/* Own rows against all of the other side. */
static mc_status find_lse(mci_batch_loss *loss, mci_loss_side *own, const mci_loss_side *other,
                          double scale, mc_error *err)
{
    mci_contrast_lse_on(loss->team, own->rows, loss->n, other->all, loss->N, loss->D, scale,
                        own->lse);
    return mci_dist_gather_f64(loss->dist, own->lse, loss->pairs, own->all_lse, err);
}

static double backward(const mci_batch_loss *loss, mci_loss_side *own, const mci_loss_side *other,
                       double scale)
{
    const double dscale =
        mci_contrast_backward_on(loss->team, own->rows, loss->n, loss->first, other->all, loss->N,
                                 loss->D, scale, own->lse, other->all_lse, own->drows);
    mci_normalize_backward(own->rows, loss->n, loss->D, own->lengths, own->drows);
    return dscale;
}

mc_status mci_batch_loss_run(mci_batch_loss *loss, double scale, double *value, double *dscale,
                             mc_error *err)
{
    mci_loss_side *images = &loss->images, *texts = &loss->texts;
    MC_TRY(gather(loss, images, err));
    MC_TRY(gather(loss, texts, err));
    MC_TRY(find_lse(loss, images, texts, scale, err));
    MC_TRY(find_lse(loss, texts, images, scale, err));
    *value = mci_contrast_loss(images->rows, loss->n, loss->first, texts->all, loss->D, scale,
                               images->lse, texts->lse);
    MC_TRY(mci_dist_sum_f64(loss->dist, value, 1, err));
    *value /= (double)loss->N;
    *dscale = backward(loss, images, texts, scale);
    backward(loss, texts, images, scale);
    return MC_OK;
}
