#include "train/dist.h"

#include <limits.h>

#include "base/alloc.h"
#include "train/mpi_api.h"

/* MPI counts in int, so long sums go in pieces; and how many may be under way. */
#define MAX_PIECE ((size_t)1 << 24)
enum { MAX_REQUESTS = 64, FUNNELED = 1, SUCCESS = 0 };

struct mci_dist {
    bool is_mpi;
    unsigned rank, size;
    mci_mpi mpi;
    int *counts, *starts; /* [size], for gathering */
    void *requests[MAX_REQUESTS];
    int n_requests;
};

/* ---- opening ---- */

mc_status mci_dist_single(mci_dist **out, mc_error *err)
{
    mci_dist *dist = mci_alloc_zeroed(1, sizeof *dist);
    if (!dist)
        return mci_nomem(err, sizeof *dist);
    dist->size = 1;
    *out = dist;
    return MC_OK;
}

static mc_status check(const mci_dist *dist, int code, const char *what, mc_error *err)
{
    char text[MCI_MPI_MAX_ERROR] = "";
    int len = 0;
    if (code == SUCCESS)
        return MC_OK;
    dist->mpi.error_string(code, text, &len);
    return mc_fail(err, MC_E_BACKEND, "MPI: %s: %.*s", what, len, text);
}

static mc_status start(mci_dist *dist, mc_error *err)
{
    int started = 0, provided, rank, size;
    MC_TRY(mci_mpi_load(&dist->mpi, err));
    dist->mpi.initialized(&started);
    if (!started)
        MC_TRY(
            check(dist, dist->mpi.init_thread(NULL, NULL, FUNNELED, &provided), "starting", err));
    dist->is_mpi = true;
    MC_TRY(check(dist, dist->mpi.comm_rank(dist->mpi.world, &rank), "asking for the rank", err));
    MC_TRY(check(dist, dist->mpi.comm_size(dist->mpi.world, &size), "asking for the size", err));
    dist->rank = (unsigned)rank;
    dist->size = (unsigned)size;
    dist->counts = mci_alloc_zeroed(dist->size, sizeof *dist->counts);
    dist->starts = mci_alloc_zeroed(dist->size, sizeof *dist->starts);
    return dist->counts && dist->starts ? MC_OK : mci_nomem(err, dist->size * sizeof(int));
}

mc_status mci_dist_mpi(mci_dist **out, mc_error *err)
{
    mci_dist *dist = mci_alloc_zeroed(1, sizeof *dist);
    if (!dist)
        return mci_nomem(err, sizeof *dist);
    mc_status status = start(dist, err);
    if (status < 0)
        mci_dist_close(dist);
    else
        *out = dist;
    return status;
}

void mci_dist_close(mci_dist *dist)
{
    if (!dist)
        return;
    if (dist->is_mpi)
        dist->mpi.finalize();
    mci_free(dist->counts);
    mci_free(dist->starts);
    mci_free(dist);
}

unsigned mci_dist_rank(const mci_dist *dist)
{
    return dist->rank;
}

unsigned mci_dist_size(const mci_dist *dist)
{
    return dist->size;
}

/* ---- gathering ---- */

static mc_status set_counts(mci_dist *dist, const size_t *counts, mc_error *err)
{
    size_t sum = 0;
    for (unsigned r = 0; r < dist->size; r++) {
        if (counts[r] > INT_MAX || sum > INT_MAX)
            return mc_fail(err, MC_E_LIMIT, "more than 2^31 numbers are to be gathered");
        dist->counts[r] = (int)counts[r];
        dist->starts[r] = (int)sum;
        sum += counts[r];
    }
    return MC_OK;
}

static mc_status gather(mci_dist *dist, const void *own, const size_t *counts, void *type,
                        size_t item_bytes, void *out, mc_error *err)
{
    if (!dist->is_mpi) {
        if (counts[0])
            memcpy(out, own, counts[0] * item_bytes);
        return MC_OK;
    }
    MC_TRY(set_counts(dist, counts, err));
    return check(dist,
                 dist->mpi.allgatherv(own, dist->counts[dist->rank], type, out, dist->counts,
                                      dist->starts, type, dist->mpi.world),
                 "gathering", err);
}

mc_status mci_dist_gather_f32(mci_dist *dist, const float *own, const size_t *counts, float *out,
                              mc_error *err)
{
    return gather(dist, own, counts, dist->mpi.f32, sizeof *own, out, err);
}

mc_status mci_dist_gather_f64(mci_dist *dist, const double *own, const size_t *counts, double *out,
                              mc_error *err)
{
    return gather(dist, own, counts, dist->mpi.f64, sizeof *own, out, err);
}

/* ---- sums ---- */

mc_status mci_dist_sum_f64(mci_dist *dist, double *values, size_t n, mc_error *err)
{
    for (size_t at = 0; dist->is_mpi && at < n; at += MAX_PIECE) {
        const size_t piece = n - at < MAX_PIECE ? n - at : MAX_PIECE;
        MC_TRY(check(dist,
                     dist->mpi.allreduce(MCI_MPI_IN_PLACE, values + at, (int)piece, dist->mpi.f64,
                                         dist->mpi.sum, dist->mpi.world),
                     "adding up", err));
    }
    return MC_OK;
}

mc_status mci_dist_sum_begin(mci_dist *dist, float *values, size_t n, mc_error *err)
{
    for (size_t at = 0; dist->is_mpi && at < n; at += MAX_PIECE) {
        const size_t piece = n - at < MAX_PIECE ? n - at : MAX_PIECE;
        if (dist->n_requests == MAX_REQUESTS)
            MC_TRY(mci_dist_wait(dist, err));
        void **request = &dist->requests[dist->n_requests++];
        *request = dist->mpi.no_request;
        MC_TRY(check(dist,
                     dist->mpi.iallreduce(MCI_MPI_IN_PLACE, values + at, (int)piece, dist->mpi.f32,
                                          dist->mpi.sum, dist->mpi.world, request),
                     "adding up", err));
    }
    return MC_OK;
}

mc_status mci_dist_wait(mci_dist *dist, mc_error *err)
{
    const int n = dist->n_requests;
    dist->n_requests = 0;
    return n ? check(dist, dist->mpi.waitall(n, dist->requests, NULL), "waiting for sums", err)
             : MC_OK;
}

mc_status mci_dist_share(mci_dist *dist, void *bytes, size_t n, mc_error *err)
{
    char *at = bytes;
    for (size_t done = 0; dist->is_mpi && done < n; done += MAX_PIECE) {
        const size_t piece = n - done < MAX_PIECE ? n - done : MAX_PIECE;
        MC_TRY(check(dist,
                     dist->mpi.bcast(at + done, (int)piece, dist->mpi.bytes, 0, dist->mpi.world),
                     "sharing", err));
    }
    return MC_OK;
}
