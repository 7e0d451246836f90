"""Writes firmware tables of machine shapes, from the layout in DMTF DSP0134 clause 7.

usage: smbios_tables.py REPOSITORY_ROOT

Locator texts are of the forms that the boards' public manuals and dmidecode listings show.  The same
tables, behind an entry point, go to dmidecode as a second reader (tests/cli/run-machine).
"""

import pathlib
import struct
import sys
import uuid

UUID = uuid.UUID("4c4c4544-0042-3510-8052-b4c04f4d3432")


def structure(kind, handle, body, strings=()):
    head = struct.pack("<BBH", kind, 4 + len(body), handle)
    tail = b"".join(s.encode() + b"\0" for s in strings)
    return head + body + (tail + b"\0" if tail else b"\0\0")


def system():
    bios = structure(0, 0, bytes([1, 2, 0, 0, 3, 0]) + bytes(12), ["Maker", "R24", "01/02/2024"])
    body = bytes([1, 2, 3, 0]) + UUID.bytes_le + bytes([6, 0, 0])
    return bios + structure(1, 1, body, ["Maker", "Machine", "1"])


def processor(handle):
    body = bytearray(0x30 - 4)
    body[0:2] = bytes([1, 3])
    body[0x18 - 4] = 0x41
    return structure(4, handle, bytes(body), [f"CPU{handle}"])


def array(handle, correction, n):
    body = struct.pack("<BBBIHH", 3, 3, correction, 0x80000000, 0xFFFE, n) + bytes(8)
    return structure(16, handle, body)


def device(handle, of, device_locator, bank, size_mb, speed, ecc, short=False):
    body = bytearray((0x1C if short else 0x5C) - 4)
    size = size_mb if size_mb < 0x7FFF else 0x7FFF
    struct.pack_into("<HHHHH", body, 0, of, 0xFFFE, 72 if ecc else 64, 64, size)
    body[0x0E - 4] = 9
    body[0x10 - 4], body[0x11 - 4] = 1, 2
    body[0x12 - 4] = 0x22
    struct.pack_into("<H", body, 0x15 - 4, speed if size_mb else 0)
    if not short:
        struct.pack_into("<I", body, 0x1C - 4, size_mb if size == 0x7FFF else 0)
        struct.pack_into("<H", body, 0x20 - 4, speed if size_mb else 0)
    return structure(17, handle, bytes(body), [device_locator, bank])


def machine(sockets, correction, modules, speed, short=False):
    out = system() + b"".join(processor(0x40 + i) for i in range(sockets))
    out += array(0x1000, correction, len(modules))
    ecc = correction in (5, 6)
    for i, (locator, bank, size_mb) in enumerate(modules):
        out += device(0x1100 + i, 0x1000, locator, bank, size_mb, speed, ecc, short)
    return out + structure(127, 0xFEFF, b"")


SHAPES = {
    # Two slots a channel, the first of them filled.
    "xeon": machine(2, 6, [
        (f"P{p + 1}-DIMM{c}{d + 1}", f"P{p}_Node0_Channel{'ABCDEFGH'.index(c)}_Dimm{d}",
         32768 if d == 0 else 0)
        for p in range(2) for c in "ABCDEFGH" for d in range(2)], 4800),
    "epyc": machine(2, 6, [
        ("DIMM 0", f"P{p} CHANNEL {c}", 65536) for p in range(2) for c in "ABCDEFGHIJKL"], 4800),
    "desktop": machine(1, 3, [
        (f"DIMM_{c}{d}", "BANK 0", 16384 if d == 2 else 0) for c in "AB" for d in (1, 2)], 6000),
    "arm-server": machine(1, 6, [
        (f"DIMM {i}", f"P0 Channel {i}", 32768) for i in range(8)], 3200),
    # QEMU: one module for all memory, multi-bit ECC claimed, no speed.
    "vm": machine(2, 6, [("DIMM 0", "Not Specified", 8192)], 0),
    # Locators that name the processor only, structures of version 2.3.
    "old": machine(1, 5, [(f"PROC 1 DIMM {i}", "Not Specified", 4096 * (i < 4)) for i in (1, 2, 3, 4)],
                   1333, short=True),
}

for name, table in SHAPES.items():
    folder = pathlib.Path(sys.argv[1]) / "tests/data/hardware" / name / "sys/firmware/dmi/tables"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "DMI").write_bytes(table)
    corpus = pathlib.Path(sys.argv[1]) / "tests/fuzz/corpus/smbios"
    (corpus / name).write_bytes(table)
    (corpus / f"{name}-cut").write_bytes(table[: len(table) * 2 // 3])
