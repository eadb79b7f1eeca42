# SPDX-License-Identifier: MIT
"""Receipts: kept by `alamo submit`, verified by `alamo receipt verify` and by Go, with the authority switched off."""

import base64

import pytest
from conftest import running
from harness import Key, alamo, mntner, obj, run


class Kept:
    """Receipts of a create with placeholders, a modification, a deletion; and an answer as nc shows it."""

    def __init__(self, authority, directory):
        self.dir, self.pub = directory, directory / "log.pub"
        self.pub.write_bytes((authority.dir / "keys" / "log.pub").read_bytes())
        self.key = Key(directory / "member")
        join = [mntner("KEEP-MNT", self.key), obj(("aut-num", "auto-1"), ("as-name", "KEEP-AS"), mnt="KEEP-MNT"),
                obj(("inet6num", "AUTO-2/48"), ("netname", "KEEP-NET"), mnt="KEEP-MNT"),
                obj(("route6", "AUTO-2/48"), ("origin", "AUTO-1"), mnt="KEEP-MNT")]
        mended = mntner("KEEP-MNT", self.key).replace("source:", "remarks:        mended\nsource:")
        self.submit(authority, "join", "\n".join(join))
        self.submit(authority, "change", mended)
        self.submit(authority, "create", mntner("GONE-MNT", self.key))
        self.submit(authority, "delete", mntner("GONE-MNT", self.key) + "delete: no more\n")
        self.again = authority.cli("submit", self.file("change"), "--key", self.key.path,
                                   "--receipt", self.file("none"), check=False)
        for size in range(40):
            authority.accept([mntner(f"MORE{size}-MNT", self.key)], [self.key])
        self.request = authority.signed([mntner("BYHAND-MNT", self.key)], [self.key])
        self.file("byhand").write_bytes(self.request)
        self.file("byhand.answer").write_text(authority.talk(self.request))
        self.file("byhand.again").write_text(authority.talk(self.request))

    def file(self, name):
        return self.dir / name

    def submit(self, authority, name, text):
        self.file(name).write_text(text)
        authority.cli("submit", self.file(name), "--key", self.key.path, "--receipt", self.file(f"{name}.tlog-proof"))

    def verify(self, name, *words, key=None):
        return alamo("receipt", "verify", self.file(name), "--key", key or self.pub, *words, check=False)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    directory = tmp_path_factory.mktemp("receipts")
    with running(tmp_path_factory.mktemp("authority") / "dir") as authority:
        made = Kept(authority, directory)
    return made      # the authority is off


def test_everything_is_in_the_file(kept):
    good = kept.verify("join.tlog-proof")
    assert good.returncode == 0, good.stderr
    assert good.stdout.startswith("verified: entry 1 of registry.alamo/log, at size ")
    assert "auto      AUTO-1 AS" in good.stdout and "auto      AUTO-2/48 fca1:" in good.stdout
    assert "result    cccc\n" in good.stdout
    by_text = kept.verify("join.tlog-proof", key=kept.pub.read_text().strip())
    assert by_text.stdout == good.stdout
    for name, result in (("change", "m"), ("create", "c"), ("delete", "d")):
        assert f"result    {result}\n" in kept.verify(f"{name}.tlog-proof").stdout
    assert "remarks:        mended" in kept.verify("change.tlog-proof", "--print").stdout


def test_go_verifies_them(kept, verifier, tmp_path):
    """By a log of files that does not have to be there: only the receipts are wanted."""
    with running(tmp_path / "dir") as authority:
        key = Key(tmp_path / "member")
        (tmp_path / "one").write_text(mntner("GO-MNT", key))
        authority.cli("submit", tmp_path / "one", "--key", key.path, "--receipt", tmp_path / "receipt")
        files, pub = authority.dir / "log", authority.dir / "keys" / "log.pub"
        assert "receipts good: 1\n" in run(verifier, "-receipt", tmp_path / "receipt", pub, files).stdout
        other = run(verifier, "-receipt", kept.file("join.tlog-proof"), pub, files, check=False)
        assert other.returncode == 1 and "FAILED" in other.stdout


