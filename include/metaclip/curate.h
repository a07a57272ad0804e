/** Curation: from a pool of image-text pairs to a balanced set with its data card, as in
 *  "Demystifying CLIP Data" (MetaCLIP, arXiv 2309.16671).
 *
 *  Two ways in. A *job* is a whole command: fill the struct, call its _run function, read the
 *  mc_summary. The smaller pieces (metadata, counts, balancer) are for programs of your own, such
 *  as a data loader that balances online (examples/online_balancing.c). */
#ifndef METACLIP_CURATE_H
#define METACLIP_CURATE_H

#include "metaclip/base.h"
#include "metaclip/info.h"
#include "metaclip/metadata.h"
#include "metaclip/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * Entry counts
 * ------------------------------------------------------------------------------------------ */

/** Number of pairs of the pool that match each entry, in id order. */
typedef struct {
    uint64_t *counts;
    size_t n;
    char metadata_sha256[MC_SHA256_DIGITS + 1]; /* empty: the file does not say */
    bool by_language; /* of a folder of lists, each of which is drawn with a t of its own */
} mc_counts;

/** Loads counts: .npy of uint64 [n], or a JSON object entry -> count (then metadata is needed; an
 *  entry that is missing has count 0). The sidecar `path.meta.json`, if there, says whose they
 *  are. With metadata (may be NULL for .npy): MC_E_MISMATCH if they belong to another list or n
 *  differs, or if they are of a folder of lists and metadata is not: nothing may be drawn by them
 *  with one t. Without a sidecar only n is checked and hooks->warn is told. hooks may be NULL.
 *  Release with mc_counts_release. */
MC_API mc_status mc_counts_load(const char *path, const mc_metadata *metadata,
                                const mc_hooks *hooks, mc_counts *out, mc_error *err);
/** Writes uint64 .npy and, unless metadata_sha256 is empty or path is no regular file, its
 *  sidecar. */
MC_API mc_status mc_counts_save(const mc_counts *counts, const char *path, mc_error *err);
MC_API void mc_counts_release(mc_counts *counts);

/** Adds 1 to counts[id] (n_entries long) for every one of the n_ids ids: counting pairs that are in
 *  memory, their ids one behind the other. For several threads give each counts of its own.
 *  MC_E_ARG if an id is not below n_entries; counts are then as they were. */
MC_API mc_status mc_count_ids(const uint32_t *ids, size_t n_ids, uint64_t *counts, size_t n_entries,
                              mc_error *err);

/** Head, tail and share of an entry-count list under t. */
typedef struct {
    uint64_t n_entries, n_head, n_tail, n_zero; /* head: count >= t; zero ones are tail too */
    uint64_t n_matches, n_tail_matches;         /* sums of counts; tail: count < t */
    double tail_ratio;                          /* n_tail_matches / n_matches, 0 if none */
} mc_count_shape;

MC_API mc_count_shape mc_counts_shape(const mc_counts *counts, uint64_t t);

/** The t of a tail ratio, as the original's p_to_t: with the counts ascending and cum(i) the share
 *  of the first i+1 of all, the count at the first i whose cum is nearest to ratio; at least 1.
 *  Errors: MC_E_ARG (ratio outside 0..1, no matches at all). */
MC_API mc_status mc_t_of_tail_ratio(const mc_counts *counts, double ratio, uint64_t *t,
                                    mc_error *err);

/* ---------------------------------------------------------------------------------------------
 * Balancing
 * ------------------------------------------------------------------------------------------ */

/** Counts, t and seed, made ready to draw: immutable, shared by any number of threads. */
typedef struct mc_balancer mc_balancer;

/** Copies what it needs. t >= 1. Errors: MC_E_ARG, MC_E_NOMEM. Free with mc_balancer_free. */
MC_API mc_status mc_balancer_new(const uint64_t *counts, size_t n, uint64_t t, uint64_t seed,
                                 mc_balancer **out, mc_error *err);
MC_API void mc_balancer_free(mc_balancer *balancer);

/** min(1, t / count), and 1 for a count of 0: an entry's probability. */
MC_API double mc_entry_probability(uint64_t count, uint64_t t);

/** P = 1 - prod(1 - p_e) over the ids (ascending, as mc_match gives them): the probability that
 *  at least one of the independent trials of Algorithm 1 succeeds. 0 without ids.
 *  Errors: MC_E_ARG if an id is not below the number of counts; *out is then untouched. */
MC_API mc_status mc_keep_probability(const mc_balancer *balancer, const uint32_t *ids, size_t n_ids,
                                     double *out, mc_error *err);

