/* Numbers and tables for people, and the little JSON the command writes by itself. */
#ifndef METACLIP_CLI_TABLE_H
#define METACLIP_CLI_TABLE_H

#include <stdio.h>

#include "metaclip/curate.h"

/* 1234567 as "1,234,567". */
const char *cli_grouped(uint64_t number, char out[32]);

/* part / whole as "12.3 %"; "-" if whole is 0. */
const char *cli_percent(double part, double whole, char out[16]);

/* Text on a screen: at most max characters (a longer one ends in "..."), controls as '?'. Gives the
 * number of characters. */
size_t cli_put_clean(FILE *to, mc_str text, size_t max);

/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void cli_put_json_string(FILE *to, mc_str text);

void cli_put_summary(FILE *to, const mc_summary *summary);
void cli_put_pack_summary(FILE *to, const mc_pack_summary *summary);

#endif
