/* Block lists: what lines mean, which records a list names, and that only its meaning counts. */
#include "base/buf.h"
#include "curate/block_list.h"
#include "curate/key_table.h"

#include "io/packing.h"
#include "scratch.h"

/* ---- lines ---- */

enum { NOTHING = -1, WRONG = -2 };

static const struct {
    const char *line;
    int kind; /* of mci_block_kind, or one of the above */
    const char *text;
} lines[] = {
    { "", NOTHING, NULL },
    { " \t", NOTHING, NULL },
    { "# a comment", NOTHING, NULL },
    { "#", NOTHING, NULL },
    { " # no comment", WRONG, NULL },
    /* hosts */
    { "b.example", MCI_BLOCK_HOST, "b.example" },
    { "B.Example", MCI_BLOCK_HOST, "b.example" },
    { "b.example.", MCI_BLOCK_HOST, "b.example" },
    { ".b.example", MCI_BLOCK_HOST, "b.example" },
    { "*.b.example", MCI_BLOCK_HOST, "b.example" },
    { "*.b.example.", MCI_BLOCK_HOST, "b.example" },
    { "my_images.b-.example", MCI_BLOCK_HOST, "my_images.b-.example" },
    { "123.example", MCI_BLOCK_HOST, "123.example" },
    { "xn--bcher-kva.example", MCI_BLOCK_HOST, "xn--bcher-kva.example" },
    { "B\xC3\xBC"
      "cher.example",
      MCI_BLOCK_HOST,
      "b\xC3\xBC"
      "cher.example" },
    { "B\xC3\x9C"
      "cher.example",
      MCI_BLOCK_HOST,
      "b\xC3\x9C"
      "cher.example" }, /* A-Z only */
    { "host:localhost", MCI_BLOCK_HOST, "localhost" },
    { "HOST:B.example", MCI_BLOCK_HOST, "b.example" },
    { "host:*.example", MCI_BLOCK_HOST, "example" },
    { ".example", MCI_BLOCK_HOST, "example" },
    { "192.0.2.7", MCI_BLOCK_HOST, "192.0.2.7" },
    { "192.0.2.7.", MCI_BLOCK_HOST, "192.0.2.7" },
    { "[2001:DB8:0:0::1]", MCI_BLOCK_HOST, "[2001:db8::1]" },
    { "host:[::1]", MCI_BLOCK_HOST, "[::1]" },
    { "localhost", WRONG, NULL }, /* a word alone is more likely a slip */
    { "example.", WRONG, NULL },
    { "10.0.0", WRONG, NULL },
    { "*.192.0.2.7", WRONG, NULL },
    { "192.0.2.256", WRONG, NULL },
    { "192.0.2.07", WRONG, NULL },
    { "1192.0.2.7", WRONG, NULL },
    { "2001:db8::1", WRONG, NULL },
    { "[2001:db8::1", WRONG, NULL },
    { "[2001:db8]", WRONG, NULL },
    { "[]", WRONG, NULL },
    { "b..example", WRONG, NULL },
    { "..b.example", WRONG, NULL },
    { "b.example..", WRONG, NULL },
    { "*.*.b.example", WRONG, NULL },
    { "a*.example", WRONG, NULL },
    { "b.example:8080", WRONG, NULL },
    { "b.example/path", WRONG, NULL },
    { "user@b.example", WRONG, NULL },
    { "b.example ", WRONG, NULL },
    { " b.example", WRONG, NULL },
    { "b.example # why", WRONG, NULL },
    { "0.0.0.0 b.example", WRONG, NULL },
    { "b.example\xC2\xA0", WRONG, NULL }, /* a no-break space */
    { "\xEF\xBB\xBF"
      "b.example",
      WRONG, NULL },                          /* a byte order mark inside a file */
    { "b\xE2\x80\x8B.example", WRONG, NULL }, /* a space without width */
    { "\xEF\xBD\x82.example", WRONG, NULL },  /* a wide b */
    { "b\xE3\x80\x82"
      "example.org",
      WRONG, NULL }, /* an ideographic full stop */
    { "b\xFF.example", WRONG, NULL },
    { "b%2Eexample.org", WRONG, NULL },
    { "host:", WRONG, NULL },
    { "host: b.example", WRONG, NULL },
    { "host:80", WRONG, NULL },
    { "host:http://b.example/", WRONG, NULL },
    { ".", WRONG, NULL },
    { "*.", WRONG, NULL },
    /* urls */
    { "http://b.example/1.jpg", MCI_BLOCK_URL, "http://b.example/1.jpg" },
    { "HTTP://B.example/A b", MCI_BLOCK_URL, "HTTP://B.example/A b" },
    { "url:http://b.example/1.jpg ", MCI_BLOCK_URL, "http://b.example/1.jpg " },
    { "Url:data:image/png;base64,AA==", MCI_BLOCK_URL, "data:image/png;base64,AA==" },
    { "url:images/1.jpg", MCI_BLOCK_URL, "images/1.jpg" },
    { "http://b.example/1.jpg ", WRONG, NULL },
    { "\"http://b.example/1.jpg\"", WRONG, NULL },
    { "<http://b.example/1.jpg>", WRONG, NULL },
    { "http://", WRONG, NULL },
    { "://b.example", WRONG, NULL },
    { "a b://b.example", WRONG, NULL },
    { "url:", WRONG, NULL },
    { "url: http://b.example/", WRONG, NULL },
    { "http://b.example/\xFF", WRONG, NULL },
    /* uuids */
    { "000102030405060708090a0b", MCI_BLOCK_UUID, "000102030405060708090a0b" },
    { "000102030405060708090A0b", MCI_BLOCK_UUID, "000102030405060708090A0b" },
    { "000102030405060708090a0b0c0d0e0f", MCI_BLOCK_UUID, "000102030405060708090a0b0c0d0e0f" },
    { "uuid:000102", MCI_BLOCK_UUID, "000102" },
    { "UUID:b.example", MCI_BLOCK_UUID, "b.example" },
    { "uuid:550e8400-e29b-41d4-a716-446655440000", MCI_BLOCK_UUID,
      "550e8400-e29b-41d4-a716-446655440000" },
    { "550e8400-e29b-41d4-a716-446655440000", WRONG, NULL },
    { "000102030405060708090a0", WRONG, NULL },
    { "000102030405060708090a0b0", WRONG, NULL },
    { "000102030405060708090a0g", WRONG, NULL },
    { "uuid:", WRONG, NULL },
    { "a word", WRONG, NULL },
    { "{\"uuid\":\"u\",\"url\":\"http://a.example/1\",\"texts\":[]}", WRONG, NULL },
};

