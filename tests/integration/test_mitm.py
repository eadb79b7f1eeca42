# SPDX-License-Identifier: MIT
"""Everybody who talks to a registry, against everything that somebody in the middle may do.

Rows are clients, columns are attacks: dropped, replayed, altered, frozen, invented. Whatever a client says afterwards is held against
what the registry itself knows: nothing is shown as done that was not, nothing is signed that its owner did not write,
and who is kept waiting says so within the time that is configured.
"""

import base64
import random
import re
import struct
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import running
from harness import ALAMO, Authority, Key, alamo, mntner, obj, records, run, wait_for
from mitm import BARE, Cheat, Daemon, Files, Person, Questions, Stream, framed, is_request, read_log, signed_head, tree_root
from witnesses import copied, head_size, mirror, spelled, witness

PATIENCE_S = 2        # of clients
STALE_S = 3           # of followers
BOUND_S = 60          # of a busy machine, for whoever is kept waiting
EVIL = "EVIL"         # in everything that the middle makes up
OFFLINE, UNVERIFIED = 3, 4


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    base = tmp_path_factory.mktemp("mitm")
    with running(base / "dir", conf={"registry": {"sign_seconds": 1}}) as made:
        made.evil = Key(base / "evil")
        made.base = base
        yield made


# ---- clients of the request port ----


class Row:
    """One thing that a person does. `words` is typed; `happened()` is the truth, from the registry itself."""

    def __init__(self, person, number):
        self.person, self.authority, self.name = person, person.authority, f"ROW{number}"
        self.domain = f"{self.name.lower()}.alamo"
        self.prepare()

    @staticmethod
    def once(authority):
        """What is there before the first."""

    def prepare(self):
        """He is a member already."""
        self.authority.member(self.person.key, self.name, domain=self.domain, records=["@ A 192.0.2.1"])

    def file(self, text):
        path = self.person.home / f"{self.name}.txt"
        path.write_text(text)
        return path

    def shows(self, cls, key, text):
        return text in self.authority.ask(f"show {cls} {key}")


class Join(Row):
    def prepare(self):
        pass

    @property
    def words(self):
        return ["join", "--name", self.name, "--domain", self.domain]

    def happened(self):
        return self.shows("mntner", f"{self.name}-MNT", self.person.key.public) and self.shows("domain", self.domain, f"{self.name}-MNT")


class Submit(Row):
    @property
    def words(self):
        return ["submit", self.file(obj(("domain", self.domain), ("record", "new A 192.0.2.2"), mnt=f"{self.name}-MNT"))]

    def happened(self):
        return self.shows("domain", self.domain, "new A 192.0.2.2")


class Delete(Row):
    @property
    def words(self):
        return ["submit", self.file(self.authority.shown("domain", self.domain) + "delete: gone\n")]

    def happened(self):
        return "%ERROR" in self.authority.ask(f"show domain {self.domain}")


class Contact(Row):
    def prepare(self):
        super().prepare()
        person = obj(("person", "Ann"), ("nic-hdl", f"{self.name}-ALAMO"), mnt=f"{self.name}-MNT")
        self.authority.accept([person], [self.person.key])

    @property
    def words(self):
        own = self.person.home / "object"
        own.write_text(self.authority.shown("person", f"{self.name}-ALAMO"))
        return ["contact", "set", f"{self.name}-ALAMO", self.file("e-mail: ann@example.net\n"), "--object", own]

    def happened(self):
        return "ann@example.net" in self.authority.ask(f"contact {self.name}-ALAMO")


class Approve(Row):
    """The hostmaster, of what waits."""

    @staticmethod
    def once(authority):
        ask = obj(("inet6num", "fca1:7300::/24"), ("netname", "ASK"), ("status", "ALLOCATED"), ("policy", "ask"),
                  ("assign-len", "64"), ("assign-min", "48"), ("assign-max", "64"), mnt="HOSTMASTER-MNT")
        authority.accept([ask], [authority.hostmaster])

    def prepare(self):
        super().prepare()
        number = int(self.name.removeprefix("ROW"))
        self.wanted = f"fca1:73{number:02x}::/48"
        text = obj(("inet6num", self.wanted), ("netname", self.name), mnt=f"{self.name}-MNT")
        answer = self.authority.talk(self.authority.signed([text], [self.person.key]))
        self.number = answer.split("% queued: ")[1].split(",")[0]
        shown = self.authority.cli("queue", "show", self.number).stdout
        self.digest = re.search(r"--hash ([0-9a-f]{64})$", shown, re.M)[1]

    @property
    def words(self):
        return ["queue", "approve", self.number, "--hash", self.digest, "--key", self.authority.hostmaster.path]

    def happened(self):
        return self.shows("inet6num", self.wanted, self.name)


class Import(Row):
    """The hostmaster again, who takes over a file."""

    @property
    def words(self):
        text = obj(("mntner", f"{self.name}I-MNT"), ("auth", self.person.key.public), mnt=f"{self.name}I-MNT")
        return ["import", self.file(text), "--key", self.authority.hostmaster.path]

    def happened(self):
        return self.shows("mntner", f"{self.name}I-MNT", self.person.key.public)


class Node(Row):
    """A router's first command: the log is read, a node object signed."""

    @property
    def words(self):
        return ["node", "init", f"{self.name}-R1", "--root", self.person.home / "root", "--endpoint", "192.0.2.1"]

    def happened(self):
        return self.shows("node", f"{self.name}-R1", f"{self.name}-MNT")


