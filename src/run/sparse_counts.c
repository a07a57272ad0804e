/* The file: numbers in 7 bits a byte, low ones first, the high bit set where more follow (LEB128):
 *
 *     | entries of the list | gap to the next entry that has a count, its count | ... |
 *
 * A shard's counts are mostly small and so are the gaps: 2 to 3 bytes each time. */
#include "run/sparse_counts.h"

#include "base/files.h"
#include "io/output.h"

enum { NUMBER_BYTES = 10 };

static size_t put_number(unsigned char *out, uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        out[n++] = (unsigned char)(value | 0x80);
    out[n++] = (unsigned char)value;
    return n;
}

static mc_status format(const uint64_t *counts, size_t n, mci_buf *bytes, mc_error *err)
{
    unsigned char two[2 * NUMBER_BYTES];
    size_t next = 0;
    MC_TRY(mci_buf_append(bytes, two, put_number(two, n), err));
    for (size_t i = 0; i < n; i++) {
        if (counts[i] == 0)
            continue;
        size_t len = put_number(two, i - next);
        len += put_number(two + len, counts[i]);
        MC_TRY(mci_buf_append(bytes, two, len, err));
        next = i + 1;
    }
    return MC_OK;
}

mc_status mci_sparse_save(const uint64_t *counts, size_t n, const char *path, mc_error *err)
{
    mci_buf bytes = { 0 };
    mc_status status = format(counts, n, &bytes, err);
    if (status >= 0)
        status = mci_output_file(path, mci_buf_str(&bytes), err);
    mci_buf_release(&bytes);
    return status;
}

/* Takes a number off the front; false if there is no whole one that fits. */
static bool take_number(mc_str *bytes, uint64_t *out)
{
    *out = 0;
    for (unsigned shift = 0; bytes->len > 0 && shift < 64; shift += 7) {
        uint64_t byte = (unsigned char)*bytes->data;
        bytes->data++;
        bytes->len--;
        if (shift == 63 && byte > 1)
            return false;
        *out |= (byte & 0x7F) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static mc_status add_all(mc_str bytes, uint64_t *counts, size_t n, mc_error *err)
{
    uint64_t head, gap, count, next = 0;
    bool is_sound = take_number(&bytes, &head) && head == n;
    while (is_sound && bytes.len > 0) {
        is_sound = take_number(&bytes, &gap) && take_number(&bytes, &count) && gap < n - next;
        if (!is_sound)
            break;
        counts[next + gap] += count;
        next += gap + 1;
    }
    return is_sound ? MC_OK : mc_fail(err, MC_E_FORMAT, "damaged counts of a shard");
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
