"""Every metric and interval of an envelope, computed again from its records file alone.

usage: recompute.py BENCH

Runs the benchmark in virtual time in several ways, reads the records file of each, and computes all that
docs/statistics.md defines: percentiles by numpy, intervals by an own Philox4x64-10 and own resampling.  No
tolerance: numbers must be equal to the last bit.  scipy gives the Kolmogorov-Smirnov p-value, which is an
approximation on our side (within 3e-6).  Last line: "N passed, N failed, N skipped".
"""

import hashlib
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import scipy.stats
import zstandard

BENCH = sys.argv[1]
RESAMPLES = 1000
GROUPS_MAX = 2048
INTERVAL_MIN = 11
BINOMIAL_DIRECT = 16
STREAM_BOOTSTRAP = 5
MASK64 = (1 << 64) - 1
KS_TOLERANCE = 3e-6
SHOWN_MAX = 30
counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(what, good, detail=""):
    counts["passed" if good else "failed"] += 1
    if not good and counts["failed"] <= SHOWN_MAX:
        print(f"FAILED: {what}: {detail}")


# ---- The generator. ----


def multiply(a, x):
    """High and low 64 bits of the product of a number and an array."""
    low32 = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    a_high, a_low = np.uint64(a >> 32), np.uint64(a & 0xFFFFFFFF)
    x_high, x_low = x >> shift, x & low32
    low = a_low * x_low
    middle = a_high * x_low + (low >> shift)
    other = a_low * x_high + (middle & low32)
    high = a_high * x_high + (middle >> shift) + (other >> shift)
    return high, (other << shift) | (low & low32)


def philox_blocks(key, first, n):
    """Blocks first..first+n-1 of four numbers each; the counter is 1 at block 0."""
    x = [np.arange(first + 1, first + n + 1, dtype=np.uint64)] + [np.zeros(n, np.uint64) for _ in range(3)]
    k0, k1 = key
    for _ in range(10):
        high0, low0 = multiply(0xD2E7470EE14C6C93, x[0])
        high1, low1 = multiply(0xCA5A826395121157, x[2])
        x = [high1 ^ x[1] ^ np.uint64(k0), low1, high0 ^ x[3] ^ np.uint64(k1), low0]
        k0 = (k0 + 0x9E3779B97F4A7C15) & MASK64
        k1 = (k1 + 0xBB67AE8584CAA73B) & MASK64
    return np.stack(x, axis=1).ravel()


