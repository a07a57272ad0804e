/* Counting the words and pairs of a dump whose counts are known. The baselines are libbz2 alone, on
 * one thread, and what it takes beyond: wikitext and words of what was decompressed before.
 *
 *   bench_ngrams [MB OF TEXT] [FOLDER]      64 MB, in $TMPDIR or /tmp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/files.h"
#include "bench.h"
#include "io/stream.h"
#include "metaclip/metaclip.h"
#include "zipf_dump.h"

static zipf_dump known;

/* Decompresses all of a file; gives its length. */
static uint64_t inflate(const char *path, FILE *to)
{
    mci_stream *stream = NULL;
    mc_str window;
    uint64_t n = 0;
    if (mci_stream_open(path, &stream, NULL) != MC_OK)
        exit(1);
    while (mci_stream_peek(stream, 1, &window, NULL) == MC_OK) {
        if (to && fwrite(window.data, 1, window.len, to) != window.len)
            exit(1);
        n += window.len;
        mci_stream_skip(stream, window.len);
    }
    mci_stream_close(stream);
    return n;
}

/* Whether the list of words is the known one: all words, with their counts. */
static bool is_right(const char *dir)
{
    char path[512], line[256], word[16];
    uint64_t n = 0, n_words = 0;
    snprintf(path, sizeof path, "%s/unigrams.tsv", dir);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        char *tab = strchr(line, '\t');
        uint64_t number = 0, count = tab ? strtoull(tab + 1, NULL, 10) : 0;
        for (char *c = tab; c && c-- > line + 1;)
            number = number * 26 + (uint64_t)(*c - 'a');
        unsigned len = zipf_word(number, word);
        if (!tab || number >= ZIPF_WORDS || known.counts[number] != count ||
            len != (size_t)(tab - line) || memcmp(word, line, len) != 0)
            return false;
        n_words += count;
        n++;
    }
    if (file)
        fclose(file);
    for (size_t i = 0; i < ZIPF_WORDS; i++)
        n -= known.counts[i] > 0;
    return n == 0 && n_words == known.n_words;
}

static double count(const char *name, const char *input, const char *dir, unsigned n_threads,
                    double baseline)
{
    char out[512];
    bench b = bench_begin(name);
    mc_corpus_summary summary;
    mc_error err = { 0 };
    snprintf(out, sizeof out, "%s/out", dir);
    bench_bytes(&b, known.text_bytes);
    bench_threads(&b, n_threads);
    if (baseline > 0)
        bench_against(&b, "libbz2 alone, one thread", baseline);
    while (bench_next(&b)) {
        mc_ngrams_job job = { .corpus = { .inputs = &input,
                                          .n_inputs = 1,
                                          .out_dir = out,
                                          .language = "en",
                                          .n_threads = n_threads,
                                          .memory_bytes = (uint64_t)512 << 20 },
                              .min_count = 1,
                              .bigram_min_count = 100,
                              .max_bigrams = 100646 };
        mci_remove_folder(out, 3);
        memset(&summary, 0, sizeof summary);
        bench_check(&b, mc_ngrams_run(&job, &summary, &err) == MC_OK, err.text);
    }
    bench_check(&b, summary.pages_counted == known.n_pages && summary.words == known.n_words,
                "the number of words");
    bench_check(&b, is_right(out), "the counts of the words");
    mci_remove_folder(out, 3);
    return bench_end(&b);
}

int main(int argc, char **argv)
{
    char dir[256], packed[512], plain[512];
    const char *temp = argc > 2 ? argv[2] : getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    uint64_t mb = argc > 1 ? strtoull(argv[1], NULL, 10) : 64, n = 0;
    struct rusage usage;
    snprintf(dir, sizeof dir, "%s/bench-ngrams-XXXXXX", temp);
    if (!mkdtemp(dir))
        return 1;
    snprintf(packed, sizeof packed, "%s/dump.xml.bz2", dir);
    snprintf(plain, sizeof plain, "%s/dump.xml", dir);
    zipf_dump_write(packed, mb * 1000000, &known);
    bench b = bench_begin("bzip2, libbz2 alone");
    bench_bytes(&b, known.text_bytes);
    while (bench_next(&b))
        n = inflate(packed, NULL);
    bench_check(&b, n == known.text_bytes, "the text's length");
    double baseline = bench_end(&b);
    count("ngrams of a dump, .xml.bz2", packed, dir, 1, baseline);
    count("ngrams of a dump, .xml.bz2", packed, dir, 2, baseline);
    FILE *to = fopen(plain, "wb");
    if (!to || inflate(packed, to) != known.text_bytes || fclose(to) != 0)
        return 1;
    count("ngrams of a dump, .xml", plain, dir, 1, 0);
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"bench\":\"ngrams, peak memory\",\"text_bytes\":%llu,\"file_bytes\":%llu,"
           "\"peak_bytes\":%llu}\n",
           (unsigned long long)known.text_bytes, (unsigned long long)known.file_bytes,
           (unsigned long long)usage.ru_maxrss * 1024);
    mci_remove_folder(dir, 1);
    return 0;
}
