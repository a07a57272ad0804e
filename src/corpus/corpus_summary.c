#include <inttypes.h>

#include "base/buf.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "metaclip/corpus.h"

static mc_status add_problem(mci_buf *text, const char *problem, mc_error *err)
{
    mci_buf clean = { 0 };
    uint64_t n_replaced = 0;
    mc_status status = mci_utf8_repair(mc_str_of(problem), &clean, &n_replaced, err);
    if (status >= 0)
        status = mci_json_add_string(text, mci_buf_str(&clean), err);
    mci_buf_release(&clean);
    return status;
}

static mc_status format(const mc_corpus_summary *summary, mci_buf *text, mc_error *err)
{
    MC_TRY(mci_buf_byte(text, '{', err));
#define X(name, what) \
    MC_TRY(mci_buf_printf(text, err, "\"" #name "\":%" PRIu64 ",", summary->name));
    MC_CORPUS_COUNTERS(X)
#undef X
    MC_TRY(mci_buf_printf(text, err, "\"counted_before\":%s,\"problems\":[",
                          summary->counted_before ? "true" : "false"));
    for (size_t i = 0; i < summary->n_problems; i++) {
        if (i)
            MC_TRY(mci_buf_byte(text, ',', err));
        MC_TRY(add_problem(text, summary->problems[i], err));
    }
    MC_TRY(mci_buf_printf(text, err, "]}"));
    return mci_buf_terminate(text, err);
}

mc_status mc_corpus_summary_json(const mc_corpus_summary *summary, char **out, mc_error *err)
{
    mci_buf text = { 0 };
    mc_status status = format(summary, &text, err);
    if (status < 0)
        mci_buf_release(&text);
    else
        *out = text.data;
    return status;
}
