/* A training run: data, trainer, checkpoints and log, put together. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/files.h"
#include "io/output.h"
#include "io/whole.h"
#include "model/checkpoint.h"
#include "train/init.h"
#include "train/run_checkpoint.h"
#include "train/step_work.h"
#include "train/train_config.h"
#include "train/train_eval.h"
#include "train/train_log.h"

typedef struct {
    const mc_train_config *config;
    const mc_train_options *options;
    mc_train_summary *sum;
    mci_clip_config clip;
    uint64_t n_steps; /* of the whole run */
    size_t n_own;     /* pairs of a step that are this process's */
    mci_dist *dist;
    mci_trainer *trainer;
    mc_tokenizer *tokenizer;
    mci_vocab_files vocab; /* its files, which every checkpoint gets */
    mci_online_balance balance;
    mci_uuid_set *subset;
    mci_pair_loader *loader;
    mci_run_state state;
    mci_train_log log;
    double product_rate;       /* of the first process */
    double data_seconds, work; /* of this call's steps so far */
} run;

static bool is_first(const run *r)
{
    return mci_dist_rank(r->dist) == 0;
}

/* ---- what the config says ---- */

static mc_status read_clip_config(run *r, mc_error *err)
{
    const char *model = r->config->model;
    mci_json *json = NULL;
    mci_json_value root;
    const mci_config_hooks hooks = { r->options->hooks.warn, r->options->hooks.user };
    if (model[0] == '\0')
        return mc_fail(err, MC_E_ARG,
                       "model: nothing is said of it: a built-in name, or a JSON file");
    if (mci_clip_config_named(model, &r->clip))
        return MC_OK;
    if (strcmp(model, "tiny-64") == 0) {
        mci_tiny_clip_config(&r->clip);
        return MC_OK;
    }
    if (!mci_file_exists(model))
        return mc_fail(err, MC_E_ARG, "model: %s is neither a built-in name nor a file", model);
    mc_status status = mci_json_load(model, 1 << 20, &json, &root, err);
    if (status >= 0)
        status = mci_clip_config_read(root, &hooks, &r->clip, err);
    mci_json_free(json);
    return status < 0 ? mc_add_context(err, status, "model: %s", model) : MC_OK;
}

static mc_status check_config(run *r, mc_error *err)
{
    const mc_train_config *c = r->config;
    const unsigned size = mci_dist_size(r->dist);
    if (c->out[0] == '\0')
        return mc_fail(err, MC_E_ARG, "out: name the folder of the run");
    if (c->data.n == 0)
        return mc_fail(err, MC_E_ARG, "data: name the tars or tables to train on");
    if (c->vocab[0] == '\0' && c->init[0] == '\0')
        return mc_fail(err, MC_E_ARG, "vocab: name the vocabulary");
    if (c->batch < 2 || c->batch % size != 0)
        return mc_fail(err, MC_E_ARG,
                       "batch: %" PRIu64
                       " pairs cannot be divided among %u processes (and it takes two "
                       "to tell apart)",
                       c->batch, size);
    if (c->seen_pairs < c->batch)
        return mc_fail(err, MC_E_ARG, "seen_pairs: fewer than one batch");
    if (c->batch > INT32_MAX || c->shuffle_shards > INT32_MAX)
        return mc_fail(err, MC_E_ARG, "%s: more than 2^31",
                       c->batch > INT32_MAX ? "batch" : "shuffle_shards");
    r->n_own = (size_t)(c->batch / size);
    r->n_steps = c->seen_pairs / c->batch;
    return MC_OK;
}

/* ---- the vocabulary ---- */

/* From scratch, a model of CLIP's kind takes the size of its vocabulary: the largest id ends a
 * text. */
