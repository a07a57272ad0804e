#include "curate/job_files.h"

#include <sys/stat.h>

#include "io/output.h"

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
    return is_regular(a, &x) && is_regular(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
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

static mc_status check_overwriting(const mci_job_files *files, const char *output, mc_error *err)
{
    for (size_t i = 0; i < COUNT_OF(files->read); i++)
        for (size_t j = 0; j < files->read[i].n; j++)
            if (files->read[i].paths[j] && is_same_file(files->read[i].paths[j], output))
                return mc_fail(err, MC_E_ARG,
                               "%s: the output would replace what is read; give it another name",
                               output);
    return MC_OK;
}

/* What is there already and no regular file is left alone: to open a pipe is to speak to its
 * reader. */
static mc_status check_writing(const char *path, mc_error *err)
{
    struct stat info;
    mci_output *output = NULL;
    bool is_special = stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
    if (is_standard(path) || is_special)
        return MC_OK;
    MC_TRY(mci_output_open(path, MCI_PLAIN, &output, err));
    mci_output_abort(output);
    return MC_OK;
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
