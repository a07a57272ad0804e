/** Exact nearest neighbours: of all rows of features, those that are most like a query.
 *
 *  Every row is looked at, so nothing is built beforehand and nothing is missed; the files are
 *  mapped, and how fast a few queries are answered is how fast memory is read. A batch of queries
 *  reads the features once.
 *
 *  The results are the same bits for any number of threads, any batch and any processor: the score
 *  of a row and a query is computed from these two alone, in a fixed order (docs/search.md), and of
 *  equal scores the smaller row comes first. */
#ifndef METACLIP_SEARCH_H
#define METACLIP_SEARCH_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Features that are searched. Immutable, so threads may share it. */
typedef struct mc_search_index mc_search_index;

/** Opens files of features: .npy of f32 or f16, [n, D] in C order, as one list of rows in the order
 *  of the paths. They are mapped and must not change while the index is open. A folder is the files
 *  that mc_embed_run wrote into it (shard_rows), in their order.
 *
 *  names_path  a text that holds a line for each row; NULL: rows of images are called by the inputs
 *              that mc_embed_run listed beside the files, where it did; "": no names
 *  Errors: MC_E_IO; MC_E_FORMAT; MC_E_SHAPE for another type or rank; MC_E_MISMATCH if files differ
 *  in D, names are not as many as the rows, or a folder lacks a file. All name the path. */
MC_API mc_status mc_search_open(const char *const *paths, size_t n_paths, const char *names_path,
                                mc_search_index **out, mc_error *err);
/** The same over rows in memory, f32 [n, D], which stay the caller's and must outlive the index. */
MC_API mc_status mc_search_open_rows(const float *rows, uint64_t n, size_t D, mc_search_index **out,
                                     mc_error *err);
MC_API void mc_search_close(mc_search_index *index);

/** The number of rows, and of numbers in one. */
MC_API uint64_t mc_search_n_rows(const mc_search_index *index);
MC_API size_t mc_search_dims(const mc_search_index *index);
/** Whether rows have names, at least those of some file. */
MC_API bool mc_search_has_names(const mc_search_index *index);
/** What a row is called: its line without the line end, or its input; empty if it has no name.
 * Lives as long as the index. */
MC_API mc_str mc_search_name(const mc_search_index *index, uint64_t row);

typedef enum {
    MC_SEARCH_COSINE, /* product of row and query, divided by the lengths of both */
    MC_SEARCH_PRODUCT /* their product: the cosine too, if all lengths are 1 */
} mc_search_measure;

typedef struct {
    size_t k; /* neighbours a query, at least 1 */
    mc_search_measure measure;
    unsigned n_threads; /* 0: one a processor */
    mc_hooks hooks;     /* progress, in bytes of features */
} mc_search_options;

/** What stands in the places behind the last neighbour, if there are fewer than k. */
#define MC_SEARCH_NONE UINT64_MAX

/** The k nearest rows of each query, the nearest first.
 *
 *  queries  f32 [n_queries, D], all finite
 *  rows     u64 [n_queries, k], room of the caller's; MC_SEARCH_NONE behind the last
 *  scores   f32 [n_queries, k]; minus infinity behind the last
 *  n_odd    how many rows gave no number against the first query, NULL if nobody asks
 *
 *  A row whose score is not a number (it holds NaN, or its length is beyond f32) is nobody's
 *  neighbour, so it may be missing where k is as large as the index; a row of zeros has the cosine
 *  0. Memory: 16 bytes a thread, neighbour and query of a batch (up to 256), and the batch.
 *  Errors: MC_E_ARG (k is 0), MC_E_FORMAT (a query that is not finite, which is named), MC_E_NOMEM;
 *  rows and scores are then undefined. */
MC_API mc_status mc_search_run(const mc_search_index *index, const float *queries, size_t n_queries,
                               const mc_search_options *options, uint64_t *rows, float *scores,
                               uint64_t *n_odd, mc_error *err);

/** Reads a .npy of f32 or f16, [n, D], or [D] for one row, as f32 [n, D]: queries, for example.
 *  *rows is the caller's (mc_free). Errors: MC_E_IO, MC_E_FORMAT, MC_E_SHAPE, MC_E_NOMEM; all name
 *  the path. */
MC_API mc_status mc_features_load(const char *path, float **rows, size_t *n, size_t *D,
                                  mc_error *err);

/** Writes what mc_search_run gave as .npy: u64 [n_queries, k] and f32 [n_queries, k]; either path
 *  may be NULL. k below 2^20. The files appear whole. Errors: MC_E_IO naming the path. */
MC_API mc_status mc_search_save(const char *rows_path, const char *scores_path,
                                const uint64_t *rows, const float *scores, size_t n_queries,
                                size_t k, mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
