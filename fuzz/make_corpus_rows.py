#!/usr/bin/env python3
"""Writes the first inputs of fuzz_csv, fuzz_tar_rows and fuzz_tar_copy to fuzz/corpus/."""
import gzip
import io
import os
import tarfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def save(target, name, data):
    folder = os.path.join(HERE, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


COMMAS, TABS, CAPTIONS = b"\x80\x07", b"\x82\x02", b"\x81\x03"

tables = {
    "laion": COMMAS + b"URL,TEXT,WIDTH,LANGUAGE\nhttp://a/1,a red car,512,en\n",
    "quotes": COMMAS + b'text,uid\r\n"a ""b"",\r\nc",1\r\n\r\nd"e"f,"x"y\r\n',
    "ours": COMMAS + b"uuid,url,key,text\n1,u,alt,a\n",
    "ragged": COMMAS + b"text,n\na\nb,1,2\nc,3\n",
    "open": COMMAS + b'text\n"a\nb\n',
    "small": b"\x00\x00text\n" + b"a" * 100 + b"\nb\n",
    "no_texts": COMMAS + b"a,b\n1,2\n",
    "tabs": TABS + b"filepath\ttitle\na.jpg\ta, b\n",
    "captions": CAPTIONS + b"\xef\xbb\xbfa cat\r\n\n \"b\"\n\xff",
    "gzip": COMMAS + gzip.compress(b"text\na\n", mtime=0) + gzip.compress(b"b\n", mtime=0),
}
for name, data in tables.items():
    save("csv", name, data)


def tar(members, form=tarfile.USTAR_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as file:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    blocks = out.getvalue().rstrip(b"\0")
    return blocks + bytes(-len(blocks) % 512 + 512)


SAMPLES = [
    ("0/1.jpg", b"image"),
    ("0/1.txt", b"a red car\n"),
    ("0/2.json", b'{"caption":"two","url":"http://a/2","uid":7,"width":512}'),
    ("0/3.json", b'{"texts":[["alt","three"],["title",1]],"uuid":"u"}'),
    ("0/4.json", b"{"),
]
tars = {
    "samples": b"\x40" + tar(SAMPLES),
    "same_text": b"\x40" + tar([("1.txt", b"a"), ("1.json", b'{"caption":"a"}'), ("1.txt", b"b")]),
    "limit": b"\x00" + tar([("1.txt", b"a" * 100), ("1.json", b"[]"), ("2.txt", b"b")]),
    "pax": b"\x40" + tar([("\u00e9/" + "n" * 120 + ".txt", b"a")], tarfile.PAX_FORMAT),
    "gnu": b"\x40" + tar([("n" * 120 + ".txt", b"a")], tarfile.GNU_FORMAT),
    "cut": b"\x40" + tar(SAMPLES)[:1700],
    "gzip": b"\x40" + gzip.compress(tar(SAMPLES), mtime=0),
}
tars["two"] = tars["limit"] + tars["same_text"][1:]
tars["damaged"] = tars["samples"][:1030] + b"x" + tars["samples"][1031:]
for name, data in tars.items():
    save("tar_rows", name, data)

# The same, of which every other sample is copied; and those whose samples need one another.
for name, data in tars.items():
    save("tar_copy", name, data[:1] + b"\x55\x55" + data[1:])
AGAIN = [("1.txt", b"a"), ("2.txt", b"b"), ("1.json", b'{"caption":"c"}'), ("d", b""),
         ("3.txt", b"d")]
save("tar_copy", "mended", b"\x41\x55\x55" + tars["pax"][1:] + tars["gnu"][1:])
save("tar_copy", "again", b"\x40\xfd\xff" + tar(AGAIN))
save("tar_copy", "joined", b"\x40\xff\xff" + tar(SAMPLES) + bytes(512) + tar(AGAIN) + bytes(512))
