# SPDX-License-Identifier: MIT
"""Lying registries and people in the middle: nothing is shown as done, nothing foreign is signed."""

import json
import subprocess

import pytest
from conftest import running
from harness import ALAMO, Key, alamo, mntner, obj, wait_for
from mitm import BARE, Person, Questions, is_request

@pytest.fixture
def person(authority, tmp_path):
    with Questions(authority.endpoints["requests"]) as middle:
        yield Person(tmp_path / "home", authority, middle)


def entries(authority):
    return int(authority.ask("head").splitlines()[1])


def test_first_contact_is_pinned_and_shown(person):
    first = person.cli("free", "asn")
    vkey = (person.authority.dir / "keys" / "log.pub").read_text().strip()
    assert vkey in first.stderr and "first contact" in first.stderr and person.middle.address in first.stderr
    pinned = person.pin().read_text()
    for line in ("name = alamo", "source = ALAMO", f"vkey = {vkey}", f"server = {person.middle.address}"):
        assert f"{line}\n" in pinned
    assert person.cli("free", "asn").stderr == ""
    # The same network at another address is no first contact, and is remembered.
    assert person.cli("free", "asn", "--server", person.authority.server()).stderr == ""
    assert f"server = {person.authority.server()}\n" in person.pin().read_text()
    assert vkey in person.cli("network", "list").stdout


def test_the_careful_bring_the_key(person, tmp_path):
    alamo("init", tmp_path / "other")
    wrong = person.fails("free", "asn", "--pin", tmp_path / "other" / "keys" / "log.pub")
    assert "--pin" in wrong and not person.pin().exists()
    right = person.cli("free", "asn", "--pin", person.authority.dir / "keys" / "log.pub")
    assert right.stderr == "" and person.pin().exists()


def test_xdg_folders(person, tmp_path):
    for name in ("config", "data", "state"):
        person.environment[f"XDG_{name.upper()}_HOME"] = str(tmp_path / name)
    person.cli("join", "--name", "XDG")
    assert (tmp_path / "config/alamo/networks/alamo").exists()
    assert list((tmp_path / "data/alamo/alamo/receipts").glob("*.tlog-proof"))
    assert not person.pin().exists() and not person.receipts()


@pytest.mark.parametrize("field", ["name", "namespace", "vkey", "source"])
def test_another_registry_than_before(person, field, tmp_path):
    person.cli("free", "asn")
    values = {"name": b"forged", "namespace": b"registry@forged", "source": b"FORGED",
              "vkey": person.authority.ask("network").split("vkey: ")[1].split("\n")[0].encode()}
    alamo("init", tmp_path / "other")
    values["vkey"] = (tmp_path / "other" / "keys" / "log.pub").read_bytes().strip()

    def forge(sent, true):
        lines = []
        for line in true.splitlines():
            name = line.split(b":")[0].decode()
            if sent == b"network\n" and (name == field or (field == "name" and name == "namespace")):
                line = name.encode() + b": " + values[name]
            lines.append(line)
        return b"\n".join(lines) + b"\n"

    before = person.pin().read_text()
    person.middle.answer = forge
    file = tmp_path / "object"
    file.write_text(mntner("NEW-MNT", person.key))
    for words in (("submit", file), ("join", "--name", "NEW"), ("free", "asn"), ("show", "mntner", "HOSTMASTER-MNT"),
                  ("queue", "refuse", "1", "no"), ("verify",), ("import", file)):
        result = person.cli(*words, check=False)
        if field == "namespace":  # a name and a namespace that do not belong together: no registry of ours
            assert result.returncode != 0 and "does not answer like a registry" in result.stderr
            continue
        assert result.returncode == 4, (words, result)
        # Both values, and the mend.
        assert values[field].decode() in result.stderr and "alamo network forget alamo" in result.stderr
        assert [line for line in before.splitlines() if line.startswith(f"{field} = ")][0].split(" = ")[1] in result.stderr
    assert person.middle.requests == [] and person.pin().read_text() == before
    # The mend works.
    if field == "vkey":
        person.cli("network", "forget", "alamo")
        assert values["vkey"].decode() in person.cli("free", "asn").stderr


def test_done_without_a_receipt(person, tmp_path):
    person.middle.answer = lambda sent, true: BARE if is_request(sent) else true
    file = tmp_path / "object"
    file.write_text(mntner("FAKE-MNT", person.key))
    assert "Nothing of the answer is believed" in person.fails("join", "--name", "FAKE")
    assert "Nothing of the answer is believed" in person.fails("submit", file)
    person.middle.answer = lambda sent, true: BARE.replace(b"% receipt: index 1\nno\n", b"") if is_request(sent) else true
    assert "gives no receipt" in person.fails("join", "--name", "FAKE")
    assert "gives no receipt" in person.fails("submit", file)
    got = json.loads(person.cli("join", "--name", "FAKE", "--json", check=False).stdout)
    assert got["accepted"] is False and got["errors"]
    assert person.receipts() == []


