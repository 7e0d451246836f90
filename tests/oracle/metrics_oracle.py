#!/usr/bin/env python3
"""Writes what Python's prometheus_client reads in tests/data/metrics/*.txt, one line a sample:

file <TAB> name <TAB> value as 16 hex digits of its bits, or nan <TAB> label <TAB> its value <TAB> ...

with \\\\, \\n and \\t for backslash, line feed and tab inside a label's value. TYPE lines are left out: by them that
library gives counters a name that the text does not have.
Run: pip install prometheus_client && python3 tests/oracle/metrics_oracle.py >tests/oracle/metrics.tsv
"""

import pathlib
import re
import struct

from prometheus_client.parser import text_string_to_metric_families

DATA = pathlib.Path(__file__).parent.parent / "data" / "metrics"


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


for path in sorted(DATA.glob("*.txt")):
    text = re.sub(r"^# TYPE .*$", "#", path.read_text(encoding="utf-8"), flags=re.M)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            value = float(sample.value)
            bits = "nan" if value != value else struct.pack(">d", value).hex()
            labels = [part for pair in sample.labels.items() for part in map(escape, pair)]
            print(path.stem, escape(sample.name), bits, *labels, sep="\t")
