#include "train/uuid_set.h"

#include "base/alloc.h"
#include "base/files.h"
#include "curate/key_set.h"
#include "io/fields.h"
#include "io/npy_uids.h"
#include "io/stream.h"

enum { MAX_LINE_BYTES = 64 * 1024, UID_DIGITS = 32, UID_BYTES = 16 };

struct mci_uuid_set {
    mci_key_set keys;
    uint64_t digest;
};

void mci_uuid_set_free(mci_uuid_set *set)
{
    if (!set)
        return;
    mci_key_set_release(&set->keys);
    mci_free(set);
}

uint64_t mci_uuid_set_len(const mci_uuid_set *set)
{
    return set->keys.n + set->keys.has_zero;
}

uint64_t mci_uuid_set_digest(const mci_uuid_set *set)
{
    return set->digest;
}

static mci_hash128 key_of(mc_str uuid)
{
    return mci_hash128_pair(uuid, (mc_str){ 0 });
}

bool mci_uuid_set_has(const mci_uuid_set *set, mc_str uuid)
{
    return mci_key_set_has(&set->keys, key_of(uuid));
}

static mc_status add(mci_uuid_set *set, mc_str uuid, mc_error *err)
{
    bool is_new;
    mci_hash128 key = key_of(uuid);
    MC_TRY(mci_key_set_add(&set->keys, key, &is_new, err));
    if (is_new)
        set->digest += key.high ^ key.low; /* whatever the order */
    return MC_OK;
}

/* ---- DataComp's arrays ---- */

static mc_status add_uids(mci_uuid_set *set, mc_str file, mc_error *err)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *rows;
    size_t n;
    MC_TRY(mci_npy_uids_parse(file, &rows, &n, err));
    for (size_t i = 0; i < n; i++) {
        const unsigned char *row = rows + i * UID_BYTES;
        char uid[UID_DIGITS];
        for (size_t k = 0; k < UID_BYTES; k++) {
            unsigned byte = row[k < 8 ? 7 - k : 23 - k];
            uid[2 * k] = digits[byte >> 4];
            uid[2 * k + 1] = digits[byte & 15];
        }
        MC_TRY(add(set, (mc_str){ uid, UID_DIGITS }, err));
    }
    return MC_OK;
}

/* ---- lines ---- */

static mc_status next_line(mci_stream *stream, mc_str *line, size_t *n_bytes, mc_error *err)
{
    mc_str window;
    mc_status status = mci_stream_peek(stream, MAX_LINE_BYTES, &window, err);
    if (status == MC_SKIPPED)
        return mc_fail(err, MC_E_FORMAT, "the list is damaged behind byte %llu",
                       (unsigned long long)mci_stream_offset(stream));
    if (status != MC_OK)
        return status;
    const char *end = memchr(window.data, '\n', window.len);
    if (!end && window.len >= MAX_LINE_BYTES)
        return mc_fail(err, MC_E_LIMIT, "a line of more than %d bytes: want one uuid a line",
                       MAX_LINE_BYTES);
    *n_bytes = end ? (size_t)(end - window.data) + 1 : window.len;
    *line = mci_field_trim((mc_str){ window.data, *n_bytes });
    return MC_OK;
}

static mc_status add_lines(mci_uuid_set *set, mci_stream *stream, mc_error *err)
{
    mc_str line = { 0 };
    size_t n_bytes = 0;
    mc_status status;
    while ((status = next_line(stream, &line, &n_bytes, err)) == MC_OK) {
        if (line.len > 0)
            MC_TRY(add(set, line, err));
        mci_stream_skip(stream, n_bytes);
    }
    return status == MC_END ? MC_OK : status;
}

/* ---- files ---- */

static mc_status add_array(mci_uuid_set *set, const char *path, mc_error *err)
{
    mci_mapped map;
    MC_TRY(mci_map_file(path, &map, err));
    mc_status status = add_uids(set, (mc_str){ map.data, map.n_bytes }, err);
    mci_unmap_file(&map);
    return status;
}

static mc_status add_stream(mci_uuid_set *set, mci_stream *stream, const char *path, mc_error *err)
{
    mc_str start;
    mc_status status = mci_stream_peek(stream, 6, &start, err);
    if (status < 0 || status == MC_END)
        return status < 0 ? status : MC_OK;
    if (status == MC_OK && start.len >= 6 && memcmp(start.data, "\x93NUMPY", 6) == 0)
        return add_array(set, path, err);
    return status == MC_SKIPPED ? mc_fail(err, MC_E_FORMAT, "the list is damaged at its beginning")
                                : add_lines(set, stream, err);
}

static mc_status add_file(mci_uuid_set *set, const char *path, mc_error *err)
{
    mci_stream *stream = NULL;
    MC_TRY(mci_stream_open(path, &stream, err));
    mc_status status = add_stream(set, stream, path, err);
    mci_stream_close(stream);
    return status < 0 ? mc_add_context(err, status, "subset list %s", path) : MC_OK;
}

mc_status mci_uuid_set_load(const char *const *paths, size_t n_paths, mci_uuid_set **out,
                            mc_error *err)
{
    mci_uuid_set *set = mci_alloc_zeroed(1, sizeof *set);
    mc_status status = set ? MC_OK : mci_nomem(err, sizeof *set);
    for (size_t i = 0; i < n_paths && status == MC_OK; i++)
        status = add_file(set, paths[i], err);
    if (status == MC_OK && mci_uuid_set_len(set) == 0)
        status = mc_fail(err, MC_E_FORMAT, "the subset list%s %s no uuid: nothing would be left",
                         n_paths == 1 ? "" : "s", n_paths == 1 ? "holds" : "hold");
    if (status < 0)
        mci_uuid_set_free(set);
    else
        *out = set;
    return status;
}
