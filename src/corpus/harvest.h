/* From pieces to counts. A piece is worked on by any thread, in any order, except for what it
 * shares with its neighbours: a page or line that begins in one and ends in another.
 *
 *     piece 1 |</page> <page>...</page> <page>...|   piece 2 |...</page> <page>...</page> <page>|
 *              ^ head   ^ whole, counted  ^ tail               ^ head    ^ whole           ^ tail
 *
 * Heads and tails are joined in order by one thread, the stitcher. */
#ifndef MCI_CORPUS_HARVEST_H
#define MCI_CORPUS_HARVEST_H

#include "corpus/count_table.h"
#include "corpus/text_pieces.h"
#include "corpus/tokens.h"
#include "metaclip/corpus.h"

/* What is counted. */
typedef struct {
    bool is_titles;
    mc_str domain, mobile_domain; /* of titles: "en"; the second may be empty */
    uint64_t min_line_views;
    uint64_t max_page_bytes;
} mci_harvest_rule;

/* What one thread has. */
typedef struct mci_harvester mci_harvester;

/* Keeps rule, letters. */
mc_status mci_harvester_new(const mci_harvest_rule *rule, const mci_letters *letters,
                            const char *language, bool folds, uint64_t memory_bytes,
                            mci_harvester **out, mc_error *err);
void mci_harvester_free(mci_harvester *harvester);
mci_count_table *mci_harvester_table(mci_harvester *harvester);
/* Adds its counters and problems to sum, and forgets them. */
void mci_harvester_settle(mci_harvester *harvester, mc_corpus_summary *sum);

/* Text of one piece between two gaps; offsets into its text. */
enum { MCI_MOST_SECTIONS = MCI_BZIP2_SPAN_BLOCKS + 2 };
typedef struct {
    size_t from, head_end, tail_from, to;
    bool is_after_gap;
} mci_section;

typedef struct {
    mci_piece piece;
    mci_section sections[MCI_MOST_SECTIONS];
    size_t n_sections;
} mci_harvest;

void mci_harvest_release(mci_harvest *harvest);

/* Decodes the piece, counts what is whole in it and finds heads and tails. name: of its input. */
mc_status mci_harvest_work(mci_harvester *harvester, mci_harvest *harvest, const char *name,
                           mc_error *err);
/* Counts what the heads complete; in order. carry: what pieces before left open, empty at first. */
mc_status mci_harvest_stitch(mci_harvester *harvester, const mci_harvest *harvest, const char *name,
                             mci_buf *carry, mc_error *err);

#endif