/** The same of many pairs in memory: pair i has the ids[offsets[i]] up to, but without,
 *  ids[offsets[i + 1]]; offsets are n_pairs + 1 ascending numbers. out is n_pairs long.
 *  MC_E_ARG if an id is not below the number of counts; out is then undefined. */
MC_API mc_status mc_keep_probabilities(const mc_balancer *balancer, const uint32_t *ids,
                                       const uint64_t *offsets, size_t n_pairs, double *out,
                                       mc_error *err);

/** Draws many pairs in memory: keeps[i] = u[i] < P of pair i, with u from mc_draw. Arguments and
 *  errors as above. */
MC_API mc_status mc_draw_pairs(const mc_balancer *balancer, const uint32_t *ids,
                               const uint64_t *offsets, const double *u, size_t n_pairs,
                               bool *keeps, mc_error *err);

/** The number in [0, 1) that a pair is compared with: (h >> 11) * 2^-53, h =
 *  XXH3_64bits_withSeed(uuid, one zero byte, text; seed). */
MC_API double mc_draw(mc_str uuid, mc_str text, uint64_t seed);

/** By which one of an image's texts is chosen: XXH3_64bits_withSeed("text", one zero byte, uuid,
 * one zero byte, text; seed). The text with the smallest one goes to the trial, which is by
 * mc_draw: another number, for to choose by the number that is then compared would keep more than
 * P. */
MC_API uint64_t mc_text_number(mc_str uuid, mc_str text, uint64_t seed);

/** The seed of an epoch (0 is the first): the seed itself, then XXH3_64bits of seed and epoch,
 *  each as 8 little-endian bytes. */
MC_API uint64_t mc_epoch_seed(uint64_t seed, uint64_t epoch);

/** Whether the pair is kept in this epoch: mc_draw < mc_keep_probability. In epoch 0 that is the
 *  offline set of `metaclip balance`; later epochs draw afresh. Errors as mc_keep_probability. */
MC_API mc_status mc_balancer_keeps(const mc_balancer *balancer, mc_str uuid, mc_str text,
                                   const uint32_t *ids, size_t n_ids, uint64_t epoch, bool *out,
                                   mc_error *err);

/* ---------------------------------------------------------------------------------------------
 * Data card
 * ------------------------------------------------------------------------------------------ */

/* Room for codes of languages, parted by commas, and for the name of what told them. */
enum { MC_LANGUAGES_TEXT = 640 };

/** One of the lists of a folder in a card. */
typedef struct {
    mc_metadata_list list;
    uint64_t t;        /* its own; 0: not drawn, or not known */
    double tail_ratio; /* the share of its matches that lies in the tail under t */
    uint64_t pool_matches, curated_matches; /* sums of its counts */
    uint64_t matched_pairs, curated_pairs;  /* of a run folder; 0: not known */
} mc_card_list;

/** The published distribution of a run. Arrays in id order, n_entries long; curated may be NULL
 *  (not drawn yet). */
typedef struct {
    char tool_version[32];
    char metadata_sha256[MC_SHA256_DIGITS + 1];
    uint64_t n_entries;
    uint64_t t, seed;    /* t 0: not drawn yet. With lists: English's t, else the first list's */
    uint64_t pool_pairs; /* before matching; 0: not known, and so with the next two */
    uint64_t matched_pairs, curated_pairs;
    uint64_t *pool, *curated; /* pairs that match each entry */
    char **earlier_runs;      /* ids of those whose pairs were left out; NULL: none */
    size_t n_earlier_runs;
    char block_sha256[MC_SHA256_DIGITS + 1]; /* of the block list; empty: none */
    char languages[MC_LANGUAGES_TEXT];       /* that were kept, as in mc_pool; empty: all */
    char identified_by[MC_LANGUAGES_TEXT];   /* what told languages: "CLD2 ...", "fastText ...";
                                              * empty:   nothing */
    bool one_text; /* of an image's matched pairs only one went to the trial */
    mc_card_list
        *lists; /* of a folder of metadata, in the order of their ids; NULL: a single one */
    size_t n_lists;
} mc_card;

MC_API mc_status mc_card_load(const char *path, mc_card *out, mc_error *err);
/** Writes JSON, atomically, with a stable order of keys and no time stamps. */
MC_API mc_status mc_card_save(const mc_card *card, const char *path, mc_error *err);
MC_API void mc_card_release(mc_card *card);

