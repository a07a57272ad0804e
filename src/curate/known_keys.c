#include "curate/known_keys.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "curate/shards.h"

/* The last bytes of a file. */
typedef struct {
    uint64_t n_keys, n_origin_bytes;
    char made_from[MC_SHA256_DIGITS];
    char magic[16];
} trailer;

static const char magic[16] = "metaclip keys 1";
static const char suffix[] = ".keys";

/* ---- one file ---- */

static bool read_trailer(const mci_mapped *map, mci_known_keys *out)
{
    trailer end;
    if (map->n_bytes < sizeof end)
        return false;
    size_t n_bytes = map->n_bytes - sizeof end;
    const char *bytes = map->data;
    memcpy(&end, bytes + n_bytes, sizeof end);
    if (memcmp(end.magic, magic, sizeof magic) != 0 || end.n_origin_bytes > n_bytes ||
        end.n_keys != (n_bytes - end.n_origin_bytes) / sizeof(mci_hash128) ||
        (n_bytes - end.n_origin_bytes) % sizeof(mci_hash128) != 0)
        return false;
    out->keys = map->data;
    out->n = (size_t)end.n_keys;
    out->origin = (mc_str){ bytes + n_bytes - end.n_origin_bytes, (size_t)end.n_origin_bytes };
    memcpy(out->made_from, end.made_from, sizeof end.made_from);
    return true;
}

mc_status mci_known_keys_open(const char *path, mci_known_keys *out, mc_error *err)
{
    mci_known_keys known = { 0 };
    MC_TRY(mci_map_file(path, &known.map, err));
    if (!read_trailer(&known.map, &known)) {
        mci_known_keys_close(&known);
        return mc_fail(err, MC_E_FORMAT, "%s: these are no keys of a run, or not all of them",
                       path);
    }
    *out = known;
    return MC_OK;
}

void mci_known_keys_close(mci_known_keys *known)
{
    mci_unmap_file(&known->map);
    mci_free(known->id);
    *known = (mci_known_keys){ 0 };
}

mc_status mci_known_keys_end(mci_output *file, uint64_t n_keys, const char *made_from,
                             mc_str origin, mc_error *err)
{
    trailer end = { .n_keys = n_keys, .n_origin_bytes = origin.len };
    memcpy(end.made_from, made_from, sizeof end.made_from);
    memcpy(end.magic, magic, sizeof magic);
    MC_TRY(mci_output_write(file, origin, err));
    return mci_output_write(file, (mc_str){ (const char *)&end, sizeof end }, err);
}

mc_status mci_known_keys_append(mci_output *file, const char *keys_path, mci_sha256 *sha,
                                uint64_t *n_keys, mc_error *err)
{
    mci_mapped map;
    MC_TRY(mci_map_file(keys_path, &map, err));
    mc_str bytes = { map.data, map.n_bytes };
    mc_status status = sha ? mci_sha256_add(sha, bytes, err) : MC_OK;
    if (status >= 0)
        status = mci_output_write(file, bytes, err);
    *n_keys += map.n_bytes / sizeof(mci_hash128);
    mci_unmap_file(&map);
    return status;
}

/* ---- keys in order ---- */

static int compare_keys(const void *a, const void *b)
{
    const mci_hash128 *x = a, *y = b;
    if (x->high != y->high)
        return x->high < y->high ? -1 : 1;
    return x->low < y->low ? -1 : x->low > y->low;
}

size_t mci_keys_sort(mci_hash128 *keys, size_t n)
{
    size_t n_left = 0;
    if (n > 0)
        qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 0; i < n; i++)
        if (n_left == 0 || compare_keys(&keys[n_left - 1], &keys[i]) != 0)
            keys[n_left++] = keys[i];
    return n_left;
}

/* The first place at `from` or behind whose key is not before `key`: in steps that double, then by
 * halves, so that near ones are found at once. */
