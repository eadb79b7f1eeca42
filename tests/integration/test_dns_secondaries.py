# SPDX-License-Identifier: MIT
"""NSD, Knot and BIND follow the root and every other zone: told by NOTIFY, by IXFR, and identical in the end."""

import re
import shutil
import time
import urllib.request

import pytest
from conftest import running
from harness import Key, mntner, obj, wait_for
from secondaries import ADDRESS, Bind, CatalogBind, CatalogKnot, Knot, Nsd

ZONES = [".", "alamo", "1.a.c.f.ip6.arpa"]
KINDS = [kind for kind in (Nsd, Knot, Bind) if shutil.which(kind.program)]
REQUESTS, FILLING = 200, 200    # five changes each


def metric(authority, name):
    host, port = authority.endpoints["dns-http"]
    text = urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10).read().decode()
    return int(re.search(rf"^{re.escape(name)} (\d+)$", text, re.M).group(1))


def serial(authority, zone):
    return authority.dns(zone, "SOA").answer[0][0].serial


def own_zone(authority, name):
    """The primary's zone, with a secondary's means."""
    reader = Nsd.__new__(Nsd)
    reader.port = authority.endpoints["dns"][1]
    return reader.zone(name)


@pytest.fixture
def world(tmp_path):
    if not KINDS:
        pytest.skip("no NSD, Knot or BIND here")
    others = [kind(tmp_path / kind.program, None, ZONES) for kind in KINDS]
    conf = {"dns": {"notify": ", ".join(f"{ADDRESS}:{other.port}" for other in others)}}
    with running(tmp_path / "dir", conf=conf) as authority:
        wait_for(lambda: authority.dns("alamo", "SOA").answer, what="the zones")
        try:
            for other in others:
                other.primary = authority.endpoints["dns"]
                other.start()
            yield authority, others
        finally:
            for other in others:
                other.stop()


def arrived(authority, others):
    for other in others:
        for zone in ZONES:
            other.wait_serial(zone, serial(authority, zone))


def change(authority, key, i):
    """One that comes with records, one with servers, one of few that change again and again, one that changes once, one that goes."""
    few, prevs = f"n{i % 7}.alamo", ["none", "none"]
    objects = [obj(("domain", f"b{i}.alamo"), ("record", f"@ AAAA fca1:100::{i + 1:x}"), ("record", f"* CNAME b{i}.alamo"), mnt="SEC-MNT"),
               obj(("domain", f"c{i}.alamo"), ("nserver", f"ns.c{i}.alamo fca1:100::{i + 1:x}"), ("nserver", "ns.far.alamo"), mnt="SEC-MNT")]
    pairs = [("nserver", f"ns.{few} fca1:100::{i + 1:x}")] if i % 5 == 4 else [("record", f"@ AAAA fca1:100::{i + 1:x}"), ("record", f"a.b TXT t{i}")]
    objects.append(obj(("domain", few), *pairs, mnt="SEC-MNT"))
    prevs.append("none" if i < 7 else authority.prev("domain", few))
    filling = f"filling{i}.alamo"
    objects.append(obj(("domain", filling), ("record", f"@ AAAA fca1:100::{i + 2:x}"), mnt="SEC-MNT"))
    prevs.append(authority.prev("domain", filling))
    if i > 0:
        objects.append(obj(("domain", f"b{i - 1}.alamo"), ("record", "@ A 10.0.0.1"), mnt="SEC-MNT") + "delete:         moved\n")
        prevs.append(authority.prev("domain", f"b{i - 1}.alamo"))
    return authority.accept(objects, [key], prev=" ".join(prevs)).index


def seconds_until(authority, others, index):
    """All have the zone with this entry: nobody asks by himself for minutes, so that it was told and taken."""
    since = time.monotonic()
    wait_for(lambda: serial(authority, "alamo") > index, what="the change")
    for other in others:
        other.wait_serial("alamo", serial(authority, "alamo"))
    return time.monotonic() - since


def test_three_servers_follow(world, tmp_path):
    authority, others = world
    key = Key(tmp_path / "member")
    authority.accept([mntner("SEC-MNT", key)], [key])
    # Changes that are longer than the zone come as a whole: it has to be long.
    filling = [obj(("domain", f"filling{i}.alamo"), ("record", "@ AAAA fca1:100::1"), mnt="SEC-MNT") for i in range(FILLING)]
    authority.accept(filling, [key], prev=" ".join(["none"] * FILLING))
    arrived(authority, others)
    whole = metric(authority, 'alamo_dns_transfers_total{kind="axfr"}')
    assert whole >= len(others) * len(ZONES)
    made = authority.accept([obj(("inet6num", "AUTO-1/48"), ("netname", "SEC-NET"), ("nserver", "ns.far.alamo"), mnt="SEC-MNT")], [key])
    prefix = made.key("inet6num")
    latest = 0.0
    for i in range(REQUESTS):
        index = change(authority, key, i)
        if i % 20 == 19:
            latest = max(latest, seconds_until(authority, others, index))
    print(f"the latest of {5 * REQUESTS} changes was everywhere after {latest:.3f} s")
    gone = obj(("inet6num", prefix), ("netname", "SEC-NET"), ("nserver", "ns.far.alamo"), mnt="SEC-MNT") + "delete:         moved\n"
    last = authority.accept([gone], [key], prev=authority.prev("inet6num", prefix)).index
    wait_for(lambda: serial(authority, ZONES[2]) > last and serial(authority, "alamo") >= last, what="the last change")
    arrived(authority, others)
    for zone in ZONES:
        ours = own_zone(authority, zone)
        for other in others:
            assert other.zone(zone) == ours, f"{type(other).__name__} {zone}"
    # Nobody took a whole zone for any of it.
    assert metric(authority, 'alamo_dns_transfers_total{kind="axfr"}') <= whole + len(ZONES) * (1 + len(others))
    assert metric(authority, 'alamo_dns_transfers_total{kind="ixfr"}') >= 2 * len(others)


def test_a_secondary_that_was_away_catches_up(world, tmp_path):
    authority, others = world
    key = Key(tmp_path / "member")
    authority.accept([mntner("SEC-MNT", key)], [key])
    arrived(authority, others)
    away = others[0]
    away.stop()
    authority.accept([obj(("domain", "away.alamo"), ("record", "@ AAAA fca1:100::1"), mnt="SEC-MNT")], [key])
    wait_for(lambda: authority.dns("away.alamo", "AAAA").answer, what="the change")
    arrived(authority, others[1:])
    away.start()
    arrived(authority, others)


@pytest.mark.parametrize("kind", (CatalogKnot, CatalogBind))
def test_zones_out_of_the_catalog(tmp_path, kind):
    """RFC 9432: a secondary that knows the catalog alone serves every zone."""
    if shutil.which(kind.program) is None:
        pytest.skip(f"no {kind.program} here")
    with running(tmp_path / "dir") as authority:
        wait_for(lambda: authority.dns("alamo", "SOA").answer, what="the zones")
        other = kind(tmp_path / "other", authority.endpoints["dns"], ZONES)
        try:
            other.start()
            arrived(authority, [other])
            for zone in ZONES:
                assert other.zone(zone) == own_zone(authority, zone)
        finally:
            print(other.said()[-3000:])
            other.stop()