static void a_line_means_one_thing_or_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        mci_block_item item;
        mc_error err = { 0 };
        int kind = lines[i].kind;
        print_message("  case: %s\n", lines[i].line);
        mc_status status = mci_block_line_parse(mc_str_of(lines[i].line), &item, &err);
        assert_int_equal(status, kind == NOTHING ? MC_END : kind == WRONG ? MC_E_FORMAT : MC_OK);
        if (status < 0)
            assert_says(err.text, "is no host, url or uuid");
        if (status != MC_OK)
            continue;
        assert_int_equal(item.kind, kind);
        assert_str(item.text, lines[i].text);
    }
}

/* ---- the host of a url ---- */

static const struct {
    const char *url, *host; /* NULL: it has none */
} urls[] = {
    { "http://b.example/1.jpg", "b.example" },
    { "HTTPS://B.EXAMPLE", "b.example" },
    { "http://b.example?q", "b.example" },
    { "http://b.example#f", "b.example" },
    { "http://b.example:8080/", "b.example" },
    { "http://user:pass@b.example:80/", "b.example" },
    { "http://a.example@b.example/", "b.example" },
    { "http://a@c@b.example/@d", "b.example" },
    { "http://b.example./", "b.example" },
    { "http://b.example../", "b.example" },
    { "ftp://b.example/1", "b.example" },
    { "//b.example/1", "b.example" },
    { "http:///b.example/1", "b.example" }, /* as browsers read it */
    { "http:\\\\b.example\\1", "b.example" },
    { "https:b.example/1", "b.example" },
    { " \n http://b.example/", "b.example" },
    { "http://b.ex\tam\r\nple/", "b.example" },
    { "http://%62.ex%61mple/", "b.example" },
    { "http://b%2Eexample/", "b.example" },
    { "http://b%.example%4", "b%.example%4" },
    { "http://b\xC3\xBC.example/", "b\xC3\xBC.example" },
    { "http://%62%C3%BC.example/", "b\xC3\xBC.example" },
    { "http://192.0.2.7:80/", "192.0.2.7" },
    { "http://[2001:DB8::0:1]:80/", "[2001:db8::1]" },
    { "http://user@[::1]/", "[::1]" },
    { "http://[::1/", "[::1]" },
    { "http://[v1.x]/", "[v1.x" },
    { "http://localhost/", "localhost" },
    { "file:///b.example/1", NULL },
    { "http://", NULL },
    { "http://:80/", NULL },
    { "http://./", NULL },
    { "data:image/png,//b.example/", NULL },
    { "/b.example/1", NULL },
    { "b.example/1.jpg", NULL },
    { "b.example/?u=http://c.example/", NULL },
    { "1http://b.example/", NULL },
    { "", NULL },
};

