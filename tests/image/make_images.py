#!/usr/bin/env python3
"""Makes tests/data/images: small images of every mode and format, and what Pillow makes of them.

    tests/image/make_images.py          (Pillow 9.4 and numpy)

images.tsv lists the files: name, mode, width, height, and how far the pixels may be from Pillow's (0:
equal). expected.bin holds for each, in this order, what the shortest side to 16 and a crop of 16 x 16
give: first RGB first, then RGB last, u8 [16, 16, 3] both. Also writes fuzz/corpus/image.
"""
import io
import os
import struct
import zlib

from types import SimpleNamespace

import numpy as np
from PIL import Image

from check_preprocess import pillow  # one definition of what is right

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
OUT = os.path.join(ROOT, "tests", "data", "images")
SEEDS = os.path.join(ROOT, "fuzz", "corpus", "image")


def picture(w, h, channels, seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w]
    waves = [127 + 120 * np.sin(x / (3 + c) + y / (5 - c) + c) for c in range(channels)]
    a = np.stack(waves, 2) + rng.normal(0, 6, (h, w, channels))
    return np.clip(a, 0, 255).astype(np.uint8)


def of(mode, w, h, seed=1):
    if mode == "I":
        deep = picture(w, h, 1, seed)[:, :, 0].astype(np.int32) * 3
        return Image.fromarray(deep, "I")
    if mode == "L":
        return Image.fromarray(picture(w, h, 1, seed)[:, :, 0], "L")
    if mode == "LA":
        return Image.fromarray(picture(w, h, 2, seed), "LA")
    if mode in ("RGBA", "CMYK"):
        return Image.fromarray(picture(w, h, 4, seed), mode)
    image = Image.fromarray(picture(w, h, 3, seed), "RGB")
    return image.convert("1") if mode == "1" else image.quantize(20) if mode == "P" else image


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def interlaced(image):
    """A PNG of an RGB image in seven passes."""
    a = np.array(image)
    h, w = a.shape[:2]
    rows = b""
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                           (1, 0, 2, 2), (0, 1, 1, 2)):
        part = a[y0::dy, x0::dx]
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)
    head = struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 1)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) +
            chunk(b"IEND", b""))


def raw(w, h, depth, color, rows, *others, end=True):
    """A PNG of bytes as they are, with filter bytes."""
    head = struct.pack(">IIBBBBB", w, h, depth, color, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(others) +
            chunk(b"IDAT", zlib.compress(rows, 9)) + (chunk(b"IEND", b"") if end else b""))


def rgb_rows(w, h):
    return b"".join(b"\0" + row.tobytes() for row in picture(w, h, 3, 4))


def index_rows(w, h):
    return b"".join(b"\0" + bytes((x * y) % 16 for x in range(w)) for y in range(h))


def saved(image, form, **how):
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def files():
    yield "rgb.png", saved(of("RGB", 29, 20), "PNG"), 0
    yield "interlaced.png", interlaced(of("RGB", 23, 31)), 0
    deep = picture(20, 18, 3, 4).astype(">u2") * 257
    yield "deep.png", raw(20, 18, 16, 2, b"".join(b"\0" + row.tobytes() for row in deep)), 0
    yield "one.png", saved(of("1", 40, 33), "PNG"), 0
    yield "grey.png", saved(of("L", 9, 41), "PNG"), 0
    yield "grey_alpha.png", saved(of("LA", 30, 22), "PNG"), 0
    yield "palette.png", saved(of("P", 33, 27), "PNG"), 0
    yield "palette_clear.png", saved(of("P", 33, 27), "PNG", transparency=3), 0
    yield "rgba.png", saved(of("RGBA", 21, 37), "PNG"), 0
    yield "deep_grey.png", saved(of("I", 31, 25), "PNG"), 0
    yield "same_size.png", saved(of("RGBA", 16, 16), "PNG"), 0
    yield "tiny.png", saved(of("RGB", 1, 1), "PNG"), 0
    yield "narrow.png", saved(of("RGB", 2, 90), "PNG"), 0
    yield "long.png", raw(25, 20, 8, 2, rgb_rows(25, 33)), 0
    yield "endless.png", raw(25, 20, 8, 2, rgb_rows(25, 20), end=False), 0
    yield "few_colors.png", raw(25, 20, 8, 3, index_rows(25, 20),
                                chunk(b"PLTE", bytes(range(100, 124)))), 0
    yield "no_colors.png", raw(25, 20, 8, 3, index_rows(25, 20)), 0
    yield "rgb.jpg", saved(of("RGB", 50, 38), "JPEG", quality=85), 8
    yield "progressive.jpg", saved(of("RGB", 38, 50), "JPEG", quality=85, progressive=True), 8
    yield "grey.jpg", saved(of("L", 35, 35), "JPEG"), 8
    yield "cmyk.jpg", saved(of("CMYK", 41, 30), "JPEG"), 8
    yield "lossless.webp", saved(of("RGB", 37, 26), "WEBP", lossless=True), 0
    yield "lossy.webp", saved(of("RGB", 37, 26), "WEBP"), 8
    yield "alpha.webp", saved(of("RGBA", 26, 37), "WEBP", lossless=True), 0
    frames = [of("RGBA", 24, 24, seed) for seed in (5, 6)]
    yield "animated.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:],
                                 lossless=True), 0
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image = of("RGB", 24, 17)
        way = {2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM,
               5: Image.TRANSPOSE, 6: Image.ROTATE_90, 7: Image.TRANSVERSE, 8: Image.ROTATE_270}
        if orientation > 1:  # upright again when turned
            image = image.transpose(way[orientation])
        yield f"turned{orientation}.png", saved(image, "PNG", exif=exif), 0


def options(rgb_last):
    return SimpleNamespace(exif=False, rgb_last=rgb_last, width=0, height=0, shortest=16,
                           crop_width=16, crop_height=16, resample=3)


def main():
    os.makedirs(OUT, exist_ok=True)
    os.makedirs(SEEDS, exist_ok=True)
    expected = b""
    with open(os.path.join(OUT, "images.tsv"), "w") as table:
        for name, data, far in files():
            image = Image.open(io.BytesIO(data))
            print(name, image.mode, *image.size, far, sep="\t", file=table)
            expected += b"".join(pillow(data, options(last)).tobytes() for last in (False, True))
            with open(os.path.join(OUT, name), "wb") as out:
                out.write(data)
            with open(os.path.join(SEEDS, name.replace(".", "_")), "wb") as out:
                out.write(bytes([len(data) % 32]) + data)
    with open(os.path.join(OUT, "expected.bin"), "wb") as out:
        out.write(expected)


if __name__ == "__main__":
    main()
