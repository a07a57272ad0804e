/* Checkpoints of a training run: each a folder that appears whole, and that every command reads as
 * a model (it is OpenCLIP's form), with what training needs to go on.
 *
 *   OUT/checkpoints/00001000/open_clip_config.json
 *                            open_clip_model.safetensors   the weights, f32
 *                            optimizer.safetensors         "m.NAME", "v.NAME": AdamW's moments, f32
 *                            vocab.json, merges.txt, ...   the vocabulary (vocab/vocab_files.h)
 *                            state.json                    where the run is
 *   OUT/checkpoints/best     that of the steps evaluated so far which came out best, the same files
 */
#ifndef MCI_TRAIN_RUN_CHECKPOINT_H
#define MCI_TRAIN_RUN_CHECKPOINT_H

#include "train/pair_loader.h"
#include "train/trainer.h"
#include "vocab/vocab_files.h"

typedef struct {
    uint64_t step; /* made so far */
    mci_pair_position position;
    uint64_t fingerprint; /* of the data (pair_loader.h) */
    uint64_t n_window;    /* steps since the last line of the log, and the sum of their losses */
    double window_loss;
    uint64_t best_step; /* 0: none was evaluated */
    double best_value;
} mci_run_state;

enum { MCI_RUN_PATH = 4096 };

/* Writes the checkpoint of a step, but for its state, into a folder whose name does not count yet:
 * *path is that of a model. */
mc_status mci_run_checkpoint_begin(const char *out_dir, const mci_clip_config *config,
                                   const mci_vocab_files *vocab, mci_trainer *trainer,
                                   uint64_t step, char path[MCI_RUN_PATH], mc_error *err);
/* Adds the state, gives it its name, OUT/checkpoints/STEP, and makes it last; of the older ones
 * `keep` with it stay (0: all). */
mc_status mci_run_checkpoint_end(const char *out_dir, const mci_run_state *state, uint64_t keep,
                                 mc_error *err);
/* The step's checkpoint becomes the best one as well: links to its files (or copies, where there
 * can be none) take the place of what was there, at once where the file system can exchange
 * folders. */
mc_status mci_run_checkpoint_set_best(const char *out_dir, uint64_t step, mc_error *err);
/* The last one: *found is false if there is none. Reads the state only. */
mc_status mci_run_checkpoint_find(const char *out_dir, mci_run_state *state, bool *found,
                                  mc_error *err);
/* Whether a run that goes on from the step has the vocabulary that it began with; true of one that
 * was begun before checkpoints had theirs. Errors: MC_E_MISMATCH if it has another. */
mc_status mci_run_checkpoint_vocab(const char *out_dir, uint64_t step, const mci_vocab_files *vocab,
                                   mc_error *err);
/* Puts its weights and moments into the trainer. Errors: MC_E_SHAPE, MC_E_FORMAT (damaged). */
mc_status mci_run_checkpoint_load(const char *out_dir, uint64_t step, mci_trainer *trainer,
                                  mc_error *err);

#endif
