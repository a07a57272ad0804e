/* Bytes of a file, decompressed by content: gzip with any number of members (ISA-L), zstd with any
 * number of frames, bzip2 with any number of streams, or plain. Memory is the window; nothing else
 * grows with the input.
 *
 * Damage. What came before it is delivered first (but for up to 258 bytes right before an invalid
 * copy in gzip: ISA-L does not say how much of them is sound; and in bzip2 with the damaged block
 * itself, whose checksum is known only at its end). Then mci_stream_peek answers
 * MC_SKIPPED once, with err saying what and where (byte offset in the file), and the stream stands
 * at the next gzip member, zstd frame or bzip2 stream that starts like one, or at the end when
 * there is none: the window then holds nothing from before the gap. A cut file ends the same way:
 * MC_SKIPPED, then MC_END. Zero bytes after the last member (tape padding) are no damage; other
 * trailing bytes are.
 */
#ifndef MCI_IO_STREAM_H
#define MCI_IO_STREAM_H

#include "base/buf.h"
#include "base/error.h"
#include "metaclip/base.h"

typedef struct mci_stream mci_stream;

/* path "-" is standard input. Errors: MC_E_IO naming path and the system's reason. */
mc_status mci_stream_open(const char *path, mci_stream **out, mc_error *err);
/* Reads lent bytes, which must outlive the stream. For tests and fuzzing, and nested bodies. */
mc_status mci_stream_open_bytes(mc_str bytes, mci_stream **out, mc_error *err);
void mci_stream_close(mci_stream *stream);

/* Makes at least `want` bytes contiguous (fewer only if the stream, or the part before a gap, ends
 * first) and shows all that is buffered. The window lives until the next call on the stream.
 *   MC_OK       window->len >= 1
 *   MC_END      nothing is left, window is empty
 *   MC_SKIPPED  a gap, see above; window is empty
 * want beyond what mci_stream_peek was ever given grows the buffer: the caller owns the limit. */
mc_status mci_stream_peek(mci_stream *stream, size_t want, mc_str *window, mc_error *err);

/* Passes over n bytes of the window (n <= its length). */
void mci_stream_skip(mci_stream *stream, size_t n);

/* Passes over up to n bytes, beyond the window too where the file allows it without being read (a
 * plain one that is no pipe); gives how many. 0 says that only peeking will get on. */
uint64_t mci_stream_pass(mci_stream *stream, uint64_t n);

/* Where the window starts, in decompressed bytes from the start of the stream. */
uint64_t mci_stream_offset(const mci_stream *stream);
/* How many bytes of the file were read so far (progress), and the file's size (0: unknown). */
uint64_t mci_stream_bytes_read(const mci_stream *stream);
uint64_t mci_stream_bytes_total(const mci_stream *stream);
/* No more decompressed bytes than these can follow, the window's included: exact for plain files
 * of known size, UINT64_MAX where nobody knows. */
uint64_t mci_stream_most_left(const mci_stream *stream);

/* ---- bodies that are whole in memory ---- */

typedef enum { MCI_BODY_GZIP, MCI_BODY_ZLIB, MCI_BODY_RAW, MCI_BODY_ZSTD } mci_body_format;

/* Puts what body decompresses to into out (which is cleared first): all members of gzip, all
 * frames of zstd. A cut body gives what is there; wrong checksums are overlooked, as browsers do.
 * Errors: MC_E_LIMIT (more than max bytes), MC_E_FORMAT (damaged, or not of this format at all);
 * out then holds what came before. */
mc_status mci_inflate_body(mc_str body, mci_body_format format, uint64_t max, mci_buf *out,
                           mc_error *err);

#endif
