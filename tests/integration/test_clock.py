# SPDX-License-Identifier: MIT
"""A system clock that jumps ahead dates no entry; log times never go back."""

import re
import sys
import time

import pytest
from conftest import running
from harness import ROOT, Key, alamo, mntner, obj, wait_for
from test_queue import ASK, queue_number, waiting, wanted

sys.path.insert(0, str(ROOT / "tests" / "soak"))
from faults import Page  # of tests/soak

DAY = 86400


@pytest.fixture
def skewed(tmp_path, monkeypatch):
    """An authority, and how far its clock is ahead of ours: skewed.ahead(seconds)."""
    page = Page(tmp_path, 1)
    for name, value in page.environment().items():
        monkeypatch.setenv(name, value)
    with running(tmp_path / "dir") as authority:
        monkeypatch.undo()
        authority.ahead = page.clock
        yield authority
        page.clock(0)


def entry_time(authority, index):
    shown = alamo("log", "show", index, "--dir", authority.dir).stdout
    return int(re.search(r"^time (\d+)$", shown, re.M)[1])


def person(authority, name, key):
    return authority.send([mntner(f"{name}-MNT", key)], [key])


def jumped(authority):
    shown = alamo("status", authority.dir, check=False)
    return "CRITICAL clock" in re.sub(" +", " ", shown.stdout)


def test_a_jump_dates_nothing(skewed, tmp_path):
    authority = skewed
    key, other = Key(tmp_path / "one"), Key(tmp_path / "two")
    assert person(authority, "ANN", key).accepted
    block = obj(("inet6num", ASK), ("netname", "ASK-ME"), ("status", "ALLOCATED"), ("policy", "ask"), ("assign-len", "48"),
                ("assign-min", "40"), ("assign-max", "48"), mnt="HOSTMASTER-MNT")
    authority.accept([block], [authority.hostmaster])
    number = queue_number(authority.send([wanted("ANN", 1)], [key]))
    size = authority.ask("head").splitlines()[1]

    authority.ahead(40 * DAY)                # beyond queue-days as well
    refused = person(authority, "BOB", other)
    assert not refused.accepted and "clock has jumped ahead: nothing was stored" in refused.text
    assert not authority.send([obj(("person", "X"), ("nic-hdl", "X-ALAMO"), mnt="HOSTMASTER-MNT")], [authority.hostmaster]).accepted
    assert "POLICY-ASK" not in authority.send([wanted("ANN", 2)], [key]).text      # nothing is queued either
    wait_for(lambda: jumped(authority), what="alamo status says so")
    assert "event=clock-jumped ahead_s=" in (authority.dir / "up.log").read_text()
    # What was there goes on: questions, what was accepted before, and what waits, which is not refused for its age.
    assert authority.ask("head").splitlines()[1] == size and "ANN-MNT" in authority.ask("show mntner ANN-MNT")
    assert list(waiting(authority)) == [number]

    authority.ahead(0)
    now = int(time.time())
    answer = person(authority, "BOB", other)
    assert answer.accepted and now <= entry_time(authority, answer.index) <= now + 60
    assert list(waiting(authority)) == [number]
    wait_for(lambda: not jumped(authority), what="alamo status is content again")
    assert "event=clock-right" in (authority.dir / "up.log").read_text()
    assert alamo("audit", authority.dir).returncode == 0


def test_a_small_step_is_none(skewed, tmp_path):
    skewed.ahead(1800)
    assert person(skewed, "ANN", Key(tmp_path / "one")).accepted and not jumped(skewed)


def test_the_operators_word(skewed, tmp_path):
    """clock-jump-seconds = 0 and a reload: the clock is right. And however it goes on, log times do not go back."""
    authority, conf = skewed, skewed.dir / "alamo.conf"
    before = conf.read_text()
    authority.ahead(30 * DAY)
    assert not person(authority, "ANN", Key(tmp_path / "one")).accepted
    conf.write_text(before.replace("[registry]\n", "[registry]\nclock-jump-seconds = 0\n"))
    assert "clock-jump-seconds = 0" in alamo("reload", authority.dir).stdout
    conf.write_text(before)
    alamo("reload", authority.dir)
    first = person(authority, "ANN", Key(tmp_path / "one"))
    assert first.accepted and entry_time(authority, first.index) > time.time() + 29 * DAY
    # It was wrong after all, and is set back: nothing holds it up, and its next entry is no older than the last.
    authority.ahead(0)
    second = person(authority, "BOB", Key(tmp_path / "two"))
    assert second.accepted and entry_time(authority, second.index) == entry_time(authority, first.index)
    assert alamo("verify", authority.dir).returncode == 0
    # And forward again is a jump again.
    authority.ahead(30 * DAY)
    assert not person(authority, "CAT", Key(tmp_path / "three")).accepted
