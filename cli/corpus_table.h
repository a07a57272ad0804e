/* What the commands that count text share: options, and how their summaries look. */
#ifndef METACLIP_CLI_CORPUS_TABLE_H
#define METACLIP_CLI_CORPUS_TABLE_H

#include "cli.h"
#include "metaclip/corpus.h"

/* clang-format off */
#define CLI_CORPUS(c, p, worldwide)                                                             \
    CLI_NEED("l,language", "CODE", &(p).language,                                               \
             "the Wikipedia's language, as en, zh or pt"),                                      \
    CLI_NEED("o,output", "DIR", &(p).out_dir,                                                   \
             "the folder of the lists; what was counted is kept in DIR/state"),                 \
    CLI_FLAG("worldwide", worldwide, "the limits for languages other than English"),            \
    CLI_FILES_FROM(c),                                                                          \
    CLI_THREADS((p).n_threads, "threads, which share each bzip2 file"),                         \
    CLI_BYTES("memory", &(p).memory_bytes, (uint64_t)16 << 20,                                  \
              "about what counts take in memory; what is more goes to DIR/state"),              \
    CLI_TALK(c)
/* clang-format on */

/* The end of a job: its failure, or its summary as --json and --quiet ask. */
int cli_finish_corpus(cli *c, mc_status status, const mc_corpus_summary *summary,
                      const mc_error *err);

#endif
