#!/usr/bin/env python3
"""Writes tests/data/processes: /proc of machines with engines on them, in the kernel's own forms.

usage: tests/oracle/process_trees.py [FOLDER]

Forms: proc_net(5), proc_pid_stat(5), proc_pid_cmdline(5), cgroups(7).  Sockets are links like
"socket:[1001]"; addresses are words in the byte order of x86.
"""

import ipaddress
import json
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


def package(tree, folder, info, name=None, version=None, direct=None, body="\nA text.\nName: not-this\n"):
    place = f"fs{folder}/{info}"
    file = f"{place}/METADATA" if info.endswith(".dist-info") else f"{place}/PKG-INFO"
    head = "Metadata-Version: 2.1\n" + (f"Name: {name}\n" if name else "") + (f"Version: {version}\n" if version else "")
    tree.write(file, head + body)
    if direct is not None:
        tree.write(f"{place}/direct_url.json", direct if isinstance(direct, str) else json.dumps(direct))


def pythons(folder):
    """Processes of interpreters; their file system is fs/."""
    tree = Tree(folder)
    venv = "/opt/venv/lib/python3.11/site-packages"
    package(tree, venv, "torch-2.13.0+cu130.dist-info", "torch", "2.13.0+cu130")
    package(tree, venv, "Jinja2-3.1.4.dist-info", "Jinja2", "3.1.4")
    package(tree, venv, "idna-3.7.dist-info", "idna", "3.7")
    package(tree, venv, "zope.interface-6.0.dist-info", "zope.interface", "6.0")
    package(tree, venv, "zope_interface-5.0.dist-info", "Zope_Interface", "5.0")  # another spelling, later by name
    package(tree, venv, "pip-24.0.dist-info", "pip", "24.0")
    package(tree, venv, "setuptools-69.0.dist-info", "setuptools", "69.0")
    package(tree, venv, "wheel-0.43.0.dist-info", "wheel", "0.43.0")
    package(tree, venv, "old-1.0-py3.11.egg-info", "old", "1.0")
    tree.write(f"fs{venv}/older-0.9.egg-info", "Metadata-Version: 1.0\nName: older\nVersion: 0.9\n")
    package(tree, venv, "nameless-1.dist-info", None, "1")
    tree.write(f"fs{venv}/torch/__init__.py", "")
    tree.write(f"fs{venv}/empty-1.dist-info/RECORD", "")
    package(tree, venv, "archive-1.0.dist-info", "archive", "1.0",
            {"url": "https://u:p@host/archive-1.0.whl", "archive_info": {"hash": "sha256=00ff"}})
    package(tree, venv, "vcs-1.0.dist-info", "vcs", "1.0",
            {"url": "https://host/r.git", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}, "subdirectory": "py"})
    package(tree, venv, "both-1.0.dist-info", "both", "1.0",
            {"url": "https://host/b.zip", "archive_info": {"hash": "sha256=01"}, "subdirectory": "b"})
    package(tree, venv, "folder-1.0.dist-info", "folder", "1.0", {"url": "file:///src/folder", "dir_info": {}})
    package(tree, venv, "edit-1.0.dist-info", "edit", "1.0",
            {"url": "file:///src/edit", "dir_info": {"editable": True}})
    package(tree, venv, "cut-1.0.dist-info", "cut", "1.0", '{"url": ')
    tree.write("fs/opt/venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n")
    tree.link("fs/opt/venv/bin/python3", "/usr/bin/python3")
    tree.link("fs/opt/venv/lib64", "lib")
    system = "/usr/lib/python3/dist-packages"
    package(tree, system, "PyYAML-6.0.egg-info", "PyYAML", "6.0")
    package(tree, system, "idna-2.0.dist-info", "idna", "2.0")
    package(tree, "/usr/local/lib/python3.11/dist-packages", "local-1.dist-info", "local", "1")
    package(tree, "/home/me/.local/lib/python3.11/site-packages", "mine-1.dist-info", "mine", "1")
    package(tree, "/extra", "extra-1.dist-info", "extra", "1")
    tree.write("fs/usr/bin/python3", "#")
    both = "/opt/both"
    tree.write(f"fs{both}/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = true\n")
    tree.write(f"fs{both}/bin/python", "#")
    package(tree, f"{both}/lib/python3.11/site-packages", "only-1.dist-info", "only", "1")
    conda = "/opt/conda/lib/python3.12/site-packages"
    package(tree, conda, "setuptools-70.0.dist-info", "setuptools", "70.0")
    package(tree, conda, "pip-24.0.dist-info", "pip", "24.0")

    def start(pid, exe, argv, environ=(), maps=None, cwd=None):
        tree.process(pid, "python3", 1, argv, [], exe)
        tree.link(f"proc/{pid}/root", "../../fs")
        tree.write(f"proc/{pid}/environ", b"".join(word.encode() + b"\0" for word in environ))
        if maps is not None:
            tree.write(f"proc/{pid}/maps", "".join(f"7f00-7f01 r-xp 00000000 08:01 77 {path}\n" for path in maps))
        if cwd:
            tree.link(f"proc/{pid}/cwd", cwd)

    start(100, "/usr/bin/python3.11", ["/opt/venv/bin/python3", "/opt/venv/bin/vllm", "serve"])
    start(101, "/usr/bin/python3.11", ["python3", "-m", "x"],
          ["HOME=/home/me", "PATH=relative:/nowhere:/usr/bin", "PYTHONPATH=:/extra"])
    start(102, "/usr/bin/python3.11", ["VLLM::APIServer"], [],
          ["", "[heap]", "/usr/bin/python3.11", f"{venv}/torch/lib/libtorch.so", f"{venv}/torch/_C.so"])
    start(103, "/usr/bin/python3.11", ["VLLM::APIServer"], [], ["/usr/bin/python3.11"])
    start(104, "/usr/bin/llama-server", ["llama-server"], [], ["/usr/lib/libc.so.6"])
    start(105, "/opt/server", ["server"], [], ["/opt/conda/lib/libpython3.12.so.1.0", f"{conda}/x.so"])
    start(106, "/usr/bin/python", ["/usr/bin/python"])
    start(107, "/usr/bin/python3.11", ["bin/python"], ["PYTHONNOUSERSITE=1", "HOME=/home/me"], None, both)
    start(108, "/opt/conda/bin/python3.12", ["python3.12"], ["PATH=/opt/conda/bin"])
    tree.write("fs/opt/conda/bin/python3.12", "#")
    start(109, "/usr/bin/python", ["/opt/venv/bin/python3"], [], ["/usr/lib/libpython3.11.so.1.0"])
    start(110, "/opt/empty/bin/python3.10", ["/opt/empty/bin/python3.10"])
    tree.write("fs/opt/empty/bin/python3.10", "#")
    tree.write("fs/opt/empty/lib/python3.10/site-packages/README", "")


