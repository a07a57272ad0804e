/* metaclip embed: images or texts -> features. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "metaclip/embed.h"
#include "model_choice.h"
#include "opts.h"
#include "ranks.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "--model MODEL -o FILE [--images] IMAGE...\n"
             "--model MODEL -o FILE --texts FILE...\n"
             "--model MODEL -o DIR --shard-rows N [options] INPUT...",
    .about =
        "Computes the features of images or texts: float32 [n, D], each row of length 1, so that "
        "the "
        "product of two rows is their similarity. Inputs are images, folders and webdataset tars; "
        "with --texts, files with a text a line (or JSON Lines of strings); with --pixels or "
        "--tokens, arrays that `preprocess` or `tokenize` made.\n\n"
        "An image that cannot be decoded is named and has no row; FILE.inputs.jsonl says of each "
        "image which row it is, or why it is none. A text that cannot be used has the row of an "
        "empty "
        "one, so that row i is text i.\n\n"
        "With --shard-rows the output is a folder of 00000.npy, 00001.npy, ..., each for N inputs. "
        "A "
        "run that was stopped goes on with the files that are missing; --part I/N, or a job of "
        "several processes, divides them.",
    .example = "metaclip embed --model b32_400m -o f.npy photos\n"
               "metaclip embed --model model --precision bf16 -o out --shard-rows 100000 *.tar\n"
               "metaclip embed --model model -o t.npy --texts captions.txt",
};

typedef struct {
    cli_model model;
    mc_embed_job job;
    bool images, texts, pixels, tokens;
    const char *rule, *form, *type, *part;
} request;

static int choose_kind(cli *c, request *r)
{
    if (r->images + r->texts + r->pixels + r->tokens > 1)
        return cli_misuse(c, "--images, --texts, --pixels and --tokens exclude each other");
    r->job.kind = r->texts    ? MC_EMBED_TEXTS
                  : r->pixels ? MC_EMBED_PIXELS
                  : r->tokens ? MC_EMBED_TOKENS
                              : MC_EMBED_IMAGES;
    return CLI_GO;
}

static int choose_part(cli *c, request *r)
{
    cli_ranks ranks = { 0, 1 };
    if (r->part && !cli_ranks_parse(r->part, &ranks))
        return cli_misuse(c, "--part: want I/N with I below N, as 0/4; got %s", r->part);
    if (!r->part && r->job.shard_rows)
        ranks = cli_ranks_of_environment();
    if (r->part && !r->job.shard_rows)
        return cli_misuse(c, "--part goes with --shard-rows");
    r->job.rank = ranks.rank;
    r->job.n_ranks = ranks.n_ranks;
    return CLI_GO;
}

static int choose(cli *c, request *r)
{
    int code = choose_kind(c, r);
    if (code == CLI_GO)
        code = choose_part(c, r);
    if (code == CLI_GO && strcmp(r->job.out_path, "-") == 0)
        return cli_misuse(c, "-o names a file; an array cannot go to standard output");
    r->job.rule = cli_token_rule(r->rule);
    r->job.form = strcmp(r->form, "lines") == 0  ? MC_TEXTS_LINES
                  : strcmp(r->form, "json") == 0 ? MC_TEXTS_JSON
                                                 : MC_TEXTS_BY_NAME;
    r->job.half = strcmp(r->type, "f16") == 0;
    return code;
}

static void put_line(const char *what, uint64_t n)
{
    char number[32];
    fprintf(stderr, "%-16s %12s\n", what, cli_grouped(n, number));
}

static void put_summary(const request *r, const mc_embed_summary *s)
{
    put_line(r->texts ? "texts" : "inputs", s->n_inputs);
    if (s->n_failed)
        put_line(r->texts ? "  unusable" : "  failed", s->n_failed);
    if (s->n_truncated)
        put_line("  cut off", s->n_truncated);
    put_line("  rows", s->n_rows);
    if (s->n_passed_over)
        put_line("passed over", s->n_passed_over);
    if (s->n_shards + s->n_shards_kept)
        fprintf(stderr, "%" PRIu64 " files made, %" PRIu64 " were there\n", s->n_shards,
                s->n_shards_kept);
    fprintf(stderr, "%.1f s, %.1f rows/s (%s), %.1f s to load the model\n", s->seconds,
            s->seconds > 0 ? (double)s->n_rows / s->seconds : 0.0, s->arithmetic, s->load_seconds);
}

/* Of a folder of arrays another process, or an earlier one, may have had all there is to use; and a
 * file without texts is one. */
