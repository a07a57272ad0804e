/* metaclip: the command. Finds the sub-command and hands over to it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "files_from.h"
#include "manual.h"
#include "metaclip/metaclip.h"
#include "report.h"
#include "suggest.h"

static const cli_command commands[] = {
    { "metadata", "build, merge and check lists of entries", cmd_metadata },
    { "metadata-ngrams", "count the words of Wikipedia, and pairs of them", cmd_metadata_ngrams },
    { "metadata-titles", "sum the views of the titles of Wikipedia", cmd_metadata_titles },
    { "extract", "find the image-text pairs of web crawl files", cmd_extract },
    { "match", "keep the texts that hold an entry, with the ids of all they hold", cmd_match },
    { "count", "count the matched pairs of each entry", cmd_count },
    { "balance", "thin the pairs of head entries, keep the pairs of tail entries", cmd_balance },
    { "curate", "from crawl files to a balanced set with its data card", cmd_curate },
    { "card", "make, show and compare data cards", cmd_card },
    { "pack", "put images with their texts into webdataset tars", cmd_pack },
    { "verify", "check a run folder, and lists of uuids against it", cmd_verify },
    { "export", "give curated pairs the forms that other tools take", cmd_export },
    { "tokenize", "turn texts into the token ids that CLIP models read", cmd_tokenize },
    { "preprocess", "decode, resize and crop images into an array for a model", cmd_preprocess },
    { "embed", "compute the features of images or texts", cmd_embed },
    { "classify", "say which of some labels fits each image", cmd_classify },
    { "eval", "classify and retrieve over data sets, and say how well", cmd_eval },
    { "search", "find the nearest rows of features, exactly", cmd_search },
    { "train", "train a CLIP model on pairs, with the standard set-up", cmd_train },
    { "convert", "give a CLIP model another form or number type", cmd_convert },
    { "models", "list the published models", cmd_models },
    { "pull", "download a published model", cmd_pull },
    { "info", "say what a file is and what it holds", cmd_info },
    { "help", "tell about a command", cmd_help },
    { NULL, NULL, NULL },
};

static const cli_command *find_command(const char *name)
{
    for (const cli_command *command = commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

/* "metadata titles" is another way to write "metadata-titles". */
static const cli_command *find_command_of_two(const char *name, const char *second)
{
    char both[64];
    snprintf(both, sizeof both, "%s-%s", name, second);
    return find_command(both);
}

static int unknown_command(const char *name)
{
    cli_guess guess = { .typed = name };
    for (const cli_command *command = commands; command->name; command++)
        cli_guess_offer(&guess, command->name);
    fprintf(stderr, "metaclip: there is no %s '%s'", name[0] == '-' ? "option" : "command", name);
    if (guess.best)
        fprintf(stderr, "; did you mean '%s'?", guess.best);
    fputs("\nTry 'metaclip help'.\n", stderr);
    return CLI_MISUSE;
}

static int run(const cli_command *command, int argc, char **argv)
{
    cli c = { .command = command, .commands = commands, .argc = argc, .argv = argv };
    c.words = calloc(2 * (size_t)argc + 1, sizeof *c.words);
    if (!c.words) {
        fputs("metaclip: out of memory\n", stderr);
        return CLI_FAILED;
    }
    int code = cli_flush(&c, command->run(&c));
    cli_free_files(&c);
    free(c.words);
    return code;
}

int main(int argc, char **argv)
{
    /* A reader that goes away makes a write fail, which is reported like any other failure. */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        cli_show_overview(commands, stderr);
        return CLI_MISUSE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        cli c = { .command = find_command("help") };
        printf("metaclip %s\n", mc_version());
        return cli_flush(&c, CLI_DONE);
    }
    bool is_help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
    const cli_command *command = find_command(is_help ? "help" : argv[1]);
    const cli_command *longer = argc > 2 ? find_command_of_two(argv[1], argv[2]) : NULL;
    if (longer)
        return run(longer, argc - 3, argv + 3);
    return command ? run(command, argc - 2, argv + 2) : unknown_command(argv[1]);
}
