# SPDX-License-Identifier: MIT
"""Contact texts: beside the log, shown while they are there, gone when they are erased."""

import base64
import hashlib
import json
import os
import socket
import time

import pytest
from harness import Answer, Key, attributes, mntner, obj, run, wait_for

SECRET = "ann.fisher@example.net"


def block(handle, lines, salt=None):
    text = f"salt: {base64.b64encode(salt or os.urandom(32)).decode()}\n{attributes(lines)}"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256:{digest}", f"-----BEGIN CONTACT {handle}-----\n{text}-----END CONTACT {handle}-----\n"


def person(handle, contact, mnt):
    pairs = [("person", "Ann"), ("nic-hdl", handle)]
    return obj(*pairs, *([("contact", contact)] if contact else []), mnt=mnt)


def signed(authority, objects, key, blocks, **header):
    return authority.signed(objects, [key], **header) + blocks.encode()


def stream_bytes(authority):
    """Everything that a follower is sent, from the start to the present head."""
    size = int(authority.ask("head").splitlines()[1])
    data = b""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(authority.dir / "run" / "log.sock"))
        sock.sendall(b"follow 0\n")
        while f"\n{size}\n".encode() not in data:
            got = sock.recv(65536)
            assert got
            data += got
    return data


def ledger_bytes(authority):
    return b"".join(path.read_bytes() for path in authority.dir.glob("ledger.db*") if path.is_file())


@pytest.fixture(scope="module")
def ann(authority, tmp_path_factory):
    """A member with a contact text, made by hand."""
    key = Key(tmp_path_factory.mktemp("keys") / "ann")
    digest, contact = block("ANN-ALAMO", [("e-mail", SECRET), ("phone", "+49 30 1234567")])
    objects = [mntner("ANN-MNT", key), person("ANN-ALAMO", digest, "ANN-MNT")]
    answer = Answer(authority.talk(signed(authority, objects, key, contact)))
    assert answer.accepted, answer.text
    return key


def test_shown_while_it_is_there(authority, ann):
    shown = authority.cli("contact", "show", "ann-alamo").stdout
    assert f"e-mail:         {SECRET}" in shown and "% state: present" in shown
    data = json.loads(authority.cli("contact", "show", "ANN-ALAMO", "--json").stdout)
    assert data["object"] == "person ANN-ALAMO" and data["state"] == "present"
    assert {"name": "e-mail", "value": SECRET} in data["attributes"]
    assert SECRET.encode() in ledger_bytes(authority)
    assert SECRET not in authority.ask("show person ANN-ALAMO") and SECRET not in authority.whois("ANN-ALAMO")
    assert SECRET.encode() not in stream_bytes(authority)


def test_set_and_erased(authority, ann, tmp_path):
    file = tmp_path / "contact"
    file.write_text("# how to reach me\ne-mail: second@example.net\n\nphone: 007-secret\n")
    words = ("contact", "set", "ANN-ALAMO", file, "--key", ann.path)
    # What the network says is not signed unless it was shown to somebody, or comes from a file of one's own.
    unseen = authority.cli(*words, check=False, stdin=-3)
    assert unseen.returncode == 2 and "--object" in unseen.stderr
    mine = tmp_path / "person"
    mine.write_text(authority.cli("show", "person", "ANN-ALAMO").stdout)
    done = authority.cli(*words, "--object", mine)
    # The same text once more is one of before that change: it would undo it.
    stale = authority.cli(*words, "--object", mine, check=False)
    assert stale.returncode == 1 and "was changed by another since you fetched it" in stale.stderr
    assert "Modify SUCCEEDED: [person] ANN-ALAMO" in done.stdout
    shown = authority.cli("contact", "show", "ANN-ALAMO").stdout
    assert "e-mail: second@example.net" in shown and SECRET not in shown
    proof = done.stdout[done.stdout.index("c2sp.org/tlog-proof") :]
    index = int(proof.splitlines()[1].split()[1])
    # By somebody else: no.
    stranger = Key(tmp_path / "stranger")
    refused = authority.cli("contact", "erase", "ANN-ALAMO", "--key", stranger.path, check=False)
    assert refused.returncode == 1 and "AUTH-MNT" in refused.stdout
    assert "% state: present" in authority.cli("contact", "show", "ANN-ALAMO").stdout
    # By a maintainer: yes, and then it is nowhere.
    before = authority.ask("head")
    assert b"007-secret" in ledger_bytes(authority)
    done = authority.cli("contact", "erase", "ANN-ALAMO", "--key", ann.path)
    assert "Control SUCCEEDED: contact-erase ANN-ALAMO" in done.stdout
    for trace in (b"007-secret", b"second@example.net", SECRET.encode()):
        assert trace not in ledger_bytes(authority)
    shown = authority.cli("contact", "show", "ANN-ALAMO").stdout
    assert "% state: erased" in shown and "sha256:" in shown
    assert json.loads(authority.cli("contact", "show", "ANN-ALAMO", "--json").stdout)["state"] == "erased"
    # The log is what it was: every entry, every proof.
    assert authority.ask("head") == before
    authority.verify()
    assert index < int(before.splitlines()[1])
    sent = stream_bytes(authority)
    for trace in (b"007-secret", b"second@example.net", SECRET.encode()):
        assert trace not in sent
    # Erasing what is gone is no error; over a restart it stays gone, and the same request gives the same receipt.
    done = authority.cli("contact", "erase", "ANN-ALAMO", "--key", authority.hostmaster.path)
    assert "% there was no text any more" in done.stdout


