#include "curate/metadata_facts.h"

#include <stdio.h>

#include "base/files.h"
#include "curate/sidecar.h"
#include "io/json.h"

void mci_summary_set_metadata(mc_summary *summary, const mc_metadata *metadata)
{
    memcpy(summary->metadata_sha256, mc_metadata_sha256(metadata), sizeof summary->metadata_sha256);
    summary->n_entries = mc_metadata_len(metadata);
}

/* Files of a run folder, OUT/matched/HH/NAME.jsonl, have no sidecars: OUT/run.json speaks for all.
 */
static mc_status list_of_run(const char *path, char sha256[MC_SHA256_DIGITS + 1], bool *found,
                             mc_error *err)
{
    mci_buf name = { 0 }, text = { 0 };
    mci_json *json = NULL;
    mci_json_value root, member;
    size_t n = mci_folder_length(path);
    mc_status status = mci_buf_printf(&name, err, "%.*s../../run.json", (int)n, path);
    if (status >= 0)
        status = mci_read_file(name.data, &text, found, err);
    if (status >= 0 && *found)
        status = mci_json_new(&json, err);
    if (status >= 0 && *found) {
        status = mci_json_parse(json, mci_buf_str(&text), &root, NULL, NULL);
        mc_str digits = { 0 };
        if (status == MC_OK && mci_json_get(root, "metadata_sha256", &member))
            digits = mci_json_string(member);
        *found = digits.len == MC_SHA256_DIGITS;
        if (*found)
            memcpy(sha256, digits.data, digits.len);
        sha256[*found ? MC_SHA256_DIGITS : 0] = '\0';
    }
    mci_json_free(json);
    mci_buf_release(&name);
    mci_buf_release(&text);
    return status < 0 ? status : MC_OK;
}

static void warn_of_missing(const char *first, size_t n, const mc_hooks *hooks)
{
    char text[512];
    if (n == 1)
        snprintf(text, sizeof text,
                 "%s does not say which metadata its ids belong to; only their range is checked",
                 first);
    else
        snprintf(text, sizeof text,
                 "%s and %zu more files do not say which metadata their ids belong to; only their "
                 "range is checked",
                 first, n - 1);
    hooks->warn(hooks->user, text);
}

mc_status mci_check_sidecars(const char *const *paths, size_t n, const char *sha256,
                             const mc_hooks *hooks, mc_error *err)
{
    const char *first_missing = NULL;
    size_t n_missing = 0;
    for (size_t i = 0; i < n; i++) {
        char found_sha256[MC_SHA256_DIGITS + 1];
        uint64_t n_entries;
        bool found;
        MC_TRY(mci_sidecar_load(paths[i], found_sha256, &n_entries, &found, err));
        if (!found)
            MC_TRY(list_of_run(paths[i], found_sha256, &found, err));
        if (!found) {
            first_missing = first_missing ? first_missing : paths[i];
            n_missing++;
        } else if (strcmp(found_sha256, sha256) != 0) {
            return mc_fail(err, MC_E_MISMATCH,
                           "%s: it was matched with another metadata list (SHA-256 %.12s..., not "
                           "%.12s...); match it again",
                           paths[i], found_sha256, sha256);
        }
    }
    if (n_missing && hooks->warn)
        warn_of_missing(first_missing, n_missing, hooks);
    return MC_OK;
}
