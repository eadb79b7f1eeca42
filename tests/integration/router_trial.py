# SPDX-License-Identifier: MIT
"""Routers of every make behind one cache, each on a line of its own, while things break: for test_routers.py and bench/routers.

    registry --(a line)-- cache --(a line each)-- routers

A step breaks something, changes the set and mends. After it every table is the cache's, row by row. Meanwhile each
router is looked at all the time: it must have every record that is both in the old set and in the new, and for every prefix
that has a record in both some record, whatever its max-length is just then.
"""

import contextlib
import ipaddress
import os
import signal
import socket
import threading
import time

from harness import RTR_IPV4, UNPAID, Authority, Rtr, attributes, obj, plan_without_limits, wait_for
from mitm import Daemon, Stream, wrong_clock
from router_makes import MAKES, RtrClient

ASN = 4252660001          # the authority's own, in the default plan
MNT = "HOSTMASTER-MNT"
BLOCKS = {4: "10.0.0.0/8", 6: "fca1:80::/32"}
SHAPES = {4: (28, 29, 30), 6: (64, 72, 80)}    # max-lengths that a record has in turn
BEYOND = {4: 31, 6: 96}                        # never valid
PER_REQUEST = 250
STILL_MAX, LAST = 20000, 1000
NOTHING = (frozenset(), frozenset())


def plan(beside):
    """The default plan with a block of each family to make records in."""
    path = plan_without_limits(beside)
    text = path.read_text().replace("super-prefix:", f"super-prefix:   {BLOCKS[4]}\nsuper-prefix:", 1)
    for cls, prefix in (("inetnum", BLOCKS[4]), ("inet6num", BLOCKS[6])):
        text += "\n" + obj((cls, prefix), ("netname", "RECORDS"), ("status", "ASSIGNED"), mnt=MNT)
    path.write_text(text)
    return path


def prefixes(table):
    return frozenset(prefix for prefix, _, _ in table)


