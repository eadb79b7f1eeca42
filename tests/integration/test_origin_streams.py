# SPDX-License-Identifier: MIT
"""rpkid and a list of log streams: one that answers is enough, and another takes over when it goes."""

import contextlib
import socket

import pytest
from harness import Key, Rtr, wait_for
from mitm import Daemon, Stream


class Several:
    def __init__(self, *addresses):
        self.address = ", ".join(addresses)


@pytest.fixture
def dead():
    """An address where nobody listens, and nobody will."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield "127.0.0.1:%d" % sock.getsockname()[1]


def test_one_is_dead_and_one_dies(authority, tmp_path, dead):
    first = authority.member(Key(tmp_path / "first"), name="FIRST").key("inet6num")
    upstream = authority.endpoints["stream"]
    with Stream(upstream) as one, Stream(upstream) as other:
        with Daemon(authority, tmp_path / "rpkid", Several(dead, one.address, other.address), "alamo-rpkid") as daemon:
            address = daemon.endpoint("rtr")

            def has(prefix):
                with contextlib.closing(Rtr(address)) as router:
                    return prefix in {row[0] for row in router.reset()}

            wait_for(lambda: has(first), timeout=60, what="the set, past a dead address")
            used, spare = (one, other) if one.open else (other, one)
            assert used.open and not spare.open
            used.close()
            second = authority.member(Key(tmp_path / "second"), name="SECOND").key("inet6num")
            wait_for(lambda: has(second), timeout=60, what="the newest set, by the other stream")
            assert spare.open
