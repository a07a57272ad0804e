#include "train/mpi_api.h"

#include <dlfcn.h>

/* Open MPI 4's and 5's; MPICH's handles are numbers and would not do. */
static void *load(void)
{
    static const char *const names[] = { "libmpi.so.40", "libmpi.so" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        /* Its parts look for each other among all symbols, so these must be seen. */
        void *library = dlopen(names[i], RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
        if (library)
            return library;
    }
    return NULL;
}

/* POSIX promises that the bytes of a function pointer fit. */
static bool find(void *library, const char *name, void *place)
{
    void *symbol = dlsym(library, name);
    memcpy(place, &symbol, sizeof symbol);
    return symbol != NULL;
}

mc_status mci_mpi_load(mci_mpi *out, mc_error *err)
{
    mci_mpi mpi = { 0 };
    void *loaded = load();
    if (!loaded)
        return mc_fail(
            err, MC_E_BACKEND,
            "several processes need Open MPI's library (libmpi.so.40), which is not here");
    const struct {
        const char *name;
        void *place;
    } symbols[] = {
        { "ompi_mpi_comm_world", &mpi.world },   { "ompi_mpi_float", &mpi.f32 },
        { "ompi_mpi_double", &mpi.f64 },         { "ompi_mpi_byte", &mpi.bytes },
        { "ompi_mpi_op_sum", &mpi.sum },         { "ompi_request_null", &mpi.no_request },
        { "MPI_Initialized", &mpi.initialized }, { "MPI_Init_thread", &mpi.init_thread },
        { "MPI_Finalize", &mpi.finalize },       { "MPI_Comm_rank", &mpi.comm_rank },
        { "MPI_Comm_size", &mpi.comm_size },     { "MPI_Allgatherv", &mpi.allgatherv },
        { "MPI_Allreduce", &mpi.allreduce },     { "MPI_Iallreduce", &mpi.iallreduce },
        { "MPI_Waitall", &mpi.waitall },         { "MPI_Bcast", &mpi.bcast },
    };
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
        if (!find(loaded, symbols[i].name, symbols[i].place))
            return mc_fail(err, MC_E_BACKEND,
                           "the MPI library here is not Open MPI's: it has no %s", symbols[i].name);
    *out = mpi;
    return MC_OK;
}
