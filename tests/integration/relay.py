"""A line between a log stream and its follower: slow, stalling, or in the hands of somebody else."""

import contextlib
import socket
import struct
import threading
import time

CHUNK_S = 0.02


class Relay:
    """Forwards one stream's bytes, and listens on `address`.

    rate   bytes a second downwards, or None
    stall  (bytes, seconds): a pause behind every so many bytes
    keep   of a frame's kind ("E", "H", ...), whether it is passed on; a list of frames sent says what went
    """

    def __init__(self, upstream, rate=None, stall=None, keep=None):
        self.upstream, self.rate, self.stall, self.keep = upstream, rate, stall, keep
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
        step = len(data) if self.rate is None else max(1, int(self.rate * CHUNK_S))
        if self.stall is not None:
            step = min(step, self.stall[0])
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            down.sendall(piece)
            before = self.forwarded
            self.forwarded += len(piece)
            if self.rate is not None:
                time.sleep(CHUNK_S)
            if self.stall is not None and before // self.stall[0] != self.forwarded // self.stall[0]:
                time.sleep(self.stall[1])
