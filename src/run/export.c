/* The job: pairs in the forms that others' tools take. */
#include "curate/job_output.h"
#include "run/export_internal.h"

static const struct {
    const char *name;
    mc_status (*run)(const mc_export_job *job, mc_export *out, mc_error *err);
} forms[MC_N_EXPORT_FORMS] = {
    [MC_EXPORT_UUIDS] = { "uuids", mci_export_uuids },
    [MC_EXPORT_DATACOMP] = { "datacomp", mci_export_datacomp },
    [MC_EXPORT_INVERTED] = { "inverted", mci_export_inverted },
    [MC_EXPORT_SUBSET] = { "subset", mci_export_subset },
    [MC_EXPORT_PAIRS] = { "pairs", mci_export_pairs },
    [MC_EXPORT_TAR] = { "tar", mci_export_tar },
};

const char *mc_export_form_name(mc_export_form form)
{
    return (unsigned)form < MC_N_EXPORT_FORMS ? forms[form].name : "unknown";
}

mc_status mc_export_run(const mc_export_job *job, mc_export *out, mc_error *err)
{
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    if ((unsigned)job->form >= MC_N_EXPORT_FORMS)
        return mc_fail(err, MC_E_ARG, "there is no form %d", (int)job->form);
    if (job->pool.n_inputs == 0)
        return mc_fail(err, MC_E_ARG, "no input; name a run folder, or files");
    mc_status status = forms[job->form].run(job, out, err);
    out->summary.seconds = mci_seconds_since(start);
    return status;
}
