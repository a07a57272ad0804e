/* The largest entries of a data card, before and after balancing. */
#ifndef METACLIP_CLI_TOP_H
#define METACLIP_CLI_TOP_H

#include <stdio.h>

#include "metaclip/curate.h"

/* Whether the entries of the metadata are those of the card. Error: MC_E_MISMATCH, which says both
 * lists. */
mc_status cli_check_card(const mc_card *card, const mc_metadata *metadata, mc_error *err);

/* What an entry is called, in at most `width` columns, which are counted: itself, or its id without
 * metadata. */
size_t cli_put_entry(FILE *file, const mc_metadata *metadata, uint32_t id, size_t width);
/* The same as members of a JSON object: "id":7,"entry":"photo". */
void cli_put_entry_json(FILE *file, const mc_metadata *metadata, uint32_t id);

/* Writes the n largest entries of the pool and of the curated set (if the card has one) to standard
 * output: beside each other with their shares of all matches, or as one JSON object. metadata may
 * be NULL.
 * Errors: MC_E_MISMATCH (the card belongs to another list), MC_E_NOMEM. */
mc_status cli_put_top(const mc_card *card, const mc_metadata *metadata, uint64_t n, bool json,
                      mc_error *err);

#endif