static mc_status fit_vocab(run *r, size_t n_ids, mc_error *err)
{
    const mc_hooks *hooks = &r->options->hooks;
    char text[300];
    if (*r->config->init || r->clip.text.vocab != MCI_VOCAB_CLIP)
        return mc_fail(
            err, MC_E_MISMATCH,
            "vocab: %s has %zu ids, but the model's text tower %u: was it another one's?",
            *r->config->vocab ? r->config->vocab : r->config->init, n_ids, r->clip.text.vocab_size);
    snprintf(text, sizeof text, "the text tower gets the vocabulary's %zu ids in place of %u",
             n_ids, r->clip.text.vocab_size);
    if (hooks->warn && is_first(r))
        hooks->warn(hooks->user, text);
    r->clip.text.vocab_size = (uint32_t)n_ids;
    mci_clip_config_vocab(&r->clip, MCI_VOCAB_CLIP);
    return MC_OK;
}

/* The vocabulary's own path, or that of the folder which holds the model to start from. */
static mc_status find_vocab(const mc_train_config *c, mci_buf *path, mc_error *err)
{
    struct stat info;
    const char *from = *c->vocab ? c->vocab : c->init;
    size_t len = strlen(from);
    if (!*c->vocab && stat(from, &info) == 0 && !S_ISDIR(info.st_mode))
        len = mci_folder_length(from);
    return mci_buf_printf(path, err, "%.*s", len ? (int)len : 1, len ? from : ".");
}

static mc_status open_vocab(run *r, mc_error *err)
{
    const mc_train_config *c = r->config;
    const bool hf = strcmp(c->rule, "hf") == 0;
    mci_buf path = { 0 };
    mc_status status = find_vocab(c, &path, err);
    if (status >= 0)
        status = mc_tokenizer_open(path.data, hf ? MC_RULE_HF : MC_RULE_OPENAI, &r->tokenizer, err);
    mci_buf_release(&path);
    return status < 0 && !*c->vocab
               ? mc_add_context(err, status, "vocab: there is none beside init, so name one")
               : status;
}

static mc_status open_tokenizer(run *r, mc_error *err)
{
    const mc_train_config *c = r->config;
    MC_TRY(open_vocab(r, err));
    const size_t n_ids = mc_tokenizer_tell(r->tokenizer).n_ids;
    if (n_ids != r->clip.text.vocab_size)
        MC_TRY(fit_vocab(r, n_ids, err));
    mc_status status =
        mci_vocab_files_make(r->tokenizer, r->clip.text.context_length, &r->vocab, err);
    return status < 0 ? mc_add_context(err, status, "vocab: %s", *c->vocab ? c->vocab : c->init)
                      : MC_OK;
}

/* ---- the trainer ---- */

static mc_status choose_backend(const run *r, const mci_nn_backend **out,
                                mci_nn_precision precision, mc_error *err)
{
    const char *name = r->config->backend, *how = "";
    for (const mci_nn_backend *const *all = mci_nn_backends(); *all; all++) {
        if ((*name && strcmp(name, (*all)->name) != 0) || !(*all)->training ||
            !(*all)->usable(precision, &how))
            continue;
        *out = *all;
        return MC_OK;
    }
    return mc_fail(err, MC_E_BACKEND, "backend: no \"%s\" can train here", name);
}

static mc_status make_trainer(run *r, mc_error *err)
{
    const mc_train_config *c = r->config;
    const bool bf16 = strcmp(c->precision, "bf16") == 0;
    if (!bf16 && strcmp(c->precision, "fp32") != 0)
        return mc_fail(err, MC_E_ARG, "precision: want bf16 or fp32, got %s", c->precision);
    mci_trainer_options options = { .precision = bf16 ? MCI_NN_BF16 : MCI_NN_F32,
                                    .n_threads = r->options->n_threads,
                                    .micro_batch = c->micro_batch && c->micro_batch < r->n_own
                                                       ? (size_t)c->micro_batch
                                                       : r->n_own,
                                    .recompute = c->recompute,
                                    .spend_grads = mci_dist_size(r->dist) == 1 &&
                                                   c->clip_norm <= 0.0 &&
                                                   (!c->micro_batch || c->micro_batch >= r->n_own),
                                    .beta1 = c->beta1,
                                    .beta2 = c->beta2,
                                    .eps = c->eps,
                                    .decay = c->weight_decay,
                                    .clip_norm = c->clip_norm,
                                    .schedule = { c->lr, c->warmup_steps, r->n_steps },
                                    .dist = r->dist };
    MC_TRY(choose_backend(r, &options.backend, options.precision, err));
    if (is_first(r))
        MC_TRY(mci_product_rate(options.backend, options.precision, options.n_threads,
                                &r->product_rate, err));
    return mci_trainer_new(&r->clip, &options, &r->trainer, err);
}

