/* The characters of a list of patterns, numbered: the commonest one is 1, and 0 is all others. */
#ifndef MCI_TEXT_CHARACTERS_H
#define MCI_TEXT_CHARACTERS_H

#include "base/error.h"
#include "text/worldwide.h"

enum { MCI_PAGE_BITS = 8, MCI_PAGE = 1 << MCI_PAGE_BITS };

typedef struct {
    uint16_t page_of[MCI_N_CHARACTERS >> MCI_PAGE_BITS]; /* page 0 is of characters without one */
    uint32_t *codes;                                     /* [n_pages * MCI_PAGE] */
    size_t n_pages;
    uint32_t n_codes; /* codes are below */
} mci_characters;

/* The code of a character. */
static inline uint32_t mci_code_of(const mci_characters *characters, uint32_t c)
{
    size_t page = characters->page_of[c >> MCI_PAGE_BITS];
    return characters->codes[page << MCI_PAGE_BITS | (c & (MCI_PAGE - 1))];
}

/* How often each character occurs. Zero-initialise; counts are of the caller. */
typedef struct {
    uint32_t *counts;                               /* [MCI_N_CHARACTERS], zeroed */
    bool occurs[MCI_N_CHARACTERS >> MCI_PAGE_BITS]; /* a character of the page */
} mci_character_counts;

static inline void mci_character_count(mci_character_counts *counts, uint32_t c)
{
    counts->counts[c]++;
    counts->occurs[c >> MCI_PAGE_BITS] = true;
}

/* One that does not occur gets no code. Zero-initialise *out, and release it, on failure too. */
mc_status mci_characters_number(const mci_character_counts *counts, mci_characters *out,
                                mc_error *err);
void mci_characters_release(mci_characters *characters);

#endif
