#!/usr/bin/env python3
"""Writes the vectors beside it, with another implementation than the one they test: python3-cryptography.

log.pub, witness.pub  verifier keys; their seeds are the bytes 1.. and 101..
witness.key           the witness's signer key
note.txt              a checkpoint of log.pub, cosigned at time 1700000000
"""

import base64
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = Path(__file__).resolve().parent
TIME = 1700000000


class Key:
    def __init__(self, name, kind, seed):
        self.name, self.kind, self.seed = name, bytes([kind]), bytes(seed)
        self.secret = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def text(self, key):
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.kind + key).decode()}"

    def line(self, message, between=b""):
        blob = self.id + between + self.secret.sign(message)
        return f"\u2014 {self.name} {base64.b64encode(blob).decode()}\n"


log = Key("log.example/vector", 1, range(1, 33))
witness = Key("witness.example/w1", 4, range(101, 133))
text = f"{log.name}\n17\n{base64.b64encode(hashlib.sha256(b'root').digest()).decode()}\n"
cosigned = witness.line(f"cosignature/v1\ntime {TIME}\n{text}".encode(), TIME.to_bytes(8, "big"))
(HERE / "log.pub").write_text(log.text(log.public) + "\n")
(HERE / "witness.pub").write_text(witness.text(witness.public) + "\n")
(HERE / "witness.key").write_text("PRIVATE+KEY+" + witness.text(witness.seed) + "\n")
(HERE / "note.txt").write_text(text + "\n" + log.line(text.encode()) + cosigned)