/* One parameter's first values: of a checkpoint, or drawn. */
static mc_status start_param(run *r, const mci_checkpoint *from, const mci_param *param,
                             mc_error *err)
{
    float *values = mci_trainer_lend(r->trainer, MCI_VALUES, param->at);
    if (from)
        return mci_checkpoint_read(from, param->name, param->rank, param->dims, values, err);
    mci_init_param(&r->clip, param, r->config->seed, values);
    return MC_OK;
}

static mc_status start_weights(run *r, mc_error *err)
{
    const mci_params *params = mci_trainer_params(r->trainer);
    const char *init = r->config->init;
    mci_checkpoint *from = NULL;
    mc_status status = MC_OK;
    if (*init)
        MC_TRY(mci_checkpoint_open(init, &(mci_checkpoint_options){ 0 }, &from, err));
    for (size_t i = 0; status >= 0 && i < params->n; i++)
        status = start_param(r, from, &params->items[i], err);
    mci_checkpoint_close(from);
    return status < 0 && *init ? mc_add_context(err, status, "init: %s", init) : status;
}

/* ---- the data ---- */

static const char *word_or_null(const char *word)
{
    return *word ? word : NULL;
}

static mc_status open_balance(run *r, mc_error *err)
{
    const mc_train_config *c = r->config;
    const mci_online_balance_job job = { .metadata_path = word_or_null(c->metadata),
                                         .counts_path = c->counts,
                                         .worldwide = c->worldwide,
                                         .has_ids = c->matched,
                                         .t = c->t,
                                         .tail_ratio = c->tail_ratio > 0.0 ? c->tail_ratio : -1.0,
                                         .seed = c->balance_seed,
                                         .hooks = &r->options->hooks };
    return *c->counts ? mci_online_balance_open(&job, &r->balance, err) : MC_OK;
}

static mc_status open_loader(run *r, mc_error *err)
{
    const mc_train_config *c = r->config;
    mci_pair_loader_job job = { .inputs = c->data.items,
                                .n_inputs = c->data.n,
                                .names_from_paths = c->names_from_paths,
                                .image = mci_pair_image_options(r->clip.vision.image_size),
                                .crop = mci_pair_crop_range(),
                                .tokenizer = r->tokenizer,
                                .context = r->clip.text.context_length,
                                .seed = c->seed,
                                .batch = (unsigned)r->n_own,
                                .rank = mci_dist_rank(r->dist),
                                .n_ranks = mci_dist_size(r->dist),
                                .shuffle_shards = (unsigned)c->shuffle_shards,
                                .start = r->state.position,
                                .balancer = r->balance.balancer,
                                .matching = r->balance.matches ? &r->balance.matching : NULL,
                                .subset = r->subset,
                                .image_column = word_or_null(c->image_column),
                                .text_column = word_or_null(c->text_column),
                                .image_root = word_or_null(c->image_root),
                                .n_threads = r->options->n_threads };
    job.crop.min_scale = c->crop_min;
    job.crop.max_scale = c->crop_max;
    memcpy(job.image.mean, r->clip.vision.mean, sizeof job.image.mean);
    memcpy(job.image.std, r->clip.vision.std, sizeof job.image.std);
    return mci_pair_loader_open(&job, &r->loader, err);
}

static mc_status open_data(run *r, mc_error *err)
{
    MC_TRY(open_balance(r, err));
    if (r->config->subset.n)
        MC_TRY(mci_uuid_set_load(r->config->subset.items, r->config->subset.n, &r->subset, err));
    MC_TRY(open_loader(r, err));
    const uint64_t fingerprint = mci_pair_loader_fingerprint(r->loader);
    if (r->state.step && r->state.fingerprint != fingerprint)
        return mc_fail(
            err, MC_E_MISMATCH,
            "%s: the data are not those that the run began with (their names, their sizes, "
            "or what orders them)",
            r->config->out);
    r->state.fingerprint = fingerprint;
    return MC_OK;
}