static void a_url_has_the_host_it_is_fetched_from(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        mci_host host;
        print_message("  case: %s\n", urls[i].url);
        assert_int_equal(mci_host_of_url(mc_str_of(urls[i].url), &host), urls[i].host != NULL);
        if (urls[i].host)
            assert_str(((mc_str){ host.bytes, host.len }), urls[i].host);
    }
    mci_host host;
    assert_false(mci_host_of_url((mc_str){ 0 }, &host));
}

/* Labels without end, in front of a domain do not hide it. */
static void of_a_long_host_the_end_is_seen(void **state)
{
    (void)state;
    for (size_t n = 1000; n < 1100; n++) {
        mci_buf url = { 0 };
        mci_host host;
        mci_buf_printf(&url, NULL, "http://");
        for (size_t i = 0; i < n; i++)
            mci_buf_byte(&url, i % 3 == 2 ? '.' : 'a', NULL);
        mci_buf_printf(&url, NULL, "x.evil.example/1.jpg");
        assert_true(mci_host_of_url(mci_buf_str(&url), &host));
        assert_true(host.len > MCI_MAX_HOST_BYTES - 10 || host.len == n + 14);
        mc_str end = { host.bytes + host.len - 13, 13 };
        assert_str(end, ".evil.example");
        assert_true(host.bytes[0] != '.');
        mci_buf_release(&url);
    }
}

/* ---- lists ---- */

static mci_block_list *list_of(const char *text)
{
    mci_stream *stream;
    mci_block_list *list = NULL;
    mc_error err = { 0 };
    assert_ok(mci_stream_open_bytes(mc_str_of(text), &stream, &err), err);
    assert_ok(mci_block_list_parse(stream, &list, &err), err);
    mci_stream_close(stream);
    return list;
}

static const char one_list[] = "# takedowns\r\n"
                               "evil.example\r\n"
                               "\r\n"
                               "Sub.Domain.example.\n"
                               "b\xC3\xBC"
                               "cher.example\n"
                               "192.0.2.7\n"
                               "[2001:db8::1]\n"
                               "http://a.example/1.jpg\n"
                               "000102030405060708090a0b\n"
                               "uuid:u7";

