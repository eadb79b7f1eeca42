# SPDX-License-Identifier: MIT
"""`alamo keys dns`: the zones' keys as they stand, and rolls that a running authority begins."""

import json
import stat

import dns.dnssec
import pytest
from harness import alamo, records, wait_for


def keys(authority, *words):
    return json.loads(alamo("keys", "dns", *words[:1], authority.dir, *words[1:], "--json").stdout)


def refused(authority, *words, code):
    result = alamo("keys", "dns", *words[:1], authority.dir, *words[1:], check=False)
    assert result.returncode == code, (result.stdout, result.stderr)
    return result.stderr


def dnskeys(authority, zone):
    answer = authority.dns(zone, "DNSKEY")
    return {dns.dnssec.key_id(row) for rrset in answer.answer for row in rrset}


def test_status_is_what_is_served(authority):
    rows = keys(authority, "status")
    zones = {row["zone"] for row in rows}
    assert {".", "alamo."} <= zones and all(row["algorithm"] == 13 for row in rows)
    for zone in (".", "alamo."):
        mine = {row["tag"]: row for row in rows if row["zone"] == zone}
        assert dnskeys(authority, zone) == set(mine)
        assert sorted((row["role"], row["state"], row["next"]) for row in mine.values()) == [
            ("ksk", "active", None), ("zsk", "active", None)]
    said = alamo("keys", "dns", "status", authority.dir).stdout.splitlines()
    assert said[0].split() == ["zone", "key", "tag", "alg", "state", "since", "next"] and len(said) == len(rows) + 1


def test_a_roll_of_one_zone(own_authority):
    before = keys(own_authority, "status")
    zsk = keys(own_authority, "roll", "alamo", "zsk")
    assert [(row["zone"], row["role"], row["state"], row["next"]["state"]) for row in zsk] == [
        ("alamo.", "zsk", "published", "active")]
    # It is in the set at once, and signs nothing yet; the one in use knows its day.
    assert zsk[0]["tag"] in dnskeys(own_authority, "alamo.")
    soa = own_authority.dns("alamo.", "SOA", dnssec=True)
    old = next(row for row in before if (row["zone"], row["role"]) == ("alamo.", "zsk"))
    assert {row.key_tag for rrset in soa.answer for row in rrset if hasattr(row, "key_tag")} == {old["tag"]}
    after = {row["tag"]: row for row in keys(own_authority, "status") if row["zone"] == "alamo."}
    assert after[old["tag"]]["next"] == {"state": "retired", "at": zsk[0]["next"]["at"]}
    # A key of keys goes to the zone above first.
    ksk = keys(own_authority, "roll", "alamo.", "ksk")[0]
    assert ksk["tag"] not in dnskeys(own_authority, "alamo.")
    assert {int(row.split()[0]) for row in records(own_authority.dns("alamo.", "DS"), "alamo.", "DS")} == {
        ksk["tag"], next(row["tag"] for row in before if (row["zone"], row["role"]) == ("alamo.", "ksk"))}
    # One at a time.
    assert f"on its way already ({ksk['tag']})" in refused(own_authority, "roll", "alamo", "ksk", code=1)
    assert len(keys(own_authority, "status")) == len(before) + 2
    # Over a restart everything stands as it was.
    now = keys(own_authority, "status")
    own_authority.stop()
    own_authority.start()
    assert keys(own_authority, "status") == now
    for path in (own_authority.dir / "keys/dns").glob("*.private"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_a_roll_of_all_zones(own_authority):
    first = keys(own_authority, "roll", "alamo", "zsk")[0]
    zones = {row["zone"] for row in keys(own_authority, "status")}
    result = alamo("keys", "dns", "roll", own_authority.dir, "zsk")
    assert f"of alamo. is on its way already ({first['tag']})" in result.stderr
    assert {line.split()[0] for line in result.stdout.splitlines()[1:]} == zones
    for zone in zones:
        rows = [row for row in keys(own_authority, "status") if (row["zone"], row["role"]) == (zone, "zsk")]
        assert sorted(row["state"] for row in rows) == ["active", "published"]


@pytest.mark.parametrize("words, says", [
    (("roll", "alamo", "csk"), "ksk or zsk?"),
    (("roll",), "ksk or zsk?"),
    (("roll", "nowhere", "zsk"), 'no zone "nowhere"'),
    (("status", "alamo"), "one word too many"),
    (("rolls", "alamo", "zsk"), "neither status nor roll"),
])
def test_wrong_words(authority, words, says):
    assert says in refused(authority, *words, code=2)


def test_nobody_there(own_authority, tmp_path):
    assert "has alamo-rootd run there?" in alamo("keys", "dns", "status", tmp_path, check=False).stderr
    own_authority.stop()
    report = own_authority.dir / "run/dns-keys"
    order = own_authority.dir / "run/dns-roll"
    assert "nothing was begun" in refused(own_authority, "roll", "alamo", "ksk", code=3)
    assert not order.exists()
    order.write_text("alamo. zsk\n")
    assert "another order waits" in refused(own_authority, "roll", "alamo", "ksk", code=1)
    # What waits is taken as soon as it runs.
    own_authority.start()
    wait_for(lambda: not order.exists() and not order.with_suffix(".taken").exists(), what="the order to be taken")
    text = report.read_text()
    assert [line.split()[1] for line in text.splitlines() if " published " in line] == ["zsk"]
    own_authority.stop()
    report.write_text(text + "alamo. zsk 1 13\n")
    assert "is damaged" in refused(own_authority, "status", code=1)
    report.write_text("alamo. zsk 1 13 published 1 active 2\n")
    assert "is late: alamo-rootd does not run" in refused(own_authority, "status", code=1)