/** How two distributions differ. Shares are of all matches. */
typedef struct {
    bool same_metadata;
    uint64_t n_differ;      /* entries whose curated (else pool) counts differ */
    double total_variation; /* half the sum of |share_a - share_b|, 0..1 */
    uint32_t largest[10];   /* ids with the largest |share_a - share_b|, descending */
    double shares[10][2];   /* share_a and share_b of each of these */
    size_t n_largest;
    bool of_curated; /* the curated sets were compared, else the pools */
} mc_card_difference;

/** Compares the curated counts of two cards, or the pool's where either has none.
 *  Errors: MC_E_MISMATCH if the numbers of entries differ. */
MC_API mc_status mc_card_compare(const mc_card *a, const mc_card *b, mc_card_difference *out,
                                 mc_error *err);

/* ---------------------------------------------------------------------------------------------
 * Jobs: the commands over a pool
 * ------------------------------------------------------------------------------------------ */

/* X(name, what it counts). The sums close:
 *   items_read   = items_used + items_passed_over + items_skipped
 *   texts_read   = texts_empty + texts_bad_url + pairs_read
 *   records_read = records_kept + bad_url + without_text + other_language + duplicate + earlier
 *                  + blocked
 *                  + unmatched + not_chosen + not_drawn
 *   pairs_read   = pairs_kept + other_language + duplicate + earlier + blocked + unmatched
 *                  + not_chosen + not_drawn
 *   records_blocked = blocked_by_uuid + blocked_by_url + blocked_by_host
 *
 * A record goes under the reason that took its last text; one that several items of a block list
 * name goes under the first of uuid, url, host. */
#define MC_COUNTERS(X)                                                       \
    X(shards, "input files")                                                 \
    X(shards_damaged, "input files that end early or hold damage")           \
    X(bytes_read, "bytes read of the input files")                           \
    X(items_read, "lines or archive records found")                          \
    X(items_used, "of these, pages or records of pairs")                     \
    X(items_passed_over, "of these, of a kind that holds no images")         \
    X(items_skipped, "of these, damaged, malformed or too long")             \
    X(replaced_bytes, "wrong bytes and lone surrogates that became U+FFFD")  \
    X(undecodable_lines, "lines of WAT records that are not text")           \
    X(records_read, "images")                                                \
    X(records_bad_url, "of these, with a url that cannot be resolved")       \
    X(records_without_text, "of these, without a text")                      \
    X(records_other_language, "of these, with texts of other languages")     \
    X(records_duplicate, "of these, with duplicates only")                   \
    X(records_earlier, "of these, that earlier runs had")                    \
    X(records_blocked, "of these, on a block list")                          \
    X(records_unmatched, "of these, without a match")                        \
    X(records_not_chosen, "of these, with other texts of their images only") \
    X(records_not_drawn, "of these, not drawn")                              \
    X(records_kept, "of these, kept")                                        \
    X(texts_read, "texts")                                                   \
    X(texts_empty, "of these, empty")                                        \
    X(texts_bad_url, "of these, of images without a url")                    \
    X(pairs_read, "pairs")                                                   \
    X(pairs_other_language, "of these, of other languages")                  \
    X(pairs_duplicate, "of these, duplicates")                               \
    X(pairs_earlier, "of these, that earlier runs had")                      \
    X(pairs_blocked, "of these, of images on a block list")                  \
    X(pairs_unmatched, "of these, without a match")                          \
    X(pairs_not_chosen, "of these, other texts of their images")             \
    X(pairs_not_drawn, "of these, not drawn")                                \
    X(pairs_kept, "of these, kept")                                          \
    X(matches, "matches of pairs and entries, after duplicates went")        \
    X(blocked_by_uuid, "images whose uuid is on a block list")               \
    X(blocked_by_url, "images whose url is on a block list")                 \
    X(blocked_by_host, "images whose host is on a block list")               \
    X(entries_replaced, "texts that carried ids already, which were replaced")

typedef struct {
#define X(name, text) uint64_t name;
    MC_COUNTERS(X)
#undef X
} mc_counters;

enum { MC_MAX_PROBLEMS = 8, MC_MAX_LANGUAGE_COUNTS = 256, MC_LANGUAGE_CODE = 32 };

/** Texts of a language, which were identified or said so. */
typedef struct {
    char code[MC_LANGUAGE_CODE];
    uint64_t kept; /* when languages were looked at: what became of them later is not told here */
    uint64_t dropped; /* as of another language than those that were wanted: pairs_other_language */
} mc_language_count;

