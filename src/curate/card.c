/* The data card: the published distribution of a run. One key a line:
 *   {"kind":"metaclip data card",
 *   "tool":"metaclip 0.1.0",
 *   "metadata_sha256":"...",
 *   "entries":3,
 *   "t":20000,
 *   "seed":0,
 *   "pool_pairs":9,
 *   "matched_pairs":7,
 *   "curated_pairs":5,
 *   "earlier_runs":["2023-50"],            only if there are some
 *   "block_sha256":"...",                  only if there was a block list
 *   "languages":"en,und",                  only if others were dropped, and with it
 *   "identified_by":"CLD2 V2.0 - 20141016",
 *   "one_text":true,                       only if so
 *   "lists":[{"name":"en","sha256":"...",  only of a folder of lists: a line each
 *   "first_id":0,"entries":3,"t":20000,
 *   "tail_ratio":0.0625,"pool_matches":7,
 *   "curated_matches":5,"matched_pairs":6,
 *   "curated_pairs":5}],
 *   "pool":[4,0,3],
 *   "curated":[2,0,3]}                     or null */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json_text.h"
#include "curate/card.h"
#include "curate/sidecar.h"
#include "io/output.h"
#include "io/whole.h"

static const char kind[] = "metaclip data card";
static const char tool[] = "metaclip ";

/* X(key, member): the numbers, in the order of the file. */
#define NUMBERS(X)                    \
    X("entries", n_entries)           \
    X("t", t)                         \
    X("seed", seed)                   \
    X("pool_pairs", pool_pairs)       \
    X("matched_pairs", matched_pairs) \
    X("curated_pairs", curated_pairs)

void mc_card_release(mc_card *card)
{
    mci_free(card->pool);
    mci_free(card->curated);
    for (size_t i = 0; i < card->n_earlier_runs; i++)
        mci_free(card->earlier_runs[i]);
    mci_free(card->earlier_runs);
    mci_free(card->lists);
    *card = (mc_card){ 0 };
}

/* ---- writing ---- */

static mc_status add_string(mci_buf *out, const char *key, const char *value, mc_error *err)
{
    MC_TRY(mci_buf_printf(out, err, "\"%s\":", key));
    MC_TRY(mci_json_add_string(out, mc_str_of(value), err));
    return mci_buf_add(out, mc_str_of(",\n"), err);
}

static mc_status add_counts(mci_buf *out, const char *key, const uint64_t *counts, uint64_t n,
                            mc_error *err)
{
    MC_TRY(mci_buf_printf(out, err, "\"%s\":", key));
    if (!counts)
        return mci_buf_add(out, mc_str_of("null"), err);
    MC_TRY(mci_buf_byte(out, '[', err));
    for (uint64_t i = 0; i < n; i++) {
        if (i)
            MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(mci_json_add_u64(out, counts[i], err));
    }
    return mci_buf_byte(out, ']', err);
}

static mc_status add_earlier_runs(mci_buf *out, const mc_card *card, mc_error *err)
{
    if (card->n_earlier_runs == 0)
        return MC_OK;
    MC_TRY(mci_buf_add(out, mc_str_of("\"earlier_runs\":["), err));
    for (size_t i = 0; i < card->n_earlier_runs; i++) {
        if (i)
            MC_TRY(mci_buf_byte(out, ',', err));
        MC_TRY(mci_json_add_string(out, mc_str_of(card->earlier_runs[i]), err));
    }
    return mci_buf_add(out, mc_str_of("],\n"), err);
}

