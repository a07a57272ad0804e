#include "text/bpe_vocab.h"

#include "base/alloc.h"
#include "text/bpe_builder.h"

mc_str mci_bpe_symbol_name(const mci_bpe_vocab *vocab, uint32_t symbol)
{
    uint64_t start = symbol ? vocab->name_ends[symbol - 1] : 0;
    return (mc_str){ vocab->names.data + start, (size_t)(vocab->name_ends[symbol] - start) };
}

void mci_bpe_vocab_free(mci_bpe_vocab *vocab)
{
    if (!vocab)
        return;
    mci_buf_release(&vocab->names);
    mci_free(vocab->name_ends);
    mci_free(vocab->ids);
    mci_free(vocab->merges);
    mci_free(vocab->id_symbol);
    mci_free(vocab);
}

/* ---- lines ---- */

/* Takes the next line, without its LF, from *rest. False at the end; what is behind the last LF is
 * a line too, even if there is nothing. */
static bool take_line(mc_str *rest, mc_str *line)
{
    if (!rest->data)
        return false;
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    *line = (mc_str){ rest->data, end ? (size_t)(end - rest->data) : rest->len };
    *rest = end ? (mc_str){ end + 1, rest->len - line->len - 1 } : (mc_str){ NULL, 0 };
    return true;
}

/* "a b": two names with one space between (and perhaps a CR behind). */
static bool split_pair(mc_str line, mc_str *left, mc_str *right)
{
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    const char *space = line.len ? memchr(line.data, ' ', line.len) : NULL;
    if (!space)
        return false;
    *left = (mc_str){ line.data, (size_t)(space - line.data) };
    *right = (mc_str){ space + 1, line.len - left->len - 1 };
    return left->len && right->len && !memchr(right->data, ' ', right->len);
}

static mc_status fail_line(mc_error *err, size_t number, mc_str line)
{
    return mc_fail(err, MC_E_FORMAT, "line %zu is \"%.*s\", not two symbols with a space between",
                   number, line.len > 60 ? 60 : (int)line.len, line.len ? line.data : "");
}

static bool is_blank(mc_str line)
{
    return line.len == 0 || (line.len == 1 && line.data[0] == '\r');
}

/* ---- OpenAI's file ---- */

static mc_status add_base(mci_bpe_builder *builder, const char *behind, mc_error *err)
{
    for (unsigned place = 0; place < MCI_N_BYTES; place++) {
        char name[MCI_NAME_BYTES + sizeof MCI_WORD_END];
        size_t len = mci_bpe_byte_name(mci_bpe_byte_at(place), name);
        memcpy(name + len, behind, strlen(behind));
        MC_TRY(mci_bpe_builder_next_id(builder, (mc_str){ name, len + strlen(behind) }, err));
    }
    return MC_OK;
}

static mc_status add_lines(mci_bpe_builder *builder, mc_str file, mc_error *err)
{
    mc_str line, left, right;
    take_line(&file, &line); /* the heading */
    for (size_t n = 0; n < MCI_CLIP_MERGES && take_line(&file, &line); n++) {
        if (is_blank(line) && !file.data) /* the last */
            MC_TRY(mci_bpe_builder_skip_id(builder, err));
        else if (!split_pair(line, &left, &right))
            return fail_line(err, n + 2, line);
        else
            MC_TRY(mci_bpe_builder_merge_next_id(builder, left, right, err));
    }
    return MC_OK;
}

mc_status mci_bpe_vocab_parse(mc_str file, mci_bpe_vocab **out, mc_error *err)
{
    mci_bpe_builder *builder = NULL;
    if (file.len == 0)
        return mc_fail(err, MC_E_FORMAT, "the vocabulary is empty");
    MC_TRY(mci_bpe_builder_new(file, &builder, err));
    mc_status status = add_base(builder, "", err);
    if (status >= 0)
        status = add_base(builder, MCI_WORD_END, err);
    if (status >= 0)
        status = add_lines(builder, file, err);
    if (status >= 0)
        status = mci_bpe_builder_next_specials(builder, err);
    if (status >= 0)
        status = mci_bpe_builder_finish(builder, out, err);
    mci_bpe_builder_free(builder);
    return status;
}

/* ---- Hugging Face's files ---- */

mc_status mci_bpe_vocab_new(const mci_bpe_parts *parts, mci_bpe_vocab **out, mc_error *err)
{
    mci_bpe_builder *builder = NULL;
    /* The seed may as well depend on one name: whoever can choose names could choose them all. */
    mc_str seed = parts->n_names ? parts->names[parts->n_names - 1] : (mc_str){ NULL, 0 };
    MC_TRY(mci_bpe_builder_new(seed, &builder, err));
    mc_status status = MC_OK;
    for (size_t i = 0; i < parts->n_names && status >= 0; i++)
        status = mci_bpe_builder_give_id(builder, parts->names[i], parts->ids[i], err);
    for (size_t i = 0; i < parts->n_merges && status >= 0; i++) {
        status = mci_bpe_builder_merge_known(builder, parts->lefts[i], parts->rights[i], err);
        if (status < 0)
            mc_add_context(err, status, "merge %zu", i + 1);
    }
    if (status >= 0)
        status = mci_bpe_builder_known_specials(builder, err);
    if (status >= 0)
        status = mci_bpe_builder_finish(builder, out, err);
    mci_bpe_builder_free(builder);
    return status;
}

static size_t count_lines(mc_str file)
{
    size_t n = 1;
    for (size_t i = 0; i < file.len; i++)
        n += file.data[i] == '\n';
    return n;
}

static mc_status split_lines(mc_str file, mc_str *lefts, mc_str *rights, size_t *n, mc_error *err)
{
    static const char heading[] = "#version";
    mc_str line;
    size_t number = 0;
    *n = 0;
    while (take_line(&file, &line)) {
        number++;
        if (number == 1 && line.len >= strlen(heading) &&
            memcmp(line.data, heading, strlen(heading)) == 0)
            continue;
        if (is_blank(line) && !file.data)
            continue;
        if (!split_pair(line, &lefts[*n], &rights[*n]))
            return fail_line(err, number, line);
        ++*n;
    }
    return MC_OK;
}

mc_status mci_bpe_split_merges(mc_str file, mc_str **lefts, mc_str **rights, size_t *n,
                               mc_error *err)
{
    size_t n_lines = count_lines(file);
    mc_str *left = mci_alloc_zeroed(n_lines, sizeof *left);
    mc_str *right = mci_alloc_zeroed(n_lines, sizeof *right);
    mc_status status = left && right ? split_lines(file, left, right, n, err)
                                     : mci_nomem(err, 2 * n_lines * sizeof *left);
    if (status < 0) {
        mci_free(left);
        mci_free(right);
        return status;
    }
    *lefts = left;
    *rights = right;
    return MC_OK;
}
