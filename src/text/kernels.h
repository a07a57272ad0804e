/* The parts of matching that are worth writing anew for each kind of processor. Whichever runs, the
 * results are the same; kernels_plain.c says what they are. */
#ifndef MCI_TEXT_KERNELS_H
#define MCI_TEXT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Stands behind each text that is laid down, and in none: laying makes it a space, which means the
 * same. */
#define MCI_TEXT_END '\r'

enum {
    MCI_LAY_SPILL = 64,     /* bytes that `lay` may write behind those it was asked for */
    MCI_ENDS_READ = 64,     /* bytes that `find_ends` may read behind them */
    MCI_ENDS_SPILL = 64,    /* places that `find_ends` may write behind those it gives */
    MCI_COLLECT_IDS = 32,   /* the most that `collect` gives */
    MCI_COLLECT_SPILL = 16, /* and what it may write behind them */
};

/* What `collect` answers where there is too much for it. */
#define MCI_NOT_COLLECTED SIZE_MAX

typedef struct {
    const char *name;
    /* Copies n bytes, of which MCI_TEXT_END becomes a space. Nothing behind them is read. */
    void (*lay)(char *to, const char *from, size_t n);
    /* Writes where the bytes are that end a token (space, tab, LF, CR and the seven marks), and
     * gives their number. */
    size_t (*find_ends)(const char *bytes, size_t n, uint32_t *ends);
    /* Writes the ids that are not 0, less 1, of n tokens and of n pairs, and n_more ids as they
     * are: ascending, each once. Gives their number, or MCI_NOT_COLLECTED. NULL: there is none. */
    size_t (*collect)(const uint32_t *of_tokens, const uint32_t *of_pairs, size_t n,
                      const uint32_t *more, size_t n_more, uint32_t *to);
} mci_kernels;

/* All that this processor can run, the best last; NULL behind them. */
const mci_kernels *const *mci_kernels_all(void);
const mci_kernels *mci_kernels_best(void);

#endif