static const struct {
    const char *uuid, *url;
    int kind; /* NOTHING: it may stay */
} records[] = {
    { "u1", "http://evil.example/1.jpg", MCI_BLOCK_HOST },
    { "u1", "https://EVIL.example:8443/1.jpg", MCI_BLOCK_HOST },
    { "u1", "http://me:pw@evil.example./1.jpg", MCI_BLOCK_HOST },
    { "u1", "http://cdn.img.evil.example/1.jpg", MCI_BLOCK_HOST },
    { "u1", "http://notevil.example/1.jpg", NOTHING },
    { "u1", "http://evil.example.org/1.jpg", NOTHING },
    { "u1", "http://example/1.jpg", NOTHING },
    { "u1", "http://a.example/evil.example", NOTHING },
    { "u1", "http://evil.example@a.example/", NOTHING },
    { "u1", "http://sub.domain.example/1.jpg", MCI_BLOCK_HOST },
    { "u1", "http://domain.example/1.jpg", NOTHING },
    { "u1",
      "http://www.b\xC3\xBC"
      "cher.example/1.jpg",
      MCI_BLOCK_HOST },
    { "u1", "http://xn--bcher-kva.example/1.jpg", NOTHING }, /* as written */
    { "u1", "http://192.0.2.7/1.jpg", MCI_BLOCK_HOST },
    { "u1", "http://1.192.0.2.7/1.jpg", NOTHING }, /* no subdomain of an address */
    { "u1", "http://[2001:db8:0:0:0:0:0:1]/1.jpg", MCI_BLOCK_HOST },
    { "u1", "http://[2001:db8::2]/1.jpg", NOTHING },
    { "u1", "http://a.example/1.jpg", MCI_BLOCK_URL },
    { "u1", "http://a.example/1.jpg?", NOTHING },
    { "u1", "http://a.example/1.jpg ", NOTHING }, /* to the byte */
    { "u1", "http://A.example/1.jpg", NOTHING },
    { "u1", "", NOTHING },
    { "", "", NOTHING },
    { "u7", "http://a.example/2.jpg", MCI_BLOCK_UUID },
    { "u77", "http://a.example/2.jpg", NOTHING },
    { "U7", "http://a.example/2.jpg", NOTHING },
    { "000102030405060708090a0b", "", MCI_BLOCK_UUID },
    { "000102030405060708090A0B", "", NOTHING },
    { "evil.example", "http://a.example/2.jpg", NOTHING }, /* kinds are apart */
    /* the first of uuid, url, host */
    { "u7", "http://evil.example/1.jpg", MCI_BLOCK_UUID },
    { "u7", "http://a.example/1.jpg", MCI_BLOCK_UUID },
};

static void a_list_names_hosts_with_all_below_urls_and_uuids(void **state)
{
    (void)state;
    mci_block_list *list = list_of(one_list);
    assert_int_equal(mci_block_list_len(list, MCI_BLOCK_HOST), 5);
    assert_int_equal(mci_block_list_len(list, MCI_BLOCK_URL), 1);
    assert_int_equal(mci_block_list_len(list, MCI_BLOCK_UUID), 2);
    for (size_t i = 0; i < COUNT_OF(records); i++) {
        mc_record record = { .uuid = mc_str_of(records[i].uuid), .url = mc_str_of(records[i].url) };
        mci_block_kind kind = MCI_N_BLOCK_KINDS;
        print_message("  case: %s %s\n", records[i].uuid, records[i].url);
        bool is_named = mci_block_list_has(list, &record, &kind);
        assert_int_equal(is_named ? (int)kind : NOTHING, records[i].kind);
        assert_int_equal(mci_block_list_has(list, &record, NULL), is_named);
        assert_false(mci_block_list_has(NULL, &record, &kind));
    }
    mci_block_list_free(list);
}

/* ---- the hash ---- */

static void the_hash_is_of_the_meaning(void **state)
{
    (void)state;
    static const char *const same[] = {
        "host:evil.example\nhost:[2001:db8::1]\nurl:http://a.example/1.jpg\n"
        "uuid:000102030405060708090a0b\n",
        "\xEF\xBB\xBF# said otherwise\r\n000102030405060708090a0b\r\n\r\n[2001:db8:0::1]\r\n"
        "*.EVIL.example.\r\nevil.example\r\nhttp://a.example/1.jpg",
    };
    /* printf '%s\0%s' KIND ITEM | xxhsum -H2, each kind sorted, uuids before urls before hosts; as
     * bytes through sha256sum. */
    static const char want[] = "ebc25e89bf11ab896a444d14fdc7cc0c8da9256f4ba49d73681cda3b65d63ae7";
    for (size_t i = 0; i < COUNT_OF(same); i++) {
        mci_block_list *list = list_of(same[i]);
        assert_string_equal(mci_block_list_sha256(list), want);
        mci_block_list_free(list);
    }
    static const char *const others[] = { "", "evil.example", "uuid:evil.example",
                                          "url:evil.example", "host:example" };
    char seen[COUNT_OF(others)][MC_SHA256_DIGITS + 1];
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        mci_block_list *list = list_of(others[i]);
        strcpy(seen[i], mci_block_list_sha256(list));
        mci_block_list_free(list);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(seen[i], seen[j]);
    }
}

/* ---- against a plain reference ---- */

