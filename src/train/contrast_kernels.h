/* The arithmetic of the contrastive loss over a block of its N x N logits: rows of one side,
 * columns of the other. Logits and their exponentials are f64, as an error of a product comes out a
 * hundred times as large in a weight; gradients are summed in f32, block by block.
 *
 * A number's value does not depend on which block's row it is in, nor on the rows beside it. The
 * last bits depend on the processor, which may fuse a multiplication and an addition. */
#ifndef MCI_TRAIN_CONTRAST_KERNELS_H
#define MCI_TRAIN_CONTRAST_KERNELS_H

#include <stddef.h>

enum { MCI_CONTRAST_ROWS = 96, MCI_CONTRAST_COLUMNS = 128 };

/* Of columns behind the last one: its exponential is 0. */
#define MCI_CONTRAST_NOTHING (-1e300)

/* R <= ROWS rows and C <= COLUMNS columns; a block's row is COLUMNS long, whatever C is. a f32
 * [R, D] and b f32 [C, D], aligned as floats are; blocks are aligned to 64 bytes. */
typedef struct {
    const char *name;
    /* s[i][j] = scale a_i . b_j, and NOTHING behind. s f64 [ROWS, COLUMNS] */
    void (*logits)(const float *a, size_t R, const float *b, size_t C, size_t D, double scale,
                   double *s);
    /* Takes a row of s into a sum of exponentials, which is kept relative to the largest logit:
     * *sum = sum of exp(s - *largest). Begins with -infinity and 0. */
    void (*add_exps)(const double *s, double *largest, double *sum);
    /* w[j] = factor (exp(s_j - lse) + exp(s_j - lses[j])); gives the sum of those, each with its s.
     *   lses  f64 [COLUMNS], any finite number behind C;  w  f32 [COLUMNS] */
    double (*weights)(const double *s, double lse, const double *lses, double factor, float *w);
    /* da[i] += sum over j < C of w[i][j] b_j.   w f32 [R, COLUMNS];  da f32 [R, D] */
    void (*spread)(const float *w, size_t R, const float *b, size_t C, size_t D, float *da);
} mci_contrast_kernels;

/* All that this processor can run, the best last; NULL behind them. */
const mci_contrast_kernels *const *mci_contrast_kernels_all(void);
const mci_contrast_kernels *mci_contrast_kernels_best(void);

#endif
