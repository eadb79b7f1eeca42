# SPDX-License-Identifier: MIT
"""An authority under load while things go wrong at random, from a seed; then everything is counted and compared.

script/soak runs this in a mount and network namespace of its own.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import checks
from faults import FURTHEST_S, Far, Faults, Page
from harness import BIN, DAEMONS, UNPAID, Authority, alamo, run, stop, wait_for
from load import Member, Reader

DISK_MIB = 512
RSS_LEAST_MIB = 96       # a daemon may have so much, or three times what a fresh one has
SAY_S = 60


class Watched(Authority):
    """Its daemons are found among the children of `alamo up`: a full disk has no room for files with their numbers."""

    def pid(self, program):
        up = self.process.pid
        try:
            children = Path(f"/proc/{up}/task/{up}/children").read_text().split()
            return next(int(pid) for pid in children if Path(f"/proc/{pid}/comm").read_text() == f"{program[:15]}\n")
        except (OSError, StopIteration):
            return None


class Alone:
    """One daemon, not supervised."""

    def __init__(self, program, folder, start):
        ready, other = os.pipe()
        with open(folder / f"{program}.log", "ab") as log:
            self.process = start([BIN / program, "-c", folder / "alamo.conf", "-r", str(other)], stderr=log, pass_fds=[other])
        os.close(other)
        self.endpoints = {}
        with os.fdopen(ready) as lines:
            for line in lines:
                words = line.split()
                if words[0] == "endpoint":
                    host, port = words[2].rsplit(":", 1)
                    self.endpoints.setdefault(words[1], (host, int(port)))
                if words == ["ready"]:
                    return
        raise AssertionError(f"{program} did not start: {folder}/{program}.log")


class Soak:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.chance = random.Random(options.seed)
        self.children, self.trouble, self.peak = [], [], dict.fromkeys(DAEMONS, 0)
        self.ending, self.cluster, self.authority = threading.Event(), None, None

    def start_child(self, command, **keywords):
        process = subprocess.Popen([str(word) for word in command], **keywords)
        self.children.append(process)
        return process

    # ---- before ----

    def make(self):
        disk = self.folder / "disk"
        disk.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=755", "soak", disk)
        run("ip", "link", "set", "lo", "up")
        self.page = Page(self.folder, self.options.seed)
        inside = ["env", *(f"{name}={value}" for name, value in self.page.environment().items())]
        # A registry that is started while the clock is set back takes the end of that for a jump ahead, rightly, and waits for
        # its operator: the guard has a test of its own (tests/integration/test_clock.py).
        registry = UNPAID | {"min_free_disk": 0, "clock_jump_seconds": 0, "listen": "127.0.0.1, 192.0.2.1"}
        self.authority = Watched(disk / "authority", listen="127.0.0.1", ports="default", inside=inside,
                                   conf={"registry": registry, "rpki": {"brake_percent": 100}})
        kill_database = self.database() if self.options.postgresql else None
        self.far = Far(self.folder / "far", self.start_child, (self.authority.dir / "keys/log.pub").read_text(), 4344)
        self.far.connect()
        self.authority.start()
        self.far.begin(BIN)
        self.faults = Faults(self.chance, self.rest, self.page, self.authority, self.far, kill_database)
        pause = 1 / self.options.rate * self.options.members
        self.members = [Member(n, self.authority, self.folder, self.options.seed, self.ending, pause)
                        for n in range(self.options.members)]
        self.readers = [Reader(self.authority, self.options.seed + n, self.ending) for n in range(2)]

    def database(self):
        from test_postgresql import Cluster
        self.cluster = Cluster().start()
        ledger = self.authority.dir / "ledger.db"
        alamo("ledger", "copy", ledger, self.cluster.url, "--dir", self.authority.dir)
        ledger.unlink()
        self.authority.configure("registry", ledger=self.cluster.url)

        def kill():
            self.cluster.primary.kill()
            old = self.cluster.fail_over()
            self.rest(self.chance.uniform(0, 1))
            old.follow(self.cluster.primary)
            self.cluster.whole()

        return kill

    def rest(self, seconds):
        time.sleep(min(seconds, max(0, self.until - time.monotonic())))

    # ---- meanwhile ----

    def go(self):
        began = said = time.monotonic()
        self.until = began + self.options.minutes * 60
        for one in self.members + self.readers:
            one.thread.start()
        while time.monotonic() < self.until and not self.bad():
            self.rest(self.chance.uniform(0.2, 2))
            self.faults.one()
            self.far.keep()
            self.weigh()
            if time.monotonic() - said > SAY_S:
                said = time.monotonic()
                print(f"soak: {said - began:6.0f} s  {self.told()}", flush=True)
        self.faults.over()
        time.sleep(3)       # who still has something to say is heard
        self.ending.set()
        for one in self.members + self.readers:
            one.thread.join(120)

    def bad(self):
        if self.authority.process.poll() is not None:
            self.trouble.append("alamo up has ended: " + (self.authority.dir / "up.log").read_text()[-2000:])
        return self.trouble or any(one.trouble for one in self.members + self.readers)

    def weigh(self):
        for program in DAEMONS:
            try:
                self.peak[program] = max(self.peak[program], checks.rss_mib(self.authority.pid(program)))
            except (OSError, StopIteration):
                pass

    def told(self):
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.count.items()))
        return (f"{sum(len(m.receipts) for m in self.members)} receipts, {sum(m.refused for m in self.members)} refused as they should, "
                f"{sum(m.sent_again for m in self.members)} sent again; {sum(r.answers for r in self.readers)} answers, "
                f"{sum(r.silence for r in self.readers)} without one; {faults}; {self.page.failed()} failed writes")

    # ---- after ----

    def judge(self):
        for one in self.members + self.readers:
            self.trouble += one.trouble
        size = int(wait_for(lambda: self.authority.ask("head").splitlines()[1], timeout=60, what="the registry"))
        checks.settled(self.authority, size)
        entries, lost = checks.receipts(self.authority, self.members)
        self.trouble += lost + checks.books(self.authority.dir, self.late())
        fresh, right = self.fresh()
        self.trouble += checks.differences("the authority", checks.everything(self.authority.endpoints), right)
        far = {"history": ("192.0.2.2", 4043), "origins": ("192.0.2.2", 4324)}
        self.trouble += checks.differences("the far side", {
            "history": wait_for(lambda: checks.history(far["history"]) == right["history"] and right["history"], timeout=60,
                                what="the far whois"),
            "origins": wait_for(lambda: checks.origins(far["origins"]) == right["origins"] and right["origins"], timeout=60,
                                what="the far origins")}, right)
        for program in DAEMONS:
            pid = wait_for(lambda: self.authority.pid(program), timeout=30, what=f"{program} to run")
            mib, bound = checks.rss_mib(pid), max(RSS_LEAST_MIB, 3 * fresh.get(program, 0))
            if mib > bound:
                self.trouble.append(f"{program} has {mib} MiB, more than {bound}")
        return entries, fresh

    def late(self):
        """An entry that a clock ahead of its time has dated is from the future for days; an auditor of now says so, rightly."""
        folder = self.folder / "auditor"
        folder.mkdir()
        page = Page(folder, self.options.seed)
        page.clock(FURTHEST_S + 3600)
        return page.environment()

    def fresh(self):
        folder = self.folder / "fresh"
        endpoints, weight = {}, {}
        for program in checks.fresh_folder(self.authority, folder, 4344):
            one = Alone(program, folder, self.start_child)
            endpoints |= one.endpoints
            weight[program] = checks.rss_mib(one.process.pid)
        return weight, checks.everything(endpoints)

    def longest_silence(self):
        times = sorted(t for member in self.members for t in member.times)
        return max((b - a for a, b in zip(times, times[1:])), default=0)

    def close(self):
        self.ending.set()
        for process in reversed(self.children):
            stop(process)
        if self.authority is not None:
            self.authority.stop()
        if self.cluster is not None:
            self.cluster.stop()


def main():
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    parser.add_argument("minutes", type=float)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1 << 31))
    parser.add_argument("--postgresql", action="store_true", help="the ledger in a cluster of three, whose primary is killed too")
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--rate", type=float, default=40, help="requests a second, if nothing went wrong")
    parser.add_argument("--keep", action="store_true", help="leaves the folder")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="alamo-soak-"))
    soak = Soak(options, folder)
    print(f"soak: seed {options.seed}, {'PostgreSQL' if options.postgresql else 'SQLite'}, {options.minutes:g} minutes, {folder}", flush=True)
    try:
        soak.make()
        soak.go()
        print(f"soak: {soak.told()}", flush=True)
        entries, fresh = soak.judge()
        print(f"soak: {entries} entries verified and audited; longest time without a receipt {soak.longest_silence():.1f} s; MiB at most "
              + ", ".join(f"{name} {soak.peak[name]}" + (f" (a fresh one {fresh[name]})" if name in fresh else "") for name in DAEMONS))
    finally:
        soak.close()
        run("umount", "-l", folder / "disk", check=False)
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for line in soak.trouble[:20]:
        print(f"soak: WRONG: {line}")
    print(f"soak: {'FAILED' if soak.trouble else 'all of it held'}, seed {options.seed}")
    return 1 if soak.trouble else 0


if __name__ == "__main__":
    sys.exit(main())
