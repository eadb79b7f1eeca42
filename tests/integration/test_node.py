# SPDX-License-Identifier: MIT
"""A newcomer's three commands: join, node init, peer add; the other side: one accept.

    ANN's machine --.
                     our namespace, with the registry and a wire between all three
    BOB's machine --'

Each machine is a network and mount namespace of its own, with /etc, /var and /run that nobody else sees, and a bird that
its distribution started. Tunnels are WireGuard's (wireguard-go where the kernel has none).
"""

import base64
import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import running
from harness import ALAMO, Key, nobody_home, run, wait_for
from test_audit import Cheat, find, read_log, spelled

WIRE = "192.0.2"
SETUP = """
set -e
mkdir -p {home} && mount -t tmpfs none {home}
for dir in etc var; do
	mkdir -p {home}/$dir/up {home}/$dir/work
	mount -t overlay overlay -o lowerdir=/$dir,upperdir={home}/$dir/up,workdir={home}/$dir/work /$dir
done
mount -t tmpfs none /run
mkdir -p /run/bird /run/wireguard /etc/bird /etc/wireguard
rm -f /etc/wireguard/*
printf 'router id 10.0.0.{number};\nprotocol device {{ }}\n# what was here before\n' >/etc/bird/bird.conf
ip link set lo up
ip addr add {wire}.{number}/24 dev up0
ip link set up0 up
"""


@pytest.fixture
def machines(netns, children, tmp_path):
    """make(name, number): the words to run something on that machine."""
    for program in ("wg-quick", "bird", "nft"):
        if shutil.which(program, path="/usr/sbin:/sbin:" + os.environ["PATH"]) is None:
            pytest.skip(f"no {program} here")
    run("ip", "link", "add", "wire", "type", "bridge")
    run("ip", "addr", "add", f"{WIRE}.254/24", "dev", "wire")
    run("ip", "link", "set", "wire", "up")
    made = []

    def make(name, number):
        holder = children(["unshare", "-n", "-m", "--propagation", "private", "sleep", "infinity"])
        inside = ["nsenter", "-t", holder.pid, "-n", "-m"]
        wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt"), what="namespaces")
        run("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "up0", "netns", holder.pid)
        run("ip", "link", "set", f"to-{name}", "master", "wire", "up")
        home = tmp_path / name
        script = SETUP.format(home=home, number=number, wire=WIRE)
        probe = run(*inside, "sh", "-c", script, check=False)
        if "overlay" in probe.stderr:
            pytest.skip(f"no overlay mounts here: {probe.stderr}")
        assert probe.returncode == 0, probe.stderr
        children([*inside, "bird", "-f", "-c", "/etc/bird/bird.conf"])
        wait_for(lambda: run(*inside, "test", "-S", "/run/bird/bird.ctl", check=False).returncode == 0, what="bird")
        made.append((inside, home))
        return Machine(inside, home)

    yield make
    # Tunnels in user space are processes of their own, which end with their interface.
    for inside, _ in made:
        for link in re.findall(r"al-\d+", run(*inside, "ip", "-o", "link", check=False).stdout):
            run(*inside, "ip", "link", "del", link, check=False)


class Machine:
    def __init__(self, inside, home):
        self.inside, self.typed = inside, []
        self.env = nobody_home() | {"HOME": str(home), "PATH": "/usr/sbin:/sbin:" + os.environ["PATH"]}

    def run(self, *words, check=True):
        return run(*self.inside, *words, check=check, env=self.env).stdout

    def alamo(self, *words, check=True):
        """As the person types it."""
        self.typed.append(words)
        return run(*self.inside, ALAMO, *words, check=check, env=self.env).stdout

    def reaches(self, address):
        return "1 received" in self.run("ping", "-6", "-n", "-c", "1", "-W", "1", address, check=False)


    def state(self):
        """For a failure's report."""
        return "\n".join(self.run("sh", "-c", f"{words} 2>&1", check=False) for words in (
            "birdc show protocols", "birdc show route", "birdc show route table alamo_origins", "birdc show bfd sessions",
            "ip -6 route", "ip -6 addr", "wg show", "nft list ruleset"))


def offer_in(said):
    return re.search(r"^alamo peer accept (\S+)$", said, re.M)[1]


def address_in(said):
    return re.search(r"address (\S+)", said)[1]


def test_peered_in_three_commands(machines, tmp_path):
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann, bob = machines("ann", 1), machines("bob", 2)
        server = authority.server()

        ann.alamo("join", "--name", "ANN", "--new-key", "--server", server)
        ann_address = address_in(ann.alamo("node", "init", "ANN-R1", "--endpoint", f"{WIRE}.1", "--whole"))

        bob.alamo("join", "--name", "BOB", "--new-key", "--server", server)
        bob_address = address_in(bob.alamo("node", "init", "BOB-R1", "--whole"))
        offer = offer_in(bob.alamo("peer", "add", "ANN-R1"))
        ann.alamo("peer", "accept", offer, "--yes")
        bob.alamo("node", "apply")
        assert len(bob.typed) == 4, "join, init, add, and apply when the other side has said yes"

        try:
            wait_for(lambda: ann.reaches(bob_address) and bob.reaches(ann_address), timeout=15, what="each other")
        except AssertionError:
            print(ann.state(), bob.state(), sep="\n--\n")
            raise
        shown = ann.run("birdc", "show", "route", "all", "table", "master6")
        assert re.search(r"BGP.as_path: \d+", shown), shown
        assert "ANN-R1" in bob.alamo("peer", "list")
        assert "0 of the node's files differ" in bob.alamo("node", "diff")

        # The holder of the route takes it back: gone at the neighbour, with nothing typed there.
        asn = re.search(r"^origin: *(\S+)", authority.ask("show node BOB-R1"), re.M)[1]
        prefix = re.search(r"^[^ ]*?([0-9a-f:]+::/48)", bob.run("birdc", "show", "route", "protocol", "alamo_own"), re.M)[1]
        bob.run("sh", "-c", f"'{ALAMO}' show route6 {prefix}{asn} >r && echo 'delete: gone' >>r && '{ALAMO}' submit r")
        wait_for(lambda: f"{prefix} " not in ann.run("birdc", "show", "route", "table", "master6"), timeout=30, what="the route to go")

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
        server = Cheat(authority, entries, scratch / name)
        tried = member("ANN", "node", "apply", "--root", root, "--stream", spelled(server.listener.getsockname()))
        assert tried.returncode == 4 and said in tried.stdout + tried.stderr, (name, tried.stdout, tried.stderr)
        assert files_below(root) == before
    assert member("ANN", "node", "apply", "--root", root).returncode == 0
