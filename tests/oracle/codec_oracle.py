#!/usr/bin/env python3
"""Writes the codec's oracle files beside this script, by Python 3's own json module:

codec_floats.tsv  IEEE 754 bits as 16 hex digits <TAB> repr
codec_json.tsv    JSON text as hex <TAB> "reject", or its canonical form

Run: python3 tests/oracle/codec_oracle.py   (standard library only; fixed seed)
"""

import json
import pathlib
import random
import struct

HERE = pathlib.Path(__file__).parent
DEPTH_MAX = 200
RNG = random.Random(20240607)


def float_rows():
    values = [0.0, -0.0, 1.0, -1.0, 0.1, 1 / 3, 1e16, 9999999999999998.0, 1e15, 1e-4, 1e-5, 5e-324, 2.2250738585072014e-308,
              2.225073858507201e-308, 1.7976931348623157e308, 123456789012345680.0, 9007199254740993.0, 1e22, 1e23]
    for exponent in range(-1074, 1024, 7):  # powers of two: the interval below is half as wide
        values += [2.0**exponent, 2.0**exponent * (1 + 2**-52), 2.0**exponent * (1 - 2**-53)]
    values += [2.0**exponent for exponent in range(-80, 80)]
    values += [float(f"1e{exponent}") for exponent in range(-323, 309, 5)]
    values += [struct.unpack("<d", RNG.randbytes(8))[0] for _ in range(1000)]
    values += [RNG.randrange(1, 2**52) * 5e-324 for _ in range(100)]
    values += [RNG.randrange(1, 4096) * 5e-324 for _ in range(100)]
    values += [round(RNG.random() * 1000, RNG.randrange(9)) for _ in range(300)]
    for value in values:
        if value - value == 0:
            yield struct.pack(">d", value).hex(), repr(value)


def no_constant(name):
    raise ValueError(name)


def no_repeat(pairs):
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("repeated key")
    return dict(pairs)


def finite(literal):
    value = float(literal)
    if value - value != 0:
        raise ValueError("not finite")
    return value


def depth(value):
    levels = [value]
    n = 0
    while levels:
        inner = [x for x in levels if isinstance(x, (list, dict))]
        n += 1 if inner else 0
        levels = [y for x in inner for y in (x.values() if isinstance(x, dict) else x)]
    return n


def answer(text):
    """Canonical form by Python's reader and writer, made as strict as ours; None for a refusal."""
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=no_constant, object_pairs_hook=no_repeat, parse_float=finite)
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # lone surrogates
    except (ValueError, RecursionError):
        return None
    return canonical if depth(value) <= DEPTH_MAX else None


def random_text(level=0):
    kind = RNG.randrange(9 if level < 4 else 6)
    space = RNG.choice(["", "", "", " ", "\n", "\t ", "\r\n"])
    if kind == 0:
        return RNG.choice(["null", "true", "false"])
    if kind in (1, 2):
        return RNG.choice(["0", "-0", "1", "-17", "1.0", "-0.0", "1e5", "2E+3", "0.1e-7", "1e308", "1.7976931348623157e308", "1e-400",
                           "12345678901234567890123", "0e999", "0.0001", "1.50"])
    if kind in (3, 4, 5):
        parts = ["a", "b", "é", "\U0001f600", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\\\", '\\"', "\\/", "\x7f", "key", "\\u0000", " ", "߿", "￿"]
        return '"' + "".join(RNG.choice(parts) for _ in range(RNG.randrange(6))) + '"'
    items = [random_text(level + 1) for _ in range(RNG.randrange(5))]
    if kind in (6, 7):
        keys = [json.dumps("".join(RNG.choice("abZ_é\U0001f600￿1") for _ in range(RNG.randrange(1, 5)))) for _ in items]
        items = [key + space + ":" + space + item for key, item in zip(keys, items)]
        return "{" + space + (space + "," + space).join(items) + space + "}"
    return "[" + space + (space + "," + space).join(items) + space + "]"


def mutate(text):
    data = bytearray(text)
    for _ in range(RNG.randrange(1, 3)):
        at = RNG.randrange(len(data) + 1)
        what = RNG.randrange(4)
        if what == 0 and at < len(data):
            del data[at]
        elif what == 1 and at < len(data):
            data[at] = RNG.choice(b'{}[]",:\\ue0123456789.+-tfn \n\x00\x1f\x80\xc3\xed\xa0\xf0\xff')
        elif what == 2:
            data[at:at] = RNG.choice([b",", b"]", b"}", b'"', b"\\", b"0", b"1e999", b"\\ud800", b"\xed\xa0\x80", b"\xc0\x80", b"1"])
        else:
            del data[at:]
    return bytes(data)


def json_rows():
    seen = set()
    fixed = [b"", b" ", b"1", b"\xef\xbb\xbf1", b"[" * 200 + b"]" * 200, b"[" * 201 + b"]" * 201, b"9" * 4300, b"9" * 4301, b"-" + b"9" * 4300,
             b"0." + b"0" * 400 + b"1e600", b"0." + b"0" * 400 + b"1e720", b"1" + b"0" * 308 + b".0", b"1" + b"0" * 309 + b".0",
             b"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910"
             b"946555547851940402630657488671505820681908902000708383676273854845811711531764475730270069855571366959622842914819860834"
             b"936475292719074168444365510704342711559699508093042879.9",
             b"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910"
             b"946555547851940402630657488671505820681908902000708383676273854845811711531764475730270069855571366959622842914819860834"
             b"936475292719074168444365510704342711559699508093042880.0",
             b"1.7976931348623158e308", b"1.7976931348623159e308", b"17976931348623158e292", b"0.00017976931348623159e312", b"1e99999999999999999999",
             b"1e-99999999999999999999", b"0e99999999999999999999", b"01", b"-", b"-01", b".5", b"1.", b"1.e1", b"1e", b"1e+", b"+1", b"0x1"]
    texts = list(fixed)
    for _ in range(700):
        text = random_text().encode("utf-8")
        texts += [text, mutate(text) if text else text]
    for text in texts:
        if text in seen or len(text) > 5000:
            continue
        seen.add(text)
        yield text.hex() or "-", answer(text) or "reject"


def write(name, rows):
    with open(HERE / name, "w", encoding="ascii", newline="\n") as out:
        for row in rows:
            out.write("\t".join(row) + "\n")


write("codec_floats.tsv", float_rows())
write("codec_json.tsv", json_rows())