/* ---- the folder ---- */

static mc_status write_config(run *r, mc_error *err)
{
    char path[4096];
    char *text = NULL;
    MC_TRY(mc_train_config_json(r->config, &text, err));
    snprintf(path, sizeof path, "%s/config.json", r->config->out);
    mc_status status = mci_make_folders(path, err);
    if (status >= 0)
        status = mci_output_file(path, mc_str_of(text), err);
    mci_free(text);
    return status;
}

static mc_status identity_of_file(const char *path, mci_buf *out, bool *found, mc_error *err)
{
    mc_train_config *config = NULL;
    *found = mci_file_exists(path);
    if (!*found)
        return MC_OK;
    mc_status status = mc_train_config_new(path, &config, err);
    if (status >= 0)
        status = mci_train_config_identity(config, out, err);
    mc_train_config_free(config);
    return status;
}

/* The first line in which two texts differ. */
static mc_status tell_difference(const char *path, mc_str was, mc_str is, mc_error *err)
{
    size_t at = 0, line = 0;
    while (at < was.len && at < is.len && was.data[at] == is.data[at])
        line = was.data[at++] == '\n' ? at : line;
    const char *a = was.data + line, *b = is.data + line;
    return mc_fail(
        err, MC_E_MISMATCH,
        "%s: the folder holds another run: it has%.*s where now is%.*s; take that up again, "
        "or choose another folder",
        path, (int)strcspn(a, "\n"), a, (int)strcspn(b, "\n"), b);
}

static mc_status check_folder(run *r, mc_error *err)
{
    char path[4096];
    mci_buf was = { 0 }, is = { 0 };
    bool found = false;
    snprintf(path, sizeof path, "%s/config.json", r->config->out);
    mc_status status = identity_of_file(path, &was, &found, err);
    if (status >= 0)
        status = mci_train_config_identity(r->config, &is, err);
    if (status >= 0 && found && !mc_str_equal(mci_buf_str(&was), mci_buf_str(&is))) {
        status = mci_buf_terminate(&was, err);
        if (status >= 0)
            status = mci_buf_terminate(&is, err);
        if (status >= 0)
            status = tell_difference(path, mci_buf_str(&was), mci_buf_str(&is), err);
    }
    mci_buf_release(&was);
    mci_buf_release(&is);
    return status;
}

/* Every process looks for itself: the folder is one that all see. */
static mc_status take_up(run *r, mc_error *err)
{
    bool found = false;
    MC_TRY(check_folder(r, err));
    MC_TRY(mci_run_checkpoint_find(r->config->out, &r->state, &found, err));
    if (!found)
        return start_weights(r, err);
    MC_TRY(mci_run_checkpoint_vocab(r->config->out, r->state.step, &r->vocab, err));
    if (is_first(r) && r->state.best_step == r->state.step) /* it may have been killed just then */
        MC_TRY(mci_run_checkpoint_set_best(r->config->out, r->state.step, err));
    return mci_run_checkpoint_load(r->config->out, r->state.step, r->trainer, err);
}

/* ---- steps ---- */

/* Whether what is in the folder is the best so far is for the state to remember. */
static mc_status evaluate(run *r, const char *folder, mc_error *err)
{
    const mc_train_config *c = r->config;
    mci_run_state *state = &r->state;
    char name[64];
    double value = NAN;
    snprintf(name, sizeof name, "step %" PRIu64, state->step);
    MC_TRY(mci_train_eval_run(c, folder, name, state->step, r->options->n_threads,
                              &r->options->hooks, &r->log, &value, err));
    if (!isnan(value) && (state->best_step == 0 || value > state->best_value)) {
        state->best_step = state->step;
        state->best_value = value;
    }
    return mci_train_log_value(&r->log, state->step, value, state->best_step, state->best_value,
                               err);
}

