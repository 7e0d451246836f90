#!/usr/bin/env python3
"""Makes the tables stats_*.h beside it, which tests/unit compare src/stats with.

Needs numpy and scipy (made with numpy 2.4.6, scipy 1.17.1):
    python3 -m venv /tmp/v && /tmp/v/bin/pip install numpy scipy && /tmp/v/bin/python tests/oracle/stats_oracle.py
Every value comes from another implementation than the one under test.  Seeds are fixed: running it
again writes the same files.
"""
import math
import pathlib

import numpy as np
import scipy.special
import scipy.stats

HERE = pathlib.Path(__file__).parent
PERCENTS = (0, 1, 2.5, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.9, 100)


def number(x):
    x = float(x)
    if math.isnan(x):
        return "(double)NAN"
    if math.isinf(x):
        return "(double)INFINITY" if x > 0 else "-(double)INFINITY"
    return repr(x)


def write(name, lines, *headers):
    head = ["/* Made by tests/oracle/stats_oracle.py; do not edit. */", "#pragma once", "",
            *(f'#include "{header}"' for header in headers or ("stats/record.h",)), "",
            "#include <math.h>", "", "/* clang-format off */"]
    (HERE / name).write_text("\n".join(head + lines + ["/* clang-format on */", ""]))


def formula_sample(n):
    """The same values, to the bit, as oracle_sample() in the tests."""
    return np.array([((i * 7919) % 10007) / 1000.0 for i in range(n)])


def percentiles():
    rng = np.random.default_rng(20240501)
    samples = [rng.lognormal(3.0, 0.7, n) for n in (1, 2, 3, 4, 5, 10, 11, 37, 100)]
    samples.append(np.round(rng.lognormal(3.0, 0.7, 50)))  # ties
    samples.append(np.full(7, 0.1))
    samples.append(rng.normal(0.0, 1e6, 25))  # both signs
    samples.append(np.array([1e-300, 1e300, 3.0, -1e300]))
    lines = ["static const struct {", "    size_t n;", "    double values[100];", f"    double results[{len(PERCENTS)}];",
             "} percentile_rows[] = {"]
    for s in samples:
        results = ", ".join(number(np.percentile(s, p)) for p in PERCENTS)
        lines.append(f"    {{{len(s)}, {{{', '.join(map(number, s))}}}, {{{results}}}}},")
    lines += ["};", "", f"static const double percentile_percents[{len(PERCENTS)}] = {{{', '.join(map(str, PERCENTS))}}};", "",
              "/* Of the values (i * 7919 % 10007) / 1000.0, i < n. */",
              "static const struct {", "    size_t n;", f"    double results[{len(PERCENTS)}];", "} percentile_formula_rows[] = {"]
    for n in (500, 662, 6636, 10007, 100000):
        lines.append(f"    {{{n}, {{{', '.join(number(np.percentile(formula_sample(n), p)) for p in PERCENTS)}}}}},")
    lines += ["};"]
    write("stats_percentile.h", lines)


def ends(results):
    return np.percentile(results, 2.5), np.percentile(results, 97.5)


def reference(results):
    """Ends of intervals from 1000 resamples each: their means and standard deviations."""
    chunks = np.array([ends(c) for c in np.asarray(results).reshape(-1, 1000)])
    return chunks[:, 0].mean(), chunks[:, 1].mean(), chunks[:, 0].std(), chunks[:, 1].std()


def exponential_quantiles(n):
    return -50.0 * np.log1p(-(np.arange(n) + 0.5) / n)


