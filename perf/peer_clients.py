"""peer_clients.py - the other clients: what to install, how each is asked for the recipe, and how its own
report is read.

A row of PEERS is all that the rest knows of a client.  Reports are read into milliseconds under the names
of bench's envelope: ttft_mean_ms, ttft_p99_ms, itl_p99_ms.  A client whose "inter-token latency" is one
mean for each request has no distribution of gaps: its itl_p99_ms is None.
"""
import dataclasses
import json
import pathlib
import typing

import bed


@dataclasses.dataclass(frozen=True)
class Ask:
    """One run: what a client is asked for, and where it may write."""

    bin: pathlib.Path        # of the client's virtual environment
    url: str                 # of the engine, with /v1
    streams: int
    requests: int
    folder: pathlib.Path     # empty, of this run
    tokenizer: pathlib.Path  # a folder with a tokenizer of words

    @property
    def root(self):
        """The engine's URL without /v1."""
        return self.url.removesuffix("/v1")

    def prompts(self, name, line_of):
        """Writes one line for each request; the prompts differ in their first word."""
        path = self.folder / name
        with open(path, "w", encoding="ascii") as file:
            for i in range(self.requests):
                file.write(line_of(f"{i} Response town leg career even answer the river of green wind") + "\n")
        return path


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    requirements: tuple      # the first is the client itself, pinned
    argv: typing.Callable    # of an Ask
    own: typing.Callable     # of the run's folder: the client's own figures
    no_deps: bool = False    # install exactly the requirements, not what they ask for
    environment: tuple = (("HF_HUB_OFFLINE", "1"), ("TRANSFORMERS_OFFLINE", "1"))
    note: str = ""

    @property
    def version(self):
        return self.requirements[0].partition("==")[2]


def load(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def only(folder, pattern):
    """The only file below `folder` that matches."""
    paths = sorted(pathlib.Path(folder).rglob(pattern))
    if len(paths) != 1:
        raise ValueError(f"{len(paths)} files {pattern} where one report was expected")
    return paths[0]


# guidellm: milliseconds.  Its inter_token_latency_ms is one mean for each request, weighted by tokens.
def guidellm_argv(ask):
    data = ask.prompts("prompts.jsonl", lambda text: json.dumps(
        {"prompt": text, "output_tokens_count": bed.TOKENS}))
    return [ask.bin / "guidellm", "run", "--backend", f"kind=openai_http,target={ask.root},model=sim",
            "--profile", f"kind=concurrent,streams={ask.streams}",
            "--constraint", f"kind=max_requests,count={ask.requests}",
            "--data", f"kind=json_file,path={data}",
            "--tokenizer", f"kind=huggingface_auto,model={ask.tokenizer}",
            "--output", f"kind=json,path={ask.folder / 'report.json'}", "--disable-console"]


def guidellm_own(folder):
    ttft = load(folder / "report.json")["benchmarks"][0]["metrics"]["time_to_first_token_ms"]["successful"]
    return {"ttft_mean_ms": ttft["mean"], "ttft_p99_ms": ttft["percentiles"]["p99"], "itl_p99_ms": None}


# aiperf: each figure names its unit.  inter_chunk_latency is the gap between events; its
# inter_token_latency is a mean for each request.
def aiperf_argv(ask):
    data = ask.prompts("prompts.jsonl", lambda text: json.dumps({"text": text}))
    return [ask.bin / "aiperf", "profile", "-m", "sim", "--endpoint-type", "chat", "--streaming",
            "-u", ask.root, "--tokenizer", ask.tokenizer, "--concurrency", ask.streams,
            "--request-count", ask.requests, "--input-file", data, "--custom-dataset-type", "single_turn",
            "--use-server-token-count", "--extra-inputs", f"max_tokens:{bed.TOKENS}", "--ui", "none",
            "--output-artifact-dir", ask.folder / "report"]


def aiperf_own(folder):
    report = load(only(folder, "profile_export_aiperf.json"))
    to_ms = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3, "sec": 1e3}

    def figure(metric, key):
        return report[metric][key] * to_ms[report[metric]["unit"]]

    return {"ttft_mean_ms": figure("time_to_first_token", "avg"),
            "ttft_p99_ms": figure("time_to_first_token", "p99"),
            "itl_p99_ms": figure("inter_chunk_latency", "p99") if "inter_chunk_latency" in report else None}


