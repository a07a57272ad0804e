/* What the readers and writers of .npy share. For npy*.c only. */
#ifndef MCI_IO_NPY_INTERNAL_H
#define MCI_IO_NPY_INTERNAL_H

#include "base/error.h"
#include "io/npy_array.h"

/* What a header says. */
typedef struct {
    mc_str descr;
    size_t rank;
    uint64_t shape[MCI_ARRAY_RANK]; /* of the first dimensions, if there are more */
    bool has_descr, has_order, has_shape;
    bool is_fortran;
    bool is_structured; /* descr is a list: such arrays are not taken, nor read any further */
} mci_npy_head;

/* Cuts a file in header and numbers. */
mc_status mci_npy_split(mc_str file, mc_str *header, mc_str *numbers, mc_error *err);
/* False if the header is malformed; is_structured may then be set. */
bool mci_npy_read_head(mc_str text, mci_npy_head *head);
/* What to call a descr: "u64" for "<u8", "big-endian u64" for ">u8", else the descr itself. */
void mci_npy_name_type(mc_str descr, char *out, size_t size);

/* All headers that we write end here, with the room that newer NumPy leaves for a longer shape as
 * well as without it: so one may be written over another. */
enum { MCI_NPY_HEADER = 128 };

/* To the byte what numpy.save writes before the numbers. descr and shape are Python literals, of
 * together at most 64 characters: "'<u8'", "(3,)". */
void mci_npy_header(const char *descr, const char *shape, char header[MCI_NPY_HEADER]);

#endif
