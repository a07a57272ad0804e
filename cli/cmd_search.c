/* metaclip search: the rows of features that are most like a query. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "metaclip/embed.h"
#include "metaclip/search.h"
#include "model_choice.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "--features FILE --query-features FILE [options]\n"
             "--features FILE --model MODEL --text TEXT|--image FILE [options]",
    .about =
        "Looks at every row of features (.npy, f32 or f16, [n, D]) and prints, for each row of "
        "queries, the k that are most like it: by the cosine of the angle between them, or by "
        "their product. Exact: nothing is built beforehand, nothing is missed, and the result is "
        "the same on any machine, whatever the threads. Of equal scores the smaller row comes "
        "first. A row that holds NaN is nobody's neighbour, and is counted.\n\n"
        "Files of features are mapped, so that they may be larger than memory; several, as the "
        "shards of a run, count as one list, in the order given. With the model that made them, a "
        "text or an image can be searched for. Rows of images are called as `embed` noted beside "
        "the array; other rows by --names.",
    .example = "metaclip search --features f.npy --model b32_400m --text \"a red car\"\n"
               "metaclip search --features f.npy --names names.txt -k 5 --query-features q.npy",
};

typedef struct {
    const char *const *features;
    size_t n_features;
    const char *names, *queries, *measure, *output, *scores_path;
    bool prints;     /* the results; else files alone are written */
    cli_model model; /* of --text and --image */
    mc_clip_options model_options;
    const char *model_path, *text, *image, *vocab, *rule;
    uint64_t k;
    mc_search_options options;
} job;

typedef struct {
    mc_search_index *index;
    float *loaded, *own_query; /* by the library; by a model */
    const float *queries;      /* the one of them that there is */
    size_t n, D;
    uint64_t *rows;
    float *scores;
} search;

/* ---- printing ---- */

static void put_json(const search *s, size_t q, size_t k)
{
    bool has_names = mc_search_has_names(s->index);
    printf("{\"query\":%zu,\"neighbours\":[", q);
    for (size_t j = q * k; j < (q + 1) * k && s->rows[j] != MC_SEARCH_NONE; j++) {
        printf("%s{\"row\":%" PRIu64 ",\"score\":%.9g", j > q * k ? "," : "", s->rows[j],
               (double)s->scores[j]);
        if (has_names) {
            fputs(",\"name\":", stdout);
            cli_put_json_string(stdout, mc_search_name(s->index, s->rows[j]));
        }
        putchar('}');
    }
    puts("]}");
}

static void put_text(const search *s, size_t q, size_t k)
{
    for (size_t j = 0; j < k && s->rows[q * k + j] != MC_SEARCH_NONE; j++) {
        uint64_t row = s->rows[q * k + j];
        mc_str name = mc_search_name(s->index, row);
        printf("%6zu %6zu %10.6f %12" PRIu64, q, j + 1, (double)s->scores[q * k + j], row);
        if (name.len)
            fputs("  ", stdout);
        cli_put_clean(stdout, name, SIZE_MAX);
        putchar('\n');
    }
}

static void put_results(const cli *c, const search *s, const job *j)
{
    if (!c->json)
        printf("%6s %6s %10s %12s%s\n", "query", "rank", "score", "row",
               mc_search_has_names(s->index) ? "  name" : "");
    for (size_t q = 0; q < s->n; q++) {
        if (c->json)
            put_json(s, q, (size_t)j->k);
        else
            put_text(s, q, (size_t)j->k);
    }
}

/* ---- the work ---- */

static mc_status embed_query(const job *j, const mc_clip *clip, mc_clip_ctx *ctx, float *out,
                             mc_error *err)
{
    mc_tokenizer *tokenizer = NULL;
    if (j->image)
        return mc_embed_image(ctx, j->image, out, err);
    mc_status status =
        mc_clip_tokenizer_open(clip, j->vocab, cli_token_rule(j->rule), &tokenizer, err);
    if (status >= 0)
        status = mc_embed_text(ctx, tokenizer, mc_str_of(j->text), out, err);
    mc_tokenizer_free(tokenizer);
    return status;
}

/* The one query that a model makes. */
static mc_status make_query(search *s, const job *j, mc_error *err)
{
    mc_clip_options options = j->model_options;
    const mc_clip_ctx_options ctx_options = { .n_threads = j->options.n_threads, .batch = 1 };
    mc_clip *clip = NULL;
    mc_clip_ctx *ctx = NULL;
    options.towers = j->image ? MC_IMAGE_TOWER : MC_TEXT_TOWER;
    options.hooks = &j->options.hooks;
    mc_status status = mc_clip_open(j->model_path, &options, &clip, err);
    if (status >= 0)
        status = mc_clip_ctx_new(clip, &ctx_options, &ctx, err);
    if (status >= 0) {
        s->n = 1;
        s->D = mc_clip_facts_of(clip).embed_dim;
        s->own_query = malloc(s->D * sizeof *s->own_query);
        status = s->own_query ? embed_query(j, clip, ctx, s->own_query, err)
                              : mc_fail(err, MC_E_NOMEM, "out of memory");
    }
    mc_clip_ctx_free(ctx);
    mc_clip_close(clip);
    return status;
}

