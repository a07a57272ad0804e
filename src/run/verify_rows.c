#include "run/verify_rows.h"

#include "base/alloc.h"
#include "io/pairs.h"
#include "io/parquet.h"

/* ---- what should be there ---- */

static mc_status format_pair(const mc_record *record, size_t text, mci_buf *out, mc_error *err)
{
    mc_record one = *record;
    one.texts = &record->texts[text];
    one.n_texts = 1;
    return mci_pairs_format(&one, out, err);
}

mc_status mci_format_pairs(mci_batch *batch, mc_error *err)
{
    for (size_t i = 0; i < batch->list.n; i++) {
        const mc_record *record = &batch->list.records[i];
        for (size_t j = 0; j < record->n_texts; j++)
            MC_TRY(format_pair(record, j, &batch->out, err));
        batch->n.records_kept += record->n_texts > 0;
        batch->n.pairs_kept += record->n_texts;
    }
    return MC_OK;
}

/* ---- what is there ---- */

struct mci_pair_lines {
    mci_rows rows;
    mci_json *json;
    mci_buf row, scratch, line;
    mci_arena arena; /* of the record */
    mc_record record;
    size_t next_text; /* of the record */
};

mc_status mci_pair_lines_open(const char *path, mci_pair_lines **out, mc_error *err)
{
    mci_pair_lines *lines = mci_alloc_zeroed(1, sizeof *lines);
    if (!lines)
        return mci_nomem(err, sizeof *lines);
    mc_status status = mci_json_new(&lines->json, err);
    if (status >= 0) {
        status = mci_parquet_open(path, &lines->rows, err);
        if (status < 0)
            mc_add_context(err, status, "%s", path);
    }
    if (status < 0)
        mci_pair_lines_close(lines);
    else
        *out = lines;
    return status;
}

void mci_pair_lines_close(mci_pair_lines *lines)
{
    if (!lines)
        return;
    if (lines->rows.close)
        lines->rows.close(lines->rows.self);
    mci_json_free(lines->json);
    mci_arena_release(&lines->arena);
    mci_buf_release(&lines->row);
    mci_buf_release(&lines->scratch);
    mci_buf_release(&lines->line);
    mci_free(lines);
}

static mc_status next_record(mci_pair_lines *lines, mc_error *err)
{
    uint64_t offset, n_replaced = 0, n_empty = 0;
    lines->record.n_texts = lines->next_text = 0;
    mci_arena_reset(&lines->arena);
    mc_status status = lines->rows.next(lines->rows.self, &lines->row, &offset, err);
    if (status != MC_OK)
        return status;
    return mci_pairs_parse(lines->json, &lines->scratch, mci_buf_str(&lines->row), &lines->arena,
                           &lines->record, &n_replaced, &n_empty, err);
}

mc_status mci_pair_lines_peek(mci_pair_lines *lines, mc_str *line, mc_error *err)
{
    while (lines->next_text == lines->record.n_texts) {
        mc_status status = next_record(lines, err);
        if (status != MC_OK)
            return status;
    }
    if (lines->line.len == 0)
        MC_TRY(format_pair(&lines->record, lines->next_text, &lines->line, err));
    *line = mci_buf_str(&lines->line);
    return MC_OK;
}

void mci_pair_lines_pass(mci_pair_lines *lines)
{
    mci_buf_clear(&lines->line);
    lines->next_text++;
}