# genai-bench: the unit that it was asked for.  It reports no gaps.  It stops when enough requests have
# ended, and breaks off those that are then running.
def genai_bench_argv(ask):
    data = ask.prompts("prompts.txt", str)
    return [ask.bin / "genai-bench", "benchmark", "--api-backend", "vllm", "--api-base", ask.root,
            "--api-key", "none", "--task", "text-to-text", "--api-model-name", "sim", "--model", "sim",
            "--model-tokenizer", ask.tokenizer, "--num-concurrency", ask.streams,
            "--traffic-scenario", f"D({bed.PROMPT_TOKENS},{bed.TOKENS})", "--dataset-path", data,
            "--max-time-per-run", 10, "--max-requests-per-run", ask.requests, "--metrics-time-unit", "ms",
            "--experiment-base-dir", ask.folder, "--experiment-folder-name", "report",
            "--log-dir", ask.folder]


def genai_bench_own(folder):
    report = load(only(folder / "report", "D*.json"))
    if report["_time_unit"] != "ms":
        raise ValueError("its report is not in ms")
    ttft = report["aggregated_metrics"]["stats"]["ttft"]
    return {"ttft_mean_ms": ttft["mean"], "ttft_p99_ms": ttft["p99"], "itl_p99_ms": None}


# evalscope: milliseconds, as its keys say.
def evalscope_argv(ask):
    data = ask.prompts("prompts.txt", str)
    return [ask.bin / "evalscope", "perf", "--parallel", ask.streams, "--number", ask.requests,
            "--model", "sim", "--url", ask.url + "/chat/completions", "--api", "openai",
            "--dataset", "line_by_line", "--dataset-path", data, "--max-tokens", bed.TOKENS,
            "--tokenizer-path", ask.tokenizer, "--no-test-connection", "--stream",
            "--outputs-dir", ask.folder / "report", "--no-timestamp", "--name", "run"]


def evalscope_own(folder):
    summary = load(only(folder / "report", "benchmark_summary.json"))
    percentiles = load(only(folder / "report", "benchmark_percentile.json"))
    p99 = next(row for row in percentiles if row["Percentiles"] == "99%")
    return {"ttft_mean_ms": summary["Avg TTFT (ms)"], "ttft_p99_ms": p99["TTFT (ms)"],
            "itl_p99_ms": p99["ITL (ms)"]}


# inference-perf: seconds.  The only data of it that can be sent as chat with a length of our choice has a
# prefix that the prompts share; it is one token long here.
def inference_perf_argv(ask):
    config = {
        "api": {"type": "chat", "streaming": True},
        "data": {"type": "shared_prefix", "shared_prefix": {
            "num_groups": 1, "num_prompts_per_group": ask.requests, "system_prompt_len": 1,
            "question_len": bed.PROMPT_TOKENS - 1, "output_len": bed.TOKENS, "enable_multi_turn_chat": False}},
        "load": {"type": "concurrent",
                 "stages": [{"num_requests": ask.requests, "concurrency_level": ask.streams}]},
        "server": {"type": "vllm", "model_name": "sim", "base_url": ask.root, "ignore_eos": True},
        "tokenizer": {"pretrained_model_name_or_path": str(ask.tokenizer)},
        "report": {"request_lifecycle": {"summary": True, "per_stage": False, "per_request": False,
                                         "percentiles": [50, 99]}},
        "storage": {"local_storage": {"path": str(ask.folder / "report")}},
    }
    path = ask.folder / "config.yaml"  # JSON is YAML
    path.write_text(json.dumps(config), encoding="utf-8")
    return [ask.bin / "inference-perf", "-c", path]


