#include "curate/temp_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/files.h"

/* FOLDER/.NAME.tmp.pairs/XXXXXX: of two processes that write one name, each has files of its own,
 * and what a killed one left is removed with the whole. */
static mc_status name_beside(mci_temp_folder *folder, const char *out_path, mc_error *err)
{
    size_t n = mci_folder_length(out_path);
    MC_TRY(
        mci_buf_printf(&folder->around, err, "%.*s.%s.tmp.pairs", (int)n, out_path, out_path + n));
    mci_remove_folder(folder->around.data, 1);
    if (mkdir(folder->around.data, 0777) != 0 && errno != EEXIST)
        return mci_fail_errno(err, folder->around.data, "cannot create it");
    return mci_buf_printf(&folder->path, err, "%s/XXXXXX", folder->around.data);
}

static bool is_file(const char *path)
{
    struct stat info;
    return path && strcmp(path, "-") != 0 && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
}

static mc_status make(mci_temp_folder *folder, const char *out_path, const char *temp_dir,
                      mc_error *err)
{
    const char *common = getenv("TMPDIR");
    if (!temp_dir && is_file(out_path))
        MC_TRY(name_beside(folder, out_path, err));
    else
        MC_TRY(mci_buf_printf(&folder->path, err, "%s/metaclip-XXXXXX",
                              temp_dir            ? temp_dir
                              : common && *common ? common
                                                  : "/tmp"));
    if (mkdtemp(folder->path.data))
        return MC_OK;
    mc_status status = mci_fail_errno(err, folder->path.data, "cannot create a folder");
    mci_buf_release(&folder->path); /* there is nothing to remove */
    return status;
}

mc_status mci_temp_folder_open(const char *out_path, const char *temp_dir, mci_temp_folder *out,
                               mc_error *err)
{
    *out = (mci_temp_folder){ 0 };
    mc_status status = make(out, out_path, temp_dir, err);
    if (status < 0)
        mci_temp_folder_close(out);
    return status;
}

void mci_temp_folder_close(mci_temp_folder *folder)
{
    if (folder->path.data)
        mci_remove_folder(folder->path.data, 0);
    if (folder->around.data)
        mci_remove_folder(folder->around.data, 0);
    mci_buf_release(&folder->path);
    mci_buf_release(&folder->around);
}
