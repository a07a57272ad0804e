#include "lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opts.h"
#include "report.h"

static int no_memory(cli *c)
{
    mc_error err = { 0 };
    return cli_fail(c, mc_fail(&err, MC_E_NOMEM, "out of memory"), &err);
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Cuts the text, which has len bytes, at `mark`. */
static int cut(cli *c, char *text, size_t len, char mark, cli_lines *out)
{
    size_t most = 1;
    for (size_t i = 0; i < len; i++)
        most += text[i] == mark;
    *out = (cli_lines){ .items = malloc(most * sizeof *out->items), .text = text };
    if (!out->items) {
        cli_lines_release(out);
        return no_memory(c);
    }
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, mark, len - at);
        size_t next = end ? (size_t)(end - text) + 1 : len + 1, last = next - 1;
        while (at < last && is_space(text[at]))
            at++;
        while (last > at && is_space(text[last - 1]))
            last--;
        if (last > at)
            out->items[out->n++] = (mc_str){ text + at, last - at };
        at = next;
    }
    return CLI_GO;
}

int cli_lines_cut(cli *c, const char *text, cli_lines *out)
{
    const size_t len = strlen(text);
    char *copy = malloc(len + 1);
    if (!copy)
        return no_memory(c);
    memcpy(copy, text, len + 1);
    return cut(c, copy, len, ',', out);
}

static int fail_path(cli *c, const char *path)
{
    mc_error err = { 0 };
    return cli_fail(c, mc_fail(&err, MC_E_IO, "%s: %s", path, strerror(errno)), &err);
}

static char *read_all(FILE *file, size_t *len)
{
    size_t cap = 1 << 16, n = 0, got;
    char *text = malloc(cap);
    while (text && (got = fread(text + n, 1, cap - n, file)) > 0) {
        n += got;
        if (n < cap)
            continue;
        char *larger = realloc(text, cap *= 2);
        if (!larger)
            free(text);
        text = larger;
    }
    *len = n;
    return text;
}

int cli_lines_read(cli *c, const char *path, cli_lines *out)
{
    size_t len;
    FILE *file = fopen(path, "rb");
    if (!file)
        return fail_path(c, path);
    char *text = read_all(file, &len);
    const bool failed = ferror(file) != 0;
    fclose(file);
    if (text && failed) {
        free(text);
        return fail_path(c, path);
    }
    return text ? cut(c, text, len, '\n', out) : no_memory(c);
}

void cli_lines_release(cli_lines *lines)
{
    free(lines->items);
    free(lines->text);
    *lines = (cli_lines){ 0 };
}
