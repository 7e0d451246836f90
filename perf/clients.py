"""clients.py - one run of the floor or of `bench run` over a fresh simulated engine, as a row of figures.

`options` has: bench and floor (programs), waves, records (bench's level), timeout (seconds of one run).
"""
import json
import os

import bed


class ClientFailed(Exception):
    """A client did not do what it was asked; the message says how."""


def check(run, what):
    if run["timeout"]:
        raise ClientFailed(f"{what}: killed after {run['wall_s']:.0f} s")
    if run["rc"] != 0:
        raise ClientFailed(f"{what}: ended with {run['rc']}: {(run['log'] or run['out'])[-2000:].strip()}")


SKIPPED = 77  # how a program says that this machine lacks what it needs


class ClientSkipped(Exception):
    """A client that cannot run here; the message says why."""


def reader_once(program, way, options, streams, truth_path):
    """One of the readers that only read; `way` is the word that chooses how (uring_reader)."""
    with bed.Sim(options.bench, truth_path) as sim:
        run = bed.run_client([program, sim.host, sim.port, streams, streams * options.waves,
                              bed.TOKENS, "kernel", *way], options.timeout)
    if run["rc"] == SKIPPED:
        raise ClientSkipped(run["log"].strip())
    check(run, program.name)
    own = json.loads(run["out"])
    if own["user_stamps"] * 100 > own["reads"]:
        raise ClientFailed(f"{program.name}: {own['user_stamps']} of {own['reads']} reads had no kernel stamp")
    return row(run, bed.Truth(truth_path), own, streams) | {
        "waits": own["waits"], "reads": own["reads"]}


def floor_once(options, streams, truth_path):
    return reader_once(options.floor, [], options, streams, truth_path)


def bench_once(options, streams, truth_path, engine=None, env=None, certificate=None):
    """`engine`: the program that is the simulated engine, where it is not options.bench.
    `certificate`: a path to which .pem and .key are added, where the engine serves https."""
    client = bed.Bench(options.bench)
    of_engine = ["--tls-cert", f"{certificate}.pem", "--tls-key", f"{certificate}.key"] if certificate else []
    of_client = ["--cacert", f"{certificate}.pem"] if certificate else []
    try:
        with bed.Sim(engine or options.bench, truth_path, extra=of_engine) as sim:
            run = bed.run_client(client.argv(sim.url, streams, extra=[
                "--requests", streams * options.waves, "--records", options.records, *of_client]),
                options.timeout, env=env)
        check(run, "bench run")
        own = client.metrics()
    finally:
        client.close()
    return row(run, bed.Truth(truth_path), own, streams)


def bench_calls(options, streams, folder):
    """A run that is counted, not timed: how often bench waits and reads."""
    out = folder / "calls.json"
    of = bench_once(options, streams, folder / "truth.jsonl",
                    env={**os.environ, "LD_PRELOAD": str(options.calls), "CALLS_OUT": str(out)})
    return of | json.loads(out.read_text(encoding="ascii"))


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
