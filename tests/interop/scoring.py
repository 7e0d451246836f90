"""Scores and accuracy intervals of a quality benchmark, computed again from docs/scoring.md alone.

usage: scoring.py BENCH [SEED]

Makes some hundred items for each method, each with an answer as models give them: in bold, in a sentence, behind
reasoning, with typographic signs, in the wrong case, nearly right.  `bench run` scores them (the simulated engine
gives the answers); this file scores them by an implementation of its own, on regular expressions of Python, and
scores must be equal to the last bit.  Then accuracy by numpy, and its intervals by statsmodels and scipy.
Last line: "N passed, N failed, N skipped".
"""

import collections
import hashlib
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import numpy as np
import scipy.stats
import zstandard
from statsmodels.stats.proportion import proportion_confint

BENCH = str(pathlib.Path(sys.argv[1]).resolve())
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
PER_METHOD = 200
SHOWN_MAX = 20
counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(what, good, detail=""):
    counts["passed" if good else "failed"] += 1
    if not good and counts["failed"] <= SHOWN_MAX:
        print(f"FAILED: {what}: {detail}")


# ---- The second implementation. ----

SEPARATOR = "\x01"


def span(first, last):
    return [chr(code) for code in range(first, last + 1)]


def character_table():
    """Steps 1 and 2 of "Words" without the letters: what a character becomes."""
    table = {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)}
    blanks = span(9, 13) + ["\x85", "\xa0", "\u1680", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"]
    for c in blanks + span(0x2000, 0x200A):
        table[c] = " "
    for c in ["\xad", "\u2060", "\ufe0e", "\ufe0f", "\ufeff"] + span(0x200B, 0x200D):
        table[c] = ""
    for c in "\xb4\u02bc\u2018\u2019\u201b\u2032":
        table[c] = "'"
    for c in "\xab\xbb\u201a\u201c\u201d\u201e\u201f\u2033\u2039\u203a":
        table[c] = '"'
    for c in span(0x2010, 0x2015) + ["\u2212", "\ufe58", "\ufe63"]:
        table[c] = "-"
    for c in "\u2044\u2215":
        table[c] = "/"
    separating = (list("\xa1\xa7\xb6\xb7\xbf\xd7\xf7\u2016\u2017\u30fb") + span(0x2020, 0x2027) + span(0x203B, 0x203E) +
                  span(0x2041, 0x2043) + span(0x2045, 0x205E) + span(0x2190, 0x22FF) + span(0x3001, 0x3003) +
                  span(0x3008, 0x3011) + span(0x3014, 0x301B) + span(0xFF61, 0xFF65))
    for c in separating:
        table.setdefault(c, SEPARATOR)
    return table


TABLE = character_table()
CASED = [(0x41, 0x5A), (0xC0, 0xDE), (0x100, 0x17F), (0x386, 0x3AB), (0x400, 0x42F)]


def lowered(c):
    if c == "\u03c2":
        return "\u03c3"
    if any(first <= ord(c) <= last for first, last in CASED) and c != "\u0130":
        low = c.lower()
        return low if len(low) == 1 else c
    return c


def mapped(text):
    out = []
    for c in text:
        to = TABLE.get(c, c)
        out += [lowered(t) for t in to]
    return "".join(out)


A = r"[0-9a-z\x80-\U0010ffff]"
WORD = re.compile(
    rf"(?:{A}|(?<={A})['_](?={A})|(?<={A})\.(?={A})|(?<!{A})\.(?=[0-9])|(?<=[0-9])[:/](?=[0-9])"
    rf"|(?<!{A})-(?=[0-9]|\.[0-9])|(?<=[0-9])%|\$(?=[0-9])|(?<={A})\++(?!{A}|\+)|(?<={A})#+(?!{A}|\#))+")


def words(text):
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", mapped(text))
    found = WORD.findall(plain)
    return [w[:-2] if w.endswith("'s") and len(w) > 2 else w for w in found]


def folded(text):
    return re.sub(r" +", " ", mapped(text).replace(SEPARATOR, " ")).strip(" ")


ARTICLES = {"a", "an", "the"}


def without_first_article(w):
    return w[1:] if len(w) > 1 and w[0] in ARTICLES else w


def exact(expected, answer):
    if not words(expected):
        return folded(expected) == folded(answer)
    return without_first_article(words(expected)) == without_first_article(words(answer))


def contains(answer, part):
    want, have = words(part), words(answer)
    if not want:
        return folded(part) in folded(answer)
    return any(have[i:i + len(want)] == want for i in range(len(have) - len(want) + 1))


def f1(expected, answer):
    want, have = words(expected), words(answer)
    if not want:
        return float(folded(expected) == folded(answer))
    want = [w for w in want if w not in ARTICLES] or want
    have = [w for w in have if w not in ARTICLES] or have
    common = sum((collections.Counter(want) & collections.Counter(have)).values())
    return 2.0 * common / (float(len(want)) + float(len(have)))


FRACTIONS = {"\xbc": " 1/4", "\xbd": " 1/2", "\xbe": " 3/4", "\u2153": " 1/3", "\u2154": " 2/3", "\u2155": " 1/5",
             "\u215b": " 1/8"}
DECIMAL = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3}(?![0-9]))+|[0-9]+)?(?:\.[0-9]+)?(?:e[+-]?[0-9]+(?![a-z_0-9]))?")


