#include "search/search_names.h"

#include <inttypes.h>

#include "base/alloc.h"

enum { STEP = 64 };

/* Behind the line that begins at `at`: behind its LF, or at the end. */
static size_t behind_line(mc_str text, size_t at)
{
    const char *end = memchr(text.data + at, '\n', text.len - at);
    return end ? (size_t)(end - text.data) + 1 : text.len;
}

static mc_str text_of(const mci_names *names)
{
    return (mc_str){ names->map.data, names->map.n_bytes };
}

static mc_status mark_lines(mci_names *names, uint64_t n, mc_error *err)
{
    mc_str text = text_of(names);
    size_t cap = 0;
    for (size_t at = 0; at < text.len; at = behind_line(text, at), names->n++) {
        if (names->n % STEP != 0)
            continue;
        size_t i = (size_t)(names->n / STEP);
        MC_TRY(mci_grow((void **)&names->marks, &cap, i + 1, sizeof *names->marks, err));
        names->marks[i] = at;
    }
    if (names->n != n)
        return mc_fail(err, MC_E_MISMATCH,
                       "%" PRIu64 " lines for %" PRIu64
                       " rows of features; there must be one a row",
                       names->n, n);
    return MC_OK;
}

mc_status mci_names_open(const char *path, uint64_t n, mci_names *out, mc_error *err)
{
    mci_names names = { 0 };
    MC_TRY(mci_map_file(path, &names.map, err));
    mc_status status = mark_lines(&names, n, err);
    if (status < 0) {
        mci_names_close(&names);
        return mc_add_context(err, status, "%s", path);
    }
    *out = names;
    return MC_OK;
}

void mci_names_close(mci_names *names)
{
    mci_free(names->marks);
    mci_unmap_file(&names->map);
    *names = (mci_names){ 0 };
}

mc_str mci_names_at(const mci_names *names, uint64_t i)
{
    if (i >= names->n)
        return (mc_str){ 0 };
    mc_str text = text_of(names);
    size_t at = names->marks[i / STEP];
    for (uint64_t line = i / STEP * STEP; line < i; line++)
        at = behind_line(text, at);
    size_t end = behind_line(text, at);
    if (text.data[end - 1] == '\n')
        end--;
    return (mc_str){ text.data + at, end - at };
}
