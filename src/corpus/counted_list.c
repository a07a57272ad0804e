#include "corpus/counted_list.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "io/output.h"

/* "\t12.3456", "\t-0.5000" */
static mc_status add_pmi(mci_buf *line, const mci_ranked *item, uint64_t n_words, mc_error *err)
{
    int64_t pmi = mci_pmi_10000(item->count, item->first, item->second, n_words);
    uint64_t size = (uint64_t)(pmi < 0 ? -pmi : pmi);
    return mci_buf_printf(line, err, "\t%s%" PRIu64 ".%04u", pmi < 0 ? "-" : "", size / 10000,
                          (unsigned)(size % 10000));
}

static mc_status write_lines(const mci_ranking *ranking, uint64_t n_words, mci_output *output,
                             mci_sha256 *sha, mci_buf *line, mc_error *err)
{
    for (size_t i = 0; i < ranking->n; i++) {
        const mci_ranked *item = &ranking->items[i];
        mci_buf_clear(line);
        MC_TRY(mci_buf_append(line, item->text, item->len, err));
        MC_TRY(mci_buf_printf(line, err, "\t%" PRIu64, item->count));
        if (n_words)
            MC_TRY(add_pmi(line, item, n_words, err));
        MC_TRY(mci_buf_byte(line, '\n', err));
        MC_TRY(mci_sha256_add(sha, mci_buf_str(line), err));
        MC_TRY(mci_output_write(output, mci_buf_str(line), err));
    }
    return MC_OK;
}

static mc_status write_list(const char *path, const mci_ranking *ranking, uint64_t n_words,
                            char sha256[MC_SHA256_DIGITS + 1], mc_error *err)
{
    mci_output *output = NULL;
    mci_sha256 *sha = NULL;
    mci_buf line = { 0 };
    mc_status status = mci_sha256_new(&sha, err);
    if (status >= 0)
        status = mci_output_open(path, MCI_PLAIN, &output, err);
    if (status >= 0)
        status = write_lines(ranking, n_words, output, sha, &line, err);
    if (status >= 0)
        status = mci_sha256_end(sha, sha256, err);
    status = mci_output_end(output, status, err);
    mci_sha256_free(sha);
    mci_buf_release(&line);
    return status;
}

static mc_status format_sidecar(mci_buf *text, const char *kind, const char *sha256, size_t n,
                                const mci_text_inputs *inputs, mc_str facts, mc_error *err)
{
    MC_TRY(mci_buf_printf(text, err,
                          "{\"kind\":\"%s\",\"sha256\":\"%s\",\"entries\":%zu,%.*s\n"
                          "\"tool\":\"metaclip " METACLIP_VERSION "\",\n",
                          kind, sha256, n, (int)facts.len, facts.data));
    MC_TRY(mci_text_inputs_json(inputs, text, err));
    return mci_buf_printf(text, err, "}\n");
}

mc_status mci_counted_list_save(const char *dir, const char *name, const char *kind,
                                const mci_ranking *ranking, uint64_t n_words,
                                const mci_text_inputs *inputs, mc_str facts, mc_error *err)
{
    mci_buf path = { 0 }, text = { 0 };
    char sha256[MC_SHA256_DIGITS + 1];
    mc_status status = mci_buf_printf(&path, err, "%s/%s.meta.json", dir, name);
    /* An older sidecar must not speak of the new list. */
    if (status >= 0)
        status = mci_remove_file(path.data, err);
    mci_buf_clear(&path);
    if (status >= 0)
        status = mci_buf_printf(&path, err, "%s/%s", dir, name);
    if (status >= 0)
        status = write_list(path.data, ranking, n_words, sha256, err);
    if (status >= 0)
        status = format_sidecar(&text, kind, sha256, ranking->n, inputs, facts, err);
    if (status >= 0)
        status = mci_buf_printf(&path, err, ".meta.json");
    if (status >= 0)
        status = mci_output_file(path.data, mci_buf_str(&text), err);
    mci_buf_release(&path);
    mci_buf_release(&text);
    return status;
}

size_t mci_list_limit(uint64_t max, double share, uint64_t n)
{
    uint64_t limit = max ? max : SIZE_MAX;
    if (share > 0) {
        uint64_t part = (uint64_t)((double)n * share);
        limit = part < limit ? part : limit;
    }
    return (size_t)limit;
}

mc_status mci_made_from(mc_str facts, const mci_text_inputs *inputs,
                        char sha256[MC_SHA256_DIGITS + 1], mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status = mci_buf_add(&text, facts, err);
    if (status >= 0)
        status = mci_text_inputs_json(inputs, &text, err);
    if (status >= 0)
        status = mci_sha256_of(mci_buf_str(&text), sha256, err);
    mci_buf_release(&text);
    return status;
}

mc_status mci_check_corpus(const mc_corpus *corpus, mc_error *err)
{
    const char *language = corpus->language ? corpus->language : "";
    size_t n = strlen(language);
    bool fits = n > 0 && n <= 32;
    for (size_t i = 0; i < n; i++) {
        char c = language[i];
        fits &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    }
    if (!fits)
        return mc_fail(err, MC_E_ARG,
                       "\"%.40s\" is no language: write the code of a Wikipedia, as en or zh-yue",
                       language);
    return MC_OK;
}
