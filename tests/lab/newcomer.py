# SPDX-License-Identifier: MIT
"""From nothing to full reachability, validated names and filtered origins, in the commands that a person types."""

import json
import re

from harness import wait_for


def offer_in(said):
    return re.search(r"^alamo peer accept (\S+)$", said, re.M)[1]


def address_in(said):
    return re.search(r"address (\S+)", said)[1]


def offer_read(process):
    """The offer that a waiting `alamo peer add` has printed."""
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("Waiting for"):
            return offer_in(said)
    raise AssertionError(f"no offer: {said}")


class Newcomer:
    """One machine's way into the network; what was typed is in machine.typed, and on the other side in host.typed."""

    def __init__(self, machine, name):
        self.machine, self.name, self.node = machine, name, f"{name}-R1"

    def come(self, server, host, host_node, anchors, domain=None):
        """`host`, a machine whose holder says yes; `anchors`, the file that the hostmaster publishes."""
        machine = self.machine
        names = ["--domain", domain, "--host", "www=::80"] if domain else []
        machine.alamo("join", "--name", self.name, "--new-key", "--server", server, *names)
        said = machine.alamo("node", "init", self.node, "--whole", "--resolver", "unbound", "--anchor", str(anchors))
        self.address = address_in(said)
        waiting = machine.type("peer", "add", host_node)
        host.alamo("peer", "accept", offer_read(waiting), "--yes")
        rest = waiting.stdout.read()
        assert waiting.wait(60) == 0, rest

    def wait_reach(self, addresses, timeout=60):
        for address in addresses:
            wait_for(lambda address=address: self.machine.reaches(address), timeout=timeout, what=address)

    def wait_names(self, name, timeout=60):
        """The address, once the machine's own resolver has validated it."""
        def heard():
            addresses, validated = self.machine.hears(name)
            return addresses if validated else None
        return wait_for(heard, timeout=timeout, what=f"{name}, validated")[0]


def origins_filtered(machine, attacker, prefix, asn, wait=60):
    """`attacker`, its peer of AS `asn`, announces what is not its own: `machine` hears it and does not take it."""
    conf = "/etc/bird/alamo-local.conf"
    false = f"protocol static stolen {{ ipv6; route {prefix} unreachable; }}"
    try:
        attacker.run("sh", "-c", f"echo '{false}' >{conf} && birdc configure")
        wait_for(lambda: paths(machine, prefix, heard=True) & {(asn,)}, timeout=wait, what="the false route at the neighbour")
        return (asn,) not in paths(machine, prefix)
    finally:
        attacker.run("sh", "-c", f"rm -f {conf} && birdc configure")


def paths(machine, prefix, heard=False):
    """The AS paths to a prefix that are taken, or those that neighbours sent, whatever the filters think of them."""
    if machine.router == "frr":
        return frr_paths(machine, prefix, heard)
    tables = [["table", "master6"]]
    if heard:
        sessions = re.findall(r"^(alamo_\S+) +BGP", machine.birdc("show", "protocols"), re.M)
        tables = [["import", "table", f"{name}.ipv6"] for name in sessions]
    said = "".join(machine.birdc("show", "route", *table, "all") for table in tables)
    found, here = set(), False
    for line in said.splitlines():
        if line[:1] not in ("", " ", "\t"):
            here = line.startswith(f"{prefix} ")
        elif here and (path := re.match(r"\s+BGP\.as_path: ?(.*)", line)):
            found.add(tuple(path[1].split()))
    return found


def frr_paths(machine, prefix, heard):
    """The same of FRR, in its own words."""
    if not heard:
        said = json.loads(machine.vtysh(f"show bgp ipv6 unicast {prefix} json") or "{}")
        # The answer may be of a prefix around it.
        found = said.get("paths", []) if said.get("prefix") == prefix else []
        return {tuple(path["aspath"]["string"].replace("Local", "").split()) for path in found}
    found = set()
    for neighbour in json.loads(machine.vtysh("show bgp ipv6 unicast summary json"))["peers"]:
        said = machine.vtysh(f"show bgp ipv6 unicast neighbors {neighbour} received-routes json")
        route = json.loads(said or "{}").get("receivedRoutes", {}).get(prefix)
        found |= {tuple(route["path"].split())} if route else set()
    return found


def communities(machine, prefix):
    """"NUMBER:NUMBER" of the route that is taken."""
    if machine.router == "frr":
        said = json.loads(machine.vtysh(f"show bgp ipv6 unicast {prefix} json") or "{}")
        return {word for path in said.get("paths", []) for word in path.get("community", {}).get("list", [])}
    said = machine.birdc("show", "route", prefix, "all", "table", "master6")
    return {f"{a}:{b}" for line in re.findall(r"BGP\.community: (.*)", said) for a, b in re.findall(r"\((\d+),(\d+)\)", line)}
