# SPDX-License-Identifier: MIT
"""A daemon says nothing before it has what the log had when it came: slow lines, stalls, stops, wrong clocks."""

import json
import os
import select
import signal
import socket
import struct
import urllib.error
import urllib.request

import dns.message
import dns.query
import dns.rcode
import pytest
from conftest import running
from harness import RTR_RESET_QUERY, UNPAID, Authority, Key, Rtr, obj, records, run, wait_for
from mitm import Daemon, Stream, wrong_clock

NAME = "fisher.alamo"
HEADS = 4             # that the log is long enough for: after a quarter of a MiB, and then each entry has one
TEXT_BYTES = 44000
TEXTS = 8
SLOW = {"rate": 60_000, "heads": 1}   # bytes a second behind the first head: 0.7 s from each to the next
PROGRAMS = ("alamo-whoisd", "alamo-rootd", "alamo-rpkid")


class Net:
    """An authority whose newest entries are what the tests ask for: all that is older does not have them."""

    def __init__(self, authority, key):
        self.authority = authority
        lines = [("remarks", "x" * 1000)] * (TEXT_BYTES // 1018)
        for number in range(TEXTS):
            authority.accept([obj(("mntner", f"FILL{number}-MNT"), ("auth", key.public), *lines, mnt=f"FILL{number}-MNT")],
                             [key])
        joined = authority.member(key, domain=NAME, records=("@ AAAA fca1:100::80",))
        self.asn = joined.key("aut-num")
        self.prefix = joined.key("route6").split("AS")[0]
        self.vrp = (self.prefix, 48, int(self.asn[2:]))
        self.socket = authority.dir / "run" / "log.sock"


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    base = tmp_path_factory.mktemp("caught-up")
    with running(base / "dir", conf={"registry": UNPAID}) as authority:
        yield Net(authority, Key(base / "member"))


# ---- what each daemon may say: nothing, or all of it ----


def ask_whois(daemon, net):
    """True: the present. False: that it is not ready."""
    host, port = daemon.endpoint("whois")
    text = Authority.whois(daemon, net.asn)
    filtered = run("bgpq4", "-h", f"{host}:{port}", "-S", "ALAMO", "-p", "-6", "-l", "F", net.asn, check=False)
    assert filtered.returncode != 0 or net.prefix in filtered.stdout, filtered.stdout
    if "%ERROR:100:" in text:
        return False
    assert "aut-num:" in text, text
    return True


def ask_dns(daemon, net):
    host, port = daemon.endpoint("dns")
    answer = dns.query.udp(dns.message.make_query(NAME, "AAAA"), host, port=port, timeout=5)
    if answer.rcode() == dns.rcode.SERVFAIL:
        return False
    assert answer.rcode() == dns.rcode.NOERROR, answer
    assert records(answer, NAME, "AAAA") == ["fca1:100::80"], answer
    return True


class Router:
    """Asks once, at the beginning, and takes what comes."""

    def __init__(self, daemon):
        self.session = Rtr(daemon.endpoint("rtr"))
        self.session.sock.sendall(struct.pack("!BBHI", 1, RTR_RESET_QUERY, 0, 8))

    def answered(self):
        return bool(select.select([self.session.sock], [], [], 0)[0])


def ask_roas(daemon, net):
    host, port = daemon.endpoint("roas")
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/roas.json", timeout=10) as answer:
            rows = json.load(answer)["roas"]
    except urllib.error.HTTPError as error:
        assert error.code == 503
        return False
    assert any(row["prefix"] == net.prefix for row in rows), rows
    return True


ASK = {"alamo-whoisd": ask_whois, "alamo-rootd": ask_dns, "alamo-rpkid": ask_roas}


def watch(daemon, net, relay, meanwhile=lambda: None):
    """Until it is ready: whatever it says is the present, and it is not ready before it says so."""
    ask = ASK[daemon.program]
    router = Router(daemon) if daemon.program == "alamo-rpkid" else None
    refused = 0

    def present():
        nonlocal refused
        ready = daemon.ready
        meanwhile()
        if ask(daemon, net):
            return True
        assert not ready, "ready, and nothing to say"
        refused += 1
        return False

    wait_for(present, 60, f"{daemon.program} through {relay.kinds} {relay.forwarded}")
    wait_for(lambda: daemon.ready, what="ready")
    if router is not None:
        vrps = router.session.read_response()
        assert net.vrp in vrps, vrps
        assert router.session.notified == 0
        router.session.close()
    return refused


@pytest.mark.parametrize("program", PROGRAMS)
def test_slow_line(net, tmp_path, program):
    with Stream(net.socket, **SLOW) as relay, Daemon(net.authority, tmp_path / "copy", relay, program) as daemon:
        assert watch(daemon, net, relay) > 0
        assert relay.kinds[0] == "T" and relay.kinds.count("H") >= HEADS


@pytest.mark.parametrize("program", PROGRAMS)
def test_stalls(net, tmp_path, program):
    with Stream(net.socket, stall=(50_000, 0.4), **SLOW) as relay, \
            Daemon(net.authority, tmp_path / "copy", relay, program) as daemon:
        assert watch(daemon, net, relay) > 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_registry_stops(net, tmp_path, program):
    """Behind an old head, on a slow line, for longer than anybody would wait for more."""
    registry = net.authority.pid("alamo-registryd")
    stopped = {}

    def meanwhile():
        if relay.kinds.count("H") >= relay.heads and "at" not in stopped:
            os.kill(registry, signal.SIGSTOP)
            stopped["at"] = 0
        elif "at" in stopped:
            stopped["at"] += 1
            if stopped["at"] == 20:
                os.kill(registry, signal.SIGCONT)

    with Stream(net.socket, **SLOW) as relay, Daemon(net.authority, tmp_path / "copy", relay, program) as daemon:
        try:
            assert watch(daemon, net, relay, meanwhile) > 0
        finally:
            os.kill(registry, signal.SIGCONT)
        assert stopped["at"] >= 20


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("clock", ["-30d", "+30d"])
def test_wrong_clock(net, tmp_path, program, clock):
    wrong = wrong_clock(clock)
    with Stream(net.socket, **SLOW) as relay, Daemon(net.authority, tmp_path / "copy", relay, program, wrong) as daemon:
        assert watch(daemon, net, relay) > 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_server_that_does_not_say(net, tmp_path, program):
    """One of before the T frame: asked until it has no more."""
    with Stream(net.socket, **SLOW, keep=lambda kind: kind != "T") as relay, \
            Daemon(net.authority, tmp_path / "copy", relay, program) as daemon:
        watch(daemon, net, relay)
        assert "T" not in relay.kinds


@pytest.mark.parametrize("program", PROGRAMS)
def test_line_breaks(net, tmp_path, program):
    """Before it has caught up: it goes on where it was. Afterwards: what it said stays said."""
    cut = []

    def meanwhile():
        if relay.kinds.count("H") > relay.heads and not cut:
            cut.append(True)
            relay.cut()

    with Stream(net.socket, **SLOW) as relay, Daemon(net.authority, tmp_path / "copy", relay, program) as daemon:
        assert watch(daemon, net, relay, meanwhile) > 0
        relay.close()
        for _ in range(10):
            assert ASK[program](daemon, net)


def test_remembers_how_far_it_was(net, tmp_path):
    """A source that is behind what the program has seen itself is the past, though it be all that the source has."""
    with Stream(net.socket) as relay, Daemon(net.authority, tmp_path / "copy", relay, "alamo-whoisd") as daemon:
        watch(daemon, net, relay)
    assert (tmp_path / "copy" / "run" / "seen.alamo-whoisd").exists()
    heads = []

    def keep(kind):
        heads.append(kind)
        return kind != "T" and heads.count("H") < 2

    with Stream(net.socket, keep=keep) as relay, Daemon(net.authority, tmp_path / "copy", relay, "alamo-whoisd") as daemon:
        daemon.endpoint("whois")
        wait_for(lambda: "H" in relay.kinds, what="a head of the past")
        for _ in range(10):
            assert not ask_whois(daemon, net)
        assert not daemon.ready
