/* metaclip eval: how good a model is, by zero-shot classification and retrieval. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "metaclip/eval.h"
#include "model_choice.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "--model MODEL [options] DATASET...\n"
             "--model MODEL --catalog FILE [options]",
    .about =
        "Evaluates a model without training it: each class is made of prompts (the class name put "
        "into templates), each image gets the class that is nearest; or, where images have "
        "captions, each caption must find its image, and each image one of its captions.\n\n"
        "A data set is a folder of images with a folder for each class, a folder of webdataset "
        "tars as CLIP_benchmark lays it out, a .csv or .tsv of filepath and label or title, a "
        "single .tar, or the folder of MNIST's, CIFAR's or STL10's binary files. A catalog names "
        "many sets, with their class names, templates and metrics. docs/eval.md says more.\n\n"
        "A line a set: its images, the images that failed, and the numbers, in percent; with "
        "--json CLIP_benchmark's fields, a line a set. -o keeps the same lines in a file: sets "
        "that it holds already are not computed again. An image that cannot be used is left "
        "out of the numbers, and counted; the first few are named; a set that cannot be evaluated "
        "makes the exit code 1.",
    .example = "metaclip eval --model b32_400m --templates general cifar-10-batches-bin\n"
               "metaclip eval --model b32_400m --catalog clipeval.json -o results.jsonl",
};

enum { NAME_WIDTH = 24, MOST_NAMED = 8 };

typedef struct {
    cli *c;
    cli_model model;
    mc_eval_job job;
    const char *const *paths;
    size_t n_paths;
    mc_eval_set usual; /* what the options say of each set */
    mc_eval_set *sets;
    const char *kind, *task, *rule;
    bool has_heading;
    uint64_t n_failed; /* images of the set that is evaluated */
} request;

/* ---- a result ---- */

static void put_percent(double value)
{
    if (isnan(value))
        printf("%9s", "-");
    else
        printf("%9.2f", 100.0 * value);
}

static void put_name(const char *name)
{
    const size_t width = cli_put_clean(stdout, mc_str_of(name), NAME_WIDTH);
    for (size_t i = width; i < NAME_WIDTH; i++)
        putchar(' ');
}

static void put_heading(request *r)
{
    if (r->has_heading)
        return;
    r->has_heading = true;
    printf("%-*s%10s%8s%9s  %-26s%9s%9s%9s\n", NAME_WIDTH, "set", "images", "failed", "value",
           "metric", "acc1", "acc5", "classes");
}

static void put_row(request *r, const mc_eval_result *result)
{
    char images[32], failed[32];
    put_heading(r);
    put_name(result->name);
    printf("%10s%8s", cli_grouped(result->n_images, images), cli_grouped(result->n_failed, failed));
    put_percent(result->value);
    if (result->task == MC_TASK_RETRIEVAL) {
        printf("  %s", mc_eval_metric_name(result->metric));
    } else {
        printf("  %-26s", mc_eval_metric_name(result->metric));
        put_percent(result->acc1);
        put_percent(result->acc5);
        put_percent(result->mean_per_class);
    }
    putchar('\n');
    if (result->task == MC_TASK_RETRIEVAL) {
        printf("  text to image: R@1 %.2f  R@5 %.2f  R@10 %.2f  mean rank %.2f  median %.0f\n",
               100.0 * result->image_recall[0], 100.0 * result->image_recall[1],
               100.0 * result->image_recall[2], result->image_mean_rank, result->image_median_rank);
        printf("  image to text: R@1 %.2f  R@5 %.2f  R@10 %.2f  mean rank %.2f  median %.0f\n",
               100.0 * result->text_recall[0], 100.0 * result->text_recall[1],
               100.0 * result->text_recall[2], result->text_mean_rank, result->text_median_rank);
    }
    fflush(stdout);
}

static void put_error(const request *r, const char *name, const char *image, const char *why)
{
    cli_clear_bar(r->c);
    fprintf(stderr, "metaclip eval: %s: ", image ? "warning" : "this set failed");
    cli_put_clean(stderr, mc_str_of(name), SIZE_MAX);
    fputs(": ", stderr);
    if (image) {
        cli_put_clean(stderr, mc_str_of(image), SIZE_MAX);
        fputs(": ", stderr);
    }
    cli_put_clean(stderr, mc_str_of(why), SIZE_MAX);
    fputc('\n', stderr);
}

static void put_result(void *user, const mc_eval_result *result)
{
    request *r = user;
    const uint64_t n_failed = r->n_failed;
    r->n_failed = 0;
    if (n_failed > MOST_NAMED) {
        char text[96];
        snprintf(text, sizeof text, "%" PRIu64 " more images failed", n_failed - MOST_NAMED);
        put_error(r, result->name, "...", text);
    }
    if (result->error) {
        put_error(r, result->name, NULL, result->error);
        return;
    }
    cli_clear_bar(r->c);
    if (r->c->json)
        puts(result->json);
    else
        put_row(r, result);
}

