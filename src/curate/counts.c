/* Entry counts: their files, and whose they are. */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/error.h"
#include "curate/entry_map.h"
#include "curate/sidecar.h"
#include "io/npy.h"
#include "io/whole.h"

void mc_counts_release(mc_counts *counts)
{
    mci_free(counts->counts);
    *counts = (mc_counts){ 0 };
}

/* ---- a JSON object entry -> count ---- */

static mc_status add_members(mci_json_value root, const mc_metadata *metadata,
                             const mci_entry_map *map, uint64_t *counts, mc_error *err)
{
    const mc_str *entries = mc_metadata_entries(metadata);
    mc_str key;
    mci_json_value value;
    for (mci_json_iter it = mci_json_iterate(root); mci_json_next(&it, &key, &value);) {
        int n_shown = key.len > 100 ? 100 : (int)key.len;
        uint32_t id;
        if (!mci_entry_map_find(map, entries, key, &id))
            return mc_fail(err, MC_E_MISMATCH, "\"%.*s\" is counted, but no entry of this metadata",
                           n_shown, key.data);
        if (!mci_json_u64(value, &counts[id])) /* of a repeated key the last counts */
            return mc_fail(err, MC_E_FORMAT, "the count of \"%.*s\" is no number from 0 to 2^64-1",
                           n_shown, key.data);
    }
    return MC_OK;
}

/* Equal entries have equal counts: the first one's. */
static mc_status read_object(mci_json_value root, const mc_metadata *metadata, uint64_t *counts,
                             mc_error *err)
{
    const mc_str *entries = mc_metadata_entries(metadata);
    size_t n = mc_metadata_len(metadata);
    mci_entry_map map = { 0 };
    mc_status status = MC_OK;
    uint32_t first;
    for (uint32_t id = 0; id < n && status >= 0; id++)
        status = mci_entry_map_add(&map, entries, id, &first, err);
    if (status >= 0)
        status = add_members(root, metadata, &map, counts, err);
    for (uint32_t id = 0; id < n && status >= 0; id++)
        if (mci_entry_map_find(&map, entries, entries[id], &first))
            counts[id] = counts[first];
    mci_entry_map_release(&map);
    return status;
}

static mc_status parse_object(mc_str text, const mc_metadata *metadata, mc_counts *out,
                              mc_error *err)
{
    if (!metadata)
        return mc_fail(err, MC_E_ARG, "counts by entry need the metadata they belong to");
    mci_json *json = NULL;
    mci_json_value root;
    size_t n = mc_metadata_len(metadata);
    uint64_t *counts = mci_alloc_zeroed(n, sizeof *counts);
    if (!counts)
        return mci_nomem(err, n * sizeof *counts);
    mc_status status = mci_parse_whole(text, &json, &root, err);
    if (status >= 0 && mci_json_type_of(root) != MCI_JSON_OBJECT)
        status = mc_fail(err, MC_E_FORMAT, "not a JSON object");
    if (status >= 0)
        status = read_object(root, metadata, counts, err);
    mci_json_free(json);
    if (status < 0) {
        mci_free(counts);
        return status;
    }
    out->counts = counts;
    out->n = n;
    memcpy(out->metadata_sha256, mc_metadata_sha256(metadata), sizeof out->metadata_sha256);
    return MC_OK;
}

/* ---- either form ---- */

/* No JSON object or array that belongs to the list is longer, however much its strings are escaped:
 * a bound on what a compressed file may blow up to. */
static uint64_t most_bytes(const mc_metadata *metadata)
{
    if (!metadata)
        return MCI_MAX_WHOLE_BYTES;
    uint64_t bytes = 1 << 20;
    for (size_t i = 0; i < mc_metadata_len(metadata); i++)
        bytes += 6 * (uint64_t)mc_metadata_entry(metadata, i).len + 64;
    return bytes;
}

static mc_status parse_counts(mc_str file, const mc_metadata *metadata, mc_counts *out,
                              bool *is_by_name, mc_error *err)
{
    void *data = NULL;
    size_t n_space = 0;
    while (n_space < file.len && memchr(" \t\r\n", file.data[n_space], 4))
        n_space++;
    *is_by_name = n_space < file.len && file.data[n_space] == '{';
    if (*is_by_name)
        return parse_object(file, metadata, out, err);
    mc_status status = mci_npy_parse(file, MCI_NPY_U64, &data, &out->n, err);
    if (status < 0)
        return mc_add_context(err, status, "no entry counts");
    out->counts = data;
    return MC_OK;
}

