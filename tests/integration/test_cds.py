# SPDX-License-Identifier: MIT
"""`alamo domain cds`: a delegated zone's CDS and CDNSKEY become the DS set of its domain object, when the servers agree and a key vouches.

The zone stands at Knot and at NSD, each with a file of its own; BIND's tools make keys and signatures, and Knot rolls a key by itself.
"""

import re
import signal
import subprocess

import dns.message
import dns.query
import dns.rdatatype
import pytest
from conftest import own_children, own_netns, running
from harness import Key, alamo, mntner, obj, records, run, wait_for

ZONE = "fisher.alamo"
FIRST, SECOND, ROLLER = "fca1:100::53", "fca1:100::54", "fca1:100::55"
DONE, REFUSED, OFFLINE, UNVERIFIED = 0, 1, 3, 4
DELETE = ("CDS 0 0 0 00", "CDNSKEY 0 3 0 AA==")
STRANGE = "CDS 4711 13 2 " + "ab" * 32


class Signer:
    """A key that signs the zone, by BIND's tools."""

    def __init__(self, directory, name=ZONE):
        self.dir, self.zone = directory, name
        self.file = run("dnssec-keygen", "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "-K", directory, name).stdout.strip()
        self.tag = str(int(self.file.rsplit("+", 1)[1]))
        line = next(line for line in (directory / f"{self.file}.key").read_text().splitlines() if not line.startswith(";"))
        self.dnskey = line.split("DNSKEY ")[1]
        said = run("dnssec-dsfromkey", "-2", directory / self.file).stdout
        self.ds = said.split(" DS ")[1].strip().lower()

    @property
    def cds(self):
        return f"CDS {self.ds}"

    @property
    def cdnskey(self):
        return f"CDNSKEY {self.dnskey}"


class Child:
    """The zone at its two servers."""

    def __init__(self, directory, start):
        self.dir, self.start, self.serial = directory, start, 0
        self.keys = [Signer(directory) for _ in range(3)]
        self.servers = {}
        for address in (FIRST, SECOND):
            (directory / address[-2:]).mkdir()
        self.serve(self.signed([], []))
        self.begin_knot(directory / FIRST[-2:])
        self.begin_nsd(directory / SECOND[-2:])

    def begin_knot(self, place):
        (place / "conf").write_text(
            f'server:\n    rundir: "{place}"\n    listen: {FIRST}@53\n    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n'
            f'log:\n  - target: stderr\n    any: info\ndatabase:\n    storage: "{place}"\n'
            f'zone:\n  - domain: {ZONE}\n    storage: "{place}"\n    file: zone\n    zonefile-sync: -1\n    zonefile-load: whole\n'
        )
        self.run_server(FIRST, ["knotd", "-c", place / "conf"], place)

    def begin_nsd(self, place):
        (place / "conf").write_text(
            f'server:\n\tip-address: {SECOND}\n\tport: 53\n\tusername: ""\n\tchroot: ""\n\tzonesdir: "{place}"\n\tdatabase: ""\n'
            f'\tpidfile: ""\n\txfrdfile: "{place}/xfrd"\n\tzonelistfile: "{place}/list"\n\txfrdir: "{place}"\n\tserver-count: 1\n'
            f'remote-control:\n\tcontrol-enable: no\nzone:\n\tname: "{ZONE}"\n\tzonefile: zone\n'
        )
        self.run_server(SECOND, ["nsd", "-d", "-c", place / "conf"], place)

    def run_server(self, address, command, place):
        self.servers[address] = self.start(command, stderr=open(place / "log", "ab"), stdout=subprocess.DEVNULL)
        wait_serial(address, self.serial)

    def signed(self, keys, extra, without=(), begins="now-2d", ends="now+1d"):
        """The zone with these DNSKEYs, signed by all of them, without the RRSIGs of (type, key) in `without`."""
        self.serial += 1
        zone = self.dir / "unsigned"
        zone.write_text(
            f"$ORIGIN {ZONE}.\n$TTL 300\n@ SOA ns1 host {self.serial} 1800 900 604800 300\n@ NS ns1\n@ NS ns2\n"
            f"ns1 AAAA {FIRST}\nns2 AAAA {SECOND}\n" + "".join(f"@ DNSKEY {key.dnskey}\n" for key in keys) + "".join(f"@ {line}\n" for line in extra)
        )
        if not keys:
            return zone.read_text()
        run("dnssec-signzone", "-q", "-z", "-P", "-O", "full", "-K", self.dir, "-o", ZONE, "-s", begins, "-e", ends,
            "-f", self.dir / "signed", zone, *(self.dir / key.file for key in keys), cwd=self.dir)
        gone = [rf"\sRRSIG\s+{kind} .* {key.tag} {re.escape(ZONE)}\. " for kind, key in without]
        lines = (self.dir / "signed").read_text().splitlines(keepends=True)
        return "".join(line for line in lines if not any(re.search(one, line) for one in gone))

    def serve(self, text, *addresses):
        for address in addresses or (FIRST, SECOND):
            (self.dir / address[-2:] / "zone").write_text(text)
            if address in self.servers:
                self.servers[address].send_signal(signal.SIGHUP)
                wait_serial(address, self.serial)


def wait_serial(address, serial):
    def has():
        answer = dns.query.udp(dns.message.make_query(ZONE, "SOA"), address, timeout=2)
        return any(rrset.rdtype == dns.rdatatype.SOA and rrset[0].serial == serial for rrset in answer.answer)

    wait_for(has, what=f"serial {serial} at {address}")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("cds")
    with own_netns(), own_children() as start:
        for address in (FIRST, SECOND, ROLLER):
            run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
        with running(directory / "dir") as authority:
            key = Key(directory / "member")
            authority.accept([mntner("FISHER-MNT", key)], [key])
            (directory / "child").mkdir()
            yield authority, key, Child(directory / "child", start), start


def set_ds(authority, key, ds, zone=ZONE, servers=((1, FIRST), (2, SECOND))):
    """The domain object as the test begins."""
    lines = [("nserver", f"ns{n}.{zone} {address}") for n, address in servers] + [("ds-rdata", line) for line in ds]
    text = obj(("domain", zone), *lines, mnt="FISHER-MNT")
    answer = authority.send([text], [key], prev=authority.prev("domain", zone))
    assert answer.accepted or "No operation" in answer.text, answer.text


def ds_of(authority, zone=ZONE):
    return sorted(line.split(None, 1)[1] for line in authority.shown("domain", zone).splitlines() if line.startswith("ds-rdata:"))


def cds(authority, key, *words, zone=ZONE):
    return authority.cli("domain", "cds", zone, "--key", key.path, "--root", authority.dir / "nowhere", *words, check=False)


def served_ds(authority, zone=ZONE):
    return sorted(records(authority.dns(zone, "DS"), zone, "DS"))


# What the zone shows: (keys, records, RRSIGs that are missing), and the DS set that comes of it. A is the key of the DS set before.
TAKEN = {
    "both keys": ("AB", lambda a, b, c: [a.cds, b.cds], (), "AB"),
    "the next key": ("AB", lambda a, b, c: [b.cds, b.cdnskey], (("CDS", "B"), ("CDNSKEY", "B")), "B"),
    "by its key alone": ("AB", lambda a, b, c: [b.cdnskey], (), "B"),
}

REFUSALS = {
    "by a key without DS": ("AC", lambda a, b, c: [c.cds], (("CDS", "A"),), "signs its CDS set"),
    "keys by a key without DS": ("AC", lambda a, b, c: [c.cds], (("DNSKEY", "A"),), "signs its DNSKEY set"),
    "not signed": ("AB", lambda a, b, c: [b.cds], (("CDS", "A"), ("CDS", "B")), "signs its CDS set"),
    "half of it not signed": ("AB", lambda a, b, c: [b.cds, b.cdnskey], (("CDNSKEY", "A"),), "signs its CDNSKEY set"),
    "another zone's keys": ("BC", lambda a, b, c: [b.cds], (), "signs its DNSKEY set"),
    "no such key": ("AB", lambda a, b, c: [STRANGE], (), "would be bogus"),
    "a key that does not sign": ("AB", lambda a, b, c: [b.cds], (("DNSKEY", "B"),), "would be bogus"),
    "digests and keys differ": ("AB", lambda a, b, c: [a.cds, b.cds, b.cdnskey], (), "not of the same keys"),
    "keys without digests": ("AB", lambda a, b, c: [b.cds, a.cdnskey, b.cdnskey], (), "not of the same keys"),
    "delete, and something else": ("AB", lambda a, b, c: [DELETE[0], b.cds], (), "does not stand alone"),
    "delete, and a key": ("AB", lambda a, b, c: [DELETE[0], b.cdnskey], (), "does not stand alone"),
    "delete, not signed": ("A", lambda a, b, c: [*DELETE], (("CDNSKEY", "A"),), "signs its CDNSKEY set"),
    "another digest": ("AB", lambda a, b, c: ["CDS 4711 13 3 " + "ab" * 32], (), "not 1, 2 or 4"),
}


def shown(child, letters, make, without, **more):
    named = dict(zip("ABC", child.keys))
    return child.signed([named[one] for one in letters], make(*child.keys), [(kind, named[one]) for kind, one in without], **more)


@pytest.mark.parametrize("case", TAKEN)
def test_a_new_set_is_taken_up(world, case):
    authority, key, child, _ = world
    letters, make, without, after = TAKEN[case]
    wanted = sorted(dict(zip("ABC", child.keys))[one].ds for one in after)
    set_ds(authority, key, [child.keys[0].ds])
    child.serve(shown(child, letters, make, without))
    tried = cds(authority, key, "--dry-run")
    assert tried.returncode == DONE and "would take it" in tried.stdout and ds_of(authority) == [child.keys[0].ds]
    said = cds(authority, key)
    assert said.returncode == DONE, said.stderr
    assert ds_of(authority) == wanted
    assert all(f"+ ds-rdata: {ds}" in said.stdout for ds in wanted)
    wait_for(lambda: [line.lower() for line in served_ds(authority)] == wanted, what="DS in the zone")
    again, version = cds(authority, key), authority.prev("domain", ZONE)
    assert again.returncode == DONE and "the one that they ask for" in again.stdout and authority.prev("domain", ZONE) == version


@pytest.mark.parametrize("case", REFUSALS)
def test_what_nobody_vouches_for_is_refused(world, case):
    authority, key, child, _ = world
    letters, make, without, why = REFUSALS[case]
    set_ds(authority, key, [child.keys[0].ds])
    child.serve(shown(child, letters, make, without))
    said = cds(authority, key)
    assert said.returncode == UNVERIFIED and why in said.stderr and "nothing is changed" in said.stderr, said.stderr
    assert ds_of(authority) == [child.keys[0].ds]


def test_signatures_that_are_over(world):
    authority, key, child, _ = world
    set_ds(authority, key, [child.keys[0].ds])
    child.serve(shown(child, "AB", lambda a, b, c: [b.cds], (), ends="now-1d"))
    said = cds(authority, key)
    assert said.returncode == UNVERIFIED and "signs its DNSKEY set" in said.stderr


def test_servers_that_do_not_agree(world):
    authority, key, child, _ = world
    a, b, _ = child.keys
    set_ds(authority, key, [a.ds])
    for other in ([a.cds], [], list(DELETE)):
        child.serve(shown(child, "AB", lambda a, b, c: [b.cds], ()), FIRST)
        child.serve(shown(child, "AB", lambda a, b, c, other=other: other, ()), SECOND)
        said = cds(authority, key)
        assert said.returncode == UNVERIFIED and "something else than the servers before it" in said.stderr, said.stderr
    assert ds_of(authority) == [a.ds]


def test_a_server_that_does_not_answer(world):
    """One of its addresses will do; a server of which none answers will not, nor one that does not serve the zone."""
    authority, key, child, _ = world
    a, b, _ = child.keys
    child.serve(shown(child, "AB", lambda a, b, c: [b.cds], ()))
    set_ds(authority, key, [a.ds], servers=((1, FIRST), (2, SECOND), (3, ROLLER)))
    said = cds(authority, key)
    assert said.returncode == OFFLINE and "ns3" in said.stderr and ds_of(authority) == [a.ds]
    set_ds(authority, key, [a.ds], zone="other.alamo", servers=((1, FIRST),))
    said = cds(authority, key, zone="other.alamo")
    assert said.returncode == UNVERIFIED and "does not serve the zone" in said.stderr
    set_ds(authority, key, [a.ds], servers=((1, FIRST), (2, ROLLER), (2, SECOND)))
    assert cds(authority, key).returncode == DONE and ds_of(authority) == [b.ds]


def test_old_answers_bring_no_old_keys_back(world, tmp_path):
    """What was signed before what was taken up last is not taken up, wherever it comes from (RFC 7344 section 6.2)."""
    authority, key, child, _ = world
    a, b, _ = child.keys
    home = authority.environment() | {"HOME": str(tmp_path)}

    def again(begins, make):
        child.serve(shown(child, "AB", make, (), begins=begins))
        return alamo("domain", "cds", ZONE, "--key", key.path, "--root", tmp_path, env=home, check=False)

    set_ds(authority, key, [a.ds])
    assert again("now-1h", lambda a, b, c: [b.cds]).returncode == DONE and ds_of(authority) == [b.ds]
    said = again("now-2h", lambda a, b, c: [a.cds])
    assert said.returncode == UNVERIFIED and "signed before what was taken up last" in said.stderr and ds_of(authority) == [b.ds]
    assert again("now-30mi", lambda a, b, c: [a.cds]).returncode == DONE and ds_of(authority) == [a.ds]


def test_dnssec_ends_and_begins(world):
    """The sentinel takes the DS set away; the first one is for the member to set, who is told which."""
    authority, key, child, _ = world
    a = child.keys[0]
    set_ds(authority, key, [a.ds])
    child.serve(shown(child, "A", lambda a, b, c: DELETE, ()))
    said = cds(authority, key)
    assert said.returncode == DONE and f"- ds-rdata: {a.ds}" in said.stdout and ds_of(authority) == []
    again = cds(authority, key)
    assert again.returncode == DONE and "the one that they ask for" in again.stdout
    child.serve(shown(child, "A", lambda a, b, c: [a.cds], ()))
    said = cds(authority, key)
    assert said.returncode == UNVERIFIED and said.stdout.splitlines()[-1] == f"ds-rdata: {a.ds}" and ds_of(authority) == []
    child.serve(child.signed([], []))
    said = cds(authority, key)
    assert said.returncode == DONE and "ask for nothing" in said.stdout


def test_whose_domain(world, tmp_path):
    authority, key, child, _ = world
    set_ds(authority, key, [child.keys[0].ds])
    other = Key(tmp_path / "other")
    authority.accept([mntner("OTHER-MNT", other)], [other])
    authority.accept([obj(("domain", "hosted.alamo"), ("record", "@ TXT x"), mnt="FISHER-MNT")], [key])
    for who, zone, why in ((other, ZONE, "not maintained by your key"), (key, "nobody.alamo", "there is no domain"),
                           (key, "hosted.alamo", "no name servers of its own")):
        said = cds(authority, who, zone=zone)
        assert said.returncode == REFUSED and why in said.stderr, said.stderr


def test_knot_rolls_its_key(world, tmp_path):
    """Knot signs by itself and rolls; it goes on when it sees the DS of the new key at the parent, which is ours."""
    authority, key, _, start = world
    zone, host = "roll.alamo", authority.endpoints["dns"]
    (tmp_path / "zone").write_text(f"$ORIGIN {zone}.\n$TTL 1\n@ SOA ns1 host 1 1800 900 604800 1\n@ NS ns1\nns1 AAAA {ROLLER}\n")
    conf = tmp_path / "conf"
    conf.write_text(
        f'server:\n    rundir: "{tmp_path}"\n    listen: {ROLLER}@53\n    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n'
        f'log:\n  - target: stderr\n    any: info\ndatabase:\n    storage: "{tmp_path}"\n'
        f"remote:\n  - id: parent\n    address: {host[0]}@{host[1]}\nsubmission:\n  - id: seen\n    parent: parent\n    check-interval: 1\n"
        "policy:\n  - id: own\n    algorithm: ecdsap256sha256\n    cds-cdnskey-publish: always\n    ksk-submission: seen\n"
        "    propagation-delay: 0\n    dnskey-ttl: 1\n    zone-max-ttl: 1\n"
        f'zone:\n  - domain: {zone}\n    storage: "{tmp_path}"\n    file: zone\n    zonefile-sync: -1\n    zonefile-load: difference\n'
        "    journal-content: all\n    dnssec-signing: on\n    dnssec-policy: own\n"
    )
    start(["knotd", "-c", conf], stderr=open(tmp_path / "log", "ab"), stdout=subprocess.DEVNULL)

    def asked():
        answer = dns.query.tcp(dns.message.make_query(zone, "CDS"), ROLLER, timeout=2)
        return sorted(line.lower() for line in records(answer, zone, "CDS"))

    first = wait_for(asked, what="CDS of the first key")
    set_ds(authority, key, first, zone=zone, servers=((1, ROLLER),))
    run("knotc", "-c", conf, "zone-key-rollover", zone, "ksk")
    wait_for(lambda: asked() not in ([], first), what="CDS of the next key")
    said = cds(authority, key, zone=zone)
    assert said.returncode == DONE, said.stderr
    assert ds_of(authority, zone) == asked() != first
    wait_for(lambda: "KSK submission, confirmed" in (tmp_path / "log").read_text(), what="Knot to see its new DS")
