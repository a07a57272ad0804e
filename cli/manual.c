#include "manual.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "metaclip/metaclip.h"
#include "values.h"

enum { OPTION_COLUMN = 28 };

/* Changes with the version. */
static const char manual_date[] = "2026-11-23";

const char *cli_heading(const cli_opt *opt, char out[CLI_HEADING])
{
    char letter[4] = "", value[CLI_HEADING / 2] = "";
    const char *full = cli_long(opt);
    if (opt->kind == CLI_KIND_INPUTS) {
        snprintf(out, CLI_HEADING, "%s", opt->value);
        return out;
    }
    if (cli_letter(opt))
        snprintf(letter, sizeof letter, "-%c", cli_letter(opt));
    if (opt->kind == CLI_KIND_MAYBE)
        snprintf(value, sizeof value, "[=%s]", opt->value);
    else if (opt->value)
        snprintf(value, sizeof value, " %s", opt->value);
    snprintf(out, CLI_HEADING, "%s%s%s%s%s", letter, *letter && full ? ", " : "", full ? "--" : "",
             full ? full : "", value);
    return out;
}

const char *cli_default(const cli_opt *opt, char out[64])
{
    char size[32];
    out[0] = '\0';
    if (opt->kind == CLI_KIND_MAYBE)
        snprintf(out, 64, "alone: %s", opt->fallback);
    else if (opt->fallback && *opt->fallback)
        snprintf(out, 64, "default: %s", opt->fallback);
    else if (opt->fallback)
        return out;
    else if (opt->kind == CLI_KIND_U64)
        snprintf(out, 64, "default: %" PRIu64, *opt->to.u64);
    else if (opt->kind == CLI_KIND_BYTES)
        snprintf(out, 64, "default: %s", cli_show_bytes(*opt->to.u64, size));
    else if (opt->kind == CLI_KIND_WORD && *opt->to.word && **opt->to.word)
        snprintf(out, 64, "default: %s",
                 strcmp(*opt->to.word, "-") == 0 ? "-, standard output" : *opt->to.word);
    return out;
}

/* ---- help on the terminal ---- */

/* Prints words, filled into lines that begin at column indent; the first begins where we stand. */
static void print_filled(FILE *to, const char *text, size_t len, int indent)
{
    int column = indent;
    bool is_first = true;
    for (const char *at = text, *end = text + len; at < end;) {
        size_t word = strcspn(at, " \n");
        if (word > (size_t)(end - at))
            word = (size_t)(end - at);
        if (!is_first && column + 1 + (int)word > CLI_WIDTH) {
            fprintf(to, "\n%*s", indent, "");
            column = indent;
            is_first = true;
        }
        fprintf(to, "%s%.*s", is_first ? "" : " ", (int)word, at);
        column += (int)word + !is_first;
        is_first = false;
        at += word;
        at += strspn(at, " \n");
    }
    fputc('\n', to);
}

static void print_paragraphs(const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        print_filled(stdout, text, end ? (size_t)(end - text) : strlen(text), 0);
        putchar('\n');
        text = end ? end + 2 : "";
    }
}

