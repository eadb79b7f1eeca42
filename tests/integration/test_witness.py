# SPDX-License-Identifier: MIT
"""Cosignatures: the registry takes its checkpoints to witnesses and publishes what a quorum has signed."""

import base64
import hashlib
import signal
import struct
import urllib.error
import urllib.request

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from harness import Key, mntner, wait_for
from witnesses import add_checkpoint, head_size, witness


def cosigners(note, keys):
    """Names of those whose cosignature on the note is good, by another implementation than ours."""
    text, lines = note.split("\n\n", 1)
    good = set()
    for line in lines.splitlines():
        _, name, blob = line.split()
        blob = base64.b64decode(blob)
        if name not in keys or len(blob) != 76:
            continue
        kind, public = keys[name][:1], keys[name][1:]
        assert kind == b"\x04"
        assert blob[:4] == hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]
        time = struct.unpack("!Q", blob[4:12])[0]
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(
                blob[12:], f"cosignature/v1\ntime {time}\n{text}\n".encode())
            good.add(name)
        except InvalidSignature:
            raise AssertionError(f"bad cosignature of {name}") from None
    return good


class Public:
    """What the registry says is public."""

    def __init__(self, authority, keys):
        self.authority, self.keys = authority, keys

    def note(self):
        host, port = self.authority.endpoints["log-http"]
        host = f"[{host}]" if ":" in host else host
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/checkpoint.cosigned", timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            assert error.code == 404
            return None

    def reaches(self, size, count):
        def look():
            note = self.note()
            good = cosigners(note, self.keys) if note else ()
            return note if note and head_size(note) >= size and len(good) >= count else None
        return wait_for(look, 30, f"size {size} with {count} cosignatures")


def test_quorum_of_two(own_authority, tmp_path, children):
    authority = own_authority
    log_key = authority.dir / "keys" / "log.pub"
    member = Key(tmp_path / "member")
    witnesses = [witness(children, tmp_path / f"w{i}", log_key) for i in range(3)]
    vkeys = [one.word("witness ") for one in witnesses]
    keys = {vkey.split("+")[0]: base64.b64decode(vkey.split("+", 2)[2]) for vkey in vkeys}
    lines = [f"witness W{i} {vkey} http://{one.address}/" for i, (vkey, one) in enumerate(zip(vkeys, witnesses))]
    (authority.dir / "witnesses").write_text(
        "# two of three\n" + "\n".join(lines) + "\ngroup three 2 W0 W1 W2\nquorum three\n")
    authority.stop()
    authority.configure("registry", witnesses="witnesses")
    authority.start()
    public = Public(authority, keys)
    head = public.reaches(head_size(authority.ask("head")), 3)
    assert (authority.dir / "run" / "checkpoint.cosigned").read_text() == head

    # One is away: two are enough, and those who come back are brought forward by a proof.
    witnesses[0].process.send_signal(signal.SIGKILL)
    witnesses[0].process.wait()
    for number in range(3):
        authority.accept([mntner(f"ONE{number}-MNT", member)], [member])
    size = head_size(authority.ask("head"))
    assert len(cosigners(public.reaches(size, 2), keys)) == 2

    # Two are away: what is new is in the log, and not public.
    witnesses[1].process.send_signal(signal.SIGKILL)
    witnesses[1].process.wait()
    authority.accept([mntner("TWO-MNT", member)], [member])
    newest = head_size(authority.ask("head"))
    wait_for(lambda: "cosign-away witness=W1" in (authority.dir / "up.log").read_text(), what="the registry to notice")
    assert head_size(public.note()) == size

    back = witness(children, tmp_path / "w1", log_key, listen=witnesses[1].address)
    assert back.word("witness ") == vkeys[1]
    public.reaches(newest, 2)

    # A registry that starts again still has what was public.
    authority.stop()
    authority.start()
    public.reaches(newest, 2)


def test_a_wrong_policy_is_said(own_authority):
    authority = own_authority
    (authority.dir / "witnesses").write_text("quorum nobody\n")
    authority.stop()
    authority.configure("registry", witnesses="witnesses")
    from harness import BIN, run
    result = run(BIN / "alamo-registryd", "-c", authority.dir / "alamo.conf", check=False)
    assert result.returncode == 1 and "line 1: the quorum is not defined above" in result.stderr


def test_shows_what_it_cosigned(authority, tmp_path, children):
    """GET PREFIX/HEX/checkpoint: the newest one, with the log's signature and its own, and no stranger's line."""
    one = witness(children, tmp_path / "watch", authority.dir / "keys" / "log.pub")
    note = authority.ask("head")
    origin = note.split("\n")[0]
    address = f"http://{one.address}/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address, timeout=10)
    stranger = "\N{EM DASH} stranger.example " + base64.b64encode(bytes(5000)).decode() + "\n"
    status, _, line = add_checkpoint(one, f"old 0\n\n{note}{15 * stranger}")
    assert status == 200
    with urllib.request.urlopen(address, timeout=10) as answer:
        shown = answer.read().decode()
    assert shown.startswith(note.split("\n\n")[0]) and shown.endswith(line) and "stranger" not in shown
    name, _, public = one.word("witness ").split("+", 2)
    assert cosigners(shown, {name: base64.b64decode(public)}) == {name}