def decimal(text, at):
    """Value and end of the decimal number that begins here."""
    match = DECIMAL.match(text, at)
    literal = match.group().replace(",", "")
    return float("0" + literal if literal.startswith(".") else literal), match.end()


def denominator(text, at):
    if not re.compile(r"/[0-9]").match(text, at):
        return None
    value, end = decimal(text, at + 1)
    return None if value == 0.0 or text[end:end + 1] == "/" else (value, end)


def numbers(text):
    out = []
    at = 0
    start = re.compile(r"\.?[0-9]")
    while True:
        match = start.search(text, at)
        if match is None:
            return out
        begin = match.start()
        before = text[begin - 1:begin]
        if re.fullmatch(r"[a-z_]", before or " ") or (text[begin] == "." and before.isdigit() and before.isascii()):
            at = re.compile(r".[0-9]*").match(text, begin).end()
            continue
        value, at = decimal(text, begin)
        whole = re.fullmatch(r"[0-9]+", text[begin:at])
        in_row = re.compile(r"[0-9]/$").search(text[max(0, begin - 2):begin])
        under = None if in_row else denominator(text, at)
        if under:
            value, at = value / under[0], under[1]
        elif whole:
            mixed = re.compile(r" ([0-9]+)(?=/)").match(text, at)
            under = denominator(text, mixed.end()) if mixed else None
            if under:
                value, at = value + float(mixed.group(1)) / under[0], under[1]
        version = re.compile(r"(?:\.[0-9]+)+").match(text, at)
        if version:
            at = version.end()
            continue
        sign = re.search(r"(?:^|[^0-9a-z_)\x80-\U0010ffff])-[$\x80-\U0010ffff]*$", text[:begin])
        out.append(-value if sign else value)


def last_number(text):
    for sign, plain in FRACTIONS.items():
        text = text.replace(sign, plain)
    text = text.replace("{,}", ",")
    text = re.sub(r"\\[dt]?frac\{([0-9]+)\}\{([0-9]+)\}", r" \1/\2", text)
    plain = mapped(text).replace(SEPARATOR, " ")
    found = numbers(plain)
    if not found:
        return None
    box = re.findall(r"\\boxed\{(?!.*\\boxed\{)([^}]*)\}", plain, re.S)
    boxed = numbers(box[-1]) if box else []
    return boxed[-1] if boxed else found[-1]


def numeric(expected, answer, tolerance):
    want, have = last_number(expected), last_number(answer)
    return have is not None and abs(have - want) <= max(tolerance, 1e-9 * abs(want))


