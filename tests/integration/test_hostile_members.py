# SPDX-License-Identifier: MIT
"""Abuses side by side with a bystander, who joins, asks whois and bgpq4, changes a name and listens to RTR meanwhile.

An abuse is a function(authority, over) in ABUSES: it runs in a thread of its own until over() is true, from the
addresses of SOURCES. Figures are printed; what is asserted is that the bystander is served, every time, in the end.

    ALAMO_ABUSE_SECONDS=30 pytest -s test_hostile_members.py

is the longer run. Beside the figures under abuse stand those of the same bystander alone, just before, and how long the daemons'
threads were runnable without a core: what the machine did, and not the suite.
"""

import contextlib
import itertools
import os
import resource
import socket
import statistics
import threading
import time
from pathlib import Path

import pytest
from conftest import running
from harness import DAEMONS, Key, mntner, obj, room_for_descriptors, run, wait_for

SECONDS = int(os.environ.get("ALAMO_ABUSE_SECONDS", "3"))    # of each abuse
ALONE = SECONDS // 5      # of the bystander before it; one round at least
PACE = 0.5                # seconds from the start of a bystander's round to the next: a busy member, within every budget
PATIENCE = 15             # seconds after which the bystander has been left standing
BOUND = 192 << 20         # of growth, a daemon
SOURCES = [f"127.0.{third}.{fourth}" for third in range(1, 9) for fourth in range(1, 41)]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """With room for many descriptors on both sides."""
    conf = {"registry": {"max_connections": 256, "max_per_source": 64}, "rpki": {"max_connections": 64, "max_per_source": 16}, "dns": {"max_connections": 64, "max_per_source": 16},
            "whois": {"max_connections": 256, "max_per_source": 64}}
    with room_for_descriptors():
        with running(tmp_path_factory.mktemp("hostile") / "dir", listen="127.0.0.1", conf=conf) as made:
            made.keys = tmp_path_factory.mktemp("keys")
            made.numbers = itertools.count(1)
            yield made


def connect(authority, endpoint, source, timeout=10):
    return socket.create_connection(authority.endpoints[endpoint], timeout=timeout, source_address=(source, 0))


def talk(authority, data, source, endpoint="requests", timeout=30):
    """Bytes from that address, and what comes back; the end of the connection is an answer too."""
    answer = b""
    with contextlib.suppress(OSError), connect(authority, endpoint, source, timeout) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while got := sock.recv(65536):
            answer += got
    return answer.decode(errors="replace")


# ---- the bystander ----


class Bystander:
    """One member after the other, from an address of his own; how long each thing took."""

    def __init__(self, authority):
        self.authority = authority
        self.took = {}
        self.name = f"BY{next(authority.numbers)}"
        self.key = Key(authority.keys / self.name)
        member = authority.member(self.key, self.name, domain=f"{self.name.lower()}.alamo", records=["@ A 192.0.2.1"])
        self.asn, self.net = member.key("aut-num"), member.key("inet6num")
        self.rtr = authority.rtr()
        self.rtr.reset()

    def step(self, what, do):
        begun = time.monotonic()
        wait_for(do, PATIENCE, f"the bystander's {what}")
        self.took.setdefault(what, []).append(time.monotonic() - begun)

    def join(self):
        name = f"{self.name}J{next(self.authority.numbers)}"
        self.authority.member(self.key, name)
        return True

    def refresh(self):
        self.rtr.refresh()
        return True

    def change(self):
        """A record, until DNS says it."""
        number = next(self.authority.numbers)    # a value twice would be no change
        name, address = f"{self.name.lower()}.alamo", f"198.18.{number >> 8}.{number & 255}"
        text = obj(("domain", name), ("record", f"@ A {address}"), mnt=f"{self.name}-MNT")
        self.authority.accept([text], [self.key], prev=self.authority.prev("domain", name))
        return wait_for(lambda: address in str(self.authority.dns(name, "A")), PATIENCE, "the changed record")

    def filter(self):
        """The list of his own prefixes, by the program that operators run: never one without them."""
        host, port = self.authority.endpoints["whois"]
        out = run("bgpq4", "-h", f"{host}:{port}", "-S", "ALAMO", "-6", "-p", "-F", "%n/%l\\n", self.asn).stdout
        assert self.net in out, out
        return True

    def round(self):
        began = time.monotonic()
        self.everything()
        time.sleep(max(0, PACE - (time.monotonic() - began)))

    def everything(self):
        self.step("question", lambda: self.authority.ask("head"))
        self.step("join", self.join)
        self.step("whois", lambda: "mntner:" in self.authority.whois(f"{self.name}-MNT"))
        self.step("bgpq4", self.filter)
        self.step("change", self.change)
        self.step("rtr", self.refresh)
        self.step("DNS over TCP", lambda: self.authority.dns("alamo.", "SOA", tcp=True).answer)
        self.step("new router", self.authority.vrps)
        self.step("HTTP", lambda: "alamo_" in talk(self.authority, b"GET /metrics HTTP/1.0\r\n\r\n", "127.0.0.1", "log-http"))

    def figures(self):
        return ", ".join(
            f"{what} {statistics.median(took) * 1000:.0f}/{max(took) * 1000:.0f} ms" for what, took in self.took.items()
        )


