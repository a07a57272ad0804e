#include "curate/counted_entries.h"

/* Appends what a line gives, if anything. */
typedef mc_status add_line_fn(mci_entry_list *list, mc_str line, mci_buf *scratch, mc_error *err);

/* Cuts the part before the next TAB off line; false if there is no TAB. */
static bool next_field(mc_str *line, mc_str *field)
{
    const char *tab = line->len ? memchr(line->data, '\t', line->len) : NULL;
    *field = (mc_str){ line->data, tab ? (size_t)(tab - line->data) : line->len };
    size_t n = field->len + (tab != NULL);
    *line = (mc_str){ line->data + n, line->len - n };
    return tab != NULL;
}

static mc_status add_counted(mci_entry_list *list, mc_str line, mci_buf *scratch, mc_error *err)
{
    mc_str entry, count;
    (void)scratch;
    bool has_count = next_field(&line, &entry);
    next_field(&line, &count);
    for (size_t i = 0; i < count.len; i++)
        has_count &= count.data[i] >= '0' && count.data[i] <= '9';
    if (!has_count || count.len == 0)
        return mc_fail(err, MC_E_FORMAT, "it is not \"entry TAB count\"");
    return mci_entry_list_add(list, entry, err);
}

static bool ends_with(mc_str text, const char *end)
{
    size_t n = strlen(end);
    return text.len >= n && memcmp(text.data + text.len - n, end, n) == 0;
}

static mc_status add_lemma(mci_entry_list *list, mc_str line, mci_buf *scratch, mc_error *err)
{
    mc_str synset, type, word;
    if (line.len == 0 || line.data[0] == '#')
        return MC_OK;
    if (!next_field(&line, &synset) || !next_field(&line, &type))
        return mc_fail(err, MC_E_FORMAT, "it is not \"synset TAB type TAB word\"");
    if (!mc_str_equal(type, mc_str_of("lemma")) && !ends_with(type, ":lemma"))
        return MC_OK;
    next_field(&line, &word);
    mci_buf_clear(scratch);
    for (size_t i = 0; i < word.len; i++)
        if (word.data[i] != '+')
            MC_TRY(mci_buf_byte(scratch, word.data[i] == '_' ? ' ' : word.data[i], err));
    word = mci_buf_str(scratch);
    while (word.len && word.data[0] == ' ')
        word = (mc_str){ word.data + 1, word.len - 1 };
    while (word.len && word.data[word.len - 1] == ' ')
        word.len--;
    return mci_entry_list_add(list, word, err);
}

static mc_status add_lines(mci_entry_list *list, const mci_entry_list *lines, add_line_fn *add,
                           mc_error *err)
{
    mci_buf scratch = { 0 };
    mc_status status = MC_OK;
    const char *at = lines->bytes.data;
    for (size_t i = 0; i < lines->n && status >= 0; i++) {
        mc_str line = { at, lines->entries[i].len };
        at += line.len + 1;
        status = add(list, line, &scratch, err);
        if (status < 0)
            mc_add_context(err, status, "line %zu", i + 1);
    }
    mci_buf_release(&scratch);
    return status;
}

static mc_status add_file(mci_entry_list *list, const char *path, add_line_fn *add, mc_error *err)
{
    mci_stream *stream = NULL;
    mci_entry_list lines = { 0 };
    MC_TRY(mci_stream_open(path, &stream, err));
    mc_status status = mci_entry_list_add_lines(&lines, stream, err);
    mci_stream_close(stream);
    if (status >= 0)
        status = add_lines(list, &lines, add, err);
    mci_entry_list_release(&lines);
    return status < 0 && status != MC_E_IO ? mc_add_context(err, status, "%s", path) : status;
}

mc_status mci_counted_add(mci_entry_list *list, const char *path, mc_error *err)
{
    return add_file(list, path, add_counted, err);
}

mc_status mci_omw_add(mci_entry_list *list, const char *path, mc_error *err)
{
    return add_file(list, path, add_lemma, err);
}
