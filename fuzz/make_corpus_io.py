#!/usr/bin/env python3
"""Writes the first inputs of fuzz_stream, fuzz_warc and fuzz_http to fuzz/corpus/."""
import gzip
import os
import zlib

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def save(target, name, data):
    folder = os.path.join(HERE, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def member(data):
    return gzip.compress(data, mtime=0)


def raw_deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zstd_frame(data):
    """One raw block in a single-segment frame; data is shorter than 256 bytes."""
    block = (len(data) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + block + data


TEXT = b"a photo of a red car, " * 12
DRESSED = (b"\x1f\x8b\x08\x1c\0\0\0\0\0\xff\x06\0BC\x02\0\x1b\0name\0comment\0"
           + member(TEXT)[10:])
SKIPPABLE = b"\x50\x2a\x4d\x18\x03\0\0\0abc"

streams = {
    "plain": TEXT,
    "gzip": member(TEXT),
    "gzip_many": member(b"one") + member(b"") + member(b"two"),
    "gzip_dressed": DRESSED + member(TEXT),
    "gzip_stored": gzip.compress(TEXT, 0, mtime=0),
    "gzip_padded": member(TEXT) + bytes(40),
    "gzip_junk": member(b"one") + b"junk" + member(b"two"),
    "gzip_cut": member(bytes(range(256)))[:-30],
    "gzip_long": member(bytes(200000)),
    "zstd": zstd_frame(TEXT[:200]),
    "zstd_many": zstd_frame(b"one") + SKIPPABLE + zstd_frame(b"two"),
    "mixed": member(b"one") + zstd_frame(b"two") + member(b"three"),
}
for name, data in streams.items():
    save("stream", name, b"\x10\x20" + data)


def record(kind, block, *fields, end=b"\r\n"):
    lines = [b"WARC/1.0", b"WARC-Type: " + kind, *fields, b"Content-Length: %d" % len(block)]
    return end.join(lines) + end + end + block + end + end


PAGE = record(b"response", b"HTTP/1.1 200 OK\r\n\r\n<p>", b"WARC-Target-URI: <http://a/>",
              b"Content-Type: application/http")
INFO = record(b"warcinfo", b"software: x\r\n")
warcs = {
    "plain": INFO + PAGE,
    "lines": record(b"metadata", b"x\n", b"X-Folded: a\n b", end=b"\n"),
    "gzip": member(INFO) + member(PAGE) + member(record(b"conversion", b"text")),
    "one_member": member(INFO + PAGE),
    "cut": (INFO + PAGE)[:-20],
    "no_length": PAGE.replace(b"Content-Length", b"X") + INFO,
    "huge": PAGE.replace(b"Length: 22", b"Length: 9223372036854775807") + INFO,
    "negative": PAGE.replace(b"Length: 22", b"Length: -22") + INFO,
    "short": PAGE.replace(b"Length: 22", b"Length: 2") + INFO,
    "arc": b"filedesc://a.arc 0.0.0.0 20080430204825 text/plain 77\n",
    "damaged": member(INFO)[:-9] + member(PAGE),
}
for name, data in warcs.items():
    save("warc", name, b"\x00\xff" + data)


def message(fields, body):
    return b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n" + body


CHUNKS = b"5;x=y\r\nhello\r\n3\r\n you\r\n0\r\nTrailer: x\r\n\r\n"
https = {
    "plain": message(b"Content-Type: text/html;\r\n charset=\"utf-8\"", b"<p>"),
    "chunked": message(b"Transfer-Encoding: chunked", CHUNKS),
    "gzip": message(b"Content-Encoding: gzip", member(TEXT)),
    "deflate_zlib": message(b"Content-Encoding: deflate", zlib.compress(TEXT)),
    "deflate_raw": message(b"Content-Encoding: deflate", raw_deflate(TEXT)),
    "zstd": message(b"Content-Encoding: zstd", zstd_frame(TEXT[:200])),
    "list": message(b"Content-Encoding: gzip, deflate", zlib.compress(member(TEXT))),
    "brotli": message(b"Content-Encoding: br", b"\x0b\x02\x80hello\x03"),
    "bomb": message(b"Content-Encoding: gzip", member(bytes(300000))),
    "lines": b"HTTP/1.0 404\nA: b\n\nbody",
}
for name, data in https.items():
    save("http", name, data)
