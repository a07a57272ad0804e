/* Any bytes as a list of entries; what is read is checked, and is the same again from its lines. */
#include <stdlib.h>

#include "curate/metadata.h"
#include "curate/wordnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The lines of a list are a list with the same hash, where text can hold it at all. */
static void check_list(const mc_metadata *metadata)
{
    mc_metadata_report report;
    mci_entry_list list = { 0 };
    mc_metadata *again = NULL;
    if (mc_metadata_check(metadata, &report, NULL) != MC_OK)
        abort();
    for (size_t i = 0; i < mc_metadata_len(metadata); i++)
        if (mci_entry_list_add(&list, mc_metadata_entry(metadata, i), NULL) != MC_OK)
            abort();
    if (mci_metadata_new(&list, &again, NULL) != MC_OK ||
        strcmp(mc_metadata_sha256(again), mc_metadata_sha256(metadata)) != 0)
        abort();
    mc_metadata_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_str bytes = { (const char *)data, size };
    mci_stream *stream = NULL;
    mc_metadata *metadata = NULL;
    mc_error err = { 0 };
    if (mci_stream_open_bytes(bytes, &stream, &err) != MC_OK)
        return 0;
    mc_status status = mci_metadata_parse(stream, &metadata, &err);
    mci_stream_close(stream);
    if (status == MC_OK)
        check_list(metadata);
    else if (status > 0 || metadata || err.text[0] == '\0')
        abort();
    mc_metadata_free(metadata);

    mci_entry_list lines = { 0 }, names = { 0 };
    if (mci_stream_open_bytes(bytes, &stream, NULL) != MC_OK)
        return 0;
    if (mci_entry_list_add_lines(&lines, stream, NULL) == MC_OK)
        mci_wordnet_add_lines(&names, &lines, NULL);
    mci_stream_close(stream);
    mci_entry_list_release(&lines);
    mci_entry_list_release(&names);
    return 0;
}
