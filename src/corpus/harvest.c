#include "corpus/harvest.h"

#include <stdio.h>

#include "base/alloc.h"
#include "corpus/harvest_internal.h"

mc_status mci_harvester_new(const mci_harvest_rule *rule, const mci_letters *letters,
                            const char *language, bool folds, uint64_t memory_bytes,
                            mci_harvester **out, mc_error *err)
{
    mci_harvester *h = mci_alloc_zeroed(1, sizeof *h);
    if (!h)
        return mci_nomem(err, sizeof *h);
    h->rule = rule;
    h->letters = letters;
    mc_status status = mci_count_table_new(memory_bytes, &h->table, err);
    if (status >= 0)
        status = mci_wiki_xml_new(&h->xml, err);
    if (status >= 0)
        status = mci_tokenizer_new(letters, language, folds, &h->tokenizer, err);
    if (status >= 0)
        *out = h;
    else
        mci_harvester_free(h);
    return status;
}

void mci_harvester_free(mci_harvester *h)
{
    if (!h)
        return;
    mci_count_table_free(h->table);
    mci_tokenizer_free(h->tokenizer);
    mci_wiki_xml_free(h->xml);
    mci_wikitext_release(&h->wikitext);
    mci_buf_release(&h->prose);
    mci_buf_release(&h->scratch);
    mci_free(h);
}

mci_count_table *mci_harvester_table(mci_harvester *h)
{
    return h->table;
}

void mci_harvester_settle(mci_harvester *h, mc_corpus_summary *sum)
{
#define X(name, text) sum->name += h->seen.name;
    MC_CORPUS_COUNTERS(X)
#undef X
    for (size_t i = 0; i < h->seen.n_problems && sum->n_problems < MC_MAX_CORPUS_PROBLEMS; i++)
        memcpy(sum->problems[sum->n_problems++], h->seen.problems[i], sizeof sum->problems[0]);
    h->seen = (mc_corpus_summary){ 0 };
}

void mci_harvest_note(mci_harvester *h, const char *name, const char *what)
{
    if (h->seen.n_problems < MC_MAX_CORPUS_PROBLEMS)
        snprintf(h->seen.problems[h->seen.n_problems++], sizeof h->seen.problems[0], "%s: %s", name,
                 what);
}

void mci_harvest_release(mci_harvest *harvest)
{
    mci_piece_release(&harvest->piece);
}

/* ---- decoding ---- */

static void begin_section(mci_harvest *harvest, size_t at, bool is_after_gap)
{
    mci_section *last = harvest->n_sections ? &harvest->sections[harvest->n_sections - 1] : NULL;
    if (last)
        last->to = at;
    if (last && last->from == at) /* nothing came between two gaps */
        harvest->n_sections--;
    mci_section *section = &harvest->sections[harvest->n_sections++];
    *section = (mci_section){ .from = at, .is_after_gap = is_after_gap };
}

static mc_status decode(mci_harvester *h, mci_harvest *harvest, const char *name, mc_error *err)
{
    mci_piece *piece = &harvest->piece;
    harvest->n_sections = 0;
    begin_section(harvest, 0, piece->gap.status == MC_SKIPPED);
    if (piece->gap.status == MC_SKIPPED) {
        h->seen.gaps++;
        mci_harvest_note(h, name, piece->gap.text);
    }
    for (size_t i = 0; piece->is_span && i < piece->span.n_blocks; i++) {
        mc_error why = { 0 };
        mc_status status = mci_bzip2_decode(&piece->span, i, &h->scratch, &piece->text, &why);
        if (status < 0)
            return mc_fail(err, status, "%s", why.text);
        if (status == MC_SKIPPED) {
            h->seen.gaps++;
            mci_harvest_note(h, name, why.text);
            begin_section(harvest, piece->text.len, true);
        }
    }
    harvest->sections[harvest->n_sections - 1].to = piece->text.len;
    h->seen.text_bytes += piece->text.len;
    return MC_OK;
}

/* ---- pages ---- */

static mc_str part_of(const mci_harvest *harvest, size_t from, size_t to)
{
    return (mc_str){ harvest->piece.text.len ? harvest->piece.text.data + from : NULL, to - from };
}

/* Counts the whole pages of text; gives how much of its start belongs to what is before it, and
 * where the page begins that does not end in it. */
static mc_status take_pages(mci_harvester *h, mc_str text, const char *name, mc_str hidden,
                            size_t *first, size_t *open, mc_error *err)
{
    size_t at = 0;
    *first = SIZE_MAX;
    for (;;) {
        size_t end, begin;
        mc_str rest = { text.data + at, text.len - at };
        begin = text.len ? mci_wiki_find_page(rest, &end) : 0;
        if (begin == rest.len)
            break;
        if (*first == SIZE_MAX)
            *first = at + begin;
        if (end == 0) {
            *open = at + begin;
            return MC_OK;
        }
        MC_TRY(mci_harvest_page(h, (mc_str){ rest.data + begin, end - begin }, name, hidden, err));
        at += end;
    }
    if (*first == SIZE_MAX)
        *first = text.len;
    /* the last bytes may be the start of "<page" */
    *open = text.len - at < 5 ? at : text.len - 5;
    if (*first == text.len)
        *open = text.len;
    return MC_OK;
}

