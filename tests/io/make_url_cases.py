#!/usr/bin/env python3
"""Writes tests/data/url_cases.tsv: what CPython 3.11's urljoin makes of nasty pairs of urls.

    python3.11 tests/io/make_url_cases.py > tests/data/url_cases.tsv

A line: base TAB url TAB result, where the result is "=" and the joined url, or "!" where urljoin
raises ValueError. Backslash, controls and DEL are written \\xNN, the rest is UTF-8. The kept file
was made with CPython 3.11.7; 3.11.4 and later agree on all but unusual bracketed hosts.
"""
import random
import re
import sys
from urllib.parse import urljoin

BASES = [
    "", "http://a.b", "https://h/", "http://h/x/y/z;p?q#f", "http://h/x/y/", "http://h//x//y",
    "http://h/..", "http://h?x", "http://h#x", "HTTP://H/p", " \x01http://h/p/q", "http:a/b",
    "http:", "//h/p", "/a/b", "a/b", "a", "file:///a/b", "ftp://h/a;type=a", "svn+ssh://h/p",
    "mailto:x@y", "data:text/plain,x", "http://h/a;b/c;d", "http://h/a/../b/./c", "http://[::1]/a",
    "http://[x/a", "http://h\u2105/a", "http://b\u00fccher.example/\u6f22/x",
]
PIECES = [
    "http:", "https:", "HTTP:", "ftp:", "file:", "mailto:", "data:", "javascript:", "svn+ssh:",
    "tel:", "hdl:", "sip:", "rtsps:", "nfs:", "c:", "1:", "+a:", "a_b:", ":", "//", "/", "/", "/",
    "///", "..", ".", "./", "../", "/.", "/..", "/./", "/../", "...", "a", "b", "c.jpg", "x y",
    "%2e", "\u00e9", "\u6f22", "?", "#", ";", "=", "&", "@", "[", "]", "[::1]", "[v1.a]", ":80",
    "host", "HOST.com", "user:pw@", "\t", "\n", "\r", " ", "\0", "\x1f", "\x7f", "\u00a0",
    "\u3000", "\u2100", "\uff0f", "\uff1f", "\uff20", "\uff1a", "\uff03", "\u2047", "\u00bd",
    "=\u0338", "\U0001f600", ";p", "?q", "#f", "\\", "|", '"',
]
ADDRESSES = [
    "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", ":1:2:3:4:5:6:7", ":::", "1::2::3", "::12345", "::g",
    "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::01.2.3.4", "::1.2.3", "::1.2.3.256",
    "::1.2.3.4.5", "1.2.3.4", "::1%eth0", "::1%", "::1%a%b", "%", "", "v1.x", "v.x", "v1.", "v1x",
    "vG.x", "V1.x", "vaF09.:", "::\u0661", "::1.2.3.\u0661", "fe80::1%25en0", "0:0:0:0:0:0:0:0",
]


def text(rng):
    return "".join(rng.choice(PIECES) for _ in range(rng.choice([0, 1, 1, 2, 3, 4, 5, 6, 9])))


def cases():
    rng = random.Random(311)
    for address in ADDRESSES:
        yield "http://h/x", "//[" + address + "]/a"
        yield "http://h/x", "//u@[" + address + "]:80"
    for base in BASES:
        for url in PIECES:
            yield base, url
    for _ in range(1800):
        yield rng.choice(BASES) if rng.random() < 0.6 else text(rng), text(rng)


def escape(string):
    return re.sub(r"[\\\x00-\x1f\x7f]", lambda m: "\\x%02x" % ord(m[0]), string)


def main():
    lines = []
    for base, url in cases():
        try:
            result = "=" + urljoin(base, url)
        except ValueError:
            result = "!"
        lines.append("\t".join(escape(field) for field in (base, url, result)))
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    print("\n".join(dict.fromkeys(lines)))


if __name__ == "__main__":
    main()
