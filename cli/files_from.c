#include "files_from.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const cli *c, const char *reason)
{
    fprintf(stderr, "metaclip %s: %s: cannot read names of inputs from it: %s\n", c->command->name,
            c->files_from, reason);
    return CLI_FAILED;
}

/* The whole file with a NUL behind it; NULL, with errno, if that fails. */
static char *read_text(FILE *file, size_t *n)
{
    char *text = NULL;
    size_t cap = 0;
    *n = 0;
    do {
        if (*n + 1 >= cap) {
            cap = cap ? 2 * cap : 1 << 16;
            char *grown = realloc(text, cap);
            if (!grown) {
                free(text);
                return NULL;
            }
            text = grown;
        }
        *n += fread(text + *n, 1, cap - *n - 1, file);
    } while (!feof(file) && !ferror(file));
    text[*n] = '\0';
    if (!ferror(file))
        return text;
    free(text);
    return NULL;
}

/* Ends each line with NUL, and notes where those that hold something begin. */
static size_t cut_lines(char *text, size_t n, const char **lines)
{
    size_t n_lines = 0;
    for (char *at = text, *end = text + n; at < end;) {
        char *behind = memchr(at, '\n', (size_t)(end - at));
        if (!behind)
            behind = end;
        *behind = '\0';
        if (behind > at && behind[-1] == '\r')
            behind[-1] = '\0';
        if (*at)
            lines[n_lines++] = at;
        at = behind + 1;
    }
    return n_lines;
}

int cli_add_files(cli *c, size_t n, size_t *n_all)
{
    bool is_stdin = strcmp(c->files_from, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(c->files_from, "r");
    if (!file)
        return fail(c, strerror(errno));
    size_t n_bytes, n_most = 1;
    char *text = c->input_text = read_text(file, &n_bytes);
    if (!is_stdin)
        fclose(file);
    if (!text)
        return fail(c, strerror(errno));
    for (size_t i = 0; i < n_bytes; i++)
        n_most += text[i] == '\n';
    c->inputs = malloc((n + n_most) * sizeof *c->inputs);
    if (!c->inputs)
        return fail(c, "out of memory");
    memcpy(c->inputs, c->words, n * sizeof *c->inputs);
    *n_all = n + cut_lines(text, n_bytes, c->inputs + n);
    return CLI_GO;
}

void cli_free_files(cli *c)
{
    free(c->inputs);
    free(c->input_text);
}
