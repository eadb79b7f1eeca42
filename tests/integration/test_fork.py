# SPDX-License-Identifier: MIT
"""Two histories under one key: everybody who has seen one refuses the other, names both, keeps both notes."""

import base64
import contextlib
import hashlib
import os
import shutil
import struct

import pytest
from conftest import running
from harness import ALAMO, Key, alamo, mntner, stop, wait_for
from witnesses import add_checkpoint, copied, head_size, mirror, root_of, spelled, wait_for_size, witness


class Fork:
    """`ours` and `theirs` share their first entries and the log's key, nothing else."""

    def __init__(self, ours, theirs, member):
        self.ours, self.theirs, self.member = ours, theirs, member
        self.key = ours.dir / "keys" / "log.pub"
        self.common = head_size(ours.ask("head"))

    def grow(self, side, count, word):
        for number in range(count):
            side.accept([mntner(f"{word}{number}-MNT", self.member)], [self.member])
        return side.ask("head")


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    base = tmp_path_factory.mktemp("fork")
    member = Key(base / "member")
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(running(base / "ours"))
        ours.member(member)
        ours.stop()
        theirs = copied(ours, base / "theirs")
        ours.start()
        stack.callback(theirs.stop)
        theirs.start()
        made = Fork(ours, theirs, member)
        made.ours_note = made.grow(ours, 2, "LEFT")
        made.theirs_note = made.grow(theirs, 4, "RIGHT")
        yield made


def assert_evidence(folder, text, ours, theirs):
    """Both notes are files, called by size and hash, and the message names both checkpoints."""
    kept = {path.name: path.read_text() for path in folder.glob("*.note")}
    for note in (ours, theirs):
        name = f"{head_size(note)}-{hashlib.sha256(note.encode()).hexdigest()[:16]}.note"
        assert kept.get(name) == note, (kept, name)
        assert f"size {head_size(note)} root {root_of(note)}" in text, text
    assert "two histories under one key" in text


def test_mirror(fork, tmp_path, children):
    copy = tmp_path / "copy"
    alamo("mirror", copy, "--from", spelled(fork.ours.endpoints["stream"]), "--key", fork.key, "--once")
    before = (copy / "log").read_bytes()
    refused = alamo("mirror", copy, "--from", spelled(fork.theirs.endpoints["stream"]), "--key", fork.key, "--once",
                    check=False)
    assert refused.returncode == 4
    assert_evidence(copy / "evidence", refused.stderr, fork.ours_note, fork.theirs_note)
    assert (copy / "log").read_bytes() == before
    # It goes on serving what it has.
    served = mirror(children, copy, spelled(fork.theirs.endpoints["stream"]), fork.key)
    verified = alamo("verify", "--stream", served.address, "--key", fork.key)
    assert f"size        {head_size(fork.ours_note)}\n" in verified.stdout


def test_verify_and_audit(fork, tmp_path):
    """The command line: what the directory's registry has said, against what a stream gives."""
    for command in ("verify", "audit"):
        folder = tmp_path / command
        refused = alamo(command, fork.ours.dir, "--stream", spelled(fork.theirs.endpoints["stream"]), "--evidence", folder,
                        check=False)
        assert refused.returncode == 4, refused.stderr
        assert_evidence(folder, refused.stderr, fork.ours_note, fork.theirs_note)


def test_pinned_checkpoint(fork, tmp_path):
    pin = tmp_path / "seen"
    words = ["verify", "--key", fork.key, "--pin", pin, "--evidence", tmp_path / "kept", "--stream"]
    alamo(*words, spelled(fork.ours.endpoints["stream"]))
    assert pin.read_text() == fork.ours_note
    refused = alamo(*words, spelled(fork.theirs.endpoints["stream"]), check=False)
    assert refused.returncode == 4
    assert_evidence(tmp_path / "kept", refused.stderr, fork.ours_note, fork.theirs_note)
    assert pin.read_text() == fork.ours_note
    # The other way round the given log is shorter than what is pinned: not a fork yet, and not accepted.
    pin.write_text(fork.theirs_note)
    short = alamo(*words, spelled(fork.ours.endpoints["stream"]), check=False)
    assert short.returncode == 4 and "is signed too" in short.stderr


