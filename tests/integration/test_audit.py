# SPDX-License-Identifier: MIT
"""`alamo audit`: a live authority has followed its rules; one that cheats with its own log key is found out."""

import ipaddress
import json

import pytest
from harness import Key, mntner, obj
from mitm import Cheat, read_log
from witnesses import spelled


@pytest.fixture(scope="module")
def people(authority, tmp_path_factory):
    """Three members with some history: two signers, a rotated key, deleted things, a sub-allocation."""
    keys = {name: Key(tmp_path_factory.mktemp("keys") / name) for name in ("ann", "ben", "cat", "new")}
    nets, numbers = {}, {}
    for name in ("ann", "ben", "cat"):
        answer = authority.member(keys[name], name.upper(), f"{name}.alamo", ["@ AAAA AUTO-2::1"])
        nets[name], numbers[name] = answer.key("inet6num"), answer.key("aut-num")
    part = f"{ipaddress.ip_network(nets['ann']).network_address + (1 << 64)}/64"
    authority.accept([obj(("inet6num", part), ("netname", "ANN-PART"), mnt="ANN-MNT")], [keys["ann"]])
    authority.accept([obj(("route6", part), ("origin", numbers["ben"]), mnt="ANN-MNT")], [keys["ann"], keys["ben"]])
    www = obj(("domain", "www.ben.alamo"), ("record", "@ A 10.0.0.1"), mnt="BEN-MNT")
    made = authority.accept([www], [keys["ben"]]).index
    authority.accept([www + "delete: not needed\n"], [keys["ben"]], prev=made)
    both = [keys["cat"], keys["new"]]
    authority.accept([mntner("CAT-MNT", keys["new"])], both, prev=authority.prev("mntner", "CAT-MNT"))
    cat = obj(("domain", "cat.alamo"), ("record", "@ A 10.0.0.3"), mnt="CAT-MNT")
    authority.accept([cat], [keys["new"]], prev=authority.prev("domain", "cat.alamo"))
    return keys


def audit(authority, *words, **keywords):
    return authority.cli("audit", *words, **keywords)


def test_by_directory_server_and_pinned_key(authority, people):
    by_directory = audit(authority, authority.dir)
    assert "clean: every entry is what the rules give" in by_directory.stdout
    stream = spelled(authority.endpoints["stream"])
    assert "clean" in audit(authority, "--stream", stream).stdout
    pinned = audit(authority, "--stream", stream, "--key", authority.dir / "keys" / "log.pub")
    assert pinned.stdout == by_directory.stdout and pinned.stderr == ""


def test_json(authority, people):
    found = json.loads(audit(authority, authority.dir, "--json").stdout)
    assert found["clean"] is True and found["findings"] == [] and found["counts"] == {}
    assert found["size"] == found["entries"] == found["requests"] == int(authority.ask("head").splitlines()[1])
    assert found["signatures"] == found["requests"] + 2


# ---- a registry that cheats ----


def find(entries, text):
    return next(i for i, entry in enumerate(entries) if text in entry)


def honest(entries):
    return None


def other_block(entries):
    at = max(i for i, entry in enumerate(entries) if b"\nauto AUTO-2/48 " in entry)
    head, rest = entries[at].split(b"\nauto AUTO-2/48 ", 1)
    entries[at] = head + b"\nauto AUTO-2/48 fca1:1ff:ffff::/48\n" + rest.split(b"\n", 1)[1]
    return at, "ALLOCATION"


def other_result(entries):
    at = find(entries, b"10.0.0.3")
    entries[at] = entries[at].replace(b"\nresult m\n", b"\nresult c\n")
    return at, "RESULT"


def other_text(entries):
    at = find(entries, b"10.0.0.3")
    entries[at] = entries[at].replace(b"10.0.0.3", b"10.0.0.4")
    return at, "SIGNATURE"


def repeated(entries):
    at = find(entries, b"10.0.0.3")
    entries.append(entries[at].replace(b"entry %d " % at, b"entry %d " % len(entries)))
    return len(entries) - 1, "REPEATED"


def no_entry(entries):
    entries.append(b"\x1b[31mnoise")
    return len(entries) - 1, "FORM"


@pytest.mark.parametrize("change", [honest, other_block, other_result, other_text, repeated, no_entry])
def test_what_the_log_key_alone_cannot_hide(authority, people, tmp_path, change):
    entries = read_log(authority)
    expected = change(entries)
    with Cheat(authority, entries, tmp_path) as cheat:
        words = ["--stream", cheat.address, "--key", authority.dir / "keys" / "log.pub"]
        told = audit(authority, *words, check=False)
        found = json.loads(audit(authority, *words, "--json", check=False).stdout)
    if expected is None:
        assert told.returncode == 0 and "clean" in told.stdout and found["findings"] == []
        return
    index, kind = expected
    assert told.returncode == 4 and "\nNOT clean" in told.stdout, (told.stdout, told.stderr)
    assert told.stdout.startswith(f"entry {index}: {kind}: "), told.stdout
    assert (found["findings"][0]["index"], found["findings"][0]["kind"]) == expected
    assert not found["clean"] and found["counts"][kind] == 1


def test_no_stream(authority):
    nowhere = audit(authority, "--stream", "127.0.0.1:1", "--key", authority.dir / "keys" / "log.pub", check=False)
    assert nowhere.returncode == 3 and nowhere.stdout == ""
