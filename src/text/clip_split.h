/* A clean text cut into words as CLIP's pattern does: the special tokens, the contractions 's 't
 * 're 've 'm 'll 'd, runs of letters, single numbers, runs of everything else that is no white
 * space. */
#ifndef MCI_TEXT_CLIP_SPLIT_H
#define MCI_TEXT_CLIP_SPLIT_H

#include "metaclip/tokenizer.h"

typedef enum { MCI_WORD_PLAIN, MCI_WORD_START, MCI_WORD_STOP } mci_word_kind;

typedef struct {
    const char *at, *end;
    mc_token_rule rule;
} mci_clip_splitter;

/* text is what mci_clip_clean gave, with its padding. */
static inline mci_clip_splitter mci_clip_split(mc_token_rule rule, mc_str text)
{
    return (mci_clip_splitter){ text.data, text.data + text.len, rule };
}

/* The next word; false at the end. *kind tells the special tokens, as the rule writes them, from
 * words. */
bool mci_clip_next(mci_clip_splitter *splitter, mc_str *word, mci_word_kind *kind);

#endif