/* ---- lines ---- */

static mc_status take_lines(mci_harvester *h, mc_str text, const char *name, size_t *first,
                            size_t *open, mc_error *err)
{
    const char *begin = text.len ? memchr(text.data, '\n', text.len) : NULL;
    const char *end = text.len ? memrchr(text.data, '\n', text.len) : NULL;
    *first = begin ? (size_t)(begin - text.data) + 1 : text.len;
    *open = end ? (size_t)(end - text.data) + 1 : text.len;
    if (*open <= *first)
        return MC_OK;
    return mci_harvest_lines(h, (mc_str){ text.data + *first, *open - *first }, name, err);
}

/* ---- a piece ---- */

mc_status mci_harvest_work(mci_harvester *h, mci_harvest *harvest, const char *name, mc_error *err)
{
    mc_str hidden = mci_buf_str(&harvest->piece.hidden);
    MC_TRY(decode(h, harvest, name, err));
    for (size_t i = 0; i < harvest->n_sections; i++) {
        mci_section *section = &harvest->sections[i];
        mc_str text = part_of(harvest, section->from, section->to);
        size_t first = 0, open = 0;
        if (harvest->piece.is_xml)
            MC_TRY(take_pages(h, text, name, hidden, &first, &open, err));
        else
            MC_TRY(take_lines(h, text, name, &first, &open, err));
        section->head_end = section->from + first;
        section->tail_from = section->from + open;
    }
    return mci_count_flush(h->table, err);
}

/* ---- stitching ---- */

static mc_status drop_carry(mci_harvester *h, const char *name, bool is_xml, mci_buf *carry,
                            const char *why, mc_error *err)
{
    size_t end;
    mc_str text = mci_buf_str(carry);
    if (is_xml && text.len && mci_wiki_find_page(text, &end) < text.len) {
        h->seen.pages_read++;
        h->seen.pages_damaged++;
        mci_harvest_note(h, name, why);
    }
    if (!is_xml && text.len) /* a line without its end is a line */
        MC_TRY(mci_harvest_lines(h, text, name, err));
    mci_buf_clear(carry);
    return MC_OK;
}

/* Counts what is whole in carry and keeps the rest. */
static mc_status take_carry(mci_harvester *h, const mci_harvest *harvest, const char *name,
                            mci_buf *carry, mc_error *err)
{
    size_t first = 0, open = 0;
    mc_str text = mci_buf_str(carry);
    if (harvest->piece.is_xml) {
        MC_TRY(take_pages(h, text, name, mci_buf_str(&harvest->piece.hidden), &first, &open, err));
        if (first == text.len)
            open = text.len < 5 ? 0 : text.len - 5;
    } else {
        const char *end = text.len ? memrchr(text.data, '\n', text.len) : NULL;
        open = end ? (size_t)(end - text.data) + 1 : 0;
        if (open)
            MC_TRY(mci_harvest_lines(h, (mc_str){ text.data, open }, name, err));
    }
    if (carry->len > open)
        memmove(carry->data, carry->data + open, carry->len - open);
    carry->len -= open;
    return MC_OK;
}

/* What is too long to be held is passed over (a page) or cut (a line). */
static mc_status bound_carry(mci_harvester *h, const char *name, bool is_xml, mci_buf *carry,
                             mc_error *err)
{
    if (carry->len <= h->rule->max_page_bytes)
        return MC_OK;
    if (!is_xml)
        mci_harvest_note(h, name, "a line is too long and was cut");
    return drop_carry(h, name, is_xml, carry, "a page is longer than --max-record-bytes", err);
}

static mc_status stitch_section(mci_harvester *h, const mci_harvest *harvest,
                                const mci_section *section, const char *name, mci_buf *carry,
                                mc_error *err)
{
    bool is_xml = harvest->piece.is_xml;
    if (section->is_after_gap)
        MC_TRY(drop_carry(h, name, is_xml, carry, "damage cuts a page", err));
    mc_str head = part_of(harvest, section->from, section->head_end);
    mc_str tail = part_of(harvest, section->tail_from, section->to);
    if (head.len) {
        /* A line that damage cuts is not whole. */
        bool is_torn = section->is_after_gap && section->from < section->head_end && !is_xml;
        if (!is_torn)
            MC_TRY(mci_buf_add(carry, head, err));
        MC_TRY(take_carry(h, harvest, name, carry, err));
    }
    if (section->head_end < section->to) {
        MC_TRY(drop_carry(h, name, is_xml, carry, "a page is not closed", err));
        if (tail.len)
            MC_TRY(mci_buf_add(carry, tail, err));
    }
    return bound_carry(h, name, is_xml, carry, err);
}

mc_status mci_harvest_stitch(mci_harvester *h, const mci_harvest *harvest, const char *name,
                             mci_buf *carry, mc_error *err)
{
    for (size_t i = 0; i < harvest->n_sections; i++)
        MC_TRY(stitch_section(h, harvest, &harvest->sections[i], name, carry, err));
    if (harvest->piece.is_end)
        MC_TRY(
            drop_carry(h, name, harvest->piece.is_xml, carry, "the file ends inside a page", err));
    return mci_count_flush(h->table, err);
}
