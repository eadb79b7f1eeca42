# SPDX-License-Identifier: MIT
"""The reference verifier in Python: what the daemon signs, the vectors of docs/formats.md, and lies."""

import base64
import hashlib
import importlib.util
import re

import pytest
from cryptography.exceptions import InvalidSignature
from harness import ROOT, Key, run, wait_for
from test_origin_files import fetch

VECTORS = ROOT / "tests" / "vectors" / "roa"
NOW = "2026-11-28T18:00:00Z"

spec = importlib.util.spec_from_file_location("verify_roa", ROOT / "tests" / "support" / "verify_roa.py")
verifier = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verifier)


def vector(name):
    return (VECTORS / name).read_text()


def check(note=None, records=None, **keywords):
    return verifier.verify(vector("log.pub"), note or vector("head"), records if records is not None else vector("set").encode(),
                           **{"now": NOW, **keywords})


def test_vectors():
    head = check()
    assert head["size"].startswith("30 ") and head["changed"] == "26" and head["vrps"] == "2 1"


def test_lies():
    head, records = vector("head"), vector("set").encode()
    with pytest.raises(InvalidSignature):
        check(head.replace("changed 26", "changed 25"))
    with pytest.raises(ValueError, match="not signed"):
        check(head.partition("\n\n")[0] + "\n\n" + vector("key").partition("\n\n")[2])
    with pytest.raises(AssertionError, match="truncated"):
        check(records=records[: records.rindex(b"vrp ")])
    with pytest.raises(AssertionError, match="another set"):
        check(records=records.replace(b"AS0", b"AS1"))
    for now in ("2026-11-29T12:00:00Z", "2026-11-28T11:59:59Z"):
        with pytest.raises(AssertionError, match="frozen"):
            check(now=now)
    with pytest.raises(AssertionError, match="rolled back"):
        check(last={"size": "31 x", "changed": "26", "set": ""})
    with pytest.raises(AssertionError, match="equivocation"):
        check(last={"size": "30 x", "changed": "26", "set": "1 " + "0" * 64})


def test_what_the_daemon_signs(authority, key, tmp_path):
    """The files alone, the log's pinned key, and nothing of ours."""
    made = authority.member(key, name="SIGNED")
    prefix = made.key("inet6num")
    wait_for(lambda: prefix in fetch(authority, "roa/set"), what="the new route in the set")
    for name in ("head", "set"):
        (tmp_path / name).write_text(fetch(authority, f"roa/{name}"))
    shown = run("python3", ROOT / "tests" / "support" / "verify_roa.py", authority.dir / "keys" / "log.pub",
                tmp_path / "head", tmp_path / "set").stdout
    assert shown.startswith("registry.alamo/log: size ")
    head = verifier.verify((authority.dir / "keys" / "log.pub").read_text(), (tmp_path / "head").read_text(),
                           (tmp_path / "set").read_bytes())
    rows = {(line.split()[1], int(line.split()[2]), int(line.split()[3][2:])) for line in
            (tmp_path / "set").read_text().splitlines()}
    assert rows == authority.vrps()
    session = authority.rtr()
    session.reset()
    assert session.serial == int(head["changed"])
    session.close()
    assert base64.b64decode(head["key"]).decode() == fetch(authority, "roa/key") == (authority.dir / "keys" / "roa.note").read_text()


def test_a_delta_leads_to_the_next_set(authority, tmp_path_factory):
    before = fetch(authority, "roa/set")
    head = dict(line.split(" ", 1) for line in fetch(authority, "roa/head").partition("\n\n")[0].splitlines()[2:])
    prefix = authority.member(Key(tmp_path_factory.mktemp("key") / "k"), name="DELTA").key("inet6num")
    wait_for(lambda: prefix in fetch(authority, "roa/set"), what="the new route in the set")
    first, *lines = fetch(authority, f"roa/delta/{head['changed']}").splitlines()
    after = set(before.splitlines()) | {line[1:] for line in lines if line[0] == "+"}
    after -= {line[1:] for line in lines if line[0] == "-"}
    now = fetch(authority, "roa/set")
    assert after == set(now.splitlines()) and first.startswith(f"delta {head['changed']} ")
    newer = fetch(authority, "roa/head")
    assert re.search(r"^set \d+ ([0-9a-f]{64})$", newer, re.M)[1] == hashlib.sha256(now.encode()).hexdigest()
