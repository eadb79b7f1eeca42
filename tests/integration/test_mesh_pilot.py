# SPDX-License-Identifier: MIT
"""The pilot of docs/mesh.md: babeld over registered links, between two gateways and a member who is not in the mesh.

    OUT --- G1 === A === B === C === G2 --- OUT       --- BGP   === babel
                   '===========' (A and C)
"""

import contextlib
import ipaddress
import re

import pytest
from conftest import own_children, own_netns, running
from harness import ALAMO, Key, obj, wait_for
from machines import WIRE, Internet, NotHere
from newcomer import address_in, offer_in

HALF, ROUTED = ipaddress.ip_network("fca1:8000::/17"), ipaddress.ip_network("fca1::/17")
SECONDS = 90


class Member:
    """A member with one machine, which is a node."""

    def __init__(self, internet, server, name, number):
        self.machine, self.name, self.node = internet.machine(name.lower(), number), name, f"{name}-R1"
        self.machine.alamo("join", "--name", name, "--new-key", "--server", server)
        said = self.machine.alamo("node", "init", self.node, "--endpoint", self.machine.address, "--whole")
        self.routed, self.asn = address_in(said), re.search(r"node of (AS\d+)", said)[1]
        self.mesh = None

    def alamo(self, *words, check=True):
        return self.machine.alamo(*words, check=check)

    def init(self):
        self.mesh = re.search(r"address (\S+)", self.alamo("mesh", "init"))[1]

    def link(self, other, *words):
        offer = offer_in(self.alamo("peer", "add", other.node, "--wait", "0", *words))
        other.alamo("peer", "accept", offer, "--yes")
        self.alamo("node", "apply")

    def unlink(self, other):
        self.alamo("peer", "rm", other.node)
        other.alamo("node", "apply")

    def tunnel(self, other):
        return re.search(rf"^{other.node}\s+\S+\s+(\S+)", self.alamo("peer", "list"), re.M)[1]

    def sees(self, address, source=None):
        words = ("-I", source) if source else ()
        return "1 received" in self.machine.run("ping", "-6", "-n", "-c", "1", "-W", "1", *words, address, check=False)

    def next_hop(self, address):
        """The interface that packets to `address` leave by."""
        return re.search(r"dev (\S+)", self.machine.run("ip", "-6", "route", "get", address))[1]

    def dropped(self, counter):
        said = self.machine.run("nft", "list", "counter", "inet", "alamo_mesh", counter)
        return int(re.search(r"packets (\d+)", said)[1])

    def count(self, source):
        """From now on, packets from that address, before any filter."""
        self.machine.run("nft", f"table inet seen {{ counter c {{ }}; chain c {{ type filter hook prerouting priority -400; "
                                f"ip6 saddr {source} counter name c; }}; }}")

    def counted(self):
        """How many there were; ends the counting."""
        said = self.machine.run("nft", "list", "counter", "inet", "seen", "c")
        self.machine.run("nft", "delete", "table", "inet", "seen")
        return int(re.search(r"packets (\d+)", said)[1])


class Pilot:
    def __init__(self, folder, internet, authority):
        self.internet, self.authority = internet, authority
        server = authority.server()
        names = ("G1", "G2", "AAA", "BBB", "CCC", "OUT")
        self.g1, self.g2, self.a, self.b, self.c, self.out = [
            Member(internet, server, name if len(name) > 2 else f"{name}X", number) for number, name in enumerate(names, 1)]
        self.members = (self.g1, self.g2, self.a, self.b, self.c)
        internet.wire(self.a.machine, self.b.machine)
        for member in self.members:
            member.init()
        for gateway in (self.g1, self.g2):
            self.permit(gateway)
            gateway.link(self.out)
        for one, other in ((self.g1, self.a), (self.a, self.b), (self.b, self.c), (self.c, self.g2), (self.a, self.c)):
            one.link(other, "--mesh")
        for member in self.members:
            member.alamo("mesh", "up", *(["--gateway"] if member in (self.g1, self.g2) else []))

    def permit(self, gateway):
        """The hostmaster, who holds the half, and the gateway's holder sign that it is one, and its route."""
        path = self.internet.folder / f"{gateway.name}.key"
        for suffix in ("", ".pub"):
            text = gateway.machine.run("cat", f"{gateway.machine.home}/.ssh/id_ed25519{suffix}")
            path.with_name(path.name + suffix).write_text(text)
        path.chmod(0o600)
        route = obj(("route6", str(HALF)), ("origin", gateway.asn), mnt=f"{gateway.name}-MNT")
        permit = obj(("mesh-gateway", gateway.node), ("origin", gateway.asn), mnt=f"{gateway.name}-MNT")
        self.authority.accept([route, permit], [self.authority.hostmaster, Key(path)], prev="none none")

    def unreached(self):
        """Pairs of which the first does not reach the second; each asks all at once."""
        missing = []
        for one in self.members:
            script = "\n".join(f"ping -6 -n -q -c 1 -W 1 {other.mesh} >/dev/null 2>&1 || echo {other.name} &"
                               for other in self.members if other is not one)
            missing += [(one.name, name) for name in one.machine.run("sh", "-c", script + "\nwait").split()]
        return missing

    def converge(self, what):
        try:
            wait_for(lambda: not self.unreached(), timeout=SECONDS, what=what)
        except AssertionError as error:
            missing = self.unreached()
            report = [member.machine.state() for member in self.members if missing and member.name in missing[0]]
            raise AssertionError("\n".join([f"{error}: {missing}", *report])) from error


