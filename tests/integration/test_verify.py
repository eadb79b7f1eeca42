# SPDX-License-Identifier: MIT
"""`alamo verify`: the whole log from its beginning, by whoever wants to know."""

import pytest
from harness import alamo
from mitm import Stream, framed
from witnesses import spelled


def test_by_directory_server_and_pinned_key(authority, key):
    authority.member(key)
    assert "verified" in authority.verify().stdout
    stream = spelled(authority.endpoints["stream"])
    trusting = authority.cli("verify", "--stream", stream)
    assert "verified" in trusting.stdout and "first contact" in trusting.stderr
    assert authority.cli("verify", "--stream", stream).stderr == ""
    pinned = authority.cli("verify", "--stream", stream, "--key", authority.dir / "keys" / "log.pub")
    assert "verified" in pinned.stdout and pinned.stderr == ""
    assert "signatures  2\n" in pinned.stdout


def test_another_key_verifies_nothing(authority, tmp_path):
    alamo("init", tmp_path / "other")
    wrong = authority.cli("verify", "--stream", spelled(authority.endpoints["stream"]), "--key",
                          tmp_path / "other" / "keys" / "log.pub", check=False)
    assert wrong.returncode == 4 and "verified" not in wrong.stdout


def flip(which, at):
    """Changes one bit `at` bytes from the end of every frame of this kind."""

    def change(kind, body):
        changed = bytearray(body)
        if kind == which:
            changed[at] ^= 1
        return [framed(kind, bytes(changed))]

    return change


@pytest.mark.parametrize("name, change", [
    ("nothing", None),
    ("an entry's last byte", flip("E", -1)),
    ("a byte inside an entry", flip("E", -700)),
    ("the head's signature", flip("H", -8)),
    ("the head's size", flip("H", len("registry.alamo/log\n"))),
])
def test_every_changed_bit_is_found(authority, name, change):
    with Stream(authority.endpoints["stream"], change=change) as middle:
        result = authority.cli("verify", "--stream", middle.address, "--key", authority.dir / "keys" / "log.pub", check=False)
    if name == "nothing":
        assert result.returncode == 0 and "verified" in result.stdout
    else:
        assert result.returncode == 4 and "verified" not in result.stdout, (name, result.stdout, result.stderr)


def test_no_stream(authority):
    nowhere = authority.cli("verify", "--stream", "127.0.0.1:1", "--key", authority.dir / "keys" / "log.pub", check=False)
    assert nowhere.returncode == 3
