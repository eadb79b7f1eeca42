# SPDX-License-Identifier: MIT
"""Backups of a running authority, and disasters: what was acknowledged before the backup comes back, and nothing is signed over."""

import contextlib
import http.server
import os
import re
import shutil
import subprocess
import threading

import pytest
from conftest import running
from harness import ALAMO, Answer, Key, alamo, run, stop, wait_for
from test_contact import SECRET, block, mntner, person, signed
from test_restore import add, ledger_of, make, registry, size

PASSPHRASE = "of the drawer in the kitchen\n"


@pytest.fixture
def passphrase(tmp_path):
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    return file


def restored(path, registry_size):
    """The authority at `path` runs on from there: a receipt, a log that verifies."""
    with registry(path) as process:
        assert size(process) == registry_size
        assert add(process, path, 1) == registry_size + 1
        assert "verified" in alamo("verify", path).stdout


@contextlib.contextmanager
def web_server(folder):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words):
            super().__init__(*words, directory=str(folder))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_lone_authority_comes_back(tmp_path, passphrase):
    """All daemons, contact texts, the queue's file and every key: the disk is gone, one command makes it again."""
    to, back = tmp_path / "backup", tmp_path / "back"
    with running(tmp_path / "dir") as authority:
        ann = Key(tmp_path / "ann")
        digest, contact = block("ANN-ALAMO", [("e-mail", SECRET)])
        objects = [mntner("ANN-MNT", ann), person("ANN-ALAMO", digest, "ANN-MNT")]
        assert Answer(authority.talk(signed(authority, objects, ann, contact))).accepted
        said = alamo("backup", authority.dir, to, "--passphrase-file", passphrase).stdout
        assert re.search(r"^log +2 entries, 2 of them new; all read again and verified$", said, re.M), said
        made = authority.member(Key(tmp_path / "ben"), name="BEN")
        said = alamo("backup", authority.dir, to, "--passphrase-file", passphrase).stdout
        assert re.search(r"^log +3 entries, 1 of them new;", said, re.M), said
        dns = {file.name for file in (authority.dir / "keys" / "dns").glob("K*.private")}
        trust = (authority.dir / "run" / "trust-anchor.ds").read_text()
    for file in to.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file
            assert file.parent != to or file.stat().st_mode & 0o077 == 0, file
    shutil.rmtree(tmp_path / "dir")
    alamo("restore", to, back, "--passphrase-file", passphrase)
    assert {file.name for file in (back / "keys" / "dns").glob("K*.private")} == dns
    with running(back, made=True) as authority:
        assert SECRET in authority.cli("contact", "show", "ANN-ALAMO").stdout
        assert authority.shown("aut-num", made.key("aut-num"))
        wait_for(lambda: (made.key("inet6num"), 48, int(made.key("aut-num")[2:])) in authority.vrps(), what="the route")
        wait_for(lambda: (authority.dir / "run" / "trust-anchor.ds").read_text() == trust, what="the same trust anchor")
        authority.member(Key(tmp_path / "carl"), name="CARL")
        assert "verified" in alamo("verify", authority.dir).stdout


def test_what_a_mirror_has_beyond_the_backup(tmp_path):
    """The backup is of yesterday: a mirror's stream, its published folder, a web server, and the authority's own tiles have the rest."""
    path, to, mirror = make(tmp_path / "dir"), tmp_path / "backup", tmp_path / "mirror"
    with registry(path) as process:
        old = add(process, path, 2)
        alamo("backup", path, to, "--plain")
        new = add(process, path, 300)
        wait_for(lambda: f"\n{new}\n" in (path / "log" / "checkpoint").read_text(), what="the published log")
        command = [ALAMO, "mirror", mirror, "--from", process.endpoints["stream"], "--key", path / "keys" / "log.pub",
                   "--http", "127.0.0.1:0"]
        copying = subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: f"\n{new}\n" in (mirror / "tiles" / "checkpoint").read_text(), what="the mirror's tiles")
        finally:
            stop(copying)
    with web_server(mirror / "tiles") as url:
        for number, source in enumerate((mirror, mirror / "tiles", path, url)):
            back = tmp_path / f"back-{number}"
            said = alamo("restore", to, back).stdout
            assert f"had 0 entries and has {old};" in said and f"alamo recover {back} --from COPY" in said
            assert f"had {old} entries and has {new};" in alamo("recover", back, "--from", source).stdout
            restored(back, new)


def test_a_stopped_folder_is_its_own_backup(tmp_path):
    path = make(tmp_path / "dir")
    with registry(path) as process:
        new = add(process, path, 3)
    refused = run(ALAMO, "backup", path, tmp_path / "backup", "--plain", check=False)
    assert refused.returncode == 3 and "cp -a" in refused.stderr and "alamo up" in refused.stderr
    run("cp", "-a", path, tmp_path / "copy")
    shutil.rmtree(path)
    restored(tmp_path / "copy", new)


