/* metaclip metadata-titles: hourly page views -> a counted list of titles. */
#include "commands.h"
#include "corpus_table.h"
#include "opts.h"
#include "report.h"

static const cli_about about = {
    .usage = "-l CODE -o DIR [options] INPUT...",
    .about =
        "Sums the views of Wikipedia's articles over hourly pageviews files, as Wikimedia "
        "publishes "
        "them, and writes the titles by falling number into DIR/titles.tsv. Titles with a colon, "
        "which are of other namespaces, are left out. The list is the same on any machine and "
        "number of threads.\n\n"
        "Started again the job goes on where it stopped. The defaults are the recipe for English; "
        "--worldwide has those of other languages: all views, also of the mobile site, and the "
        "most "
        "seen 76 % of the titles, at most 61,235.",
    .example = "metaclip metadata-titles -l en -o en pageviews-20240101-*.gz\n"
               "metaclip metadata-titles -l de --worldwide -o de pageviews",
};

static void set_worldwide(const cli *c, const cli_opt *opts, mc_titles_job *job)
{
    job->mobile = true;
    if (!cli_given(c, opts, "min-line-views"))
        job->min_line_views = 1;
    if (!cli_given(c, opts, "min-views"))
        job->min_views = 1;
    if (!cli_given(c, opts, "top-share"))
        job->share = 0.76;
    if (!cli_given(c, opts, "max-titles"))
        job->max_titles = 61235;
}

int cmd_metadata_titles(cli *c)
{
    mc_titles_job job = { .min_line_views = 50,
                          .min_views = 70,
                          .corpus.memory_bytes = (uint64_t)2 << 30 };
    bool worldwide = false;
    const cli_opt opts[] = {
        CLI_CORPUS(c, job.corpus, &worldwide),
        CLI_FLAG("mobile", &job.mobile, "count the views of the mobile site, too"),
        CLI_U64("min-line-views", &job.min_line_views, 1,
                "count hours in which a title was seen N times or more"),
        CLI_U64("min-views", &job.min_views, 1, "list titles that were seen N times or more"),
        CLI_SHARE("top-share", &job.share,
                  "list this share of the titles at most, the most seen ones"),
        CLI_U64_IF("max-titles", &job.max_titles, UINT64_MAX, "list N titles at most"),
        CLI_INPUTS("INPUT", &job.corpus.inputs, &job.corpus.n_inputs, 1, SIZE_MAX,
                   "pageviews files, and folders of them"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code == CLI_GO)
        code = cli_begin(c, job.corpus.out_dir, &job.corpus.hooks);
    if (code != CLI_GO)
        return code;
    if (worldwide)
        set_worldwide(c, opts, &job);

    mc_error err = { 0 };
    mc_corpus_summary summary = { 0 };
    mc_status status = mc_titles_run(&job, &summary, &err);
    return cli_finish_corpus(c, status, &summary, &err);
}
