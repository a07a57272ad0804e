/* metaclip extract: WAT/WARC -> pairs. */
#include <string.h>

#include "commands.h"
#include "opts.h"
#include "report.h"

static const cli_about about = {
    .usage = "[options] INPUT...",
    .about =
        "Reads WAT and WARC files (gzip, zstd or plain, told apart by content), finds the images "
        "of each page with their texts (alt, title and other attributes), resolves their urls, and "
        "writes one record a line as JSON. Files of pairs may be among the inputs.\n\n"
        "A pair with the url and text of another one is dropped; of equal pairs the one in the "
        "input with the smallest name stays, whatever the order of the inputs. Damaged inputs give "
        "what stands before the damage, which is named and counted in the summary.",
    .example = "metaclip extract -o pairs.jsonl.zst CC-MAIN-*.warc.wat.gz",
};

int cmd_extract(cli *c)
{
    const char *names = "base", *html = "scan";
    mc_extract_job job = { .out_path = "-",
                           .pool.max_item_bytes = CLI_MAX_RECORD,
                           .dedup_memory = (uint64_t)1 << 30 };
    const cli_opt opts[] = {
        CLI_WORD("o,output", "FILE", &job.out_path,
                 "pairs: .jsonl, .jsonl.gz, .jsonl.zst or .parquet"),
        CLI_FLAG("no-dedup", &job.keep_duplicates, "keep pairs that occur more than once"),
        CLI_BYTES("dedup-memory", &job.dedup_memory, 1 << 20,
                  "memory for finding duplicates; pairs beyond it wait in temporary files"),
        CLI_WORD("temp-dir", "DIR", &job.temp_dir,
                 "where such files go, if not beside the output (or, of a pipe, to $TMPDIR)"),
        CLI_STATE(job),
        CLI_WORD("shard-names", "base|path", &names,
                 "what names an input: its base name, or its whole path, for inputs of equal names "
                 "in several folders"),
        CLI_BLOCK(job),
        CLI_LANG(job.pool),
        CLI_KEEP(job.pool),
        CLI_STDIN_NAME(job.pool),
        CLI_HTML(&html),
        CLI_POOL(c, job.pool),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job.pool.inputs, &job.pool.n_inputs, 1, SIZE_MAX,
                   "WAT or WARC files, or files of pairs; - is standard input"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    job.names_from_paths = strcmp(names, "path") == 0;
    job.pool.html_by_gumbo = strcmp(html, "gumbo") == 0;
    if (code == CLI_GO)
        code = cli_check_state(c, job.state_dir, job.run_id);
    if (code == CLI_GO)
        code = cli_begin(c, job.out_path, &job.pool.hooks);
    if (code != CLI_GO)
        return code;

    mc_error err = { 0 };
    mc_summary summary = { 0 };
    mc_status status = mc_extract_run(&job, &summary, &err);
    return cli_finish(c, status, &summary, &err);
}