def cased(text):
    """Typography made plain, case kept; other letters are a control character."""
    out = []
    for c in text:
        if c == "\n":
            out.append("\n")
            continue
        for t in TABLE.get(c, c):
            if t == SEPARATOR:
                out.append(" ")
            elif lowered(t) >= "\x80":
                out.append("\x7f")
            else:
                out.append(t if c.isascii() else t.upper())
    return "".join(out)


EDGE = r"[0-9A-Za-z'_\x7f]"
FILLER = (r"(?:[ \n*`(\[{\"':=\-$\\]|(?<!%s)(?i:is|was|would|should|be|the|correct|right|best|letter|option|choice|answer"
          r"|i|choose|pick|select)(?!%s))*" % (EDGE, EDGE))


def letter(choices, answer):
    text = cased(answer)
    capital = f"[A-{chr(64 + len(choices))}]"
    either = f"(?:{capital}|{capital.lower()})"
    alone = f"(?<!{EDGE})({capital})(?!{EDGE})"
    behind = re.findall(f"(?=(?<!{EDGE})(?i:answer|option|choice)(?!{EDGE}){FILLER}{alone})", text)
    if behind:
        return behind[-1]
    first = re.match(r"[ \n*`(\[{\"'#>$\\]*(%s)(?!%s)(?:[*`\"'}$]*(?:$|\n|[.:),\]\-])|[*`\"'}$]* *(?:$|\n|[:\-]))"
                     % (either, EDGE), text)
    if first:
        return first.group(1).upper()
    set_off = [m.group(1) for m in re.finditer(alone, text)
               if text[m.end():m.end() + 1] == ")" or
               text[max(0, m.start() - 1):m.start()] + text[m.end():m.end() + 1] in ("[]", "{}", "**", "``")]
    capitals = [m.group(1) for m in re.finditer(alone, text) if m.group(1) not in "AI"]
    for found in (set_off, capitals):
        if len(set(found)) == 1:
            return found[0]
    named = [chr(65 + i) for i, choice in enumerate(choices) if contains(answer, choice)]
    return named[0] if len(named) == 1 else None


def without_reasoning(text):
    out, inside = "", False
    for piece in re.split(r"(?i)(</?think>)", text):
        tag = piece.lower()
        if tag == "<think>":
            inside = True
        elif tag == "</think>":
            out, inside = out if inside else "", False
        elif not inside:
            out += piece
    return out


def score(item, answer):
    text = without_reasoning(answer)
    answers = item.get("answers", [item.get("answer")])
    method = item["scoring"]
    if method == "exact_match":
        return float(any(exact(e, text) for e in answers))
    if method == "substring_match":
        return float(any(contains(text, e) for e in answers))
    if method == "f1_token":
        return max(f1(e, text) for e in answers)
    if method == "numeric":
        return float(any(numeric(e, text, item.get("tolerance", 0.0)) for e in answers))
    if method == "multiple_choice":
        return float(letter(item["choices"], text) in answers)
    if method == "regex":
        pattern = item["pattern"].replace("[[:digit:]]", "[0-9]").replace("[[:space:]]", r"[ \t\n\r\f\v]")
        return float(re.search(pattern, text.strip(" \t\n\r\f\v"), re.S) is not None)
    marked = not item.get("markers") or any(contains(text, m) for m in item["markers"])
    return float(marked and not any(contains(text, f) for f in item.get("forbidden", [])))


# ---- Items, and answers as models give them. ----

NOUNS = ["Paris", "New York", "the Nile", "Jupiter", "C++", "mother-in-law", "\xc9douard", "\u041c\u043e\u0441\u043a\u0432\u0430",
         "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "caf\xe9", "A", "U.S.A.", "rock 'n' roll", "na\xefve", "12:30", "1/2", "-5", "3.14", "50%",
         "$5", "a b", "H2O", "foo_bar", "+", "?!", "\u4f60\u597d", "Stra\xdfe", "The Beatles", "O'Neill", "ten o'clock", "x", "1,000", "1000"]
