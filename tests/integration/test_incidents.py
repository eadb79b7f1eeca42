# SPDX-License-Identifier: MIT
"""docs/incidents.md: every command of every card is typed, in the situation that the card is for."""

import re
import shutil
import subprocess

from conftest import running
from harness import ALAMO, BIN, ROOT, Key, alamo, mntner, obj, wait_for
from test_fork import fork  # the fixture
from test_queue import queue_number
from witnesses import head_size, spelled

__all__ = ["fork"]
PAGE = (ROOT / "docs/incidents.md").read_text()


def card(title):
    """The commands of a card, in blocks."""
    text = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]
    found = re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)
    assert found and all(line.startswith("# ") for block in found for line in block.splitlines())
    return [[line[2:] for line in block.splitlines()] for block in found]


class Desk:
    """Where they are typed: the page's paths and names are those of this test."""

    def __init__(self, authority, home, **names):
        self.authority, self.home = authority, home
        home.mkdir(exist_ok=True)
        self.names = {"/var/lib/alamo": str(authority.dir), "/root": str(home), **names}

    def type(self, command):
        for name, real in self.names.items():
            command = command.replace(name, real)
        env = self.authority.environment() | {"HOME": str(self.home)}
        done = subprocess.run(["bash", "-o", "pipefail", "-c", f"PATH={BIN}:$PATH; {command}"], capture_output=True, text=True, env=env, timeout=120,
                              check=False, cwd=self.home)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def follow(self, block):
        return {line: self.type(line) for line in block}


def test_each_card_is_here():
    titles = re.findall(r"^## (.*)$", PAGE, re.M)
    tested = open(__file__, encoding="utf-8").read()
    assert len(titles) >= 5 and all(f'card("{title}")' in tested for title in titles)


def test_stolen_hostmaster_key(own_authority, tmp_path):
    old = Key(own_authority.dir / "keys/hostmaster")
    Desk(own_authority, tmp_path / "root").follow(card("The hostmaster's key is stolen")[0])
    entries = (tmp_path / "root/entries").read_text()
    assert "HOSTMASTER-MNT" in entries
    block = [obj(("inet6num", "fca1:7000::/24"), ("netname", "THIEF"), ("status", "ALLOCATED"), mnt="HOSTMASTER-MNT")]
    old.path, new = tmp_path / "root/hostmaster.stolen", Key(tmp_path / "root/hostmaster")
    assert "AUTH-MNT" in own_authority.send(block, [old]).text
    assert own_authority.send(block, [new]).accepted


def test_two_histories(fork, tmp_path):
    desk = Desk(fork.ours, tmp_path / "root", **{"mirror.example:4344": spelled(fork.theirs.endpoints["stream"])})
    # The file that `alamo verify DIR` holds a log against follows the log at a fifth of a second; a card's reader is slower.
    wait_for(lambda: head_size((fork.ours.dir / "run/checkpoint").read_text()) == head_size(fork.ours_note), what="the checkpoint's file")
    said = desk.follow(card("The log's key is stolen, or there are two histories")[0])
    assert any("not one history" in text and "two histories under one key" in text for text in said.values())
    assert len(list((tmp_path / "root/evidence").glob("*.note"))) == 2
    assert fork.ours.process.wait(20) == 0


def test_lost_disk(tmp_path, children):
    passphrase, mirror = tmp_path / "root/backup-passphrase", tmp_path / "mirror"
    passphrase.parent.mkdir()
    passphrase.write_text("a long word for a backup\n")
    key = Key(tmp_path / "member")
    with running(tmp_path / "dir", ports="any", listen="127.0.0.1") as authority:
        authority.member(key)
        alamo("backup", authority.dir, tmp_path / "backup", "--passphrase-file", passphrase)
        later = authority.accept([mntner("LATER-MNT", key)], [key]).index
        alamo("mirror", mirror, "--from", spelled(authority.endpoints["stream"]), "--key", authority.dir / "keys/log.pub", "--once")
        log_key = (authority.dir / "keys/log.pub").read_text()
    shutil.rmtree(authority.dir)
    (tmp_path / "log.pub").write_text(log_key)
    children([ALAMO, "mirror", mirror, "--from", "127.0.0.1:1", "--key", tmp_path / "log.pub", "--listen", "127.0.0.1:0"],
             stdout=open(tmp_path / "mirror.log", "wb"), stderr=subprocess.STDOUT)
    served = wait_for(lambda: re.search(r"127\.0\.0\.1:(?!1\b)(\d+)", (tmp_path / "mirror.log").read_text()), what="the mirror")[0]
    desk = Desk(authority, tmp_path / "root", **{"/backup/alamo": str(tmp_path / "backup"), "mirror.example:4344": served})
    try:
        said = desk.follow(card("The disk is lost")[0])
        assert any("verified" in text for text in said.values())
        authority.read_endpoints()
        assert f"index {later}," in authority.talk(authority.signed([mntner("LATER-MNT", key)], [key])) or \
            authority.prev("mntner", "LATER-MNT") != "none"
    finally:
        alamo("down", authority.dir, check=False)


def test_flooded_queue(own_authority, tmp_path):
    block = obj(("inet6num", "fca1:7000::/24"), ("netname", "ASK-ME"), ("status", "ALLOCATED"), ("policy", "ask"), ("assign-len", "48"),
                ("assign-min", "40"), ("assign-max", "48"), mnt="HOSTMASTER-MNT")
    own_authority.accept([block], [own_authority.hostmaster])
    key = Key(tmp_path / "flood")
    own_authority.accept([mntner("FLOOD-MNT", key)], [key])
    numbers = [queue_number(own_authority.send([obj(("inet6num", f"fca1:70{n:02x}::/48"), ("netname", "FLOOD-NET"), mnt="FLOOD-MNT")], [key]))
               for n in range(5)]
    said = Desk(own_authority, tmp_path / "root").follow(card("The queue is flooded")[0])
    assert numbers[0] == 1 and "no request waits" in list(said.values())[-1]


def test_hijacked_prefix(own_authority, tmp_path):
    victim, thief = Key(tmp_path / "victim"), Key(tmp_path / "thief")
    made, other = own_authority.member(victim, "FISHER"), own_authority.member(thief, "THIEF")
    prefix, wrong = made.key("inet6num"), other.key("aut-num")
    # With the victim's stolen key, the block has one origin more.
    own_authority.accept([obj(("route6", prefix), ("origin", wrong), mnt="FISHER-MNT")], [victim, thief])
    wait_for(lambda: any(str(row[2]) in wrong and row[0] == prefix for row in own_authority.vrps()), what="the wrong origin")
    desk = Desk(own_authority, tmp_path / "root", **{"fca1:100::/48AS4252660101": prefix + wrong, "fca1:100::": prefix.split("/")[0],
                                                     "127.0.0.1:4324": spelled(own_authority.endpoints["roas"])})
    look, undo = card("A prefix is hijacked")
    assert wrong[2:] in "".join(desk.follow(look).values())
    desk.follow(undo)
    wait_for(lambda: not any(str(row[2]) in wrong and row[0] == prefix for row in own_authority.vrps()), what="its end")
    assert any(row[0] == prefix for row in own_authority.vrps())
