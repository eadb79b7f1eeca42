# SPDX-License-Identifier: MIT
"""What bench/requests and bench/allocation share: one registry by itself, and the generator that feeds it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(os.environ.get("ALAMO_BIN", ROOT / "build" / "release" / "bin"))
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from harness import UNPAID, plan_without_limits  # noqa: E402

LOAD = BIN / "bench" / "requests_load"


class Registry:
    """`alamo init`, unless there is a folder already, and alamo-registryd alone, without limits on what one source may ask for; `keys`: more of [registry]."""

    def __init__(self, directory, programs=BIN, made=None, keys=""):
        self.dir, self.programs = made or Path(directory) / "dir", programs
        if made is None:
            # An earlier program has a plan of its own, in a form that it knows.
            plan = ["--plan", plan_without_limits(self.dir)] if programs == BIN else []
            subprocess.run([programs / "alamo", "init", self.dir, "--ports", "any", "--listen", "127.0.0.1", *plan],
                           check=True, stdout=subprocess.DEVNULL)
        conf = self.dir / "alamo.conf"
        # Nor does it know all of the keys.
        for names in (UNPAID, ("budget_source", "budget_key"), ()):
            unpaid = "".join(f"{name.replace('_', '-')} = 0\n" for name in names)
            text = conf.read_text().replace("[registry]\n", "[registry]\n" + keys + unpaid, 1)
            (self.dir / "bench.conf").write_text(text)
            if subprocess.run([programs / "alamo-registryd", "-n", "-c", self.dir / "bench.conf"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0:
                break
        self.start()

    def start(self):
        ready, other = os.pipe()
        self.log = open(self.dir / "registryd.log", "ab")
        self.process = subprocess.Popen([self.programs / "alamo-registryd", "-c", self.dir / "bench.conf", "-r", str(other)],
                                        stderr=self.log, pass_fds=[other])
        os.close(other)
        self.pid = self.process.pid
        self.port = self.stream = None
        with os.fdopen(ready) as lines:
            for line in lines:
                words = line.split()
                if words[:2] == ["endpoint", "requests"]:
                    self.port = words[2].rpartition(":")[2]
                if words[:2] == ["endpoint", "stream"]:
                    self.stream = words[2]
                if words == ["ready"]:
                    return
        raise SystemExit("the registry did not start:\n" + (self.dir / "registryd.log").read_text()[-2000:])

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Load:
    """The generator: its members have joined when the first batch is ready."""

    def __init__(self, port, members, connections, window):
        words = [LOAD, "load", port, "alamo", "ALAMO", members, connections, window]
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)

    def hear(self, word):
        line = self.process.stdout.readline().split()
        if line[:1] != [word]:
            raise SystemExit("the load generator failed")
        return line[1:]

    def prepare(self, kind, count, objects, first):
        self.process.stdin.write(f"{kind} {count} {objects} {first}\n")
        self.hear("ready")

    def go(self):
        """Seconds, requests, median and 99th percentile in ms, generator's CPU seconds."""
        self.process.stdin.write("\n")
        return [float(word) for word in self.hear("done")]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
