/* Samples of a webdataset tar into a new one, byte for byte: headers of every form, names, content
 * and padding are copied as they stand in the stream, and only whole members are. Two streams over
 * the same bytes go through them, one behind the other:
 *
 *     stream -> tar_rows.h -> a row, and the sample behind it -> is it wanted? --+
 *     stream -> this        -> the bytes of its members  <-----------------------+
 */
#ifndef MCI_IO_TAR_COPY_H
#define MCI_IO_TAR_COPY_H

#include "io/tar_rows.h"

typedef mc_status mci_tar_sink(void *user, mc_str bytes, mc_error *err);

typedef struct mci_tar_copy mci_tar_copy;

/* Keeps stream (which stands at its beginning) and hands what is copied to sink. */
mc_status mci_tar_copy_open(mci_stream *stream, mci_tar_sink *sink, void *user, mci_tar_copy **out,
                            mc_error *err);
/* Copies the members of a sample, which stands behind those copied before. Members of no sample
 * are left out.
 * MC_SKIPPED with err, and nothing is copied: something of it is damaged, or may be cut; it has too
 * many members; it would become one with another sample of the same key, since those between the
 * two are not copied; no tar can begin with its header. Errors: MC_E_IO (it is not what was there
 * before). */
mc_status mci_tar_copy_sample(mci_tar_copy *copy, const mci_tar_sample *sample, mc_error *err);
/* Writes the end of a tar: two blocks of zeros, and more of them up to a multiple of 10,240. */
mc_status mci_tar_copy_end(mci_tar_copy *copy, mc_error *err);
uint64_t mci_tar_copy_bytes(const mci_tar_copy *copy); /* handed to sink */
void mci_tar_copy_close(mci_tar_copy *copy);

#endif
