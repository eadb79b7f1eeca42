# SPDX-License-Identifier: MIT
"""The examples of docs/formats.md, read by code that shares nothing with the suite's own."""

import base64
import hashlib
import struct
import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def frames(data):
    while data:
        (length,) = struct.unpack("!I", data[:4])
        yield data[4:5], data[5 : 4 + length]
        data = data[4 + length :]


def entries(body):
    (first,) = struct.unpack("!Q", body[:8])
    found, rest = [], body[8:]
    while rest:
        (length,) = struct.unpack("!H", rest[:2])
        found.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    return first, found


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


def checkpoint(note):
    text, signatures = note.rsplit(b"\n\n", 1)
    origin, size, hashed = text.split(b"\n")
    return origin, int(size), base64.b64decode(hashed), signatures


def test_stream_and_checkpoint():
    kinds = list(frames((VECTORS / "stream" / "stream.bin").read_bytes()))
    assert [kind for kind, _ in kinds] == [b"T", b"E", b"H", b"P"]
    first, found = entries(kinds[1][1])
    assert first == 0 and len(found) == 3
    note = (VECTORS / "checkpoint" / "checkpoint.txt").read_bytes()
    assert kinds[2][1] == note
    assert kinds[0][1] == (VECTORS / "checkpoint" / "dated.txt").read_bytes()
    origin, size, hashed, signatures = checkpoint(note)
    assert (origin, size) == (b"registry.test/log", 3)
    assert hashed == root([leaf(entry) for entry in found])
    name, key_id, public = (VECTORS / "checkpoint" / "log.pub").read_text().strip().split("+", 2)
    public = base64.b64decode(public)
    assert public[0] == 1 and hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8] == key_id
    dash, signer, blob = signatures.decode().strip().split(" ")
    assert dash == "\u2014" and signer == name and base64.b64decode(blob)[:4].hex() == key_id


def test_date():
    """The same checkpoint with one line more: the log's key as a cosigner, which says when."""
    note = (VECTORS / "checkpoint" / "checkpoint.txt").read_bytes()
    dated = (VECTORS / "checkpoint" / "dated.txt").read_bytes()
    assert dated.startswith(note)
    name, _, public = (VECTORS / "checkpoint" / "log.pub").read_text().strip().split("+", 2)
    public = base64.b64decode(public)[1:]
    dash, signer, blob = dated[len(note) :].decode().strip().split(" ")
    blob = base64.b64decode(blob)
    assert (dash, signer, len(blob)) == ("\u2014", name, 4 + 8 + 64)
    assert blob[:4] == hashlib.sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    (when,) = struct.unpack("!Q", blob[4:12])
    assert when == 1764000060
    text = b"cosignature/v1\ntime %d\n" % when + note.split(b"\n\n")[0] + b"\n"
    Ed25519PublicKey.from_public_bytes(public).verify(blob[12:], text)


def test_entry():
    _, found = entries(list(frames((VECTORS / "stream" / "stream.bin").read_bytes()))[1][1])
    head, body = found[1].split(b"\n\n", 1)
    assert head == b"entry 1 request\ntime 1764000001\nresult c"
    assert body.startswith(b"request: vector-1\nprev: none\n\nas-set: AS-VECTOR1\n")
    assert body.endswith(b"-----END SSH SIGNATURE-----\n")


def test_receipt():
    text = (VECTORS / "checkpoint" / "receipt.txt").read_bytes()
    head, note = text.split(b"\n\n", 1)
    lines = head.split(b"\n")
    assert lines[:2] == [b"c2sp.org/tlog-proof@v1", b"index 1"]
    path = [base64.b64decode(line) for line in lines[2:]]
    _, found = entries(list(frames((VECTORS / "stream" / "stream.bin").read_bytes()))[1][1])
    # Entry 1 of 3: entry 0 stands to its left, entry 2 closes the tree.
    inner = hashlib.sha256(b"\1" + path[0] + leaf(found[1])).digest()
    assert hashlib.sha256(b"\1" + inner + path[1]).digest() == checkpoint(note)[2]


def test_mesh_addresses():
    maker = VECTORS / "mesh" / "addresses.py"
    made = subprocess.run([sys.executable, str(maker)], capture_output=True, text=True, check=True).stdout
    assert made == (VECTORS / "mesh" / "addresses.txt").read_text()