static int judge(const cli *c, const request *r, const mc_embed_summary *s)
{
    bool is_other = r->pixels || r->tokens;
    if (r->job.shard_rows || (s->n_inputs == 0 && (r->texts || is_other)))
        return CLI_DONE;
    return cli_done_with(c, s->n_inputs, s->n_failed, r->texts ? "texts" : "images");
}

static int finish(cli *c, const request *r, mc_status status, const mc_embed_summary *summary,
                  const mc_error *err)
{
    char *json = NULL;
    mc_error json_err = { 0 };
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, err);
    if (!c->quiet && !c->json)
        put_summary(r, summary);
    int code = judge(c, r, summary);
    if (!c->json)
        return code;
    status = mc_embed_summary_json(summary, &json, &json_err);
    int printed = cli_print_json(c, status, json, &json_err);
    return printed == CLI_DONE ? code : printed;
}

int cmd_embed(cli *c)
{
    request r = { .model = CLI_MODEL_USUAL, .rule = "auto", .form = "auto", .type = "f32" };
    mc_embed_job *job = &r.job;
    const cli_opt opts[] = {
        CLI_MODEL(r.model),
        CLI_IMAGE_SIZE(r.model),
        CLI_NEED("o,output", "FILE", &job->out_path, "the array, .npy; with --shard-rows a folder"),
        CLI_FLAG("images", &r.images,
                 "inputs are images, folders, tars (what they are unless said)"),
        CLI_FLAG("texts", &r.texts, "inputs are files of texts"),
        CLI_FLAG("pixels", &r.pixels, "inputs are arrays of prepared images"),
        CLI_FLAG("tokens", &r.tokens, "inputs are arrays of token ids"),
        CLI_U64_IF("shard-rows", &job->shard_rows, UINT64_MAX,
                   "write a folder of arrays, each for N inputs"),
        CLI_WORD("part", "I/N", &r.part, "make every N-th of these arrays only, from the I-th on"),
        CLI_WORD("type", "f32|f16", &r.type, "numbers of the array"),
        CLI_FLAG("raw", &job->raw, "features as the tower gives them, not of length 1"),
        CLI_VOCAB(job->vocab_path, r.rule),
        CLI_WORD("form", "auto|lines|json", &r.form,
                 "what files of texts are; auto goes by the name"),
        CLI_DECODING(*job),
        { .kind = CLI_KIND_UINT,
          .names = "batch",
          .value = "N",
          .to.uint = &job->batch,
          .text = "images computed together; changes memory, not results",
          .fallback = "32",
          .min = 1,
          .max = 4096 },
        CLI_FILES_FROM(c),
        CLI_THREADS(job->n_threads, "threads"),
        CLI_FLAG("strict", &job->strict, "end at the first input that cannot be used"),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job->inputs, &job->n_inputs, 1, SIZE_MAX,
                   "images, folders, tars; or files of texts; or arrays"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    code = choose(c, &r);
    if (code == CLI_GO)
        code = cli_begin(c, job->shard_rows ? NULL : job->out_path, &job->hooks);
    if (code == CLI_GO)
        code = cli_model_resolve(c, &r.model, &job->model, &job->model_path);
    if (code != CLI_GO)
        return code;

    mc_error err = { 0 };
    mc_embed_summary summary = { 0 };
    mc_status status = mc_embed_run(job, &summary, &err);
    code = finish(c, &r, status, &summary, &err);
    cli_model_release(&r.model);
    return code;
}
