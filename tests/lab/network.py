# SPDX-License-Identifier: MIT
"""A small network of members, made by the commands that members type.

    ROOT  the hostmaster's machine: the authority, the root servers, a node of AS4252660001
    ANN   two devices, which speak iBGP; the second holds the chord
    ...   one device each

All in a ring, a chord from ANN's second device to the fourth member, and one more from the sixth to the ninth. Whose link is to be cut has a wire of its own.
"""

import contextlib
import re
import subprocess
import tempfile
from pathlib import Path

from harness import ALAMO, Authority, stop, wait_for
from machines import WIRE, Internet
from newcomer import address_in, offer_in

NAMES = ("ROOT", "ANN", "BOB", "CAT", "DAN", "EVE", "FOX", "GUS", "HAL")
ROOT_AS, ROOT_SERVER = "AS4252660001", "fca1:0:a::53"
CONVERGE_S = 60


def prefix_of(address):
    """The /48 of a node's address."""
    return ":".join(address.split(":")[:3]).rstrip(":") + "::/48"


class Node:
    def __init__(self, machine, name, member):
        self.machine, self.name, self.member = machine, name, member
        self.address = self.asn = self.agent = None


class Lab:
    """`say` gets a line for each thing that is done."""

    def __init__(self, members=5, say=print):
        self.stack, self.say = contextlib.ExitStack(), say
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="alamo-lab.", ignore_cleanup_errors=True)))
        self.internet = Internet(self.folder, self.child)
        self.members, self.nodes, self.pairs, self.number = NAMES[:members], {}, [], 0
        self.authority = None

    def child(self, command, **keywords):
        process = subprocess.Popen([str(word) for word in command], **keywords)
        self.stack.callback(stop, process)
        return process

    def close(self):
        # First the tunnels, while there are namespaces to look for them in: else their processes stay for ever.
        self.internet.close()
        self.stack.close()

    # -- machines and members

    def machine(self, name):
        self.number += 1
        return self.internet.machine(name, self.number)

    def node(self, name, member, machine):
        made = self.nodes[name] = Node(machine, name, member)
        return made

    def found(self):
        """The authority, on the hostmaster's machine, reachable over the wire and inside the network."""
        machine = self.machine("root-r1")
        machine.run("ip", "-6", "addr", "add", f"{ROOT_SERVER}/128", "dev", "lo")
        self.authority = Authority(self.folder / "authority", listen=machine.address, inside=machine.inside,
                                   conf={"dns": {"listen": f"{machine.address}, {ROOT_SERVER}"}})
        self.authority.start()
        self.stack.callback(self.authority.stop)
        self.server = self.authority.server()
        self.anchors = self.folder / "anchors"
        self.anchors.write_text("".join(
            path.read_text() for path in sorted((self.authority.dir / "run").glob("trust-anchor-*.ds"))))
        return self.node("ROOT-R1", "ROOT", machine)

    def init(self, node, *words):
        said = node.machine.alamo("node", "init", node.name, "--whole", "--endpoint", node.machine.address,
                                  "--server", self.server, *words)
        node.address, node.asn = address_in(said), re.search(r"node of AS(\d+)", said)[1]
        # Where there is an init, it starts the agent.
        with open(self.folder / f"{node.name}.agent", "w") as said:
            node.agent = node.machine.start(ALAMO, "node", "run", stdout=said, stderr=said)
        self.say(f"{node.name}: AS{node.asn}, {node.address}")

    def joined(self, member, *words):
        """A member's first machine."""
        machine = self.machine(f"{member.lower()}-r1")
        machine.alamo("join", "--name", member, "--new-key", "--server", self.server, *words)
        node = self.node(f"{member}-R1", member, machine)
        self.init(node)
        return node

    def second(self, first):
        """One more device of the same member, with the same key."""
        machine = self.machine(f"{first.member.lower()}-r2")
        machine.run("cp", "-r", f"/proc/{first.machine.holder.pid}/root{first.machine.home}/.ssh", machine.home)
        node = self.node(f"{first.member}-R2", first.member, machine)
        self.init(node)
        return node

    def link(self, a, b, wire=True):
        """One offers, the other says yes; the agents do the rest."""
        if wire:
            self.internet.wire(a.machine, b.machine)
        key = self.key_words(a)
        if a.member == b.member:
            a.machine.alamo("peer", "add", b.name, *key)
        else:
            offer = offer_in(a.machine.alamo("peer", "add", b.name, "--wait", "0", *key))
            b.machine.alamo("peer", "accept", offer, "--yes", *self.key_words(b))
        self.pairs.append((a, b))
        self.say(f"linked {a.name} and {b.name}")

    def key_words(self, node):
        return ("--key", self.authority.dir / "keys" / "hostmaster") if node.member == "ROOT" else ()

    # -- all of it

    def build(self, wires=True):
        root = self.found()
        self.init(root, "--as", ROOT_AS, *self.key_words(root))
        ring = [root]
        for member in self.members[1:]:
            ring.append(self.joined(member, "--domain", f"{member.lower()}.alamo", "--host", "www=::80"))
        device = self.second(ring[1])
        for a, b in zip(ring, ring[1:] + ring[:1]):
            self.link(a, b, wires)
        self.link(ring[1], device, wires)
        self.link(device, ring[3], wires)
        if len(ring) > 8:
            self.link(ring[5], ring[8], wires)    # so that any two cuts leave a way
        self.wait_reach()
        return self

    def unreached(self):
        """Pairs of nodes of which the first does not reach the second."""
        nodes, waiting = list(self.nodes.values()), []
        for node in nodes:
            script = "\n".join(f"ping -6 -n -q -c 1 -W 1 {other.address} >/dev/null 2>&1 || echo {other.name} &"
                               for other in nodes if other is not node)
            waiting.append((node, subprocess.Popen([*node.machine.inside, "sh", "-c", script + "\nwait"],
                                                   stdout=subprocess.PIPE, text=True)))
        return [(node.name, other) for node, process in waiting for other in process.communicate()[0].split()]

    def wait_reach(self, timeout=CONVERGE_S):
        try:
            wait_for(lambda: not self.unreached(), timeout=timeout, what="every node to reach every other")
        except AssertionError as error:
            missing = self.unreached()
            raise AssertionError(f"{error}; missing {missing}\n{self.nodes[missing[0][0]].machine.state() if missing else ''}") from error

    def sessions(self):
        """Ends of established BGP sessions."""
        return sum(len(re.findall(r"^\S+ +BGP .*Established", node.machine.birdc("show", "protocols"), re.M))
                   for node in self.nodes.values())
