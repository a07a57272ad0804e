/* metaclip pull: published models, and other files, onto this machine. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "metaclip/models.h"
#include "models_dir.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "[-o DIR] [options] NAME|OWNER/REPOSITORY|URL",
    .about =
        "Downloads a model: a name of `metaclip models` (its weights, and the vocabulary that goes "
        "with them), a repository of Hugging Face, or any http or https address. Started again it "
        "goes on where it stopped. A file appears only when it is whole and its SHA-256 is the one "
        "that is published, or given; if nobody states one, it is printed and noted beside the "
        "file (FILE.meta.json), and checked from then on.\n\n"
        "Models come into a folder of their own in " CLI_MODELS_DIR "; -o names another. The "
        "SHA-256 of each file is printed in the form of sha256sum. Proxies are taken from the "
        "environment (https_proxy, no_proxy, ...). Needs libcurl.",
    .example = "metaclip pull b32_400m\n"
               "metaclip pull -o model facebook/metaclip-h14-fullcc2.5b",
};

static void put_json(const mc_pulled *pulled)
{
    fputs("{\"path\":", stdout);
    cli_put_json_string(stdout, mc_str_of(pulled->path));
    fputs(",\"files\":[", stdout);
    for (size_t i = 0; i < pulled->n_files; i++) {
        const mc_pulled_file *file = &pulled->files[i];
        fputs(i ? ",{\"path\":" : "{\"path\":", stdout);
        cli_put_json_string(stdout, mc_str_of(file->path));
        printf(",\"bytes\":%" PRIu64 ",\"fetched\":%" PRIu64
               ",\"sha256\":\"%s\",\"checked\":\"%s\"}",
               file->bytes, file->fetched, file->sha256, file->checked);
    }
    puts("]}");
}

static void put_summary(const mc_pulled *pulled)
{
    uint64_t bytes = 0, fetched = 0;
    size_t n_unchecked = 0;
    char whole[32], part[32];
    for (size_t i = 0; i < pulled->n_files; i++) {
        bytes += pulled->files[i].bytes;
        fetched += pulled->files[i].fetched;
        n_unchecked += pulled->files[i].checked[0] == '\0';
    }
    fprintf(stderr, "%zu files, %s bytes, %s of them fetched now\n", pulled->n_files,
            cli_grouped(bytes, whole), cli_grouped(fetched, part));
    if (n_unchecked)
        fprintf(stderr, "of %zu nobody states a SHA-256; it is noted beside them\n", n_unchecked);
    fputs("model: ", stderr);
    cli_put_clean(stderr, mc_str_of(pulled->path), SIZE_MAX);
    fputc('\n', stderr);
}

static int finish(cli *c, mc_status status, const mc_pulled *pulled, const mc_error *err)
{
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, err);
    if (c->json)
        put_json(pulled);
    for (size_t i = 0; !c->json && i < pulled->n_files; i++)
        printf("%s  %s\n", pulled->files[i].sha256, pulled->files[i].path);
    if (!c->json && !c->quiet)
        put_summary(pulled);
    return CLI_DONE;
}

int cmd_pull(cli *c)
{
    const char *const *what = NULL;
    size_t n = 0;
    cli_models_dir dir;
    mc_pull_job job = { .n_retries = 8, .max_bytes = (uint64_t)1 << 40 };
    const cli_opt opts[] = {
        CLI_WORD("o,output", "DIR", &job.out_dir, "the folder that the files come into"),
        CLI_WORD("sha256", "HEX", &job.sha256, "what the SHA-256 must be, of one file"),
        CLI_WORD("revision", "NAME", &job.revision,
                 "the branch, tag or commit of a repository, if not main"),
        CLI_WORD("mirror", "URL", &job.mirror,
                 "ask this server in place of those that published the files"),
        { .kind = CLI_KIND_UINT,
          .names = "retries",
          .value = "N",
          .to.uint = &job.n_retries,
          .text = "how often a broken connection is tried again without getting on",
          .fallback = "8",
          .min = 0,
          .max = 1000 },
        CLI_BYTES("max-bytes", &job.max_bytes, 1, "a longer file is refused"),
        CLI_QUIET(c),
        CLI_JSON(c, "print what was pulled as one JSON object"),
        CLI_INPUTS("NAME", &what, &n, 1, 1, "a model, a repository or an address"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    job.what = what[0];
    job.models_dir = cli_find_models_dir(&dir);
    if (!job.out_dir && !job.models_dir)
        return cli_misuse(c, "neither METACLIP_HOME nor HOME is set: name a folder with -o");
    if (!job.models_dir)
        job.models_dir = job.out_dir;
    code = cli_begin(c, NULL, &job.hooks);
    if (code != CLI_GO)
        return code;

    mc_error err = { 0 };
    mc_pulled pulled = { 0 };
    mc_status status = mc_pull_run(&job, &pulled, &err);
    code = finish(c, status, &pulled, &err);
    mc_pulled_release(&pulled);
    return code;
}
