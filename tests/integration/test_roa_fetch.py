# SPDX-License-Identifier: MIT
"""`alamo roa fetch` and `verify`: good files for a router, and nothing else, whatever the sources say."""

import base64
import contextlib
import hashlib
import re
import urllib.request

import pytest
from conftest import running
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from harness import ALAMO, Key, attributes, obj, run, wait_for
from mitm import Files

DONE, REFUSED, OFFLINE, UNVERIFIED = 0, 1, 3, 4


class Net:
    """An authority, a member, a mirror, and a router's folder."""

    def __init__(self, authority, mirror, directory):
        self.authority, self.mirror, self.dir = authority, mirror, directory
        self.into = directory / "router"
        self.base = "http://%s:%d" % authority.endpoints["roas"]
        self.key = Key(directory / "member")

    def get(self, path):
        return urllib.request.urlopen(self.base + path, timeout=10).read()

    def fetch(self, *words, sources=None, before=()):
        command = [*before, ALAMO, "roa", "fetch", "--log-key", self.authority.dir / "keys" / "log.pub", "--into", self.into,
                   *words, *(sources or [self.mirror.url])]
        return run(*command, check=False)

    def good(self, *words, **keywords):
        result = self.fetch(*words, **keywords)
        assert result.returncode == DONE, result.stderr
        return result.stdout

    def bad(self, code, text, *words, **keywords):
        """Refused by name; everything in the folder stays as it is."""
        def what_counts():
            return {name: data for name, data in self.files().items() if not name.startswith("evidence")}

        before = what_counts()
        result = self.fetch(*words, **keywords)
        assert result.returncode == code and text in result.stderr, (result.returncode, result.stderr)
        assert what_counts() == before

    def files(self):
        return {path.name: path.read_bytes() for path in self.into.glob("*")} if self.into.exists() else {}

    def join(self, name):
        """One member more; his prefix once it is in the set."""
        prefix = self.authority.member(Key(self.dir / name), name=name.upper()).key("inet6num")
        wait_for(lambda: prefix.encode() in self.get("/roa/set"), what="the route in the set")
        return prefix


@pytest.fixture
def net(tmp_path):
    with running(tmp_path / "dir") as authority:
        mirror = Files("http://%s:%d" % authority.endpoints["roas"])
        try:
            made = Net(authority, mirror, tmp_path)
            made.join("first")
            yield made
        finally:
            mirror.close()


def forge(authority, head, **changes):
    """The head with other fields, signed by the authority's own key for route origins."""
    name, key_hash, data = (authority.dir / "keys" / "roa.key").read_text().strip().removeprefix("PRIVATE+KEY+").split("+", 2)
    seed = base64.b64decode(data)[1:]
    text = head.partition("\n\n")[0] + "\n"
    for field, value in changes.items():
        text = re.sub(rf"^{field} .*$", f"{field} {value}", text, flags=re.M)
    blob = bytes.fromhex(key_hash) + Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode())
    return f"{text}\n\N{EM DASH} {name} {base64.b64encode(blob).decode()}\n".encode()


def set_field(records):
    return f"{len(records)} {hashlib.sha256(records).hexdigest()}"


def test_files_for_a_router(net):
    """All of them, checked by bird; a difference when there is one; the reload until it succeeds, and only for changes."""
    count = net.dir / "reloads"
    reload = f"{net.dir}/reload.sh"
    script = net.dir / "reload.sh"
    script.write_text(f"#!/bin/sh\necho x >> {count}\n")
    script.chmod(0o755)
    net.good("--reload", reload)
    assert {"roas.json", "roas-bird2.conf", "roas-bird2-4.conf", "roas-bird2-6.conf", "head", "set"} == set(net.files())
    assert (net.into / "roas-bird2-6.conf").read_bytes() == net.get("/roas-bird2-6.conf")
    assert count.read_text() == "x\n"
    assert "as before" in net.good("--reload", reload)
    assert count.read_text() == "x\n"
    prefix = net.join("second")
    net.mirror.asked.clear()
    script.write_text("#!/bin/sh\nexit 7\n")
    assert net.fetch("--reload", reload).returncode == REFUSED
    assert prefix in (net.into / "roas-bird2-6.conf").read_text()
    assert [path.rpartition("/")[0] for path in net.mirror.asked] == ["/roa", "/roa/delta"]
    script.write_text(f"#!/bin/sh\necho x >> {count}\n")
    net.good("--reload", reload)
    assert count.read_text() == "x\nx\n"
    # Other files, and no whole set again.
    net.mirror.asked.clear()
    net.good("--file", "roas.csv", "--file", "roas-openbgpd.conf")
    assert prefix in (net.into / "roas.csv").read_text() and "/roa/set" not in net.mirror.asked
    assert net.fetch("--file", "roas.xml").returncode == 2


