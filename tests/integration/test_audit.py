# SPDX-License-Identifier: MIT
"""`alamo audit`: a live authority has followed its rules; one that cheats with its own log key is found out."""

import base64
import hashlib
import ipaddress
import json
import socket
import struct
import threading

import pytest
from harness import Key, mntner, obj, run


def spelled(address):
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@pytest.fixture(scope="module")
def people(authority, tmp_path_factory):
    """Three members with some history: two signers, a rotated key, deleted things, a sub-allocation."""
    keys = {name: Key(tmp_path_factory.mktemp("keys") / name) for name in ("ann", "ben", "cat", "new")}
    nets, numbers = {}, {}
    for name in ("ann", "ben", "cat"):
        answer = authority.member(keys[name], name.upper(), f"{name}.alamo", ["@ AAAA AUTO-2::1"])
        nets[name], numbers[name] = answer.key("inet6num"), answer.key("aut-num")
    part = f"{ipaddress.ip_network(nets['ann']).network_address + (1 << 64)}/64"
    authority.accept([obj(("inet6num", part), ("netname", "ANN-PART"), mnt="ANN-MNT")], [keys["ann"]])
    authority.accept([obj(("route6", part), ("origin", numbers["ben"]), mnt="ANN-MNT")], [keys["ann"], keys["ben"]])
    www = obj(("domain", "www.ben.alamo"), ("record", "@ A 10.0.0.1"), mnt="BEN-MNT")
    made = authority.accept([www], [keys["ben"]]).index
    authority.accept([www + "delete: not needed\n"], [keys["ben"]], prev=made)
    both = [keys["cat"], keys["new"]]
    authority.accept([mntner("CAT-MNT", keys["new"])], both, prev=authority.prev("mntner", "CAT-MNT"))
    cat = obj(("domain", "cat.alamo"), ("record", "@ A 10.0.0.3"), mnt="CAT-MNT")
    authority.accept([cat], [keys["new"]], prev=authority.prev("domain", "cat.alamo"))
    return keys


def audit(authority, *words, **keywords):
    return authority.cli("audit", *words, **keywords)


def test_by_directory_server_and_pinned_key(authority, people):
    by_directory = audit(authority, authority.dir)
    assert "clean: every entry is what the rules give" in by_directory.stdout
    stream = spelled(authority.endpoints["stream"])
    assert "clean" in audit(authority, "--stream", stream).stdout
    pinned = audit(authority, "--stream", stream, "--key", authority.dir / "keys" / "log.pub")
    assert pinned.stdout == by_directory.stdout and pinned.stderr == ""


def test_json(authority, people):
    found = json.loads(audit(authority, authority.dir, "--json").stdout)
    assert found["clean"] is True and found["findings"] == [] and found["counts"] == {}
    assert found["size"] == found["entries"] == found["requests"] == int(authority.ask("head").splitlines()[1])
    assert found["signatures"] == found["requests"] + 2


# ---- a registry that cheats ----


def read_log(authority):
    """All entries, by the stream's own protocol."""
    entries = []
    with socket.create_connection(authority.endpoints["stream"], timeout=30) as sock:
        sock.sendall(b"follow 0\n")
        frames = sock.makefile("rb")
        while True:
            frame = frames.read(struct.unpack("!I", frames.read(4))[0])
            if frame[:1] == b"E":
                at = 9
                while at < len(frame):
                    length = struct.unpack_from("!H", frame, at)[0]
                    entries.append(frame[at + 2 : at + 2 + length])
                    at += 2 + length
            elif frame[:1] == b"H" and int(frame[1:].split(b"\n")[1]) == int(authority.ask("head").splitlines()[1]):
                assert len(entries) == int(frame[1:].split(b"\n")[1])
                return entries


def tree_root(leaves):
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_root(leaves[:half]) + tree_root(leaves[half:])).digest()


class Cheat(threading.Thread):
    """Serves any entries as a log, under a head signed by the authority's own key."""

    def __init__(self, authority, entries, scratch):
        super().__init__(daemon=True)
        _, _, origin, identity, secret = (authority.dir / "keys" / "log.key").read_text().strip().split("+", 4)
        text = f"{origin}\n{len(entries)}\n{base64.b64encode(tree_root(entries)).decode()}\n".encode()
        (scratch / "text").write_bytes(text)
        seed = base64.b64decode(secret)[1:]
        (scratch / "key").write_bytes(bytes.fromhex("302e020100300506032b657004220420") + seed)
        signature = run("openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", scratch / "key", "-in",
                        scratch / "text", text=False).stdout
        line = f"\n— {origin} {base64.b64encode(bytes.fromhex(identity) + signature).decode()}\n"
        self.frames = [b"T" + text + line.encode()] + [b"E" + struct.pack("!Q", i) + struct.pack("!H", len(entry)) + entry
                       for i, entry in enumerate(entries)] + [b"H" + text + line.encode()]
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.start()

    def run(self):
        while True:
            reader, _ = self.listener.accept()
            with reader:
                reader.makefile("rb").readline()
                for frame in self.frames:
                    reader.sendall(struct.pack("!I", len(frame)) + frame)
                while reader.recv(1024):
                    pass


def find(entries, text):
    return next(i for i, entry in enumerate(entries) if text in entry)


def honest(entries):
    return None


def other_block(entries):
    at = max(i for i, entry in enumerate(entries) if b"\nauto AUTO-2/48 " in entry)
    head, rest = entries[at].split(b"\nauto AUTO-2/48 ", 1)
    entries[at] = head + b"\nauto AUTO-2/48 fca1:1ff:ffff::/48\n" + rest.split(b"\n", 1)[1]
    return at, "ALLOCATION"


def other_result(entries):
    at = find(entries, b"10.0.0.3")
    entries[at] = entries[at].replace(b"\nresult m\n", b"\nresult c\n")
    return at, "RESULT"


def other_text(entries):
    at = find(entries, b"10.0.0.3")
    entries[at] = entries[at].replace(b"10.0.0.3", b"10.0.0.4")
    return at, "SIGNATURE"


def repeated(entries):
    at = find(entries, b"10.0.0.3")
    entries.append(entries[at].replace(b"entry %d " % at, b"entry %d " % len(entries)))
    return len(entries) - 1, "REPEATED"


def no_entry(entries):
    entries.append(b"\x1b[31mnoise")
    return len(entries) - 1, "FORM"


@pytest.mark.parametrize("change", [honest, other_block, other_result, other_text, repeated, no_entry])
def test_what_the_log_key_alone_cannot_hide(authority, people, tmp_path, change):
    entries = read_log(authority)
    expected = change(entries)
    cheat = Cheat(authority, entries, tmp_path)
    words = ["--stream", spelled(cheat.listener.getsockname()), "--key", authority.dir / "keys" / "log.pub"]
    told = audit(authority, *words, check=False)
    found = json.loads(audit(authority, *words, "--json", check=False).stdout)
    if expected is None:
        assert told.returncode == 0 and "clean" in told.stdout and found["findings"] == []
        return
    index, kind = expected
    assert told.returncode == 4 and "\nNOT clean" in told.stdout, (told.stdout, told.stderr)
    assert told.stdout.startswith(f"entry {index}: {kind}: "), told.stdout
    assert (found["findings"][0]["index"], found["findings"][0]["kind"]) == expected
    assert not found["clean"] and found["counts"][kind] == 1


def test_no_stream(authority):
    nowhere = audit(authority, "--stream", "127.0.0.1:1", "--key", authority.dir / "keys" / "log.pub", check=False)
    assert nowhere.returncode == 3 and nowhere.stdout == ""
