# SPDX-License-Identifier: MIT
"""A line between a log stream and its follower: slow, stalling, or in the hands of somebody else. And a daemon at its end."""

import contextlib
import os
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
import urllib.request

from harness import BIN, stop, wait_for

CHUNK_S = 0.02


class Relay:
    """Forwards one stream's bytes, and listens on `address`.

    rate   bytes a second downwards, or None
    heads  so many pass before the rate begins
    stall  (bytes, seconds): a pause behind every so many bytes
    keep   of a frame's kind ("E", "H", ...), whether it is passed on; a list of frames sent says what went
    """

    def __init__(self, upstream, rate=None, stall=None, keep=None, heads=0):
        self.upstream, self.rate, self.stall, self.keep, self.heads = upstream, rate, stall, keep, heads
        self.forwarded = 0
        self.kinds = []
        self.frozen = False      # nothing but what `keep` gave before: pings of our own
        self.closing = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.pairs = []
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.closing = True
        self.cut()
        # shutdown() wakes accept(), which close() does not.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def cut(self):
        """The line breaks; the next connection is taken again."""
        for pair in self.pairs:
            for sock in pair:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self.pairs = []

    def accept(self):
        while not self.closing:
            try:
                down, _ = self.listener.accept()
            except OSError:
                return
            try:
                up = self.connect()
            except OSError:
                down.close()
                continue
            self.pairs.append((up, down))
            threading.Thread(target=self.copy, args=(down, up), daemon=True).start()
            threading.Thread(target=self.deliver, args=(up, down), daemon=True).start()

    def connect(self):
        if isinstance(self.upstream, tuple):
            return socket.create_connection(self.upstream, timeout=None)
        up = socket.socket(socket.AF_UNIX)
        up.connect(str(self.upstream))
        return up

    def copy(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        self.end(source, target)

    def end(self, *socks):
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def deliver(self, up, down):
        with contextlib.suppress(OSError, EOFError):
            source = up.makefile("rb")
            while True:
                frame = self.frame(source)
                kind = chr(frame[4])
                if self.frozen:
                    kind, frame = "P", struct.pack("!IB", 1, ord("P"))
                if self.keep is None or self.keep(kind):
                    self.kinds.append(kind)
                    self.send(down, frame)
        self.end(up, down)

    def frame(self, source):
        head = source.read(4)
        if len(head) < 4:
            raise EOFError
        body = source.read(struct.unpack("!I", head)[0])
        return head + body

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


class Daemon:
    """One daemon that follows through a relay, in a directory of its own."""

    def __init__(self, authority, path, relay, program, env=None, conf=""):
        self.program, self.dir = program, path
        if not path.exists():
            shutil.copytree(authority.dir, path, ignore=shutil.ignore_patterns("run", "log", "ledger.db*", "up.log"))
            (path / "run").mkdir()
        plain = (authority.dir / "alamo.conf").read_text()
        (path / "alamo.conf").write_text(f"{plain}\n[log]\nstream = {relay.address}\n{conf}")
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
