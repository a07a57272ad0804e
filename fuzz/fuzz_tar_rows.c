/* Any file as a webdataset tar (the first byte sets the limit): no crash, and what is given are
 * lines that the reader of pairs takes, or skips with a word about "texts". */
#include <stdlib.h>

#include "io/pairs.h"
#include "io/tar_rows.h"

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static void expect_pairs(mci_json *json, mc_str line)
{
    mci_buf scratch = { 0 };
    mci_arena arena = { 0 };
    mc_record record;
    mc_error err = { 0 };
    uint64_t n = 0;
    mc_status status = mci_pairs_parse(json, &scratch, line, &arena, &record, &n, &n, &err);
    expect(status == MC_OK || (status == MC_SKIPPED && strstr(err.text, "texts[")));
    expect(!memchr(line.data, '\n', line.len));
    mci_buf_release(&scratch);
    mci_arena_release(&arena);
}

static void read_all(mc_str bytes, uint64_t max, mci_json *json)
{
    mci_stream *stream = NULL;
    mci_rows rows = { 0 };
    mci_buf line = { 0 };
    mc_status status;
    expect(mci_stream_open_bytes(bytes, &stream, NULL) == MC_OK);
    expect(mci_tar_rows_open(stream, max, &rows, NULL) == MC_OK);
    do {
        mc_error err = { 0 };
        uint64_t offset = 0;
        status = rows.next(rows.self, &line, &offset, &err);
        expect(status == MC_OK || status == MC_END || (status == MC_SKIPPED && err.text[0]));
        if (status == MC_OK) {
            expect(line.len <= max);
            expect_pairs(json, mci_buf_str(&line));
        }
    } while (status != MC_END);
    rows.close(rows.self);
    mci_stream_close(stream);
    mci_buf_release(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mci_json *json = NULL;
    if (size < 1 || mci_json_new(&json, NULL) != MC_OK)
        return 0;
    mc_str bytes = { (const char *)data + 1, size - 1 };
    read_all(bytes, (uint64_t)data[0] * 16 + 64, json);
    mci_json_free(json);
    return 0;
}
