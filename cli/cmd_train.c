/* metaclip train: a CLIP model from pairs, with the standard set-up. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "metaclip/train.h"
#include "opts.h"
#include "ranks.h"
#include "report.h"
#include "suggest.h"
#include "table.h"

static const cli_about about = {
    .usage = "CONFIG -o DIR --vocab PATH [--set FIELD=VALUE]... [options] [DATA...]\n"
             "--show CONFIG\n"
             "--fields",
    .about =
        "Trains a CLIP model from scratch, or on from a checkpoint's weights. CONFIG is a preset "
        "(b32_400m, b16_400m, l14_400m, b32_fullcc, b16_fullcc, l14_fullcc, h14_fullcc, "
        "bigG14_fullcc, "
        "worldwide_h14, tiny) or a file of JSON; --show prints a preset as such a file, --fields "
        "says "
        "what each field means. DATA are webdataset tars, or tables with columns of paths and "
        "texts.\n\n"
        "The run is a folder: config.json, log.jsonl, and checkpoints/STEP, each of "
        "which "
        "is a model that embed, classify, eval and convert take. Started again, it goes on from "
        "the "
        "last checkpoint, with the same bits as if it had never stopped. Under mpirun or srun the "
        "processes share each batch, and the step is that of one process with all of it.",
    .example = "metaclip train b32_400m --vocab bpe_simple_vocab_16e6.txt.gz -o run *.tar\n"
               "metaclip train tiny --show > my.json\n"
               "mpirun metaclip train my.json",
};

typedef struct {
    cli *c;
    const char *const *sets;
    size_t n_sets;
    const char *const *words;
    size_t n_words;
    const char *output, *vocab; /* fields with an option of their own */
    bool show, fields, mpi;
    mc_train_options options;
} request;

static int show_fields(void)
{
    const char *name, *meaning;
    for (size_t i = 0; (name = mc_train_field(i, &meaning)); i++)
        printf("%-18s %s\n", name, meaning);
    return CLI_DONE;
}

static int show_config(cli *c, const mc_train_config *config)
{
    char *text = NULL;
    mc_error err = { 0 };
    mc_status status = mc_train_config_json(config, &text, &err);
    if (status < 0)
        return cli_fail(c, status, &err);
    fputs(text, stdout);
    mc_free(text);
    return CLI_DONE;
}

static void put_line(void *user, const char *line)
{
    cli *c = user;
    if (c->quiet)
        return;
    cli_clear_bar(c);
    fprintf(stderr, "%s\n", line);
}

static void put_summary(const cli *c, const mc_train_summary *s)
{
    if (c->json) {
        printf("{\"steps\":%" PRIu64 ",\"all_steps\":%" PRIu64 ",\"first_step\":%" PRIu64
               ",\"loss\":%.9g,\"samples_per_s\":%.6g,\"data_share\":%.4g,\"matmul_share\":%.4g,"
               "\"complete\":%s",
               s->n_steps, s->n_all_steps, s->first_step, s->loss, s->samples_per_s, s->data_share,
               s->matmul_share, s->is_complete ? "true" : "false");
        if (s->best_step)
            printf(",\"best_step\":%" PRIu64 ",\"best_value\":%.9g", s->best_step, s->best_value);
        puts("}");
    } else if (!c->quiet && s->is_complete && s->first_step == s->n_all_steps) {
        fprintf(stderr, "all %" PRIu64 " steps were made already: nothing was left to do\n",
                s->n_all_steps);
    } else if (!c->quiet) {
        fprintf(stderr,
                "%" PRIu64 " of %" PRIu64
                " steps, %.1f samples/s, %.1f %% of the time for data, %.0f %% of the rate of "
                "products%s\n",
                s->n_steps, s->n_all_steps, s->samples_per_s, 100.0 * s->data_share,
                100.0 * s->matmul_share, s->is_complete ? "" : "; started again, it goes on");
        if (s->best_step)
            fprintf(stderr, "best of those evaluated: step %" PRIu64 ", %.4f\n", s->best_step,
                    s->best_value);
    }
}

/* A bare word that is neither a preset nor a file is most likely a slip. */
static mc_status open_config(const char *name, mc_train_config **config, mc_error *err)
{
    struct stat facts;
    const char *preset;
    cli_guess guess = { .typed = name };
    if (stat(name, &facts) == 0 || strpbrk(name, "./"))
        return mc_train_config_new(name, config, err);
    for (size_t i = 0; (preset = mc_train_preset(i)); i++) {
        if (strcmp(preset, name) == 0)
            return mc_train_config_new(name, config, err);
        cli_guess_offer(&guess, preset);
    }
    return mc_fail(err, MC_E_ARG, "%s is neither a preset nor a file%s%s%s", name,
                   guess.best ? "; did you mean " : "", guess.best ? guess.best : "",
                   guess.best ? "?" : "");
}