/** By language, in no order. Together they are all texts whose language was looked at. */
typedef struct {
    mc_language_count of[MC_MAX_LANGUAGE_COUNTS];
    size_t n;
    mc_language_count others; /* that found no room, or whose codes are too long; without a code */
} mc_language_counts;

/** What a run did. Zero-initialise it; set on success, and as far as it came on failure. */
typedef struct {
    mc_counters n;
    char problems[MC_MAX_PROBLEMS][508]; /* the first few things skipped: "file: what and where" */
    size_t n_problems;                   /* filled; all are counted in n */
    char metadata_sha256[MC_SHA256_DIGITS + 1]; /* empty: the job had no metadata */
    uint64_t n_entries;
    /* What the block lists name, taken together. */
    struct {
        char sha256[MC_SHA256_DIGITS + 1]; /* of that; empty: there were none */
        uint64_t n_uuids, n_urls, n_hosts;
    } block;
    uint64_t t, seed;      /* t 0: nothing was drawn */
    mc_count_shape shape;  /* of the counts used, if t is set */
    double expected_pairs; /* sum of keep probabilities, if t is set */
    /* Of a run with a folder of lists: what its data card says of each; NULL: of none. */
    mc_card_list *lists;
    size_t n_lists;
    double seconds;
    char identified_by[MC_LANGUAGES_TEXT]; /* what told languages, as in a card; empty: nothing */
    mc_language_counts languages;
} mc_summary;

/** Frees the lists. Only mc_curate_run gives some, and only with a folder of lists; to be called
 * whatever it returned. */
MC_API void mc_summary_release(mc_summary *summary);

/** The summary as one JSON object on one line (free with mc_free). */
MC_API mc_status mc_summary_json(const mc_summary *summary, char **out, mc_error *err);

/** The input of every job. */
typedef struct {
    const char *const *inputs; /* paths; "-" is standard input */
    size_t n_inputs;
    /* mc_extract_run, mc_match_run: what "-" is called, as if it were a file of this name, which
     * tells tables and captions (.csv, .tsv, .txt) and names the shard; NULL: it has no name. */
    const char *stdin_name;
    bool strict;             /* the first thing skipped is an error */
    uint64_t max_item_bytes; /* a longer line or archive record is skipped; 0: 64 MiB */
    unsigned n_threads;      /* 0: one a processor */
    bool html_by_gumbo;      /* HTML by Gumbo's tree, not by the scanner: the same, but slower */
    mc_hooks hooks;
    /* Where a record is from, as further members of it (docs/formats/pairs.md). One that has such a
     * member already keeps its own. */
    bool keep_page_url; /* "page_url": of the page that the image stands on; archives only */
    bool keep_source;   /* "source": the input, as its base name, or its path if names are paths */
    /* Codes of languages, parted by commas, such as "en,und". Texts without a language get the one
     * that is identified ("und": undecided), and those of other languages are dropped. NULL: no
     * text is looked at. */
    const char *languages;
    /* What identifies them: the path of a fastText model, such as lid.176.bin, whose labels without
     * "__label__" are then the codes; NULL: CLD2. Besides, a probability below which such a model's
     * answer is "und"; 0: its best label is always taken. */
    const char *lid_model;
    double lid_least;
} mc_pool;

/** WAT/WARC (or pairs) -> pairs. The inputs are taken in the order of their shard names, so that
 *  of duplicates the one in the smallest name stays. */
typedef struct {
    mc_pool pool;
    const char *out_path; /* .jsonl[.gz|.zst] or .parquet; "-" is standard output */
    bool keep_duplicates;
    bool names_from_paths; /* as in mc_curate_job */
    uint64_t dedup_memory; /* bytes that finding duplicates may take; 0: 1 GiB. Beyond it the rest
                            * of the pairs waits in temporary files */
    const char *temp_dir;  /* for these; NULL: the output's folder, of a pipe $TMPDIR or /tmp */
    /* What earlier runs had goes too: a folder that carries their pairs' keys from run to run, and
     * takes up this run's once it is complete. NULL: none. */
    const char *state_dir;
    const char *run_id; /* this run's name there; NULL: its output's, without suffixes */
    const char *const *block_paths; /* block lists, see mc_match_job */
    size_t n_block_paths;
} mc_extract_job;
MC_API mc_status mc_extract_run(const mc_extract_job *job, mc_summary *summary, mc_error *err);

