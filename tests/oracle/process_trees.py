#!/usr/bin/env python3
"""Writes tests/data/processes: /proc of machines with engines on them, in the kernel's own forms.

usage: tests/oracle/process_trees.py [FOLDER]

Forms: proc_net(5), proc_pid_stat(5), proc_pid_cmdline(5), cgroups(7).  Sockets are links like
"socket:[1001]"; addresses are words in the byte order of x86.
"""

import ipaddress
import pathlib
import shutil
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
DOCKER_ID = "3f9b" * 16
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"


def words(address):
    packed = ipaddress.ip_address(address).packed
    return "".join(f"{struct.unpack('<I', packed[i:i + 4])[0]:08X}" for i in range(0, len(packed), 4))


def row(number, address, port, inode, uid=0, state="0A", remote=None):
    zero = "0" * len(words(address))
    other = f"{words(remote[0])}:{remote[1]:04X}" if remote else f"{zero}:0000"
    return (f"{number:4d}: {words(address)}:{port:04X} {other} {state} 00000000:00000000 00:00000000 "
            f"00000000 {uid:5d}        0 {inode} 1 0000000000000000 100 0 0 10 0")


class Tree:
    def __init__(self, folder):
        self.root = folder
        shutil.rmtree(folder, ignore_errors=True)

    def write(self, path, data):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data if isinstance(data, bytes) else data.encode())

    def link(self, path, target):
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def net(self, folder, rows4, rows6):
        lines4 = [HEAD] + [row(i, *args) if isinstance(args, tuple) else args for i, args in enumerate(rows4)]
        lines6 = [HEAD] + [row(i, *args) for i, args in enumerate(rows6)]
        self.write(f"{folder}/tcp", "".join(f"{line:<149}\n" for line in lines4))
        self.write(f"{folder}/tcp6", "".join(line + "\n" for line in lines6))

    def process(self, pid, name, parent, argv, sockets=(), exe=None, cgroup="0::/\n"):
        folder = f"proc/{pid}"
        counters = " ".join(["0"] * 12)
        self.write(f"{folder}/stat",
                   f"{pid} ({name}) S {parent} {pid} {pid} 0 -1 4194560 {counters} {pid * 10} 0 0\n")
        self.write(f"{folder}/cmdline", b"".join(arg.encode() + b"\0" for arg in argv))
        self.write(f"{folder}/cgroup", cgroup)
        if exe:
            self.link(f"{folder}/exe", exe)
        self.link(f"{folder}/fd/0", "/dev/null")
        for i, inode in enumerate(sockets):
            self.link(f"{folder}/fd/{i + 3}", f"socket:[{inode}]")
        self.link(f"{folder}/fd/1", "pipe:[1001]")


def machine(folder):
    tree = Tree(folder)
    local = "127.0.0.1"
    tree.net("proc/net", [
        (local, 8000, 1001),
        (local, 8000, 9001, 0, "01", (local, 40000)),  # a connection, not a listener
        ("0.0.0.0", 8080, 1002, 998),
        ("10.0.0.5", 8080, 1012),
        (local, 9000, 1004), (local, 9001, 1005), (local, 9002, 1006, 998),
        ("0.0.0.0", 9003, 1007), ("0.0.0.0", 9003, 1008),
        (local, 9005, 1010),
        "  99: 0100007F:1F40 garbage", "nonsense", "  98: 0100:1F40 00:00 0A 0 0 0 0 0 0 7",
        (local, 9006, 1011),
    ], [
        ("::", 30000, 1003),
        ("::1", 8000, 1013),
        ("::ffff:127.0.0.1", 9004, 1009),
        ("::", 9003, 1014),
    ])
    tree.write("proc/net/fib_trie", """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 10.0.0.9
        /32 link UNICAST
Local:
  +-- 0.0.0.0/0 2 0 2
     +-- 10.0.0.0/24 2 0 2
        |-- 10.0.0.5
           /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.1
           /32 host LOCAL
""")
    tree.write("proc/net/if_inet6", """00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000005 02 40 00 80     eth0
""")
    tree.process(1, "systemd", 0, ["/sbin/init"], [1002, 77], "/usr/lib/systemd/systemd", "0::/init.scope\n")
    tree.process(400, "bash", 1, ["bash"], [], "/usr/bin/bash")
    tree.process(410, "vllm) S 7 (x", 400,
                 ["/opt/venv/bin/python3", "/opt/venv/bin/vllm", "serve", "m", "--api-key", "topsecret", "more",
                  "--port", "8000", "--hf-token=hf_abcdefghijkl"],
                 [1001, 1013], "/usr/bin/python3.11", "0::/user.slice/session-2.scope\n")
    tree.process(411, "python3", 410, ["VLLM::Worker"], [1001], "/usr/bin/python3.11")
    tree.process(420, "python3", 411, ["VLLM::Worker"], [1001], "/usr/bin/python3.11")
    tree.process(500, "llama-server", 1, ["llama-server", "--port", "8080"], [9, 1002], "/usr/bin/llama-server",
                 "5:cpuset:/\n4:memory:/system.slice/llama.service\n0::/\n")
    tree.process(501, "other", 1, ["other"], [1012])
    tree.process(600, "sglang", 590, ["sglang"], [1003], "/usr/bin/python3.12",
                 f"0::/system.slice/docker-{DOCKER_ID}.scope\n")
    tree.process(700, "docker-proxy", 1, ["/usr/bin/docker-proxy", "-host-port", "9000"], [1004])
    tree.process(701, "ssh", 1, ["ssh", "-L", "9001:gpu:8000", "gpu"], [1005])
    tree.process(800, "a", 1, ["a"], [1007], "/bin/a")
    tree.process(801, "b", 1, ["b"], [1008], "/bin/b")
    tree.process(802, "c", 1, ["c"], [1009], "/bin/c")
    tree.process(803, "d", 1, [], [1010])
    (tree.root / "proc/803/cmdline").unlink()
    (tree.root / "proc/803/cgroup").unlink()
    tree.process(804, "e", 1, ["e"], [1011])
    tree.write("proc/804/stat", "804 (e\n")


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "data/processes"
    machine(folder / "machine")


main()