class Records:
    """
    Numbered records of an authority, seven of ten for IPv4. The first `moving` change with each step: of four neighbours
    one is not there, and one comes, one goes and two get another max-length when the step is the next.
    """

    def __init__(self, authority, count, moving):
        self.authority, self.count, self.moving = authority, count, moving
        self.index, self.shape, self.step = {}, dict.fromkeys(range(count), 3), 0
        self.touched, self.still = set(), None
        self.names = [self.prefix(number) for number in range(count)]
        self.first = {(str(prefix), most, asn) for prefix, most, asn in authority.vrps()}
        assert all(row[2] == ASN for row in self.first)
        self.send(range(count))

    @staticmethod
    def family(number):
        return 4 if number % 10 < 7 else 6

    def prefix(self, number):
        if self.family(number) == 4:
            return f"10.{number >> 12 & 255}.{number >> 4 & 255}.{number % 16 * 16}/28"
        return str(ipaddress.ip_network(f"fca1:80:{(number >> 16) + 1:x}:{number % 65536:x}::/64"))

    def wanted(self, number):
        """Which shape; 3: none."""
        return (number + self.step) % 4 if number < self.moving else int(number in self.touched)

    def text(self, number, shape, gone):
        family = self.family(number)
        pairs = [("route" if family == 4 else "route6", self.names[number]), ("origin", f"AS{ASN}"),
                 ("max-length", str(SHAPES[family][shape]))]
        return obj(*pairs, mnt=MNT) + (attributes([("delete", "its turn")]) if gone else "")

    def send(self, numbers):
        """Numbers whose shape is another than wanted, in requests of many."""
        texts = []
        for number in numbers:
            want, has = self.wanted(number), self.shape[number]
            if want != has:
                texts.append((number, self.text(number, has if want == 3 else want, want == 3)))
                self.shape[number] = want
        for at in range(0, len(texts), PER_REQUEST):
            some = texts[at : at + PER_REQUEST]
            prev = " ".join(str(self.index.get(number, "none")) for number, _ in some)
            made = self.authority.accept([text for _, text in some], [self.authority.hostmaster], prev=prev)
            self.index |= dict.fromkeys((number for number, _ in some), made.index)

    def row(self, number):
        shape = self.shape[number]
        return None if shape == 3 else (self.names[number], SHAPES[self.family(number)][shape], ASN)

    def change(self):
        self.step += 1
        self.send(range(self.moving))

    def touch(self, number):
        """Changes one of those that stay, once."""
        self.touched.add(number)
        self.still = None
        self.send([number])

    def rows(self, numbers):
        return {row for number in numbers if (row := self.row(number)) is not None}

    def table(self):
        if self.still is None:
            self.still = self.first | self.rows(range(self.moving, self.count))
        return self.still | self.rows(range(self.moving))

    def routes(self):
        """
        For OpenBGPD: of a record as many lengths as show which max-length it has. Of those that stay, STILL_MAX or some more, and
        the LAST: it looks at all of its routes after each change.
        """
        every = max(1, (self.count - self.moving) // STILL_MAX)
        for prefix, most, asn in self.first:
            yield prefix, most, asn
        last = max(self.moving, self.count - LAST)
        for number in (*range(self.moving), *range(self.moving, last, every), *range(last, self.count)):
            name, family = self.names[number], self.family(number)
            lengths = (*SHAPES[family], BEYOND[family]) if number < self.moving else SHAPES[family][:2]
            for length in lengths:
                yield name, length, ASN


class BulkRtr(Rtr):
    """Of sets of many: with few system calls, and addresses as the C library spells them."""

    def __init__(self, address):
        super().__init__(address)
        self.file = self.sock.makefile("rb", 1 << 20)

    def close(self):
        self.file.close()
        super().close()

    def read_exact(self, count):
        data = self.file.read(count)
        if len(data) < count:
            raise ConnectionError("cache closed the session")
        return data

    def take_prefix(self, kind, body):
        family, size = (socket.AF_INET, 4) if kind == RTR_IPV4 else (socket.AF_INET6, 16)
        vrp = (f"{socket.inet_ntop(family, body[4 : 4 + size])}/{body[1]}", body[2], int.from_bytes(body[4 + size :]))
        assert body[0] == 1 and vrp not in self.vrps, vrp
        self.vrps.add(vrp)


class Cache:
    """alamo-rpkid behind a line of its own to the registry: ended and begun at will, by any clock (mitm.wrong_clock)."""

    def __init__(self, authority, directory):
        self.authority, self.dir = authority, directory
        self.log = Stream(authority.dir / "run" / "log.sock")
        self.clock = directory / "run" / "clock"      # where the daemon may read
        self.daemon = self.address = None
        self.start()

    def start(self, clock=None):
        self.daemon = Daemon(self.authority, self.dir, self.log, "alamo-rpkid", wrong_clock(clock) if clock else None)
        self.address = self.daemon.endpoint("rtr")

    def stop(self):
        if self.daemon is not None:
            self.daemon.__exit__()
            self.daemon = self.address = None

    def kill9(self):
        os.kill(self.daemon.process.pid, signal.SIGKILL)
        self.daemon.process.wait()
        self.stop()

    def close(self):
        self.stop()
        self.log.close()

    def days_ahead(self):
        """Of the dates that the log signs; those that the cache's clock is behind are no days."""
        return round(self.daemon.metric("alamo_log_age_seconds") / 86400)

    def table(self):
        """None while it has none."""
        with contextlib.suppress(OSError, AssertionError):
            session = BulkRtr(self.address)
            try:
                return session.reset()
            finally:
                session.close()
        return None


class Line(Stream):
    """Bytes both ways, to wherever the cache is just now. `left`: so many more bytes pass, then none until the line breaks."""

    def __init__(self, cache):
        self.cache, self.left = cache, None
        super().__init__(None)

    def connect(self):
        if self.cache.address is None:
            raise ConnectionRefusedError("no cache")
        self.upstream = self.cache.address
        return super().connect()

    def deliver(self, source, down):
        while (data := source.read1(65536)) and self.thawed():
            passes = len(data) if self.left is None else min(len(data), self.left)
            if passes > 0:
                self.send(down, data[:passes])
            if passes < len(data):
                self.left = 0
                while self.left is not None and not self.closing.wait(0.02):
                    pass
                return
            if self.left is not None:
                self.left -= passes

    def end(self):
        host, port = self.address.rsplit(":", 1)
        return host, int(port)


class Watch:
    """Looks at a router's table all the time."""

    def __init__(self, router):
        self.router, self.kept, self.lacking, self.looks = router, NOTHING, None, 0
        self.last = self.checked = None      # table and kept of the last look
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        took = 0.02
        while not self.over.wait(took):      # half of the time at most
            began = time.monotonic()
            self.look()
            took = max(0.02, time.monotonic() - began)

    def look(self):
        before, has = self.kept, self.router.table()
        after = self.kept
        if not (has is self.last and before is after is self.checked):
            # A step may begin meanwhile, or this router.
            rows, some = (a if a is b else a & b for a, b in zip(before, after))
            self.lacking = self.lacking or (rows - has) or (some - prefixes(has)) or None
        self.last, self.checked = has, after
        self.looks += 1

    def begin(self):
        if not self.running():
            self.kept = NOTHING
            self.thread.start()

    def running(self):
        return self.thread.ident is not None

    def table(self, looks):
        """What was seen behind so many looks; None: nothing yet."""
        if not self.running():
            return self.router.table()
        return self.last if self.looks > looks else None

    def gone_check(self):
        """Of rtrlib nothing is missed between two looks."""
        rows, some = self.kept
        for row, left in self.router.gone():
            if row in rows or (left == 0 and row[0] in some):
                self.lacking = self.lacking or {row}

    def close(self):
        self.over.set()
        if self.thread.is_alive():
            self.thread.join()


class Trial:
    """`patience`: seconds for everybody to come to the same set. `rate`, `stall`: what is a slow line (mitm.Stream)."""

    def __init__(self, directory, children, count, moving, patience=60, rate=2000, stall=(500, 0.4)):
        self.patience, self.rate, self.stall = patience, rate, stall
        with contextlib.ExitStack() as stack:
            self.begin(stack, directory, children, count, moving)
            self.stack = stack.pop_all()

    def begin(self, stack, directory, children, count, moving):
        limits = {"rpki": {"notify_seconds": 0, "retry": 1, "brake_percent": 100}, "registry": UNPAID | {"sign_seconds": 1}}
        self.authority = Authority(directory / "dir", plan=plan(directory / "dir"), conf=limits)
        stack.callback(self.authority.stop)
        self.authority.start()
        self.records = Records(self.authority, count, moving)
        self.cache = Cache(self.authority, directory / "cache")
        stack.callback(self.cache.close)
        self.wait(lambda: self.cache.table() == self.records.table(), "the first set")
        self.lines = [Line(self.cache) for _ in MAKES]
        for line in self.lines:
            stack.callback(line.close)
        routes = list(self.records.routes())
        self.routers = [make(children, directory, line.end(), routes) for make, line in zip(MAKES, self.lines)]
        self.watches = [Watch(router) for router in self.routers]
        for watch in self.watches:
            stack.callback(watch.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def wait(self, check, what):
        return wait_for(check, timeout=self.patience, what=what)

    def change(self):
        """What is in the old set and in the new is to be in every table from here on."""
        before = {number: self.records.shape[number] for number in range(self.records.moving)}
        for watch in self.watches:
            watch.kept = self.both(watch.kept, before)
        self.records.change()

    def both(self, kept, before):
        """`kept` without what the next step takes away."""
        records = self.records
        rows = {records.row(number) for number in before}
        goes = {records.names[number] for number, shape in before.items() if (shape + 1) % 4 == 3}
        return kept[0] - rows, kept[1] - goes

    def arrived(self):
        """The cache and every router have the set; from here on all of it is kept."""
        want = self.records.table()
        looks = [watch.looks for watch in self.watches]
        for watch, before in zip(self.watches, looks):
            router = watch.router
            part = router.part(want)
            self.wait(lambda: watch.table(before) == part, f"the table in {router.name}")
            if hasattr(router, "count"):
                self.wait(lambda: router.count() == len(prefixes(want)), f"no other prefix in {router.name}")
        self.wait(lambda: self.cache.table() == want, "the set")
        kept = frozenset(want), prefixes(want)
        for watch in self.watches:
            if isinstance(watch.router, RtrClient):
                watch.gone_check()
            watch.kept = self.kept_of(watch.router, kept)

    @staticmethod
    def kept_of(router, kept):
        rows = router.part(kept[0])
        return kept if rows is kept[0] else (frozenset(rows), prefixes(rows))

    def run(self, step):
        """One of router_steps.STEPS, and what it left behind. With the first, the watching begins."""
        if not self.watches[0].running():
            for watch in self.watches:
                watch.begin()
            self.arrived()
        step(self)
        self.arrived()
        assert all(watch.thread.is_alive() for watch in self.watches)
        lacking = {watch.router.name: sorted(map(str, watch.lacking))[:3] for watch in self.watches if watch.lacking}
        assert not lacking, (step.__name__, lacking)

    # ---- what may happen to lines ----

    def each_line(self, **settings):
        for line in self.lines:
            for name, value in settings.items():
                setattr(line, name, value)

    def cut(self):
        for line in self.lines:
            line.cut()

    def held(self):
        """Each router has a part of a difference, and gets no more."""
        self.wait(lambda: all(line.left == 0 for line in self.lines), "a part of the change at each")

    def released(self):
        """The lines break where they were held."""
        self.each_line(left=None)
        self.cut()