def inference_perf_own(folder):
    latency = load(only(folder / "report", "summary_lifecycle_metrics.json"))["successes"]["latency"]
    return {"ttft_mean_ms": latency["time_to_first_token"]["mean"] * 1e3,
            "ttft_p99_ms": latency["time_to_first_token"]["p99"] * 1e3,
            "itl_p99_ms": latency["inter_token_latency"]["p99"] * 1e3}


# SGLang's Rust client is an extension module of its wheel.  Started through the package it would first
# import torch; here the module alone is loaded, which spares it that time and memory.
SGLANG_START = """
import glob, importlib.machinery, importlib.util, sys
path, = glob.glob(sys.prefix + "/lib/python3*/site-packages/sglang/srt/rust_extensions/_bench.*.so")
loader = importlib.machinery.ExtensionFileLoader("_bench", path)
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("_bench", loader))
loader.exec_module(module)
module.run_argv(["sglang-bench", *sys.argv[1:]])
"""


def sglang_argv(ask):
    return [ask.bin / "python", "-c", SGLANG_START, "--backend", "vllm-chat", "--base-url", ask.root,
            "--dataset-name", "random-ids", "--model", "sim", "--tokenizer", ask.tokenizer,
            "--num-prompts", ask.requests, "--random-input-len", bed.PROMPT_TOKENS,
            "--random-output-len", bed.TOKENS, "--random-range-ratio", 1, "--max-concurrency", ask.streams,
            "--warmup-requests", 0, "--disable-retokenize", "--disable-tqdm",
            "--output-file", ask.folder / "report.jsonl"]


def serving_own(path):
    """The result of SGLang's and of vLLM's client, which descend from one script: milliseconds."""
    report = load(path)
    return {"ttft_mean_ms": report["mean_ttft_ms"], "ttft_p99_ms": report["p99_ttft_ms"],
            "itl_p99_ms": report["p99_itl_ms"]}


def sglang_own(folder):
    return serving_own(folder / "report.jsonl")  # one line


# vLLM's Rust client is a program of its own in the wheel.
def vllm_argv(ask):
    data = ask.prompts("prompts.jsonl", lambda text: json.dumps({"prompt": text}))
    return [only(ask.bin.parent, "vllm-rs"), "bench", "serve", "--backend", "openai-chat",
            "--base-url", ask.root, "--dataset-name", "custom", "--dataset-path", data,
            "--custom-output-len", bed.TOKENS, "--skip-chat-template", "--model", "sim",
            "--tokenizer", ask.tokenizer, "--num-prompts", ask.requests, "--max-concurrency", ask.streams,
            "--disable-tqdm", "--save-result", "--result-dir", ask.folder, "--result-filename", "report.json"]


def vllm_own(folder):
    return serving_own(folder / "report.json")


PEERS = (
    Peer("sglang", ("sglang==0.5.23",), sglang_argv, sglang_own, no_deps=True,
         note="its Rust client, without the package's own imports"),
    Peer("vllm", ("vllm==0.33.0",), vllm_argv, vllm_own, no_deps=True, note="its Rust client"),
    Peer("inference-perf", ("inference-perf==0.7.0",), inference_perf_argv, inference_perf_own),
    # Told to be offline it takes the tokenizer's folder for a name.
    Peer("aiperf", ("aiperf==0.13.0",), aiperf_argv, aiperf_own, environment=()),
    Peer("evalscope", ("evalscope[perf]==1.14.1",), evalscope_argv, evalscope_own),
    Peer("guidellm", ("guidellm==0.8.1",), guidellm_argv, guidellm_own,
         note="its inter-token latency is one mean for each request"),
    Peer("genai-bench", ("genai-bench==0.0.5",), genai_bench_argv, genai_bench_own,
         note="it reports no gaps; it breaks off the requests that run when enough have ended"),
)

# Named in the results, not run.
NOT_RUN = {
    "sglang's and vllm's Python clients": "they import the engine's package, and with it CUDA libraries of "
                                          "several GB; their Rust clients stand for them",
    "llmperf": "the package of that name holds no client; the client has no release",
    "MLPerf endpoints": "it has no release on the index that pip uses",
}
