/* Words of a text, in the order in which they stand.
 *
 * A word is a run of letters, marks and numbers of Unicode; an apostrophe or hyphen between two of
 * them belongs to it ("don't", "non-profit": the matcher finds an entry only between spaces), and
 * so do joiners. U+2019 is written as an apostrophe. All else parts words; all but spaces also
 * parts pairs, as does the end of a line: "red, green car" has the words red, green, car and the
 * pair "green car".
 *
 * In scripts that are written without spaces (Han, Kana, Thai, Lao, Khmer, Burmese, Tibetan) a run
 * is cut into words by ICU's dictionaries; a run that also holds letters of others is cut between
 * scripts there. Words of more than 256 characters are dropped. */
#ifndef MCI_CORPUS_TOKENS_H
#define MCI_CORPUS_TOKENS_H

#include "base/buf.h"
#include "base/error.h"

typedef struct mci_letters mci_letters; /* what each character is: immutable, shared */
typedef struct mci_tokenizer mci_tokenizer;

mc_status mci_letters_new(mci_letters **out, mc_error *err);
void mci_letters_free(mci_letters *letters);
/* Whether a character belongs to a script that is written without spaces. */
bool mci_is_unspaced(const mci_letters *letters, uint32_t code_point);
/* Whether it is a letter, mark or number. */
bool mci_is_letter(const mci_letters *letters, uint32_t code_point);
/* Whether two words that follow each other are written without a space between them. */
bool mci_join_unspaced(const mci_letters *letters, mc_str first, mc_str second);

/* ICU's version, on which words may depend: "72.1". */
void mci_tokens_version(char out[32]);

/* What gets the words. follows: the word before it in the text makes a pair with it. */
typedef mc_status mci_word_fn(void *user, mc_str word, bool follows, mc_error *err);

/* language: of the text, as "en" or "zh", for ICU; folds: words are written in lower case. letters
 * is kept. One a thread. Errors: MC_E_NOMEM, MC_E_BACKEND (ICU has no such dictionary). */
mc_status mci_tokenizer_new(const mci_letters *letters, const char *language, bool folds,
                            mci_tokenizer **out, mc_error *err);
void mci_tokenizer_free(mci_tokenizer *tokenizer);

/* Gives all words of text, any bytes; wrong UTF-8 parts words. A pair never spans two calls. */
mc_status mci_tokenize(mci_tokenizer *tokenizer, mc_str text, mci_word_fn *give, void *user,
                       mc_error *err);

#endif
