/* The C face of simdjson. Its tape is read directly: 64-bit words, type in the top byte.
 *
 *   tape      r  {  "  l  5  [  t  ]  }  r      a document starts and ends with r
 *             0  1  2  3  4  5  6  7  8  9      numbers take two words, the second is the value
 *   { [       low 32 bits: the index behind the closing word
 *   "         low 56 bits: place in string_buf, where 32 bits of length come before the bytes
 *
 * simdjson knows only RFC 8259 with 64-bit numbers, Python takes more. A text that simdjson
 * refuses is therefore looked through once for what only Python takes, these places are replaced
 * by words that simdjson takes too, and the result is parsed again. Sound texts pay nothing. */
#include "io/json.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <new>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

extern "C" {
#include "base/alloc.h"
#include "base/buf.h"
}

using simdjson::error_code;

/* Python's own limit is 1000 frames of its stack, some of which the caller uses. */
constexpr size_t MAX_DEPTH = 1000;
/* CPython 3.11 refuses longer integers (sys.int_info.default_max_str_digits). */
constexpr size_t MAX_INTEGER_DIGITS = 4300;
constexpr size_t SMALLEST_CAPACITY = 4096;
/* Buffers for texts beyond this are given back with the next text. */
constexpr size_t LARGEST_KEPT_CAPACITY = size_t(4) << 20;

/* Stands for numbers that are not finite doubles: no sound text holds it, least of all one that
 * holds such numbers too. */
constexpr char NOT_FINITE_TEXT[] = "-1.6180339887498949e-306";
constexpr double NOT_FINITE = -1.6180339887498949e-306;

struct mci_json {
    simdjson::dom::parser parser;
    char *text = nullptr; /* the document with simdjson's padding */
    size_t capacity = 0;
    bool has_not_finite = false;
};

mc_status mci_json_new(mci_json **out, mc_error *err)
{
    void *memory = mci_alloc(sizeof(mci_json));
    if (!memory)
        return mci_nomem(err, sizeof(mci_json));
    *out = new (memory) mci_json;
    return MC_OK;
}

void mci_json_free(mci_json *json)
{
    if (!json)
        return;
    mci_free(json->text);
    json->~mci_json();
    mci_free(json);
}

static mc_status set_capacity(mci_json *json, size_t capacity, mc_error *err)
{
    mci_free(json->text);
    json->capacity = 0;
    json->text = static_cast<char *>(mci_alloc(capacity + simdjson::SIMDJSON_PADDING));
    if (!json->text || json->parser.doc.allocate(capacity) ||
        json->parser.allocate(capacity, MAX_DEPTH))
        return mci_nomem(err, capacity);
    json->capacity = capacity;
    return MC_OK;
}

/* Makes room for a text of len bytes, and gives back what an unusually long one needed. */
static mc_status reserve(mci_json *json, size_t len, mc_error *err)
{
    if (len > simdjson::SIMDJSON_MAXSIZE_BYTES)
        return mc_fail(err, MC_SKIPPED, "a JSON text of %zu bytes: 4 GiB is the limit", len);
    bool is_kept = json->capacity <= LARGEST_KEPT_CAPACITY || len > LARGEST_KEPT_CAPACITY;
    if (json->capacity > 0 && len <= json->capacity && is_kept)
        return MC_OK;
    size_t capacity = len;
    if (len <= LARGEST_KEPT_CAPACITY)
        for (capacity = SMALLEST_CAPACITY; capacity < len;)
            capacity *= 2;
    return set_capacity(json, capacity, err);
}

static mc_status run(mci_json *json, mc_str text, error_code *error, mc_error *err)
{
    mc_status status = reserve(json, text.len, err);
    if (status != MC_OK)
        return status;
    if (text.len)
        memcpy(json->text, text.data, text.len);
    memset(json->text + text.len, ' ', simdjson::SIMDJSON_PADDING);
    *error = json->parser.parse(json->text, text.len, false).error();
    return *error == simdjson::MEMALLOC ? mci_nomem(err, text.len) : MC_OK;
}

/* ---- what Python takes and simdjson does not ---- */

