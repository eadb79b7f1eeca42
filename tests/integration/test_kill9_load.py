# SPDX-License-Identifier: MIT
"""kill -9 of the registry at 300 random moments while clients send: nothing that was acknowledged is lost.

The daemon runs alone and is started again at once, so that a round takes a fraction of a second. After each kill the log
stream is read on from what is known, and every acknowledged request must stand, byte for byte, at the index of its
receipt. At the end the whole log is read again, every request is repeated and must get the same index, and `alamo
verify` reads it all.
"""

import concurrent.futures
import os
import random
import signal
import socket
import struct
import subprocess
import time

from harness import BIN, Answer, Authority, Key, mntner, request_text

KILLS = 300
CLIENTS = 4
REQUESTS = 6000          # made beforehand; a round uses some ten
AT_ONCE = 500            # files a call of ssh-keygen
SEED = 19700101


class Registry:
    """alamo-registryd alone."""

    def __init__(self, authority):
        self.authority = authority
        self.process = None

    def start(self):
        ready, other = os.pipe()
        with open(self.authority.dir / "registryd.log", "ab") as log:
            self.process = subprocess.Popen([BIN / "alamo-registryd", "-c", self.authority.dir / "alamo.conf", "-r", str(other)],
                                            stderr=log, pass_fds=[other])
        os.close(other)
        endpoints = {}
        with os.fdopen(ready) as lines:
            for line in lines:
                words = line.split()
                if words[0] == "endpoint":
                    host, port = words[2].rsplit(":", 1)
                    endpoints.setdefault(words[1], (host.strip("[]"), int(port)))
                if words == ["ready"]:
                    self.authority.endpoints = endpoints
                    return
        raise AssertionError("no start:\n" + (self.authority.dir / "registryd.log").read_text()[-4000:])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def prepare(authority, key, directory):
    """Signed requests, each for a maintainer of its own."""
    directory.mkdir()
    files = []
    for number in range(REQUESTS):
        path = directory / str(number)
        path.write_text(request_text([mntner(f"KILL{number}-MNT", key)], name=f"kill-{number}"))
        files.append(path)
    for first in range(0, len(files), AT_ONCE):
        subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", authority.namespace, "-f", key.path,
                        *files[first : first + AT_ONCE]], check=True, capture_output=True)
    return [path.read_bytes() + path.with_suffix(".sig").read_bytes() for path in files]


def read_log(authority, known):
    """The entries from `known` to the newest checkpoint, by the log stream."""
    size = int(authority.ask("head").splitlines()[1])
    entries = []
    with socket.create_connection(authority.endpoints["stream"], timeout=30) as sock, sock.makefile("rb") as stream:
        sock.sendall(f"follow {known}\n".encode())
        while True:
            length = struct.unpack("!I", stream.read(4))[0]
            frame = stream.read(length)
            assert len(frame) == length and frame[:1] != b"X", frame[:100]
            if frame[:1] == b"E":
                assert struct.unpack("!Q", frame[1:9])[0] == known + len(entries)
                at = 9
                while at < length:
                    entry = struct.unpack("!H", frame[at : at + 2])[0]
                    entries.append(frame[at + 2 : at + 2 + entry])
                    at += 2 + entry
            elif frame[:1] == b"H" and int(frame.split(b"\n", 2)[1]) == size:
                assert len(entries) == size - known
                return entries


def send(authority, requests, number, pause):
    """One request. Its answer, or None when the registry went away meanwhile."""
    time.sleep(pause)
    try:
        text = authority.talk(requests[number], timeout=30)
    except OSError:
        return None
    if not text.endswith("% end\n"):
        return None
    answer = Answer(text)
    assert answer.accepted, text
    return answer


class Load:
    def __init__(self, authority, requests):
        self.authority, self.requests = authority, requests
        self.chance = random.Random(SEED)
        self.next = [list(range(client, REQUESTS, CLIENTS))[::-1] for client in range(CLIENTS)]
        self.index = {}          # request number -> acknowledged index
        self.in_doubt = 0        # requests without an answer that were sent again
        self.repeated = 0        # of them, those that had been stored

    def client(self, waiting, chance, known):
        """Until the registry is gone. What had no answer goes again first, the same bytes."""
        while True:
            number = waiting[-1]
            answer = send(self.authority, self.requests, number, chance.uniform(0, 0.01))
            if answer is None:
                self.in_doubt += 1
                return
            if answer.index < known:
                self.repeated += 1
            self.index[number] = answer.index
            waiting.pop()

    def round(self, registry, pool, known):
        clients = [pool.submit(self.client, waiting, random.Random(self.chance.random()), known) for waiting in self.next]
        time.sleep(self.chance.uniform(0.001, 0.025))
        registry.kill()
        for client in clients:
            client.result()


def test_nothing_acknowledged_is_lost(tmp_path):
    # Budgets limit what one key may ask for; this is one key.
    authority = Authority(tmp_path / "dir", listen="127.0.0.1", conf={"registry": {"budget_source": 0, "budget_key": 0}})
    registry, key = Registry(authority), Key(tmp_path / "member")
    load = Load(authority, prepare(authority, key, tmp_path / "requests"))
    log, checked = [], set()

    def check():
        log.extend(read_log(authority, len(log)))
        for number in load.index.keys() - checked:
            index = load.index[number]
            assert index < len(log), f"request {number}, acknowledged at {index}, is not in the log"
            assert log[index].endswith(load.requests[number]), f"not request {number} at {index}"
            checked.add(number)

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for _ in range(KILLS):
            registry.start()
            check()
            load.round(registry, pool, len(log))
    registry.start()
    check()
    print(f"{KILLS} kills, {len(load.index)} requests acknowledged, {load.in_doubt} sent again, of which "
          f"{load.repeated} had been stored; log size {len(log)}")
    # The load was one, and kills hit requests under way.
    assert len(load.index) > KILLS // 4 and load.in_doubt > KILLS // 4 and load.repeated > 0
    assert len(set(load.index.values())) == len(load.index)
    assert read_log(authority, 0) == log
    for number in random.Random(SEED).sample(sorted(load.index), min(KILLS, len(load.index))):
        assert Answer(authority.talk(load.requests[number])).index == load.index[number]
    assert "verified" in authority.verify().stdout
    registry.process.terminate()
    assert registry.process.wait(20) == 0
