# SPDX-License-Identifier: MIT
"""The published log, verified by code that is not ours: Go's sumdb packages, over HTTP and from the files."""

import concurrent.futures
import http.client
import random
import re
import shutil

import pytest
from conftest import running
from harness import BIN, Answer, Key, mntner, run, wait_for

CHECKPOINTS = 10
ENTRIES = 620          # two full tiles and a bit
SEED = 20240229


def http_get(authority, path):
    """Status, fields, bytes. The path is sent as it is."""
    connection = http.client.HTTPConnection(*authority.endpoints["log-http"], timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def log_url(authority):
    host, port = authority.endpoints["log-http"]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def log_size(authority):
    return int(authority.ask("head").splitlines()[1])


def published(authority, size):
    """The published checkpoint once it has (at least) this size."""
    def look():
        status, _, body = http_get(authority, "/checkpoint")
        return status == 200 and int(body.splitlines()[1]) >= size and body
    return wait_for(look, what=f"size {size} to be published")


def send_many(authority, requests):
    """Signed requests, many on one connection; all must be accepted."""
    for start in range(0, len(requests), 50):
        part = requests[start : start + 50]
        text = authority.talk(b"\n".join(part))
        answers = [Answer(answer) for answer in text.split("% end\n") if answer]
        assert len(answers) == len(part) and all(answer.accepted for answer in answers), text[:2000]


class Log:
    """An authority with some hundred entries, and checkpoints of ten sizes on the way."""

    def __init__(self, authority, directory):
        self.authority = authority
        self.files = authority.dir / "log"
        self.pub = authority.dir / "keys" / "log.pub"
        key = Key(directory / "member")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            requests = list(pool.map(lambda number: authority.signed(
                [mntner(f"TILE{number}-MNT", key)], [key], name=f"tile-{number}"), range(ENTRIES)))
        cuts = sorted(random.Random(SEED).sample(range(1, ENTRIES), CHECKPOINTS - 1)) + [ENTRIES]
        self.checkpoints, done = [], 0
        for cut in cuts:
            send_many(authority, requests[done:cut])
            done = cut
            note = published(authority, log_size(authority))
            path = directory / f"checkpoint-{note.splitlines()[1].decode()}"
            path.write_bytes(note)
            self.checkpoints.append(path)

    def copy(self, directory):
        shutil.copytree(self.files, directory)
        return directory


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    many = {"registry": {"budget_source": 0, "budget_key": 0}}
    with running(tmp_path_factory.mktemp("tiles") / "dir", conf=many) as authority:
        yield Log(authority, tmp_path_factory.mktemp("checkpoints"))


def test_strangers_verify_it_over_http(log, verifier):
    said = run(verifier, "-inclusions", 100, log.pub, log_url(log.authority), *log.checkpoints).stdout
    size = log_size(log.authority)
    assert size > ENTRIES and len({path.name for path in log.checkpoints}) == CHECKPOINTS
    assert f"signature good: registry.alamo/log size {size}\n" in said
    assert f"entries good: {size}\n" in said
    assert "inclusion good: 101\n" in said
    assert f"consistency good: {CHECKPOINTS}\n" in said


def test_strangers_verify_the_files(log, verifier, tmp_path):
    said = run(verifier, log.pub, log.copy(tmp_path / "log"), *log.checkpoints).stdout
    assert f"entries good: {log_size(log.authority)}\n" in said


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name, where", [
    ("tile/entries/000", 0.4), ("tile/entries/001", 0), ("tile/entries/001", 0.9999), ("tile/entries/002.p/*", 0.5),
    ("tile/0/000", 0), ("tile/0/001", 0.5), ("tile/0/001", 0.9999), ("tile/0/002.p/*", 0.3), ("tile/1/000.p/2", 0.7),
    ("checkpoint", 0.2), ("checkpoint", 0.9),
])
def test_one_flipped_bit_is_found(log, verifier, tmp_path, name, where):
    copy = log.copy(tmp_path / "log")
    size = log_size(log.authority)
    path = copy / name.replace("*", str(size % 256))
    flip(path, int(where * path.stat().st_size))
    result = run(verifier, log.pub, copy, *log.checkpoints, check=False)
    assert result.returncode == 1 and "FAILED" in result.stdout, result.stdout + result.stderr


