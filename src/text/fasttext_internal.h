/* The parts of a fastText model, for fasttext*.c only. */
#ifndef MCI_TEXT_FASTTEXT_INTERNAL_H
#define MCI_TEXT_FASTTEXT_INTERNAL_H

#include "text/fasttext.h"

/* What no model for languages comes near, and no file may go beyond. */
enum {
    MCI_FT_MAX_DIM = 2048,
    MCI_FT_MAX_LABELS = 1 << 14,
    MCI_FT_MAX_GRAM = 32, /* characters of an n-gram, and words of one */
};

enum { MCI_FT_CENTROIDS = 256 }; /* of each part of a quantised row: a code is a byte */

typedef enum {
    MCI_FT_TREE = 1,
    MCI_FT_SAMPLED = 2,
    MCI_FT_SOFTMAX = 3,
    MCI_FT_EACH = 4
} mci_ft_loss;

/* Rows of `dim` numbers. Plain: they lie in the file, at any address. Quantised: a row is a code
 * for each of its parts, which names one of the part's 256 centroids; all of it may be multiplied
 * by a norm, which is named by a code of its own. */
typedef struct {
    uint64_t n_rows;
    uint32_t dim;
    const char *floats;                /* NULL: quantised */
    const unsigned char *codes;        /* n_parts a row */
    uint32_t n_parts, part, last_part; /* numbers in a part, and in the last one */
    float *centroids;                  /* [part][256][numbers of the part] */
    const unsigned char *norm_codes;   /* one a row; NULL: no norms */
    float norms[MCI_FT_CENTROIDS];
} mci_ft_matrix;

/* A word or a label: where it lies in the file. */
typedef struct {
    const char *text;
    uint32_t len;
} mci_ft_entry;

/* Of the lookup of entries: linear probing from hash on. */
typedef struct {
    uint32_t entry; /* its index + 1; 0: free */
    uint32_t hash;
} mci_ft_slot;

/* For a pruned model: the rows of the n-grams that were kept, by bucket, in ascending order. The
 * buckets are divided into as many bins as there are rows, so that a bin has one or two, and a bin
 * into 32 parts, one bit each, so that for most buckets that were not kept the bit says so. */
typedef struct {
    uint32_t *buckets, *rows;
    struct mci_ft_bin {
        uint32_t first, parts;
    } * bins; /* n + 1 */
    uint32_t n;
    uint64_t scale; /* parts of all bins to a bucket, times 2^32 */
} mci_ft_kept;

typedef struct {
    mci_ft_entry *entries; /* words, then labels */
    uint32_t n_words, n_labels;
    uint64_t *label_counts;
    mci_ft_slot *slots;
    uint32_t slot_mask;
    bool is_pruned;
    mci_ft_kept kept;
} mci_ft_dictionary;

struct mci_fasttext {
    uint32_t dim, word_ngrams, bucket, minn, maxn;
    uint64_t bucket_inverse; /* 2^64 / bucket, rounded up: see mci_ft_bucket */
    mci_ft_loss loss;
    mci_ft_dictionary dictionary;
    mci_ft_matrix input, output;
    /* The output rows once more, LANES of them side by side, so that as many scores are summed at
     * once, each in its own order: [block][dim][LANES]. */
    float *columns;
    struct mci_ft_node *tree; /* of hierarchical softmax: 2 n_labels - 1, the root is the last */
};

enum { MCI_FT_LANES = 16 };

/* A leaf is a label; another node has the output row (its index - n_labels). */
typedef struct mci_ft_node {
    uint32_t left, right, parent;
    uint64_t count;
} mci_ft_node;

#define MCI_FT_IS_BUCKET (UINT32_C(1) << 31)

struct mci_fasttext_scratch {
    float *hidden;       /* dim */
    float *scores;       /* n_labels, rounded up to LANES */
    struct mci_ft_step { /* of the tree, while it is searched */
        uint32_t node;
        float value;
    } * steps;       /* n_labels + 1 */
    char *word;      /* "<word>" */
    int32_t *hashes; /* of the text's words, for n-grams of them; NULL if there are none */
    uint32_t
        rows[256]; /* to be added to hidden; or buckets, with MCI_FT_IS_BUCKET, to be looked up */
    size_t n_rows;
    uint64_t n_added; /* since the text began */
};

/* ---- fasttext_file.c ---- */

/* Fills the model from the file; what it holds is to be released in any case. */
mc_status mci_ft_read(mc_str bytes, mci_fasttext *model, mc_error *err);
float mci_ft_float(const void *at);

/* ---- fasttext_words.c ---- */

/* FNV-1a as fastText has it: a byte is taken with its sign. */
#define MCI_FT_FNV_START UINT32_C(2166136261)
static inline uint32_t mci_ft_fnv(uint32_t hash, char byte)
{
    return (hash ^ (uint32_t)(int32_t)(signed char)byte) * UINT32_C(16777619);
}

/* hash modulo model->bucket, without a division (Lemire, Kaser and Kurz, "Faster remainder by
 * direct computation", 2019). */
static inline uint32_t mci_ft_bucket(const mci_fasttext *model, uint32_t hash)
{
    uint64_t fraction = model->bucket_inverse * hash;
    return (uint32_t)((unsigned __int128)fraction * model->bucket >> 64);
}

/* Makes the lookup of the dictionary's entries. MC_E_FORMAT: one stands twice. */
mc_status mci_ft_index_entries(mci_ft_dictionary *dictionary, mc_error *err);
/* Makes the lookup of kept n-grams from n pairs of int32, bucket and row, in the file. */
mc_status mci_ft_index_kept(const char *bytes, uint32_t n, uint32_t n_buckets, mci_ft_kept *out,
                            mc_error *err);
/* Sums the input rows of all that is in the text into scratch->hidden, and divides by their number.
 * False: there is none. */
bool mci_ft_hidden(const mci_fasttext *model, mci_fasttext_scratch *scratch, mc_str text);

/* ---- fasttext_output.c ---- */

/* Makes columns, and the tree if there is one. MC_E_FORMAT: counts that make none. */
mc_status mci_ft_prepare_output(mci_fasttext *model, mc_error *err);
/* From scratch->hidden. */
int mci_ft_best_label(const mci_fasttext *model, mci_fasttext_scratch *scratch, float *probability);

#endif