def test_keys_that_are_kept_elsewhere(tmp_path):
    path, to, back = make(tmp_path / "dir"), tmp_path / "backup", tmp_path / "back"
    with registry(path) as process:
        new = add(process, path, 2)
        alamo("backup", path, to, "--no-keys")
    assert "keys" not in run("tar", "-tf", to / "private.tar").stdout
    asked = run(ALAMO, "restore", to, back, check=False)
    assert asked.returncode == 1 and f"alamo recover {back} --from {to}" in asked.stderr
    shutil.copytree(path / "keys", back / "keys")
    (back / "keys" / "log.guard").unlink()
    alamo("recover", back, "--from", to)
    restored(back, new)


def test_half_a_disk(tmp_path):
    """The ledger is damaged, keys and guard are there: the backup does as far as it goes, and that is said."""
    path, to = make(tmp_path / "dir"), tmp_path / "backup"
    with registry(path) as process:
        add(process, path, 300)
        alamo("backup", path, to, "--plain")
        new = add(process, path, 1)
        wait_for(lambda: f"\n{new}\n" in (path / "log" / "checkpoint").read_text(), what="the published log")
    ledger = ledger_of(path)
    ledger.write_bytes(ledger.read_bytes()[:8192])
    with pytest.raises(AssertionError):
        with registry(path):
            pass
    for file in path.glob("ledger.db*"):
        file.unlink()
    short = run(ALAMO, "recover", path, "--from", to, check=False)
    assert short.returncode == 1 and f"size {new} was signed" in short.stderr
    assert "had 301 entries" in alamo("recover", path, "--from", path / "log").stdout
    restored(path, new)


def test_nothing_is_signed_over(tmp_path):
    """A backup that is put back beside its own guard is not the present."""
    path, to, back = make(tmp_path / "dir"), tmp_path / "backup", tmp_path / "back"
    with registry(path) as process:
        add(process, path, 1)
        alamo("backup", path, to, "--plain")
        add(process, path, 1)
    alamo("restore", to, back)
    shutil.copy(path / "keys" / "log.guard", back / "keys" / "log.guard")
    with pytest.raises(AssertionError):
        with registry(back):
            pass
    assert "signed-size=" in (back / "registry.log").read_text()


def test_a_backup_that_is_not_whole(tmp_path, passphrase):
    path, to = make(tmp_path / "dir"), tmp_path / "backup"
    with registry(path) as process:
        new = add(process, path, 2)
        alamo("backup", path, to, "--passphrase-file", passphrase)
        # The log's own bytes: refused at the next backup, and at a restore.
        bundle = next((to / "log" / "tile" / "entries").rglob(f"*.p/{new}"))
        good = bundle.read_bytes()
        bundle.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
        refused = run(ALAMO, "backup", path, to, "--passphrase-file", passphrase, check=False)
        assert refused.returncode == 4 and "it is left as it is" in refused.stderr
    back = tmp_path / "back"
    refused = run(ALAMO, "restore", to, back, "--passphrase-file", passphrase, check=False)
    assert refused.returncode == 1 and "another history, or damaged" in refused.stderr
    bundle.write_bytes(good)
    shutil.rmtree(back)
    # What is sealed: another passphrase, and every kind of damage.
    wrong = tmp_path / "wrong"
    wrong.write_text("of the drawer in the bathroom\n")
    sealed = to / "private.sealed"
    bytes_ = sealed.read_bytes()
    for text, file in ((bytes_, wrong), (bytes_[:-1], passphrase), (bytes_ + b"x", passphrase),
                       (bytes_[:200] + bytes([bytes_[200] ^ 1]) + bytes_[201:], passphrase)):
        sealed.write_bytes(text)
        refused = run(ALAMO, "restore", to, back, "--passphrase-file", file, check=False)
        assert refused.returncode == 4 and "not this passphrase, or the file is damaged" in refused.stderr
        assert not back.exists()
    sealed.write_bytes(b"alamo-sealed 2\n" + bytes_[15:])
    assert run(ALAMO, "restore", to, back, "--passphrase-file", passphrase, check=False).returncode == 1
    sealed.write_bytes(bytes_)
    alamo("restore", to, back, "--passphrase-file", passphrase)
    restored(back, new)


@pytest.mark.parametrize("words,said", [
    (("backup", "{dir}", "{to}"), "say --passphrase-file FILE"),
    (("backup", "{dir}", "{to}", "--plain", "--no-keys"), "say --passphrase-file FILE"),
    (("backup", "{dir}", "{to}", "--passphrase-file", "{short}"), "at least 12 characters"),
    (("backup", "{to}", "{to}", "--plain"), "No such file"),
    (("restore", "{dir}", "{to}"), "is no backup"),
    (("recover", "{dir}", "--from", "{empty}"), "has no published log"),
    (("recover", "{dir}", "--from", "http://127.0.0.1:9"), "gives no answer"),
])
def test_words_for_people(tmp_path, words, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "short").write_text("short\n")
    path = make(tmp_path / "dir")
    words = [word.format(dir=path, to=tmp_path / "to", short=tmp_path / "short", empty=tmp_path / "empty") for word in words]
    answer = run(ALAMO, *words, check=False)
    assert answer.returncode not in (0, 139) and said in answer.stderr, answer.stderr
    assert not os.path.exists(tmp_path / "to" / "private.tar")
