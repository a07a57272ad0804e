/* WARC records (1.0, 1.1, 0.18; ISO 28500) out of a stream: a header, then Content-Length bytes.
 * Length-driven: blank lines after a record may be missing or too many. A record whose header
 * cannot be read, or that is cut, is skipped up to the next line that begins with "WARC/". Folded
 * lines are joined; of repeated fields the first counts. */
#ifndef MCI_IO_WARC_H
#define MCI_IO_WARC_H

#include "io/stream.h"

typedef enum {
    MCI_WARC_OTHER, /* warcinfo, request, revisit, resource, ... */
    MCI_WARC_RESPONSE,
    MCI_WARC_METADATA,
    MCI_WARC_CONVERSION, /* what WET files hold */
} mci_warc_type;

typedef struct {
    mci_warc_type type;
    mc_str target_uri;   /* without the angle brackets of wget; empty if absent */
    mc_str content_type; /* as written; empty if absent */
    mc_str record_id;
    mc_str block;     /* the Content-Length bytes; empty for MCI_WARC_OTHER, which is passed over */
    uint64_t offset;  /* of the record's header, in decompressed bytes */
    uint64_t n_bytes; /* Content-Length */
} mci_warc_record;

typedef struct mci_warc mci_warc;

/* Keeps stream, does not own it. max_record_bytes: a longer block is passed over without being
 * held in memory and reported as MC_SKIPPED, whatever length it claims. */
mc_status mci_warc_open(mci_stream *stream, uint64_t max_record_bytes, mci_warc **out,
                        mc_error *err);
void mci_warc_close(mci_warc *warc);

/* The next record; its views live until the next call.
 * MC_END at the end; MC_SKIPPED: a damaged, cut or too long record or a gap of the stream, err says
 * what and at which offset; the reader stands at the next one. MC_E_FORMAT: this is an ARC file
 * ("filedesc://") or not an archive at all (no "WARC/" at the start). */
mc_status mci_warc_next(mci_warc *warc, mci_warc_record *record, mc_error *err);

#endif
