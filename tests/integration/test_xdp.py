# SPDX-License-Identifier: MIT
"""Questions past the kernel's stack: the same answers as by sockets, and everything else goes the way it went."""

import concurrent.futures
import contextlib
import ctypes
import json
import os
import socket
import struct

import dns.flags
import dns.message
import dns.query
import pytest
from conftest import CLONE_NEWNET, running
from harness import Key, run, wait_for

ADDRESSES = {"10.9.0.1": "10.9.0.2", "fd09::1": "fd09::2"}
OTHER_PORT = 5999
RIGHTS = (12, 13, 14, 21, 38, 39)    # CAP_NET_ADMIN, _NET_RAW, _IPC_LOCK, _SYS_ADMIN, _PERFMON, _BPF
PR_CAPBSET_DROP = 24
LIBC = ctypes.CDLL(None, use_errno=True)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has AF_XDP")


@contextlib.contextmanager
def inside(process):
    """What is opened meanwhile belongs to that process's network."""
    ours, theirs = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/proc/{process.pid}/ns/net", os.O_RDONLY)
    try:
        assert LIBC.setns(theirs, CLONE_NEWNET) == 0
        yield
    finally:
        assert LIBC.setns(ours, CLONE_NEWNET) == 0
        os.close(ours)
        os.close(theirs)


@pytest.fixture
def client(netns, children):
    """A machine at the other end of veth0."""
    holder = children(["unshare", "-n", "sleep", "infinity"])
    wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"), what="the other network")
    run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", holder.pid)
    for ours, theirs in ADDRESSES.items():
        words = (64, "nodad") if ":" in ours else (24,)
        run("ip", "addr", "add", f"{ours}/{words[0]}", "dev", "veth0", *words[1:])
        with inside(holder):
            run("ip", "addr", "add", f"{theirs}/{words[0]}", "dev", "veth1", *words[1:])
    run("ip", "link", "set", "veth0", "up")
    with inside(holder):
        run("ip", "link", "set", "veth1", "up")
    wait_for(lambda: "NO-CARRIER" not in run("ip", "link", "show", "veth0").stdout, what="the wire")
    return holder


def program():
    """What is at the device, or None."""
    return json.loads(run("ip", "-j", "link", "show", "veth0").stdout)[0].get("xdp")


@contextlib.contextmanager
def serving(path, listen=", ".join(["127.0.0.1", "::1", *ADDRESSES]), device="veth0"):
    conf = {"dns": {"xdp": device, "responses-per-second": 0, "nsid": "here"}}
    with running(path, ports="standard", listen=listen, conf=conf) as authority:
        if "built without libxdp" in (authority.dir / "up.log").read_text():
            pytest.skip("built without libxdp")
        with contextlib.closing(dial("127.0.0.1")) as beside:
            wait_for(lambda: answered(beside), what="the zones")
        yield authority


def count(transport):
    """Questions so far."""
    host, port = "127.0.0.1", 4054
    with socket.create_connection((host, port), timeout=10) as http:
        http.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = b"".join(iter(lambda: http.recv(65536), b"")).decode()
    line = next(line for line in text.splitlines() if line.startswith(f'alamo_dns_queries_total{{transport="{transport}"}}'))
    return int(line.split()[1])


def dial(address, port=53):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.settimeout(5)
    made.connect((address, port))
    return made


def exchange(channel, wire):
    channel.send(wire)
    return channel.recv(65536)


def answered(channel):
    with contextlib.suppress(OSError):
        return dns.message.from_wire(exchange(channel, dns.message.make_query("alamo", "SOA").to_wire())).answer
    return False


def questions():
    """Wire form; what is cut off for its size is among them, and what is no question."""
    asked = [("alamo", "SOA"), (".", "NS"), (".", "DNSKEY"), ("nothing.alamo", "A"), ("some.fisher.alamo", "TXT"), ("many.fisher.alamo", "TXT"),
             ("alamo", "ANY"), ("example.net", "A"), ("alamo", "AXFR"), ("alamo", "IXFR")]
    for number, (name, kind) in enumerate(asked):
        for edns in ({"use_edns": -1}, {"use_edns": 0, "payload": 512}, {"use_edns": 0, "payload": 4096, "ednsflags": dns.flags.DO},
                     {"use_edns": 0, "options": [dns.edns.GenericOption(3, b"")]}, {"use_edns": 0, "pad": 468}):
            query = dns.message.make_query(name, kind, **edns)
            query.id = 1000 + number
            yield query.to_wire()
    chaos = dns.message.make_query("version.bind", "TXT", "CH")
    yield chaos.to_wire()
    yield struct.pack("!6H", 7, 0, 0, 0, 0, 0)                  # no question
    yield struct.pack("!6H", 7, 0, 1, 0, 0, 0) + b"\x40"        # a name that ends before its end
    yield struct.pack("!6H", 7, 0x2000, 1, 0, 0, 0) + b"\0\0\6\0\1"    # NOTIFY