def test_a_fork_is_found(own_authority, verifier, tmp_path):
    """Two histories signed by one key: a checkpoint of the first against the files of the second."""
    authority, key = own_authority, Key(tmp_path / "member")
    authority.accept([mntner("BOTH-MNT", key)], [key])
    published(authority, 2)
    authority.stop()
    shutil.copytree(authority.dir, tmp_path / "copy")
    authority.start()
    authority.accept([mntner("ONE-MNT", key)], [key])
    (tmp_path / "one").write_bytes(published(authority, 3))
    authority.stop()
    shutil.rmtree(authority.dir)
    shutil.copytree(tmp_path / "copy", authority.dir)
    authority.start()
    for name in ("OTHER-MNT", "MORE-MNT"):
        authority.accept([mntner(name, key)], [key])
    published(authority, 4)
    words = [verifier, authority.dir / "keys" / "log.pub", log_url(authority)]
    assert "entries good: 4\n" in run(*words).stdout
    result = run(*words, tmp_path / "one", check=False)
    assert result.returncode == 1 and "FAILED consistency 3 to 4" in result.stdout, result.stdout


def test_fields_and_paths(log):
    status, fields, note = http_get(log.authority, "/checkpoint")
    assert status == 200 and fields["Cache-Control"] == "no-cache" and note == (log.files / "checkpoint").read_bytes()
    assert fields["Content-Type"] == "text/plain; charset=utf-8"
    status, fields, tile = http_get(log.authority, "/tile/0/000")
    assert status == 200 and tile == (log.files / "tile/0/000").read_bytes() and len(tile) == 8192
    assert fields["Content-Type"] == "application/octet-stream"
    assert "immutable" in fields["Cache-Control"] and "max-age=31536000" in fields["Cache-Control"]
    for path in ("/tile/0/003", "/tile/2/000", "/tile/entries/999", "/tile/0/002.p/255", "/tile/0/000.p/256",
                 "/tile/0/../../keys/log.key", "/tile/0/..%2f..%2f../keys/log.key", "/tile//etc/passwd", "/tile/",
                 "/tile/0/x000/000", "/tile/0/000.new", "/tile/64/000", "/tile/entries/000.p/", "/log/checkpoint",
                 "/tile/0/000%00", "/tile/" + "x001/" * 400):
        status, _, body = http_get(log.authority, path)
        assert status in (400, 404), path
        assert b"PRIVATE" not in body and b"root:" not in body


def test_tiles_of_every_size_ever_can_be_had(log):
    """Partial tiles of checkpoints that are long past, cut from the full ones; on disk they are gone."""
    full = (log.files / "tile/0/000").read_bytes()
    bundle = (log.files / "tile/entries/000").read_bytes()
    for width in range(1, 256, 7):
        status, fields, tile = http_get(log.authority, f"/tile/0/000.p/{width}")
        assert status == 200 and tile == full[: 32 * width]
        status, _, part = http_get(log.authority, f"/tile/entries/000.p/{width}")
        assert status == 200 and bundle.startswith(part) and part != bundle


def test_partial_tiles_are_cleared_away(own_authority, tmp_path):
    """Of checkpoints that are not among the newest, once the full tile is there; not before."""
    key = Key(tmp_path / "member")
    files = own_authority.dir / "log" / "tile" / "0"
    requests = [own_authority.signed([mntner(f"CLEAR{number}-MNT", key)], [key]) for number in range(280)]
    send_many(own_authority, requests[:100])
    published(own_authority, 101)
    assert list((files / "000.p").iterdir())
    for start in [100, *range(255, 280)]:
        send_many(own_authority, requests[start : 255 if start == 100 else start + 1])
        published(own_authority, log_size(own_authority))
    wait_for(lambda: not (files / "000.p").exists(), what="the first tile's partial ones to be removed")
    assert (files / "000").stat().st_size == 8192 and list((files / "001.p").iterdir())


