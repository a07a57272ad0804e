/* Any bytes as a file: reading ends, and however the bytes come in and are looked at, the same ones
 * come out. */
#include <stdlib.h>

#include "base/buf.h"
#include "io/stream_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* Gives the number of gaps. */
static size_t read_all(mc_str file, size_t piece, size_t want, size_t step, mci_buf *out)
{
    mci_stream *stream = NULL;
    check(mci_stream_open_pieces(file, piece, &stream, NULL) == MC_OK);
    size_t n_gaps = 0;
    for (;;) {
        mc_str window;
        mc_error err;
        mc_status status = mci_stream_peek(stream, want, &window, &err);
        check(status >= 0);
        if (status == MC_END)
            break;
        if (status == MC_SKIPPED) {
            check(++n_gaps <= file.len + 1);
            continue;
        }
        check(window.len > 0);
        size_t n = step < window.len ? step : window.len;
        check(mci_buf_append(out, window.data, n, NULL) == MC_OK);
        mci_stream_skip(stream, n);
    }
    check(mci_stream_offset(stream) == out->len);
    check(mci_stream_bytes_read(stream) == file.len);
    mci_stream_close(stream);
    return n_gaps;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t piece = data[0] + (size_t)1, want = (size_t)data[1] * 97 + 1;
    mc_str file = { (const char *)data + 2, size - 2 };
    mci_buf whole = { 0 }, other = { 0 }, pieces = { 0 };
    size_t n_gaps = read_all(file, SIZE_MAX, 1, SIZE_MAX, &whole);
    check(read_all(file, SIZE_MAX, want, want, &other) == n_gaps);
    check(mc_str_equal(mci_buf_str(&whole), mci_buf_str(&other)));
    size_t n_gaps_of_pieces = read_all(file, piece, want, want / 2 + 1, &pieces);
    check((n_gaps == 0) == (n_gaps_of_pieces == 0));
    check(n_gaps > 0 || mc_str_equal(mci_buf_str(&whole), mci_buf_str(&pieces)));
    mci_buf_release(&whole);
    mci_buf_release(&other);
    mci_buf_release(&pieces);
    return 0;
}
