#include "io/charset.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/utf16.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "io/json.h"

/* ICU knows the tables; where its table is not WHATWG's, the difference is written here. */

typedef enum { UTF8, REPLACEMENT, USER_DEFINED, SINGLE_BYTE, BY_ICU } decoder_kind;

struct mci_encoding {
    const char *name, *labels; /* labels: separated by spaces, besides the name */
    decoder_kind kind;
    const char *converter;     /* ICU's name; NULL: as the encoding's */
    const uint16_t *overrides; /* SINGLE_BYTE: byte, character, ..., 0 */
    unsigned quirks;           /* BY_ICU: where ICU's table is another one */
};

enum {
    NO_C1 = 1,      /* bytes 80..9F alone are wrong, not controls */
    NO_PRIVATE = 2, /* what ICU maps to private use is wrong */
    ROTATED = 4,    /* ICU takes 1A, 1C, 7F for one another (as IBM's hosts do) */
    EURO_AT_80 = 8, /* byte 80 is the euro sign */
    C1_AT_80 = 16,  /* byte 80 is U+0080 */
};

static const uint16_t windows_874[] = { 0xDB, 0xFFFD, 0xDC, 0xFFFD, 0xDD, 0xFFFD,
                                        0xDE, 0xFFFD, 0xFC, 0xFFFD, 0xFD, 0xFFFD,
                                        0xFE, 0xFFFD, 0xFF, 0xFFFD, 0 };
static const uint16_t windows_1253[] = { 0xAA, 0xFFFD, 0 };
static const uint16_t windows_1255[] = { 0xCA, 0x05BA, 0 };
static const uint16_t koi8_u[] = { 0xAE, 0x045E, 0xBE, 0x040E, 0 };
/* Latin-10, as what differs from Latin-1: not every ICU has it. */
static const uint16_t iso_8859_16[] = {
    0xA1, 0x0104, 0xA2, 0x0105, 0xA3, 0x0141, 0xA4, 0x20AC, 0xA5, 0x201E, 0xA6, 0x0160,
    0xA8, 0x0161, 0xAA, 0x0218, 0xAC, 0x0179, 0xAE, 0x017A, 0xAF, 0x017B, 0xB2, 0x010C,
    0xB3, 0x0142, 0xB4, 0x017D, 0xB5, 0x201D, 0xB8, 0x017E, 0xB9, 0x010D, 0xBA, 0x0219,
    0xBC, 0x0152, 0xBD, 0x0153, 0xBE, 0x0178, 0xBF, 0x017C, 0xC3, 0x0102, 0xC5, 0x0106,
    0xD0, 0x0110, 0xD1, 0x0143, 0xD5, 0x0150, 0xD7, 0x015A, 0xD8, 0x0170, 0xDD, 0x0118,
    0xDE, 0x021A, 0xE3, 0x0103, 0xE5, 0x0107, 0xF0, 0x0111, 0xF1, 0x0144, 0xF5, 0x0151,
    0xF7, 0x015B, 0xF8, 0x0171, 0xFD, 0x0119, 0xFE, 0x021B, 0,
};

