/* The file: pairs of uint64 (entry id, count), ids ascending, after one uint64 with the number of
 * entries of the list. In the machine's byte order: it never leaves the run's state folder. */
#include "run/sparse_counts.h"

#include "base/files.h"
#include "io/output.h"

mc_status mci_sparse_save(const uint64_t *counts, size_t n, const char *path, mc_error *err)
{
    mci_buf bytes = { 0 };
    uint64_t head = n;
    mc_status status = mci_buf_append(&bytes, &head, sizeof head, err);
    for (size_t i = 0; i < n && status >= 0; i++) {
        uint64_t pair[2] = { i, counts[i] };
        if (counts[i])
            status = mci_buf_append(&bytes, pair, sizeof pair, err);
    }
    if (status >= 0)
        status = mci_output_file(path, mci_buf_str(&bytes), err);
    mci_buf_release(&bytes);
    return status;
}

static mc_status add_all(mc_str bytes, uint64_t *counts, size_t n, mc_error *err)
{
    uint64_t head;
    if (bytes.len % 16 != sizeof head || (memcpy(&head, bytes.data, sizeof head), head != n))
        return mc_fail(err, MC_E_FORMAT, "damaged counts of a shard");
    for (size_t at = sizeof head; at < bytes.len; at += 16) {
        uint64_t pair[2];
        memcpy(pair, bytes.data + at, sizeof pair);
        if (pair[0] >= n)
            return mc_fail(err, MC_E_FORMAT, "damaged counts of a shard");
        counts[pair[0]] += pair[1];
    }
    return MC_OK;
}

mc_status mci_sparse_add(const char *path, uint64_t *counts, size_t n, mc_error *err)
{
    mci_buf bytes = { 0 };
    bool found;
    mc_status status = mci_read_file(path, &bytes, &found, err);
    if (status >= 0 && !found)
        status = mc_fail(err, MC_E_IO, "it is missing");
    if (status >= 0)
        status = add_all(mci_buf_str(&bytes), counts, n, err);
    mci_buf_release(&bytes);
    return status < 0 ? mc_add_context(err, status, "%s", path) : MC_OK;
}
