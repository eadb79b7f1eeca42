# SPDX-License-Identifier: MIT
"""Names and reverse of mesh nodes, and where newcomers call: from the log into signed zones, and out of them again."""

import base64
import hashlib
import ipaddress

import dns.rdatatype
import dns.reversename
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from conftest import running
from harness import ROOT, Key, alamo, mntner, obj, records, wait_for

NETWORK = ipaddress.ip_network("fca1::/16")


class MeshKey:
    """By another implementation than ours."""

    def __init__(self, seed):
        self.secret = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest())
        public = self.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.text = base64.b64encode(public).decode()
        text = b"alamesh-addr-v1\0" + NETWORK.network_address.packed + bytes([NETWORK.prefixlen]) + public
        bits = int.from_bytes(hashlib.blake2b(text, digest_size=32).digest()[16:], "big") & (1 << 108) - 1
        self.address = str(ipaddress.ip_address(0xFCA18 << 108 | bits))

    def proof(self, maintainer, name):
        text = f"alamo mesh v1\nregistry ALAMO\nnetwork {NETWORK}\nmntner {maintainer}\nname {name}\nkey {self.text}\n"
        return base64.b64encode(self.secret.sign(text.encode())).decode()

    def node(self, name, maintainer="ANN-MNT"):
        return obj(("mesh-node", name), ("mesh-key", self.text), ("address", self.address),
                   ("key-proof", self.proof(maintainer, name)), mnt=maintainer)


def answers(authority, name, kind):
    return sorted(str(item) for item in records(authority.dns(name, kind), name, kind))


def wait_answers(authority, name, kind, wanted):
    wait_for(lambda: answers(authority, name, kind) == sorted(wanted), what=f"{name} {kind}: {wanted}")


def test_names_of_the_mesh(authority, key):
    first, second = MeshKey(b"first"), MeshKey(b"second")
    other = Key(key.path.with_name("other"))
    authority.accept([mntner("ANN-MNT", key)], [key])
    authority.accept([mntner("BOB-MNT", other)], [other])
    reverse = dns.reversename.from_address(first.address).to_text()

    authority.accept([first.node("ANN-LAPTOP")], [key])
    wait_answers(authority, "ann-laptop.mesh.alamo", "AAAA", [first.address])
    wait_answers(authority, reverse, "PTR", ["ann-laptop.mesh.alamo."])
    signed = authority.dns("ann-laptop.mesh.alamo", "AAAA", dnssec=True)
    assert any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in signed.answer)

    # Another key: the name goes with the object, and the address with the key.
    authority.accept([second.node("ANN-LAPTOP")], [key], prev=authority.prev("mesh-node", "ANN-LAPTOP"))
    wait_answers(authority, "ann-laptop.mesh.alamo", "AAAA", [second.address])
    wait_answers(authority, reverse, "PTR", [])

    # Bootstrap nodes of two members are one set of records.
    authority.accept([first.node("BOB-BOX", "BOB-MNT"),
                      obj(("mesh-bootstrap", "BOB-BOX"), ("endpoint", "bob.example 9001"), mnt="BOB-MNT")], [other], prev="none none")
    authority.accept([obj(("mesh-bootstrap", "ANN-LAPTOP"), ("endpoint", "192.0.2.7 9000"), ("endpoint", "2001:db8::7 9000"),
                          mnt="ANN-MNT")], [key])
    wait_answers(authority, "_mesh._udp.mesh.alamo", "SRV", ["0 0 9000 ann-laptop.bootstrap.mesh.alamo.", "0 0 9001 bob.example."])
    assert answers(authority, "ann-laptop.bootstrap.mesh.alamo", "A") == ["192.0.2.7"]
    assert answers(authority, "ann-laptop.bootstrap.mesh.alamo", "AAAA") == ["2001:db8::7"]

    # Revoked: gone with the node, by the same request.
    gone = second.node("ANN-LAPTOP") + "delete:         stolen\n"
    boot = authority.shown("mesh-bootstrap", "ANN-LAPTOP") + "delete:         stolen\n"
    revoked = obj(("mesh-revoked", second.address), ("mesh-key", second.text), ("mesh-node", "ANN-LAPTOP"), mnt="ANN-MNT")
    prevs = [authority.prev("mesh-node", "ANN-LAPTOP"), authority.prev("mesh-bootstrap", "ANN-LAPTOP"), "none"]
    authority.accept([gone, boot, revoked], [key], prev=" ".join(str(prev) for prev in prevs))
    wait_answers(authority, "ann-laptop.mesh.alamo", "AAAA", [])
    wait_answers(authority, "_mesh._udp.mesh.alamo", "SRV", ["0 0 9001 bob.example."])


def test_who_has_the_key_has_the_address():
    """Asked of nobody, and another one in another network."""
    for line in (ROOT / "tests/vectors/mesh/addresses.txt").read_text().splitlines()[7:12]:
        key, prefix, address = line.split()
        assert alamo("mesh", "address", base64.b64encode(bytes.fromhex(key)).decode(), "--network", prefix).stdout == f"{address}\n"
    first = MeshKey(b"first")
    assert alamo("mesh", "address", first.text, "--network", str(NETWORK)).stdout == first.address + "\n"
    assert alamo("mesh", "address", first.text, "--network", "fca2::/16").stdout != first.address + "\n"
    for key, network in (("AAAA", "fca1::/16"), (first.text, "fca1::/15"), (first.text, "mesh")):
        assert alamo("mesh", "address", key, "--network", network, check=False).returncode != 0


def test_the_name_is_not_a_members(tmp_path, key):
    """What is below it is made of keys: by the default plan nobody has the name itself."""
    with running(tmp_path / "dir", plan=ROOT / "deploy/plan/alamo.plan") as authority:
        asked = [mntner("CAT-MNT", key), obj(("domain", "mesh.alamo"), ("record", "@ AAAA fca1:100::1"), mnt="CAT-MNT")]
        answer = authority.send(asked, [key], prev="none none")
        assert not answer.accepted and "POLICY-NAME-RESERVED" in answer.text
