# SPDX-License-Identifier: MIT
"""The same questions to our server, and to NSD and Knot as its secondaries: every difference is one of dns_differences.py.

ALAMO_DNS_QUERIES is how many questions there are (4,000); ALAMO_DNS_SEED another set of them.
"""

import collections
import os
import random
import socket
import struct

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from conftest import running
from dns_differences import explain
from harness import Key, mntner, obj, wait_for
from secondaries import Knot, Nsd, present

QUERIES = int(os.environ.get("ALAMO_DNS_QUERIES", "4000"))
SEED = int(os.environ.get("ALAMO_DNS_SEED", "20261128"))
BATCH = 50
REVERSE = "1.a.c.f.ip6.arpa"
DIGEST = "00112233445566778899aabbccddeeff" * 2
OWNERS = ("@", "www", "*", "a", "a.b", "*.c", "x.c", "b.c.d", "*.e.f", "mail", "*.a.b")
TYPES = ("A", "AAAA", "TXT", "MX", "CNAME", "DNAME", "DS", "NS", "SOA", "DNSKEY", "NSEC", "RRSIG", "ANY", "SRV", "TYPE65280")
LABELS = ("a", "b", "c", "www", "zz", "*", "0", "_tcp", "x-1", "e")
HOST_LABELS = ("a", "b", "c", "www", "zz", "x-1", "e")
CHAIN = 30


class World:
    """Objects of every shape that a zone can have, and the names that they have something to do with."""

    def __init__(self, dice):
        self.dice = dice
        self.names = [".", "alamo", "arpa", "ip6.arpa", REVERSE, "example", "ns.example", "a.root-servers.net"]
        self.hosted = [f"h{i}.alamo" for i in range(24)]
        self.cuts = [f"d{i}.alamo" for i in range(12)]
        self.leads = [f"l{i}.alamo" for i in range(8)]
        self.targets = [*self.cuts, *self.leads, "www.example", "nothing.alamo", "alamo", REVERSE]
        self.objects = []

    def name_below(self, name, labels=LABELS):
        return ".".join([self.dice.choice(labels) for _ in range(self.dice.randint(1, 2))] + [name])

    def target(self, labels=LABELS):
        name = self.dice.choice(self.targets + self.hosted)
        return name if self.dice.random() < 0.4 else self.name_below(name, labels)

    def data(self, owner):
        kind = self.dice.choice(("AAAA", "AAAA", "TXT", "MX", "SRV"))
        value = {
            "AAAA": f"fca1:100::{self.dice.randint(1, 9)}",
            "TXT": '"' + "x" * self.dice.randint(1, 60) + '"',
            "MX": f"5 {self.target(HOST_LABELS)}",
            "SRV": f"1 2 3 {self.target(HOST_LABELS)}",
        }[kind]
        return f"{owner} {kind} {value}"

    def host(self, name):
        lines = set()
        for owner in self.dice.sample(OWNERS, self.dice.randint(2, 7)):
            if owner != "@" and self.dice.random() < 0.5:
                lines.add(f"{owner} CNAME {self.target()}")
            else:
                lines.update(self.data(owner) for _ in range(self.dice.randint(1, 3)))
            self.names.append(name if owner == "@" else f"{owner}.{name}")
        self.add(name, *(("record", line) for line in sorted(lines)))

    def lead(self, name):
        """A DNAME at the domain's own name or below it, beside other data."""
        owner = self.dice.choice(("@", "sub", "a.b"))
        lines = [f"{owner} DNAME {self.target()}", self.data(owner if owner == "a.b" else "@")]
        if owner != "@":
            lines += [self.data("*"), self.data("www"), f"to CNAME x.{owner}.{name}"]
        self.names += [name, f"to.{name}", name if owner == "@" else f"{owner}.{name}"]
        self.add(name, *(("record", line) for line in lines))

    def chain(self):
        """Aliases one behind the other, a ring, and a DNAME that leads too far."""
        lines = [f"c{i} CNAME c{i + 1}.chain.alamo" for i in range(CHAIN)] + [f"c{CHAIN} AAAA fca1:100::1"]
        lines += ["r1 CNAME r2.chain.alamo", "r2 CNAME r3.chain.alamo", "r3 CNAME r1.chain.alamo"]
        lines += ["*.self CNAME a.self.chain.alamo", "*.one CNAME x.two.chain.alamo", "*.two CNAME c25.chain.alamo"]
        lines += [f"far DNAME {'.'.join(['a' * 60] * 3)}.alamo"]
        self.names += [f"{line.split()[0]}.chain.alamo" for line in lines]
        self.names += [f"{'b' * 40}.far.chain.alamo", f"{'b' * 60}.{'c' * 60}.far.chain.alamo"]
        self.add("chain.alamo", *(("record", line) for line in lines))

    def delegate(self, name):
        pairs = [("nserver", f"ns.{name} fca1:100::{self.dice.randint(1, 99)}")]
        if self.dice.random() < 0.5:
            pairs.append(("nserver", f"ns.{self.dice.choice(self.cuts)} fca1:100::53"))
        if self.dice.random() < 0.5:
            pairs.append(("nserver", "ns.example"))
        if self.dice.random() < 0.5:
            pairs.append(("ds-rdata", f"{self.dice.randint(1, 65535)} 13 2 {DIGEST}"))
        self.names += [name, f"ns.{name}", f"www.{name}"]
        self.add(name, *pairs)

    def add(self, name, *pairs):
        self.objects.append(obj(("domain", name), *pairs, mnt="HOST-MNT"))

    def make(self):
        for name in self.hosted:
            self.host(name)
        for name in self.cuts + [f"sub.{name}" for name in self.hosted[:8]]:
            self.delegate(name)
        for name in self.leads:
            self.lead(name)
        self.chain()
        return self

    def question(self):
        dice = self.dice
        name = dice.choice(self.names + self.hosted)
        if dice.random() < 0.5:
            name = self.name_below(name).replace("..", ".").rstrip(".")
        if dice.random() < 0.2:
            name = "".join(dice.choice((ch.upper(), ch.lower())) for ch in name)
        return dns.message.make_query(
            name, dice.choice(TYPES), want_dnssec=dice.random() < 0.6, use_edns=dice.random() < 0.8, payload=1232
        )