static const mci_encoding encodings[] = {
    { "utf-8", "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf8 x-unicode20utf8", UTF8, NULL,
      NULL, 0 },
    { "ibm866", "866 cp866 csibm866", SINGLE_BYTE, "ibm-866", NULL, 0 },
    { "iso-8859-2",
      "csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2", SINGLE_BYTE,
      NULL, NULL, 0 },
    { "iso-8859-3",
      "csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3", SINGLE_BYTE,
      NULL, NULL, 0 },
    { "iso-8859-4",
      "csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4", SINGLE_BYTE,
      NULL, NULL, 0 },
    { "iso-8859-5",
      "csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
      SINGLE_BYTE, NULL, NULL, 0 },
    { "iso-8859-6",
      "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i "
      "iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
      SINGLE_BYTE, NULL, NULL, 0 },
    { "iso-8859-7",
      "csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7 "
      "iso_8859-7:1987 sun_eu_greek",
      SINGLE_BYTE, NULL, NULL, 0 },
    { "iso-8859-8",
      "csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 "
      "iso_8859-8:1988 visual",
      SINGLE_BYTE, NULL, NULL, 0 },
    { "iso-8859-8-i", "csiso88598i logical", SINGLE_BYTE, "iso-8859-8", NULL, 0 },
    { "iso-8859-10", "csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6", SINGLE_BYTE, NULL,
      NULL, 0 },
    { "iso-8859-13", "iso8859-13 iso885913", SINGLE_BYTE, NULL, NULL, 0 },
    { "iso-8859-14", "iso8859-14 iso885914", SINGLE_BYTE, NULL, NULL, 0 },
    { "iso-8859-15", "csisolatin9 iso8859-15 iso885915 iso_8859-15 l9", SINGLE_BYTE, NULL, NULL,
      0 },
    { "iso-8859-16", "", SINGLE_BYTE, "iso-8859-1", iso_8859_16, 0 },
    { "koi8-r", "cskoi8r koi koi8 koi8_r", SINGLE_BYTE, NULL, NULL, 0 },
    { "koi8-u", "koi8-ru", SINGLE_BYTE, NULL, koi8_u, 0 },
    { "macintosh", "csmacintosh mac x-mac-roman", SINGLE_BYTE, NULL, NULL, 0 },
    { "windows-874", "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620", SINGLE_BYTE, NULL,
      windows_874, 0 },
    { "windows-1250", "cp1250 x-cp1250", SINGLE_BYTE, NULL, NULL, 0 },
    { "windows-1251", "cp1251 x-cp1251", SINGLE_BYTE, NULL, NULL, 0 },
    { "windows-1252",
      "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 "
      "iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii x-cp1252",
      SINGLE_BYTE, NULL, NULL, 0 },
    { "windows-1253", "cp1253 x-cp1253", SINGLE_BYTE, NULL, windows_1253, 0 },
    { "windows-1254",
      "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 "
      "latin5 x-cp1254",
      SINGLE_BYTE, NULL, NULL, 0 },
    { "windows-1255", "cp1255 x-cp1255", SINGLE_BYTE, NULL, windows_1255, 0 },
    { "windows-1256", "cp1256 x-cp1256", SINGLE_BYTE, NULL, NULL, 0 },
    { "windows-1257", "cp1257 x-cp1257", SINGLE_BYTE, NULL, NULL, 0 },
    { "windows-1258", "cp1258 x-cp1258", SINGLE_BYTE, NULL, NULL, 0 },
    { "x-mac-cyrillic", "x-mac-ukrainian", SINGLE_BYTE, NULL, NULL, 0 },
    { "gbk", "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk", BY_ICU,
      "gb18030", NULL, EURO_AT_80 },
    { "gb18030", "", BY_ICU, NULL, NULL, EURO_AT_80 },
    { "big5", "big5-hkscs cn-big5 csbig5 x-x-big5", BY_ICU, "big5-hkscs", NULL, NO_PRIVATE },
    { "euc-jp", "cseucpkdfmtjapanese x-euc-jp", BY_ICU, NULL, NULL, NO_C1 | NO_PRIVATE },
    { "iso-2022-jp", "csiso2022jp", BY_ICU, NULL, NULL, 0 },
    { "shift_jis", "csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis", BY_ICU,
      "windows-31j", NULL, ROTATED | C1_AT_80 },
    { "euc-kr",
      "cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
      "windows-949",
      BY_ICU, "windows-949", NULL, NO_C1 | NO_PRIVATE },
    { "replacement", "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr", REPLACEMENT,
      NULL, NULL, 0 },
    { "utf-16be", "unicodefffe", BY_ICU, NULL, NULL, 0 },
    { "utf-16le", "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16", BY_ICU, NULL, NULL,
      0 },
    { "x-user-defined", "", USER_DEFINED, NULL, NULL, 0 },
};

