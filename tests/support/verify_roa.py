#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Verifies signed route origins with nothing but `cryptography`: verify_roa.py LOG.PUB HEAD SET. Prints the number of records.

docs/formats.md, "Signed route origins", in code: whoever writes a verifier in another language may begin here.
"""

import base64
import datetime
import hashlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

RULE = "2"


def vkey(text):
    """NAME+HASH+KEY: the name, the key's id, the key."""
    name, id_hex, data = text.strip().split("+", 2)
    data = base64.b64decode(data, validate=True)
    assert data[0] == 1 and len(data) == 33, "not an Ed25519 key"
    key_id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    assert key_id.hex() == id_hex, "the key's id is wrong"
    return name, key_id, Ed25519PublicKey.from_public_bytes(data[1:])


def opened(note, key):
    """The text of a signed note, if this key has signed it."""
    name, key_id, public = key
    text, _, lines = note.partition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        dash, signer, blob = line.split(" ")
        blob = base64.b64decode(blob, validate=True)
        if dash == "\N{EM DASH}" and signer == name and blob[:4] == key_id:
            public.verify(blob[4:], text.encode())    # raises InvalidSignature
            return text
    raise ValueError(f"not signed by {name}")


def fields(text, kind):
    first, second, *rest = text.splitlines()
    assert second == kind, f"not {kind}"
    return first, dict(line.split(" ", 1) for line in rest)


def verify(log_pub, note, records, now=None, last=None):
    """The head's fields. `last`: the fields of the one seen before."""
    now = now or datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    log = vkey(log_pub)
    _, claimed = fields(note.partition("\n\n")[0] + "\n", "alamo-roa/2")    # not believed yet
    origin, said = fields(opened(base64.b64decode(claimed["key"]).decode(), log), "alamo-roa-key/1")
    name, head = fields(opened(note, vkey(said["key"])), "alamo-roa/2")
    checkpoint = opened(base64.b64decode(head["checkpoint"]).decode(), log).splitlines()
    assert name == origin == vkey(said["key"])[0], "another key's head"
    assert head["log"] == said["log"] == checkpoint[0] == log[0], "of another log"
    assert head["size"].split() == checkpoint[1:3], "not the checkpoint's tree"
    assert head["rule"] == RULE, "a rule that this program does not know"
    assert now < said["not-after"], "the key has expired"
    assert head["generated"] <= now < head["expires"], "from the future, or frozen"
    if last is not None:
        assert int(head["size"].split()[0]) >= int(last["size"].split()[0]), "rolled back"
        assert int(head["changed"]) > int(last["changed"]) or head["set"] == last["set"], "equivocation"
    length, digest = head["set"].split()
    assert len(records) == int(length), "truncated"
    assert hashlib.sha256(records).hexdigest() == digest, "another set"
    rows = [line.split() for line in records.splitlines()]
    assert sum(row[0] == b"vrp" for row in rows) == sum(map(int, head["vrps"].split())), "miscounted"
    assert len({row[1] for row in rows if row[0] == b"aspa"}) == int(head["aspas"]), "miscounted"
    return head


if __name__ == "__main__":
    head = verify(open(sys.argv[1]).read(), open(sys.argv[2]).read(), open(sys.argv[3], "rb").read())
    print(f"{head['log']}: size {head['size']}, {head['vrps']} VRPs, {head['aspas']} ASPAs, until {head['expires']}")
