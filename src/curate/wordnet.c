/* A line of a data file (wndb(5WN)), one a synset:
 *   offset lex_filenum ss_type w_cnt word lex_id [word lex_id...] p_cnt [ptr...] [frames...] |
 * gloss 00002684 03 n 02 object 0 physical_object 0 039 @ 00001930 n 0000 ... The licence stands
 * above them in lines that begin with two spaces. */
#include "curate/wordnet.h"

#include "io/stream.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_type(char c)
{
    return c && strchr("nvasr", c);
}

/* The first word of a synset's line; false if it is no such line. */
static bool first_lemma(mc_str line, mc_str *lemma)
{
    /* d: a digit, x: a hex digit, t: a type */
    static const char form[] = "dddddddd dd t xx ";
    enum { FORM_LEN = sizeof form - 1 };
    if (line.len <= FORM_LEN)
        return false;
    for (size_t i = 0; i < FORM_LEN; i++) {
        char c = line.data[i];
        bool fits = form[i] == 'd'   ? is_digit(c)
                    : form[i] == 'x' ? is_hex(c)
                    : form[i] == 't' ? is_type(c)
                                     : c == form[i];
        if (!fits)
            return false;
    }
    const char *word = line.data + FORM_LEN;
    const char *end = memchr(word, ' ', line.len - FORM_LEN);
    if (!end || end == word)
        return false;
    *lemma = (mc_str){ word, (size_t)(end - word) };
    return true;
}

static mc_str without_marker(mc_str lemma)
{
    static const char *const markers[] = { "(a)", "(p)", "(ip)" };
    for (size_t i = 0; i < COUNT_OF(markers); i++) {
        size_t n = strlen(markers[i]);
        if (lemma.len > n && memcmp(lemma.data + lemma.len - n, markers[i], n) == 0)
            return (mc_str){ lemma.data, lemma.len - n };
    }
    return lemma;
}

static mc_status add_name(mci_entry_list *list, mc_str lemma, mci_buf *name, mc_error *err)
{
    lemma = without_marker(lemma);
    mci_buf_clear(name);
    MC_TRY(mci_buf_add(name, lemma, err));
    char *dot = memchr(name->data, '.', name->len);
    if (dot)
        name->len = (size_t)(dot - name->data);
    for (size_t i = 0; i < name->len; i++) {
        char c = name->data[i];
        name->data[i] = c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return mci_entry_list_add(list, mci_buf_str(name), err);
}

mc_status mci_wordnet_add_lines(mci_entry_list *list, const mci_entry_list *lines, mc_error *err)
{
    mci_buf name = { 0 };
    mc_status status = MC_OK;
    const char *at = lines->bytes.data;
    for (size_t i = 0; i < lines->n && status >= 0; i++) {
        mc_str line = { at, lines->entries[i].len }, lemma;
        at += line.len + 1;
        if (line.len >= 2 && memcmp(line.data, "  ", 2) == 0)
            continue;
        status = first_lemma(line, &lemma)
                     ? add_name(list, lemma, &name, err)
                     : mc_fail(err, MC_E_FORMAT, "line %zu is no synset of WordNet", i + 1);
    }
    mci_buf_release(&name);
    return status;
}

static mc_status add_file(mci_entry_list *list, const char *path, mc_error *err)
{
    mci_stream *stream = NULL;
    mci_entry_list lines = { 0 };
    MC_TRY(mci_stream_open(path, &stream, err));
    mc_status status = mci_entry_list_add_lines(&lines, stream, err);
    mci_stream_close(stream);
    if (status >= 0)
        status = mci_wordnet_add_lines(list, &lines, err);
    mci_entry_list_release(&lines);
    if (status < 0 && status != MC_E_IO)
        mc_add_context(err, status, "%s", path);
    return status;
}

const char *mci_wordnet_file(size_t i)
{
    static const char *const files[MCI_WORDNET_FILES] = { "data.noun", "data.verb", "data.adj",
                                                          "data.adv" };
    return files[i];
}

mc_status mci_wordnet_add(mci_entry_list *list, const char *folder, mc_error *err)
{
    mci_buf path = { 0 };
    mc_status status = MC_OK;
    for (size_t i = 0; i < MCI_WORDNET_FILES && status >= 0; i++) {
        mci_buf_clear(&path);
        status = mci_buf_printf(&path, err, "%s/%s", folder, mci_wordnet_file(i));
        if (status >= 0)
            status = add_file(list, path.data, err);
    }
    mci_buf_release(&path);
    return status == MC_E_IO ? mc_add_context(err, status, "WordNet (is it installed there?)")
                             : status;
}