def test_witness(fork, tmp_path, children):
    """Same size with another root is a fork by itself; a larger one comes without a valid proof."""
    watching = witness(children, tmp_path / "w1", fork.key)
    status, _, line = add_checkpoint(watching, f"old 0\n\n{fork.ours_note}")
    assert status == 200 and line.startswith("— w1.example/witness ")
    proof = base64.b64encode(bytes(32)).decode()
    refused = add_checkpoint(watching, f"old {head_size(fork.ours_note)}\n{proof}\n\n{fork.theirs_note}")
    assert refused[0] == 422
    unproven = tmp_path / "w1" / "unproven"
    assert {path.read_text() for path in unproven.glob("*.note")} == {fork.ours_note, fork.theirs_note}
    for note in (fork.ours_note, fork.theirs_note):
        assert f"size {head_size(note)} root {root_of(note)}" in watching.said()

    other = witness(children, tmp_path / "w2", fork.key)
    assert add_checkpoint(other, f"old 0\n\n{fork.theirs_note}")[0] == 200
    level = fork.grow(fork.ours, head_size(fork.theirs_note) - head_size(fork.ours.ask("head")), "LEVEL")
    refused = add_checkpoint(other, f"old {head_size(level)}\n\n{level}")
    assert refused[0] == 422
    assert_evidence(tmp_path / "w2" / "evidence", other.said(), fork.theirs_note, level)


def test_witness_remembers(fork, tmp_path, children):
    """A witness that is killed and started again has not forgotten, and answers as the standard says."""
    watching = witness(children, tmp_path / "w", fork.key)
    size = head_size(fork.theirs_note)
    assert add_checkpoint(watching, f"old 0\n\n{fork.theirs_note}")[0] == 200
    watching.process.kill()
    watching.process.wait()
    watching = witness(children, tmp_path / "w", fork.key)
    again = add_checkpoint(watching, f"old {size}\n\n{fork.theirs_note}")
    assert again[0] == 200 and again[2].count("\n") == 1
    blob = base64.b64decode(again[2].split()[-1])
    assert len(blob) == 76 and struct.unpack("!Q", blob[4:12])[0] > 1_700_000_000
    assert add_checkpoint(watching, f"old 0\n\n{fork.theirs_note}")[:3] == (409, "text/x.tlog.size", f"{size}\n")
    assert add_checkpoint(watching, f"old {size + 1}\n\n{fork.theirs_note}")[0] == 400
    unknown = fork.theirs_note.replace("registry.alamo/log\n", "other.example/log\n", 1)
    assert add_checkpoint(watching, f"old {size}\n\n{unknown}")[0] == 404
    unsigned = fork.theirs_note.replace(root_of(fork.theirs_note), root_of(fork.ours_note))
    assert add_checkpoint(watching, f"old {size}\n\n{unsigned}")[0] == 403
    assert add_checkpoint(watching, "nonsense")[0] == 400
    assert add_checkpoint(watching, "x" * 140000)[0] == 413
    assert add_checkpoint(watching, "old 0\n\n", path="/elsewhere")[0] == 404


@pytest.mark.parametrize("daemon, endpoint", [("alamo-whoisd", "whois"), ("alamo-rpkid", "rtr"), ("alamo-rootd", "dns")])
def test_daemons(fork, tmp_path, children, daemon, endpoint):
    """A follower that has seen one history and is pointed at the other, at run time and after a restart."""
    house = tmp_path / "house"
    for folder in ("keys/dns", "run"):
        (house / folder).mkdir(parents=True)
    shutil.copy(fork.key, house / "keys" / "log.pub")

    def begin(stream):
        ports = "".join(f"[{section}]\n{key}\n" for section, key in (
            ("whois", "port = 0\nhttp-port = 0"), ("dns", "port = 0\nhttp-port = 0"), ("rpki", "port = 0\nhttp-port = 0")))
        (house / "alamo.conf").write_text(
            f"[network]\nlisten = 127.0.0.1\n[log]\nstream = {spelled(stream.endpoints['stream'])}\n{ports}")
        return children([os.path.join(os.path.dirname(ALAMO), daemon), "-c", house / "alamo.conf"],
                        stderr=open(house / "log.txt", "ab"))

    first = begin(fork.ours)
    seen = house / "run" / f"seen.{daemon}"
    wait_for(seen.exists, what=f"{daemon} to have seen a checkpoint")
    stop(first)
    known = seen.read_text()
    second = begin(fork.theirs)
    said = house / "log.txt"
    wait_for(lambda: "log-fork" in said.read_text(errors="replace"), what=f"{daemon} to notice")
    text = next(line for line in said.read_text(errors="replace").splitlines() if "log-fork" in line)
    assert_evidence(house / "run" / "evidence", text, known, fork.theirs.ask("head"))
    stop(second)
    assert seen.read_text() == known
