/* One input file as a row of items, not yet looked into: lines of pairs, WAT records, or HTTP
 * responses. What the file is, its content says; where that cannot tell (tables, captions), its
 * name. Rows of tables, members of tars and lines of captions come as lines of pairs. */
#ifndef MCI_CURATE_SOURCE_H
#define MCI_CURATE_SOURCE_H

#include "metaclip/curate.h"

typedef enum { MCI_ITEM_PAIRS, MCI_ITEM_WAT, MCI_ITEM_RESPONSE } mci_item_kind;

typedef struct {
    mci_item_kind kind;
    mc_str bytes;    /* the line, or the record's block; until the next call */
    mc_str uri;      /* of an archive record */
    uint64_t offset; /* in decompressed bytes; Parquet: the row's number */
} mci_item;

typedef enum {
    MCI_FORM_PAIRS, /* JSON Lines or an array; whatever nothing else is known of */
    MCI_FORM_ARCHIVE,
    MCI_FORM_PARQUET,
    MCI_FORM_TAR,
    MCI_FORM_CSV,
    MCI_FORM_TSV,
    MCI_FORM_CAPTIONS
} mci_form;

/* What a file is by its first 512 bytes, and by its name where they say nothing. */
mci_form mci_form_of(const char *path, mc_str start);

typedef struct mci_source mci_source;

/* Errors: MC_E_IO; MC_E_FORMAT for what is known and not taken (ARC, WET). */
mc_status mci_source_open(const char *path, uint64_t max_item_bytes, mci_source **out,
                          mc_error *err);
/* The same, taken for a file called `name` where its form is a matter of names. */
mc_status mci_source_open_as(const char *path, const char *name, uint64_t max_item_bytes,
                             mci_source **out, mc_error *err);
void mci_source_close(mci_source *source);

/* MC_OK; MC_END; MC_SKIPPED: damage, err says what and where, reading goes on.
 * Records of other kinds are passed over and counted in *n_passed_over (never reset). */
mc_status mci_source_next(mci_source *source, mci_item *item, uint64_t *n_passed_over,
                          mc_error *err);

uint64_t mci_source_bytes_read(const mci_source *source);

#endif
