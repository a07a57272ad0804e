#include "model_choice.h"

#include <string.h>
#include <sys/stat.h>

#include "metaclip/models.h"
#include "report.h"

mc_token_rule cli_token_rule(const char *word)
{
    return strcmp(word, "hf") == 0       ? MC_RULE_HF
           : strcmp(word, "openai") == 0 ? MC_RULE_OPENAI
                                         : MC_RULE_AUTO;
}

static bool exists(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0;
}

/* A name of a built-in config has no dot and no slash. */
static bool is_config_name(const char *config)
{
    return !strpbrk(config, "/.") && !exists(config);
}

/* What is no file is the name of a published model. */
static int find_pulled(cli *c, cli_model *m, mc_clip_options *options, const char **path)
{
    cli_models_dir dir;
    const char *models_dir = cli_find_models_dir(&dir);
    const mc_published_model *model = NULL;
    mc_error err = { 0 };
    mc_status status = models_dir ? mc_models_find(models_dir, m->what, &m->found, &model, &err)
                                  : mc_fail(&err, MC_E_IO, "%s: no such file", m->what);
    if (status == MC_E_ARG)
        return cli_misuse(c, "%s: no such file, and %s", m->what, err.text);
    if (status < 0)
        return cli_fail(c, status, &err);
    if (model && !options->config_path && !options->model_name)
        options->model_name = model->model;
    *path = m->found;
    return CLI_GO;
}

void cli_choose_config(const char *config, const char **path, const char **name)
{
    *(config && is_config_name(config) ? name : path) = config;
}

int cli_model_resolve(cli *c, cli_model *m, mc_clip_options *options, const char **path)
{
    options->precision = strcmp(m->precision, "bf16") == 0 ? MC_PRECISION_BF16 : MC_PRECISION_FP32;
    options->backend = strcmp(m->backend, "auto") == 0 ? NULL : m->backend;
    options->image_size = m->image_size;
    cli_choose_config(m->config, &options->config_path, &options->model_name);
    *path = m->what;
    return exists(m->what) ? CLI_GO : find_pulled(c, m, options, path);
}

void cli_model_release(cli_model *m)
{
    mc_free(m->found);
    m->found = NULL;
}