def test_lies_about_the_set(net):
    net.good()
    net.join("second")
    whole = net.get("/roa/set")
    net.mirror.lies["/roa/delta/2"] = 404
    net.mirror.lies["/roa/set"] = whole[: whole.rindex(b"vrp ")]
    net.bad(UNVERIFIED, "refused: truncated")
    net.mirror.lies["/roa/set"] = whole.replace(b"AS4252660100", b"AS4252660666")
    net.bad(UNVERIFIED, "refused: mismatched")
    net.mirror.lies["/roa/set"] = whole + whole * 1000
    net.bad(UNVERIFIED, "no source has the set")
    net.mirror.lies["/roa/set"] = (net.into / "set").read_bytes()    # of another moment
    net.bad(UNVERIFIED, "no source has the set")
    # A difference that leads elsewhere is not followed, and costs nothing: the set is there too.
    del net.mirror.lies["/roa/set"]
    net.mirror.lies["/roa/delta/2"] = b"delta 2 3\n+vrp fca1:666::/48 48 AS666\n"
    net.good()
    assert (net.into / "set").read_bytes() == whole


def test_lies_about_the_past(net):
    old = net.get("/roa/head")
    net.good()
    net.join("second")
    net.good()
    net.mirror.lies["/roa/head"] = old
    net.bad(UNVERIFIED, "refused: rolled-back")
    head = net.get("/roa/head").decode()
    records = net.get("/roa/set") + b"vrp ffff::/16 16 AS666\n"
    net.mirror.lies["/roa/head"] = forge(net.authority, head, set=set_field(records), vrps=f"0 {records.count(b'vrp')}")
    net.mirror.lies["/roa/set"] = records
    net.bad(UNVERIFIED, "refused: equivocation")
    assert (net.into / "evidence-theirs").read_bytes() == net.mirror.lies["/roa/head"]
    assert (net.into / "evidence-ours").read_bytes() == (net.into / "head").read_bytes()


def test_lies_about_key_log_and_time(net, tmp_path):
    head = net.get("/roa/head")
    net.good()
    with running(tmp_path / "other") as other:
        foreign = "http://%s:%d" % other.endpoints["roas"]
        net.bad(UNVERIFIED, "refused: wrong-key", sources=[foreign])
        net.mirror.lies["/roa/head"] = forge(other, head.decode(), rule=2)    # the text is ours, the signature is not
        net.bad(UNVERIFIED, "refused: wrong-key")
    net.mirror.lies["/roa/head"] = forge(net.authority, head.decode(), size=f"3 {base64.b64encode(bytes(32)).decode()}")
    net.bad(UNVERIFIED, "refused: wrong-log")
    net.mirror.lies["/roa/head"] = forge(net.authority, head.decode(), rule=3)
    net.bad(UNVERIFIED, "refused: other-rule")
    net.mirror.lies["/roa/head"] = forge(net.authority, head.decode(), expires="2026-01-01T00:00:00Z")
    net.bad(UNVERIFIED, "refused: frozen")
    net.mirror.lies["/roa/head"] = forge(net.authority, head.decode(), generated="2099-01-01T00:00:00Z")
    net.bad(UNVERIFIED, "refused: future")
    net.mirror.lies["/roa/head"] = head.replace(b"changed", b"change")
    net.bad(UNVERIFIED, "refused: malformed")
    net.mirror.lies["/roa/head"] = b"x" * 1000000
    net.bad(OFFLINE, "no head")
    policy = net.dir / "policy"
    policy.write_text("witness w w.example+a1b2c3d4+BAAA\nquorum w\n")
    assert net.fetch("--witnesses", policy).returncode == 2


def test_key_revoked(net):
    """A new key, of which a client has heard: what the old one signs is nothing any more."""
    net.good()
    old = net.get("/roa/head")
    run(ALAMO, "roa", "key", net.authority.dir)
    net.authority.kill9("alamo-rpkid")
    wait_for(lambda: b"key" in net.get("/roa/head") and net.get("/roa/head") != old, what="the new key's head")
    wait_for(lambda: net.fetch().returncode == DONE, what="the new key to be believed")
    net.mirror.lies["/roa/head"] = old
    net.bad(UNVERIFIED, "refused: key-revoked")


