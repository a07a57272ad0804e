/* metaclip balance: thin the pairs of head entries, keep the pairs of tail entries. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "opts.h"
#include "plan_table.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "--counts FILE [-m FILE] [options] INPUT...\n"
             "--plan --counts FILE [-m FILE] [options] INPUT...",
    .about =
        "Keeps each pair with the probability that one at least of its entries is drawn; an entry "
        "that is counted n times is drawn with probability min(1, t/n). The draw depends on the "
        "pair and the seed alone: the same seed gives the same pairs, in any order of inputs and "
        "with any number of threads, and a larger t keeps a superset.\n\n"
        "With --plan nothing is drawn: a table shows how many pairs each t is expected to keep, "
        "the standard deviation of that number, how many entries are head, and what share of the "
        "matches belongs to the others, the tail. With --target (or -t, or --tail-ratio) it also "
        "has the t that this gives, marked with a star; with --json it is one object.\n\n"
        "With -m the counts are checked to belong to this metadata, and a data card is written "
        "beside the output.",
    .example = "metaclip balance -m metadata.json --counts entry_count.npy -t 20000 "
               "-o curated.jsonl matched.jsonl\n"
               "metaclip balance --plan --counts entry_count.npy --target 1000000 matched.jsonl",
};

/* Whether path is, or would become, a regular file, so that something can stand beside it. */
static bool is_regular(const char *path)
{
    struct stat info;
    return strcmp(path, "-") != 0 && (stat(path, &info) != 0 || S_ISREG(info.st_mode));
}

/* Where the data card goes if the user did not say; room is where its name is kept. */
static void place_card(mc_balance_job *job, char *room, size_t size)
{
    if (job->card_path || !job->metadata_path || !is_regular(job->out_path))
        return;
    if ((size_t)snprintf(room, size, "%s.datacard.json", job->out_path) < size)
        job->card_path = room;
}

/* A plan, by t of its own and by the one that the user gives. */
static int show_plan(cli *c, const cli_opt *opts, mc_balance_job *job)
{
    static const char *const makers[] = { "output", "card", "no-card" };
    mc_error err = { 0 };
    mc_plan plan = { 0 };
    mc_summary summary = { 0 };
    char *json = NULL;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        if (cli_given(c, opts, makers[i]))
            return cli_misuse(c, "--plan writes no pairs: leave out --%s", makers[i]);
    }
    if (!cli_given(c, opts, "t"))
        job->t = 0;
    cli_begin(c, NULL, &job->pool.hooks);
    mc_status status = mc_plan_run(job, &plan, &summary, &err);
    if (status >= 0 && c->json)
        status = mc_summary_json(&summary, &json, &err);
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, &err);
    if (!c->quiet && !c->json &&
        summary.n_problems) /* else it tells nothing that the plan does not */
        cli_put_summary(stderr, &summary);
    if (c->json)
        cli_put_plan_json(&plan, json);
    else
        cli_put_plan(&plan, job->one_text);
    mc_free(json);
    return CLI_DONE;
}

int cmd_balance(cli *c)
{
    char card[PATH_MAX];
    bool no_card = false, plan = false;
    mc_balance_job job = {
        .out_path = "-", .t = 20000, .tail_ratio = -1, .pool.max_item_bytes = CLI_MAX_RECORD
    };
    const cli_opt opts[] = {
        CLI_NEED("counts", "FILE", &job.counts_path, "entry counts of the pool, .npy or .json"),
        CLI_WORD("m,metadata", "FILE", &job.metadata_path, "the list the counts belong to"),
        CLI_CHOOSE_T(job),
        CLI_ONE_TEXT(&job.one_text),
        CLI_WORD("temp-dir", "DIR", &job.temp_dir,
                 "where --one-text has temporary files, some 50 bytes a pair"),
        CLI_FLAG("plan", &plan, "draw nothing; show what each t would give"),
        CLI_U64("seed", &job.seed, 0, "another seed draws another set"),
        CLI_WORD("o,output", "FILE", &job.out_path,
                 "curated pairs, .jsonl, .jsonl.gz, .jsonl.zst or .parquet"),
        { .kind = CLI_KIND_WORD,
          .names = "card",
          .value = "FILE",
          .to.word = &job.card_path,
          .text = "the data card; needs -m",
          .fallback = "OUTPUT.datacard.json" },
        CLI_FLAG("no-card", &no_card, "write no data card"),
        CLI_POOL(c, job.pool),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job.pool.inputs, &job.pool.n_inputs, 1, SIZE_MAX,
                   "files of matched pairs; - is standard input"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if ((code = cli_check_t(c, opts)) != CLI_GO)
        return code;
    if (plan)
        return show_plan(c, opts, &job);
    if (job.card_path && (no_card || !job.metadata_path))
        return cli_misuse(c, no_card ? "--card and --no-card contradict each other"
                                     : "--card needs -m FILE, the metadata of the counts");
    if (!no_card)
        place_card(&job, card, sizeof card);
    code = cli_begin(c, job.out_path, &job.pool.hooks);
    if (code != CLI_GO)
        return code;

    mc_error err = { 0 };
    mc_summary summary = { 0 };
    mc_status status = mc_balance_run(&job, &summary, &err);
    return cli_finish(c, status, &summary, &err);
}
