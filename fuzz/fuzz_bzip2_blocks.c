/* Any bytes as a bzip2 file: it is cut into spans that follow each other and decode or tell why
 * not; and reading that begins again where a span ended gives the same. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/bzip2_blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static uint64_t read_all(const char *path, uint64_t from_bit, mci_buf *out)
{
    mci_bzip2_cutter *cutter = NULL;
    mci_bzip2_span span = { 0 };
    mci_buf memory = { 0 };
    uint64_t second = 0, last = from_bit;
    mc_status status;
    check(mci_bzip2_cutter_open(path, from_bit, &cutter, NULL) == MC_OK);
    while ((status = mci_bzip2_cutter_next(cutter, &span, NULL)) == MC_OK) {
        check(span.next_bit >= last);
        last = span.next_bit;
        second = second ? second : span.next_bit;
        for (size_t i = 0; i < span.n_blocks && out->len < 1 << 20; i++)
            check(mci_bzip2_decode(&span, i, &memory, out, NULL) >= 0);
    }
    check(status >= 0);
    mci_bzip2_cutter_close(cutter);
    mci_bzip2_span_release(&span);
    mci_buf_release(&memory);
    return second;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    mci_buf whole = { 0 }, rest = { 0 };
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    uint64_t second = read_all(path, 0, &whole);
    if (second && second < size * 8) {
        read_all(path, second, &rest);
        check(rest.len <= whole.len || whole.len >= 1 << 20);
        check(whole.len >= 1 << 20 || rest.len == 0 ||
              memcmp(whole.data + whole.len - rest.len, rest.data, rest.len) == 0);
    }
    mci_buf_release(&whole);
    mci_buf_release(&rest);
    close(fd);
    return 0;
}
