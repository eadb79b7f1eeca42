#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Verifies an event of `alamo monitor` (docs/formats.md, "Event of a monitor") by the log's pinned key, and asks nobody.

    verify_event.py keys/log.pub EVENT.json

Needs Python's cryptography, and nothing of ours but verify_roa.py beside it.
"""

import base64
import hashlib
import json
import sys

from verify_roa import opened, vkey


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(leaf, index, size, path):
    """RFC 9162 section 2.1.3.2."""
    assert index < size, "beyond the tree"
    at, last, root = index, size - 1, leaf
    for step in path:
        assert last > 0, "too long a path"
        if at % 2 or at == last:
            root = node(step, root)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node(root, step)
        at, last = at >> 1, last >> 1
    assert last == 0, "too short a path"
    return root


def verify(log_pub, event):
    """The entry's text, which is in the log; raises otherwise."""
    key = vkey(log_pub)
    head, _, note = event["proof"].partition("\n\n")
    magic, extra, index, *path = head.split("\n")
    assert magic == "c2sp.org/tlog-proof@v1" and extra.startswith("extra ") and index.startswith("index ")
    entry = base64.b64decode(extra.split(" ")[1], validate=True)
    origin, size, root = opened(note, key).splitlines()[:3]
    path = [base64.b64decode(line, validate=True) for line in path]
    leaf = hashlib.sha256(b"\0" + entry).digest()
    assert origin == key[0] == event["log"], "of another log"
    assert root_of(leaf, int(index.split(" ")[1]), int(size), path) == base64.b64decode(root), "not in this tree"
    # What is beside the proof says the same as what is in it.
    text = entry.decode()
    first, second, third = text.split("\n", 3)[:3]
    assert base64.b64decode(event["entry"], validate=True) == entry, "another entry"
    assert first == f"entry {event['index']} request" and index == f"index {event['index']}", "another place"
    assert second == f"time {event['time']}" and third.startswith("result "), "another time"
    digest = base64.urlsafe_b64encode(hashlib.sha256(entry).digest()).rstrip(b"=").decode()
    assert event["id"] == f"ni:///sha-256;{digest}", "another name"
    return text


if __name__ == "__main__":
    print(verify(open(sys.argv[1]).read(), json.load(open(sys.argv[2]))), end="")
