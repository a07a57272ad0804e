#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "opts.h"
#include "table.h"

enum { CLI_RATE_TEXT = 96 };

/* Seconds between two looks at the progress: on a terminal, and elsewhere (a log). */
static const double terminal_pause = 0.1, log_pause = 10;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- progress ---- */

static int screen_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : CLI_WIDTH;
}

/* "37.2 MB", or "1.28k pairs": three digits, and what is counted. */
static void amount_text(double amount, const char *unit, char out[48])
{
    static const char prefixes[] = " kMGTPE";
    size_t i = 0;
    if (!unit) {
        snprintf(out, 48, "%.1f MB", amount / 1e6);
        return;
    }
    for (; amount >= 999.5 && prefixes[i + 1]; i++)
        amount /= 1000;
    const int digits = (i == 0 && amount == floor(amount)) || amount >= 99.95 ? 0
                       : amount >= 9.995                                      ? 1
                                                                              : 2;
    snprintf(out, 48, "%.*f%.*s %.24s", digits, amount, i > 0, &prefixes[i], unit);
}

/* "1:05 left" */
static void left_text(double seconds, char *out, size_t room)
{
    const uint64_t whole = seconds < 1e12 ? (uint64_t)seconds : UINT64_C(1000000000000);
    const unsigned minutes = (unsigned)(whole / 60 % 60), rest = (unsigned)(whole % 60);
    if (whole >= 72 * 3600)
        snprintf(out, room, ", %" PRIu64 " days left", whole / 86400);
    else if (whole >= 3600)
        snprintf(out, room, ", %u:%02u:%02u left", (unsigned)(whole / 3600), minutes, rest);
    else
        snprintf(out, room, ", %u:%02u left", minutes, rest);
}

/* "37.2 MB/s, 1:05 left", as far as it is known yet. */
static void rate_text(const cli_bar *bar, const mc_progress *progress, double at,
                      char out[CLI_RATE_TEXT])
{
    char amount[48];
    double seconds = at - bar->began;
    double rate = seconds > 0 ? (double)(progress->done - bar->first_done) / seconds : 0;
    out[0] = '\0';
    if (rate <= 0)
        return;
    amount_text(rate, progress->unit, amount);
    int used = snprintf(out, CLI_RATE_TEXT, "%s/s", amount);
    if (progress->total > progress->done)
        left_text((double)(progress->total - progress->done) / rate, out + used,
                  CLI_RATE_TEXT - (size_t)used);
}

static double share_done(const mc_progress *progress)
{
    double share = progress->total ? (double)progress->done / (double)progress->total : 0;
    return share < 1 ? share : 1;
}

static void draw_bar(cli_bar *bar, const mc_progress *progress, const char *rate)
{
    char line[1024], amount[48];
    int width = screen_width() - 1;
    int used = snprintf(line, sizeof line, "%-8.20s ", bar->phase);
    int room = width - used - (int)strlen(rate) - 10;
    if (progress->total && room >= 10) {
        room = room < 50 ? room : 50;
        int full = (int)(share_done(progress) * room);
        line[used++] = '[';
        memset(line + used, '#', (size_t)full);
        memset(line + used + full, '.', (size_t)(room - full));
        used += room;
        line[used++] = ']';
        line[used] = '\0';
    }
    if (progress->total) {
        snprintf(line + used, sizeof line - (size_t)used, " %3d %%  %s",
                 (int)(100 * share_done(progress)), rate);
    } else {
        amount_text((double)progress->done, progress->unit, amount);
        snprintf(line + used, sizeof line - (size_t)used, " %s  %s", amount, rate);
    }
    fprintf(stderr, "\r%.*s\033[K", width, line);
    bar->is_drawn = true;
}

static void log_line(const cli *c, const mc_progress *progress, const char *rate)
{
    char amount[48];
    amount_text((double)progress->done, progress->unit, amount);
    fprintf(stderr, "metaclip %s: %s %s", c->command->name, c->bar.phase, amount);
    if (progress->total) {
        amount_text((double)progress->total, progress->unit, amount);
        fprintf(stderr, " of %s (%d %%)", amount, (int)(100 * share_done(progress)));
    }
    fprintf(stderr, "%s%s\n", *rate ? ", " : "", rate);
}