def test_a_text_has_an_audience(own_authority, tmp_path):
    """contact-for: says who may read; a signature opens it, a key's budget bounds it, and nothing shows it unasked."""
    keys = {name: Key(tmp_path / name) for name in ("ann", "ben", "stranger")}
    own_authority.cli("join", "--name", "BEN", "--key", keys["ben"].path)
    objects, blocks = [mntner("ANN-MNT", keys["ann"])], ""
    for audience in ("public", "members", "holders"):
        digest, contact = block(f"{audience}-ALAMO", [("e-mail", f"{audience}@secret.example")])
        pairs = [("person", "Ann"), ("nic-hdl", f"{audience}-ALAMO"), ("contact", digest), ("contact-for", audience)]
        objects.append(obj(*pairs, mnt="ANN-MNT"))
        blocks += contact
    dry = own_authority.talk(signed(own_authority, objects, keys["ann"], blocks, headers=[("dry-run", "yes")]))
    assert "secret.example" not in dry
    assert Answer(own_authority.talk(signed(own_authority, objects, keys["ann"], blocks))).accepted
    wait_for(lambda: "HOLDERS-ALAMO" in own_authority.whois("holders-alamo"), 60)

    def shown(audience, *key):
        done = own_authority.cli("contact", "show", f"{audience}-ALAMO", *key, check=False)
        return done.returncode, done.stdout + done.stderr

    for audience in ("members", "holders"):
        assert f"% state: for {audience}" in own_authority.ask(f"contact {audience}-ALAMO")
        for text in (own_authority.ask(f"contact {audience}-ALAMO"), own_authority.whois(f"{audience}-ALAMO")):
            assert "secret.example" not in text
        code, text = shown(audience, "--key", keys["stranger"].path)
        assert code == 1 and "AUTH-MNT" in text and "secret.example" not in text
    assert "public@secret.example" in own_authority.ask("contact public-ALAMO")
    # Ann has no number and no block; what is hers she reads.
    assert shown("members", "--key", keys["ann"].path)[0] == 0
    assert "holders@secret.example" in shown("holders", "--key", keys["ann"].path)[1]
    assert "holders@secret.example" in shown("holders", "--key", keys["ben"].path)[1]
    assert "holders@secret.example" in shown("holders", "--key", own_authority.hostmaster.path)[1]
    cora = Key(tmp_path / "cora")
    own_authority.accept([mntner("CORA-MNT", cora)], [cora])
    assert "members@secret.example" in shown("members", "--key", cora.path)[1]
    assert shown("holders", "--key", cora.path)[0] == 1
    # A key reads so many, and not all of them: sixty at once are twice what it has.
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 300))
    ask = f"request: a\ncontrol: contact-show members-ALAMO\nnonce: 1\nnot-after: {until}\n".encode()
    answers = own_authority.talk((ask + cora.sign(ask, own_authority.namespace)) * 60)
    assert 0 < answers.count("members@secret.example") < 60 and "%ERROR: budget of key" in answers
    assert "holders@secret.example" in shown("holders", "--key", keys["ben"].path)[1]


def test_erased_stays_erased(own_authority, tmp_path):
    key = Key(tmp_path / "ben")
    digest, contact = block("BEN-ALAMO", [("e-mail", "ben@example.net")])
    request = signed(own_authority, [mntner("BEN-MNT", key), person("BEN-ALAMO", digest, "BEN-MNT")], key, contact)
    first = Answer(own_authority.talk(request))
    assert first.accepted
    own_authority.cli("contact", "erase", "BEN-ALAMO", "--key", key.path)
    # The old request again gives the old answer, and brings nothing back.
    again = Answer(own_authority.talk(request))
    assert again.index == first.index
    assert own_authority.kill9("alamo-registryd")
    wait_for(lambda: own_authority.talk(b"head\n"), what="the registry again")
    assert "% state: erased" in own_authority.ask("contact BEN-ALAMO")
    assert b"ben@example.net" not in ledger_bytes(own_authority)
    own_authority.verify()
    # A new text is a new request.
    file = tmp_path / "contact"
    file.write_text("e-mail: new@example.net\n")
    mine = tmp_path / "person"
    mine.write_text(own_authority.cli("show", "person", "BEN-ALAMO").stdout)
    own_authority.cli("contact", "set", "BEN-ALAMO", file, "--object", mine, "--key", key.path)
    assert "new@example.net" in own_authority.ask("contact BEN-ALAMO")


