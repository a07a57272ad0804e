/* metaclip pack: images with their texts -> webdataset tars. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "-o DIR [options] INPUT...\n"
             "-o DIR --table FILE [options] [INPUT...]",
    .about =
        "Puts images with their texts into webdataset tars, as img2dataset lays them out, for "
        "OpenCLIP and others to train on: DIR/00000.tar and so on, beside each what is in it "
        "(00000_stats.json), and in the end stats.csv. Folders are looked through with all that is "
        "below them, but for hidden files and links to folders. JPEG, PNG and WebP are packed, "
        "told apart by content.\n\n"
        "The texts of a/b.jpg are in a/b.txt, or in a/b.json as a caption or the like, or in the "
        "rows of a table that name the file (filepath, relative to the table's folder). Nothing is "
        "downloaded. What cannot be packed is passed over, counted under its reason, and named.\n\n"
        "The same inputs give the same bytes. Started again it goes on where it stopped; it "
        "refuses a folder that was begun with other images or options.",
    .example = "metaclip pack -o tars photos\n"
               "metaclip pack -o tars --table captions.csv",
};

/* The end of the job: its failure, or its summary as --json and --quiet ask. */
static int finish(cli *c, mc_status status, const mc_pack_summary *summary, const mc_error *err)
{
    char *json = NULL;
    mc_error json_err = { 0 };
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, err);
    if (!c->quiet && !c->json)
        cli_put_pack_summary(stderr, summary);
    if (!c->json)
        return CLI_DONE;
    status = mc_pack_summary_json(summary, &json, &json_err);
    return cli_print_json(c, status, json, &json_err);
}

int cmd_pack(cli *c)
{
    mc_pack_job job = { .samples = 10000,
                        .max_image_bytes = CLI_MAX_RECORD,
                        .pool.max_item_bytes = CLI_MAX_RECORD };
    const cli_opt opts[] = {
        CLI_NEED("o,output", "DIR", &job.out_dir, "the folder of the tars"),
        CLI_WORD("table", "FILE", &job.table_path,
                 "texts and what else is known: .csv, .tsv, Parquet or lines of pairs, a row an "
                 "image, or several"),
        CLI_U64_TO("samples", &job.samples, 1, 1000000, "images a tar"),
        { .kind = CLI_KIND_BYTES,
          .names = "max-image-bytes",
          .value = "SIZE",
          .to.u64 = &job.max_image_bytes,
          .text = "a larger image is skipped",
          .min = 1,
          .max = ((uint64_t)8 << 30) - 1 },
        CLI_FLAG("parquet", &job.parquet,
                 "beside each tar also its pairs as Parquet, as extract finds them in it"),
        CLI_FILES_FROM(c),
        CLI_THREADS(job.pool.n_threads, "threads, each at a tar"),
        CLI_RECORD_BYTES(job.pool.max_item_bytes,
                         "a longer text beside an image, or row, is skipped", NULL),
        CLI_STRICT(job.pool),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job.pool.inputs, &job.pool.n_inputs, 0, SIZE_MAX,
                   "folders and images"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if (job.pool.n_inputs == 0 && !job.table_path)
        return cli_misuse(c, "no INPUT was given: name folders and images, or a --table");
    if (strcmp(job.out_dir, "-") == 0)
        return cli_misuse(c, "-o names the folder of the tars; it cannot be standard output");
    code = cli_begin(c, job.out_dir, &job.pool.hooks);
    if (code != CLI_GO)
        return code;

    mc_error err = { 0 };
    mc_pack_summary summary = { 0 };
    mc_status status = mc_pack_run(&job, &summary, &err);
    return finish(c, status, &summary, &err);
}
