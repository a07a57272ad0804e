/* What the files of an embed job share. For embed*.c only. */
#ifndef MCI_MODEL_EMBED_INTERNAL_H
#define MCI_MODEL_EMBED_INTERNAL_H

#include "base/buf.h"
#include "io/npy_out.h"
#include "io/output.h"
#include "metaclip/embed.h"

/* ---- where features go (embed_out.c) ---- */

/* Writes rows and, for images, the list of inputs; opens the next shard when a position is beyond
 * the present one. */
typedef struct {
    const mc_embed_job *job;
    mc_embed_summary *sum;
    size_t D;
    bool has_list;
    bool is_open;
    uint64_t shard, n_rows; /* of the file that is open */
    mci_npy_out *array;
    mci_output *list;
    mci_buf line, name, path;
    uint16_t *halves; /* [D] */
} mci_embed_out;

/* Checks that a folder is empty or holds features of this very job, and says so in OUT/embed.json;
 * of a single file, opens it. Release in any case. */
mc_status mci_embed_out_open(mci_embed_out *out, const mc_embed_job *job, size_t D,
                             mc_embed_summary *sum, mc_error *err);
/* The input at `position`, in ascending order: its feature f32 [D], or NULL and why there is none.
 */
mc_status mci_embed_out_add(mci_embed_out *out, uint64_t position, mc_str name,
                            const float *feature, const char *why, mc_error *err);
/* Makes what is open appear, or takes it back if status is a failure; gives the status of both. */
mc_status mci_embed_out_close(mci_embed_out *out, mc_status status, mc_error *err);
void mci_embed_out_release(mci_embed_out *out);

/* ---- what is still to be done (embed_out.c) ---- */

/* Decides shard by shard, as positions ascend, whether this process makes it: once, before it does.
 * Apart from the above, since other threads ask ahead. Zero-initialise but for the job. */
typedef struct {
    const mc_embed_job *job;
    bool has_shard, wanted;
    uint64_t shard, n_kept; /* n_kept: shards of ours that were there */
} mci_embed_todo;

/* user: mci_embed_todo. */
bool mci_embed_wants(void *user, uint64_t position);

/* ---- where they come from (embed_images.c, embed_texts.c, embed_arrays.c) ---- */

typedef struct {
    const mc_embed_job *job;
    mc_embed_summary *sum;
    const mc_clip *clip;
    mc_clip_ctx *ctx;
    mci_embed_out *out;
    float *features; /* [batch, D] */
    size_t batch, D;
} mci_embed_run;

mc_status mci_embed_images(mci_embed_run *run, mc_error *err);
mc_status mci_embed_texts(mci_embed_run *run, mc_error *err);
mc_status mci_embed_arrays(mci_embed_run *run, mc_error *err);

/* Keeps the first few, calls the hook, and with strict makes it the end. */
mc_status mci_embed_fail(mci_embed_run *run, const char *name, const char *why, mc_error *err);

#endif
