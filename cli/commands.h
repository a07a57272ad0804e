/* The commands, one file each. To add one: its cmd_NAME.c, a line here and one in main.c's table,
 * and a test in tests/cli. Help, man page and completion follow from its table of options. */
#ifndef METACLIP_CLI_COMMANDS_H
#define METACLIP_CLI_COMMANDS_H

#include "cli.h"

int cmd_balance(cli *c);
int cmd_card(cli *c);
int cmd_classify(cli *c);
int cmd_convert(cli *c);
int cmd_count(cli *c);
int cmd_curate(cli *c);
int cmd_embed(cli *c);
int cmd_eval(cli *c);
int cmd_export(cli *c);
int cmd_extract(cli *c);
int cmd_help(cli *c);
int cmd_info(cli *c);
int cmd_match(cli *c);
int cmd_metadata(cli *c);
int cmd_metadata_ngrams(cli *c);
int cmd_metadata_titles(cli *c);
int cmd_models(cli *c);
int cmd_pack(cli *c);
int cmd_tokenize(cli *c);
int cmd_preprocess(cli *c);
int cmd_pull(cli *c);
int cmd_search(cli *c);
int cmd_train(cli *c);
int cmd_verify(cli *c);

#endif
