/* What tokenizing asks of a character. scripts/make-unicode-table says where it is from. */
#ifndef MCI_TEXT_UNICODE_TABLE_H
#define MCI_TEXT_UNICODE_TABLE_H

#include "metaclip/base.h"

/* What a match of CLIP's pattern takes a character for. */
typedef enum {
    MCI_CLASS_SPACE,  /* no match takes it: it parts */
    MCI_CLASS_LETTER, /* runs of them are matches */
    MCI_CLASS_NUMBER, /* each is a match */
    MCI_CLASS_OTHER   /* runs of them are matches */
} mci_char_class;

typedef struct {
    uint8_t pattern;  /* mci_char_class of the original's pattern (Unicode 15, IGNORECASE) */
    uint8_t category; /* the same by general category (Unicode 14) */
    bool cased;       /* these two as Unicode 14 has them, for a capital sigma's neighbours; */
    bool ignorable;   /* not cased if ignorable */
    int32_t to_lower; /* what lower-casing adds; U+0130 has two characters, and 0 here */
} mci_char;

/* Of any code point below 0x110000. */
const mci_char *mci_char_of(uint32_t code_point);

#endif
