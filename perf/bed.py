"""bed.py - the bed that every client is measured on: the simulated engine in a process of its own, the
client as a child whose CPU and memory the kernel counts, and the engine's log of what really happened.

Times in ns are of CLOCK_MONOTONIC, as in the log.  Only the standard library is used.

PERF_LOCK=FILE in the environment: every timed run holds this lock, where other jobs share a machine.
"""
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEASURED = pathlib.Path(os.environ.get("PERF_MEASURED", ROOT / "build/perf/perf/measured"))

# The recipe of vLLM's published table of its own client's overhead: 50 ms to the first token, then one
# every 10 ms, 100 of them; closed loop, ten waves.
TTFT_MS = 50
ITL_MS = 10
TOKENS = 100
WAVES = 10
PROMPT_TOKENS = 12

SIM_START_S = 10
MEMORY_PERIOD_S = 0.5


def possible_tok_per_s(streams):
    """What flows when nothing but the engine's model of time takes time."""
    return streams * TOKENS / ((TTFT_MS + (TOKENS - 1) * ITL_MS) / 1e3)


@contextlib.contextmanager
def timed():
    path = os.environ.get("PERF_LOCK")
    if not path:
        yield
        return
    with open(path, "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Sim:
    """The simulated engine; `with Sim(bench) as sim`: sim.url, and after the block sim.cpu_s."""

    def __init__(self, bench, truth=None, ttft_ms=TTFT_MS, itl_ms=ITL_MS, tokens=TOKENS,
                 extra=()):
        self.argv = [str(bench), "sim", "--ttft-ms", str(ttft_ms), "--itl-ms", str(itl_ms),
                     "--tokens", str(tokens), "--max-batch", "0", "--jitter", "0", *map(str, extra)]
        if truth:
            self.argv += ["--truth", str(truth)]
        self.cpu_s = 0.0

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("http"):
            self.process.kill()
            self.process.wait()
            raise RuntimeError("the simulated engine did not start: " + " ".join(self.argv))
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        _, _, used = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self.process.stdout.close()
        self.cpu_s = used.ru_utime + used.ru_stime


def process_tree(root):
    """Process ids of `root` and what it started."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                    parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
    tree = {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in tree} - tree
        grown = bool(more)
        tree |= more
    return tree


def proportional_mb(pids):
    """Memory of a tree of processes; pages that several share count once."""
    total_kb = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                for line in file:
                    if line.startswith("Pss:"):
                        total_kb += int(line.split()[1])
    return total_kb / 1024


class TreeMemory(threading.Thread):
    """Watches a client of several processes; one process is left to the kernel's own count."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak_mb, self.ended = pid, 0.0, threading.Event()

    def run(self):
        while not self.ended.wait(MEMORY_PERIOD_S):
            tree = process_tree(self.pid)
            if len(tree) > 2:  # measured, and the client's own
                self.peak_mb = max(self.peak_mb, proportional_mb(tree))


def run_client(argv, timeout_s, cwd=None, env=None):
    """Runs a client to its end; its CPU is that of its whole tree.  A client that takes longer is killed
    and says so: 'timeout' in the result, and its CPU and memory are unknown."""
    argv = [str(part) for part in argv]
    started_ns = time.monotonic_ns()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log, \
            tempfile.NamedTemporaryFile() as use:
        process = subprocess.Popen([str(MEASURED), use.name, *argv], stdout=out, stderr=log, cwd=cwd, env=env,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        memory = TreeMemory(process.pid)
        memory.start()
        late = threading.Event()

        def end():
            late.set()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(timeout_s, end)
        timer.start()
        process.wait()
        ended_ns = time.monotonic_ns()
        timer.cancel()
        memory.ended.set()
        memory.join()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it may have left behind
        out.seek(0)
        log.seek(0)
        used = json.loads(use.read() or "{}")
        return {
            "argv": argv,
            "rc": process.returncode,
            "timeout": late.is_set(),
            "started_ns": started_ns,
            "wall_s": (ended_ns - started_ns) / 1e9,
            "cpu_s": used.get("cpu_s"),
            "memory_mb": max(used.get("memory_mb", 0.0), memory.peak_mb) or None,
            "out": out.read().decode("utf-8", "replace"),
            "log": log.read().decode("utf-8", "replace"),
        }


def quantile(ordered, share):
    """Linear interpolation between ranks, as numpy does it; None of nothing."""
    if not ordered:
        return None
    rank = share * (len(ordered) - 1)
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)


def mean(values):
    return sum(values) / len(values) if values else None


class Truth:
    """What the engine's log says: TTFT from the whole request to the write of the first token, gaps
    between token writes, and how many answers were running."""

    def __init__(self, path):
        arrived, first, last = {}, {}, {}
        gaps, self.n_tokens = [], 0
        with open(path, encoding="ascii") as file:
            for line in file:
                row = json.loads(line)
                request, token = row["request"], row["token"]
                if request is None:
                    continue
                if "arrived_ns" in row:
                    arrived.setdefault(request, row["arrived_ns"])
                if token == 0:
                    continue
                count, at = row.get("tokens", 1), row["write_ns"]
                self.n_tokens += count
                if request in last:
                    gaps.extend([(at - last[request]) / count] * count)
                else:
                    first[request] = at
                last[request] = at
        self.n_requests = len(first)
        ttft = sorted(first[r] - arrived[r] for r in first)
        gaps.sort()
        self.ttft_mean_ms = scale(mean(ttft))
        self.ttft_p50_ms, self.ttft_p99_ms = scale(quantile(ttft, 0.5)), scale(quantile(ttft, 0.99))
        self.itl_p50_ms, self.itl_p99_ms = scale(quantile(gaps, 0.5)), scale(quantile(gaps, 0.99))
        self.first_ns = min(arrived.values(), default=None)
        self.span_s = (max(last.values()) - self.first_ns) / 1e9 if last else None
        self.in_flight = self.mean_in_flight(arrived, last)

    @staticmethod
    def mean_in_flight(arrived, last):
        """Mean number of running answers from the first request to the arrival of the last one: the time
        in which the client still had something to send."""
        if len(arrived) < 2:
            return None
        start, end = min(arrived.values()), max(arrived.values())
        if end == start:
            return None
        busy = sum(min(last.get(r, end), end) - at for r, at in arrived.items())
        return busy / (end - start)

    @property
    def tok_per_s(self):
        return self.n_tokens / self.span_s if self.span_s else None

    @property
    def req_per_s(self):
        return self.n_requests / self.span_s if self.span_s else None


def scale(ns):
    return None if ns is None else ns / 1e6


class Bench:
    """`bench run` as a client of this bed, with a key and a folder of its own."""

    def __init__(self, bench):
        self.bench = str(bench)
        self.folder = tempfile.mkdtemp(prefix="bench-perf-")
        self.key = os.path.join(self.folder, "perf.key")
        subprocess.run([self.bench, "keygen", "--out", self.key], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def argv(self, url, streams, tokens=TOKENS, extra=()):
        shutil.rmtree(self.output, ignore_errors=True)
        return [self.bench, "run", "llm.inference.chatbot-short", "--engine", "vllm", "--base-url", url,
                "--concurrency", streams, "--dataset",
                f"synthetic:input={PROMPT_TOKENS},output={tokens},exact=off", "--max-tokens", tokens,
                "--warmup", 0, "--warmup-gate", "off", "--hardware", "cpu", "--output", self.output,
                "--dev-key", self.key, *extra]

    @property
    def output(self):
        return os.path.join(self.folder, "out")

    def metrics(self):
        """Metrics of the only envelope."""
        paths = [p for p in pathlib.Path(self.output).glob("*.json")]
        if len(paths) != 1:
            return {}
        return json.loads(paths[0].read_text(encoding="utf-8"))["metrics"]

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)
