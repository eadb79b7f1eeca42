#!/usr/bin/env python3
"""Writes the vectors beside it with other implementations than the one they test: ssh-keygen and python3-cryptography.

text                     what is signed, in the namespace claim@alamo
rsa.pub p256.pub ...     keys of each kind that may claim, and small.pub, of 1024 bits, which may not
rsa.sig p256.sig ...     signatures by them, as ssh-keygen makes them: rsa-sha2-512 and ECDSA, over SHA-512 of the text
rsa-sha256.sig           the same claim, rsa-sha2-256 over SHA-256 of the text
rsa-sha1.sig             the same claim in a signature of type ssh-rsa, which uses SHA-1
"""
import base64
import hashlib
import subprocess
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_ssh_private_key

HERE = Path(__file__).resolve().parent
NAMESPACE = "claim@alamo"
KINDS = {"rsa": ("rsa", "2048"), "small": ("rsa", "1024"), "p256": ("ecdsa", "256"), "p384": ("ecdsa", "384"), "p521": ("ecdsa", "521")}
TEXT = "alamo claim v1\nregistry ALAMO\nmntner OLD-MNT\nkey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINewNewNewNewNewNewNewNewNewNewNewNewNewNewNewN\n"


def string(data):
    return len(data).to_bytes(4, "big") + data


def signature(key, public, kind, outer, inner):
    """openssh-portable PROTOCOL.sshsig."""
    digest = hashlib.new(outer, TEXT.encode()).digest()
    head = string(NAMESPACE.encode()) + string(b"") + string(outer.encode())
    made = key.sign(b"SSHSIG" + head + string(digest), padding.PKCS1v15(), inner)
    blob = b"SSHSIG" + (1).to_bytes(4, "big") + string(public) + head + string(string(kind) + string(made))
    text = base64.encodebytes(blob).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{text}-----END SSH SIGNATURE-----\n"


def main():
    (HERE / "text").write_text(TEXT)
    with tempfile.TemporaryDirectory() as place:
        for name, (kind, bits) in KINDS.items():
            path = Path(place) / name
            command = ["ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", "old", "-f", path]
            if name == "small":   # ssh-keygen makes none any more
                command = ["openssl", "genrsa", "-traditional", "-out", path, bits]
            subprocess.run(command, check=True, capture_output=True)
            path.chmod(0o600)
            public = subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True, text=True).stdout
            (HERE / f"{name}.pub").write_text(" ".join(public.split()[:2]) + " old\n")
            if name != "small":
                done = subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", path], input=TEXT, check=True,
                                      capture_output=True, text=True)
                (HERE / f"{name}.sig").write_text(done.stdout)
        key = load_ssh_private_key((Path(place) / "rsa").read_bytes(), None)
        public = base64.b64decode((HERE / "rsa.pub").read_text().split()[1])
        (HERE / "rsa-sha256.sig").write_text(signature(key, public, b"rsa-sha2-256", "sha256", hashes.SHA256()))
        (HERE / "rsa-sha1.sig").write_text(signature(key, public, b"ssh-rsa", "sha512", hashes.SHA1()))


main()