def test_answers_are_those_of_the_sockets(client, tmp_path):
    with serving(tmp_path / "dir") as authority:
        texts = [f"{name} TXT {name}{number:0200}" for name, count in (("some", 3), ("many", 8)) for number in range(count)]
        authority.member(Key(tmp_path / "member"), name="FISHER", domain="fisher.alamo", records=texts)
        wait_for(lambda: authority.dns("some.fisher.alamo", "TXT").answer, what="the member's names")
        assert program()
        wires = list(questions())
        for address in ADDRESSES:
            with inside(client):
                past = dial(address)
            beside = dial(address)    # the same address from here goes over lo
            before = count("xdp"), count("udp")
            answers = [(exchange(past, wire), exchange(beside, wire)) for wire in wires]
            assert all(one == other for one, other in answers), next(pair for pair in answers if pair[0] != pair[1])
            assert {len(one) > 512 for one, _ in answers} == {True, False}
            assert any(one[2] & 2 for one, _ in answers)    # TC
            wait_for(lambda: (count("xdp"), count("udp")) == (before[0] + len(wires), before[1] + len(wires)), what="the counters")
            past.close()
            beside.close()


def test_everything_else_reaches_the_kernel(client, tmp_path):
    with serving(tmp_path / "dir"):
        before = count("xdp"), count("udp")
        for address, theirs in ADDRESSES.items():
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            echo = socket.socket(family, socket.SOCK_DGRAM)
            echo.bind((address, OTHER_PORT))
            echo.settimeout(5)
            with inside(client):
                other = dial(address, OTHER_PORT)
                run("ping", "-c", 1, "-W", 5, address)
                answer = dns.query.tcp(dns.message.make_query("alamo", "SOA"), address, timeout=5)
                large = dial(address)
            assert answer.answer
            other.send(b"to another port")
            assert echo.recvfrom(100)[0] == b"to another port"
            # In pieces: a question that is longer than what the wire takes at once.
            query = dns.message.make_query("alamo", "SOA", use_edns=0, pad=2500).to_wire(max_size=4096)
            assert len(query) > 2000 and dns.message.from_wire(exchange(large, query)).answer
            for made in (echo, other, large):
                made.close()
        assert (count("xdp"), count("udp")) == (before[0], before[1] + 2)


def test_without_a_checksum_and_with_a_wrong_one(client, tmp_path):
    """Frames by hand, as a broken or hostile neighbour sends them: only the good ones are answered."""
    with serving(tmp_path / "dir"):
        mac = {name: bytes.fromhex(json.loads(text)[0]["address"].replace(":", "")) for name, text in
               (("veth0", run("ip", "-j", "link", "show", "veth0").stdout),
                ("veth1", run("nsenter", "-n", "-t", client.pid, "ip", "-j", "link", "show", "veth1").stdout))}
        with inside(client):
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            wire.bind(("veth1", 0))
            catcher = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            catcher.bind(("10.9.0.2", 4000))
            catcher.settimeout(5)
        before = count("xdp")
        bad = [{"checksum": 1}, {"source": "127.0.0.1"}, {"source": "10.9.0.1"}, {"length": 100}, {"source_port": 0}]
        for number, change in enumerate([*bad, {}]):
            wire.send(mac["veth0"] + mac["veth1"] + b"\x08\0" + datagram(dns.message.make_query("alamo", "SOA", id=number).to_wire(), **change))
        assert dns.message.from_wire(catcher.recv(4096)).id == len(bad)
        assert count("xdp") == before + 1
        # To another station, and with a tag: nobody's of ours.
        for head in (b"\x02\0\0\0\0\x77" + mac["veth1"] + b"\x08\0", mac["veth0"] + mac["veth1"] + b"\x81\0\0\x05\x08\0"):
            wire.send(head + datagram(dns.message.make_query("alamo", "SOA", id=77).to_wire()))
        wire.send(mac["veth0"] + mac["veth1"] + b"\x08\0" + datagram(dns.message.make_query("alamo", "SOA", id=78).to_wire()))
        assert dns.message.from_wire(catcher.recv(4096)).id == 78
        assert count("xdp") == before + 2
        wire.close()
        catcher.close()


