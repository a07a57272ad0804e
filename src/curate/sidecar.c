#include "curate/sidecar.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json_text.h"
#include "io/output.h"
#include "io/whole.h"

enum { MAX_SIDECAR_BYTES = 64 * 1024 };

bool mci_is_sha256(mc_str text)
{
    size_t n = 0;
    while (n < text.len && ((text.data[n] >= '0' && text.data[n] <= '9') ||
                            (text.data[n] >= 'a' && text.data[n] <= 'f')))
        n++;
    return n == MC_SHA256_DIGITS && n == text.len;
}

/* A pipe or a device has no place beside it. */
static bool may_have_sidecar(const char *path)
{
    struct stat info;
    return strcmp(path, "-") != 0 && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
}

/* Beside the file itself: a link to it, under which it may be written and read too, must not leave
 * an older sidecar there to speak of it. */
static mc_status sidecar_path(const char *path, mci_buf *out, mc_error *err)
{
    char resolved[PATH_MAX];
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode) && realpath(path, resolved))
        path = resolved;
    return mci_buf_printf(out, err, "%s.meta.json", path);
}

/* ---- writing ---- */

static mc_status save(const char *sidecar, const char *kind, const char *sha256, uint64_t n_entries,
                      mci_buf *text, mc_error *err)
{
    MC_TRY(mci_buf_printf(
        text, err, "{\"kind\":\"%s\",\"metadata_sha256\":\"%s\",\"entries\":", kind, sha256));
    MC_TRY(mci_json_add_u64(text, n_entries, err));
    MC_TRY(mci_buf_printf(text, err, ",\"tool\":\"metaclip " METACLIP_VERSION "\"}\n"));
    return mci_output_file(sidecar, mci_buf_str(text), err);
}

mc_status mci_sidecar_save(const char *path, const char *kind, const char *sha256,
                           uint64_t n_entries, mc_error *err)
{
    if (sha256[0] == '\0')
        return mci_sidecar_remove(path, err);
    if (!may_have_sidecar(path))
        return MC_OK;
    mci_buf sidecar = { 0 }, text = { 0 };
    mc_status status = sidecar_path(path, &sidecar, err);
    if (status >= 0)
        status = save(sidecar.data, kind, sha256, n_entries, &text, err);
    mci_buf_release(&sidecar);
    mci_buf_release(&text);
    return status;
}

mc_status mci_sidecar_remove(const char *path, mc_error *err)
{
    if (!may_have_sidecar(path))
        return MC_OK;
    mci_buf sidecar = { 0 };
    mc_status status = sidecar_path(path, &sidecar, err);
    if (status >= 0 && unlink(sidecar.data) != 0 && errno != ENOENT && errno != ENOTDIR)
        status = mc_fail(err, MC_E_IO, "%s: cannot remove it: %s", sidecar.data, strerror(errno));
    mci_buf_release(&sidecar);
    return status;
}

/* ---- reading ---- */

static mc_status read_facts(mci_json_value root, char *sha256, uint64_t *n_entries, mc_error *err)
{
    mci_json_value value;
    uint64_t n;
    if (!mci_json_get(root, "entries", &value) || !mci_json_u64(value, &n))
        return mc_fail(err, MC_E_FORMAT, "no sidecar: \"entries\" is missing or no number");
    if (!mci_json_get(root, "metadata_sha256", &value) || !mci_is_sha256(mci_json_string(value)))
        return mc_fail(err, MC_E_FORMAT,
                       "no sidecar: \"metadata_sha256\" is missing or no SHA-256");
    memcpy(sha256, mci_json_string(value).data, MC_SHA256_DIGITS);
    sha256[MC_SHA256_DIGITS] = '\0';
    *n_entries = n;
    return MC_OK;
}

static mc_status load(const char *sidecar, char *sha256, uint64_t *n_entries, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mc_status status = mci_json_load(sidecar, MAX_SIDECAR_BYTES, &json, &root, err);
    if (status >= 0) {
        status = read_facts(root, sha256, n_entries, err);
        if (status < 0)
            mc_add_context(err, status, "%s", sidecar);
    }
    mci_json_free(json);
    return status;
}

static mc_status load_kind(const char *sidecar, const char *kind, bool *out, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root, value;
    mc_status status = mci_json_load(sidecar, MAX_SIDECAR_BYTES, &json, &root, err);
    *out = status >= 0 && mci_json_get(root, "kind", &value) &&
           mc_str_equal(mci_json_string(value), mc_str_of(kind));
    mci_json_free(json);
    return status;
}

mc_status mci_sidecar_is(const char *path, const char *kind, bool *out, mc_error *err)
{
    struct stat info;
    mci_buf sidecar = { 0 };
    bool is = false;
    mc_status status = sidecar_path(path, &sidecar, err);
    if (status >= 0 && may_have_sidecar(path) && stat(sidecar.data, &info) == 0)
        status = load_kind(sidecar.data, kind, &is, err);
    if (status >= 0)
        *out = is;
    mci_buf_release(&sidecar);
    return status;
}

mc_status mci_sidecar_load(const char *path, char sha256[MC_SHA256_DIGITS + 1], uint64_t *n_entries,
                           bool *found, mc_error *err)
{
    struct stat info;
    mci_buf sidecar = { 0 };
    MC_TRY(sidecar_path(path, &sidecar, err));
    mc_status status = MC_OK;
    bool is_there = may_have_sidecar(path) && stat(sidecar.data, &info) == 0;
    if (is_there)
        status = load(sidecar.data, sha256, n_entries, err);
    if (status >= 0)
        *found = is_there;
    mci_buf_release(&sidecar);
    return status;
}
