/** What metadata is made from: counted lists of the words, pairs of words and titles of Wikipedia,
 * or of any text, as in MetaCLIP (arXiv 2309.16671, section 3.1) and its worldwide successor (arXiv
 *  2507.22062, section 3.1).
 *
 *  Both jobs read files of any size in bounded memory and keep what they have counted in DIR/state,
 *  so that they go on where they were stopped, and choose anew without reading when only the limits
 *  changed. The same inputs give the same bytes, whatever the threads, the memory, the order of
 *  inputs and restarts. */
#ifndef METACLIP_CORPUS_H
#define METACLIP_CORPUS_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What both jobs have. */
typedef struct {
    const char *const *inputs; /* files and folders */
    size_t n_inputs;
    const char *out_dir;
    const char *language;    /* "en", "zh", "pt": of a Wikipedia */
    unsigned n_threads;      /* 0: one a processor */
    uint64_t memory_bytes;   /* of counts, in all threads; 0: 2 GiB */
    uint64_t max_page_bytes; /* a longer page or line is passed over or cut; 0: 64 MiB */
    mc_hooks hooks;
} mc_corpus;

/* X(name, what it counts). The sums close:
 *   pages_read = pages_counted + pages_redirect + pages_other + pages_damaged
 *   lines_read = lines_counted + lines_other + lines_damaged */
#define MC_CORPUS_COUNTERS(X)                                             \
    X(inputs, "input files")                                              \
    X(bytes_read, "bytes of them")                                        \
    X(text_bytes, "bytes of them, decompressed")                          \
    X(gaps, "places where a file is damaged")                             \
    X(pages_read, "pages of dumps")                                       \
    X(pages_counted, "of these, articles that were counted")              \
    X(pages_redirect, "of these, redirects")                              \
    X(pages_other, "of these, in other namespaces or no wikitext")        \
    X(pages_damaged, "of these, cut, no XML, or too long")                \
    X(prose_bytes, "bytes of text that was counted")                      \
    X(lines_read, "lines of page views")                                  \
    X(lines_counted, "of these, counted")                                 \
    X(lines_other, "of these, of other wikis and namespaces, or too few") \
    X(lines_damaged, "of these, damaged")                                 \
    X(words, "words, or views of titles")                                 \
    X(pairs, "pairs of words")                                            \
    X(kinds_of_words, "different words, or titles")                       \
    X(kinds_of_pairs, "different pairs")                                  \
    X(words_listed, "words, or titles, in the list")                      \
    X(pairs_listed, "pairs in the list")

enum { MC_MAX_CORPUS_PROBLEMS = 8 };

/** What a job did. Zero-initialise it. */
typedef struct {
#define X(name, text) uint64_t name;
    MC_CORPUS_COUNTERS(X)
#undef X
    char problems[MC_MAX_CORPUS_PROBLEMS][256]; /* the first things that were passed over */
    size_t n_problems;
    bool counted_before; /* nothing had to be read */
} mc_corpus_summary;

/** The summary as one JSON object on one line (free with mc_free). */
MC_API mc_status mc_corpus_summary_json(const mc_corpus_summary *summary, char **out,
                                        mc_error *err);

/** Text -> DIR/unigrams.tsv and DIR/bigrams.tsv.
 *
 *  Inputs: pages-articles XML of MediaWiki (articles only), or plain text; bzip2 (on all threads),
 *  gzip, zstd or plain. Unigrams come by falling count, bigrams by falling pointwise mutual
 *  information log2(c(x,y) N / (c(x) c(y))), N the number of words; equal ones by their bytes. The
 *  order is computed with integers, hence exact. */
typedef struct {
    mc_corpus corpus;
    bool lower_case;           /* words are counted in lower case */
    uint64_t min_count;        /* of a unigram; 0: 1 */
    double share;              /* if not 0: of the different words, this share at most */
    uint64_t max_unigrams;     /* 0: no limit */
    uint64_t bigram_min_count; /* 0: 1 */
    uint64_t max_bigrams;      /* 0: no limit */
    double bigram_share;       /* if not 0: this share of the number of unigrams listed at most */
    uint64_t min_pmi;          /* if not 0: bigrams of this PMI or more */
} mc_ngrams_job;

/** Errors: MC_E_ARG, MC_E_IO, MC_E_FORMAT, MC_E_NOMEM, MC_E_LIMIT (more than 2^42 words),
 * MC_E_MISMATCH (DIR/state was counted from other inputs or otherwise; err says what to do). */
MC_API mc_status mc_ngrams_run(const mc_ngrams_job *job, mc_corpus_summary *summary, mc_error *err);

/** Hourly `pageviews` files of Wikimedia -> DIR/titles.tsv: the views of each title, summed over
 *  all files, by falling number; equal ones by their bytes. A line is "en Red_car 57 0". Titles
 * with a colon (other namespaces), of more than 256 characters, or of punctuation alone are left
 * out. */
typedef struct {
    mc_corpus corpus;
    bool mobile;             /* views of the mobile site count, too: "en.m" */
    uint64_t min_line_views; /* lines of fewer are passed over */
    uint64_t min_views;      /* of a title, in all */
    double share;            /* if not 0: of the titles, this share at most */
    uint64_t max_titles;     /* 0: no limit */
} mc_titles_job;

MC_API mc_status mc_titles_run(const mc_titles_job *job, mc_corpus_summary *summary, mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
