#!/usr/bin/env python3
"""Writes the first inputs of fuzz_fasttext to fuzz/corpus/: tiny models of every kind."""
import os
import struct

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "fasttext")
TREE, SAMPLED, SOFTMAX, EACH = 1, 2, 3, 4
WORDS = [b"</s>", b"a", b"dog"]
DIM = 2


def header(loss, bucket, minn, maxn, word_ngrams=1, version=12, n_labels=3, kept=None, words=WORDS):
    out = struct.pack("<2i", 793712314, version)
    out += struct.pack("<12id", DIM, 5, 1, 1, 5, word_ngrams, loss, 3, bucket, minn, maxn, 100, 1e-4)
    out += struct.pack("<3i2q", len(words) + n_labels, len(words), n_labels, 99, -1 if kept is None else len(kept))
    for i, word in enumerate(words):
        out += word + b"\0" + struct.pack("<qb", 9 - i, 0)
    for i in range(n_labels):
        out += b"__label__l%d\0" % i + struct.pack("<qb", 9 - i, 1)
    for pair in kept or []:
        out += struct.pack("<2i", *pair)
    return out


def numbers(n):
    return struct.pack("<%df" % n, *[(i * 7 % 11 - 5) / 4 for i in range(n)])


def plain(rows):
    return struct.pack("<2q", rows, DIM) + numbers(rows * DIM)


def parts(dim, part):
    n = -(-dim // part)
    return struct.pack("<4i", dim, n, part, dim - (n - 1) * part) + numbers(dim * 256)


def quantised(rows, part, norms):
    n = rows * -(-DIM // part)
    out = struct.pack("<?2qi", norms, rows, DIM, n) + bytes(i * 37 % 256 for i in range(n)) + parts(DIM, part)
    return out + (bytes(range(rows)) + parts(1, 1) if norms else b"")


def model(loss, bucket, minn, maxn, n_labels=3, **more):
    start = header(loss, bucket, minn, maxn, n_labels=n_labels, **more)
    return start + b"\0" + plain(len(WORDS) + bucket) + b"\0" + plain(n_labels)


def pruned(loss, kept, output_too, norms, part):
    start = header(loss, 20, 1, 3, kept=kept) + b"\1" + quantised(len(WORDS) + len(kept), part, norms)
    return start + (b"\1" + quantised(3, part, norms) if output_too else b"\0" + plain(3))


os.makedirs(HERE, exist_ok=True)
for name, data in {
    "tree": model(TREE, 5, 2, 4),
    "one_label": model(TREE, 0, 0, 0, n_labels=1),
    "softmax": model(SOFTMAX, 5, 1, 3) + b"\0\n\0\n" + b"a dog </s> b",
    "words": model(SOFTMAX, 7, 0, 0, word_ngrams=3),
    "each": model(EACH, 5, 2, 2),
    "sampled_old": model(SAMPLED, 5, 2, 4, version=11),
    "pruned": pruned(TREE, [(3, 0), (9, 2), (19, 1)], False, True, 2),
    "pruned_all": pruned(SOFTMAX, [], True, False, 1),
    "quantised": pruned(SOFTMAX, [(0, 0)], True, True, 2),
}.items():
    with open(os.path.join(HERE, name), "wb") as file:
        file.write(data)
