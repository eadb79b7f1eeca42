# SPDX-License-Identifier: MIT
"""Long work shows itself at a terminal, not in a pipe, and is interrupted without leaving anything half."""

import contextlib
import fcntl
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading

import pytest
from harness import ALAMO, BIN, Key, alamo, mntner, nobody_home, wait_for


def at_terminal(*words, read=4096, env=None):
    """Exit code, standard output, and what a terminal got as standard error."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([ALAMO, *map(str, words)], stdout=subprocess.PIPE, stderr=theirs, env=env or nobody_home())
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):      # EIO: nobody has the other end any more
        while got := os.read(ours, read):
            said += got
    os.close(ours)
    out = process.stdout.read().decode()
    process.stdout.close()
    return process.wait(), out, said.decode()


def frames(target, last):
    """What a log stream sends to who has nothing, up to the first frame of that kind."""
    family = socket.AF_INET if isinstance(target, tuple) else socket.AF_UNIX
    with socket.socket(family) as sock:
        sock.settimeout(60)
        sock.connect(target)
        sock.sendall(b"follow 0\n")
        stream, kinds, got = sock.makefile("rb"), [], []
        while last not in kinds:
            head = stream.read(4)
            body = stream.read(struct.unpack("!I", head)[0])
            kinds.append(body[:1])
            got.append(head + body)
        return dict(zip(kinds, got))


class Stalling:
    """A log stream that says how far the log goes, sends what it was when this was made, and no more; the line stays.

    `late`: seconds that it takes for that, longer than a terminal waits for the first line."""

    def __init__(self, target, path=None, late=0):
        self.target, self.stalled, self.closing, self.late = target, threading.Event(), threading.Event(), late
        self.past = frames(target, b"H")
        if path:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            self.listener.listen()
        else:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self.listener.accept()
                threading.Thread(target=self.answer, args=(ours,), daemon=True).start()

    def answer(self, ours):
        with ours:
            ours.recv(64)
            self.closing.wait(self.late)
            ours.sendall(frames(self.target, b"T")[b"T"] + self.past[b"E"] + self.past[b"H"])
            # Of a unix socket: what the other side has not read.
            wait_for(lambda: not struct.unpack("i", fcntl.ioctl(ours, termios.TIOCOUTQ, b"\0" * 4))[0], 60, "all to be read")
            self.stalled.set()
            self.closing.wait(60)

    def close(self):
        self.closing.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def stalling():
    with contextlib.ExitStack() as stack:

        def make(*words, **options):
            made = Stalling(*words, **options)
            stack.callback(made.close)
            return made

        yield make


def entries(authority, tmp_path, count):
    for number in range(count):
        key = Key(tmp_path / f"key-{number}")
        authority.accept([mntner(f"MORE{number}-MNT", key)], [key])
    return int(authority.ask("head").splitlines()[1])


def interrupted(process):
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def started(*words):
    return subprocess.Popen([ALAMO, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=nobody_home())


LINE = re.compile(r"\ralamo: ([a-z ,]+): (\d+)( of \d+)? \w+(, \d+ %)?(, [\d.]+/s)?(, [\dhmins ]+ left)?\x1b\[K")


def test_mirror_goes_on(own_authority, tmp_path, stalling):
    """At a terminal: what is shown is whole lines in place, and Ctrl-C leaves a copy that goes on."""
    pub, stream = own_authority.dir / "keys/log.pub", "%s:%d" % own_authority.endpoints["stream"]
    slow = stalling(own_authority.endpoints["stream"], late=0.4)
    size = entries(own_authority, tmp_path, 3)
    ours, theirs = pty.openpty()
    process = subprocess.Popen([ALAMO, "mirror", str(tmp_path / "copy"), "--from", slow.address, "--key", str(pub), "--once"],
                               stdout=subprocess.PIPE, stderr=theirs, text=True, env=nobody_home())
    os.close(theirs)
    assert slow.stalled.wait(60)
    wait_for(lambda: (tmp_path / "copy").exists() and sum(f.stat().st_size for f in (tmp_path / "copy").iterdir()) > 1000,
             60, "entries in the copy")
    code, out, _ = interrupted(process)
    said = b""
    with contextlib.suppress(OSError):
        while got := os.read(ours, 4096):
            said += got
    os.close(ours)
    text = said.decode()
    assert code == 1 and "interrupted: what is there is whole, and the same command goes on" in text
    assert out == f"size {size - 3}\n"
    shown = LINE.search(text)
    assert shown and shown[0].startswith(f"\ralamo: mirror: {size - 3} of {size} entries, {(size - 3) * 100 // size} %"), repr(text)
    assert "\x1b[K" not in LINE.sub("", text), repr(text)
    assert f"{shown[0]}\r\nalamo: interrupted" in text          # what is said next has a line of its own
    code, out, _ = at_terminal("mirror", tmp_path / "copy", "--from", stream, "--key", pub, "--once")
    assert code == 0 and out == f"size {size}\n"


@pytest.mark.parametrize("command", ["verify", "audit"])
def test_a_pipe_gets_nothing_within_a_minute(own_authority, tmp_path, command):
    entries(own_authority, tmp_path, 2)
    piped = alamo(command, own_authority.dir)
    assert piped.stderr == ""
    code, out, said = at_terminal(command, own_authority.dir)
    assert code == 0 and out == piped.stdout and LINE.sub("", said).strip() == ""


def test_backup_goes_on(own_authority, tmp_path, stalling):
    """Interrupted, it has what was verified so far; the same command adds the rest."""
    authority, to = own_authority, tmp_path / "backup"
    conf = authority.dir / "alamo.conf"
    before = conf.read_text()
    slow = stalling(str(authority.dir / "run/log.sock"), path=authority.dir / "run/slow.sock")
    size = entries(authority, tmp_path, 3)
    conf.write_text(f"{before}\n[log]\nsocket = run/slow.sock\n")
    process = started("backup", authority.dir, to, "--plain")
    assert slow.stalled.wait(60)
    code, _, err = interrupted(process)
    assert code == 1 and f"The log has {size - 3} entries; the same command goes on behind them" in err, err
    conf.write_text(before)
    told = alamo("backup", authority.dir, to, "--plain").stdout
    assert f"{size} entries, 3 of them new" in told, told
    alamo("restore", to, tmp_path / "again")
    assert (tmp_path / "again/keys/log.key").exists()


def with_program(tmp_path, script, name="alamo-registryd"):
    """A folder of programs in which one of them is a script."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in ("alamo", "alamo-registryd"):
        shutil.copy(BIN / program, programs / program)
    (programs / name).write_text(script)
    (programs / name).chmod(0o755)
    return programs / "alamo"


