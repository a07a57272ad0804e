/** Metadata: the ordered list of entries that texts are searched for; loading, building, checking
 * and comparing. What it is made from is counted by metaclip/corpus.h. */
#ifndef METACLIP_METADATA_H
#define METACLIP_METADATA_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_metadata mc_metadata;

/** Loads a list: a JSON array of strings, or plain text with one entry a line (LF or CR LF; an
 *  empty line is an empty entry, but for the end of the file), told apart by content; gzip and zstd
 *  too. path "-" is standard input. Immutable; free with mc_metadata_free.
 *  Errors: MC_E_IO, MC_E_FORMAT (where and what), MC_E_NOMEM, MC_E_LIMIT (2^32 - 2 entries, or
 *  4 GiB of them). */
MC_API mc_status mc_metadata_load(const char *path, mc_metadata **out, mc_error *err);
MC_API void mc_metadata_free(mc_metadata *metadata);

/** Room for the name of a list in a folder of them. */
enum { MC_LIST_NAME = 32 };

/** A list of a folder: the file NAME.json, whose entries have the n_entries ids from first_id on.
 */
typedef struct {
    char name[MC_LIST_NAME]; /* "en", "zh", "other" */
    char sha256[MC_SHA256_DIGITS + 1];
    uint64_t first_id, n_entries;
} mc_metadata_list;

/** Loads a list as above, or, if path is a folder, the lists NAME.json (or .json.gz, .json.zst) in
 *  it, one behind the other in the order of their names' bytes, as one list: its ids, length and
 *  SHA-256 are those of the whole. What else lies in the folder is left alone. Errors: as above;
 *  MC_E_FORMAT (no list there, a name of other characters than letters, digits, - and _, two files
 *  of one name). */
MC_API mc_status mc_metadata_load_lists(const char *path, mc_metadata **out, mc_error *err);
/** The lists of a folder, in their order; 0 and NULL if it is a single list. They live as long as
 *  the metadata. */
MC_API size_t mc_metadata_lists(const mc_metadata *metadata, const mc_metadata_list **out);

MC_API size_t mc_metadata_len(const mc_metadata *metadata);
/** The entry with this id (id < len); lives as long as the metadata. */
MC_API mc_str mc_metadata_entry(const mc_metadata *metadata, size_t id);
/** All entries in id order, for mc_matcher_new. */
MC_API const mc_str *mc_metadata_entries(const mc_metadata *metadata);
/** SHA-256 of the entries, each followed by LF, as 64 hex digits: what ids and counts belong to. */
MC_API const char *mc_metadata_sha256(const mc_metadata *metadata);
/** Writes a JSON array (.json), or one entry a line (.txt; MC_E_FORMAT if an entry holds LF).
 *  Atomic: the file appears whole or not at all. */
MC_API mc_status mc_metadata_save(const mc_metadata *metadata, const char *path, mc_error *err);

/** Builds a list from its sources, in this order, first seen first: the numbers "0".."99" (if any
 * of the next is given), the head lemmas of WordNet 3.0, a wordnet of another language, the counted
 *  lists of words, pairs and titles (docs/formats/counted-lists.md), then the lists in `inputs`.
 *  Entries of more than 256 characters, empty ones, and ones of punctuation alone are left out. */
typedef struct {
    const char *wordnet_dir; /* holds data.noun, .verb, .adj, .adv; NULL: no WordNet */
    const char *omw_path;    /* tab file of Open Multilingual WordNet; NULL as above, and so on */
    const char *unigrams_path, *bigrams_path, *titles_path;
    /* No more new entries than these are taken of each, in its order; 0: no limit. */
    uint64_t max_unigrams, max_bigrams, max_titles;
    uint64_t budget; /* entries of the whole list; 0: no limit */
    const char *const *inputs;
    size_t n_inputs;
    mc_hooks hooks;
} mc_metadata_job;

enum { MC_MAX_SOURCES = 64 };

/** What a source gave. */
typedef struct {
    char source[256];
    uint64_t n_read;      /* entries the source holds */
    uint64_t n_dropped;   /* empty, punctuation alone, or too long */
    uint64_t n_duplicate; /* stood in the list already */
    uint64_t n_over;      /* new, but beyond the source's limit or the budget */
    uint64_t n_added;     /* they have the ids from first_id on */
    uint64_t first_id;
    /* Of the duplicates: how many each source (this one, too) had given. */
    uint64_t overlap[MC_MAX_SOURCES];
    char sha256[MC_SHA256_DIGITS + 1]; /* of the file, of WordNet's four one after the other; empty:
                                        * of no file */
} mc_metadata_source;

typedef struct {
    mc_metadata_source sources[MC_MAX_SOURCES];
    size_t n_sources;
} mc_metadata_build;

/** Runs the job. Free *out with mc_metadata_free. Errors: as mc_metadata_load, MC_E_ARG. */
MC_API mc_status mc_metadata_build_run(const mc_metadata_job *job, mc_metadata **out,
                                       mc_metadata_build *report, mc_error *err);

/** Writes PATH.meta.json beside a list that was built: its SHA-256, and which source gave which
 * ids. */
MC_API mc_status mc_metadata_build_save(const mc_metadata_build *report,
                                        const mc_metadata *metadata, const char *path,
                                        mc_error *err);
/** Reads it. *found is false if there is none, or one that does not speak of sources. Errors:
 *  MC_E_MISMATCH (it belongs to another list), MC_E_FORMAT, MC_E_IO. */
MC_API mc_status mc_metadata_build_load(const char *path, const mc_metadata *metadata,
                                        mc_metadata_build *report, bool *found, mc_error *err);

/** How two lists differ. Doubled entries count once. */
typedef struct {
    uint64_t n_both;
    uint64_t n_moved;           /* of these, with another id */
    uint64_t n_only[2];         /* entries of one list alone */
    uint64_t first_only[2][10]; /* ids of the first of these */
} mc_metadata_difference;

MC_API mc_status mc_metadata_compare(const mc_metadata *a, const mc_metadata *b,
                                     mc_metadata_difference *out, mc_error *err);

/** What `metaclip metadata --check` tells. */
typedef struct {
    uint64_t n_entries, n_bytes; /* bytes of the entries without line ends */
    uint64_t n_duplicates;       /* entries that stand earlier in the list too */
    uint64_t n_never_match;      /* see mc_entry_can_match */
    uint64_t n_over_256;         /* longer than 256 characters */
    uint64_t n_invalid_utf8;
    uint64_t longest_bytes, longest_words;
    uint64_t by_words[8];     /* entries of 1, 2, ... 7 words, 8 or more in the last */
    uint64_t first_duplicate; /* ids, valid if the count is not 0 */
    uint64_t first_never_match;
    const char *never_match_why; /* constant; of the first one */
} mc_metadata_report;

MC_API mc_status mc_metadata_check(const mc_metadata *metadata, mc_metadata_report *report,
                                   mc_error *err);
/** The same of the n entries from id `first` on; duplicates are those among them. Errors: MC_E_ARG
 *  (there are fewer). */
MC_API mc_status mc_metadata_check_part(const mc_metadata *metadata, uint64_t first, uint64_t n,
                                        mc_metadata_report *report, mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
