/* Any file as a table or as captions (the first byte says which and sets the limit, the second the
 * size of the pieces): no crash, every row is a line that the reader of pairs takes, and the pieces
 * in which plain bytes arrive change nothing. */
#include <stdlib.h>

#include "io/csv.h"
#include "io/pairs.h"
#include "io/stream_internal.h"

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
    uint64_t n = 0;
    expect(mci_pairs_parse(json, &scratch, line, &arena, &record, &n, &n, NULL) == MC_OK);
    expect(!memchr(line.data, '\n', line.len));
    mci_buf_release(&scratch);
    mci_arena_release(&arena);
}

static void read_all(mc_str bytes, size_t piece, uint8_t how, mci_json *json, mci_buf *seen)
{
    mci_stream *stream = NULL;
    mci_rows rows = { 0 };
    mci_buf line = { 0 };
    uint64_t max = (uint64_t)(how >> 2) * 16 + 16, offset = 0;
    mc_status status;
    expect(mci_stream_open_pieces(bytes, piece, &stream, NULL) == MC_OK);
    if (how & 1)
        expect(mci_captions_open(stream, how & 2, max, &rows, NULL) == MC_OK);
    else
        expect(mci_csv_open(stream, how & 2, max, &rows, NULL) == MC_OK);
    do {
        mc_error err = { 0 };
        status = rows.next(rows.self, &line, &offset, &err);
        expect(status >= 0 || status == MC_E_FORMAT);
        expect(status == MC_OK || status == MC_END || err.text[0]);
        if (status == MC_OK) {
            expect(line.len <= max);
            expect_pairs(json, mci_buf_str(&line));
            expect(mci_buf_add(seen, mci_buf_str(&line), NULL) == MC_OK);
        }
        expect(mci_buf_printf(seen, NULL, "%d %llu\n", status, (unsigned long long)offset) ==
               MC_OK);
    } while (status == MC_OK || status == MC_SKIPPED);
    rows.close(rows.self);
    mci_stream_close(stream);
    mci_buf_release(&line);
}

/* By the second byte of the magic numbers: gzip, zstd, zstd's skippable frames. */
static bool may_be_compressed(mc_str bytes)
{
    return bytes.len > 1 && memchr("\x8B\xB5\x2A", bytes.data[1], 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mci_json *json = NULL;
    if (size < 2 || mci_json_new(&json, NULL) != MC_OK)
        return 0;
    mc_str bytes = { (const char *)data + 2, size - 2 };
    mci_buf whole = { 0 }, pieces = { 0 };
    read_all(bytes, SIZE_MAX, data[0], json, &whole);
    read_all(bytes, (size_t)data[1] + 1, data[0], json, &pieces);
    expect(may_be_compressed(bytes) || mc_str_equal(mci_buf_str(&whole), mci_buf_str(&pieces)));
    mci_buf_release(&whole);
    mci_buf_release(&pieces);
    mci_json_free(json);
    return 0;
}
