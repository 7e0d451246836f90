#!/usr/bin/env python3
"""Makes the data of tests/unit/test_dataset.c, test_sharegpt.c and test_synthetic.c without the C code.

Writes, below the project's root:
  tests/data/suite/sharegpt.json       conversations of every kind, in both public shapes
  tests/data/suite/sharegpt.tsv        the usable ones: JSON prompt, nominal tokens of the answer
  tests/data/suite/synthetic.tsv       seed, recipe, index, nominal output, JSON text
  tests/data/suite/dataset_hashes.tsv  name, SHA-256 of the canonical list

Needs numpy.  Run from the root: tests/oracle/dataset_oracle.py
"""
import hashlib
import json
import pathlib
import random
import re

import numpy as np

OUT = "tests/data/suite/"
STREAM_SYNTHETIC = 4


# ShareGPT --------------------------------------------------------------------------------------------------

def conversation(random_, number):
    def text(low, high):
        parts = ["word", "naïve", "日本", "line\nbreak", "tab\there", '"quoted"', "back\\slash", "😀", "a/b", "x"]
        return " ".join(random_.choice(parts) for _ in range(random_.randint(low, high)))

    human, model = random_.choice([("human", "gpt"), ("user", "assistant"), ("human", "chatgpt"), ("human", "bing")])
    turns = []
    if random_.random() < 0.2:
        turns.append({"from": "system", "value": text(1, 9)})
    kind = random_.randrange(12)
    if kind == 0:
        turns.append({"from": model, "value": text(5, 30)})
    if kind != 1:
        turns.append({"from": human, "value": text(5, 30)})
    if kind == 2:
        turns.append({"from": human, "value": text(5, 30)})
    if kind != 3:
        turns.append({"from": model, "value": text(5, 60)})
    if kind == 4:
        turns[-1]["value"] = random_.choice(["", " \n\t", None, 3, ["x"], {"value": "inner"}, "with \0 NUL"])
    if kind == 5:
        turns[0]["value"] = random_.choice(["Hi", "x" * 4096, "x" * 4097, "é" * 2049])
    if kind == 6:
        turns[-1]["value"] = random_.choice(["Yes.", "x" * 12, "x" * 13, "x" * 9000, "\u0001" * 9000])
    if random_.random() < 0.3:
        turns += [{"from": human, "value": text(1, 9)}, {"from": model, "value": text(1, 9)}]
    if random_.random() < 0.2:
        turns = [{"markdown": None, "value": t["value"], "text": {"from": "gpt"}, "from": t["from"]} for t in turns]
    if random_.random() < 0.1:
        turns = [{"role": t["from"], "content": t["value"]} for t in turns]
    if kind == 7:
        turns = []
    key = random_.choice(["conversations", "conversations", "conversation", "items"])
    out = {"id": f"c{number}_0", key: turns}
    if random_.random() < 0.2:
        out = {key: turns, "meta": [[{"conversations": 1}], None, True, 1e5], "id": 7}
    if kind == 8:
        out = {"id": "nothing"}
    return out


