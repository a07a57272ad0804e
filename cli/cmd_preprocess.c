/* metaclip preprocess: images -> one array, as CLIP's models want them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "metaclip/image.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "-o FILE [options] INPUT...",
    .about =
        "Decodes images, resizes their shortest side to --size, crops the middle, and writes one "
        "array: float32 [n, 3, S, S] of pixels normalised as CLIP's models were trained with, or "
        "with --u8 the bytes before that, uint8 [n, S, S, 3]. The pixels are those that Pillow and "
        "torchvision give.\n\n"
        "Inputs are images (JPEG, PNG, WebP, told apart by content), folders with all that is "
        "below "
        "them, and webdataset tars. Of folders and tars what is named as an image is taken, in the "
        "order of names and of members. An input that cannot be decoded is named and has no row; "
        "FILE.inputs.jsonl says of each input which row it is, or why it is none.",
    .example = "metaclip preprocess -o x.npy photos\n"
               "metaclip preprocess --size 336 --rgb-last -o x.npy a.jpg b.png 00000.tar",
};

static void put_line(const char *what, uint64_t n)
{
    char number[32];
    fprintf(stderr, "%-16s %12s\n", what, cli_grouped(n, number));
}

static void put_summary(const mc_preprocess_summary *s)
{
    put_line("inputs", s->n_inputs);
    put_line("  failed", s->n_failed);
    put_line("  prepared", s->n_prepared);
    if (s->n_passed_over > 0)
        put_line("passed over", s->n_passed_over);
    if (s->seconds > 0)
        fprintf(stderr, "%.1f s, %.0f images/s\n", s->seconds, (double)s->n_prepared / s->seconds);
}

static int finish(cli *c, mc_status status, const mc_preprocess_summary *summary,
                  const mc_error *err)
{
    char *json = NULL;
    mc_error json_err = { 0 };
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, err);
    if (!c->quiet && !c->json)
        put_summary(summary);
    int code = cli_done_with(c, summary->n_inputs, summary->n_failed, "images");
    if (!c->json)
        return code;
    status = mc_preprocess_summary_json(summary, &json, &json_err);
    int printed = cli_print_json(c, status, json, &json_err);
    return printed == CLI_DONE ? code : printed;
}

int cmd_preprocess(cli *c)
{
    unsigned size = 224;
    mc_preprocess_job job = { .options = mc_image_options_clip(224),
                              .max_image_bytes = CLI_MAX_RECORD };
    job.options.max_pixels = 178956970;
    job.options.max_bytes = (uint64_t)2 << 30;
    const cli_opt opts[] = {
        CLI_NEED("o,output", "FILE", &job.out_path, "the array, .npy"),
        { .kind = CLI_KIND_UINT,
          .names = "size",
          .value = "N",
          .to.uint = &size,
          .text = "the sides of what comes out",
          .min = 1,
          .max = 16384 },
        CLI_FLAG("u8", &job.u8, "write bytes, before they are normalised"),
        CLI_FLAG("rgb-last", &job.options.rgb_last,
                 "make images RGB after resizing, as the original does in training; it differs for "
                 "palettes, alpha, CMYK and 16-bit grey"),
        CLI_FLAG("exif", &job.options.exif, "turn images as their EXIF orientation says"),
        CLI_FLAG("shrink", &job.options.shrink,
                 "let large JPEGs be decoded at a half, a quarter or an eighth: faster, but other "
                 "pixels"),
        CLI_WORD("names", "FILE", &job.list_path,
                 "where to say which row each input is (the output's name and .inputs.jsonl)"),
        CLI_U64("max-pixels", &job.options.max_pixels, 1, "an image of more pixels fails"),
        CLI_BYTES("max-memory", &job.options.max_bytes, 1 << 20,
                  "an image that needs more memory to be decoded fails"),
        CLI_BYTES("max-image-bytes", &job.max_image_bytes, 1, "a longer file fails"),
        CLI_FILES_FROM(c),
        CLI_THREADS(job.n_threads, "threads"),
        CLI_FLAG("strict", &job.strict, "end at the first image that fails"),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job.inputs, &job.n_inputs, 1, SIZE_MAX,
                   "images, folders, tars; - is standard input"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if (strcmp(job.out_path, "-") == 0)
        return cli_misuse(c, "-o names a file; an array cannot go to standard output");
    code = cli_begin(c, job.out_path, &job.hooks);
    if (code != CLI_GO)
        return code;
    job.options.shortest = job.options.crop_width = job.options.crop_height = size;

    mc_error err = { 0 };
    mc_preprocess_summary summary = { 0 };
    mc_status status = mc_preprocess_run(&job, &summary, &err);
    return finish(c, status, &summary, &err);
}
