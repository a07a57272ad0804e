/* metaclip models: the table of published models. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "metaclip/models.h"
#include "models_dir.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "[--json] [NAME...]",
    .about =
        "Lists the models that MetaCLIP's authors published, or tells all that is known of those "
        "that are named: by their name, MODEL:TAG as in OpenCLIP's `pretrained`, or a repository "
        "of Hugging Face. A star marks those that `metaclip pull` has brought here.",
    .example = "metaclip models\n"
               "metaclip models ViT-B-32-quickgelu:metaclip_400m",
};

static bool is_here(const mc_published_model *model, const char *dir)
{
    const mc_published_model *row;
    char *path = NULL;
    bool found = dir && mc_models_find(dir, model->name, &path, &row, NULL) == MC_OK;
    mc_free(path);
    return found;
}

static void put_row(const mc_published_model *model, const char *dir)
{
    char size[16];
    snprintf(size, sizeof size, "%u", model->image_size);
    printf("%c %-40s %-29s %5s  %-10s  %s\n", is_here(model, dir) ? '*' : ' ', model->name,
           model->model, size, model->activation, model->vocabulary);
}

static void put_fact(const char *name, const char *value)
{
    if (value[0])
        printf("  %-12s  %s\n", name, value);
}

static void put_all(const mc_published_model *model, const char *dir)
{
    const mc_published_model *row;
    char *path = NULL, number[32];
    printf("%s\n", model->name);
    put_fact("model", model->model);
    if (strcmp(model->model, model->open_clip) != 0)
        put_fact("in OpenCLIP", model->open_clip);
    put_fact("tags", model->tags);
    put_fact("repository", model->repository);
    put_fact("data", model->data);
    snprintf(number, sizeof number, "%u", model->image_size);
    put_fact("image size", number);
    put_fact("activation", model->activation);
    put_fact("vocabulary", model->vocabulary);
    put_fact("address", model->url);
    put_fact("SHA-256", model->sha256[0] ? model->sha256 : "none is published");
    if (model->bytes)
        put_fact("bytes", cli_grouped(model->bytes, number));
    if (dir && mc_models_find(dir, model->name, &path, &row, NULL) == MC_OK)
        put_fact("here", path);
    mc_free(path);
}

static int put_json(cli *c, const mc_published_model *model)
{
    mc_error err = { 0 };
    char *json = NULL;
    mc_status status = mc_models_json(model, &json, &err);
    return cli_print_json(c, status, json, &err);
}

static int put_table(cli *c, const char *dir)
{
    size_t n;
    const mc_published_model *models = mc_models(&n);
    int code = CLI_DONE;
    if (!c->json)
        printf("  %-40s %-29s %5s  %-10s  %s\n", "name", "model", "size", "activation",
               "vocabulary");
    for (size_t i = 0; i < n && code == CLI_DONE; i++) {
        if (c->json)
            code = put_json(c, &models[i]);
        else
            put_row(&models[i], dir);
    }
    return code;
}

static int put_named(cli *c, const char *name, const char *dir)
{
    mc_error err = { 0 };
    const mc_published_model *model = mc_models_named(name, &err);
    if (!model)
        return cli_fail(c, MC_E_ARG, &err);
    if (c->json)
        return put_json(c, model);
    put_all(model, dir);
    return CLI_DONE;
}

int cmd_models(cli *c)
{
    const char *const *names = NULL;
    size_t n = 0;
    cli_models_dir dir;
    const cli_opt opts[] = {
        CLI_JSON(c, "one JSON object for each model, a line each"),
        CLI_INPUTS("NAME", &names, &n, 0, SIZE_MAX, "models"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    const char *here = cli_find_models_dir(&dir);
    if (n == 0)
        return put_table(c, here);
    code = CLI_DONE;
    for (size_t i = 0; i < n && code == CLI_DONE; i++)
        code = put_named(c, names[i], here);
    return code;
}
