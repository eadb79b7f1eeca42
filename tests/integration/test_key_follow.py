# SPDX-License-Identifier: MIT
"""Who follows the log while its key is relieved goes on by itself: mirrors, monitors, nodes and witnesses. By the word of the
key that each has known before, and by no other."""

import re

import pytest
from conftest import running
from harness import ALAMO, UNPAID, Key, alamo, nobody_home, obj, stop, wait_for
from mitm import Stream, framed
from test_keys import rotate
from test_monitor import EVENTS, receiver
from test_node_agent import Member
from witnesses import add_checkpoint, head_size, mirror, spelled, wait_for_size, witness


@pytest.fixture
def authority(netns, tmp_path):
    """On ports that are the same after a restart."""
    with running(tmp_path / "dir", ports="standard", conf={"registry": UNPAID}) as made:
        yield made


class Fisher:
    """A member with entries for monitors to see."""

    def __init__(self, authority, folder):
        self.authority, self.key, self.count = authority, Key(folder / "fisher"), 0
        authority.member(self.key)

    def entry(self):
        """One more; its index."""
        self.count += 1
        person = obj(("person", f"P{self.count}"), ("nic-hdl", f"P{self.count}-ALAMO"), mnt="FISHER-MNT")
        return self.authority.accept([person], [self.key]).index


class Running:
    """A command that follows, and can be started again as it was."""

    def __init__(self, children, said, words, env):
        self.children, self.said, self.words, self.env = children, said, [ALAMO, *words], env
        self.again()

    def again(self):
        if getattr(self, "process", None) is not None:
            stop(self.process)
        with open(self.said, "ab") as out:
            self.process = self.children(self.words, env=self.env, stdout=out, stderr=out)

    def text(self):
        return self.said.read_text(errors="replace")


def monitor(children, folder, authority, name, *words):
    home = folder / name
    home.mkdir()
    env = nobody_home() | {"HOME": str(home), "ALAMO_SERVER": authority.server()}
    return Running(children, folder / f"{name}.said", ["monitor", "--mnt", "FISHER-MNT", *words], env)


def node(children, folder, authority, *words):
    member = Member(authority, folder, "ANN")
    made = Running(children, folder / "node.said", ["node", "run", "--root", member.root, *words], member.env)
    made.checkpoint = member.root / "var/lib/alamo/node/checkpoint"
    made.pin = member.home / ".config/alamo/networks/alamo"
    return made


def vkey_of(authority):
    return re.search(r"^vkey: (.*)$", authority.ask("network"), re.M)[1]


def size_of(path):
    return head_size(path.read_text()) if path.exists() else 0


def test_followers_go_on(authority, children, tmp_path):
    """Twice, and over a start with what they were given first; a mirror of a mirror too."""
    first, fisher = vkey_of(authority), Fisher(authority, tmp_path)
    copies = [mirror(children, tmp_path / "copy", spelled(authority.endpoints["stream"]), first)]
    copies.append(mirror(children, tmp_path / "copy-of-it", copies[0].address, first))
    monitors = [monitor(children, tmp_path, authority, "pinned"),
                monitor(children, tmp_path, authority, "typed", "--log-key", first, "--network", "alamo", "--stream", copies[1].address)]
    agent = node(children, tmp_path, authority)

    def all_have(index):
        for path in (tmp_path / "copy", tmp_path / "copy-of-it"):
            wait_for_size(path, index + 1, 60)
        for one in monitors:
            wait_for(lambda: f"entry {index} " in one.text(), 60, f"{one.said.name} to tell of entry {index}")
        wait_for(lambda: size_of(agent.checkpoint) > index, 60, "the node")

    all_have(fisher.entry())
    for _ in range(2):
        rotate(authority)
        all_have(fisher.entry())
    last = vkey_of(authority)
    assert all(one.process.poll() is None for one in (*copies, *monitors, agent))
    assert all(one.text().count("has another key now") == 2 for one in (*monitors, agent))
    assert all(f"vkey = {last}\n" in path.read_text() for path in (agent.pin, tmp_path / "pinned/.config/alamo/networks/alamo"))
    note = (authority.dir / "keys/log.pub").read_text()
    assert all((tmp_path / name / "log.pub").read_text() == note for name in ("copy", "copy-of-it"))
    # Each is started again as it was: what it was given is two keys ago.
    for one in (*copies, agent, monitors[0]):
        stop(one.process)
    again = mirror(children, tmp_path / "copy", spelled(authority.endpoints["stream"]), first, listen=copies[0].address)
    copies = [again, mirror(children, tmp_path / "copy-of-it", again.address, first, listen=copies[1].address)]
    for one in (agent, monitors[0]):
        one.again()
    all_have(fisher.entry())
    for copy in copies:
        assert "verified: every entry" in alamo("verify", "--stream", copy.address, "--key", authority.dir / "keys/log.pub",
                                                "--network", "alamo").stdout