/** Pairs + metadata -> matched pairs; texts without a match are dropped and counted.
 *
 *  Block lists name hosts, urls and uuids that must not be in the result
 *  (docs/formats/block-lists.md): an image that one of them names loses all the texts that it has
 *  left, whatever else would be kept. A line that cannot be understood is an error, MC_E_FORMAT,
 *  so that nothing passes because of a slip of the pen. */
typedef struct {
    mc_pool pool;
    const char *metadata_path;
    mc_match_rule rule;
    const char *out_path;
    const char *const *block_paths; /* plain, gzip or zstd; "-" is standard input */
    size_t n_block_paths;           /* 0: none */
} mc_match_job;
MC_API mc_status mc_match_run(const mc_match_job *job, mc_summary *summary, mc_error *err);

/** Matched pairs -> entry counts. */
typedef struct {
    mc_pool pool;
    const char *metadata_path;
    const char *out_path; /* .npy, uint64 [entries] */
} mc_count_job;
MC_API mc_status mc_count_run(const mc_count_job *job, mc_summary *summary, mc_error *err);

/** Matched pairs + counts -> curated pairs. */
typedef struct {
    mc_pool pool;
    const char *metadata_path; /* NULL: no check of the list and no data card */
    const char *counts_path;
    uint64_t target;   /* not 0: the t of so many curated pairs, see below */
    double tail_ratio; /* else, if not negative, the t of mc_t_of_tail_ratio */
    uint64_t t;        /* else this one */
    uint64_t seed;
    const char *out_path;
    const char *card_path; /* NULL: none. Needs metadata_path */
    /* Of an image's matched pairs in all inputs only the one with the smallest mc_text_number goes
     * to the trial. The counts stay those of all pairs; a pair's expected part is P divided by
     * their number. The inputs are read once more, so they must be files. */
    bool one_text;
    const char *temp_dir; /* with one_text, for temporary files, some 50 bytes a pair; NULL: the
                           * output's folder, of a pipe $TMPDIR or /tmp */
} mc_balance_job;
/** With a target, t is the smallest one whose expected number of curated pairs is at least that:
 *  the sum over all pairs of round(P * 2^32), halves to even, is target * 2^32 or more. With
 *  one_text it is the sum of round(P / k * 2^32), k the number of the image's matched pairs, and
 * the largest count is taken where only rounding keeps every t below a target of no more than all
 *  images. It is found
 *  by reading the inputs a few times, so they must be files; it is the same for any number of
 *  threads. MC_E_ARG if fewer pairs match an entry; the text says how many do. */
MC_API mc_status mc_balance_run(const mc_balance_job *job, mc_summary *summary, mc_error *err);

/** What a t would give. */
typedef struct {
    mc_count_shape shape; /* of the job's counts under t */
    uint64_t t;
    double expected_pairs; /* sum of P */
    double deviation;      /* standard deviation of the number drawn: root of the sum of P(1-P);
                            * with one_text of P(1-P)/k: of the trials alone, not of the choice */
} mc_plan_row;

enum { MC_MAX_PLAN_ROWS = 64 };

typedef struct {
    uint64_t matched_pairs; /* pairs that match an entry, with one_text one of each image: the most
                             * that a t can keep */
    uint64_t t;             /* what the job's target, tail_ratio or t asks for; 0: nothing */
    mc_plan_row rows[MC_MAX_PLAN_ROWS]; /* t ascending */
    size_t n_rows;
} mc_plan;

/** Before balancing: a row for t = 1, 2, 5, 10, 20, 50 and so on up to the first that keeps all,
 *  and for the t of the job, if it gives one (with target 0, tail_ratio negative and t 0 it does
 *  not). Writes nothing; seed, out_path and card_path are not looked at. The summary tells of one
 *  reading, with all pairs as kept. Errors as mc_balance_run. */
MC_API mc_status mc_plan_run(const mc_balance_job *job, mc_plan *plan, mc_summary *summary,
                             mc_error *err);

/** A data card from counts, from matched pairs, and from curated ones (see `metaclip help card`).
 */
typedef struct {
    mc_pool pool; /* matched pairs; may be none if counts_path is given */
    const char *metadata_path;
    const char *counts_path;
    const char *const *curated_inputs; /* curated pairs, may be none */
    size_t n_curated_inputs;
    uint64_t t, seed; /* as stated by the caller, for the record; t 0: unknown */
    const char *out_path;
} mc_card_job;
MC_API mc_status mc_card_run(const mc_card_job *job, mc_summary *summary, mc_error *err);

/** The form of the files of pairs in a run folder. */
typedef enum { MC_JSONL, MC_JSONL_GZ, MC_JSONL_ZST, MC_PARQUET, MC_N_PAIRS_FORMS } mc_pairs_form;

