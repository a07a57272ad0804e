/* What is odd about a list. */
#include "base/utf8.h"
#include "curate/entry_map.h"
#include "metaclip/curate.h"
#include "metaclip/text.h"

enum { LONG_CHARACTERS = 256 };

/* Wrong bytes count as the characters that would replace them. */
static uint64_t count_characters(mc_str text)
{
    const char *at = text.data, *end = text.data + text.len;
    uint64_t n = 0;
    bool valid;
    for (; at < end; n++)
        mci_utf8_next(&at, end, &valid);
    return n;
}

/* Runs of bytes that are not spaces. */
static uint64_t count_words(mc_str text)
{
    uint64_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.data[i] != ' ' && (i == 0 || text.data[i - 1] == ' ');
    return n;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void check_size(mc_str entry, mc_metadata_report *report)
{
    uint64_t n_words = count_words(entry);
    report->n_bytes += entry.len;
    report->n_over_256 += entry.len > LONG_CHARACTERS && count_characters(entry) > LONG_CHARACTERS;
    report->n_invalid_utf8 += !mci_utf8_valid(entry);
    report->longest_bytes = larger(report->longest_bytes, entry.len);
    report->longest_words = larger(report->longest_words, n_words);
    if (n_words)
        report->by_words[n_words > 8 ? 7 : n_words - 1]++;
}

static void check_match(mc_str entry, uint64_t id, mc_metadata_report *report)
{
    const char *why = NULL;
    if (mc_entry_can_match(entry, &why))
        return;
    if (report->n_never_match++ == 0) {
        report->first_never_match = id;
        report->never_match_why = why;
    }
}

mc_status mc_metadata_check(const mc_metadata *metadata, mc_metadata_report *report, mc_error *err)
{
    return mc_metadata_check_part(metadata, 0, mc_metadata_len(metadata), report, err);
}

mc_status mc_metadata_check_part(const mc_metadata *metadata, uint64_t first_id, uint64_t n,
                                 mc_metadata_report *report, mc_error *err)
{
    const mc_str *entries = mc_metadata_entries(metadata);
    mc_metadata_report found = { .n_entries = n };
    mci_entry_map map = { 0 };
    mc_status status = MC_OK;
    uint64_t len = mc_metadata_len(metadata);
    if (first_id > len || n > len - first_id)
        return mc_fail(err, MC_E_ARG, "the list has no such part: it has %zu entries", (size_t)len);
    for (uint32_t id = (uint32_t)first_id; id < first_id + n && status >= 0; id++) {
        uint32_t first = id;
        status = mci_entry_map_add(&map, entries, id, &first, err);
        if (first != id && found.n_duplicates++ == 0)
            found.first_duplicate = id;
        check_size(entries[id], &found);
        check_match(entries[id], id, &found);
    }
    mci_entry_map_release(&map);
    if (status >= 0)
        *report = found;
    return status;
}
