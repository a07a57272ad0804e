/* Any file as a webdataset tar, of which some samples are copied (the first byte sets the limit,
 * the next two which; an odd first byte has the checksums of headers mended, so that more of them
 * are looked into): no crash, and what is written reads back as just the rows that were copied, of
 * which every one can be copied again, to the same bytes. */
#include <stdlib.h>

#include "io/tar_copy.h"

static void expect(bool truth)
{
    if (!truth)
        abort();
}

typedef struct {
    mci_buf rows, tar;
    uint64_t n_skipped; /* of the samples wanted */
} copied;

static mc_status to_buf(void *user, mc_str bytes, mc_error *err)
{
    return mci_buf_add(user, bytes, err);
}

static void take_sample(copied *c, mci_tar_copy *copy, const mci_rows *rows, mc_str line)
{
    mci_tar_sample sample;
    mc_error err = { 0 };
    size_t n_before = c->tar.len;
    mci_tar_rows_sample(rows, &sample);
    mc_status status = mci_tar_copy_sample(copy, &sample, &err);
    expect(status == MC_OK || (status == MC_SKIPPED && err.text[0]));
    if (status == MC_OK) {
        expect(mci_buf_add(&c->rows, line, NULL) == MC_OK);
        expect(mci_buf_byte(&c->rows, '\n', NULL) == MC_OK);
    } else {
        expect(c->tar.len == n_before);
        c->n_skipped++;
    }
}

static void copy_tar(mc_str bytes, uint64_t max, unsigned wanted, copied *c)
{
    mci_stream *reading = NULL, *copying = NULL;
    mci_rows rows = { 0 };
    mci_tar_copy *copy = NULL;
    mci_buf line = { 0 };
    mc_status status;
    unsigned n = 0;
    *c = (copied){ 0 };
    expect(mci_stream_open_bytes(bytes, &reading, NULL) == MC_OK);
    expect(mci_stream_open_bytes(bytes, &copying, NULL) == MC_OK);
    expect(mci_tar_rows_open(reading, max, &rows, NULL) == MC_OK);
    expect(mci_tar_copy_open(copying, to_buf, &c->tar, &copy, NULL) == MC_OK);
    do {
        uint64_t offset = 0;
        status = rows.next(rows.self, &line, &offset, NULL);
        if (status == MC_OK && wanted >> (n++ % 16) & 1)
            take_sample(c, copy, &rows, mci_buf_str(&line));
    } while (status != MC_END);
    expect(mci_tar_copy_end(copy, NULL) == MC_OK);
    expect(c->tar.len % 10240 == 0 && mci_tar_copy_bytes(copy) == c->tar.len);
    mci_tar_copy_close(copy);
    rows.close(rows.self);
    mci_stream_close(reading);
    mci_stream_close(copying);
    mci_buf_release(&line);
}

static void expect_same(const mci_buf *a, const mci_buf *b)
{
    expect(a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
}

static void mend_checksums(char *bytes, size_t size)
{
    for (size_t at = 0; at + 512 <= size; at += 512) {
        unsigned char *header = (unsigned char *)bytes + at;
        unsigned sum = 0;
        if (memcmp(header + 257, "ustar", 5) != 0)
            continue;
        memset(header + 148, ' ', 8);
        for (int i = 0; i < 512; i++)
            sum += header[i];
        for (int i = 5; i >= 0; i--, sum /= 8)
            header[148 + i] = (unsigned char)('0' + sum % 8);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    copied first, again;
    if (size < 3)
        return 0;
    uint64_t max = (uint64_t)data[0] * 16 + 64;
    mci_buf bytes = { 0 };
    expect(mci_buf_append(&bytes, data + 3, size - 3, NULL) == MC_OK);
    if (data[0] & 1)
        mend_checksums(bytes.data, bytes.len);
    copy_tar(mci_buf_str(&bytes), max, data[1] | (unsigned)data[2] << 8, &first);
    copy_tar(mci_buf_str(&first.tar), max, 0xFFFF, &again);
    expect(again.n_skipped == 0);
    expect_same(&again.rows, &first.rows);
    expect_same(&again.tar, &first.tar);
    mci_buf_release(&bytes);
    mci_buf_release(&first.rows);
    mci_buf_release(&first.tar);
    mci_buf_release(&again.rows);
    mci_buf_release(&again.tar);
    return 0;
}
