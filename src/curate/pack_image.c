/* One image of a packing: whether it can be packed, and the three members of its sample. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "curate/pack_internal.h"

/* Images up to SMALL are read once, whole; larger ones twice, in pieces: a tar says how long a
 * member is before it comes, so it must be known that it can be read. */
enum { SMALL_BYTES = 1 << 20, PIECE_BYTES = 1 << 18, KEY_BYTES = 32 };

typedef mci_pack_worker worker;

/* ---- reading an image ---- */

/* Counts the image as skipped; err says why. */
static mc_status skip(uint64_t *counter)
{
    ++*counter;
    return MC_SKIPPED;
}

static mc_status unreadable(worker *w, const char *why, mc_error *err)
{
    mc_fail(err, MC_SKIPPED, "cannot read it: %s", why);
    return skip(&w->n.images_unreadable);
}

static const char changed[] = "it changes while it is packed";

/* Reads up to n bytes into w->bytes, fewer only at the end of the file. */
static bool read_piece(worker *w, size_t n)
{
    mci_buf_clear(&w->bytes);
    while (w->bytes.len < n) {
        ssize_t got = read(w->fd, w->bytes.data + w->bytes.len, n - w->bytes.len);
        if (got < 0 && errno != EINTR)
            return false;
        if (got == 0)
            break;
        w->bytes.len += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* Reads the image to its end; what is small stays in w->bytes. *start gets its first bytes. */
static mc_status read_through(worker *w, char start[MCI_IMAGE_LOOK], size_t *n_start, mc_error *err)
{
    uint64_t n_read = 0;
    size_t want = w->n_bytes <= SMALL_BYTES ? SMALL_BYTES + 1 : PIECE_BYTES;
    MC_TRY(mci_buf_reserve(&w->bytes, want, err));
    *n_start = 0;
    do {
        if (!read_piece(w, want))
            return unreadable(w, strerror(errno), err);
        if (n_read == 0) {
            *n_start = w->bytes.len < MCI_IMAGE_LOOK ? w->bytes.len : MCI_IMAGE_LOOK;
            memcpy(start, w->bytes.data, *n_start);
        }
        n_read += w->bytes.len;
    } while (w->bytes.len == want && n_read <= w->n_bytes);
    return n_read == w->n_bytes ? MC_OK : unreadable(w, changed, err);
}

static mc_status check_kind(worker *w, mc_str start, mc_error *err)
{
    const char *name;
    w->kind = mci_image_kind_of(start, &name);
    if (w->kind == MCI_IMAGE_NONE) {
        mc_fail(err, MC_SKIPPED, "no image that is known; it looks like %s",
                name ? name : "something else");
        return skip(&w->n.images_unknown);
    }
    if (w->kind == MCI_IMAGE_OTHER) {
        mc_fail(err, MC_SKIPPED, "%s; JPEG, PNG and WebP are packed", name);
        return skip(&w->n.images_unsupported);
    }
    return MC_OK;
}

static mc_status check_size(worker *w, const struct stat *info, mc_error *err)
{
    uint64_t max = w->pack->job->max_image_bytes;
    w->n_bytes = (uint64_t)info->st_size;
    if (!S_ISREG(info->st_mode))
        return unreadable(w, "this is no file", err);
    if (w->n_bytes == 0) {
        mc_fail(err, MC_SKIPPED, "an empty file");
        return skip(&w->n.images_empty);
    }
    if (w->n_bytes > max) {
        mc_fail(err, MC_SKIPPED, "%" PRIu64 " bytes, more than the limit of %" PRIu64, w->n_bytes,
                max);
        return skip(&w->n.images_too_large);
    }
    return MC_OK;
}

/* Opens it and sees that it can be packed. The descriptor is close_image's to close. */
static mc_status open_image(worker *w, const mci_pack_image *image, mc_error *err)
{
    struct stat info;
    char start[MCI_IMAGE_LOOK];
    size_t n_start;
    w->fd = open(image->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (w->fd < 0 || fstat(w->fd, &info) != 0)
        return unreadable(w, strerror(errno), err);
    mc_status status = check_size(w, &info, err);
    if (status == MC_OK)
        status = read_through(w, start, &n_start, err);
    return status == MC_OK ? check_kind(w, (mc_str){ start, n_start }, err) : status;
}

static void close_image(worker *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

/* ---- writing a sample ---- */

static const char *suffix_of(mci_image_kind kind)
{
    return kind == MCI_IMAGE_JPEG ? "jpg" : kind == MCI_IMAGE_PNG ? "png" : "webp";
}

/* The second reading of a large image. Here it is too late to skip it. */
static mc_status write_pieces(worker *w, mci_sha256 *sha, mc_error *err)
{
    uint64_t n_left = w->n_bytes;
    if (lseek(w->fd, 0, SEEK_SET) != 0)
        return mc_fail(err, MC_E_IO, "cannot read it again: %s", strerror(errno));
    while (n_left > 0) {
        size_t n = n_left < PIECE_BYTES ? (size_t)n_left : PIECE_BYTES;
        if (!read_piece(w, n))
            return mc_fail(err, MC_E_IO, "cannot read it again: %s", strerror(errno));
        if (w->bytes.len < n)
            return mc_fail(err, MC_E_IO, "%s; start again when it is still", changed);
        MC_TRY(mci_sha256_add(sha, mci_buf_str(&w->bytes), err));
        MC_TRY(mci_tar_out_write(w->tar, mci_buf_str(&w->bytes), err));
        n_left -= n;
    }
    return MC_OK;
}

static mc_status write_bytes(worker *w, mci_sha256 *sha, mc_error *err)
{
    if (w->n_bytes > SMALL_BYTES)
        return write_pieces(w, sha, err);
    MC_TRY(mci_sha256_add(sha, mci_buf_str(&w->bytes), err));
    return mci_tar_out_write(w->tar, mci_buf_str(&w->bytes), err);
}

static mc_status write_image(worker *w, const char *key, char digits[MC_SHA256_DIGITS + 1],
                             mc_error *err)
{
    char name[KEY_BYTES + 8];
    mci_sha256 *sha = NULL;
    snprintf(name, sizeof name, "%s.%s", key, suffix_of(w->kind));
    MC_TRY(mci_tar_out_begin(w->tar, name, w->n_bytes, err));
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = write_bytes(w, sha, err);
    if (status >= 0)
        status = mci_sha256_end(sha, digits, err);
    mci_sha256_free(sha);
    return status;
}

static mc_status write_sample(worker *w, const mci_pack_image *image, const mc_record *record,
                              mc_error *err)
{
    char key[KEY_BYTES], name[KEY_BYTES + 8], digits[MC_SHA256_DIGITS + 1];
    snprintf(key, sizeof key, "%05zu%0*" PRIu64, w->shard, (int)w->pack->key_digits,
             w->n.images_packed);
    MC_TRY(write_image(w, key, digits, err));
    snprintf(name, sizeof name, "%s.txt", key);
    MC_TRY(mci_tar_out_add(w->tar, name, record->texts[0].text, err));
    snprintf(name, sizeof name, "%s.json", key);
    MC_TRY(mci_pack_format_json(&w->reader, image, record, key, digits, &w->json, err));
    return mci_tar_out_add(w->tar, name, mci_buf_str(&w->json), err);
}

static void count_packed(worker *w, const mc_record *record)
{
    w->n.images_packed++;
    w->n.images_jpeg += w->kind == MCI_IMAGE_JPEG;
    w->n.images_png += w->kind == MCI_IMAGE_PNG;
    w->n.images_webp += w->kind == MCI_IMAGE_WEBP;
    w->n.image_bytes += w->n_bytes;
    w->n.texts_packed += record->n_texts;
}

/* ---- an image ---- */

static mc_status read_texts(worker *w, const mci_pack_image *image, mc_record *record,
                            mc_error *err)
{
    mc_status status = mci_pack_read_texts(&w->reader, image, record, &w->n, err);
    if (status == MC_SKIPPED)
        return skip(&w->n.images_bad_sidecar);
    if (status == MC_OK && record->n_texts == 0) {
        mc_fail(err, MC_SKIPPED, "without a text: what is there is empty");
        return skip(&w->n.images_without_text);
    }
    return status;
}

static mc_status pack_open_image(worker *w, const mci_pack_image *image, mc_error *err)
{
    mc_record record;
    mc_status status = open_image(w, image, err);
    if (status == MC_OK)
        status = read_texts(w, image, &record, err);
    if (status != MC_OK)
        return status;
    status = write_sample(w, image, &record, err);
    if (status == MC_OK)
        count_packed(w, &record);
    return status;
}

/* One of [["a/b.jpg","why"],...]. */
static mc_status note_skipped(worker *w, const mci_pack_image *image, const mc_error *why,
                              mc_error *err)
{
    uint64_t n_replaced = 0;
    mci_buf_clear(&w->path);
    MC_TRY(mci_buf_byte(&w->skipped, w->skipped.len ? ',' : '[', err));
    MC_TRY(mci_buf_byte(&w->skipped, '[', err));
    MC_TRY(mci_utf8_repair(image->name, &w->path, &n_replaced, err));
    MC_TRY(mci_json_add_string(&w->skipped, mci_buf_str(&w->path), err));
    MC_TRY(mci_buf_byte(&w->skipped, ',', err));
    mci_buf_clear(&w->path);
    MC_TRY(mci_utf8_repair(mc_str_of(why->text), &w->path, &n_replaced, err));
    MC_TRY(mci_json_add_string(&w->skipped, mci_buf_str(&w->path), err));
    return mci_buf_byte(&w->skipped, ']', err);
}

mc_status mci_pack_image_add(mci_pack_worker *w, const mci_pack_image *image, mc_error *err)
{
    w->n.images_found++;
    mc_status status = pack_open_image(w, image, err);
    close_image(w);
    if (status < 0)
        return mc_add_context(err, status, "%s", image->path);
    if (status != MC_SKIPPED)
        return MC_OK;
    mc_error why = *err;
    MC_TRY(note_skipped(w, image, &why, err));
    mci_problems_note(&w->problems, &why, image->path);
    return mci_pack_strict(w->pack->job, w->problems.first[0].text, err);
}
