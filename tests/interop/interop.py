"""Two implementations of one format, each against the other.

usage: interop.py OUR_BENCH THEIR_BENCH FIXTURES

Ours writes envelopes, theirs verifies them; theirs writes, ours verifies; both agree on the canonical
form of random documents; files made wrong end on each side as the format's documentation says.  Their
command takes a second to start, so their library is called where the command adds nothing.
"""

import base64
import copy
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

from inferencebench.envelope import (
    BIOS,
    CPU,
    GPU,
    DatasetSpec,
    EngineConfig,
    Envelope,
    EnvelopeBuilder,
    HardwareFingerprint,
    Memory,
    ModelConfig,
    Quantization,
    SigningMode,
    SoftwareProvenance,
    sign_envelope,
    verify_envelope,
)
from inferencebench.envelope.signing import generate_dev_keypair

OURS, THEIRS, FIXTURES = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
ROOT = pathlib.Path(__file__).resolve().parents[2]
N_DOCUMENTS = 600
N_ENVELOPES = 60
SHOWN_MAX = 30
counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(what, good, detail=""):
    counts["passed" if good else "failed"] += 1
    if not good and counts["failed"] <= SHOWN_MAX:
        print(f"FAILED: {what}: {detail}")


def skip(what):
    counts["skipped"] += 1
    print(f"skipped: {what}")


def run(*args):
    return subprocess.run([str(a) for a in args], capture_output=True, timeout=120, check=False)


def ours_verify(path, *args):
    done = run(OURS, "verify", path, *args)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def theirs_verify(path, public_key=None):
    """What their command answers: 0 good, 1 refused, 2 no envelope."""
    try:
        envelope = Envelope.model_validate(json.loads(path.read_text()))
    except Exception:
        return 2
    return 0 if verify_envelope(envelope, dev_public_key_path=public_key).ok else 1


# ---- Random values. ----

CHARACTERS = "ab \"\\/\b\f\n\r\t\x00\x1f\x7f\x80\xa0é߿ࠀ\ue000\uffff\U00010000\U0010ffff\u2028"


def random_text(rng):
    return "".join(rng.choice(CHARACTERS) for _ in range(rng.randrange(8)))