static mc_status open_all(search *s, const job *j, mc_error *err)
{
    const char *what = j->queries ? j->queries : j->model_path;
    const char *names = j->prints || j->names ? j->names : "";
    mc_status status = mc_search_open(j->features, j->n_features, names, &s->index, err);
    if (status >= 0 && j->queries)
        status = mc_features_load(j->queries, &s->loaded, &s->n, &s->D, err);
    else if (status >= 0)
        status = make_query(s, j, err);
    if (status < 0)
        return status;
    s->queries = j->queries ? s->loaded : s->own_query;
    if (s->D != mc_search_dims(s->index))
        return mc_fail(err, MC_E_MISMATCH,
                       "%s: rows of %zu numbers; those of the features have %zu", what, s->D,
                       mc_search_dims(s->index));
    if (s->n > SIZE_MAX / sizeof *s->rows / j->k)
        return mc_fail(err, MC_E_NOMEM, "%zu times %" PRIu64 " neighbours do not fit into memory",
                       s->n, j->k);
    size_t n = s->n ? s->n * (size_t)j->k : 1;
    s->rows = malloc(n * sizeof *s->rows);
    s->scores = malloc(n * sizeof *s->scores);
    return s->rows && s->scores ? MC_OK
                                : mc_fail(err, MC_E_NOMEM, "no memory for %zu neighbours", n);
}

static mc_status find(search *s, const job *j, mc_error *err)
{
    uint64_t n_odd = 0;
    mc_status status = open_all(s, j, err);
    if (status >= 0)
        status =
            mc_search_run(s->index, s->queries, s->n, &j->options, s->rows, s->scores, &n_odd, err);
    if (status == MC_E_FORMAT && s->rows)
        return mc_add_context(err, status, "%s", j->queries ? j->queries : j->model_path);
    if (status >= 0 && n_odd) {
        char text[128];
        snprintf(text, sizeof text,
                 "left out, as they are no numbers or too large: %" PRIu64 " rows of features",
                 n_odd);
        j->options.hooks.warn(j->options.hooks.user, text);
    }
    if (status >= 0 && (j->output || j->scores_path))
        status =
            mc_search_save(j->output, j->scores_path, s->rows, s->scores, s->n, (size_t)j->k, err);
    return status;
}

static void release(search *s)
{
    free(s->rows);
    free(s->scores);
    mc_free(s->loaded);
    free(s->own_query);
    mc_search_close(s->index);
}

static int choose_query(cli *c, const job *j)
{
    if ((j->queries != NULL) + (j->text != NULL) + (j->image != NULL) != 1)
        return cli_misuse(
            c, "say what to search for: --query-features, --text or --image, one of them");
    if (!j->queries && !j->model.what)
        return cli_misuse(c, "--text and --image need the model that made the features: --model");
    return CLI_GO;
}

int cmd_search(cli *c)
{
    job j = { .k = 10, .measure = "cosine", .model = CLI_MODEL_USUAL, .rule = "auto" };
    const cli_opt opts[] = {
        CLI_LIST("features", "FILE", &j.features, &j.n_features,
                 "what is searched: an array, or a folder that `embed` wrote; may be given several "
                 "times"),
        CLI_WORD("names", "FILE", &j.names,
                 "a text with a line for each row of features, to be printed with it (for images "
                 "that `embed` made features of: what they are called)"),
        CLI_WORD("query-features", "FILE", &j.queries,
                 "what is searched for, .npy: a row a query, or one row"),
        CLI_WORD("text", "TEXT", &j.text, "search for this text"),
        CLI_WORD("image", "FILE", &j.image, "search for images like this one"),
        CLI_MODEL_OPTIONAL(j.model, "the model that made the features, for --text and --image"),
        CLI_VOCAB(j.vocab, j.rule),
        CLI_U64_TO("k,neighbours", &j.k, 1, ((uint64_t)1 << 20) - 1, "neighbours a query"),
        CLI_WORD("score", "cosine|product", &j.measure,
                 "what is compared; product is the cosine too if all rows have length 1"),
        CLI_WORD("o,output", "FILE", &j.output,
                 "write the rows as .npy, u64 [queries, k], in place of printing"),
        CLI_WORD("scores", "FILE", &j.scores_path, "the same of their scores, f32"),
        CLI_THREADS(j.options.n_threads, "threads"),
        CLI_QUIET(c),
        CLI_JSON(c, "print one JSON object for each query, a line each"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if (j.n_features == 0)
        return cli_misuse(c, "--features FILE is missing: name what is to be searched");
    code = choose_query(c, &j);
    if (code == CLI_GO)
        code = cli_begin(c, NULL, &j.options.hooks);
    if (code == CLI_GO && !j.queries)
        code = cli_model_resolve(c, &j.model, &j.model_options, &j.model_path);
    if (code != CLI_GO)
        return code;
    j.options.k = (size_t)j.k;
    j.prints = c->json || !(j.output || j.scores_path);
    j.options.measure = j.measure[0] == 'p' ? MC_SEARCH_PRODUCT : MC_SEARCH_COSINE;

    mc_error err = { 0 };
    search s = { 0 };
    mc_status status = find(&s, &j, &err);
    cli_clear_bar(c);
    if (status < 0)
        code = cli_fail(c, status, &err);
    else
        code = CLI_DONE;
    if (status >= 0 && j.prints)
        put_results(c, &s, &j);
    release(&s);
    cli_model_release(&j.model);
    return code;
}