def test_a_log_that_is_read_again(authority, children, tmp_path):
    """A monitor whose server was away reads the log from its beginning: by the key that it has come to, not by the typed one."""
    first, fisher = vkey_of(authority), Fisher(authority, tmp_path)
    with receiver(always="503") as web:
        watch = monitor(children, tmp_path, authority, "away", authority.dir, "--log-key", first, "--webhook",
                        f"http://127.0.0.1:{web.port}", "--state", tmp_path / "state")
        for _ in range(2):
            entry = fisher.entry()
            wait_for(lambda: f"entry {entry} " in watch.text(), 60, "the monitor")
            rotate(authority)
        entries = [fisher.entry() for _ in range(EVENTS + 20)]
        wait_for(lambda: f"entry {entries[-1]} " in watch.text(), 60, "the monitor")
        web.always = None
        wait_for(lambda: entries[-1] in [event["index"] for event in web.taken], 300, "the last event")
    assert watch.process.poll() is None


def test_a_witness_goes_on(authority, children, tmp_path):
    first, fisher = vkey_of(authority), Fisher(authority, tmp_path)
    one = witness(children, tmp_path / "watch", first)
    (authority.dir / "witnesses").write_text(f"witness W {one.word('witness ')} http://{one.address}/\nquorum W\n")
    authority.stop()
    authority.configure("registry", witnesses="witnesses")
    authority.start()
    cosigned = authority.dir / "run/checkpoint.cosigned"

    def has(index):
        wait_for(lambda: size_of(cosigned) > index, 60, f"the witness to cosign entry {index}")

    has(fisher.entry())
    for _ in range(2):
        rotate(authority)
        has(fisher.entry())
    assert one.process.poll() is None and "witness-key" in one.said()
    # Anybody may bring a note; what is not signed by the key that is known here changes nothing.
    note = (authority.dir / "keys/log.pub").read_text()
    for body, status in ((note, 200), (forged(authority, tmp_path), 403), ("nonsense\n", 404)):
        assert add_checkpoint(one, body, "/add-keys")[0] == status
    stop(one.process)
    one = witness(children, tmp_path / "watch", first, listen=one.address)
    has(fisher.entry())
    assert "cosign-keys" not in (authority.dir / "up.log").read_text()


def forged(authority, folder):
    """The authority's note, leading to another key than it does, and signed by that and by a stranger."""
    note = (authority.dir / "keys/log.pub").read_text()
    for name in ("other", "stranger"):
        if not (folder / f"{name}.key").exists():
            alamo("keys", "make-root", folder / f"{name}.key", "--name", note.split("\nlog ")[1].split("+")[0])
    key = (folder / "other.key.pub").read_text().strip()
    path = folder / "forged.note"
    path.write_text(re.sub(r"(?m)^log \S+ from (\d+)$", lambda found: f"log {key} from {found[1]}", note.split("\n\n")[0]) + "\n")
    for name in ("other", "stranger"):
        alamo("keys", "sign", path, "--key", folder / f"{name}.key")
    return path.read_text()


def test_a_forged_note_changes_nothing(authority, children, tmp_path):
    """Somebody in the middle has a note of his own for the true one. Nobody believes it or gives up, and each says it once."""
    first, fisher = vkey_of(authority), Fisher(authority, tmp_path)
    with Stream(authority.endpoints["stream"]) as middle:
        copy = mirror(children, tmp_path / "copy", middle.address, first)
        watch = monitor(children, tmp_path, authority, "pinned", "--stream", middle.address)
        agent = node(children, tmp_path, authority, "--stream", middle.address)
        before = fisher.entry()
        wait_for_size(tmp_path / "copy", before + 1, 60)
        wait_for(lambda: f"entry {before} " in watch.text(), 60, "the monitor")
        wait_for(lambda: size_of(agent.checkpoint) > before, 60, "the node")
        lie = []
        middle.change = lambda kind, body: [framed(kind, lie[0].encode() if kind == "K" else body)] if lie or kind != "K" else []
        rotate(authority)
        lie.append(forged(authority, tmp_path))
        after = fisher.entry()
        said = {"the mirror": copy.said, "the monitor": watch.text, "the node": agent.text}
        for name, text in said.items():
            wait_for(lambda: "follow-keys-refused" in text(), 60, f"{name} to refuse the note")
        # Again and again, with a pause.
        count = middle.kinds.count("K")
        wait_for(lambda: middle.kinds.count("K") >= count + 12, 60, "more tries")
        assert [text().count("follow-keys-refused") for text in said.values()] == [1, 1, 1]
        assert size_of(tmp_path / "copy/checkpoint") == size_of(agent.checkpoint) == before + 1
        assert f"entry {after} " not in watch.text() and (tmp_path / "copy/log.pub").read_text() == f"{first}\n"
        assert all(f"vkey = {first}\n" in path.read_text() for path in (agent.pin, tmp_path / "pinned/.config/alamo/networks/alamo"))
        # The true one comes through, and they go on.
        middle.change = None
        middle.cut()
        wait_for_size(tmp_path / "copy", after + 1, 60)
        wait_for(lambda: f"entry {after} " in watch.text(), 60, "the monitor to go on")
        wait_for(lambda: size_of(agent.checkpoint) > after, 60, "the node to go on")
    assert all(one.process.poll() is None for one in (copy, watch, agent))
