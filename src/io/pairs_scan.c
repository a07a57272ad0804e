/* Lines as mci_pairs_format writes them, without further members and escapes: what the commands
 * read again and again. They are read in one pass from left to right. */
#include "base/utf8.h"
#include "io/pairs_internal.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the first byte of a word must be its lowest one"
#endif

enum { MAX_TEXTS = 8, MAX_IDS = 256 };

typedef struct {
    const char *at, *end;
    uint64_t high; /* all bytes of strings, or-ed: tells ASCII */
} scan;

static const uint64_t ones = UINT64_C(0x0101010101010101);

static uint64_t zero_bytes(uint64_t word)
{
    return (word - ones) & ~word & (ones * 0x80);
}

static bool take(scan *s, const char *literal, size_t n)
{
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, literal, n) != 0)
        return false;
    s->at += n;
    return true;
}
#define TAKE(s, literal) take(s, literal, sizeof(literal) - 1)

static bool take_byte(scan *s, char byte)
{
    if (s->at == s->end || *s->at != byte)
        return false;
    s->at++;
    return true;
}

/* Passes over bytes that stand for themselves; near the line's end not over all of them. */
static void pass_plain_words(scan *s)
{
    while (s->end - s->at >= 8) {
        uint64_t word;
        memcpy(&word, s->at, 8);
        uint64_t special = zero_bytes(word ^ (ones * '"')) | zero_bytes(word ^ (ones * '\\')) |
                           zero_bytes(word & (ones * 0xE0));
        s->high |= word;
        if (special) { /* the lowest bit that is set is right */
            s->at += __builtin_ctzll(special) / 8;
            return;
        }
        s->at += 8;
    }
}

/* A string without escapes. */
static bool take_string(scan *s, mc_str *out)
{
    if (!take_byte(s, '"'))
        return false;
    const char *start = s->at;
    pass_plain_words(s);
    while (s->at < s->end && *s->at != '"' && *s->at != '\\' && (unsigned char)*s->at >= 0x20)
        s->high |= (unsigned char)*s->at++;
    *out = (mc_str){ start, (size_t)(s->at - start) };
    return take_byte(s, '"');
}

static bool take_id(scan *s, uint32_t *out)
{
    uint64_t value = 0;
    const char *start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - start < 10)
        value = value * 10 + (uint64_t)(*s->at++ - '0');
    size_t n = (size_t)(s->at - start);
    *out = (uint32_t)value;
    return n > 0 && (n == 1 || *start != '0') && value <= UINT32_MAX;
}

/* Behind the bracket. */
static bool take_ids(scan *s, uint32_t ids[MAX_IDS], size_t *n)
{
    *n = 0;
    if (take_byte(s, ']'))
        return true;
    do {
        if (*n == MAX_IDS || !take_id(s, &ids[*n]) || (*n > 0 && ids[*n] <= ids[*n - 1]))
            return false;
        ++*n;
    } while (take_byte(s, ','));
    return take_byte(s, ']');
}

/* One [key, text, ids, language]. MC_SKIPPED: not plain. */
static mc_status take_text(scan *s, mci_arena *arena, mc_text *text, mc_error *err)
{
    uint32_t ids[MAX_IDS];
    size_t n;
    *text = (mc_text){ 0 };
    if (!take_byte(s, '[') || !take_string(s, &text->key) || !take_byte(s, ',') ||
        !take_string(s, &text->text))
        return MC_SKIPPED;
    if (TAKE(s, ",[")) {
        if (!take_ids(s, ids, &n))
            return MC_SKIPPED;
        uint32_t *entries = mci_arena_alloc(arena, n * sizeof *entries);
        if (!entries)
            return mci_nomem(err, n * sizeof *entries);
        memcpy(entries, ids, n * sizeof *entries);
        text->entries = entries;
        text->n_entries = n;
        text->is_matched = true;
    } else if (!TAKE(s, ",null")) {
        return take_byte(s, ']') ? MC_OK : MC_SKIPPED;
    }
    if (take_byte(s, ',') && !take_string(s, &text->lang))
        return MC_SKIPPED;
    return take_byte(s, ']') ? MC_OK : MC_SKIPPED;
}

static mc_status take_texts(scan *s, mci_arena *arena, mc_record *record, mc_error *err)
{
    mc_text texts[MAX_TEXTS];
    size_t n = 0;
    if (!TAKE(s, "]")) {
        do {
            mc_status status = n < MAX_TEXTS ? take_text(s, arena, &texts[n], err) : MC_SKIPPED;
            if (status != MC_OK)
                return status;
            n++;
        } while (take_byte(s, ','));
        if (!take_byte(s, ']'))
            return MC_SKIPPED;
    }
    record->texts = mci_arena_alloc(arena, n * sizeof *texts);
    if (!record->texts)
        return mci_nomem(err, n * sizeof *texts);
    memcpy(record->texts, texts, n * sizeof *texts);
    record->n_texts = n;
    return MC_OK;
}

mc_status mci_pairs_scan(mc_str line, mci_arena *arena, mc_record *out, mc_error *err)
{
    static const char start[] = "{\"uuid\":\"";
    mc_record record = { 0 };
    mc_str copy;
    bool is_likely = line.len > sizeof start && memcmp(line.data, start, sizeof start - 1) == 0 &&
                     memcmp(line.data + line.len - 2, "]}", 2) == 0;
    if (!is_likely)
        return MC_SKIPPED;
    MC_TRY(mci_arena_copy(arena, line, &copy, err));
    scan s = { .at = copy.data + sizeof start - 2, .end = copy.data + copy.len };
    if (!take_string(&s, &record.uuid) || !TAKE(&s, ",\"url\":") || !take_string(&s, &record.url) ||
        !TAKE(&s, ",\"texts\":["))
        return MC_SKIPPED;
    mc_status status = take_texts(&s, arena, &record, err);
    if (status != MC_OK)
        return status;
    if (!take_byte(&s, '}') || s.at != s.end)
        return MC_SKIPPED;
    if (s.high & (ones * 0x80) && !mci_json_is_utf8(copy))
        return MC_SKIPPED;
    *out = record;
    return MC_OK;
}
