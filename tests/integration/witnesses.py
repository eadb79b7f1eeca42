# SPDX-License-Identifier: MIT
"""Mirrors and witnesses as a test starts them, and histories that fork."""

import shutil
import subprocess
import urllib.error
import urllib.request

from harness import ALAMO, Authority, wait_for


def spelled(address):
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Server:
    """A command that prints its endpoint and "ready"."""

    def __init__(self, children, log, *words):
        self.log = log
        self.lines = []
        self.process = children([ALAMO, *words], stdout=subprocess.PIPE, stderr=open(log, "ab"), text=True)
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if line == "ready\n":
                break
        else:
            raise AssertionError(f"{words[0]} did not get ready:\n{self.said()}")

    def said(self):
        return self.log.read_text(errors="replace")

    def word(self, name):
        return next(line.split()[-1] for line in self.lines if line.startswith(name))

    @property
    def address(self):
        return self.word("endpoint")


def mirror(children, path, source, key, listen="127.0.0.1:0", more=()):
    return Server(children, path.with_suffix(".log"), "mirror", path, "--from", source, "--key", key, "--listen", listen,
                  *more)


def witness(children, path, key, listen="127.0.0.1:0", name=None):
    return Server(children, path.with_suffix(".log"), "witness", path, "--listen", listen, "--key",
                  path.with_suffix(".key"), "--log", key, "--name", name or f"{path.name}.example/witness")


def add_checkpoint(server, body, path="/add-checkpoint"):
    """Status, type and text of the answer."""
    request = urllib.request.Request(f"http://{server.address}{path}", data=body.encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def copied(authority, path):
    """The same authority once more, from its files: stopped, with keys and ledger as they are now."""
    copy = Authority.__new__(Authority)
    shutil.copytree(authority.dir, path, ignore=shutil.ignore_patterns("run", "log", "up.log"))
    copy.__dict__.update(authority.__dict__, dir=path, process=None, endpoints={})
    (path / "run").mkdir()
    # A registry that remembers what it signed would refuse to be copied: that is not what is tested here.
    for guard in ("guard", "signer.state"):
        (path / "keys" / guard).unlink(missing_ok=True)
    return copy


def head_size(note):
    return int(note.split("\n")[1])


def root_of(note):
    return note.split("\n")[2]


def wait_for_size(server_dir, size, timeout=20):
    """Until the mirror's own checkpoint has this size."""
    path = server_dir / "checkpoint"
    return wait_for(lambda: path.exists() and head_size(path.read_text()) >= size, timeout, f"a mirror of {size}")
