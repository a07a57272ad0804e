/* One file of a download: from its address to its place, whatever happens on the way. */
#ifndef MCI_MODEL_PULL_FILE_H
#define MCI_MODEL_PULL_FILE_H

#include "metaclip/models.h"
#include "pull/pull_http.h"

/* What all files of a call share. */
typedef struct {
    const mc_pull_job *job;
    mci_http *http;
} mci_puller;

typedef struct {
    const char *url;
    const char *path;                /* where it shall be; its folder exists */
    const char *sha256;              /* what it must be; NULL: not known */
    const char *checked;             /* who says so: "published", "given" */
    bool is_optional;                /* that the server has not got it is no failure */
    const mc_published_model *model; /* to be noted beside it; NULL */
} mci_wish;

/* Fetches it, or checks what is there. *is_missing is set if it is optional and the server has not
 * got it; else *out is what there is now (path is the caller's, mci_free). */
mc_status mci_pull_file(const mci_puller *puller, const mci_wish *wish, mc_pulled_file *out,
                        bool *is_missing, mc_error *err);

#endif
