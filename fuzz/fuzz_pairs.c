/* A line of pairs: what is read and written is read again without repair, and written the same; the
 * quick reader gives what the parser gives, or nothing. */
#include <stdlib.h>

#include "base/utf8.h"
#include "io/pairs_internal.h"

static void expect(bool truth)
{
    if (!truth)
        abort();
}

/* What is found in extra without parsing is what parsing finds. */
static void check_extra(mci_json *json, mc_str extra, mci_buf *braced)
{
    static const char *const names[] = { "source", "page_url", "a", "" };
    mci_json_value root, member;
    mci_buf_clear(braced);
    expect(mci_buf_printf(braced, NULL, "{") == MC_OK);
    expect(mci_buf_add(braced, extra, NULL) == MC_OK);
    expect(mci_buf_byte(braced, '}', NULL) == MC_OK);
    expect(mci_json_parse(json, mci_buf_str(braced), &root, NULL, NULL) == MC_OK);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        expect(mci_extra_has(extra, names[i]) == mci_json_get(root, names[i], &member));
}

static void check_scan(mci_json *json, mci_buf *scratch, mc_str line)
{
    mci_buf scanned = { 0 }, read = { 0 };
    mci_arena arena = { 0 };
    mc_record record;
    uint64_t n_replaced = 0, n_empty = 0;
    if (mci_pairs_scan(line, &arena, &record, NULL) == MC_OK) {
        expect(mci_pairs_format(&record, &scanned, NULL) == MC_OK);
        expect(mci_pairs_read(json, scratch, line, &arena, &record, &n_replaced, &n_empty, NULL) ==
               MC_OK);
        expect(mci_pairs_format(&record, &read, NULL) == MC_OK);
        expect(n_replaced == 0 && n_empty == 0);
        expect(mc_str_equal(mci_buf_str(&scanned), mci_buf_str(&read)));
    }
    mci_buf_release(&scanned);
    mci_buf_release(&read);
    mci_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mci_json *json = NULL;
    if (mci_json_new(&json, NULL) != MC_OK)
        return 0;
    mci_buf scratch = { 0 }, first = { 0 }, second = { 0 };
    mci_arena arena = { 0 };
    mc_record record;
    mc_error err = { 0 };
    uint64_t n_replaced = 0, n_empty = 0;
    mc_str line = { (const char *)data, size };
    check_scan(json, &scratch, line);
    mc_status status =
        mci_pairs_parse(json, &scratch, line, &arena, &record, &n_replaced, &n_empty, &err);
    expect(status == MC_OK || (status == MC_SKIPPED && err.text[0]));
    if (status == MC_OK) {
        check_extra(json, record.extra, &second);
        mci_buf_clear(&second);
        expect(mci_pairs_format(&record, &first, &err) == MC_OK);
        expect(mci_utf8_valid(mci_buf_str(&first)));
        expect(memchr(first.data, '\n', first.len) == first.data + first.len - 1);
        n_replaced = n_empty = 0;
        expect(mci_pairs_parse(json, &scratch, mci_buf_str(&first), &arena, &record, &n_replaced,
                               &n_empty, &err) == MC_OK);
        expect(n_replaced == 0 && n_empty == 0);
        expect(mci_pairs_format(&record, &second, &err) == MC_OK);
        expect(mc_str_equal(mci_buf_str(&first), mci_buf_str(&second)));
    }
    mci_buf_release(&scratch);
    mci_buf_release(&first);
    mci_buf_release(&second);
    mci_arena_release(&arena);
    mci_json_free(json);
    return 0;
}
