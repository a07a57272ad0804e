/* metaclip export: curated pairs in the forms that other tools take. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "[--to FORM] -o FILE_OR_DIR [options] INPUT...\n"
             "--to tar -o DIR --curated RUN [options] TAR...",
    .about =
        "Gives curated pairs the forms that other tools take. An INPUT is a run folder of curate, "
        "whose curated files are taken in the order of their names, or a file of pairs.\n\n"
        "uuids: a list of uuids, one a line, as `metaclip verify --against` takes it. datacomp: "
        "the "
        "subset file of DataComp's tools, .npy, of uids of 32 hex digits. pairs: all pairs as one "
        "file, Parquet or JSON Lines, as img2dataset takes them. inverted: the index of the code "
        "published with the paper, a .npy of (entry id, text position) for each shard, made of "
        "matched pairs. subset: its subsets, a .npy of the kept positions for each shard of a run "
        "folder. tar: the samples of webdataset tars that have a curated pair, byte for byte, a "
        "tar for each.\n\n"
        "Without --to the name of the output decides where it can: .txt is uuids, .parquet and "
        ".jsonl are pairs (.txt and .jsonl also with .gz or .zst).",
    .example = "metaclip curate -m metadata.json -t 20000 -o out 00000.tar 00001.tar\n"
               "metaclip export -o kept.txt.gz out\n"
               "metaclip export -o curated.parquet out\n"
               "metaclip export --to tar -o kept --curated out 00000.tar 00001.tar",
};

#define FORMS "uuids|datacomp|inverted|subset|pairs|tar"

typedef struct {
    const char *name, *text;
} counter_words;

static const counter_words words[] = {
#define X(name, text) { #name, text },
    MC_EXPORT_COUNTERS(X)
#undef X
};

enum { N_COUNTERS = sizeof words / sizeof *words };

static void list_counters(const mc_export *export, uint64_t out[N_COUNTERS])
{
    size_t i = 0;
#define X(name, text) out[i++] = export->n.name;
    MC_EXPORT_COUNTERS(X)
#undef X
}

static void put_counters(FILE *to, const mc_export *export)
{
    static const char of_these[] = "of these, ";
    uint64_t values[N_COUNTERS];
    char number[32];
    list_counters(export, values);
    for (size_t i = 0; i < N_COUNTERS; i++) {
        const char *text = words[i].text;
        bool is_part = strncmp(text, of_these, sizeof of_these - 1) == 0;
        if (values[i] == 0)
            continue;
        text += is_part ? sizeof of_these - 1 : 0;
        fprintf(to, "%s%-*s %18s\n", is_part ? "  " : "", is_part ? 52 : 54, text,
                cli_grouped(values[i], number));
    }
}

static void put_json(const mc_export_job *job, const mc_export *export, const char *summary)
{
    uint64_t values[N_COUNTERS];
    list_counters(export, values);
    printf("{\"to\":\"%s\"", mc_export_form_name(job->form));
    for (size_t i = 0; i < N_COUNTERS; i++)
        printf(",\"%s\":%" PRIu64, words[i].name, values[i]);
    printf(",\"summary\":%s}\n", summary);
}

static int run(cli *c, const mc_export_job *job)
{
    mc_error err = { 0 };
    mc_export export = { 0 };
    char *json = NULL;
    mc_status status = mc_export_run(job, &export, &err);
    if (status >= 0 && c->json)
        status = mc_summary_json(&export.summary, &json, &err);
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, &err);
    if (c->json)
        put_json(job, &export, json);
    else if (!c->quiet) {
        cli_put_summary(stderr, &export.summary);
        put_counters(stderr, &export);
    }
    mc_free(json);
    return CLI_DONE;
}

/* ---- the form ---- */

static bool drop_suffix(mc_str *name, const char *suffix)
{
    size_t n = strlen(suffix);
    if (name->len <= n || memcmp(name->data + name->len - n, suffix, n) != 0)
        return false;
    name->len -= n;
    return true;
}

