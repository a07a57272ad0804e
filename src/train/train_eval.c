#include "train/train_eval.h"

#include <math.h>
#include <stdio.h>

#include "eval/dataset.h"
#include "eval/eval_catalog.h"

/* ---- before ---- */

static const uint64_t max_image_bytes = (uint64_t)64 << 20;

/* Whether it can be opened; and whether it is the set of this name. */
static mc_status check_set(const mc_eval_set *spec, const char *name, bool *is_it, mc_error *err)
{
    mci_dataset set;
    mc_status status = mci_dataset_open(spec, max_image_bytes, &set, err);
    *is_it = status >= 0 && strcmp(set.name.data, name) == 0;
    mci_dataset_close(&set);
    return status;
}

static mc_status check_sets(const mci_eval_catalog *catalog, const char *best_set, mc_error *err)
{
    bool found = *best_set == '\0';
    for (size_t i = 0; i < catalog->n; i++) {
        bool is_it;
        MC_TRY(check_set(&catalog->sets[i], best_set, &is_it, err));
        found = found || is_it;
    }
    return found ? MC_OK : mc_fail(err, MC_E_ARG, "no data set is called %s (best_set)", best_set);
}

mc_status mci_train_eval_check(const mc_train_config *config, mc_error *err)
{
    mci_eval_catalog catalog = { 0 };
    if (config->eval_catalog[0] == '\0') {
        if (config->eval_steps || config->best_set[0])
            return mc_fail(err, MC_E_ARG,
                           "%s: there is nothing to evaluate on: name an eval_catalog",
                           config->eval_steps ? "eval_steps" : "best_set");
        return MC_OK;
    }
    mc_status status = mci_eval_catalog_load(config->eval_catalog, &catalog, err);
    if (status >= 0)
        status = check_sets(&catalog, config->best_set, err);
    mci_eval_catalog_release(&catalog);
    return status < 0 ? mc_add_context(err, status, "eval_catalog") : MC_OK;
}

/* ---- while ---- */

typedef struct {
    const char *best_set;
    const mc_hooks *hooks;
    const mci_train_log *log;
    uint64_t step;
    double sum, chosen; /* values of all sets, and of the one that tells */
    size_t n, n_failed;
    mc_error failure; /* of writing the log */
} evaluation;

static void warn_of(const evaluation *e, const mc_eval_result *result)
{
    char text[500];
    snprintf(text, sizeof text, "evaluating after step %llu: %s", (unsigned long long)e->step,
             result->error);
    if (e->hooks->warn)
        e->hooks->warn(e->hooks->user, text);
}

static void take_result(void *user, const mc_eval_result *result)
{
    evaluation *e = user;
    if (result->error) {
        e->n_failed++;
        warn_of(e, result);
        return;
    }
    e->sum += result->value;
    e->n++;
    if (strcmp(result->name, e->best_set) == 0)
        e->chosen = result->value;
    if (e->failure.status >= 0)
        e->failure.status = mci_train_log_set(e->log, e->step, result->json, &e->failure);
}

mc_status mci_train_eval_run(const mc_train_config *config, const char *folder, const char *name,
                             uint64_t step, unsigned n_threads, const mc_hooks *hooks,
                             const mci_train_log *log, double *value, mc_error *err)
{
    evaluation e = {
        .best_set = config->best_set, .hooks = hooks, .log = log, .step = step, .chosen = NAN
    };
    mc_eval_summary summary;
    const mc_eval_job job = { .model_path = folder,
                              .model.backend = *config->backend ? config->backend : NULL,
                              .model_name = name,
                              .pretrained = name,
                              .catalog_path = config->eval_catalog,
                              .n_threads = n_threads,
                              .result = take_result,
                              .user = &e,
                              .hooks = *hooks };
    MC_TRY(mc_eval_run(&job, &summary, err));
    if (e.failure.status < 0)
        return mc_fail(err, e.failure.status, "%s", e.failure.text);
    *value = *config->best_set ? e.chosen : e.n_failed || e.n == 0 ? NAN : e.sum / (double)e.n;
    return MC_OK;
}
