/* What a run says of languages: which were kept, what told them, and how many pairs of each there
 * were. Which language a text has is not looked at again. */
#include <inttypes.h>
#include <stdlib.h>

#include "run/verify_internal.h"

static const char summary_name[] = "summary.json", card_name[] = "datacard.json";

static void same_text(mci_verify *v, const char *file, const char *name, const char *published,
                      const char *want, const char *want_file)
{
    mci_checked(&v->findings, MC_CHECK_languages, 1);
    if (strcmp(published, want) != 0)
        mci_found(&v->findings, MC_CHECK_languages, MCI_PLACE_LAST,
                  "%s: \"%s\" is \"%s\", but \"%s\" in %s", file, name, published, want, want_file);
}

static void same_number(mci_verify *v, const char *name, uint64_t published, uint64_t sum)
{
    mci_checked(&v->findings, MC_CHECK_languages, 1);
    if (published != sum)
        mci_found(&v->findings, MC_CHECK_languages, MCI_PLACE_LAST,
                  "%s: \"%s\" is %" PRIu64 ", but in \"by_language\" they are %" PRIu64,
                  summary_name, name, published, sum);
}

/* ---- sums ---- */

static mc_language_count sum_of(const mc_language_counts *counts)
{
    mc_language_count sum = counts->others;
    for (size_t i = 0; i < counts->n; i++) {
        sum.kept += counts->of[i].kept;
        sum.dropped += counts->of[i].dropped;
    }
    return sum;
}

static void check_sums(mci_verify *v)
{
    const mc_summary *s = &v->summary.values;
    const mc_language_count sum = sum_of(&s->languages);
    same_number(v, "pairs_other_language", s->n.pairs_other_language, sum.dropped);
    same_number(v, "pairs_read", s->n.pairs_read, sum.kept + sum.dropped);
}

/* ---- which are kept ---- */

static bool is_named(const char *languages, const char *code)
{
    const size_t len = strlen(code);
    for (const char *at = languages; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == len && memcmp(at, code, len) == 0)
            return true;
    return false;
}

/* A language that was asked for may still find no list, where there are lists. */
static void check_kept(mci_verify *v, const mc_language_count *count)
{
    const char *languages = v->options.languages;
    const bool named = is_named(languages, count->code);
    mci_checked(&v->findings, MC_CHECK_languages, 1);
    if (!named && count->kept > 0)
        mci_found(&v->findings, MC_CHECK_languages, MCI_PLACE_LAST,
                  "%s: %" PRIu64 " pairs of \"%s\" were kept, but run.json keeps %s", summary_name,
                  count->kept, count->code, languages);
    if (named && count->dropped > 0 && v->options.n_lists == 0)
        mci_found(&v->findings, MC_CHECK_languages, MCI_PLACE_LAST,
                  "%s: %" PRIu64 " pairs of \"%s\" were dropped, but run.json keeps %s",
                  summary_name, count->dropped, count->code, languages);
}

static void check_named(mci_verify *v)
{
    const mc_language_counts *counts = &v->summary.values.languages;
    for (size_t i = 0; i < counts->n; i++)
        check_kept(v, &counts->of[i]);
    if (counts->others.kept > 0)
        check_kept(v, &counts->others);
}

/* ---- matched/ ---- */

static uint64_t kept_of(const mc_language_counts *counts, const char *code)
{
    for (size_t i = 0; i < counts->n; i++)
        if (strcmp(counts->of[i].code, code) == 0)
            return counts->of[i].kept;
    return 0;
}

/* What is left of a language after duplicates and matching is no more than there was of it. Beyond
 * the languages that are told apart, which pair was counted as another's depends on the order in
 * which they came. */
static void check_left(mci_verify *v, const mc_language_count *left)
{
    const mc_language_counts *published = &v->summary.values.languages;
    const bool all_apart = published->n < MC_MAX_LANGUAGE_COUNTS, is_other = !left->code[0];
    if (is_other && !all_apart)
        return;
    const uint64_t most = (is_other ? 0 : kept_of(published, left->code)) +
                          (is_other || !all_apart ? published->others.kept : 0);
    mci_checked(&v->findings, MC_CHECK_languages, 1);
    if (left->kept <= most)
        return;
    if (!is_other)
        mci_found(&v->findings, MC_CHECK_languages, MCI_PLACE_LAST,
                  "matched/: %" PRIu64 " pairs of \"%s\", of which %s has kept %" PRIu64,
                  left->kept, left->code, summary_name, most);
    else
        mci_found(&v->findings, MC_CHECK_languages, MCI_PLACE_LAST,
                  "matched/: %" PRIu64 " pairs say no language, or one that is not told apart",
                  left->kept);
}

static int by_code(const void *a, const void *b)
{
    return strcmp(((const mc_language_count *)a)->code, ((const mc_language_count *)b)->code);
}

static void check_matched(mci_verify *v)
{
    qsort(v->languages.of, v->languages.n, sizeof *v->languages.of, by_code);
    for (size_t i = 0; i < v->languages.n; i++)
        check_left(v, &v->languages.of[i]);
    if (v->languages.others.kept > 0)
        check_left(v, &v->languages.others);
}

void mci_verify_languages(mci_verify *v)
{
    const mc_summary *s = &v->summary.values;
    if (v->has_card && (v->options.languages[0] || v->card.languages[0]))
        same_text(v, card_name, "languages", v->card.languages, v->options.languages, "run.json");
    if (!v->summary.is_there)
        return;
    if (v->has_card && (s->identified_by[0] || v->card.identified_by[0]))
        same_text(v, summary_name, "identified_by", s->identified_by, v->card.identified_by,
                  card_name);
    if (s->identified_by[0] && !v->summary.has_languages)
        mci_found(&v->findings, MC_CHECK_languages, MCI_PLACE_LAST,
                  "%s: \"by_language\" is missing", summary_name);
    if (!v->summary.has_languages)
        return;
    check_sums(v);
    if (v->options.languages[0])
        check_named(v);
    check_matched(v);
}
