# SPDX-License-Identifier: MIT
"""Clients that mean harm, on every port: each gets a clear answer or its end, the others are served, memory stays bounded."""

import contextlib
import errno
import itertools
import os
import resource
import select
import socket
import struct
import tempfile
import urllib.request
from pathlib import Path

import pytest
from conftest import running
from harness import DAEMONS, obj, room_for_descriptors, wait_for

BOUND = 64 << 20      # of growth, a daemon
MNT = "HOSTMASTER-MNT"
SOURCES = [f"127.0.{network}.{number}" for number in range(1, 5) for network in range(1, 5)]
ROUNDS = 3            # times that a writer finds no room, with work for others between, before he is believed


@pytest.fixture(scope="module")
def authority():
    """With room for many descriptors; the soft limit is what the daemons start with."""
    with room_for_descriptors():
        with tempfile.TemporaryDirectory() as directory, running(Path(directory) / "dir", listen="127.0.0.1") as made:
            made.numbers = itertools.count(1)
            yield made


def rss(authority):
    page = resource.getpagesize()
    return {
        name: int(Path(f"/proc/{authority.pid(name)}/statm").read_text().split()[1]) * page for name in DAEMONS
    }


@pytest.fixture(autouse=True)
def bounded(authority):
    """No daemon dies of a test, or grows by more than the bound."""
    everybody_is_served(authority)
    pids, before = [authority.pid(name) for name in DAEMONS], rss(authority)
    yield
    everybody_is_served(authority)
    assert [authority.pid(name) for name in DAEMONS] == pids
    for name, size in rss(authority).items():
        assert size - before[name] < BOUND, f"{name} grew by {size - before[name]} bytes"


def is_served(authority):
    """An honest member changes something and sees it."""
    name = f"AS-HONEST{next(authority.numbers)}"
    authority.accept([obj(("as-set", name), mnt=MNT)], [authority.hostmaster])
    return name


def everybody_is_served(authority):
    name = is_served(authority)
    wait_for(lambda: f"as-set:         {name}" in authority.whois(name), what="whois to follow")
    assert authority.dns("alamo.", "SOA", tcp=True).answer
    assert authority.dns("alamo.", "SOA").answer
    assert authority.vrps()
    for endpoint in ("log-http", "rdap", "dns-http", "roas"):
        if endpoint in authority.endpoints:
            assert http(authority, endpoint, "/metrics") == 200


def http(authority, endpoint, path):
    host, port = authority.endpoints[endpoint]
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=30) as answer:
        return answer.status


def connect(authority, endpoint, source=SOURCES[0], timeout=30):
    return socket.create_connection(authority.endpoints[endpoint], timeout=timeout, source_address=(source, 0))