enum { N_ITEMS = 300 };

typedef struct {
    char kind, text[40]; /* u: uuid, l: url, h: host */
} plain_item;

/* Few letters and labels, so that names meet and stand above one another. */
static void random_domain(test_random *random, char *out)
{
    size_t n_labels = 2 + test_below(random, 3);
    *out = '\0';
    for (size_t i = 0; i < n_labels; i++) {
        char label[4] = { (char)('a' + test_below(random, 4)) };
        if (test_below(random, 3) == 0)
            label[1] = (char)('a' + test_below(random, 3));
        strcat(out, label);
        strcat(out, i + 1 < n_labels ? "." : "");
    }
}

static plain_item random_item(test_random *random)
{
    plain_item item = { .kind = "ulh"[test_below(random, 3)] };
    char domain[24];
    random_domain(random, domain);
    if (item.kind == 'u')
        snprintf(item.text, sizeof item.text, "%024zx", test_below(random, 200));
    else if (item.kind == 'l')
        snprintf(item.text, sizeof item.text, "http://%s/%zu", domain, test_below(random, 2));
    else
        snprintf(item.text, sizeof item.text, "%s", domain);
    return item;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Whether the item names the record, whose host is known; by comparing strings. */
static bool names(const plain_item *item, const char *uuid, const char *url, const char *host)
{
    char below[48];
    if (item->kind == 'u')
        return strcmp(item->text, uuid) == 0;
    if (item->kind == 'l')
        return strcmp(item->text, url) == 0;
    snprintf(below, sizeof below, ".%s", item->text);
    return strcmp(item->text, host) == 0 || ends_with(host, below);
}

/* A line that says it, one way or another. */
static void write_item(const plain_item *item, test_random *random, mci_buf *out)
{
    static const char *const in_front[] = { "", ".", "*.", "host:", "host:*." };
    char text[40];
    strcpy(text, item->text);
    if (item->kind == 'h')
        for (char *at = text; *at; at++)
            if (*at >= 'a' && test_below(random, 3) == 0)
                *at = (char)(*at - 32);
    const char *start = item->kind == 'h' ? in_front[test_below(random, 5)] : "";
    if (item->kind != 'h' && test_below(random, 2))
        start = item->kind == 'u' ? "uuid:" : "url:";
    mci_buf_printf(out, NULL, "%s%s%s%s\n", start, text,
                   item->kind == 'h' && test_below(random, 4) == 0 ? "." : "",
                   test_below(random, 3) == 0 ? "\r" : "");
    if (test_below(random, 5) == 0)
        mci_buf_printf(out, NULL, "# comment %s\n\n", item->text);
}

/* Writes the items, in another order, to one to three files of all kinds, and loads them. */
static mci_block_list *load_shuffled(scratch *s, plain_item *items, size_t n, test_random *random)
{
    char paths[3][64];
    const char *given[3];
    size_t n_files = 1 + test_below(random, 3), at = 0;
    for (size_t i = n; i > 1; i--) {
        size_t j = test_below(random, i);
        plain_item item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
    for (size_t f = 0; f < n_files; f++) {
        mci_buf text = { 0 }, packed = { 0 };
        size_t end = f + 1 == n_files ? n : at + test_below(random, n - at + 1);
        for (; at < end; at++)
            for (size_t times = 1 + test_below(random, 2); times > 0; times--)
                write_item(&items[at], random, &text);
        mc_str bytes = mci_buf_str(&text);
        size_t packing = test_below(random, 3);
        if (packing == 1)
            pack_gzip(&packed, bytes);
        else if (packing == 2)
            pack_zstd(&packed, bytes);
        if (packing)
            bytes = mci_buf_str(&packed);
        snprintf(paths[f], sizeof paths[f], "%s/list%zu", s->dir, f);
        given[f] = paths[f];
        scratch_file(s, given[f] + strlen(s->dir) + 1, bytes.data ? bytes.data : "", bytes.len);
        mci_buf_release(&text);
        mci_buf_release(&packed);
    }
    mc_error err = { 0 };
    mci_block_list *list = NULL;
    assert_ok(mci_block_list_load(given, n_files, &list, &err), err);
    return list;
}

static void lists_agree_with_comparing_strings(void **state)
{
    scratch *s = *state;
    test_random random = { 21 };
    size_t n_blocked = 0, n_asked = 0;
    for (int round = 0; round < 60; round++) {
        plain_item items[N_ITEMS];
        size_t n = test_below(&random, round % 2 ? N_ITEMS : 8);
        for (size_t i = 0; i < n; i++)
            items[i] = random_item(&random);
        mci_block_list *list = load_shuffled(s, items, n, &random);
        mci_block_list *again = load_shuffled(s, items, n, &random);
        assert_string_equal(mci_block_list_sha256(list), mci_block_list_sha256(again));
        for (int r = 0; r < 300; r++) {
            char host[24], url[40], uuid[25];
            random_domain(&random, host);
            snprintf(url, sizeof url, "http://%s/%zu", host, test_below(&random, 2));
            snprintf(uuid, sizeof uuid, "%024zx", test_below(&random, 200));
            mc_record record = { .uuid = mc_str_of(uuid), .url = mc_str_of(url) };
            bool want = false;
            for (size_t i = 0; i < n; i++)
                want |= names(&items[i], uuid, url, host);
            assert_int_equal(mci_block_list_has(list, &record, NULL), want);
            n_blocked += want;
            n_asked++;
        }
        mci_block_list_free(list);
        mci_block_list_free(again);
    }
    assert_in_range(n_blocked, n_asked / 8, n_asked / 8 * 7);
}

/* ---- tables of keys ---- */

static int compare_keys(const void *a, const void *b)
{
    const mci_hash128 *x = a, *y = b;
    if (x->high != y->high)
        return x->high < y->high ? -1 : 1;
    return (x->low > y->low) - (x->low < y->low);
}

/* Evenly spread, or all alike but for a byte anywhere: what hashes never are, but lists might bring
 * about if somebody tried. */
static mci_hash128 random_key(test_random *random, int shape)
{
    mci_hash128 key = { test_next(random), test_next(random) };
    if (shape == 0)
        return key;
    if (shape == 1)
        return (mci_hash128){ 0, key.low & 0xFFF };
    unsigned shift = test_below(random, 8) * 8;
    key = (mci_hash128){ UINT64_MAX, UINT64_MAX };
    *(test_below(random, 2) ? &key.high : &key.low) ^= (uint64_t)test_below(random, 256) << shift;
    return key;
}

static void a_table_holds_each_key_once_in_order(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 2, 9, 32, 33, 1000, 50000 };
    test_random random = { 8 };
    for (size_t i = 0; i < COUNT_OF(sizes) * 3; i++) {
        size_t n = sizes[i / 3], n_distinct = 0;
        mci_key_table table = { 0 };
        mc_error err = { 0 };
        mci_hash128 *keys = calloc(n + 1, sizeof *keys);
        for (size_t k = 0; k < n; k++) {
            keys[k] = random_key(&random, (int)(i % 3));
            assert_ok(mci_key_table_add(&table, keys[k], &err), err);
        }
        assert_ok(mci_key_table_seal(&table, &err), err);
        qsort(keys, n, sizeof *keys, compare_keys);
        for (size_t k = 0; k < n; k++)
            if (k == 0 || compare_keys(&keys[k], &keys[k - 1]) != 0)
                keys[n_distinct++] = keys[k];
        assert_int_equal(table.n, n_distinct);
        for (size_t k = 0; k < n_distinct; k++) {
            assert_memory_equal(&table.keys[k], &keys[k], sizeof *keys);
            assert_true(mci_key_table_has(&table, keys[k]));
        }
        for (size_t k = 0; k < 2000; k++) {
            mci_hash128 key = random_key(&random, (int)(i % 3));
            bool want = bsearch(&key, keys, n_distinct, sizeof key, compare_keys) != NULL;
            assert_int_equal(mci_key_table_has(&table, key), want);
        }
        free(keys);
        mci_key_table_release(&table);
    }
}

/* ---- what is refused ---- */

static const char *error_of(scratch *s, const void *bytes, size_t len, mc_status want,
                            mc_error *err)
{
    const char *path = scratch_file(s, "bad", bytes, len);
    mci_block_list *list = NULL;
    *err = (mc_error){ 0 };
    assert_int_equal(mci_block_list_load(&path, 1, &list, err), want);
    assert_null(list);
    return err->text;
}

static void a_list_is_taken_whole_or_not_at_all(void **state)
{
    scratch *s = *state;
    mc_error err;
    static const char slip[] = "evil.example\n\n# fine\nevil,example\nb.example\n";
    assert_says(error_of(s, slip, sizeof slip - 1, MC_E_FORMAT, &err), "/bad: line 4: ");
    assert_says(err.text, "\"evil,example\" is no host, url or uuid");

    mci_buf text = { 0 }, packed = { 0 };
    for (int i = 0; i < 20000; i++)
        mci_buf_printf(&text, NULL, "h%d.example\n", i);
    pack_gzip(&packed, mci_buf_str(&text));
    assert_says(error_of(s, packed.data, packed.len / 2, MC_E_FORMAT, &err), "/bad: line ");
    assert_says(err.text, "damaged");

    mci_buf_clear(&text);
    mci_buf_printf(&text, NULL, "b.example\nhttp://b.example/");
    while (text.len < 2 << 20)
        mci_buf_byte(&text, 'x', NULL);
    assert_says(error_of(s, text.data, text.len, MC_E_FORMAT, &err), "line 2: longer than");
    mci_buf_release(&text);
    mci_buf_release(&packed);

    const char *none = scratch_path(s, "none");
    mci_block_list *list = NULL;
    assert_int_equal(mci_block_list_load(&none, 1, &list, &err), MC_E_IO);
    assert_says(err.text, "/none");
}

/* Lines that end anywhere in the windows they are read through. */
static void lines_of_all_lengths_are_read(void **state)
{
    scratch *s = *state;
    mci_buf text = { 0 }, url = { 0 };
    static const size_t around[] = { 0, 1024, 2048, 4096, 65536, 1 << 20 };
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(around); i++)
        for (size_t len = around[i] > 30 ? around[i] - 20 : 10; len <= around[i]; len++, n++) {
            size_t start = text.len;
            mci_buf_printf(&text, NULL, "u://");
            while (text.len - start < len)
                mci_buf_byte(&text, (char)('a' + len % 26), NULL);
            mci_buf_clear(&url);
            mci_buf_append(&url, text.data + start, text.len - start, NULL);
            mci_buf_byte(&text, '\n', NULL);
        }
    const char *path = scratch_file(s, "long", text.data, text.len);
    mci_block_list *list = NULL;
    mc_error err = { 0 };
    assert_ok(mci_block_list_load(&path, 1, &list, &err), err);
    assert_int_equal(mci_block_list_len(list, MCI_BLOCK_URL), n);
    mc_record record = { .url = mci_buf_str(&url) };
    assert_true(mci_block_list_has(list, &record, NULL)); /* the last one, of a MiB */
    mci_block_list_free(list);
    mci_buf_release(&text);
    mci_buf_release(&url);
}

