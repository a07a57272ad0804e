/* A download that is not whole yet: FOLDER/.NAME.part, and beside it .NAME.part.json, which says
 * what it is a part of. It outlives the process, so that another goes on; it has one owner at a
 * time. */
#ifndef MCI_MODEL_PULL_PART_H
#define MCI_MODEL_PULL_PART_H

#include "base/buf.h"
#include "base/hash.h"
#include "pull/pull_http.h"

typedef struct {
    const char *target; /* FOLDER/NAME, the caller's */
    mci_buf path, facts_path;
    int fd;
    uint64_t size;  /* bytes that are there, and are in sha */
    uint64_t total; /* MCI_NO_TOTAL: not known */
    char validator[MCI_VALIDATOR_BYTES];
    char host_sha256[MC_SHA256_DIGITS + 1]; /* what the host states; "" */
    mci_sha256 *sha;
    bool is_resumed; /* some of it is from an earlier call */
} mci_part;

/* Opens what is there of url, or begins it; hashes what is there. *part is to be closed also on
 * failure. Errors: MC_E_IO (another process has it), MC_E_NOMEM. */
mc_status mci_part_open(const char *target, const char *url, mci_part *part, mc_error *err);
/* Closes it; the files stay. */
void mci_part_close(mci_part *part);

/* Throws away what is there. */
mc_status mci_part_empty(mci_part *part, mc_error *err);
/* Notes what follows is a part of, and asks for the room that it needs. */
mc_status mci_part_begin(mci_part *part, const char *url, const mci_http_answer *answer,
                         mc_error *err);
mc_status mci_part_add(mci_part *part, mc_str bytes, mc_error *err);
/* Whether all is there; also true if nobody knows how much that is, once `has_ended`. */
bool mci_part_is_whole(const mci_part *part, bool has_ended);
/* The SHA-256 of all; nothing can be added any more. */
mc_status mci_part_digest(mci_part *part, char digits[MC_SHA256_DIGITS + 1], mc_error *err);
/* Makes it appear as its target. */
mc_status mci_part_finish(mci_part *part, mc_error *err);
/* Removes both files. */
mc_status mci_part_remove(mci_part *part, mc_error *err);

#endif