@pytest.mark.parametrize("said", [
    b"SUMMARY OF UPDATE: x\n",
    b"SUMMARY OF UPDATE: x\n% all is well\n",
    b"SUMMARY OF UPDATE: x\n  Control SUCCEEDED: join\n",
    b"SUMMARY OF UPDATE: x\n  Creation SUCCEEDED: [mntner] FAKE-MNT\n",
    b"  Create SUCCEEDED: [mntner] FAKE-MNT\n",
    b"SUMMARY OF UPDATE: x\n  No operation SUCCEEDED: [mntner] FAKE-MNT\n% receipt: index 1\n",
    b"SUMMARY OF UPDATE: x\n  Create SUCCEEDED: [mntner] FAKE-MNT\n***Error:   and yet not (X)\n",
])
def test_done_in_other_words(person, said, tmp_path):
    person.middle.answer = lambda sent, true: said + b"% end\n" if is_request(sent) else true
    file = tmp_path / "object"
    file.write_text(mntner("FAKE-MNT", person.key))
    person.fails("submit", file)
    person.fails("join", "--name", "FAKE")
    assert person.receipts() == []


def test_nothing_to_do_is_not_done(person, tmp_path):
    """"No operation" has no receipt. A newcomer is not welcome by it, and who submits is told that it is not proved."""
    said = (b"SUMMARY OF UPDATE: x\n  No operation SUCCEEDED: [mntner] FAKE-MNT\n"
            b"  No operation SUCCEEDED: [aut-num] AS666\n% nothing was changed\n% end\n")
    person.middle.answer = lambda sent, true: said if is_request(sent) else true
    person.fails("join", "--name", "FAKE")
    assert json.loads(person.cli("join", "--name", "FAKE", "--json", check=False).stdout)["accepted"] is False
    file = tmp_path / "object"
    file.write_text(mntner("FAKE-MNT", person.key))
    assert "no proof" in person.cli("submit", file, check=False).stderr


def test_receipt_of_another_log(person, tmp_path):
    with running(tmp_path / "forged") as forged:
        other = Questions(forged.endpoints["requests"])
        person.middle.answer = lambda sent, true: other.ask(sent) if is_request(sent) else true
        assert "is not signed by the log's key" in person.fails("join", "--name", "ELSEWHERE")
        assert "ELSEWHERE-MNT" in forged.ask("show mntner ELSEWHERE-MNT")
    assert person.receipts() == []


@pytest.mark.parametrize("what", ["result", "number", "index", "another"])
def test_true_receipt_for_something_else(person, what):
    old = {}

    def forge(sent, true):
        if not is_request(sent):
            return true
        if what == "another":  # a receipt that was good once
            old.setdefault("answer", true)
            return old["answer"]
        head, proof = true.split(b"% receipt:")
        if what == "result":
            head = head.replace(b"Create SUCCEEDED: [route6]", b"No operation SUCCEEDED: [route6]")
        elif what == "number":
            head = head.replace(b"[aut-num] AS42526", b"[aut-num] AS42527")
        else:
            proof = proof.replace(b"index ", b"index 1", 2)
        return head + b"% receipt:" + proof

    person.middle.answer = forge
    if what == "another":
        person.cli("join", "--name", "EARLIER")
        assert len(person.receipts()) == 1
    person.fails("join", "--name", f"ALTERED-{what}")


def test_succeeded_and_failed_at_once(person):
    person.middle.answer = lambda sent, true: (
        b"SUMMARY OF UPDATE: x\n  Create SUCCEEDED: [mntner] A-MNT\n  Create HELD: [aut-num] AS1\n% end\n"
        if is_request(sent) else true)
    person.fails("join", "--name", "BOTH")


def test_altered_object_is_not_signed(person, tmp_path):
    """An object to be copied into a request comes with another one behind it, or is another one."""
    objects = [mntner("OWN-MNT", person.key), obj(("person", "Ann"), ("nic-hdl", "OWN-ALAMO"), mnt="OWN-MNT")]
    person.authority.accept(objects, [person.key])
    text = tmp_path / "contact"
    text.write_text("e-mail: ann@example.net\n")
    attacker = Key(tmp_path / "attacker")
    added = ("\n" + mntner("OWN-MNT", attacker)).encode()
    instead = mntner("OWN-MNT", attacker).encode()
    for forge in (lambda true: true.replace(b"% end\n", added + b"% end\n"), lambda true: instead + b"% end\n"):
        person.middle.answer = lambda sent, true, forge=forge: forge(true) if sent.startswith(b"show person") else true
        assert "something else" in person.fails("contact", "set", "OWN-ALAMO", text)
        assert "something else" in person.fails("show", "person", "OWN-ALAMO")
    # Altered within bounds: it is shown and asked about; nobody is here to ask.
    person.middle.answer = lambda sent, true: true.replace(b"Ann", b"Eve") if sent.startswith(b"show") else true
    assert person.cli("contact", "set", "OWN-ALAMO", text, check=False).returncode == 2
    assert person.middle.requests == []


