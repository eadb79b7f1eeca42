# SPDX-License-Identifier: MIT
"""A newcomer's three commands: join, node init, peer add; the other side: one accept.

    ANN's machine --.
                     our namespace, with the registry and a wire between all three (tests/lab/machines.py)
    BOB's machine --'
"""

import base64
import json
import re
from pathlib import Path

import pytest
from conftest import running
from harness import ALAMO, Key, nobody_home, run, wait_for
from machines import WIRE, Internet, NotHere
from mitm import Cheat, read_log
from newcomer import Newcomer, address_in, offer_in, origins_filtered
from test_audit import find


@pytest.fixture
def internet(netns, children, tmp_path):
    try:
        made = Internet(tmp_path, children)
    except NotHere as reason:
        pytest.skip(str(reason))
    yield made
    made.close()


@pytest.fixture
def machines(internet):
    """make(name, number): a machine."""
    def make(name, number):
        try:
            return internet.machine(name, number)
        except NotHere as reason:
            pytest.skip(str(reason))
    return make


def anchors_of(authority, path):
    """The file that a hostmaster publishes."""
    texts = [file.read_text() for file in sorted((authority.dir / "run").glob("trust-anchor-*.ds"))]
    assert texts
    path.write_text("".join(texts))
    return path


def test_peered_in_three_commands(machines, tmp_path):
    """Nothing but join, init and add, and one accept at the other end: reached, reaching, with names and origins."""
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann, bob = machines("ann", 1), machines("bob", 2)
        server = authority.server()

        ann.alamo("join", "--name", "ANN", "--new-key", "--server", server, "--domain", "ann.alamo", "--host", "www=::80")
        ann_address = address_in(ann.alamo("node", "init", "ANN-R1", "--endpoint", f"{WIRE}.1", "--whole"))
        ann.typed.clear()

        newcomer = Newcomer(bob, "BOB")
        newcomer.come(server, ann, "ANN-R1", anchors_of(authority, tmp_path / "anchors"))
        assert [words[:2] for words in bob.typed] == [("join", "--name"), ("node", "init"), ("peer", "add")]
        assert [words[:2] for words in ann.typed] == [("peer", "accept")]

        try:
            newcomer.wait_reach([ann_address])
            wait_for(lambda: ann.reaches(newcomer.address), timeout=60, what="the newcomer")
        except AssertionError:
            print(ann.state(), bob.state(), sep="\n")
            raise
        assert newcomer.wait_names("www.ann.alamo") == ann_address.replace("::1", "::80")
        ann_asn = re.search(r"^origin: *AS(\d+)", authority.ask("show node ANN-R1"), re.M)[1]
        assert origins_filtered(bob, ann, "fca1:1ff:7::/48", ann_asn)
        shown = ann.birdc("show", "route", "all", "table", "master6")
        assert re.search(r"BGP.as_path: \d+", shown), shown
        assert "ANN-R1" in bob.alamo("peer", "list")
        assert "0 of the node's files differ" in bob.alamo("node", "diff")

        # What the doctor says of it, and of what is broken then: each with the command that mends it.
        assert "session ANN-R1" in bob.alamo("status")
        try:
            wait_for(lambda: bob.alamo("doctor", check=False) == "nothing is wrong\n", timeout=60, what="a clean bill")
        except AssertionError:
            print(bob.alamo("status"))
            raise
        bob.run("sh", "-c", "nft delete table inet alamo; ip -6 addr del $1/128 dev lo; ip link set al-10000 mtu 1300", "sh",
                newcomer.address)
        found = {item["what"]: item for item in json.loads(bob.alamo("doctor", "--json", check=False))["findings"]}
        assert {name for name, item in found.items() if item["state"] != "ok"} == {"address", "firewall", "mtu ANN-R1"}
        for name in ("address", "firewall", "mtu ANN-R1"):
            bob.run("sh", "-c", found[name]["mend"].replace("alamo ", f"'{ALAMO}' ", 1))
        wait_for(lambda: bob.alamo("doctor", check=False) == "nothing is wrong\n", timeout=60, what="a mended node")

        # The holder of the route takes it back: gone at the neighbour, with nothing typed there.
        asn = re.search(r"^origin: *(\S+)", authority.ask("show node BOB-R1"), re.M)[1]
        prefix = re.search(r"^[^ ]*?([0-9a-f:]+::/48)", bob.run("birdc", "show", "route", "protocol", "alamo_own"), re.M)[1]
        bob.run("sh", "-c", f"'{ALAMO}' show route6 {prefix}{asn} >r && echo 'delete: gone' >>r && '{ALAMO}' submit r")
        wait_for(lambda: f"{prefix} " not in ann.birdc("show", "route", "table", "master6"), timeout=60, what="the route to go")

        # Ended by one side; the other one's files follow the log.
        ann.alamo("peer", "rm", "BOB-R1")
        assert "al-10000" not in ann.run("ip", "-o", "link")
        bob.alamo("node", "apply")
        assert bob.alamo("peer", "list") == ""
        bob.alamo("node", "undo")
        assert bob.run("cat", "/etc/bird/bird.conf").endswith("# what was here before\n")
        assert bob.run("sh", "-c", "ls /etc/wireguard") == ""


