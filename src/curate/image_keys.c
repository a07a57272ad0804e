#include "curate/image_keys.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "io/output.h"

enum { RUN_KEYS = 1 << 18 };

struct mci_image_writer {
    mci_output *file;
    mci_image_key *keys; /* RUN_KEYS of them */
    size_t n;
};

/* ---- what a batch gives ---- */

mc_status mci_image_key_batch(mci_batch *batch, uint64_t seed, mc_error *err)
{
    mci_place_batch(batch);
    uint64_t position = batch->first_text;
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        mci_hash128 image = mci_hash128_pair(record->uuid, (mc_str){ 0 });
        for (size_t j = 0; j < record->n_texts; j++, position++) {
            const mc_text *text = &record->texts[j];
            mci_image_key key = { image, 0, position };
            if (text->n_entries == 0)
                continue;
            key.number = mc_text_number(record->uuid, text->text, seed);
            MC_TRY(mci_buf_append(&batch->extra, &key, sizeof key, err));
        }
    }
    return MC_OK;
}

/* ---- writing ---- */

static int compare(const void *a, const void *b)
{
    const mci_image_key *x = a, *y = b;
    if (x->image.high != y->image.high)
        return x->image.high < y->image.high ? -1 : 1;
    if (x->image.low != y->image.low)
        return x->image.low < y->image.low ? -1 : 1;
    return x->position < y->position ? -1 : x->position > y->position;
}

static mc_status write_run(mci_image_writer *writer, mc_error *err)
{
    if (writer->n > 1)
        qsort(writer->keys, writer->n, sizeof *writer->keys, compare);
    mc_str bytes = { (const char *)writer->keys, writer->n * sizeof *writer->keys };
    writer->n = 0;
    return mci_output_write(writer->file, bytes, err);
}

mc_status mci_image_writer_open(const char *path, mci_image_writer **out, mc_error *err)
{
    mci_image_writer *writer = mci_alloc_zeroed(1, sizeof *writer);
    if (!writer)
        return mci_nomem(err, sizeof *writer);
    writer->keys = mci_alloc(RUN_KEYS * sizeof *writer->keys);
    mc_status status = writer->keys ? mci_output_open(path, MCI_PLAIN, &writer->file, err)
                                    : mci_nomem(err, RUN_KEYS * sizeof *writer->keys);
    if (status < 0)
        return mci_image_writer_end(writer, status, err);
    *out = writer;
    return MC_OK;
}

mc_status mci_image_writer_add(mci_image_writer *writer, mc_str keys, mc_error *err)
{
    size_t n = keys.len / sizeof *writer->keys;
    while (n > 0) {
        size_t room = RUN_KEYS - writer->n, taken = n < room ? n : room;
        memcpy(writer->keys + writer->n, keys.data, taken * sizeof *writer->keys);
        writer->n += taken;
        keys.data += taken * sizeof *writer->keys;
        n -= taken;
        if (writer->n == RUN_KEYS)
            MC_TRY(write_run(writer, err));
    }
    return MC_OK;
}

mc_status mci_image_writer_end(mci_image_writer *writer, mc_status status, mc_error *err)
{
    if (!writer)
        return status;
    if (status >= 0)
        status = write_run(writer, err);
    status = mci_output_end(writer->file, status, err);
    mci_free(writer->keys);
    mci_free(writer);
    return status;
}

/* ---- reading ---- */

mc_status mci_image_file_open(const char *path, mci_image_file *out, mc_error *err)
{
    *out = (mci_image_file){ 0 };
    MC_TRY(mci_map_file(path, &out->map, err));
    out->keys = out->map.data;
    out->n = out->map.n_bytes / sizeof *out->keys;
    if (out->n * sizeof *out->keys == out->map.n_bytes)
        return MC_OK;
    mci_image_file_close(out);
    return mc_fail(err, MC_E_FORMAT, "%s: it is cut; remove it and start again", path);
}

void mci_image_file_close(mci_image_file *file)
{
    mci_unmap_file(&file->map);
    *file = (mci_image_file){ 0 };
}

size_t mci_image_file_runs(const mci_image_file *file)
{
    return (file->n + RUN_KEYS - 1) / RUN_KEYS;
}

/* The first key of [from, to) whose image's high half is at least `high`. */
static size_t lower_bound(const mci_image_file *file, size_t from, size_t to, uint64_t high)
{
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (file->keys[middle].image.high < high)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

size_t mci_image_run_range(const mci_image_file *file, size_t run, mci_key_range range,
                           const mci_image_key **first)
{
    size_t start = run * RUN_KEYS, end = start + RUN_KEYS;
    if (end > file->n)
        end = file->n;
    size_t from = lower_bound(file, start, end, range.from);
    size_t to = range.to ? lower_bound(file, from, end, range.to) : end;
    *first = file->keys + from;
    return to - from;
}