def test_goes_on_after_restart_and_kill(own_authority, verifier, tmp_path):
    authority, key = own_authority, Key(tmp_path / "member")
    notes = []
    for number in range(6):
        authority.accept([mntner(f"STEP{number}-MNT", key)], [key])
        path = tmp_path / f"note-{number}"
        path.write_bytes(published(authority, number + 2))
        notes.append(path)
        if number % 2:
            authority.kill9("alamo-registryd")
            wait_for(lambda: log_size(authority), timeout=30, what="the registry to be back")
        else:
            authority.stop()
            authority.start()
    pub = authority.dir / "keys" / "log.pub"
    published(authority, 7)
    said = run(verifier, pub, log_url(authority), *notes).stdout
    assert "entries good: 7\n" in said and "consistency good: 6\n" in said

    # A directory that is lost or damaged is written again from the ledger.
    for damage in (shutil.rmtree, lambda path: flip(path / "tile/0/000.p/7", 40),
                   lambda path: flip(path / "checkpoint", 30)):
        authority.stop()
        damage(authority.dir / "log")
        authority.start()
        published(authority, 7)
        assert "entries good: 7\n" in run(verifier, pub, authority.dir / "log", *notes).stdout


def test_a_failing_directory_holds_nothing_up(own_authority, verifier, tmp_path):
    """The files vanish under the running registry, and for a while cannot be written: requests go on."""
    authority, key = own_authority, Key(tmp_path / "member")
    published(authority, 1)
    shutil.rmtree(authority.dir / "log")
    (authority.dir / "log").write_text("in the way")
    for number in range(5):
        authority.accept([mntner(f"NODIR{number}-MNT", key)], [key])
    wait_for(lambda: "event=publish step=" in (authority.dir / "up.log").read_text(), what="the failure to be told")
    (authority.dir / "log").unlink()
    published(authority, 6)
    assert "entries good: 6\n" in run(verifier, authority.dir / "keys" / "log.pub", authority.dir / "log").stdout


def test_an_older_ledger_is_not_signed_over(own_authority, tmp_path):
    """Yesterday's copy of the ledger, and of what the signer remembers, below today's published checkpoint."""
    authority, key = own_authority, Key(tmp_path / "member")
    authority.accept([mntner("FIRST-MNT", key)], [key])
    published(authority, 2)
    authority.stop()
    copied = [*authority.dir.glob("ledger.db*"), authority.dir / "keys" / "log.guard"]
    before = {path: path.read_bytes() for path in copied}
    authority.start()
    authority.accept([mntner("SECOND-MNT", key)], [key])
    note = published(authority, 3)
    authority.stop()
    for path in authority.dir.glob("ledger.db*"):
        path.unlink()
    for path, data in before.items():
        path.unlink(missing_ok=True)
        path.write_bytes(data)
    result = run(BIN / "alamo-registryd", "-c", authority.dir / "alamo.conf", timeout=60, check=False)
    assert result.returncode == 1
    assert re.search(r"event=publish-fork .*published=3 ledger=2 ", result.stderr), result.stderr
    assert (authority.dir / "log" / "checkpoint").read_bytes() == note


def test_publishing_can_be_left_out(tmp_path):
    with running(tmp_path / "dir") as authority:
        authority.stop()
        shutil.rmtree(authority.dir / "log")
        authority.configure("registry", publish="")
        authority.start()
        status, _, note = http_get(authority, "/checkpoint")
        assert status == 200 and note.decode() == authority.ask("head")
        assert http_get(authority, "/tile/0/000.p/1")[0] == 404
        assert not (authority.dir / "log").exists()
