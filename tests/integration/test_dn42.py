# SPDX-License-Identifier: MIT
"""A real registry's objects, dirty as they are: taken in, and everything comes out again at every service."""

import collections
import ipaddress
import lzma
import re
import socket

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import pytest
from conftest import running
from harness import ROOT, wait_for

DATA = ROOT / "tests" / "data" / "dn42-2023-facts.rpsl.xz"
PLAN = ROOT / "deploy" / "plan" / "dn42.plan"
REFUSED_MOST = 0.03


def parse(text):
    """[(class, key value, {attribute: [values]})]"""
    objects = []
    for block in re.split(r"\n\s*\n", text):
        lines = [line.split(":", 1) for line in block.strip().splitlines()]
        if not lines or len(lines[0]) < 2:
            continue
        attributes = collections.defaultdict(list)
        for name, value in lines:
            attributes[name].append(value.strip())
        objects.append((lines[0][0], lines[0][1].strip(), attributes))
    return objects


def read_report(text):
    """The table of counts, and the keys refused."""
    rows = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 6 and words[1].isdigit():
            rows[words[0]] = dict(zip(("objects", "taken", "changed", "present", "refused"), map(int, words[1:])))
    refused = set()
    if "\nrefused:\n" in text:
        for line in text.split("\nrefused:\n")[1].split("\n\n")[0].splitlines():
            found = re.match(r"  \[(\S+)\] (\S+): ", line)
            refused.add((found[1], found[2]))
    return rows, refused


class Imported:
    def __init__(self, authority, objects, report):
        self.authority, self.objects = authority, objects
        self.rows, self.refused = read_report(report)

    def accepted(self, *classes):
        return [(cls, key, attributes) for cls, key, attributes in self.objects
                if cls in classes and (cls, key.lower() if cls == "domain" else key) not in self.refused]

    def routes(self):
        """(class, prefix, origin, attributes) of every accepted route."""
        return [(cls, key, origin, attributes) for cls, key, attributes in self.accepted("route", "route6")
                for origin in attributes["origin"] if (cls, f"{key}{origin}") not in self.refused]


@pytest.fixture(scope="module")
def dn42(tmp_path_factory):
    directory = tmp_path_factory.mktemp("dn42")
    text = lzma.open(DATA, "rt").read()
    (directory / "data.rpsl").write_text(text)
    with running(directory / "dir", plan=PLAN, network="dn42") as authority:
        authority.cli("import", directory / "data.rpsl", "--key", authority.hostmaster.path,
                      "--report", directory / "report", timeout=300)
        yield Imported(authority, parse(text), (directory / "report").read_text())


def test_counts(dn42):
    counted = collections.Counter(cls for cls, _, _ in dn42.objects)
    for _, _, attributes in dn42.objects:
        if "origin" in attributes:
            counted["route" if "route" in attributes else "route6"] += len(attributes["origin"]) - 1
    for cls, count in counted.items():
        row = dn42.rows[cls]
        assert row["objects"] == count, cls
        assert row["taken"] + row["changed"] + row["present"] + row["refused"] == count, cls
    total = dn42.rows["total"]
    assert total["objects"] == counted.total()
    assert total["refused"] < REFUSED_MOST * total["objects"]
    assert total["refused"] == len(dn42.refused)


def whois_many(authority, queries):
    """One connection kept open: the answer of each query."""
    with socket.create_connection(authority.endpoints["whois"], timeout=60) as sock:
        stream = sock.makefile("rwb")
        sock.sendall(b"-k\r\n")
        for query in queries:
            sock.sendall(query.encode() + b"\r\n")
            lines, empty = [], 0
            while empty < 2:
                line = stream.readline()
                assert line, f"closed at {query}"
                lines.append(line.decode())
                empty = empty + 1 if line in (b"\n", b"\r\n") else 0
            yield query, "".join(lines)


def canonical(cls, key):
    """The key as this registry spells it."""
    if cls in ("inetnum", "inet6num", "route", "route6"):
        return str(ipaddress.ip_network(key))
    return key.lower() if cls == "domain" else key


def test_everything_is_in_whois(dn42):
    classes = ("mntner", "as-block", "aut-num", "as-set", "inetnum", "inet6num", "domain")
    wanted = [(cls, canonical(cls, key), None) for cls, key, _ in dn42.accepted(*classes)]
    wanted += [(cls, canonical(cls, key), origin) for cls, key, origin, _ in dn42.routes()]
    size = dn42.authority.ask("head").splitlines()[1]
    wait_for(lambda: f"% log {size} " in dn42.authority.whois("DN42-MNT"), timeout=60, what="whois to have the whole log")
    exact = {cls: "-x " for cls in ("inetnum", "inet6num", "route", "route6")}
    queries = [f"{exact.get(cls, '')}-r -T {cls} {key}" for cls, key, _ in wanted]
    missing = []
    for (cls, key, origin), (_, answer) in zip(wanted, whois_many(dn42.authority, queries)):
        found = f"{cls + ':':<16}{key}\n" in answer.replace("\r", "")
        if not found or (origin and f"{'origin:':<16}{origin}\n" not in answer.replace("\r", "")):
            missing.append((cls, key, origin))
    assert not missing, f"{len(missing)} of {len(wanted)} missing, such as {missing[:5]}"


