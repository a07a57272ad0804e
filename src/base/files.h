/* What the rooms ask of the file system, with errors that name the path and the system's reason. */
#ifndef MCI_BASE_FILES_H
#define MCI_BASE_FILES_H

#include "base/buf.h"

/* "PATH: WHAT: strerror(errno)" as MC_E_IO. */
mc_status mci_fail_errno(mc_error *err, const char *path, const char *what);

/* The length of the folder part of path with its slash; 0 if it has none. */
size_t mci_folder_length(const char *path);

/* Makes what was done to the names in path's folder last (fsync of the folder). */
mc_status mci_sync_folder_of(const char *path, mc_error *err);

/* Makes every folder above the last slash of path, which is given back as it was. */
mc_status mci_make_folders(char *path, mc_error *err);

/* Appends a whole small file of our own making, and a NUL that is not counted. *found is false if
 * it is not there. */
mc_status mci_read_file(const char *path, mci_buf *out, bool *found, mc_error *err);

bool mci_file_exists(const char *path);
/* Whether both are there and are one file, or one folder. */
bool mci_same_file(const char *a, const char *b);

/* A file's bytes as memory; NULL and 0 for an empty one. */
typedef struct {
    const void *data;
    size_t n_bytes;
} mci_mapped;

mc_status mci_map_file(const char *path, mci_mapped *out, mc_error *err);
void mci_unmap_file(mci_mapped *map);

/* A new file of zeros as memory that is written to. Its room is there from the start: MC_E_IO if
 * the disk has not got it. */
mc_status mci_map_new_file(const char *path, size_t n_bytes, mci_mapped *out, mc_error *err);

/* Removes a folder and the files and folders in it, up to `depth` levels further down. What cannot
 * be removed stays, silently: it was of no use to anybody. */
void mci_remove_folder(const char *path, unsigned depth);

/* Removes a file and makes that last; no error if it is not there. */
mc_status mci_remove_file(const char *path, mc_error *err);

#endif
