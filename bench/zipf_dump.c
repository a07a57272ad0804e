#include "zipf_dump.h"

#include <bzlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGES_A_STREAM = 100, WORDS_A_PAGE = 600, MOST_STREAM = PAGES_A_STREAM * WORDS_A_PAGE * 24 };

/* Pages are drawn from streams that were made once: bzip2 packs some 10 MB a second. */
enum { N_STREAMS = 64 };

typedef struct {
    char *bytes;
    unsigned n, text_bytes;
    uint32_t words[PAGES_A_STREAM * WORDS_A_PAGE];
} stream;

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

unsigned zipf_word(uint64_t number, char out[16])
{
    unsigned n = 0;
    out[n++] = 'w';
    do
        out[n++] = (char)('a' + number % 26);
    while ((number /= 26) > 0);
    return n;
}

static unsigned add(char *text, unsigned at, const char *what)
{
    size_t n = strlen(what);
    memcpy(text + at, what, n);
    return at + (unsigned)n;
}

/* A hundred articles with links, templates and references among their words. */
static unsigned write_pages(char *text, uint32_t *words, uint64_t *state)
{
    unsigned at = 0;
    for (unsigned page = 0; page < PAGES_A_STREAM; page++) {
        at = add(text, at,
                 "  <page>\n    <title>T</title>\n    <ns>0</ns>\n    <id>1</id>\n    <revision>\n"
                 "      <model>wikitext</model>\n      <text xml:space=\"preserve\">"
                 "{{Infobox|name=none|[[none]]}}\n");
        for (unsigned i = 0; i < WORDS_A_PAGE; i++) {
            double u = (double)(next_random(state) >> 11) * 0x1p-53;
            uint32_t word = (uint32_t)pow(ZIPF_WORDS, u) - 1;
            words[page * WORDS_A_PAGE + i] = word;
            if (i % 23 == 0)
                at = add(text, at, "[[none|");
            at += zipf_word(word, text + at);
            at = add(text, at,
                     i % 23 == 0   ? "]] "
                     : i % 17 == 0 ? ".&lt;ref&gt;none&lt;/ref&gt; "
                                   : " ");
        }
        at = add(text, at, "</text>\n    </revision>\n  </page>\n");
    }
    return at;
}

static void make_stream(stream *s, uint64_t *state)
{
    char *text = malloc(MOST_STREAM);
    s->n = MOST_STREAM;
    s->bytes = malloc(s->n);
    if (!text || !s->bytes)
        exit(1);
    s->text_bytes = write_pages(text, s->words, state);
    if (BZ2_bzBuffToBuffCompress(s->bytes, &s->n, text, s->text_bytes, 9, 0, 0) != BZ_OK)
        exit(1);
    free(text);
}

static void write_stream(FILE *file, const stream *s, zipf_dump *dump)
{
    if (fwrite(s->bytes, 1, s->n, file) != s->n)
        exit(1);
    for (unsigned i = 0; i < PAGES_A_STREAM * WORDS_A_PAGE; i++)
        dump->counts[s->words[i]]++;
    dump->n_words += PAGES_A_STREAM * WORDS_A_PAGE;
    dump->n_pages += PAGES_A_STREAM;
    dump->text_bytes += s->text_bytes;
    dump->file_bytes += s->n;
}

void zipf_dump_write(const char *path, uint64_t text_bytes, zipf_dump *dump)
{
    uint64_t state = 1;
    stream *streams = calloc(N_STREAMS, sizeof *streams);
    FILE *file = fopen(path, "wb");
    memset(dump, 0, sizeof *dump);
    if (!streams || !file)
        exit(1);
    for (size_t i = 0; dump->text_bytes < text_bytes; i++) {
        stream *s = &streams[i < N_STREAMS ? i : next_random(&state) % N_STREAMS];
        if (!s->bytes)
            make_stream(s, &state);
        write_stream(file, s, dump);
    }
    if (fclose(file) != 0)
        exit(1);
    for (size_t i = 0; i < N_STREAMS; i++)
        free(streams[i].bytes);
    free(streams);
}
