#include "curate/duplicates.h"

#include "base/alloc.h"

/* ---- walking over the pairs of a range ---- */

typedef mc_status pair_fn(void *user, size_t file, const mci_pair_key *pair, mc_error *err);

static mc_status walk_file(const mci_key_file *keys, size_t number, mci_key_range range,
                           pair_fn *each, void *user, mc_error *err)
{
    for (size_t run = 0; run < mci_key_file_runs(keys); run++) {
        size_t n;
        const mci_pair_key *pairs = mci_key_file_range(keys, run, range, &n);
        for (size_t i = 0; i < n; i++)
            MC_TRY(each(user, number, &pairs[i], err));
    }
    return MC_OK;
}

/* By ascending file and, of equal keys, position. */
static mc_status walk(const mci_duplicate_search *search, mci_key_range range, pair_fn *each,
                      void *user, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < search->n_files && status >= 0; i++) {
        mci_key_file keys;
        status = search->path_of(search->user, i, &path, err);
        if (status >= 0)
            status = mci_key_file_open(path.data, sizeof(mci_pair_key), &keys, err);
        if (status < 0)
            break;
        status = walk_file(&keys, i, range, each, user, err);
        mci_key_file_close(&keys);
    }
    mci_buf_release(&path);
    return status;
}

/* ---- what was known before ---- */

typedef struct {
    mci_hash128 *keys; /* of the range, ascending, distinct */
    size_t n, cap;
    mci_key_set earlier, before; /* of these, the known ones */
} range_keys;

static void release_range(range_keys *of)
{
    mci_free(of->keys);
    mci_key_set_release(&of->earlier);
    mci_key_set_release(&of->before);
}

static mc_status gather_key(void *user, size_t file, const mci_pair_key *pair, mc_error *err)
{
    (void)file;
    range_keys *of = user;
    void *keys = of->keys;
    MC_TRY(mci_grow(&keys, &of->cap, of->n + 1, sizeof *of->keys, err));
    of->keys = keys;
    of->keys[of->n++] = pair->key;
    return MC_OK;
}

static mc_status add_known(void *user, mci_hash128 key, mc_error *err)
{
    bool is_new;
    return mci_key_set_add(user, key, &is_new, err);
}

static mc_status look_up_known(const mci_duplicate_search *search, range_keys *of, mc_error *err)
{
    for (size_t i = 0; search->earlier && i < search->earlier->n; i++)
        MC_TRY(mci_known_keys_among(&search->earlier->runs[i], of->keys, of->n, add_known,
                                    &of->earlier, err));
    if (!search->before)
        return MC_OK;
    return mci_known_keys_among(search->before, of->keys, of->n, add_known, &of->before, err);
}

/* The keys of those that stay, as they are in order; then the list has served. */
static mc_status write_keys(range_keys *of, mci_output *out, uint64_t *n_written, mc_error *err)
{
    for (size_t i = 0; out && i < of->n; i++) {
        mc_str key = { (const char *)&of->keys[i], sizeof of->keys[i] };
        if (mci_key_set_has(&of->earlier, of->keys[i]))
            continue;
        MC_TRY(mci_output_write(out, key, err));
        ++*n_written;
    }
    mci_free(of->keys);
    of->keys = NULL;
    return MC_OK;
}

/* ---- finding ---- */

typedef struct {
    range_keys known;
    mci_key_set seen;
    mci_output *drops;
} finding;

static mc_status drop_if_repeated(void *user, size_t file, const mci_pair_key *pair, mc_error *err)
{
    finding *f = user;
    bool is_new = true;
    mci_drop gone = { file, pair->position };
    if (mci_key_set_has(&f->known.earlier, pair->key)) {
        gone.position |= MCI_DROP_EARLIER;
        is_new = false;
    } else if (mci_key_set_has(&f->known.before, pair->key)) {
        is_new = false;
    } else {
        MC_TRY(mci_key_set_add(&f->seen, pair->key, &is_new, err));
    }
    if (is_new)
        return MC_OK;
    return mci_output_write(f->drops, (mc_str){ (const char *)&gone, sizeof gone }, err);
}

static mc_status find(const mci_duplicate_search *search, mci_key_range range, finding *f,
                      mci_output *keys, uint64_t *n_keys, mc_error *err)
{
    if (keys || search->earlier || search->before) {
        MC_TRY(walk(search, range, gather_key, &f->known, err));
        f->known.n = mci_keys_sort(f->known.keys, f->known.n);
        MC_TRY(look_up_known(search, &f->known, err));
        MC_TRY(write_keys(&f->known, keys, n_keys, err));
    }
    return walk(search, range, drop_if_repeated, f, err);
}

mc_status mci_duplicates_find(const mci_duplicate_search *search, mci_key_range range,
                              mci_output *drops, mci_output *keys, uint64_t *n_keys, mc_error *err)
{
    finding f = { .drops = drops };
    mc_status status = find(search, range, &f, keys, n_keys, err);
    mci_key_set_release(&f.seen);
    release_range(&f.known);
    return status;
}

/* ---- dropping ---- */

static mc_status mark_of(const mci_drop_marks *marks, mci_pair_mark *out, mc_error *err)
{
    uint64_t at = marks->position;
    if (at / 4 >= marks->n_bytes)
        return mc_fail(err, MC_E_FORMAT,
                       "the list of duplicates is of another file; remove the "
                       "state folder and start again");
    *out = (mci_pair_mark)(marks->marks[at / 4] >> 2 * (at % 4) & 3);
    return MC_OK;
}

static mc_status drop_texts(mci_drop_marks *marks, mc_record *record, mc_counters *n,
                            mci_pair_mark *last, mc_error *err)
{
    size_t n_before = record->n_texts, n_left = 0;
    for (size_t i = 0; i < n_before; i++) {
        mci_pair_mark mark = MCI_PAIR_STAYS;
        MC_TRY(mark_of(marks, &mark, err));
        marks->position++;
        n->pairs_duplicate += mark == MCI_PAIR_IS_DUPLICATE;
        n->pairs_earlier += mark == MCI_PAIR_IS_EARLIER;
        if (mark == MCI_PAIR_STAYS)
            record->texts[n_left++] = record->texts[i];
        else
            *last = mark;
    }
    record->n_texts = n_left;
    return MC_OK;
}

mc_status mci_drop_batch(mci_drop_marks *marks, mci_batch *batch, mc_error *err)
{
    for (size_t i = 0; i < batch->list.n; i++) {
        mc_record *record = &batch->list.records[i];
        mci_pair_mark last = MCI_PAIR_STAYS;
        size_t n_before = record->n_texts;
        MC_TRY(drop_texts(marks, record, &batch->n, &last, err));
        if (n_before == 0 || record->n_texts > 0)
            continue;
        if (last == MCI_PAIR_IS_EARLIER)
            batch->n.records_earlier++;
        else
            batch->n.records_duplicate++;
    }
    return MC_OK;
}
