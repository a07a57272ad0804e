/** Training a CLIP model: the standard set-up, in which only the data differs between experiments.
 *
 *      mc_train_config *config = NULL;
 *      if (mc_train_config_new("b32_400m", &config, &err) < 0 ||
 *          mc_train_config_set(config, "data=pool/00000.tar,pool/00001.tar", &err) < 0 ||
 *          mc_train_config_set(config, "out=run", &err) < 0 ||
 *          mc_train_run(config, NULL, &summary, &err) < 0) ...
 *
 *  A run is a folder. Started again on it, training goes on from its last checkpoint, and ends with
 *  the same bits as a run that was never stopped (the same ranks, threads and machine).
 *  docs/training.md tells about it from end to end.
 *
 *  Source: the set-up of Radford et al. 2021 (arXiv:2103.00020, table 19) as MetaCLIP uses it
 *  (arXiv:2309.16671, section 4.2), and Meta CLIP 2's (arXiv:2507.22062). */
#ifndef METACLIP_TRAIN_H
#define METACLIP_TRAIN_H

#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_train_config mc_train_config;

/** A config: a preset's name (mc_train_preset), or a file of JSON that holds some or all of the
 *  fields, and may name another preset ("preset"). Errors: MC_E_ARG (no such preset), MC_E_IO,
 *  MC_E_FORMAT (a field that is none, or of another type). Free with mc_train_config_free. */
MC_API mc_status mc_train_config_new(const char *preset_or_path, mc_train_config **out,
                                     mc_error *err);
MC_API void mc_train_config_free(mc_train_config *config);

/** Sets one field: "lr=1e-3"; lists with commas: "data=a.tar,b.tar"; "" for nothing.
 *  Errors: MC_E_ARG naming the fields that there are, or what the value should be. */
MC_API mc_status mc_train_config_set(mc_train_config *config, const char *assignment,
                                     mc_error *err);
/** Takes these files as data, in place of those that were named. */
MC_API mc_status mc_train_config_data(mc_train_config *config, const char *const *paths, size_t n,
                                      mc_error *err);
/** All fields as JSON with a field a line (free with mc_free): what a run writes beside itself. */
MC_API mc_status mc_train_config_json(const mc_train_config *config, char **out, mc_error *err);

/** The name of the i-th preset; NULL behind the last. */
MC_API const char *mc_train_preset(size_t i);
/** The i-th field: its name, and what it means in a few words; NULL behind the last. */
MC_API const char *mc_train_field(size_t i, const char **meaning);

/** How to run; all zeros is the usual way. */
typedef struct {
    bool mpi;           /* this process is one of several that mpirun or srun started */
    unsigned n_threads; /* of this process; 0: one a processor */
    uint64_t max_steps; /* stop, with a checkpoint, after so many steps of this call; 0: never */
    void (*log)(void *user, const char *line); /* a line a window of steps; NULL: none */
    mc_hooks hooks;
} mc_train_options;

typedef struct {
    uint64_t n_steps, n_all_steps; /* made so far, and in the whole run */
    uint64_t first_step;           /* where this call began */
    double loss;                   /* mean of the last window */
    double samples_per_s;          /* of all processes, over this call */
    double data_share;             /* of the time, spent waiting for data */
    double matmul_share; /* the step's products, of what the backend's own do in that time */
    bool is_complete;
    uint64_t best_step; /* what evaluation found best so far; 0: nothing was evaluated */
    double best_value;
} mc_train_summary;

/** Trains until the config's pairs are seen. Errors: MC_E_ARG (a field is missing or contradicts
 *  another), those of the loader (no usable pair, with the keys that were found), MC_E_MISMATCH
 * (the folder holds a run of another config, and how it differs), MC_E_IO, MC_E_NOMEM,
 * MC_E_BACKEND. */
MC_API mc_status mc_train_run(const mc_train_config *config, const mc_train_options *options,
                              mc_train_summary *summary, mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
