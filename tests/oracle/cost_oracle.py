#!/usr/bin/env python3
"""Costs by exact decimals: tests/oracle/cost.tsv, one row a line:

input <TAB> cached <TAB> output tokens <TAB> price of each, USD a million ("-": cached as input) <TAB> requests
<TAB> USD in all <TAB> USD a million output tokens <TAB> USD a request

Run: python3 tests/oracle/cost_oracle.py >tests/oracle/cost.tsv
"""

import random
from decimal import Decimal, getcontext

getcontext().prec = 60
MILLION = Decimal(1000000)
random.seed(6)


def row(tokens_in, cached, out, prices, n):
    price_in, price_cached, price_out = (None if p == "-" else Decimal(p) for p in prices)
    if price_cached is None:
        price_cached = price_in
    usd = ((tokens_in - cached) * price_in + cached * price_cached + out * price_out) / MILLION
    results = (usd, usd / out * MILLION, usd / n)
    print(tokens_in, cached, out, *prices, n, *(f"{r:.25e}" for r in results), sep="\t")


row(1000000, 0, 1000000, ("2.50", "-", "10.00"), 1)
row(1, 0, 1, ("0.15", "0.075", "0.60"), 1)
row(12, 12, 3, ("0.15", "0.075", "0.60"), 3)
row(5, 5, 7, ("3", "0", "0"), 2)
row(2**31, 2**30, 2**31, ("1000000", "0.0001", "999999.999999"), 7)
for _ in range(200):
    tokens_in = random.randrange(1, 10 ** random.randrange(1, 12))
    cached = random.choice([0, random.randrange(0, tokens_in + 1)])
    out = random.randrange(1, 10 ** random.randrange(1, 11))
    price_in, price_out = (str(Decimal(random.randrange(0, 10**6)) / 10**4) for _ in range(2))
    price_cached = random.choice(["-", str(Decimal(random.randrange(0, 10**5)) / 10**4)])
    row(tokens_in, cached, out, (price_in, price_cached, price_out), random.randrange(1, 10**5))
