/* The file of a fastText model, little-endian throughout:
 *
 *   magic, version                      i32 each: 793712314, and 11 or 12
 *   arguments                           12 i32, 1 f64: of the training
 *   dictionary                          i32 entries, words, labels; i64 tokens, pruned
 *     of each entry                     text, NUL, i64 count, u8 kind: words first, then labels
 *     of each pruned bucket             i32 bucket, i32 row
 *   u8 quantised, matrix of inputs      a row a word, then one a bucket of n-grams
 *   u8 quantised, matrix of outputs     a row a label
 *
 *   matrix, plain                       i64 rows, i64 dim, f32 [rows, dim]
 *   matrix, quantised                   u8 norms?, i64 rows, i64 dim, i32 codes, u8 [codes], parts
 *                                       with norms: u8 [rows], parts of a matrix of dim 1
 *   parts                               i32 dim, parts, numbers a part, of the last; f32 [dim *
 * 256]
 *
 * pruned is -1 for a dictionary that was not. All that is read is compared with what is left of the
 * file before room is made for it. */
#include "base/alloc.h"
#include "text/fasttext_internal.h"

static const int32_t magic = 793712314, oldest = 11, newest = 12;
static const int32_t supervised = 3;
static const char prefix[] = "__label__";

enum { PREFIX = sizeof prefix - 1, ENTRY_BYTES = 1 + 8 + 1, PAIR_BYTES = 8 };

typedef struct {
    const char *at;
    size_t left;
} reader;

float mci_ft_float(const void *at)
{
    float number;
    memcpy(&number, at, sizeof number);
    return number;
}

static mc_status damaged(mc_error *err, const char *what)
{
    return mc_fail(err, MC_E_FORMAT, "this fastText model is damaged: %s", what);
}

static mc_status too_large(mc_error *err, const char *what, long long is, int most)
{
    return mc_fail(err, MC_E_LIMIT,
                   "this fastText model has %lld %s; one for languages has at most %d", is, what,
                   most);
}

static mc_status take(reader *r, uint64_t n_bytes, const char **out, mc_error *err)
{
    if (n_bytes > r->left)
        return damaged(err, "it ends early");
    *out = r->at;
    r->at += n_bytes;
    r->left -= (size_t)n_bytes;
    return MC_OK;
}

static mc_status take_i32(reader *r, int32_t *out, mc_error *err)
{
    const char *at = NULL;
    MC_TRY(take(r, sizeof *out, &at, err));
    memcpy(out, at, sizeof *out);
    return MC_OK;
}

static mc_status take_i64(reader *r, int64_t *out, mc_error *err)
{
    const char *at = NULL;
    MC_TRY(take(r, sizeof *out, &at, err));
    memcpy(out, at, sizeof *out);
    return MC_OK;
}

static mc_status take_bool(reader *r, bool *out, mc_error *err)
{
    const char *at = NULL;
    MC_TRY(take(r, 1, &at, err));
    if ((unsigned char)*at > 1)
        return damaged(err, "a byte that says yes or no is neither 0 nor 1");
    *out = *at == 1;
    return MC_OK;
}

/* ---- arguments ---- */

bool mci_fasttext_is(mc_str start)
{
    return start.len >= sizeof magic && memcmp(start.data, &magic, sizeof magic) == 0;
}

static mc_status read_header(reader *r, int32_t *version, mc_error *err)
{
    int32_t found = 0;
    if (!mci_fasttext_is((mc_str){ r->at, r->left }))
        return mc_fail(err, MC_E_FORMAT,
                       "not a fastText model, such as lid.176.bin and lid.176.ftz are");
    MC_TRY(take_i32(r, &found, err));
    MC_TRY(take_i32(r, version, err));
    if (*version < oldest || *version > newest)
        return mc_fail(err, MC_E_FORMAT,
                       "a fastText model of version %d; %d and %d can be read, which fastText 0.1 "
                       "and later write",
                       *version, oldest, newest);
    return MC_OK;
}

typedef struct {
    int32_t dim, window, epoch, min_count, negatives, word_ngrams, loss, kind, bucket, minn, maxn,
        update_rate;
} arguments;

