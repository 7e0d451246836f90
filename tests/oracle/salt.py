#!/usr/bin/env python3
"""Prints the rows of test_prompt.c: salts of some requests, by a second writing of the network.

Usage: tests/oracle/salt.py   (needs numpy)
"""
import numpy

MASK64 = (1 << 64) - 1
MASK24 = (1 << 24) - 1
STREAM_SALT = 3


def mixed(half, key):
    x = half ^ key
    x = ((x ^ (x >> 33)) * 0xFF51AFD7ED558CCD) & MASK64
    x = ((x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53) & MASK64
    return (x ^ (x >> 33)) & MASK24


def salt(seed, index):
    key = numpy.array([seed, STREAM_SALT], dtype=numpy.uint64)
    keys = numpy.random.Philox(key=key, counter=0).random_raw(6)
    left, right = index >> 24, index & MASK24
    for key in keys:
        left, right = right, left ^ mixed(right, int(key))
    return left << 24 | right


for s, i in ((0, 0), (0, 1), (42, 0), (42, 1), (42, 1 << 24), (42, (1 << 48) - 1), (MASK64, 123456789)):
    print("        {UINT64_C(0x%x), UINT64_C(0x%x), UINT64_C(0x%012x)}," % (s, i, salt(s, i)))
