/* metaclip metadata: builds, merges and checks lists of entries. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "commands.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "[--wordnet[=DIR]] -o FILE [INPUT...]\n"
             "--check [--strict] FILE...",
    .about =
        "Builds the metadata: the list of entries that texts are searched for. Sources come in a "
        "fixed order, first seen first: the numbers 0 to 99 and the head words of WordNet 3.0 "
        "(--wordnet), then the inputs as they are given. An entry that stands in the list already "
        "is not added again. The same sources give the same ids.\n\n"
        "With --check nothing is written: for each FILE it tells the number of entries, those that "
        "occur twice or can never match, their lengths, and the SHA-256 that ids and counts of "
        "this list carry.",
    .example = "metaclip metadata --wordnet -o metadata.json\n"
               "metaclip metadata --check metadata.json",
};

/* ---- --check ---- */

static void put_count(const char *name, uint64_t value)
{
    char number[32];
    printf("  %-36s %15s\n", name, cli_grouped(value, number));
}

/* A count of bad entries, and which is the first. */
static void put_suspects(const char *name, uint64_t count, const mc_metadata *metadata,
                         uint64_t first, const char *why)
{
    put_count(name, count);
    if (count == 0)
        return;
    printf("    the first is %" PRIu64 ": \"", first);
    cli_put_clean(stdout, mc_metadata_entry(metadata, first), 60);
    printf("\"%s%s\n", why ? ": " : "", why ? why : "");
}

static void put_check(const char *path, const mc_metadata *metadata,
                      const mc_metadata_report *report)
{
    cli_put_clean(stdout, mc_str_of(path), SIZE_MAX);
    puts(":");
    put_count("entries", report->n_entries);
    put_count("bytes", report->n_bytes);
    put_suspects("that stand earlier in the list too", report->n_duplicates, metadata,
                 report->first_duplicate, NULL);
    put_suspects("that can never match", report->n_never_match, metadata, report->first_never_match,
                 report->never_match_why);
    put_count("of more than 256 characters", report->n_over_256);
    put_count("that are not UTF-8", report->n_invalid_utf8);
    put_count("longest, in bytes", report->longest_bytes);
    put_count("longest, in words", report->longest_words);
    for (size_t i = 0; i < sizeof report->by_words / sizeof *report->by_words; i++) {
        char name[32];
        snprintf(name, sizeof name, "of %zu word%s", i + 1,
                 i == 0   ? ""
                 : i == 7 ? "s or more"
                          : "s");
        if (report->by_words[i])
            put_count(name, report->by_words[i]);
    }
    printf("  sha256 %s\n", mc_metadata_sha256(metadata));
}

static void put_check_json(const char *path, const mc_metadata *metadata,
                           const mc_metadata_report *report)
{
    fputs("{\"file\":", stdout);
    cli_put_json_string(stdout, mc_str_of(path));
    printf(",\"sha256\":\"%s\",\"entries\":%" PRIu64 ",\"bytes\":%" PRIu64
           ",\"duplicates\":%" PRIu64 ",\"never_match\":%" PRIu64 ",\"over_256\":%" PRIu64
           ",\"invalid_utf8\":%" PRIu64 ",\"longest_bytes\":%" PRIu64 ",\"longest_words\":%" PRIu64
           ",\"by_words\":[",
           mc_metadata_sha256(metadata), report->n_entries, report->n_bytes, report->n_duplicates,
           report->n_never_match, report->n_over_256, report->n_invalid_utf8, report->longest_bytes,
           report->longest_words);
    for (size_t i = 0; i < sizeof report->by_words / sizeof *report->by_words; i++)
        printf("%s%" PRIu64, i ? "," : "", report->by_words[i]);
    puts("]}");
}

/* Tells about one list. With strict, an entry that stands twice or never matches is a failure. */
static int check(cli *c, const char *path, bool strict)
{
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    mc_metadata_report report = { 0 };
    int code = CLI_DONE;
    mc_status status = mc_metadata_load(path, &metadata, &err);
    if (status >= 0)
        status = mc_metadata_check(metadata, &report, &err);
    if (status < 0) {
        code = cli_fail(c, status, &err);
    } else {
        (c->json ? put_check_json : put_check)(path, metadata, &report);
        if (strict && (report.n_duplicates || report.n_never_match)) {
            mc_fail(&err, MC_E_FORMAT,
                    "%s: %" PRIu64 " entries stand twice and %" PRIu64 " can never match", path,
                    report.n_duplicates, report.n_never_match);
            code = cli_fail(c, MC_E_FORMAT, &err);
        }
    }
    mc_metadata_free(metadata);
    return code;
}

static int check_all(cli *c, const mc_metadata_job *job, bool strict)
{
    int code = CLI_DONE;
    if (job->n_inputs == 0)
        return cli_misuse(c, "no input was given: --check wants FILE..., lists of entries");
    for (size_t i = 0; i < job->n_inputs; i++) {
        int one = check(c, job->inputs[i], strict);
        code = one == CLI_DONE ? code : one;
    }
    return code;
}

