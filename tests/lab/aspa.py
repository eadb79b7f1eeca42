# SPDX-License-Identifier: MIT
"""The attacks once more, on routers that check paths by ASPA instead of by the generated filter.

Debian's bird has no ASPA, so a newer one is named by ALAMO_BIRD_ASPA (2.19: before it, paths were judged wrongly now and then).
Each observer runs it with the rendered configuration, and what the registry says of providers comes over RTR version 2.
"""

import contextlib
import os
import signal

from harness import wait_for
from network import prefix_of

PROGRAM = os.environ.get("ALAMO_BIRD_ASPA")
MISSING = "ALAMO_BIRD_ASPA names no bird with ASPA (2.19 or later)"
CONF = "/etc/bird/alamo.conf"
FILTER = "return alamo_valid() && alamo_beside();"
WITHOUT = "return alamo_valid();"
WITH = "return alamo_valid() && aspa_check_upstream(alamo_providers) != ASPA_INVALID;"
CHANNEL = "roa6 { table alamo_origins; };"


class Aspa:
    def __init__(self, failures):
        self.failures, self.lab, self.captured = failures, failures.lab, {}
        self.attacker, self.victim = failures.attackers()
        self.observers = failures.observers(self.attacker, self.victim)

    def rewrite(self, node, *changes):
        """The rendered configuration, with each of `changes` made once."""
        text = node.machine.run("cat", CONF)
        for old, new in changes:
            assert text.count(old) == 1, (node.name, old)
            text = text.replace(old, new)
        node.machine.run("sh", "-c", f"cat >{CONF}", input=text)

    def start(self, node):
        machine = node.machine
        machine.bird.kill()
        machine.bird.wait(20)
        machine.start_bird(PROGRAM)

    def providers(self, node):
        """Of how many ASs the router knows who their providers are, and in which version it asked for them."""
        shown = node.machine.birdc("show", "protocols", "all", "alamo_authority")
        count = node.machine.birdc("show", "route", "table", "alamo_providers", "count")
        return int(count.split(" of ")[0].split()[-1]) if " of " in count else 0, "Protocol version: 2" in shown

    @contextlib.contextmanager
    def agents_stopped(self):
        """Whatever an agent has still to do, it puts back nothing that is written here meanwhile."""
        for node in self.observers:
            node.agent.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for node in self.observers:
                node.agent.send_signal(signal.SIGCONT)

    def run(self):
        """Captured by the forged origin with the origins alone, which must be somebody, and by each attack with ASPA."""
        self.failures.settle()
        with self.agents_stopped():
            return self.attacked()

    def attacked(self):
        net = prefix_of(self.victim.address)
        self.failures.open_filters(self.attacker)
        for node in self.observers:
            self.rewrite(node, (FILTER, WITHOUT), (CHANNEL, CHANNEL + "\n\taspa { table alamo_providers; };"),
                         ("roa6 table alamo_origins", "aspa table alamo_providers;\nroa6 table alamo_origins"))
            self.start(node)
        members = {node.asn for node in self.lab.nodes.values()}
        wait_for(lambda: all(self.providers(node) == (len(members), True) for node in self.observers), timeout=60,
                 what="providers at every observer")
        self.failures.settle()
        self.captured["forged_unchecked"] = self.failures.attack("forged, by origins alone", net, True)
        for node in self.observers:
            self.rewrite(node, (WITHOUT, WITH))
            node.machine.birdc("configure")
        self.failures.settle()
        for case, prefix, forged in (("hijack48", net, False), ("hijack56", net.replace("::/48", "::/56"), False), ("forged", net, True)):
            self.captured[f"{case}_aspa"] = self.failures.attack(f"{case}, ASPA", prefix, forged)
        for node in self.observers:
            self.rewrite(node, (WITH, WITH))    # nobody has put back what was rendered
        return self

    def held(self):
        """Somebody is captured without it: else nothing was shown."""
        unchecked = self.captured["forged_unchecked"]
        return bool(unchecked) and not any(who for case, who in self.captured.items() if case != "forged_unchecked")

    def undo(self):
        """Back to what is rendered."""
        for node in [*self.observers, self.attacker]:
            node.machine.alamo("node", "apply")
        for node in self.observers:
            node.machine.bird.kill()
            node.machine.bird.wait(20)
            node.machine.start_bird()
        self.failures.settle()