def bootstrap():
    n_resamples = 40000
    rng = np.random.default_rng(7)
    lines = ["/* Ends of 95 % percentile intervals from 1000 resamples made by numpy: means over 40 intervals",
             " * and standard deviations.  Sample: -50 log1p(-(i + 0.5) / n), i < n. */",
             "static const struct {", "    size_t n;", "    double percent; /* -1: the mean */", "    double low, high, low_sd, high_sd;",
             "} bootstrap_rows[] = {"]
    for n in (11, 40, 700):
        sample = exponential_quantiles(n)
        drawn = sample[rng.integers(0, n, (n_resamples, n))]
        for percent in (50, 90, 99, -1):
            results = drawn.mean(axis=1) if percent < 0 else np.percentile(drawn, percent, axis=1)
            lines.append(f"    {{{n}, {percent}, {', '.join(map(number, reference(results)))}}},")
    lines += ["};", "", "/* Shares, by numpy's binomial. */", "static const struct {", "    uint64_t hits, n;",
              "    double low, high, low_sd, high_sd;", "} bootstrap_share_rows[] = {"]
    for hits, n in ((1, 12), (9, 10), (95, 100), (500, 1000), (990000, 1000000)):
        results = rng.binomial(n, hits / n, n_resamples) / n
        lines.append(f"    {{{hits}, {n}, {', '.join(map(number, reference(results)))}}},")
    lines += ["};", "", "/* Gaps of 40 requests, resampled by whole requests: request c has 10 + c % 11 gaps,",
              " * value (5 + c * 17 % 40 * 0.5) * (1 + k % 5 * 0.1), weight 1 + (k % 3 == 0). */",
              "static const struct {", "    double percent; /* -1: the mean */", "    double value, low, high, low_sd, high_sd;",
              "} bootstrap_gap_rows[] = {"]
    clusters = []
    for c in range(40):
        k = np.arange(10 + c % 11)
        values = (5 + (c * 17) % 40 * 0.5) * (1 + (k % 5) * 0.1)
        clusters.append(np.repeat(values, 1 + (k % 3 == 0)))
    pooled = np.concatenate(clusters)
    draws = [np.concatenate([clusters[i] for i in rng.integers(0, 40, 40)]) for _ in range(n_resamples)]
    for percent in (50, 90, 99, -1):
        f = (lambda x: x.mean()) if percent < 0 else (lambda x, p=percent: np.percentile(x, p))
        results = [f(d) for d in draws]
        lines.append(f"    {{{percent}, {number(f(pooled))}, {', '.join(map(number, reference(results)))}}},")
    lines += ["};"]
    write("stats_bootstrap.h", lines)


def arrivals():
    lines = ["/* scipy.stats.kstwo.sf(d, n). */", "static const struct {", "    uint64_t n;", "    double d, p;", "} ks_rows[] = {"]
    for n in (1, 2, 3, 5, 10, 20, 50, 100, 139, 140, 141, 150, 200, 500, 1000, 5000, 20000, 100000, 100001, 1000000):
        for z in (0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 1, 1.2, 1.36, 1.45, 1.5, 1.7, 1.95, 2.0, 2.2, 2.6, 3):
            d = z / math.sqrt(n)
            if d <= 1:
                lines.append(f"    {{{n}, {number(d)}, {number(scipy.stats.kstwo.sf(d, n))}}},")
    lines += ["};", "", "/* scipy.special.gammainc(a, x). */", "static const struct {", "    double a, x, p;", "} gamma_rows[] = {"]
    for a in (0.05, 0.1, 0.25, 0.5, 1, 2, 3.7, 10, 100, 1e3, 1e4):
        for f in (0, 1e-6, 1e-3, 0.05, 0.3, 0.7, 0.9, 0.99, 1, 1.01, 1.1, 1.5, 3, 10, 50):
            lines.append(f"    {{{number(a)}, {number(a * f)}, {number(scipy.special.gammainc(a, a * f))}}},")
    rng = np.random.default_rng(11)
    lines += ["};", "", "/* scipy.stats.kstest of the gaps between `times` (ns, from 0) against the declared process. */",
              "static const struct {", "    const char *what;", "    enum arrival arrival;", "    double rate_rps, burstiness;",
              "    double times[60];", "    double distance, p;", "} process_rows[] = {"]
    cases = [("exponential gaps, right rate", "POISSON", 20.0, 1.0, rng.exponential(1 / 20, 59)),
             ("exponential gaps, wrong rate", "POISSON", 20.0, 1.0, rng.exponential(1 / 45, 59)),
             ("even gaps called poisson", "POISSON", 20.0, 1.0, rng.normal(0.05, 0.001, 59)),
             ("gamma gaps, bursty", "GAMMA", 5.0, 0.4, rng.gamma(0.4, 1 / (5 * 0.4), 59)),
             ("gamma gaps, even", "GAMMA", 5.0, 8.0, rng.gamma(8, 1 / (5 * 8), 59)),
             ("exponential gaps called gamma 8", "GAMMA", 5.0, 8.0, rng.exponential(1 / 5, 59))]
    for what, arrival, rate, burst, gaps in cases:
        times = np.concatenate([[0], np.cumsum(np.round(gaps * 1e9))])
        exact = np.diff(times) / 1e9
        frozen = scipy.stats.expon(scale=1 / rate) if arrival == "POISSON" else scipy.stats.gamma(burst, scale=1 / (rate * burst))
        test = scipy.stats.kstest(exact, frozen.cdf, method="exact")
        lines.append(f'    {{"{what}", ARRIVAL_{arrival}, {rate}, {burst}, {{{", ".join(number(t) for t in times)}}}, '
                     f"{number(test.statistic)}, {number(test.pvalue)}}},")
    lines += ["};"]
    write("stats_arrival.h", lines)