/* The others wait for the first process at the next step. */
static mc_status save(run *r, bool evaluates, mc_error *err)
{
    char folder[MCI_RUN_PATH];
    const char *out = r->config->out;
    if (!is_first(r))
        return MC_OK;
    r->state.n_window = r->log.window.n_steps;
    r->state.window_loss = r->log.window.loss;
    MC_TRY(
        mci_run_checkpoint_begin(out, &r->clip, &r->vocab, r->trainer, r->state.step, folder, err));
    if (evaluates)
        MC_TRY(evaluate(r, folder, err));
    MC_TRY(mci_run_checkpoint_end(out, &r->state, r->config->keep_checkpoints, err));
    return r->state.best_step == r->state.step
               ? mci_run_checkpoint_set_best(out, r->state.step, err)
               : MC_OK;
}

/* Where a run that is never stopped makes a checkpoint, and where it evaluates. */
static bool is_at(const run *r, uint64_t each)
{
    return r->state.step == r->n_steps || (each && r->state.step % each == 0);
}

static bool is_evaluated(const run *r)
{
    const mc_train_config *c = r->config;
    return c->eval_catalog[0] && is_at(r, c->eval_steps ? c->eval_steps : c->checkpoint_steps);
}

static void tell_progress(const run *r)
{
    const mc_hooks *hooks = &r->options->hooks;
    if (hooks->progress && is_first(r))
        hooks->progress(hooks->user, &(mc_progress){ .phase = "train",
                                                     .done = r->state.step * r->config->batch,
                                                     .total = r->n_steps * r->config->batch,
                                                     .unit = "pairs" });
}

/* Before others know of a failure and end, and with them perhaps this process. */
static void tell_failure(const run *r, const mc_error *err)
{
    const mc_hooks *hooks = &r->options->hooks;
    char text[400];
    snprintf(text, sizeof text, "process %u of %u: %s", mci_dist_rank(r->dist),
             mci_dist_size(r->dist), err->text);
    if (hooks->warn)
        hooks->warn(hooks->user, text);
}

/* All processes come here with what they made of their own part. When one has failed, all have, so
 * that nobody waits for it. */
static mc_status agree(run *r, mc_status own, mc_error *err)
{
    double n_failed = own < 0;
    if (mci_dist_size(r->dist) == 1)
        return own;
    if (own < 0)
        tell_failure(r, err);
    mc_status status = mci_dist_sum_f64(r->dist, &n_failed, 1, own < 0 ? NULL : err);
    if (own < 0 || status < 0)
        return own < 0 ? own : status;
    return n_failed > 0.0
               ? mc_fail(err, MC_E_BACKEND, "another process of this run failed, and said why")
               : MC_OK;
}

static mc_status one_step(run *r, mci_step_facts *facts, mc_error *err)
{
    mci_pair_batch batch;
    const double began = mci_clock_seconds();
    mc_status status = mci_pair_loader_next(r->loader, &batch, err);
    const double loaded = mci_clock_seconds();
    MC_TRY(agree(r, status, err));
    MC_TRY(mci_trainer_step(r->trainer, batch.pixels, batch.tokens, batch.n, facts, err));
    r->state.position = batch.after;
    r->state.step++;
    const double work = mci_step_work(&r->clip, batch.tokens, batch.n);
    r->data_seconds += loaded - began;
    r->work += work;
    mci_train_log_step(&r->log, facts, r->config->batch, work, loaded - began,
                       mci_clock_seconds() - began);
    if (!isfinite(facts->loss))
        return mc_fail(err, MC_E_BACKEND,
                       "step %" PRIu64
                       ": the loss is no number any more; a smaller lr, or clip_norm, may "
                       "help; the last checkpoint is from before",
                       r->state.step);
    return MC_OK;
}

static mc_status after_step(run *r, const mci_step_facts *facts, bool is_last, mc_error *err)
{
    const mc_train_config *c = r->config;
    const uint64_t step = r->state.step;
    tell_progress(r);
    r->sum->loss = r->log.window.loss / (double)r->log.window.n_steps;
    if (is_at(r, c->log_steps))
        MC_TRY(mci_train_log_end(&r->log, step, facts, r->state.position.epoch, err));
    const bool evaluates = is_evaluated(r);
    return is_last || evaluates || is_at(r, c->checkpoint_steps) ? save(r, evaluates, err) : MC_OK;
}

