# SPDX-License-Identifier: MIT
"""NRTM version 4: a mirror that starts from nothing and one that resumes end with the objects that version 3 gives, signed, over restarts and a change of keys."""

import base64
import gzip
import hashlib
import http.client
import json
import re
import time
from datetime import datetime, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from harness import Key, obj, wait_for
from test_nrtm import Mirror as Mirror3, primary

FOLDER = "/nrtmv4/ALAMO/"
NOTIFICATION = "update-notification-file.jose"


def get(authority, name):
    connection = http.client.HTTPConnection(*authority.endpoints["rdap"], timeout=30)
    try:
        connection.request("GET", FOLDER + name)
        response = connection.getresponse()
        return response.status, response.read(), response.getheader("Content-Type")
    finally:
        connection.close()


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def notification(authority, pem):
    """Read and verified as RFC 7515 has it."""
    status, body, kind = get(authority, NOTIFICATION)
    assert (status, kind) == (200, "application/jose"), body
    header, payload, signature = body.decode().split(".")
    assert json.loads(decoded(header)) == {"alg": "ES256"}
    raw = decoded(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    serialization.load_pem_public_key(pem).verify(der, f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(decoded(payload))


def newest(authority, pem, size):
    """The notification of that version or a later one; it follows within a moment."""
    found = []

    def there():
        if get(authority, NOTIFICATION)[0] != 200:
            return False
        found[:] = [notification(authority, pem)]
        return found[0]["version"] >= size

    wait_for(there, what=f"the notification of version {size}")
    return found[0]


class Mirror:
    """A client as the draft has it, which believes nothing that is not signed or hashed."""

    def __init__(self):
        self.session, self.version, self.objects, self.loads = None, 0, {}, 0

    def records(self, authority, kind, said, reference):
        assert "/" not in reference["url"] and ":" not in reference["url"]
        status, packed, _ = get(authority, reference["url"])
        assert status == 200 and hashlib.sha256(packed).hexdigest() == reference["hash"]
        texts = gzip.decompress(packed).split(b"\x1e")
        assert texts[0] == b"" and all(text.endswith(b"\n") for text in texts[1:])
        header, *records = [json.loads(text) for text in texts[1:]]
        assert header == {"nrtm_version": 4, "type": kind, "source": "ALAMO", "session_id": said["session_id"],
                          "version": reference["version"]}
        return records

    def load(self, authority, said):
        self.loads += 1
        self.objects = {}
        for record in self.records(authority, "snapshot", said, said["snapshot"]):
            text = record["object"].rstrip("\n")
            assert primary(text) not in self.objects
            self.objects[primary(text)] = text
        self.session, self.version = said["session_id"], said["snapshot"]["version"]

    def run(self, authority, said):
        deltas = said["deltas"]
        assert said["nrtm_version"] == 4 and said["type"] == "notification" and said["source"] == "ALAMO"
        age = datetime.now(timezone.utc) - datetime.fromisoformat(said["timestamp"].replace("Z", "+00:00"))
        assert -5 < age.total_seconds() < 120
        assert [delta["version"] for delta in deltas] == list(range(said["version"] - len(deltas) + 1, said["version"] + 1))
        if self.session != said["session_id"] or (deltas and deltas[0]["version"] > self.version + 1):
            self.load(authority, said)
        for delta in deltas:
            if delta["version"] <= self.version:
                continue
            records = self.records(authority, "delta", said, delta)
            assert records
            for record in records:
                if record["action"] == "delete":
                    del self.objects[record["object_class"], record["primary_key"]]
                else:
                    text = record["object"].rstrip("\n")
                    self.objects[primary(text)] = text
            self.version = delta["version"]
        assert self.version == said["version"]


def log_size(authority):
    return int(re.search(r"^% log (\d+) ", authority.whois("-q version"), re.M)[1])


def dump(authority):
    mirror = Mirror3()
    mirror.fetch(authority)
    return mirror.objects


def test_mirrors(own_authority, tmp_path):
    authority = own_authority
    keys = [Key(tmp_path / name) for name in ("fisher", "miller")]
    authority.member(keys[0], "FISHER")
    size = authority.member(keys[1], "MILLER", domain="miller.alamo", records=["www AAAA fca1::80"]).index + 1
    wait_for(lambda: log_size(authority) == size, what="both in whois")
    assert get(authority, NOTIFICATION)[0] in (200, 503)
    status, pem, _ = get(authority, "public-key.pem")
    assert status == 200 and pem.startswith(b"-----BEGIN PUBLIC KEY-----")

    resumed = Mirror()
    resumed.run(authority, newest(authority, pem, size))
    assert resumed.version == size and resumed.objects == dump(authority)
    prev = authority.prev("domain", "miller.alamo")
    authority.accept([obj(("domain", "miller.alamo"), ("record", "www AAAA fca1::80"), ("delete", "no longer"), mnt="MILLER-MNT")],
                     [keys[1]], prev=prev)
    size = authority.accept([obj(("person", "Ann \u00d6 \"Fisher\""), ("nic-hdl", "ANN-ALAMO"), mnt="FISHER-MNT")], [keys[0]]).index + 1
    said = newest(authority, pem, size)
    resumed.run(authority, said)
    fresh = Mirror()
    fresh.run(authority, said)
    assert resumed.loads == 1 and fresh.loads == 1 and fresh.objects == resumed.objects == dump(authority)
    assert ("domain", "miller.alamo") not in fresh.objects and ("person", "ANN-ALAMO") in fresh.objects

    # A restart goes on with the session, and every file is the same, byte for byte.
    files = {reference["version"]: get(authority, reference["url"])[1] for reference in said["deltas"]}
    authority.stop()
    authority.start()
    again = newest(authority, pem, size)
    assert again["session_id"] == said["session_id"] and again["deltas"][-len(files):] == said["deltas"]
    assert {reference["version"]: get(authority, reference["url"])[1] for reference in said["deltas"]} == files
    if again["snapshot"]["version"] == said["snapshot"]["version"]:   # no boundary of four hours between
        assert again["snapshot"] == said["snapshot"]

    # A key that is announced takes over by a change of names.
    folder = authority.dir / "keys" / "nrtm4"
    assert (folder / "current.pem").stat().st_mode & 0o777 == 0o600
    following = ec.generate_private_key(ec.SECP256R1())
    (folder / "next.pem").write_bytes(following.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    size = authority.accept([obj(("as-set", "AS-FISHER"), mnt="FISHER-MNT")], [keys[0]]).index + 1
    said = newest(authority, pem, size)
    announced = said["next_signing_key"].encode()
    assert announced == following.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "next.pem").rename(folder / "current.pem")
    size = authority.accept([obj(("as-set", "AS-MILLER"), mnt="MILLER-MNT")], [keys[1]]).index + 1
    wait_for(lambda: log_size(authority) == size, what="the last change")
    time.sleep(1.1)   # it is signed at most once a second
    said = newest(authority, announced, size)
    assert "next_signing_key" not in said
    try:
        notification(authority, pem)
        raise AssertionError("the old key still signs")
    except InvalidSignature:
        pass
    resumed.run(authority, said)
    assert resumed.loads == 1 and resumed.objects == dump(authority)


def test_not_found(authority):
    wait_for(lambda: get(authority, NOTIFICATION)[0] == 200, what="a notification")
    session = json.loads(decoded(get(authority, NOTIFICATION)[1].decode().split(".")[1]))["session_id"]
    for name in ("", "x", "nrtm-delta.json.gz", f"nrtm-delta.{session}.1.0000000000000000.json.gz", f"nrtm-snapshot.{session}.1..json.gz",
                 f"nrtm-delta.{session}.99999999999999999999.0.json.gz", "../OTHER/" + NOTIFICATION):
        assert get(authority, name)[0] == 404, name
