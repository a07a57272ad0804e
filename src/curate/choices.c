#include "curate/choices.h"

#include <stdlib.h>

#include "base/alloc.h"

#define IS_CHOSEN ((uint64_t)1 << 63)

/* As they lie in a part and in a list; is_chosen is the top bit of n_texts. */
typedef struct {
    uint64_t file, position, n_texts;
} found_pair;

typedef struct mci_listed_pair {
    uint64_t position, n_texts;
} listed_pair;

/* ---- a table of images ---- */

typedef struct {
    mci_hash128 image;
    uint64_t smallest; /* number of its texts */
    uint64_t n_texts;  /* 0: an empty slot. With IS_CHOSEN once the chosen one went by */
} slot;

typedef struct {
    slot *slots;
    size_t n, cap; /* cap is 0 or a power of two */
} image_table;

enum { FIRST_CAPACITY = 1024 };

static slot *find_slot(slot *slots, size_t cap, mci_hash128 image)
{
    size_t i = (size_t)image.low & (cap - 1);
    while (slots[i].n_texts > 0 &&
           (slots[i].image.low != image.low || slots[i].image.high != image.high))
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static mc_status make_room(image_table *table, mc_error *err)
{
    if (table->n < table->cap / 4 * 3)
        return MC_OK;
    size_t cap = table->cap ? table->cap * 2 : FIRST_CAPACITY;
    slot *slots = mci_alloc_zeroed(cap, sizeof *slots);
    if (!slots)
        return mci_nomem(err, cap * sizeof *slots);
    for (size_t i = 0; i < table->cap; i++)
        if (table->slots[i].n_texts > 0)
            *find_slot(slots, cap, table->slots[i].image) = table->slots[i];
    mci_free(table->slots);
    table->slots = slots;
    table->cap = cap;
    return MC_OK;
}

/* ---- finding ---- */

typedef struct {
    image_table images;
    mci_output *part;
} finding;

typedef mc_status key_fn(finding *f, size_t file, const mci_image_key *key, mc_error *err);

static mc_status take_key(finding *f, size_t file, const mci_image_key *key, mc_error *err)
{
    (void)file;
    MC_TRY(make_room(&f->images, err));
    slot *of = find_slot(f->images.slots, f->images.cap, key->image);
    if (of->n_texts == 0) {
        *of = (slot){ key->image, key->number, 0 };
        f->images.n++;
    }
    of->n_texts++;
    if (key->number < of->smallest)
        of->smallest = key->number;
    return MC_OK;
}

/* When all were taken. Of equal numbers the first one is chosen, as each file is walked over from
 * its first pair of the image to its last. */
static mc_status write_found(finding *f, size_t file, const mci_image_key *key, mc_error *err)
{
    slot *of = find_slot(f->images.slots, f->images.cap, key->image);
    found_pair found = { file, key->position, of->n_texts & ~IS_CHOSEN };
    if (found.n_texts == 1)
        return MC_OK;
    if (key->number == of->smallest && !(of->n_texts & IS_CHOSEN)) {
        of->n_texts |= IS_CHOSEN;
        found.n_texts |= IS_CHOSEN;
    }
    return mci_output_write(f->part, (mc_str){ (const char *)&found, sizeof found }, err);
}

static mc_status walk_file(const mci_key_file *keys, size_t number, mci_key_range range,
                           key_fn *each, finding *f, mc_error *err)
{
    for (size_t run = 0; run < mci_key_file_runs(keys); run++) {
        size_t n;
        const mci_image_key *key = mci_key_file_range(keys, run, range, &n);
        for (size_t i = 0; i < n; i++)
            MC_TRY(each(f, number, &key[i], err));
    }
    return MC_OK;
}

static mc_status walk(const mci_choice_search *search, mci_key_range range, key_fn *each,
                      finding *f, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < search->n_files && status >= 0; i++) {
        mci_key_file keys;
        status = search->keys_path(search->user, i, &path, err);
        if (status >= 0)
            status = mci_key_file_open(path.data, sizeof(mci_image_key), &keys, err);
        if (status < 0)
            break;
        status = walk_file(&keys, i, range, each, f, err);
        mci_key_file_close(&keys);
    }
    mci_buf_release(&path);
    return status;
}

