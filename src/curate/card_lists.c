/* The lists of a folder, in a data card, in run.json and in summary.json. */
#include <inttypes.h>

#include "base/alloc.h"
#include "curate/card.h"
#include "curate/metadata.h"
#include "curate/sidecar.h"

/* ---- one list ---- */

mc_status mci_list_format(mci_buf *out, const mc_metadata_list *list, mc_error *err)
{
    return mci_buf_printf(
        out, err, "\"name\":\"%s\",\"sha256\":\"%s\",\"first_id\":%" PRIu64 ",\"entries\":%" PRIu64,
        list->name, list->sha256, list->first_id, list->n_entries);
}

static mc_status read_u64(mci_json_value object, const char *key, uint64_t *out, mc_error *err)
{
    mci_json_value value;
    if (mci_json_get(object, key, &value) && mci_json_u64(value, out))
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "\"%s\" of a list is missing or no whole number", key);
}

mc_status mci_list_parse(mci_json_value object, mc_metadata_list *out, mc_error *err)
{
    mci_json_value value;
    mc_metadata_list list = { 0 };
    mc_str name = mci_json_get(object, "name", &value) ? mci_json_string(value) : mc_str_of(NULL);
    if (!mci_list_name_is_valid(name))
        return mc_fail(err, MC_E_FORMAT, "\"name\" of a list is missing or no list's name");
    memcpy(list.name, name.data, name.len);
    mc_str sha256 =
        mci_json_get(object, "sha256", &value) ? mci_json_string(value) : mc_str_of(NULL);
    if (!mci_is_sha256(sha256))
        return mc_fail(err, MC_E_FORMAT, "\"sha256\" of the list %s is missing or no SHA-256",
                       list.name);
    memcpy(list.sha256, sha256.data, sha256.len);
    MC_TRY(read_u64(object, "first_id", &list.first_id, err));
    MC_TRY(read_u64(object, "entries", &list.n_entries, err));
    *out = list;
    return MC_OK;
}

mc_status mci_list_follows(const mc_metadata_list *list, const mc_metadata_list *before,
                           uint64_t *n_entries, mc_error *err)
{
    if (before && strcmp(before->name, list->name) >= 0)
        return mc_fail(err, MC_E_FORMAT, "the list %s stands behind %s", list->name, before->name);
    if (list->first_id != *n_entries || list->n_entries > UINT64_MAX - *n_entries)
        return mc_fail(err, MC_E_FORMAT,
                       "the list %s has the ids from %" PRIu64 " on, want %" PRIu64, list->name,
                       list->first_id, *n_entries);
    *n_entries += list->n_entries;
    return MC_OK;
}

/* ---- of a card or summary ---- */

static mc_status add_list(mci_buf *out, const mc_card_list *list, mc_error *err)
{
    MC_TRY(mci_buf_byte(out, '{', err));
    MC_TRY(mci_list_format(out, &list->list, err));
    return mci_buf_printf(out, err,
                          ",\"t\":%" PRIu64 ",\"tail_ratio\":%.17g,\"pool_matches\":%" PRIu64
                          ",\"curated_matches\":%" PRIu64 ",\"matched_pairs\":%" PRIu64
                          ",\"curated_pairs\":%" PRIu64 "}",
                          list->t, list->tail_ratio, list->pool_matches, list->curated_matches,
                          list->matched_pairs, list->curated_pairs);
}

mc_status mci_card_lists_format(mci_buf *out, const mc_card_list *lists, size_t n,
                                const char *between, mc_error *err)
{
    MC_TRY(mci_buf_add(out, mc_str_of("\"lists\":["), err));
    for (size_t i = 0; i < n; i++) {
        MC_TRY(mci_buf_add(out, mc_str_of(i ? between : ""), err));
        MC_TRY(add_list(out, &lists[i], err));
    }
    return mci_buf_byte(out, ']', err);
}

static mc_status read_list(mci_json_value object, mc_card_list *out, mc_error *err)
{
    mci_json_value value;
    mc_card_list list = { 0 };
    MC_TRY(mci_list_parse(object, &list.list, err));
    MC_TRY(read_u64(object, "t", &list.t, err));
    MC_TRY(read_u64(object, "pool_matches", &list.pool_matches, err));
    MC_TRY(read_u64(object, "curated_matches", &list.curated_matches, err));
    MC_TRY(read_u64(object, "matched_pairs", &list.matched_pairs, err));
    MC_TRY(read_u64(object, "curated_pairs", &list.curated_pairs, err));
    if (!mci_json_get(object, "tail_ratio", &value) || !mci_json_double(value, &list.tail_ratio))
        return mc_fail(err, MC_E_FORMAT, "\"tail_ratio\" of the list %s is missing or no number",
                       list.list.name);
    *out = list;
    return MC_OK;
}

mc_status mci_card_read_lists(mci_json_value array, mc_card *card, mc_error *err)
{
    size_t cap = 0;
    uint64_t n_entries = 0;
    mci_json_value value;
    for (mci_json_iter it = mci_json_iterate(array); mci_json_next(&it, NULL, &value);) {
        void *lists = card->lists;
        MC_TRY(mci_grow(&lists, &cap, card->n_lists + 1, sizeof *card->lists, err));
        card->lists = lists;
        mc_card_list *list = &card->lists[card->n_lists];
        MC_TRY(read_list(value, list, err));
        MC_TRY(
            mci_list_follows(&list->list, card->n_lists ? &list[-1].list : NULL, &n_entries, err));
        card->n_lists++;
    }
    if (card->n_lists && n_entries == card->n_entries)
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT, "\"lists\" have %" PRIu64 " entries, want %" PRIu64, n_entries,
                   card->n_entries);
}
