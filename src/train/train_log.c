#include "train/train_log.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/files.h"
#include "io/output.h"
#include "io/whole.h"

enum { MAX_FLAT = 5 };

/* ---- the file ---- */

static bool is_before(mci_json *json, mc_str line, uint64_t step)
{
    mci_json_value root, value;
    uint64_t got;
    return mci_json_parse(json, line, &root, NULL, NULL) == MC_OK &&
           mci_json_get(root, "step", &value) && mci_json_u64(value, &got) && got <= step;
}

static mc_status keep_lines(mc_str text, uint64_t step, mci_buf *out, mc_error *err)
{
    mci_json *json = NULL;
    mc_status status = mci_json_new(&json, err);
    while (status >= 0 && text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        const size_t len = end ? (size_t)(end - text.data) + 1 : text.len;
        if (end && is_before(json, (mc_str){ text.data, len - 1 }, step))
            status = mci_buf_add(out, (mc_str){ text.data, len }, err);
        text = (mc_str){ text.data + len, text.len - len };
    }
    mci_json_free(json);
    return status;
}

mc_status mci_train_log_open(mci_train_log *log, const char *out_dir, uint64_t step, mc_error *err)
{
    mci_buf old = { 0 }, kept = { 0 };
    bool found = false;
    snprintf(log->path, sizeof log->path, "%s/log.jsonl", out_dir);
    mc_status status = mci_read_file(log->path, &old, &found, err);
    if (status >= 0 && found)
        status = keep_lines(mci_buf_str(&old), step, &kept, err);
    if (status >= 0)
        status = mci_output_file(log->path, mci_buf_str(&kept), err);
    mci_buf_release(&old);
    mci_buf_release(&kept);
    return status;
}

static mc_status append(const char *path, const char *line, mc_error *err)
{
    FILE *file = fopen(path, "ab");
    if (!file)
        return mci_fail_errno(err, path, "cannot append to it");
    const size_t len = strlen(line);
    const bool written = fwrite(line, 1, len, file) == len;
    return fclose(file) == 0 && written ? MC_OK : mci_fail_errno(err, path, "cannot append to it");
}

/* ---- lines ---- */

void mci_train_log_step(mci_train_log *log, const mci_step_facts *facts, uint64_t n_pairs,
                        double data_seconds, double seconds)
{
    log->window.n_steps++;
    log->window.n_pairs += n_pairs;
    log->window.loss += facts->loss;
    log->window.data_seconds += data_seconds;
    log->window.seconds += seconds;
}

/* A number as JSON has it: "null" for what is none. */
static const char *json_number(double value, char room[32])
{
    if (!isfinite(value))
        return "null";
    snprintf(room, 32, "%.9g", value);
    return room;
}

static mc_status write_json(const mci_train_log *log, uint64_t step, const mci_step_facts *facts,
                            uint64_t epoch, double loss, double rate, double data_share,
                            mc_error *err)
{
    char line[600], room[6][32];
    if (log->path[0] == '\0')
        return MC_OK;
    snprintf(line, sizeof line,
             "{\"step\":%" PRIu64 ",\"epoch\":%" PRIu64 ",\"seen\":%" PRIu64
             ",\"loss\":%s,\"lr\":%s,\"scale\":%s,\"grad_norm\":%s,\"samples_per_s\":%s,"
             "\"data_share\":%s}\n",
             step, epoch, step * log->batch, json_number(loss, room[0]),
             json_number(facts->lr, room[1]), json_number(exp(facts->logit_scale), room[2]),
             json_number(facts->grad_norm, room[3]), json_number(rate, room[4]),
             json_number(data_share, room[5]));
    return append(log->path, line, err);
}

static void tell_people(const mci_train_log *log, uint64_t step, const mci_step_facts *facts,
                        double loss, double rate, double data_share)
{
    char line[300];
    snprintf(line, sizeof line,
             "step %" PRIu64 "/%" PRIu64
             "  loss %.4f  lr %.3g  scale %.2f  norm %.3g  %.1f samples/s  "
             "data %.1f %%",
             step, log->n_all_steps, loss, facts->lr, exp(facts->logit_scale), facts->grad_norm,
             rate, 100.0 * data_share);
    if (log->line)
        log->line(log->user, line);
}

/* Guessing costs ln(batch). */
static void warn_if_flat(mci_train_log *l, double loss)
{
    l->n_flat = fabs(loss - log((double)l->batch)) < 0.01 ? l->n_flat + 1 : 0;
    if (l->n_flat == MAX_FLAT && l->hooks->warn)
        l->hooks->warn(l->hooks->user,
                       "the loss stays at the logarithm of the batch, as if images and texts had "
                       "nothing to do with each other: are the texts the images' own, and is the "
                       "learning rate right?");
}

mc_status mci_train_log_end(mci_train_log *log, uint64_t step, const mci_step_facts *facts,
                            uint64_t epoch, mc_error *err)
{
    const mci_log_window w = log->window;
    if (w.n_steps == 0)
        return MC_OK;
    const double loss = w.loss / (double)w.n_steps;
    const double rate = w.seconds > 0.0 ? (double)w.n_pairs / w.seconds : 0.0;
    const double data_share = w.seconds > 0.0 ? w.data_seconds / w.seconds : 0.0;
    log->window = (mci_log_window){ 0 };
    tell_people(log, step, facts, loss, rate, data_share);
    warn_if_flat(log, loss);
    return write_json(log, step, facts, epoch, loss, rate, data_share, err);
}
