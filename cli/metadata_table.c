#include "metadata_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "opts.h"
#include "report.h"
#include "table.h"

/* ---- --stats ---- */

enum { N_WORDS = sizeof((mc_metadata_report *)0)->by_words / sizeof(uint64_t) };

static void put_number(uint64_t value, int width)
{
    char number[32];
    printf(" %*s", width, cli_grouped(value, number));
}

static void put_name(const char *name)
{
    size_t used = cli_put_clean(stdout, mc_str_of(name), 26);
    printf("%*s", (int)(26 - used), "");
}

static void put_row(const char *name, const mc_metadata_report *r)
{
    uint64_t longer = 0;
    for (size_t i = 3; i < N_WORDS; i++)
        longer += r->by_words[i];
    put_name(name);
    put_number(r->n_entries, 9);
    put_number(r->n_entries - r->n_never_match, 9);
    put_number(r->by_words[0], 9);
    put_number(r->by_words[1], 9);
    put_number(r->by_words[2], 9);
    put_number(longer, 9);
    printf(" %6.1f\n", r->n_entries ? (double)r->n_bytes / (double)r->n_entries : 0);
}

/* How many entries of each source an earlier one, or itself, had given already. */
static void put_overlap(const mc_metadata_build *build)
{
    bool is_first = true;
    for (size_t i = 0; i < build->n_sources; i++)
        for (size_t j = 0; j <= i; j++) {
            if (build->sources[i].overlap[j] == 0)
                continue;
            if (is_first)
                puts("entries that a source shares with an earlier one, or has twice:");
            is_first = false;
            printf("  ");
            put_name(build->sources[i].source);
            printf(" ");
            put_name(build->sources[j].source);
            put_number(build->sources[i].overlap[j], 12);
            putchar('\n');
        }
}

static void put_report_json(const mc_metadata_report *r)
{
    printf("\"entries\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"can_match\":%" PRIu64 ",\"by_words\":[",
           r->n_entries, r->n_bytes, r->n_entries - r->n_never_match);
    for (size_t i = 0; i < N_WORDS; i++)
        printf("%s%" PRIu64, i ? "," : "", r->by_words[i]);
    putchar(']');
}

static void put_stats_json(const char *path, const mc_metadata *metadata,
                           const mc_metadata_report *whole, const mc_metadata_build *build,
                           const mc_metadata_report *parts)
{
    fputs("{\"file\":", stdout);
    cli_put_json_string(stdout, mc_str_of(path));
    printf(",\"sha256\":\"%s\",", mc_metadata_sha256(metadata));
    put_report_json(whole);
    fputs(",\"sources\":[", stdout);
    for (size_t i = 0; i < build->n_sources; i++) {
        fputs(i ? ",{\"source\":" : "{\"source\":", stdout);
        cli_put_json_string(stdout, mc_str_of(build->sources[i].source));
        printf(",\"first_id\":%" PRIu64 ",\"sha256\":\"%s\",", build->sources[i].first_id,
               build->sources[i].sha256);
        put_report_json(&parts[i]);
        fputs(",\"overlap\":[", stdout);
        for (size_t j = 0; j < build->n_sources; j++)
            printf("%s%" PRIu64, j ? "," : "", build->sources[i].overlap[j]);
        fputs("]}", stdout);
    }
    puts("]}");
}

static void put_stats(const char *path, const mc_metadata *metadata,
                      const mc_metadata_report *whole, const mc_metadata_build *build,
                      const mc_metadata_report *parts)
{
    cli_put_clean(stdout, mc_str_of(path), SIZE_MAX);
    printf(": sha256 %s\n", mc_metadata_sha256(metadata));
    printf("%-26s %9s %9s %9s %9s %9s %9s %6s\n", "source", "entries", "can match", "1 word",
           "2 words", "3 words", "4 or more", "bytes");
    for (size_t i = 0; i < build->n_sources; i++)
        put_row(build->sources[i].source, &parts[i]);
    put_row("all", whole);
    if (build->n_sources == 0)
        puts("(which source gave which entry stands in FILE.meta.json, which is not there)");
    put_overlap(build);
}