def test_a_saved_answer_and_its_request(kept):
    """What a member has who used nc: no entry in it, so it is made again from the request."""
    for name in ("byhand.answer", "byhand.again"):
        good = kept.verify(name, "--request", kept.file("byhand"))
        assert good.returncode == 0 and "result    c\n" in good.stdout, good.stderr
    assert kept.verify("byhand.answer").returncode == 2
    wrong = kept.file("byhand.other")
    wrong.write_bytes(kept.request.replace(b"BYHAND", b"BYFOOT"))
    assert kept.verify("byhand.answer", "--request", wrong).returncode == 4


def test_save_makes_it_stand_alone(kept):
    saved = alamo("receipt", "save", kept.file("byhand.answer"), kept.file("byhand.tlog-proof"), "--request",
                  kept.file("byhand"), "--key", kept.pub)
    assert saved.stdout == kept.verify("byhand.tlog-proof").stdout and "verified: entry " in saved.stdout
    wrong = alamo("receipt", "save", kept.file("byhand.answer"), kept.file("wrong.tlog-proof"), "--request",
                  kept.file("sent-else"), "--key", kept.pub, check=False)
    assert wrong.returncode == 2 and not kept.file("wrong.tlog-proof").exists()
    kept.file("sent-else").write_bytes(kept.request.replace(b"BYHAND", b"BYFOOT"))
    wrong = alamo("receipt", "save", kept.file("byhand.answer"), kept.file("wrong.tlog-proof"), "--request",
                  kept.file("sent-else"), "--key", kept.pub, check=False)
    assert wrong.returncode == 4 and not kept.file("wrong.tlog-proof").exists()


def test_entry_and_request_from_files(kept):
    extra = next(line for line in kept.file("join.tlog-proof").read_text().splitlines() if line.startswith("extra "))
    entry = base64.b64decode(extra.split()[1])
    kept.file("entry").write_bytes(entry)
    assert kept.verify("join.tlog-proof", "--entry", kept.file("entry")).returncode == 0
    kept.file("bare").write_text(kept.file("join.tlog-proof").read_text().replace(extra + "\n", ""))
    assert kept.verify("bare").returncode == 2
    assert kept.verify("bare", "--entry", kept.file("entry")).returncode == 0
    kept.file("entry").write_bytes(entry.replace(b"KEEP-NET", b"KEPT-NET"))
    assert kept.verify("bare", "--entry", kept.file("entry")).returncode == 4
    kept.file("sent").write_bytes(entry.split(b"\n\n", 1)[1])
    assert kept.verify("join.tlog-proof", "--request", kept.file("sent")).returncode == 0
    other = kept.verify("join.tlog-proof", "--request", kept.file("byhand"))
    assert other.returncode == 4 and "another request" in other.stderr


def test_every_changed_byte_is_found(kept, tmp_path):
    data = kept.file("delete.tlog-proof").read_bytes()
    kept.file("changed").write_bytes(data)
    assert kept.verify("changed").returncode == 0
    for at in range(0, len(data), max(1, len(data) // 60)):
        changed = bytearray(data)
        changed[at] ^= 1
        kept.file("changed").write_bytes(changed)
        assert kept.verify("changed").returncode in (2, 4), at
    alamo("init", tmp_path / "other")
    assert kept.verify("delete.tlog-proof", key=tmp_path / "other" / "keys" / "log.pub").returncode == 4


def test_misuse(kept):
    assert kept.again.returncode == 1 and "no receipt" in kept.again.stderr and not kept.file("none").exists()
    assert alamo("receipt", "verify", kept.file("join.tlog-proof"), check=False).returncode == 2
    assert alamo("receipt", "look", kept.file("join.tlog-proof"), "--key", kept.pub, check=False).returncode == 2
    assert kept.verify("missing").returncode == 2
    assert kept.verify("join", "--request", kept.file("join")).returncode == 4
