/* One pair of a window: its image read and prepared, its text made tokens. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "train/pair_loader_internal.h"

mc_status mci_pair_worker_init(mci_pair_worker *w, const mc_tokenizer *tokenizer, mc_error *err)
{
    MC_TRY(mc_image_scratch_new(&w->image, err));
    mc_status status = mc_token_scratch_new(tokenizer, &w->tokens, err);
    if (status < 0)
        mci_pair_worker_release(w);
    return status;
}

void mci_pair_worker_release(mci_pair_worker *w)
{
    mc_image_scratch_free(w->image);
    mc_token_scratch_free(w->tokens);
    mci_image_input_release(&w->file);
    *w = (mci_pair_worker){ 0 };
}

static mc_status read_bytes(int fd, uint64_t start, size_t n, mci_buf *out, mc_error *err)
{
    MC_TRY(mci_buf_reserve(out, n, err));
    while (out->len < n) {
        ssize_t got = pread(fd, out->data + out->len, n - out->len, (off_t)(start + out->len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return mc_fail(err, MC_E_IO, "cannot read it: %s",
                           got < 0 ? strerror(errno) : "the tar is shorter than it was");
        out->len += (size_t)got;
    }
    return MC_OK;
}

/* Tars are not kept open: there may be more of them in work than a process may have open. */
static mc_status read_part(const char *path, uint64_t start, size_t n, mci_buf *out, mc_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mc_fail(err, MC_E_IO, "cannot open it: %s", strerror(errno));
    mc_status status = read_bytes(fd, start, n, out, err);
    close(fd);
    return status;
}

static mc_status read_image(const mci_pair_loader_job *job, mci_pair_worker *w,
                            const mci_pair_scanned *shard, const mci_pair_unit *unit, mc_error *err)
{
    uint64_t max = job->max_image_bytes;
    mci_image_input *file = &w->file;
    mci_buf_clear(&file->bytes);
    if (unit->start > 0) {
        if (unit->n_bytes > max)
            return mc_fail(err, MC_E_LIMIT, "more than %" PRIu64 " bytes", max);
        return read_part(shard->path, unit->start, (size_t)unit->n_bytes, &file->bytes, err);
    }
    file->has_bytes = false;
    mci_buf_clear(&file->name);
    MC_TRY(mci_buf_add(&file->name, unit->name, err));
    return mci_image_input_read(file, max, err);
}

static mc_status prepare_image(const mci_pair_loader_job *job, mci_pair_worker *w,
                               const mci_pair_window *window, uint32_t place, float *pixels,
                               mc_error *err)
{
    uint32_t width, height;
    mci_draws draws = mci_draws_of(job->seed, MCI_DRAW_CROP, window->epoch, window->number, place);
    mc_str file = mci_buf_str(&w->file.bytes);
    MC_TRY(mci_prepare_begin(w->image, &job->image, file, &width, &height, err));
    mci_image_box box = mci_random_crop(draws, &job->crop, width, height);
    mci_prepared to = { .pixels = pixels };
    return mci_prepare_box(w->image, &job->image, &box, &to, err);
}

mc_status mci_pair_prepare(const mci_pair_loader_job *job, mci_pair_worker *w,
                           const mci_pair_window *window, uint32_t place, float *pixels,
                           int32_t *tokens, mc_error *err)
{
    const mci_pair_scanned *shard;
    const mci_pair_unit *unit = mci_pair_window_unit(window, place, &shard);
    mc_status status = read_image(job, w, shard, unit, err);
    if (status == MC_OK)
        status = prepare_image(job, w, window, place, pixels, err);
    if (status == MC_OK)
        status = mc_encode(job->tokenizer, w->tokens, unit->text, job->context, tokens, NULL, err);
    if (status == MC_OK)
        return MC_OK;
    int n = unit->name.len < 300 ? (int)unit->name.len : 300;
    bool is_of_sample = status != MC_E_NOMEM && (status != MC_E_IO || unit->start == 0);
    return mc_add_context(err, is_of_sample ? MC_SKIPPED : status, "%s: %.*s", shard->path, n,
                          unit->name.data);
}
