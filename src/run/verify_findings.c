#include "run/verify_findings.h"

#include <stdarg.h>
#include <stdio.h>

void mci_findings_init(mci_findings *findings, mc_verification *report)
{
    *findings = (mci_findings){ .report = report };
    pthread_mutex_init(&findings->lock, NULL);
}

void mci_findings_release(mci_findings *findings)
{
    pthread_mutex_destroy(&findings->lock);
}

void mci_checked(mci_findings *findings, mc_check_kind check, uint64_t n)
{
    pthread_mutex_lock(&findings->lock);
    findings->report->checks[check].is_done = true;
    findings->report->checks[check].n_checked += n;
    pthread_mutex_unlock(&findings->lock);
}

void mci_found_more(mci_findings *findings, mc_check_kind check, uint64_t n)
{
    pthread_mutex_lock(&findings->lock);
    findings->report->checks[check].n_findings += n;
    findings->report->n_findings += n;
    pthread_mutex_unlock(&findings->lock);
}

/* Keeps the first few by place, so that threads do not decide which are named. */
static char *make_room(mci_findings *findings, mc_check_kind check, uint64_t place)
{
    mc_check *to = &findings->report->checks[check];
    uint64_t *places = findings->places[check];
    size_t n = to->n_findings < MC_MAX_FINDINGS ? (size_t)to->n_findings : MC_MAX_FINDINGS, at = n;
    while (at > 0 && places[at - 1] > place)
        at--;
    if (at == MC_MAX_FINDINGS)
        return NULL;
    size_t n_behind = (n < MC_MAX_FINDINGS ? n : MC_MAX_FINDINGS - 1) - at;
    memmove(places + at + 1, places + at, n_behind * sizeof *places);
    memmove(to->first + at + 1, to->first + at, n_behind * sizeof to->first[0]);
    places[at] = place;
    return to->first[at];
}

void mci_found(mci_findings *findings, mc_check_kind check, uint64_t place, const char *format, ...)
{
    pthread_mutex_lock(&findings->lock);
    char *text = make_room(findings, check, place);
    if (text) {
        va_list args;
        va_start(args, format);
        vsnprintf(text, sizeof findings->report->checks[0].first[0], format, args);
        va_end(args);
    }
    findings->report->checks[check].n_findings++;
    findings->report->n_findings++;
    pthread_mutex_unlock(&findings->lock);
}

mc_status mci_found_failure(mci_findings *findings, mc_check_kind check, uint64_t place,
                            mc_status status, const mc_error *what, mc_error *err)
{
    if (status >= 0)
        return MC_OK;
    if (status == MC_E_NOMEM || status == MC_E_BACKEND || status == MC_E_ARG) {
        if (err)
            *err = *what;
        return status;
    }
    mci_found(findings, check, place, "%s", what->text);
    return MC_OK;
}
