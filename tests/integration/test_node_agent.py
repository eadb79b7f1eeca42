# SPDX-License-Identifier: MIT
"""`alamo node run`, and what a hostile authority can do to a node that follows it: nothing that its holder did not sign."""

import base64
import re

import pytest
from harness import ALAMO, Key, nobody_home, obj, run, wait_for
from newcomer import offer_in
from test_audit import Cheat, read_log, spelled

OTHER_KEY = base64.b64encode(bytes(range(32))).decode()


class Member:
    """A member with a node below a folder; nothing is run there."""

    def __init__(self, authority, folder, name):
        self.authority, self.name, self.node, self.home = authority, name, f"{name}-R1", folder / name
        self.root = self.home / "root"
        self.home.mkdir()
        self.env = nobody_home() | {"HOME": str(self.home)}
        self.alamo("join", "--name", name, "--new-key", "--server", authority.server())
        self.alamo("node", "init", self.node, "--root", self.root, "--endpoint", "192.0.2.1")
        self.key = Key(self.home / ".ssh/id_ed25519")

    def alamo(self, *words, check=True):
        return run(ALAMO, *words, check=check, env=self.env, cwd=self.home)

    def offer(self, other):
        return offer_in(self.alamo("peer", "add", other.node, "--root", self.root).stdout)

    def peer(self, other):
        other.alamo("peer", "accept", self.offer(other), "--yes", "--root", other.root)
        self.apply()

    def apply(self, *words, check=True):
        return self.alamo("node", "apply", "--root", self.root, *words, check=check)

    def files(self):
        """What programs read."""
        return {path.relative_to(self.root): path.read_text() for path in sorted(self.root.glob("etc/*/**/*"))
                if path.is_file() and path.name not in ("node.conf", "alamo-network.conf")}

    def tunnels(self):
        return sorted(path.name for path in self.root.glob("etc/wireguard/*"))


@pytest.fixture
def pair(own_authority, tmp_path):
    ann, eve = Member(own_authority, tmp_path, "ANN"), Member(own_authority, tmp_path, "EVE")
    ann.peer(eve)
    assert ann.tunnels() == eve.tunnels() == ["al-10000.conf"]
    return ann, eve


def as_hostmaster(authority, text, key):
    """The authority changes an object with its own key, which its rules let it."""
    cls, name = key
    return authority.send([text], [authority.hostmaster], prev=authority.prev(cls, name))


def test_the_hostmaster_cannot_add_a_peer(own_authority, tmp_path):
    ann, eve = Member(own_authority, tmp_path, "ANN"), Member(own_authority, tmp_path, "EVE")
    before = ann.files()
    link = obj(("peering", "ANN-R1:EVE-R1"), ("link", "wireguard 10000 10000 " + "11" * 32 + " " + "22" * 32), mnt="EVE-MNT")
    assert own_authority.send([link], [own_authority.hostmaster]).accepted, "the rules let the hostmaster"
    said = ann.apply()
    assert "1 links in the log are not as you signed them" in said.stderr
    assert ann.files() == before and eve.tunnels() == []


def test_the_hostmaster_cannot_change_a_key(own_authority, pair):
    """Neither in the node at the other end, nor in the link."""
    ann, eve = pair
    before = ann.files()
    shown = own_authority.shown("node", eve.node)
    changed = re.sub(r"wg-key: *\S+", f"wg-key:         {OTHER_KEY}", shown)
    assert as_hostmaster(own_authority, changed, ("node", eve.node)).accepted
    ann.apply()
    assert ann.files() == before, "the link says which keys were agreed to"
    shown = own_authority.shown("peering", "ANN-R1:EVE-R1")
    changed = re.sub(r"[0-9a-f]{64}$", "33" * 32, shown, count=1, flags=re.M)
    assert changed != shown and as_hostmaster(own_authority, changed, ("peering", "ANN-R1:EVE-R1")).accepted
    ann.apply()
    assert ann.tunnels() == [] and "33" * 32 not in str(ann.files())


def test_the_hostmaster_cannot_open_a_filter(own_authority, pair):
    """A peer that becomes a machine of one's own would be believed without filters; a wider prefix lets everything in."""
    ann, eve = pair
    asn = re.search(r"^origin: *(\S+)", own_authority.shown("node", ann.node), re.M)[1]
    changed = re.sub(r"origin: *\S+", f"origin:         {asn}", own_authority.shown("node", eve.node))
    assert as_hostmaster(own_authority, changed, ("node", eve.node)).accepted
    ann.apply()
    assert ann.tunnels() == [] and "next hop self" not in str(ann.files())
    before = ann.files()
    wider = re.sub(r"super-prefix: *\S+", "super-prefix:   fc00::/7", own_authority.shown("registry", "ALAMO"))
    assert as_hostmaster(own_authority, wider, ("registry", "ALAMO")).accepted
    tried = ann.apply(check=False)
    assert tried.returncode == 4 and "was fca1::/16" in tried.stderr and ann.files() == before


