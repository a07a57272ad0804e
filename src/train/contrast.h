/* CLIP's loss: of N images and their N texts, each image must find its text among all, and each
 * text its image. With logits s_ij = scale * image_i . text_j over normalised features,
 *
 *     loss = mean over i of (lse_j s_ij - s_ii) / 2 + (lse_j s_ji - s_ii) / 2
 *
 * A process that has only m of the rows needs all features and, for the gradient, the log-sum-exps
 * of all rows of the other side: N numbers. Nothing here is N x N: logits are computed by blocks,
 * and again on the way back. Source: Radford et al. 2021, arXiv:2103.00020, Fig. 3.
 *
 * Who computes is a team, or, if it is NULL, the caller alone: the same bits for any number of
 * threads, and for a row, whatever share of the rows is computed with it. */
#ifndef MCI_TRAIN_CONTRAST_H
#define MCI_TRAIN_CONTRAST_H

#include "base/error.h"
#include "base/threads.h"
#include "metaclip/base.h"

/* lse[i] = log sum_j exp(scale a_i . b_j).   a  f32 [m, D];  b  f32 [N, D];  lse  [m] */
void mci_contrast_lse_on(mci_team *team, const float *a, size_t m, const float *b, size_t N,
                         size_t D, double scale, double *lse);
static inline void mci_contrast_lse(const float *a, size_t m, const float *b, size_t N, size_t D,
                                    double scale, double *lse)
{
    mci_contrast_lse_on(NULL, a, m, b, N, D, scale, lse);
}

/* The sum, over the own rows, of their share of the loss (still to be divided by N).
 *   own rows  first .. first + m - 1 of all;  a  [m, D], b  [N, D]: the two sides
 *   lse_a, lse_b  [m]: of the own rows, seen from either side */
double mci_contrast_loss(const float *a, size_t m, size_t first, const float *b, size_t D,
                         double scale, const double *lse_a, const double *lse_b);

/* da [m, D] = the gradient of the loss by the own rows of side a; gives the gradient by the
 * logarithm of the scale, of the own rows' logits (added up over one side it is whole). lse_a  [m],
 * of the own rows against all b;  lse_b  [N], of all b against all a */
double mci_contrast_backward_on(mci_team *team, const float *a, size_t m, size_t first,
                                const float *b, size_t N, size_t D, double scale,
                                const double *lse_a, const double *lse_b, float *da);
static inline double mci_contrast_backward(const float *a, size_t m, size_t first, const float *b,
                                           size_t N, size_t D, double scale, const double *lse_a,
                                           const double *lse_b, float *da)
{
    return mci_contrast_backward_on(NULL, a, m, first, b, N, D, scale, lse_a, lse_b, da);
}

/* Divides rows [n, D] by their lengths, which are kept; and the gradient back through that, in
 * place. rows  the normalised ones */
void mci_normalize_rows(float *rows, size_t n, size_t D, double *lengths);
void mci_normalize_backward(const float *rows, size_t n, size_t D, const double *lengths,
                            float *drows);

#endif
