#include "text/characters.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { N_PAGES = MCI_N_CHARACTERS >> MCI_PAGE_BITS };

typedef struct {
    uint32_t count, character;
} counted;

static int commoner_first(const void *a, const void *b)
{
    const counted *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return (x->character > y->character) - (x->character < y->character);
}

static mc_status make_pages(const mci_character_counts *counts, mci_characters *out, mc_error *err)
{
    out->n_pages = 1;
    for (size_t page = 0; page < N_PAGES; page++)
        if (counts->occurs[page])
            out->page_of[page] = (uint16_t)out->n_pages++;
    out->codes = mci_alloc_zeroed(out->n_pages * MCI_PAGE, sizeof *out->codes);
    return out->codes ? MC_OK : mci_nomem(err, out->n_pages * MCI_PAGE * sizeof *out->codes);
}

/* Those that occur, the commonest first; *all is [pages * MCI_PAGE]. */
static size_t sort_counts(const mci_character_counts *counts, counted *all)
{
    size_t n = 0;
    for (size_t page = 0; page < N_PAGES; page++) {
        for (size_t i = 0; counts->occurs[page] && i < MCI_PAGE; i++) {
            uint32_t c = (uint32_t)(page << MCI_PAGE_BITS | i);
            if (counts->counts[c])
                all[n++] = (counted){ counts->counts[c], c };
        }
    }
    qsort(all, n, sizeof *all, commoner_first);
    return n;
}

mc_status mci_characters_number(const mci_character_counts *counts, mci_characters *out,
                                mc_error *err)
{
    MC_TRY(make_pages(counts, out, err));
    counted *all = mci_alloc_zeroed(out->n_pages * MCI_PAGE, sizeof *all);
    if (!all)
        return mci_nomem(err, out->n_pages * MCI_PAGE * sizeof *all);
    size_t n = sort_counts(counts, all);
    for (size_t i = 0; i < n; i++) {
        size_t page = out->page_of[all[i].character >> MCI_PAGE_BITS];
        out->codes[page << MCI_PAGE_BITS | (all[i].character & (MCI_PAGE - 1))] = (uint32_t)i + 1;
    }
    out->n_codes = (uint32_t)n + 1;
    mci_free(all);
    return MC_OK;
}

void mci_characters_release(mci_characters *characters)
{
    mci_free(characters->codes);
    *characters = (mci_characters){ 0 };
}
