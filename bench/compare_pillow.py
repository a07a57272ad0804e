#!/usr/bin/env python3
"""Our rate of preparing JPEGs beside Pillow's on the same machine, one thread, turn by turn.

    bench/compare_pillow.py build/libmetaclip.so [SECONDS]

Needs Pillow and numpy. For each size a line: images a second of processor time in the best and in the median round, of Pillow decoding
alone, of Pillow decoding, resizing and cropping, and of mc_image_prepare (which also normalises); and the ratio
of the last two.
"""
import ctypes
import io
import os
import sys
import time

import numpy as np
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "model"))
import check_preprocess as check  # noqa: E402


def photo(w, h, seed=5):
    """Random values on grids of 2 to 64 pixels, the coarser the stronger."""
    rng = np.random.default_rng(seed)
    a = np.zeros((h, w, 3))
    for step in (2, 4, 8, 16, 32, 64):
        grid = rng.normal(0, 1, (-(-h // step) + 1, -(-w // step) + 1, 3)).astype(np.float32)
        planes = [Image.fromarray(grid[:, :, c]).resize((w, h), Image.BICUBIC) for c in range(3)]
        a += np.stack([np.array(plane) for plane in planes], 2) * step ** 0.9
    a = (a - a.mean()) / a.std() * 50 + 128
    out = io.BytesIO()
    Image.fromarray(np.clip(a, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=88)
    return out.getvalue()


def main():
    library = check.Libmetaclip(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 5
    options = library.options()
    pixels = np.zeros((3, 224, 224), np.float32)
    place = ctypes.c_void_p(pixels.ctypes.data)
    for w, h in ((640, 480), (1600, 1200), (480, 640)):
        data = photo(w, h)
        file = check.Str(data, len(data))
        ways = {
            "pillow decodes": lambda: Image.open(io.BytesIO(data)).load(),
            "pillow prepares": lambda: check.pillow(data, options),
            "we prepare": lambda: library.lib.mc_image_prepare(
                library.scratch, ctypes.byref(options), file, place, None),
        }
        times = {name: [] for name in ways}
        end = time.time() + seconds
        while time.time() < end:
            for name, way in ways.items():
                start = time.process_time()
                way()
                times[name].append(time.process_time() - start)
        rates = {name: (1 / min(t), 1 / np.median(t)) for name, t in times.items()}
        shown = ", ".join(f"{name} {best:.0f} ({median:.0f})"
                          for name, (best, median) in rates.items())
        ratio = rates["we prepare"][0] / rates["pillow prepares"][0]
        middle = rates["we prepare"][1] / rates["pillow prepares"][1]
        print(f"{w}x{h}, {len(data)} bytes: {shown}; ratio {ratio:.2f} ({middle:.2f})")


if __name__ == "__main__":
    main()