struct repair {
    mc_str text;
    size_t good; /* the start of what is right and not yet copied */
    mci_buf *out;
    uint64_t n_surrogates;
    bool has_not_finite;
};

static mc_status replace(repair *r, size_t from, size_t to, mc_str by, mc_error *err)
{
    MC_TRY(mci_buf_append(r->out, r->text.data + r->good, from - r->good, err));
    r->good = to;
    return mci_buf_add(r->out, by, err);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the \uXXXX at `at`; false if there is none. */
static bool read_unicode_escape(mc_str text, size_t at, unsigned *unit)
{
    if (text.len < 6 || at > text.len - 6 || text.data[at] != '\\' || text.data[at + 1] != 'u')
        return false;
    *unit = 0;
    for (size_t i = at + 2; i < at + 6; i++) {
        char c = text.data[i], lower = char(c | 0x20);
        if (is_digit(c))
            *unit = *unit * 16 + unsigned(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            *unit = *unit * 16 + unsigned(lower - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* Lone surrogates in the string whose opening quote is before *at become U+FFFD; *at moves behind
 * the closing quote. */
static mc_status repair_string(repair *r, size_t *at, mc_error *err)
{
    mc_str text = r->text;
    while (*at < text.len && text.data[*at] != '"') {
        unsigned unit, next;
        if (text.data[*at] != '\\') {
            *at += 1;
        } else if (!read_unicode_escape(text, *at, &unit)) {
            *at += 2;
        } else if ((unit & 0xFC00) == 0xD800 && read_unicode_escape(text, *at + 6, &next) &&
                   (next & 0xFC00) == 0xDC00) {
            *at += 12;
        } else {
            if ((unit & 0xF800) == 0xD800) {
                MC_TRY(replace(r, *at, *at + 6, mc_str_of("\\ufffd"), err));
                r->n_surrogates++;
            }
            *at += 6;
        }
    }
    *at = *at < text.len ? *at + 1 : text.len;
    return MC_OK;
}

static size_t digits_end(mc_str token, size_t at)
{
    while (at < token.len && is_digit(token.data[at]))
        at++;
    return at;
}

/* The number of digits if token is an integer of JSON's grammar, else 0. */
static size_t integer_digits(mc_str token)
{
    size_t start = token.data[0] == '-', end = digits_end(token, start);
    bool has_leading_zero = end - start > 1 && token.data[start] == '0';
    return end == token.len && !has_leading_zero ? end - start : 0;
}

/* True if token is a number of JSON's grammar with a fraction or an exponent. */
static bool is_float(mc_str token)
{
    size_t start = token.data[0] == '-', at = digits_end(token, start);
    if (at == start || (at - start > 1 && token.data[start] == '0') || at == token.len)
        return false;
    if (token.data[at] == '.') {
        size_t fraction = at + 1;
        at = digits_end(token, fraction);
        if (at == fraction)
            return false;
    }
    if (at < token.len && (token.data[at] == 'e' || token.data[at] == 'E')) {
        size_t exponent = at + 1;
        if (exponent < token.len && (token.data[exponent] == '+' || token.data[exponent] == '-'))
            exponent++;
        at = digits_end(token, exponent);
        if (at == exponent)
            return false;
    }
    return at == token.len;
}

static bool fits_64_bits(mc_str integer, size_t n_digits)
{
    bool is_negative = integer.data[0] == '-';
    mc_str limit = mc_str_of(is_negative ? "9223372036854775808" : "18446744073709551615");
    if (n_digits != limit.len)
        return n_digits < limit.len;
    return memcmp(integer.data + is_negative, limit.data, limit.len) <= 0;
}

static bool is_beyond_doubles(mc_str number)
{
    return std::isinf(simdjson::internal::from_chars(number.data, number.data + number.len));
}

/* Big integers become doubles (the nearest one); what is beyond doubles or not a number becomes
 * NOT_FINITE. Everything else is left to simdjson's judgement. */
static mc_status repair_token(repair *r, size_t from, size_t to, mc_error *err)
{
    mc_str token = { r->text.data + from, to - from };
    size_t n_digits = integer_digits(token);
    bool is_big = n_digits && n_digits <= MAX_INTEGER_DIGITS && !fits_64_bits(token, n_digits);
    bool is_word = mc_str_equal(token, mc_str_of("NaN")) ||
                   mc_str_equal(token, mc_str_of("Infinity")) ||
                   mc_str_equal(token, mc_str_of("-Infinity"));
    if (is_word || ((is_big || is_float(token)) && is_beyond_doubles(token))) {
        r->has_not_finite = true;
        return replace(r, from, to, mc_str_of(NOT_FINITE_TEXT), err);
    }
    return is_big ? replace(r, to, to, mc_str_of("e0"), err) : MC_OK;
}

static bool is_in_token(char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '"':
    case ',':
    case ':':
    case '[':
    case ']':
    case '{':
    case '}':
        return false;
    }
    return true;
}

static mc_status repair_text(repair *r, mc_error *err)
{
    for (size_t at = 0; at < r->text.len;) {
        if (r->text.data[at] == '"') {
            at++;
            MC_TRY(repair_string(r, &at, err));
            continue;
        }
        size_t from = at;
        while (at < r->text.len && is_in_token(r->text.data[at]))
            at++;
        if (at > from)
            MC_TRY(repair_token(r, from, at, err));
        else
            at++;
    }
    return MC_OK;
}

/* Parses again if the text holds something that only Python takes. */
static mc_status parse_repaired(mci_json *json, mc_str text, error_code *error,
                                uint64_t *n_replaced, mc_error *err)
{
    mci_buf out = {};
    repair r = { text, 0, &out, 0, false };
    mc_status status = repair_text(&r, err);
    if (status == MC_OK && r.good > 0) {
        status = replace(&r, text.len, text.len, mc_str_of(""), err);
        if (status == MC_OK)
            status = run(json, mci_buf_str(&out), error, err);
        json->has_not_finite = r.has_not_finite;
        *n_replaced = r.n_surrogates;
    }
    mci_buf_release(&out);
    return status;
}

static bool may_be_repaired(error_code error)
{
    return error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR ||
           error == simdjson::TAPE_ERROR;
}

mc_status mci_json_parse(mci_json *json, mc_str text, mci_json_value *root, uint64_t *n_replaced,
                         mc_error *err)
{
    error_code error = simdjson::SUCCESS;
    uint64_t n_surrogates = 0;
    json->has_not_finite = false;
    mc_status status = run(json, text, &error, err);
    if (status == MC_OK && may_be_repaired(error))
        status = parse_repaired(json, text, &error, &n_surrogates, err);
    if (status != MC_OK)
        return status;
    if (error == simdjson::DEPTH_ERROR)
        return mc_fail(err, MC_SKIPPED, "JSON nested deeper than %zu", MAX_DEPTH);
    if (error)
        return mc_fail(err, MC_SKIPPED, "not JSON: %s", simdjson::error_message(error));
    if (n_replaced)
        *n_replaced += n_surrogates;
    *root = { json, 1 };
    return MC_OK;
}

/* ---- tokens ---- */

bool mci_json_index(mci_json *json, mc_str text, mci_json_tokens *out)
{
    if (text.len == 0 || reserve(json, text.len, nullptr) != MC_OK)
        return false;
    auto &index = *json->parser.implementation;
    const auto *bytes = reinterpret_cast<const uint8_t *>(text.data);
    if (index.stage1(bytes, text.len, simdjson::stage1_mode::regular))
        return false;
    *out = { index.structural_indexes.get(), index.n_structural_indexes };
    return out->n > 0;
}

/* ---- values ---- */

static uint64_t word(mci_json_value value)
{
    return static_cast<const mci_json *>(value.document)->parser.doc.tape[value.index];
}

static char tag(mci_json_value value)
{
    return char(word(value) >> 56);
}

static uint64_t number_bits(mci_json_value value)
{
    return word({ value.document, value.index + 1 });
}

static size_t index_behind(mci_json_value value)
{
    switch (tag(value)) {
    case '{':
    case '[':
        return uint32_t(word(value));
    case 'l':
    case 'u':
    case 'd':
        return value.index + 2;
    }
    return value.index + 1;
}

mci_json_type mci_json_type_of(mci_json_value value)
{
    switch (tag(value)) {
    case '{':
        return MCI_JSON_OBJECT;
    case '[':
        return MCI_JSON_ARRAY;
    case '"':
        return MCI_JSON_STRING;
    case 'l':
    case 'u':
    case 'd':
        return MCI_JSON_NUMBER;
    case 't':
    case 'f':
        return MCI_JSON_BOOL;
    }
    return MCI_JSON_NULL;
}

mc_str mci_json_string(mci_json_value value)
{
    if (tag(value) != '"')
        return { nullptr, 0 };
    const auto *json = static_cast<const mci_json *>(value.document);
    const uint8_t *at = &json->parser.doc.string_buf[word(value) & UINT64_C(0xFFFFFFFFFFFFFF)];
    uint32_t len;
    memcpy(&len, at, sizeof len);
    return { reinterpret_cast<const char *>(at + sizeof len), len };
}

bool mci_json_u64(mci_json_value value, uint64_t *out)
{
    bool is_whole = tag(value) == 'u' || (tag(value) == 'l' && int64_t(number_bits(value)) >= 0);
    if (is_whole)
        *out = number_bits(value);
    return is_whole;
}

bool mci_json_double(mci_json_value value, double *out)
{
    double number;
    uint64_t bits = mci_json_type_of(value) == MCI_JSON_NUMBER ? number_bits(value) : 0;
    switch (tag(value)) {
    case 'l':
        number = double(int64_t(bits));
        break;
    case 'u':
        number = double(bits);
        break;
    case 'd':
        memcpy(&number, &bits, sizeof number);
        if (number == NOT_FINITE && static_cast<const mci_json *>(value.document)->has_not_finite)
            return false;
        break;
    default:
        return false;
    }
    *out = number;
    return true;
}

static char *write_double(double number, char *out, char *end)
{
    char *at = std::to_chars(out, end, number).ptr;
    for (const char *c = out; c < at; c++)
        if (*c == '.' || *c == 'e')
            return at;
    *at++ = '.';
    *at++ = '0';
    return at;
}

size_t mci_json_number_text(mci_json_value value, char out[MCI_JSON_NUMBER_BYTES])
{
    char *end = out + MCI_JSON_NUMBER_BYTES, *at;
    double number;
    if (!mci_json_double(value, &number)) {
        memcpy(out, "null", 4);
        return 4;
    }
    if (tag(value) == 'd')
        at = write_double(number, out, end - 2);
    else if (tag(value) == 'l')
        at = std::to_chars(out, end, int64_t(number_bits(value))).ptr;
    else
        at = std::to_chars(out, end, number_bits(value)).ptr;
    return size_t(at - out);
}

bool mci_json_bool(mci_json_value value)
{
    return tag(value) == 't';
}

mci_json_iter mci_json_iterate(mci_json_value value)
{
    bool has_elements = tag(value) == '{' || tag(value) == '[';
    size_t end = has_elements ? index_behind(value) - 1 : value.index + 1;
    return { { value.document, value.index + 1 }, { value.document, end } };
}

bool mci_json_next(mci_json_iter *iter, mc_str *key, mci_json_value *element)
{
    mci_json_value at = iter->at;
    if (at.index >= iter->end.index)
        return false;
    /* The closing word tells arrays from objects. */
    bool has_keys = tag(iter->end) == '}';
    if (key)
        *key = has_keys ? mci_json_string(at) : mc_str{ nullptr, 0 };
    at.index += has_keys;
    *element = at;
    iter->at.index = index_behind(at);
    return true;
}

bool mci_json_get(mci_json_value value, const char *key, mci_json_value *out)
{
    if (tag(value) != '{')
        return false;
    mc_str want = mc_str_of(key), name;
    mci_json_value element;
    bool is_found = false;
    for (mci_json_iter it = mci_json_iterate(value); mci_json_next(&it, &name, &element);) {
        if (!mc_str_equal(name, want))
            continue;
        *out = element; /* the last one wins: go on */
        is_found = true;
    }
    return is_found;
}

bool mci_json_is_utf8(mc_str text)
{
    return text.len == 0 || simdjson::validate_utf8(text.data, text.len);
}
