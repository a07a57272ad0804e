#include "curate/metadata_facts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/files.h"
#include "curate/sidecar.h"
#include "io/json.h"

void mci_summary_set_metadata(mc_summary *summary, const mc_metadata *metadata)
{
    memcpy(summary->metadata_sha256, mc_metadata_sha256(metadata), sizeof summary->metadata_sha256);
    summary->n_entries = mc_metadata_len(metadata);
}

/* The path of OUT/run.json if `path` is OUT/matched/HH/NAME or OUT/curated/HH/NAME; else empty. */
static mc_status path_of_run(const char *path, mci_buf *out, mc_error *err)
{
    char whole[PATH_MAX];
    if (strcmp(path, "-") == 0 || !realpath(path, whole))
        return MC_OK;
    char *slash = strrchr(whole, '/');
    for (int up = 0; up < 2 && slash; up++) {
        *slash = '\0';
        slash = strrchr(whole, '/');
    }
    if (!slash || (strcmp(slash, "/matched") != 0 && strcmp(slash, "/curated") != 0))
        return MC_OK;
    return mci_buf_printf(out, err, "%.*s/run.json", (int)(slash - whole), whole);
}

static mc_status parse_run(mc_str text, char sha256[MC_SHA256_DIGITS + 1], uint64_t *n_entries,
                           bool *found, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root, member;
    MC_TRY(mci_json_new(&json, err));
    mc_status status = mci_json_parse(json, text, &root, NULL, err);
    *found = status == MC_OK && mci_json_get(root, "entries", &member) &&
             mci_json_u64(member, n_entries) && mci_json_get(root, "metadata_sha256", &member) &&
             mci_is_sha256(mci_json_string(member));
    if (*found) {
        memcpy(sha256, mci_json_string(member).data, MC_SHA256_DIGITS);
        sha256[MC_SHA256_DIGITS] = '\0';
    }
    mci_json_free(json);
    return status < 0 ? status : MC_OK;
}

/* Files of a run folder have no sidecars: OUT/run.json speaks for all. */
static mc_status list_of_run(const char *path, char sha256[MC_SHA256_DIGITS + 1],
                             uint64_t *n_entries, bool *found, mc_error *err)
{
    mci_buf name = { 0 }, text = { 0 };
    *found = false;
    mc_status status = path_of_run(path, &name, err);
    if (status >= 0 && name.len > 0)
        status = mci_read_file(name.data, &text, found, err);
    if (status >= 0 && *found)
        status = parse_run(mci_buf_str(&text), sha256, n_entries, found, err);
    mci_buf_release(&name);
    mci_buf_release(&text);
    return status;
}

mc_status mci_list_of_file(const char *path, char sha256[MC_SHA256_DIGITS + 1], uint64_t *n_entries,
                           bool *found, mc_error *err)
{
    MC_TRY(mci_sidecar_load(path, sha256, n_entries, found, err));
    return *found ? MC_OK : list_of_run(path, sha256, n_entries, found, err);
}

static void warn_of_missing(const char *first, size_t n, const mc_hooks *hooks)
{
    char text[512];
    if (strcmp(first, "-") == 0)
        first = "standard input";
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
        MC_TRY(mci_list_of_file(paths[i], found_sha256, &n_entries, &found, err));
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