def test_k_of_n(net):
    """Two good ones of three: with one that is away, with one that lies, with two."""
    liar, lost = Files(net.base), Files(net.base)
    lost.close()
    try:
        net.good("--need", "2", sources=[net.mirror.url, liar.url, lost.url])
        liar.lies["/roa/head"] = net.get("/roa/head").replace(b"rule 2", b"rule 3")
        net.bad(UNVERIFIED, "1 of 3 sources are good, 2 are needed", "--need", "2", sources=[net.mirror.url, liar.url, lost.url])
        net.bad(OFFLINE, "1 of 2 sources are good", "--need", "2", sources=[net.mirror.url, lost.url])
        # Two that contradict each other, both signed: neither is taken, whichever was first.
        records = net.get("/roa/set") + b"vrp ffff::/16 16 AS666\n"
        liar.lies["/roa/head"] = forge(net.authority, net.get("/roa/head").decode(), set=set_field(records),
                                       vrps=f"0 {records.count(b'vrp')}")
        for path in net.into.glob("*"):
            path.unlink()
        for sources in ([net.mirror.url, liar.url], [liar.url, net.mirror.url]):
            net.bad(UNVERIFIED, "equivocation", sources=sources)
    finally:
        liar.close()


def test_brake(net):
    made = net.authority.member(net.key, name="MANY")
    block = made.key("inet6num").removesuffix("::/48")
    routes = [obj(("route6", f"{block}:{n:x}::/64"), ("origin", made.key("aut-num")), mnt="MANY-MNT") for n in range(1, 41)]
    net.authority.accept(routes, [net.key])
    wait_for(lambda: net.get("/roa/set").count(b"/64 ") == 40, what="the routes")
    net.good()
    prevs = [net.authority.prev("route6", f"{block}:{n:x}::/64{made.key('aut-num')}") for n in range(1, 41)]
    assert len(set(prevs)) == 1
    net.authority.accept([route + attributes([("delete", "all")]) for route in routes], [net.key], prev=prevs[0])
    # The authority's own brake is another one: it was released there.
    wait_for(lambda: (net.authority.dir / "run" / "roa.held").exists(), what="the authority's brake")
    serial = re.search(r"serial (\d+)", (net.authority.dir / "run" / "roa.held").read_text())[1]
    run(ALAMO, "roa", "release", net.authority.dir, serial)
    wait_for(lambda: net.get("/roa/set").count(b"/64 ") == 0, what="the release")
    net.bad(REFUSED, "held: ")
    net.good("--brake", "100")
    assert b"/64 " not in (net.into / "set").read_bytes()


def test_bird_refuses(net, tmp_path):
    """What bird does not take is not swapped in: here a bird that takes nothing."""
    net.good()
    net.join("second")
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "bird").write_text("#!/bin/sh\necho no\nexit 1\n")
    (fake / "bird").chmod(0o755)
    net.bad(REFUSED, "bird does not take roas-bird2", before=["env", f"PATH={fake}:/usr/bin:/bin"])
    net.good()


def test_no_bird(net, tmp_path):
    """Where there is no bird, nothing has to please it."""
    (tmp_path / "empty").mkdir()
    net.good(before=["/usr/bin/env", f"PATH={tmp_path / 'empty'}"])
    assert "roas-bird2.conf" in net.files()


def test_verify_by_the_log(net, tmp_path):
    """The hash is signed, the signature good; only who has the log knows that the record was never there."""
    pub, head, records = net.authority.dir / "keys" / "log.pub", tmp_path / "head", tmp_path / "set"
    head.write_bytes(net.get("/roa/head"))
    records.write_bytes(net.get("/roa/set"))
    net.join("second")    # the log has gone on

    def verify(*words):
        return run(ALAMO, "roa", "verify", head, records, "--log-key", pub, *words, check=False)

    assert "every record from the log" in verify("--log", net.authority.dir).stdout
    stream = "%s:%d" % net.authority.endpoints["stream"]
    assert "every record from the log" in verify("--stream", stream).stdout
    lie = records.read_bytes() + b"vrp ffff::/16 16 AS666\n"
    records.write_bytes(lie)
    assert verify().returncode == UNVERIFIED
    head.write_bytes(forge(net.authority, head.read_text(), set=set_field(lie), vrps=f"0 {lie.count(b'vrp')}"))
    assert verify().returncode == DONE
    said = verify("--log", net.authority.dir)
    assert said.returncode == UNVERIFIED and "the log gives another set" in said.stderr
