/* How fast the images of pages are found: by the scanner alone, and through mci_html_images with
 * what stands around it, by scanner and by Gumbo.
 *
 *     bench_html [FILE.warc.gz ...]     the pages of these files, and how fast they are inflated;
 *                                       without any, made-up pages */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "bench.h"
#include "captions.h"
#include "io/html.h"
#include "io/html_scan.h"
#include "io/http.h"
#include "io/stream.h"
#include "io/warc.h"

enum { N_MADE = 400 };

typedef struct {
    mci_buf bytes; /* of all pages, one behind the other */
    size_t *ends;
    size_t n, cap;
} page_set;

static void need(mc_status status, const mc_error *err)
{
    if (status >= 0)
        return;
    fprintf(stderr, "bench_html: %s\n", err->text);
    exit(1);
}

static void end_page(page_set *set)
{
    if (set->n == set->cap) {
        set->cap = set->cap ? 2 * set->cap : 1024;
        set->ends = realloc(set->ends, set->cap * sizeof *set->ends);
        if (!set->ends)
            exit(1);
    }
    set->ends[set->n++] = set->bytes.len;
}

static mc_str page_at(const page_set *set, size_t i)
{
    size_t start = i > 0 ? set->ends[i - 1] : 0;
    return (mc_str){ set->bytes.data + start, set->ends[i] - start };
}

/* ---- pages that are made ---- */

typedef struct {
    const captions *c;
    mci_buf *out;
    uint64_t random;
} maker;

static size_t below(maker *m, size_t n)
{
    m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(m->random >> 33) % n;
}

static void add(maker *m, const char *text)
{
    mc_error err;
    need(mci_buf_add(m->out, mc_str_of(text), &err), &err);
}

static void add_caption(maker *m)
{
    mc_error err;
    need(mci_buf_add(m->out, m->c->texts[below(m, m->c->n_texts)], &err), &err);
}