def mann_kendall(x):
    n = len(x)
    s = np.sign(np.subtract.outer(x, x))[np.tril_indices(n, -1)].sum()
    ties = np.unique(x, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if variance > 0 and len(ties) == n > 2:
        # Without ties scipy's tau against time is the same test, less the correction for continuity.
        p = scipy.stats.kendalltau(np.arange(n), x, method="asymptotic").pvalue
        assert math.isclose(p, 2 * scipy.stats.norm.sf(abs(s) / math.sqrt(variance)), rel_tol=1e-9)
    return 0.0 if s == 0 or variance == 0 else (s - np.sign(s)) / math.sqrt(variance)


def trends():
    rng = np.random.default_rng(5)
    rows = [("rising", np.arange(10.0)), ("falling", -np.arange(60.0)), ("equal", np.full(8, 3.0)), ("two", np.array([1.0, 2.0])),
            ("noise", rng.normal(size=60)), ("noise and slope", rng.normal(size=60) + 0.03 * np.arange(60)),
            ("ties", rng.integers(0, 4, 60).astype(float)), ("ties and slope", np.floor(np.arange(60) / 10) + rng.integers(0, 3, 60))]
    lines = ["static const struct {", "    const char *what;", "    size_t n;", "    double values[60];", "    double z;",
             "} trend_rows[] = {"]
    for what, x in rows:
        lines.append(f'    {{"{what}", {len(x)}, {{{", ".join(map(number, x))}}}, {number(mann_kendall(x))}}},')
    write("stats_trend.h", lines + ["};"])


OUTCOMES = ("OK", "CONNECT", "TLS", "TIMEOUT", "STATUS", "TRUNCATED", "MALFORMED", "EMPTY", "UNFINISHED")
WINDOW = (2_000_000_000, 14_000_000_000)
END = 22_000_000_000
RATE = 8.0
SLO = (160.0, 18.0, 420.0)  # ttft, tpot, total in ms


def make_point():
    """Requests in all phases and outcomes, with and without usage, some events without tokens."""
    rng = np.random.default_rng(99)
    records, at = [], 0
    for i in range(150):
        at += int(rng.exponential(1e9 / RATE))
        sent = at + int(rng.gamma(2.0, 40_000))
        r = dict(index=i, scheduled=at, sent=sent, first=-1, last=-1, content=-1, events=[], prompt=int(rng.integers(20, 200)),
                 cached=-1 if i % 3 else 16, usage=True, connect=int(rng.integers(1, 9) * 1e5) if i % 17 == 0 else 0)
        r["phase"] = "WARMUP" if at < WINDOW[0] else "WINDOW" if at < WINDOW[1] else "TAIL"
        r["outcome"] = OUTCOMES[1 + i // 9 % 8] if i % 9 == 4 else "OK"
        t = sent + int(rng.gamma(9.0, 13e6))
        n_events = {"OK": int(rng.integers(1, 24)), "TRUNCATED": 3, "UNFINISHED": 2, "MALFORMED": 1}.get(r["outcome"], 0)
        for k in range(n_events):
            tokens = 0 if (i + k) % 13 == 5 else 1 + (k % 4 == 2) * int(rng.integers(0, 4))
            r["events"].append((t, tokens))
            t += int(rng.gamma(3.0, 4e6))
        if r["events"]:
            r["first"], r["last"] = r["events"][0][0], r["events"][-1][0]
            r["content"] = r["events"][min(2, n_events - 1)][0] if i % 5 else r["first"]
        r["end"] = -1 if r["outcome"] == "UNFINISHED" else t
        summed = sum(e[1] for e in r["events"])
        if i % 7 == 3 or r["outcome"] != "OK":
            r["usage"], r["output"] = False, summed
        else:
            r["output"] = summed + (i % 4 == 1) * int(rng.integers(0, 3))
        records.append(r)
    return records


def metrics_of(records, is_open, streams):
    """Every metric by its definition in MEASUREMENT.md, in the plainest way."""
    start = "scheduled" if is_open else "sent"
    seconds = (WINDOW[1] - WINDOW[0]) / 1e9
    inside = lambda t: WINDOW[0] <= t < WINDOW[1]
    counted = [r for r in records if r["phase"] == "WINDOW"]
    ok = [r for r in counted if r["outcome"] == "OK"]
    whole = "last" if streams else "end"
    ms = lambda rs, a, b: [(r[b] - r[a]) / 1e6 for r in rs if r[b] >= 0]
    ttft = lambda r: (r["first"] - r[start]) / 1e6 if streams else math.nan
    tpot = lambda r: (r["last"] - r["first"]) / 1e6 / (r["output"] - 1) if streams and r["output"] >= 2 else math.nan
    total = lambda r: (r[whole] - r[start]) / 1e6
    passes = lambda r: r["outcome"] == "OK" and not ttft(r) > SLO[0] and not tpot(r) > SLO[1] and not total(r) > SLO[2]
    out = {}
    tokens = 0.0
    for r in records:
        if not streams:
            tokens += r["output"] if inside(r["end"]) else 0
        elif r["events"]:
            own = np.array([e[1] for e in r["events"]], float)
            if r["usage"]:
                own = np.ones(len(own)) if own.sum() == 0 else own
                own *= r["output"] / own.sum()
            tokens += own[[inside(e[0]) for e in r["events"]]].sum()
    out["throughput_tok_per_s"] = tokens / seconds
    ended = [r for r in records if r["outcome"] == "OK" and inside(r["end"])]
    out["req_per_s_all"] = len(ended) / seconds
    out["req_per_s_passing"] = sum(map(passes, ended)) / seconds
    out["prompt_tok_per_s"] = sum(r["prompt"] for r in records
                                  if r["outcome"] == "OK" and inside(r["first" if streams else "end"])) / seconds
    out["ok_rate"] = len(ok) / len(counted)
    out["compliance_rate"] = sum(map(passes, counted)) / len(counted)
    out["n_samples"], out["n_ok"] = len(counted), len(ok)
    out["output_tokens_mean"] = np.mean([r["output"] for r in ok])
    out["prompt_tokens_mean"] = np.mean([r["prompt"] for r in ok])
    out["cold_start_ms"] = 321.5
    out["connect_wait_max_ms"] = max(r["connect"] for r in counted) / 1e6
    itl, icl = [], []
    for r in ok if streams else []:
        with_tokens = [e for e in r["events"] if e[1] > 0]
        for a, b in zip(with_tokens, with_tokens[1:]):
            itl += [(b[0] - a[0]) / 1e6 / b[1]] * b[1]
        icl += list(np.diff([e[0] for e in r["events"]]) / 1e6)
    samples = {"total": ms(ok, start, whole), "total_from_send": ms(ok, "sent", whole), "itl": itl, "icl": icl, "ttft": [],
               "ttft_from_send": [], "ttfo": [], "tpot": []}
    if streams:
        samples |= {"ttft": ms(ok, start, "first"), "ttft_from_send": ms(ok, "sent", "first"), "ttfo": ms(ok, start, "content"),
                    "tpot": [tpot(r) for r in ok if r["output"] >= 2]}
    wanted = {"ttft": (50, 90, 95, 99, "mean"), "ttft_from_send": (50, 99), "ttfo": (50, 99), "tpot": (50, 90, 95, 99, "mean"),
              "itl": (50, 90, 95, 99, "mean", "max"), "icl": (50, 99), "total": (50, 90, 95, 99, "mean"), "total_from_send": (50, 99)}
    for name, what in wanted.items():
        for w in what:
            key = f"{name}_{w if isinstance(w, str) else f'p{w}'}_ms"
            s = samples[name]
            out[key] = math.nan if not s else np.mean(s) if w == "mean" else max(s) if w == "max" else np.percentile(s, w)
    # Over a tenth of the requests fail, so the 99th percentile with failures is infinite: null.
    out["ttft_p99_incl_failures_ms"] = out["total_p99_incl_failures_ms"] = math.nan
    return out


def evidence_of(records, is_open):
    counted = [r for r in records if r["phase"] == "WINDOW"]
    seconds = (WINDOW[1] - WINDOW[0]) / 1e9
    delays = [(r["sent"] - r["scheduled"]) / 1e3 for r in counted]
    sent = np.sort([r["sent"] for r in records if WINDOW[0] <= r["sent"] < WINDOW[1]])
    spans = [(r["sent"], END if r["end"] < 0 else r["end"]) for r in records]
    cut = [(max(a, WINDOW[0]), min(b, WINDOW[1])) for a, b in spans]
    cut = [(a, b) for a, b in cut if a < b]
    mean = sum(b - a for a, b in cut) / 1e9 / seconds
    lambda_w = sum(b - a for a, b in spans if WINDOW[0] <= a < WINDOW[1]) / 1e9 / seconds
    bins = np.histogram(sent, bins=np.arange(WINDOW[0], WINDOW[1] + 1, 1_000_000_000))[0]
    nan = math.nan
    p = lambda q: np.percentile(delays, q)
    return {
        "dispatch_delay_p50_us": p(50) if is_open else nan, "dispatch_delay_p99_us": p(99) if is_open else nan,
        "dispatch_delay_max_us": max(delays) if is_open else nan,
        "turnaround_p50_us": nan if is_open else p(50), "turnaround_p99_us": nan if is_open else p(99),
        "turnaround_max_us": nan if is_open else max(delays),
        "requested_rate_rps": RATE if is_open else nan, "achieved_rate_rps": len(sent) / seconds,
        "achieved_rate_ratio": len(sent) / seconds / RATE if is_open else nan,
        "arrival_ks_p": scipy.stats.kstest(np.diff(sent) / 1e9, scipy.stats.expon(scale=1 / RATE).cdf, method="exact").pvalue
        if is_open else nan,
        "arrival_dispersion_1s": np.var(bins, ddof=1) / np.mean(bins),
        "in_flight_mean": mean, "in_flight_max": max(sum(a <= t < b for a, b in cut) for t, _ in cut),
        "little_residual": abs(mean - lambda_w) / mean,
        "waited_for_connect_share": np.mean([r["connect"] > 0 for r in counted]),
        "cached_prompt_tokens": sum(r["cached"] for r in counted if r["cached"] >= 0),
        "prompt_tokens_total": sum(r["prompt"] for r in counted),
        "n_warmup": sum(r["phase"] == "WARMUP" for r in records), "n_counted": len(counted),
        "n_tail": sum(r["phase"] == "TAIL" for r in records),
    }


def summaries():
    records = make_point()
    lines = ["/* Of one request after the other. */", "static const struct token_event summary_events[] = {"]
    for r in records:
        lines += [f"    {{.arrival_ns = {t}, .tokens = {k}}}," for t, k in r["events"]]
    lines += ["};", "", "static struct record summary_records[] = {"]
    for r in records:
        events = f".n_events = {len(r['events'])}"
        lines.append(f"    {{.index = {r['index']}, .phase = PHASE_{r['phase']}, .outcome = OUTCOME_{r['outcome']}, "
                     f".scheduled_ns = {r['scheduled']}, .sent_ns = {r['sent']}, .content_ns = {r['content']}, "
                     f".first_token_ns = {r['first']}, .last_token_ns = {r['last']}, .end_ns = {r['end']}, "
                     f".connect_ns = {r['connect']}, .prompt_tokens = {r['prompt']}, .output_tokens = {r['output']}, "
                     f".cached_tokens = {r['cached']}, .output_tokens_usage = {str(r['usage']).lower()}, {events}}},")
    lines += ["};", "", "static const struct point_facts summary_facts = {", "    .seed = 42, .arrival = ARRIVAL_POISSON,",
              f"    .rate_rps = {RATE}, .window_start_ns = {WINDOW[0]}, .window_end_ns = {WINDOW[1]}, .end_ns = {END},",
              "    .cold_start_ns = 321500000,", f"    .slo = {{.ttft_ms = {SLO[0]}, .tpot_ms = {SLO[1]}, .total_ms = {SLO[2]}}},", "};"]
    variants = (("open", True, True), ("closed", False, True), ("open_whole", True, False))
    keys = list(metrics_of(records, True, True))
    lines += ["", "static const struct {", "    const char *key;", "    double open, closed, open_whole;", "} summary_rows[] = {"]
    tables = [metrics_of(records, o, s) for _, o, s in variants]
    lines += [f'    {{"{k}", {", ".join(number(t[k]) for t in tables)}}},' for k in keys] + ["};", ""]
    for name, is_open in (("open", True), ("closed", False)):
        lines.append(f"static const struct measurement summary_evidence_{name} = {{")
        lines += [f"    .{k} = {v if isinstance(v, int) else number(v)}," for k, v in evidence_of(records, is_open).items()] + ["};"]
    write("stats_summary.h", lines, "stats/summary.h", "stats/token_events.h")


def launches():
    """Student's t quantiles, and intervals of means between launches."""
    lines = ["/* By scipy.stats.t.ppf. */", "static const struct {", "    double probability;", "    unsigned degrees;",
             "    double value;", "} student_rows[] = {"]
    for p in (0.0005, 0.025, 0.4, 0.5, 0.6, 0.9, 0.975, 0.995, 0.9995):
        lines += [f"    {{{p}, {d}, {number(scipy.stats.t.ppf(p, d))}}}," for d in (1, 2, 3, 4, 5, 9, 10, 29, 30, 99, 1000)]
    rng = np.random.default_rng(20240607)
    samples = [np.array([123.4, 125.1]), np.array([20.01, 20.5, 19.75]), rng.lognormal(3.0, 0.1, 5), rng.normal(0.0, 1.0, 10),
               1e9 + rng.normal(0.0, 1e-3, 8), 1.0 - rng.uniform(0.0, 0.05, 30), rng.exponential(50.0, 100)]
    lines += ["};", "", "/* By numpy (mean, std with ddof=1, min, max) and scipy.stats.t.interval of scipy.stats.sem. */",
              "static const struct {", "    size_t n;", "    double values[100];", "    double mean, sd, low, high, min, max;",
              "} between_rows[] = {"]
    for s in samples:
        low, high = scipy.stats.t.interval(0.95, len(s) - 1, loc=s.mean(), scale=scipy.stats.sem(s))
        figures = ", ".join(map(number, (s.mean(), s.std(ddof=1), low, high, s.min(), s.max())))
        lines.append(f"    {{{len(s)}, {{{', '.join(map(number, s))}}}, {figures}}},")
    write("stats_launches.h", lines + ["};"], "stats/between_runs.h")


if __name__ == "__main__":
    percentiles()
    bootstrap()
    arrivals()
    trends()
    summaries()
    launches()
