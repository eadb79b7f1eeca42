# SPDX-License-Identifier: MIT
"""Hosted records: the registry, the zone, BIND's and Knot's checkers and three secondaries agree on every line."""

import re
import subprocess

import dns.rdataclass
import dns.rdata
import pytest
from conftest import running
from harness import Key, mntner, obj
from record_lines import BOTH, NEITHER, ROWS, SPELLING, STRICT
from secondaries import Bind, Knot, Nsd, present

GOOD = (BOTH, SPELLING)
SOA = "alamo. 300 IN SOA ns.alamo. dns.alamo. 1 300 60 604800 300\nalamo. 300 IN NS ns.alamo.\nns.alamo. 300 IN A 192.0.2.53\n"


def domain(number):
    return f"r{number}.alamo"


def lines(number):
    return [line.replace("{domain}", domain(number)) for line in ROWS[number][1:]]


def zone_line(number, line):
    """The same record as a line of a zone file: only its name is absolute."""
    owner, rest = line.split(" ", 1)
    if owner.endswith("."):
        return f"{owner} {rest}\n"
    return f"{'' if owner == '@' else owner + '.'}{domain(number)}. {rest}\n"


def objects(numbers, mnt):
    return [obj(("domain", domain(n)), *(("record", line) for line in lines(n)), mnt=mnt) for n in numbers]


def batches(numbers, size=30000):
    batch, length = [], 0
    for number in numbers:
        weight = sum(len(line) + 20 for line in lines(number)) + 200
        if batch and length + weight > size:
            yield batch
            batch, length = [], 0
        batch.append(number)
        length += weight
    if batch:
        yield batch


def numbers(*verdicts):
    return [n for n, row in enumerate(ROWS) if row[0] in verdicts]


def compiled(tool_input, path):
    """BIND's reading of a zone: {(owner, type): {data in wire form}}; None when it refuses."""
    path.write_text(SOA + tool_input)
    result = subprocess.run(["named-compilezone", "-q", "-i", "none", "-F", "text", "-s", "full", "-o", "-", "alamo", path],
                            capture_output=True, text=True, timeout=60)
    if result.returncode != 0:
        return None
    found = {}
    for line in result.stdout.splitlines():
        owner, _, _, kind, data = line.split(None, 4)
        wire = dns.rdata.from_text(dns.rdataclass.IN, kind, data).to_wire() if plain(kind) else data
        found.setdefault((owner.lower(), kind), set()).add(wire)
    return found


def plain(kind):
    """Types that dnspython reads as everybody does."""
    return kind in ("A", "AAAA", "CNAME", "PTR", "TXT", "SSHFP", "TLSA", "CAA", "URI")


def shown_records(authority, number):
    text = authority.ask(f"show domain {domain(number)}")
    return [line.split(None, 1)[1] for line in text.splitlines() if line.startswith("record:")]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """All good lines in one authority, which has three secondaries."""
    path = tmp_path_factory.mktemp("records")
    with running(path / "dir") as authority:
        key = Key(path / "member")
        authority.accept([mntner("REC-MNT", key)], [key])
        for batch in batches(numbers(*GOOD)):
            authority.accept(objects(batch, "REC-MNT"), [key])
        yield authority, key, path


def test_there_is_enough_of_it():
    assert len(ROWS) >= 150 and min(len(numbers(v)) for v in (BOTH, NEITHER)) >= 60


def test_bind_reads_the_text_as_the_table_says(tmp_path):
    """The table is no claim of ours: BIND's own checker has the same opinion of every row."""
    wrong = []
    for number, row in enumerate(ROWS):
        text = "".join(zone_line(number, line) for line in lines(number))
        takes = compiled(text, tmp_path / "zone") is not None
        if takes != (row[0] in (BOTH, STRICT)):
            wrong.append((row[0], lines(number)[0], takes))
    assert not wrong, "\n".join(map(str, wrong))


def test_bad_lines_are_refused_with_their_clause(world):
    authority, key, _ = world
    for batch in batches(numbers(NEITHER, STRICT)):
        answer = authority.send(objects(batch, "REC-MNT"), [key])
        assert not answer.accepted
        for number in batch:
            block = re.search(rf"Create (\w+): \[domain\] {re.escape(domain(number))}\n", answer.text)
            assert block and block.group(1) == "FAILED", lines(number)[0]
            body = answer.text.split(f"\ndomain:         {domain(number)}\n", 1)[1].split("\n\n", 1)[0]
            assert re.search(r"\*\*\*Error: .*\((SCHEMA-SYNTAX|POLICY-DOMAIN-DATA)\)", body), (lines(number)[0], body)


