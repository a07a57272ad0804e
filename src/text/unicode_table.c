#include "text/unicode_table.h"

#include "text/unicode_table.inc"

const mci_char *mci_char_of(uint32_t code_point)
{
    size_t page = pages[code_point >> PAGE_BITS];
    return &records[chars[page << PAGE_BITS | (code_point & ((1U << PAGE_BITS) - 1))]];
}
