#include "search/search_index.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/dtype.h"
#include "base/files.h"
#include "io/npy_out.h"
#include "search/feature_paths.h"

/* Beyond what any model gives; a row must fit into a cache. */
#define MOST_DIMS ((size_t)1 << 20)

static mc_status check_array(const mci_array *array, mc_error *err)
{
    bool is_known = array->type == MCI_ARRAY_F32 || array->type == MCI_ARRAY_F16;
    if (!is_known || array->rank != 2)
        return mc_fail(err, MC_E_SHAPE, "features are f32 or f16 [n, D]; this is %s of rank %zu",
                       mci_array_type_name(array->type), array->rank);
    if (array->shape[1] == 0 || array->shape[1] > MOST_DIMS)
        return mc_fail(err, MC_E_SHAPE, "rows of %" PRIu64 " numbers; 1 to %zu are searched",
                       array->shape[1], MOST_DIMS);
    return MC_OK;
}

static mc_status map_shard(const char *path, mc_search_index *index, mci_search_shard *shard,
                           mc_error *err)
{
    MC_TRY(mci_array_map(path, &shard->array, err));
    mc_status status = check_array(&shard->array, err);
    if (status < 0)
        return mc_add_context(err, status, "%s", path);
    size_t D = (size_t)shard->array.shape[1];
    if (index->D != 0 && index->D != D)
        return mc_fail(err, MC_E_MISMATCH,
                       "%s: rows of %zu numbers, where those of the files before it have %zu", path,
                       D, index->D);
    index->D = D;
    shard->data = shard->array.data;
    shard->is_half = shard->array.type == MCI_ARRAY_F16;
    shard->n = shard->array.shape[0];
    shard->first = index->n;
    index->n += shard->n;
    /* It will be read from end to end: the system may read ahead. Advice only. */
    if (shard->array.map.data)
        posix_madvise((void *)shard->array.map.data, shard->array.map.n_bytes,
                      POSIX_MADV_SEQUENTIAL);
    return MC_OK;
}

/* ---- names ---- */

/* FILE.inputs.jsonl, or of FILE.npy in a folder of shards FILE.inputs.jsonl without the .npy. */
static mc_status find_list(const char *path, mci_buf *list, bool *found, mc_error *err)
{
    static const char end[] = ".npy";
    size_t n = strlen(path), n_end = sizeof end - 1;
    for (int i = 0; i < 2; i++) {
        if (i == 1 && n > n_end && strcmp(path + n - n_end, end) == 0)
            n -= n_end;
        mci_buf_clear(list);
        MC_TRY(mci_buf_printf(list, err, "%.*s.inputs.jsonl", (int)n, path));
        MC_TRY(mci_buf_terminate(list, err));
        *found = mci_file_exists(list->data);
        if (*found)
            break;
    }
    return MC_OK;
}

static mc_status open_lists(mc_search_index *index, const mci_feature_paths *all, mc_error *err)
{
    mci_buf list = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < all->n && status >= 0; i++) {
        bool found = false;
        status = find_list(all->paths[i], &list, &found, err);
        if (status >= 0 && found)
            status =
                mci_names_open_list(list.data, index->shards[i].n, &index->shards[i].inputs, err);
        index->has_names |= found;
    }
    mci_buf_release(&list);
    return status;
}

static mc_status open_names(mc_search_index *index, const mci_feature_paths *all,
                            const char *names_path, mc_error *err)
{
    if (!names_path)
        return open_lists(index, all, err);
    if (!*names_path)
        return MC_OK;
    MC_TRY(mci_names_open(names_path, index->n, &index->names, err));
    index->has_names = true;
    return MC_OK;
}

/* ---- opening ---- */

static mc_status map_all(mc_search_index *index, const mci_feature_paths *all, mc_error *err)
{
    if (all->n == 0)
        return mc_fail(err, MC_E_ARG, "no file of features was named");
    index->shards = mci_alloc_zeroed(all->n, sizeof *index->shards);
    if (!index->shards)
        return mci_nomem(err, all->n * sizeof *index->shards);
    for (size_t i = 0; i < all->n; i++, index->n_shards++) {
        mc_status status = map_shard(all->paths[i], index, &index->shards[i], err);
        if (status < 0) {
            mci_array_unmap(&index->shards[i].array);
            return status;
        }
    }
    return MC_OK;
}

mc_status mc_search_open(const char *const *paths, size_t n_paths, const char *names_path,
                         mc_search_index **out, mc_error *err)
{
    mci_feature_paths all = { 0 };
    mc_status status = MC_OK;
    mc_search_index *index = mci_alloc_zeroed(1, sizeof *index);
    if (!index)
        return mci_nomem(err, sizeof *index);
    for (size_t i = 0; i < n_paths && status >= 0; i++)
        status = mci_feature_paths_add(&all, paths[i], err);
    if (status >= 0)
        status = map_all(index, &all, err);
    if (status >= 0)
        status = open_names(index, &all, names_path, err);
    mci_feature_paths_release(&all);
    if (status < 0)
        mc_search_close(index);
    else
        *out = index;
    return status;
}

