# SPDX-License-Identifier: MIT
"""Routers of three makes behind one cache: whatever breaks, none is ever without a record that is in the old set and the new.

Each has a line of its own to the cache, which can be cut, slow or dead. ALAMO_ROUTERS says how many records there are;
the short run of the suite has few.
"""

import contextlib
import ipaddress
import os
import re
import threading

import pytest
from conftest import running
from harness import UNPAID, Key, Rtr, attributes, obj, run, wait_for
from mitm import Stream
from test_gobgp import GoBgp

COUNT = int(os.environ.get("ALAMO_ROUTERS", "60"))
PER_REQUEST = 100
TIMEOUT_S = 60 + COUNT / 200


def cache_of(authority):
    """Where the cache is just now: it has another port when it was started again."""
    for line in (authority.dir / "run" / "endpoints").read_text().splitlines():
        name, address = line.split()
        if name == "rtr":
            host, port = address.rsplit(":", 1)
            return host.strip("[]"), int(port)
    raise ConnectionRefusedError("no cache")


def set_of(authority):
    """What the cache has, or None."""
    with contextlib.suppress(OSError, AssertionError):
        session = Rtr(cache_of(authority))
        try:
            return session.reset()
        finally:
            session.close()
    return None


class Line(Stream):
    """Bytes both ways, to wherever the cache is just now."""

    def __init__(self, authority):
        self.authority = authority
        super().__init__(None)

    def connect(self):
        self.upstream = cache_of(self.authority)
        return super().connect()

    def deliver(self, source, down):
        while (data := source.read1(65536)) and self.thawed():
            self.send(down, data)

    def end(self):
        host, port = self.address.rsplit(":", 1)
        return host, int(port)


class Bird:
    def __init__(self, children, directory, rtr):
        conf, self.socket = directory / "bird.conf", directory / "bird.ctl"
        conf.write_text(f"""router id 10.0.0.1;
protocol device {{}}
roa4 table four; roa6 table six;
protocol rpki cache {{ roa4 {{ table four; }}; roa6 {{ table six; }}; remote {rtr[0]} port {rtr[1]}; retry keep 1; refresh 60; expire 7200; }}
""")
        children(["bird", "-f", "-c", conf, "-s", self.socket, "-P", directory / "bird.pid"])
        wait_for(self.socket.exists, what="bird")

    def table(self):
        shown = "".join(run("birdc", "-s", self.socket, "show", "route", "table", table, check=False).stdout for table in ("four", "six"))
        return {(prefix, int(most), int(asn)) for prefix, most, asn in re.findall(r"^(\S+/\d+)-(\d+) AS(\d+)", shown, re.M)}


class RtrClient:
    """rtrlib, which FRR has too: what it says of each record as it comes and goes."""

    def __init__(self, children, directory, rtr):
        self.said = directory / "rtrclient.log"
        children(["stdbuf", "-oL", "rtrclient", "tcp", "-p", rtr[0], str(rtr[1])], stdout=open(self.said, "wb"), stderr=open(directory / "rtrclient.err", "wb"))

    def tables(self):
        """Its table after each record that came or went, since the start."""
        rows = set()
        for sign, address, length, most, asn in re.findall(r"^([+-])\s+([0-9a-f.:]+)\s+(\d+)\s+-\s+(\d+)\s+(-?\d+)", self.said.read_text(), re.M):
            row = (f"{address}/{length}", int(most), int(asn) % 2**32)      # 0.8 prints them signed
            (rows.add if sign == "+" else rows.discard)(row)
            yield rows

    def table(self):
        rows = set()
        for rows in self.tables():
            pass
        return rows


class Watch:
    """Looks at a router's table all the time; each prefix of `kept` must be in it, whatever its max-length is just now."""

    def __init__(self, router):
        self.router, self.kept, self.missing, self.looks = router, frozenset(), None, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.over.wait(0.02):
            before, has = self.kept, prefixes(self.router.table())
            self.missing = self.missing or (before & self.kept) - has or None   # a step may begin meanwhile
            self.looks += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def prefixes(table):
    return frozenset(prefix for prefix, _, _ in table)


