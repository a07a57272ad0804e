/* Any bytes as a WARC file: reading ends, and what it gives lies where it says. */
#include <stdlib.h>

#include "io/stream_internal.h"
#include "io/warc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static uint64_t sum_of(mc_str text)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < text.len; i++)
        sum = sum * 31 + (unsigned char)text.data[i];
    return sum;
}

/* Touches every byte of the record, for the sanitizers. */
static uint64_t check_record(const mci_warc_record *record, uint64_t max_record_bytes)
{
    if (record->type == MCI_WARC_OTHER)
        check(record->block.len == 0);
    else
        check(record->block.len == record->n_bytes && record->n_bytes <= max_record_bytes);
    return sum_of(record->target_uri) + sum_of(record->content_type) + sum_of(record->record_id) +
           sum_of(record->block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    mc_str file = { (const char *)data + 2, size - 2 };
    uint64_t max_record_bytes = (uint64_t)data[1] * 64, sum = 0, last = 0;
    mci_stream *stream = NULL;
    mci_warc *warc = NULL;
    check(mci_stream_open_pieces(file, data[0] ? data[0] : SIZE_MAX, &stream, NULL) == MC_OK);
    check(mci_warc_open(stream, max_record_bytes, &warc, NULL) == MC_OK);
    for (size_t n = 0;; n++) {
        mci_warc_record record;
        mc_error err = { 0 };
        mc_status status = mci_warc_next(warc, &record, &err);
        check(n < 10000000);
        if (status == MC_END || status == MC_E_FORMAT)
            break;
        check(status >= 0);
        check(status != MC_SKIPPED || err.text[0] != '\0');
        if (status != MC_OK)
            continue;
        check(record.offset >= last);
        last = record.offset + 1;
        sum += check_record(&record, max_record_bytes);
    }
    volatile uint64_t used = sum;
    (void)used;
    mci_warc_close(warc);
    mci_stream_close(stream);
    return 0;
}