def test_the_hostmaster_announces_nothing_in_a_members_name(own_authority, pair):
    ann, _ = pair
    before = ann.files()
    asn = re.search(r"^origin: *(\S+)", own_authority.shown("node", ann.node), re.M)[1]
    own_authority.accept([obj(("route6", "fca1:0:77::/48"), ("origin", asn), mnt="HOSTMASTER-MNT")], [own_authority.hostmaster])
    ann.apply()
    assert ann.files() == before


def test_the_hostmaster_cannot_open_a_port(own_authority, pair):
    """A service on a member's node, its ports and its address, are what the member signed."""
    ann, _ = pair
    before = ann.files()
    address = re.search(r"^address: *(\S+)", own_authority.shown("node", ann.node), re.M)[1].replace("::1", "::22")
    service = obj(("service", "TROJAN"), ("node", ann.node), ("address", address), ("port", "tcp 22"), mnt="HOSTMASTER-MNT")
    own_authority.accept([service], [own_authority.hostmaster])
    ann.apply()
    assert ann.files() == before
    # The same, when the holder signs it.
    own_authority.accept([service.replace("TROJAN", "SHELL").replace("HOSTMASTER-MNT", "ANN-MNT")], [ann.key])
    ann.apply()
    changed = {str(path) for path, text in ann.files().items() if before.get(path) != text}
    assert changed == {"etc/nftables.d/alamo.nft", "etc/systemd/system/alamo-address.service"}


def test_a_new_key_is_a_new_consent(own_authority, pair):
    ann, eve = pair
    (eve.root / "etc/alamo/node.key").unlink()
    eve.alamo("node", "init", eve.node, "--root", eve.root)
    assert eve.tunnels() == [], "the link is for the old key"
    eve.peer(ann)
    new = re.search(r"wg-key: *(\S+)", own_authority.shown("node", eve.node))[1]
    assert f"PublicKey = {new}\n" in ann.files()[next(path for path in ann.files() if path.name == "al-10000.conf")]


def test_the_agent_follows(own_authority, tmp_path, children):
    """What both have signed is there a moment later; a log that is not what the rules give ends it, and changes nothing."""
    ann, eve = Member(own_authority, tmp_path, "ANN"), Member(own_authority, tmp_path, "EVE")
    said = open(tmp_path / "said", "w+")
    agent = children([ALAMO, "node", "run", "--root", ann.root], env=ann.env, cwd=ann.home, stdout=said, stderr=said)
    eve.alamo("peer", "accept", ann.offer(eve), "--yes", "--root", eve.root)
    wait_for(lambda: ann.tunnels() == ["al-10000.conf"], timeout=60, what="the agent to apply")
    eve.alamo("peer", "rm", ann.node, "--root", eve.root)
    wait_for(lambda: ann.tunnels() == [], timeout=60, what="the agent to take it out")
    assert agent.poll() is None
    checkpoint = ann.root / "var/lib/alamo/node/checkpoint"
    size = own_authority.ask("head").split("\n")[1]
    wait_for(lambda: checkpoint.read_text().split("\n")[1] == size, timeout=60, what="the agent to remember")


def test_the_agent_believes_no_forged_log(own_authority, tmp_path):
    ann, eve = Member(own_authority, tmp_path, "ANN"), Member(own_authority, tmp_path, "EVE")
    offer = base64.urlsafe_b64decode(eve.offer(ann).removeprefix("alamo-peer1-") + "==")
    before, log = ann.files(), read_log(own_authority)
    time = re.search(rb"^time \d+$", log[-1], re.M)[0]
    forged = log + [f"entry {len(log)} request\n".encode() + time + b"\nresult c\n\n" + offer]
    server = Cheat(own_authority, forged, tmp_path)
    tried = ann.alamo("node", "run", "--root", ann.root, "--stream", spelled(server.listener.getsockname()), check=False)
    assert tried.returncode == 4 and "not what the rules give" in tried.stdout + tried.stderr, (tried.stdout, tried.stderr)
    assert ann.files() == before


def test_the_agent_goes_back_to_no_older_log(own_authority, pair, tmp_path, children):
    """Signed all the same, but from before the link: the node has seen more."""
    ann, _ = pair
    before = ann.files()
    server = Cheat(own_authority, read_log(own_authority)[:-1], tmp_path)
    said = tmp_path / "said"
    with open(said, "w") as out:
        children([ALAMO, "node", "run", "--root", ann.root, "--stream", spelled(server.listener.getsockname())], env=ann.env,
                 cwd=ann.home, stdout=out, stderr=out)
    wait_for(lambda: "nothing is taken from it" in said.read_text(), timeout=60, what="the agent to refuse")
    assert ann.files() == before