def rss(authority):
    page = resource.getpagesize()
    return {
        name: int(Path(f"/proc/{authority.pid(name)}/statm").read_text().split()[1]) * page for name in DAEMONS
    }


def waited_for_a_core(authority):
    """Seconds in which some thread of the daemons was runnable and did not run."""
    total = 0
    for name in DAEMONS:
        for path in Path(f"/proc/{authority.pid(name)}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):      # a thread that ended
                total += int(path.read_text().split()[1])
    return total / 1e9


# ---- abuses ----


def dry_runs(authority, over):
    """Requests that only ask, as large as they may be: four members at once, each dry run of hundreds of objects."""
    key = Key(authority.keys / f"dry{next(authority.numbers)}")
    for number in itertools.count():
        if over():
            return
        sets = [obj(("as-set", f"AS-DRY{number}X{i}"), mnt="DRY-MNT") for i in range(300)]
        data = authority.signed([mntner("DRY-MNT", key), *sets], [key], headers=[("dry-run", "yes")])
        talk(authority, data, SOURCES[number % 4])


def paid(begun, cost):
    """How many of that cost a full budget of 600 a minute has paid since then."""
    return (600 + 10 * (time.monotonic() - begun)) / cost + 1


def dry_runs_below_a_quota(authority, over):
    """A member hands out his own block with a quota; another asks for 600 pieces of it at once, and takes none."""
    number = next(authority.numbers)
    owner, asker = Key(authority.keys / f"owner{number}"), Key(authority.keys / f"asker{number}")
    block = authority.member(owner, f"OWNER{number}").key("inet6num")
    pool = obj(("inet6num", block), ("netname", f"OWNER{number}-NET"), ("policy", "open"), ("assign-min", "49"), ("assign-max", "64"),
               ("assign-quota", "100000"), mnt=f"OWNER{number}-MNT")
    authority.accept([pool], [owner], prev=authority.prev("inet6num", block))
    authority.accept([mntner(f"ASKER{number}-MNT", asker)], [asker])
    first, asked, begun = block.split("::")[0], 0, time.monotonic()
    while not over():
        pieces = [obj(("inet6num", f"{first}:{piece:x}::/64"), ("netname", "PIECE"), mnt=f"ASKER{number}-MNT") for piece in range(400)]
        data = authority.signed(pieces, [asker], headers=[("dry-run", "yes")])
        answer = talk(authority, data, SOURCES[asked % 40])
        asked += "% dry run" in answer
    assert 0 < asked <= paid(begun, 40)    # requests' worth, and more


def large_objects(authority, over):
    """One member fills disk and memory, 45 kB at a time: what he may is a minute's budget by the byte, not by the request."""
    key, taken = Key(authority.keys / f"large{next(authority.numbers)}"), 0
    name = f"LARGE{next(authority.numbers)}"
    authority.accept([mntner(f"{name}-MNT", key)], [key])
    remarks, begun = [("remarks", "x" * 200)] * 200, time.monotonic()
    for number in itertools.count():
        if over():
            break
        data = authority.signed([obj(("role", "Large"), ("nic-hdl", f"{name}X{number}-ALAMO"), *remarks, mnt=f"{name}-MNT")], [key])
        taken += "% receipt" in talk(authority, data, "127.0.30.1")
    assert 0 < taken <= paid(begun, 13)    # by their bytes: a minute has 45


ASK = "fca1:7100::/24"


def queue_flood(authority, over):
    """One member with many addresses asks for consent without end, 40 kB at a time."""
    host, boss = "HOSTMASTER-MNT", authority.hostmaster
    block = obj(("inet6num", ASK), ("netname", "ASK-ME"), ("status", "ALLOCATED"), ("policy", "ask"), ("assign-len", "64"),
                ("assign-min", "48"), ("assign-max", "64"), mnt=host)
    authority.accept([block], [boss], prev=authority.prev("inet6num", ASK))
    name = f"QUEUE{next(authority.numbers)}"
    key, other = Key(authority.keys / name), Key(authority.keys / f"{name}B")
    authority.accept([mntner(f"{name}-MNT", key)], [key])
    authority.accept([mntner(f"{name}B-MNT", other)], [other])
    waiting = 0
    for number in itertools.count():
        if over():
            break
        text = [("descr", "x" * 200) for _ in range(150)]
        wanted = obj(("inet6num", f"fca1:71{number >> 8 & 255:02x}:{number & 255:x}::/48"), ("netname", "MUCH"), *text, mnt=f"{name}-MNT")
        waiting += "% queued" in talk(authority, authority.signed([wanted], [key]), SOURCES[number % len(SOURCES)])
    assert 0 < waiting <= 50
    # Others still find room.
    wanted = obj(("inet6num", "fca1:71ff:ffff::/48"), ("netname", "ONE"), mnt=f"{name}B-MNT")
    assert "% queued" in talk(authority, authority.signed([wanted], [other]), "127.0.0.1")


def crowd(endpoint, first=b"", trickle=b""):
    """Takes every connection that it can get, from many sources of several networks; says the first bytes and then one more
    now and then, which never become a request."""

    def abuse(authority, over):
        with contextlib.ExitStack() as stack:
            taken = []
            while not over():
                with contextlib.suppress(OSError):
                    source = SOURCES[len(taken) % len(SOURCES)]
                    sock = stack.enter_context(connect(authority, endpoint, source, timeout=1))
                    taken.append(sock)
                    sock.sendall(first)
                for sock in taken[-300::16] if trickle else ():
                    with contextlib.suppress(OSError):
                        sock.sendall(trickle)
                time.sleep(0.02 if len(taken) > 400 else 0)

    return abuse


def everything_over_and_over(authority, over):
    """The dearest questions that whois has, a hundred in a row on a connection, from eight addresses, read as they come."""
    questions = [b"!!\n"] + [b"-K -M fd00::/8\n", b"-r -M ::/0\n", b"-r -M 0.0.0.0/0\n", b"-T mntner -i mnt-by HOSTMASTER-MNT\n"] * 25

    def asker(source):
        while not over():
            with contextlib.suppress(OSError), connect(authority, "whois", source, timeout=5) as sock:
                sock.sendall(b"".join(questions))
                while not over() and sock.recv(1 << 20):
                    pass

    askers = [threading.Thread(target=asker, args=(source,)) for source in SOURCES[:8]]
    for thread in askers:
        thread.start()
    for thread in askers:
        thread.join()


ABUSES = {
    "dry runs of hundreds of objects": dry_runs,
    "dry runs of hundreds of blocks below a quota": dry_runs_below_a_quota,
    "large objects without end": large_objects,
    "a flood of requests for the hostmaster's queue": queue_flood,
    "unfinished requests on every connection": crowd("requests", b"request: x\n", b"r"),
    "silence on every whois connection": crowd("whois"),
    "everything, asked over and over": everything_over_and_over,
    "silence on every RTR connection": crowd("rtr"),
    "half a query on every DNS connection": crowd("dns", b"\0\x40half", b"."),
    "half a head on every HTTP connection": crowd("log-http", b"GET /metrics HTTP/1.1\r\nX: ", b"y"),
}


@pytest.mark.parametrize("abuse", ABUSES)
def test_a_bystander_is_served(authority, abuse):
    before = rss(authority)
    bystander = Bystander(authority)
    bystander.everything()
    bystander.took, ends = {}, time.monotonic() + ALONE
    while not bystander.took or time.monotonic() < ends:
        bystander.round()
    alone, bystander.took = bystander.figures(), {}
    waited = waited_for_a_core(authority)
    ends = time.monotonic() + SECONDS
    troubles = []

    def attack():
        try:
            ABUSES[abuse](authority, lambda: time.monotonic() > ends)
        except Exception as trouble:    # of the attacker: told by the test
            troubles.append(trouble)

    thread = threading.Thread(target=attack)
    thread.start()
    try:
        while time.monotonic() < ends:
            bystander.round()
    finally:
        thread.join()
    print(f"\n{abuse}: median/worst {bystander.figures()}; alone {alone}; "
          f"waited for a core {waited_for_a_core(authority) - waited:.1f} s of {SECONDS}")
    assert not troubles, troubles
    bystander.rtr.close()
    for name, size in rss(authority).items():
        assert size - before[name] < BOUND, f"{name} grew by {size - before[name]} bytes"
