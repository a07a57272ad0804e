#!/usr/bin/env python3
"""Holds metaclip/image.h against Pillow, over random images of every mode, size and option.

    tests/image/check_preprocess.py build/libmetaclip.so [ROUNDS [SEED]]

Needs Pillow and numpy. Prints how many were equal, by kind, and each that was not; exit code 1 then.
Pillow and the library must use the same decoders, or only PNG and lossless WebP can be equal.
"""
import ctypes
import io
import random
import sys

import numpy as np
from PIL import Image, ImageFile, ImageOps

ImageFile.MAXBLOCK = 1 << 26  # or Pillow cannot write large progressive files

MEAN = np.array((0.48145466, 0.4578275, 0.40821073), np.float32)
STD = np.array((0.26862954, 0.26130258, 0.27577711), np.float32)


class Options(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint) for name in
                ("shortest", "width", "height", "crop_width", "crop_height", "resample")] + [
        ("rgb_last", ctypes.c_bool), ("exif", ctypes.c_bool), ("shrink", ctypes.c_bool),
        ("rescale", ctypes.c_double), ("mean", ctypes.c_float * 3), ("std", ctypes.c_float * 3),
        ("max_pixels", ctypes.c_uint64), ("max_bytes", ctypes.c_uint64)]


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("text", ctypes.c_char * 508)]


