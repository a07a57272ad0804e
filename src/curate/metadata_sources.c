#include "curate/metadata_sources.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "curate/sidecar.h"
#include "curate/wordnet.h"
#include "io/json.h"
#include "io/output.h"
#include "io/whole.h"

enum { MAX_SIDECAR_BYTES = 1 << 24 };

/* ---- hashing ---- */

static mc_status hash_file(mci_sha256 *sha, const char *path, mc_error *err)
{
    mci_mapped map = { 0 };
    MC_TRY(mci_map_file(path, &map, err));
    mc_status status = mci_sha256_add(sha, (mc_str){ map.data, map.n_bytes }, err);
    mci_unmap_file(&map);
    return status;
}

static mc_status hash_folder(mci_sha256 *sha, const char *folder, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < MCI_WORDNET_FILES && status >= 0; i++) {
        mci_buf_clear(&path);
        status = mci_buf_printf(&path, err, "%s/%s", folder, mci_wordnet_file(i));
        if (status >= 0)
            status = hash_file(sha, path.data, err);
    }
    mci_buf_release(&path);
    return status;
}

mc_status mci_source_hash(const char *path, char sha256[MC_SHA256_DIGITS + 1], mc_error *err)
{
    struct stat info;
    mci_sha256 *sha = NULL;
    sha256[0] = '\0';
    if (!path || strcmp(path, "-") == 0 || stat(path, &info) != 0 ||
        (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)))
        return MC_OK;
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status =
        S_ISDIR(info.st_mode) ? hash_folder(sha, path, err) : hash_file(sha, path, err);
    if (status >= 0)
        status = mci_sha256_end(sha, sha256, err);
    mci_sha256_free(sha);
    return status;
}

/* ---- writing ---- */

/* A source's name without folders: the same list has the same sidecar anywhere. */
static mc_status add_name(mci_buf *text, const char *source, mc_error *err)
{
    mci_buf clean = { 0 };
    uint64_t n_replaced = 0;
    const char *slash = strrchr(source, '/');
    mc_status status =
        mci_utf8_repair(mc_str_of(slash ? slash + 1 : source), &clean, &n_replaced, err);
    if (status >= 0)
        status = mci_json_add_string(text, mci_buf_str(&clean), err);
    mci_buf_release(&clean);
    return status;
}

static mc_status add_source(mci_buf *text, const mc_metadata_build *report, size_t i, mc_error *err)
{
    const mc_metadata_source *source = &report->sources[i];
    MC_TRY(mci_buf_printf(text, err, "%s{\"source\":", i ? ",\n" : "\n"));
    MC_TRY(add_name(text, source->source, err));
    MC_TRY(mci_buf_printf(text, err,
                          ",\"first_id\":%" PRIu64 ",\"added\":%" PRIu64 ",\"read\":%" PRIu64
                          ",\"dropped\":%" PRIu64 ",\"duplicate\":%" PRIu64 ",\"over\":%" PRIu64
                          ",\"sha256\":\"%s\",\"overlap\":[",
                          source->first_id, source->n_added, source->n_read, source->n_dropped,
                          source->n_duplicate, source->n_over, source->sha256));
    for (size_t j = 0; j < report->n_sources; j++)
        MC_TRY(mci_buf_printf(text, err, "%s%" PRIu64, j ? "," : "", source->overlap[j]));
    return mci_buf_printf(text, err, "]}");
}

static mc_status format(const mc_metadata_build *report, const mc_metadata *metadata, mci_buf *text,
                        mc_error *err)
{
    MC_TRY(mci_buf_printf(text, err,
                          "{\"kind\":\"metadata\",\"metadata_sha256\":\"%s\",\"entries\":%zu,"
                          "\"tool\":\"metaclip " METACLIP_VERSION "\",\n\"sources\":[",
                          mc_metadata_sha256(metadata), mc_metadata_len(metadata)));
    for (size_t i = 0; i < report->n_sources; i++)
        MC_TRY(add_source(text, report, i, err));
    return mci_buf_printf(text, err, "]}\n");
}