@pytest.mark.parametrize("command", ["restore", "recover"])
def test_restore_and_recover(own_authority, tmp_path, command):
    """Ctrl-C reaches the registry's program, which ends, and then it is said what that leaves."""
    to, dest, mark = tmp_path / "backup", tmp_path / "again", tmp_path / "started"
    alamo("backup", own_authority.dir, to, "--plain")
    program = with_program(tmp_path, f"#!/bin/sh\necho $$ >{mark}\nexec sleep 1000\n")
    words = {"restore": ["restore", to, dest], "recover": ["recover", own_authority.dir, "--from", to]}[command]
    process = subprocess.Popen([str(program), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=nobody_home(), start_new_session=True)
    wait_for(lambda: mark.exists() and mark.read_text(), 60, "the registry's program")
    os.killpg(process.pid, signal.SIGINT)      # as a terminal does
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "interrupted: " in err, err
    assert not os.path.exists(f"/proc/{mark.read_text().strip()}")
    if command == "restore":
        assert not dest.exists() and f"{dest} is removed again" in err
        assert "alamo up" in alamo("restore", to, dest).stdout      # begins anew
    else:
        assert "the same command goes on" in err


# What a registry's program says of its recovery: each step until the terminal has shown it, for which there is a file then.
TELLING = """#!{python}
import os, pathlib, socket, sys, time
says = socket.socket(fileno=int(os.environ["NOTIFY_SOCKET"].removeprefix("fd:")))
def tell(step, done, total):
    says.send(f"X_ALAMO_STEP={{step}}\\nX_ALAMO_DONE={{done}}\\nX_ALAMO_TOTAL={{total}}\\n".encode())
def until_shown(step, done, total):
    given_up = time.monotonic() + 60
    while not pathlib.Path("{folder}", f"{{done}}-{{total}}").exists() and time.monotonic() < given_up:
        tell(step, done, total)
        time.sleep(0.05)
tell("checking", 0, 0)
until_shown("checking", 10, 40)
tell("checking", 40, 40)
tell("taking", 40, 0)
until_shown("taking", 90, 100)
says.send(b"STATUS=of another kind\\n")
print("a word of its log", file=sys.stderr, flush=True)
tell("taking", 100, 100)
time.sleep({pause})
print("recovered: all of it")
"""


class Telling:
    """`alamo` at a terminal, with such a program beside it."""

    def __init__(self, tmp_path, pause=0):
        self.folder, self.said = tmp_path, ""
        self.program = with_program(tmp_path, TELLING.format(python=sys.executable, folder=tmp_path, pause=pause))

    def start(self, *words):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen([self.program, *map(str, words)], stdout=subprocess.PIPE, stderr=theirs, env=nobody_home())
        os.close(theirs)

    def read(self, until=None):
        """Up to these words, or the end."""
        with contextlib.suppress(OSError):
            while (until is None or until not in self.said) and (got := os.read(self.ours, 4096)):
                self.said += got.decode()
                for done, total in re.findall(r": (\d+) of (\d+) entries", self.said):
                    (self.folder / f"{done}-{total}").touch()

    def end(self):
        """Exit code and standard output."""
        self.read()
        os.close(self.ours)
        out = self.process.communicate(timeout=60)[0].decode()
        return self.process.returncode, out


@pytest.mark.parametrize("command", ["restore", "recover"])
def test_how_far_a_recovery_is(own_authority, tmp_path, command):
    """The registry's program tells, and it is shown as of every other command; what that program prints has lines of its own."""
    to = tmp_path / "backup"
    alamo("backup", own_authority.dir, to, "--plain")
    telling = Telling(tmp_path)
    words = {"restore": ["restore", to, tmp_path / "again"], "recover": ["recover", own_authority.dir, "--from", to]}[command]
    telling.start(*words)
    code, out = telling.end()
    assert code == 0 and out.startswith("recovered: all of it\n"), telling.said
    shown = dict.fromkeys((name, done, of) for name, done, of, *_ in LINE.findall(telling.said))
    assert list(shown) == [(f"{command}, checking", "10", " of 40"), (f"{command}, checking", "40", " of 40"),
                           (command, "90", " of 100"), (command, "100", " of 100")], telling.said
    assert re.fullmatch(r"\r\n\r\na word of its log\r\n(\r\n)?", LINE.sub("", telling.said)), repr(telling.said)
    if command == "recover":
        piped = subprocess.run([telling.program, *map(str, words)], capture_output=True, text=True, env=nobody_home(), check=False)
        assert (piped.returncode, piped.stdout, piped.stderr) == (0, out, "a word of its log\n")


def test_a_recovery_that_is_interrupted_at_a_terminal(own_authority, tmp_path):
    """SIGINT for us alone: the program gets it by us, and what is said then has a line of its own."""
    to, dest = tmp_path / "backup", tmp_path / "again"
    alamo("backup", own_authority.dir, to, "--plain")
    telling = Telling(tmp_path, pause=120)
    telling.start("restore", to, dest)
    telling.read(until="100 of 100")
    telling.process.send_signal(signal.SIGINT)
    assert telling.end()[0] == 1 and not dest.exists()
    assert telling.said.endswith(f"\r\nalamo: interrupted: {dest} is removed again\r\n"), repr(telling.said)


def test_interrupted_while_files_are_unpacked(own_authority, tmp_path):
    """Ctrl-C ends tar as well, and what it has unpacked is gone again."""
    to, dest, mark = tmp_path / "backup", tmp_path / "again", tmp_path / "started"
    alamo("backup", own_authority.dir, to, "--plain")
    with_program(tmp_path, f"#!/bin/sh\nmkdir {dest}/keys\necho $$ >{mark}\nexec sleep 1000\n", "tar")
    env = nobody_home() | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    process = subprocess.Popen([ALAMO, "restore", str(to), str(dest)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
                               start_new_session=True)
    wait_for(lambda: mark.exists() and mark.read_text(), 60, "tar")
    os.killpg(process.pid, signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and f"interrupted: {dest} is removed again" in err and not dest.exists(), err


def recovery(authority_dir, source):
    """What alamo-registryd tells of its recovery: (step, done, total) for each message."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        subprocess.run([BIN / "alamo-registryd", "-c", authority_dir / "alamo.conf", "--recover", source], pass_fds=[theirs.fileno()],
                       env=os.environ | {"NOTIFY_SOCKET": f"fd:{theirs.fileno()}"}, check=True, capture_output=True, timeout=60)
        theirs.close()
        told = []
        while message := ours.recv(65536).decode():
            fields = dict(line.split("=", 1) for line in message.splitlines())
            told.append((fields["X_ALAMO_STEP"], int(fields["X_ALAMO_DONE"]), int(fields["X_ALAMO_TOTAL"])))
        return told


def test_what_a_recovery_tells(own_authority, tmp_path):
    """A ledger of three entries is checked, and brought forward by four: by a folder, and by a stream."""
    authority = own_authority
    before = entries(authority, tmp_path, 2)
    alamo("backup", authority.dir, tmp_path / "old", "--plain")
    size = before
    for number in range(4):
        size = authority.accept([mntner(f"LATER{number}-MNT", authority.hostmaster)], [authority.hostmaster]).index + 1
    alamo("backup", authority.dir, tmp_path / "new", "--plain")
    for name, source in (("folder", tmp_path / "new/log"), ("stream", "%s:%d" % authority.endpoints["stream"])):
        back = tmp_path / name
        alamo("restore", tmp_path / "old", back)
        told = recovery(back, source)
        steps = {step: [(done, total) for is_step, done, total in told if is_step == step] for step in ("checking", "taking")}
        assert len(told) == sum(map(len, steps.values())) and [step for step, *_ in told] == sorted(step for step, *_ in told)
        assert steps["checking"][0] == (0, 0) and steps["checking"][-1] == (before, before)
        assert steps["taking"][0][0] == before and steps["taking"][-1] == (size, size)
