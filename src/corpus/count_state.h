/* What a job has counted so far, so that it can go on after a kill: DIR/state/KIND/ holds
 *
 *     state.json           up to where the inputs were read, and which runs hold what was counted
 *     000001.words .pairs  these runs (count_run.h)
 *     000001.carry         a page or line that was not complete there
 *
 * state.json is written last, in one step; files that it does not name are of no use. */
#ifndef MCI_CORPUS_COUNT_STATE_H
#define MCI_CORPUS_COUNT_STATE_H

#include "base/buf.h"
#include "metaclip/corpus.h"

enum { MCI_MOST_RUNS = 48 }; /* beyond them they are merged into one */

/* Zero-initialise, release at the end. */
typedef struct {
    char *folder;
    int lock; /* a file descriptor, if folder is set */
    bool has_pairs;
    char made_from[MC_SHA256_DIGITS + 1];
    size_t next_input;
    uint64_t next_at;
    bool is_complete;
    mci_buf carry;
    uint64_t runs[MCI_MOST_RUNS + 1];
    size_t n_runs;
    uint64_t last_run; /* the largest number that was given */
    mc_corpus_summary seen;
} mci_count_state;

/* Opens DIR/state/KIND, makes it if need be, and reads what it has. made_from: the SHA-256 of all
 * that counts depend on. Errors: MC_E_MISMATCH (it has something else), MC_E_IO (another process
 * works there). */
mc_status mci_count_state_open(const char *dir, const char *kind, bool has_pairs,
                               const char *made_from, mci_count_state *state, mc_error *err);
void mci_count_state_release(mci_count_state *state);
/* Makes what is in state last. Runs that are not in it any more are removed. */
mc_status mci_count_state_save(mci_count_state *state, mc_error *err);

/* The path of a run's file; suffix "words" or "pairs". */
mc_status mci_count_state_path(const mci_count_state *state, uint64_t run, const char *suffix,
                               mci_buf *out, mc_error *err);

/* The paths of all runs' files, for mci_run_merge_open. */
typedef struct {
    mci_buf texts[MCI_MOST_RUNS + 1];
    const char *paths[MCI_MOST_RUNS + 1];
    size_t n;
} mci_run_paths;
mc_status mci_count_state_paths(const mci_count_state *state, const char *suffix,
                                mci_run_paths *out, mc_error *err);
void mci_run_paths_release(mci_run_paths *paths);

#endif
