/** Which entries of the metadata a text holds.
 *
 *  The rule (MetaCLIP, arXiv 2309.16671, section 3.2, as its published code has it): the text gets
 *  one space at each end; each of `, . ; : ? ! `` ` `` is replaced by itself with a space on both
 *  sides; tab, LF and CR become a space; nothing is folded or collapsed. An entry matches if
 *  " " + entry + " " is a sub-string of that. Matches may overlap and nest; a text counts once for
 *  an entry however often it occurs. Texts and entries are bytes: invalid UTF-8 is matched as it
 * is.
 *
 *  The worldwide rule (MetaCLIP 2, arXiv 2507.22062) is for lists of any language: the same, but
 *  the space on a side of an entry is left out where its first or last character is of a script
 *  without spaces (U+2E80-2FDF, 2FF0-2FFF, 3400-4DBF, 4E00-9FFF, F900-FAFF, 20000-2A6DF,
 *  2A700-2EBEF; Thai, Lao, Tibetan, Burmese, Khmer: 0E00-0EFF, 0F00-0FFF, 1000-109F, 1780-17FF) or
 *  punctuation (ASCII's 32, and the marks of docs/worldwide.md). Kana and Hangul are not among
 *  them. Of equal entries only the last one matches.
 *
 *  A matcher is immutable once built and shared by any number of threads; each thread has its own
 *  mc_match_scratch. */
#ifndef METACLIP_TEXT_H
#define METACLIP_TEXT_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_matcher mc_matcher;
typedef struct mc_match_scratch mc_match_scratch;

/** Builds a matcher over n entries; the id of entries[i] is i. Copies what it needs. An entry that
 *  stands twice in the list is found under both ids. n is at most 2^32 - 2.
 *  Errors: MC_E_NOMEM, MC_E_LIMIT. Free with mc_matcher_free. */
MC_API mc_status mc_matcher_new(const mc_str *entries, size_t n, mc_matcher **out, mc_error *err);

typedef enum { MC_RULE_WORDS, MC_RULE_WORLDWIDE } mc_match_rule;

/** The same by either rule; mc_matcher_new is for MC_RULE_WORDS. */
MC_API mc_status mc_matcher_new_by_rule(mc_match_rule rule, const mc_str *entries, size_t n,
                                        mc_matcher **out, mc_error *err);
MC_API void mc_matcher_free(mc_matcher *matcher);

/** Bytes of the matcher's tables, for reports. */
MC_API size_t mc_matcher_bytes(const mc_matcher *matcher);

/** Memory that matching needs; one per thread, usable with any matcher. */
MC_API mc_status mc_match_scratch_new(mc_match_scratch **out, mc_error *err);
MC_API void mc_match_scratch_free(mc_match_scratch *scratch);

/** The ids of the entries that match text, ascending, each once.
 *
 *  *ids and *n_ids are set on success; *ids belongs to the scratch and lives until its next use.
 *  Errors: MC_E_NOMEM. */
MC_API mc_status mc_match(const mc_matcher *matcher, mc_match_scratch *scratch, mc_str text,
                          const uint32_t **ids, size_t *n_ids, mc_error *err);

/** The same for many texts at once, which is faster: what one has to wait for in memory, another
 *  has meanwhile.
 *
 *  texts    n of them
 *  offsets  [n + 1]: the ids of texts[i] are ids[offsets[i]] up to ids[offsets[i + 1] - 1],
 *           ascending, each once; offsets[0] is 0
 *  ids      [offsets[n]]; may be NULL where none matches
 *
 *  Both are set on success, belong to the scratch and live until its next use.
 *  Errors: MC_E_NOMEM. */
MC_API mc_status mc_match_batch(const mc_matcher *matcher, mc_match_scratch *scratch,
                                const mc_str *texts, size_t n, const size_t **offsets,
                                const uint32_t **ids, mc_error *err);

/** False if no text can match the entry: it holds tab, LF or CR, or one of the seven marks without
 *  a space or an end on both sides, or two marks with exactly one space between; by both rules. If
 * `why` is not NULL it gets a constant English phrase for the first reason found. */
MC_API bool mc_entry_can_match(mc_str entry, const char **why);

#ifdef __cplusplus
}
#endif
#endif
