/* What the writers of .npy share. For npy*.c only. */
#ifndef MCI_IO_NPY_INTERNAL_H
#define MCI_IO_NPY_INTERNAL_H

/* All headers that we write end here, with the room that newer NumPy leaves for a longer shape as
 * well as without it: so one may be written over another. */
enum { MCI_NPY_HEADER = 128 };

/* To the byte what numpy.save writes before the numbers. descr and shape are Python literals, at
 * most 40 and 24 characters long: "'<u8'", "(3,)". */
void mci_npy_header(const char *descr, const char *shape, char header[MCI_NPY_HEADER]);

#endif
