/* metaclip curate: the whole way, shard by shard, into a run folder. */
#include <string.h>

#include "commands.h"
#include "opts.h"
#include "ranks.h"
#include "report.h"

static const cli_about about = {
    .usage = "-m FILE -o DIR [options] INPUT...",
    .about =
        "Extracts, matches, counts and balances a pool of WAT, WARC or pairs files. The folder DIR "
        "gets matched/ and curated/ with one file for each input, entry_count.npy, "
        "entry_prob.npy, datacard.json, run.json (the options) and summary.json.\n\n"
        "A run that was stopped goes on when the same command is given again. With another t or "
        "seed, or with --one-text, only the drawing is done again; with another --block list also "
        "counting; with more "
        "inputs also duplicates. All "
        "files but summary.json are the same bytes whatever the threads, the order of the inputs, "
        "and the interruptions.\n\n"
        "With --worldwide -m may name a folder of lists, one a language (en.json, zh.json, "
        "other.json "
        "for the rest): texts go to the list of their language, -t is English's, and the others "
        "get theirs by English's tail ratio. Ids count through the lists in the order of their "
        "names; datacard.json tells of each.\n\n"
        "Several processes, on one machine or on many that share DIR, may run the same command at "
        "once: they divide the inputs among them and take up those of one that dies.",
    .example = "metaclip metadata --wordnet -o metadata.json\n"
               "metaclip curate -m metadata.json -t 20000 -o out CC-MAIN-*.warc.wat.gz",
};

int cmd_curate(cli *c)
{
    const char *format = "jsonl", *names = "base", *html = "scan", *shards = NULL;
    bool worldwide = false;
    mc_curate_job job = {
        .out_dir = "",
        .t = 20000,
        .tail_ratio = -1,
        .pool.max_item_bytes = CLI_MAX_RECORD,
        .dedup_memory = (uint64_t)1 << 30,
    };
    const cli_opt opts[] = {
        CLI_METADATA(&job.metadata_path),
        CLI_WORLDWIDE(&worldwide),
        CLI_NEED("o,output", "DIR", &job.out_dir, "the run folder; made if it is not there"),
        CLI_CHOOSE_T(job),
        CLI_U64("seed", &job.seed, 0, "another seed draws another set"),
        CLI_ONE_TEXT(&job.one_text),
        CLI_FLAG("no-dedup", &job.keep_duplicates, "keep pairs that occur more than once"),
        CLI_BYTES("dedup-memory", &job.dedup_memory, 1 << 20,
                  "memory for finding duplicates; with less, their keys are read more often"),
        CLI_STATE(job),
        CLI_WORD("format", "jsonl|jsonl.gz|jsonl.zst|parquet", &format,
                 "of the files in matched/ and curated/"),
        CLI_WORD("shard-names", "base|path", &names,
                 "what names the files of an input: its base name, or its whole path, for inputs "
                 "of equal names in several folders"),
        CLI_WORD(
            "shards", "I/N", &shards,
            "this is process I (from 0) of N that run this command on the same DIR at the same "
            "time; under srun or mpirun that is known without it"),
        CLI_BLOCK(job),
        CLI_LANG(job.pool),
        CLI_KEEP(job.pool),
        CLI_HTML(&html),
        CLI_POOL(c, job.pool),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job.pool.inputs, &job.pool.n_inputs, 1, SIZE_MAX,
                   "WAT or WARC files, or files of pairs"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if ((code = cli_check_t(c, opts)) != CLI_GO)
        return code;
    if ((code = cli_check_state(c, job.state_dir, job.run_id)) != CLI_GO)
        return code;
    if (strcmp(job.out_dir, "-") == 0)
        return cli_misuse(c, "-o names the run folder; it cannot be standard output");
    cli_ranks ranks = cli_ranks_of_environment();
    if (shards && !cli_ranks_parse(shards, &ranks))
        return cli_misuse(c, "--shards %s: want I/N, two whole numbers with I below N", shards);
    job.rank = ranks.rank;
    job.n_ranks = ranks.n_ranks;
    for (mc_pairs_form form = 0; form < MC_N_PAIRS_FORMS; form++)
        if (strcmp(format, mc_pairs_form_name(form)) == 0)
            job.format = form;
    job.names_from_paths = strcmp(names, "path") == 0;
    job.rule = worldwide ? MC_RULE_WORLDWIDE : MC_RULE_WORDS;
    job.pool.html_by_gumbo = strcmp(html, "gumbo") == 0;
    code = cli_begin(c, job.out_dir, &job.pool.hooks);
    if (code != CLI_GO)
        return code;

    mc_error err = { 0 };
    mc_summary summary = { 0 };
    mc_status status = mc_curate_run(&job, &summary, &err);
    code = cli_finish(c, status, &summary, &err);
    mc_summary_release(&summary);
    return code;
}