def test_what_is_shown_is_a_fixed_point(world):
    """Canonical text, sent again, is the same text: no operation."""
    authority, key, _ = world
    for batch in batches(numbers(*GOOD)):
        shown = [authority.ask(f"show domain {domain(n)}") for n in batch]
        prev = " ".join(authority.prev("domain", domain(n)) for n in batch)
        answer = authority.send(shown, [key], prev=prev)
        assert answer.text.count("No operation SUCCEEDED") == len(batch), answer.text


def test_checkers_read_the_canonical_text(world, tmp_path):
    """The text that whois shows is a zone file for BIND and for Knot, and BIND reads the same from it as from what was typed."""
    authority, _, _ = world
    typed = "".join(zone_line(n, line) for n in numbers(BOTH) for line in lines(n))
    canonical = "".join(zone_line(n, record) for n in numbers(BOTH) for record in shown_records(authority, n))
    one, other = compiled("$TTL 300\n" + typed, tmp_path / "typed"), compiled("$TTL 300\n" + canonical, tmp_path / "canonical")
    assert one is not None and other is not None
    assert set(one) == set(other)
    for key in one:
        assert {lower(key[1], data) for data in one[key]} == {lower(key[1], data) for data in other[key]}, key
    zone = tmp_path / "alamo.zone"
    zone.write_text(SOA + "$TTL 300\n" + "".join(
        zone_line(n, record) for n in numbers(*GOOD) for record in shown_records(authority, n)))
    result = subprocess.run(["kzonecheck", "-o", "alamo", zone], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr + result.stdout
    assert subprocess.run(["named-checkzone", "-q", "-i", "none", "alamo", zone], timeout=60).returncode == 0


def lower(kind, data):
    """Names and CAA tags are kept in lower case; their case means nothing."""
    return data.lower() if kind in ("CNAME", "DNAME", "PTR", "MX", "RP", "SRV", "NAPTR", "HTTPS", "SVCB", "CAA") else data


def served(authority):
    reader = Nsd.__new__(Nsd)
    reader.port = authority.endpoints["dns"][1]
    return reader.zone("alamo")


@pytest.mark.skipif(not present(Nsd, Knot, Bind), reason="needs nsd, knot, bind9")
def test_secondaries_have_every_record(world, tmp_path):
    authority, _, _ = world
    own = served(authority)
    for n in numbers(*GOOD):
        for record in shown_records(authority, n):
            owner = zone_line(n, record).split()[0].lower()
            assert any(line.startswith(owner + " ") for line in own), record
    others = [kind(tmp_path / kind.program, authority.endpoints["dns"], ["alamo"]) for kind in (Nsd, Knot, Bind)]
    try:
        for other in others:
            other.start()
        serial = authority.dns("alamo", "SOA").answer[0][0].serial
        for other in others:
            other.wait_serial("alamo", serial)
            assert other.zone("alamo") == own, type(other).__name__
    finally:
        for other in others:
            other.stop()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@ HTTPS 1 . alpn=h2", "@ HTTPS 1 . mandatory=alpn"),
        ("@ SSHFP 4 2 " + "00" * 32, "@ SSHFP 4 2 00"),
    ],
)
def test_no_record_of_one_member_stops_the_zone_of_all(world, old, new):
    authority, key, _ = world
    name = f"stop{len(old)}.alamo"
    authority.accept([obj(("domain", name), ("record", old), mnt="REC-MNT")], [key])
    answer = authority.send([obj(("domain", name), ("record", new), mnt="REC-MNT")], [key], prev=authority.prev("domain", name))
    assert not answer.accepted and "(SCHEMA-SYNTAX)" in answer.text


def test_a_name_that_another_domain_has(world):
    """A record whose name is a domain object of its own would lose to it: its sender is told."""
    authority, key, _ = world
    authority.accept([obj(("domain", "shop.alamo"), ("record", "@ A 192.0.2.1"), mnt="REC-MNT"),
                      obj(("domain", "login.shop.alamo"), ("record", "@ A 192.0.2.2"), mnt="REC-MNT")], [key])
    for owner in ("login", "a.login"):
        answer = authority.send([obj(("domain", "shop.alamo"), ("record", f"{owner} A 192.0.2.3"), mnt="REC-MNT")], [key],
                                prev=authority.prev("domain", "shop.alamo"))
        assert not answer.accepted and "(POLICY-DOMAIN-DATA)" in answer.text
