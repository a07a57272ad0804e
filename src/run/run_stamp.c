#include "run/run_stamp.h"

#include "base/json_text.h"
#include "curate/languages.h"
#include "curate/problems.h"
#include "io/output.h"
#include "io/whole.h"

static void read_counters(mci_json_value object, mc_counters *n)
{
    mci_json_value member;
#define X(name, text)                         \
    if (mci_json_get(object, #name, &member)) \
        mci_json_u64(member, &n->name);
    MC_COUNTERS(X)
#undef X
}

static bool read_stamp(mci_json_value root, mci_stamp *out)
{
    mci_json_value member;
    *out = (mci_stamp){ 0 };
    if (!mci_json_get(root, "made_from", &member))
        return false;
    mc_str digits = mci_json_string(member);
    if (digits.len != MC_SHA256_DIGITS)
        return false;
    memcpy(out->made_from.digits, digits.data, digits.len);
    if (!mci_json_get(root, "bytes", &member) || !mci_json_u64(member, &out->n_bytes))
        return false;
    if (!mci_json_get(root, "expected_pairs", &member) ||
        !mci_json_double(member, &out->summary.expected_pairs))
        return false;
    if (mci_json_get(root, "counters", &member))
        read_counters(member, &out->summary.n);
    if (mci_json_get(root, "by_language", &member))
        mci_language_counts_read(member, &out->summary.languages);
    if (mci_json_get(root, "problems", &member))
        mci_problems_read(member, &out->summary);
    return true;
}

mc_status mci_stamp_load(const char *path, mci_stamp *out, bool *found, mc_error *err)
{
    mci_json *json;
    mci_json_value root;
    mc_status status = mci_json_recall(path, &json, &root, found, err);
    *found = status >= 0 && *found && read_stamp(root, out);
    mci_json_free(json);
    return status;
}

static mc_status add_counters(mci_buf *text, const mc_counters *n, mc_error *err)
{
    const char *comma = "";
    MC_TRY(mci_buf_printf(text, err, "\"counters\":{"));
#define X(name, what)                                                   \
    if (n->name) {                                                      \
        MC_TRY(mci_buf_printf(text, err, "%s\"" #name "\":%llu", comma, \
                              (unsigned long long)n->name));            \
        comma = ",";                                                    \
    }
    MC_COUNTERS(X)
#undef X
    return mci_buf_byte(text, '}', err);
}

static mc_status format_stamp(const mci_stamp *stamp, mci_buf *text, mc_error *err)
{
    MC_TRY(mci_buf_printf(text, err,
                          "{\"made_from\":\"%s\",\"bytes\":%llu,\"expected_pairs\":%.17g,",
                          stamp->made_from.digits, (unsigned long long)stamp->n_bytes,
                          stamp->summary.expected_pairs));
    MC_TRY(add_counters(text, &stamp->summary.n, err));
    MC_TRY(mci_buf_printf(text, err, ",\"by_language\":"));
    MC_TRY(mci_language_counts_write(&stamp->summary.languages, text, err));
    MC_TRY(mci_buf_printf(text, err, ",\"problems\":"));
    MC_TRY(mci_problems_json(&stamp->summary, text, err));
    return mci_buf_printf(text, err, "}\n");
}

mc_status mci_stamp_save(const mci_stamp *stamp, const char *path, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status = format_stamp(stamp, &text, err);
    if (status >= 0)
        status = mci_output_file(path, mci_buf_str(&text), err);
    mci_buf_release(&text);
    return status;
}
