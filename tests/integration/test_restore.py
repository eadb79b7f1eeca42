# SPDX-License-Identifier: MIT
"""A restored backup is noticed and not signed over; another copy of the log brings it forward. And the key's custody."""

import base64
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from harness import ALAMO, BIN, Authority, Key, alamo, obj, run, stop, wait_for

REGISTRYD = str(BIN / "alamo-registryd")


@contextlib.contextmanager
def registry(path):
    """alamo-registryd alone in an authority's directory; yields its process once it is ready."""
    read, write = os.pipe()
    command = [REGISTRYD, "-c", str(path / "alamo.conf"), "-r", str(write)]
    with open(path / "registry.log", "ab") as log:
        process = subprocess.Popen(command, pass_fds=[write], stderr=log)
    os.close(write)
    try:
        said = b""
        while b"ready\n" not in said:
            got = os.read(read, 4096)
            assert got, "the registry did not start:\n" + (path / "registry.log").read_text()[-3000:]
            said += got
        process.endpoints = {}
        for line in said.decode().splitlines():
            if line.startswith("endpoint "):
                _, name, address = line.split()
                process.endpoints.setdefault(name, address)
        yield process
    finally:
        os.close(read)
        stop(process)


def refused(path):
    """The registry's words when it does not start."""
    result = run(REGISTRYD, "-c", path / "alamo.conf", check=False, timeout=30)
    assert result.returncode == 1, result.stderr
    return result.stderr


def make(path):
    Authority(path, listen="127.0.0.1")
    return path


def add(process, path, count):
    """`count` commits, one request after the other; the log's size."""
    host, port = process.endpoints["requests"].rsplit(":", 1)
    key = Key(path / "keys" / "hostmaster")
    for number in range(count):
        name = f"T{time.monotonic_ns()}-{number}-MNT"
        text = (f"request:        {name}\nprev:           none\n\n"
                + obj(("mntner", name), ("auth", key.public), mnt=name)).encode()
        with socket.create_connection((host, int(port)), timeout=30) as sock:
            sock.sendall(text + key.sign(text))
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while got := sock.recv(65536):
                answer += got
        assert b"% receipt: index " in answer, answer.decode()
    return size(process)


def head(process):
    """The newest signed checkpoint."""
    host, port = process.endpoints["requests"].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as sock:
        sock.sendall(b"head\n")
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while got := sock.recv(65536):
            answer += got
    return answer.decode().removesuffix("% end\n")


def size(process):
    return int(head(process).splitlines()[1])


def child_of(pid, name="alamo-signer"):
    """Of the two that a registry has: who signs, and who opens alamo.conf (alamo-opener)."""
    def look():
        for child in open(f"/proc/{pid}/task/{pid}/children").read().split():
            if open(f"/proc/{child}/comm").read().strip() == name:
                return int(child)
        return None

    return wait_for(look, what=name)


