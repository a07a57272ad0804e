#!/usr/bin/env python3
"""Writes the kept inputs of fuzz_dataset_pixels and fuzz_eval_texts."""
import io
import os
import struct
import tarfile

here = os.path.dirname(os.path.abspath(__file__))


def keep(target, name, data):
    folder = os.path.join(here, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def tar(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()[:-8192]


labels = struct.pack(">2I", 0x801, 2) + b"\x05\x09"
images = struct.pack(">4I", 0x803, 2, 2, 3) + b"abcdefghijkl"
pixels = "dataset_pixels"
keep(pixels, "idx", b"\0" + bytes([len(labels)]) + labels + images)
keep(pixels, "idx_cut", b"\0" + bytes([len(labels)]) + labels + images[:-1])
keep(pixels, "idx_long", b"\0" + bytes([len(labels)]) + labels + images + b"+")
keep(pixels, "idx_huge", b"\0" + bytes([len(labels)]) + labels + images[:8] + b"\xff" * 8)
keep(pixels, "cifar10", b"\1\0" + b"\3" + bytes(3072))
keep(pixels, "cifar100", b"\2\0" + b"\1\3" + bytes(3072))
keep(pixels, "stl10_cut", b"\3\1\1" + bytes(100))

texts = "eval_texts"
keep(texts, "lines", b"\0a cat\na {c}\n\n{} b\n")
keep(texts, "names", b'\0{"set":["a",["b","c"]]}')
keep(texts, "catalog", b'\1{"root":"r","templates":"photo","classnames":"c","language":"en","sets":'
     b'[{"name":"a","path":"/b","kind":"tars","metric":"acc5","task":"zeroshot_retrieval"}]}')
keep(texts, "results", b'\2{"dataset":"a","model":"m","pretrained":"m","task":"zeroshot_classification'
     b'","metrics":{"acc1":0.5,"acc5":null,"mean_per_class_recall":1,"roc_auc":null},"language":"en",'
     b'"split":"test","metric":"acc1","setup":"00"}\n\n{"dataset":"b","metrics":{}}\n')
keep(texts, "labels", b'\3filepath,label\na.png,1\n"b,c.png",x\nd\n,\n')
keep(texts, "titles", b"\3title\tpath\none\ta\ntwo\ta\nthree\tb\n\tc\n")
keep(texts, "tar", b"\4" + tar(("a.png", b"x"), ("a.cls", b"1"), ("b.cls", b"no"), ("c.jpg", b"")))
keep(texts, "tar_texts", b"\5" + tar(("a.txt", b"one\ntwo\n"), ("a.webp", b"x"), ("b.txt", b"\n")))