CLIENTS = {"join": Join, "submit": Submit, "delete": Delete, "contact set": Contact, "queue approve": Approve, "import": Import,
           "node init": Node}


def drops(person):
    """Requests arrive; their answers do not."""
    person.middle.answer = lambda sent, true: None if is_request(sent) else true


def drops_all(person):
    person.middle.answer = lambda sent, true: None


def replays(person):
    """What was answered first to such a question, and the first good answer to any request."""
    file = person.home / "first"
    file.write_text(mntner(f"FIRST{random.getrandbits(40):X}-MNT", person.key))
    memory = {}

    def first(sent, true):
        kind = sent.split(b" ")[0]
        return memory.setdefault(kind, true)

    person.middle.answer = first
    assert "SUCCEEDED" in person.cli("submit", file).stdout


def altered(sent, true, random):
    """One character another one, or a line away, or twice."""
    lines = true.split(b"\n")
    at = random.choice([n for n, line in enumerate(lines) if line and line != b"% end"] or [0])
    how = random.randrange(4)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(at, lines[at])
    else:
        line = bytearray(lines[at])
        place = random.randrange(len(line)) if line else 0
        if line:
            line[place] = random.choice(b"0123456789abcdefXYZ-: ")
        lines[at] = bytes(line)
    return b"\n".join(lines)


def alters(seed, which=is_request):
    def attack(person):
        dice = random.Random(seed)
        person.middle.answer = lambda sent, true: altered(sent, true, dice) if which(sent) else true

    attack.__name__ = f"alters{seed}"
    return attack


def freezes(person):
    """Nothing comes back any more, once the request is there."""
    def answer(sent, true):
        person.middle.frozen = is_request(sent)
        return true

    person.middle.answer = answer


def freezes_at_once(person):
    person.middle.frozen = True


def drips(person):
    """A byte now and then, that never becomes an answer."""
    def answer(sent, true):
        if not is_request(sent):
            return true
        for _ in range(BOUND_S * 4):
            if person.middle.closing.wait(0.25):
                break
            for sock in person.middle.open[-1:]:
                sock.sendall(b"%")
        return None

    person.middle.answer = answer


def floods(person):
    """An answer without end."""
    person.middle.answer = lambda sent, true: b"% x\n" * (16 << 18) if is_request(sent) else true


def invents(person):
    person.middle.answer = lambda sent, true: BARE if is_request(sent) else true


def invents_escapes(person):
    """What a terminal would obey, in place of everything that a server may say in its own words."""
    text = b"%ERROR: \x1b]0;EVIL\x07\x1b[2J\x9b2J\xc2\x9b \xe2\x80\xae\n% end\n"
    person.middle.answer = lambda sent, true: text if sent != b"network\n" else true


def invents_objects(person):
    """Each object that is asked for comes with another behind it: the member's maintainer with the attacker's key."""
    def answer(sent, true):
        if not sent.startswith(b"show "):
            return true
        evil = mntner(re.search(rb"^mnt-by: *(\S+)", true, re.M)[1].decode() if b"mnt-by" in true else "EVIL-MNT", person.authority.evil)
        return true.replace(b"% end\n", b"\n" + evil.encode() + b"remarks: EVIL\n% end\n")

    person.middle.answer = answer


ATTACKS = [drops, drops_all, replays, alters(1), alters(2), alters(3, lambda sent: True), alters(4, lambda sent: not is_request(sent)),
           freezes, freezes_at_once, drips, floods, invents, invents_escapes, invents_objects]
NUMBERS = iter(range(1, 256))


def assert_honest(row, result):
    """What is said is so; what was signed was meant."""
    said = result.stdout + result.stderr
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said), ascii(said)
    assert result.returncode in (0, 1, 2, 3, 4), result
    if result.returncode == 0:
        assert row.happened(), said
    elif re.search(r"SUCCEEDED|Welcome", result.stdout):
        # Of several requests one was done, and proved, before the attack stopped the next.
        assert row.happened(), said
    for sent in row.person.middle.requests:
        assert EVIL.encode() not in sent and row.authority.evil.public.encode() not in sent, sent


def attacked(authority, home, client, attack):
    """One cell of the table."""
    with Questions(authority.endpoints["requests"]) as middle:
        person = Person(home, authority, middle)
        person.environment["ALAMO_PATIENCE"] = str(PATIENCE_S)
        person.cli("free", "asn")     # pinned
        row = CLIENTS[client](person, next(NUMBERS))
        words = row.words
        attack(person)
        middle.requests.clear()
        begun = time.monotonic()
        try:
            assert_honest(row, person.cli(*words, check=False, timeout=BOUND_S))
        except Exception as error:
            raise AssertionError(f"{client}, {attack.__name__}, after {time.monotonic() - begun:.1f} s: {error}") from error
        middle.cut()
        # And when he is gone, it goes on where it was.
        middle.frozen, middle.answer = False, lambda sent, true: true
        for _ in range(2):     # the first may find that what waits to be repeated has become wrong
            again = row.happened() or person.cli(*words, check=False)
        assert row.happened(), (client, attack.__name__, again)


@pytest.mark.parametrize("client", CLIENTS)
def test_request_port(authority, tmp_path, client):
    CLIENTS[client].once(authority)
    with ThreadPoolExecutor(len(ATTACKS)) as pool:     # most of the time is waited
        cells = [pool.submit(attacked, authority, tmp_path / f"home{n}", client, attack) for n, attack in enumerate(ATTACKS)]
    for cell in cells:
        cell.result()
