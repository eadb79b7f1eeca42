# SPDX-License-Identifier: MIT
"""Somebody in the middle, for every line that clients, followers, mirrors, witnesses and the registry have between them.

Questions  the request port      `answer(sent, true)` gives what the client gets
Stream     the log stream        `change(frame)` gives the frames that go on; rate, stall, keep
Files      HTTP                  `answer(path, status, body)` gives another status and body, or `lies` has them
Cheat      no middle: a registry that serves any entries as a log, under the authority's own key

All listen on `address`, and freeze while `frozen` is true. What is asked for again after close() or cut() finds the
line broken. Daemon is a follower at the end of a Stream.
"""

import base64
import contextlib
import glob
import hashlib
import http.client
import http.server
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
import urllib.request

from harness import BIN, Key, alamo, run, stop, wait_for

REQUEST_END = re.compile(rb"-----END (SSH SIGNATURE|CONTACT [^\n]*)-----\n\n")
CHUNK_S = 0.02
PING = struct.pack("!IB", 1, ord("P"))


class Between:
    """Takes connections; talk(connection) has a thread for each."""

    def __init__(self):
        self.frozen = False
        self.closing = threading.Event()
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.closing.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept(); the descriptor is closed when nobody waits on it
        self.thread.join()
        self.listener.close()
        self.cut()

    def cut(self):
        """The line breaks; the next connection is taken again."""
        held, self.open = self.open, []
        for sock in held:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def accept(self):
        while not self.closing.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError, EOFError):
            self.talk(connection)

    def thawed(self):
        """Waits as long as the line is frozen; False: there is no more of it."""
        while self.frozen and not self.closing.wait(CHUNK_S):
            pass
        return not self.closing.is_set()


# ---- the request port ----


class Questions(Between):
    """`answer(sent, true)` gives what the client gets for the bytes it sent; None closes the connection instead."""

    def __init__(self, target, answer=lambda sent, true: true):
        self.target, self.answer = target, answer
        self.requests = []     # signed requests that came
        self.questions = []
        super().__init__()

    def ask(self, sent):
        with socket.create_connection(self.target, timeout=30) as sock:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while got := sock.recv(65536):
                answer += got
        return answer

    def talk(self, connection):
        waiting = b""
        while got := connection.recv(65536):
            waiting += got
            while waiting:
                if waiting.startswith(b"request:"):
                    *_, end = [0, *(match.end() for match in REQUEST_END.finditer(waiting))]
                else:
                    end = waiting.find(b"\n") + 1
                if end == 0:
                    break
                sent, waiting = waiting[:end], waiting[end:]
                true = self.ask(sent)
                (self.requests if sent.startswith(b"request:") else self.questions).append(sent)
                said = self.answer(sent, true)
                if said is None or not self.thawed():
                    return
                connection.sendall(said)


BARE = b"""SUMMARY OF UPDATE: x
  Create SUCCEEDED: [mntner] FAKE-MNT
  Create SUCCEEDED: [aut-num] AS666
  Create SUCCEEDED: [inet6num] fca1:666::/48
  Create SUCCEEDED: [route6] fca1:666::/48AS666
% receipt: index 1
no
% end
"""


def is_request(sent):
    return sent.startswith(b"request:")


class Person:
    """Somebody with a home of their own, who talks to the registry through Questions."""

    def __init__(self, home, authority, middle):
        self.home, self.authority, self.middle = home, authority, middle
        home.mkdir()
        self.key = Key(home / "key")
        self.environment = {**os.environ, "HOME": str(home), "ALAMO_SERVER": middle.address, "ALAMO_KEY": str(self.key.path)}
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            self.environment.pop(name, None)

    def cli(self, *words, check=True, **keywords):
        return alamo(*words, env=self.environment, check=check, stdin=subprocess.DEVNULL, **keywords)

    def fails(self, *words):
        """Verification failed, and nobody was told that anything was done."""
        result = self.cli(*words, check=False)
        assert result.returncode == 4, (result, self.middle.questions)
        assert "SUCCEEDED" not in result.stdout and "Welcome" not in result.stdout
        return result.stderr

    def pin(self, network="alamo"):
        return self.home / ".config/alamo/networks" / network

    def receipts(self):
        return sorted((self.home / ".local/share/alamo/alamo/receipts").glob("*"))

    def pending(self):
        return sorted((self.home / ".local/state/alamo/alamo/pending").glob("*"))


