/* Open MPI's library, loaded at run time. Its handles are addresses of objects in it. */
#ifndef MCI_TRAIN_MPI_API_H
#define MCI_TRAIN_MPI_API_H

#include "base/error.h"
#include "metaclip/base.h"

/* Open MPI's binary interface; its header is not needed.
 * Source: the MPI standard 3.1, with Open MPI's types (handles are pointers, counts are int). */
typedef struct {
    void *world, *f32, *f64, *bytes, *sum, *no_request;
    int (*initialized)(int *flag);
    int (*init_thread)(int *argc, char ***argv, int required, int *provided);
    int (*finalize)(void);
    int (*comm_rank)(void *comm, int *rank);
    int (*comm_size)(void *comm, int *size);
    int (*allgatherv)(const void *from, int n, void *type, void *to, const int *counts,
                      const int *starts, void *to_type, void *comm);
    int (*allreduce)(const void *from, void *to, int n, void *type, void *op, void *comm);
    int (*iallreduce)(const void *from, void *to, int n, void *type, void *op, void *comm,
                      void **request);
    int (*waitall)(int n, void **requests, void *statuses);
    int (*bcast)(void *data, int n, void *type, int root, void *comm);
    int (*error_string)(int code, char *text, int *len);
} mci_mpi;

enum { MCI_MPI_MAX_ERROR = 256 }; /* bytes of error_string's text */

/* "Use the output as input", MPI_IN_PLACE. */
#define MCI_MPI_IN_PLACE ((void *)1)

mc_status mci_mpi_load(mci_mpi *out, mc_error *err);

#endif
