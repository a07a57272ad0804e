#!/usr/bin/env python3
"""Writes tests/data/npy_*.npy, as numpy.save writes them: what tests/io/test_npy_out.c,
tests/io/test_npy_array.c and tests/cli/export.sh compare with. Needs NumPy."""
import os

import numpy as np

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
UIDS = ["00000000000000010000000000000002", "0000000000000001ffffffffffffffff",
        "f0e1d2c3b4a5968778695a4b3c2d1e0f"]

cases = {
    "npy_u32": np.array([0, 1, 4294967295], dtype=np.uint32),
    "npy_u32_empty": np.zeros(0, dtype=np.uint32),
    "npy_two_u32": np.array([[3, 0], [7, 0], [4294967295, 2]], dtype=np.uint32),
    "npy_two_u32_empty": np.zeros((0, 2), dtype=np.uint32),
    "npy_two_u64": np.array([(int(u[:16], 16), int(u[16:], 16)) for u in UIDS],
                            dtype=np.dtype("u8,u8")),
    "npy_two_u64_empty": np.zeros(0, dtype=np.dtype("u8,u8")),
    "npy_f32_rank4": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) / 4,
    "npy_u8_rank3": np.arange(18, dtype=np.uint8).reshape(2, 3, 3),
    "npy_i32_scalar": np.array(-7, dtype=np.int32),
    "npy_fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "npy_c16": np.zeros(2, dtype=np.complex128),
}
for name, array in cases.items():
    np.save(os.path.join(HERE, name + ".npy"), array)