/* Views of names have a NUL behind them. */
static void put_failure(void *user, const char *set, mc_str image, const char *why)
{
    request *r = user;
    if (r->n_failed++ < MOST_NAMED)
        put_error(r, set, image.data, why);
}

/* ---- what was asked ---- */

static int find_kind(cli *c, request *r)
{
    const char *name;
    for (int i = 0; (name = mc_dataset_kind_name((mc_dataset_kind)i)); i++)
        if (strcmp(name, r->kind) == 0)
            r->usual.kind = (mc_dataset_kind)i;
    if (strcmp(r->task, "classification") == 0)
        r->usual.task = MC_TASK_CLASSIFICATION;
    if (strcmp(r->task, "retrieval") == 0)
        r->usual.task = MC_TASK_RETRIEVAL;
    if (!r->job.catalog_path && r->n_paths == 0)
        return cli_misuse(c, "name a DATASET, or a --catalog of them");
    return CLI_GO;
}

static int prepare(cli *c, request *r)
{
    int code = find_kind(c, r);
    if (code == CLI_GO)
        code = cli_begin(c, NULL, &r->job.hooks);
    if (code == CLI_GO)
        code = cli_model_resolve(c, &r->model, &r->job.model, &r->job.model_path);
    if (code != CLI_GO)
        return code;
    r->sets = calloc(r->n_paths + 1, sizeof *r->sets);
    for (size_t i = 0; r->sets && i < r->n_paths; i++) {
        r->sets[i] = r->usual;
        r->sets[i].path = r->paths[i];
    }
    r->job.sets = r->sets;
    r->job.n_sets = r->n_paths;
    r->job.model_name = r->model.what;
    r->job.rule = cli_token_rule(r->rule);
    return r->sets ? CLI_GO : CLI_FAILED;
}

static int finish(const request *r, const mc_eval_summary *sum)
{
    if (!r->c->json && sum->n_sets - sum->n_failed_sets > 1 && !isnan(sum->mean_value)) {
        put_name("mean");
        printf("%18s", "");
        put_percent(sum->mean_value);
        puts("  of the classification sets");
    }
    if (sum->n_recalled > 0 && !r->c->quiet)
        fprintf(stderr, "metaclip eval: %" PRIu64 " of %" PRIu64 " sets were in %s already\n",
                sum->n_recalled, sum->n_sets, r->job.out_path);
    return sum->n_failed_sets ? CLI_FAILED : CLI_DONE;
}

int cmd_eval(cli *c)
{
    request r = { .c = c,
                  .model = CLI_MODEL_USUAL,
                  .kind = "auto",
                  .task = "auto",
                  .rule = "auto",
                  .usual = { .language = "en" } };
    mc_eval_job *job = &r.job;
    job->result = put_result;
    job->failure = put_failure;
    job->user = &r;
    const cli_opt opts[] = {
        CLI_MODEL(r.model),
        CLI_IMAGE_SIZE(r.model),
        CLI_WORD("catalog", "FILE", &job->catalog_path, "a JSON file that names data sets"),
        CLI_WORD("classnames", "FILE", &r.usual.class_names,
                 "class names, one a line, or JSON; else those that the set brings"),
        CLI_WORD("templates", "FILE", &r.usual.templates,
                 "templates with {} for the class name, one a line, or JSON; or one of the "
                 "built-in sets general, photo, name, action, digit, satellite, texture; else "
                 "those that the set brings, or general"),
        CLI_WORD("kind", "auto|folder|tars|table|mnist|cifar10|cifar100|stl10", &r.kind,
                 "how the sets lie on disk"),
        CLI_WORD("task", "auto|classification|retrieval", &r.task, "what to ask of the sets"),
        CLI_WORD("split", "NAME", &r.usual.split, "test, train, val, ... (test)"),
        CLI_WORD("language", "NAME", &r.usual.language, "for the JSON only"),
        CLI_VOCAB(job->vocab_path, r.rule),
        CLI_DECODING(*job),
        CLI_WORD("o,output", "FILE", &job->out_path,
                 "keep the results here, as JSON Lines, and take from here what is there already"),
        CLI_FILES_FROM(c),
        CLI_THREADS(job->n_threads, "threads"),
        CLI_FLAG("strict", &job->strict, "end at the first image, or set, that fails"),
        CLI_QUIET(c),
        CLI_JSON(c, "print the results as JSON, one object a line"),
        CLI_INPUTS("DATASET", &r.paths, &r.n_paths, 0, SIZE_MAX, "data sets"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code == CLI_GO)
        code = prepare(c, &r);
    if (code == CLI_GO) {
        mc_error err = { 0 };
        mc_eval_summary summary = { 0 };
        mc_status status = mc_eval_run(job, &summary, &err);
        cli_clear_bar(c);
        code = status < 0 ? cli_fail(c, status, &err) : finish(&r, &summary);
    }
    cli_model_release(&r.model);
    free(r.sets);
    return code;
}