static size_t gallop(const mci_known_keys *known, size_t from, mci_hash128 key)
{
    size_t step = 1, low = from, high = from;
    while (high < known->n && compare_keys(&known->keys[high], &key) < 0) {
        low = high + 1;
        high = known->n - high > step ? high + step : known->n;
        step *= 2;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&known->keys[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

mc_status mci_known_keys_among(const mci_known_keys *known, const mci_hash128 *keys, size_t n,
                               mci_known_fn *found, void *user, mc_error *err)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at = gallop(known, at, keys[i]);
        if (at == known->n)
            break;
        if (compare_keys(&known->keys[at], &keys[i]) == 0)
            MC_TRY(found(user, keys[i], err));
    }
    return MC_OK;
}

/* ---- a folder of them ---- */

mc_status mci_run_id_check(mc_str id, mc_error *err)
{
    bool is_name = id.len > 0 && id.len <= 200 && id.data[0] != '.';
    for (size_t i = 0; i < id.len && is_name; i++)
        is_name = id.data[i] != '/' && (unsigned char)id.data[i] >= ' ' && id.data[i] != 0x7F;
    if (is_name)
        return MC_OK;
    return mc_fail(err, MC_E_ARG,
                   "\"%.*s\" cannot be a run's id: want 1 to 200 characters that can name a "
                   "file (--run-id)",
                   (int)(id.len < 100 ? id.len : 100), id.data ? id.data : "");
}

mc_status mci_known_runs_path(const char *dir, mc_str id, mci_buf *path, mc_error *err)
{
    mci_buf_clear(path);
    return mci_buf_printf(path, err, "%s/%.*s%s", dir, (int)id.len, id.data, suffix);
}

static mc_status set_id(mci_known_keys *run, mc_str id, mc_error *err)
{
    run->id = mci_alloc(id.len + 1);
    if (!run->id)
        return mci_nomem(err, id.len + 1);
    memcpy(run->id, id.data, id.len);
    run->id[id.len] = '\0';
    return MC_OK;
}

mc_status mci_known_runs_add(mci_known_runs *runs, const char *dir, mc_str id, mc_error *err)
{
    void *grown = runs->runs;
    mci_buf path = { 0 };
    MC_TRY(mci_grow(&grown, &runs->cap, runs->n + 1, sizeof *runs->runs, err));
    runs->runs = grown;
    mci_known_keys *run = &runs->runs[runs->n];
    mc_status status = mci_known_runs_path(dir, id, &path, err);
    if (status >= 0)
        status = mci_known_keys_open(path.data, run, err);
    mci_buf_release(&path);
    if (status < 0)
        return status;
    runs->n++;
    return set_id(run, id, err);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const mci_known_keys *)a)->id, ((const mci_known_keys *)b)->id);
}

/* The id in a file's name; false if it is none of a run. */
static bool id_of_file(const char *name, mc_str *id)
{
    size_t n = strlen(name), m = sizeof suffix - 1;
    *id = (mc_str){ name, n > m ? n - m : 0 };
    return n > m && name[0] != '.' && strcmp(name + n - m, suffix) == 0;
}

mc_status mci_known_runs_open(const char *dir, mc_str own_id, mci_known_runs *out, mc_error *err)
{
    mci_known_runs runs = { 0 };
    mc_status status = MC_OK;
    mc_str id;
    DIR *folder = opendir(dir);
    for (struct dirent *it; status >= 0 && folder && (it = readdir(folder));)
        if (id_of_file(it->d_name, &id) && !mc_str_equal(id, own_id))
            status = mci_known_runs_add(&runs, dir, id, err);
    if (folder)
        closedir(folder);
    if (status < 0) {
        mci_known_runs_close(&runs);
        return status;
    }
    if (runs.n > 0)
        qsort(runs.runs, runs.n, sizeof *runs.runs, compare_ids);
    *out = runs;
    return MC_OK;
}

void mci_known_runs_close(mci_known_runs *runs)
{
    for (size_t i = 0; i < runs->n; i++)
        mci_known_keys_close(&runs->runs[i]);
    mci_free(runs->runs);
    *runs = (mci_known_runs){ 0 };
}

/* ---- a run's name ---- */

/* Without resolving the last name: it need not be there. */
static mc_status set_origin(mci_run_name *name, const char *out_path, mc_error *err)
{
    char folder[PATH_MAX], resolved[PATH_MAX];
    size_t n = strlen(out_path);
    while (n > 1 && out_path[n - 1] == '/')
        n--;
    size_t start = n;
    while (start > 0 && out_path[start - 1] != '/')
        start--;
    snprintf(folder, sizeof folder, "%.*s", start ? (int)start : 1, start ? out_path : ".");
    if (!realpath(folder, resolved))
        return mci_fail_errno(err, folder, "cannot tell its full path");
    bool is_root = strcmp(resolved, "/") == 0;
    int len = snprintf(name->text, sizeof name->text, "%s/%.*s", is_root ? "" : resolved,
                       (int)(n - start), out_path + start);
    if (len < 0 || (size_t)len >= sizeof name->text)
        return mc_fail(err, MC_E_ARG, "%s: its full path is too long", out_path);
    name->origin = (mc_str){ name->text, (size_t)len };
    name->id = mci_shard_name((mc_str){ name->text + len - (n - start), n - start });
    return MC_OK;
}

/* MC_E_MISMATCH if another run has the id. */
static mc_status check_origin(const mci_run_name *name, const char *dir, mc_error *err)
{
    mci_buf path = { 0 };
    mci_known_keys known = { 0 };
    mc_status status = mci_known_runs_path(dir, name->id, &path, err);
    if (status >= 0 && mci_file_exists(path.data))
        status = mci_known_keys_open(path.data, &known, err);
    if (status >= 0 && known.map.data && !mc_str_equal(known.origin, name->origin))
        status = mc_fail(err, MC_E_MISMATCH,
                         "%s: a run with the id \"%.*s\" is known already, that made %.*s; give "
                         "this one an id of its own (--run-id)",
                         dir, (int)name->id.len, name->id.data, (int)known.origin.len,
                         known.origin.data);
    mci_known_keys_close(&known);
    mci_buf_release(&path);
    return status;
}

mc_status mci_run_name_choose(mci_run_name *name, const char *dir, const char *id,
                              const char *out_path, mc_error *err)
{
    MC_TRY(set_origin(name, out_path, err));
    if (id)
        name->id = mc_str_of(id);
    MC_TRY(mci_run_id_check(name->id, err));
    return id ? MC_OK : check_origin(name, dir, err);
}
