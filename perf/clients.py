"""clients.py - one run of the floor or of `bench run` over a fresh simulated engine, as a row of figures.

`options` has: bench and floor (programs), waves, records (bench's level), timeout (seconds of one run).
"""
import json

import bed


class ClientFailed(Exception):
    """A client did not do what it was asked; the message says how."""


def check(run, what):
    if run["timeout"]:
        raise ClientFailed(f"{what}: killed after {run['wall_s']:.0f} s")
    if run["rc"] != 0:
        raise ClientFailed(f"{what}: ended with {run['rc']}: {(run['log'] or run['out'])[-2000:].strip()}")


def floor_once(options, streams, truth_path):
    with bed.Sim(options.bench, truth_path) as sim:
        run = bed.run_client([options.floor, sim.host, sim.port, streams, streams * options.waves,
                              bed.TOKENS, "kernel"], options.timeout)
    check(run, "floor_reader")
    return row(run, bed.Truth(truth_path), json.loads(run["out"]), streams)


def bench_once(options, streams, truth_path, engine=None):
    """`engine`: the program that is the simulated engine, where it is not options.bench."""
    client = bed.Bench(options.bench)
    try:
        with bed.Sim(engine or options.bench, truth_path) as sim:
            run = bed.run_client(client.argv(sim.url, streams, extra=[
                "--requests", streams * options.waves, "--records", options.records]), options.timeout)
        check(run, "bench run")
        own = client.metrics()
    finally:
        client.close()
    return row(run, bed.Truth(truth_path), own, streams)


def less(a, b):
    return None if a is None or b is None else a - b


def row(run, truth, own, streams):
    """`own`: what the client reports: ttft_mean_ms, ttft_p99_ms, itl_p99_ms; None where it does not."""
    if truth.n_tokens == 0:
        raise ClientFailed("the engine saw no request: " + (run["log"] or run["out"])[-2000:].strip())
    return {
        "cpu_us": run["cpu_s"] * 1e6 / truth.n_tokens if run["cpu_s"] is not None else None,
        "memory_mb": run["memory_mb"],
        "start_ms": (truth.first_ns - run["started_ns"]) / 1e6,
        "wall_s": run["wall_s"],
        "n_requests": truth.n_requests,
        "n_tokens": truth.n_tokens,
        "tok_per_s": truth.tok_per_s,
        "in_flight": truth.in_flight if streams > 1 else None,
        "ttft_mean_ms": own.get("ttft_mean_ms"),
        "ttft_mean_true_ms": truth.ttft_mean_ms,
        "ttft_added_ms": less(own.get("ttft_mean_ms"), truth.ttft_mean_ms),
        "ttft_p99_error_ms": less(own.get("ttft_p99_ms"), truth.ttft_p99_ms),
        "itl_p99_ms": own.get("itl_p99_ms"),
        "itl_p99_true_ms": truth.itl_p99_ms,
    }
