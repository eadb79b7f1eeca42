# SPDX-License-Identifier: MIT
"""What strangers who follow the log may cost: places, turns, memory. And what they are told."""

import contextlib
import socket
import struct
import threading

import pytest
from conftest import running
from harness import UNPAID, Key, mntner, obj, wait_for

FOLLOWERS = 6
PERSON_BYTES = 44000


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    base = tmp_path_factory.mktemp("crowded")
    conf = {**UNPAID, "stream_connections": FOLLOWERS, "stream_per_source": FOLLOWERS - 2, "stream_reads": 1}
    with running(base / "dir", conf={"registry": conf}) as authority:
        key = Key(base / "member")
        lines = [("remarks", "x" * 1000)] * (PERSON_BYTES // 1018)
        for number in range(140):
            authority.accept([obj(("mntner", f"FILL{number}-MNT"), ("auth", key.public), *lines, mnt=f"FILL{number}-MNT")],
                             [key])
        authority.member_key = key
        yield authority


class Follower:
    def __init__(self, authority, family=0, say=b"follow 0\n"):
        host, port = authority.endpoints["stream"]
        self.sock = socket.create_connection(("::1" if family == 6 else "127.0.0.1", port), timeout=30)
        self.sock.sendall(say)

    def frame(self):
        data = self.read(4)
        body = self.read(struct.unpack("!I", data)[0])
        return body[:1], body[1:]

    def read(self, count):
        data = b""
        while len(data) < count:
            got = self.sock.recv(count - len(data))
            if not got:
                raise EOFError
            data += got
        return data

    def to_size(self, size):
        """Reads until a head of this size; how many entries came."""
        while True:
            kind, body = self.frame()
            if kind == b"H" and int(body.split(b"\n")[1]) >= size:
                return True


def placed(authority, family):
    """A follower with a place: those of the test before may still be leaving."""
    def taken():
        follower = Follower(authority, family)
        with contextlib.suppress(EOFError):
            if follower.frame()[0] == b"T":
                return follower
        follower.sock.close()
        return None

    return wait_for(taken, what="a place")


def test_turned_away_with_a_reason(crowded):
    with contextlib.ExitStack() as stack:
        def follow(family=0):
            follower = Follower(crowded, family)
            first = follower.frame()
            if first[0] == b"T":
                stack.callback(follower.sock.close)
            else:
                follower.sock.close()
            return first

        for _ in range(FOLLOWERS - 2):
            assert follow()[0] == b"T"
        assert follow() == (b"X", b"too many followers: follow a mirror of this log")
        # Another source has places of its own, until there is none at all.
        for _ in range(2):
            assert wait_for(lambda: follow(6)[0] == b"T", what="a place")
        assert follow(6) == (b"X", b"too many followers: follow a mirror of this log")
    assert wait_for(lambda: Follower(crowded).frame()[0] == b"T", what="a free place")


def test_catch_ups_take_turns_beside_requests(crowded):
    """One read at a time: all get the whole log, and requests are decided meanwhile."""
    size = int(crowded.ask("head").split("\n")[1])
    followers = [placed(crowded, 6 if i % 2 else 0) for i in range(FOLLOWERS)]
    done = []
    threads = [threading.Thread(target=lambda f=f: done.append(f.to_size(size))) for f in followers]
    for thread in threads:
        thread.start()
    for number in range(10):
        crowded.accept([mntner(f"MEANWHILE{number}-MNT", crowded.member_key)], [crowded.member_key])
    for thread in threads:
        thread.join(60)
    for follower in followers:
        follower.sock.close()
    assert done == [True] * FOLLOWERS


def test_who_does_not_read_costs_little(crowded):
    """Less than a frame and a half each, and nobody waits for them."""
    def resident():
        with open(f"/proc/{crowded.pid('alamo-registryd')}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))

    before = resident()
    silent = [placed(crowded, 6 if i % 2 else 0) for i in range(FOLLOWERS)]
    for number in range(10):
        crowded.accept([mntner(f"SILENT{number}-MNT", crowded.member_key)], [crowded.member_key])
    assert resident() - before < FOLLOWERS * 2048 + 8192
    for follower in silent:
        follower.sock.close()