# ---- the log stream ----


def framed(kind, body):
    return struct.pack("!I", 1 + len(body)) + kind.encode() + body


class Stream(Between):
    """Forwards one stream's bytes.

    rate   bytes a second downwards, or None
    heads  so many pass before the rate begins
    stall  (bytes, seconds): a pause behind every so many bytes
    keep   of a frame's kind ("E", "H", ...), whether it is passed on; `kinds` says what went
    change of (kind, body), the frames that are passed on instead, as bytes

    While frozen, each frame becomes a ping.
    """

    def __init__(self, upstream, rate=None, stall=None, keep=None, change=None, heads=0):
        self.upstream, self.rate, self.stall, self.keep, self.change, self.heads = upstream, rate, stall, keep, change, heads
        self.forwarded = 0
        self.kinds = []
        super().__init__()

    def connect(self):
        if isinstance(self.upstream, tuple):
            return socket.create_connection(self.upstream, timeout=None)
        up = socket.socket(socket.AF_UNIX)
        up.connect(str(self.upstream))
        return up

    def talk(self, connection):
        with self.connect() as up:
            self.open.append(up)
            copier = threading.Thread(target=self.copy, args=(connection, up), daemon=True)
            copier.start()
            with contextlib.suppress(OSError, EOFError):
                self.deliver(up.makefile("rb"), connection)
            for sock in (up, connection):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            copier.join()

    def copy(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def deliver(self, source, down):
        while True:
            frame = read_frame(source)
            frames = [PING] if self.frozen else self.change(chr(frame[4]), frame[5:]) if self.change else [frame]
            for frame in frames:
                kind = chr(frame[4])
                if self.keep is None or self.keep(kind):
                    self.kinds.append(kind)
                    self.send(down, frame)

    def send(self, down, data):
        slow = self.rate is not None and self.kinds.count("H") >= self.heads
        step = max(1, int(self.rate * CHUNK_S)) if slow else len(data)
        if self.stall is not None:
            step = min(step, self.stall[0])
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            down.sendall(piece)
            before = self.forwarded
            self.forwarded += len(piece)
            if slow:
                time.sleep(CHUNK_S)
            if self.stall is not None and before // self.stall[0] != self.forwarded // self.stall[0]:
                time.sleep(self.stall[1])


def read_frame(source):
    head = source.read(4)
    if len(head) < 4:
        raise EOFError
    return head + source.read(struct.unpack("!I", head)[0])


def read_log(authority):
    """All entries, by the stream's own protocol."""
    entries = []
    with socket.create_connection(authority.endpoints["stream"], timeout=30) as sock:
        sock.sendall(b"follow 0\n")
        frames = sock.makefile("rb")
        while True:
            frame = read_frame(frames)[4:]
            if frame[:1] == b"E":
                at = 9
                while at < len(frame):
                    length = struct.unpack_from("!H", frame, at)[0]
                    entries.append(frame[at + 2 : at + 2 + length])
                    at += 2 + length
            elif frame[:1] == b"H" and int(frame[1:].split(b"\n")[1]) == int(authority.ask("head").splitlines()[1]):
                assert len(entries) == int(frame[1:].split(b"\n")[1])
                return entries


def tree_root(leaves):
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_root(leaves[:half]) + tree_root(leaves[half:])).digest()


def signed_head(authority, size, root, scratch):
    """A note of the authority's own key over any size and root."""
    _, _, origin, identity, secret = (authority.dir / "keys" / "log.key").read_text().strip().split("+", 4)
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
    (scratch / "text").write_bytes(text)
    seed = base64.b64decode(secret)[1:]
    (scratch / "key").write_bytes(bytes.fromhex("302e020100300506032b657004220420") + seed)
    signature = run("openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", scratch / "key", "-in",
                    scratch / "text", text=False).stdout
    return text + f"\n\N{EM DASH} {origin} {base64.b64encode(bytes.fromhex(identity) + signature).decode()}\n".encode()