def containers(folder):
    tree = Tree(folder)
    other = "5e77" * 16
    image = "sha256:" + "ab" * 32
    manifest = "sha256:" + "cd" * 32

    def start(pid, cgroup, mountinfo=None):
        tree.process(pid, "engine", 1, ["engine"], [], None, cgroup)
        if mountinfo:
            tree.write(f"proc/{pid}/mountinfo", mountinfo)

    def docker(number, config):
        container = f"{number:064x}"
        tree.write(f"var/lib/docker/containers/{container}/config.v2.json",
                   config if isinstance(config, str) else json.dumps(config))
        return container

    start(10, "0::/user.slice/session-1.scope\n", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:9 / /x rw - overlay o rw\n")
    start(11, "0::/\n", "22 1 0:30 / / rw - overlay overlay rw\n")
    start(12, "0::/\n")
    tree.write("proc/12/root/.dockerenv", "")
    start(13, "0::/\n")
    tree.write("proc/13/root/run/.containerenv",
               f'engine="podman-4.9"\nname="x"\nid="{other}"\nimage="quay.io/x:1"\nimageid="{"ef" * 32}"\n')
    start(14, "0::/\n")
    tree.write("proc/14/root/run/.containerenv", "")
    # Docker: pulled; built here; with the images in containerd; unreadable.
    name = "vllm/vllm-openai:v0.9"
    pulled = docker(1, {"ID": "x", "Image": image, "Config": {"Image": name}})
    tree.write("var/lib/docker/image/overlay2/repositories.json", json.dumps({"Repositories": {
        "other": {"other@sha256:00": "sha256:11"},
        "vllm/vllm-openai": {name: image, f"vllm/vllm-openai@{manifest}": image}}}))
    start(20, f"0::/system.slice/docker-{pulled}.scope\n")
    built = docker(2, {"Image": "sha256:" + "12" * 32, "Config": {"Image": "mine"}})
    start(21, f"12:pids:/docker/{built}\n0::/\n")
    stored = docker(3, {"Image": manifest, "ImageManifest": {"digest": "sha256:" + "34" * 32}, "Config": {"Image": name}})
    start(22, f"0::/docker/{stored}\n")
    start(23, f"0::/docker/{other}\n")
    cut = docker(4, '{"Image": ')
    start(24, f"0::/docker/{cut}\n")
    by_digest = docker(5, {"Image": "sha256:" + "56" * 32, "Config": {"Image": f"r/x@{manifest}"}})
    start(25, f"0::/docker/{by_digest}\n")
    # Podman: of root and of a user.
    for storage, number in (("var/lib/containers/storage", 6), ("home/me/.local/share/containers/storage", 7)):
        container = f"{number:064x}"
        tree.write(f"{storage}/overlay-containers/containers.json",
                   json.dumps([{"id": "other", "image": "x"}, {"id": container, "image": f"{number:02x}" * 32}]))
        tree.write(f"{storage}/overlay-images/images.json",
                   json.dumps([{"id": f"{number:02x}" * 32, "digest": manifest, "names": ["quay.io/e:1"]}]))
    start(30, f"0::/machine.slice/libpod-{6:064x}.scope/container\n")
    start(31, f"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{7:064x}.scope\n")
    tree.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nbad\nme:x:1000:1000:Me:/home/me:/bin/sh\n")
    # Kubernetes.
    task = "run/containerd/io.containerd.runtime.v2.task/k8s.io"
    tree.write(f"{task}/{8:064x}/config.json", json.dumps(
        {"annotations": {"io.kubernetes.cri.image-name": f"docker.io/v@{manifest}"}}))
    start(40, f"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{8:064x}.scope\n")
    tree.write(f"{task}/{9:064x}/config.json", json.dumps(
        {"annotations": {"io.kubernetes.cri.image-name": "docker.io/v:1"}}))
    start(41, f"0::/kubepods/burstable/pod1/{9:064x}\n")
    start(43, f"0::/kubepods/besteffort/pod2/{11:064x}\n")
    start(44, f"0::/kubepods/besteffort/pod3/{10:064x}\n")
    tree.write(f"run/containers/storage/overlay-containers/{10:064x}/userdata/config.json", json.dumps(
        {"annotations": {"io.kubernetes.cri-o.ImageName": "quay.io/v:1", "io.kubernetes.cri-o.ImageRef": f"quay.io/v@{manifest}"}}))
    start(42, f"0::/kubepods.slice/crio-{10:064x}.scope\n")


def gpus(folder):
    """A machine of AMD GPUs; the processes of NVIDIA's are told by its library."""
    tree = Tree(folder)
    tree.process(4700, "python3", 1, ["x"])
    tree.process(4712, "python3", 4700, ["x"])
    tree.process(4713, "python3", 4712, ["x"])
    tree.process(4800, "other", 1, ["x"])
    kfd = "sys/class/kfd/kfd"
    tree.write(f"{kfd}/topology/nodes/0/gpu_id", "0\n")
    tree.write(f"{kfd}/topology/nodes/0/properties", "cpu_cores_count 64\nlocation_id 0\ndomain 0\n")
    for node, (gpu, location, domain) in enumerate([(51110, 0x0300, 0), (4711, 0xC508, 1)], 1):
        tree.write(f"{kfd}/topology/nodes/{node}/gpu_id", f"{gpu}\n")
        tree.write(f"{kfd}/topology/nodes/{node}/properties",
                   f"cpu_cores_count 0\nlocation_id_x 9\nlocation_id {location}\ndomain {domain}\n")
    tree.write(f"{kfd}/proc/4713/vram_51110", "1048576\n")
    tree.write(f"{kfd}/proc/4713/vram_4711", "0\n")
    tree.write(f"{kfd}/proc/4713/vram_99", "7\n")
    tree.write(f"{kfd}/proc/4712/vram_51110", "4096\n")
    tree.write(f"{kfd}/proc/4800/vram_4711", "4096\n")


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "data/processes"
    for make in (machine, pythons, containers, gpus):
        make(folder / make.__name__)


main()
