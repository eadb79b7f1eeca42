# SPDX-License-Identifier: MIT
"""What goes wrong in a network of nine members and ten devices: who loses what for how long.

Each is measured with the rendered profile and with bird's own timers, in the same network. Attacks count observers that
send the victim's packets to the attacker: everybody but the two.
"""

import re
import subprocess
import time

from aspa import MISSING, PROGRAM, Aspa
from harness import ALAMO, obj, stop, wait_for
from network import prefix_of
from newcomer import paths
from probe import Probe

OUTAGE_GOAL_S, REVOCATION_GOAL_S = 1.6, 2
DEFAULTS_S = 330           # bird's hold time is 240 s, and a one-way loss takes longer
ANYCAST, ANYCAST_ADDRESS = "fca1::/48", "fca1::53"
TIMERS = ("bfd on;", "hold time 30;", "keepalive time 10;", "connect delay time 1;", "connect retry time 5;",
          "error wait time 1, 15;")
LOCAL = "/etc/bird/alamo-local.conf"


class Failures:
    def __init__(self, lab, say):
        self.lab, self.say, self.rows, self.captured, self.aspa = lab, say, {}, {}, None

    def node(self, name):
        return self.lab.nodes[name]

    def birdc_all(self, *words):
        for node in self.lab.nodes.values():
            node.machine.birdc(*words)

    def settle(self, timeout=180):
        """All sessions, and everybody reaches everybody."""
        wanted = 2 * len(self.lab.pairs)
        wait_for(lambda: self.lab.sessions() == wanted, timeout=timeout, what="all sessions")
        self.lab.wait_reach(timeout)

    # -- wires

    def cut(self, a, b, how):
        machine, link = a.machine, a.machine.wires[b.machine.name]
        if how == "hard":
            machine.run("ip", "link", "set", link, "down")
        else:
            rules = f'chain leaving {{ type filter hook postrouting priority 300; oifname "{link}" drop; }}\n'
            if how == "silent":
                rules += f'chain coming {{ type filter hook prerouting priority -300; iifname "{link}" drop; }}\n'
            machine.run("nft", f"table inet cut {{\n{rules}}}")

    def heal(self, a, b):
        a.machine.run("nft", "delete", "table", "inet", "cut", check=False)
        for one, other in ((a.machine, b.machine), (b.machine, a.machine)):
            link = one.wires[other.name]
            one.run("ip", "link", "set", link, "up")
            one.run("ip", "route", "replace", f"{other.address}/32", "dev", link, "src", one.address)

    def outage(self, source, target, fail, wait_s):
        """Seconds without an answer after fail()."""
        probe = Probe(source.machine, target.address)
        wait_for(lambda: len(probe.replies()) > 50, timeout=60, what="answers before the cut")
        at = time.time()
        fail()
        try:
            wait_for(lambda: probe.fresh_after(at + 0.5) and not self.silent(probe), timeout=wait_s, what="answers again")
            time.sleep(3)
        except AssertionError:
            self.say(f"no answer came back within {wait_s} s")
        finally:
            probe.stop()
        return probe.gap(at)

    @staticmethod
    def silent(probe):
        last = probe.replies()[-1][0]
        return time.time() - last > 1

    def measure_cut(self, how, a, b, wait_s=60):
        seconds = self.outage(a, b, lambda: self.cut(a, b, how), wait_s)
        self.heal(a, b)
        return seconds

    # -- cases, with the rendered profile; those of defaults() are measured again with bird's own timers

    def row(self, case, who, seconds, beside=False):
        """`beside`: bird's own timers are measured, next to what the rendered profile gave."""
        if beside:
            self.rows[case][2] = seconds
        else:
            self.rows[case] = [who, seconds, None]
        self.say(f"{case}, {'with bird' if beside else 'rendered'}: {who} lost for {seconds:.2f} s")

    def cuts(self):
        a, b = self.node("ANN-R1"), self.node("BOB-R1")
        for how in ("hard", "silent", "oneway"):
            self.row(how, f"{a.name} to {b.name}", self.measure_cut(how, a, b))
            self.settle()

    def crash(self):
        self.kill_router()
        self.settle()
        self.cut_power()
        self.power_on(self.node("CAT-R1"))
        self.settle()

    def kill_router(self, beside=False):
        """CAT's daemon dies, which BOB's packets to DAN go through."""
        source, target, dead = self.node("BOB-R1"), self.node("DAN-R1"), self.node("CAT-R1")
        seconds = self.outage(source, target, lambda: dead.machine.bird.kill(), 60)
        self.row("kill9", f"{source.name} to {target.name} through {dead.name}", seconds, beside)
        dead.machine.start_bird()

    def cut_power(self, beside=False):
        """The whole machine dies."""
        source, target, dead = self.node("BOB-R1"), self.node("DAN-R1"), self.node("CAT-R1")
        seconds = self.outage(source, target, lambda: self.power_off(dead), DEFAULTS_S if beside else 60)
        self.row("power", f"{source.name} to {target.name} through {dead.name}", seconds, beside)

    def power_off(self, node):
        machine = node.machine
        downs = "\n".join(f"ip link set {link} down" for link in [*machine.wires.values(), "up0"])
        machine.run("sh", "-c", downs)
        machine.bird.kill()

    def power_on(self, node):
        machine = node.machine
        machine.run("sh", "-c", "ip link set up0 up; ip -6 route flush proto bird")
        for other in self.lab.nodes.values():
            if other.machine.name in machine.wires:
                self.heal(node, other)
        machine.start_bird()

    def flapping(self):
        self.flap()
        self.settle()

    def flap(self, beside=False):
        """1.5 s without and 1.5 s with, eight times."""
        a, b = self.node("ANN-R1"), self.node("BOB-R1")

        def flap():
            for _ in range(8):
                self.cut(a, b, "silent")
                time.sleep(1.5)
                self.heal(a, b)
                time.sleep(1.5)

        self.row("flapping", f"{a.name} to {b.name}", self.outage(a, b, flap, 60), beside)

    def authority(self, beside=False):
        """Away, and every router starts anew meanwhile: no cache gives it an origin, as after a day at worst."""
        a, b = self.node("ANN-R1"), self.node("BOB-R1")
        self.lab.say("the authority is stopped")
        seconds = self.outage(a, b, self.lab.authority.stop, 60)
        if beside:
            self.row("authority", f"{a.name} to {b.name}", seconds, beside)
            self.lab.authority.start()
            return
        for node in self.lab.nodes.values():
            node.machine.bird.kill()
            node.machine.bird.wait(20)
        for node in self.lab.nodes.values():
            node.machine.start_bird()
        self.settle()
        # Each route of that table says in brackets which protocol gave it.
        empty = "[alamo_authority" not in a.machine.birdc("show", "route", "table", "alamo_origins")
        self.say(f"every router has started anew without it (cache {'empty' if empty else 'not empty'}); all is reached by the "
                 "origins of the file")
        self.row("authority", f"{a.name} to {b.name}", seconds)
        self.lab.authority.start()
        self.settle()

    # -- attacks

    def attacks(self):
        attacker, victim = self.attackers()
        self.open_filters(attacker)
        net = prefix_of(victim.address)
        for case, prefix, forged in (("hijack48", net, False), ("hijack56", net.replace("::/48", "::/56"), False), ("forged", net, True)):
            self.captured[case] = self.attack(case, prefix, forged)
        attacker.machine.alamo("node", "apply")
        self.settle()
        if PROGRAM is None:
            self.say(MISSING)
            return
        self.aspa = Aspa(self).run()
        self.aspa.undo()

    def attackers(self):
        """Who attacks, and whom."""
        return self.node("FOX-R1"), self.node("BOB-R1")

    @staticmethod
    def open_filters(attacker):
        """An attacker's own filters let out whatever it likes."""
        attacker.machine.run("sed", "-i", "s/return net ~ ALAMO_ANNOUNCED && .*/return true;/", "/etc/bird/alamo.conf")

    def attack(self, case, prefix, forged):
        """The observers that are captured by it."""
        attacker, victim = self.attackers()
        path = f" {{ bgp_path.prepend({victim.asn}); }}" if forged else ""
        text = f"protocol static stolen {{ ipv6; route {prefix} unreachable{path}; }}"
        attacker.machine.run("sh", "-c", f"echo '{text}' >{LOCAL} && birdc configure")
        wait_for(lambda: prefix in attacker.machine.birdc("show", "route", "protocol", "stolen"), timeout=60, what="the attack")
        for neighbour in (self.node("EVE-R1"), self.node("GUS-R1")):
            wait_for(lambda: any(path[0] == attacker.asn for path in paths(neighbour.machine, prefix, heard=True) if path),
                     timeout=60, what=f"{neighbour.name} to hear of it")
        time.sleep(5)
        captured = [node.name for node in self.observers(attacker, victim) if self.is_captured(node, victim, attacker)]
        self.say(f"{case}: {prefix}: captured {', '.join(captured) or 'nobody'}")
        attacker.machine.run("sh", "-c", f"rm {LOCAL} && birdc configure")
        time.sleep(2)
        return captured

    def observers(self, attacker, victim):
        return [node for node in self.lab.nodes.values() if node not in (attacker, victim)]

    @staticmethod
    def is_captured(node, victim, attacker):
        """Is the attacker the origin, or the forged origin's neighbour, of the way to the victim?"""
        shown = node.machine.birdc("show", "route", "for", victim.address, "primary", "all")
        path = re.search(r"BGP\.as_path: ?(.*)", shown)
        path = path[1].split() if path else []
        return path[-1:] == [attacker.asn] or path[-2:] == [attacker.asn, victim.asn]

    # -- revocation

    def revocation(self):
        """The holder takes its route object back and its router goes on announcing: from there until nobody takes the route."""
        holder, others = self.node("BOB-R1"), [node for name, node in self.lab.nodes.items() if name != "BOB-R1"]
        net, home = prefix_of(holder.address), holder.machine.home
        text = f"protocol static stubborn {{ ipv6; route {net} unreachable; }}"
        holder.machine.run("sh", "-c", f"echo '{text}' >{LOCAL} && birdc configure && cd {home} && "
                           f"'{ALAMO}' show route6 {net}AS{holder.asn} >route && (cat route && echo 'delete: revoked') >gone")
        watched = f"""
            birdc show route {net} table master6 | grep -q AS || exit 1
            echo watching
            until birdc show route {net} table master6 | grep -q 'Network not found'; do sleep 0.02; done
            date +%s.%N"""
        watchers = [node.machine.start("sh", "-c", watched, stdout=subprocess.PIPE, text=True) for node in others]
        for node, watcher in zip(others, watchers):
            assert watcher.stdout.readline() == "watching\n", f"{node.name} has no route to begin with"
        began = time.time()
        holder.machine.run(ALAMO, "submit", home / "gone")
        self.revoked = {node.name: float(watcher.stdout.readline()) - began for node, watcher in zip(others, watchers)}
        last = max(self.revoked, key=self.revoked.get)
        self.say(f"revocation: gone at {len(others)} nodes, last at {last} after {self.revoked[last]:.2f} s")
        heard = paths(self.node("ANN-R1").machine, net, heard=True)
        assert (holder.asn,) in heard, f"it was not announced any more: {heard}"
        prev = self.lab.authority.prev("route6", f"{net} AS{holder.asn}")
        holder.machine.run("sh", "-c", f"cd {home} && sed -i 's/^% prev: .*/% prev: {prev}/' route && '{ALAMO}' submit route && "
                           f"rm {LOCAL} && birdc configure")
        self.settle()

    # -- anycast

    def anycast(self):
        """Two members answer at one address; the nearer one takes its route back."""
        near, far, client = self.node("CAT-R1"), self.node("HAL-R1"), self.node("BOB-R1")
        hostmaster = self.lab.authority.hostmaster
        self.lab.authority.accept([obj(("route6", ANYCAST), ("origin", f"AS{node.asn}"), mnt="HOSTMASTER-MNT")
                                   for node in (near, far)], [hostmaster])
        for node in (near, far):
            node.machine.run("ip", "-6", "addr", "add", f"{ANYCAST_ADDRESS}/128", "dev", "lo")
            text = f"protocol static anycast {{ ipv6; route {ANYCAST} unreachable; }}"
            node.machine.run("sh", "-c", f"echo '{text}' >{LOCAL} && birdc configure")
        origin = lambda: re.search(r"BGP\.as_path: ?(.*)", client.machine.birdc("show", "route", "for", ANYCAST_ADDRESS,
                                                                               "primary", "all"))
        wait_for(lambda: origin() and origin()[1].split()[-1] == near.asn, timeout=60, what="the nearer instance")
        probe = Probe(client.machine, ANYCAST_ADDRESS)
        try:
            wait_for(lambda: len(probe.replies()) > 100, timeout=60, what="answers")
            near.machine.run("sh", "-c", f"rm {LOCAL} && birdc configure")
            wait_for(lambda: origin() and origin()[1].split()[-1] == far.asn, timeout=60, what="the other instance")
            time.sleep(3)
        finally:
            probe.stop()
        far.machine.run("sh", "-c", f"rm {LOCAL} && birdc configure")
        self.anycast_lost, self.anycast_sent = probe.lost()
        self.say(f"anycast: {self.anycast_lost} of {self.anycast_sent} queries lost")

    # -- bird's own timers

    def defaults(self):
        """The same, with the timers that bird has when nobody says any. Last: the agents end, which would put back what they rendered."""
        for node in self.lab.nodes.values():
            stop(node.agent)
            for line in TIMERS:
                node.machine.run("sed", "-i", f"s/{line}//", LOCAL.replace("-local", ""))
        self.anew()
        self.authority(beside=True)
        self.kill_router(beside=True)
        self.anew()
        self.flap(beside=True)
        self.anew()
        self.cuts_at_once()
        self.anew()
        self.cut_power(beside=True)

    def anew(self):
        """All sessions from the start: after a failure bird's own timers would have us wait for minutes."""
        self.birdc_all("configure")
        self.birdc_all("restart", "all")
        self.settle(400)

    def cuts_at_once(self):
        """At three places that do not need each other."""
        self.say(f"three cuts at once, {DEFAULTS_S} s at most")
        places = {"hard": ("ANN-R1", "BOB-R1"), "silent": ("DAN-R1", "EVE-R1"), "oneway": ("FOX-R1", "GUS-R1")}
        probes = {how: Probe(self.node(a).machine, self.node(b).address) for how, (a, b) in places.items()}
        wait_for(lambda: all(len(probe.replies()) > 50 for probe in probes.values()), timeout=60, what="answers")
        at = time.time()
        for how, (a, b) in places.items():
            self.cut(self.node(a), self.node(b), how)
        end = at + DEFAULTS_S
        while time.time() < end and not all(probe.fresh_after(at + 0.5) and not self.silent(probe) for probe in probes.values()):
            time.sleep(1)
        for how, probe in probes.items():
            probe.stop()
            self.row(how, " to ".join(places[how]), probe.gap(at), beside=True)
            self.heal(*(self.node(name) for name in places[how]))

    # -- all of it

    def run(self, with_defaults):
        for part in (self.cuts, self.crash, self.flapping, self.attacks, self.revocation, self.anycast, self.authority):
            self.say(f"-- {part.__name__}")
            part()
        if with_defaults:
            self.say("-- defaults")
            self.defaults()
        return self.held()

    def held(self):
        return all(ours <= OUTAGE_GOAL_S for _, ours, _ in self.rows.values()) and not any(self.captured.values()) \
            and (self.aspa is None or self.aspa.held()) \
            and max(self.revoked.values()) <= REVOCATION_GOAL_S and self.anycast_lost == 0

    def figures(self):
        for case, (_, ours, theirs) in self.rows.items():
            beside = f"bird-defaults {theirs:.1f} ratio {ours / max(theirs, 0.01):.4f}" if theirs is not None else \
                "bird-defaults not-measured"
            yield f"figure outage_{case}_s {ours:.2f} s {beside}"
        for case, who in (self.captured | (self.aspa.captured if self.aspa else {})).items():
            yield f"figure captured_{case} {len(who)} of {len(self.lab.nodes) - 2}"
        if self.aspa is None:
            yield f"figure captured_forged_aspa not-measured: {MISSING}"
        yield f"figure revocation_s {max(self.revoked.values()):.2f} goal {REVOCATION_GOAL_S} nodes {len(self.revoked)}"
        yield f"figure anycast_lost {self.anycast_lost} of {self.anycast_sent}"
