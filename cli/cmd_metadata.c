/* metaclip metadata: builds, merges and checks lists of entries. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "commands.h"
#include "metadata_table.h"
#include "opts.h"
#include "report.h"
#include "table.h"

static const cli_about about = {
    .usage = "[--wordnet[=DIR]] [--omw FILE] [--unigrams FILE] [--bigrams FILE] "
             "[--titles FILE] -o FILE [INPUT...]\n"
             "--check [--strict] FILE...\n"
             "--stats FILE...\n"
             "--diff FILE FILE",
    .about =
        "Builds the metadata: the list of entries that texts are searched for. Sources come in a "
        "fixed order, first seen first: the numbers 0 to 99, the head words of WordNet 3.0 "
        "(--wordnet) or of a wordnet of another language (--omw), the words, pairs of words and "
        "titles that metadata-ngrams and metadata-titles have counted, then the inputs as they are "
        "given. An entry that stands in the list already is not added again. The same sources give "
        "the same ids. FILE.meta.json says which source gave which ids, and the SHA-256 of "
        "each.\n\n"
        "With --check nothing is written: for each FILE it tells the number of entries, those that "
        "occur twice or can never match, their lengths, and the SHA-256 that ids and counts of "
        "this list carry. --stats tells the same for each source, and how many entries the sources "
        "share; --diff tells how two lists differ.",
    .example = "metaclip metadata --wordnet -o metadata.json\n"
               "metaclip metadata --wordnet --unigrams en/unigrams.tsv --bigrams en/bigrams.tsv "
               "--titles en/titles.tsv -o metadata.json\n"
               "metaclip metadata --stats metadata.json",
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
    char number[5][32];
    fprintf(stderr, "%-26s %11s %9s %11s %11s %9s\n", "source", "read", "dropped", "duplicate",
            "over", "added");
    for (size_t i = 0; i < build->n_sources; i++) {
        const mc_metadata_source *source = &build->sources[i];
        size_t used = cli_put_clean(stderr, mc_str_of(source->source), 26);
        fprintf(stderr, "%*s %11s %9s %11s %11s %9s\n", (int)(26 - used), "",
                cli_grouped(source->n_read, number[0]), cli_grouped(source->n_dropped, number[1]),
                cli_grouped(source->n_duplicate, number[2]), cli_grouped(source->n_over, number[4]),
                cli_grouped(source->n_added, number[3]));
    }
    fprintf(stderr, "%-26s %55s\n", "entries", cli_grouped(mc_metadata_len(metadata), number[0]));
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
               ",\"over\":%" PRIu64 ",\"added\":%" PRIu64 "}",
               source->n_read, source->n_dropped, source->n_duplicate, source->n_over,
               source->n_added);
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
    if (status >= 0)
        status = mc_metadata_build_save(&report, metadata, output, &err);
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

static bool is_counted(const mc_metadata_job *job)
{
    return job->unigrams_path || job->bigrams_path || job->titles_path;
}

int cmd_metadata(cli *c)
{
    mc_metadata_job job = {
        .max_unigrams = 251465, .max_bigrams = 100646, .max_titles = 61235, .budget = 500000
    };
    const char *output = NULL;
    bool is_check = false, is_stats = false, is_diff = false, strict = false;
    const cli_opt opts[] = {
        CLI_MAYBE("wordnet", "DIR", "/usr/share/wordnet", &job.wordnet_dir,
                  "add the numbers 0 to 99 and the head words of WordNet 3.0"),
        CLI_WORD("omw", "FILE", &job.omw_path,
                 "add the lemmas of a tab file of Open Multilingual WordNet"),
        CLI_WORD("unigrams", "FILE", &job.unigrams_path,
                 "add words: a list of metadata-ngrams, or lines of a word, TAB and its count"),
        CLI_WORD("bigrams", "FILE", &job.bigrams_path, "add pairs of words, likewise"),
        CLI_WORD("titles", "FILE", &job.titles_path,
                 "add titles: a list of metadata-titles, or likewise"),
        CLI_U64("max-unigrams", &job.max_unigrams, 1, "add N words at most"),
        CLI_U64("max-bigrams", &job.max_bigrams, 1, "add N pairs at most"),
        CLI_U64("max-titles", &job.max_titles, 1, "add N titles at most"),
        CLI_U64("budget", &job.budget, 1,
                "stop at N entries, if counted lists are among the sources"),
        CLI_WORD("o,output", "FILE", &output, "the list, .json or .txt (one entry a line)"),
        CLI_FLAG("check", &is_check, "tell about lists instead of building one"),
        CLI_FLAG("stats", &is_stats, "tell about lists by source"),
        CLI_FLAG("diff", &is_diff, "tell how two lists differ"),
        CLI_FLAG("strict", &strict, "with --check: fail if an entry stands twice or never matches"),
        CLI_QUIET(c),
        CLI_JSON(c, "print what was built or checked as JSON on standard output"),
        CLI_INPUTS("INPUT", &job.inputs, &job.n_inputs, 0, MC_MAX_SOURCES - 6,
                   "lists: JSON arrays of strings, or one entry a line"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code == CLI_GO)
        code = refuse_folders(c, &job);
    if (code != CLI_GO)
        return code;
    bool has_source = job.wordnet_dir || job.omw_path || is_counted(&job);
    if (is_check + is_stats + is_diff > 1)
        return cli_misuse(c, "--check, --stats and --diff are three things: choose one");
    if ((is_check || is_stats || is_diff) && (output || has_source))
        return cli_misuse(c, "--%s only reads: leave out -o and sources",
                          is_check   ? "check"
                          : is_stats ? "stats"
                                     : "diff");
    if (strict && !is_check)
        return cli_misuse(c, "--strict goes with --check");
    if (is_check)
        return check_all(c, &job, strict);
    if (is_stats)
        return cli_metadata_stats(c, job.inputs, job.n_inputs);
    if (is_diff)
        return cli_metadata_diff(c, job.inputs, job.n_inputs);
    if (!output)
        return cli_misuse(c, "-o FILE is missing: the list to write");
    if (!has_source && job.n_inputs == 0)
        return cli_misuse(c, "no source was given: --wordnet, or lists to merge");
    if (!is_counted(&job) && !cli_given(c, opts, "budget"))
        job.budget = 0; /* it is the recipe's, of all its sources together */
    return build(c, &job, output);
}
