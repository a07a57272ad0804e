#include "crawl.h"

#include <isa-l/igzip_lib.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_text.h"

typedef struct {
    const captions *c;
    uint64_t random;
    mci_buf links, block, record, packed;
    size_t n_images;
    uint8_t levels[ISAL_DEF_LVL1_DEFAULT];
} page_maker;

static void need(mc_status status)
{
    if (status >= 0)
        return;
    fprintf(stderr, "cannot make a crawl: out of memory\n");
    exit(1);
}

static size_t below(page_maker *m, size_t n)
{
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (size_t)(m->random % n);
}

static mc_str caption(page_maker *m)
{
    return m->c->texts[below(m, m->c->n_texts)];
}

/* A caption as part of an address: its letters and digits, the rest as "-". */
static void add_slug(page_maker *m, mci_buf *out)
{
    mc_str text = caption(m);
    size_t n = text.len < 40 ? text.len : 40;
    need(mci_buf_reserve(out, n, NULL));
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out->data[out->len++] = (char)(plain ? c : '-');
    }
}

/* ---- WAT ---- */

static void add_wat_image(page_maker *m)
{
    need(mci_buf_printf(&m->links, NULL, "{\"path\":\"IMG@/src\",\"url\":\"/images/%zu/",
                        below(m, 99)));
    add_slug(m, &m->links);
    need(
        mci_buf_printf(&m->links, NULL, "-%zux%zu.jpg\",\"alt\":", below(m, 2000), below(m, 2000)));
    need(mci_json_add_string(&m->links, caption(m), NULL));
    need(mci_buf_byte(&m->links, '}', NULL));
    m->n_images++;
}

static void add_wat_anchor(page_maker *m)
{
    need(mci_buf_printf(&m->links, NULL, "{\"path\":\"A@/href\",\"url\":\"/"));
    add_slug(m, &m->links);
    need(mci_buf_printf(&m->links, NULL, "\",\"text\":"));
    need(mci_json_add_string(&m->links, caption(m), NULL));
    need(mci_buf_byte(&m->links, '}', NULL));
}

static void make_wat_block(page_maker *m, size_t page)
{
    m->links.len = m->block.len = 0;
    for (size_t n = 20 + below(m, 200), i = 0; i < n; i++) {
        need(mci_buf_printf(&m->links, NULL, i ? "," : ""));
        if (below(m, 100) < 28)
            add_wat_image(m);
        else
            add_wat_anchor(m);
    }
    need(mci_buf_printf(
        &m->block, NULL,
        "{\"Container\":{\"Filename\":\"CC-MAIN.warc.gz\",\"Compressed\":true},"
        "\"Envelope\":{\"Format\":\"WARC\",\"WARC-Header-Metadata\":{"
        "\"WARC-Type\":\"response\",\"WARC-Target-URI\":\"https://h%zu.example/%zu\"},"
        "\"Payload-Metadata\":{\"HTTP-Response-Metadata\":{\"Headers\":{"
        "\"Content-Type\":\"text/html; charset=UTF-8\"},\"HTML-Metadata\":{\"Links\":[",
        page % 997, page));
    need(mci_buf_add(&m->block, mci_buf_str(&m->links), NULL));
    need(mci_buf_printf(&m->block, NULL, "]}}}}}"));
}

/* ---- WARC ---- */

static void make_html_block(page_maker *m, size_t page)
{
    m->block.len = 0;
    need(mci_buf_printf(&m->block, NULL,
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
                        "<!DOCTYPE html><html><head><title>Page %zu</title></head><body>\n",
                        page));
    for (size_t n = 20 + below(m, 200), i = 0; i < n; i++) {
        bool image = below(m, 100) < 28;
        need(mci_buf_printf(&m->block, NULL,
                            image ? "<div class=\"figure\"><img src=\"/images/"
                                  : "<p class=\"text\"><a href=\"/"));
        add_slug(m, &m->block);
        need(mci_buf_printf(&m->block, NULL, image ? ".jpg\" alt=\"" : "\">"));
        need(mci_buf_add(&m->block, caption(m), NULL)); /* plain words: nothing to escape */
        need(mci_buf_printf(&m->block, NULL, image ? "\"></div>\n" : "</a></p>\n"));
        m->n_images += image;
    }
    need(mci_buf_printf(&m->block, NULL, "</body></html>"));
}

/* ---- files ---- */

static void make_record(page_maker *m, crawl_kind kind, size_t page)
{
    if (kind == CRAWL_WAT)
        make_wat_block(m, page);
    else
        make_html_block(m, page);
    m->record.len = 0;
    need(mci_buf_printf(&m->record, NULL,
                        "WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: https://h%zu.example/%zu\r\n"
                        "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                        kind == CRAWL_WAT ? "metadata" : "response", page % 997, page,
                        kind == CRAWL_WAT ? "application/json"
                                          : "application/http; msgtype=response",
                        m->block.len));
    need(mci_buf_add(&m->record, mci_buf_str(&m->block), NULL));
    need(mci_buf_printf(&m->record, NULL, "\r\n\r\n"));
}

static void write_member(page_maker *m, FILE *file)
{
    struct isal_zstream z;
    m->packed.len = 0;
    need(mci_buf_reserve(&m->packed, m->record.len + 1024, NULL));
    isal_deflate_stateless_init(&z);
    z.gzip_flag = IGZIP_GZIP;
    z.level = 1;
    z.level_buf = m->levels;
    z.level_buf_size = sizeof m->levels;
    z.end_of_stream = 1;
    z.next_in = (uint8_t *)m->record.data;
    z.avail_in = (uint32_t)m->record.len;
    z.next_out = (uint8_t *)m->packed.data;
    z.avail_out = (uint32_t)m->packed.cap;
    need(isal_deflate_stateless(&z) == COMP_OK ? MC_OK : MC_E_BACKEND);
    size_t n = m->packed.cap - z.avail_out;
    need(fwrite(m->packed.data, 1, n, file) == n ? MC_OK : MC_E_IO);
}

crawl_file crawl_make(const captions *c, const char *folder, crawl_kind kind, size_t n_bytes)
{
    static const uint64_t seed = 88172645463325252;
    page_maker m = { .c = c, .random = seed };
    crawl_file made = { 0 };
    snprintf(made.path, sizeof made.path, "%s/%s", folder,
             kind == CRAWL_WAT ? "bench.warc.wat.gz" : "bench.warc.gz");
    FILE *file = fopen(made.path, "wb");
    need(file ? MC_OK : MC_E_IO);
    for (size_t page = 0; made.n_bytes < n_bytes; page++) {
        make_record(&m, kind, page);
        write_member(&m, file);
        made.n_bytes += m.record.len;
    }
    need(fclose(file) == 0 ? MC_OK : MC_E_IO);
    made.n_records = m.n_images;
    mci_buf_release(&m.links);
    mci_buf_release(&m.block);
    mci_buf_release(&m.record);
    mci_buf_release(&m.packed);
    return made;
}
