#include "base/html_refs.h"

#include "base/error.h"
#include "base/utf8.h"

static const mci_html_entity entities[] = {
#include "base/html_entities.inc"
};

const mci_html_entity *mci_html_entity_find(mc_str text, size_t *len)
{
    size_t low = 0, high = COUNT_OF(entities);
    const mci_html_entity *found = NULL;
    for (size_t i = 0; i < text.len; i++) {
        /* entities[low..high) begin with the i bytes read so far; narrow to those with the next */
        size_t from = low, to = high;
        while (from < to) {
            size_t middle = from + (to - from) / 2;
            if ((unsigned char)entities[middle].name[i] < (unsigned char)text.data[i])
                from = middle + 1;
            else
                to = middle;
        }
        low = from;
        for (to = high; from < to;) {
            size_t middle = from + (to - from) / 2;
            if (entities[middle].name[i] == text.data[i])
                from = middle + 1;
            else
                to = middle;
        }
        high = to;
        if (low == high || text.data[i] == '\0')
            break;
        if (entities[low].name[i + 1] == '\0') {
            found = &entities[low];
            *len = i + 1;
        }
    }
    return found;
}

int mci_html_digit(char c, unsigned base)
{
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : 16;
    return digit < (int)base ? digit : -1;
}

uint32_t mci_html_char_of_number(uint64_t number)
{
    static const uint16_t windows_1252[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178,
    };
    if (number == 0 || number > 0x10FFFF)
        return MCI_REPLACEMENT;
    return number >= 0x80 && number <= 0x9F ? windows_1252[number - 0x80] : (uint32_t)number;
}
