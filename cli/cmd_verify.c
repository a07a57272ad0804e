/* metaclip verify: is a finished run folder what it says, and is a list of uuids its set? */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "commands.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "[-m FILE] [--duplicates] DIR\n"
             "--against LIST [-t N] [--seed N] DIR",
    .about =
        "Checks a run folder that curate has finished, from its published files alone: that every "
        "input has its files and nothing else lies there; that all files name the same metadata; "
        "that counting the matched pairs again gives the published counts and probabilities; that "
        "curated/ holds what is drawn from them, in order and to the byte; and that the sums of "
        "data card and summary, also by language, agree with what was counted. With -m the texts "
        "are matched again "
        "too. What disagrees is counted, and the first few of each kind are named.\n\n"
        "With --against it also tells whether a list of uuids, one a line, plain, gzip or zstd, is "
        "the set that t and seed draw from this pool: those of the run, or others.\n\n"
        "Exit code 0: all is well, and the list is the set. 1: it is not.",
    .example = "metaclip curate -m metadata.json -t 20000 -o out CC-MAIN-*.warc.wat.gz\n"
               "metaclip verify -m metadata.json out\n"
               "metaclip verify --against published.txt.gz -t 10000 out",
};

typedef struct {
    const char *name, *unit, *text;
} check_words;

static const check_words words[] = {
#define X(name, unit, text) { #name, unit, text },
    MC_CHECKS(X)
#undef X
};

/* How many of the findings are named. */
static uint64_t n_named(const mc_check *check)
{
    uint64_t n = 0;
    while (n < MC_MAX_FINDINGS && n < check->n_findings && check->first[n][0])
        n++;
    return n;
}

/* ---- for people ---- */

static void put_check(const mc_check *check, const check_words *is)
{
    char number[32];
    if (!check->is_done && check->n_findings == 0)
        return;
    printf("%-14s  ", is->name);
    if (check->n_findings)
        printf("%s wrong", cli_grouped(check->n_findings, number));
    else
        fputs("ok", stdout);
    printf(" (%s %s): %s\n", cli_grouped(check->n_checked, number), is->unit, is->text);
    for (uint64_t i = 0; i < n_named(check); i++) {
        fputs("    ", stdout);
        cli_put_clean(stdout, mc_str_of(check->first[i]), SIZE_MAX);
        putchar('\n');
    }
    if (check->n_findings > n_named(check))
        printf("    ... and %s more\n", cli_grouped(check->n_findings - n_named(check), number));
}

static void put_list(const mc_verification *v)
{
    char number[32];
    printf("\nthe list, and the set of t %" PRIu64 " and seed %" PRIu64 ":\n", v->list.t,
           v->list.seed);
    printf("  in both         %s\n", cli_grouped(v->list.n_both, number));
    printf("  only listed     %s\n", cli_grouped(v->list.n_only_listed, number));
    printf("  only drawn      %s\n", cli_grouped(v->list.n_only_drawn, number));
    if (v->list.n_repeated)
        printf("  repeated lines  %s\n", cli_grouped(v->list.n_repeated, number));
}

/* summary.json comes last. */
static bool is_finished(const mc_verify_job *job)
{
    char path[PATH_MAX];
    struct stat facts;
    int n = snprintf(path, sizeof path, "%s/summary.json", job->dir);
    return n < 0 || (size_t)n >= sizeof path || stat(path, &facts) == 0;
}

static void put_report(const mc_verify_job *job, const mc_verification *v)
{
    char shards[32], matched[32], curated[32];
    cli_put_clean(stdout, mc_str_of(job->dir), SIZE_MAX);
    printf(": %s %s, %s matched pairs, %s drawn with t %" PRIu64 " and seed %" PRIu64 "\n\n",
           cli_grouped(v->n_shards, shards), v->n_shards == 1 ? "input" : "inputs",
           cli_grouped(v->matched_pairs, matched), cli_grouped(v->curated_pairs, curated), v->t,
           v->seed);
    for (int i = 0; i < MC_N_CHECKS; i++)
        put_check(&v->checks[i], &words[i]);
    if (job->list_path)
        put_list(v);
    printf("\n%s%s\n", v->n_findings ? "NOT verified" : "verified",
           is_finished(job) ? ""
                            : ": the run is not finished (it has no summary.json); give the "
                              "command that began it again");
}

/* ---- for programs ---- */