mc_status mc_search_open_rows(const float *rows, uint64_t n, size_t D, mc_search_index **out,
                              mc_error *err)
{
    if (D == 0 || D > MOST_DIMS)
        return mc_fail(err, MC_E_ARG, "rows of %zu numbers; 1 to %zu are searched", D, MOST_DIMS);
    mc_search_index *index = mci_alloc_zeroed(1, sizeof *index);
    mci_search_shard *shard = mci_alloc_zeroed(1, sizeof *shard);
    if (!index || !shard) {
        mci_free(index);
        mci_free(shard);
        return mci_nomem(err, sizeof *index);
    }
    *shard = (mci_search_shard){ .data = rows, .n = n };
    *index = (mc_search_index){ .shards = shard, .n_shards = 1, .n = n, .D = D };
    *out = index;
    return MC_OK;
}

void mc_search_close(mc_search_index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < index->n_shards; i++) {
        mci_names_close(&index->shards[i].inputs);
        mci_array_unmap(&index->shards[i].array);
    }
    mci_names_close(&index->names);
    mci_free(index->shards);
    mci_free(index);
}

uint64_t mc_search_n_rows(const mc_search_index *index)
{
    return index->n;
}

size_t mc_search_dims(const mc_search_index *index)
{
    return index->D;
}

bool mc_search_has_names(const mc_search_index *index)
{
    return index->has_names;
}

/* The shard that row < n lies in. */
static const mci_search_shard *shard_of(const mc_search_index *index, uint64_t row)
{
    size_t low = 0, high = index->n_shards - 1;
    while (low < high) {
        size_t middle = high - (high - low) / 2;
        if (index->shards[middle].first <= row)
            low = middle;
        else
            high = middle - 1;
    }
    return &index->shards[low];
}

mc_str mc_search_name(const mc_search_index *index, uint64_t row)
{
    if (!index->has_names || row >= index->n)
        return (mc_str){ 0 };
    if (index->names.n)
        return mci_names_at(&index->names, row);
    const mci_search_shard *shard = shard_of(index, row);
    return mci_names_at(&shard->inputs, row - shard->first);
}

/* ---- queries ---- */

static mc_status copy_rows(const mci_array *array, float **rows, mc_error *err)
{
    mci_dtype type = array->type == MCI_ARRAY_F16 ? MCI_F16 : MCI_F32;
    size_t n_bytes = (size_t)array->n_values * sizeof **rows;
    if (array->n_values > SIZE_MAX / sizeof **rows)
        return mci_nomem(err, SIZE_MAX);
    *rows = mci_alloc(n_bytes ? n_bytes : 1);
    if (!*rows)
        return mci_nomem(err, n_bytes);
    mci_dtype_convert(type, array->data, MCI_F32, *rows, (size_t)array->n_values);
    return MC_OK;
}

mc_status mc_features_load(const char *path, float **rows, size_t *n, size_t *D, mc_error *err)
{
    mci_array array = { 0 };
    MC_TRY(mci_array_map(path, &array, err));
    if (array.rank == 1) { /* one row */
        array.rank = 2;
        array.shape[1] = array.shape[0];
        array.shape[0] = 1;
    }
    float *copy = NULL;
    mc_status status = check_array(&array, err);
    if (status >= 0)
        status = copy_rows(&array, &copy, err);
    if (status < 0) {
        mc_add_context(err, status, "%s", path);
    } else {
        *rows = copy;
        *n = (size_t)array.shape[0];
        *D = (size_t)array.shape[1];
    }
    mci_array_unmap(&array);
    return status;
}

/* ---- results ---- */

static mc_status save(const char *path, mci_array_type type, const void *values, size_t n, size_t k,
                      mc_error *err)
{
    mci_npy_out *out = NULL;
    uint64_t dims[] = { k };
    MC_TRY(mci_npy_out_open_rows(path, type, 1, dims, &out, err));
    mc_status status = n ? mci_npy_out_add(out, values, n, err) : MC_OK;
    if (status < 0)
        mci_npy_out_abort(out);
    return status < 0 ? status : mci_npy_out_commit(out, err);
}

mc_status mc_search_save(const char *rows_path, const char *scores_path, const uint64_t *rows,
                         const float *scores, size_t n_queries, size_t k, mc_error *err)
{
    if (k == 0 || k >> 20)
        return mc_fail(err, MC_E_ARG, "k is %zu; 1 to %zu are written", k, ((size_t)1 << 20) - 1);
    if (rows_path)
        MC_TRY(save(rows_path, MCI_ARRAY_U64, rows, n_queries, k, err));
    if (scores_path)
        MC_TRY(save(scores_path, MCI_ARRAY_F32, scores, n_queries, k, err));
    return MC_OK;
}
