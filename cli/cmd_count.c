/* metaclip count: matched pairs -> entry counts. */
#include "commands.h"
#include "opts.h"
#include "report.h"

static const cli_about about = {
    .usage = "-m FILE -o FILE [options] INPUT...",
    .about =
        "Counts for every entry the pairs that match it. The counts are a .npy array of uint64 in "
        "the order of the metadata; FILE.meta.json beside it says which metadata they belong to.",
    .example = "metaclip count -m metadata.json -o entry_count.npy matched.jsonl",
};

int cmd_count(cli *c)
{
    mc_count_job job = { .pool.max_item_bytes = CLI_MAX_RECORD };
    const cli_opt opts[] = {
        CLI_METADATA(&job.metadata_path),
        CLI_NEED("o,output", "FILE", &job.out_path, "entry counts, .npy"),
        CLI_POOL(c, job.pool),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job.pool.inputs, &job.pool.n_inputs, 1, SIZE_MAX,
                   "files of matched pairs; - is standard input"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code == CLI_GO)
        code = cli_begin(c, job.out_path, &job.pool.hooks);
    if (code != CLI_GO)
        return code;

    mc_error err = { 0 };
    mc_summary summary = { 0 };
    mc_status status = mc_count_run(&job, &summary, &err);
    return cli_finish(c, status, &summary, &err);
}