def datagram(payload, source="10.9.0.2", checksum=0, length=0, source_port=4000):
    udp = struct.pack("!4H", source_port, 53, length or 8 + len(payload), checksum) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton("10.9.0.1"))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack("!H", ~((total & 0xffff) + (total >> 16)) & 0xffff) + head[12:] + udp


def test_all_addresses_and_rights_that_are_gone(client, tmp_path):
    """0.0.0.0 is every address that the host has; who could load programs into the kernel cannot any more."""
    with serving(tmp_path / "dir", listen="0.0.0.0, ::") as authority:
        before = count("xdp")
        for address in ADDRESSES:
            with inside(client):
                past = dial(address)
            assert dns.message.from_wire(exchange(past, dns.message.make_query("alamo", "SOA").to_wire())).answer
            past.close()
        assert count("xdp") == before + len(ADDRESSES)
        rights_are_gone(authority)


def rights_are_gone(authority):
    with open(f"/proc/{authority.pid('alamo-rootd')}/status", encoding="ascii") as file:
        sets = {line.split(":")[0]: int(line.split()[1], 16) for line in file if line.startswith(("CapEff", "CapPrm"))}
    for number in RIGHTS:
        assert not sets["CapEff"] >> number & 1 and not sets["CapPrm"] >> number & 1, number


def test_rights_are_gone_without_a_device_too(client, tmp_path):
    """A name that is mistyped, a driver that has no queue: what was given for it is not kept."""
    with serving(tmp_path / "dir", device="nothere") as authority:
        assert program() is None and "event=xdp-off device=nothere" in (authority.dir / "up.log").read_text()
        rights_are_gone(authority)


@pytest.mark.parametrize("killed", (False, True))
def test_the_link_works_afterwards(client, tmp_path, killed):
    def socket_gets(address):
        mine = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        with contextlib.closing(mine):
            mine.bind((address, 53))
            mine.settimeout(5)
            with inside(client):
                other = dial(address)
            other.send(b"anybody")
            assert mine.recv(100) == b"anybody"
            other.close()

    with serving(tmp_path / "dir") as authority:
        assert program()
        if killed:
            before = authority.pid("alamo-rootd")
            assert authority.kill9("alamo-rootd")
            # Its successor has the device again.
            wait_for(lambda: authority.pid("alamo-rootd") not in (None, before) and program(), what="the next one")
            with inside(client):
                past = dial("10.9.0.1")
            wait_for(lambda: answered(past), what="an answer")
            assert count("xdp") > 0
            past.close()
    wait_for(lambda: program() is None, what="the device without a program")
    for address in ADDRESSES:
        socket_gets(address)


def test_a_device_without_xdp_of_its_own(client, tmp_path):
    """The program is in front of the kernel's stack then."""
    run("ip", "link", "add", "br0", "type", "bridge")
    run("ip", "link", "set", "br0", "up")
    for address in ADDRESSES:
        words = (64, "nodad") if ":" in address else (24,)
        run("ip", "addr", "del", f"{address}/{words[0]}", "dev", "veth0")
        run("ip", "addr", "add", f"{address}/{words[0]}", "dev", "br0", *words[1:])
    run("ip", "link", "set", "veth0", "master", "br0")
    with serving(tmp_path / "dir", device="br0") as authority:
        assert "event=xdp device=br0 queues=1 mode=generic" in (authority.dir / "up.log").read_text()
        before = count("xdp")
        for address in ADDRESSES:
            with inside(client):
                past = dial(address)
            wait_for(lambda: answered(past), what="an answer")
            past.close()
        assert count("xdp") >= before + len(ADDRESSES)


def test_without_rights_the_log_says_which(client, tmp_path):
    """Rights are a thread's own, and those of the programs that it starts."""

    def trial():
        for number in RIGHTS:
            assert LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0
        with serving(tmp_path / "dir") as authority:
            return (authority.dir / "up.log").read_text()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        log = pool.submit(trial).result()
    assert 'event=xdp-off device=veth0 what=program errno=1 why="not permitted: it takes CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF' in log


def test_a_device_that_cannot_be_had(client, tmp_path):
    """Sockets answer, and the log says why."""
    with serving(tmp_path / "dir", device="lo, nothing0") as authority:
        with inside(client):
            beside = dial("10.9.0.1")
        assert answered(beside)
        beside.close()
        assert count("xdp") == 0
        log = (authority.dir / "up.log").read_text()
        assert 'event=xdp-off device=lo why="not Ethernet"' in log
        assert 'event=xdp-off device=nothing0 what=device errno=19 why="No such device"' in log
