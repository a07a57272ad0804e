/* metaclip card: makes a data card, shows its largest entries, compares two. */
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "opts.h"
#include "report.h"
#include "table.h"
#include "top.h"

static const cli_about about = {
    .usage = "-m FILE [--counts FILE] [--curated FILE]... -o CARD [INPUT...]\n"
             "--top N [-m FILE] CARD\n"
             "--compare [-m FILE] CARD CARD",
    .about =
        "Makes the data card of a pool: for every entry, the number of pairs that match it, before "
        "balancing and after. The counts before come from --counts, or from the inputs, which are "
        "matched pairs; those after from --curated.\n\n"
        "With --top it shows the N largest entries of a card, before and after, with their shares "
        "of all matches. With --compare it tells how the distributions of two cards differ. -m "
        "gives "
        "the entries their names; without it they are called by their ids.",
    .example = "metaclip card -m metadata.json --counts entry_count.npy --curated curated.jsonl "
               "-t 20000 -o datacard.json\n"
               "metaclip card --top 10 -m metadata.json datacard.json\n"
               "metaclip card --compare -m metadata.json a/datacard.json b/datacard.json",
};

enum { NAME_WIDTH = 22 };

/* What the command line asks for. */
typedef struct {
    mc_card_job job;
    uint64_t top;
    bool compare;
} card_args;

static void put_comparison(const mc_card_difference *difference, const mc_metadata *metadata)
{
    char number[32];
    printf("same metadata            %s\n", difference->same_metadata ? "yes" : "no");
    printf("compared                 the %s\n", difference->of_curated ? "curated sets" : "pools");
    printf("entries that differ      %s\n", cli_grouped(difference->n_differ, number));
    printf("total variation          %.6f\n", difference->total_variation);
    if (difference->n_largest)
        puts("\n  largest differences     share in the first  in the second");
    for (size_t i = 0; i < difference->n_largest; i++) {
        printf("  ");
        size_t used = cli_put_entry(stdout, metadata, difference->largest[i], NAME_WIDTH);
        printf("%*s %17.3f %% %12.3f %%\n", NAME_WIDTH - (int)used, "",
               100.0 * difference->shares[i][0], 100.0 * difference->shares[i][1]);
    }
}

static void put_comparison_json(const mc_card_difference *difference, const mc_metadata *metadata)
{
    printf("{\"same_metadata\":%s,\"compared\":\"%s\",\"entries_differ\":%" PRIu64
           ",\"total_variation\":%.17g,\"largest\":[",
           difference->same_metadata ? "true" : "false",
           difference->of_curated ? "curated" : "pool", difference->n_differ,
           difference->total_variation);
    for (size_t i = 0; i < difference->n_largest; i++) {
        printf("%s{", i ? "," : "");
        cli_put_entry_json(stdout, metadata, difference->largest[i]);
        printf(",\"shares\":[%.9g,%.9g]}", difference->shares[i][0], difference->shares[i][1]);
    }
    puts("]}");
}

/* Loads the metadata if the user named it; MC_OK without any. */
static mc_status load_metadata(const card_args *args, mc_metadata **out, mc_error *err)
{
    return args->job.metadata_path ? mc_metadata_load_lists(args->job.metadata_path, out, err)
                                   : MC_OK;
}

static int compare(cli *c, const card_args *args)
{
    mc_error err = { 0 };
    mc_card a = { 0 }, b = { 0 };
    mc_metadata *metadata = NULL;
    mc_card_difference difference = { 0 };
    mc_status status = load_metadata(args, &metadata, &err);
    if (status >= 0)
        status = mc_card_load(args->job.pool.inputs[0], &a, &err);
    if (status >= 0 && metadata)
        status = cli_check_card(&a, metadata, &err);
    if (status >= 0)
        status = mc_card_load(args->job.pool.inputs[1], &b, &err);
    if (status >= 0)
        status = mc_card_compare(&a, &b, &difference, &err);
    int code = status < 0 ? cli_fail(c, status, &err) : CLI_DONE;
    if (code == CLI_DONE && c->json)
        put_comparison_json(&difference, metadata);
    else if (code == CLI_DONE)
        put_comparison(&difference, metadata);
    mc_card_release(&a);
    mc_card_release(&b);
    mc_metadata_free(metadata);
    return code;
}

