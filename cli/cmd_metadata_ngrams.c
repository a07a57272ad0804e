/* metaclip metadata-ngrams: Wikipedia or other text -> counted lists of words and pairs. */
#include <stdio.h>

#include "commands.h"
#include "corpus_table.h"
#include "opts.h"
#include "report.h"

static const cli_about about = {
    .usage = "-l CODE -o DIR [options] INPUT...",
    .about =
        "Counts the words of Wikipedia, or of any text, and the pairs of words that follow each "
        "other, and writes the lists that metadata is made from: DIR/unigrams.tsv, the words by "
        "falling count, and DIR/bigrams.tsv, the pairs by falling pointwise mutual information, "
        "log2(c(x,y) N / (c(x) c(y))). Counts and order are exact, and the same on any machine and "
        "number of threads.\n\n"
        "Inputs are dumps as Wikimedia publishes them (pages-articles, .xml.bz2), of which "
        "articles "
        "are taken and their wikitext stripped to prose; or plain text; or folders of either. "
        "Languages that are written without spaces are cut into words by ICU's dictionaries.\n\n"
        "Started again the job goes on where it stopped. With other limits it chooses anew without "
        "reading. The defaults are the recipe for English; --worldwide has those of other "
        "languages: the most frequent tenth of the words, at most 251,465, and bigrams up to 40 % "
        "of that number.",
    .example = "metaclip metadata-ngrams -l en -o en enwiki-latest-pages-articles.xml.bz2\n"
               "metaclip metadata-ngrams -l de --worldwide -o de dewiki-*.xml.bz2",
};

static void set_worldwide(const cli *c, const cli_opt *opts, mc_ngrams_job *job)
{
    if (!cli_given(c, opts, "min-count"))
        job->min_count = 1;
    if (!cli_given(c, opts, "top-share"))
        job->share = 0.1;
    if (!cli_given(c, opts, "max-unigrams"))
        job->max_unigrams = 251465;
    job->bigram_share = 0.4;
}

static void warn_of_pmi(const cli *c)
{
    if (!c->quiet)
        fputs("metaclip metadata-ngrams: warning: --pmi takes the paper literally: in a text of "
              "some 2^32 words only pairs of words that were seen once or twice reach 30; without "
              "it bigrams are the best of those that are frequent\n",
              stderr);
}

int cmd_metadata_ngrams(cli *c)
{
    mc_ngrams_job job = { .min_count = 100,
                          .bigram_min_count = 100,
                          .max_bigrams = 100646,
                          .corpus = { .memory_bytes = (uint64_t)2 << 30,
                                      .max_page_bytes = CLI_MAX_RECORD } };
    bool worldwide = false;
    const cli_opt opts[] = {
        CLI_CORPUS(c, job.corpus, &worldwide),
        CLI_FLAG("lower-case", &job.lower_case, "count words in lower case"),
        CLI_U64("min-count", &job.min_count, 1, "list words that were seen N times or more"),
        CLI_SHARE("top-share", &job.share,
                  "list this share of the different words at most, the most frequent ones"),
        CLI_U64_IF("max-unigrams", &job.max_unigrams, UINT64_MAX, "list N words at most"),
        CLI_U64("bigram-min-count", &job.bigram_min_count, 1,
                "list pairs that were seen N times or more"),
        CLI_U64("max-bigrams", &job.max_bigrams, 1, "list N pairs at most"),
        CLI_U64_IF("pmi", &job.min_pmi, 63,
                   "list pairs of this mutual information or more, whatever their count unless "
                   "--bigram-min-count is given: 30 is what the paper says"),
        CLI_RECORD_BYTES(job.corpus.max_page_bytes, "a longer page is passed over", NULL),
        CLI_INPUTS("INPUT", &job.corpus.inputs, &job.corpus.n_inputs, 1, SIZE_MAX,
                   "dumps, text files, and folders"),
        CLI_END,
    };
    int code = cli_parse(c, &about, opts);
    if (code == CLI_GO)
        code = cli_begin(c, job.corpus.out_dir, &job.corpus.hooks);
    if (code != CLI_GO)
        return code;
    if (worldwide)
        set_worldwide(c, opts, &job);
    if (job.min_pmi && !cli_given(c, opts, "bigram-min-count"))
        job.bigram_min_count = 1;
    if (job.min_pmi)
        warn_of_pmi(c);

    mc_error err = { 0 };
    mc_corpus_summary summary = { 0 };
    mc_status status = mc_ngrams_run(&job, &summary, &err);
    return cli_finish_corpus(c, status, &summary, &err);
}
