#include "curate/job_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "curate/metadata.h"

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* Pipes and devices may well be read and written by one command. */
static bool is_regular(const char *path, struct stat *info)
{
    return !is_standard(path) && stat(path, info) == 0 && S_ISREG(info->st_mode);
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return is_regular(a, &x) && is_regular(b, &y) && mci_same_file(a, b);
}

static mc_status check_standard_input(const mci_job_files *files, mc_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(files->read); i++)
        for (size_t j = 0; j < files->read[i].n; j++)
            n += files->read[i].paths[j] && is_standard(files->read[i].paths[j]);
    if (n < 2)
        return MC_OK;
    return mc_fail(err, MC_E_ARG, "standard input is named %zu times, but can be read only once",
                   n);
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The folder part of an output's path. */
static mc_status folder_of(const char *path, mci_buf *out, mc_error *err)
{
    size_t n = mci_folder_length(path);
    return mci_buf_printf(out, err, "%.*s", n ? (int)n : 1, n ? path : ".");
}

/* What is written into a folder of lists must not be read as one of them, next time or now. */
static mc_status check_lists(const char *folder, const char *output, mc_error *err)
{
    mci_buf own = { 0 };
    if (is_standard(output) || !mci_is_list_file(output + mci_folder_length(output)))
        return MC_OK;
    MC_TRY(folder_of(output, &own, err));
    bool is_list = mci_same_file(folder, own.data);
    mci_buf_release(&own);
    if (!is_list)
        return MC_OK;
    return mc_fail(err, MC_E_ARG,
                   "%s: the output would be one of the lists of the folder that is read; write it "
                   "into another folder",
                   output);
}

static mc_status check_against(const char *read, const char *output, mc_error *err)
{
    if (is_folder(read))
        return check_lists(read, output, err);
    if (!is_same_file(read, output))
        return MC_OK;
    return mc_fail(err, MC_E_ARG, "%s: the output would replace what is read; give it another name",
                   output);
}

static mc_status check_overwriting(const mci_job_files *files, const char *output, mc_error *err)
{
    for (size_t i = 0; i < COUNT_OF(files->read); i++)
        for (size_t j = 0; j < files->read[i].n; j++)
            if (files->read[i].paths[j])
                MC_TRY(check_against(files->read[i].paths[j], output, err));
    return MC_OK;
}

/* Looks without touching: another process may be writing there. What is no regular file is left
 * alone, for to open a pipe is to speak to its reader. */
static mc_status check_writing(const char *path, mc_error *err)
{
    struct stat info;
    mci_buf folder = { 0 };
    bool exists = stat(path, &info) == 0;
    if (is_standard(path) || (exists && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)))
        return MC_OK;
    if (exists && S_ISDIR(info.st_mode))
        return mc_fail(err, MC_E_IO, "%s: this is a folder, name a file", path);
    mc_status status = folder_of(path, &folder, err);
    if (status >= 0 && access(folder.data, W_OK) != 0)
        status = mci_fail_errno(err, path, "cannot create it");
    mci_buf_release(&folder);
    return status;
}

static mc_status check_output(const mci_job_files *files, size_t which, mc_error *err)
{
    const char *output = files->written.paths[which];
    for (size_t i = 0; i < which; i++) {
        const char *other = files->written.paths[i];
        if (other && (is_same_file(other, output) || strcmp(other, output) == 0))
            return mc_fail(err, MC_E_ARG, "%s: two outputs have this name", output);
    }
    MC_TRY(check_overwriting(files, output, err));
    return check_writing(output, err);
}

mc_status mci_job_files_check(const mci_job_files *files, mc_error *err)
{
    MC_TRY(check_standard_input(files, err));
    for (size_t i = 0; i < files->written.n; i++)
        if (files->written.paths[i])
            MC_TRY(check_output(files, i, err));
    return MC_OK;
}
