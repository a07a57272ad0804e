#include "cjk_captions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
    N_ENTRIES = 500000,
    N_TEXT_BYTES = 64 << 20,
    N_LONGEST_ENTRY = 64,
    N_LONGEST_TEXT = 2048,
    N_TABLE = 1 << 21,
    N_IDEOGRAPHS = 8192,
    N_KANA = 80
};

static void *need(void *memory)
{
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

static void *allocate(size_t n, size_t item_bytes)
{
    return need(calloc(n, item_bytes));
}

/* ---- characters and words ---- */

static uint64_t next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Below n, the r'th about 1/r as often as the first. */
static uint32_t draw(uint64_t *random, uint32_t n)
{
    double u = (double)(next(random) >> 11) * 0x1p-53;
    return (uint32_t)exp(u * log(n)) - 1;
}

static char *add_character(char *to, uint32_t c)
{
    *to++ = (char)(0xE0 | c >> 12);
    *to++ = (char)(0x80 | (c >> 6 & 0x3F));
    *to++ = (char)(0x80 | (c & 0x3F));
    return to;
}

static char *add_ideographs(char *to, uint64_t *random, size_t n)
{
    for (; n > 0; n--) /* the common ones stand anywhere in their block */
        to =
            add_character(to, 0x4E00 + (draw(random, N_IDEOGRAPHS) * 0x9E35u & (N_IDEOGRAPHS - 1)));
    return to;
}

static char *add_kana(char *to, uint64_t *random, uint32_t first, size_t n)
{
    for (; n > 0; n--)
        to = add_character(to, first + draw(random, N_KANA));
    return to;
}

static char *add_latin(char *to, uint64_t *random)
{
    for (size_t n = 2 + next(random) % 6; n > 0; n--)
        *to++ = (char)('a' + draw(random, 26));
    return to;
}

/* Rarer words are longer. */
static char *spell_word(char *to, cjk_kind kind, size_t rank, uint64_t *random)
{
    uint64_t dice = next(random) % 100;
    size_t n = rank < 2000 ? 1 : rank < 150000 ? 2 : 3 + next(random) % 3;
    if (dice < 4)
        return add_latin(to, random);
    if (kind == CJK_JAPANESE && dice < 30)
        return add_kana(to, random, 0x30A1, n + 1 + next(random) % 3);
    to = add_ideographs(to, random, n);
    if (kind == CJK_JAPANESE && dice < 50)
        to = add_kana(to, random, 0x3041, 1 + next(random) % 2);
    return to;
}

/* ---- entries ---- */

/* Whether the string is new; it is put to those that are not, plus 1 in the table. */
static bool is_new(captions *c, uint32_t *table, mc_str entry)
{
    size_t place = mci_hash64(entry, 0) & (N_TABLE - 1);
    for (; table[place]; place = (place + 1) & (N_TABLE - 1))
        if (mc_str_equal(c->entries[table[place] - 1], entry))
            return false;
    c->entries[c->n_entries++] = entry;
    table[place] = (uint32_t)c->n_entries;
    return true;
}

static void make_entries(captions *c, cjk_kind kind)
{
    uint64_t random = 7;
    uint32_t *table = allocate(N_TABLE, sizeof *table);
    c->entries = allocate(N_ENTRIES, sizeof *c->entries);
    char *to = c->entry_bytes = allocate(N_ENTRIES, N_LONGEST_ENTRY);
    while (c->n_entries < N_ENTRIES) {
        char *end = spell_word(to, kind, c->n_entries, &random);
        if (is_new(c, table, (mc_str){ to, (size_t)(end - to) }))
            to = end;
    }
    free(table);
}

/* ---- texts ---- */

static char *add_between(char *to, cjk_kind kind, uint64_t *random)
{
    static const char *const particles[] = { "の", "は", "が", "を", "に", "で", "と", "も" };
    uint64_t dice = next(random) % 64;
    const char *between = "";
    if (dice < 4)
        between = kind == CJK_JAPANESE ? "、" : "，";
    else if (dice < 7)
        between = " ";
    else if (kind == CJK_JAPANESE && dice < 40)
        between = particles[dice % 8];
    size_t n = strlen(between);
    memcpy(to, between, n);
    return to + n;
}

static char *spell_text(char *to, const captions *c, cjk_kind kind, uint64_t *random)
{
    for (size_t n = 2 + next(random) % 14; n > 0; n--) {
        mc_str word = c->entries[draw(random, N_ENTRIES)];
        memcpy(to, word.data, word.len);
        to = add_between(to + word.len, kind, random);
    }
    return to;
}

static void make_texts(captions *c, cjk_kind kind)
{
    uint64_t random = 11;
    size_t cap = 1 << 16;
    c->texts = allocate(cap, sizeof *c->texts);
    char *to = c->text_bytes = allocate(N_TEXT_BYTES + N_LONGEST_TEXT, 1);
    while (c->n_bytes < N_TEXT_BYTES) {
        if (c->n_texts == cap)
            c->texts = need(realloc(c->texts, (cap *= 2) * sizeof *c->texts));
        char *end = spell_text(to, c, kind, &random);
        c->texts[c->n_texts++] = (mc_str){ to, (size_t)(end - to) };
        c->n_bytes += (size_t)(end - to);
        to = end;
    }
}

captions cjk_captions_get(cjk_kind kind)
{
    captions c = { 0 };
    make_entries(&c, kind);
    make_texts(&c, kind);
    return c;
}
