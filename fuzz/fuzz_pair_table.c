/* Any file as a table of pairs (the first byte says which, and sets the limit): no crash, and every
 * row is a line that the reader of pairs takes. */
#include "train/pair_table.h"

#include <stdlib.h>

#include "io/pairs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_pairs(mci_json *json, mc_str line)
{
    mci_buf scratch = { 0 };
    mci_arena arena = { 0 };
    mc_record record;
    uint64_t n = 0;
    if (mci_pairs_parse(json, &scratch, line, &arena, &record, &n, &n, NULL) != MC_OK)
        abort();
    mci_buf_release(&scratch);
    mci_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    mci_pair_table_options options = { .is_tsv = data[0] & 1,
                                       .image_column = data[0] & 2 ? "x" : NULL,
                                       .text_column = data[0] & 4 ? "y" : NULL,
                                       .max_item_bytes = 16 + 16 * (data[0] >> 3) };
    mc_str bytes = { (const char *)data + 1, size - 1 }, line, image;
    mci_stream *stream = NULL;
    mci_pair_table *table = NULL;
    mci_json *json = NULL;
    mc_error err = { 0 };
    if (mci_json_new(&json, NULL) < 0 || mci_stream_open_bytes(bytes, &stream, NULL) < 0 ||
        mci_pair_table_open(stream, &options, &table, NULL) < 0)
        abort();
    mc_status status;
    while ((status = mci_pair_table_next(table, &line, &image, &err)) >= 0 && status != MC_END) {
        if (status == MC_OK)
            expect_pairs(json, line);
        else if (err.text[0] == '\0')
            abort();
        err = (mc_error){ 0 };
    }
    if (status < 0 && err.text[0] == '\0')
        abort();
    mci_pair_table_close(table);
    mci_stream_close(stream);
    mci_json_free(json);
    return 0;
}
