# SPDX-License-Identifier: MIT
"""Stock validators accept what `alamo rpki` publishes, whole, and get the routers' own set out of it."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from conftest import running
from harness import ALAMO, ROOT, Key, alamo, nobody_home, obj, run, wait_for
from test_origin_files import fetch
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
        name = self.prefix.replace("::/48", f":0:{subnet:x}00::/56")
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
    outcome = net.octorpki(publisher.locator, cache="octorpki")
    assert outcome.vrps == want and "level=error" not in outcome.said, outcome.said


def follow(publisher, net, clock=None):
    """Both validators over RRDP, with what they remember of earlier publications."""
    return [net.rpki_client(publisher.locator, cache="client-long", at=clock),
            net.fort(publisher.locator, "--rsync.enabled=false", cache="fort-long", at=clock)]


def assert_follow(publisher, net, want, clock=None):
    for outcome in follow(publisher, net, clock):
        assert outcome.vrps == want, outcome.said


def test_fifty_changes(publisher, net):
    """Validators that follow by differences have the routers' set after each publication; what did not change stays."""
    authority = publisher.authority
    publisher.publish()
    follow(publisher, net)
    before = {path.name: path.read_bytes() for path in publisher.files("ca/*.roa")}
    for subnets in (range(1, 24), range(24, 47)):
        made = []
        for subnet in subnets:
            route = publisher.route(subnet, 64 if subnet % 5 == 0 else None)
            made.append((route, authority.accept([route], [publisher.key]).index))
        for route, index in made[:2]:
            authority.accept([route + "delete:         tidy\n"], [publisher.key], prev=index)
        publisher.publish()
        assert_follow(publisher, net, router_set(publisher))
    after = {path.name: path.read_bytes() for path in publisher.files("ca/*.roa")}
    assert after["AS4252660001.roa"] == before["AS4252660001.roa"] and after != before
    fetched = [path.rsplit("/", 1)[1].split("-")[0] for path in net.asked()]
    # FORT, run once at a time, remembers no serial and takes the snapshot each time.
    assert fetched.count("delta") == 2 and fetched.count("snapshot") == 1 + 3, fetched


def test_two_publications_in_a_second(publisher, net):
    """Who asks by If-Modified-Since, or rsync, in whole seconds, gets the second one; and nothing that stayed is fetched again."""
    publisher.publish()
    dates = []
    for subnet in (0x50, 0x51, 0x52):
        publisher.authority.accept([publisher.route(subnet)], [publisher.key])
        publisher.publish()
        current = publisher.dir / "current"
        changed = [current / "rrdp/notification.xml", *publisher.files("ca/*.mft"), *publisher.files("ca/*.crl")]
        dates.append([int(path.stat().st_mtime) for path in (publisher.files("ca/AS4252660001.roa")[0], *changed)])
        assert_follow(publisher, net, router_set(publisher))
    for earlier, later in zip(dates, dates[1:]):
        assert earlier[0] == later[0] and all(a < b for a, b in zip(earlier[1:], later[1:])), dates
    assert dates[-1][1] > time.time() - 60


def test_new_key(publisher, net):
    """RFC 6489, with the anchor far away: at no step is a record missing, and the old key is gone at the end."""
    publisher.publish()
    want = router_set(publisher)
    old = publisher.files("ca/*.mft")[0].stem
    follow(publisher, net)
    publisher.ceremony("roll")
    publisher.publish()
    assert len(publisher.files("ca/*.mft")) == 2
    assert_follow(publisher, net, want)
    early = alamo("rpki", "roll", publisher.dir, check=False)
    assert early.returncode == 1 and "for a day first" in early.stderr
    roas = {path.name: path.read_bytes() for path in publisher.files("ca/*.roa")}
    alamo("rpki", "roll", publisher.dir, "--now")
    alamo("rpki", "roll", publisher.dir)
    too_early = publisher.anchor.parent / "answer"
    alamo("rpki", "sign", publisher.anchor, publisher.dir / "request", too_early)
    refused = alamo("rpki", "accept", publisher.dir, too_early, check=False)
    assert refused.returncode == 1 and "still rests on the key" in refused.stderr
    publisher.publish()
    assert all(path.read_bytes() != roas[path.name] for path in publisher.files("ca/*.roa"))
    assert_follow(publisher, net, want)
    alamo("rpki", "accept", publisher.dir, too_early)
    publisher.publish()
    assert_follow(publisher, net, want)
    assert not [path for path in publisher.files("**/*") if old in path.name] and not (publisher.dir / "keys" / f"{old}.key").exists()


