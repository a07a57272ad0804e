#include "captions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_WORDS = 300000, N_ENTRIES = 500000, N_TEXT_BYTES = 64 << 20, N_LONGEST = 256 };

static void *allocate(size_t n_bytes)
{
    void *memory = malloc(n_bytes ? n_bytes : 1);
    if (!memory) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

/* ---- made-up language ---- */

static uint64_t next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* The r'th most frequent word comes about 1/r as often as the first. */
static uint32_t draw_word(uint64_t *random)
{
    double u = (double)(next(random) >> 11) * 0x1p-53;
    return (uint32_t)exp(u * log(N_WORDS)) - 1;
}

/* Each rank has a word of its own: syllables of two letters, more of them the rarer it is. */
static char *spell(char *to, uint32_t rank)
{
    static const char syllables[] =
        "bacedifoguhajekilomunapereqisotuvawexiyozubrclstaneninonunthshch";
    uint32_t n = 1, limit = 32;
    for (; rank >= limit; limit *= 32)
        rank -= limit, n++;
    uint32_t scrambled = (rank * 0x9E3779B1u + 7) & (limit - 1);
    for (; n > 0; n--, scrambled >>= 5) {
        memcpy(to, syllables + 2 * (scrambled & 31), 2);
        to += 2;
    }
    return to;
}

static char *spell_entry(char *to, size_t i, uint64_t *random)
{
    if (i < N_WORDS)
        return spell(to, (uint32_t)i);
    size_t n = 2 + (next(random) % 4 == 0);
    for (size_t k = 0; k < n; k++) {
        if (k)
            *to++ = ' ';
        to = spell(to, draw_word(random));
    }
    return to;
}

static char *spell_caption(char *to, uint64_t *random)
{
    size_t n = 3 + next(random) % 10;
    for (size_t k = 0; k < n; k++) {
        uint64_t dice = next(random);
        if (k && dice % 12 == 0)
            *to++ = ",.:!"[dice >> 8 & 3];
        if (k)
            *to++ = ' ';
        char *word = to;
        to = spell(to, draw_word(random));
        if (dice % 16 == 1)
            *word = (char)(*word - 'a' + 'A');
    }
    return to;
}

/* Words that are in no list: letters of another script, two bytes each. */
static char *spell_foreign(char *to, uint64_t *random)
{
    for (size_t n = 1 + next(random) % 5; n > 0; n--) {
        for (size_t k = 2 + next(random) % 8; k > 0; k--) {
            *to++ = (char)0xD0;
            *to++ = (char)(0xB0 + next(random) % 16);
        }
        if (n > 1)
            *to++ = ' ';
    }
    return to;
}

static char *spell_file(char *to, uint64_t *random)
{
    static const char *const ends[] = { "", ".jpg", " logo" };
    to = spell(to, draw_word(random));
    *to++ = '-';
    to = spell(to, draw_word(random));
    if (next(random) % 2)
        to += snprintf(to, 8, "-%u", (unsigned)(next(random) % 10000));
    return to + snprintf(to, 8, "%s", ends[next(random) % 3]);
}

static char *spell_alt(char *to, uint64_t *random)
{
    uint64_t dice = next(random) % 100;
    if (dice < 8)
        return spell_foreign(to, random);
    if (dice < 22)
        return spell_file(to, random);
    bool is_title = dice < 40; /* written in capitals, so that many words are in no list */
    for (size_t n = 3 + next(random) % 8; n > 0; n--) {
        char *word = to;
        to = spell(to, draw_word(random));
        if (is_title)
            *word = (char)(*word - 'a' + 'A');
        if (n > 1) {
            if (next(random) % 16 == 0)
                *to++ = ',';
            *to++ = ' ';
        }
    }
    return to;
}

static int by_bytes(const void *a, const void *b)
{
    const mc_str *first = a, *second = b;
    size_t len = first->len < second->len ? first->len : second->len;
    int order = memcmp(first->data, second->data, len);
    return order ? order : (first->len > second->len) - (first->len < second->len);
}

/* Sorts, and drops what stands there twice. */
static size_t unify(mc_str *strings, size_t n)
{
    size_t n_left = 0;
    qsort(strings, n, sizeof *strings, by_bytes);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !mc_str_equal(strings[i], strings[n_left - 1]))
            strings[n_left++] = strings[i];
    }
    return n_left;
}

static void shuffle(mc_str *strings, size_t n, uint64_t *random)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = next(random) % i;
        mc_str last = strings[i - 1];
        strings[i - 1] = strings[k];
        strings[k] = last;
    }
}

static captions make_up(captions_kind kind)
{
    captions c = { 0 };
    uint64_t random = 1;
    enum { N_DRAWN = N_ENTRIES + N_ENTRIES / 4 }; /* some come twice */
    char *to = c.entry_bytes = allocate((size_t)N_DRAWN * 32);
    c.entries = allocate(N_DRAWN * sizeof *c.entries);
    for (size_t i = 0; i < N_DRAWN; i++) {
        char *end = spell_entry(to, i, &random);
        c.entries[i] = (mc_str){ to, (size_t)(end - to) };
        to = end;
    }
    c.n_entries = unify(c.entries, N_DRAWN);
    shuffle(c.entries, c.n_entries, &random);
    if (c.n_entries > N_ENTRIES)
        c.n_entries = N_ENTRIES;
    c.text_bytes = to = allocate(N_TEXT_BYTES + N_LONGEST);
    c.texts = allocate(N_TEXT_BYTES / 4 * sizeof *c.texts);
    while (c.n_bytes < N_TEXT_BYTES) {
        char *end = kind == CAPTIONS_ALT ? spell_alt(to, &random) : spell_caption(to, &random);
        c.texts[c.n_texts++] = (mc_str){ to, (size_t)(end - to) };
        c.n_bytes += (size_t)(end - to);
        to = end;
    }
    return c;
}

/* ---- from files ---- */

static char *read_lines(const char *folder, const char *name, mc_str **lines, size_t *n)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file), n_lines = 0;
    rewind(file);
    char *data = allocate(size);
    size = fread(data, 1, size, file);
    fclose(file);
    for (size_t i = 0; i < size; i++)
        n_lines += data[i] == '\n';
    *lines = allocate(n_lines * sizeof **lines);
    const char *at = data;
    for (*n = 0; *n < n_lines; (*n)++) {
        const char *end = memchr(at, '\n', size - (size_t)(at - data));
        (*lines)[*n] = (mc_str){ at, (size_t)(end - at) };
        at = end + 1;
    }
    return data;
}

bool captions_are_given(void)
{
    return getenv("METACLIP_BENCH_CORPUS") != NULL;
}

captions captions_get_kind(captions_kind kind)
{
    const char *folder = getenv("METACLIP_BENCH_CORPUS");
    if (!folder)
        return make_up(kind);
    captions c = { 0 };
    c.entry_bytes = read_lines(folder, "entries.txt", &c.entries, &c.n_entries);
    c.text_bytes = read_lines(folder, "texts.txt", &c.texts, &c.n_texts);
    for (size_t i = 0; i < c.n_texts; i++)
        c.n_bytes += c.texts[i].len;
    return c;
}

captions captions_get(void)
{
    return captions_get_kind(CAPTIONS_DENSE);
}

void captions_release(captions *c)
{
    free(c->entries);
    free(c->texts);
    free(c->entry_bytes);
    free(c->text_bytes);
    *c = (captions){ 0 };
}
