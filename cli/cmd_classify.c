/* metaclip classify: images -> labels, by words alone. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lines.h"
#include "metaclip/classify.h"
#include "model_choice.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "--model MODEL --labels A,B,... [options] IMAGE...\n"
             "--model MODEL --labels-file FILE [options] IMAGE...",
    .about =
        "Says which of the labels fits each image best, and how probable the best ones are. A "
        "label "
        "is put into templates, such as \"a photo of a {}.\", and the prompts' mean direction "
        "stands "
        "for it; several templates are better than one. Without a template the label is the "
        "prompt, "
        "so write \"a dog\" rather than \"dog\".\n\n"
        "A line an image: its name, and then probability and label, the most probable first. With "
        "--json a line of JSON for each image. An image that cannot be decoded is named; it makes "
        "the exit code 1 with --strict, or if there is no other.",
    .example = "metaclip classify --model b32_400m --labels \"a dog,a cat,a car\" *.jpg\n"
               "metaclip classify --model b32_400m --labels-file names.txt \\\n"
               "    --template \"a photo of a {}.\" --template \"a drawing of a {}.\" -k 3 photos",
};

typedef struct {
    cli *c;
    cli_model model;
    mc_classify_job job;
    const char *labels_text, *labels_path, *templates_path, *rule;
    const char *const *template_words;
    size_t n_template_words;
    cli_lines labels, templates;
    mc_str *template_views;
    uint32_t *best; /* [k] */
    unsigned k;
} request;

/* ---- a result ---- */

static void put_json(const request *r, mc_str name, const float *p, size_t k)
{
    fputs("{\"input\":", stdout);
    cli_put_json_string(stdout, name);
    fputs(",\"labels\":[", stdout);
    for (size_t i = 0; i < k; i++) {
        fputs(i ? ",{\"label\":" : "{\"label\":", stdout);
        cli_put_json_string(stdout, r->job.labels[r->best[i]]);
        printf(",\"probability\":%.6g}", (double)p[r->best[i]]);
    }
    puts("]}");
}

static void put_text(const request *r, mc_str name, const float *p, size_t k)
{
    cli_put_clean(stdout, name, SIZE_MAX);
    for (size_t i = 0; i < k; i++) {
        printf("\t%.4f\t", (double)p[r->best[i]]);
        cli_put_clean(stdout, r->job.labels[r->best[i]], SIZE_MAX);
    }
    putchar('\n');
}

static void put_failure(const request *r, mc_str name, const char *why)
{
    if (r->c->json) {
        fputs("{\"input\":", stdout);
        cli_put_json_string(stdout, name);
        fputs(",\"error\":", stdout);
        cli_put_json_string(stdout, mc_str_of(why));
        puts("}");
        return;
    }
    cli_clear_bar(r->c);
    fputs("metaclip classify: warning: ", stderr);
    cli_put_clean(stderr, name, SIZE_MAX);
    fputs(": ", stderr);
    cli_put_clean(stderr, mc_str_of(why), SIZE_MAX);
    fputc('\n', stderr);
}

static void put_result(void *user, mc_str name, const float *probabilities, const char *why)
{
    request *r = user;
    const size_t k = r->k < r->job.n_labels ? r->k : r->job.n_labels;
    if (!probabilities) {
        put_failure(r, name, why);
        return;
    }
    mc_top(probabilities, r->job.n_labels, r->best, k);
    if (r->c->json)
        put_json(r, name, probabilities, k);
    else
        put_text(r, name, probabilities, k);
}

/* ---- what was asked ---- */

static int read_labels(cli *c, request *r)
{
    if (!r->labels_text == !r->labels_path)
        return cli_misuse(c, "give --labels or --labels-file, one of them");
    int code = r->labels_text ? cli_lines_cut(c, r->labels_text, &r->labels)
                              : cli_lines_read(c, r->labels_path, &r->labels);
    r->job.labels = r->labels.items;
    r->job.n_labels = r->labels.n;
    if (code == CLI_GO && r->labels.n == 0)
        return cli_misuse(c, "there are no labels");
    return code;
}

static int read_templates(cli *c, request *r)
{
    int code = CLI_GO;
    if (r->templates_path)
        code = cli_lines_read(c, r->templates_path, &r->templates);
    const size_t n = r->templates.n + r->n_template_words;
    if (code != CLI_GO || n == 0)
        return code;
    r->template_views = malloc(n * sizeof *r->template_views);
    if (!r->template_views)
        return CLI_FAILED;
    for (size_t i = 0; i < n; i++)
        r->template_views[i] = i < r->templates.n
                                   ? r->templates.items[i]
                                   : mc_str_of(r->template_words[i - r->templates.n]);
    r->job.templates = r->template_views;
    r->job.n_templates = n;
    return CLI_GO;
}

static int prepare(cli *c, request *r)
{
    int code = read_labels(c, r);
    if (code == CLI_GO)
        code = read_templates(c, r);
    if (code == CLI_GO)
        code = cli_begin(c, NULL, &r->job.hooks);
    if (code == CLI_GO)
        code = cli_model_resolve(c, &r->model, &r->job.model, &r->job.model_path);
    if (code != CLI_GO)
        return code;
    r->best = malloc((size_t)r->k * sizeof *r->best);
    r->job.rule = cli_token_rule(r->rule);
    return r->best ? CLI_GO : CLI_FAILED;
}

static void release(request *r)
{
    cli_model_release(&r->model);
    cli_lines_release(&r->labels);
    cli_lines_release(&r->templates);
    free(r->template_views);
    free(r->best);
}

int cmd_classify(cli *c)
{
    request r = { .c = c, .model = CLI_MODEL_USUAL, .rule = "auto", .k = 1 };
    mc_classify_job *job = &r.job;
    job->result = put_result;
    job->user = &r;
    const cli_opt opts[] = {
        CLI_MODEL(r.model),
        CLI_IMAGE_SIZE(r.model),
        CLI_WORD("labels", "A,B,...", &r.labels_text, "the labels, with commas between"),
        CLI_WORD("labels-file", "FILE", &r.labels_path, "the labels, one a line"),
        CLI_LIST("template", "TEXT", &r.template_words, &r.n_template_words,
                 "a text with {} for the label; may be given several times"),
        CLI_WORD("templates", "FILE", &r.templates_path, "templates, one a line"),
        { .kind = CLI_KIND_UINT,
          .names = "k,top",
          .value = "N",
          .to.uint = &r.k,
          .text = "labels to name for each image",
          .min = 1,
          .max = 1 << 20 },
        CLI_VOCAB(job->vocab_path, r.rule),
        CLI_DECODING(*job),
        CLI_FILES_FROM(c),
        CLI_THREADS(job->n_threads, "threads"),
        CLI_FLAG("strict", &job->strict, "end at the first image that fails"),
        CLI_QUIET(c),
        CLI_JSON(c, "print one JSON object for each image, a line each"),
        CLI_INPUTS("IMAGE", &job->inputs, &job->n_inputs, 1, SIZE_MAX, "images, folders, tars"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code == CLI_GO)
        code = prepare(c, &r);
    if (code == CLI_GO) {
        mc_error err = { 0 };
        mc_classify_summary summary = { 0 };
        mc_status status = mc_classify_run(job, &summary, &err);
        cli_clear_bar(c);
        code = status < 0 ? cli_fail(c, status, &err)
                          : cli_done_with(c, summary.n_images + summary.n_failed, summary.n_failed,
                                          "images");
    }
    release(&r);
    return code;
}
