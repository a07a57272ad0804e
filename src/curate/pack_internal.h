/* Packing, from files to webdataset tars:
 *
 *   INPUT... ---walk--\
 *                      > list: images, sorted by name ---cut---> shards ---> 00000.tar, ...
 *   --table ----rows--/        (rows wait in a file without a name)
 *
 * The list holds names only; a shard is made by one thread, image by image. */
#ifndef MCI_CURATE_PACK_INTERNAL_H
#define MCI_CURATE_PACK_INTERNAL_H

#include <pthread.h>

#include "base/arena.h"
#include "curate/problems.h"
#include "io/image_kind.h"
#include "io/json.h"
#include "io/parquet_out.h"
#include "io/sample_row.h"
#include "io/tar_out.h"

/* ---- the list (pack_list.c, pack_walk.c, pack_rows.c) ---- */

typedef struct {
    const char *path; /* absolute, through no link but perhaps its last name */
    mc_str name;      /* below its INPUT, or as the table has it */
    size_t first_row; /* in rows; n_rows 0: what is said of it stands beside it */
    size_t n_rows;
    uint64_t n_bytes;       /* when it was listed */
    bool has_txt, has_json; /* KEY.txt, KEY.json are there */
    bool is_meant;          /* named by the user, or named like an image */
} mci_pack_image;

typedef struct {
    uint64_t at; /* in the file of rows */
    size_t len;
} mci_pack_row;

typedef struct {
    const mc_pack_job *job; /* the caller's, its defaults filled in */
    mci_arena arena;        /* of paths and names */
    mci_pack_image *images;
    size_t n_images, cap_images;
    mci_pack_row *rows;
    size_t n_rows, cap_rows;
    int rows_fd;        /* lines of pairs; -1 without a table */
    uint64_t n_bytes;   /* of all images, for progress */
    mc_pack_counters n; /* of what is in no shard */
    mci_problems problems;
} mci_pack_list;

/* Lists the images of the job, sorted by name, each once: those of its inputs, and those of its
 * table. out_dir exists; what lies in it is not looked at.
 * Errors: as mc_pack_run; with strict the first thing skipped. Release also after a failure. */
mc_status mci_pack_list_make(const mc_pack_job *job, mci_pack_list *list, mc_error *err);
void mci_pack_list_release(mci_pack_list *list);

/* Adds an image. path and name are copied, into one string if name is path's end. */
mc_status mci_pack_list_add(mci_pack_list *list, const mci_pack_image *image, mc_error *err);
/* Counts what is skipped and keeps what err says of it, which is what and not where; with strict
 * it is an error. */
mc_status mci_pack_list_skip(mci_pack_list *list, uint64_t *counter, const char *where,
                             mc_error *err);
/* The same with strict's words, for whoever keeps problems himself. */
mc_status mci_pack_strict(const mc_pack_job *job, const char *problem, mc_error *err);

/* Adds all that is in the inputs. */
mc_status mci_pack_walk(mci_pack_list *list, mc_error *err);
/* Adds an image for each row of the table whose file is there. */
mc_status mci_pack_read_rows(mci_pack_list *list, mc_error *err);
/* The line of a row (cleared first). */
mc_status mci_pack_row_line(const mci_pack_list *list, const mci_pack_row *row, mci_buf *line,
                            mc_error *err);
/* Reads a row's line for the next two. Wrong bytes become U+FFFD, in `repaired`. */
mc_status mci_pack_row_parse(mci_json *json, mc_str line, mci_buf *repaired, mci_json_value *root,
                             mc_error *err);
/* Which file a row is of, and the image's url if it has one. A column called filepath or file_name
 * names the file; where there is none, that which is taken for the url does. */
void mci_pack_row_names(mci_json_value row, mc_str *path, mc_str *url);

/* ---- what is said of an image (pack_texts.c) ---- */

typedef struct {
    const mci_pack_list *list;
    mci_json *json;
    mci_sample sample;
    mci_arena arena; /* of the record */
    mci_buf line, scratch, path;
    mc_text *texts;
    size_t n_texts, cap_texts;
} mci_pack_reader; /* one thread at a time */

mc_status mci_pack_reader_init(mci_pack_reader *reader, const mci_pack_list *list, mc_error *err);
void mci_pack_reader_release(mci_pack_reader *reader);
/* The url, uuid, texts (none of them empty) and all else that rows or sidecars say; good until the
 * next call. Counts texts in *n. MC_SKIPPED: damaged, or too long, or not there any more. */
