/* Zip archives whose entries are stored, not compressed: what torch.save writes. Reading is of
 * bytes in memory (a mapped file); writing is a stream. Sizes and places beyond 4 GiB (zip64) go
 * both ways.
 * Source: PKWARE's APPNOTE.TXT 6.3, sections 4.3 to 4.5. */
#ifndef MCI_IO_ZIP_H
#define MCI_IO_ZIP_H

#include "base/error.h"
#include "io/output.h"
#include "metaclip/base.h"

typedef struct {
    mc_str name, bytes; /* both lie in the archive */
    bool is_compressed; /* then bytes are of no use here */
} mci_zip_entry;

/* Zero-initialise, release at the end. */
typedef struct {
    mci_zip_entry *entries; /* by name */
    size_t n;
} mci_zip;

/* Whether a file with these first bytes is a zip archive. */
bool mci_zip_is(mc_str start);

/* Reads the directory of an archive. Every entry is checked to lie inside the archive, to share no
 * byte with another, and to be called what the directory says.
 * Errors: MC_E_FORMAT (damage, encryption, two entries of one name), MC_E_NOMEM. */
mc_status mci_zip_parse(mc_str archive, mci_zip *out, mc_error *err);
void mci_zip_release(mci_zip *zip);

/* NULL if there is none of this name. */
const mci_zip_entry *mci_zip_find(const mci_zip *zip, mc_str name);

/* ---- writing ---- */

typedef struct mci_zip_out mci_zip_out;

/* Where an entry's bytes begin: at a multiple of this, as torch.save has it, so that a mapped
 * archive is an array. */
enum { MCI_ZIP_ALIGNMENT = 64 };

/* Writes an archive into output, which stays the caller's and must be empty. */
mc_status mci_zip_out_new(mci_output *output, mci_zip_out **out, mc_error *err);
/* Begins an entry of n_bytes, which follow in any number of writes; then it is ended. */
mc_status mci_zip_out_begin(mci_zip_out *zip, mc_str name, uint64_t n_bytes, mc_error *err);
mc_status mci_zip_out_write(mci_zip_out *zip, mc_str bytes, mc_error *err);
mc_status mci_zip_out_end(mci_zip_out *zip, mc_error *err);
/* All three in one go. */
mc_status mci_zip_out_entry(mci_zip_out *zip, mc_str name, mc_str bytes, mc_error *err);
/* The directory; nothing may follow. */
mc_status mci_zip_out_finish(mci_zip_out *zip, mc_error *err);
void mci_zip_out_free(mci_zip_out *zip);

#endif
