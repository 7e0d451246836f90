#!/usr/bin/env python3
"""Writes rng_philox.tsv beside this script by numpy's Philox4x64-10:

seed <TAB> stream word <TAB> 8 raw numbers as hex, comma-separated <TAB> 4 doubles of Generator.random as C99 hex floats

Run: python3 tests/oracle/rng_oracle.py   (needs numpy)
"""

import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
SEEDS = [0, 1, 42, 2**32, 2**63 + 12345, 2**64 - 1]
STREAMS = [1, 2, 8, 8 | 1 << 8, 5 | 1000 << 8, 3 | (2**56 - 1) << 8]

with open(HERE / "rng_philox.tsv", "w", encoding="ascii", newline="\n") as out:
    for seed in SEEDS:
        for stream in STREAMS:
            key = np.array([seed, stream], dtype=np.uint64)
            raw = np.random.Philox(key=key).random_raw(8)
            uniform = np.random.Generator(np.random.Philox(key=key)).random(4)
            out.write(f"{seed}\t{stream}\t{','.join(f'{int(x):016x}' for x in raw)}\t{','.join(float(x).hex() for x in uniform)}\n")
