/* The files that a job is given, looked at before any work is done. */
#ifndef MCI_CURATE_JOB_FILES_H
#define MCI_CURATE_JOB_FILES_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct {
    const char *const *paths; /* NULL: not given */
    size_t n;
} mci_path_list;

typedef struct {
    mci_path_list read[4];
    mci_path_list written;
} mci_job_files;

/* Whether these files can be read and written together, so that nobody learns after hours that they
 * cannot. Errors: MC_E_ARG (standard input is named twice; an output is one of the files read,
 * would be a list of a folder of lists that is read, or is another output), MC_E_IO (an output
 * cannot be made). */
mc_status mci_job_files_check(const mci_job_files *files, mc_error *err);

#endif