static mc_status format_card(const mc_card *card, mci_buf *out, mc_error *err)
{
    MC_TRY(mci_buf_byte(out, '{', err));
    MC_TRY(add_string(out, "kind", kind, err));
    char name[sizeof tool + sizeof card->tool_version];
    snprintf(name, sizeof name, "%s%s", tool, card->tool_version);
    MC_TRY(add_string(out, "tool", name, err));
    MC_TRY(add_string(out, "metadata_sha256", card->metadata_sha256, err));
#define X(key, member) MC_TRY(mci_buf_printf(out, err, "\"" key "\":%" PRIu64 ",\n", card->member));
    NUMBERS(X)
#undef X
    MC_TRY(add_earlier_runs(out, card, err));
    if (card->block_sha256[0])
        MC_TRY(add_string(out, "block_sha256", card->block_sha256, err));
    if (card->languages[0])
        MC_TRY(add_string(out, "languages", card->languages, err));
    if (card->identified_by[0])
        MC_TRY(add_string(out, "identified_by", card->identified_by, err));
    if (card->one_text)
        MC_TRY(mci_buf_add(out, mc_str_of("\"one_text\":true,\n"), err));
    if (card->n_lists) {
        MC_TRY(mci_card_lists_format(out, card->lists, card->n_lists, ",\n", err));
        MC_TRY(mci_buf_add(out, mc_str_of(",\n"), err));
    }
    MC_TRY(add_counts(out, "pool", card->pool, card->n_entries, err));
    MC_TRY(mci_buf_add(out, mc_str_of(",\n"), err));
    MC_TRY(add_counts(out, "curated", card->curated, card->n_entries, err));
    return mci_buf_add(out, mc_str_of("}\n"), err);
}

mc_status mc_card_save(const mc_card *card, const char *path, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status = format_card(card, &text, err);
    if (status >= 0)
        status = mci_output_file(path, mci_buf_str(&text), err);
    mci_buf_release(&text);
    return status;
}

/* ---- reading ---- */

static mc_status read_strings(mci_json_value root, mc_card *card, mc_error *err)
{
    mci_json_value value;
    if (!mci_json_get(root, "kind", &value) ||
        !mc_str_equal(mci_json_string(value), mc_str_of(kind)))
        return mc_fail(err, MC_E_FORMAT, "not a data card");
    mc_str name = mci_json_get(root, "tool", &value) ? mci_json_string(value) : mc_str_of(NULL);
    size_t n = sizeof tool - 1;
    if (name.len < n || memcmp(name.data, tool, n) != 0 ||
        name.len - n >= sizeof card->tool_version)
        return mc_fail(err, MC_E_FORMAT, "\"tool\" is missing or names no version of metaclip");
    memcpy(card->tool_version, name.data + n, name.len - n);
    mc_str sha256 =
        mci_json_get(root, "metadata_sha256", &value) ? mci_json_string(value) : mc_str_of(NULL);
    if (!mci_is_sha256(sha256))
        return mc_fail(err, MC_E_FORMAT, "\"metadata_sha256\" is missing or no SHA-256");
    memcpy(card->metadata_sha256, sha256.data, sha256.len);
    return MC_OK;
}

static mc_status read_block_list(mci_json_value value, mc_card *card, mc_error *err)
{
    mc_str sha256 = mci_json_string(value);
    if (!mci_is_sha256(sha256))
        return mc_fail(err, MC_E_FORMAT, "\"block_sha256\" is no SHA-256");
    memcpy(card->block_sha256, sha256.data, sha256.len);
    return MC_OK;
}

/* A member that may be missing; `to` has MC_LANGUAGES_TEXT bytes. */
static mc_status read_text(mci_json_value root, const char *key, char *to, mc_error *err)
{
    mci_json_value value;
    if (!mci_json_get(root, key, &value))
        return MC_OK;
    mc_str text = mci_json_string(value);
    if (text.len == 0 || text.len >= MC_LANGUAGES_TEXT)
        return mc_fail(err, MC_E_FORMAT, "\"%s\" is no text of 1 to %d bytes", key,
                       (int)MC_LANGUAGES_TEXT - 1);
    memcpy(to, text.data, text.len);
    to[text.len] = '\0';
    return MC_OK;
}

static mc_status read_number(mci_json_value root, const char *key, uint64_t *out, mc_error *err)
{
    mci_json_value value;
    if (mci_json_get(root, key, &value) && mci_json_u64(value, out))
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "\"%s\" is missing or no number from 0 to 2^64-1", key);
}