mc_status mci_choices_find(const mci_choice_search *search, mci_key_range range, mci_output *part,
                           mc_error *err)
{
    finding f = { .part = part };
    mc_status status = walk(search, range, take_key, &f, err);
    if (status >= 0 && f.images.n > 0)
        status = walk(search, range, write_found, &f, err);
    mci_free(f.images.slots);
    return status;
}

/* ---- lists ---- */

typedef struct {
    const mci_choice_parts *parts;
    size_t first, n;   /* files */
    uint64_t *n_found; /* of each */
    size_t *ends;      /* of each, in pairs: where its next pair goes */
    listed_pair *pairs;
} listing;

typedef void found_fn(listing *l, const found_pair *found);

static void count_found(listing *l, const found_pair *found)
{
    l->n_found[found->file - l->first]++;
}

static void sort_in(listing *l, const found_pair *found)
{
    l->pairs[l->ends[found->file - l->first]++] = (listed_pair){ found->position, found->n_texts };
}

/* Those of the files first, ..., first + n - 1. */
static mc_status walk_part(listing *l, const char *path, size_t first, size_t n, found_fn *each,
                           mc_error *err)
{
    mci_mapped map;
    MC_TRY(mci_map_file(path, &map, err));
    const found_pair *found = map.data;
    size_t from = 0, to = map.n_bytes / sizeof *found, end = to;
    bool is_whole = end * sizeof *found == map.n_bytes;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (found[middle].file < first)
            from = middle + 1;
        else
            to = middle;
    }
    for (; is_whole && from < end && found[from].file - first < n; from++)
        each(l, &found[from]);
    mci_unmap_file(&map);
    return is_whole ? MC_OK
                    : mc_fail(err, MC_E_FORMAT, "%s: it is cut; remove it and start again", path);
}

static mc_status walk_parts(listing *l, size_t first, size_t n, found_fn *each, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < l->parts->n_parts && status >= 0; i++) {
        status = l->parts->part_path(l->parts->user, i, &path, err);
        if (status >= 0)
            status = walk_part(l, path.data, first, n, each, err);
    }
    mci_buf_release(&path);
    return status;
}

static int by_position(const void *a, const void *b)
{
    const listed_pair *x = a, *y = b;
    return x->position < y->position ? -1 : x->position > y->position;
}

static mc_status write_list(const listing *l, size_t file, listed_pair *pairs, size_t n,
                            mc_error *err)
{
    mci_buf path = { 0 };
    mci_output *output = NULL;
    if (n > 1)
        qsort(pairs, n, sizeof *pairs, by_position);
    mc_status status = l->parts->list_path(l->parts->user, file, &path, err);
    if (status >= 0)
        status = mci_make_folders(path.data, err);
    if (status >= 0)
        status = mci_output_open(path.data, MCI_PLAIN, &output, err);
    mci_buf_release(&path);
    if (status < 0)
        return status;
    status = mci_output_write(output, (mc_str){ l->parts->made_from, MC_SHA256_DIGITS }, err);
    if (status >= 0)
        status = mci_output_write(output, (mc_str){ (const char *)pairs, n * sizeof *pairs }, err);
    return mci_output_end(output, status, err);
}

/* The lists of files whose pairs are together in memory. */
static mc_status write_lists(listing *l, size_t first, size_t n, mc_error *err)
{
    size_t end = 0;
    for (size_t i = first; i < first + n; i++) {
        l->ends[i - l->first] = end;
        end += (size_t)l->n_found[i - l->first];
    }
    l->pairs = mci_alloc(end * sizeof *l->pairs);
    mc_status status =
        l->pairs ? walk_parts(l, first, n, sort_in, err) : mci_nomem(err, end * sizeof *l->pairs);
    for (size_t i = first; i < first + n && status >= 0; i++) {
        size_t n_found = (size_t)l->n_found[i - l->first];
        status = write_list(l, i, l->pairs + l->ends[i - l->first] - n_found, n_found, err);
    }
    mci_free(l->pairs);
    l->pairs = NULL;
    return status;
}