class Random:
    """The bootstrap's stream of one metric."""

    BLOCKS = 1024

    def __init__(self, seed, key):
        fnv = 0xCBF29CE484222325
        for byte in key.encode():
            fnv = ((fnv ^ byte) * 0x100000001B3) & MASK64
        self.key = (seed, STREAM_BOOTSTRAP | (fnv >> 8) << 8)
        self.ready = np.zeros(0, np.uint64)
        self.n_blocks = 0

    def take(self, n):
        if len(self.ready) < n:
            blocks = max(self.BLOCKS, -(-(n - len(self.ready)) // 4))
            more = philox_blocks(self.key, self.n_blocks, blocks)
            self.n_blocks += blocks
            self.ready = np.concatenate([self.ready, more])
        out, self.ready = self.ready[:n], self.ready[n:]
        return out

    def uniform(self):
        return (int(self.take(1)[0]) >> 11) * 2.0**-53

    def uniform_open(self):
        return 1.0 - self.uniform()

    def below(self, bound, n):
        """n integers in [0, bound)."""
        reject = ((1 << 64) - bound) % bound
        out = np.zeros(0, np.uint64)
        while len(out) < n:
            bits = self.take(n - len(out))
            out = np.concatenate([out, bits[bits >= np.uint64(reject)]])
        return (out % np.uint64(bound)).astype(np.int64)

    def exponential(self):
        return -1.0 * math.log(self.uniform_open())

    def normal(self):
        radius = math.sqrt(-2.0 * math.log(self.uniform_open()))
        return radius * math.cos(2.0 * math.pi * self.uniform())

    def gamma(self, shape):
        """For shape >= 1, which is all that resampling asks for."""
        d = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        while True:
            x = self.normal()
            root = 1.0 + c * x
            if root <= 0.0:
                continue
            v = root * root * root
            if math.log(self.uniform_open()) < 0.5 * x * x + d - d * v + d * math.log(v):
                return 1.0 * d * v * 1.0

    def beta(self, a, b):
        x = self.gamma(a)
        return x / (x + self.gamma(b))

    def permutation(self, n):
        out = [0] * n
        for i in range(n):
            j = int(self.below(i + 1, 1)[0])
            out[i] = out[j]
            out[j] = i
        return np.array(out)


# ---- Percentiles and their intervals. ----


def rank_of(n, percent):
    place = (n - 1) * (percent / 100.0)
    lower = math.floor(place)
    if lower >= n - 1:
        return n - 1, n - 1, 0.0
    return lower, lower + 1, place - lower


def between(lower, upper, fraction):
    if math.isinf(upper) or math.isinf(lower):
        return upper if fraction > 0.0 else lower
    difference = upper - lower
    return upper - difference * (1.0 - fraction) if fraction >= 0.5 else lower + difference * fraction


def percentile(ordered, percent):
    """numpy's, except that it makes NaN of infinities."""
    if len(ordered) == 0:
        return math.nan
    if np.isinf(ordered[-1]):
        lower, upper, fraction = rank_of(len(ordered), percent)
        return between(float(ordered[lower]), float(ordered[upper]), fraction)
    return float(np.percentile(ordered, percent))


def min_samples(percent):
    share, n = percent / 100.0, 2
    while share**n + n * (1.0 - share) * share ** (n - 1) > 0.01:
        n += 1
    return n


def middle(results):
    ordered = np.sort(np.array(results))
    ends = percentile(ordered, 2.5), percentile(ordered, 97.5)
    return list(ends) if all(math.isfinite(e) for e in ends) else None


def place_of(uniform, n):
    return min(int(uniform * n), n - 1)


def percentile_interval(ordered, percent, random):
    n = len(ordered)
    lower, upper, fraction = rank_of(n, percent)
    results = []
    for _ in range(RESAMPLES):
        below = random.gamma(lower + 1.0)
        gap = random.exponential() if upper > lower else 0.0
        above = random.gamma(float(n - upper))
        whole = below + gap + above
        a, b = ordered[place_of(below / whole, n)], ordered[place_of((below + gap) / whole, n)]
        results.append(between(float(a), float(b), fraction))
    return middle(results)


def binomial(random, n, share):
    hits = 0
    while n > BINOMIAL_DIRECT:
        half = 1 + n // 2
        median = random.beta(float(half), float(n + 1 - half))
        if median <= share:
            hits, n, share = hits + half, n - half, (share - median) / (1.0 - median)
        else:
            n, share = half - 1, share / median
    return hits + sum(random.uniform() < share for _ in range(n))


def share_interval(hits, n, random):
    if hits in (0, n):
        return None
    return middle([binomial(random, n, hits / n) / n for _ in range(RESAMPLES)])


def in_order(values):
    """Sums along the last axis, one addition after the other."""
    return np.cumsum(values, axis=-1)[..., -1]


def ratio_interval(sums, weights, random):
    n = len(sums)
    drawn = random.below(n, RESAMPLES * n).reshape(RESAMPLES, n)
    return middle(in_order(sums[drawn]) / in_order(weights[drawn]))


def grouped(values, weights, groups, n_groups):
    sums, totals = np.zeros(n_groups), np.zeros(n_groups)
    np.add.at(sums, groups, values)
    np.add.at(totals, groups, weights)
    return sums, totals


def mean_interval(ordered, random):
    n_groups = min(len(ordered), GROUPS_MAX)
    groups = random.permutation(len(ordered)) % n_groups
    return ratio_interval(*grouped(ordered, np.ones(len(ordered)), groups, n_groups), random)


class Gaps:
    """Gaps between tokens, ascending, each with its weight and the group of its request."""

    def __init__(self, seed, key, requests):
        self.n_requests = len(requests)
        values = [gap for request in requests for gap, _ in request]
        weights = [weight for request in requests for _, weight in request]
        owner = np.array([i for i, request in enumerate(requests) for _ in request], np.int64)
        self.n_groups = self.n_requests
        if self.n_requests > GROUPS_MAX:
            self.n_groups = GROUPS_MAX
            owner = Random(seed, key).permutation(self.n_requests)[owner] % GROUPS_MAX
        order = np.argsort(np.array(values, float), kind="stable")
        self.values = np.array(values, float)[order]
        self.weights = np.array(weights, np.int64)[order]
        self.groups = owner[order]
        self.n_repeated = int(self.weights.sum())
        self.sums, self.totals = grouped(self.values * self.weights, self.weights, self.groups, self.n_groups)

    def mean(self):
        return float(in_order(self.values * self.weights)) / self.n_repeated if self.n_repeated else math.nan

    def largest(self):
        return float(self.values[-1]) if len(self.values) else math.nan

    def percentile(self, percent):
        return percentile(np.repeat(self.values, self.weights), percent)

    def interval(self, percent, random):
        results = []
        for _ in range(RESAMPLES):
            times = np.bincount(random.below(self.n_groups, self.n_groups), minlength=self.n_groups)
            upto = np.cumsum(self.weights * times[self.groups])
            lower, upper, fraction = rank_of(int(upto[-1]), percent)
            at = np.searchsorted(upto, [lower, upper], side="right")
            results.append(between(float(self.values[at[0]]), float(self.values[at[1]]), fraction))
        return middle(results)

    def mean_interval(self, random):
        return ratio_interval(self.sums, self.totals, random)


# ---- The records. ----


def read_records(path):
    text = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read().decode()
    lines = [json.loads(line) for line in text.splitlines()]
    point = lines[0]["point"]
    requests = [line for line in lines if line["type"] == "request"]
    for request in requests:
        request["arrivals"] = [int(a) for a in np.cumsum(np.array(request.get("gaps_ns", []), np.int64))]
        request["event_tokens"] = [v for v, n in request.get("tokens", []) for _ in range(n)]
    return point, requests


def span_ms(a, b):
    return math.nan if a is None or b is None else (b - a) / 1e6


def quantities(point, r):
    """name -> value of one request, NaN where it has none."""
    streams = point["streaming"]
    start = r["scheduled_ns"] if point["driver"] == "open" else r["sent_ns"]
    whole = r["last_token_ns"] if streams else r["end_ns"]
    tokens = r["output_tokens"]
    out = {"total": span_ms(start, whole), "total_from_send": span_ms(r["sent_ns"], whole)}
    out["ttft"] = span_ms(start, r["first_token_ns"]) if streams else math.nan
    out["ttft_from_send"] = span_ms(r["sent_ns"], r["first_token_ns"]) if streams else math.nan
    out["ttfo"] = span_ms(start, r["content_ns"]) if streams else math.nan
    many = streams and tokens is not None and tokens >= 2
    out["tpot"] = span_ms(r["first_token_ns"], r["last_token_ns"]) / (tokens - 1) if many else math.nan
    out["output_tokens"] = math.nan if tokens is None else float(tokens)
    out["prompt_tokens"] = math.nan if r["prompt_tokens"] is None else float(r["prompt_tokens"])
    return out


def passes(point, r):
    q = quantities(point, r)
    limits = {name: point[f"slo_{name}_ms"] for name in ("ttft", "tpot", "total")}
    return r["outcome"] == "ok" and not any(v is not None and q[k] > v for k, v in limits.items())


def tokens_between(point, r, begin, end):
    if not point["streaming"]:
        inside = (r["output_tokens"] or 0) > 0 and r["end_ns"] is not None and begin <= r["end_ns"] < end
        return float(r["output_tokens"]) if inside else 0.0
    own = r["event_tokens"]
    within = [begin <= a < end for a in r["arrivals"]]
    inside, everything = sum(t for t, w in zip(own, within) if w), sum(own)
    if not r["output_tokens_usage"] or r["output_tokens"] is None:
        return float(inside)
    if everything == 0:
        inside, everything = sum(within), len(own)
    return float(r["output_tokens"]) * float(inside) / float(everything) if everything else 0.0


def gaps_of(r, by_tokens):
    out, last = [], None
    for at, tokens in zip(r["arrivals"], r["event_tokens"]):
        if by_tokens and tokens == 0:
            continue
        weight = tokens if by_tokens else 1
        if last is not None:
            out.append(((at - last) / 1e6 / weight, weight))
        last = at
    return out


def wilson(mean, n):
    if n == 0:
        return None
    z = 1.959963984540054
    assert abs(z - scipy.stats.norm.ppf(0.975)) < 1e-15
    z2, n = z * z, float(n)
    middle = (mean + z2 / (2.0 * n)) / (1.0 + z2 / n)
    half = z * math.sqrt(mean * (1.0 - mean) / n + z2 / (4.0 * n * n)) / (1.0 + z2 / n)
    return [max(0.0, middle - half), min(1.0, middle + half)]


def quality_part(requests):
    ok = [r for r in requests if r["outcome"] == "ok"]
    scores = sorted(r["score"] for r in ok if r["score"] is not None)
    total, n, settled = sum(scores, 0.0), len(scores), len(scores) + len(requests) - len(ok)
    mean, with_failures = total / n if n else None, total / settled if settled else None
    return {"n": len(requests), "n_ok": len(ok), "n_scored": n, "accuracy": mean, "wilson_95": wilson(mean, n),
            "accuracy_incl_failures": with_failures, "wilson_95_incl_failures": wilson(with_failures, settled)}


PERCENTILES = {
    "ttft": (50, 90, 95, 99), "ttft_from_send": (50, 99), "ttfo": (50, 99), "tpot": (50, 90, 95, 99),
    "total": (50, 90, 95, 99), "total_from_send": (50, 99),
}
MEANS = {"ttft_mean_ms": "ttft", "tpot_mean_ms": "tpot", "total_mean_ms": "total",
         "output_tokens_mean": "output_tokens", "prompt_tokens_mean": "prompt_tokens"}


class Point:
    """metrics and intervals by key; None where there is none."""

    def __init__(self, point, requests):
        self.point, self.requests, self.seed = point, requests, point["seed"]
        self.metrics, self.intervals = {}, {}
        self.counted = [r for r in requests if r["phase"] == "window"]
        self.ok = [r for r in self.counted if r["outcome"] == "ok"]
        self.figures()
        self.samples()
        self.gaps("itl", (50, 90, 95, 99), True)
        self.gaps("icl", (50, 99), False)
        self.cost()
        self.accuracy()

    def put(self, key, value, interval=None):
        self.metrics[key] = value if math.isfinite(value) else None
        self.intervals[key] = interval

    def figures(self):
        p, ok_all = self.point, [r for r in self.requests if r["outcome"] == "ok"]
        begin, end = p["window_start_ns"], p["window_end_ns"]
        seconds = (end - begin) / 1e9

        def inside(at):
            return at is not None and begin <= at < end

        total = 0.0
        for r in self.requests:
            total += tokens_between(p, r, begin, end)
        self.put("throughput_tok_per_s", total / seconds)
        ended = [r for r in ok_all if inside(r["end_ns"])]
        self.put("req_per_s_all", len(ended) / seconds)
        self.put("req_per_s_passing", sum(passes(p, r) for r in ended) / seconds)
        prompts = 0.0
        for r in ok_all:
            if inside(r["first_token_ns"] if p["streaming"] else r["end_ns"]):
                prompts += math.nan if r["prompt_tokens"] is None else r["prompt_tokens"]
        self.put("prompt_tok_per_s", prompts / seconds)
        n = len(self.counted)
        for key, hits in (("ok_rate", len(self.ok)), ("compliance_rate", sum(passes(p, r) for r in self.counted))):
            interval = share_interval(hits, n, Random(self.seed, key)) if n >= INTERVAL_MIN else None
            self.put(key, hits / n if n else math.nan, interval)
        self.put("cold_start_ms", math.nan if p["cold_start_ns"] is None else p["cold_start_ns"] / 1e6)
        waits = [r["connect_ns"] for r in self.counted if r["connect_ns"] is not None]
        self.put("connect_wait_max_ms", max(waits) / 1e6 if waits else math.nan)
        self.put("n_samples", float(n))
        self.put("n_ok", float(len(self.ok)))

    def cost(self):
        """docs/cost.md: the provider's own figures, then the point's price; nothing without one."""
        p, seconds = self.point, (self.point["window_end_ns"] - self.point["window_start_ns"]) / 1e9
        n, told = len(self.ok), [r["cost_usd"] for r in self.ok if r["cost_usd"] is not None]
        both = [r for r in self.ok if r["prompt_tokens"] is not None and r["output_tokens"] is not None
                and r["output_tokens_usage"]]
        inputs, outputs = sum(r["prompt_tokens"] for r in both), sum(r["output_tokens"] for r in both)
        cached = sum(min(r["cached_tokens"] or 0, r["prompt_tokens"]) for r in both)
        counted = n > 0 and len(both) == n and outputs > 0
        usd = math.fsum(told)
        self.source = None
        if n > 0 and len(told) == n and usd > 0:
            self.source = "provider"
            self.put_cost(usd, usd / outputs * 1e6 if counted else math.nan, usd / n)
        elif p["price_basis"] == "tokens" and counted:
            self.source = p["price_source"]
            of_input, of_cached = p["price_input_usd_per_mtok"], p["price_cached_input_usd_per_mtok"]
            of_cached = of_input if of_cached is None else of_cached
            micro = (inputs - cached) * of_input + cached * of_cached + outputs * p["price_output_usd_per_mtok"]
            self.put_cost(micro / 1e6, micro / outputs, micro / 1e6 / n)
        elif p["price_basis"] == "hour" and self.metrics["throughput_tok_per_s"] > 0:
            self.source = p["price_source"]
            per_s, rate = p["price_usd_per_hour"] / 3600.0, self.metrics["req_per_s_all"]
            self.put_cost(per_s * seconds, per_s / self.metrics["throughput_tok_per_s"] * 1e6,
                          per_s / rate if rate > 0 else math.nan)

    def put_cost(self, total, per_mtok, per_request):
        self.put("cost_usd_total", total)
        self.put("cost_usd_per_million_tokens", per_mtok)
        self.put("cost_usd_per_request", per_request)

    def accuracy(self):
        """docs/scoring.md: of quality benchmarks alone."""
        self.quality = None
        if not any("item" in r for r in self.requests):
            return
        scores = np.sort([r["score"] for r in self.ok if r["score"] is not None])
        failed = np.zeros(len(self.counted) - len(self.ok))
        for key, values in (("accuracy", scores), ("accuracy_incl_failures", np.concatenate([failed, scores]))):
            enough = len(values) >= INTERVAL_MIN and values[0] < values[-1]
            interval = mean_interval(values, Random(self.seed, key)) if enough else None
            self.put(key, float(in_order(values)) / len(values), interval)
        self.put("n_scored", float(len(scores)))
        names = {r["category"] for r in self.counted}
        self.quality = quality_part(self.counted) | {"categories": [
            {"category": name} | quality_part([r for r in self.counted if r["category"] == name])
            for name in sorted(names, key=lambda name: (name is None, name))]}

    def of_sample(self, key, ordered, percent):
        value = percentile(ordered, percent)
        enough = len(ordered) >= max(INTERVAL_MIN, min_samples(percent)) and math.isfinite(value)
        self.put(key, value, percentile_interval(ordered, percent, Random(self.seed, key)) if enough else None)

    def samples(self):
        rows = [quantities(self.point, r) for r in self.ok]
        ordered = {name: np.sort([q[name] for q in rows if not math.isnan(q[name])]) for name in
                   (*PERCENTILES, "output_tokens", "prompt_tokens")}
        for name, percents in PERCENTILES.items():
            for percent in percents:
                self.of_sample(f"{name}_p{percent}_ms", ordered[name], float(percent))
        failures = np.full(len(self.counted) - len(self.ok), math.inf)
        for name in ("ttft", "total"):
            self.of_sample(f"{name}_p99_incl_failures_ms", np.concatenate([ordered[name], failures]), 99.0)
        for key, name in MEANS.items():
            values = ordered[name]
            value = float(in_order(values)) / len(values) if len(values) else math.nan
            enough = len(values) >= INTERVAL_MIN
            self.put(key, value, mean_interval(values, Random(self.seed, key)) if enough else None)

    def gaps(self, name, percents, by_tokens):
        requests = [gaps_of(r, by_tokens) for r in self.ok] if self.point["streaming"] else []
        gaps = Gaps(self.seed, name, [g for g in requests if g])
        for percent in percents:
            key = f"{name}_p{percent}_ms"
            enough = gaps.n_requests >= INTERVAL_MIN and gaps.n_repeated >= min_samples(float(percent))
            interval = gaps.interval(float(percent), Random(self.seed, key)) if enough else None
            self.put(key, gaps.percentile(float(percent)), interval)
        if by_tokens:
            enough = gaps.n_requests >= INTERVAL_MIN and gaps.n_repeated >= INTERVAL_MIN
            self.put("itl_mean_ms", gaps.mean(), gaps.mean_interval(Random(self.seed, "itl_mean_ms")) if enough else None)
            self.put("itl_max_ms", gaps.largest())


# ---- The runs. ----

TRACE = pathlib.Path(__file__).resolve().parent.parent / "data" / "traces" / "azure.csv"
COMMON = ["--engine", "sim", "--virtual-time", "--warmup-gate", "off"]
FAULTS = {"rules": [
    {"every": 11, "fault": "reset", "token": 5}, {"every": 13, "fault": "status", "status": 503},
    {"every": 17, "fault": "empty"}, {"every": 19, "fault": "truncate", "token": 3},
    {"every": 7, "fault": "join"}]}
PRICES = {"version": 1, "date": "2026-11-01", "entries": [
    {"provider": "sim", "model": "*", "input_usd_per_mtok": 0.153, "cached_input_usd_per_mtok": 0.0713,
     "output_usd_per_mtok": 0.617, "source": "made up"}]}
FILES = {"FAULTS": ("faults.json", FAULTS), "PRICES": ("prices.yaml", PRICES)}
RUNS = {
    "closed loop": ["--concurrency", "16", "--requests", "400", "--sim-jitter", "0.2", "--max-tokens", "32"],
    "closed loop, more requests than groups": ["--concurrency", "64", "--requests", "2500", "--max-tokens", "8"],
    "open loop": ["--rps", "20", "--duration", "20", "--sim-jitter", "0.3", "--max-tokens", "24"],
    "open loop, gamma": ["--rps", "15", "--duration", "20", "--arrival", "gamma", "--burstiness", "0.5"],
    "open loop, trace": ["--dataset", f"trace:{TRACE}", "--arrival", "trace", "--ignore-eos", "--sim-jitter", "0.2"],
    "failures": ["--concurrency", "8", "--requests", "400", "--sim-jitter", "0.2", "--sim-faults", "FAULTS"],
    "few requests": ["--concurrency", "2", "--requests", "8"],
    "a list of prices": ["--concurrency", "8", "--requests", "400", "--sim-jitter", "0.2", "--sim-faults", "FAULTS",
                         "--prices-file", "PRICES"],
    "an hourly price": ["--rps", "15", "--duration", "20", "--sim-jitter", "0.3", "--price-per-hour", "12.49"],
}


def compare(what, envelope, records):
    point, requests = read_records(records)
    computed = Point(point, requests)
    check(f"{what}: all metrics with an interval's key", set(computed.metrics) == set(envelope["intervals"]),
          set(computed.metrics) ^ set(envelope["intervals"]))
    check(f"{what}: cost_source", envelope["metrics"].get("cost_source") == computed.source, computed.source)
    for key, value in computed.metrics.items():
        check(f"{what}: {key}", envelope["metrics"].get(key) == value, f"{envelope['metrics'].get(key)} != {value}")
        stored = envelope["intervals"].get(key)
        check(f"{what}: interval of {key}", stored == computed.intervals[key], f"{stored} != {computed.intervals[key]}")
    if point["arrival"] == "trace":
        due = [r["scheduled_ns"] for r in requests]
        stored = envelope["measurement"]["requested_rate_rps"]
        check(f"{what}: requested_rate_rps", abs(stored / (len(due) * 1e9 / max(due)) - 1) < 1e-12, stored)
    stored = envelope["measurement"]["arrival_ks_p"]
    if stored is not None and point["arrival"] in ("poisson", "gamma"):
        sent = [r["sent_ns"] for r in requests if r["sent_ns"] is not None]
        sent = sorted(s for s in sent if point["window_start_ns"] <= s < point["window_end_ns"])
        shape = point["burstiness"] if point["arrival"] == "gamma" else 1.0
        law = scipy.stats.gamma(shape, scale=1.0 / (point["rate_rps"] * shape))
        ours = scipy.stats.kstest(np.diff(sent) / 1e9, law.cdf).pvalue
        check(f"{what}: arrival_ks_p", abs(ours - stored) < KS_TOLERANCE, f"{stored} != {ours}")
    return requests


def measure(folder, what, args):
    out = folder / what.replace(" ", "-").replace(",", "")
    out.mkdir()
    args = [folder / FILES[a][0] if a in FILES else a for a in args]
    command = [BENCH, "run", "llm.inference.chatbot-short", *COMMON, *args, "--dev-key", folder / "k", "--output", out]
    done = subprocess.run([str(a) for a in command], capture_output=True, timeout=120, check=False)
    envelopes = list(out.glob("*.json"))
    check(f"{what}: run", len(envelopes) == 1, done.stderr.decode()[-500:])
    for path in envelopes:
        requests = compare(what, json.loads(path.read_text()), path.with_suffix("").with_suffix(".records.jsonl.zst"))
        outcomes = sorted({r["outcome"] for r in requests})
        print(f"{what}: {len(requests)} requests, {sum(r['n_events'] for r in requests)} token events, {outcomes}")


# ---- Facts that the simulated engine does not make: records are changed, the program reads them. ----


def change_reasoning(rng, header, r):
    """Reasoning first: content begins at a later event, or never."""
    if r["n_events"] > 4:
        half = r["n_events"] // 2
        r["reasoning_ns"] = r["first_token_ns"]
        r["content_ns"] = int(np.cumsum(r["gaps_ns"])[half]) if rng.random() < 0.9 else None
        r["kinds"] = [["reasoning", half], ["content", r["n_events"] - half]]
        r["reasoning_tokens"] = half


def change_tokens(rng, header, r):
    """Events of 0 to 5 tokens, as with speculative decoding; some without the engine's count."""
    own = [int(t) for t in rng.choice([0, 1, 1, 2, 3, 5], r["n_events"])]
    r["tokens"] = [[t, 1] for t in own]
    r["output_tokens_usage"] = bool(rng.random() < 0.7)
    r["output_tokens"] = sum(own) + (int(rng.integers(0, 3)) if r["output_tokens_usage"] else 0)


def change_whole(rng, header, r):
    header["point"]["streaming"] = False


def change_limits(rng, header, r):
    """Every outcome, limits that about half of the requests meet, one that cannot."""
    header["point"].update(slo_ttft_ms=21.0, slo_tpot_ms=None, slo_total_ms=1000.0)
    r["outcome"] = str(rng.choice(["ok"] * 12 + ["timeout", "status", "malformed", "unfinished"]))
    if rng.random() < 0.1:
        r["first_token_ns"] = r["content_ns"] = None


def change_told(rng, header, r):
    """The provider tells what each answer costs."""
    r["cost_usd"] = float(rng.exponential(1e-4))


def change_told_partly(rng, header, r):
    """Where it does not always, a list of prices holds; some tokens are cached, now and then too many."""
    header["point"].update(price_basis="tokens", price_source="prices-file:p.yaml@2026-11-01",
                           price_input_usd_per_mtok=0.153, price_cached_input_usd_per_mtok=0.0713,
                           price_output_usd_per_mtok=0.617)
    r["cost_usd"] = float(rng.exponential(1e-4)) if rng.random() < 0.9 else None
    r["cached_tokens"] = int(rng.integers(0, r["prompt_tokens"] + 3))


def change_scores(rng, header, r):
    """Answers that are scored, some by shares, some not at all; some requests fail."""
    r["outcome"] = str(rng.choice(["ok"] * 12 + ["timeout", "status"]))
    r["item"], r["scoring"] = f"i{r['index']}", "f1_token"
    r["category"] = [None, "add", "mul-2"][int(rng.integers(0, 3))]
    r["score"] = float(rng.choice([0.0, 1.0, rng.random()])) if r["outcome"] == "ok" and rng.random() < 0.9 else None


CHANGES = {"scores": change_scores, "cost told": change_told, "cost told in part": change_told_partly, "reasoning": change_reasoning, "tokens of events": change_tokens, "not streaming": change_whole,
           "limits and outcomes": change_limits}


def test_changed(folder, what, change):
    """The program refuses such an envelope, but for its evidence only, never for a metric or interval."""
    source = next((folder / "open-loop").glob("*.json"))
    records = source.with_suffix("").with_suffix(".records.jsonl.zst")
    text = zstandard.ZstdDecompressor().stream_reader(records.read_bytes()).read().decode()
    lines = [json.loads(line) for line in text.splitlines()]
    rng = np.random.default_rng(7)
    for line in lines:
        if line["type"] == "request" and line["n_events"] > 0:
            change(rng, lines[0], line)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
    changed = folder / f"{what.replace(' ', '-')}.json"
    path = changed.with_suffix("").with_suffix(".records.jsonl.zst")
    path.write_bytes(zstandard.ZstdCompressor().compress(text))
    computed = Point(*read_records(path))
    envelope = json.loads(source.read_text())
    envelope["metrics"].update(computed.metrics)
    envelope["metrics"].update({"cost_source": computed.source} if computed.source else {})
    envelope["intervals"] = computed.intervals
    envelope["quality"] = computed.quality
    envelope["records"]["sha256"] = hashlib.sha256(text).hexdigest()

    def difference():
        changed.write_text(json.dumps(envelope))
        done = subprocess.run([BENCH, "verify", changed, "--records", path, "--recompute"], capture_output=True)
        return next((l for l in done.stdout.decode().splitlines() if l.startswith("recompute")), done.stderr.decode())

    row = difference()
    good = " ok " in row or "measurement." in row or "validity." in row
    check(f"{what}: all metrics and intervals", good, row)
    # The check can fail: one last bit is seen.
    parts = [("metrics", "total_p50_ms"), ("intervals", "total_p50_ms")] + [("quality", "accuracy")] * (computed.quality is not None)
    for part, key in parts + [("metrics", "cost_usd_total")] * (computed.source is not None):
        kept = envelope[part][key]
        envelope[part][key] = math.nextafter(kept, 0.0) if part != "intervals" else [math.nextafter(kept[0], 0.0), kept[1]]
        row = difference()
        check(f"{what}: a last bit of {part}", f"{part}.{key}" in row, row)
        envelope[part][key] = kept
    n = sum(v is not None for v in computed.metrics.values())
    print(f"{what}: {n} metrics and {sum(v is not None for v in computed.intervals.values())} intervals")


def test_generator():
    for seed, key in ((0, "itl"), (42, "ttft_p50_ms"), (MASK64, "x")):
        random = Random(seed, key)
        theirs = np.random.Philox(key=np.array(random.key, np.uint64), counter=0).random_raw(10000)
        check(f"generator {seed} {key}", np.array_equal(random.take(10000), theirs))


def main():
    test_generator()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([BENCH, "keygen", "--out", folder / "k"], capture_output=True, check=True)
        for file, content in FILES.values():
            (folder / file).write_text(json.dumps(content))
        for what, args in RUNS.items():
            measure(folder, what, args)
        for what, change in CHANGES.items():
            test_changed(folder, what, change)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
