#include "table.h"

#include <inttypes.h>
#include <string.h>

const char *cli_grouped(uint64_t number, char out[32])
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, number);
    char *to = out;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

const char *cli_percent(double part, double whole, char out[16])
{
    snprintf(out, 16, whole > 0 ? "%.1f %%" : "-", whole > 0 ? 100 * part / whole : 0);
    return out;
}

/* ---- text ---- */

/* Bytes of the UTF-8 character at the start of text; 0 if there is none (text is not empty). */
static size_t character(mc_str text)
{
    const unsigned char *at = (const unsigned char *)text.data;
    size_t len = at[0] < 0x80   ? 1
                 : at[0] < 0xC2 ? 0
                 : at[0] < 0xE0 ? 2
                 : at[0] < 0xF0 ? 3
                 : at[0] < 0xF5 ? 4
                                : 0;
    if (len == 0 || len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    bool is_overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    bool is_outside = (at[0] == 0xED && at[1] >= 0xA0) || (at[0] == 0xF4 && at[1] >= 0x90);
    return is_overlong || is_outside ? 0 : len;
}

/* Takes the next character off text into *one; an impossible byte is an empty one. */
static mc_str next_character(mc_str *text)
{
    mc_str one = { text->data, character(*text) };
    size_t step = one.len ? one.len : 1;
    text->data += step;
    text->len -= step;
    return one;
}

static size_t count_characters(mc_str text)
{
    size_t n = 0;
    for (; text.len; n++)
        next_character(&text);
    return n;
}

static bool is_control(mc_str one)
{
    unsigned char first = (unsigned char)one.data[0];
    return first < 0x20 || first == 0x7F ||
           (one.len == 2 && first == 0xC2 && (unsigned char)one.data[1] < 0xA0);
}

size_t cli_put_clean(FILE *to, mc_str text, size_t max)
{
    bool is_cut = count_characters(text) > max;
    size_t n = 0, limit = is_cut ? max - 3 : max;
    for (; text.len && n < limit; n++) {
        mc_str one = next_character(&text);
        if (one.len == 0 || is_control(one))
            fputc('?', to);
        else
            fwrite(one.data, 1, one.len, to);
    }
    if (is_cut)
        fputs("...", to);
    return is_cut ? max : n;
}

void cli_put_json_string(FILE *to, mc_str text)
{
    fputc('"', to);
    while (text.len) {
        mc_str one = next_character(&text);
        if (one.len == 0)
            fputs("\xEF\xBF\xBD", to);
        else if (*one.data == '"' || *one.data == '\\')
            fprintf(to, "\\%c", *one.data);
        else if ((unsigned char)*one.data < 0x20)
            fprintf(to, "\\u%04x", (unsigned)*one.data);
        else
            fwrite(one.data, 1, one.len, to);
    }
    fputc('"', to);
}

/* ---- the summary of a job ---- */

static const char of_these[] = "of these, ";

/* One counter. Parts stand indented under their whole, with their share of it. */
static void put_counter(FILE *to, const char *text, uint64_t value, uint64_t *whole)
{
    char number[32], share[16] = "";
    bool is_part = strncmp(text, of_these, sizeof of_these - 1) == 0;
    if (is_part)
        text += sizeof of_these - 1;
    else
        *whole = value;
    if (value == 0)
        return;
    if (is_part)
        cli_percent((double)value, (double)*whole, share);
    fprintf(to, "%s%-*s %18s%s%s\n", is_part ? "  " : "", is_part ? 52 : 54, text,
            cli_grouped(value, number), is_part ? "  " : "", share);
}

/* ---- languages ---- */

static uint64_t texts_of(const mc_language_count *count)
{
    return count->kept + count->dropped;
}

/* The language with the most texts that has fewer than `last`, or as many and a later code. */
static const mc_language_count *next_language(const mc_language_counts *counts,
                                              const mc_language_count *last)
{
    const mc_language_count *next = NULL;
    for (size_t i = 0; i < counts->n; i++) {
        const mc_language_count *it = &counts->of[i];
        bool is_behind = !last || texts_of(it) < texts_of(last) ||
                         (texts_of(it) == texts_of(last) && strcmp(it->code, last->code) > 0);
        bool is_nearer = !next || texts_of(it) > texts_of(next) ||
                         (texts_of(it) == texts_of(next) && strcmp(it->code, next->code) < 0);
        if (is_behind && is_nearer)
            next = it;
    }
    return next;
}

static void put_language(FILE *to, const mc_language_count *count, const char *name, uint64_t whole)
{
    char number[32], share[16];
    int used = fprintf(to, "  ");
    used += (int)cli_put_clean(to, mc_str_of(name), MC_LANGUAGE_CODE);
    used += fprintf(to, "%s", count->kept == 0 ? ", dropped" : count->dropped ? ", in part" : "");
    fprintf(to, "%*s %18s  %s\n", used < 54 ? 54 - used : 0, "",
            cli_grouped(texts_of(count), number),
            cli_percent((double)texts_of(count), (double)whole, share));
}

/* The commonest, and all others together. */
static void put_languages(FILE *to, const mc_summary *summary)
{
    enum { SHOWN = 8 };
    const mc_language_counts *counts = &summary->languages;
    mc_language_count left = counts->others;
    uint64_t whole = texts_of(&counts->others);
    char number[32];
    for (size_t i = 0; i < counts->n; i++) {
        whole += texts_of(&counts->of[i]);
        left.kept += counts->of[i].kept;
        left.dropped += counts->of[i].dropped;
    }
    fprintf(to, "%-54s %18s\n", "pairs by language", cli_grouped(whole, number));
    const mc_language_count *count = next_language(counts, NULL);
    for (int i = 0; i < SHOWN && count; i++, count = next_language(counts, count)) {
        put_language(to, count, count->code, whole);
        left.kept -= count->kept;
        left.dropped -= count->dropped;
    }
    if (texts_of(&left) > 0)
        put_language(to, &left, "others", whole);
    fprintf(to, "  identified by ");
    cli_put_clean(to, mc_str_of(summary->identified_by), SIZE_MAX);
    fputc('\n', to);
}

static void put_drawing(FILE *to, const mc_summary *summary)
{
    const mc_count_shape *shape = &summary->shape;
    char number[32], share[16];
    uint64_t whole = 0;
    put_counter(to, "t", summary->t, &whole);
    put_counter(to, "entries", shape->n_entries, &whole);
    put_counter(to, "of these, head (t matches or more)", shape->n_head, &whole);
    put_counter(to, "of these, tail (fewer)", shape->n_tail, &whole);
    put_counter(to, "of these, without any match", shape->n_zero, &whole);
    fprintf(to, "%-54s %18s\n", "share of the matches that are of tail entries",
            cli_percent(shape->tail_ratio, 1, share));
    fprintf(to, "%-54s %18s\n", "pairs that were to be expected",
            cli_grouped((uint64_t)(summary->expected_pairs + 0.5), number));
}

static void put_block_list(FILE *to, const mc_summary *summary)
{
    char number[32];
    uint64_t n = summary->block.n_uuids + summary->block.n_urls + summary->block.n_hosts;
    fprintf(to, "%-54s %18s\n", "uuids, urls and hosts on the block list", cli_grouped(n, number));
}

static void put_problems(FILE *to, const char problems[][508], size_t n)
{
    if (n == 0)
        return;
    fputs("skipped or damaged:\n", to);
    for (size_t i = 0; i < n; i++) {
        fputs("  ", to);
        cli_put_clean(to, mc_str_of(problems[i]), SIZE_MAX);
        fputc('\n', to);
    }
    if (n == MC_MAX_PROBLEMS)
        fputs("  ... (the first of them; all are counted above)\n", to);
}

void cli_put_summary(FILE *to, const mc_summary *summary)
{
    uint64_t whole = 0;
#define X(name, text) put_counter(to, text, summary->n.name, &whole);
    MC_COUNTERS(X)
#undef X
    if (summary->n.records_read && summary->n.pairs_kept == 0)
        fprintf(to, "%-54s %18s\n", "pairs kept", "none");
    if (summary->block.sha256[0])
        put_block_list(to, summary);
    if (summary->identified_by[0])
        put_languages(to, summary);
    if (summary->t)
        put_drawing(to, summary);
    put_problems(to, summary->problems, summary->n_problems);
    if (summary->seconds > 0)
        fprintf(to, "%.1f s, %.1f MB/s\n", summary->seconds,
                (double)summary->n.bytes_read / 1e6 / summary->seconds);
}

void cli_put_pack_summary(FILE *to, const mc_pack_summary *summary)
{
    uint64_t whole = 0;
#define X(name, text) put_counter(to, text, summary->n.name, &whole);
    MC_PACK_COUNTERS(X)
#undef X
    put_problems(to, summary->problems, summary->n_problems);
    if (summary->seconds > 0)
        fprintf(to, "%.1f s, %.1f MB/s\n", summary->seconds,
                (double)summary->n.image_bytes / 1e6 / summary->seconds);
}