static mc_status look_at(const char *path, const mc_metadata *metadata, mc_metadata_build *build,
                         mc_metadata_report *whole, mc_metadata_report *parts, mc_error *err)
{
    bool found = false;
    mc_status status = mc_metadata_check(metadata, whole, err);
    build->n_sources = 0;
    if (status >= 0)
        status = mc_metadata_build_load(path, metadata, build, &found, err);
    for (size_t i = 0; i < build->n_sources && status >= 0; i++)
        status = mc_metadata_check_part(metadata, build->sources[i].first_id,
                                        build->sources[i].n_added, &parts[i], err);
    return status;
}

static int show_stats(cli *c, const char *path, mc_metadata_build *build)
{
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    mc_metadata_report whole = { 0 }, parts[MC_MAX_SOURCES];
    int code = CLI_DONE;
    mc_status status = mc_metadata_load(path, &metadata, &err);
    if (status >= 0)
        status = look_at(path, metadata, build, &whole, parts, &err);
    if (status < 0)
        code = cli_fail(c, status, &err);
    else
        (c->json ? put_stats_json : put_stats)(path, metadata, &whole, build, parts);
    mc_metadata_free(metadata);
    return code;
}

int cli_metadata_stats(cli *c, const char *const *paths, size_t n)
{
    int code = CLI_DONE;
    if (n == 0)
        return cli_misuse(c, "no input was given: --stats wants FILE..., lists of entries");
    mc_metadata_build *build = malloc(sizeof *build);
    if (!build)
        return CLI_FAILED;
    for (size_t i = 0; i < n; i++) {
        int one = show_stats(c, paths[i], build);
        code = one == CLI_DONE ? code : one;
    }
    free(build);
    return code;
}

/* ---- --diff ---- */

static uint64_t at_most(uint64_t n, uint64_t most)
{
    return n < most ? n : most;
}

static void put_difference(const char *const paths[2], const mc_metadata *const lists[2],
                           const mc_metadata_difference *d)
{
    char number[32];
    printf("in both                  %12s\n", cli_grouped(d->n_both, number));
    printf("  with another id        %12s\n", cli_grouped(d->n_moved, number));
    for (size_t side = 0; side < 2; side++) {
        printf("only in the %-12s %12s  ", side ? "second" : "first",
               cli_grouped(d->n_only[side], number));
        cli_put_clean(stdout, mc_str_of(paths[side]), SIZE_MAX);
        putchar('\n');
        for (size_t i = 0; i < at_most(d->n_only[side], 10); i++) {
            printf("  %10" PRIu64 "  \"", d->first_only[side][i]);
            cli_put_clean(stdout, mc_metadata_entry(lists[side], d->first_only[side][i]), 60);
            puts("\"");
        }
    }
}

static void put_difference_json(const char *const paths[2], const mc_metadata *const lists[2],
                                const mc_metadata_difference *d)
{
    fputs("{\"files\":[", stdout);
    for (size_t side = 0; side < 2; side++) {
        fputs(side ? "," : "", stdout);
        cli_put_json_string(stdout, mc_str_of(paths[side]));
    }
    printf("],\"both\":%" PRIu64 ",\"moved\":%" PRIu64 ",\"only\":[%" PRIu64 ",%" PRIu64
           "],\"first_only\":[",
           d->n_both, d->n_moved, d->n_only[0], d->n_only[1]);
    for (size_t side = 0; side < 2; side++) {
        fputs(side ? ",[" : "[", stdout);
        for (size_t i = 0; i < at_most(d->n_only[side], 10); i++) {
            fputs(i ? "," : "", stdout);
            cli_put_json_string(stdout, mc_metadata_entry(lists[side], d->first_only[side][i]));
        }
        putchar(']');
    }
    puts("]}");
}

int cli_metadata_diff(cli *c, const char *const *paths, size_t n)
{
    mc_error err = { 0 };
    mc_metadata *lists[2] = { NULL, NULL };
    mc_metadata_difference difference = { 0 };
    int code = CLI_DONE;
    if (n != 2)
        return cli_misuse(c, "--diff wants two lists");
    mc_status status = mc_metadata_load(paths[0], &lists[0], &err);
    if (status >= 0)
        status = mc_metadata_load(paths[1], &lists[1], &err);
    if (status >= 0)
        status = mc_metadata_compare(lists[0], lists[1], &difference, &err);
    if (status < 0)
        code = cli_fail(c, status, &err);
    else
        (c->json ? put_difference_json : put_difference)(
            paths, (const mc_metadata *const[2]){ lists[0], lists[1] }, &difference);
    mc_metadata_free(lists[0]);
    mc_metadata_free(lists[1]);
    return code;
}
