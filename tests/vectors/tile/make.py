"""Writes the vector of this folder: the published files of a log of 300 entries, by another hand than ours.

Entry number i is the line "entry i" written 1 + i % 7 times. Run in this folder; what it writes is checked in.
"""

import hashlib
import struct
from pathlib import Path

SIZE = 300


def entry(number):
    return f"entry {number}\n".encode() * (1 + number % 7)


def leaf(data):
    return hashlib.sha256(b"\0" + data).digest()


def root(hashes):
    """MTH of RFC 6962 section 2.1 over leaf hashes."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while 2 * split < len(hashes):
        split *= 2
    return hashlib.sha256(b"\1" + root(hashes[:split]) + root(hashes[split:])).digest()


def write(name, data):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


entries = [entry(number) for number in range(SIZE)]
leaves = [leaf(data) for data in entries]
bundles = [b"".join(struct.pack("!H", len(data)) + data for data in part) for part in (entries[:256], entries[256:])]
write("tile/entries/000", bundles[0])
write("tile/entries/001.p/44", bundles[1])
write("tile/0/000", b"".join(leaves[:256]))
write("tile/0/001.p/44", b"".join(leaves[256:]))
write("tile/1/000.p/1", root(leaves[:256]))
write("roots", "".join(f"{size} {root(leaves[:size]).hex()}\n" for size in (1, 2, 3, 255, 256, 257, 299, 300)).encode())