static void put_check_json(const mc_check *check, const check_words *is)
{
    printf("\"%s\":{\"done\":%s,\"checked\":%" PRIu64 ",\"findings\":%" PRIu64 ",\"first\":[",
           is->name, check->is_done ? "true" : "false", check->n_checked, check->n_findings);
    for (uint64_t i = 0; i < n_named(check); i++) {
        if (i)
            putchar(',');
        cli_put_json_string(stdout, mc_str_of(check->first[i]));
    }
    fputs("]}", stdout);
}

static void put_list_json(const mc_verification *v)
{
    printf(",\"list\":{\"t\":%" PRIu64 ",\"seed\":%" PRIu64 ",\"listed\":%" PRIu64
           ",\"repeated\":%" PRIu64 ",\"drawn\":%" PRIu64 ",\"both\":%" PRIu64
           ",\"only_listed\":%" PRIu64 ",\"only_drawn\":%" PRIu64 "}",
           v->list.t, v->list.seed, v->list.n_listed, v->list.n_repeated, v->list.n_drawn,
           v->list.n_both, v->list.n_only_listed, v->list.n_only_drawn);
}

static void put_json(const mc_verify_job *job, const mc_verification *v)
{
    printf("{\"verified\":%s,\"finished\":%s,\"findings\":%" PRIu64
           ",\"metadata_sha256\":\"%s\",\"shards\":%" PRIu64 ",\"matched_pairs\":%" PRIu64
           ",\"curated_pairs\":%" PRIu64 ",\"t\":%" PRIu64 ",\"seed\":%" PRIu64 ",\"checks\":{",
           v->n_findings ? "false" : "true", is_finished(job) ? "true" : "false", v->n_findings,
           v->metadata_sha256, v->n_shards, v->matched_pairs, v->curated_pairs, v->t, v->seed);
    for (int i = 0; i < MC_N_CHECKS; i++) {
        if (i)
            putchar(',');
        put_check_json(&v->checks[i], &words[i]);
    }
    putchar('}');
    if (job->list_path)
        put_list_json(v);
    printf(",\"seconds\":%.3f}\n", v->seconds);
}

static int verify(cli *c, mc_verify_job *job)
{
    mc_error err = { 0 };
    mc_verification report = { 0 };
    int code = cli_begin(c, NULL, &job->hooks);
    if (code != CLI_GO)
        return code;
    mc_status status = mc_verify_run(job, &report, &err);
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, &err);
    if (c->json)
        put_json(job, &report);
    else if (!c->quiet || report.n_findings)
        put_report(job, &report);
    return report.n_findings ? CLI_FAILED : CLI_DONE;
}

int cmd_verify(cli *c)
{
    const char *const *dir = NULL;
    size_t n_dirs = 0;
    uint64_t seed = 0;
    mc_verify_job job = { 0 };
    const cli_opt opts[] = {
        CLI_WORD("m,metadata", "FILE", &job.metadata_path,
                 "the list of entries: match the texts again"),
        CLI_FLAG("duplicates", &job.duplicates,
                 "look for pairs that stand twice, too; takes about 32 bytes of memory a pair"),
        CLI_WORD("against", "LIST", &job.list_path,
                 "uuids, one a line; - is standard input. Takes about 64 bytes of memory each"),
        { .kind = CLI_KIND_U64,
          .names = "t,limit",
          .value = "N",
          .to.u64 = &job.list_t,
          .text = "with --against: the t of the list",
          .fallback = "the run's",
          .min = 1,
          .max = UINT64_MAX },
        { .kind = CLI_KIND_U64,
          .names = "seed",
          .value = "N",
          .to.u64 = &seed,
          .text = "with --against: the seed of the list",
          .fallback = "the run's",
          .max = UINT64_MAX },
        CLI_THREADS(job.n_threads, "threads"),
        CLI_RECORD_BYTES(job.max_item_bytes, "a longer line is taken as wrong", "the run's"),
        CLI_FLAG("q,quiet", &c->quiet, "no progress, and a report only if something is wrong"),
        CLI_JSON(c, "print the report as one JSON object on standard output"),
        CLI_INPUTS("DIR", &dir, &n_dirs, 1, 1, "the run folder"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    bool has_seed = cli_given(c, opts, "seed");
    if (!job.list_path && (has_seed || cli_given(c, opts, "t")))
        return cli_misuse(c, "-t and --seed are those of a list; name it with --against");
    job.dir = dir[0];
    job.list_seed = has_seed ? &seed : NULL;
    return verify(c, &job);
}
