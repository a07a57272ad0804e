#!/usr/bin/env python3
"""Writes tests/data/search_*.npy: what tests/cli/search.sh searches. Needs NumPy."""
import os

import numpy as np

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")

cases = {
    "search_a": np.array([[1, 0, 0], [0, 1, 0], [3, 4, 0], [np.nan, 0, 0]], dtype=np.float32),
    "search_b": np.array([[0, 0, 2], [1, 0, 0]], dtype=np.float16),
    "search_queries": np.array([[2, 0, 0], [0, 0.5, 0.5]], dtype=np.float32),
    "search_one": np.array([0, 0, 1], dtype=np.float32),
}
for name, array in cases.items():
    np.save(os.path.join(HERE, name + ".npy"), array)
