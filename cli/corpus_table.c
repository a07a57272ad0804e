#include "corpus_table.h"

#include <stdio.h>
#include <string.h>

#include "report.h"
#include "table.h"

static void put_summary(const mc_corpus_summary *summary)
{
    char number[32];
    if (summary->counted_before)
        fputs("counted before; the lists were chosen anew\n", stderr);
#define X(name, text)                                                                          \
    if (summary->name)                                                                         \
        fprintf(stderr, "%s%-53s %20s\n", strncmp(text, "of these", 8) == 0 ? "  " : "", text, \
                cli_grouped(summary->name, number));
    MC_CORPUS_COUNTERS(X)
#undef X
    for (size_t i = 0; i < summary->n_problems; i++) {
        fputs("  ", stderr);
        cli_put_clean(stderr, mc_str_of(summary->problems[i]), SIZE_MAX);
        fputc('\n', stderr);
    }
}

int cli_finish_corpus(cli *c, mc_status status, const mc_corpus_summary *summary,
                      const mc_error *err)
{
    char *json = NULL;
    mc_error json_err = { 0 };
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, err);
    if (!c->quiet && !c->json)
        put_summary(summary);
    if (!c->json)
        return CLI_DONE;
    status = mc_corpus_summary_json(summary, &json, &json_err);
    return cli_print_json(c, status, json, &json_err);
}