def gone(pid):
    """Ended, whether or not its new parent has looked yet."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def ledger_of(path):
    return path / "ledger.db"


@pytest.fixture
def two_days(tmp_path):
    """An authority that was copied at `old` entries and went on to `new`; stopped."""
    path = make(tmp_path / "dir")
    with registry(path) as process:
        old = add(process, path, 3)
    assert not (path / "ledger.db-wal").exists()
    shutil.copy(ledger_of(path), tmp_path / "yesterday.db")
    with registry(path) as process:
        new = add(process, path, 4)
    assert new == old + 4
    return path, tmp_path / "yesterday.db", old, new


def restore(path, backup):
    for suffix in ("-wal", "-shm"):
        (path / f"ledger.db{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, ledger_of(path))


# ---- a restored backup ----


def test_backup_is_not_signed_over(two_days):
    path, backup, old, new = two_days
    restore(path, backup)
    before = ledger_of(path).read_bytes()
    said = refused(path)
    assert f"ledger-size={old}" in said and f"signed-size={new}" in said, said
    assert "alamo recover DIR --from" in said
    assert refused(path) and ledger_of(path).read_bytes() == before
    up = run(ALAMO, "up", path, check=False, timeout=30)
    assert up.returncode == 1 and "did not start" in up.stderr


def test_backup_of_one_commit_after_a_crash(tmp_path):
    """The guard learns that the last commit is durable without a clean stop."""
    path = make(tmp_path / "dir")
    with registry(path) as process:
        old = add(process, path, 1)
    shutil.copy(ledger_of(path), tmp_path / "yesterday.db")
    with registry(path) as process:
        add(process, path, 1)
        guard = path / "keys" / "log.guard"
        wait_for(lambda: re.search(rb"^kept %d " % (old + 1), guard.read_bytes(), re.M), what="the guard")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    restore(path, tmp_path / "yesterday.db")
    said = refused(path)
    assert f"ledger-size={old}" in said and f"signed-size={old + 1}" in said, said


def test_kill9_is_no_restored_backup(tmp_path):
    path = make(tmp_path / "dir")
    most = 0
    for _ in range(8):
        with registry(path) as process:
            signer = child_of(process.pid)
            most = max(most, add(process, path, 2))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        wait_for(lambda pid=signer: gone(pid), what="the signer's end")
    with registry(path) as process:
        assert size(process) == most


def test_guard_is_needed(two_days):
    path, _, _, new = two_days
    guard = path / "keys" / "log.guard"
    guard.rename(path / "away")
    said = refused(path)
    assert "log.guard" in said and "is missing" in said and "alamo recover" in said
    guard.write_bytes(b"x" * 2048)
    assert "is damaged" in refused(path)
    guard.unlink()
    (path / "away").rename(guard)
    with registry(path) as process:
        assert size(process) == new


# ---- recovery ----


@contextlib.contextmanager
def second_copy(path, tmp_path):
    """The same log with all its entries, served by somebody who kept everything."""
    copy = tmp_path / "copy"
    shutil.copytree(path, copy)
    with registry(copy) as process:
        yield process


@pytest.mark.parametrize("lost", ["restored", "gone", "guard too"])
def test_recover(two_days, tmp_path, lost):
    path, backup, old, new = two_days
    with second_copy(path, tmp_path) as other:
        if lost == "gone":
            ledger_of(path).unlink()
        else:
            restore(path, backup)
        if lost == "guard too":
            (path / "keys" / "log.guard").unlink()
        said = alamo("recover", path, "--from", other.endpoints["stream"])
        assert f"had {0 if lost == 'gone' else old} entries and has {new}" in said.stdout
    assert "alamo recover" not in said.stderr
    with registry(path) as process:
        assert size(process) == new
        assert add(process, path, 2) == new + 2
        assert "verified" in alamo("verify", path).stdout


def test_recover_from_a_mirror(two_days, tmp_path):
    path, backup, old, new = two_days
    mirror = tmp_path / "mirror"
    with second_copy(path, tmp_path) as other:
        alamo("mirror", mirror, "--from", other.endpoints["stream"], "--key", path / "keys" / "log.pub", "--once")
    restore(path, backup)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # The mirror's own source is gone: it serves what it has.
    command = [ALAMO, "mirror", mirror, "--from", "127.0.0.1:9", "--key", path / "keys" / "log.pub",
               "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen([str(word) for word in command], stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: socket.create_connection(("127.0.0.1", port), timeout=2), what="the mirror")
        said = alamo("recover", path, "--from", f"127.0.0.1:{port}")
        assert f"had {old} entries and has {new}" in said.stdout
    finally:
        stop(process)
    with registry(path) as process:
        assert size(process) == new


def test_recover_from_one_that_has_too_little(tmp_path):
    """What it has is taken; what was signed beyond is asked for."""
    path = make(tmp_path / "dir")
    with registry(path) as process:
        old = add(process, path, 1)
    backup = tmp_path / "yesterday.db"
    shutil.copy(ledger_of(path), backup)
    with registry(path) as process:
        middle = add(process, path, 2)
    shutil.copytree(path, tmp_path / "copy")
    with registry(path) as process:
        new = add(process, path, 2)
    restore(path, backup)
    with registry(tmp_path / "copy") as other:
        short = run(ALAMO, "recover", path, "--from", other.endpoints["stream"], check=False)
    assert short.returncode == 1 and old < middle < new
    assert f"entries up to {middle}, but size {new} was signed" in short.stderr
    assert f"ledger-size={middle}" in refused(path)
    nobody = run(ALAMO, "recover", path, "--from", str(tmp_path / "nobody"), check=False)
    assert nobody.returncode == 1 and "no connection" in nobody.stderr
    wrong = run(ALAMO, "recover", path, "--from", "nonsense", check=False)
    assert wrong.returncode in (1, 2)


def test_recover_refuses_a_fork(tmp_path):
    """Another history under the same key: both notes are named and kept, and nothing is taken."""
    path, twin = make(tmp_path / "dir"), tmp_path / "twin"
    with registry(path) as process:
        add(process, path, 2)
    shutil.copytree(path, twin)
    with registry(path) as process:
        ours = add(process, path, 1)
        our_note = head(process)
    with registry(twin) as process:
        add(process, twin, 3)
        their_note = head(process)
        refusal = run(ALAMO, "recover", path, "--from", process.endpoints["stream"], check=False)
    assert refusal.returncode == 1
    assert our_note in refusal.stderr and their_note in refusal.stderr
    assert "two histories under one key" in refusal.stderr
    assert len(list((path / "run" / "evidence").glob("*.note"))) == 2
    with registry(path) as process:
        assert size(process) == ours


# ---- custody ----


def memory(pid):
    """All readable memory of a process, region by region."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            low, high = (int(part, 16) for part in line.split()[0].split("-"))
            if "[v" in line:
                continue
            with contextlib.suppress(OSError, ValueError, OverflowError):
                mem.seek(low)
                left = high - low
                while left > 0:
                    got = mem.read(min(left, 1 << 20))
                    if not got:
                        break
                    left -= len(got)
                    yield got