@pytest.fixture(scope="module")
def pilot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pilot")
    with contextlib.ExitStack() as stack:
        stack.enter_context(own_netns())
        start = stack.enter_context(own_children())
        try:
            internet = Internet(folder, start)
            stack.callback(internet.close)
            authority = stack.enter_context(running(folder / "dir", listen=f"{WIRE}.254"))
            made = Pilot(folder, internet, authority)
        except NotHere as reason:
            pytest.skip(str(reason))
        yield made


def test_five_nodes_converge(pilot):
    pilot.converge("five nodes to reach each other")
    for member in pilot.members:
        assert ipaddress.ip_address(member.mesh) in HALF
        assert "4 nodes reached" in member.alamo("mesh", "status")


def test_the_halves_reach_each_other_through_either_gateway(pilot):
    """Whoever is not in the mesh has one route for all of it, and the mesh one way out for all others."""
    pilot.converge("the mesh")
    assert f"{HALF} " in pilot.out.machine.birdc("show", "route", "table", "master6")
    for gateway in (pilot.g1, pilot.g2):
        for member in (pilot.a, pilot.b, pilot.c):
            pilot.out.machine.run("ip", "-6", "route", "replace", f"{member.mesh}/128", "dev", pilot.out.tunnel(gateway))
            wait_for(lambda member=member: pilot.out.sees(member.mesh), timeout=SECONDS, what=f"{member.name} by {gateway.name}")
            assert "a way out" in member.alamo("mesh", "status")
    for member in (pilot.a, pilot.b, pilot.c):
        pilot.out.machine.run("ip", "-6", "route", "del", f"{member.mesh}/128")
        wait_for(lambda member=member: member.sees(pilot.out.routed), timeout=SECONDS, what=f"out of {member.name}")


def test_a_cut_link_heals(pilot):
    """The line between A and B is cut, under the tunnel: packets go by C, and come back to the line when it does."""
    pilot.converge("the mesh")
    line, tunnel = pilot.a.machine.wires[pilot.b.machine.name], pilot.a.tunnel(pilot.b)
    wait_for(lambda: pilot.a.next_hop(pilot.b.mesh) == tunnel, timeout=SECONDS, what="the line in use")
    pilot.a.machine.run("ip", "link", "set", line, "down")
    pilot.converge("the mesh without the line")
    assert pilot.a.next_hop(pilot.b.mesh) == pilot.a.tunnel(pilot.c)
    pilot.a.machine.run("ip", "link", "set", line, "up")
    pilot.a.machine.run("ip", "route", "replace", f"{pilot.b.machine.address}/32", "dev", line, "src", pilot.a.machine.address)
    wait_for(lambda: pilot.a.next_hop(pilot.b.mesh) == tunnel, timeout=SECONDS, what="the line in use again")
    pilot.converge("the mesh with the line")


def test_the_address_stays_with_the_key(pilot):
    """B leaves A and C and links with G2: the same address, for everybody."""
    pilot.converge("the mesh")
    address, before = pilot.b.mesh, pilot.a.tunnel(pilot.c)
    pilot.b.unlink(pilot.a)
    pilot.b.unlink(pilot.c)
    pilot.b.link(pilot.g2, "--mesh")
    pilot.converge("the mesh around B's new place")
    pilot.b.init()
    assert re.search(f"^address: *{address}$", pilot.authority.shown("mesh-node", pilot.b.node), re.M)
    assert pilot.b.mesh == address and f"{pilot.b.node}: {address}\n" in pilot.b.alamo("mesh", "status")
    assert pilot.a.next_hop(address) == before
    assert f"inet6 {address}/128" in pilot.b.machine.run("ip", "-6", "addr", "show", "dev", "lo")


