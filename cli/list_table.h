/* The lists of a data card, for people. */
#ifndef METACLIP_CLI_LIST_TABLE_H
#define METACLIP_CLI_LIST_TABLE_H

#include "metaclip/curate.h"

/* A line for each list; nothing of a card without any. */
void cli_put_lists(const mc_card *card);

#endif
