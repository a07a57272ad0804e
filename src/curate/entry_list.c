#include "base/alloc.h"
#include "curate/metadata.h"

#define MAX_ENTRIES ((size_t)UINT32_MAX - 1) /* 2^32 - 2 */
#define MAX_BYTES   ((uint64_t)4 << 30)      /* of the entries and their views */

void mci_entry_list_release(mci_entry_list *list)
{
    mci_buf_release(&list->bytes);
    mci_free(list->entries);
    *list = (mci_entry_list){ 0 };
}

/* Appends bytes to the entry that is open. */
static mc_status add_piece(mci_entry_list *list, mc_str piece, mc_error *err)
{
    uint64_t held = list->bytes.len + (uint64_t)list->n * sizeof *list->entries;
    if (held > MAX_BYTES || piece.len > MAX_BYTES - held)
        return mc_fail(err, MC_E_LIMIT, "the list needs more than 4 GiB of memory");
    MC_TRY(mci_buf_add(&list->bytes, piece, err));
    list->n_open += piece.len;
    return MC_OK;
}

static mc_status end_entry(mci_entry_list *list, mc_error *err)
{
    if (list->n == MAX_ENTRIES)
        return mc_fail(err, MC_E_LIMIT, "the list has more than %zu entries", MAX_ENTRIES);
    size_t len = list->n_open;
    MC_TRY(add_piece(list, mc_str_of("\n"), err));
    void *entries = list->entries;
    MC_TRY(mci_grow(&entries, &list->cap, list->n + 1, sizeof *list->entries, err));
    list->entries = entries;
    list->entries[list->n++] = (mc_str){ NULL, len };
    list->n_open = 0;
    return MC_OK;
}

mc_status mci_entry_list_add(mci_entry_list *list, mc_str entry, mc_error *err)
{
    MC_TRY(add_piece(list, entry, err));
    return end_entry(list, err);
}

/* Ends the entry that is open, where a line ends. */
static mc_status end_line(mci_entry_list *list, mc_error *err)
{
    if (list->n_open && list->bytes.data[list->bytes.len - 1] == '\r') {
        list->bytes.len--;
        list->n_open--;
    }
    return end_entry(list, err);
}

static mc_status add_window(mci_entry_list *list, mc_str window, mc_error *err)
{
    const char *at = window.data, *end = window.data + window.len, *line_end;
    while ((line_end = memchr(at, '\n', (size_t)(end - at)))) {
        MC_TRY(add_piece(list, (mc_str){ at, (size_t)(line_end - at) }, err));
        MC_TRY(end_line(list, err));
        at = line_end + 1;
    }
    return add_piece(list, (mc_str){ at, (size_t)(end - at) }, err);
}

mc_status mci_entry_list_add_lines(mci_entry_list *list, mci_stream *stream, mc_error *err)
{
    for (;;) {
        mc_str window;
        mc_status status = mci_stream_peek(stream, 1, &window, err);
        if (status == MC_END)
            return list->n_open ? end_line(list, err) : MC_OK;
        if (status == MC_SKIPPED)
            return mc_add_context(err, MC_E_FORMAT, "damaged");
        MC_TRY(status);
        MC_TRY(add_window(list, window, err));
        mci_stream_skip(stream, window.len);
    }
}
