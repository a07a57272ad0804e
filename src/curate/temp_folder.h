/* A folder of temporary files of a job, which goes when the job ends. */
#ifndef MCI_CURATE_TEMP_FOLDER_H
#define MCI_CURATE_TEMP_FOLDER_H

#include "base/buf.h"

typedef struct {
    mci_buf path;
    mci_buf around; /* the folder around it if that is to go too, else empty */
} mci_temp_folder;

/* In temp_dir, if that is not NULL; else beside out_path, where a later job of that output removes
 * what a killed one left; else, if out_path is NULL or no regular file, in $TMPDIR or /tmp.
 * MC_E_IO: it cannot be made. */
mc_status mci_temp_folder_open(const char *out_path, const char *temp_dir, mci_temp_folder *out,
                               mc_error *err);
/* Removes it with the files in it. Takes one of zeros. */
void mci_temp_folder_close(mci_temp_folder *folder);

#endif