def test_former_texts_go_with_the_entry(authority, tmp_path):
    key = Key(tmp_path / "cat")
    digest, contact = block("CAT-ALAMO", [("e-mail", "cat@example.net")])
    objects = [mntner("CAT-MNT", key), person("CAT-ALAMO", digest, "CAT-MNT")]
    first = Answer(authority.talk(signed(authority, objects, key, contact)))
    assert first.accepted
    # The same text and hash under a name of one's own does not give power over it.
    thief = Key(tmp_path / "thief")
    copied = contact.replace("CAT-ALAMO", "THIEF-ALAMO")
    objects = [mntner("THIEF-MNT", thief), person("THIEF-ALAMO", digest, "THIEF-MNT")]
    taken = Answer(authority.talk(signed(authority, objects, thief, copied)))
    assert taken.accepted
    authority.cli("contact", "erase", "THIEF-ALAMO", "--key", thief.path)
    assert "cat@example.net" in authority.ask("contact CAT-ALAMO")
    # Without its contact: line the object has no text.
    authority.accept([person("CAT-ALAMO", None, "CAT-MNT")], [key], prev=first.index)
    assert "% state: none" in authority.ask("contact CAT-ALAMO")
    query = "SELECT count(*) FROM side WHERE object LIKE '%CAT-ALAMO'"
    assert run("sqlite3", f"file:{authority.dir}/ledger.db?mode=ro", query).stdout.strip() == "0"


def test_hostile(authority, tmp_path):
    key = Key(tmp_path / "dan")
    digest, contact = block("DAN-ALAMO", [("e-mail", "dan@example.net")])
    objects = [mntner("DAN-MNT", key), person("DAN-ALAMO", digest, "DAN-MNT")]
    other = block("DAN-ALAMO", [("e-mail", "other@example.net")])[1]
    cases = (
        (other, "POLICY-CONTACT"),                                     # another text
        ("", "POLICY-CONTACT"),                                        # none
        (contact + other, "POLICY-CONTACT"),                           # one too many
        (contact.replace("DAN-ALAMO", "EVE-ALAMO"), "POLICY-CONTACT"),  # of another handle
        (block("DAN-ALAMO", [("remarks", "x" * 5000)])[1], "REQUEST-FORM"),
        (contact.replace("-----END", "% end\n-----END"), "REQUEST-FORM"),
        (contact.split("-----END")[0], "REQUEST-FORM"),
    )
    for blocks, clause in cases:
        answer = Answer(authority.talk(signed(authority, objects, key, blocks)))
        assert not answer.accepted and f"({clause})" in answer.text, (clause, answer.text)
    large = block("DAN-ALAMO", [("remarks", "x" * 1000)] * 1000)[1]
    assert len(large) > 1_000_000
    answer = Answer(authority.talk(signed(authority, objects, key, large)))
    assert not answer.accepted and "REQUEST-FORM" in answer.text
    assert b"other@example.net" not in ledger_bytes(authority)
    assert "ERROR" in authority.ask("contact DAN-ALAMO")


def test_asked_with_a_contact(authority, tmp_path):
    """A queued request keeps its contact block for whoever approves; refused, nothing of it stays."""
    ask = obj(("inet6num", "fca1:7000::/24"), ("netname", "ASK"), ("status", "ALLOCATED"), ("policy", "ask"), ("assign-len", "48"),
              ("assign-min", "48"), ("assign-max", "48"), mnt="HOSTMASTER-MNT")
    authority.accept([ask], [authority.hostmaster])
    for number, outcome in enumerate(("approve", "refuse")):
        name = f"GUS{number}"
        key = Key(tmp_path / name)
        digest, contact = block(f"{name}-ALAMO", [("e-mail", f"{name}@example.net")])
        objects = [
            mntner(f"{name}-MNT", key),
            person(f"{name}-ALAMO", digest, f"{name}-MNT"),
            obj(("inet6num", f"fca1:70{number:02x}::/48"), ("netname", f"{name}-NET"), mnt=f"{name}-MNT"),
        ]
        answer = authority.talk(signed(authority, objects, key, contact))
        waits = answer.split("% queued: ")[1].split(",")[0]
        assert f"{name}@example.net".encode() in ledger_bytes(authority)
        # Nobody reads it before the decision.
        assert "CONTACT" not in authority.ask(f"queue {waits}") and "example.net" not in authority.ask(f"queue {waits}")
        if outcome == "approve":
            authority.approve(waits)
        else:
            authority.cli("queue", "refuse", waits, "no", "--key", authority.hostmaster.path)
        if outcome == "approve":
            assert f"{name}@example.net" in authority.ask(f"contact {name}-ALAMO")
            authority.cli("contact", "erase", f"{name}-ALAMO", "--key", key.path)
        assert f"{name}@example.net".encode() not in ledger_bytes(authority)
    authority.verify()
