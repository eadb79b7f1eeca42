# SPDX-License-Identifier: MIT
"""Debian's programs that speak RTR, each with its table of records: BIRD, FRR, OpenBGPD, GoBGP, and rtrlib by itself.

table()       rows (prefix, max length, AS number)
has(row)      the same of one row, quickly
restart()     the program ends and begins with nothing
"""

import contextlib
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

from harness import run, stop, wait_for

ROW = re.compile(r"^(\S+/\d+)-(\d+) AS(\d+)", re.M)
FRR_DAEMON = Path("/usr/lib/frr/bgpd")
TIMEOUT_S = 600


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def family(prefix):
    return 6 if ":" in prefix else 4


class Make:
    """`rtr` is the cache's (address, port); `routes` are (prefix, length, AS number) that records may be about."""

    def __init__(self, children, directory, rtr, routes=()):
        self.children, self.rtr, self.routes = children, rtr, routes
        self.dir = directory / self.name.lower()
        self.dir.mkdir()
        self.process = None
        self.last = "", set()
        self.prepare()
        self.restart()

    def prepare(self):
        """Its configuration."""

    def restart(self):
        if self.process is not None:
            stop(self.process)
        with open(self.dir / "log", "ab") as log:
            self.process = self.children(self.command(), stdout=self.output(), stderr=log)
        wait_for(self.up, what=self.name)

    def output(self):
        return subprocess.DEVNULL

    def up(self):
        return True

    def has(self, row):
        return row in self.table()

    def part(self, rows):
        """Those of `rows` that table() can have."""
        return rows

    def parsed(self, said, parse):
        """parse(said); of a table in which nothing has changed that is known, and a large one takes seconds."""
        if said != self.last[0]:
            self.last = said, parse(said)
        return self.last[1]

    def ask(self, *words):
        """What its own client says; nothing from one that is not there."""
        return run(*words, check=False, timeout=TIMEOUT_S).stdout


class Bird(Make):
    name = "BIRD"

    def prepare(self):
        self.conf, self.socket = self.dir / "bird.conf", self.dir / "bird.ctl"
        self.conf.write_text(f"""router id 10.0.0.1;
protocol device {{}}
roa4 table four; roa6 table six;
protocol rpki cache {{
	roa4 {{ table four; }}; roa6 {{ table six; }};
	remote {self.rtr[0]} port {self.rtr[1]};
	retry keep 1; refresh 60; expire 7200;
}}
""")

    def command(self):
        return ["bird", "-f", "-c", self.conf, "-s", self.socket, "-P", self.dir / "bird.pid"]

    def up(self):
        return "ready" in self.ask("birdc", "-s", self.socket, "show", "status")

    def show(self, *words):
        return self.ask("birdc", "-s", self.socket, "show", "route", *words)

    @staticmethod
    def rows(said):
        return {(prefix, int(most), int(asn)) for prefix, most, asn in ROW.findall(said)}

    def table(self):
        return self.parsed(self.show("table", "four") + self.show("table", "six"), self.rows)

    def has(self, row):
        prefix, most, asn = row
        return row in self.rows(self.show(prefix, "max", most, "as", asn, "table", {4: "four", 6: "six"}[family(prefix)]))


class Frr(Make):
    """bgpd alone, with its module for RPKI: neither zebra nor the kernel hears of it."""

    name = "FRR"

    def prepare(self):
        self.conf = self.dir / "bgpd.conf"
        self.conf.write_text(f"rpki\n rpki polling_period 60\n rpki cache {self.rtr[0]} {self.rtr[1]} preference 1\nexit\n")

    def command(self):
        (self.dir / "bgpd.vty").unlink(missing_ok=True)
        return [FRR_DAEMON, "-n", "-Z", "-S", "-p", "0", "-P", "0", "-l", "127.0.0.1", "-M", "rpki", "-f", self.conf,
                "--vty_socket", self.dir, "-i", self.dir / "bgpd.pid"]

    def shell(self, command):
        """As vtysh asks, which takes half a second to begin: what is said ends with three NULs and a status."""
        said = b""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(TIMEOUT_S)
            sock.connect(str(self.dir / "bgpd.vty"))
            sock.sendall(command.encode() + b"\0")
            while said[-4:-1] != b"\0\0\0" and (got := sock.recv(1 << 20)):
                said += got
        return said[:-4].decode()

    def up(self):
        return "host: " in self.shell("show rpki cache-server")

    @staticmethod
    def rows(said):
        found = re.findall(r"^(\S+)\s+(\d+) -\s+(\d+)\s+(\d+)$", said, re.M)
        return {(f"{address}/{length}", int(most), int(asn)) for address, length, most, asn in found}

    def table(self):
        return self.parsed(self.shell("show rpki prefix-table"), self.rows)

    def has(self, row):
        return row in self.rows(self.shell(f"show rpki prefix {row[0]} {row[2]}"))