/* Prints each line of text between before and after. */
static void print_lines(const char *text, const char *before)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        printf("%s%.*s\n", before, (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void print_option(const cli_opt *opt)
{
    char heading[CLI_HEADING], fallback[64], text[512];
    cli_heading(opt, heading);
    cli_default(opt, fallback);
    /* Long names stand in one column, with or without a letter before them. */
    int used = printf("  %s%s", cli_letter(opt) || !opt->names ? "" : "    ", heading);
    if (used > OPTION_COLUMN - 2)
        printf("\n%*s", OPTION_COLUMN, "");
    else
        printf("%*s", OPTION_COLUMN - used, "");
    snprintf(text, sizeof text, "%s%s%s%s%s", opt->text, opt->required ? " (needed)" : "",
             *fallback ? " (" : "", fallback, *fallback ? ")" : "");
    print_filled(stdout, text, strlen(text), OPTION_COLUMN);
}

void cli_show_help(const cli *c, const cli_about *about, const cli_opt *opts)
{
    char before[64];
    printf("metaclip %s: %s\n\nUsage:\n", c->command->name, c->command->brief);
    snprintf(before, sizeof before, "  metaclip %s ", c->command->name);
    print_lines(about->usage, before);
    putchar('\n');
    print_paragraphs(about->about);
    puts("Example:");
    print_lines(about->example, "  ");
    puts("\nOptions:");
    for (; opts->kind != CLI_KIND_END; opts++)
        print_option(opts);
    puts("  -h, --help                this text");
}

void cli_show_overview(const cli_command *commands, FILE *to)
{
    fputs("metaclip: curate image-text pairs as MetaCLIP does\n"
          "\n"
          "Usage:\n"
          "  metaclip COMMAND [options] INPUT...\n"
          "\n"
          "Commands:\n",
          to);
    for (; commands->name; commands++)
        fprintf(to, "  %-15s  %s\n", commands->name, commands->brief);
    fputs("\n"
          "The whole way from crawl files to a balanced set with its data card:\n"
          "  metaclip metadata --wordnet -o metadata.json\n"
          "  metaclip curate -m metadata.json -t 20000 -o out CC-MAIN-*.warc.wat.gz\n"
          "\n"
          "'metaclip help COMMAND' tells about one command, with an example.\n",
          to);
}

/* ---- man pages ---- */

/* One character that means nothing to roff. */
static void put_roff(char character, bool begins_line)
{
    static const struct {
        char character;
        const char *escape;
    } special[] = {
        { '\\', "\\e" },  { '-', "\\-" },   { '\'', "\\(aq" },
        { '`', "\\(ga" }, { '^', "\\(ha" }, { '~', "\\(ti" },
    };
    if (begins_line && character == '.')
        fputs("\\&", stdout);
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        if (special[i].character == character) {
            fputs(special[i].escape, stdout);
            return;
        }
    }
    putchar(character);
}

/* Text as it is; with is_filled, spaces become line ends where a line of the source gets long. */
static void print_roff(const char *text, size_t len, bool is_filled)
{
    int column = 0;
    for (size_t i = 0; i < len; i++) {
        size_t word = i + 1 < len ? strcspn(text + i + 1, " \n") : 0;
        bool breaks = text[i] == '\n' || (is_filled && text[i] == ' ' && column + word > 72);
        put_roff(breaks ? '\n' : text[i], column == 0);
        column = breaks ? 0 : column + 1;
    }
}

static void print_roff_text(const char *text)
{
    print_roff(text, strlen(text), true);
}

static void print_roff_paragraphs(const char *text)
{
    for (bool is_first = true; *text; is_first = false) {
        const char *end = strstr(text, "\n\n");
        if (!is_first)
            puts(".PP");
        print_roff(text, end ? (size_t)(end - text) : strlen(text), true);
        putchar('\n');
        text = end ? end + 2 : "";
    }
}

static void print_roff_example(const char *text)
{
    puts(".EX");
    print_roff(text, strlen(text), false);
    puts("\n.EE");
}

static void print_roff_title(const char *name)
{
    fputs(".TH ", stdout);
    for (; *name; name++)
        putchar(toupper((unsigned char)*name));
    printf(" 1 %s \"metaclip %s\" \"metaclip manual\"\n", manual_date, mc_version());
}

static void print_roff_exits(void)
{
    puts(".SH EXIT STATUS\n"
         ".TP\n.B 0\nDone.\n"
         ".TP\n.B 1\nIt failed; the message says at what.\n"
         ".TP\n.B 2\nThe command line is wrong.");
}

static void print_roff_option(const cli_opt *opt)
{
    char heading[CLI_HEADING], fallback[64];
    cli_default(opt, fallback);
    fputs(".TP\n.B ", stdout);
    print_roff_text(cli_heading(opt, heading));
    putchar('\n');
    print_roff_text(opt->text);
    if (opt->required)
        fputs(" (needed)", stdout);
    if (*fallback) {
        fputs(" (", stdout);
        print_roff_text(fallback);
        putchar(')');
    }
    puts(".");
}

void cli_show_man(const cli *c, const cli_about *about, const cli_opt *opts)
{
    char title[64];
    snprintf(title, sizeof title, "metaclip-%s", c->command->name);
    print_roff_title(title);
    fputs(".SH NAME\n", stdout);
    printf("metaclip\\-%s \\- ", c->command->name);
    print_roff(c->command->brief, strlen(c->command->brief), false);
    puts("\n.SH SYNOPSIS\n.nh");
    for (const char *line = about->usage; *line;) {
        size_t len = strcspn(line, "\n");
        printf("%s.B metaclip %s\n", line == about->usage ? "" : ".br\n", c->command->name);
        print_roff(line, len, false);
        putchar('\n');
        line += len + (line[len] == '\n');
    }
    puts(".hy\n.SH DESCRIPTION");
    print_roff_paragraphs(about->about);
    puts(".SH OPTIONS");
    for (; opts->kind != CLI_KIND_END; opts++)
        print_roff_option(opts);
    puts(".TP\n.B \\-h, \\-\\-help\nPrint help and exit.");
    print_roff_exits();
    puts(".SH EXAMPLES");
    print_roff_example(about->example);
    puts(".SH SEE ALSO\n.BR metaclip (1)");
}

void cli_show_man_overview(const cli_command *commands)
{
    print_roff_title("metaclip");
    puts(".SH NAME\n"
         "metaclip \\- curate image\\-text pairs as MetaCLIP does\n"
         ".SH SYNOPSIS\n"
         ".B metaclip\n"
         "COMMAND [options] INPUT...\n"
         ".SH DESCRIPTION\n"
         "Keeps the image\\-text pairs of a pool whose text holds an entry of the\n"
         "metadata, and balances them: an entry contributes about t pairs at most,\n"
         "so that the tail is kept whole and the head is thinned.\n"
         "The distribution is published as a data card.\n"
         ".PP\n"
         "Results go to standard output or to the file given with \\-o; progress,\n"
         "warnings and the summary go to standard error.\n"
         "A file appears under its name only when whole.\n"
         "Options may stand anywhere among the inputs; \\-\\- ends them; \\- is\n"
         "standard input or output; of an option given twice the last one counts.\n"
         ".SH COMMANDS");
    for (const cli_command *command = commands; command->name; command++) {
        printf(".TP\n.BR metaclip\\-%s (1)\n", command->name);
        print_roff_text(command->brief);
        puts(".");
    }
    print_roff_exits();
    puts(".SH EXAMPLES");
    print_roff_example("metaclip metadata --wordnet -o metadata.json\n"
                       "metaclip curate -m metadata.json -t 20000 -o out CC-MAIN-*.warc.wat.gz\n"
                       "metaclip card --top 10 -m metadata.json out/datacard.json");
    fputs(".SH SEE ALSO\n", stdout);
    for (; commands->name; commands++)
        printf(".BR metaclip\\-%s (1)%s\n", commands->name, commands[1].name ? "," : "");
}