WRAPS = ["{}", "**{}**", "*{}*", "`{}`", "{}.", "{}!", " {} ", "\n{}\n", "The answer is {}.", "It is **{}**, of course.",
         "\u201c{}\u201d", "\u2018{}\u2019", "\xab{}\xbb", "({})", "[{}]", "# {}", "- {}", "> {}", "Answer: {}", "{}'s", "{}\u2026", "{}\u3002", "\u200b{}",
         "<think>hmm, {}?</think>{}", "<think>no</think> {}", "thought</think>{}", "{} <think>or not", "<THINK>a</THINK>{}",
         "the {}", "a {}", "{} {}", "{}, {}", "{}-based", "{}\n\nBecause it is.", "not {}", "I think it's {}", "\xbf{}?", "{}\xa0", "x{}", "{}x",
         "\\boxed{{{}}}", "\\(\\boxed{{{}}}\\)", "${}$"]
CASES = [str, str, str.lower, str.upper, str.title, str.swapcase]


def messy(rng, text):
    text = rng.choice(CASES)(text)
    for _ in range(rng.choice([0, 1, 1, 1, 2])):
        wrap = rng.choice(WRAPS)
        text = wrap.format(*[text] * 2)
    return text


def messy_number(rng, value):
    """The number in one of its forms."""
    forms = [repr(value), f"{value:,}", f"{value:.2f}", f"{value:,.1f}", f"{value:e}", f"{value:.0f}", f"${value:,}", f"{value} kg",
             f"{value}%", f"\u20ac{value}", f"{value}.", f"{value},"]
    if isinstance(value, int):
        forms += [f"{value}/1", f"{value}th", f"{value} 1/2", f"{value}\xbd", f"\\frac{{{abs(value)}}}{{4}}", f"x_{value}", f"v{value}.2.3",
                  f"{value}-1", f"{value}/{value + 1}", f"{value}/3/2024", f"{value:,}".replace(",", "{,}"), f"{value}2,34"]
    text = rng.choice(forms)
    return text.replace("-", "\u2212") if rng.random() < 0.3 else text


def number_item(rng):
    value = rng.choice([rng.randrange(-50, 50), rng.randrange(10**6), round(rng.uniform(-1000, 1000), 2), 0.5, 0.25, 1.5])
    item = {"answer": rng.choice([str(value), f"{value:,}"])}
    if rng.random() < 0.4:
        item["tolerance"] = rng.choice([0.01, 0.5, 10.0])
    given = value if rng.random() < 0.7 else rng.choice([value + 1, value + 0.009, -value, value * 10])
    text = messy_number(rng, given)
    tail = rng.choice(["", "", " in 7 boxes", " (see step 3)", " H2O", " m/s", " apples", " of version 1.2.3", "\n\nDone."])
    head = rng.choice(["", "It is ", "2 + 2 = 4, so ", "On 3/4/2024: ", "1. First\n2. Then: ", "\\boxed{12} is wrong. "])
    return item, messy(rng, head + text + tail)


CHOICES = [["Lima", "Cusco", "La Paz", "Quito"], ["3", "8", "11"], ["a cat", "an owl"], ["yes", "no", "not known", "A", "B"]]
CHOICE_FORMS = ["{l}", "({l})", "**{l}**", "{l}) {t}", "{l}. {t}", "{l}: {t}", "{l} - {t}", "{l}\u2013{t}", "The answer is {l}.",
                "The correct answer is: ({l}) {t}", "Answer: **{l}**", "I would choose option {l}", "{t}", "It must be {t}.",
                "{o}) is wrong. The answer is {l}", "{l} or {o}", "({l}) or ({o})", "{t}, not {u}", "A good guess is {l}", "the answer is {m}",
                "{m}", "{m}) {t}", "\\boxed{{{l}}}", "$\\boxed{{{l}}}$", "I think {l} is right", "{l}\nbecause {t}", "Z", "I do not know",
                "`{l}`", "[{l}]", "\u201c{l}\u201d", "The best choice would be {l}, not {o}", "{l}{t}", "\xe9{l}", "{l}\xe9 {o}"]


