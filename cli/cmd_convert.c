/* metaclip convert: a CLIP model in another form or number type. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "metaclip/checkpoint.h"
#include "model_choice.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "-o MODEL.pt [options] MODEL\n"
             "-o FOLDER [options] MODEL",
    .about =
        "Writes a CLIP model in the other of two forms: as OpenCLIP's .pt with "
        "open_clip_config.json beside it, or as a folder of Hugging Face's with config.json, "
        "preprocessor_config.json, model.safetensors (in files of at most 5 GB each) and the "
        "tokenizer's files. The tokenizer is what lies beside the model, and comes along in "
        "either form. The name of the output decides: .pt, .pth or "
        ".bin is OpenCLIP's, everything else a folder; --to says it, too.\n\n"
        "A MODEL is a .pt, .bin or .safetensors file, or a folder of either kind. Nothing in it is "
        "executed: what is not data is refused. Its config lies beside it; for a .pt alone, "
        "--config or --model says it. Which activation a model has (QuickGELU or GELU) stands in "
        "its config, not in its weights, and decides about its accuracy: without a config, "
        "QuickGELU is taken, and a warning says so.",
    .example = "metaclip convert --model ViT-B-32-quickgelu -o metaclip_b32 b32_400m.pt\n"
               "metaclip convert --dtype fp16 -o b32_fp16/model.pt metaclip_b32",
};

static void put_json(const mc_convert_stats *stats)
{
    printf("{\"tensors\":%" PRIu64 ",\"parameters\":%" PRIu64 ",\"bytes\":%" PRIu64
           ",\"files\":%" PRIu64 ",\"became_infinite\":%" PRIu64 ",\"quick_gelu\":%s}\n",
           stats->n_tensors, stats->n_values, stats->n_bytes, stats->n_files, stats->n_infinite,
           stats->quick_gelu ? "true" : "false");
}

static void put_text(const mc_convert_stats *stats)
{
    char number[32], bytes[32];
    fprintf(stderr, "%" PRIu64 " tensors, ", stats->n_tensors);
    fprintf(stderr, "%s parameters, ", cli_grouped(stats->n_values, number));
    fprintf(stderr, "%s bytes of weights in %s\n", cli_grouped(stats->n_bytes, bytes),
            stats->quick_gelu ? "a QuickGELU model" : "a GELU model");
    if (stats->n_infinite)
        fprintf(stderr,
                "%s values are too large for fp16 and became infinite; bf16 has room for "
                "them\n",
                cli_grouped(stats->n_infinite, number));
}

static int run(cli *c, const mc_convert_job *job)
{
    mc_error err = { 0 };
    mc_convert_stats stats = { 0 };
    mc_status status = mc_convert_run(job, &stats, &err);
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, &err);
    if (c->json)
        put_json(&stats);
    else if (!c->quiet)
        put_text(&stats);
    return CLI_DONE;
}

int cmd_convert(cli *c)
{
    mc_convert_job job = { 0 };
    cli_model model = CLI_MODEL_USUAL;
    mc_clip_options found = { 0 };
    const char *to = NULL, *dtype = NULL;
    const char *const *inputs = NULL;
    size_t n_inputs = 0;
    const cli_opt opts[] = {
        CLI_NEED("o,output", "MODEL", &job.out_path, "a file that ends with .pt, or a folder"),
        CLI_WORD("to", "openclip|hf", &to, "the form, if not as the output's name says"),
        CLI_WORD("dtype", "fp32|fp16|bf16", &dtype,
                 "the type of the weights; without it they stay what they are"),
        CLI_WORD("config", "CONFIG", &model.config,
                 "the model's config, if none lies beside the weights: a JSON file of OpenCLIP's "
                 "or Hugging Face's, or a name as ViT-B-32-quickgelu"),
        CLI_WORD("model", "NAME", &job.model.model_name, "the same by a name"),
        CLI_WORD("vocab", "PATH", &job.vocab_path,
                 "the vocabulary, if not the one that lies beside the model"),
        { .kind = CLI_KIND_BYTES,
          .names = "shard-bytes",
          .value = "SIZE",
          .to.u64 = &job.shard_bytes,
          .text = "most bytes of weights in a file of a folder",
          .min = 1,
          .max = (uint64_t)1 << 50,
          .fallback = "5 GB" },
        CLI_FLAG("replace", &job.replace, "replace a model that is there already"),
        CLI_TALK(c),
        CLI_INPUTS("MODEL", &inputs, &n_inputs, 1, 1,
                   "the model to be converted, or the name of one that was pulled"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code != CLI_GO)
        return code;
    if (model.config && job.model.model_name)
        return cli_misuse(c, "--config and --model both say what the model is; give one");
    model.what = inputs[0];
    found.model_name = job.model.model_name;
    if (to)
        job.form = strcmp(to, "hf") == 0 ? MC_MODEL_HUGGING_FACE : MC_MODEL_OPEN_CLIP;
    if (dtype)
        job.weights = strcmp(dtype, "fp32") == 0   ? MC_WEIGHTS_F32
                      : strcmp(dtype, "fp16") == 0 ? MC_WEIGHTS_F16
                                                   : MC_WEIGHTS_BF16;
    code = cli_begin(c, job.out_path, &job.model.hooks);
    if (code == CLI_GO)
        code = cli_model_resolve(c, &model, &found, &job.in_path);
    job.model.config_path = found.config_path;
    job.model.model_name = found.model_name;
    code = code != CLI_GO ? code : run(c, &job);
    cli_model_release(&model);
    return code;
}
