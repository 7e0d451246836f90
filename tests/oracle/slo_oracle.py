#!/usr/bin/env python3
"""Writes slo_resolved.tsv: what the public Python suite makes of its templates on its hardware classes.

Needs Python >= 3.12 and: pip install inferencebench==0.1.0 inferencebench-llm==0.1.0
Run: slo_oracle.py > tests/oracle/slo_resolved.tsv
"""
from inferencebench.harness.metrics import SLOPredicate
from inferencebench_llm.plugin import _SLO_TEMPLATES
from inferencebench_llm.slo_profiles import HARDWARE_CLASSES, format_resolved, scale_slos

for name, template in _SLO_TEMPLATES.items():
    for row in HARDWARE_CLASSES:
        print(name, row.key, row.ttft_mult, format_resolved(scale_slos(template, row)), sep="\t")