def choice_item(rng):
    choices = rng.choice(CHOICES)
    right, said, other = (rng.randrange(len(choices)) for _ in range(3))
    if rng.random() < 0.6:
        said = right
    text = rng.choice(CHOICE_FORMS).format(
        l=chr(65 + said), m=chr(97 + said), t=choices[said], o=chr(65 + other), u=choices[other])
    return {"choices": choices, "answer": chr(65 + right)}, rng.choice(WRAPS[:30]).format(text, text) if rng.random() < 0.3 else text


PATTERNS = ["^[A-Z ]+$", "(yes|no)", "^([^,]+,){2}[^,]+$", "[[:digit:]]{2,4}", "^ok$", "a.b", "^[^aeiou]*$", "(a|b)*c", "[[:space:]]x", "^$|q"]
PATTERN_ANSWERS = ["ALL CAPS", "Not all", "yes", "oh no", "a, b, c", "a,b", "1999", "7", " ok\n", "okay", "a\nb", "rhythm", "ababc", "n x", "q", "xyz",
                   "<think>ok</think>ok", "\u00e9"]


def text_item(rng):
    expected = rng.choice(NOUNS)
    others = rng.sample(NOUNS, rng.choice([0, 0, 1, 2]))
    item = {"answers": [expected, *others]} if others else {"answer": expected}
    said = expected if rng.random() < 0.6 else rng.choice(NOUNS)
    return item, messy(rng, said)


def phrase_item(rng):
    pool = ["quick", "brown", "fox", "the", "a", "jumps", "over", "lazy", "dog", "1,000", "it's", "end."]
    expected = " ".join(rng.choices(pool, k=rng.randrange(1, 7)))
    said = " ".join(rng.choices(pool, k=rng.randrange(1, 9))) if rng.random() < 0.7 else expected
    return {"answer": expected}, messy(rng, said)


def persona_item(rng):
    pool = ["arr", "matey", "ye", "ship's", "high sea", "as an AI", "language model", "sorry"]
    item = {}
    if rng.random() < 0.8:
        item["markers"] = rng.sample(pool[:5], rng.randrange(1, 4))
    if rng.random() < 0.6 or not item:
        item["forbidden"] = rng.sample(pool[5:], rng.randrange(1, 3))
    said = " ".join(rng.choices(pool + ["hello", "arrow", "seas", "there"], k=rng.randrange(1, 6)))
    return item, messy(rng, said)


def pattern_item(rng):
    return {"pattern": rng.choice(PATTERNS)}, rng.choice(PATTERN_ANSWERS)


MAKERS = {"exact_match": text_item, "substring_match": text_item, "f1_token": phrase_item, "numeric": number_item,
          "multiple_choice": choice_item, "persona_markers": persona_item, "regex": pattern_item}


def make_items():
    rng = random.Random(SEED)
    rows = []
    for method, maker in MAKERS.items():
        for _ in range(PER_METHOD):
            item, answer = maker(rng)
            number = len(rows) + 1
            item |= {"id": f"i{number}", "prompt": f"Question {number}?", "scoring": method}
            if rng.random() < 0.9:
                item["category"] = method.replace("_", "-")
            rows.append((item, answer))
    return rows


# ---- The run. ----

SPEC = """id: test.quality.messy
plugin: test.quality
version: 1.0.0
title: Answers as models give them
kind: quality
dataset: {recipe: "jsonl:items.jsonl"}
request: {shape: chat, max_tokens: 4000}
load: {driver: closed, concurrency: [4]}
slo_template: llm.quality
scoring: exact_match
"""


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def run(folder, items):
    (folder / "messy.yaml").write_text(SPEC)
    write_lines(folder / "items.jsonl", [item for item, _ in items])
    write_lines(folder / "answers.jsonl", [{"prompt": item["prompt"], "answer": answer} for item, answer in items])
    subprocess.run([BENCH, "keygen"], cwd=folder, capture_output=True, check=True)
    done = subprocess.run(
        [BENCH, "run", "./messy.yaml", "--engine", "sim", "--virtual-time", "--hardware", "cpu", "--sim-answers", "answers.jsonl",
         "--seed", str(SEED)], cwd=folder, capture_output=True, text=True)
    files = list((folder / "results").glob("*.json"))
    if len(files) != 1:
        sys.exit(f"bench run failed: {done.stderr}")
    packed = files[0].with_name(files[0].stem + ".records.jsonl.zst").read_bytes()
    text = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    lines = [json.loads(line) for line in text.splitlines()]
    return json.loads(files[0].read_text()), [line for line in lines if line["type"] == "request"]