/* ---- labels ---- */

/* label, in lower case already, is one of the words of list. */
static bool is_listed(const char *list, mc_str label)
{
    while (*list) {
        size_t len = strcspn(list, " ");
        if (len == label.len && memcmp(list, label.data, len) == 0)
            return true;
        list += len + (list[len] == ' ');
    }
    return false;
}

static bool is_ascii_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

const mci_encoding *mci_encoding_of_label(mc_str label)
{
    while (label.len > 0 && is_ascii_space(label.data[0])) {
        label.data++;
        label.len--;
    }
    while (label.len > 0 && is_ascii_space(label.data[label.len - 1]))
        label.len--;
    char lower[32]; /* no label is longer */
    if (label.len == 0 || label.len > sizeof lower)
        return NULL;
    for (size_t i = 0; i < label.len; i++) {
        char c = label.data[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        if (c == ' ')
            return NULL;
    }
    label.data = lower;
    for (size_t i = 0; i < COUNT_OF(encodings); i++)
        if (is_listed(encodings[i].name, label) || is_listed(encodings[i].labels, label))
            return &encodings[i];
    return NULL;
}

const mci_encoding *mci_encoding_of_bom(mc_str bytes, size_t *n_bytes)
{
    static const struct {
        const char *mark, *label;
    } marks[] = { { "\xEF\xBB\xBF", "utf-8" },
                  { "\xFE\xFF", "utf-16be" },
                  { "\xFF\xFE", "utf-16le" } };
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        *n_bytes = strlen(marks[i].mark);
        if (bytes.len >= *n_bytes && memcmp(bytes.data, marks[i].mark, *n_bytes) == 0)
            return mci_encoding_of_label(mc_str_of(marks[i].label));
    }
    *n_bytes = 0;
    return NULL;
}

const char *mci_encoding_name(const mci_encoding *encoding)
{
    return encoding->name;
}

/* ---- decoders ---- */

typedef union {
    UConverter *icu;      /* BY_ICU */
    uint16_t *upper_half; /* SINGLE_BYTE: the characters of bytes 80..FF */
} decoder;

struct mci_charset {
    decoder decoders[COUNT_OF(encodings)]; /* NULL: not opened yet */
};

mc_status mci_charset_new(mci_charset **out, mc_error *err)
{
    mci_charset *charset = mci_alloc_zeroed(1, sizeof *charset);
    if (!charset)
        return mci_nomem(err, sizeof *charset);
    *out = charset;
    return MC_OK;
}

void mci_charset_free(mci_charset *charset)
{
    for (size_t i = 0; charset && i < COUNT_OF(encodings); i++) {
        if (encodings[i].kind == BY_ICU && charset->decoders[i].icu)
            ucnv_close(charset->decoders[i].icu);
        if (encodings[i].kind == SINGLE_BYTE)
            mci_free(charset->decoders[i].upper_half);
    }
    mci_free(charset);
}

typedef struct {
    const mci_encoding *encoding;
    uint64_t *n_replaced;
} decoding;

/* What ICU calls at a wrong sequence: one U+FFFD. If its last byte is ASCII, that byte is a
 * character of its own (WHATWG: a broken character must not swallow a `<`). */
static void U_CALLCONV replace_wrong(const void *context, UConverterToUnicodeArgs *args,
                                     const char *bytes, int32_t n_bytes,
                                     UConverterCallbackReason reason, UErrorCode *code)
{
    if (reason > UCNV_IRREGULAR)
        return; /* reset, close, clone */
    const decoding *run = context;
    *code = U_ZERO_ERROR;
    UChar text[2] = { MCI_REPLACEMENT, 0 };
    int32_t len = 1;
    unsigned char last = (unsigned char)bytes[n_bytes - 1];
    unsigned quirks = run->encoding->quirks;
    if ((quirks & (EURO_AT_80 | C1_AT_80)) && n_bytes == 1 && last == 0x80)
        text[0] = quirks & EURO_AT_80 ? 0x20AC : 0x80;
    else
        ++*run->n_replaced;
    if (n_bytes > 1 && last < 0x80 && ucnv_getMinCharSize(args->converter) == 1)
        text[len++] = last;
    ucnv_cbToUWriteUChars(args, text, len, 0, code);
}

