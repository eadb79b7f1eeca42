# SPDX-License-Identifier: MIT
"""Logs that older versions wrote: they open, verify, audit, and go on. tests/data/README.md says how each was made."""

import shutil
import sqlite3
import tarfile

import pytest
from conftest import running
from harness import ROOT, Authority, Key, alamo

LOGS = sorted((ROOT / "tests/data").glob("ledger-*.tar.xz"))


def test_there_is_one():
    assert [path.name for path in LOGS] == ["ledger-9611ef9.tar.xz"]


@pytest.mark.parametrize("packed", LOGS, ids=lambda path: path.name)
def test_old_log(packed, tmp_path):
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "authority"
    old = sqlite3.connect(f"file:{folder / 'ledger.db'}?mode=ro", uri=True)
    version = old.execute("PRAGMA user_version").fetchone()[0]
    entries = old.execute("SELECT idx, leaf, body FROM entry ORDER BY idx").fetchall()
    checkpoints = set(old.execute("SELECT size, note FROM checkpoint"))
    contacts = old.execute("SELECT count(*) FROM side").fetchone()[0]
    old.close()
    assert len(entries) >= 8 and checkpoints and contacts and version < 3

    with running(folder, made=True) as authority:
        # Verified and audited by its own log key, and every object is there.
        assert "verified: " in alamo("verify", folder).stdout
        assert "clean: " in alamo("audit", folder).stdout
        for key in ("FISHER-MNT", "fisher.alamo", "AS-FISHER", "ANN-MNT"):
            assert key in authority.whois(key), key
        assert "no entries found" in authority.whois("gone.alamo").lower()
        # And it goes on.
        authority.member(Key(tmp_path / "new"), "NEWER")
        assert "clean: " in alamo("audit", folder).stdout
        authority.stop()

    # What was there is there, byte for byte; and the old file beside it.
    for name, exact in ((f"ledger.db.v{version}", True), ("ledger.db", False)):
        kept = sqlite3.connect(f"file:{folder / name}?mode=ro", uri=True)
        found = kept.execute("SELECT idx, leaf, body FROM entry ORDER BY idx").fetchall()
        assert found[:len(entries)] == entries and (found == entries) == exact, name
        assert checkpoints <= set(kept.execute("SELECT size, note FROM checkpoint"))
        assert kept.execute("SELECT count(*) FROM side").fetchone()[0] == contacts
        kept.close()


def test_newer_file_is_refused(tmp_path):
    """By a program that does not know what is in it."""
    authority = Authority(tmp_path / "dir")
    shutil.copy(authority.dir / "ledger.db", tmp_path / "copy")
    database = sqlite3.connect(authority.dir / "ledger.db")
    database.execute("PRAGMA user_version = 99")
    database.commit()
    database.close()
    result = alamo("up", authority.dir, check=False)
    assert result.returncode == 1 and "version=99" in result.stderr
