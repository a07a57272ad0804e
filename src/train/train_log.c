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
                        double work, double data_seconds, double seconds)
{
    log->window.n_steps++;
    log->window.n_pairs += n_pairs;
    log->window.loss += facts->loss;
    log->window.work += work;
    log->window.data_seconds += data_seconds;
    log->window.seconds += seconds;
}

/* What a line says of a window. */
typedef struct {
    double loss, rate, data_share, matmul_share; /* NAN: not known */
} window_numbers;

static window_numbers numbers_of(const mci_train_log *log)
{
    const mci_log_window *w = &log->window;
    window_numbers n = { w->loss / (double)w->n_steps, 0.0, 0.0, NAN };
    if (w->seconds > 0.0) {
        n.rate = (double)w->n_pairs / w->seconds;
        n.data_share = w->data_seconds / w->seconds;
        if (log->product_rate > 0.0)
            n.matmul_share = w->work / w->seconds / log->product_rate;
    }
    return n;
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
                            uint64_t epoch, const window_numbers *n, mc_error *err)
{
    char line[600], room[7][32];
    if (log->path[0] == '\0')
        return MC_OK;
    snprintf(line, sizeof line,
             "{\"step\":%" PRIu64 ",\"epoch\":%" PRIu64 ",\"seen\":%" PRIu64
             ",\"loss\":%s,\"lr\":%s,\"scale\":%s,\"grad_norm\":%s,\"samples_per_s\":%s,"
             "\"data_share\":%s,\"matmul_share\":%s}\n",
             step, epoch, step * log->batch, json_number(n->loss, room[0]),
             json_number(facts->lr, room[1]), json_number(exp(facts->logit_scale), room[2]),
             json_number(facts->grad_norm, room[3]), json_number(n->rate, room[4]),
             json_number(n->data_share, room[5]), json_number(n->matmul_share, room[6]));
    return append(log->path, line, err);
}

static void tell_people(const mci_train_log *log, uint64_t step, const mci_step_facts *facts,
                        const window_numbers *n)
{
    char line[300], matmul[40] = "";
    if (isfinite(n->matmul_share))
        snprintf(matmul, sizeof matmul, "  matmul %.0f %%", 100.0 * n->matmul_share);
    snprintf(line, sizeof line,
             "step %" PRIu64 "/%" PRIu64
             "  loss %.4f  lr %.3g  scale %.2f  norm %.3g  %.1f samples/s  data %.1f %%%s",
             step, log->n_all_steps, n->loss, facts->lr, exp(facts->logit_scale), facts->grad_norm,
             n->rate, 100.0 * n->data_share, matmul);
    if (log->line)
        log->line(log->user, line);
}

/* Guessing costs ln(batch). */
static void warn_if_flat(mci_train_log *l, uint64_t step, double loss)
{
    const bool is_flat = fabs(loss - log((double)l->batch)) < 0.01;
    l->n_flat = is_flat && step > l->warmup_steps / 2 ? l->n_flat + 1 : 0;
    if (l->n_flat == MAX_FLAT && l->hooks->warn)
        l->hooks->warn(l->hooks->user,
                       "the loss stays at the logarithm of the batch, as if images and texts had "
                       "nothing to do with each other: are the texts the images' own, and is the "
                       "learning rate right?");
}

mc_status mci_train_log_end(mci_train_log *log, uint64_t step, const mci_step_facts *facts,
                            uint64_t epoch, mc_error *err)
{
    if (log->window.n_steps == 0)
        return MC_OK;
    const window_numbers n = numbers_of(log);
    log->window = (mci_log_window){ 0 };
    tell_people(log, step, facts, &n);
    warn_if_flat(log, step, n.loss);
    return write_json(log, step, facts, epoch, &n, err);
}

/* ---- evaluation ---- */

mc_status mci_train_log_set(const mci_train_log *log, uint64_t step, const char *json,
                            mc_error *err)
{
    mci_buf line = { 0 };
    if (log->path[0] == '\0')
        return MC_OK;
    mc_status status = mci_buf_printf(&line, err, "{\"step\":%" PRIu64 ",\"eval\":", step);
    if (status >= 0)
        status = mci_buf_add(&line, mc_str_of(json), err);
    if (status >= 0)
        status = mci_buf_add(&line, mc_str_of("}\n"), err);
    if (status >= 0)
        status = mci_buf_terminate(&line, err);
    if (status >= 0)
        status = append(log->path, line.data, err);
    mci_buf_release(&line);
    return status;
}

mc_status mci_train_log_value(const mci_train_log *log, uint64_t step, double value,
                              uint64_t best_step, double best_value, mc_error *err)
{
    char line[300], room[2][32];
    if (log->line) {
        snprintf(line, sizeof line,
                 "step %" PRIu64 "/%" PRIu64 "  value %.4f  best %.4f at step %" PRIu64, step,
                 log->n_all_steps, value, best_value, best_step);
        log->line(log->user, line);
    }
    if (log->path[0] == '\0')
        return MC_OK;
    snprintf(line, sizeof line,
             "{\"step\":%" PRIu64 ",\"value\":%s,\"best_step\":%" PRIu64 ",\"best_value\":%s}\n",
             step, json_number(value, room[0]), best_step, json_number(best_value, room[1]));
    return append(log->path, line, err);
}