/** How the form is called, as the suffix of a name: "jsonl", "jsonl.gz", "jsonl.zst", "parquet". */
MC_API const char *mc_pairs_form_name(mc_pairs_form form);

/** The whole way, shard by shard, into a run folder (docs/formats/run-folder.md). Goes on where an
 *  earlier call with the same options stopped, however it stopped. Several processes, on one
 *  machine or many that share the folder, may run the same job at once: they divide the shards
 *  among them, take up those of one that dies, and all return when the run is finished. */
typedef struct {
    mc_pool pool;
    const char *metadata_path;
    mc_match_rule rule;
    const char *out_dir;
    uint64_t target; /* these three as in mc_balance_job */
    double tail_ratio;
    uint64_t t;
    uint64_t seed;
    bool keep_duplicates;
    unsigned rank, n_ranks; /* one of several processes on this folder; 0, 0: alone or not known */
    uint64_t dedup_memory;  /* bytes that finding duplicates may take; 0: 1 GiB */
    mc_pairs_form format;   /* of the files in matched/ and curated/ */
    const char *state_dir;  /* these two as in mc_extract_job */
    const char *run_id;
    bool names_from_paths; /* shard names are whole paths ("/" becomes "_"), not base names */
    const char *const *block_paths; /* block lists, see mc_match_job */
    size_t n_block_paths;
    bool one_text; /* as in mc_balance_job, of all matched pairs of the run */
} mc_curate_job;
MC_API mc_status mc_curate_run(const mc_curate_job *job, mc_summary *summary, mc_error *err);

/* X(name, what it counts) of a packing. The sums close:
 *   files_found  = files_hidden + files_linked + files_sidecar + files_other + images_found
 *   rows_read    = rows_used + rows_without_image + rows_skipped
 *   images_found = images_packed + the other images_ "of these"
 *   images_packed = images_jpeg + images_png + images_webp
 *   texts_read   = texts_packed + texts_empty
 * The second list is also told of each shard. */
#define MC_PACK_LIST_COUNTERS(X)                                      \
    X(files_found, "files")                                           \
    X(files_hidden, "of these, hidden ones, and hidden folders")      \
    X(files_linked, "of these, links to folders, not followed")       \
    X(files_sidecar, "of these, texts and facts (.txt, .json)")       \
    X(files_other, "of these, no images by their names")              \
    X(folders_unreadable, "folders that cannot be read")              \
    X(rows_read, "rows of the table")                                 \
    X(rows_used, "of these, of an image")                             \
    X(rows_without_image, "of these, of a file that cannot be found") \
    X(rows_skipped, "of these, damaged, malformed or without a name")
#define MC_PACK_SHARD_COUNTERS(X)                                     \
    X(images_found, "images")                                         \
    X(images_without_text, "of these, without a text")                \
    X(images_bad_sidecar, "of these, with a damaged text")            \
    X(images_unreadable, "of these, that cannot be read")             \
    X(images_empty, "of these, empty files")                          \
    X(images_too_large, "of these, too large")                        \
    X(images_unsupported, "of these, of a format that is not packed") \
    X(images_unknown, "of these, no images by their content")         \
    X(images_packed, "of these, packed")                              \
    X(images_jpeg, "JPEG images packed")                              \
    X(images_png, "PNG images packed")                                \
    X(images_webp, "WebP images packed")                              \
    X(texts_read, "texts")                                            \
    X(texts_empty, "of these, empty")                                 \
    X(texts_packed, "of these, packed")                               \
    X(replaced_bytes, "wrong bytes of texts that became U+FFFD")      \
    X(image_bytes, "bytes of the images packed")                      \
    X(tar_bytes, "bytes of the tars")
#define MC_PACK_COUNTERS(X)   \
    MC_PACK_LIST_COUNTERS(X)  \
    MC_PACK_SHARD_COUNTERS(X) \
    X(shards, "tars")

typedef struct {
#define X(name, text) uint64_t name;
    MC_PACK_COUNTERS(X)
#undef X
} mc_pack_counters;

/** What a packing did, or found done. Zero-initialise it. */
typedef struct {
    mc_pack_counters n;
    char problems[MC_MAX_PROBLEMS][508]; /* the first few things skipped */
    size_t n_problems;
    double seconds;
} mc_pack_summary;

/** Images with their texts, from folders or a table, into webdataset tars (docs/formats/pack.md).
 *  Goes on where an earlier call with the same inputs and options stopped, however it stopped. */