static void add_head(maker *m)
{
    add(m, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>");
    add_caption(m);
    add(m, "</title>\n<link rel=\"stylesheet\" href=\"/style.css?v=3\">\n<style>");
    for (int i = 0; i < 40; i++)
        add(m, ".item > a:hover { color: #123456; background: url('/i/back.png') }\n");
    add(m, "</style>\n<script>\n");
    for (size_t n = 50 + below(m, 200), i = 0; i < n; i++)
        add(m, "if (a[i] < b) { window.queue.push({ name: \"item\", value: '<b>' + i }); }\n");
    add(m, "</script></head>\n<body class=\"page\">\n");
}

static void add_menu(maker *m)
{
    add(m, "<nav><ul class=\"menu\">\n");
    for (int i = 0; i < 30; i++) {
        add(m, "<li class=\"menu-item\"><a href=\"/section/page.html?id=7&amp;from=menu\" "
               "data-track=\"menu\"><svg width=\"16\" height=\"16\"><path d=\"M1 1h14v14H1z\"/>"
               "</svg><span>");
        add_caption(m);
        add(m, "</span></a></li>\n");
    }
    add(m, "</ul></nav>\n");
}

static void add_body(maker *m)
{
    for (size_t n = 20 + below(m, 100), i = 0; i < n; i++) {
        add(m, "<div class=\"item row\"><p>");
        for (size_t k = 1 + below(m, 5); k > 0; k--) {
            add_caption(m);
            add(m, ". ");
        }
        add(m, "<a class=\"more\" href=\"/more/of/this\">more</a></p>\n");
        if (below(m, 3) == 0) {
            add(m, "<figure><img class=\"lazy\" loading=\"lazy\" width=\"320\" height=\"200\" "
                   "src=\"/images/photo.jpg?w=320&amp;h=200\" alt=\"");
            add_caption(m);
            add(m, "\"></figure>");
        }
        add(m, "</div>\n");
    }
    add(m, "<table><tr><td>1</td><td><b>2</b></td></tr></table>\n<!-- end --></body></html>\n");
}

static void make_pages(page_set *set)
{
    captions c = captions_get();
    maker m = { .c = &c, .out = &set->bytes, .random = 1 };
    for (int i = 0; i < N_MADE; i++) {
        add_head(&m);
        add_menu(&m);
        add_body(&m);
        end_page(set);
    }
    captions_release(&c);
}

/* ---- pages out of archives ---- */

static void take_response(page_set *set, mci_http *http, mc_str block)
{
    mci_http_response response;
    mc_error err;
    if (mci_http_parse(http, block, UINT64_C(64) << 20, &response, &err) != MC_OK)
        return;
    if (strncasecmp(response.content_type.data ? response.content_type.data : "", "text/html", 9))
        return;
    need(mci_buf_add(&set->bytes, response.body, &err), &err);
    end_page(set);
}

static void read_pages(page_set *set, const char *path)
{
    mc_error err;
    mci_stream *stream;
    mci_warc *warc;
    mci_warc_record record;
    mci_http http = { 0 };
    mc_status status;
    need(mci_stream_open(path, &stream, &err), &err);
    need(mci_warc_open(stream, UINT64_C(64) << 20, &warc, &err), &err);
    while ((status = mci_warc_next(warc, &record, &err)) != MC_END) {
        need(status, &err);
        if (status == MC_OK && record.type == MCI_WARC_RESPONSE)
            take_response(set, &http, record.block);
    }
    mci_http_release(&http);
    mci_warc_close(warc);
    mci_stream_close(stream);
}

/* ---- measuring ---- */

typedef struct {
    size_t n_images, n_texts, n_asked;
} found;

/* The files' own speed, in bytes of pages, to compare with. */
static void bench_inflate(const page_set *set, char **paths, int n)
{
    mc_error err;
    mci_stream *stream;
    mc_str window;
    bench b = bench_begin("inflate");
    bench_bytes(&b, set->bytes.len);
    size_t n_bytes = 0;
    while (bench_next(&b)) {
        n_bytes = 0;
        for (int i = 0; i < n; i++) {
            need(mci_stream_open(paths[i], &stream, &err), &err);
            while (mci_stream_peek(stream, 1, &window, &err) == MC_OK) {
                n_bytes += window.len;
                mci_stream_skip(stream, window.len);
            }
            mci_stream_close(stream);
        }
    }
    bench_check(&b, n_bytes >= set->bytes.len, "the number of bytes");
    bench_end(&b);
}

/* The scanner's own time; the pages' bytes are taken as UTF-8. */
static double bench_scan(const page_set *set, const found *known, double rate)
{
    mc_error err;
    mci_html_scan *scan;
    need(mci_html_scan_new(&scan, &err), &err);
    found now = { 0 };
    mci_page page = { 0 };
    bench b = bench_begin("html_scan_alone");
    bench_bytes(&b, set->bytes.len);
    bench_items(&b, known->n_images);
    bench_against(&b, "html_gumbo", rate);
    while (bench_next(&b)) {
        now = (found){ 0 };
        for (size_t i = 0; i < set->n; i++) {
            const char *why;
            mci_page_reset(&page);
            mc_status status = mci_html_scan_images(scan, page_at(set, i), &page, &why, &err);
            need(status, &err);
            now.n_asked += status == MC_END;
            now.n_images += page.n_links;
        }
    }
    bench_check(&b, now.n_asked > 0 || now.n_images == known->n_images, "the number of images");
    mci_page_release(&page);
    mci_html_scan_free(scan);
    return bench_end(&b);
}

static double bench_reader(const page_set *set, mci_html_reader reader, found *known, double rate)
{
    mc_error err;
    mci_html *html;
    need(mci_html_new(reader, &html, &err), &err);
    found now = { 0 };
    mci_page page = { 0 };
    bench b = bench_begin(reader == MCI_HTML_SCAN ? "html_scan" : "html_gumbo");
    bench_bytes(&b, set->bytes.len);
    if (rate > 0)
        bench_against(&b, "html_gumbo", rate);
    while (bench_next(&b)) {
        now = (found){ 0 };
        for (size_t i = 0; i < set->n; i++) {
            mc_str none = { 0 };
            need(mci_html_images(html, page_at(set, i), none, mc_str_of("u"), &page, &err), &err);
            now.n_images += page.n_links;
            now.n_texts += page.n_texts;
            now.n_asked += mci_html_asked(html) != NULL;
        }
    }
    if (rate > 0) {
        bench_check(&b, now.n_images == known->n_images && now.n_texts == known->n_texts,
                    "the numbers of images and texts");
        fprintf(stderr, "%zu pages, %zu images; Gumbo asked for %zu pages\n", set->n, now.n_images,
                now.n_asked);
    }
    *known = now;
    mci_page_release(&page);
    mci_html_free(html);
    return bench_end(&b);
}

int main(int argc, char **argv)
{
    page_set set = { 0 };
    for (int i = 1; i < argc; i++)
        read_pages(&set, argv[i]);
    if (argc == 1)
        make_pages(&set);
    if (argc > 1)
        bench_inflate(&set, argv + 1, argc - 1);
    found known;
    double rate = bench_reader(&set, MCI_HTML_GUMBO, &known, 0);
    bench_reader(&set, MCI_HTML_SCAN, &known, rate);
    bench_scan(&set, &known, rate);
    mci_buf_release(&set.bytes);
    free(set.ends);
    return 0;
}