class OpenBgpd(Make):
    """
    bgpctl shows no records that came by RTR (7.7), only how many prefixes have some: count(). So the table is what
    it makes of routes: a BIRD with the AS of all records announces each of `routes`, and OpenBGPD says which are valid. A
    record is there with the longest length of its prefix that is. (Networks of its own would do, but with some thousands it
    takes minutes to begin.)

    It looks at its routes again when records have changed, but not when that comes while it is looking because of a change
    before ("softreload skipped"): they stay as they were, until the next change. So it is asked to hear them again then.
    """

    name = "OpenBGPD"

    def prepare(self):
        Path("/run/openbgpd").mkdir(exist_ok=True)    # where it confines itself; Debian's unit makes it
        self.conf, self.socket = self.dir / "bgpd.conf", self.dir / "bgpd.sock"
        port = free_port()
        self.records = {}
        for prefix, length, asn in self.routes:
            self.records[f"{prefix.partition('/')[0]}/{length}"] = (prefix, length, asn)
        self.prefixes = {prefix for prefix, _, _ in self.routes}
        (asn,) = {asn for _, _, asn in self.routes}
        self.conf.write_text(f"""AS 65000
router-id 10.0.0.1
fib-update no
listen on 127.0.0.1 port {port}
socket "{self.socket}"
rtr {self.rtr[0]} {{ port {self.rtr[1]} }}
neighbor 127.0.0.2 {{
	remote-as {asn}
	multihop 2
	passive
	announce IPv4 unicast
	announce IPv6 unicast
}}
""")
        self.conf.chmod(0o600)
        self.announce(asn, port)

    def announce(self, asn, port):
        conf, lines = self.dir / "announcer.conf", {4: [], 6: []}
        for route in self.records:
            lines[family(route)].append(f"route {route} unreachable;")
        statics = "".join(f"protocol static {{ ipv{version}; {' '.join(lines[version])} }}\n" for version in lines)
        conf.write_text(f"""router id 10.0.0.2;
protocol device {{}}
{statics}
protocol bgp {{
	local 127.0.0.2 port {free_port()} as {asn};
	strict bind;
	neighbor 127.0.0.1 port {port} as 65000;
	multihop 2; connect delay time 1; connect retry time 1; error wait time 1, 1;
	ipv4 {{ import none; export all; next hop address 127.0.0.2; }};
	ipv6 {{ import none; export all; next hop address fca1::1; }};
}}
""")
        self.children(["bird", "-f", "-c", conf, "-s", self.dir / "announcer.ctl", "-P", self.dir / "announcer.pid"])

    def command(self):
        self.socket.unlink(missing_ok=True)
        self.heard, self.owes = (self.dir / "log").stat().st_size, False
        return ["bgpd", "-d", "-f", self.conf]

    def hear(self):
        with open(self.dir / "log", "rb") as log:
            log.seek(self.heard)
            said = log.read()
        self.heard += len(said)
        for word in re.findall(rb"^ROA softreload (skipped|done)", said, re.M):
            if self.owes and word == b"done":
                self.ask("bgpctl", "-s", self.socket, "neighbor", "127.0.0.2", "refresh")
            self.owes = word == b"skipped"

    def control(self, *words):
        return self.ask("bgpctl", "-s", self.socket, "show", *words)

    def up(self):
        return "ROA" in self.control("sets")

    def part(self, rows):
        return {row for row in rows if row[0] in self.prefixes}

    def valid(self, *words):
        self.hear()
        return self.control("rib", "in", "ovs", "valid", *words)

    def rows(self, said):
        most = {}
        for route in re.findall(r"^[^V/\n]* V (\S+/\d+) ", said, re.M):
            prefix, length, asn = self.records[route]
            most[prefix, asn] = max(length, most.get((prefix, asn), 0))
        return {(prefix, length, asn) for (prefix, asn), length in most.items()}

    def table(self):
        return self.parsed(self.valid(), self.rows)

    def has(self, row):
        return row in self.rows(self.valid(f"{row[0].partition('/')[0]}/{row[1]}"))

    def count(self):
        """How many prefixes have records, whosever they are."""
        said = re.search(r"^ROA\s+RPKI ROA\s+(\d+)\s+(\d+)", self.control("sets"), re.M)
        return sum(map(int, said.groups())) if said else 0