def test_foreign_offers_are_not_signed(tmp_path, own_authority):
    """An offer that is more than a peering, or not whole, is refused before anything is signed."""
    authority, home = own_authority, tmp_path / "home"
    home.mkdir()
    env = nobody_home() | {"HOME": str(home)}

    def alamo(*words, check=True):
        return run(ALAMO, *words, "--server", authority.server(), check=check, env=env)

    alamo("join", "--name", "CAT", "--new-key")
    alamo("node", "init", "CAT-R1", "--root", home / "root", "--endpoint", "192.0.2.9")
    size = authority.ask("head").split("\n")[1]
    liar = Key(tmp_path / "liar")
    text = ("request:        gift\nprev:           none\n\nmntner:         CAT-MNT\nauth:           " + liar.public +
            "\nmnt-by:         CAT-MNT\nsource:         ALAMO\n")

    word = "alamo-peer1-" + base64.urlsafe_b64encode(text.encode() + liar.sign(text)).decode().rstrip("=")
    for offer, code in ((word, 4), (word[:-40], 4), ("alamo-peer1-", 2), ("hello", 2)):
        tried = alamo("peer", "accept", offer, "--yes", "--root", home / "root", check=False)
        assert tried.returncode in (code, 2), (offer, tried.stdout, tried.stderr)
    assert authority.ask("head").split("\n")[1] == size
    assert not (home / "root" / "etc" / "wireguard").exists()


def test_a_file_of_ones_own_comes_back(tmp_path, own_authority):
    """What was at a path before comes back byte for byte, and a file that changed in between is said."""
    home, root = tmp_path / "home", tmp_path / "root"
    env = nobody_home() | {"HOME": str(home)}
    before = b"# dn42's\nrouter id 172.20.0.1;\ninclude \"peers/*\";\n\xff\n"
    (root / "etc/bird").mkdir(parents=True)
    home.mkdir()
    (root / "etc/bird/bird.conf").write_bytes(before)
    run(ALAMO, "join", "--name", "DOG", "--new-key", "--server", own_authority.server(), env=env)
    run(ALAMO, "node", "init", "DOG-R1", "--root", root, env=env)
    assert (root / "etc/bird/bird.conf").read_bytes() == before       # it includes what it wants
    assert Path(root / "etc/bird/alamo.conf").exists()
    run(ALAMO, "node", "init", "DOG-R1", "--root", root, "--whole", env=env)
    assert (root / "etc/bird/bird.conf").read_bytes() != before
    (root / "etc/nftables.d/alamo.nft").write_text("# mine\n")
    assert "changed  etc/nftables.d/alamo.nft" in run(ALAMO, "node", "diff", "--root", root, env=env).stdout
    run(ALAMO, "node", "undo", "--root", root, env=env)
    assert (root / "etc/bird/bird.conf").read_bytes() == before
    assert not (root / "etc/bird/alamo.conf").exists() and not (root / "etc/nftables.d/alamo.nft").exists()
    assert (root / "etc/alamo/node.key").stat().st_mode & 0o777 == 0o600


def files_below(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_hostile_authority_changes_nothing(tmp_path, own_authority):
    """With the log's own key it swaps the other end's tunnel key, or has a peering that nobody but the stranger signed."""
    authority, root, scratch = own_authority, tmp_path / "root", tmp_path / "scratch"
    scratch.mkdir()

    def member(name, *words):
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        return run(ALAMO, *words, env=nobody_home() | {"HOME": str(home)}, check=False, cwd=tmp_path)

    for name in ("ANN", "EVE"):
        folder = root if name == "ANN" else tmp_path / "eve"
        assert member(name, "join", "--name", name, "--new-key", "--server", authority.server()).returncode == 0
        assert member(name, "node", "init", f"{name}-R1", "--root", folder, "--endpoint", "192.0.2.1").returncode == 0
    said = member("EVE", "peer", "add", "ANN-R1", "--root", tmp_path / "eve").stdout
    offer = base64.urlsafe_b64decode(offer_in(said).removeprefix("alamo-peer1-") + "==")
    before, log = files_below(root), read_log(authority)

    swapped, at = list(log), find(log, b"EVE-R1")
    key = re.search(rb"wg-key: *(\S+)", swapped[at])[1]
    swapped[at] = swapped[at].replace(key, base64.b64encode(bytes(range(32))))
    time = re.search(rb"^time \d+$", log[-1], re.M)[0]
    forged = log + [f"entry {len(log)} request\n".encode() + time + b"\nresult c\n\n" + offer]
    for name, entries, said in (("swapped", swapped, "two histories"), ("forged", forged, "not what the rules give")):
        (scratch / name).mkdir()
        with Cheat(authority, entries, scratch / name) as server:
            tried = member("ANN", "node", "apply", "--root", root, "--stream", server.address)
        assert tried.returncode == 4 and said in tried.stdout + tried.stderr, (name, tried.stdout, tried.stderr)
        assert files_below(root) == before
    assert member("ANN", "node", "apply", "--root", root).returncode == 0
