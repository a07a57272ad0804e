/* A run folder while it is verified. For the verify*.c files only.
 *
 *   facts     run.json, entry_count.npy, entry_prob.npy, datacard.json, summary.json
 *   folder    the inputs of run.json <-> the files in matched/ and curated/
 *   shards    matched/NAME -> ids in range? count, draw, format -> the bytes of curated/NAME
 *   sums      what was recounted against what the facts say; so do the languages
 *
 * Whatever disagrees goes to the findings (verify_findings.h); an error is only what keeps the
 * verifying itself from going on. */
#ifndef MCI_RUN_VERIFY_INTERNAL_H
#define MCI_RUN_VERIFY_INTERNAL_H

#include "base/arena.h"
#include "curate/limits.h"
#include "curate/one_text.h"
#include "metaclip/text.h"
#include "run/run_folder.h"
#include "run/verify_findings.h"
#include "run/verify_list.h"

enum { MCI_VERIFY_MATCHED, MCI_VERIFY_CURATED, MCI_VERIFY_N_SIDES };

/* An input of run.json. */
typedef struct {
    mc_str listed; /* its name there, which is valid UTF-8 */
    mc_str name;   /* its name in the names of files, once one was found */
    bool has[MCI_VERIFY_N_SIDES];
    size_t matched_index; /* among those that have a matched file, once these were listed */
} mci_verify_input;

/* What run.json says. */
typedef struct {
    char metadata_sha256[MC_SHA256_DIGITS + 1];
    uint64_t n_entries, t, seed, max_item_bytes;
    uint64_t target;   /* 0: none */
    double tail_ratio; /* negative: none */
    mc_pairs_form format;
    bool has_t, keep_duplicates, one_text;
    mc_match_rule rule;
    mc_metadata_list *lists; /* of a folder; NULL: a single list */
    size_t n_lists;
    char languages[MC_LANGUAGES_TEXT]; /* that were kept, parted by commas; empty: all */
} mci_verify_options;

/* What summary.json says. */
typedef struct {
    bool is_there, has_languages; /* "by_language" */
    mc_summary values;            /* without problems; missing numbers were found and are 0 */
} mci_verify_summary;

typedef struct {
    const mc_verify_job *job;
    mc_verification *report;
    mci_findings findings;
    mci_arena arena; /* of the names */
    mci_verify_input *inputs;
    size_t n_inputs, cap_inputs;
    uint64_t n_bytes; /* of all files of pairs */

    mci_verify_options options;
    mc_counts counts; /* entry_count.npy; none if it cannot be used */
    mc_card card;     /* its arrays are NULL if it cannot be used */
    bool has_card;
    mci_verify_summary summary;
    char sidecar_sha256[MC_SHA256_DIGITS + 1]; /* of entry_count.npy; empty: none */
    mc_metadata *metadata;                     /* of -m; NULL: none, or another list */

    /* What most witnesses say, and everything is held against. */
    uint64_t n_entries, t, seed;
    mci_limits limits;        /* the t of each list */
    const uint64_t *drawn_by; /* the counts that pairs are drawn by; NULL: not known yet */

    /* With one text an image: the choice of the run's seed, and of the list's. */
    mci_one_text *one_text, *list_text;

    /* What was found in matched/. */
    mc_counters n;                /* pairs_kept, records_kept: what is drawn */
    double expected;              /* sum of keep probabilities */
    uint64_t *pool, *curated;     /* recounted: of the entries, then the pairs of each list */
    uint64_t *first_counts;       /* the pool's, of a first pass; NULL: there was none */
    mc_language_counts languages; /* pairs of each, as kept; counted if the summary does */
    mci_uuid_list list;
} mci_verify;

/* verify_facts.c: reads the small files. Errors: as mc_verify_run. */
mc_status mci_verify_load(mci_verify *v, mc_error *err);
/* Decides whose list it is and how many entries it has. */
void mci_verify_choose_list(mci_verify *v);
/* Sets drawn_by if entry_count.npy and the data card agree on the counts. */
void mci_verify_choose_counts(mci_verify *v);
/* Decides on t and seed, once drawn_by is set. */
mc_status mci_verify_choose_t(mci_verify *v, mc_error *err);

/* verify_one_text.c: in a run of one text an image, chooses by this seed; else *out stays NULL.
 * What is in matched/ must be there and readable. */
mc_status mci_verify_choose_texts(mci_verify *v, uint64_t seed, mci_one_text **out, mc_error *err);
/* The matched files that were found, n of them, in the order of the inputs. */
mc_status mci_verify_matched_list(const mci_verify *v, mci_arena *arena, const char **paths,
                                  size_t *n, mc_error *err);

/* verify_target.c: with a target, is t the one it gives? Reads matched/ once more for it. */
mc_status mci_verify_target(mci_verify *v, mc_error *err);

/* verify_folder.c: which files are there. */
mc_status mci_verify_folder(mci_verify *v, mc_error *err);
/* OUT/PART/HH/NAME, for a file that was found. */
mc_status mci_verify_path(const mci_verify *v, const mci_verify_input *input, int side,
                          mci_buf *path, mc_error *err);

/* verify_shards.c: goes over matched/. Counts into v->pool; with draws also checks curated/ and
 * sets everything else that is found there. */
mc_status mci_verify_shards(mci_verify *v, bool with_draws, mc_error *err);
/* The longest line that is taken. */
uint64_t mci_verify_max_line(const mci_verify *v);

/* verify_languages.c: holds what is said of languages against each other and against matched/.
 * Runs from before summaries told of languages say less, and less is checked. */
void mci_verify_languages(mci_verify *v);

/* verify_sums.c: holds what was recounted against the facts. */
mc_status mci_verify_sums(mci_verify *v, mc_error *err);

#endif