def test_a_publisher_that_sleeps(publisher, net, tmp_path):
    """At half of a manifest's life somebody is told; after all of it nothing is valid; then it goes on."""
    publisher.publish()
    want = router_set(publisher)
    copy = Publisher.__new__(Publisher)
    copy.__dict__.update(publisher.__dict__, dir=tmp_path / "copy")
    shutil.copytree(publisher.dir, copy.dir, symlinks=True)
    net.serve(copy.dir / "current")

    def later(clock, *words):
        return run("faketime", "-f", clock, ALAMO, "rpki", *words, check=False, env=nobody_home())

    assert later("+11h", "status", copy.dir).returncode == 0
    asleep = later("+13h", "status", copy.dir)
    assert asleep.returncode == 1 and "does alamo rpki publish run?" in asleep.stderr
    assert "\nalamo_x509_alarms 1\n" in later("+13h", "status", copy.dir, "--metrics").stdout
    assert "\nalamo_x509_alarms 0\n" in later("+11h", "status", copy.dir, "--metrics").stdout
    shown = dict(line.rsplit(" ", 1) for line in later("+11h", "status", copy.dir, "--metrics").stdout.splitlines())
    for what, days in (("manifest", 1), ("origins", 180), ("ceremony", 730)):
        assert int(shown[f"alamo_x509_{what}_until_seconds"]) - int(shown[f"alamo_x509_{what}_since_seconds"]) == days * 86400
    assert set(re.findall(r"\balamo_x509_\w+", (ROOT / "deploy/monitoring/alamo.rules.yml").read_text())) <= shown.keys()
    assert_follow(copy, net, want, "+23h")
    assert_follow(copy, net, set(), "+25h")
    stream = later("+25h", "publish", copy.dir, "--log", copy.authority.dir)
    assert stream.returncode == 0, stream.stderr
    assert later("+25h", "status", copy.dir).returncode == 0
    assert_follow(copy, net, want, "+25h")


def link(publisher, key, name):
    """Another member, and a peering of his with the publisher's: the peering, and the entry that made it."""
    authority = publisher.authority
    other = authority.member(key, name=name).key("aut-num")
    for node, asn, mnt, holder in ((f"FISHER-{name}", publisher.asn, "FISHER-MNT", publisher.key), (f"{name}-R1", other, f"{name}-MNT", key)):
        authority.accept([obj(("node", node), ("origin", asn), mnt=mnt)], [holder])
    peering = obj(("peering", ":".join(sorted((f"FISHER-{name}", f"{name}-R1")))), mnt=f"{name}-MNT")
    return peering, authority.accept([peering], [key, publisher.key]).index


def test_who_carries_whose_routes(publisher, net, tmp_path):
    """An object for each AS with a peering. Validators that know none of that lose nothing by it."""
    authority, bob = publisher.authority, Key(tmp_path / "bob")
    peering, made = link(publisher, bob, "BOB")
    publisher.publish()
    router = authority.rtr(2)
    wait_for(lambda: router.reset() is not None and router.aspas, timeout=60, what="the link")
    router.close()
    names = [path.name for path in publisher.files("ca/*.asa")]
    assert names == sorted(f"AS{customer}.asa" for customer in router.aspas)
    for customer, providers in router.aspas.items():
        signed = publisher.files(f"ca/AS{customer}.asa")[0]
        content = run("openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", signed, text=False).stdout
        assert content == sequence(b"\xa0\x03" + integer(1) + integer(customer) + sequence(b"".join(map(integer, providers))))
    want = router_set(publisher)
    outcome = net.rpki_client(publisher.locator, cache="client-aspa")
    assert outcome.vrps == want and outcome.number(r"AS Provider Attestations: (\d+)") == 2, outcome.said
    assert net.fort(publisher.locator, "--rsync.enabled=false", cache="fort-aspa").vrps == want
    authority.accept([peering + "delete:         over\n"], [bob, publisher.key], prev=made)
    publisher.publish()
    assert not publisher.files("ca/*.asa")


