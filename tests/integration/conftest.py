# SPDX-License-Identifier: MIT
"""Fixtures: authorities that run, keys, and a network namespace."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys

import pytest
from harness import BIN, DAEMONS, ROOT, Authority, Key, run, stop

sys.path.insert(0, str(ROOT / "tests" / "lab"))
from machines import Internet, NotHere  # of tests/lab
CLONE_NEWNET = 0x40000000
# Files that take longest, and begin first, so that none is left alone at the end of a run of several at a time.
LONGEST = [f"test_{name}.py" for name in ("mesh_pilot", "validators", "node", "routers", "kill9_load", "patroni", "postgresql")]
# A shell's job in the background ignores SIGINT, and all that is started here would, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}


def pytest_collection_modifyitems(items):
    missing = [name for name in ("alamo", *DAEMONS) if not (BIN / name).exists()]
    if missing:
        raise pytest.UsageError(f"{', '.join(missing)} not in {BIN}: run script/setup, or set ALAMO_BIN")
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@contextlib.contextmanager
def running(path, **options):
    authority = Authority(path, **options)
    try:
        yield authority.start()
    except BaseException:
        with contextlib.suppress(OSError):
            print((authority.dir / "up.log").read_text()[-6000:])
        raise
    finally:
        authority.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """One for all tests of a file."""
    with running(tmp_path_factory.mktemp("authority") / "dir") as made:
        yield made


@pytest.fixture
def own_authority(tmp_path):
    """One for this test alone: it may be killed."""
    with running(tmp_path / "dir") as made:
        yield made


@pytest.fixture
def key(tmp_path):
    return Key(tmp_path / "member")


@contextlib.contextmanager
def own_netns():
    """We and our children in a network namespace of their own, with lo up."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespace here: {os.strerror(ctypes.get_errno())}")
        run("ip", "link", "set", "lo", "up")
        yield
    finally:
        libc.setns(before, CLONE_NEWNET)
        os.close(before)


@contextlib.contextmanager
def own_children():
    """Starts programs that are stopped at the end: start(["bird", ...])."""
    with contextlib.ExitStack() as stack:

        def start(command, **keywords):
            process = subprocess.Popen([str(word) for word in command], **keywords)
            stack.callback(stop, process)
            return process

        yield start


@pytest.fixture
def netns():
    with own_netns():
        yield


@pytest.fixture
def children():
    with own_children() as start:
        yield start


@pytest.fixture
def internet(netns, children, tmp_path):
    """Machines of members on one wire, each a namespace with its own tunnels and router."""
    try:
        made = Internet(tmp_path, children)
    except NotHere as reason:
        pytest.skip(str(reason))
    yield made
    made.close()


@pytest.fixture(scope="session")
def verifier(tmp_path_factory):
    """tests/go/verify_log.go, built with what Debian has; no network."""
    directory = tmp_path_factory.mktemp("go")
    environment = {**os.environ, **GO, "GOCACHE": str(directory / "cache"), "HOME": str(directory)}
    run("go", "build", "-o", directory / "verify_log", ROOT / "tests" / "go" / "verify_log.go", env=environment)
    return directory / "verify_log"
