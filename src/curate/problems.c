#include "curate/problems.h"

#include "base/json_text.h"
#include "base/utf8.h"

void mci_problems_note(mci_problems *problems, const mc_error *what, const char *path)
{
    if (problems->n < MC_MAX_PROBLEMS) {
        mc_error *place = &problems->first[problems->n];
        *place = *what;
        mc_add_context(place, what->status, "%s", path);
    }
    problems->n++;
}

static void keep_text(mc_summary *summary, const char *text)
{
    if (summary->n_problems == MC_MAX_PROBLEMS)
        return;
    char *place = summary->problems[summary->n_problems++];
    memcpy(place, text, sizeof summary->problems[0]);
}

void mci_problems_report(const mci_problems *problems, mc_summary *summary)
{
    _Static_assert(sizeof summary->problems[0] == sizeof problems->first[0].text, "one is copied");
    for (size_t i = 0; i < problems->n && i < MC_MAX_PROBLEMS; i++)
        keep_text(summary, problems->first[i].text);
}

void mci_problems_carry(const mc_summary *from, mc_summary *to)
{
    for (size_t i = 0; i < from->n_problems; i++)
        keep_text(to, from->problems[i]);
}

mc_status mci_problems_json(const mc_summary *summary, mci_buf *out, mc_error *err)
{
    mci_buf valid = { 0 };
    mc_status status = mci_buf_byte(out, '[', err);
    for (size_t i = 0; i < summary->n_problems && status >= 0; i++) {
        uint64_t n_replaced = 0; /* a path may be any bytes */
        mci_buf_clear(&valid);
        status = mci_utf8_repair(mc_str_of(summary->problems[i]), &valid, &n_replaced, err);
        if (status >= 0 && i > 0)
            status = mci_buf_byte(out, ',', err);
        if (status >= 0)
            status = mci_json_add_string(out, mci_buf_str(&valid), err);
    }
    mci_buf_release(&valid);
    return status < 0 ? status : mci_buf_byte(out, ']', err);
}

void mci_problems_read(mci_json_value array, mc_summary *summary)
{
    mci_json_value element;
    for (mci_json_iter it = mci_json_iterate(array); mci_json_next(&it, NULL, &element);) {
        if (summary->n_problems == MC_MAX_PROBLEMS)
            break;
        mc_str text = mci_json_string(element);
        char *place = summary->problems[summary->n_problems++];
        size_t room = sizeof summary->problems[0] - 1;
        size_t n = text.len < room ? text.len : room;
        memcpy(place, text.data, n);
        place[n] = '\0';
    }
}