def test_fort_adds_what_a_file_asserts(publisher, net, tmp_path):
    """Version 1 is read with every row, those that cover each other too; version 2 costs the file, not the validation."""
    publisher.publish()
    want = router_set(publisher)
    net.offline(publisher.dir / "current" / "repository")
    mine = ('"prefix": "fca1:', '"prefix": "fca2:')                            # what no certificate has
    for name, taken in (("roas-slurm.json", True), ("roas-slurm2.json", False)):
        file = tmp_path / name
        file.write_text(fetch(publisher.authority, name).replace(*mine))
        added = {(prefix.replace("fca1:", "fca2:"), most, asn) for prefix, most, asn in want}
        outcome = net.fort_offline(publisher.locator, f"--slurm={file}")
        assert outcome.vrps == (want | added if taken else want), outcome.said
        assert ("'slurmVersion' must be 1" in outcome.said) != taken, outcome.said


def sequence(content):
    return bytes([0x30, len(content)]) + content


def integer(number):
    content = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([2, len(content)]) + content


# ---- strangers ----


def kinds(publisher):
    """One file of each kind that is published, and another of its kind."""
    authority = publisher.files("ca/*.mft")[0].stem
    return {
        "ta.cer": f"ta/{authority}.cer",
        f"ta/{authority}.cer": "ta.cer",
        "ta/ta.crl": f"ca/{authority}.crl",
        "ta/ta.mft": f"ca/{authority}.mft",
        f"ca/{authority}.crl": "ta/ta.crl",
        f"ca/{authority}.mft": "ta/ta.mft",
        f"ca/{publisher.asn}.roa": "ca/AS4252660001.roa",
        f"ca/{publisher.asn}.asa": next(f"ca/{path.name}" for path in publisher.files("ca/*.asa") if path.stem != publisher.asn),
    }


def ways(tree, name, twin, old, foreign):
    """(what was done, a function that does it) for each way to tamper with a file."""
    file = tree / name
    good = file.read_bytes()
    for at in (len(good) // 3, len(good) - 20):
        yield f"bit {at}", lambda at=at: file.write_bytes(good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :])
    yield "swapped", lambda: (file.write_bytes((tree / twin).read_bytes()), (tree / twin).write_bytes(good))
    yield "left out", file.unlink
    yield "another publisher's", lambda: file.write_bytes(next(foreign.glob(re.sub(r"[0-9a-f]{40}", "*", name))).read_bytes())
    if (old / name).read_bytes() != good:
        yield "replayed", lambda: file.write_bytes((old / name).read_bytes())


def revoked_route(publisher, directory, subnet):
    """A route that was published, here and by somebody with an anchor of his own, and is no more: both publications."""
    route = publisher.route(subnet)
    index = publisher.authority.accept([route], [publisher.key]).index
    publisher.publish()
    foreign = directory / "foreign"
    alamo("rpki", "init", foreign, "--repository", REPOSITORY, "--notify", NOTIFY, "--log", publisher.authority.dir, "--anchor", directory / "his-anchor")
    alamo("rpki", "publish", foreign, "--log", publisher.authority.dir)
    old = Path(shutil.copytree(publisher.dir / "current", directory / "old"))
    publisher.authority.accept([route + "delete:         over\n"], [publisher.key], prev=index)
    publisher.ceremony("renew")
    publisher.publish()
    return old, foreign / "current"


def test_a_stranger_adds_nothing(publisher, net, tmp_path):
    """Whatever is done to a file on its way, what validators have is in the set, all of it or less."""
    link(publisher, Key(tmp_path / "eve"), "EVE")
    old, foreign = revoked_route(publisher, tmp_path, 0xdd)
    want, good = router_set(publisher), publisher.dir / "current" / "repository"
    whole = []
    for name, twin in kinds(publisher).items():
        tree = net.offline(good)
        for what, tamper in ways(tree, name, twin, old / "repository", foreign / "repository"):
            net.offline(good)
            tamper()
            for outcome in (net.rpki_client_offline(publisher.locator), net.fort_offline(publisher.locator)):
                assert outcome.vrps <= want, (name, what, outcome.said)
                whole += [name] if outcome.vrps == want else []
    # The anchor's own certificate is known by its key; whatever else is touched takes everything below it away.
    assert set(whole) <= {"ta.cer"}, whole
    net.offline(foreign / "repository")
    assert net.rpki_client_offline(publisher.locator).vrps == net.fort_offline(publisher.locator).vrps == set()
    net.offline(good)
    assert net.rpki_client_offline(publisher.locator).vrps == net.fort_offline(publisher.locator).vrps == want


