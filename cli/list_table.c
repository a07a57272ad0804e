#include "list_table.h"

#include "table.h"

static void put_list(const mc_card_list *list)
{
    char entries[32], t[32], share[16], matched[32], curated[32];
    printf("%-14s %13s %13s %10s %15s %15s\n", list->list.name,
           cli_grouped(list->list.n_entries, entries), cli_grouped(list->t, t),
           cli_percent(list->tail_ratio, 1, share), cli_grouped(list->matched_pairs, matched),
           cli_grouped(list->curated_pairs, curated));
}

void cli_put_lists(const mc_card *card)
{
    if (card->n_lists == 0)
        return;
    printf("%-14s %13s %13s %10s %15s %15s\n", "list", "entries", "t", "tail", "matched pairs",
           "curated pairs");
    for (size_t i = 0; i < card->n_lists; i++)
        put_list(&card->lists[i]);
    putchar('\n');
}
