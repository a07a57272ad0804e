#include "plan_table.h"

#include <inttypes.h>

#include "table.h"

static uint64_t rounded(double x)
{
    return (uint64_t)(x + 0.5);
}

static void put_row(const mc_plan *plan, const mc_plan_row *row)
{
    char t[32], pairs[32], deviation[32], head[32], share[16];
    printf("%c %13s %16s %10s %14s %18s\n", row->t == plan->t ? '*' : ' ', cli_grouped(row->t, t),
           cli_grouped(rounded(row->expected_pairs), pairs),
           cli_grouped(rounded(row->deviation), deviation), cli_grouped(row->shape.n_head, head),
           cli_percent(row->shape.tail_ratio, 1, share));
}

void cli_put_plan(const mc_plan *plan, bool one_text)
{
    char number[32];
    printf("%s %s match an entry\n", cli_grouped(plan->matched_pairs, number),
           one_text ? "images" : "pairs");
    printf("  %13s %16s %10s %14s %18s\n", "t", "expected pairs", "deviation", "head entries",
           "tail share");
    for (size_t i = 0; i < plan->n_rows; i++)
        put_row(plan, &plan->rows[i]);
}

static void put_row_json(const mc_plan_row *row)
{
    printf("{\"t\":%" PRIu64 ",\"expected_pairs\":%.3f,\"deviation\":%.3f,\"entries_head\":%" PRIu64
           ",\"entries_tail\":%" PRIu64 ",\"tail_matches\":%" PRIu64 ",\"tail_ratio\":%.17g}",
           row->t, row->expected_pairs, row->deviation, row->shape.n_head, row->shape.n_tail,
           row->shape.n_tail_matches, row->shape.tail_ratio);
}

void cli_put_plan_json(const mc_plan *plan, const char *summary)
{
    printf("{\"matched_pairs\":%" PRIu64 ",\"t\":", plan->matched_pairs);
    if (plan->t)
        printf("%" PRIu64, plan->t);
    else
        printf("null");
    printf(",\"rows\":[");
    for (size_t i = 0; i < plan->n_rows; i++) {
        fputs(i ? "," : "", stdout);
        put_row_json(&plan->rows[i]);
    }
    printf("],\"summary\":%s}\n", summary);
}