def spoof(sender, source, target):
    """An address of one's own making in packets to `target`."""
    sender.machine.run("ip", "-6", "addr", "replace", f"{source}/128", "dev", "lo")
    sender.sees(target, source)
    sender.machine.run("ip", "-6", "addr", "del", f"{source}/128", "dev", "lo")


def dropped_at(gateway, counter, sender, source, receiver, target):
    """Dropped there, and by nothing else: without the gateway's filter the receiver hears it."""
    before = gateway.dropped(counter)

    def dropped():
        spoof(sender, source, target)
        return gateway.dropped(counter) > before

    receiver.count(source)
    wait_for(dropped, timeout=SECONDS, what=f"{source} dropped by {gateway.name}")
    assert receiver.counted() == 0, (gateway.name, source)
    gateway.machine.run("nft", "delete", "table", "inet", "alamo_mesh")

    def heard():
        receiver.count(source)
        spoof(sender, source, target)
        return receiver.counted() > 0

    try:
        wait_for(heard, timeout=SECONDS, what=f"{source} by {gateway.name}")
    finally:
        gateway.machine.run("nft", "-f", "/etc/nftables.d/alamo-mesh.nft")


def test_out_of_the_mesh_comes_only_what_is_its_own(pilot):
    """A routed address, and one of the mesh that nobody has: each dropped at the gateway that it leaves by."""
    pilot.converge("the mesh")
    for gateway, sender, number in ((pilot.g1, pilot.a, 1), (pilot.g2, pilot.c, 2)):
        sender.machine.run("ip", "-6", "route", "replace", f"{pilot.out.routed}/128", "dev", sender.tunnel(gateway))
        wait_for(lambda sender=sender: sender.sees(pilot.out.routed, sender.mesh), timeout=SECONDS, what="a way out")
        for source in (f"fca1:177::{number}", f"fca1:8abc::{number}"):
            dropped_at(gateway, "from_mesh", sender, source, pilot.out, pilot.out.routed)
        sender.machine.run("ip", "-6", "route", "del", f"{pilot.out.routed}/128")


def test_into_the_mesh_comes_nothing_that_says_it_is_of_it(pilot):
    """OUT claims an address of the mesh, by either gateway."""
    pilot.converge("the mesh")
    for gateway, receiver, number in ((pilot.g1, pilot.a, 3), (pilot.g2, pilot.c, 4)):
        pilot.out.machine.run("ip", "-6", "route", "replace", f"{receiver.mesh}/128", "dev", pilot.out.tunnel(gateway))
        wait_for(lambda receiver=receiver: pilot.out.sees(receiver.mesh), timeout=SECONDS, what="a way in")
        dropped_at(gateway, "into_mesh", pilot.out, f"fca1:8abc::{number}", receiver, receiver.mesh)
        pilot.out.machine.run("ip", "-6", "route", "del", f"{receiver.mesh}/128")


def test_between_the_halves_only_a_gateway_passes(pilot):
    """A gateway that is one no more: its peers' packets end there."""
    pilot.converge("the mesh")
    pilot.out.machine.run("ip", "-6", "route", "replace", f"{pilot.a.mesh}/128", "dev", pilot.out.tunnel(pilot.g1))
    wait_for(lambda: pilot.out.sees(pilot.a.mesh), timeout=SECONDS, what="a way in")
    pilot.g1.alamo("mesh", "up")
    wait_for(lambda: pilot.g1.sees(pilot.a.mesh), timeout=SECONDS, what="G1 in the mesh")
    before = pilot.g1.dropped("into_mesh")
    assert not pilot.out.sees(pilot.a.mesh)
    wait_for(lambda: pilot.out.sees(pilot.a.mesh) or pilot.g1.dropped("into_mesh") > before, timeout=SECONDS, what="it dropped")
    assert not pilot.out.sees(pilot.a.mesh)
    assert "alamo_mesh" not in pilot.g1.machine.run("birdc", "show", "protocols")
    pilot.g1.alamo("mesh", "up", "--gateway")
    wait_for(lambda: pilot.out.sees(pilot.a.mesh), timeout=SECONDS, what="the way in again")
    pilot.out.machine.run("ip", "-6", "route", "del", f"{pilot.a.mesh}/128")