class Line:
    """One TCP connection with many questions at a time."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.sock.makefile("rb")

    def ask(self, questions):
        wires = [question.to_wire() for question in questions]
        self.sock.sendall(b"".join(struct.pack("!H", len(wire)) + wire for wire in wires))
        return [dns.message.from_wire(self.file.read(struct.unpack("!H", self.file.read(2))[0])) for _ in wires]


def line(rrset, data):
    """Names in data are alike whatever their case is: some servers compress them into the question."""
    text = str(data) if rrset.rdtype in (dns.rdatatype.RRSIG, dns.rdatatype.DNSKEY) else str(data).lower()
    return f"{str(rrset.name).lower()} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {text}"


def lines(section):
    return {line(rrset, data) for rrset in section for data in rrset}


Seen = collections.namedtuple("Seen", "rcode aa answer authority additional")


def seen(message):
    return Seen(
        dns.rcode.to_text(message.rcode()), bool(message.flags & dns.flags.AA), lines(message.answer), lines(message.authority),
        lines(message.additional),
    )


def difference(our, their):
    out = [f"ours {our.rcode} aa={our.aa}, theirs {their.rcode} aa={their.aa}"]
    for name in ("answer", "authority", "additional"):
        a, b = getattr(our, name), getattr(their, name)
        out += [f"{name} only ours:   {text}" for text in sorted(a - b)] + [f"{name} only theirs: {text}" for text in sorted(b - a)]
    return "\n".join(out)


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    """Our port, and two secondaries that have all zones."""
    if not present(Nsd, Knot):
        pytest.skip("no NSD or no Knot here")
    directory = tmp_path_factory.mktemp("differential")
    world, key = World(random.Random(SEED)).make(), Key(directory / "member")
    with running(directory / "dir") as authority:
        authority.accept([mntner("HOST-MNT", key)], [key])
        for at in range(0, len(world.objects), 15):
            authority.accept(world.objects[at : at + 15], [key])
        wait_for(lambda: authority.dns("c0.chain.alamo", "CNAME").answer, what="the zones")
        zones = [".", "alamo", REVERSE]
        others = [kind(directory / kind.program, authority.endpoints["dns"], zones).start() for kind in (Nsd, Knot)]
        try:
            for other in others:
                for zone in zones:
                    other.wait_serial(zone, authority.dns(zone, "SOA").answer[0][0].serial)
            yield world, authority.endpoints["dns"][1], others
        finally:
            for other in others:
                other.stop()


def test_answers_are_those_of_others(peers):
    world, port, others = peers
    ours, theirs = Line(port), {type(other).__name__: Line(other.port) for other in others}
    explained, unexplained = collections.Counter(), []
    for _ in range(0, QUERIES, BATCH):
        questions = [world.question() for _ in range(BATCH)]
        answers = ours.ask(questions)
        for peer, connection in theirs.items():
            for question, answer, other in zip(questions, answers, connection.ask(questions)):
                if (our := seen(answer)) == (their := seen(other)):
                    continue
                why = explain(peer, question, our, their)
                explained[peer, why] += 1
                if why is None:
                    unexplained.append(f"{peer}: {question.question[0]} DO={bool(question.ednsflags)}\n" + difference(our, their))
    print(*(f"{count:6} {peer} {why}" for (peer, why), count in explained.most_common()), sep="\n")
    assert not unexplained, f"{len(unexplained)} of {QUERIES} questions:\n" + "\n\n".join(unexplained[:5])
