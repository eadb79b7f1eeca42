# SPDX-License-Identifier: MIT
"""`alamo verify`: the whole log from its beginning, by whoever wants to know."""

import socket
import struct
import threading

import pytest
from harness import alamo


def spelled(address):
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class StreamProxy(threading.Thread):
    """Relays the log stream; `change` may alter each frame (kind and body) on its way to the reader."""

    def __init__(self, upstream, change):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.upstream, self.change = upstream, change

    def run(self):
        while True:
            reader, _ = self.listener.accept()
            threading.Thread(target=self.relay, args=(reader,), daemon=True).start()

    def relay(self, reader):
        try:
            with reader, socket.create_connection(self.upstream) as source:
                source.sendall(reader.makefile("rb").readline())
                frames = source.makefile("rb")
                while head := frames.read(4):
                    frame = self.change(frames.read(struct.unpack("!I", head)[0]))
                    reader.sendall(struct.pack("!I", len(frame)) + frame)
        except OSError:
            pass


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


def flip(kind, at):
    """Changes one bit `at` bytes from the end of every frame of this kind."""

    def change(frame):
        if frame[:1] != kind:
            return frame
        changed = bytearray(frame)
        changed[at] ^= 1
        return bytes(changed)

    return change


@pytest.mark.parametrize("name, change", [
    ("nothing", lambda frame: frame),
    ("an entry's last byte", flip(b"E", -1)),
    ("a byte inside an entry", flip(b"E", -700)),
    ("the head's signature", flip(b"H", -8)),
    ("the head's size", flip(b"H", len("Hregistry.alamo/log\n"))),
])
def test_every_changed_bit_is_found(authority, name, change):
    proxy = StreamProxy(authority.endpoints["stream"], change)
    proxy.start()
    result = authority.cli("verify", "--stream", spelled(proxy.address), "--key",
                           authority.dir / "keys" / "log.pub", check=False)
    if name == "nothing":
        assert result.returncode == 0 and "verified" in result.stdout
    else:
        assert result.returncode == 4 and "verified" not in result.stdout, (name, result.stdout, result.stderr)


def test_no_stream(authority):
    nowhere = authority.cli("verify", "--stream", "127.0.0.1:1", "--key", authority.dir / "keys" / "log.pub", check=False)
    assert nowhere.returncode == 3
