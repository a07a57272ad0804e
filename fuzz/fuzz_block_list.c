/* Any bytes as a block list: every line that is taken reads the same in its plain form, and is
 * blocked; the plain forms, in another order, are the same list. And any bytes as a url. */
#include <stdlib.h>

#include "base/utf8.h"
#include "curate/block_list.h"

static void expect(bool truth)
{
    if (!truth)
        abort();
}

/* "KIND:ITEM" */
static void add_plain(const mci_block_item *item, mci_buf *out)
{
    expect(mci_buf_printf(out, NULL, "%s:", mci_block_kind_name(item->kind)) == MC_OK);
    expect(mci_buf_add(out, item->text, NULL) == MC_OK);
}

static void check_blocked(const mci_block_list *list, const mci_block_item *item)
{
    mc_record record = { 0 };
    mci_buf url = { 0 };
    if (item->kind == MCI_BLOCK_UUID) {
        record.uuid = item->text;
    } else if (item->kind == MCI_BLOCK_URL) {
        record.url = item->text;
    } else {
        expect(mci_buf_printf(&url, NULL, "x://u@%s", item->host.is_address ? "" : "a.") == MC_OK);
        expect(mci_buf_add(&url, item->text, NULL) == MC_OK);
        expect(mci_buf_add(&url, mc_str_of(".:1/"), NULL) == MC_OK);
        record.url = mci_buf_str(&url);
        if (item->text.data[0] == '[') /* nothing may follow the bracket but a port */
            url.data[url.len - 4] = ':';
    }
    expect(mci_block_list_has(list, &record, NULL));
    mci_buf_release(&url);
}

/* The lines from the last to the first, each that means something in its plain form. */
static void each_backwards(mc_str text, const mci_block_list *list, mci_buf *plain)
{
    while (text.len > 0) {
        const char *start = text.data + text.len - (text.data[text.len - 1] == '\n');
        size_t end = (size_t)(start - text.data);
        while (start > text.data && start[-1] != '\n')
            start--;
        mc_str line = { start, end - (size_t)(start - text.data) };
        text.len = (size_t)(start - text.data);
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        if (text.len == 0 && line.len >= 3 && memcmp(line.data, "\xEF\xBB\xBF", 3) == 0)
            line = (mc_str){ line.data + 3, line.len - 3 };
        mci_block_item item, again;
        if (mci_block_line_parse(line, &item, NULL) != MC_OK)
            continue;
        size_t from = plain->len;
        add_plain(&item, plain);
        mc_str said = { plain->data + from, plain->len - from };
        expect(mci_block_line_parse(said, &again, NULL) == MC_OK);
        expect(again.kind == item.kind && mc_str_equal(again.text, item.text));
        check_blocked(list, &item);
        expect(mci_buf_add(plain, mc_str_of("\r\n"), NULL) == MC_OK);
    }
}

static mc_status parse(mc_str text, mci_block_list **out, mc_error *err)
{
    mci_stream *stream = NULL;
    *out = NULL;
    expect(mci_stream_open_bytes(text, &stream, NULL) == MC_OK);
    mc_status status = mci_block_list_parse(stream, out, err);
    mci_stream_close(stream);
    return status;
}

/* A packed list is not a row of lines to us; that it is taken or refused is enough. */
static bool is_packed(mc_str text)
{
    return text.len >= 2 && (memcmp(text.data, "\x1F\x8B", 2) == 0 ||
                             (text.len >= 4 && ((unsigned char)text.data[3] == 0x18 ||
                                                (unsigned char)text.data[3] == 0xFD)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_str text = { (const char *)data, size };
    mc_error err = { 0 };
    mci_block_list *list, *again;
    mci_host host;
    if (mci_host_of_url(text, &host))
        expect(host.len > 0 && host.len <= MCI_MAX_HOST_BYTES);
    mc_status status = parse(text, &list, &err);
    expect(status == MC_OK || (status == MC_E_FORMAT && err.text[0] && !list));
    if (status == MC_OK && !is_packed(text)) {
        mci_buf plain = { 0 };
        each_backwards(text, list, &plain);
        expect(mci_utf8_valid(mci_buf_str(&plain)));
        expect(parse(mci_buf_str(&plain), &again, NULL) == MC_OK);
        expect(strcmp(mci_block_list_sha256(list), mci_block_list_sha256(again)) == 0);
        mci_block_list_free(again);
        mci_buf_release(&plain);
    }
    mci_block_list_free(list);
    return 0;
}
