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

static bool page_occurs(const uint32_t *counts, size_t page)
{
    const uint32_t *from = counts + (page << MCI_PAGE_BITS);
    size_t i = 0;
    while (i < MCI_PAGE && from[i] == 0)
        i++;
    return i < MCI_PAGE;
}

static mc_status make_pages(const uint32_t *counts, mci_characters *out, mc_error *err)
{
    out->n_pages = 1;
    for (size_t page = 0; page < N_PAGES; page++)
        if (page_occurs(counts, page))
            out->page_of[page] = (uint16_t)out->n_pages++;
    out->codes = mci_alloc_zeroed(out->n_pages * MCI_PAGE, sizeof *out->codes);
    return out->codes ? MC_OK : mci_nomem(err, out->n_pages * MCI_PAGE * sizeof *out->codes);
}

mc_status mci_characters_number(const uint32_t *counts, mci_characters *out, mc_error *err)
{
    size_t n = 0, i = 0;
    for (uint32_t c = 0; c < MCI_N_CHARACTERS; c++)
        n += counts[c] != 0;
    counted *all = mci_alloc_zeroed(n + 1, sizeof *all);
    if (!all)
        return mci_nomem(err, (n + 1) * sizeof *all);
    for (uint32_t c = 0; c < MCI_N_CHARACTERS; c++)
        if (counts[c])
            all[i++] = (counted){ counts[c], c };
    qsort(all, n, sizeof *all, commoner_first);
    mc_status status = make_pages(counts, out, err);
    for (i = 0; i < n && status >= 0; i++) {
        size_t page = out->page_of[all[i].character >> MCI_PAGE_BITS];
        out->codes[page << MCI_PAGE_BITS | (all[i].character & (MCI_PAGE - 1))] = (uint32_t)i + 1;
    }
    out->n_codes = (uint32_t)n + 1;
    mci_free(all);
    return status;
}

void mci_characters_release(mci_characters *characters)
{
    mci_free(characters->codes);
    *characters = (mci_characters){ 0 };
}
