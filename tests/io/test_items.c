#include "io/items.h"

#include "base/buf.h"
#include "io/stream_internal.h"
#include "test.h"

/* Everything that comes out, as "<offset:item>", "!" for an item skipped; the last error's text
 * stays in err. The stream delivers `piece` bytes at a time. */
static void read_all(mc_str bytes, size_t piece, uint64_t max, mci_buf *shown, mc_error *err)
{
    mci_stream *stream = NULL;
    mci_items *items = NULL;
    mci_buf_clear(shown);
    assert_ok(mci_stream_open_pieces(bytes, piece, &stream, err), *err);
    assert_ok(mci_items_open(stream, max, &items, err), *err);
    for (;;) {
        mc_str item;
        uint64_t offset;
        mc_status status = mci_items_next(items, &item, &offset, err);
        if (status == MC_END)
            break;
        assert_true(status >= 0);
        if (status == MC_SKIPPED)
            mci_buf_byte(shown, '!', NULL);
        else
            mci_buf_printf(shown, NULL, "<%d:%.*s>", (int)offset, (int)item.len, item.data);
    }
    mc_str item;
    uint64_t offset;
    assert_int_equal(mci_items_next(items, &item, &offset, NULL), MC_END); /* and stays there */
    mci_items_close(items);
    mci_stream_close(stream);
}

static const struct {
    const char *name, *bytes, *want, *says;
} cases[] = {
    { "nothing", "", "", NULL },
    { "only space", " \r\n\t\n", "", NULL },
    { "a mark and nothing", "\xEF\xBB\xBF", "", NULL },
    { "one line without an end", "{}", "<0:{}>", NULL },
    { "lines", "{}\n7\n\"x\"\n", "<0:{}><3:7><5:\"x\">", NULL },
    { "CR LF", "{}\r\n7\r\n", "<0:{}><4:7>", NULL },
    { "a CR inside stays", "a\rb\r\r\n", "<0:a\rb\r>", NULL },
    { "blank lines", "\n\r\n{}\n \t\n\n7\n\n", "<3:{}><10:7>", NULL },
    { "a byte order mark", "\xEF\xBB\xBF{}\n", "<3:{}>", NULL },
    { "only one, and at the start", "\xEF\xBB\xBF\xEF\xBB\xBF{}\n", "<3:\xEF\xBB\xBF{}>", NULL },
    { "space in lines stays", "a \n b\n", "<0:a ><3: b>", NULL },
    { "a line too long", "a\n0123456789\nb\n", "<0:a>!<13:b>", "offset 2: a line of more than 9" },
    { "a line just short enough", "012345678\r\nb", "<0:012345678><11:b>", NULL },
    { "a last line too long", "a\n0123456789", "<0:a>!", "offset 2: a line of more than 9 bytes" },
    { "blanks too long", "a\n          \nb", "<0:a>!<13:b>", "more than 9" },

    { "an empty array", "[]", "", NULL },
    { "an array", " [1, \"a,]\\\"\" ,{\"b\":[2]}\n,[[]]\t] \n",
      "<2:1><5:\"a,]\\\"\"><14:{\"b\":[2]}><25:[[]]>", NULL },
    { "behind a mark", "\xEF\xBB\xBF\n[true]", "<5:true>", NULL },
    { "brackets in strings", "[\"[\",{\"}\":\"{\"}]", "<1:\"[\"><5:{\"}\":\"{\"}>", NULL },
    { "an escaped escape", "[\"\\\\\",2]", "<1:\"\\\\\"><6:2>", NULL },
    { "elements are not looked into", "[x y]", "<1:x>!", "offset 3: the array is broken" },
    { "nor brackets told apart", "[{]]", "<1:{]>", NULL },
    { "an element too long", "[1,\"0123456789\",{\"a\":\"0123456\"},2]", "<1:1>!!<32:2>",
      "an element of more than 9 bytes" },
    { "one just short enough", "[012345678,012345678]", "<1:012345678><11:012345678>", NULL },
    { "a word too long", "[0123456789 ,2]", "!<13:2>", "offset 1: an element of more than 9" },
    { "cut at once", "[", "!", "offset 1: the array is cut" },
    { "cut behind an element", "[1", "!", "the array is cut" },
    { "cut behind a comma", "[1,", "<1:1>!", "offset 3: the array is cut" },
    { "cut in an element", "[1,{\"a\":", "<1:1>!", "the array is cut" },
    { "cut in a long element", "[1,{\"a\":\"01234567890", "<1:1>!", "the array is cut" },
    { "a comma too many", "[1,]2", "<1:1>!",
      "offset 3: the array is broken: an element is missing" },
    { "two commas", "[1,,2]", "<1:1>!", "an element is missing" },
    { "a comma at the start", "[,1]", "!", "offset 1: the array is broken" },
    { "no comma", "[1 2,3]", "<1:1>!", "want , or ]" },
    { "something behind", "[1]\n[2]\n3", "<1:1>!", "offset 4: something follows the array" },
};

static void items_come_whole_and_in_order(void **state)
{
    (void)state;
    mci_buf shown = { 0 };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("  case: %s\n", cases[i].name);
        const size_t pieces[] = { SIZE_MAX, 1, 3 };
        for (size_t k = 0; k < COUNT_OF(pieces); k++) {
            mc_error err = { 0 };
            read_all(mc_str_of(cases[i].bytes), pieces[k], 9, &shown, &err);
            assert_str(mci_buf_str(&shown), cases[i].want);
            if (cases[i].says)
                assert_says(err.text, cases[i].says);
            else
                assert_string_equal(err.text, "");
        }
    }
    mci_buf_release(&shown);
}