def test_a_stranger_has_the_web_server(publisher, net, tmp_path):
    """RRDP's files have no signature: a consistent lie in them gets as far as the objects, which have."""
    publisher.publish()
    old, _ = revoked_route(publisher, tmp_path, 0xee)
    want, lie = router_set(publisher), tmp_path / "lie"
    shutil.copytree(publisher.dir / "current", lie)
    notification = lie / "rrdp" / "notification.xml"
    uri, digest = re.search(r'<snapshot uri="https://rpki.test/rrdp/([^"]+)" hash="([0-9a-f]+)"', notification.read_text()).groups()
    snapshot = lie / "rrdp" / uri
    roa = base64.b64encode((old / "repository" / "ca" / f"{publisher.asn}.roa").read_bytes()).decode()
    text = re.sub(rf'(uri="[^"]+/{publisher.asn}\.roa">)[^<]+', rf"\g<1>{roa}", snapshot.read_text())
    assert text != snapshot.read_text()
    net.serve(lie)
    for name, step in (("hash", lambda: snapshot.write_text(text)),
                       ("roa", lambda: notification.write_text(notification.read_text().replace(digest, hashlib.sha256(text.encode()).hexdigest())))):
        step()
        for outcome in (net.rpki_client(publisher.locator, "-e", "/bin/false", cache=f"client-{name}"),
                        net.fort(publisher.locator, "--rsync.enabled=false", cache=f"fort-{name}")):
            assert outcome.vrps < want, (name, outcome.said)


def test_a_stranger_has_the_differences(publisher, net, tmp_path):
    """The same lie to one who follows by differences: an old object in them is none of the manifest's."""
    route, name = publisher.route(0xcc), f"{publisher.asn}.roa"
    index = publisher.authority.accept([route], [publisher.key]).index
    publisher.publish()
    old = base64.b64encode(publisher.files(f"ca/{name}")[0].read_bytes()).decode()
    assert net.rpki_client(publisher.locator, "-e", "/bin/false", cache="client-delta").vrps == router_set(publisher)
    publisher.authority.accept([route + "delete:         over\n"], [publisher.key], prev=index)
    publisher.publish()
    want, lie = router_set(publisher), tmp_path / "lie"
    shutil.copytree(publisher.dir / "current", lie)
    notification = lie / "rrdp" / "notification.xml"
    said = notification.read_text()
    uri, digest = max(re.findall(r'<delta serial="(\d+)" uri="https://rpki.test/rrdp/([^"]+)" hash="([0-9a-f]+)"', said),
                      key=lambda found: int(found[0]))[1:]
    delta = lie / "rrdp" / uri
    text, count = re.subn(rf'(uri="[^"]+/{name}"[^>]*>)[^<]+', rf"\g<1>{old}", delta.read_text())
    assert count == 1
    delta.write_text(text)
    notification.write_text(said.replace(digest, hashlib.sha256(text.encode()).hexdigest()))
    os.utime(notification, (time.time() + 2, time.time() + 2))    # HTTP's dates are whole seconds: newer than what it has
    net.serve(lie)
    outcome = net.rpki_client(publisher.locator, "-e", "/bin/false", cache="client-delta")
    assert outcome.vrps < want, outcome.said
    assert f"/rrdp/{uri}" in net.asked()


def test_the_brake(publisher):
    """Most routes at once are a slip of a hand: the last set is signed on until somebody says that it is meant."""
    authority = publisher.authority
    routes = [publisher.route(subnet) for subnet in range(0xa0, 0xc0)]
    made = [authority.accept([route], [publisher.key]).index for route in routes]
    publisher.publish()
    before = {path.name: path.read_bytes() for path in publisher.files("ca/*.roa")}
    for route, index in zip(routes, made):
        authority.accept([route + "delete:         slip\n"], [publisher.key], prev=index)
    held = publisher.publish(check=False)
    assert held.returncode == 1 and re.search(r"held: .* takes 32 of \d+ routes away", held.stderr), held.stderr
    assert {path.name: path.read_bytes() for path in publisher.files("ca/*.roa")} == before
    publisher.publish("--release")
    assert {path.name: path.read_bytes() for path in publisher.files("ca/*.roa")} != before
