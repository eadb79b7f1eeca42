# SPDX-License-Identifier: MIT
"""`alamo domain check`: name servers that serve a zone and such that do not, each with what is wrong and how to mend it."""

import json
import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from harness import obj
from test_cds import FIRST, ROLLER, SECOND, ZONE, set_ds, shown, world  # noqa: F401  (a fixture)

OK, WARNING, CRITICAL, UNKNOWN = range(4)


def check(authority, *words, zone=ZONE):
    said = authority.cli("domain", "check", zone, *words, check=False)
    return said.returncode, said.stdout if said.returncode != UNKNOWN else said.stderr


def plain(child):
    child.serve(child.signed([], []))


def bare(authority, key, servers=((1, FIRST), (2, SECOND)), zone=ZONE):
    set_ds(authority, key, [], zone=zone, servers=servers)


class Odd(threading.Thread):
    """A server of the zone at ROLLER that is wrong in one way."""

    def __init__(self, way, serial):
        super().__init__(daemon=True)
        self.way, self.serial = way, serial
        self.udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.udp.bind((ROLLER, 53))
        self.udp.settimeout(0.1)
        self.ended = threading.Event()
        self.tcp = socket.socket(socket.AF_INET6)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((ROLLER, 53))
        self.tcp.listen()  # whoever connects waits, and is told nothing
        self.start()

    def answer(self, query):
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        if self.way == "no EDNS" and query.edns >= 0:
            answer = dns.message.make_response(dns.message.make_query(query.question[0].name, query.question[0].rdtype))
            answer.id = query.id
            answer.set_rcode(dns.rcode.FORMERR)
            return answer
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        data = {"SOA": [f"ns1.{ZONE}. host.{ZONE}. {self.serial} 1800 900 604800 300"], "NS": [f"ns{n}.{ZONE}." for n in (1, 2, 3)]}
        if kind in data:
            answer.answer.append(dns.rrset.from_text(f"{ZONE}.", 300, "IN", kind, *data[kind]))
        return answer

    def run(self):
        while not self.ended.is_set():
            try:
                wire, client = self.udp.recvfrom(4096)
            except TimeoutError:
                continue
            answer = self.answer(dns.message.from_wire(wire))
            if self.way == "forger":
                answer.id ^= 1
            self.udp.sendto(answer.to_wire(), client)

    def close(self):
        self.ended.set()
        self.join()
        self.udp.close()
        self.tcp.close()


def test_all_is_well(world):
    authority, key, child, _ = world
    plain(child)
    bare(authority, key)
    code, said = check(authority)
    assert code == OK, said
    lines = said.splitlines()
    assert lines[0] == f"{ZONE} OK"
    assert lines[1:] == [f"OK       ns{n}.{ZONE} {address}  serial {child.serial}" for n, address in ((1, FIRST), (2, SECOND))]
    code, said = check(authority, "--json")
    assert code == OK and [point["address"] for point in json.loads(said)["points"]] == [FIRST, SECOND]


def test_keys_and_their_ds(world):
    authority, key, child, _ = world
    a, b, _ = child.keys
    child.serve(shown(child, "A", lambda *_: [], ()))
    set_ds(authority, key, [a.ds])
    code, said = check(authority)
    assert code == OK and said.count(", signed") == 2, said
    set_ds(authority, key, [b.ds])
    code, said = check(authority)
    assert code == CRITICAL and said.startswith(f"{ZONE} CRITICAL: ns1.{ZONE}: no ds-rdata: is of a DNSKEY"), said
    set_ds(authority, key, [a.ds])
    child.serve(shown(child, "A", lambda *_: [], (), ends="now-1d"))
    code, said = check(authority)
    assert code == CRITICAL and "no good signature" in said, said
    plain(child)
    code, said = check(authority)
    assert code == CRITICAL and said.count("has no DNSKEY") == 3, said
    bare(authority, key)


def test_servers_that_are_not_as_registered(world):
    authority, key, child, _ = world
    plain(child)
    bare(authority, key, ((1, FIRST), (2, SECOND), (3, ROLLER)))
    code, said = check(authority)
    assert code == CRITICAL and f"CRITICAL ns3.{ZONE} {ROLLER}  it does not answer\n" in said, said
    assert said.count(f"other servers: +ns3.{ZONE}.") == 2
    bare(authority, key, ((1, FIRST),))
    code, said = check(authority)
    assert code == WARNING and f"other servers: -ns2.{ZONE}." in said, said
    bare(authority, key)
    child.serve(child.signed([], []), FIRST)
    code, said = check(authority)
    assert code == WARNING and f"serials differ: {child.serial} at ns1.{ZONE}, {child.serial - 1} at ns2.{ZONE}" in said, said
    bare(authority, key, ((1, FIRST),), zone="other.alamo")
    code, said = check(authority, zone="other.alamo")
    assert code == CRITICAL and "does not serve the zone: REFUSED" in said, said


@pytest.mark.parametrize("way, code, wanted", [("no TCP", CRITICAL, "it does not answer over TCP"),
                                               ("no EDNS", CRITICAL, "it does not answer to EDNS"),
                                               ("forger", CRITICAL, "it does not answer\n")])
def test_odd_servers(world, way, code, wanted):
    authority, key, child, _ = world
    plain(child)
    bare(authority, key, ((1, FIRST), (2, SECOND), (3, ROLLER)))
    odd = Odd(way, child.serial)
    try:
        got, said = check(authority)
    finally:
        odd.close()
    assert got == code and wanted in said, said
    assert said.count(f"other servers: +ns3.{ZONE}.") == 2 and said.count(f" {ROLLER}  ") == (2 if way == "no EDNS" else 1), said


def test_what_is_not_known(world):
    authority, key, _, _ = world
    authority.accept([obj(("domain", "ours.alamo"), ("record", "@ TXT x"), mnt="FISHER-MNT")], [key])
    for zone, why in (("ours.alamo", "no name servers of its own"), ("nobody.alamo", "there is no domain")):
        code, said = check(authority, zone=zone)
        assert code == UNKNOWN and why in said, said
    assert authority.cli("domain", "check", "a b", check=False).returncode == 2


def test_who_registers_one_is_told(world, tmp_path):
    authority, key, _, _ = world
    file = tmp_path / "objects"

    def submit(text, *words):
        file.write_text(text)
        return authority.cli("submit", file, "--key", key.path, *words).stderr

    def shown_and(line):
        return authority.cli("show", "domain", "told.alamo").stdout + line

    both = "\n".join([obj(("domain", "told.alamo"), ("nserver", "ns.far.alamo"), mnt="FISHER-MNT"),
                      obj(("domain", "plain.alamo"), ("record", "@ TXT nserver"), mnt="FISHER-MNT")])
    authority.cli("head")  # whose first contact is said too
    told = "alamo: do its name servers serve it? `alamo domain check told.alamo`\n"
    assert submit(both, "--dry-run") == ""
    assert submit(both) == told
    assert submit(shown_and("remarks: more\n")) == told
    assert submit(shown_and("remarks: for a program\n"), "--json") == ""
    assert submit(shown_and("delete: gone\n")) == ""
