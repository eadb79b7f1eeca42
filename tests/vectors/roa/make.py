#!/usr/bin/env python3
"""Makes the files beside it: keys from fixed seeds, a checkpoint, a statement about a key, a head and its set."""

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).resolve().parent
RECORDS = ("vrp 172.20.0.0/24 28 AS4242420000\n" "vrp 172.20.1.0/24 24 AS0\n" "vrp fca1:100::/48 48 AS4252660100\n"
           "aspa AS4242420000 AS4252660100\n" "aspa AS4252660100 AS4242420000\n" "aspa AS4252660100 AS4252660200\n"
           "aspa AS4252660200 AS4252660100\n").encode()


class Signer:
    def __init__(self, name, seed):
        self.name, self.key = name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.data = b"\1" + self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.id = hashlib.sha256(name.encode() + b"\n" + self.data).digest()[:4]

    def vkey(self):
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.data).decode()}"

    def note(self, text):
        blob = base64.b64encode(self.id + self.key.sign(text.encode())).decode()
        return f"{text}\n\N{EM DASH} {self.name} {blob}\n"


def b64(text):
    return base64.b64encode(text.encode()).decode()


log, roa = Signer("registry.example/log", 1), Signer("registry.example/roa", 2)
root = base64.b64encode(hashlib.sha256(b"a tree").digest()).decode()
checkpoint = log.note(f"{log.name}\n30\n{root}\n")
key = log.note(f"{roa.name}\nalamo-roa-key/1\nlog {log.name}\nversion 1\nnot-after 2036-11-28T00:00:00Z\nkey {roa.vkey()}\n")
head = roa.note(
    f"{roa.name}\nalamo-roa/2\nlog {log.name}\nrule 2\nsize 30 {root}\nchanged 26\n"
    f"generated 2026-11-28T12:00:00Z\nexpires 2026-11-29T12:00:00Z\nvrps 2 1\naspas 3\n"
    f"set {len(RECORDS)} {hashlib.sha256(RECORDS).hexdigest()}\ncheckpoint {b64(checkpoint)}\nkey {b64(key)}\n")
delta = ("delta 20 26\n+vrp 172.20.1.0/24 24 AS0\n+aspa AS4252660100 AS4252660200\n+aspa AS4252660200 AS4252660100\n"
         "-vrp 172.20.1.0/24 24 AS4242420001\n-aspa AS4252660100 AS4252660201\n-aspa AS4252660201 AS4252660100\n")

for name, data in (("log.pub", log.vkey() + "\n"), ("key", key), ("head", head), ("set", RECORDS.decode()), ("delta", delta)):
    (HERE / name).write_text(data)
