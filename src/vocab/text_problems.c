#include "vocab/text_problems.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

mc_status mci_text_problem_note(mci_text_problem *problems, size_t *n, const char *path,
                                const mci_text_item *item, const char *why, bool strict,
                                mc_error *err)
{
    const char *where = item->is_json ? "text" : "line";
    if (strict)
        return mc_fail(err, MC_E_FORMAT, "%s: %s %" PRIu64 ": %s", path, where, item->number, why);
    if (*n < MC_TOKENIZE_PROBLEMS)
        snprintf(problems[(*n)++], sizeof *problems, "%s: %s %" PRIu64 ": %s", path, where,
                 item->number, why);
    return MC_OK;
}

mc_status mci_text_files_check(const char *const *inputs, size_t n_inputs, const char *out_path,
                               mc_error *err)
{
    struct stat out, in;
    if (strcmp(out_path, "-") == 0 || stat(out_path, &out) != 0 || !S_ISREG(out.st_mode))
        return MC_OK;
    for (size_t i = 0; i < n_inputs; i++) {
        if (stat(inputs[i], &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
            return mc_fail(err, MC_E_ARG, "%s is an input: write to another file", out_path);
    }
    return MC_OK;
}