/* A cut file gives a prefix of the whole one's items, and of the array says that it is cut. */
static void every_prefix_gives_the_items_before_the_cut(void **state)
{
    (void)state;
    const char *array = "[1,\"a\\\"]\",{\"b\":[2]}]";
    const char *items[] = { "<1:1>", "<1:1><3:\"a\\\"]\">", "<1:1><3:\"a\\\"]\"><10:{\"b\":[2]}>" };
    mci_buf shown = { 0 };
    for (size_t len = 1; len < strlen(array); len++) {
        mc_error err = { 0 };
        read_all((mc_str){ array, len }, SIZE_MAX, 100, &shown, &err);
        size_t n = len < 3 ? 0 : len < 9 ? 1 : len < 19 ? 2 : 3;
        char want[64];
        /* A string or container that is closed is whole; a word may go on. */
        snprintf(want, sizeof want, "%s!", n > 0 ? items[n - 1] : "");
        assert_str(mci_buf_str(&shown), want);
        assert_says(err.text, "the array is cut");
    }
    mci_buf_release(&shown);
}

static void long_items_are_passed_over_without_being_held(void **state)
{
    (void)state;
    const size_t n = 8 << 20;
    char *bytes = malloc(n + 16);
    mci_buf shown = { 0 };
    mc_error err = { 0 };
    memset(bytes, 'x', n);
    memcpy(bytes + n, "\nshort\n", 7);
    read_all((mc_str){ bytes, n + 7 }, SIZE_MAX, 1 << 20, &shown, &err);
    assert_str(mci_buf_str(&shown), "!<8388609:short>");
    memcpy(bytes, "[\"", 2);
    memcpy(bytes + n, "\", 7]", 5);
    read_all((mc_str){ bytes, n + 5 }, SIZE_MAX, 1 << 20, &shown, &err);
    assert_str(mci_buf_str(&shown), "!<8388611:7>");
    read_all((mc_str){ bytes, n + 5 }, 4096, 9 << 20, &shown, &err);
    assert_int_equal(shown.data[0], '<');
    mci_buf_release(&shown);
    free(bytes);
}

/* A gzip member that holds text in one stored block and is cut before its checksum. */
static mc_str cut_member(const char *text, char bytes[64])
{
    static const char header[] = "\x1F\x8B\x08\0\0\0\0\0\0\xFF\x01";
    size_t len = strlen(text), n = sizeof header - 1;
    memcpy(bytes, header, n);
    bytes[n++] = (char)len;
    bytes[n++] = 0;
    bytes[n++] = (char)~len;
    bytes[n++] = (char)0xFF;
    memcpy(bytes + n, text, len);
    return (mc_str){ bytes, n + len };
}

static void an_item_that_a_gap_cuts_is_not_given(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want, *says;
    } gaps[] = {
        { "one\ntwo\nthr", "<0:one><4:two>!", "offset 8: a line is cut: " },
        { "one\ntwo\n", "<0:one><4:two>!", "gzip" },
        { "one\n0123456789abcdef", "<0:one>!", "offset 4: a line of more than 9 bytes: " },
        { "[1,{\"a\":2},3", "<1:1><3:{\"a\":2}>!", "the array is cut: " },
        { "[1,", "<1:1>!", "the array is cut: " },
        { "[1,\"0123456789", "<1:1>!", "the array is cut: " },
        { "[1]", "<1:1>!", "gzip" },
        { " ", "!", "gzip" },
    };
    mci_buf shown = { 0 };
    for (size_t i = 0; i < COUNT_OF(gaps); i++) {
        char bytes[64];
        mc_error err = { 0 };
        print_message("  case: %s\n", gaps[i].text);
        read_all(cut_member(gaps[i].text, bytes), SIZE_MAX, 9, &shown, &err);
        assert_str(mci_buf_str(&shown), gaps[i].want);
        assert_says(err.text, gaps[i].says);
    }
    mci_buf_release(&shown);
}

/* Random bytes from a small alphabet: the size of the pieces changes nothing. */
static void the_windows_do_not_show(void **state)
{
    (void)state;
    static const char alphabet[] = "[]{}\",\\:1a \n\n\r\xEF\xBB\xBF";
    test_random random = { 7 };
    mci_buf whole = { 0 }, pieces = { 0 };
    for (int round = 0; round < 3000; round++) {
        char bytes[48];
        mc_str text = { bytes, test_below(&random, sizeof bytes) };
        for (size_t i = 0; i < text.len; i++)
            bytes[i] = alphabet[test_below(&random, sizeof alphabet - 1)];
        if (text.len && test_below(&random, 2))
            bytes[0] = '[';
        uint64_t max = test_below(&random, 12);
        mc_error err = { 0 };
        read_all(text, SIZE_MAX, max, &whole, &err);
        read_all(text, 1 + test_below(&random, 4), max, &pieces, &err);
        assert_true(mc_str_equal(mci_buf_str(&whole), mci_buf_str(&pieces)));
    }
    mci_buf_release(&whole);
    mci_buf_release(&pieces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_whole_and_in_order),
        cmocka_unit_test(every_prefix_gives_the_items_before_the_cut),
        cmocka_unit_test(long_items_are_passed_over_without_being_held),
        cmocka_unit_test(an_item_that_a_gap_cuts_is_not_given),
        cmocka_unit_test(the_windows_do_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
