# SPDX-License-Identifier: MIT
"""Attacks on the name server, from many addresses and forged ones: who asks from elsewhere is answered, and memory is bounded."""

import contextlib
import itertools
import random
import resource
import socket
import struct
import tempfile
from pathlib import Path

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query
import pytest
from conftest import running
from harness import obj, room_for_descriptors

BOUND = 64 << 20      # of growth
QUESTIONS = 200       # of the honest ones, while an attack goes on
BURST = 150           # packets of the attack before each of them: fewer than wait at a socket
COOKIE = 10
IDLE, SLOW = 10000, 70     # more transfers than there are places
LONG = [obj(("domain", f"long{n}.alamo"), *(("record", f"@ TXT {n}-{row:03}-{'x' * 240}") for row in range(40)), mnt="HOSTMASTER-MNT")
        for n in range(60)]


@pytest.fixture(scope="module")
def server():
    """With a zone that no socket's buffer holds."""
    with room_for_descriptors():
        with tempfile.TemporaryDirectory() as directory, running(Path(directory) / "dir", listen="127.0.0.1") as authority:
            for first in range(0, len(LONG), 3):
                authority.accept(LONG[first : first + 3], [authority.hostmaster], prev="none none none")
            yield authority


@pytest.fixture(autouse=True)
def bounded(server):
    """The daemon lives, and has not grown."""
    def rss():
        return int(Path(f"/proc/{server.pid('alamo-rootd')}/statm").read_text().split()[1]) * resource.getpagesize()

    pid, before = server.pid("alamo-rootd"), rss()
    yield
    assert server.pid("alamo-rootd") == pid
    assert rss() - before < BOUND


def asked(server, number, tcp):
    """One question from one of many addresses, as a resolver asks: three times, and over TCP when told so."""
    host, port = server.endpoints["dns"]
    source = f"127.200.{number % 100}.{1 + number % 7}"
    query = dns.message.make_query(f"long{number % len(LONG)}.alamo" if number % 3 else "alamo", "SOA", want_dnssec=True)
    for _ in range(3):
        with contextlib.suppress(OSError, EOFError, dns.exception.DNSException):
            if not tcp:
                answer = dns.query.udp(query, host, port=port, source=source, timeout=2)
            if tcp or answer.flags & dns.flags.TC:
                answer = dns.query.tcp(query, host, port=port, source=source, timeout=10)
            return bool(answer.answer or answer.authority)
    return False


def most_are_answered(server, tcp=False, count=QUESTIONS, attack=lambda: None):
    answered = 0
    for number in range(count):
        attack()
        answered += asked(server, number, tcp)
    assert answered > 0.95 * count, f"{answered} of {count}"


@contextlib.contextmanager
def shooting(server, sources, packets):
    """A call that sends a burst of the packets, each from another source; nobody reads what comes back."""
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in sources]
        for sock, source in zip(socks, sources):
            sock.bind((source, 0))
            sock.connect(server.endpoints["dns"])
            sock.setblocking(False)
        shots = zip(itertools.cycle(socks), itertools.cycle(packets))

        def burst():
            for sock, packet in itertools.islice(shots, BURST):
                with contextlib.suppress(BlockingIOError):
                    sock.send(packet)

        yield burst


def questions(count, cookie=None):
    options = [] if cookie is None else [dns.edns.GenericOption(COOKIE, cookie(number)) for number in range(count)]
    out = []
    for number in range(count):
        query = dns.message.make_query(f"x{number}.alamo", "A", want_dnssec=True, options=options[number : number + 1])
        out.append(query.to_wire())
    return out


def sources_of(network, count=64):
    return [f"127.{network}.{1 + number // 8}.{1 + number % 8}" for number in range(count)]


def test_flood(server):
    with shooting(server, sources_of(1), questions(500)) as burst:
        most_are_answered(server, attack=burst)
        most_are_answered(server, tcp=True, attack=burst)


def cookie_made_up(number):
    """In the form of ours: version 1, a time, and a hash that is not."""
    return struct.pack("!QIII", number, 1 << 24, number, 7 * number) + random.Random(number).randbytes(4)


def received(sock):
    count = 0
    with contextlib.suppress(BlockingIOError):
        while sock.recv(4096):
            count += 1
    return count


def test_spoofed_cookies(server):
    """They are a pass for nobody: of many questions that bear the victim's address it gets few answers."""
    victim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    victim.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    victim.bind(("127.66.0.1", 0))
    victim.setblocking(False)
    sent = got = 0
    for packet in questions(200, cookie_made_up) * 30:
        victim.sendto(packet, server.endpoints["dns"])
        sent += 1
        if sent % 100 == 0:
            got += received(victim)
    assert asked(server, 1, tcp=True)
    got += received(victim)
    assert got < sent, (got, sent)
    with shooting(server, sources_of(67), questions(500, cookie_made_up)) as burst:
        most_are_answered(server, attack=burst)
    victim.close()


def connect(server, source, receive=None):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if receive is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    sock.bind((source, 0))
    sock.settimeout(30)
    sock.connect(server.endpoints["dns"])
    return sock


def test_ten_thousand_idle_connections(server):
    with contextlib.ExitStack() as stack:
        for number in range(IDLE):
            stack.enter_context(connect(server, f"127.3.{number // 100}.1"))
            if number % 1000 == 999:
                most_are_answered(server, tcp=True, count=20)
        most_are_answered(server, tcp=True)
        most_are_answered(server)


def test_slow_transfers(server):
    """One address begins more than its share, and reads none of them."""
    query = dns.message.make_query("alamo", "AXFR").to_wire()
    host, port = server.endpoints["dns"]
    with contextlib.ExitStack() as stack:
        for _ in range(SLOW):
            stack.enter_context(connect(server, "127.4.0.1", receive=2048)).sendall(struct.pack("!H", len(query)) + query)
        most_are_answered(server, tcp=True, count=50)
        for number in range(8):
            messages = dns.query.xfr(host, "alamo", port=port, source=f"127.5.{number}.1", relativize=False, timeout=30)
            assert sum(len(rrset) for message in messages for rrset in message.answer) > 40 * len(LONG)


def mutated(count):
    """Questions of all kinds with some bytes changed, cut or repeated."""
    chance = random.Random(20261130)
    whole = questions(40, cookie_made_up) + [
        dns.message.make_query(name, kind, want_dnssec=True).to_wire()
        for name in ("alamo", ".", "long1.alamo", "a.b.c.long2.alamo") for kind in ("SOA", "ANY", "IXFR", "DS", "TXT", "NSEC")]
    out = []
    for _ in range(count):
        packet = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(1, 5)):
            packet[chance.randrange(len(packet))] = chance.choice((0, 1, 0x3F, 0x40, 0xC0, 0xFF, chance.randrange(256)))
        if chance.random() < 0.2:
            packet = packet[: chance.randrange(1, len(packet))]
        if chance.random() < 0.1:
            packet = packet + packet
        out.append(bytes(packet))
    return out


def test_mutated_packets(server):
    """Whatever they say; sanitizers, where the daemon has them, see no fault (harness.stop)."""
    packets = mutated(5000)
    with shooting(server, sources_of(7), packets) as burst:
        most_are_answered(server, attack=burst)
        for number in range(0, len(packets), 50):
            data = b"".join(struct.pack("!H", len(packet)) + packet for packet in packets[number : number + 50])
            with connect(server, f"127.8.{number // 500}.1") as sock, contextlib.suppress(ConnectionError):
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
        most_are_answered(server, tcp=True, attack=burst)