@contextlib.contextmanager
def crowd(authority, endpoint, count, sources=SOURCES):
    """So many connections, spread over the sources."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(contextlib.closing(connect(authority, endpoint, sources[number % len(sources)])))
            for number in range(count)
        ]


GONE = (errno.EPIPE, errno.ECONNRESET)


def flood(authority, endpoint, data, source=SOURCES[0], finish=True):
    """Writes and reads at the same time, as far as the other side takes it; everything that came back until its end."""
    answer, at = b"", 0
    with connect(authority, endpoint, source) as sock:
        sock.setblocking(False)
        while True:
            sending = [sock] if at < len(data) else []
            readable, writable, _ = select.select([sock], sending, [], 30)
            assert readable or writable, f"neither an answer nor an end; so far {answer[-300:]!r}"
            try:
                if writable:
                    at += sock.send(data[at : at + 65536])
                    if at == len(data) and finish:
                        sock.shutdown(socket.SHUT_WR)
                if readable:
                    got = sock.recv(65536)
                    if not got:
                        return answer
                    answer += got
            except BlockingIOError:
                pass
            except OSError as error:
                assert error.errno in GONE, error
                at = len(data)
                if readable and error.errno == errno.ECONNRESET:
                    return answer


def never_read(authority, endpoint, data, check, hello=b""):
    """Writes until there is no room, again and again while others are served, or until the connection is gone."""
    blocked = 0
    with connect(authority, endpoint) as sock:
        sock.sendall(hello)
        sock.setblocking(False)
        while blocked < ROUNDS:
            try:
                sock.send(data)
            except BlockingIOError:
                check()
                blocked += 1
            except OSError as error:
                assert error.errno in GONE, error
                return


# ---- the request port ----


def signed_size(authority, size):
    """A well-formed, signed request of about so many bytes."""
    head = obj(("as-set", "AS-LARGE"), mnt=MNT)
    remark = f"{'remarks:':<16}{'x' * 84}\n"
    return authority.signed([head + remark * ((size - len(head)) // len(remark))], [authority.hostmaster])


def test_request_over_the_limit(authority):
    answer = flood(authority, "requests", signed_size(authority, 50000)).decode()
    assert "larger than 49152 bytes (REQUEST-FORM)" in answer and answer.endswith("% end\n")


def test_request_of_a_megabyte(authority):
    answer = flood(authority, "requests", signed_size(authority, 1 << 20)).decode()
    assert answer == "%ERROR: the request is too large (REQUEST-FORM)\n% end\n"


def test_ten_thousand_objects(authority):
    many = b"".join(b"as-set: AS-%d\n\n" % number for number in range(10000))
    head = b"request: many\nprev: none\n\n"
    assert b"too large (REQUEST-FORM)" in flood(authority, "requests", head + many)
    answer = flood(authority, "requests", head + b"a: b\n\n" * 1025 + authority.hostmaster.sign("x"))
    assert b"more than 1024 objects (REQUEST-FORM)" in answer


@pytest.mark.parametrize("begin", [b"", b"request: ", b"request: x\nprev: none\n\nas-set: "])
def test_line_of_ten_megabytes(authority, begin):
    answer = flood(authority, "requests", begin + b"A" * (10 << 20))
    assert b"line is longer than 8192 bytes (REQUEST-FORM)" in answer and answer.endswith(b"% end\n")


def test_nul_bytes(authority):
    text = b"request: nul\nprev: none\n\nas-set: AS-\0X\nmnt-by: X-MNT\nsource: ALAMO\n"
    assert b"has a NUL byte in it (REQUEST-FORM)" in flood(authority, "requests", text + authority.hostmaster.sign(text))
    assert flood(authority, "requests", b"\0" * 100000).endswith(b"% end\n")


def test_noise(authority):
    for number in range(4):
        answer = flood(authority, "requests", os.urandom(1 << 20), SOURCES[number])
        assert answer.startswith(b"%ERROR: ") and answer.endswith(b"% end\n")


def test_pipelined_garbage(authority):
    answer = flood(authority, "requests", b"garbage\n" * 20000, SOURCES[5])
    assert answer.count(b"% end\n") == 20000 and b"unknown question" in answer
    unsigned = b"request: x\nprev: none\n\nas-set: AS-X\n-----END SSH SIGNATURE-----\n\n"
    answer = flood(authority, "requests", unsigned * 2000, SOURCES[6])
    assert answer.count(b"% end\n") == 2000 and b"AUTH-SIGNATURE" in answer


def test_half_a_request_is_waited_for(authority):
    name = f"AS-HONEST{next(authority.numbers)}"
    data = authority.signed([obj(("as-set", name), mnt=MNT)], [authority.hostmaster])
    with crowd(authority, "requests", 100) as held:
        for sock in held:
            sock.sendall(data[: len(data) // 2])
        is_served(authority)
        held[0].sendall(data[len(data) // 2 :])
        held[0].shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: held[0].recv(65536), b""))
        assert b"% receipt: index " in answer


def test_slow_writers(authority):
    data = b"request: slow\nprev: none\n\n"
    with crowd(authority, "requests", 200) as held:
        for byte in data[:8]:
            for sock in held:
                sock.sendall(bytes([byte]))
            is_served(authority)


def connections_open(authority, listener):
    host, port = authority.endpoints["log-http"]
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=30) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f'alamo_connections_open{{listener="{listener}"}} '):
                return int(line.split()[1])
    return 0


def test_two_thousand_idle_connections(authority):
    with crowd(authority, "requests", 2000):
        wait_for(lambda: connections_open(authority, "requests") >= 2000, what="2,000 connections to be open")
        is_served(authority)


def test_one_source_cannot_take_all(authority):
    with crowd(authority, "requests", 600, SOURCES[:1]) as held:
        is_served(authority)
        held[599].settimeout(30)
        assert held[599].recv(1) == b""      # closed at once: over what one source may have


def test_reader_that_never_reads(authority):
    never_read(authority, "requests", b"policy\n" * 1000, lambda: is_served(authority))


def test_waiting_has_an_end(tmp_path):
    with running(tmp_path / "dir", listen="127.0.0.1") as authority:
        authority.stop()
        for section in ("registry", "whois", "dns"):
            authority.configure(section, idle_seconds=1)
        authority.start()
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(connect(authority, name)) for name in ("requests", "whois", "dns")]
            for sock, data in zip(held, (b"request: half\n", b"AS4", b"\0")):
                sock.sendall(data)
            last_words = [b"".join(iter(lambda: sock.recv(65536), b"")) for sock in held]
        assert last_words[0] == b"%ERROR: the rest of the request did not come in time\n% end\n"
        assert last_words[2] == b""


# ---- whois ----


def test_whois_line_without_end(authority):
    answer = flood(authority, "whois", b"A" * (10 << 20), finish=False)
    assert answer.startswith(b"%") and len(answer) < 1000


def test_whois_noise(authority):
    for number in range(4):
        assert len(flood(authority, "whois", os.urandom(1 << 20), SOURCES[number])) < 8 << 20


def test_whois_idle_and_slow(authority):
    with crowd(authority, "whois", 1000) as held:
        for sock in held:
            sock.sendall(b"AS4252")
        assert "ALAMO" in authority.whois("ALAMO")
        held[0].sendall(b"660001\r\n")
        assert b"ALAMO-ROOT" in b"".join(iter(lambda: held[0].recv(65536), b""))


def test_whois_reader_that_never_reads(authority):
    never_read(authority, "whois", b"AS4252660001\n" * 1000, lambda: authority.whois("ALAMO"), hello=b"-k\n")


# ---- RTR ----


def test_rtr_garbage(authority):
    for data in (os.urandom(1 << 16), b"\0" * 65536, struct.pack("!BBHI", 1, 2, 0, 0xFFFFFFFF), b"GET / HTTP/1.1\r\n\r\n"):
        answer = flood(authority, "rtr", data)
        assert len(answer) < 1 << 17 and authority.vrps()


def test_rtr_half_a_pdu(authority):
    with crowd(authority, "rtr", 400) as held:
        for sock in held:
            sock.sendall(struct.pack("!BBH", 1, 2, 0))
        assert authority.vrps()
        held[0].sendall(struct.pack("!I", 8))
        assert held[0].recv(1) == b"\1"


def test_rtr_reader_that_never_reads(authority):
    never_read(authority, "rtr", struct.pack("!BBHI", 1, 2, 0, 8) * 1000, authority.vrps)


# ---- HTTP ----


@pytest.mark.parametrize("endpoint", ["log-http", "rdap", "dns-http", "roas"])
def test_http(authority, endpoint):
    if endpoint not in authority.endpoints:
        pytest.skip("not offered")
    assert flood(authority, endpoint, b"GET /" + b"a" * (1 << 20), finish=False).startswith(b"HTTP/1.1 431 ")
    assert flood(authority, endpoint, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100000, finish=False).startswith(b"HTTP/1.1 431 ")
    assert flood(authority, endpoint, b"\x16\x03\x01\0\0\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    flood(authority, endpoint, os.urandom(1 << 20))
    with crowd(authority, endpoint, 300) as held:
        for sock in held:
            sock.sendall(b"GET /metrics HTT")
        assert http(authority, endpoint, "/metrics") == 200
    get = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100
    never_read(authority, endpoint, get, lambda: http(authority, endpoint, "/metrics"))


# ---- the log stream ----


def test_stream(authority):
    for data in (os.urandom(1 << 20), b"\0" * 100000, b"\xff" * 100000, b"follow\n" * 100000):
        assert len(flood(authority, "stream", data)) < 16 << 20
        everybody_is_served(authority)
    with crowd(authority, "stream", 200) as held:
        for sock in held:
            sock.sendall(b"\0\0")
        everybody_is_served(authority)


# ---- DNS over TCP ----


def test_dns_tcp_garbage(authority):
    for data in (os.urandom(1 << 20), b"\0" * (1 << 20), b"\xff" * (1 << 20), b"\0\x0c" + b"\0" * 12):
        flood(authority, "dns", data)
        assert authority.dns("alamo.", "SOA", tcp=True).answer


def test_dns_tcp_held_open(authority):
    with crowd(authority, "dns", 800) as held:
        for sock in held:
            sock.sendall(b"\xff\xff\0")
        assert authority.dns("alamo.", "SOA", tcp=True).answer


def test_dns_tcp_reader_that_never_reads(authority):
    query = bytes.fromhex("0001 0000 0001 0000 0000 0000 05 616c616d6f 00 00ff 0001")
    never_read(authority, "dns", (struct.pack("!H", len(query)) + query) * 1000,
               lambda: authority.dns("alamo.", "SOA", tcp=True))