def test_words_for_the_header_are_not_signed(person, tmp_path):
    file = tmp_path / "object"
    file.write_text(mntner("HEADER-MNT", person.key))
    person.middle.answer = lambda sent, true: b"prev: none extra words\n% end\n" if sent.startswith(b"prev") else true
    person.fails("submit", file)
    assert person.middle.requests == []


def test_what_waits_is_exchanged_between_reading_and_signing(person, tmp_path):
    boss = person.authority.hostmaster
    ask = obj(("inet6num", "fca1:7000::/24"), ("netname", "ASK"), ("status", "ALLOCATED"), ("policy", "ask"),
              ("assign-len", "48"), ("assign-min", "48"), ("assign-max", "48"), mnt="HOSTMASTER-MNT")
    person.authority.accept([ask], [boss])
    person.authority.member(person.key, name="ASKS")
    wanted = obj(("inet6num", "fca1:7001::/48"), ("netname", "ASKS-B"), mnt="ASKS-MNT")
    waits = person.authority.talk(person.authority.signed([wanted], [person.key])).split("% queued: ")[1].split(",")[0]
    attacker = Key(tmp_path / "attacker")
    foreign = person.authority.signed([mntner("HOSTMASTER-MNT", attacker)], [attacker], prev="1")
    shown = person.cli("queue", "show", waits).stdout
    digest = shown.split("--hash ")[1].strip()
    person.middle.answer = lambda sent, true: (
        b"% queued\n" + foreign + b"% end\n" if sent.startswith(b"queue ") else true)
    error = person.fails("queue", "approve", waits, "--key", boss.path, "--hash", digest)
    assert "not what was shown" in error
    blind = person.cli("queue", "approve", waits, "--key", boss.path, check=False)
    assert blind.returncode == 2 and "--hash" in blind.stderr
    assert person.cli("queue", "approve", waits, "--key", boss.path, "--yes", check=False).returncode == 2
    assert person.middle.requests == []
    person.middle.answer = lambda sent, true: true
    person.cli("queue", "approve", waits, "--key", boss.path, "--hash", digest)
    assert len(person.middle.requests) == 1


def test_receipts_are_kept_and_prove(person):
    done = json.loads(person.cli("join", "--name", "KEEPS", "--domain", "keeps", "--json").stdout)
    kept = person.receipts()
    assert [path.name for path in kept] == [f"{done['index']}.tlog-proof"]
    pub = person.authority.dir / "keys" / "log.pub"
    shown = alamo("receipt", "verify", kept[0], "--key", pub, "--print").stdout
    assert f"verified: entry {done['index']}" in shown and "mntner:         KEEPS-MNT" in shown
    assert f"verified: entry {done['index']}" in person.cli("receipt", "verify", kept[0]).stdout  # by the pinned key
    assert person.pending() == []


def test_two_editors(person, tmp_path):
    """The one who comes second is told, and overwrites nothing."""
    person.cli("join", "--name", "EDITS", "--domain", "edits")
    texts = []
    for number in (1, 2):
        text = person.cli("show", "domain", "edits.alamo").stdout
        assert text.startswith("% prev: ")
        texts.append(tmp_path / f"edit{number}")
        texts[-1].write_text(text + f"record: r{number} A 10.0.0.{number}\n")
    assert "Modify SUCCEEDED" in person.cli("submit", texts[0]).stdout
    second = person.cli("submit", texts[1], check=False)
    assert second.returncode == 1 and "changed by another since you fetched it" in second.stderr
    assert "domain edits.alamo" in second.stderr and "alamo show domain edits.alamo" in second.stderr
    said = second.stderr.splitlines()
    assert len(said) == 2 and said[0].startswith("alamo: ") and said[1].startswith("  Nothing was sent."), said
    assert len(person.middle.requests) == 2
    shown = person.cli("show", "domain", "edits.alamo").stdout
    assert "10.0.0.1" in shown and "10.0.0.2" not in shown
    # Several objects in one file, each with its version.
    both = tmp_path / "both"
    both.write_text(shown.replace("10.0.0.1", "10.0.0.9") + person.cli("show", "mntner", "EDITS-MNT").stdout + "remarks: x\n")
    assert person.cli("submit", both).stdout.count("Modify SUCCEEDED") == 2


def test_a_repeat_is_a_repeat(person):
    """Killed before the answer came: the second time the same bytes are sent, and decided once."""
    person.cli("free", "asn")
    before = entries(person.authority)
    person.middle.answer = lambda sent, true: None if is_request(sent) else true
    words = ["join", "--name", "AGAIN", "--domain", "again"]
    process = subprocess.Popen([ALAMO, *words], env=person.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: person.middle.requests, what="the request")
    process.kill()
    process.communicate()
    assert entries(person.authority) == before + 1 and len(person.pending()) == 1
    sent = person.middle.requests[0]
    person.middle.answer = lambda sent, true: true
    again = person.cli(*words)
    assert "Welcome" in again.stdout and "sent before" in again.stderr
    assert person.middle.requests[-1] == sent
    assert entries(person.authority) == before + 1 and person.pending() == []
    assert len(person.receipts()) == 1