static mc_status check_arguments(const arguments *a, mc_error *err)
{
    if (a->kind != supervised)
        return mc_fail(err, MC_E_FORMAT,
                       "a fastText model of word vectors; one for languages classifies texts "
                       "(it is \"supervised\")");
    if (a->loss < MCI_FT_TREE || a->loss > MCI_FT_EACH)
        return damaged(err, "it names no loss");
    if (a->dim < 1 || a->bucket < 0 || a->minn < 0 || a->maxn < 0 || a->word_ngrams < 0)
        return damaged(err,
                       "a number of its arguments is negative, or its vectors are of length 0");
    if (a->dim > MCI_FT_MAX_DIM)
        return too_large(err, "numbers in a vector", a->dim, MCI_FT_MAX_DIM);
    if (a->maxn > MCI_FT_MAX_GRAM)
        return too_large(err, "characters in an n-gram", a->maxn, MCI_FT_MAX_GRAM);
    if (a->word_ngrams > MCI_FT_MAX_GRAM)
        return too_large(err, "words in an n-gram", a->word_ngrams, MCI_FT_MAX_GRAM);
    if (a->bucket == 0 && (a->maxn > 0 || a->word_ngrams > 1))
        return damaged(err, "it has n-grams and no buckets for them");
    return MC_OK;
}

static mc_status read_arguments(reader *r, mci_fasttext *model, mc_error *err)
{
    arguments a;
    const char *at = NULL;
    int32_t version = 0;
    MC_TRY(read_header(r, &version, err));
    MC_TRY(take(r, sizeof a + sizeof(double), &at, err));
    memcpy(&a, at, sizeof a);
    if (version == oldest)
        a.maxn = 0; /* whatever it says: classifiers had no n-grams of characters */
    MC_TRY(check_arguments(&a, err));
    model->dim = (uint32_t)a.dim;
    model->word_ngrams = (uint32_t)a.word_ngrams;
    model->bucket = (uint32_t)a.bucket;
    model->bucket_inverse = model->bucket ? UINT64_MAX / model->bucket + 1 : 0;
    model->minn = (uint32_t)a.minn;
    model->maxn = (uint32_t)a.maxn;
    model->loss = (mci_ft_loss)a.loss;
    return MC_OK;
}

/* ---- dictionary ---- */

static bool is_code(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool is_letter = (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z';
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (!is_letter && !is_digit && text[i] != '-' && text[i] != '_')
            return false;
    }
    return len > 0 && len <= MCI_FASTTEXT_LABEL;
}

static mc_status check_label(const mci_ft_entry *entry, mc_error *err)
{
    if (entry->len < PREFIX || memcmp(entry->text, prefix, PREFIX) != 0)
        return damaged(err, "a label does not begin with __label__");
    if (!is_code(entry->text + PREFIX, entry->len - PREFIX))
        return mc_fail(err, MC_E_FORMAT,
                       "a label of this fastText model is no code of a language (1 to %d letters, "
                       "digits, - and _)",
                       (int)MCI_FASTTEXT_LABEL);
    return MC_OK;
}

static mc_status read_entry(reader *r, bool is_label, mci_ft_entry *entry, uint64_t *n,
                            mc_error *err)
{
    int64_t count = 0;
    bool says_label = false;
    const char *end = r->left ? memchr(r->at, '\0', r->left) : NULL;
    if (!end)
        return damaged(err, "it ends early");
    if ((uint64_t)(end - r->at) > UINT32_MAX)
        return damaged(err, "a word has more than 4 GiB");
    *entry = (mci_ft_entry){ .text = r->at, .len = (uint32_t)(end - r->at) };
    MC_TRY(take(r, (uint64_t)entry->len + 1, &entry->text, err));
    MC_TRY(take_i64(r, &count, err));
    MC_TRY(take_bool(r, &says_label, err));
    if (count < 0)
        return damaged(err, "a word is counted less than no times");
    if (says_label != is_label)
        return damaged(err, "its labels do not stand behind its words");
    *n = (uint64_t)count;
    return is_label ? check_label(entry, err) : MC_OK;
}