class Str(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class Libmetaclip:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        self.lib.mc_image_options_clip.restype = Options
        self.scratch = ctypes.c_void_p()
        assert self.lib.mc_image_scratch_new(ctypes.byref(self.scratch), None) == 0

    def options(self, **changes):
        options = self.lib.mc_image_options_clip(224)
        for name, value in changes.items():
            setattr(options, name, value)
        return options

    def prepare(self, data, options):
        """u8 [H, W, 3] and f32 [3, H, W], or the text of the error."""
        width, height = ctypes.c_uint(), ctypes.c_uint()
        err = Error()
        if self.lib.mc_image_out_size(ctypes.byref(options), ctypes.byref(width),
                                      ctypes.byref(height), ctypes.byref(err)) < 0:
            return err.text.decode()
        u8 = np.zeros((height.value, width.value, 3), np.uint8)
        f32 = np.zeros((3, height.value, width.value), np.float32)
        for call, array in ((self.lib.mc_image_prepare_u8, u8), (self.lib.mc_image_prepare, f32)):
            if call(self.scratch, ctypes.byref(options), Str(data, len(data)),
                    ctypes.c_void_p(array.ctypes.data), ctypes.byref(err)) < 0:
                return err.text.decode()
        return u8, f32

    def decode(self, data, options):
        bytes_, width, height = ctypes.c_void_p(), ctypes.c_uint(), ctypes.c_uint()
        err = Error()
        if self.lib.mc_image_decode(self.scratch, ctypes.byref(options), Str(data, len(data)),
                                    ctypes.byref(bytes_), ctypes.byref(width),
                                    ctypes.byref(height), ctypes.byref(err)) < 0:
            return err.text.decode()
        n = width.value * height.value * 3
        array = np.frombuffer(ctypes.string_at(bytes_, n), np.uint8).copy()
        self.lib.mc_free(bytes_)
        return array.reshape(height.value, width.value, 3)


def pillow(data, o):
    """What torchvision's Resize, CenterCrop and ToTensor do, with Pillow."""
    image = Image.open(io.BytesIO(data))
    image.load()
    if o.exif:
        image = ImageOps.exif_transpose(image)
    if not o.rgb_last:
        image = image.convert("RGB")
    w, h = image.size
    if o.width:
        size = o.width, o.height
    else:
        short, long_ = min(w, h), max(w, h)
        longer = int(o.shortest * long_ / short)
        size = (o.shortest, longer) if w <= h else (longer, o.shortest)
    image = image.resize(size, o.resample)
    if o.crop_width:
        cw, ch = o.crop_width, o.crop_height
        w, h = image.size
        if cw > w or ch > h:
            image = image.convert("RGB")
            pad = Image.new("RGB", (max(cw, w), max(ch, h)))
            pad.paste(image, ((cw - w) // 2 if cw > w else 0, (ch - h) // 2 if ch > h else 0))
            image = pad
            w, h = image.size
        x, y = int(round((w - cw) / 2.0)), int(round((h - ch) / 2.0))
        image = image.crop((x, y, x + cw, y + ch))
    return np.array(image.convert("RGB"))


def noise(rng, w, h, channels):
    """Something between a photograph and noise."""
    a = rng.integers(0, 256, (h, w, channels)).astype(np.float64)
    x = np.linspace(0, rng.uniform(1, 40), w)[None, :, None]
    y = np.linspace(0, rng.uniform(1, 40), h)[:, None, None]
    smooth = 127 + 127 * np.sin(x + y * rng.uniform(-1, 1) + np.arange(channels) * 2)
    share = rng.uniform(0, 1)
    return np.clip(share * a + (1 - share) * smooth, 0, 255).astype(np.uint8)


def make(rng):
    """A name and a file."""
    big = rng.random() < 0.1
    w, h = (int(rng.integers(1, 1500 if big else 400)) for _ in range(2))
    kind = rng.choice(["png RGB", "png L", "png 1", "png P", "png LA", "png RGBA", "png I",
                       "jpeg RGB", "jpeg L", "jpeg CMYK", "webp RGB", "webp RGBA"])
    form, mode = kind.split()
    out = io.BytesIO()
    if mode == "I":
        deep = rng.integers(0, 1 << int(rng.integers(8, 17)), (h, w)).astype(np.int32)
        image = Image.fromarray(deep, "I")
    elif mode in ("1", "P"):
        image = Image.fromarray(noise(rng, w, h, 3), "RGB")
        image = image.convert("1") if mode == "1" else image.quantize(int(rng.integers(2, 257)))
    else:
        a = noise(rng, w, h, {"L": 1, "LA": 2, "RGB": 3}.get(mode, 4))
        image = Image.fromarray(a[:, :, 0] if mode == "L" else a, mode)
    exif = Image.Exif()
    exif[0x0112] = int(rng.integers(1, 9))
    if form == "jpeg":
        image.save(out, "JPEG", quality=int(rng.integers(20, 101)), exif=exif,
                   subsampling=int(rng.integers(0, 3)), progressive=bool(rng.random() < 0.3))
    elif form == "webp":
        image.save(out, "WEBP", lossless=bool(rng.random() < 0.5), exif=exif)
    elif mode == "P" and rng.random() < 0.5:
        image.save(out, "PNG", exif=exif, transparency=0)
    else:
        image.save(out, "PNG", exif=exif)
    return kind, out.getvalue()


def choose(library, rng):
    size = int(rng.choice([1, 7, 32, 64, 224, 336]))
    changes = dict(shortest=size, crop_width=size, crop_height=size,
                   rgb_last=bool(rng.random() < 0.5), exif=bool(rng.random() < 0.3),
                   resample=int(rng.choice([3, 3, 3, 0, 1, 2, 4, 5])))
    if rng.random() < 0.25:
        changes.update(shortest=0, width=int(rng.integers(1, 300)), height=int(rng.integers(1, 300)))
        if rng.random() < 0.5:
            changes.update(crop_width=0, crop_height=0)
    return library.options(**changes)


def main():
    library = Libmetaclip(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    rng = np.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    equal, n = {}, {}
    for i in range(rounds):
        kind, data = make(rng)
        options = choose(library, rng)
        want = pillow(data, options)
        got = library.prepare(data, options)
        n[kind] = n.get(kind, 0) + 1
        if isinstance(got, str):
            print(i, kind, got)
            continue
        floats = ((want.astype(np.float32) / np.float32(255) - MEAN) / STD).transpose(2, 0, 1)
        if np.array_equal(got[0], want) and np.array_equal(got[1], floats):
            equal[kind] = equal.get(kind, 0) + 1
        else:
            difference = np.abs(got[0].astype(int) - want).max() if got[0].shape == want.shape else -1
            shown = {name: getattr(options, name) for name, _ in Options._fields_[:8]}
            print(i, kind, "differs by", difference, shown, Image.open(io.BytesIO(data)).size)
    for kind in sorted(n):
        print(f"{kind}: {equal.get(kind, 0)} of {n[kind]} equal")
    return int(equal != n)


if __name__ == "__main__":
    sys.exit(main())
