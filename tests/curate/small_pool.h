/* A pool with a little of everything that a job may meet: archives, pairs, tables, tars, captions,
 * images, lists; broken ones among them. */
#ifndef METACLIP_TESTS_SMALL_POOL_H
#define METACLIP_TESTS_SMALL_POOL_H

#include <sys/stat.h>

#include "base/buf.h"

#include "io/packing.h"
#include "io/tar_making.h"
#include "scratch.h"

static inline void add_archive_record(mci_buf *out, const char *type, const char *content_type,
                                      const char *block)
{
    mci_buf_printf(out, NULL,
                   "WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: http://b.example/p/%s\r\n"
                   "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s\r\n\r\n",
                   type, type, content_type, strlen(block), block);
}

static inline void make_wat(scratch *s)
{
    mci_buf out = { 0 };
    add_archive_record(
        &out, "metadata", "application/json",
        "{\"Envelope\":{\"WARC-Header-Metadata\":{\"WARC-Target-URI\":\"http://b.example/p/\"},"
        "\"Payload-Metadata\":{\"HTTP-Response-Metadata\":{\"HTML-Metadata\":{\"Links\":["
        "{\"path\":\"IMG@/src\",\"url\":\"../a.png\",\"alt\":\"a red cat\"},"
        "{\"path\":\"IMG@/src\",\"url\":\"http://b\xC3\xBC.example/\",\"alt\":\"a photo\","
        "\"title\":\"a \\ud800 cat\"}]}}}}}");
    mci_buf packed = { 0 };
    pack_gzip(&packed, mci_buf_str(&out));
    scratch_file(s, "b.wat.gz", packed.data, packed.len);
    mci_buf_release(&packed);
    mci_buf_release(&out);
}

static inline void make_warc(scratch *s)
{
    static const char page[] =
        "<!DOCTYPE html><base href='/x/'><p>a<img src=1.png alt='caf\xE9 cat'>"
        "<b>b<table><img src='//\xC0.example/2.png' alt=photo title=dog></b>";
    mci_buf block = { 0 }, out = { 0 }, packed = { 0 };
    mci_buf_printf(&block, NULL,
                   "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=windows-1252\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n",
                   sizeof page - 1, page);
    add_archive_record(&out, "response", "application/http; msgtype=response", block.data);
    add_archive_record(&out, "request", "application/http; msgtype=request", "GET / HTTP/1.1");
    pack_zstd(&packed, mci_buf_str(&out));
    scratch_file(s, "c.warc.zst", packed.data, packed.len);
    mci_buf_release(&block);
    mci_buf_release(&out);
    mci_buf_release(&packed);
}

static inline void make_wordnet(scratch *s)
{
    static const char *const names[] = { "data.noun", "data.verb", "data.adj", "data.adv" };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        scratch_text(s, names[i],
                     "  1 The words are made up.  \n"
                     "00001740 03 n 01 Red_Cat(a) 0 000 | a cat  \n");
}

/* A table, captions and a webdataset tar: rows of other forms. */
static inline void make_rows(scratch *s)
{
    mci_buf tar = { 0 };
    scratch_text(s, "d.csv", "URL,TEXT,n\nhttp://a.example/9,\"a \"\"cat\"\"\",1\nragged\n");
    scratch_text(s, "e.txt", "a dog\n\nnothing\n");
    add_text(&tar, "1.jpg", "image");
    add_text(&tar, "1.txt", "a photo");
    add_text(&tar, "2.json", "{\"caption\":\"a dog\",\"uid\":7,\"width\":1.5,\"url\":\"\xFF\"}");
    add_text(&tar, "3.json", "{");
    scratch_file(s, "f.tar", tar.data, tar.len);
    mci_buf_release(&tar);
}

static inline void make_block_lists(scratch *s)
{
    static const char names[] = "uuid:u1\nB.example\nhttp://b\xC3\xBC.example/\n";
    mci_buf hosts = { 0 }, packed = { 0 };
    for (int i = 0; i < 100; i++)
        mci_buf_printf(&hosts, NULL, "h%d.example\n", i);
    pack_gzip(&packed, mci_buf_str(&hosts));
    scratch_text(s, "block.txt", names);
    scratch_file(s, "hosts.txt.gz", packed.data, packed.len);
    mci_buf_release(&hosts);
    mci_buf_release(&packed);
}

/* Images with texts beside them, and one with rows of a table. */
static inline void make_images(scratch *s)
{
    static const char jpeg[] = "\xFF\xD8\xFF\xE0 not much of an image";
    mkdir(scratch_path(s, "images"), 0777);
    mkdir(scratch_path(s, "images/deeper"), 0777);
    scratch_text(s, "images/a.jpg", jpeg);
    scratch_text(s, "images/a.txt", "a caf\xE9");
    scratch_text(s, "images/deeper/b.jpg", jpeg);
    scratch_text(s, "images/deeper/b.json",
                 "{\"alt\":\"b\",\"title\":\"two\",\"key\":7,\"w\":[1,{}],\"uid\":\"u\"}");
    scratch_text(s, "images/c.gif", "GIF89a");
    scratch_text(s, "images/c.txt", "c");
    scratch_text(s, "images/d.jpg", jpeg);
    scratch_text(s, "images/t.csv", "filepath,url,title\nd.jpg,http://d/,one\nd.jpg,,two\ne,,x\n");
}

static inline void make_pool(scratch *s)
{
    scratch_text(s, "list.json", "[\"cat\", \"dog\", \"photo\", \"red c\\u0061t\"]\n");
    scratch_text(s, "list.txt", "cat\ndog\nphoto\nred cat\n");
    scratch_text(
        s, "a.jsonl",
        "{\"uuid\":\"u1\",\"url\":\"http://a.example/1\",\"texts\":[[\"alt\",\"cat, dog\"],"
        "[\"title\",\"nothing\"]]}\n"
        "{\"url\":\"http://a.example/2\",\"texts\":[[\"alt\",\"a \\u0070hoto\"]]}\n"
        "{\"texts\":[[\"alt\",\"dog\"]]}\n"
        "{\"uuid\":\"broken\n"
        "{\"uuid\":\"u1\",\"url\":\"http://a.example/1\",\"texts\":[[\"alt\",\"cat, dog\"]]}");
    make_block_lists(s);
    make_wat(s);
    make_warc(s);
    make_rows(s);
    make_wordnet(s);
    make_images(s);
}

#endif