class Cheat(Between):
    """Serves any entries as a log, under a head signed by the authority's own key."""

    def __init__(self, authority, entries, scratch):
        note = signed_head(authority, len(entries), tree_root(entries), scratch)
        bodies = [struct.pack("!QH", i, len(entry)) + entry for i, entry in enumerate(entries)]
        self.frames = [framed("T", note), *(framed("E", body) for body in bodies), framed("H", note)]
        super().__init__()

    def talk(self, connection):
        connection.makefile("rb").readline()
        for frame in self.frames:
            connection.sendall(frame)
        while connection.recv(1024):
            pass


# ---- HTTP ----


class Files(Between):
    """Hands on what another server has; `lies` has what it says instead: bytes, or a status."""

    def __init__(self, base, answer=lambda path, status, body: (status, body)):
        self.base, self.answer = base, answer
        self.lies = {}
        self.asked = []
        super().__init__()
        self.url = f"http://{self.address}"

    def fetch(self, method, path, body):
        lie = self.lies.get(path)
        if lie is not None:
            return (lie, b"") if isinstance(lie, int) else (200, lie)
        line = http.client.HTTPConnection(self.base.removeprefix("http://"), timeout=30)
        with contextlib.closing(line):
            line.request(method, path, body)
            answer = line.getresponse()
            return answer.status, answer.read()

    def talk(self, connection):
        files = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                length = int(self.headers.get("Content-Length") or 0)
                files.asked.append(self.path)
                said = files.answer(self.path, *files.fetch(self.command, self.path, self.rfile.read(length)))
                if said is None or not files.thawed():
                    self.close_connection = True
                    return
                if isinstance(said, bytes):     # bytes of the line itself
                    self.wfile.write(said)
                    self.close_connection = True
                    return
                status, body = said
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *words):
                pass

        Handler(connection, ("", 0), None)


# ---- a follower ----


def wrong_clock(clock):
    """An environment for Daemon in which it is another day ("-30d", or as the file of a Path says just then); time goes by as ever."""
    (library,) = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    said = {"FAKETIME": clock} if isinstance(clock, str) else {"FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    return {"LD_PRELOAD": library, **said, "DONT_FAKE_MONOTONIC": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")}


class Daemon:
    """One daemon that follows through a Stream, in a directory of its own."""

    def __init__(self, authority, path, stream, program, env=None, conf=""):
        self.program, self.dir = program, path
        if not path.exists():
            shutil.copytree(authority.dir, path, ignore=shutil.ignore_patterns("run", "log", "ledger.db*", "up.log"))
            (path / "run").mkdir()
        plain = (authority.dir / "alamo.conf").read_text()
        (path / "alamo.conf").write_text(f"{plain}\n[log]\nstream = {stream.address}\n{conf}")
        self.log = open(path / "daemon.log", "ab")
        reading, writing = os.pipe()
        self.process = subprocess.Popen([BIN / program, "-c", path / "alamo.conf", "-r", str(writing)],
                                        pass_fds=[writing], stderr=self.log, env={**os.environ, **(env or {})})
        os.close(writing)
        self.ready_fd = reading
        self.said = ""
        self.endpoints = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)
        os.close(self.ready_fd)
        self.log.close()
        said = (self.dir / "daemon.log").read_text(errors="replace")
        assert "Sanitizer" not in said and "runtime error:" not in said, said[-4000:]

    @property
    def ready(self):
        while select.select([self.ready_fd], [], [], 0)[0]:
            data = os.read(self.ready_fd, 4096).decode()
            if not data:
                break
            self.said += data
        for line in self.said.splitlines():
            words = line.split()
            if words[0] == "endpoint" and len(words) == 3:
                host, port = words[2].rsplit(":", 1)
                self.endpoints.setdefault(words[1], (host.strip("[]"), int(port)))
        return "ready\n" in self.said

    def endpoint(self, name):
        """Each is a line of its own: the first being there says nothing about the others."""
        return wait_for(lambda: (self.ready, self.endpoints.get(name))[1], what=f"endpoint {name}")

    def metric(self, name):
        """Of its HTTP port; "" while there is none."""
        host, port = self.endpoint({"alamo-whoisd": "rdap", "alamo-rootd": "dns-http", "alamo-rpkid": "roas"}[self.program])
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"{name} "):
                    return int(line.split()[1])
        return None

    @property
    def text(self):
        return (self.dir / "daemon.log").read_text(errors="replace")