def holds(pid, needle):
    tail = b""
    for part in memory(pid):
        if needle in tail + part:
            return True
        tail = part[-len(needle):]
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="reads another process's memory")
def test_the_seed_is_in_the_signer_only(tmp_path):
    path = make(tmp_path / "dir")
    text = (path / "keys" / "log.key").read_text().strip()
    seed = base64.b64decode(text.split("+", 4)[4])[1:]
    assert len(seed) == 32
    with registry(path) as process:
        add(process, path, 3)
        signer = child_of(process.pid)
        assert holds(signer, seed)
        assert not holds(process.pid, seed)
        assert not holds(child_of(process.pid, "alamo-opener"), seed)
        assert not holds(process.pid, base64.b64encode(b"\x01" + seed))
        assert not holds(signer, base64.b64encode(b"\x01" + seed))
        assert holds(process.pid, b"registry.alamo/log")      # the search finds what is there
        status = open(f"/proc/{signer}/status").read()
        assert re.search(r"^VmLck:\s+[1-9]", status, re.M), status
        if "signer-unfiltered" not in (path / "registry.log").read_text():
            assert re.search(r"^Seccomp:\s+2", status, re.M) and re.search(r"^NoNewPrivs:\s+1", status, re.M)
        assert re.search(r"Max core file size\s+0\s+0", open(f"/proc/{signer}/limits").read())
        files = sorted(os.readlink(f"/proc/{signer}/fd/{fd}") for fd in os.listdir(f"/proc/{signer}/fd"))
        assert sum(name.startswith("socket:") for name in files) == 1, files
        assert not any("ledger" in name or "log.key" in name or "event" in name for name in files), files


def test_parent_and_signer_end_together(tmp_path):
    path = make(tmp_path / "dir")
    with registry(path) as process:
        signer = child_of(process.pid)
        os.kill(signer, signal.SIGTERM)                        # the parent says when it is over
        add(process, path, 1)
        os.kill(signer, signal.SIGKILL)
        assert process.wait(20) == 1
    assert "event=signer-gone" in (path / "registry.log").read_text()
    with registry(path) as process:
        signer = child_of(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_for(lambda: gone(signer), what="the signer's end")
