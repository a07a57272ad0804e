/* What `balance --plan` shows. */
#ifndef METACLIP_CLI_PLAN_TABLE_H
#define METACLIP_CLI_PLAN_TABLE_H

#include "metaclip/curate.h"

/* A line for each t, for people; the one of plan->t is marked. one_text: it was of one pair of each
 * image. */
void cli_put_plan(const mc_plan *plan, bool one_text);

/* The same for programs, one object; summary is that of the reading, as JSON. */
void cli_put_plan_json(const mc_plan *plan, const char *summary);

#endif
