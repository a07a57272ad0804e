/* fastText's classifiers, as they are published for language identification (lid.176, lid218e):
 * their files are read and their predictions computed here, as the library fastText does to the
 * last bit, but with every number of the file checked first. A model refers to its file's bytes,
 * which may be mapped, so that any number of processes share one copy.
 *
 * Source: Joulin et al., "Bag of Tricks for Efficient Text Classification" (arXiv 1607.01759) and
 * "FastText.zip" (arXiv 1612.03651, product quantisation); the format is that of fastText 0.9.2. */
#ifndef MCI_TEXT_FASTTEXT_H
#define MCI_TEXT_FASTTEXT_H

#include "base/error.h"
#include "metaclip/base.h"

enum {
    MCI_FASTTEXT_TEXT = 64 * 1024, /* bytes of a text that are looked at */
    MCI_FASTTEXT_LABEL = 31,       /* bytes of the longest label, without its prefix */
};

/* Immutable; shared by threads. */
typedef struct mci_fasttext mci_fasttext;
/* Room to work in; one a thread. */
typedef struct mci_fasttext_scratch mci_fasttext_scratch;

/* Takes the file's bytes, which have to stay. Takes supervised models of versions 11 and 12, plain
 * or quantised, with every loss that fastText trains by. MC_E_FORMAT: it is none, or it is damaged;
 * MC_E_LIMIT: larger than any language identification. Memory is in proportion to the words and
 * labels in the file, never to what it claims. */
mc_status mci_fasttext_open(mc_str bytes, mci_fasttext **out, mc_error *err);
void mci_fasttext_free(mci_fasttext *model);

/* Whether the file begins as one, by its first four bytes. */
bool mci_fasttext_is(mc_str start);

typedef struct {
    uint32_t dim;
    uint64_t n_words, n_labels;
    uint32_t min_chars, max_chars; /* of an n-gram of characters; max 0: there are none */
    uint32_t word_ngrams;          /* words of one of words; up to 1: there are none */
    uint32_t buckets;              /* that n-grams are hashed into */
    bool is_quantised, is_output_quantised;
    bool is_pruned; /* some n-grams have no vector any more; n_kept have */
    uint64_t n_kept;
    const char *loss; /* "softmax", ... */
} mci_fasttext_facts;

mci_fasttext_facts mci_fasttext_tell(const mci_fasttext *model);
size_t mci_fasttext_n_labels(const mci_fasttext *model);
/* Without its prefix, "__label__". Lives as long as the file's bytes. */
mc_str mci_fasttext_label(const mci_fasttext *model, size_t label);

mc_status mci_fasttext_scratch_new(const mci_fasttext *model, mci_fasttext_scratch **out,
                                   mc_error *err);
void mci_fasttext_scratch_free(mci_fasttext_scratch *scratch);

enum { MCI_NO_LABEL = -1 };

/* The text's most probable label, and its probability. MCI_NO_LABEL if there is no word in it, or
 * if the model's numbers lead to none (not a number; with hierarchical softmax, below 1e-5).
 * White space is what fastText takes for it; a line end is a space. Of a text longer than
 * MCI_FASTTEXT_TEXT the beginning is looked at. */
int mci_fasttext_predict(const mci_fasttext *model, mci_fasttext_scratch *scratch, mc_str text,
                         float *probability);

#endif
