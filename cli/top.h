/* The largest entries of a data card, before and after balancing. */
#ifndef METACLIP_CLI_TOP_H
#define METACLIP_CLI_TOP_H

#include "metaclip/curate.h"

/* Writes the n largest entries of the pool and of the curated set (if the card has one) to standard
 * output: beside each other with their shares of all matches, or as one JSON object.
 * Errors: MC_E_MISMATCH (the card belongs to another list), MC_E_NOMEM. */
mc_status cli_put_top(const mc_card *card, const mc_metadata *metadata, uint64_t n, bool json,
                      mc_error *err);

#endif