typedef struct {
    mc_pool pool;           /* inputs: folders and images, may be none if table_path is given;
                             * max_item_bytes: of a text beside an image, or a row */
    const char *table_path; /* csv, tsv, Parquet or lines of pairs; NULL: none */
    const char *out_dir;
    uint64_t samples;         /* images a shard, at most; 0: 10,000 */
    uint64_t max_image_bytes; /* a larger one is skipped; 0: 64 MiB */
    bool parquet;             /* beside each tar what `metaclip extract` finds in it, as Parquet */
} mc_pack_job;
/** Errors: MC_E_MISMATCH if out_dir holds another packing, saying what differs; MC_E_ARG, MC_E_IO,
 *  MC_E_FORMAT (a table that is none), MC_E_NOMEM. */
MC_API mc_status mc_pack_run(const mc_pack_job *job, mc_pack_summary *summary, mc_error *err);
/** The summary as one JSON object on one line (free with mc_free). */
MC_API mc_status mc_pack_summary_json(const mc_pack_summary *summary, char **out, mc_error *err);

/* ---------------------------------------------------------------------------------------------
 * Verifying a run folder
 * ------------------------------------------------------------------------------------------ */

/* X(name, what is counted as checked, what it is that has to be right). */
#define MC_CHECKS(X)                                                                        \
    X(files, "files", "every input has its two files, nothing else lies there")             \
    X(metadata, "places", "all name the same metadata list")                                \
    X(records, "records", "matched/ can be read, and its ids are in range and ascending")   \
    X(counts, "entries", "counts of matched/ and of what is drawn are the published ones")  \
    X(probabilities, "entries", "entry_prob.npy is min(1, t / count)")                      \
    X(draws, "pairs", "curated/ holds what is drawn from matched/, to the byte")            \
    X(sums, "numbers", "t, seed and sums agree in run.json, data card and summary")         \
    X(languages, "numbers", "languages agree in run.json, data card, summary and matched/") \
    X(texts, "texts", "ids are what the metadata's matcher gives")                          \
    X(duplicates, "pairs", "no pair stands twice in matched/")                              \
    X(list, "uuids", "the list of uuids is the set drawn with its t and seed")

typedef enum {
#define X(name, unit, text) MC_CHECK_##name,
    MC_CHECKS(X)
#undef X
        MC_N_CHECKS
} mc_check_kind;

enum { MC_MAX_FINDINGS = 5 };

/** One kind of check, and what it found. */
typedef struct {
    bool is_done;        /* false: not asked for, or not possible after other findings */
    uint64_t n_checked;  /* things looked at */
    uint64_t n_findings; /* of these, wrong ones; and what is missing */
    char first[MC_MAX_FINDINGS][508]; /* "file: where: what is there, what was expected" */
} mc_check;

typedef struct {
    mc_check checks[MC_N_CHECKS];
    uint64_t n_findings;                             /* of all checks */
    uint64_t n_shards, matched_pairs, curated_pairs; /* curated: as drawn */
    uint64_t t, seed;
    char metadata_sha256[MC_SHA256_DIGITS + 1];
    /* A list against the set that its t and seed give; uuids, each counted once. */
    struct {
        uint64_t t, seed;
        uint64_t n_listed, n_repeated; /* repeated: further lines with the same uuid */
        uint64_t n_drawn, n_both, n_only_listed, n_only_drawn;
    } list;
    double seconds;
} mc_verification;

/** Checks a finished run folder from its published files alone; state/ is not looked at. With
 *  several witnesses of one fact (t, seed, counts, the list's SHA-256) most decide which of them
 *  is named as wrong. Memory: the metadata's tables, counts and buffers of each thread. */
typedef struct {
    const char *dir;
    const char *metadata_path; /* NULL: texts are not matched again */
    bool duplicates;           /* look for duplicates: 16 bytes a matched pair, and up to three
                                * times that for the table; nothing to do if the run kept them */
    const char *list_path;     /* NULL: none. One uuid a line, "-" is standard input; takes 16
                                * bytes a uuid likewise, for the list and for the set */
    uint64_t list_t;           /* what the list is said to be drawn with; 0: the run's */
    const uint64_t *list_seed; /* NULL: the run's */
    uint64_t max_item_bytes;   /* a longer line is a finding; 0: as in the run */
    unsigned n_threads;        /* 0: one a processor */
    mc_hooks hooks;
} mc_verify_job;