class GoBgp(Make):
    name = "GoBGP"

    def prepare(self):
        self.port, self.routed = free_port(), set()
        self.conf = self.dir / "gobgpd.toml"
        self.conf.write_text(f"""
[global.config]
as = 65000
router-id = "10.0.0.1"
port = -1
[[rpki-servers]]
[rpki-servers.config]
address = "{self.rtr[0]}"
port = {self.rtr[1]}
""")

    def command(self):
        self.routed.clear()
        return ["gobgpd", "-f", self.conf, "--api-hosts", f"127.0.0.1:{self.port}", "--pprof-disable"]

    def control(self, *words):
        return self.ask("gobgp", "-p", self.port, *words)

    def up(self):
        return "65000" in self.control("global")

    @staticmethod
    def rows(said):
        found = (line.split() for line in said.splitlines() if "/" in line)
        return {(prefix, int(most), int(asn)) for prefix, most, asn, _ in found}

    def table(self):
        said = "".join(self.control("rpki", "table", "-a", f"ipv{version}") for version in (4, 6))
        return self.parsed(said, self.rows)

    def has(self, row):
        """By a route that is valid if it has the row, since it can only show all of them."""
        prefix, most, asn = row
        words, route = ("-a", f"ipv{family(prefix)}"), f"{prefix.partition('/')[0]}/{most}"
        if route not in self.routed:
            self.control("global", "rib", "add", *words, route, "aspath", asn)
            self.routed.add(route)
        return re.search(rf"^V\S*\s*{re.escape(route)}\s", self.control("global", "rib", *words, route), re.M) is not None


class RtrClient(Make):
    """rtrlib, which FRR has too: what it says of each record as it comes and goes, so that nothing is missed."""

    name = "rtrclient"
    EVENT = re.compile(r"^([+-])\s+([0-9a-f.:]+)\s+(\d+)\s+-\s+(\d+)\s+(-?\d+)")

    def prepare(self):
        self.lock = threading.Lock()

    def command(self):
        return ["stdbuf", "-oL", "rtrclient", "tcp", "-p", self.rtr[0], self.rtr[1]]

    def output(self):
        path = self.dir / "said"
        path.unlink(missing_ok=True)
        writing = open(path, "ab")
        with self.lock:
            self.said, self.half, self.now = open(path, "rb"), b"", {}
            self.whole = None
            self.left = []        # (row that went, how many of its prefix were left), in order
        return writing

    def take(self, line):
        event = self.EVENT.match(line)
        if event is None:
            return
        sign, address, length, most, asn = event.groups()
        row = (f"{address}/{length}", int(most), int(asn) % 2**32)      # 0.8 prints them signed
        self.whole = None
        rows = self.now.setdefault(row[0], set())
        if sign == "+":
            rows.add(row)
        else:
            rows.discard(row)
            self.left.append((row, len(rows)))

    def read(self):
        with self.lock:
            *lines, self.half = (self.half + self.said.read()).split(b"\n")
            for line in lines:
                self.take(line.decode())

    def table(self):
        self.read()
        with self.lock:
            if self.whole is None:
                self.whole = {row for rows in self.now.values() for row in rows}
            return self.whole

    def has(self, row):
        self.read()
        with self.lock:
            return row in self.now.get(row[0], ())

    def gone(self):
        """What it said of records that went, since this was asked last."""
        self.read()
        with self.lock:
            left, self.left = self.left, []
        return left


MAKES = (Bird, Frr, OpenBgpd, GoBgp, RtrClient)


def missing():
    """Debian's packages without which not all of MAKES are there."""
    programs = {"bird": "bird2", "bgpctl": "openbgpd", "gobgpd": "gobgpd", "rtrclient": "rtr-tools", "vtysh": "frr"}
    return [package for program, package in programs.items() if shutil.which(program) is None]
