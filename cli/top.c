#include "top.h"

#include <inttypes.h>
#include <stdlib.h>

#include "list_table.h"
#include "table.h"

enum { NAME_WIDTH = 14 };

typedef struct {
    uint64_t count;
    uint32_t id;
} ranked;

/* A distribution: its largest entries first, and what their shares are of. */
typedef struct {
    ranked *entries;
    size_t n; /* shown */
    uint64_t matches;
} ranking;

static int by_count(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Ranks counts; entries that nothing matches are not shown. */
static mc_status rank(const uint64_t *counts, uint64_t n_counts, uint64_t n, ranking *out,
                      mc_error *err)
{
    size_t n_found = 0;
    out->entries = calloc(n_counts ? n_counts : 1, sizeof *out->entries);
    if (!out->entries)
        return mc_fail(err, MC_E_NOMEM, "no memory to sort %" PRIu64 " entries", n_counts);
    for (uint64_t id = 0; id < n_counts; id++) {
        out->matches += counts[id];
        if (counts[id])
            out->entries[n_found++] = (ranked){ counts[id], (uint32_t)id };
    }
    qsort(out->entries, n_found, sizeof *out->entries, by_count);
    out->n = n < n_found ? (size_t)n : n_found;
    return MC_OK;
}

size_t cli_put_entry(FILE *file, const mc_metadata *metadata, uint32_t id, size_t width)
{
    if (metadata && id < mc_metadata_len(metadata))
        return cli_put_clean(file, mc_metadata_entry(metadata, id), width);
    int n = fprintf(file, "%" PRIu32, id);
    return n < 0 ? 0 : (size_t)n;
}

void cli_put_entry_json(FILE *file, const mc_metadata *metadata, uint32_t id)
{
    fprintf(file, "\"id\":%" PRIu32, id);
    if (!metadata || id >= mc_metadata_len(metadata))
        return;
    fputs(",\"entry\":", file);
    cli_put_json_string(file, mc_metadata_entry(metadata, id));
}

static void put_cell(const ranking *list, const mc_metadata *metadata, size_t i)
{
    char number[32], share[16];
    if (i >= list->n) {
        printf("%*s", NAME_WIDTH + 22, "");
        return;
    }
    const ranked *entry = &list->entries[i];
    size_t used = cli_put_entry(stdout, metadata, entry->id, NAME_WIDTH);
    printf("%*s %13s %7s", NAME_WIDTH - (int)used, "", cli_grouped(entry->count, number),
           cli_percent((double)entry->count, (double)list->matches, share));
}

static void put_table(const ranking *pool, const ranking *curated, const mc_metadata *metadata)
{
    size_t rows = pool->n > curated->n ? pool->n : curated->n;
    printf("      %-*s %13s %7s", NAME_WIDTH, "before", "pairs", "share");
    if (curated->entries)
        printf("  %-*s %13s %7s", NAME_WIDTH, "after", "pairs", "share");
    putchar('\n');
    for (size_t i = 0; i < rows; i++) {
        printf("%4zu  ", i + 1);
        put_cell(pool, metadata, i);
        if (curated->entries) {
            fputs("  ", stdout);
            put_cell(curated, metadata, i);
        }
        putchar('\n');
    }
}

static void put_json(const char *name, const ranking *list, const mc_metadata *metadata)
{
    printf("\"%s\":{\"matches\":%" PRIu64 ",\"largest\":[", name, list->matches);
    for (size_t i = 0; i < list->n; i++) {
        const ranked *entry = &list->entries[i];
        printf("%s{", i ? "," : "");
        cli_put_entry_json(stdout, metadata, entry->id);
        printf(",\"count\":%" PRIu64 "}", entry->count);
    }
    fputs("]}", stdout);
}

mc_status cli_check_card(const mc_card *card, const mc_metadata *metadata, mc_error *err)
{
    bool is_same =
        card->n_entries == mc_metadata_len(metadata) &&
        mc_str_equal(mc_str_of(card->metadata_sha256), mc_str_of(mc_metadata_sha256(metadata)));
    return is_same ? MC_OK
                   : mc_fail(err, MC_E_MISMATCH,
                             "the data card belongs to another metadata: its list has %" PRIu64
                             " entries and SHA-256 %s, this one %zu and %s",
                             card->n_entries, card->metadata_sha256, mc_metadata_len(metadata),
                             mc_metadata_sha256(metadata));
}

mc_status cli_put_top(const mc_card *card, const mc_metadata *metadata, uint64_t n, bool json,
                      mc_error *err)
{
    ranking pool = { 0 }, curated = { 0 };
    mc_status status = metadata ? cli_check_card(card, metadata, err) : MC_OK;
    if (status >= 0)
        status = rank(card->pool, card->n_entries, n, &pool, err);
    if (status >= 0 && card->curated)
        status = rank(card->curated, card->n_entries, n, &curated, err);
    if (status >= 0 && json) {
        putchar('{');
        put_json("pool", &pool, metadata);
        if (curated.entries) {
            putchar(',');
            put_json("curated", &curated, metadata);
        }
        puts("}");
    } else if (status >= 0) {
        cli_put_lists(card);
        put_table(&pool, &curated, metadata);
    }
    free(pool.entries);
    free(curated.entries);
    return status;
}