mc_status mc_metadata_build_save(const mc_metadata_build *report, const mc_metadata *metadata,
                                 const char *path, mc_error *err)
{
    struct stat info;
    mci_buf text = { 0 }, sidecar = { 0 };
    if (strcmp(path, "-") == 0 || (stat(path, &info) == 0 && !S_ISREG(info.st_mode)))
        return MC_OK; /* nothing stands beside a pipe */
    mc_status status = format(report, metadata, &text, err);
    if (status >= 0)
        status = mci_buf_printf(&sidecar, err, "%s.meta.json", path);
    if (status >= 0)
        status = mci_output_file(sidecar.data, mci_buf_str(&text), err);
    mci_buf_release(&text);
    mci_buf_release(&sidecar);
    return status;
}

/* ---- reading ---- */

static bool get_u64(mci_json_value object, const char *name, uint64_t *out)
{
    mci_json_value member;
    return mci_json_get(object, name, &member) && mci_json_u64(member, out);
}

static bool read_text(mci_json_value object, const char *name, char *out, size_t room)
{
    mci_json_value member;
    if (!mci_json_get(object, name, &member))
        return false;
    mc_str text = mci_json_string(member);
    snprintf(out, room, "%.*s", (int)text.len, text.data ? text.data : "");
    return true;
}

static bool read_source(mci_json_value object, mc_metadata_source *out)
{
    mci_json_value overlap, item;
    *out = (mc_metadata_source){ 0 };
    if (!read_text(object, "source", out->source, sizeof out->source) ||
        !read_text(object, "sha256", out->sha256, sizeof out->sha256) ||
        !get_u64(object, "first_id", &out->first_id) || !get_u64(object, "added", &out->n_added) ||
        !get_u64(object, "read", &out->n_read) || !get_u64(object, "dropped", &out->n_dropped) ||
        !get_u64(object, "duplicate", &out->n_duplicate) ||
        !get_u64(object, "over", &out->n_over) || !mci_json_get(object, "overlap", &overlap))
        return false;
    mci_json_iter iter = mci_json_iterate(overlap);
    for (size_t i = 0; i < MC_MAX_SOURCES && mci_json_next(&iter, NULL, &item); i++)
        if (!mci_json_u64(item, &out->overlap[i]))
            return false;
    return true;
}

static mc_status read_sources(mci_json_value root, const mc_metadata *metadata,
                              mc_metadata_build *out, bool *found, mc_error *err)
{
    mci_json_value member, item;
    uint64_t next = 0;
    if (!mci_json_get(root, "metadata_sha256", &member) || !mci_json_get(root, "sources", &item))
        return MC_OK;
    if (!mc_str_equal(mci_json_string(member), mc_str_of(mc_metadata_sha256(metadata))))
        return mc_fail(err, MC_E_MISMATCH, "the sidecar belongs to another list");
    out->n_sources = 0;
    mci_json_iter iter = mci_json_iterate(item);
    while (mci_json_next(&iter, NULL, &item)) {
        mc_metadata_source *source = &out->sources[out->n_sources];
        if (out->n_sources == MC_MAX_SOURCES || !read_source(item, source) ||
            source->first_id != next || source->n_added > mc_metadata_len(metadata) - next)
            return mc_fail(err, MC_E_FORMAT, "source %zu of the sidecar is damaged",
                           out->n_sources);
        next += source->n_added;
        out->n_sources++;
    }
    *found = true;
    return MC_OK;
}

mc_status mc_metadata_build_load(const char *path, const mc_metadata *metadata,
                                 mc_metadata_build *report, bool *found, mc_error *err)
{
    mci_buf sidecar = { 0 };
    mci_json *json = NULL;
    mci_json_value root;
    *found = false;
    mc_status status = mci_buf_printf(&sidecar, err, "%s.meta.json", path);
    if (status >= 0 && mci_file_exists(sidecar.data)) {
        status = mci_json_load(sidecar.data, MAX_SIDECAR_BYTES, &json, &root, err);
        if (status >= 0) {
            status = read_sources(root, metadata, report, found, err);
            if (status < 0)
                mc_add_context(err, status, "%s", sidecar.data);
        }
    }
    mci_json_free(json);
    mci_buf_release(&sidecar);
    return status;
}
