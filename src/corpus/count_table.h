/* Counts in memory: of words, and of pairs of words. One a thread; several are written together, as
 * one run of each (count_run.h).
 *
 *     words    "the" -> 0, "red" -> 1, ...      a number each, a count each
 *     pairs    (0, 1) -> 57                     16 bytes a slot */
#ifndef MCI_CORPUS_COUNT_TABLE_H
#define MCI_CORPUS_COUNT_TABLE_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct mci_count_table mci_count_table;

/* The table asks to be written when it has some memory_bytes; it takes more all the same. */
mc_status mci_count_table_new(uint64_t memory_bytes, mci_count_table **out, mc_error *err);
void mci_count_table_free(mci_count_table *table);

bool mci_count_table_is_full(const mci_count_table *table);
bool mci_count_table_is_empty(const mci_count_table *table);

/* Adds n to a word's count; *id is its number. */
mc_status mci_count_word(mci_count_table *table, mc_str word, uint64_t n, uint32_t *id,
                         mc_error *err);
/* A word's count; 0 if it was never counted. */
uint64_t mci_count_of(const mci_count_table *table, mc_str word);
/* Adds 1 to the count of a pair of words, by their numbers. It may wait in a queue till
 * mci_count_flush. */
mc_status mci_count_pair(mci_count_table *table, uint32_t first, uint32_t second, mc_error *err);
mc_status mci_count_flush(mci_count_table *table, mc_error *err);

/* Writes the sum of tables as runs and empties them. pairs_path may be NULL if there are none. A
 * pair's string is its words with a space between. */
mc_status mci_count_tables_write(mci_count_table *const *tables, size_t n, unsigned n_threads,
                                 const char *words_path, const char *pairs_path, mc_error *err);

#endif