static bool guess_form(const char *path, mc_export_form *out)
{
    mc_str name = mc_str_of(path);
    if (drop_suffix(&name, ".parquet")) {
        *out = MC_EXPORT_PAIRS;
        return true;
    }
    if (!drop_suffix(&name, ".gz"))
        drop_suffix(&name, ".zst");
    *out = drop_suffix(&name, ".txt") ? MC_EXPORT_UUIDS : MC_EXPORT_PAIRS;
    return *out == MC_EXPORT_UUIDS || drop_suffix(&name, ".jsonl");
}

static int choose_form(cli *c, const char *to, mc_export_job *job)
{
    if (!to && !guess_form(job->out_path, &job->form))
        return cli_misuse(c, "the name %s does not tell the form; say --to %s", job->out_path,
                          FORMS);
    for (mc_export_form form = 0; to && form < MC_N_EXPORT_FORMS; form++)
        if (strcmp(to, mc_export_form_name(form)) == 0)
            job->form = form;
    return CLI_GO;
}

/* Options that only one form has. */
static int check_options(cli *c, const cli_opt *opts, const mc_export_job *job)
{
    static const struct {
        const char *option;
        mc_export_form form;
    } own[] = {
        { "curated", MC_EXPORT_TAR },
        { "shard-names", MC_EXPORT_TAR },
        { "skip-others", MC_EXPORT_DATACOMP },
        { "sort-memory", MC_EXPORT_DATACOMP },
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (job->form != own[i].form && cli_given(c, opts, own[i].option))
            return cli_misuse(c, "--%s goes with --to %s only", own[i].option,
                              mc_export_form_name(own[i].form));
    if (job->form == MC_EXPORT_TAR && job->n_curated_inputs == 0)
        return cli_misuse(c, "--curated RUN is missing: the run folder, or files of curated pairs, "
                             "that say which samples are kept");
    return CLI_GO;
}

int cmd_export(cli *c)
{
    const char *to = NULL, *names = "base";
    mc_export_job job = { .sort_memory = (uint64_t)256 << 20 };
    const cli_opt opts[] = {
        CLI_WORD("to", FORMS, &to, "the form; see above"),
        CLI_NEED("o,output", "FILE", &job.out_path,
                 "the output; for inverted, subset and tar a folder, which is made"),
        CLI_LIST("curated", "RUN", &job.curated_inputs, &job.n_curated_inputs,
                 "tar: what is kept. A run folder, where each tar's shard has its own pairs, or "
                 "files of pairs (give the option several times), of which all are held, in some "
                 "30 bytes of memory a uuid"),
        CLI_WORD("shard-names", "base|path", &names,
                 "tar, with files of pairs: what names a tar's records that have no uuid and no "
                 "url, as in curate; a run folder knows it"),
        CLI_FLAG("skip-others", &job.skip_others,
                 "datacomp: leave out, and count, uuids that are not 32 hex digits"),
        CLI_BYTES("sort-memory", &job.sort_memory, 1 << 20,
                  "datacomp: memory for sorting; the rest goes to a temporary file beside the "
                  "output"),
        CLI_FILES_FROM(c),
        CLI_THREADS(job.pool.n_threads, "threads"),
        CLI_RECORD_BYTES(job.pool.max_item_bytes, "a longer line, or member of a tar, is skipped",
                         "the run's, else 64M"),
        CLI_STRICT(job.pool),
        CLI_TALK(c),
        CLI_INPUTS("INPUT", &job.pool.inputs, &job.pool.n_inputs, 1, SIZE_MAX,
                   "run folders, or files of pairs; - is standard input. For tar: the tars"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code == CLI_GO)
        code = choose_form(c, to, &job);
    if (code == CLI_GO)
        code = check_options(c, opts, &job);
    if (code == CLI_GO)
        code = cli_begin(c, job.out_path, &job.pool.hooks);
    job.names_from_paths = strcmp(names, "path") == 0;
    return code == CLI_GO ? run(c, &job) : code;
}