def usable(item):
    key = next((k for k in ("conversations", "conversation", "items") if k in item), None)
    turns = item.get(key) if key else None
    if not turns:
        return None
    who = [t.get("from", t.get("role")) for t in turns]
    first = next((i for i, w in enumerate(who) if w != "system"), len(who))
    if first + 1 >= len(who) or who[first] not in ("human", "user"):
        return None
    if who[first + 1] not in ("gpt", "chatgpt", "assistant", "bing", "bard"):
        return None
    prompt, answer = (turns[i].get("value", turns[i].get("content")) for i in (first, first + 1))
    for text in (prompt, answer):
        if not isinstance(text, str) or not text.strip(" \t\r\n") or "\0" in text:
            return None
    n_prompt, n_answer = ((len(t.encode()) + 3) // 4 for t in (prompt, answer))
    if n_prompt < 4 or n_answer < 4 or n_prompt > 1024 or n_prompt + n_answer > 2048:
        return None
    return prompt, n_answer


def sharegpt():
    random_ = random.Random(7)
    items = [conversation(random_, i) for i in range(150)]
    with open(OUT + "sharegpt.json", "w") as f:
        f.write("[")
        for i, item in enumerate(items):
            f.write((",\n " if i else "") + json.dumps(item, ensure_ascii=random_.random() < 0.5))
        f.write("]\n")
    with open(OUT + "sharegpt.tsv", "w") as f:
        for pair in filter(None, map(usable, items)):
            f.write(f"{pair[1]}\t{json.dumps(pair[0])}\n")


# Synthetic -------------------------------------------------------------------------------------------------

class Stream:
    def __init__(self, seed, sub):
        self.bits = np.random.Philox(key=np.array([seed, STREAM_SYNTHETIC | sub << 8], dtype=np.uint64))

    def next(self):
        return int(self.bits.random_raw())

    def below(self, n):
        reject = (-n) % 2**64 % n
        while True:
            bits = self.next()
            if bits >= reject:
                return bits % n

    def normal(self):
        radius = np.sqrt(-2.0 * np.log(1.0 - (self.next() >> 11) * 2.0**-53))
        return radius * np.cos(2.0 * np.pi * ((self.next() >> 11) * 2.0**-53))


def words():
    with open("src/suite/synthetic_words.c") as f:
        return re.findall(r'"([a-z]+)"', f.read())


def synthetic_prompt(words_, seed, index, mean, deviation, out_mean):
    n = len(words_)
    map_ = Stream(seed, 1 << 48)
    offset = map_.below(n**3)
    factor = map_.below(n**3)
    while np.gcd(factor, n**3) != 1:
        factor = map_.below(n**3)
    stream = Stream(seed, index)
    length = mean
    if deviation > 0:
        length = mean + deviation * stream.normal()
        stream.normal()  # the output's draw, whose deviation is 0 here
        length = min(max(length, max(4, mean - 3 * deviation)), mean + 3 * deviation)
        length = int(np.floor(length + 0.5))
    prefix = (index * factor + offset) % n**3
    chosen = [prefix % n, prefix // n % n, prefix // n**2]
    out, left, sentence = "", length, 0
    while left > 0:
        # The sentence's length is drawn with its first word, behind the choice of that word.
        at = chosen.pop(0) if chosen else stream.below(n)
        word = words_[at]
        if sentence == 0:
            sentence = 6 + stream.below(9)
            word = word.capitalize()
        out += (" " if out else "") + word
        left -= 1
        sentence -= 1
        if left == 1 or (sentence == 0 and left >= 3):
            out += "."
            left -= 1
            sentence = 0
        elif sentence == 0:
            sentence = 1
    return out, out_mean


def synthetic():
    words_ = words()
    with open(OUT + "synthetic.tsv", "w") as f:
        for seed, mean, deviation in ((42, 40, 0.0), (7, 4, 0.0), (2**63 + 5, 5, 0.0), (42, 30, 8.5)):
            recipe = f"synthetic:input={mean},output=9,n=6"
            if deviation:
                recipe += f",input-stddev={deviation}"
            for index in range(6):
                text, output = synthetic_prompt(words_, seed, index, mean, deviation, 9)
                f.write(f"{seed}\t{recipe}\t{index}\t{output}\t{text}\n")


# Hashes ----------------------------------------------------------------------------------------------------

def canonical_hash(prompts):
    text = json.dumps(prompts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def hashed_form(row):
    if "prompt" in row:
        return row["prompt"]
    messages = row["messages"]
    if len(messages) == 1 and messages[0]["role"] == "user":
        return messages[0]["content"]
    return messages


def hashes():
    mixed = [
        {"prompt": "one"},
        {"messages": [{"role": "user", "content": "tw\u00f6"}]},
        {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "\U0001f600"}]},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
                      {"role": "user", "content": "c\n"}]},
    ]
    with open(OUT + "dataset_hashes.tsv", "w") as f:
        for path in sorted(pathlib.Path("data/datasets").glob("*.jsonl")):
            with open(path, encoding="utf-8") as data:
                f.write(f"{path.stem}\t{canonical_hash([hashed_form(json.loads(line)) for line in data])}\n")
        f.write(f"mixed\t{canonical_hash([hashed_form(row) for row in mixed])}\n")
        f.write(f"max_tokens\t{canonical_hash([5, 0, 1000000])}\n")


sharegpt()
synthetic()
hashes()
