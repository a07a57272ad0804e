/* metaclip info: what a file is and what it holds. */
#include <stdio.h>

#include "commands.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "[--json] FILE...",
    .about =
        "Tells for each file or run folder what it is (metadata, pairs, entry counts, data card, "
        "WAT, WARC, ...) and its main facts. Of a large file it reads the start only.",
    .example = "metaclip info metadata.json out",
};

static void put_json(const char *path, const mc_info *info)
{
    fputs("{\"file\":", stdout);
    cli_put_json_string(stdout, mc_str_of(path));
    fputs(",\"kind\":", stdout);
    cli_put_json_string(stdout, mc_str_of(info->kind));
    for (size_t i = 0; i < info->n_facts; i++) {
        fputs(i ? "," : ",\"facts\":{", stdout);
        cli_put_json_string(stdout, mc_str_of(info->facts[i].name));
        putchar(':');
        cli_put_json_string(stdout, mc_str_of(info->facts[i].value));
    }
    puts(info->n_facts ? "}}" : ",\"facts\":{}}");
}

static void put_text(const char *path, const mc_info *info)
{
    cli_put_clean(stdout, mc_str_of(path), SIZE_MAX);
    printf(": %s\n", info->kind);
    for (size_t i = 0; i < info->n_facts; i++) {
        printf("  %-24s  ", info->facts[i].name);
        cli_put_clean(stdout, mc_str_of(info->facts[i].value), SIZE_MAX);
        putchar('\n');
    }
}

int cmd_info(cli *c)
{
    const char *const *paths = NULL;
    size_t n = 0;
    const cli_opt opts[] = {
        CLI_JSON(c, "one JSON object for each file, a line each"),
        CLI_INPUTS("FILE", &paths, &n, 1, SIZE_MAX, "files or run folders"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    code = CLI_DONE;
    for (size_t i = 0; i < n; i++) {
        mc_error err = { 0 };
        mc_info info = { 0 };
        mc_status status = mc_info_read(paths[i], &info, &err);
        if (status < 0)
            code = cli_fail(c, status, &err);
        else if (c->json)
            put_json(paths[i], &info);
        else
            put_text(paths[i], &info);
    }
    return code;
}
