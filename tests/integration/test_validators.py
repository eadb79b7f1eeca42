# SPDX-License-Identifier: MIT
"""Stock validators accept what `alamo rpki` publishes, whole, and get the routers' own set out of it."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import running
from harness import Key, alamo, obj, wait_for
from validators import LOCATOR, NOTIFY, REPOSITORY, Validators

TRY = ["unshare", "--mount", "--net", "setpriv", "--reuid=_rpki-client", "--regid=_rpki-client", "--init-groups", "true"]
pytestmark = pytest.mark.skipif(subprocess.run(TRY, capture_output=True).returncode != 0,
                                reason="validators change their user, and their servers need namespaces")


class Publisher:
    """An authority with a member, and its publisher; the trust anchor is in a folder of its own."""

    def __init__(self, authority, directory):
        self.authority, self.dir, self.anchor = authority, directory / "publisher", directory / "anchor"
        self.key = Key(directory / "member")
        joined = authority.member(self.key)
        self.prefix, self.asn = joined.key("inet6num"), joined.key("aut-num")
        self.locator = self.dir / "rpki.test.tal"

    def ceremony(self, verb, *words):
        """By files that are carried, as with an anchor that never sees a network."""
        answer = self.anchor.parent / "answer"
        alamo("rpki", verb, self.dir, *words)
        alamo("rpki", "sign", self.anchor, self.dir / "request", answer)
        alamo("rpki", "accept", self.dir, answer)

    def init(self):
        self.ceremony("init", "--repository", REPOSITORY, "--notify", NOTIFY, "--locator", LOCATOR, "--log", self.authority.dir)
        return self

    def publish(self, *words, before=(), check=True):
        return alamo("rpki", "publish", self.dir, "--log", self.authority.dir, *words, check=check)

    def status(self, check=True):
        return alamo("rpki", "status", self.dir, check=check)

    def size(self):
        return int(re.search(r"^size +(\d+)$", self.status().stdout, re.M)[1])

    def files(self, pattern):
        return sorted((self.dir / "current" / "repository").glob(pattern))

    def route(self, subnet, max_length=None):
        """One more specific of the member's prefix."""
        name = self.prefix.replace("::/48", f":{subnet:x}00::/56")
        more = [("max-length", str(max_length))] if max_length else []
        return obj(("route6", name), ("origin", self.asn), *more, mnt="FISHER-MNT")


@pytest.fixture(scope="module")
def publisher(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rpki")
    with running(directory / "authority") as authority:
        yield Publisher(authority, directory).init()


@pytest.fixture
def net(publisher, children):
    """Where validators find the publication. They are not root, so the folder is no deeper than /tmp."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        yield Validators(Path(directory) / "net", publisher.dir / "current", children)


def router_set(publisher):
    """The set that routers have, once it is that of the publication's log size."""
    size = publisher.size()
    session = publisher.authority.rtr()
    try:
        wait_for(lambda: session.reset() is not None and session.serial <= size, timeout=60, what="the routers' set")
        return session.vrps
    finally:
        session.close()


def test_accepted_whole(publisher, net):
    """Over rsync and over RRDP: nothing is dropped, and what comes out is the routers' set at that log size."""
    publisher.publish()
    want = router_set(publisher)
    assert len(want) == 7
    for name, words in (("rsync", ["-R"]), ("rrdp", [])):
        outcome = net.rpki_client(publisher.locator, *words, cache=f"client-{name}")
        assert outcome.vrps == want, outcome.said
        assert outcome.number(r"Route Origin Authorizations: (\d+) \(0 failed parse, 0 invalid\)") == len(publisher.files("ca/*.roa"))
        assert "Certificates: 2 (0 invalid)" in outcome.said and "Manifests: 2 (0 failed parse, 0 stale)" in outcome.said
        assert ("notification.xml: loaded from network" in outcome.said) == (name == "rrdp"), outcome.said
    for name, words in (("rsync", ["--http.enabled=false"]), ("rrdp", ["--rsync.enabled=false"])):
        outcome = net.fort(publisher.locator, *words, cache=f"fort-{name}")
        assert outcome.vrps == want, outcome.said
        assert not re.search(r" (ERR|CRT):", outcome.said), outcome.said