/* Makes WHATWG's character of ICU's. */
static uint32_t undo_quirks(const decoding *run, uint32_t c)
{
    unsigned quirks = run->encoding->quirks;
    bool is_wrong = ((quirks & NO_C1) && c >= 0x80 && c <= 0x9F) ||
                    ((quirks & NO_PRIVATE) && c >= 0xE000 && c <= 0xF8FF);
    if (is_wrong) {
        ++*run->n_replaced;
        return MCI_REPLACEMENT;
    }
    if (quirks & ROTATED)
        return c == 0x1A ? 0x7F : c == 0x1C ? 0x1A : c == 0x7F ? 0x1C : c;
    return c;
}

static mc_status open_converter(const mci_encoding *encoding, UConverter **out, mc_error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    *out = ucnv_open(encoding->converter ? encoding->converter : encoding->name, &code);
    if (code == U_MEMORY_ALLOCATION_ERROR)
        return mci_nomem(err, 0);
    if (U_FAILURE(code))
        return mc_fail(err, MC_E_BACKEND, "ICU cannot decode %s: %s", encoding->name,
                       u_errorName(code));
    return MC_OK;
}

static mc_status open_table(const mci_encoding *encoding, uint16_t **out, mc_error *err)
{
    UConverter *icu;
    MC_TRY(open_converter(encoding, &icu, err));
    uint16_t *table = mci_alloc(128 * sizeof *table);
    for (int i = 0; table && i < 128; i++) {
        UErrorCode code = U_ZERO_ERROR;
        UChar text[4];
        char byte = (char)(0x80 + i);
        int32_t n = ucnv_toUChars(icu, text, 4, &byte, 1, &code);
        table[i] = U_SUCCESS(code) && n == 1 ? text[0] : MCI_REPLACEMENT;
    }
    ucnv_close(icu);
    if (!table)
        return mci_nomem(err, 128 * sizeof *table);
    for (const uint16_t *pair = encoding->overrides; pair && *pair; pair += 2)
        table[pair[0] - 0x80] = pair[1];
    *out = table;
    return MC_OK;
}

static mc_status decode_single(mci_charset *charset, const mci_encoding *encoding, mc_str bytes,
                               mci_buf *out, uint64_t *n_replaced, mc_error *err)
{
    uint16_t **table = &charset->decoders[encoding - encodings].upper_half;
    if (!*table)
        MC_TRY(open_table(encoding, table, err));
    while (bytes.len > 0) {
        size_t n = mci_ascii_run(bytes);
        MC_TRY(mci_buf_append(out, bytes.data, n, err));
        bytes = (mc_str){ bytes.data + n, bytes.len - n };
        if (bytes.len == 0)
            break;
        uint32_t c = (*table)[(unsigned char)bytes.data[0] - 0x80];
        MC_TRY(mci_buf_reserve(out, 4, err));
        out->len += mci_utf8_encode(c, out->data + out->len);
        *n_replaced += c == MCI_REPLACEMENT;
        bytes = (mc_str){ bytes.data + 1, bytes.len - 1 };
    }
    return MC_OK;
}