def random_float(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return float(rng.choice([0.0, -0.0, 1.0, 1e16, 1e15, 1e-4, 1e-5, 5e-324, 1.7e308, 1e22]))
    if kind == 1:
        return rng.random() * 10.0 ** rng.randrange(-30, 30)
    if kind == 2:
        return float(rng.randrange(10**18)) / 10 ** rng.randrange(18)
    while True:
        value = __import__("struct").unpack("<d", rng.randbytes(8))[0]
        if value == value and abs(value) != float("inf"):
            return value


def random_value(rng, depth):
    kind = rng.randrange(8 if depth > 0 else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice([-1, 1]) * rng.randrange(10 ** rng.randrange(1, 60))
    if kind in (2, 3):
        return random_float(rng)
    if kind in (4, 5):
        return random_text(rng)
    if kind == 6:
        return [random_value(rng, depth - 1) for _ in range(rng.randrange(5))]
    return {random_text(rng): random_value(rng, depth - 1) for _ in range(rng.randrange(6))}


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def random_layout(rng, value):
    return json.dumps(
        value, indent=rng.choice([None, 0, 2]), ensure_ascii=rng.random() < 0.5, sort_keys=False
    )


def test_canonical(folder):
    """Their canonical text from any layout of ours, and ours again from theirs."""
    rng = random.Random(20261)
    path = folder / "document.json"
    for i in range(N_DOCUMENTS):
        value = random_value(rng, 4)
        path.write_text(random_layout(rng, value), encoding="utf-8")
        ours = run(OURS, "canonical", path).stdout.decode("ascii", errors="replace")
        ours = ours.removesuffix("\n")
        check(f"canonical {i}", ours == canonical(value), f"{ours[:200]} != {canonical(value)[:200]}")
        again = canonical(json.loads(ours)) if ours == canonical(value) else ""
        check(f"canonical {i} read back there", again == ours, again[:200])


# ---- Their envelopes here. ----


def their_envelope(rng, key):
    body = {
        "dmi_uuid": "unknown",
        "gpus": [
            GPU(model="H100", pci_id=f"0000000{rng.randrange(9)}:01:00.0", serial="1", vbios="2")
            for _ in range(rng.randrange(4))
        ],
        "cpu": CPU(model="Größe " + random_text(rng) + "x", microcode="0x1"),
        "memory": Memory(channels=rng.randrange(1, 17), speed_mts=4800, ecc=rng.random() < 0.5),
        "bios": BIOS(version="1", resizable_bar=True, above_4g=False),
        "numa": {"nodes": random_value(rng, 3)},
        "driver": "580.1",
        "cuda": "",
        "nccl": "",
    }
    hardware = HardwareFingerprint.model_construct(fingerprint_sha256="0" * 64, **body)
    hardware = HardwareFingerprint(
        fingerprint_sha256=hardware.compute_fingerprint_sha256(), **body
    )
    metrics = {f"m{i}_ms": random_float(rng) for i in range(5)}
    metrics |= {"count": rng.randrange(10**25), "label": "x" + random_text(rng) + "y", "none": None}
    envelope = EnvelopeBuilder(
        suite_id="llm.inference.x",
        suite_version="1.2.3-rc.1",
        model=ModelConfig(id="m", revision="unknown00", provider="p", endpoint_hash="0" * 64),
        engine=EngineConfig(name="e", version="1", config_hash="1" * 64),
        quantization=rng.choice([None, Quantization(format="fp8")]),
        hardware_fingerprint=hardware,
        software_provenance=SoftwareProvenance(pip_freeze_hash="2" * 64, git_commit="unknown"),
        dataset=DatasetSpec(id="d", hash="3" * 64),
        metrics=metrics,
        seed=rng.randrange(-(10**25), 10**25),
        driver_options={"any": random_value(rng, 4)},
        distributions={"a": "inline:hdr:AA=="},
        warnings=["w" + random_text(rng) + "w"],
    ).build()
    return sign_envelope(envelope, mode=SigningMode.DEV, dev_key_path=key)


def test_their_envelopes(folder):
    rng = random.Random(20262)
    key, public_key = generate_dev_keypair(folder / "theirs.key")
    _, other_key = generate_dev_keypair(folder / "other.key")
    for i in range(N_ENVELOPES):
        envelope = their_envelope(rng, key)
        path = folder / f"theirs-{i}.json"
        path.write_text(envelope.model_dump_json(indent=rng.choice([None, 2])), encoding="utf-8")
        code, text = ours_verify(path)
        check(f"their envelope {i}", code == 0, text)
        code, text = ours_verify(path, "--dev-public-key", public_key)
        check(f"their envelope {i}, pinned", code == 0, text)
        code, text = ours_verify(path, "--dev-public-key", other_key)
        check(f"their envelope {i}, wrong key", code == 1, text)
        changed = json.loads(path.read_text())
        changed["seed"] += 1
        path.write_text(json.dumps(changed))
        code, text = ours_verify(path)
        check(f"their envelope {i}, changed", code == 1, text)
        check(f"their envelope {i}, changed, there", theirs_verify(path) == 1)


# ---- Our envelopes there. ----


def check_selftest(envelope, path):
    """The block has what `bench selftest --json` prints, and is under the signature, here and there."""
    done = run(
        OURS, "selftest", "--streams", "1", "--waves", "1", "--tokens", "2", "--ttft-ms", "1",
        "--itl-ms", "1", "--json",
    )
    printed = json.loads(done.stdout)
    block = envelope["selftest"]
    check("keys of the self-test", list(block) == ["recipe", *printed], str(list(block)))
    check("rows of the self-test", list(block["rows"][0]) == list(printed["rows"][0]))
    block["rows"][0]["ttft_error_p99_ms"] /= 2
    changed = path.with_name("changed.json")
    changed.write_text(json.dumps(envelope))
    code, text = ours_verify(changed)
    check("self-test changed: refused here", code == 1 and "signature" in text, f"{code} {text}")
    check("self-test changed: refused there", theirs_verify(changed) == 1)
    changed.unlink()


def make_ours(folder):
    """Runs the benchmark against the built-in engine; returns the envelopes and the public key."""
    key = folder / "ours.key"
    done = run(OURS, "keygen", "--out", key)
    check("keygen", done.returncode == 0, done.stderr.decode())
    out = folder / "results"
    out.mkdir()
    done = run(
        OURS, "run", "llm.inference.chatbot-short", "--engine", "sim", "--sweep", "1,4",
        "--duration", "2", "--warmup-gate", "off", "--dev-key", key, "--output", out,
    )
    check("run", done.returncode == 0, done.stderr.decode()[-500:])
    before = set(out.glob("*.json"))
    done = run(
        OURS, "run", "llm.inference.chatbot-short", "--engine", "sim", "--sim-ttft-ms", "5",
        "--sim-itl-ms", "1", "--sim-tokens", "4", "--requests", "20", "--warmup-gate", "off",
        "--selftest", "--dev-key", key, "--output", out,
    )
    check("run with a self-test", done.returncode == 0, done.stderr.decode()[-500:])
    (tested,) = set(out.glob("*.json")) - before
    check_selftest(json.loads(tested.read_text()), tested)
    return sorted(out.glob("*.json")), folder / "ours.pub"


def test_our_envelopes(folder):
    paths, public_key = make_ours(folder)
    check("our envelopes were written", len(paths) >= 2, str(paths))
    for path in paths:
        for args in ([], ["--dev-public-key", public_key]):
            done = run(THEIRS, "verify", path, *args)
            check(f"our {path.name} there {args}", done.returncode == 0, done.stdout.decode())
        code, text = ours_verify(path, "--recompute", "--dev-public-key", public_key)
        check(f"our {path.name} here", code == 0, text)
        envelope = Envelope.model_validate(json.loads(path.read_text()))
        check(
            f"our {path.name} carries its hash",
            path.stem.endswith(envelope.content_hash()[:12]),
            envelope.content_hash(),
        )
        check(
            f"our {path.name} is hashed as it stands",
            canonical({k: v for k, v in json.loads(path.read_text()).items() if k != "signature"})
            == envelope.to_canonical_json(),
        )
        # Their tool reads, signs again and writes: still good here.
        key = folder / "theirs.key"
        again = sign_envelope(
            envelope.model_copy(update={"signature": None}), SigningMode.DEV, dev_key_path=key
        )
        copied = folder / f"again-{path.name}"
        copied.write_text(again.model_dump_json())
        code, text = ours_verify(copied)
        check(f"our {path.name}, signed again there", code == 0, text)
    return paths


def test_every_benchmark(folder):
    """One envelope of each built-in benchmark: good here and there, and hashed alike."""
    key = folder / "ours.key"
    data = folder / "data"
    data.mkdir()
    sharegpt = ROOT / "tests" / "data" / "suite" / "sharegpt.json"
    (data / "ShareGPT_V3_unfiltered_cleaned_split.json").write_bytes(sharegpt.read_bytes())
    verdict = {"prompt_contains": "Answer with the JSON object alone", "answer": '{"reason": "r", "verdict": "correct"}'}
    (folder / "answers.jsonl").write_text(json.dumps(verdict) + "\n")
    plugins = {
        "llm.inference": ["--virtual-time", "--requests", "8"],
        "llm.quality": ["--sim-ttft-ms", "1", "--sim-itl-ms", "0.1", "--requests", "8", "--sim-answers",
                        folder / "answers.jsonl", "--judge-model", "sim"],
    }
    environment = {**os.environ, "BENCH_DATA_DIR": str(data)}
    for plugin, options in plugins.items():
        listed = run(OURS, "run", plugin, "--list").stdout.decode().split()
        out = folder / plugin
        command = [OURS, "run", plugin, "--all-benchmarks", "--engine", "sim", "--dev-key", key, "--output", out, *options]
        done = subprocess.run(list(map(str, command)), capture_output=True, timeout=300, check=False, env=environment)
        check(f"all of {plugin}", done.returncode == 0, done.stderr.decode()[-500:])
        paths = sorted(out.glob("*.json"))
        check(f"one envelope for each of {plugin}", len(paths) == len(listed), str(paths))
        for path in paths:
            check(f"{path.name} there", theirs_verify(path, folder / "ours.pub") == 0)
            code, text = ours_verify(path, "--recompute", "--dev-public-key", folder / "ours.pub")
            check(f"{path.name} here", code == 0, text)
            document = json.loads(path.read_text())
            envelope = Envelope.model_validate(document)
            check(f"{path.name} is hashed alike",
                  canonical({k: v for k, v in document.items() if k != "signature"}) == envelope.to_canonical_json())


# ---- Files that theirs repairs and ours refuses. ----

ALIASES = [
    ("seed text", lambda d: d.update(seed=str(d["seed"]))),
    ("seed float", lambda d: d.update(seed=float(d["seed"]))),
    ("padded id", lambda d: d["model"].update(id=" " + d["model"]["id"])),
    ("padded by no-break space", lambda d: d["model"].update(id=d["model"]["id"] + "\u00a0")),
    ("padded by line separator", lambda d: d["dataset"].update(id="\u2028" + d["dataset"]["id"])),
    ("padded warning", lambda d: d.update(warnings=[w + "\n" for w in d["warnings"]])),
    ("channels text", lambda d: d["hardware_fingerprint"]["memory"].update(channels="1")),
    ("channels true", lambda d: d["hardware_fingerprint"]["memory"].update(channels=True)),
    ("ecc number", lambda d: d["hardware_fingerprint"]["memory"].update(
        ecc=int(d["hardware_fingerprint"]["memory"]["ecc"]))),
    ("ecc text", lambda d: d["hardware_fingerprint"]["memory"].update(
        ecc=str(d["hardware_fingerprint"]["memory"]["ecc"]).lower())),
    ("timestamp offset", lambda d: d.update(timestamp=d["timestamp"].replace("Z", "+00:00"))),
    ("timestamp space", lambda d: d.update(timestamp=d["timestamp"].replace("T", " "))),
    ("no image_digest", lambda d: d["engine"].pop("image_digest")),
    ("no version", lambda d: d.pop("envelope_version")),
    ("no telling of nccl", lambda d: d["hardware_fingerprint"].pop("nccl")),
    ("padded option key", lambda d: d["driver_options"].update(
        {" driver ": d["driver_options"].pop("driver")})),
    ("padded metric key", lambda d: d["metrics"].update(
        {"ok_rate\t": d["metrics"].pop("ok_rate")})),
]


def test_aliases(folder, path):
    original = json.loads(path.read_text())
    alias = folder / "alias.json"
    for what, change in ALIASES:
        document = copy.deepcopy(original)
        change(document)
        alias.write_text(json.dumps(document))
        check(f"alias {what}: good there", theirs_verify(alias) == 0, theirs_verify(alias))
        code, text = ours_verify(alias)
        check(f"alias {what}: refused here", code == 1, f"{code} {text}")
    bundle = base64.b64decode(original["signature"]["bundle"])
    document = copy.deepcopy(original)
    document["signature"]["bundle"] = base64.b64encode(bundle).decode().rstrip("=")
    alias.write_text(json.dumps(document))
    check("base64 without padding: refused there", theirs_verify(alias) == 1)
    check("base64 without padding: refused here", ours_verify(alias)[0] == 1)


# ---- Fixtures on both sides. ----

# Where ours answers otherwise: repaired files, NaN and depth are refused (1); what their reader calls
# no envelope (2) is a failed verification here (1), but for a text that is no JSON (2); a key file
# that is missing or of another kind is a wrong invocation (2).
EXIT_HERE = {
    "alias_seed_string": 1,
    "alias_padded_model": 1,
    "alias_missing_default": 1,
    "alias_dup_key": 1,
    "nan_metric_literal_NaN": 1,
    "tamper_hw_only": 1,
    "sig_method_unknown": 1,
    "missing_pub": 2,
    "rsa_pub": 2,
}


def test_verify_cases():
    cases = FIXTURES / "verify_cases"
    for line in (cases / "cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        args = [cases / a if a.startswith("keys/") else a for a in case["args"]]
        path = cases / case["file"]
        code, text = ours_verify(path, *args)
        expected = EXIT_HERE.get(case["case"], case["exit_there"])
        check(f"case {case['case']} here", code == expected, f"{code}, not {expected}: {text}")
        done = run(THEIRS, "verify", path, *args)
        check(f"case {case['case']} there", done.returncode == case["exit_there"], done.returncode)


def test_published():
    for path in sorted((FIXTURES / "envelopes").glob("*.json")):
        code, text = ours_verify(path)
        check(f"published {path.name} here", code == 0, text)
        check(f"published {path.name} there", theirs_verify(path) == 0)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        test_canonical(folder)
        test_their_envelopes(folder)
        paths = test_our_envelopes(folder)
        test_every_benchmark(folder)
        if paths:
            test_aliases(folder, paths[0])
    if FIXTURES.is_dir():
        test_verify_cases()
        test_published()
    else:
        skip(f"interop: no fixtures at {FIXTURES}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


sys.exit(main())
