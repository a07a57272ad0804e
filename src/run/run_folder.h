/* The run folder of `metaclip curate`: where its files lie, and what keeps it whole.
 *
 *     OUT/run.json                       options and inputs
 *     OUT/matched/HH/NAME.jsonl          results, one file a shard; or .jsonl.zst, .parquet
 *     OUT/curated/HH/NAME.jsonl
 *     OUT/entry_count.npy  entry_prob.npy  datacard.json  summary.json
 *     OUT/state/                         what a restart needs; nobody else's business
 *
 * HH: the low byte of XXH3_64bits(NAME) in two hex digits, so that no folder grows too large. */
#ifndef MCI_RUN_FOLDER_H
#define MCI_RUN_FOLDER_H

#include "base/buf.h"
#include "metaclip/curate.h"

enum { MCI_RUN_VERSION = 2 }; /* of this layout, in run.json */

typedef enum {
    MCI_RUN_MATCHED,
    MCI_RUN_CURATED,
    MCI_RUN_POOL,         /* matched, before duplicates went */
    MCI_RUN_POOL_KEYS,    /* the keys of its pairs, pair_keys.h */
    MCI_RUN_POOL_COUNTS,  /* sparse counts of the pool file */
    MCI_RUN_DROPS,        /* marks of the pool file's pairs (curate/duplicates.h), if any goes */
    MCI_RUN_COUNTS,       /* sparse counts of the matched file */
    MCI_RUN_IMAGE_KEYS,   /* with --one-text: of the matched file's pairs, image_keys.h */
    MCI_RUN_CHOICES,      /* ... which of them go to the trial, choices.h */
    MCI_RUN_DRAWN_COUNTS, /* ... of the curated file */
    MCI_RUN_POOL_STAMP,
    MCI_RUN_MATCHED_STAMP,
    MCI_RUN_IMAGE_STAMP,
    MCI_RUN_CURATED_STAMP,
    MCI_RUN_N_PARTS
} mci_run_part;

typedef struct {
    const char *dir; /* OUT */
    mc_pairs_form format;
} mci_run_folder;

/* Makes the folder if need be. Errors: MC_E_IO (cannot be made or written); MC_E_MISMATCH (it is
 * what pack, embed or train made). Nothing to close. */
mc_status mci_run_folder_open(const char *dir, mc_pairs_form format, mci_run_folder *out,
                              mc_error *err);
/* Removes temporaries that a killed run left. Only while nobody else works in the folder. */
mc_status mci_run_folder_clean(const mci_run_folder *folder, mc_error *err);

/* ".jsonl", ".jsonl.gz", ".jsonl.zst" or ".parquet". */
const char *mci_run_suffix(mc_pairs_form form);

/* The path of a shard's file, NUL-terminated, into `path` (cleared first). */
mc_status mci_run_path(const mci_run_folder *folder, mci_run_part part, mc_str name, mci_buf *path,
                       mc_error *err);
/* The same, and its folders are made. */
mc_status mci_run_path_for_writing(const mci_run_folder *folder, mci_run_part part, mc_str name,
                                   mci_buf *path, mc_error *err);
/* OUT/file. */
mc_status mci_run_file(const mci_run_folder *folder, const char *file, mci_buf *path,
                       mc_error *err);

/* Removes the files in OUT/name; uses path. */
mc_status mci_run_empty_folder(const mci_run_folder *folder, const char *name, mci_buf *path,
                               mc_error *err);

/* Makes `to` the same file as `from`, atomically (a hard link, or a copy where there are none). */
mc_status mci_run_link(const char *from, const char *to, mc_error *err);
#endif