static mc_status read_entries(reader *r, mci_ft_dictionary *d, mc_error *err)
{
    size_t n = (size_t)d->n_words + d->n_labels;
    d->entries = mci_alloc(n * sizeof *d->entries);
    d->label_counts = mci_alloc(d->n_labels * sizeof *d->label_counts);
    if (!d->entries || !d->label_counts)
        return mci_nomem(err, n * sizeof *d->entries);
    for (size_t i = 0; i < n; i++) {
        uint64_t count = 0;
        MC_TRY(read_entry(r, i >= d->n_words, &d->entries[i], &count, err));
        if (i >= d->n_words)
            d->label_counts[i - d->n_words] = count;
    }
    return mci_ft_index_entries(d, err);
}

static mc_status read_kept(reader *r, const mci_fasttext *model, int64_t n, mci_ft_dictionary *d,
                           mc_error *err)
{
    const char *pairs = NULL;
    if (n < 0 || n > INT32_MAX)
        return damaged(err, "its number of n-grams cannot be");
    MC_TRY(take(r, (uint64_t)n * PAIR_BYTES, &pairs, err));
    d->is_pruned = true;
    return mci_ft_index_kept(pairs, (uint32_t)n, model->bucket, &d->kept, err);
}

static mc_status read_dictionary(reader *r, mci_fasttext *model, mc_error *err)
{
    int32_t n = 0, n_words = 0, n_labels = 0;
    int64_t n_tokens = 0, n_kept = 0;
    MC_TRY(take_i32(r, &n, err));
    MC_TRY(take_i32(r, &n_words, err));
    MC_TRY(take_i32(r, &n_labels, err));
    MC_TRY(take_i64(r, &n_tokens, err));
    MC_TRY(take_i64(r, &n_kept, err));
    if (n_words < 0 || n_labels < 1 || (int64_t)n_words + n_labels != n)
        return damaged(err, "its numbers of words and labels cannot be");
    if ((uint64_t)n > r->left / ENTRY_BYTES)
        return damaged(err, "it ends early");
    if (n_labels > MCI_FT_MAX_LABELS)
        return too_large(err, "labels", n_labels, MCI_FT_MAX_LABELS);
    model->dictionary.n_words = (uint32_t)n_words;
    model->dictionary.n_labels = (uint32_t)n_labels;
    MC_TRY(read_entries(r, &model->dictionary, err));
    return n_kept == -1 ? MC_OK : read_kept(r, model, n_kept, &model->dictionary, err);
}

/* ---- matrices ---- */

static mc_status read_shape(reader *r, uint32_t dim, mci_ft_matrix *m, mc_error *err)
{
    int64_t n_rows = 0, n_columns = 0;
    MC_TRY(take_i64(r, &n_rows, err));
    MC_TRY(take_i64(r, &n_columns, err));
    if (n_columns != dim || n_rows < 0 || n_rows > INT32_MAX)
        return damaged(err, "a matrix has another size than its arguments say");
    m->n_rows = (uint64_t)n_rows;
    m->dim = dim;
    return MC_OK;
}

static mc_status read_plain(reader *r, uint32_t dim, mci_ft_matrix *m, mc_error *err)
{
    MC_TRY(read_shape(r, dim, m, err));
    return take(r, m->n_rows * dim * sizeof(float), &m->floats, err);
}

/* How rows are cut into parts, and the numbers of each part's centroids. */
static mc_status read_parts(reader *r, uint32_t dim, int32_t shape[4], const char **numbers,
                            mc_error *err)
{
    for (int i = 0; i < 4; i++)
        MC_TRY(take_i32(r, &shape[i], err));
    int64_t n_parts = shape[1], part = shape[2], last = shape[3];
    if (shape[0] != (int64_t)dim || n_parts < 1 || part < 1 || last < 1 || last > part ||
        (n_parts - 1) * part + last != dim)
        return damaged(err, "the parts of a quantised matrix are not those of its rows");
    return take(r, (uint64_t)dim * MCI_FT_CENTROIDS * sizeof(float), numbers, err);
}