static void without_a_file_there_is_no_list(void **state)
{
    (void)state;
    mc_summary summary = { 0 };
    mci_block_list *list = (mci_block_list *)state;
    assert_int_equal(mci_block_list_load(NULL, 0, &list, NULL), MC_OK);
    assert_null(list);
    assert_null(mci_block_list_sha256(list));
    assert_int_equal(mci_block_list_len(list, MCI_BLOCK_URL), 0);
    mci_summary_set_block_list(&summary, list);
    assert_int_equal(summary.block.sha256[0], '\0');
    mci_block_list_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_means_one_thing_or_is_refused),
        cmocka_unit_test(a_url_has_the_host_it_is_fetched_from),
        cmocka_unit_test(of_a_long_host_the_end_is_seen),
        cmocka_unit_test(a_list_names_hosts_with_all_below_urls_and_uuids),
        cmocka_unit_test(the_hash_is_of_the_meaning),
        cmocka_unit_test_setup_teardown(lists_agree_with_comparing_strings, scratch_open,
                                        scratch_close),
        cmocka_unit_test(a_table_holds_each_key_once_in_order),
        cmocka_unit_test_setup_teardown(a_list_is_taken_whole_or_not_at_all, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(lines_of_all_lengths_are_read, scratch_open, scratch_close),
        cmocka_unit_test(without_a_file_there_is_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