/** Disagreements are no errors: they are in *out, whose n_findings is 0 for a sound folder (and an
 *  equal list). Errors: MC_E_IO; MC_E_FORMAT (not a run folder, a damaged list); MC_E_NOMEM. */
MC_API mc_status mc_verify_run(const mc_verify_job *job, mc_verification *out, mc_error *err);

/* ---------------------------------------------------------------------------------------------
 * Exporting: pairs in the forms that others' tools take (docs/formats/export.md)
 * ------------------------------------------------------------------------------------------ */

typedef enum {
    MC_EXPORT_UUIDS,    /* a list of uuids, one a line */
    MC_EXPORT_DATACOMP, /* DataComp's subset file: .npy of "u8,u8", sorted */
    MC_EXPORT_INVERTED, /* the original's index: a .npy of (entry id, text position) a shard */
    MC_EXPORT_SUBSET,   /* the original's subsets: a .npy of the kept positions a shard */
    MC_EXPORT_PAIRS,    /* all pairs as one file */
    MC_EXPORT_TAR,      /* the kept samples of webdataset tars */
    MC_N_EXPORT_FORMS
} mc_export_form;

/* X(name, what it counts). The sums close:
 *   uuids_read   = uuids_written + uuids_repeated + uuids_others
 *   samples_read = samples_copied + samples_not_curated + samples_damaged */
#define MC_EXPORT_COUNTERS(X)                                                \
    X(files_written, "files written")                                        \
    X(uuids_read, "uuids of records")                                        \
    X(uuids_repeated, "of these, repeated, which stand there once")          \
    X(uuids_others, "of these, without 32 hex digits")                       \
    X(uuids_written, "of these, written")                                    \
    X(matches_written, "matches written, of entries and positions of texts") \
    X(positions_written, "positions of kept pairs written")                  \
    X(pairs_written, "pairs written")                                        \
    X(samples_read, "samples of tars")                                       \
    X(samples_not_curated, "of these, without a curated pair")               \
    X(samples_damaged, "of these, damaged")                                  \
    X(samples_copied, "of these, copied")                                    \
    X(members_left_out, "members of tars that are of no sample, left out")   \
    X(bytes_written, "bytes written to tars")

typedef struct {
#define X(name, text) uint64_t name;
    MC_EXPORT_COUNTERS(X)
#undef X
} mc_export_counters;

/** What an export did. */
typedef struct {
    mc_export_counters n;
    mc_summary summary; /* of the reading, with all pairs as kept; of tars, for MC_EXPORT_TAR */
} mc_export;

/** An input that is a folder is a run folder that curate has finished: its curated files are taken
 *  (for MC_EXPORT_INVERTED those of matched/), in the order of the shards' names. Any other input
 *  is a file of pairs; for MC_EXPORT_TAR, a tar. */
typedef struct {
    mc_pool pool; /* max_item_bytes 0: as in the run, else 64 MiB */
    mc_export_form form;
    const char *out_path; /* a file; INVERTED, SUBSET, TAR: a folder, which is made */
    /* TAR: what is kept. One run folder (memory: 16 bytes for each uuid of the shards in work, in
     * a table that is at most three quarters full), or files of pairs (of all uuids). */
    const char *const *curated_inputs;
    size_t n_curated_inputs;
    bool names_from_paths; /* TAR with files of pairs: as in mc_curate_job */
    bool skip_others;      /* DATACOMP: leave out uuids that are not 32 hex digits */
    uint64_t sort_memory;  /* DATACOMP: bytes for sorting; 0: 256 MiB */
} mc_export_job;

/** Every file appears whole or not at all; after a failure those that were finished stay, and the
 *  same job writes them anew. Errors: as of the other jobs; MC_E_FORMAT (a run folder that is not
 *  finished; damage where it would shift positions or hide what is kept; uuids that the form cannot
 *  hold), MC_E_MISMATCH (pairs of different metadata lists), MC_E_LIMIT (a shard of more than
 *  2^32 - 1 texts). Zero-initialise *out; set as far as it came on failure. */
MC_API mc_status mc_export_run(const mc_export_job *job, mc_export *out, mc_error *err);

/** The name of a form, as --to has it: "uuids", ... */
MC_API const char *mc_export_form_name(mc_export_form form);

/* ---------------------------------------------------------------------------------------------
 * What is this file?
 * ------------------------------------------------------------------------------------------ */

/** Looks into a file or run folder, bounded in time and memory (it reads the start of large
 *  files). Errors: MC_E_IO; MC_E_FORMAT if nothing known fits. */
MC_API mc_status mc_info_read(const char *path, mc_info *out, mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
