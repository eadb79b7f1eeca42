# SPDX-License-Identifier: MIT
"""What goes wrong: one kind at a time, for a moment, each by one function of class Faults."""

import contextlib
import mmap
import os
import signal
import struct
import subprocess

from harness import DAEMONS, ROOT, run, wait_for

CHUNK = 1 << 20
FURTHEST_S = 2 * 86400      # a clock jumps ahead


class Page:
    """The page that tests/soak/faults_preload.c looks at in every daemon."""

    def __init__(self, folder, seed):
        self.library, self.path = folder / "faults.so", folder / "faults"
        run("cc", "-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o", self.library, ROOT / "tests/soak/faults_preload.c", "-ldl")
        self.path.write_bytes(struct.pack("<qQQQ", 0, 0, seed | 1, 0).ljust(mmap.PAGESIZE, b"\0"))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "ALAMO_FAULTS": str(self.path)}

    def clock(self, seconds):
        self.map[0:8] = struct.pack("<q", seconds)

    def eio(self, share):
        self.map[8:16] = struct.pack("<Q", share)

    def failed(self):
        return struct.unpack("<Q", self.map[24:32])[0]


class Faults:
    """`rest` waits for some seconds, or until the soak ends."""

    def __init__(self, chance, rest, page, authority, far, kill_database=None):
        self.chance, self.rest, self.page = chance, rest, page
        self.authority, self.far = authority, far
        self.kill_database = kill_database
        self.kinds = [self.killed, self.killed, self.far_killed, self.frozen, self.disk_full, self.disk_errors, self.clock_jumped,
                      self.wire_cut] + ([self.database_killed] if kill_database else [])
        self.count = {}

    def one(self):
        kind = self.chance.choice(self.kinds)
        kind()
        name = kind.__name__.replace("_", " ")
        self.count[name] = self.count.get(name, 0) + 1
        return name

    def killed(self):
        for program in self.chance.sample(DAEMONS, self.chance.choice((1, 1, 2, 4))):
            self.authority.kill9(program)

    def far_killed(self):
        self.far.kill(self.chance)

    def frozen(self):
        """Nobody answers and nobody hangs up."""
        pid = self.authority.pid(self.chance.choice(DAEMONS))
        with contextlib.suppress(ProcessLookupError, TypeError):
            os.kill(pid, signal.SIGSTOP)
            self.rest(self.chance.uniform(0.2, 3))
            os.kill(pid, signal.SIGCONT)

    def disk_full(self):
        """Not a byte is left, for everybody."""
        ballast = self.authority.dir / "ballast"
        try:
            with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(CHUNK))
            with contextlib.suppress(OSError), open(ballast, "ab", buffering=0) as file:
                while True:
                    file.write(b"\0")
            self.rest(self.chance.uniform(0.5, 3))
        finally:
            ballast.unlink(missing_ok=True)

    def disk_errors(self):
        """A share of all writes and syncs, or every one."""
        self.page.eio(self.chance.choice((300, 3000, 65536)))
        self.rest(self.chance.uniform(0.3, 2))
        self.page.eio(0)

    def clock_jumped(self):
        self.page.clock(self.chance.choice((-86400, -3600, -61, 61, 3600, 86400, FURTHEST_S)))
        self.rest(self.chance.uniform(0.5, 4))
        self.page.clock(0)

    def wire_cut(self):
        self.far.wire(False)
        self.rest(self.chance.uniform(0.5, 5))
        self.far.wire(True)

    def database_killed(self):
        self.kill_database()

    def over(self):
        self.page.eio(0)
        self.page.clock(0)
        self.far.wire(True)
        (self.authority.dir / "ballast").unlink(missing_ok=True)
        for program in DAEMONS:
            with contextlib.suppress(ProcessLookupError, TypeError):
                os.kill(self.authority.pid(program), signal.SIGCONT)


class Far:
    """Followers on another machine: a network namespace at the other end of a wire."""

    PROGRAMS = ("alamo-whoisd", "alamo-rpkid")

    def __init__(self, folder, start, log_key, stream):
        """`start` runs a program that ends with us."""
        self.dir, self.start = folder, start
        (folder / "keys").mkdir(parents=True)
        (folder / "keys/log.pub").write_text(log_key)
        (folder / "alamo.conf").write_text(
            f"[network]\nlisten = 192.0.2.2\n[log]\nstream = 192.0.2.1:{stream}\n[rpki]\nbrake-percent = 100\n")
        self.holder = start(["unshare", "-n", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        self.processes = {}

    def connect(self):
        ours = os.stat("/proc/self/ns/net").st_ino
        wait_for(lambda: os.stat(f"/proc/{self.holder.pid}/ns/net").st_ino != ours, what="a namespace of the far side")
        run("ip", "link", "add", "far0", "type", "veth", "peer", "name", "near0", "netns", str(self.holder.pid))
        run("ip", "addr", "add", "192.0.2.1/24", "dev", "far0")
        self.wire(True)
        for words in (("addr", "add", "192.0.2.2/24", "dev", "near0"), ("link", "set", "lo", "up"), ("link", "set", "near0", "up")):
            self.inside("ip", *words)

    def inside(self, *words):
        return run("nsenter", "-t", self.holder.pid, "-n", *words)

    def begin(self, bin_folder):
        self.bin = bin_folder
        for program in self.PROGRAMS:
            self.keep(program)

    def keep(self, program=None):
        """Starts what is not running."""
        for name in [program] if program else self.PROGRAMS:
            if name not in self.processes or self.processes[name].poll() is not None:
                with open(self.dir / f"{name}.log", "ab") as log:
                    self.processes[name] = self.start(["nsenter", "-t", self.holder.pid, "-n", self.bin / name, "-c",
                                                       self.dir / "alamo.conf"], stderr=log)

    def kill(self, chance):
        process = self.processes[chance.choice(self.PROGRAMS)]
        process.kill()
        process.wait()
        self.keep()

    def wire(self, up):
        run("ip", "link", "set", "far0", "up" if up else "down")