def test_who_has_not_the_links_key_is_not_heard(pilot):
    pilot.converge("the mesh")
    conf, restart = "/etc/alamo/babeld.conf", ("start-stop-daemon", "--pidfile", "/run/alamo-mesh.pid", "--exec", "/usr/sbin/babeld")

    def says(word):
        return re.search(rf"^{pilot.c.node} .* {word}$", pilot.a.alamo("mesh", "status"), re.M)

    assert says("heard")
    assert pilot.c.machine.run("stat", "-c", "%a", conf, "/etc/alamo/mesh.key").split() == ["600", "600"]
    pilot.c.machine.run("sed", "-i", r"s/value ....\S*/value " + "ab" * 32 + "/", conf)
    pilot.c.machine.run(*restart, "--stop", "--retry", "TERM/5/KILL/5")
    pilot.c.machine.run(*restart, "--start", "--", "-D", "-I", "/run/alamo-mesh.pid", "-L", "/var/lib/alamo/node/babeld.log", "-c", conf)
    wait_for(lambda: says("silent"), timeout=SECONDS, what="C to be heard no more")
    pilot.c.alamo("node", "apply")
    pilot.converge("the mesh with the right keys")


def test_what_babeld_refuses_is_not_put_in_place(pilot):
    """The real program reads each file first; here one that is told something else besides."""
    machine, conf = pilot.c.machine, "/etc/alamo/babeld.conf"
    before = machine.run("cat", conf)
    machine.run("sh", "-c", f"printf '#!/bin/sh\\nexec /usr/sbin/babeld -C nonsense \"$@\"\\n' >{machine.home}/bin/babeld && "
                            f"chmod 755 {machine.home}/bin/babeld && echo '# a line of nobody' >>{conf}")
    said = machine.run("sh", "-c", f"'{ALAMO}' node apply 2>&1", check=False)
    assert "babeld refuses etc/alamo/babeld.conf" in said and "command line" in said
    assert machine.run("cat", conf) == before + "# a line of nobody\n"
    machine.run("rm", f"{machine.home}/bin/babeld")
    pilot.c.alamo("node", "apply")
    assert machine.run("cat", conf) == before


def test_down_leaves_nothing(pilot):
    pilot.converge("the mesh")
    machine = pilot.b.machine
    pilot.b.alamo("mesh", "down")
    assert machine.run("sh", "-c", "ls /etc/alamo /etc/nftables.d").split() == \
        ["/etc/alamo:", "mesh.key", "node.conf", "node.key", "/etc/nftables.d:", "alamo.nft"]
    assert pilot.b.mesh not in machine.run("ip", "-6", "addr", "show", "dev", "lo")
    assert "alamo_mesh" not in machine.run("nft", "list", "tables")
    assert machine.run("test", "-e", "/run/alamo-mesh.pid", check=False) == ""
    assert "not in the mesh" in machine.run("sh", "-c", f"'{ALAMO}' mesh status 2>&1", check=False)
    wait_for(lambda: not pilot.a.sees(pilot.b.mesh), timeout=SECONDS, what="B to be gone")
    pilot.b.alamo("mesh", "up")
    pilot.converge("the mesh with B again")


def test_a_revoked_key_is_out(pilot, tmp_path):
    """B's holder revokes its key: others drop the links with it, B itself refuses it, and another key is another address."""
    pilot.converge("the mesh")
    address = pilot.b.mesh
    shown = pilot.authority.shown("mesh-node", pilot.b.node)
    key = re.search(r"^mesh-key: *(\S+)", shown, re.M)[1]
    revoked = obj(("mesh-revoked", address), ("mesh-key", key), ("mesh-node", pilot.b.node), mnt="BBB-MNT")
    pilot.b.machine.run("sh", "-c", f"cat >/tmp/revoked <<'END'\n{revoked}\n{shown.strip()}\ndelete: stolen\nEND\n'{ALAMO}' submit /tmp/revoked")
    others = [member for member in pilot.members if member is not pilot.b]
    for member in others:
        member.alamo("node", "apply")
        assert pilot.b.node not in member.alamo("peer", "list")
        assert f"in ip {address}/128 deny" in member.machine.run("cat", "/etc/alamo/babeld.conf")
    wait_for(lambda: not pilot.a.sees(address), timeout=SECONDS, what="B to be gone")
    said = pilot.b.machine.run("sh", "-c", f"'{ALAMO}' node apply 2>&1; '{ALAMO}' mesh init 2>&1", check=False)
    assert said.count("is revoked") == 2
    pilot.b.alamo("mesh", "down")
    pilot.b.machine.run("rm", "/etc/alamo/mesh.key")
    pilot.b.init()
    assert pilot.b.mesh != address
    pilot.b.alamo("mesh", "up")
    for member in others:
        member.alamo("node", "apply")
    pilot.converge("the mesh with B's new address")