class Network:
    def __init__(self, authority, directory):
        self.authority, self.key = authority, Key(directory / "member")
        made = authority.member(self.key)
        self.block, self.asn = ipaddress.ip_network(made.key("inet6num")), made.key("aut-num")
        self.index, self.most = {}, {}
        wait_for(lambda: any(row[0] == str(self.block) for row in authority.vrps()), what="the member's own route")
        self.first = authority.vrps()

    def prefix(self, number):
        return str(ipaddress.ip_network((int(self.block.network_address) + (number << 64), 64)))

    def route(self, number, most):
        return obj(("route6", self.prefix(number)), ("origin", self.asn), ("max-length", str(most)), mnt="FISHER-MNT")

    def routes(self, numbers, most):
        for at in range(0, len(numbers), PER_REQUEST):
            some = numbers[at : at + PER_REQUEST]
            prev = [self.index.get(number, "none") for number in some]
            made = self.authority.accept([self.route(number, most) for number in some], [self.key], prev=" ".join(map(str, prev)))
            self.index |= dict.fromkeys(some, made.index)
            self.most |= dict.fromkeys(some, most)

    def drop(self, numbers):
        for number in numbers:
            text = self.route(number, self.most.pop(number)) + attributes([("delete", "over")])
            self.index[number] = self.authority.accept([text], [self.key], prev=self.index[number]).index

    def table(self):
        """What routers should have."""
        asn = int(self.asn[2:])
        return self.first | {(self.prefix(number), most, asn) for number, most in self.most.items()}


@pytest.fixture
def network(tmp_path):
    limits = {"rpki": {"notify_seconds": 0, "retry": 1, "brake_percent": 100}, "registry": UNPAID}
    with running(tmp_path / "dir", conf=limits) as authority:
        yield Network(authority, tmp_path)


def steps(network, lines):
    """(name, what breaks, what changes meanwhile, what mends it, the routes that go)"""
    third, bird = COUNT // 3, lines[0]

    def nothing():
        pass

    def cut():
        for line in lines:
            line.cut()

    def slow(rate):
        for line in lines:
            line.rate = rate if line is not bird else None

    def freeze(frozen):
        for line in lines:
            line.frozen = frozen

    def thaw():
        freeze(False)
        cut()

    yield "nothing", nothing, lambda: network.routes(range(third), 80), nothing, ()
    yield "cut", cut, lambda: network.drop(range(5)), nothing, range(5)
    yield "restart", lambda: network.authority.kill9("alamo-rpkid"), lambda: network.routes(range(third, 2 * third), 72), nothing, ()
    yield "slow", lambda: slow(2000), lambda: network.routes(range(2 * third, COUNT), 96), lambda: slow(None), ()
    yield "dead", lambda: freeze(True), lambda: network.routes(range(5), 64), thaw, ()


def test_no_router_is_ever_without_what_stays(network, children, tmp_path):
    network.routes(range(COUNT), 64)
    lines = [Line(network.authority) for _ in range(3)]
    makes = [make(children, tmp_path, line.end()) for make, line in zip((Bird, GoBgp, RtrClient), lines)]
    watches = [Watch(router) for router in makes]

    def arrived():
        """The set that all of it has come to, once the cache and every router have it."""
        want = network.table()
        wait_for(lambda: set_of(network.authority) == want, timeout=TIMEOUT_S, what="the set")
        for router in makes:
            wait_for(lambda router=router: router.table() == want, timeout=TIMEOUT_S, what=f"the table in {type(router).__name__}")
        return prefixes(want)

    try:
        kept = arrived()
        with watches[0], watches[1], watches[2]:
            for name, breaks, changes, mends, gone in steps(network, lines):
                for watch in watches:
                    watch.kept = kept - {network.prefix(number) for number in gone}
                looks, told = [watch.looks for watch in watches], sum(1 for _ in makes[2].tables())
                breaks()
                changes()
                mends()
                stays, kept = watches[2].kept, arrived()
                wait_for(lambda: all(watch.looks > before for watch, before in zip(watches, looks)), what="a look at each")
                assert [watch.missing for watch in watches] == [None] * 3, name
                # Of rtrlib nothing is missed between two looks.
                assert all(stays <= prefixes(table) for number, table in enumerate(makes[2].tables()) if number >= told), name
    finally:
        for line in lines:
            line.close()
