# SPDX-License-Identifier: MIT
"""`alamo keys`: offline roots, m of n, delegate to the log's key; a rotation goes on with the same tree."""

import pytest
from harness import alamo

DAY = "2100-01-01"


@pytest.fixture
def roots(tmp_path):
    made = []
    for name in ("anna", "ben", "carla"):
        path = tmp_path / f"{name}.key"
        alamo("keys", "make-root", path, "--name", f"{name}.example/root")
        assert path.stat().st_mode & 0o777 == 0o400
        made.append(path)
    return made


def pins(roots):
    return [word for root in roots for word in ("--root", f"{root}.pub")]


def refused(*words, code):
    result = alamo(*words, check=False)
    assert result.returncode == code, (result.stdout, result.stderr)
    return result.stderr


def log_key(path):
    alamo("init", path)
    return path / "keys" / "log.pub"


def test_two_of_three(roots, tmp_path):
    log = log_key(tmp_path / "dir")
    note = tmp_path / "keys.note"
    drafted = alamo("keys", "draft", note, "--log", log, "--not-after", DAY).stdout
    assert drafted == (f"registry.alamo/keys\nversion 1\nnot-after {DAY}\n"
                       f"log {log.read_text().strip()} from 0\n")
    refused("keys", "verify", note, *pins(roots), code=2)      # a text, no note yet
    alamo("keys", "sign", note, "--key", roots[0])
    assert "signed by 1 of the 3 roots; 2 are needed" in refused("keys", "verify", note, *pins(roots), code=4)
    refused("keys", "sign", note, "--key", roots[0], code=1)
    alamo("keys", "sign", note, "--key", roots[2])
    assert "by 2 of 3 roots, 2 needed" in alamo("keys", "verify", note, *pins(roots)).stdout
    assert "3 are needed" in refused("keys", "verify", note, *pins(roots), "--need", "3", code=4)
    refused("keys", "verify", note, *pins(roots), "--least", "2", code=4)
    assert alamo("keys", "verify", note, *pins(roots), "--print-log").stdout == log.read_text()
    note.write_text(note.read_text().replace("version 1", "version 2"))
    assert "signed by 0" in refused("keys", "verify", note, *pins(roots), code=4)


def test_past_its_day(roots, tmp_path):
    note = tmp_path / "keys.note"
    alamo("keys", "draft", note, "--log", log_key(tmp_path / "dir"), "--not-after", "2020-01-01")
    for root in roots:
        alamo("keys", "sign", note, "--key", root)
    assert "past its day" in refused("keys", "verify", note, *pins(roots), code=4)


def test_key_cannot_just_be_exchanged(roots, tmp_path):
    """The tree must be known up to where the key changes."""
    old, new = log_key(tmp_path / "old"), log_key(tmp_path / "new")
    first, second = tmp_path / "1.note", tmp_path / "2.note"
    alamo("keys", "draft", first, "--log", old, "--not-after", DAY)
    assert "--last" in refused("keys", "draft", second, "--log", new, "--not-after", DAY, "--after", first, code=2)
    # The same key and another day need nothing.
    assert "version 2\nnot-after 2100-02-01\n" in alamo(
        "keys", "draft", second, "--log", old, "--not-after", "2100-02-01", "--after", first).stdout


def test_pin_by_note(authority, roots, tmp_path):
    note, last, second = tmp_path / "1.note", tmp_path / "last", tmp_path / "2.note"
    alamo("keys", "draft", note, "--log", authority.dir / "keys" / "log.pub", "--not-after", DAY)
    for root in roots[:2]:
        alamo("keys", "sign", note, "--key", root)
    vkey = alamo("keys", "verify", note, *pins(roots), "--print-log").stdout.strip()
    host, port = authority.endpoints["stream"]
    assert "verified" in alamo("verify", "--stream", f"{host}:{port}", "--key", vkey).stdout
    # and the key's end, at a checkpoint that it has signed
    last.write_text(authority.ask("head"))
    size, root = last.read_text().splitlines()[1:3]
    fresh = log_key(tmp_path / "fresh")
    drafted = alamo("keys", "draft", second, "--log", fresh, "--not-after", DAY, "--after", note, "--last", last).stdout
    assert "version 2\n" in drafted
    assert f"log {vkey} from 0 until {size} {root}\nlog {fresh.read_text().strip()} from {size}\n" in drafted
    last.write_text(last.read_text().replace(f"\n{size}\n", f"\n{int(size) + 1}\n"))
    refused("keys", "draft", second, "--log", fresh, "--not-after", DAY, "--after", note, "--last", last, code=4)