/* *out gets n counts, which the caller frees. Grown as they come: n is only what the file claims.
 */
static mc_status read_counts(mci_json_value array, const char *key, uint64_t n, uint64_t **out,
                             mc_error *err)
{
    uint64_t n_read = 0;
    size_t cap = 0;
    mci_json_value value;
    for (mci_json_iter it = mci_json_iterate(array); mci_json_next(&it, NULL, &value); n_read++) {
        void *counts = *out;
        MC_TRY(mci_grow(&counts, &cap, (size_t)n_read + 1, sizeof **out, err));
        *out = counts;
        if (!mci_json_u64(value, &(*out)[n_read]))
            return mc_fail(err, MC_E_FORMAT, "\"%s\"[%" PRIu64 "] is no number from 0 to 2^64-1",
                           key, n_read);
    }
    if (n_read != n)
        return mc_fail(err, MC_E_FORMAT, "\"%s\" has %" PRIu64 " counts for %" PRIu64 " entries",
                       key, n_read, n);
    if (!*out)
        *out = mci_alloc(0); /* an empty list is not a missing one */
    return *out ? MC_OK : mci_nomem(err, 0);
}

static mc_status read_earlier_runs(mci_json_value array, mc_card *card, mc_error *err)
{
    size_t cap = 0;
    mci_json_value value;
    for (mci_json_iter it = mci_json_iterate(array); mci_json_next(&it, NULL, &value);) {
        void *runs = card->earlier_runs;
        mc_str id = mci_json_string(value);
        MC_TRY(mci_grow(&runs, &cap, card->n_earlier_runs + 1, sizeof *card->earlier_runs, err));
        card->earlier_runs = runs;
        char *copy = mci_alloc(id.len + 1);
        if (!copy)
            return mci_nomem(err, id.len + 1);
        if (id.len > 0)
            memcpy(copy, id.data, id.len);
        copy[id.len] = '\0';
        card->earlier_runs[card->n_earlier_runs++] = copy;
    }
    return MC_OK;
}

mc_status mci_card_parse(mci_json_value root, mc_card *out, mc_error *err)
{
    mc_card card = { 0 };
    mci_json_value value;
    mc_status status = read_strings(root, &card, err);
#define X(key, member) \
    if (status >= 0)   \
        status = read_number(root, key, &card.member, err);
    NUMBERS(X)
#undef X
    if (status >= 0 &&
        !(mci_json_get(root, "pool", &value) && mci_json_type_of(value) == MCI_JSON_ARRAY))
        status = mc_fail(err, MC_E_FORMAT, "\"pool\" is missing or no array");
    if (status >= 0)
        status = read_counts(value, "pool", card.n_entries, &card.pool, err);
    bool has_curated = status >= 0 && mci_json_get(root, "curated", &value) &&
                       mci_json_type_of(value) != MCI_JSON_NULL;
    if (has_curated)
        status = read_counts(value, "curated", card.n_entries, &card.curated, err);
    if (status >= 0 && mci_json_get(root, "earlier_runs", &value))
        status = read_earlier_runs(value, &card, err);
    if (status >= 0 && mci_json_get(root, "block_sha256", &value))
        status = read_block_list(value, &card, err);
    if (status >= 0)
        status = read_text(root, "languages", card.languages, err);
    if (status >= 0)
        status = read_text(root, "identified_by", card.identified_by, err);
    if (status >= 0 && mci_json_get(root, "one_text", &value))
        card.one_text = mci_json_bool(value);
    if (status >= 0 && mci_json_get(root, "lists", &value))
        status = mci_card_read_lists(value, &card, err);
    if (status < 0)
        mc_card_release(&card);
    else
        *out = card;
    return status;
}

mc_status mc_card_load(const char *path, mc_card *out, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_json_load(path, MCI_MAX_WHOLE_BYTES, &json, &root, err);
    if (status >= 0) {
        status = mci_card_parse(root, out, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_json_free(json);
    return status;
}
