#!/usr/bin/env python3
"""Reads every recorded engine answer with Python's json and writes what it holds, one line a response.

Usage: tests/oracle/engine_fixtures.py ../shared/fixtures/engines > tests/oracle/engine_fixtures.tsv
Independent of the C readers: HTTP framing, events and counts are done again here, from the definitions
in MEASUREMENT.md and src/engine/engine.h.
"""
import glob
import hashlib
import json
import os
import sys

COLUMNS = [
    "file", "index", "status", "kind", "events", "texts", "role", "nothing", "usages", "so_far_last",
    "prompt", "completion", "cached", "finish", "done", "model", "text_sha256",
]


def split_responses(raw):
    """Yields (status, headers, body) of each final response in the bytes."""
    at = 0
    while at < len(raw):
        end = raw.index(b"\r\n\r\n", at)
        lines = raw[at:end].split(b"\r\n")
        status = int(lines[0].split()[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        at = end + 4
        if 100 <= status < 200:
            continue
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            body = b""
            while True:
                line_end = raw.index(b"\r\n", at)
                size = int(raw[at:line_end].split(b";")[0], 16)
                at = line_end + 2
                body += raw[at:at + size]
                at += size + 2
                if size == 0:
                    break
        else:
            size = int(headers.get(b"content-length", len(raw) - at))
            body = raw[at:at + size]
            at += size
        yield status, headers, body


def events_of(body):
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        data = [line[5:].removeprefix(b" ") for line in block.split(b"\n") if line.startswith(b"data:")]
        if data:
            yield b"\n".join(data).decode("utf-8")


class Totals:
    def __init__(self):
        self.events = self.texts = self.role = self.nothing = self.usages = 0
        self.so_far = self.prompt = self.completion = self.cached = -1
        self.finish = ""
        self.model = ""
        self.done = 0
        self.text = ""

    def take(self, answer):
        if answer is None:
            self.nothing += 1
            return
        self.model = answer.get("model", self.model)
        before = self.text
        empty = False
        finished = False
        for choice in answer.get("choices", []):
            part = choice.get("delta") or choice.get("message") or {}
            text = (part.get("content") or "") + (part.get("reasoning") or "") + (choice.get("text") or "")
            self.text += text
            if choice.get("finish_reason"):
                self.finish = choice["finish_reason"]
                finished = True
            elif text == "":
                empty = True
        usage = answer.get("usage") or {}
        timings = answer.get("timings") or {}
        completion = usage.get("completion_tokens", timings.get("predicted_n", -1))
        prompt = usage.get("prompt_tokens", -1)
        if prompt < 0 and "prompt_n" in timings:
            prompt = timings["prompt_n"] + timings["cache_n"]
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", timings.get("cache_n", -1))
        self.prompt = prompt if prompt >= 0 else self.prompt
        self.cached = cached if cached >= 0 else self.cached
        if completion >= 0:
            self.usages += 1
            self.completion = completion
            if answer.get("choices"):
                self.so_far = completion
        if self.text != before:
            self.texts += 1
        elif empty and not finished and not answer.get("prompt_progress"):
            self.role += 1
        elif not finished and completion < 0:
            self.nothing += 1


def error_text(body):
    try:
        answer = json.loads(body)
        error = answer.get("error", answer.get("detail"))
        text = error["message"] if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        text = body.decode("utf-8")
    return "".join(" " if ord(c) < 0x20 or ord(c) == 0x7F else c for c in text)


def row_of(name, index, status, headers, body):
    totals = Totals()
    kind = "refused"
    if status != 200:
        kind = "error"
        totals.text = error_text(body)
    elif headers.get(b"content-type", b"").startswith(b"text/event-stream"):
        kind = "stream"
        for data in events_of(body):
            totals.events += 1
            if data.strip() == "[DONE]":
                totals.done = 1
            else:
                totals.take(json.loads(data))
    else:
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if isinstance(answer, dict) and answer.get("choices"):
            kind = "body"
            totals.events = 1
            totals.take(answer)
    digest = hashlib.sha256(totals.text.encode("utf-8")).hexdigest()
    return [name, index, status, kind, totals.events, totals.texts, totals.role, totals.nothing, totals.usages,
            totals.so_far, totals.prompt, totals.completion, totals.cached, totals.finish or "-", totals.done,
            totals.model or "-", digest]


def main(folder):
    print("# made by tests/oracle/engine_fixtures.py from the recorded answers of real engines")
    print("\t".join(COLUMNS))
    for path in sorted(glob.glob(os.path.join(folder, "*", "*.response"))):
        name = os.path.relpath(path, folder)
        with open(path, "rb") as file:
            raw = file.read()
        for index, response in enumerate(split_responses(raw)):
            print("\t".join(str(value) for value in row_of(name, index, *response)))


if __name__ == "__main__":
    main(sys.argv[1])
