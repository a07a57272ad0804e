/* metaclip info: what a file is and what it holds. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "metaclip/checkpoint.h"
#include "model_choice.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "[--json] [--config CONFIG] FILE...",
    .about =
        "Tells for each file or folder what it is (metadata, pairs, entry counts, data card, WAT, "
        "WARC, run folder, CLIP model, fastText language model, ...) and its main facts. Of a "
        "large "
        "file of pairs or records it reads the start only.\n\n"
        "Of a model it tells its form, activation, towers, number types, preprocessing and "
        "tokenizer, and checks that the weights fit the config.\n\n"
        "With --json the names of facts are words with _ between them (metadata_sha256), counts "
        "are numbers, and notes are a list.",
    .example = "metaclip info metadata.json out\n"
               "metaclip info --json out | jq .facts.finished",
};

/* "metadata SHA-256" as metadata_sha256, "mean, std" as mean_std. */
static void put_key(const char *name)
{
    char key[sizeof((mc_info *)NULL)->facts->name];
    size_t n = 0;
    for (const char *at = name; *at; at++) {
        bool is_word = isalnum((unsigned char)*at);
        if (is_word)
            key[n++] = (char)tolower((unsigned char)*at);
        else if (n && key[n - 1] != '_' && *at != '-' && at[1])
            key[n++] = '_';
    }
    cli_put_json_string(stdout, (mc_str){ key, n });
}

static void put_value(const mc_info *info, size_t i)
{
    const char *value = info->facts[i].value;
    if (info->facts[i].type == MC_FACT_COUNT)
        fputs(value, stdout);
    else if (info->facts[i].type == MC_FACT_YES_NO)
        fputs(value[0] == 'y' ? "true" : "false", stdout);
    else
        cli_put_json_string(stdout, mc_str_of(value));
}

static bool is_note(const mc_info *info, size_t i)
{
    return strcmp(info->facts[i].name, "note") == 0;
}

/* Notes, of which there may be several, stand in a list of their own. */
static void put_json(const char *path, const mc_info *info)
{
    const char *before = "";
    fputs("{\"file\":", stdout);
    cli_put_json_string(stdout, mc_str_of(path));
    fputs(",\"kind\":", stdout);
    cli_put_json_string(stdout, mc_str_of(info->kind));
    fputs(",\"facts\":{", stdout);
    for (size_t i = 0; i < info->n_facts; i++) {
        if (is_note(info, i))
            continue;
        fputs(before, stdout);
        put_key(info->facts[i].name);
        putchar(':');
        put_value(info, i);
        before = ",";
    }
    fputs("},\"notes\":[", stdout);
    before = "";
    for (size_t i = 0; i < info->n_facts; i++) {
        if (!is_note(info, i))
            continue;
        fputs(before, stdout);
        put_value(info, i);
        before = ",";
    }
    puts("]}");
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

static mc_status look(const char *path, const mc_model_options *model, mc_info *out, mc_error *err)
{
    bool is_model = model->config_path || model->model_name || mc_model_is(path);
    return is_model ? mc_model_info(path, model, out, err) : mc_info_read(path, out, err);
}

int cmd_info(cli *c)
{
    mc_model_options model = { 0 };
    const char *config = NULL;
    const char *const *paths = NULL;
    size_t n = 0;
    const cli_opt opts[] = {
        CLI_JSON(c, "one JSON object for each file, a line each"),
        CLI_WORD("config", "CONFIG", &config,
                 "of a model: its config, a JSON file or a name as ViT-B-32-quickgelu"),
        CLI_WORD("model", "NAME", &model.model_name, "the same by a name"),
        CLI_INPUTS("FILE", &paths, &n, 1, SIZE_MAX, "files or folders"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if (config && model.model_name)
        return cli_misuse(c, "--config and --model both say what a model is; give one");
    cli_choose_config(config, &model.config_path, &model.model_name);
    code = CLI_DONE;
    for (size_t i = 0; i < n; i++) {
        mc_error err = { 0 };
        mc_info info = { 0 };
        mc_status status = look(paths[i], &model, &info, &err);
        if (status < 0)
            code = cli_fail(c, status, &err);
        else if (c->json)
            put_json(paths[i], &info);
        else
            put_text(paths[i], &info);
    }
    return code;
}