/* Appends UTF-16; a high surrogate at the end is left for later and *n says how many were taken. */
static mc_status add_utf16(const decoding *run, mci_buf *out, const UChar *text, size_t *n,
                           mc_error *err)
{
    size_t i = 0;
    while (i < *n) {
        uint32_t c = text[i];
        size_t len = 1;
        if (U16_IS_LEAD(c)) {
            if (i + 1 == *n)
                break;
            c = (uint32_t)U16_GET_SUPPLEMENTARY(c, text[i + 1]);
            len = 2;
        }
        MC_TRY(mci_buf_reserve(out, 4, err));
        out->len += mci_utf8_encode(undo_quirks(run, c), out->data + out->len);
        i += len;
    }
    *n = i;
    return MC_OK;
}

static mc_status decode_by_icu(mci_charset *charset, const mci_encoding *encoding, mc_str bytes,
                               mci_buf *out, uint64_t *n_replaced, mc_error *err)
{
    UConverter **icu = &charset->decoders[encoding - encodings].icu;
    if (!*icu)
        MC_TRY(open_converter(encoding, icu, err));
    decoding run = { encoding, n_replaced };
    UErrorCode code = U_ZERO_ERROR;
    ucnv_reset(*icu);
    ucnv_setToUCallBack(*icu, replace_wrong, &run, NULL, NULL, &code);
    UChar text[2048];
    size_t n_kept = 0; /* a high surrogate whose partner comes with the next piece */
    const char *at = bytes.data, *end = bytes.data + bytes.len;
    do {
        code = U_ZERO_ERROR;
        UChar *to = text + n_kept;
        ucnv_toUnicode(*icu, &to, text + COUNT_OF(text), &at, end, NULL, true, &code);
        size_t n = (size_t)(to - text), n_taken = n;
        MC_TRY(add_utf16(&run, out, text, &n_taken, err));
        n_kept = n - n_taken;
        if (n_kept)
            text[0] = text[n - 1];
    } while (code == U_BUFFER_OVERFLOW_ERROR);
    if (U_FAILURE(code))
        return mc_fail(err, MC_E_BACKEND, "ICU cannot decode %s: %s", encoding->name,
                       u_errorName(code));
    return MC_OK;
}

static mc_status decode_user_defined(mc_str bytes, mci_buf *out, mc_error *err)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        MC_TRY(mci_buf_reserve(out, 4, err));
        out->len += mci_utf8_encode(byte < 0x80 ? byte : 0xF700u + byte, out->data + out->len);
    }
    return MC_OK;
}

mc_status mci_charset_decode(mci_charset *charset, const mci_encoding *encoding, mc_str bytes,
                             mci_buf *out, uint64_t *n_replaced, mc_error *err)
{
    if (bytes.len == 0)
        return MC_OK;
    switch (encoding->kind) {
    case UTF8:
        return mci_utf8_repair(bytes, out, n_replaced, err);
    case REPLACEMENT: /* encodings that could hide markup: nothing in them is read */
        ++*n_replaced;
        return mci_buf_append(out, "\xEF\xBF\xBD", 3, err);
    case USER_DEFINED:
        return decode_user_defined(bytes, out, err);
    case SINGLE_BYTE:
        return decode_single(charset, encoding, bytes, out, n_replaced, err);
    case BY_ICU:
        break;
    }
    return decode_by_icu(charset, encoding, bytes, out, n_replaced, err);
}

static bool is_utf8_already(const mci_encoding *encoding, mc_str bytes)
{
    if (encoding->kind == UTF8)
        return mci_json_is_utf8(bytes);
    return encoding->kind == SINGLE_BYTE && mci_ascii_run(bytes) == bytes.len;
}

mc_status mci_charset_text(mci_charset *charset, const mci_encoding *encoding, mc_str bytes,
                           mci_buf *scratch, mc_str *text, uint64_t *n_replaced, mc_error *err)
{
    *text = bytes;
    if (is_utf8_already(encoding, bytes))
        return MC_OK;
    mci_buf_clear(scratch);
    MC_TRY(mci_charset_decode(charset, encoding, bytes, scratch, n_replaced, err));
    *text = mci_buf_str(scratch);
    return MC_OK;
}
