# SPDX-License-Identifier: MIT
"""NRTM version 3: a mirror that starts from nothing, one that resumes, and one that stays, all end with the same objects."""

import re
import socket

from harness import Key, obj, wait_for

RECORDS = ["www AAAA fca1::80"]
CHANGE = re.compile(r"(ADD|DEL) (\d+)\n\n(.*?)\n\n", re.S)


def primary(text):
    """Class and key of an object, as a mirror keeps it."""
    pairs = [line.split(":", 1) for line in text.splitlines()]
    attributes = {}
    for name, value in pairs:
        attributes.setdefault(name, value.strip())
    cls = pairs[0][0]
    if cls in ("route", "route6"):
        return cls, attributes[cls] + attributes["origin"]
    return cls, attributes["nic-hdl"] if cls in ("person", "role") else attributes[cls]


class Mirror:
    def __init__(self):
        self.objects, self.serial = {}, 0

    def apply(self, stream):
        for action, serial, text in CHANGE.findall(stream):
            assert int(serial) == self.serial + 1, (serial, self.serial)
            self.serial = int(serial)
            if action == "ADD":
                self.objects[primary(text)] = text
            else:
                del self.objects[primary(text)]

    def fetch(self, authority, last="LAST"):
        answer = authority.whois(f"-g ALAMO:3:{self.serial + 1}-{last}")
        if "no newer updates" in answer:
            return
        assert answer.startswith("%START Version: 3 ALAMO "), answer
        assert answer.endswith("%END ALAMO\n\n\n"), answer[-200:]
        self.apply(answer)


def serials(authority):
    source, kept, span = authority.whois("!jALAMO").splitlines()[1].split(":")
    assert (source, kept) == ("ALAMO", "Y")
    return [int(serial) for serial in span.split("-")]


def test_mirrors_agree(authority, tmp_path):
    keys = [Key(tmp_path / f"member{number}") for number in range(3)]
    names = ("FISHER", "MILLER", "BAKER")
    authority.member(keys[0], names[0])
    resumed = Mirror()
    wait_for(lambda: authority.whois("fisher-mnt").find("mntner:") > 0, what="the first member")
    resumed.fetch(authority)
    with socket.create_connection(authority.endpoints["whois"], timeout=30) as live:
        live.sendall(f"-k -g ALAMO:3:{resumed.serial + 1}-LAST\r\n".encode())
        follower = Mirror()
        follower.objects, follower.serial = dict(resumed.objects), resumed.serial
        stream = live.makefile("rb")
        assert stream.readline().startswith(b"%START Version: 3 ALAMO ")
        for key, name in zip(keys[1:], names[1:]):
            authority.member(key, name, domain=f"{name.lower()}.alamo", records=RECORDS)
        prev = authority.prev("domain", "baker.alamo")
        authority.accept([obj(("domain", "baker.alamo"), ("record", RECORDS[0]), ("delete", "no longer"), mnt="BAKER-MNT")], [keys[2]], prev=prev)
        wait_for(lambda: "DELETED" in authority.whois("--list-versions baker.alamo"), what="the deletion")
        first, last = serials(authority)
        assert first == 1
        got = b""
        while not re.search(rb"DEL %d\n\n.+?\n\n" % last, got, re.S):
            got += stream.readline()
        follower.apply(got.decode())
    resumed.fetch(authority)
    fresh = Mirror()
    fresh.fetch(authority, last)
    assert fresh.serial == last and ("domain", "miller.alamo") in fresh.objects
    assert ("domain", "baker.alamo") not in fresh.objects
    assert resumed.objects == fresh.objects == follower.objects
    for (cls, key), text in fresh.objects.items():
        shown = authority.whois(f"!m{cls},{key}")
        # The state of an origin is looked at when an object is shown; it is no part of the log.
        assert text in re.sub(r"rpki-ov-state:.*\n", "", shown)
    resumed.fetch(authority)


def test_versions(authority, tmp_path):
    """An object's versions are those of the log, and a difference is that of two of them."""
    key = Key(tmp_path / "member")
    authority.member(key, "CARTER", domain="carter.alamo", records=RECORDS)
    for number in range(3):
        prev = authority.prev("domain", "carter.alamo")
        authority.accept([obj(("domain", "carter.alamo"), ("descr", f"number {number}"), ("record", RECORDS[0]),
                              mnt="CARTER-MNT")], [key], prev=prev)
    wait_for(lambda: "number 2" in authority.whois("carter.alamo"), what="the last change")
    listed = re.findall(r"^(\d+) +\S+ +(\S+) +(\d+)$", authority.whois("--list-versions carter.alamo"), re.M)
    assert [row[:2] for row in listed] == [(str(number), "ADD/UPD") for number in range(1, 5)]
    assert listed[-1][2] == authority.prev("domain", "carter.alamo")
    assert "number 0" in authority.whois("--show-version 2 carter.alamo")
    difference = authority.whois("--diff-versions 2:4 carter.alamo")
    assert "\n-descr:          number 0\n" in difference and "\n+descr:          number 2\n" in difference