static mc_status check_sum(const mc_counts *counts, mc_error *err)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < counts->n; i++) {
        if (counts->counts[i] > UINT64_MAX - sum)
            return mc_fail(err, MC_E_FORMAT, "no entry counts: their sum is beyond 64 bits");
        sum += counts->counts[i];
    }
    return MC_OK;
}

/* ---- whose counts ---- */

static mc_status check_lists(const char *path, const mc_metadata *metadata, mc_counts *counts,
                             mc_error *err)
{
    const mc_metadata_list *lists;
    MC_TRY(mci_sidecar_is(path, MCI_COUNTS_BY_LANGUAGE, &counts->by_language, err));
    if (!counts->by_language || (metadata && mc_metadata_lists(metadata, &lists) > 0))
        return MC_OK;
    return mc_fail(err, MC_E_MISMATCH,
                   "these counts are of a folder of lists, each with a t of its own; give the "
                   "folder as the metadata");
}

static mc_status check_list(const mc_counts *counts, const mc_metadata *metadata, mc_error *err)
{
    const char *sha256 = mc_metadata_sha256(metadata);
    if (counts->metadata_sha256[0] && strcmp(counts->metadata_sha256, sha256) != 0)
        return mc_fail(err, MC_E_MISMATCH,
                       "these counts belong to another metadata list (SHA-256 %.12s..., not "
                       "%.12s...): count again",
                       counts->metadata_sha256, sha256);
    if (counts->n != mc_metadata_len(metadata))
        return mc_fail(err, MC_E_MISMATCH, "%zu counts, but the metadata has %zu entries",
                       counts->n, mc_metadata_len(metadata));
    return MC_OK;
}

static void warn_of_missing(const char *path, const mc_hooks *hooks)
{
    char text[512];
    if (!hooks || !hooks->warn)
        return;
    snprintf(text, sizeof text,
             "%s does not say which metadata its counts belong to; only their number is checked",
             path);
    hooks->warn(hooks->user, text);
}

static mc_status check_owner(const char *path, const mc_metadata *metadata, bool is_by_name,
                             const mc_hooks *hooks, mc_counts *counts, mc_error *err)
{
    uint64_t n_entries = 0;
    bool found = false;
    MC_TRY(mci_sidecar_load(path, counts->metadata_sha256, &n_entries, &found, err));
    mc_status status = MC_OK;
    if (found && n_entries != counts->n)
        status = mc_fail(err, MC_E_MISMATCH, "%zu counts, but %s.meta.json speaks of %" PRIu64,
                         counts->n, path, n_entries);
    if (status >= 0 && metadata)
        status = check_list(counts, metadata, err);
    if (status >= 0 && found)
        status = check_lists(path, metadata, counts, err);
    if (status >= 0 && metadata && !found && !is_by_name)
        warn_of_missing(path, hooks);
    return status < 0 ? mc_add_context(err, status, "%s", path) : status;
}

mc_status mc_counts_load(const char *path, const mc_metadata *metadata, const mc_hooks *hooks,
                         mc_counts *out, mc_error *err)
{
    mci_buf file = { 0 };
    mc_counts counts = { 0 };
    bool is_by_name = false;
    mc_status status = mci_read_whole(path, most_bytes(metadata), &file, err);
    if (status >= 0) {
        status = parse_counts(mci_buf_str(&file), metadata, &counts, &is_by_name, err);
        if (status >= 0)
            status = check_sum(&counts, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_buf_release(&file);
    if (status >= 0)
        status = check_owner(path, metadata, is_by_name, hooks, &counts, err);
    if (status < 0)
        mc_counts_release(&counts);
    else
        *out = counts;
    return status;
}

mc_status mc_counts_save(const mc_counts *counts, const char *path, mc_error *err)
{
    /* At no moment may an older sidecar speak of the new file. */
    MC_TRY(mci_sidecar_remove(path, err));
    MC_TRY(mci_npy_save(path, MCI_NPY_U64, counts->counts, counts->n, err));
    const char *kind = counts->by_language ? MCI_COUNTS_BY_LANGUAGE : "entry counts";
    return mci_sidecar_save(path, kind, counts->metadata_sha256, counts->n, err);
}

/* ---- ids in memory ---- */

mc_status mc_count_ids(const uint32_t *ids, size_t n_ids, uint64_t *counts, size_t n_entries,
                       mc_error *err)
{
    size_t n = 0;
    while (n < n_ids && ids[n] < n_entries)
        counts[ids[n++]]++;
    if (n == n_ids)
        return MC_OK;
    uint32_t wrong = ids[n];
    while (n > 0)
        counts[ids[--n]]--;
    return mc_fail(err, MC_E_ARG, "entry id %u, but there are only %zu entries", wrong, n_entries);
}