/* A phase has its own rate; so has a pass that begins the same phase again. */
static void enter_phase(cli_bar *bar, const mc_progress *progress, double at)
{
    const char *phase = progress->phase ? progress->phase : "";
    if (bar->began > 0 && strncmp(bar->phase, phase, sizeof bar->phase - 1) == 0 &&
        progress->done >= bar->first_done)
        return;
    snprintf(bar->phase, sizeof bar->phase, "%s", phase);
    bar->first_done = progress->done;
    bar->began = at;
}

static void on_progress(void *user, const mc_progress *progress)
{
    cli *c = user;
    cli_bar *bar = &c->bar;
    char rate[CLI_RATE_TEXT];
    double at = now();
    enter_phase(bar, progress, at);
    if (!bar->is_wanted || at - bar->last < (bar->is_terminal ? terminal_pause : log_pause))
        return;
    bar->last = at;
    rate_text(bar, progress, at, rate);
    if (bar->is_terminal)
        draw_bar(bar, progress, rate);
    else
        log_line(c, progress, rate);
    fflush(stderr);
}

void cli_clear_bar(cli *c)
{
    if (c->bar.is_drawn)
        fputs("\r\033[K", stderr);
    c->bar.is_drawn = false;
}

static void on_warning(void *user, const char *text)
{
    cli *c = user;
    cli_clear_bar(c);
    fprintf(stderr, "metaclip %s: warning: ", c->command->name);
    cli_put_clean(stderr, mc_str_of(text), SIZE_MAX);
    fputc('\n', stderr);
}

int cli_begin(cli *c, const char *output, mc_hooks *hooks)
{
    bool to_stdout = output && strcmp(output, "-") == 0;
    if (c->json && to_stdout)
        return cli_misuse(c, "--json needs -o FILE: without it, the result itself is written to "
                             "standard output");
    c->output = output;
    c->bar.is_terminal = isatty(STDERR_FILENO);
    /* A bar among the results on one screen helps nobody. */
    c->bar.is_wanted = !c->quiet && !(to_stdout && isatty(STDOUT_FILENO));
    c->bar.last = c->bar.is_terminal ? 0 : now();
    *hooks = (mc_hooks){ .progress = on_progress, .warn = on_warning, .user = c };
    return CLI_GO;
}

/* ---- the end ---- */

/* Whether standard output is a pipe that nobody reads any more, as after `| head`. */
static bool reader_is_gone(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
    return poll(&out, 1, 0) == 1 && out.revents & (POLLERR | POLLHUP);
}

int cli_fail(cli *c, mc_status status, const mc_error *err)
{
    bool to_stdout = !c->output || strcmp(c->output, "-") == 0;
    cli_clear_bar(c);
    if (status == MC_E_IO && to_stdout && reader_is_gone())
        return CLI_FAILED;
    fprintf(stderr, "metaclip %s: ", c->command->name);
    cli_put_clean(stderr, mc_str_of(*err->text ? err->text : mc_status_text(status)), SIZE_MAX);
    fputc('\n', stderr);
    return status == MC_E_ARG ? CLI_MISUSE : CLI_FAILED;
}

int cli_print_json(cli *c, mc_status status, char *json, const mc_error *err)
{
    if (status < 0)
        return cli_fail(c, status, err);
    puts(json);
    mc_free(json);
    return CLI_DONE;
}

int cli_finish(cli *c, mc_status status, const mc_summary *summary, const mc_error *err)
{
    char *json = NULL;
    mc_error json_err = { 0 };
    cli_clear_bar(c);
    if (status < 0)
        return cli_fail(c, status, err);
    if (!c->quiet && !c->json)
        cli_put_summary(stderr, summary);
    if (!c->json)
        return CLI_DONE;
    status = mc_summary_json(summary, &json, &json_err);
    return cli_print_json(c, status, json, &json_err);
}

int cli_done_with(const cli *c, uint64_t n, uint64_t n_failed, const char *things)
{
    if (n > n_failed)
        return CLI_DONE;
    if (n == 0)
        fprintf(stderr, "metaclip %s: there are no %s in the inputs\n", c->command->name, things);
    else
        fprintf(stderr, "metaclip %s: none of the %s could be used\n", c->command->name, things);
    return CLI_FAILED;
}

int cli_flush(cli *c, int code)
{
    errno = 0;
    bool is_flushed = fflush(stdout) == 0;
    if (is_flushed && !ferror(stdout))
        return code;
    if (!reader_is_gone())
        fprintf(stderr, "metaclip %s: cannot write to standard output: %s\n", c->command->name,
                errno ? strerror(errno) : "an earlier write failed");
    return code == CLI_DONE ? CLI_FAILED : code;
}
