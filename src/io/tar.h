/* The members of a tar file: v7, ustar, pax and GNU (through libarchive), out of a stream, so also
 * compressed ones. What is not asked for is passed over, in a plain file without being read. */
#ifndef MCI_IO_TAR_H
#define MCI_IO_TAR_H

#include "base/buf.h"
#include "io/stream.h"

typedef struct {
    mc_str name;      /* as written, with its folders; bytes */
    uint64_t n_bytes; /* as claimed */
    uint64_t offset;  /* of its header, in decompressed bytes */
    bool is_file;     /* not a folder, a link, ... */
} mci_tar_member;

typedef struct mci_tar mci_tar; /* one thread at a time */

/* Keeps stream, does not own it. */
mc_status mci_tar_open(mci_stream *stream, mci_tar **out, mc_error *err);
void mci_tar_close(mci_tar *tar);

/* The next member; its views live until the next call. Several tars one behind the other are read
 * as one.
 * MC_END; MC_SKIPPED with err: damage. A header that is none is passed over up to one that is;
 * behind a gap of the stream, or where a member is cut, nothing can be found any more. */
mc_status mci_tar_next(mci_tar *tar, mci_tar_member *member, mc_error *err);

/* Right after mci_tar_next: where the member that was given before ends, its padding included; 0 if
 * it is cut. Its bytes, from its offset on, are those of headers and content, and
 * of zero blocks before them where tars stand one behind the other. */
uint64_t mci_tar_last_end(const mci_tar *tar);

/* After MC_END: whether the stream ends with the last member, without the zero blocks that end a
 * tar. It may then be cut, if nothing else shows it. */
bool mci_tar_lacks_end(const mci_tar *tar);

/* Puts what the member holds into out (which is cleared first). MC_SKIPPED with err: more than
 * max_bytes, whatever it claims, or it is cut; out is then empty. */
mc_status mci_tar_read(mci_tar *tar, uint64_t max_bytes, mci_buf *out, mc_error *err);

/* Whether a file that begins with this block (of 512 bytes) would be taken for a tar. Not every
 * header that is understood in the middle of one is that regular. MC_OK, MC_SKIPPED with err. */
mc_status mci_tar_may_begin(mc_str block, mc_error *err);

#endif
