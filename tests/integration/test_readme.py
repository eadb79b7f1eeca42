# SPDX-License-Identifier: MIT
"""What README.md, the manual pages and docs/protocol.md show is typed as it stands, in order, by somebody new: an empty
home, an empty folder, the ports of the text."""

import os
import re
import subprocess
import time

import pytest
from harness import BIN, ROOT, SETTLE_S, Key, obj, run

ELSEWHERE = ("./script/", "export PATH=")    # they install and build, and find what was built
# Who follows the log sees it a moment later.
LATER = ("whois ", "dig ", "bgpq4 ", "curl ", "alamo whois ", "alamo roa fetch ")
VARIES = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b\d{14} \d{14} \d{1,5} (\S+) .*", r"SIGNED by \1"),
    (r"alamo-\d{8}-\d{6}", "REQUEST"),
    (r"\+[0-9a-f]{8}\+[A-Za-z0-9+/=.]+", "+ID+KEY"),
    (r"% log (\d+) [A-Za-z0-9+/]{43}=", r"% log \1 ROOT"),
    (r"[ \t]+", " "),
)


def fenced(path, language=""):
    """The fenced blocks of a text, those of one language."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text(), re.M | re.S)
    return [block for name, block in blocks if name == language]


def examples(page):
    """The literal blocks of a manual page's examples."""
    section = re.search(r"^\.Sh EXAMPLES$(.*?)^\.Sh ", (ROOT / "docs/man" / page).read_text(), re.M | re.S)
    blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", section[1], re.M | re.S) if section else []
    return [block.replace(r"\(ti", "~").replace(r"\e", "\\") for block in blocks]


def steps(block):
    """Each command of a block, and the lines that stand under it."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


def plain(text, home):
    """Without what no two runs have in common."""
    text = text.replace(str(home), "/home/ann")
    for pattern, instead in VARIES:
        text = re.sub(pattern, instead, text)
    return text.strip()


def pattern_of(lines, home):
    """`...` stands for the rest of a line; alone in a line, for any lines."""
    rows = []
    for line in lines:
        shown = plain(line, home)
        if shown == "...":
            rows.append(r"(?:.*\n)*?")
        elif shown.endswith("..."):
            rows.append(re.escape(shown[:-3]) + r".*\n")
        else:
            rows.append(re.escape(shown) + r"\n")
    return re.compile("".join(rows))


class Newcomer:
    """A shell in an empty folder, with an SSH key in ~/.ssh."""

    def __init__(self, home, folder):
        self.home, self.folder = home, folder
        (home / ".ssh").mkdir(parents=True)
        folder.mkdir()
        Key(home / ".ssh/id_ed25519")
        kept = {name: os.environ[name] for name in ("ALAMO_USER", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
                if name in os.environ}
        self.environment = kept | {"HOME": str(home), "PATH": f"{BIN}:{os.environ['PATH']}", "LANG": "C.UTF-8"}

    def type(self, script):
        return subprocess.run(["bash", "-c", script], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)

    def step(self, command, shown, words=""):
        """One command does what the text says, and says what the text shows, or the words in question."""
        wanted, end = pattern_of(shown, self.home), time.monotonic() + SETTLE_S
        while True:
            result = self.type(command)
            said = "".join(plain(line, self.home) + "\n" for line in result.stdout.splitlines())
            good = result.returncode == 0 and (wanted.fullmatch(said) or not shown) and words in said
            if good or not command.startswith(LATER) or time.monotonic() > end:
                break
            time.sleep(0.1)
        text = "\n".join([words, *shown])
        assert good, f"$ {command}\ngave {result.returncode} and\n{result.stdout}\nwhere the text shows\n{text}"
        return result.stdout

    def follow(self, blocks):
        """All of them in order; how many commands that were."""
        count = 0
        for command, shown in (step for block in blocks for step in steps(block)):
            if not command.startswith(ELSEWHERE):
                while shown and not shown[-1]:
                    shown.pop()
                self.step(command, shown)
                count += 1
        return count


@pytest.fixture
def newcomer(netns, tmp_path):
    ann = Newcomer(tmp_path / "home/ann", tmp_path / "folder")
    yield ann
    ann.type("alamo down ~/authority")


def test_five_minutes(newcomer, tmp_path):
    assert newcomer.follow(fenced(ROOT / "README.md")) >= 10
    routers = [block for block in fenced(ROOT / "README.md") if block.startswith("roa6 table")]
    assert len(routers) == 1
    for number, block in enumerate(routers):
        conf = tmp_path / f"bird{number}.conf"
        conf.write_text(block)
        run("bird", "-p", "-c", conf)


def second_maintainer(newcomer):
    """What the example of two signatures begins with: two members, and a route of the one's prefix from the other's AS."""
    found = {}
    for name in ("mine", "theirs"):
        Key(newcomer.folder / name)
        said = newcomer.step(f"alamo join --name {name.upper()} --key {name}", [])
        found[name] = re.search(r"route +(\S+) from (AS\d+)", said)
    route = obj(("route6", found["mine"][1]), ("origin", found["theirs"][2]), mnt="MINE-MNT")
    (newcomer.folder / "route.txt").write_text(route)


def contact_and_set(newcomer):
    """What the examples of whois ask for besides a new member."""
    more = [obj(("person", "Ann"), ("nic-hdl", "FISHER-ALAMO"), mnt="FISHER-MNT"),
            obj(("as-set", "AS-FISHER"), ("members", "AS4252660100"), mnt="FISHER-MNT")]
    (newcomer.folder / "more").write_text("\n".join(more))
    newcomer.step("alamo submit more", [])
    newcomer.step("alamo show aut-num AS4252660100 > a; echo 'tech-c: FISHER-ALAMO' >> a; alamo submit a", [])


def ask(newcomer, page, wanted):
    """The questions of a page's examples: each answer holds what is asked for."""
    commands = [command for block in examples(page) for command, _ in steps(block)]
    assert len(commands) == len(wanted)
    for command, words in zip(commands, wanted):
        newcomer.step(command, [], words)


def test_manual_pages(newcomer, tmp_path):
    first, signed = examples("alamo.1")
    assert newcomer.follow([first]) >= 5
    second_maintainer(newcomer)
    assert newcomer.follow([signed]) == 2
    contact_and_set(newcomer)
    ask(newcomer, "alamo-whoisd.8", ["as-name: FISHER-AS", "mntner: FISHER-MNT", "tech-c: FISHER-ALAMO",
                                               '"handle":"AS4252660100"', "permit fca1:100::/48", "^4252660100("])
    ask(newcomer, "alamo-rootd.8", ["RRSIG SOA", "XFR size"])
    (router,) = examples("alamo-rpkid.8")
    (tmp_path / "bird.conf").write_text(router)
    run("bird", "-p", "-c", tmp_path / "bird.conf")
    shown = {page.name for page in (ROOT / "docs/man").iterdir() if examples(page.name)}
    assert shown == {"alamo.1", "alamo-whoisd.8", "alamo-rootd.8", "alamo-rpkid.8"}


def test_by_hand(newcomer):
    """docs/protocol.md needs no program of ours, neither for a question nor for a request."""
    newcomer.follow(["$ alamo init ~/authority\n$ alamo up --detach ~/authority\n"])
    assert newcomer.follow(fenced(ROOT / "docs/protocol.md")) >= 1
    (script,) = fenced(ROOT / "docs/protocol.md", "sh")
    said = newcomer.step(script, [])
    assert "Create SUCCEEDED: [mntner] HAND-MNT" in said and said.endswith("% end\n")
