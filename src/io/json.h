/* JSON values, taken as Python's json.loads takes them: the whole text must be valid, NaN, Infinity
 * and -Infinity are values, integers may be of any size, the last of repeated keys wins, lone
 * surrogates in \u escapes are accepted (here they become U+FFFD and are counted).
 * A C face of simdjson, whose tape the values point into. */
#ifndef MCI_IO_JSON_H
#define MCI_IO_JSON_H

#include "base/error.h"
#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mci_json mci_json; /* a parser and its last document: one per thread */

typedef enum {
    MCI_JSON_NULL,
    MCI_JSON_BOOL,
    MCI_JSON_NUMBER,
    MCI_JSON_STRING,
    MCI_JSON_ARRAY,
    MCI_JSON_OBJECT
} mci_json_type;

typedef struct {
    const void *document;
    size_t index;
} mci_json_value; /* lives until the parser's next mci_json_parse or mci_json_free */

typedef struct {
    mci_json_value at, end;
} mci_json_iter;

mc_status mci_json_new(mci_json **out, mc_error *err);
void mci_json_free(mci_json *json);

/* Parses text (below 4 GiB; copied). n_replaced may be NULL, else it grows by the number of lone
 * surrogates. MC_SKIPPED with err: not valid JSON, not valid UTF-8, too long, or containers nested
 * deeper than 1000 (Python's json gives up there too, a little earlier or later with the depth of
 * its caller). An integer of more than 4300 digits is no valid JSON here, as in CPython 3.11. */
mc_status mci_json_parse(mci_json *json, mc_str text, mci_json_value *root, uint64_t *n_replaced,
                         mc_error *err);

mci_json_type mci_json_type_of(mci_json_value value);
/* The member `key` of an object; false if value is no object or has none. */
bool mci_json_get(mci_json_value value, const char *key, mci_json_value *out);
/* The string, may hold U+0000; empty unless value is a string. */
mc_str mci_json_string(mci_json_value value);
/* True for a non-negative integer that fits; *out is written only then. */
bool mci_json_u64(mci_json_value value, uint64_t *out);
/* True for any number that is finite as a double; *out is written only then. */
bool mci_json_double(mci_json_value value, double *out);
/* A number as JSON text, without NUL; gives its length. Integers exactly, doubles with the fewest
 * digits that give the same one (and a point or an exponent, so that they stay doubles), "null"
 * for all that is no finite number. Never depends on the locale. */
enum { MCI_JSON_NUMBER_BYTES = 32 };
size_t mci_json_number_text(mci_json_value value, char out[MCI_JSON_NUMBER_BYTES]);
/* True for true; false for everything else. */
bool mci_json_bool(mci_json_value value);
/* Elements of an array, or members of an object (all of them, repeated keys too), in order:
 *   for (mci_json_iter it = mci_json_iterate(v); mci_json_next(&it, &key, &element);) ...
 * key may be NULL; for arrays it is set to the empty view. */
mci_json_iter mci_json_iterate(mci_json_value value);
bool mci_json_next(mci_json_iter *iter, mc_str *key, mci_json_value *element);

/* Where the tokens of a text begin: brackets, commas, colons, opening quotes, and the first byte of
 * everything else that white space, a token or a string comes before. One more element, at[n], is
 * the text's length. */
typedef struct {
    const uint32_t *at; /* of the parser, until it is used again */
    size_t n;
} mci_json_tokens;

/* Finds the tokens of text, of which nothing is copied and no byte behind its end is read. True:
 * the text is valid UTF-8, and its strings have ends and hold no control characters. What is
 * between a string's opening quote and the next token is its content, the closing quote and white
 * space. Nothing else was looked at. False says that mci_json_parse knows more. */
bool mci_json_index(mci_json *json, mc_str text, mci_json_tokens *out);

/* Whether text is valid UTF-8, at several gigabytes a second. */
bool mci_json_is_utf8(mc_str text);

#ifdef __cplusplus
}
#endif
#endif