static mc_status list_all(listing *l, mc_error *err)
{
    MC_TRY(walk_parts(l, l->first, l->n, count_found, err));
    for (size_t done = 0, n = 0; done < l->n; done += n) {
        uint64_t n_pairs = l->n_found[done];
        for (n = 1; done + n < l->n; n++) {
            if ((n_pairs + l->n_found[done + n]) > l->parts->memory / sizeof *l->pairs)
                break;
            n_pairs += l->n_found[done + n];
        }
        MC_TRY(write_lists(l, l->first + done, n, err));
    }
    return MC_OK;
}

mc_status mci_choices_list(const mci_choice_parts *parts, size_t first, size_t n, mc_error *err)
{
    listing l = { .parts = parts, .first = first, .n = n };
    l.n_found = mci_alloc_zeroed(n, sizeof *l.n_found);
    l.ends = mci_alloc_zeroed(n, sizeof *l.ends);
    mc_status status =
        l.n_found && l.ends ? list_all(&l, err) : mci_nomem(err, n * sizeof *l.n_found);
    mci_free(l.n_found);
    mci_free(l.ends);
    return status;
}

static bool is_list(const mci_mapped *map, const char *made_from)
{
    return map->n_bytes >= MC_SHA256_DIGITS &&
           (map->n_bytes - MC_SHA256_DIGITS) % sizeof(listed_pair) == 0 &&
           memcmp(map->data, made_from, MC_SHA256_DIGITS) == 0;
}

mc_status mci_choices_are_listed(const char *path, const char *made_from, bool *out, mc_error *err)
{
    mci_mapped map;
    *out = false;
    if (!mci_file_exists(path))
        return MC_OK;
    MC_TRY(mci_map_file(path, &map, err));
    *out = is_list(&map, made_from);
    mci_unmap_file(&map);
    return MC_OK;
}

/* ---- asking ---- */

mc_status mci_choices_begin(const mci_choice_lists *lists, mci_batch *batch, mci_choice_cursor *out,
                            mc_error *err)
{
    mci_buf path = { 0 };
    *out = (mci_choice_cursor){ 0 };
    if (!lists)
        return MC_OK;
    mci_place_batch(batch);
    mc_status status = lists->list_path(lists->user, batch->shard, &path, err);
    if (status >= 0)
        status = mci_map_file(path.data, &out->map, err);
    if (status >= 0 && !is_list(&out->map, lists->made_from)) {
        mci_choices_end(out);
        status = mc_fail(err, MC_E_FORMAT,
                         "%s: this is another list of chosen texts; remove it and start again",
                         path.data);
    }
    mci_buf_release(&path);
    if (status < 0)
        return status;
    const listed_pair *from = (const void *)((const char *)out->map.data + MC_SHA256_DIGITS);
    const listed_pair *to = from + (out->map.n_bytes - MC_SHA256_DIGITS) / sizeof *from;
    out->position = batch->first_text;
    out->end = to;
    while (from < to) {
        const listed_pair *middle = from + (to - from) / 2;
        if (middle->position < out->position)
            from = middle + 1;
        else
            to = middle;
    }
    out->at = from;
    return MC_OK;
}

mci_choice mci_choices_next(mci_choice_cursor *cursor)
{
    uint64_t position = cursor->position++;
    if (cursor->at == cursor->end || cursor->at->position != position)
        return (mci_choice){ 1, true };
    uint64_t n_texts = cursor->at++->n_texts;
    return (mci_choice){ n_texts & ~IS_CHOSEN, (n_texts & IS_CHOSEN) != 0 };
}

void mci_choices_end(mci_choice_cursor *cursor)
{
    mci_unmap_file(&cursor->map);
    *cursor = (mci_choice_cursor){ 0 };
}