def test_all_routes_are_vrps(dn42):
    expected = set()
    for _, key, origin, attributes in dn42.routes():
        prefix = ipaddress.ip_network(key)
        most = int(attributes["max-length"][0]) if attributes["max-length"] else prefix.prefixlen
        expected.add((str(prefix), most, int(origin[2:])))
    wait_for(lambda: len(dn42.authority.vrps()) > 1000, timeout=60, what="rpkid to have read the log")
    holds = {vrp for vrp in expected if vrp[2] == 0}
    for version in (0, 1):
        served = dn42.authority.vrps(version)
        assert served - expected == set()
        # An AS0 hold replaces what lies below it; apart from that all are there.
        lost = {vrp for vrp in expected - served if not any(covers(hold, vrp) for hold in holds)}
        assert not lost, f"{len(lost)} lost, such as {sorted(lost)[:5]}"


def covers(hold, vrp):
    outer, inner = ipaddress.ip_network(hold[0]), ipaddress.ip_network(vrp[0])
    return outer.version == inner.version and inner.subnet_of(outer)


def delegation(authority, name):
    """Server names of the referral for `name`, and the DS data beside it."""
    answer = authority.dns(name, "NS", dnssec=True, tcp=True)
    servers, digests = set(), set()
    for rrset in answer.authority + answer.answer:
        if rrset.name == dns.name.from_text(name):
            if rrset.rdtype == dns.rdatatype.NS:
                servers |= {str(data.target).rstrip(".").lower() for data in rrset}
            elif rrset.rdtype == dns.rdatatype.DS:
                digests |= {str(data).lower().replace(" ", "") for data in rrset}
    return servers, digests


def test_all_domains_are_delegated(dn42):
    authority = dn42.authority
    domains = dn42.accepted("domain")
    # A name below another registered name is its parent's business.
    names = {key.lower() for _, key, _ in domains}
    tops = [(key.lower(), attributes) for _, key, attributes in domains
            if not any(key.lower().endswith("." + other) for other in names)]
    # rootd publishes a large change in turns, in no order that is promised.
    waiting = [name for name, attributes in tops if attributes["nserver"]]

    def delegated():
        while waiting and delegation(authority, waiting[-1])[0]:
            waiting.pop()
        return not waiting

    wait_for(delegated, timeout=120, what="rootd to have published all of the log")
    wrong = []
    for name, attributes in tops:
        expected = {value.split()[0].rstrip(".").lower() for value in attributes["nserver"]}
        digests = {"".join(value.split()).lower() for value in attributes["ds-rdata"]}
        servers, served = delegation(authority, name)
        if servers != expected or (digests and served != digests):
            wrong.append((name, servers ^ expected, digests ^ served))
    assert not wrong, f"{len(wrong)} of {len(tops)} differ, such as {wrong[:3]}"


def reverse_names(network):
    """Where a block is delegated: at the next octet or nibble boundary, or as RFC 2317 has it."""
    step, size = (8, 4) if network.version == 4 else (4, 32)
    if network.version == 4 and network.prefixlen > 24:
        last = network.network_address.packed[3]
        parent = network.network_address.reverse_pointer.split(".", 1)[1]
        return [f"{last}/{network.prefixlen}.{parent}"]
    length = -(-network.prefixlen // step) * step
    return [".".join(part.network_address.reverse_pointer.split(".")[size - length // step :])
            for part in network.subnets(new_prefix=length)]


def test_reverse_delegations(dn42):
    """Every block with servers of its own, unless a covering block's servers answer for it already."""
    authority = dn42.authority
    supers = [ipaddress.ip_network(line.split()[1]) for line in authority.ask("network").splitlines()
              if line.startswith("super-prefix:")]
    apexes = {name for block in supers for name in reverse_names(block)}
    blocks = {}
    for _, key, attributes in dn42.accepted("inetnum", "inet6num"):
        network = ipaddress.ip_network(key)
        inside = any(network.version == block.version and network.subnet_of(block) for block in supers)
        if attributes["nserver"] and inside and not apexes.intersection(reverse_names(network)):
            blocks[network] = {value.split()[0].rstrip(".").lower() for value in attributes["nserver"]}
    checked, wrong = 0, []
    for network, expected in blocks.items():
        if any(network.supernet(new_prefix=length) in blocks for length in range(network.prefixlen)):
            continue
        for name in reverse_names(network):
            checked += 1
            found = delegation(authority, name)[0]
            if found != expected:
                wrong.append((name, found, expected))
    assert checked > 1000
    assert not wrong, f"{len(wrong)} of {checked} differ, such as {wrong[:3]}"


def test_import_again_changes_nothing(dn42, tmp_path):
    size = dn42.authority.ask("head").splitlines()[1]
    (tmp_path / "data.rpsl").write_text(lzma.open(DATA, "rt").read())
    dn42.authority.cli("import", tmp_path / "data.rpsl", "--key", dn42.authority.hostmaster.path,
                       "--report", tmp_path / "report", timeout=300)
    rows, _ = read_report((tmp_path / "report").read_text())
    assert rows["total"]["taken"] + rows["total"]["changed"] == 0
    assert rows["total"]["present"] == dn42.rows["total"]["objects"] - dn42.rows["total"]["refused"]
    assert dn42.authority.ask("head").splitlines()[1] == size


def test_whole_log_verifies(dn42):
    assert "verified" in dn42.authority.verify().stdout