/* ---- building ---- */

static void put_build(const mc_metadata *metadata, const mc_metadata_build *build)
{
    char number[4][32];
    fprintf(stderr, "%-32s %12s %12s %12s %12s\n", "source", "read", "dropped", "duplicate",
            "added");
    for (size_t i = 0; i < build->n_sources; i++) {
        const mc_metadata_source *source = &build->sources[i];
        size_t used = cli_put_clean(stderr, mc_str_of(source->source), 32);
        fprintf(stderr, "%*s %12s %12s %12s %12s\n", (int)(32 - used), "",
                cli_grouped(source->n_read, number[0]), cli_grouped(source->n_dropped, number[1]),
                cli_grouped(source->n_duplicate, number[2]),
                cli_grouped(source->n_added, number[3]));
    }
    fprintf(stderr, "%-32s %51s\n", "entries", cli_grouped(mc_metadata_len(metadata), number[0]));
    fprintf(stderr, "sha256 %s\n", mc_metadata_sha256(metadata));
}

static void put_build_json(const mc_metadata *metadata, const mc_metadata_build *build)
{
    printf("{\"sha256\":\"%s\",\"entries\":%zu,\"sources\":[", mc_metadata_sha256(metadata),
           mc_metadata_len(metadata));
    for (size_t i = 0; i < build->n_sources; i++) {
        const mc_metadata_source *source = &build->sources[i];
        fputs(i ? ",{\"source\":" : "{\"source\":", stdout);
        cli_put_json_string(stdout, mc_str_of(source->source));
        printf(",\"read\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"duplicate\":%" PRIu64
               ",\"added\":%" PRIu64 "}",
               source->n_read, source->n_dropped, source->n_duplicate, source->n_added);
    }
    puts("]}");
}

static int build(cli *c, mc_metadata_job *job, const char *output)
{
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    mc_metadata_build report = { 0 };
    int code = cli_begin(c, output, &job->hooks);
    if (code != CLI_GO)
        return code;
    mc_status status = mc_metadata_build_run(job, &metadata, &report, &err);
    if (status >= 0)
        status = mc_metadata_save(metadata, output, &err);
    cli_clear_bar(c);
    if (status < 0)
        code = cli_fail(c, status, &err);
    else
        code = CLI_DONE;
    if (code == CLI_DONE && c->json)
        put_build_json(metadata, &report);
    else if (code == CLI_DONE && !c->quiet)
        put_build(metadata, &report);
    mc_metadata_free(metadata);
    return code;
}

/* "--wordnet DIR", without the equals sign, makes DIR an input. */
static int refuse_folders(const cli *c, const mc_metadata_job *job)
{
    struct stat info;
    for (size_t i = 0; i < job->n_inputs; i++) {
        if (stat(job->inputs[i], &info) == 0 && S_ISDIR(info.st_mode))
            return cli_misuse(c,
                              "%s is a folder, not a list (if WordNet is there, write "
                              "--wordnet=%s)",
                              job->inputs[i], job->inputs[i]);
    }
    return CLI_GO;
}

int cmd_metadata(cli *c)
{
    mc_metadata_job job = { 0 };
    const char *output = NULL;
    bool is_check = false, strict = false;
    const cli_opt opts[] = {
        CLI_MAYBE("wordnet", "DIR", "/usr/share/wordnet", &job.wordnet_dir,
                  "add the numbers 0 to 99 and the head words of WordNet 3.0"),
        CLI_WORD("o,output", "FILE", &output, "the list, .json or .txt (one entry a line)"),
        CLI_FLAG("check", &is_check, "tell about lists instead of building one"),
        CLI_FLAG("strict", &strict, "with --check: fail if an entry stands twice or never matches"),
        CLI_QUIET(c),
        CLI_JSON(c, "print what was built or checked as JSON on standard output"),
        CLI_INPUTS("INPUT", &job.inputs, &job.n_inputs, 0, MC_MAX_SOURCES - 2,
                   "lists: JSON arrays of strings, or one entry a line"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code == CLI_GO)
        code = refuse_folders(c, &job);
    if (code != CLI_GO)
        return code;
    if (is_check && (output || job.wordnet_dir))
        return cli_misuse(c, "--check only reads: leave out -o and --wordnet");
    if (is_check)
        return check_all(c, &job, strict);
    if (strict)
        return cli_misuse(c, "--strict goes with --check");
    if (!output)
        return cli_misuse(c, "-o FILE is missing: the list to write");
    if (!job.wordnet_dir && job.n_inputs == 0)
        return cli_misuse(c, "no source was given: --wordnet, or lists to merge");
    return build(c, &job, output);
}