static void sum_up(run *r, uint64_t first, double seconds)
{
    mc_train_summary *sum = r->sum;
    sum->first_step = first;
    sum->n_steps = r->state.step;
    sum->n_all_steps = r->n_steps;
    sum->is_complete = r->state.step == r->n_steps;
    sum->best_step = r->state.best_step;
    sum->best_value = r->state.best_value;
    if (seconds <= 0.0)
        return;
    sum->samples_per_s = (double)((r->state.step - first) * r->config->batch) / seconds;
    sum->data_share = r->data_seconds / seconds;
    if (r->product_rate > 0.0)
        sum->matmul_share = r->work / seconds / r->product_rate;
}

static mc_status run_steps(run *r, mc_error *err)
{
    const uint64_t first = r->state.step, max = r->options->max_steps;
    const double began = mci_clock_seconds();
    mci_step_facts facts = { 0 };
    mc_status status = MC_OK;
    tell_progress(r);
    while (status >= 0 && r->state.step < r->n_steps && (max == 0 || r->state.step - first < max)) {
        MC_TRY(one_step(r, &facts, err));
        const bool is_last = r->state.step == r->n_steps || (max && r->state.step - first == max);
        status = after_step(r, &facts, is_last, err);
    }
    MC_TRY(agree(r, status, err));
    sum_up(r, first, mci_clock_seconds() - began);
    return MC_OK;
}

/* ---- the whole ---- */

static mc_status open_log(run *r, mc_error *err)
{
    r->log =
        (mci_train_log){ .n_all_steps = r->n_steps,
                         .batch = r->config->batch,
                         .product_rate = r->product_rate,
                         .warmup_steps = r->config->warmup_steps,
                         .window = { .n_steps = r->state.n_window, .loss = r->state.window_loss },
                         .line = is_first(r) ? r->options->log : NULL,
                         .hooks = &r->options->hooks,
                         .user = r->options->hooks.user };
    return is_first(r) ? mci_train_log_open(&r->log, r->config->out, r->state.step, err) : MC_OK;
}

static mc_status open_all(run *r, mc_error *err)
{
    MC_TRY(read_clip_config(r, err));
    MC_TRY(check_config(r, err));
    if (is_first(r))
        MC_TRY(mci_train_eval_check(r->config, err));
    MC_TRY(open_tokenizer(r, err));
    MC_TRY(make_trainer(r, err));
    MC_TRY(take_up(r, err));
    MC_TRY(open_data(r, err));
    if (is_first(r))
        MC_TRY(write_config(r, err));
    return open_log(r, err);
}

/* On a file system that is behind, a process may see an older checkpoint than another. */
static mc_status check_start(run *r, mc_error *err)
{
    uint64_t step = r->state.step;
    MC_TRY(mci_dist_share(r->dist, &step, sizeof step, err));
    return step == r->state.step ? MC_OK
                                 : mc_fail(err, MC_E_MISMATCH,
                                           "%s: here the last checkpoint is of step %" PRIu64
                                           ", and the first process has %" PRIu64 ": start again",
                                           r->config->out, r->state.step, step);
}

static mc_status run_all(run *r, mc_error *err)
{
    MC_TRY(r->options->mpi ? mci_dist_mpi(&r->dist, err) : mci_dist_single(&r->dist, err));
    MC_TRY(agree(r, open_all(r, err), err));
    MC_TRY(agree(r, check_start(r, err), err));
    return run_steps(r, err);
}

static void release(run *r)
{
    mci_pair_loader_close(r->loader);
    mci_trainer_free(r->trainer);
    mc_tokenizer_free(r->tokenizer);
    mci_vocab_files_release(&r->vocab);
    mci_online_balance_release(&r->balance);
    mci_uuid_set_free(r->subset);
    mci_dist_close(r->dist);
}

mc_status mc_train_run(const mc_train_config *config, const mc_train_options *options,
                       mc_train_summary *summary, mc_error *err)
{
    static const mc_train_options usual = { 0 };
    run r = { .config = config, .options = options ? options : &usual, .sum = summary };
    *summary = (mc_train_summary){ 0 };
    mc_error own = { 0 };
    mc_status status = run_all(&r, &own);
    release(&r);
    return status < 0 ? mc_fail(err, status, "%s", own.text) : MC_OK;
}