static int show_top(cli *c, const card_args *args)
{
    mc_error err = { 0 };
    mc_card card = { 0 };
    mc_metadata *metadata = NULL;
    mc_status status = load_metadata(args, &metadata, &err);
    if (status >= 0)
        status = mc_card_load(args->job.pool.inputs[0], &card, &err);
    if (status >= 0)
        status = cli_put_top(&card, metadata, args->top, c->json, &err);
    int code = status < 0 ? cli_fail(c, status, &err) : CLI_DONE;
    mc_card_release(&card);
    mc_metadata_free(metadata);
    return code;
}

static int make(cli *c, card_args *args)
{
    mc_card_job *job = &args->job;
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    if (!job->metadata_path)
        return cli_misuse(c, "-m FILE is missing: the metadata of the pairs (to look at a card: "
                             "--top 10)");
    if (!job->counts_path && job->pool.n_inputs == 0)
        return cli_misuse(c, "no input was given: it wants --counts FILE, or INPUT..., files of "
                             "matched pairs");
    int code = cli_begin(c, job->out_path, &job->pool.hooks);
    if (code != CLI_GO)
        return code;
    mc_status status = mc_card_run(job, &summary, &err);
    return cli_finish(c, status, &summary, &err);
}

/* What --top and --compare look at is a card; what makes one has no place there. */
static int check_view(const cli *c, const cli_opt *opts, const card_args *args, bool is_top)
{
    static const char *const makers[] = { "counts", "curated", "t", "seed", "output" };
    const char *view = args->compare ? "--compare" : "--top";
    size_t want = args->compare ? 2 : 1;
    if (args->compare && is_top)
        return cli_misuse(c, "--top and --compare are two commands; give one of them");
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        if (cli_given(c, opts, makers[i]))
            return cli_misuse(c, "%s only reads cards: leave out %s%s", view,
                              makers[i][1] ? "--" : "-", makers[i]);
    }
    if (args->job.pool.n_inputs != want)
        return cli_misuse(c, "%s wants %s", view, want == 2 ? "two data cards" : "one data card");
    return CLI_GO;
}

int cmd_card(cli *c)
{
    card_args args = {
        .job = { .out_path = "-", .pool.inputs = c->words, .pool.max_item_bytes = CLI_MAX_RECORD }
    };
    mc_card_job *job = &args.job;
    const cli_opt opts[] = {
        CLI_WORD("m,metadata", "FILE", &job->metadata_path, "the list of entries"),
        CLI_WORD("counts", "FILE", &job->counts_path, "entry counts of the pool, .npy or .json"),
        CLI_LIST("curated", "FILE", &job->curated_inputs, &job->n_curated_inputs,
                 "curated pairs; may be repeated"),
        CLI_U64_IF("t,limit", &job->t, UINT64_MAX, "the t they were balanced with, for the record"),
        CLI_U64("seed", &job->seed, 0, "the seed they were drawn with, for the record"),
        CLI_WORD("o,output", "CARD", &job->out_path, "the data card, .json"),
        CLI_U64_IF("top", &args.top, UINT32_MAX, "show the N largest entries of a card"),
        CLI_FLAG("compare", &args.compare, "tell how two cards differ"),
        CLI_POOL(c, job->pool),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job->pool.inputs, &job->pool.n_inputs, 0, SIZE_MAX,
                   "matched pairs; with --top and --compare, data cards"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    bool is_top = cli_given(c, opts, "top");
    if (!is_top && !args.compare)
        return make(c, &args);
    code = check_view(c, opts, &args, is_top);
    if (code != CLI_GO)
        return code;
    return is_top ? show_top(c, &args) : compare(c, &args);
}