static mc_status set_field(mc_train_config *config, const char *assignment, mc_error *err)
{
    const char *field, *meaning, *end = strchr(assignment, '=');
    char typed[64];
    cli_guess guess = { .typed = typed };
    if (!end)
        return mc_train_config_set(config, assignment, err);
    snprintf(typed, sizeof typed, "%.*s", (int)(end - assignment), assignment);
    for (size_t i = 0; (field = mc_train_field(i, &meaning)); i++) {
        if (strcmp(field, typed) == 0)
            return mc_train_config_set(config, assignment, err);
        cli_guess_offer(&guess, field);
    }
    return mc_fail(
        err, MC_E_ARG, "there is no field %s; %s%s%s`metaclip train --fields` lists them", typed,
        guess.best ? "did you mean " : "", guess.best ? guess.best : "", guess.best ? "? " : "");
}

/* The fields that have an option of their own. */
static mc_status set_own(mc_train_config *config, const char *field, const char *value,
                         mc_error *err)
{
    size_t size = strlen(field) + 1 + (value ? strlen(value) : 0) + 1;
    char *assignment = value ? malloc(size) : NULL;
    if (!value)
        return MC_OK;
    if (!assignment)
        return mc_fail(err, MC_E_NOMEM, "out of memory");
    snprintf(assignment, size, "%s=%s", field, value);
    mc_status status = mc_train_config_set(config, assignment, err);
    free(assignment);
    return status;
}

static mc_status make_config(const request *r, mc_train_config **config, mc_error *err)
{
    mc_status status = open_config(r->words[0], config, err);
    for (size_t i = 0; status >= 0 && i < r->n_sets; i++)
        status = set_field(*config, r->sets[i], err);
    if (status >= 0)
        status = set_own(*config, "out", r->output, err);
    if (status >= 0)
        status = set_own(*config, "vocab", r->vocab, err);
    if (status >= 0 && r->n_words > 1)
        status = mc_train_config_data(*config, r->words + 1, r->n_words - 1, err);
    return status;
}

static int train(cli *c, request *r, const mc_train_config *config)
{
    mc_error err = { 0 };
    mc_train_summary summary = { 0 };
    r->options.mpi = r->mpi || cli_ranks_of_environment().n_ranks > 1;
    mc_status status = mc_train_run(config, &r->options, &summary, &err);
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, &err);
    if (!r->options.mpi || cli_ranks_of_environment().rank == 0)
        put_summary(c, &summary);
    return CLI_DONE;
}

int cmd_train(cli *c)
{
    request r = { .c = c };
    const cli_opt opts[] = {
        CLI_WORD("o,output", "DIR", &r.output, "the folder of the run; the field out"),
        CLI_WORD("vocab", "PATH", &r.vocab, "the vocabulary, a file or a folder; the field vocab"),
        CLI_LIST("set", "FIELD=VALUE", &r.sets, &r.n_sets,
                 "another value for a field of the config; may be given several times"),
        CLI_FLAG("show", &r.show, "print the config that would be used, and do nothing"),
        CLI_FLAG("fields", &r.fields, "say what each field of a config means"),
        CLI_U64("max-steps", &r.options.max_steps, 0,
                "stop, with a checkpoint, after N steps; 0 means never"),
        CLI_FLAG("mpi", &r.mpi, "speak to other processes through MPI; on by itself under mpirun"),
        CLI_THREADS(r.options.n_threads, "threads of this process"),
        CLI_TALK(c),
        CLI_INPUTS("CONFIG", &r.words, &r.n_words, 0, SIZE_MAX,
                   "a preset or a file, then tars or tables in place of the config's data"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if (r.fields)
        return show_fields();
    if (r.n_words == 0)
        return cli_misuse(c, "name a config: a preset or a file");
    code = cli_begin(c, NULL, &r.options.hooks);
    if (code != CLI_GO)
        return code;
    r.options.log = put_line;

    mc_error err = { 0 };
    mc_train_config *config = NULL;
    mc_status status = make_config(&r, &config, &err);
    if (status < 0)
        code = cli_fail(c, status, &err);
    else
        code = r.show ? show_config(c, config) : train(c, &r, config);
    mc_train_config_free(config);
    return code;
}
