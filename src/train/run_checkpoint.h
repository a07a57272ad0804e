/* Checkpoints of a training run: each a folder that appears whole, and that every command reads as
 * a model (it is OpenCLIP's form), with what training needs to go on.
 *
 *   OUT/checkpoints/00001000/open_clip_config.json
 *                            open_clip_model.safetensors   the weights, f32
 *                            optimizer.safetensors         "m.NAME", "v.NAME": AdamW's moments, f32
 *                            state.json                    where the run is */
#ifndef MCI_TRAIN_RUN_CHECKPOINT_H
#define MCI_TRAIN_RUN_CHECKPOINT_H

#include "train/pair_loader.h"
#include "train/trainer.h"

typedef struct {
    uint64_t step; /* made so far */
    mci_pair_position position;
    uint64_t fingerprint; /* of the data (pair_loader.h) */
    uint64_t n_window;    /* steps since the last line of the log, and the sum of their losses */
    double window_loss;
} mci_run_state;

/* Writes OUT/checkpoints/STEP and makes it last; of the older ones `keep` with it stay (0: all). */
mc_status mci_run_checkpoint_save(const char *out_dir, const mci_clip_config *config,
                                  mci_trainer *trainer, const mci_run_state *state, uint64_t keep,
                                  mc_error *err);
/* The last one: *found is false if there is none. Reads the state only. */
mc_status mci_run_checkpoint_find(const char *out_dir, mci_run_state *state, bool *found,
                                  mc_error *err);
/* Puts its weights and moments into the trainer. Errors: MC_E_SHAPE, MC_E_FORMAT (damaged). */
mc_status mci_run_checkpoint_load(const char *out_dir, uint64_t step, mci_trainer *trainer,
                                  mc_error *err);

#endif