def check_scores(items, requests):
    by_id = {item["id"]: (item, answer) for item, answer in items}
    check("each item is asked once", sorted(r["item"] for r in requests) == sorted(by_id), len(requests))
    for request in requests:
        item, answer = by_id[request["item"]]
        if request["text"] != answer:
            check("the answer is the one that was given", False, (answer, request["text"]))
            continue
        own = score(item, answer)
        check(item["scoring"], request["score"] == own, f"{item} {answer!r}: {request['score']}, not {own}")
        check("category", request["category"] == item.get("category"), request)


def check_part(name, part, requests):
    scores = np.array([r["score"] for r in requests if r["score"] is not None])
    check(f"{name}: counts", part["n"] == len(requests) and part["n_scored"] == len(scores), part)
    check(f"{name}: accuracy", np.isclose(part["accuracy"], scores.mean(), rtol=1e-12, atol=0.0), part)
    low, high = proportion_confint(scores.sum(), len(scores), 0.05, "wilson")
    check(f"{name}: Wilson, statsmodels", np.allclose(part["wilson_95"], [low, high], rtol=0.0, atol=1e-12), (part, low, high))
    if np.all((scores == 0.0) | (scores == 1.0)):
        exact_interval = scipy.stats.binomtest(int(scores.sum()), len(scores)).proportion_ci(0.95, "wilson")
        check(f"{name}: Wilson, scipy", np.allclose(part["wilson_95"], exact_interval, rtol=0.0, atol=1e-12), part)


def check_accuracy(envelope, requests):
    quality = envelope["quality"]
    check_part("all", quality, requests)
    names = sorted({r["category"] for r in requests if r["category"]})
    check("categories", [c["category"] for c in quality["categories"]] == [*names, None], names)
    for part in quality["categories"]:
        check_part(part["category"], part, [r for r in requests if r["category"] == part["category"]])
    scores = np.array([r["score"] for r in requests])
    bootstrap = scipy.stats.bootstrap((scores,), np.mean, method="percentile", n_resamples=5000, random_state=1)
    own = envelope["intervals"]["accuracy"]
    check("bootstrap interval", np.allclose(own, bootstrap.confidence_interval, atol=0.006), (own, bootstrap.confidence_interval))
    check("metrics", envelope["metrics"]["accuracy"] == quality["accuracy"] == envelope["metrics"]["accuracy_incl_failures"])


def check_hash(envelope, items):
    """items_hash, as docs/scoring.md says it."""
    rows = []
    for item, _ in items:
        row = {k: v for k, v in item.items() if k not in ("prompt", "answer")}
        if "answer" in item:
            row["answers"] = [item["answer"]]
        if item["scoring"] == "numeric":
            row["tolerance"] = float(item.get("tolerance", 0.0))
        rows.append(row)
    text = json.dumps(rows, sort_keys=True, separators=(",", ":"))
    own = hashlib.sha256(text.encode()).hexdigest()
    check("items_hash", envelope["driver_options"]["dataset_recipe"]["items_hash"] == own)


def main():
    items = make_items()
    with tempfile.TemporaryDirectory() as folder:
        envelope, requests = run(pathlib.Path(folder), items)
    check_scores(items, requests)
    check_accuracy(envelope, requests)
    check_hash(envelope, items)
    right = collections.Counter(item["scoring"] for item, _ in items)
    print("answers:", dict(right))
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(counts["failed"] > 0)


main()