mc_status mci_pack_read_texts(mci_pack_reader *reader, const mci_pack_image *image, mc_record *out,
                              mc_pack_counters *n, mc_error *err);
/* Puts the sample's .json into out (cleared first); record is what was read last, with a text. */
mc_status mci_pack_format_json(mci_pack_reader *reader, const mci_pack_image *image,
                               const mc_record *record, const char *key, const char *sha256,
                               mci_buf *out, mc_error *err);
/* "a/b" of "a/b.jpg": what the sidecars' suffixes are put behind. */
mc_str mci_pack_stem(mc_str path);

/* ---- shards (pack_shard.c) ---- */

typedef struct mci_pack_worker mci_pack_worker;

typedef struct {
    const mc_pack_job *job;
    const mci_pack_list *list;
    size_t n_shards;
    unsigned key_digits;    /* of the number in the shard */
    mc_pack_counters *made; /* of each shard, when it is done */
    bool *is_done;
    mci_pack_worker *workers;
    unsigned n_workers;
    pthread_mutex_t lock; /* of progress and what follows */
    uint64_t done_bytes, done_shards;
} mci_pack;

/* What belongs to a thread, and to the shard it is at. */
struct mci_pack_worker {
    mci_pack *pack;
    size_t shard;
    mci_tar_out *tar;
    mc_pack_counters n;
    mci_problems problems;
    mci_buf skipped; /* [["a/b.jpg","why"],... for the shard's stats */
    mci_pack_reader reader;
    mci_buf path;
    mci_buf json; /* of the sample */
    /* the image: its bytes, or a piece of them */
    mci_buf bytes;
    int fd; /* -1: none is open */
    uint64_t n_bytes;
    mci_image_kind kind;
};

/* Adds an image's sample to the shard's tar, or counts it as skipped and keeps why.
 * Errors: MC_E_IO (a large image changed, or cannot be read a second time), and what tar_out.h
 * says; with strict the first image skipped. The tar is then good for nothing. */
mc_status mci_pack_image_add(mci_pack_worker *worker, const mci_pack_image *image, mc_error *err);

/* Makes all shards that are not done. MC_E_MISMATCH, before any is made: the images of one that
 * was made have changed. */
mc_status mci_pack_shards(mci_pack *pack, mc_error *err);

/* Writes what the reader of tars finds in a tar as Parquet. n_records: how many it has to find. */
mc_status mci_pack_parquet(mci_parquet_out *table, const char *tar_path, uint64_t n_records,
                           mc_error *err);

/* ---- the folder (pack_folder.c) ---- */

typedef struct {
    char made_from[MC_SHA256_DIGITS + 1];
    uint64_t tar_bytes, parquet_bytes;
    mc_pack_counters n;
    mc_summary problems; /* carries the texts of its problems, nothing else */
} mci_pack_stamp;

/* Makes the folder if it is not there; *is_new says so. MC_E_MISMATCH: something else is in it. */
mc_status mci_pack_folder_open(const char *dir, bool *is_new, mc_error *err);
/* Writes pack.json, or finds it there and the same; removes left-over temporaries. */
mc_status mci_pack_folder_begin(const mc_pack_job *job, const mci_pack_list *list, mc_error *err);

/* Removes stats.json: a folder that has it is finished, so one that is worked on has none. */
mc_status mci_pack_folder_unfinish(const char *dir, mc_error *err);

/* "DIR/00012" and the suffix; the stamp's is "DIR/state/00012.json". */
mc_status mci_pack_path(const char *dir, size_t shard, const char *suffix, mci_buf *path,
                        mc_error *err);
mc_status mci_pack_stamp_path(const char *dir, size_t shard, mci_buf *path, mc_error *err);
mc_status mci_pack_stamp_save(const mci_pack_stamp *stamp, const char *path, mc_error *err);
/* *found is false if there is none that can be read. */
mc_status mci_pack_stamp_load(const char *path, mci_pack_stamp *stamp, bool *found, mc_error *err);

/* ---- counters (pack_stats.c) ---- */

void mci_pack_counters_add(mc_pack_counters *to, const mc_pack_counters *more);
/* Appends `"name":1,"other":2` for all, or those of a shard. */
mc_status mci_pack_counters_json(const mc_pack_counters *n, bool of_shard, mci_buf *out,
                                 mc_error *err);
void mci_pack_counters_read(mci_json_value object, mc_pack_counters *n);
/* stats.csv, a row a shard, and stats.json. */
mc_status mci_pack_stats_save(const mc_pack_job *job, const mc_pack_counters *shards, size_t n,
                              const mc_pack_counters *sum, mc_error *err);

#endif