static mc_status read_norms(reader *r, mci_ft_matrix *m, mc_error *err)
{
    int32_t shape[4];
    const char *codes = NULL, *numbers = NULL;
    MC_TRY(take(r, m->n_rows, &codes, err));
    MC_TRY(read_parts(r, 1, shape, &numbers, err));
    m->norm_codes = (const unsigned char *)codes;
    memcpy(m->norms, numbers, sizeof m->norms);
    return MC_OK;
}

static mc_status read_quantised(reader *r, uint32_t dim, mci_ft_matrix *m, mc_error *err)
{
    bool has_norms = false;
    int32_t n_codes = 0, shape[4];
    const char *codes = NULL, *numbers = NULL;
    size_t n_bytes = (size_t)dim * MCI_FT_CENTROIDS * sizeof(float);
    MC_TRY(take_bool(r, &has_norms, err));
    MC_TRY(read_shape(r, dim, m, err));
    MC_TRY(take_i32(r, &n_codes, err));
    if (n_codes < 0)
        return damaged(err, "a quantised matrix has less than no codes");
    MC_TRY(take(r, (uint64_t)n_codes, &codes, err));
    MC_TRY(read_parts(r, dim, shape, &numbers, err));
    m->codes = (const unsigned char *)codes;
    m->n_parts = (uint32_t)shape[1];
    m->part = (uint32_t)shape[2];
    m->last_part = (uint32_t)shape[3];
    if (m->n_rows * m->n_parts != (uint64_t)n_codes)
        return damaged(err, "a quantised matrix has not a code for each part of its rows");
    if (!(m->centroids = mci_alloc(n_bytes)))
        return mci_nomem(err, n_bytes);
    memcpy(m->centroids, numbers, n_bytes);
    return has_norms ? read_norms(r, m, err) : MC_OK;
}

static mc_status check_input(const mci_fasttext *model, mc_error *err)
{
    const mci_ft_dictionary *d = &model->dictionary;
    uint64_t n_grams = model->input.n_rows - d->n_words;
    if (model->input.n_rows < d->n_words)
        return damaged(err, "it has fewer vectors than words");
    if (!d->is_pruned && n_grams != model->bucket)
        return damaged(err, "it has not a vector for each bucket of n-grams");
    for (uint32_t i = 0; i < d->kept.n; i++)
        if (d->kept.rows[i] >= n_grams)
            return damaged(err, "an n-gram has a vector that is not there");
    return MC_OK;
}

static mc_status read_matrices(reader *r, mci_fasttext *model, mc_error *err)
{
    bool is_quantised = false, is_output_too = false;
    MC_TRY(take_bool(r, &is_quantised, err));
    if (!is_quantised && model->dictionary.is_pruned)
        return damaged(err, "it is pruned but not quantised");
    MC_TRY(is_quantised ? read_quantised(r, model->dim, &model->input, err)
                        : read_plain(r, model->dim, &model->input, err));
    MC_TRY(check_input(model, err));
    MC_TRY(take_bool(r, &is_output_too, err));
    MC_TRY(is_quantised && is_output_too ? read_quantised(r, model->dim, &model->output, err)
                                         : read_plain(r, model->dim, &model->output, err));
    if (model->output.n_rows != model->dictionary.n_labels)
        return damaged(err, "it has not a vector for each label");
    return MC_OK;
}

mc_status mci_ft_read(mc_str bytes, mci_fasttext *model, mc_error *err)
{
    reader r = { bytes.data, bytes.len };
    MC_TRY(read_arguments(&r, model, err));
    MC_TRY(read_dictionary(&r, model, err));
    MC_TRY(read_matrices(&r, model, err));
    return r.left ? damaged(err, "something stands behind its end") : MC_OK;
}

mc_str mci_fasttext_label(const mci_fasttext *model, size_t label)
{
    const mci_ft_entry *entry = &model->dictionary.entries[model->dictionary.n_words + label];
    return (mc_str){ entry->text + PREFIX, entry->len - PREFIX };
}
