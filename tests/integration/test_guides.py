# SPDX-License-Identifier: MIT
"""The guides in docs/ are typed as they stand, on machines of their own: each block on the one that its first line names."""

import re

from conftest import running
from harness import BIN, ROOT, run, wait_for
from machines import WIRE
from newcomer import offer_in
from test_node import DN42_TEMPLATE, anchors_of

# What is seen a moment later: sessions come up, the log is dated once a minute.
LATER = {"alamo doctor": "nothing is wrong\n", "dig +short @127.0.0.1 www.ann.alamo AAAA": "::80\n"}


def blocks(page):
    """(machine, commands) of each block, and that there is none of another kind."""
    text = (ROOT / "docs" / page).read_text()
    found = re.findall(r"^```sh\n# (\w+)'s machine\n(.*?)^```$", text, re.M | re.S)
    assert len(found) == text.count("```") // 2, "a block whose machine is not said"
    return found


def commands(block):
    return re.sub(r"\\\n\s*", "", block).splitlines()


class Guide:
    def __init__(self, authority, folder):
        self.authority, self.folder, self.offer, self.said = authority, folder, "", {}

    def type(self, machine, command):
        command = command.replace("registry.example:4343", self.authority.server())
        command = re.sub(r"alamo-peer1-\S+", self.offer, command)
        script = f"cd {machine.home} && PATH={BIN}:$PATH && {command}"
        return run(*machine.inside, "bash", "-c", script, check=False, env=machine.env)

    def step(self, machine, command):
        if command in LATER:
            wait_for(lambda: self.type(machine, command).stdout.endswith(LATER[command]), timeout=120, what=command)
        result = self.type(machine, command)
        assert result.returncode == 0, (command, result.stdout, result.stderr)
        self.said[command] = result.stdout
        if "alamo peer accept" in result.stdout:
            self.offer = offer_in(result.stdout)

    def follow(self, page, machines):
        for name, block in blocks(page):
            for command in commands(block):
                self.step(machines[name], command)


def test_getting_started(internet, tmp_path):
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        machines = {"ANN": internet.machine("ann", 1), "BOB": internet.machine("bob", 2)}
        machines["BOB"].run("sh", "-c", f"cat >{machines['BOB'].home}/anchors.ds", input=anchors_of(authority, tmp_path / "anchors").read_text())
        guide = Guide(authority, tmp_path)
        guide.follow("getting-started.md", machines)
        assert guide.said["alamo doctor"] == "nothing is wrong\n"
        assert "ANN-R1" in guide.said["alamo peer list"]
        assert re.fullmatch(r"fca1:[0-9a-f:]+::80\n", guide.said["dig +short @127.0.0.1 www.ann.alamo AAAA"])
        assert "WWW-ANN-ALAMO" in guide.said["alamo services"]
        assert guide.said["alamo services --check"].startswith("down")          # no server was started


def test_coming_from_dn42(internet, tmp_path):
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann = internet.machine("ann", 1)
        ann.run("sh", "-c", "cat >/etc/bird/bird.conf && birdc configure", input=DN42_TEMPLATE)
        guide = Guide(authority, tmp_path)
        (first, join), (_, leave) = blocks("from-dn42.md")
        for command in commands(join):
            guide.step(ann, command)
        shown = ann.birdc("show", "protocols")
        assert "alamo_kernel" in shown and "fisher" in shown
        for command in commands(leave):
            guide.step(ann, command)
        assert ann.run("cat", "/etc/bird/bird.conf") == DN42_TEMPLATE
        assert "alamo" not in ann.birdc("show", "protocols") and "alamo" not in ann.run("sh", "-c", "ls /etc/bird /etc/wireguard")


def test_every_guide_is_followed():
    """No other page has blocks that a person would type as a script."""
    pages = {page.name for page in (ROOT / "docs").glob("*.md") if "```sh\n" in page.read_text()}
    assert pages == {"getting-started.md", "from-dn42.md", "hosting.md", "protocol.md"}
