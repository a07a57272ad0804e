/* metaclip match: pairs + metadata -> matched pairs. */
#include "commands.h"
#include "opts.h"
#include "report.h"

static const cli_about about = {
    .usage = "-m FILE [options] INPUT...",
    .about =
        "Finds the entries of the metadata in each text. A text that holds none is dropped and "
        "counted; the others get the ids of all their entries, ascending, as third element: "
        "[\"alt\",\"a red car\",[17,203]].\n\n"
        "An entry matches as a whole: the text and the entry get a space at each end, and the "
        "marks , . ; : ? ! ` of the text a space on both sides. Letters are not folded. With "
        "--worldwide an entry gets no space at an end that is punctuation or of a script without "
        "spaces (Chinese characters, Thai, Lao, Tibetan, Burmese, Khmer), and of equal entries "
        "only the last matches. With it -m may name a folder of lists, one a language: a text is "
        "matched with that of its language, and ids count through the lists in the order of their "
        "names. Ids that a text carries already are replaced.\n\n"
        "With --block, images that the file names by host, url or uuid are left out, whatever "
        "entries their texts hold, and counted. A line in it that means nothing is an error.",
    .example = "metaclip match -m metadata.json -o matched.jsonl pairs.jsonl\n"
               "echo 'a red car' | metaclip match -q -m metadata.json --stdin-name x.txt -",
};

int cmd_match(cli *c)
{
    bool worldwide = false;
    mc_match_job job = { .out_path = "-", .pool.max_item_bytes = CLI_MAX_RECORD };
    const cli_opt opts[] = {
        CLI_METADATA(&job.metadata_path),
        CLI_WORLDWIDE(&worldwide),
        CLI_WORD("o,output", "FILE", &job.out_path,
                 "matched pairs, .jsonl, .jsonl.gz, .jsonl.zst or .parquet"),
        CLI_BLOCK(job),
        CLI_LANG(job.pool),
        CLI_KEEP(job.pool),
        CLI_STDIN_NAME(job.pool),
        CLI_POOL(c, job.pool),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job.pool.inputs, &job.pool.n_inputs, 1, SIZE_MAX,
                   "files of pairs; - is standard input"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    job.rule = worldwide ? MC_RULE_WORLDWIDE : MC_RULE_WORDS;
    if (code == CLI_GO)
        code = cli_begin(c, job.out_path, &job.pool.hooks);
    if (code != CLI_GO)
        return code;

    mc_error err = { 0 };
    mc_summary summary = { 0 };
    mc_status status = mc_match_run(&job, &summary, &err);
    return cli_finish(c, status, &summary, &err);
}
