#include "io/whole.h"

#include <inttypes.h>

#include "base/files.h"
#include "io/stream.h"

static mc_status read_all(mci_stream *stream, const char *path, uint64_t max_bytes, mci_buf *out,
                          mc_error *err)
{
    for (;;) {
        mc_str window;
        mc_status status = mci_stream_peek(stream, 1, &window, err);
        if (status == MC_END)
            return MC_OK;
        if (status == MC_SKIPPED)
            return mc_add_context(err, MC_E_FORMAT, "%s", path);
        MC_TRY(status);
        if (window.len > max_bytes - out->len)
            return mc_fail(err, MC_E_LIMIT, "%s: longer than %" PRIu64 " bytes", path, max_bytes);
        MC_TRY(mci_buf_add(out, window, err));
        mci_stream_skip(stream, window.len);
    }
}

mc_status mci_read_whole(const char *path, uint64_t max_bytes, mci_buf *out, mc_error *err)
{
    mci_stream *stream = NULL;
    mci_buf_clear(out);
    MC_TRY(mci_stream_open(path, &stream, err));
    mc_status status = read_all(stream, path, max_bytes, out, err);
    mci_stream_close(stream);
    return status;
}

mc_status mci_parse_whole(mc_str text, mci_json **json, mci_json_value *root, mc_error *err)
{
    MC_TRY(mci_json_new(json, err));
    mc_status status = mci_json_parse(*json, text, root, NULL, err);
    if (status != MC_SKIPPED)
        return status;
    if (err)
        err->status = MC_E_FORMAT;
    return MC_E_FORMAT;
}

mc_status mci_json_load(const char *path, uint64_t max_bytes, mci_json **json, mci_json_value *root,
                        mc_error *err)
{
    mci_buf text = { 0 };
    *json = NULL;
    mc_status status = mci_read_whole(path, max_bytes, &text, err);
    if (status >= 0) {
        status = mci_parse_whole(mci_buf_str(&text), json, root, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    mci_buf_release(&text);
    return status;
}

mc_status mci_json_recall(const char *path, mci_json **json, mci_json_value *root, bool *found,
                          mc_error *err)
{
    mci_buf text = { 0 };
    *json = NULL;
    mc_status status = mci_read_file(path, &text, found, err);
    if (status >= 0 && *found) {
        status = mci_json_new(json, err);
        if (status >= 0)
            status = mci_json_parse(*json, mci_buf_str(&text), root, NULL, err);
        *found = status == MC_OK;
    }
    mci_buf_release(&text);
    return status < 0 ? status : MC_OK;
}
